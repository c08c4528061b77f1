"""Whose turn it is: the events of a jam go in, actions and the next deadline come out. Pure.

Knows nothing of ports, the network, ticks or the time of day: every call is given `now`. Times are seconds of the
session's clock. The thread that owns the session calls it. The rules, one row each (tests/test_turns.py has one test a
row):

| in state | when | go to | do |
|---|---|---|---|
| IDLE | NoteOn | LISTENING, new turn | |
| LISTENING | NoteOn, NoteOff, Pedal | LISTENING | the silence is awaited anew |
| LISTENING | Estimate | LISTENING | how much silence is needed is judged anew |
| LISTENING | the phrase is over (silence, longest call) | RESPONDING | Play |
| LISTENING | the same, too few notes | IDLE | |
| RESPONDING | AnswerReady, same turn | RESPONDING | |
| RESPONDING | NoteOn by the player | LISTENING, new turn | Hush |
| RESPONDING | no note came in time, or the answer never ends | IDLE | Hush |
| RESPONDING | PlaybackDone, same turn | IDLE | |
| any | PortLost | stay | the player's keys and pedal count as released |
| any | anything from an older turn | stay | |
"""

from dataclasses import dataclass
from enum import Enum

from livejam.endings import Habits
from livejam.events import Pedal, PortBack, PortLost, Stop
from livejam.notes import NoteOff, NoteOn


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


Arrival = NoteOn | NoteOff | Pedal | PortLost | PortBack | Stop  # what comes from outside, through the inbox
Event = NoteOn | NoteOff | Pedal | PortLost | Estimate | AnswerReady | PlaybackDone  # what the turn-taker knows


@dataclass(frozen=True, slots=True)
class Play:
    """The turn is livejam's: answer what was played."""

    turn: int


@dataclass(frozen=True, slots=True)
class Hush:
    """End the answer of that turn at once."""

    turn: int


Action = Play | Hush


@dataclass(frozen=True, slots=True)
class TurnRules:
    """What ends a phrase and an answer."""

    silence: float = 0.6  # seconds without a held key that end a phrase
    min_notes: int = 1  # shorter phrases are not answered
    longest_call: float = 60.0  # seconds
    longest_key: float = 4.0  # seconds: a key or pedal held longer counts as released
    first_note: float = 4.0  # seconds livejam may take to come up with its first note
    longest_answer: float = 30.0  # seconds


class TurnTaker:
    """The state machine of the table above."""

    def __init__(self, rules: TurnRules, habits: Habits | None = None) -> None:
        """Take turns by `rules`; with `habits` of the player, their judgement replaces `rules.silence`."""
        self.rules = rules
        self.habits = habits
        self._estimate: float | None = None  # probability that the phrase is over, where somebody said so
        self.state = State.IDLE
        self.turn = 0  # number of the latest call
        self.deadline: float | None = None  # seconds: call handle_timeout then
        self._held: dict[int, float] = {}  # pitch -> seconds of its note-on
        self._pedal_down = False
        self._pedal_from = 0.0  # seconds: its last move, or the last note-on after it
        self._released = 0.0  # seconds: when the last key or the pedal came up
        self._began = 0.0  # seconds: first note-on of the call
        self._count = 0  # notes of the call

    def handle(self, event: Event, now: float) -> tuple[Action, ...]:
        """Take in what happened at `now` and return what is to be done."""
        quiet_from = self._quiet_from()
        self._follow(event, now)
        actions: tuple[Action, ...] = ()
        match self.state, event:
            case State.IDLE, NoteOn():
                self._listen(now)
            case State.RESPONDING, NoteOn():
                actions = (Hush(self.turn),)
                self._listen(now)
            case State.LISTENING, NoteOn():
                self._go_on(now, now - quiet_from)
            case State.LISTENING, Estimate(probability):
                self._estimate = probability
            case State.RESPONDING, AnswerReady(turn) if turn == self.turn:
                self.deadline = now + self.rules.first_note + self.rules.longest_answer
            case State.RESPONDING, PlaybackDone(turn) if turn == self.turn:
                self._rest()
        if self.state is State.LISTENING:
            quiet_from = self._quiet_from()
            self.deadline = min(self._began + self.rules.longest_call, quiet_from + self._silence(quiet_from))
        return actions

    def handle_timeout(self, now: float) -> tuple[Action, ...]:
        """Return what is to be done because the deadline has come; nothing if it has not."""
        if self.deadline is None or now < self.deadline:
            return ()
        if self.state is State.LISTENING and self._count >= self.rules.min_notes:
            self.state = State.RESPONDING
            self.deadline = now + self.rules.first_note
            return (Play(self.turn),)
        hush = (Hush(self.turn),) if self.state is State.RESPONDING else ()
        self._rest()
        return hush

    def _listen(self, now: float) -> None:
        self.state = State.LISTENING
        self.turn += 1
        self._began, self._count = now, 1
        self._estimate = None
        if self.habits:
            self.habits.begin(now)

    def _go_on(self, now: float, rest: float) -> None:
        self._count += 1
        self._estimate = None
        if self.habits:
            self.habits.go_on(now, max(rest, 0.0))

    def _silence(self, released: float) -> float:
        if self.habits is None:
            return self.rules.silence
        if self._held or self._pedal_down:
            return self.habits.longest  # a key that is still down is no sign of an end
        return self.habits.silence(released, self._estimate)

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
