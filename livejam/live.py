"""A jam over real MIDI ports: the session, with ports, recorder, screen and the ways to end it around it.

Knows neither rtmidi nor the network: a driver and a brain are given. Times are seconds of the driver's clock. The
session runs in the caller's thread, which must be the main thread, for it alone is told of Ctrl-C.
"""

import contextlib
import signal
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Protocol

from rich.console import Console

from livejam import __version__
from livejam.asking import Tally
from livejam.clock import Clock, LinkClock, MidiClock, SteadyClock
from livejam.events import PlayerEvent, Stop
from livejam.heir import Estate, Ledger
from livejam.inbox import LiveInbox
from livejam.metronome import count_in_seconds
from livejam.modes import Bars, Mode
from livejam.notes import TICKS_PER_BEAT, Metre
from livejam.partner import Put
from livejam.pieces import Role
from livejam.ports import Driver, PortChoice, Ports, open_ports
from livejam.pulse import DEFAULT_BPM
from livejam.realtime import collect, hurry, quick_switching, quiet_collector, relax
from livejam.recording import JamFile, JamRecorder, jam_path
from livejam.screen import JAMMING, StatusLine, Words
from livejam.session import Session
from livejam.signals import ENDINGS
from livejam.stage import Arrival, Partner, Settings, Stage
from livejam.steering import in_words
from livejam.terminal import hint, keys
from livejam.watch import watching

BREATH = 0.5  # seconds before the first click


class Network(Partner, Protocol):
    """Who makes up the answers, in a process of its own."""

    def connect(self, put: Put) -> None:
        """Leave replies with `put` from now on."""

    def bequeath(self, estate: Estate) -> None:
        """Know what is to be ended if this process dies."""


@dataclass(frozen=True, slots=True)
class Jam:
    """What a player chose for a jam."""

    ports: PortChoice
    settings: Settings
    about: dict[str, object]  # kept beside the recording: seed, model, ...
    record: Path | None = None  # file or folder; None: the usual folder
    keep: bool = True  # False: no recording
    clock: str | None = None  # "midi" or "link"; None: the tempo given, or the player's own pulse


@dataclass(frozen=True, slots=True)
class Jammed:
    """What came of a jam."""

    path: Path | None  # where it is kept; None: nowhere
    tally: Tally


class Scribe:
    """What the session tells its recorder: kept, if the jam is kept, and the tempo shown."""

    def __init__(self, recorder: JamRecorder | None, screen: StatusLine) -> None:
        self._recorder = recorder
        self._screen = screen

    def record(self, time: float, message: PlayerEvent, player: bool, channel: int | None = None) -> None:
        """Keep a message of the player's or of livejam's."""
        if self._recorder:
            self._recorder.record(time, message, player, channel)

    def tempo(self, time: float, bpm: float) -> None:
        """Keep and show the tempo from a beat at `time` on."""
        if self._recorder:
            self._recorder.tempo(time, bpm)
        self._screen.tempo(bpm)

    def steered(self, turn: int, words: dict[str, str]) -> None:
        """Keep what is asked of an answer."""
        if self._recorder:
            self._recorder.steered(turn, words)


@dataclass(frozen=True, slots=True)
class Gig:
    """What a performance over ports takes, whatever is played in it."""

    ports: PortChoice
    about: dict[str, object]  # kept beside the recording
    metre: Metre | None
    tracks: tuple[tuple[str, int], ...]  # livejam's: name and channel (1..16)
    record: Path | None = None  # file or folder; None: the usual folder
    keep: bool = True  # False: no recording
    modes: tuple[Mode, ...] = ()  # that can be chosen by keys
    parts: tuple[Role, ...] = ()  # that keys turn off and on
    words: Words = JAMMING  # of the status line


@dataclass(frozen=True, slots=True)
class Hall:
    """Where a performance takes place."""

    stage: Stage
    screen: StatusLine  # the same as the stage's
    shared: bool  # livejam hears what it sends
    recorder: JamRecorder | None  # None: nothing is kept

    @property
    def kept(self) -> Path | None:
        """Where it is kept, once it is over; None: nowhere."""
        return self.recorder.saved if self.recorder else None


BeatOf = Callable[[LiveInbox, Callable[[], float], contextlib.ExitStack], Clock | None]


def listen(jam: Jam, driver: Driver, network: Network, console: Console) -> Jammed:
    """Jam until Ctrl-C or a signal to end.

    Raises:
        PortError: the ports can't be opened.
        FileError: there is no place for the recording.
    """
    with for_jam(jam, driver, network, console) as hall:
        session = Session(hall.stage, network, replace(jam.settings, shared_bus=hall.shared))
        with in_time():
            session.run()
    return Jammed(hall.kept, session.tally)


