"""A player and a listener on two pipes, for machines without a MIDI system: the same livejam, without its ports.

The other end is `livejam.bench.partner`. Times are seconds of `time.monotonic`. Two threads of its own, one that plays
and one that hears; what they share are queues and lists.
"""

import contextlib
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from threading import Thread
from types import TracebackType
from typing import BinaryIO, cast

from livejam.bench.due import Due
from livejam.bench.listener import Listener
from livejam.bench.wire import Timed, is_note
from livejam.realtime import hurry

SPIN = 0.001  # seconds before a message is due that are spent awake
SOON = 0.5  # seconds until a clock begins
MESSAGE = 3  # bytes; shorter messages are filled up with zeros
PARTING = 2.0  # seconds for the threads to end

Handed = Callable[[Due], None]


class PipeWire:
    """Plays to a livejam over its stdin, and hears it on its stdout."""

    transport = "in-process"
    program: tuple[str, ...] = ("-m", "livejam.bench.partner")
    options: tuple[str, ...] = ()
    settings: dict[str, str] = {}  # noqa: RUF012
    pipes = True
    period = 0.0
    missed = 0
    drift = 0.0

    def __init__(self) -> None:
        self.played: list[Timed] = []
        self.heard: list[Timed] = []
        self._handed: SimpleQueue[Handed | None] = SimpleQueue()
        self._threads: list[Thread] = []

    def __enter__(self) -> "PipeWire":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._handed.put(None)
        for thread in self._threads:
            thread.join(PARTING)

    def connect(self, listener: Listener) -> None:
        """Play into the livejam that has just got ready, and listen to it."""
        keys, answers = cast(BinaryIO, listener.process.stdin), cast(BinaryIO, listener.process.stdout)
        self._threads = [
            Thread(target=self._play, args=(keys,), name="player", daemon=True),
            Thread(target=self._hear, args=(answers,), name="recorder", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def now(self) -> float:
        """Seconds of the monotonic clock."""
        return time.monotonic()

    def play(self, messages: Sequence[Timed]) -> None:
        """Have `messages` played at their times, which are to come."""
        self._handed.put(lambda due: due.add(*messages))

    def start_clock(self, bpm: float) -> float:
        """Send MIDI clock from soon on; return the time of its first beat."""
        beat_at = self.now() + SOON
        self._handed.put(lambda due: due.start_clock(beat_at, bpm))
        return beat_at

    def _play(self, keys: BinaryIO) -> None:
        hurry()
        due = Due()
        with contextlib.suppress(OSError), keys:  # livejam has ended
            while True:
                try:
                    handed = self._handed.get(timeout=_nap(due))
                except Empty:
                    self._send(due, keys)
                    continue
                if handed is None:
                    return
                handed(due)

    def _send(self, due: Due, keys: BinaryIO) -> None:
        """Stay awake until the next message is due, and send it."""
        at = cast(float, due.next)
        while (now := time.monotonic()) < at:
            pass
        for _, message in due.take(now):
            if is_note(message):
                self.played.append((time.monotonic(), message))
            keys.write(message.ljust(MESSAGE, b"\0"))

    def _hear(self, answers: BinaryIO) -> None:
        hurry()
        with contextlib.suppress(OSError), answers:
            while message := answers.read(MESSAGE):
                self.heard.append((time.monotonic(), message))


def _nap(due: Due) -> float | None:
    """Return for how many seconds to sleep: until shortly before the next message is due; None: for ever."""
    return None if due.next is None else max(0.0, due.next - time.monotonic() - SPIN)
