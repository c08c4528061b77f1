"""A player and a listener on two pipes, for machines without a MIDI system: the same livejam, without its ports.

The other end is `livejam.bench.partner`. Times are seconds of `time.monotonic`. Two threads of its own, one that plays
and one that hears; what they share are queues and lists.
"""

import contextlib
import time
from collections.abc import Sequence
from queue import SimpleQueue
from threading import Thread
from types import TracebackType
from typing import BinaryIO, cast

from livejam.bench.listener import Listener
from livejam.bench.wire import Timed

SPIN = 0.001  # seconds before a message is due that are spent awake
MESSAGE = 3  # bytes
PARTING = 2.0  # seconds for the threads to end


class PipeWire:
    """Plays to a livejam over its stdin, and hears it on its stdout."""

    transport = "pipe"
    arguments: tuple[str, ...] = ("-m", "livejam.bench.partner")
    settings: dict[str, str] = {}  # noqa: RUF012
    pipes = True
    period = 0.0
    missed = 0
    drift = 0.0

    def __init__(self) -> None:
        self.played: list[Timed] = []
        self.heard: list[Timed] = []
        self._due: SimpleQueue[Timed | None] = SimpleQueue()
        self._threads: list[Thread] = []

    def __enter__(self) -> "PipeWire":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._due.put(None)
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
        for timed in messages:
            self._due.put(timed)

    def _play(self, keys: BinaryIO) -> None:
        with contextlib.suppress(OSError), keys:  # livejam has ended
            while timed := self._due.get():
                due, message = timed
                time.sleep(max(0.0, due - time.monotonic() - SPIN))
                while (now := time.monotonic()) < due:
                    pass
                self.played.append((now, message))
                keys.write(message)

    def _hear(self, answers: BinaryIO) -> None:
        with contextlib.suppress(OSError), answers:
            while message := answers.read(MESSAGE):
                self.heard.append((time.monotonic(), message))