def for_jam(jam: Jam, driver: Driver, network: Network, console: Console) -> contextlib.AbstractContextManager[Hall]:
    """Open all that a jam, or a drill, is played on."""
    settings = jam.settings
    about = {**jam.about, "settings": {**asdict(settings), **_modes(settings)}}
    tracks = (("livejam", settings.answer_channel),)
    gig = Gig(jam.ports, about, settings.metre, tracks, jam.record, jam.keep, settings.modes)
    return on_stage(gig, driver, network, console, partial(_beat, jam))


@contextlib.contextmanager
def on_stage(gig: Gig, driver: Driver, network: Network, console: Console, beat_of: BeatOf) -> Iterator[Hall]:
    """Open ports, screen and recorder around a session, and close them; its time begins with the beat.

    Raises:
        PortError: the ports can't be opened.
        FileError: there is no place for the recording.
    """
    path = jam_path(gig.record, datetime.now()) if gig.keep else None
    clock = driver.clock
    inbox = LiveInbox(clock)

    def arrive(_: float, event: Arrival) -> None:
        inbox.put(clock(), event)  # from those who know no other clock than the machine's

    with contextlib.ExitStack() as stack:
        stack.enter_context(ended_by_signals(lambda: inbox.put(clock(), Stop())))
        ports = open_ports(driver, gig.ports, inbox.put, clock)
        stack.callback(ports.close)
        stack.enter_context(watching(ports, driver.changed))
        inbox.spins = ports.ahead == 0  # who sends ahead of time need not be that exact
        ledger = stack.enter_context(Ledger(ports, clock))
        network.connect(arrive)
        network.bequeath(Estate(ledger.path, driver.name, ports.target))
        pressed = stack.enter_context(keys(gig.modes, arrive, parts=gig.parts))
        offered = hint(gig.modes, gig.parts) if pressed else ""
        line = StatusLine(console, f"{ports.names[0]} -> {ports.names[1]}", offered, gig.words)
        screen = stack.enter_context(line)
        recorder = stack.enter_context(JamRecorder(_file(gig, path, ports), screen.warn)) if path else None
        beat = beat_of(inbox, clock, stack)
        stage = Stage(clock, inbox, ledger, screen, Scribe(recorder, screen), beat, collect)
        yield Hall(stage, screen, ports.shared, recorder)


def _beat(jam: Jam, inbox: LiveInbox, clock: Callable[[], float], stack: contextlib.ExitStack) -> Clock | None:
    """Return what keeps the beat; None: the player does."""
    settings, metre = jam.settings, jam.settings.metre or Metre(4, 4)
    if jam.clock:
        return followed(jam.clock, settings.bpm, metre, inbox, clock, stack)
    if settings.bpm and (settings.click or settings.count_in or settings.chart or isinstance(settings.mode, Bars)):
        start = clock() + BREATH + count_in_seconds(settings.count_in, settings.bpm, metre)
        return SteadyClock(settings.bpm, start)
    return None


def followed(
    name: str, bpm: float | None, metre: Metre, inbox: LiveInbox, clock: Callable[[], float],
    stack: contextlib.ExitStack,
) -> Clock:  # fmt: skip
    """Return the clock `name`, "midi" or "link", that is followed until `stack` is closed."""
    if name == "midi":
        return MidiClock()
    from livejam.link import LinkPeer  # asyncio is slow to load

    peer = LinkPeer(inbox.put, metre.bar_ticks / TICKS_PER_BEAT, bpm or DEFAULT_BPM, clock=clock)
    stack.callback(peer.close)
    return LinkClock()


@contextlib.contextmanager
def in_time() -> Iterator[None]:
    """Have this thread keep time: ahead of others where the system grants it, and not held up by Python itself."""
    with quick_switching(), quiet_collector():
        hurry()
        try:
            yield
        finally:
            relax()


@contextlib.contextmanager
def ended_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` at every signal to end, however many come: what sounds must be ended in peace."""
    taken = {ending: signal.getsignal(ending) for ending in ENDINGS}
    taken = {ending: before for ending, before in taken.items() if before not in (None, signal.SIG_IGN)}  # nohup's, say
    for ending in taken:
        signal.signal(ending, lambda number, frame: stop())
    try:
        yield
    finally:
        for ending, before in taken.items():
            signal.signal(ending, before)


def _file(gig: Gig, path: Path, ports: Ports) -> JamFile:
    about = {
        "livejam": __version__,
        "started": datetime.now().astimezone().isoformat(timespec="seconds"),
        "input": ports.names[0],
        "output": ports.names[1],
        **gig.about,
    }
    return JamFile(path, about, gig.metre, parts=gig.tracks)


def _modes(settings: Settings) -> dict[str, object]:
    """Return how turns are taken and answers steered, as it is written."""
    switch = None if settings.switch is None else str(settings.switch)
    return {
        "mode": str(settings.mode),
        "modes": [str(mode) for mode in settings.modes],
        "switch": switch,
        "steering": in_words(settings.steering),
        "knobs": [str(knob) for knob in settings.knobs],
        "chart": None if settings.chart is None else str(settings.chart),
    }
