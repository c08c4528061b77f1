"""Whose turn it is: the events of a jam go in, actions and the next deadline come out. Pure.

Knows nothing of ports, the network, ticks or the time of day: every call is given `now`. Times are seconds of the
session's clock. The thread that owns the session calls it. The rules, one row each (tests/test_turns.py has one test a
row):

| in state | when | go to | do |
|---|---|---|---|
| IDLE | NoteOn | LISTENING, new turn | |
| LISTENING | NoteOn, NoteOff, Pedal | LISTENING | the end is awaited anew |
| LISTENING | Estimate | LISTENING | how much silence is needed is judged anew |
| LISTENING | the phrase may be over | LISTENING | Speculate |
| LISTENING | the phrase is over (silence, bar line, signal, longest call) | RESPONDING | Play |
| LISTENING | the same, too few notes | IDLE | |
| RESPONDING | AnswerReady, same turn | RESPONDING | |
| RESPONDING | NoteOn by the player | LISTENING, new turn | Hush |
| RESPONDING, bars | NoteOn with the downbeat of the answer | RESPONDING | |
| RESPONDING, bars | NoteOn in the last beat of livejam's bars | LISTENING, new turn | |
| RESPONDING | signal | IDLE | Hush |
| RESPONDING | no note came in time, or the answer never ends | IDLE | Hush |
| RESPONDING | PlaybackDone, same turn | IDLE | |
| any | PortLost | stay | the player's keys and pedal count as released |
| any | anything from an older turn | stay | |
"""

import math
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from livejam.endings import Habits
from livejam.events import Pedal, PortLost
from livejam.modes import Bars, Mode, Signal, Silence
from livejam.notes import NoteOff, NoteOn

PLAUSIBLE = 0.12  # seconds of silence after which a phrase may be over, if not half of what is needed is less
BEFORE_BAR = 0.25  # seconds before a bar line from which on the phrase may be over


class State(Enum):
    """Whose turn it is."""

    IDLE = "ready"
    LISTENING = "listening"
    RESPONDING = "answering"


@dataclass(frozen=True, slots=True)
class AnswerReady:
    """The first note of the answer has its place in time."""

    turn: int


@dataclass(frozen=True, slots=True)
class PlaybackDone:
    """The answer has sounded to its end."""

    turn: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """How likely the phrase is over with the note that ended last."""

    probability: float  # 0..1


Event = NoteOn | NoteOff | Pedal | PortLost | Estimate | AnswerReady | PlaybackDone  # what the turn-taker knows


@dataclass(frozen=True, slots=True)
class Speculate:
    """The phrase may be over: have an answer ready to it as it is."""

    turn: int


@dataclass(frozen=True, slots=True)
class Play:
    """The turn is livejam's: answer what was played."""

    turn: int


@dataclass(frozen=True, slots=True)
class Hush:
    """End the answer of that turn at once."""

    turn: int


Action = Speculate | Play | Hush


@dataclass(frozen=True, slots=True)
class TurnRules:
    """What ends a phrase and an answer."""

    mode: Mode = Silence()  # noqa: RUF009  immutable
    min_notes: int = 1  # shorter phrases are not answered
    longest_call: float = 60.0  # seconds; where a signal ends phrases, ten times that
    longest_key: float = 4.0  # seconds: a key or pedal held longer counts as released
    first_note: float = 4.0  # seconds livejam may take to come up with its first note
    longest_answer: float = 30.0  # seconds; bars that are traded are filled, however long they are
    lead: float = 0.0  # seconds before a phrase is over that it counts as over: what it takes to be heard in time


class BarLines(Protocol):
    """The bars of the clock that runs; needed where bars are traded."""

    def number(self, now: float) -> int | None:
        """Return the bar that a note at `now` belongs to: one in the last beat belongs to the next. None: no clock."""

    def start(self, bar: int) -> float:
        """Return when a bar begins, seconds."""

    def beat(self) -> float:
        """Return the length of a beat, seconds."""


