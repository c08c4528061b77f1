"""World: a virtual clock, a scripted player, a musical stand-in for the network, and an output that records."""

import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

import pytest
from hypothesis import settings

from livejam.composer import Brain, Composer, Order, Reply
from livejam.events import Pedal, Stop
from livejam.modes import Silence
from livejam.notes import Metre, Note, NoteOff, NoteOn, TickNote
from livejam.phrasing import Request
from livejam.session import Session
from livejam.stage import Arrival, Clock, Output, Settings, Stage
from livejam.turns import State
from livejam.virtual import LocalPartner, RecordingOutput, ScriptedInbox, SilentScreen, VirtualClock, key_events

settings.register_profile("livejam", deadline=None)  # a busy machine is no failure
settings.load_profile("livejam")


class Parrot:
    """Answers with the call, an octave up, a beat after its last onset."""

    def __init__(self) -> None:
        self._notes: list[tuple[bool, TickNote]] = []  # (the player's?, note)
        self.phrase_end = 0.0
        self.requests: list[Request] = []
        self.decoded = 0

    def hear(self, notes: Sequence[TickNote], metre: Metre | None, player: bool) -> None:
        """Keep the notes."""
        self._notes += ((player, note) for note in notes)

    def rollback(self, heard: int) -> None:
        """Forget the notes after."""
        if heard > len(self._notes):
            raise ValueError(heard)
        del self._notes[heard:]

    def restart(self) -> None:
        """Forget all."""
        self._notes.clear()

    @property
    def heard(self) -> list[tuple[bool, tuple[TickNote, ...]]]:
        """What it has heard, cut wherever another plays: (the player's?, notes)."""
        parts = groupby(self._notes, key=lambda heard: heard[0])
        return [(player, tuple(note for _, note in heard)) for player, heard in parts]

    def answer(self, request: Request) -> Iterator[TickNote]:
        """Repeat the call."""
        self.requests.append(request)
        later = request.call[-1].onset + 24 - request.call[0].onset
        for note in request.call:
            self.decoded += 1
            yield replace(note, onset=note.onset + later, pitch=min(127, note.pitch + 12))

    def better(self, request: Request, first: Sequence[TickNote]) -> Iterator[tuple[TickNote, ...] | None]:
        """There is none."""
        return iter(())


class SlowPartner:
    """A network whose replies take their time, and that dies now and then.

    It ends what it has begun, so some of its replies are stale.
    """

    def __init__(self, world: "World", cost: Callable[[Reply], float]) -> None:
        self._world, self._cost = world, cost
        self._composer = Composer(world.brain)
        self._free_at = 0.0  # seconds
        self._dead = 0  # times

    def tell(self, order: Order) -> None:
        """Have the replies come when they are done."""
        now = self._world.clock()
        deaths = [until for at, until in self._world.deaths if at <= now]
        if len(deaths) > self._dead:
            self._dead, self._free_at = len(deaths), now
            self._composer = Composer(self._world.brain)
            self._world.brain.restart()
        if now < max(deaths, default=now):
            return
        self._free_at = max(self._free_at, now)
        for reply in self._composer.take(order):
            self._reply(reply)
        while self._composer.busy:
            self._reply(self._composer.work())

    def _reply(self, reply: Reply | None) -> None:
        if reply is not None:
            now, self._free_at = self._free_at, self._free_at + self._cost(reply)
            if not any(now < at <= self._free_at for at, _ in self._world.deaths):
                self._world.inbox.put(self._free_at, reply)


class Screen(SilentScreen):
    """Keeps what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.states: list[tuple[State, int]] = []
        self.steerings: list[str] = []

    def state(self, state: State, turn: int) -> None:
        """Keep the state."""
        self.states.append((state, turn))

    def steering(self, text: str) -> None:
        """Keep what is asked of the answers."""
        self.steerings.append(text)


class Recorder:
    """Keeps what it was told."""

    def __init__(self) -> None:
        self.messages: list[tuple[float, NoteOn | NoteOff | Pedal, bool]] = []
        self.tempos: list[tuple[float, float]] = []
        self.steerings: list[tuple[int, dict[str, str]]] = []

    def record(self, time: float, message: NoteOn | NoteOff | Pedal, player: bool, channel: int | None = None) -> None:
        """Keep the message."""
        self.messages.append((time, message, player))

    def tempo(self, time: float, bpm: float) -> None:
        """Keep the tempo."""
        self.tempos.append((time, bpm))

    def steered(self, turn: int, words: dict[str, str]) -> None:
        """Keep what is asked of an answer."""
        self.steerings.append((turn, words))


class World:
    """Everything a jam needs, without a device, a thread or a sleep."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.inbox = ScriptedInbox(self.clock)
        self.output = RecordingOutput(self.clock)
        self.screen = Screen()
        self.recorder = Recorder()
        self.brain: Brain = Parrot()
        self.settings = Settings(Silence(0.6))
        self.beat: Clock | None = None
        self.cost: Callable[[Reply], float] | None = None  # seconds that the network takes; None: none at all
        self.deaths: list[tuple[float, float]] = []  # of the network: seconds, and when another is there
        self.session: Session | None = None

    @property
    def sent(self) -> list[tuple[float, NoteOn | NoteOff]]:
        """What livejam sent, with times rounded to milliseconds."""
        return [(round(time, 3), message) for time, message in self.output.sent]

    @property
    def ons(self) -> list[tuple[float, int]]:
        """When livejam played which pitch."""
        return [(time, message.pitch) for time, message in self.sent if isinstance(message, NoteOn)]

    def play(self, at: float, pitch: int, seconds: float, velocity: int = 80) -> None:
        """The player plays a note."""
        for time, event in key_events([Note(at, pitch, velocity, seconds)]):
            self.inbox.put(time, event)

    def phrase(self, at: float, pitches: Sequence[int], beat: float = 0.5) -> float:
        """The player plays quarter notes; return the time of the last release."""
        for number, pitch in enumerate(pitches):
            self.play(at + number * beat, pitch, 0.9 * beat)
        return at + (len(pitches) - 0.1) * beat

    def happen(self, at: float, event: Arrival) -> None:
        """Anything else happens."""
        self.inbox.put(at, event)

    def run(self, output: Output | None = None) -> None:
        """Let the jam take its course to its end."""
        stage = Stage(self.clock, self.inbox, output or self.output, self.screen, self.recorder, self.beat)
        partner: LocalPartner | SlowPartner
        if self.cost:
            partner = SlowPartner(self, self.cost)
        else:
            partner = self.inbox.partner = LocalPartner(Composer(self.brain))
        self.session = Session(stage, partner, self.settings)
        self.session.run()

    def stop(self, at: float) -> None:
        """The player presses Ctrl-C."""
        self.happen(at, Stop())


def unmatched(messages: Sequence[NoteOn | NoteOff]) -> Counter[int]:
    """Return how many note-ons of each pitch lack a note-off; a note-off too many is an error."""
    sounding: Counter[int] = Counter()
    for message in messages:
        sounding[message.pitch] += 1 if isinstance(message, NoteOn) else -1
        assert 0 <= sounding[message.pitch] <= 1, f"{message} does not match"
    return +sounding


@pytest.fixture(scope="session", autouse=True)
def _signals_are_heeded():
    """Signals do what they should, even where the tests run in the background, which ignores Ctrl-C and hang-ups."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def world() -> World:
    """A fresh world."""
    return World()
