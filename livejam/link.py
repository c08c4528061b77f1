"""Ableton Link: the beat of the session on the local network, followed by a thread of its own.

All of aalink, a wrapper of Link for asyncio, which the extra `link` brings. Knows nothing of turns or the grid. A beat
is a quarter note, a bare time seconds of the clock given (`time.monotonic`). Link's callbacks and a timer wake the
thread, which reads the beat and puts what it saw; `close` may be called from any thread.

Link has a clock of its own (on Linux the raw one, which strays from `time.monotonic` by up to half a millisecond a
second). So a beat is read between two looks at our clock, and read anew at least every `EVERY` seconds.
"""

import asyncio
import ctypes
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Protocol

from livejam.errors import LivejamError
from livejam.events import LinkState
from livejam.pulse import DEFAULT_BPM

EVERY = 0.5  # seconds: a beat that jumps without a change of tempo is noticed that late; the clocks stray by 0.25 ms
TRIES = 5  # of reading the beat between two looks at the clock, of which the tightest counts
PATIENCE = 5.0  # seconds: opening Link takes a few milliseconds
SLACK = 0.1  # seconds, see `_drowsy_threads`

Put = Callable[[float, LinkState], None]  # seconds, event: safe from any thread


class Session(Protocol):
    """What we need of `aalink.Link`."""

    quantum: float
    enabled: bool
    start_stop_sync_enabled: bool

    @property
    def beat(self) -> float:
        """The beat now, counted so that bars start at multiples of the quantum."""

    @property
    def tempo(self) -> float:
        """Quarter notes a minute."""

    @property
    def num_peers(self) -> int:
        """Others in the session."""

    @property
    def playing(self) -> bool:
        """Whether somebody has started the transport and nobody has stopped it."""

    def set_tempo_callback(self, callback: Callable[[float], None]) -> None:
        """Have `callback` called on the event loop when the tempo changes."""

    def set_num_peers_callback(self, callback: Callable[[int], None]) -> None:
        """Have `callback` called on the event loop when somebody joins or leaves."""

    def set_start_stop_callback(self, callback: Callable[[bool], None]) -> None:
        """Have `callback` called on the event loop when the transport starts or stops."""


class LinkPeer:
    """livejam in a Link session: it follows, and sets the tempo only while nobody else is there."""

    def __init__(
        self,
        put: Put,
        quantum: float = 4.0,
        bpm: float = DEFAULT_BPM,
        join: Callable[[float], Session] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Join. States go to `put` at once when something changes, and every `EVERY` seconds.

        Args:
            put: called on this adapter's thread with the time (seconds, `clock`) at which the state's beat holds.
            quantum: length of a bar in quarter notes, `Metre.bar_ticks / 24`; the session's bars start at its
                multiples.
            bpm: the session's tempo as long as livejam is alone in it, 20 to 999.
            join: opens a session at that tempo; aalink's if None.

        Raises:
            LivejamError: the package aalink is missing.
        """
        self._put, self._quantum, self._bpm, self._clock = put, quantum, bpm, clock
        self._join = join or _aalink()
        self._opened: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        self._closing = False
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="link", daemon=True)
        self._thread.start()
        self._loop, self._wake = self._opened.result(PATIENCE)

    def close(self) -> None:
        """Leave the session. No state is put after that."""
        self._closing = True
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._wake.set)
            self._thread.join(PATIENCE)

    async def _run(self) -> None:
        wake = asyncio.Event()
        try:
            session = self._opened_session(wake)
        except Exception as error:  # goes to whoever opens us
            self._opened.set_exception(error)
            return
        self._opened.set_result((asyncio.get_running_loop(), wake))
        try:
            await self._follow(session, wake)
        finally:
            session.enabled = False

    def _opened_session(self, wake: asyncio.Event) -> Session:
        session = self._join(self._bpm)
        session.quantum = self._quantum
        session.set_tempo_callback(lambda _: wake.set())
        session.set_num_peers_callback(lambda _: wake.set())
        session.set_start_stop_callback(lambda _: wake.set())
        session.start_stop_sync_enabled = True
        session.enabled = True
        return session

    async def _follow(self, session: Session, wake: asyncio.Event) -> None:
        transport = False  # whether anybody was ever seen to use it
        while not self._closing:
            wake.clear()
            transport = transport or session.playing
            at, beat = beat_now(session, self._clock)
            self._put(at, LinkState(session.tempo, beat, session.num_peers, session.playing or not transport))
            timer = asyncio.get_running_loop().call_later(EVERY, wake.set)
            await wake.wait()
            timer.cancel()


def beat_now(session: Session, clock: Callable[[], float]) -> tuple[float, float]:
    """Return a time (seconds, `clock`) and the session's beat then, to half of the tightest of `TRIES` readings."""
    return min((_reading(session, clock) for _ in range(TRIES)), key=lambda reading: reading[0])[1:]


def _reading(session: Session, clock: Callable[[], float]) -> tuple[float, float, float]:
    """Return how long it took to read the beat (seconds), the time in the middle of it, and the beat."""
    before = clock()
    beat = session.beat
    after = clock()
    return after - before, (before + after) / 2, beat


def _aalink() -> Callable[[float], Session]:
    try:
        from aalink import Link
    except ImportError as error:
        missing = isinstance(error, ModuleNotFoundError)
        trouble = "needs the package aalink, which is not installed" if missing else f"does not start: {error}"
        raise LivejamError(f"Ableton Link {trouble}; pip install 'livejam[link]'") from None

    def join(bpm: float) -> Session:
        with _drowsy_threads():
            session: Session = Link(bpm)
        return session

    return join


@contextmanager
def _drowsy_threads() -> Iterator[None]:
    """Let threads that are made meanwhile oversleep by `SLACK`; does nothing but on Linux.

    aalink has a thread that looks at the beat every millisecond, for coroutines that wait for beats, as none of ours
    do. Here it took 2.6 % of a core. Threads inherit the slack of their timers (prctl(2)), and with this much of it
    all of Link takes 0.2 %; what comes from the network still wakes it at once.
    """
    if sys.platform != "linux":
        yield
        return
    set_slack, get_slack = 29, 30  # PR_SET_TIMERSLACK, PR_GET_TIMERSLACK: nanoseconds
    prctl = ctypes.CDLL(None).prctl
    usual = prctl(get_slack, 0, 0, 0, 0)
    prctl(set_slack, ctypes.c_ulong(round(SLACK * 1e9)), 0, 0, 0)
    try:
        yield
    finally:
        prctl(set_slack, ctypes.c_ulong(max(usual, 0)), 0, 0, 0)  # 0: as it was when the thread began