class TurnTaker:
    """The state machine of the table above."""

    def __init__(self, rules: TurnRules, habits: Habits | None = None, bars: BarLines | None = None) -> None:
        """Take turns by `rules`; `habits` are the player's, `bars` those of the clock, if there is one."""
        self.rules = rules
        self.mode: Mode = rules.mode
        self.habits = habits or Habits()
        self._bars = bars
        self._estimate: float | None = None  # probability that the phrase is over, where somebody said so
        self.state = State.IDLE
        self.turn = 0  # number of the latest call
        self.deadline: float | None = None  # seconds: call handle_timeout then
        self._over_at = math.inf  # seconds: the phrase is over then
        self._guess_at = math.inf  # seconds: it may be over
        self._held: dict[int, float] = {}  # pitch -> seconds of its note-on
        self._pedal_down = False
        self._pedal_from = 0.0  # seconds: its last move, or the last note-on after it
        self._released = 0.0  # seconds: when the last key or the pedal came up
        self._began = 0.0  # seconds: first note-on of the call
        self._count = 0  # notes of the call
        self._slot: int | None = None  # the bar with which the player's bars begin, where bars are traded

    @property
    def released(self) -> float:
        """When the last key or the pedal came up, seconds."""
        return self._released

    @property
    def began(self) -> float | None:
        """When the call that is on began, seconds; None: none is on."""
        return self._began if self.state is State.LISTENING else None

    @property
    def over_at(self) -> float:
        """When the phrase will be over if nothing else happens, seconds."""
        return self._over_at

    @property
    def bars(self) -> tuple[int, int] | None:
        """The first bar of the turn that is on and the one after its last; None: no bars are traded in it."""
        if not isinstance(self.mode, Bars) or self._slot is None or self.state is State.IDLE:
            return None
        first = self._slot if self.state is State.LISTENING else self._slot - self.mode.count
        return first, first + self.mode.count

    def handle(self, event: Event, now: float) -> tuple[Action, ...]:
        """Take in what happened at `now` and return what is to be done."""
        quiet_from = self._quiet_from()
        self._follow(event, now)
        actions: tuple[Action, ...] = ()
        match self.state, event:
            case State.IDLE, NoteOn():
                self._listen(now, early=True)
            case State.RESPONDING, NoteOn():
                actions = self._interrupt(now)
            case State.LISTENING, NoteOn():
                self._go_on(now, now - quiet_from)
            case State.LISTENING, Estimate(probability):
                self._estimate = probability
            case State.RESPONDING, AnswerReady(turn) if turn == self.turn:
                self.deadline = now + self.rules.first_note + self._longest_answer(now)
            case State.RESPONDING, PlaybackDone(turn) if turn == self.turn:
                self._rest()
        self._await_end(now, anew=not isinstance(event, Estimate | AnswerReady | PlaybackDone))
        return actions

    def signal(self, now: float) -> tuple[Action, ...]:
        """Take in that the player gave the sign at `now`: the phrase is over, or the answer is."""
        if self.state is State.LISTENING:
            return self._end_phrase(now)
        return self._give_up()

    def choose(self, mode: Mode, now: float) -> None:
        """Take turns by another mode from `now` on."""
        self.mode, self._slot = mode, None
        self.regrid(now)

    def regrid(self, now: float) -> None:
        """Find the bar lines anew: the clock has changed."""
        if isinstance(self.mode, Bars) and self.state is State.LISTENING and self._slot is None:
            self._slot = self._slot_at(self._began, self.mode.count, early=True)
        self._await_end(now, anew=False)

    def handle_timeout(self, now: float) -> tuple[Action, ...]:
        """Return what is to be done because the deadline has come; nothing if it has not."""
        if self.deadline is None or now < self.deadline:
            return ()
        if self.state is not State.LISTENING:
            return self._give_up()
        if now >= self._over_at:
            return self._end_phrase(now)
        self._guess_at = math.inf
        self.deadline = self._over_at
        return (Speculate(self.turn),)

    def _end_phrase(self, now: float) -> tuple[Action, ...]:
        if self._count < self.rules.min_notes:
            self._rest()
            return ()
        self.state = State.RESPONDING
        self.deadline = now + self.rules.first_note
        if isinstance(self.mode, Bars) and self._slot is not None:
            self._slot += 2 * self.mode.count
        return (Play(self.turn),)

    def _give_up(self) -> tuple[Action, ...]:
        hush = (Hush(self.turn),) if self.state is State.RESPONDING else ()
        self._rest()
        return hush

    def _interrupt(self, now: float) -> tuple[Action, ...]:
        if isinstance(self.mode, Bars) and self._slot is not None and self._bars:
            if now < self._bars.start(self._slot - self.mode.count) + self._bars.beat() / 2:
                return ()  # the last note of the call lands on the downbeat
            if self._bars.number(now) == self._slot:  # an upbeat; the answer ends with its bars
                self._listen(now)
                return ()
        hush = Hush(self.turn)
        self._listen(now)
        return (hush,)

    def _listen(self, now: float, early: bool = False) -> None:
        """Begin a turn; `early`: nothing is interrupted, so bars that are traded go on as they were."""
        self.state = State.LISTENING
        self.turn += 1
        self._began, self._count = now, 1
        self._estimate = None
        self.habits.begin(now)
        if isinstance(self.mode, Bars):
            self._slot = self._slot_at(now, self.mode.count, early)

    def _slot_at(self, now: float, count: int, early: bool) -> int | None:
        """Return the bar with which the player's bars begin if a phrase begins at `now`."""
        bar = self._bars.number(now) if self._bars else None
        if bar is None or self._slot is None:
            return bar
        first = self._slot - count if early else self._slot
        return self._slot if first <= bar < self._slot + count else bar

    def _go_on(self, now: float, rest: float) -> None:
        self._count += 1
        self._estimate = None
        self.habits.go_on(now, max(rest, 0.0))

    def _await_end(self, now: float, anew: bool) -> None:
        """Work out when the phrase is over; `anew`: and when to guess that it is."""
        if self.state is not State.LISTENING:
            return
        quiet_from = self._quiet_from()
        over_at, guess_at = self._end_by_mode(quiet_from)
        self._over_at = over_at
        if anew and self._count >= self.rules.min_notes:
            self._guess_at = max(guess_at, now)
        elif anew:
            self._guess_at = math.inf
        self.deadline = min(self._over_at, self._guess_at)

    def _end_by_mode(self, quiet_from: float) -> tuple[float, float]:
        """Return when the phrase is over and when it may be."""
        longest = self._began + self.rules.longest_call
        match self.mode:
            case Bars(count) if self._slot is not None and self._bars and self._bars.number(self._began) is not None:
                over_at = self._bars.start(self._slot + count) - self.rules.lead
                return over_at, over_at - BEFORE_BAR
            case Signal():
                return self._began + 10 * self.rules.longest_call, quiet_from + PLAUSIBLE
        needed = self._silence(quiet_from)
        silence = needed - min(self.rules.lead, needed / 2)  # a note that is tied to the next is no end
        return min(longest, quiet_from + silence), quiet_from + min(PLAUSIBLE, silence / 2)

    def _silence(self, released: float) -> float:
        if isinstance(self.mode, Silence) and self.mode.seconds is not None:
            return self.mode.seconds
        if self._held or self._pedal_down:
            return self.habits.longest  # a key that is still down is no sign of an end
        return self.habits.silence(released, self._estimate)

    def _longest_answer(self, now: float) -> float:
        """Return how long the answer may sound from `now` on, seconds: bars are filled, twice as slowly if need be."""
        if isinstance(self.mode, Bars) and self._slot is not None and self._bars:
            return max(self.rules.longest_answer, 2 * (self._bars.start(self._slot) - now))
        return self.rules.longest_answer

    def _rest(self) -> None:
        self.state = State.IDLE
        self.deadline = None

    def _follow(self, event: Event, now: float) -> None:
        """Keep track of keys and pedal, in every state."""
        match event:
            case NoteOn(pitch):
                self._held[pitch] = now
                self._pedal_from = now
            case NoteOff(pitch) if pitch in self._held:
                self._let_go(now, self._held.pop(pitch))
            case Pedal(down=True) if not self._pedal_down:
                self._pedal_down, self._pedal_from = True, now
            case Pedal(down=False) if self._pedal_down:
                self._pedal_down = False
                self._let_go(now, self._pedal_from)
            case PortLost():
                self._held.clear()
                self._pedal_down, self._released = False, now

    def _let_go(self, now: float, since: float) -> None:
        self._released = max(self._released, min(now, since + self.rules.longest_key))

    def _quiet_from(self) -> float:
        """Return when the last key or the pedal came up, or will count as released."""
        holding = [*self._held.values(), *([self._pedal_from] if self._pedal_down else [])]
        return max([self._released, *(since + self.rules.longest_key for since in holding)])
