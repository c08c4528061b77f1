"""The demo: a player thread, the real session, and an in-process bus where MIDI ports would be.

Knows neither MIDI systems, nor the network, nor files. Times are seconds of the session's clock: the monotonic clock,
or a virtual one that stands still while anybody thinks. In real time the performer plays on a thread of its own and
meets the session only through the inbox; in virtual time everything runs in the caller's thread.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

from rich.console import Console
from rich.text import Text

from livejam.calls import CALLS, Call
from livejam.composer import Brain, Composer
from livejam.errors import FileError, LivejamError
from livejam.events import Gesture, Stop
from livejam.files import reason
from livejam.inbox import LiveInbox
from livejam.modes import Silence
from livejam.notes import Cue, NoteOn
from livejam.partner import NetworkProcess
from livejam.pianoroll import Roll, extent
from livejam.picture import save_picture
from livejam.recording import JamFile, JamRecorder
from livejam.rollview import Drawing, RollBook, RollView, Sheet
from livejam.screen import Relay, Seen, Turned, print_warning
from livejam.session import Session
from livejam.stage import Arrival, Inbox, Partner, Recorder, Settings, Stage
from livejam.steering import PLAIN, Steering
from livejam.turns import State
from livejam.virtual import LocalPartner, ScriptedInbox, VirtualClock, key_events

REST = 1.0  # seconds before each call
SETTINGS = Settings(Silence(0.6))


class Performer:
    """Plays one call after the other, each when the answer to the last is over, and then stops the jam. Pure."""

    def __init__(self, calls: Sequence[Call]) -> None:
        self._calls = deque(calls)

    def next_after(self, now: float) -> list[tuple[float, Arrival]]:
        """Return the keys of the next call, which begins REST seconds after `now`, or the end of the jam."""
        start = now + REST
        if not self._calls:
            return [(start, Stop())]
        return key_events(replace(note, onset=start + note.onset) for note in self._calls.popleft().notes)


class Bus:
    """The wires of the demo: passes the player's keys to the session, takes its answers, and watches how late they are.

    Every cue says when it is due.
    """

    ahead = 0.0

    def __init__(self, clock: Callable[[], float], inbox: Inbox) -> None:
        self._clock = clock
        self._inbox = inbox
        self._balance: dict[int, int] = {}  # pitch -> note-ons less note-offs
        self.latest = 0.0  # seconds: the largest lateness

    def wait(self, deadline: float | None) -> tuple[float, Arrival] | None:
        """Return the next (time, event), or None at `deadline`."""
        return self._inbox.wait(deadline)

    def send(self, cue: Cue) -> None:
        """Take a message of livejam's."""
        message = cue.message
        self.latest = max(self.latest, self._clock() - cue.at)
        step = 1 if isinstance(message, NoteOn) else -1
        self._balance[message.pitch] = self._balance.get(message.pitch, 0) + step

    def set_up(self, gesture: Gesture, channel: int) -> None:
        """Nothing is set up."""

    @property
    def unmatched(self) -> int:
        """Note-ons without their note-off, and the other way round."""
        return sum(abs(balance) for balance in self._balance.values())


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a demo."""

    rolls: tuple[Roll, ...]  # one for each turn
    calls: int  # that were to be played
    unmatched: int  # note-ons without note-off, or the other way round
    latest: float  # seconds: the largest lateness of a note
    dropped: int  # notes of the answers that came too late to be played

    @property
    def delays(self) -> tuple[float, ...]:
        """Seconds from the last release of each call to the first note of its answer, where there is one."""
        answered = (roll for roll in self.rolls if roll.livejam)
        return tuple(extent(roll.livejam)[0] - extent(roll.player)[1] for roll in answered)

    @property
    def notes(self) -> tuple[int, int]:
        """How many notes the player played, and how many livejam did."""
        return sum(len(roll.player) for roll in self.rolls), sum(len(roll.livejam) for roll in self.rolls)

    def check(self) -> None:
        """Raise LivejamError if a call was not answered or a note was left sounding."""
        if len(self.delays) < self.calls:
            raise LivejamError(f"{self.calls - len(self.delays)} of {self.calls} calls got no answer")
        if self.unmatched:
            raise LivejamError(f"{self.unmatched} notes of the answers were not ended")

    def summary(self) -> str:
        """The report in a few lines."""
        played, answered = self.notes
        delays = ", ".join(f"{delay:.2f}" for delay in self.delays)
        lines = (
            f"{len(self.rolls)} turns: {played} notes called, {answered} notes answered",
            f"from the end of each call to its answer: {delays} s",
            f"largest lateness of a note: {self.latest * 1000:.1f} ms, dropped as too late: {self.dropped or 'none'}",
            f"left sounding: {self.unmatched or 'nothing'}",
        )
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Demo:
    """Calls, and who keeps and shows them and the answers."""

    calls: tuple[Call, ...]
    recorder: Recorder
    show: Callable[[Seen], None]  # must return at once
    settings: Settings

    def play(self, network: NetworkProcess) -> Report:
        """Play the demo in real time."""
        inbox, turns = LiveInbox(), SimpleQueue[float]()
        network.connect(inbox.put)
        Thread(target=perform, args=(Performer(self.calls), inbox, turns), name="player", daemon=True).start()
        return self._jam(time.monotonic, inbox, network, turns.put)

    def rush(self, brain: Brain) -> Report:
        """Play the demo in virtual time: the same, as fast as the network answers."""
        clock, performer, partner = VirtualClock(), Performer(self.calls), LocalPartner(Composer(brain))
        inbox = ScriptedInbox(clock, partner=partner)

        def turn(now: float) -> None:
            for due, event in performer.next_after(now):
                inbox.put(due, event)

        return self._jam(clock, inbox, partner, turn)

    def _jam(
        self, clock: Callable[[], float], inbox: Inbox, partner: Partner, your_turn: Callable[[float], None]
    ) -> Report:
        """Jam; `your_turn` is called with the time (seconds) whenever the player may play, and returns at once."""
        book, bus = RollBook(sheets(self.calls)), Bus(clock, inbox)

        def see(seen: Seen) -> None:
            book.see(seen)
            self.show(seen)
            if isinstance(seen, Turned) and seen.state is State.IDLE:
                your_turn(clock())

        session = Session(Stage(clock, bus, bus, Relay(see), self.recorder), partner, self.settings)
        session.run()
        return Report(tuple(book.finished), len(self.calls), bus.unmatched, bus.latest, session.late_notes)


def perform(performer: Performer, inbox: LiveInbox, turns: "SimpleQueue[float]") -> None:
    """Play in real time, a call for each time in `turns`, until the jam is stopped: the body of the player's thread."""
    event: Arrival | None = None
    while not isinstance(event, Stop):
        for due, event in performer.next_after(turns.get()):
            time.sleep(max(0.0, due - time.monotonic()))
            inbox.put(time.monotonic(), event)


