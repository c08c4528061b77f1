"""The course of a drill: what happens when, and how hard the next phrase is. Pure.

A round is livejam's bars, the player's bars, and a rest in which the score is told, all on one line of bars:

| moment | when | what |
|---|---|---|
| CALL | a moment before livejam's bars | the phrase is given its place; if none is ready, an earlier one |
| TURN | a quarter note before the player's bars | what is played from now on counts: an upbeat belongs to them |
| JUDGE | half a quarter note after the player's bars | what was played is scored; then the next round, or: |
| OVER | with the last JUDGE, or a moment after | all rounds are played |

Every moment has its time, whatever the player does. Knows nothing of ports, of the network or of what is played. Times
are seconds of the session's clock, ticks say so. The thread that owns the session calls it.
"""

import math
from dataclasses import dataclass
from enum import Enum

from livejam.exercises import LEVELS, Ask
from livejam.grid import BeatGrid
from livejam.notes import TICKS_PER_BEAT
from livejam.phrasing import PICKUP

AHEAD = 0.25  # seconds before its bar line that a phrase is given its place
GRACE = TICKS_PER_BEAT // 2  # ticks after the player's bars that a late note still counts
RESTING = 1.2  # seconds that a rest lasts at least, in whole bars
CLEAN, BAD = 85, 50  # points: from there on a harder phrase follows, below an easier one
REPEATS = 2  # times that the same phrase comes again


class Moment(Enum):
    """What comes next."""

    CALL = "call"
    TURN = "turn"
    JUDGE = "judge"
    OVER = "over"


class Kind(Enum):
    """What the player does with a phrase."""

    ECHO = "echo"  # plays it again
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a drill is."""

    kind: Kind
    ask: Ask  # what the phrases are
    level: int  # to begin with, 1..5
    rounds: int | None = None  # None: without end


class Course:
    """What happens when."""

    def __init__(self, plan: Plan, grid: BeatGrid) -> None:
        """Begin with tick 0 of `grid`, which is a bar line."""
        self._plan = plan
        self._grid = grid
        bar = plan.ask.metre.bar_ticks
        self._rest = bar * max(1, math.ceil(RESTING * grid.ticks_a_second / bar))
        self._next = Moment.CALL
        self.round = 0  # 0 the first

    @property
    def call(self) -> int:
        """Where livejam's bars begin, ticks."""
        return self.round * (2 * self._plan.ask.ticks + self._rest)

    @property
    def turn(self) -> int:
        """Where the player's bars begin, ticks."""
        return self.call + self._plan.ask.ticks

    @property
    def rest(self) -> int:
        """Where the rest begins, ticks."""
        return self.turn + self._plan.ask.ticks

    @property
    def deadline(self) -> float | None:
        """When the next moment is, seconds; None: all is over."""
        match self._next:
            case Moment.CALL:
                return self._grid.seconds_at(self.call) - AHEAD
            case Moment.TURN:
                return self._grid.seconds_at(self.turn - PICKUP)
            case Moment.JUDGE:
                return self._grid.seconds_at(self.rest + GRACE)
            case _:
                return None

    def handle_timeout(self, now: float) -> Moment | None:
        """Return the moment that has come at `now`; None: none yet. Ask again until there is none."""
        if self.deadline is None or now < self.deadline:
            return None
        moment = self._next
        match moment:
            case Moment.CALL:
                self._next = Moment.TURN
            case Moment.TURN:
                self._next = Moment.JUDGE
            case _:
                last = self._plan.rounds is not None and self.round + 1 >= self._plan.rounds
                self._next = Moment.OVER if last else Moment.CALL
        return moment

    def go_on(self) -> bool:
        """The score has been told: go on to the next round; return whether there is one."""
        if self._next is Moment.OVER:
            return False
        self.round += 1
        return True


class Ladder:
    """How hard the next phrase is."""

    def __init__(self, level: int) -> None:
        self.level = level  # 1 the easiest
        self._repeats = 0  # of the latest phrase

    def climb(self, points: int) -> bool:
        """Take in the points of a round; return whether the same phrase comes again."""
        if BAD <= points < CLEAN and self._repeats < REPEATS:
            self._repeats += 1
            return True
        self._repeats = 0
        step = 1 if points >= CLEAN else -1 if points < BAD else 0
        self.level = min(max(self.level + step, min(LEVELS)), max(LEVELS))
        return False
