"""The inbox of a live session: other threads put events in, the session's thread waits for them.

Knows nothing of MIDI or turns. Times are seconds of `time.monotonic`. `put` may be called from any thread, also from a
driver's callback: it takes no lock of ours and never blocks. `wait` belongs to the session's thread.
"""

import time
from queue import Empty, SimpleQueue

from livejam.turns import Arrival

SPIN = 0.001  # seconds before a deadline that are spent awake: sleeping threads wake up to about that late


class LiveInbox:
    """Events with the time of their arrival, in the order of arrival."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[tuple[float, Arrival]] = SimpleQueue()

    def put(self, time: float, event: Arrival) -> None:
        """Leave an event that happened at `time` (seconds, `time.monotonic`)."""
        self._queue.put((time, event))

    def wait(self, deadline: float | None) -> tuple[float, Arrival] | None:
        """Return the next (time, event), or None at `deadline`. A deadline that has passed only looks."""
        try:
            if deadline is None:
                return self._queue.get()
            asleep = deadline - time.monotonic() - SPIN
            return self._queue.get(timeout=asleep) if asleep > 0 else self._spin(deadline)
        except Empty:
            return self._spin(deadline) if deadline is not None else None

    def _spin(self, deadline: float) -> tuple[float, Arrival] | None:
        while True:
            try:
                return self._queue.get_nowait()
            except Empty:
                if time.monotonic() >= deadline:
                    return None
