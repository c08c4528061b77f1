"""What a session needs of the world, as Protocols, and what can be chosen before it begins.

Ports, clocks, screens, files and the network fit these and know nothing of each other; a session knows nothing else.
Times are seconds of one monotonic clock, ticks say so.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from livejam.chart import Chart
from livejam.clock import Clock
from livejam.composer import Order, Reply
from livejam.events import Clocking, Gesture, PlayerEvent, PortBack, PortLost, Stop
from livejam.knobs import Knob, Turned
from livejam.modes import USUAL, Mode, ModeChosen, Signal
from livejam.notes import Cue, Metre, NoteOff, NoteOn
from livejam.spans import Accompanied, Muted, Span
from livejam.steering import PLAIN, Steering
from livejam.turns import State, TurnRules

Arrival = PlayerEvent | Clocking | ModeChosen | Turned | Muted | PortLost | PortBack | Stop | Reply | Accompanied


@dataclass(frozen=True, slots=True)
class Settings(TurnRules):
    """What can be chosen before a jam; the rules of turn-taking are part of it."""

    bpm: float | None = None  # quarter notes a minute; None: the player's own pulse
    metre: Metre | None = None  # None: unknown
    bar_line: float | None = None  # seconds: where a bar begins, so with bpm the beat is known; None: it is felt
    on_beat: bool = True  # an answer waits for the player's beat; False: it begins at once
    start_within: float = 0.8  # seconds from the end of the call to the answer's first note, at most
    start_by: float = 1.5  # seconds from the last key up to the answer's first note, but for the next beat or half beat
    shared_bus: bool = False  # livejam hears what it sends
    answer_channel: int = 1  # 1..16
    click: int | None = None  # channel of a click, 1..16; None: no click
    count_in: int = 0  # bars of clicks before the first bar
    output_latency: float = 0.0  # seconds that the synth takes to speak: notes go out that much earlier
    modes: tuple[Mode, ...] = USUAL  # that can be chosen while playing
    switch: Signal | None = None  # controller or key that goes on to the next of them
    steering: Steering = PLAIN  # what is asked of the answers, to begin with
    knobs: tuple[Knob, ...] = ()  # that change it
    chart: Chart | None = None  # the chords of the song; it takes a beat


class Inbox(Protocol):
    """Where everything that happens arrives."""

    def wait(self, deadline: float | None) -> tuple[float, Arrival] | None:
        """Return the next (time, event), or None at `deadline` (seconds, session clock; None: wait for ever)."""


class Output(Protocol):
    """Where livejam's notes go."""

    @property
    def ahead(self) -> float:
        """Seconds before its time that a cue may be handed over."""

    def send(self, cue: Cue) -> None:
        """Send at its time, or at once. Raises PortError if the port is gone; the session warns and goes on."""

    def set_up(self, gesture: Gesture, channel: int) -> None:
        """Send what is no note, a program for instance, at once. Raises PortError if the port is gone."""


class Partner(Protocol):
    """Who makes up the answers, or the accompaniment; the replies arrive in the inbox."""

    def tell(self, order: Order | Span) -> None:
        """Hand over an order, and return at once."""


class Worker(Protocol):
    """Who carries out orders: a Composer, or an Arranger."""

    @property
    def busy(self) -> bool:
        """Whether there is work to do."""

    def take(self, order: Any) -> Sequence[Reply | Accompanied]:
        """Take in an order."""

    def work(self) -> Reply | Accompanied | None:
        """Do some of it."""


class Screen(Protocol):
    """What the player sees. Must return at once."""

    def state(self, state: State, turn: int) -> None:
        """Whose turn it is has changed."""

    def bars(self, start: float, end: float, count: int) -> None:
        """The turn that has begun takes `count` bars, from `start` to `end` (seconds)."""

    def player_note(self, time: float, message: NoteOn | NoteOff) -> None:
        """The player pressed or released a key."""

    def answer_note(self, time: float, message: NoteOn | NoteOff) -> None:
        """A note-on or note-off of livejam's was sent."""

    def mode(self, text: str) -> None:
        """Turns are taken by another mode."""

    def steering(self, text: str) -> None:
        """What is asked of the answers has changed; empty: nothing is."""

    def warn(self, text: str) -> None:
        """Something went wrong that the player should know, in one line; the jam goes on."""


class Recorder(Protocol):
    """What keeps the jam. Must return at once."""

    def record(self, time: float, message: PlayerEvent, player: bool, channel: int | None = None) -> None:
        """Keep a message of the player's or of livejam's; `channel` (1..16) tells livejam's parts apart."""

    def tempo(self, time: float, bpm: float) -> None:
        """From `time` (of a beat) on the tempo is `bpm` quarter notes a minute."""

    def steered(self, turn: int, words: dict[str, str]) -> None:
        """This is asked of the answer of a turn, by the names of the controls."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything around a session but the one who makes up the answers."""

    clock: Callable[[], float]  # seconds, monotonic; the clock of the inbox's times
    inbox: Inbox
    output: Output
    screen: Screen
    recorder: Recorder
    beat: Clock | None = None  # None: the beat is the player's
    rest: Callable[[], None] = lambda: None  # called when nobody plays: for what would be in the way else