def sheets(calls: Sequence[Call]) -> tuple[Sheet, ...]:
    """What the rolls of `calls` can know before they are played."""
    return tuple(_sheet(call) for call in calls)


def _sheet(call: Call) -> Sheet:
    pitches = [note.pitch for note in call.notes]
    bars = math.ceil(extent(call.notes)[1] / call.beat / call.bar)
    return Sheet(f"{call.name}, {call.bpm:g} bpm", call.beat, call.bar, bars, min(pitches), max(pitches))


def run_demo(
    network: NetworkProcess | Brain,
    about: dict[str, object],
    folder: Path,
    console: Console,
    steering: Steering = PLAIN,
) -> Report:
    """Play the demo, show it, leave jam.mid, jam.json and jam.png in `folder`, and check the result.

    With a network in a process of its own it is played in real time; with a brain, as fast as that answers.

    Raises:
        FileError: they can't be written there.
        LivejamError: a call was not answered, or a note was left sounding.
    """
    settings = replace(SETTINGS, steering=steering)
    file = JamFile(jam_file(folder), about, metre=None)
    console.print(f"{len(CALLS)} calls are played to livejam, and it answers each. Ctrl-C ends it.\n")
    with JamRecorder(file, lambda text: print_warning(console, text)) as recorder:
        if isinstance(network, NetworkProcess):
            report = _played(network, recorder, settings)
        else:
            report = _rushed(network, recorder, console, settings)
    image = file.path.with_suffix(".png")
    console.print(Text(report.summary()), soft_wrap=True)
    save_picture(report.rolls, "livejam: five calls, five answers", image)
    console.print(Text(f"kept: {recorder.saved}, {image}"), soft_wrap=True)
    report.check()
    return report


def jam_file(folder: Path) -> Path:
    """Return where the demo is kept in `folder`, which is made if need be.

    Raises:
        FileError: it can't be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"can't make the folder {folder} ({reason(error)}); choose another with --output") from error
    return folder / "jam.mid"


def _played(network: NetworkProcess, recorder: Recorder, settings: Settings) -> Report:
    with RollView(sheets(CALLS)) as view:
        return Demo(CALLS, recorder, view.put, settings).play(network)


def _rushed(brain: Brain, recorder: Recorder, console: Console, settings: Settings) -> Report:
    drawing = Drawing(console, None, RollBook(sheets(CALLS)))
    return Demo(CALLS, recorder, drawing.see, settings).rush(brain)
