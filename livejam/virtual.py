"""A jam in virtual time: the live session with a scripted player, a clock that jumps, and an output that records.

Whenever the session waits, the clock jumps to the next event or deadline, so thousands of turns take seconds and
decoding takes no time at all. Knows nothing of ports and files. Times are seconds from the start of the jam. One
thread.
"""

from bisect import insort
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from livejam.clock import Clock
from livejam.composer import Brain, Composer, Order, Reply
from livejam.events import Gesture, PlayerEvent, Stop
from livejam.notes import Cue, Note, NoteOff, NoteOn
from livejam.session import Session
from livejam.spans import Accompanied, Span
from livejam.stage import Arrival, Recorder, Screen, Settings, Stage, Worker
from livejam.turns import State


class VirtualClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0  # seconds

    def __call__(self) -> float:
        return self.now

    def move_to(self, now: float) -> None:
        """Move on to `now`; never back."""
        self.now = max(self.now, now)


def _when(timed: tuple[float, Arrival]) -> float:
    return timed[0]


class LocalPartner:
    """The network in the session's own process: it works while the clock stands, so an answer takes no time."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._orders: deque[Order | Span] = deque()
        self._replies: deque[Reply | Accompanied] = deque()

    def tell(self, order: Order | Span) -> None:
        """Hand over an order."""
        self._orders.append(order)

    def reply(self) -> Reply | Accompanied | None:
        """Work until there is a reply and return it; None if there is nothing to do."""
        while not self._replies and (self._orders or self._worker.busy):
            if self._orders:
                self._replies.extend(self._worker.take(self._orders.popleft()))
            elif reply := self._worker.work():
                self._replies.append(reply)
        return self._replies.popleft() if self._replies else None


class ScriptedInbox:
    """Events at their times, replies as soon as they can be had; at the end, when nothing is due any more, a Stop."""

    def __init__(
        self, clock: VirtualClock, events: Iterable[tuple[float, Arrival]] = (), partner: LocalPartner | None = None
    ) -> None:
        self._clock = clock
        self._events = sorted(events, key=_when)
        self.partner = partner

    def put(self, time: float, event: Arrival) -> None:
        """Add an event at `time`."""
        insort(self._events, (time, event), key=_when)

    def wait(self, deadline: float | None) -> tuple[float, Arrival] | None:
        """Return a reply if there is one; else jump to the next event, or to `deadline` if that comes no later."""
        if self.partner and (reply := self.partner.reply()):
            return self._clock.now, reply
        if deadline is not None and (not self._events or deadline <= self._events[0][0]):
            self._clock.move_to(deadline)
            return None
        if not self._events:
            return self._clock.now, Stop()
        time, event = self._events.pop(0)
        self._clock.move_to(time)
        return time, event


class SilentScreen:
    """A screen that shows nothing and keeps the warnings, and what is told."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.lines: list[str] = []  # told

    def state(self, state: State, turn: int) -> None:
        """Show nothing."""

    def bars(self, start: float, end: float, count: int) -> None:
        """Show nothing."""

    def player_note(self, time: float, message: NoteOn | NoteOff) -> None:
        """Show nothing."""

    def answer_note(self, time: float, message: NoteOn | NoteOff) -> None:
        """Show nothing."""

    def mode(self, text: str) -> None:
        """Show nothing."""

    def steering(self, text: str) -> None:
        """Show nothing."""

    def warn(self, text: str) -> None:
        """Keep the warning."""
        self.warnings.append(text)

    def told(self, text: str) -> None:
        """Keep the line."""
        self.lines.append(text)


class NoRecorder:
    """A recorder that keeps nothing."""

    def record(self, time: float, message: PlayerEvent, player: bool, channel: int | None = None) -> None:
        """Keep nothing."""

    def tempo(self, time: float, bpm: float) -> None:
        """Keep nothing."""

    def steered(self, turn: int, words: dict[str, str]) -> None:
        """Keep nothing."""


@dataclass
class RecordingOutput:
    """An output that keeps what was sent, and when."""

    clock: VirtualClock
    sent: list[tuple[float, NoteOn | NoteOff]] = field(default_factory=list)
    ahead = 0.0

    def send(self, cue: Cue) -> None:
        """Keep the message of `cue`, and when it came."""
        self.sent.append((self.clock.now, cue.message))

    def set_up(self, gesture: Gesture, channel: int) -> None:
        """Keep nothing: it is no note."""


def key_events(notes: Iterable[Note]) -> list[tuple[float, Arrival]]:
    """Return the key events of notes, by time, releases first."""
    events: list[tuple[float, Arrival]] = []
    for note in notes:
        events.append((note.onset, NoteOn(note.pitch, note.velocity)))
        events.append((note.onset + note.duration, NoteOff(note.pitch)))
    return sorted(events, key=lambda timed: (timed[0], isinstance(timed[1], NoteOn)))


def play_through(
    events: Iterable[tuple[float, Arrival]],
    brain: Brain,
    settings: Settings,
    screen: Screen | None = None,
    recorder: Recorder | None = None,
    beat: Clock | None = None,
) -> list[tuple[float, NoteOn | NoteOff]]:
    """Play `events` (seconds, event) to `brain` in virtual time and return what livejam sent, and when (seconds)."""
    clock, partner = VirtualClock(), LocalPartner(Composer(brain))
    output = RecordingOutput(clock)
    inbox = ScriptedInbox(clock, events, partner)
    stage = Stage(clock, inbox, output, screen or SilentScreen(), recorder or NoRecorder(), beat)
    Session(stage, partner, settings).run()
    return output.sent
