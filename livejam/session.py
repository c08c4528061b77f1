"""The loop of a jam: waits in one place, feeds the turn-taker, asks the brain, plays the answer.

Knows neither MIDI files and ports, nor the network, nor the terminal: it states what it needs of them as Protocols,
and `livejam.cli` plugs them in. Times are seconds of one monotonic clock, ticks say so. Everything here runs in the
one thread that called `Session.run`; other threads reach it through the inbox alone.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from livejam.notes import Metre, NoteOff, NoteOn, TickNote
from livejam.phrasing import Request
from livejam.turns import Arrival, Pedal, State


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be chosen before a jam."""

    silence: float = 0.6  # seconds without a held key that end a phrase
    bpm: float | None = None  # quarter notes a minute; None: the player's own pulse
    metre: Metre | None = None  # None: unknown
    min_notes: int = 1  # shorter phrases are not answered
    longest_call: float = 60.0  # seconds
    longest_key: float = 4.0  # seconds: a key or pedal held longer counts as released
    longest_answer: float = 30.0  # seconds
    start_within: float = 0.8  # seconds from the end of the call to the answer's first note, at most
    shared_bus: bool = False  # livejam hears what it sends


class Inbox(Protocol):
    """Where everything that happens arrives."""

    def wait(self, deadline: float | None) -> tuple[float, Arrival] | None:
        """Return the next (time, event), or None at `deadline` (seconds, session clock; None: wait for ever)."""


class Output(Protocol):
    """Where livejam's notes go."""

    def send(self, message: NoteOn | NoteOff) -> None:
        """Send at once. Raises PortError if the port is gone; the session warns and goes on."""


class Brain(Protocol):
    """What listens and makes up the answers. All ticks lie on one line that never goes backwards."""

    def hear(self, notes: Sequence[TickNote], metre: Metre | None, player: bool) -> None:
        """Append one phrase, sorted by onset, to the memory: the player's, or what really sounded of an answer."""

    def answer(self, request: Request) -> Iterator[TickNote]:
        """Yield the answer lazily, one network step a note, onsets in ticks, ascending, after the call's last onset.

        Velocity 0 means unknown. Closing the iterator abandons the answer; nothing of it is in the memory until it
        is heard. Raises LivejamError if it can't go on.
        """


class Screen(Protocol):
    """What the player sees. Must return at once."""

    def state(self, state: State, turn: int) -> None:
        """Whose turn it is has changed."""

    def player_note(self, time: float, message: NoteOn | NoteOff) -> None:
        """The player pressed or released a key."""

    def answer_note(self, time: float, message: NoteOn | NoteOff) -> None:
        """A note-on or note-off of livejam's was sent."""

    def warn(self, text: str) -> None:
        """Something went wrong that the player should know, in one line; the jam goes on."""


class Recorder(Protocol):
    """What keeps the jam. Must return at once."""

    def record(self, time: float, message: NoteOn | NoteOff | Pedal, player: bool) -> None:
        """Keep a message of the player's or of livejam's."""

    def tempo(self, time: float, bpm: float) -> None:
        """From `time` (of a beat) on the tempo is `bpm` quarter notes a minute."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything around a session but the brain."""

    clock: Callable[[], float]  # seconds, monotonic; the clock of the inbox's times
    inbox: Inbox
    output: Output
    screen: Screen
    recorder: Recorder


class Session:
    """One jam."""

    def __init__(self, stage: Stage, brain: Brain, settings: Settings) -> None:
        raise NotImplementedError

    def run(self) -> None:
        """Jam until a Stop arrives. Whatever happens, nothing is left sounding."""
        raise NotImplementedError
