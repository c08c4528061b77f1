"""The inbox of a live session: other threads put events in, the session's thread waits for them.

Knows nothing of MIDI or turns. Times are seconds of the clock given. `put` may be called from any thread, also from a
driver's callback: it takes no lock of ours and never blocks. `wait` belongs to the session's thread.
"""

import sys
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue

from livejam.stage import Arrival

SPIN = 0.001  # seconds before a deadline that are spent awake: sleeping threads wake up to about that late
NAP = 0.5 if sys.platform == "win32" else None  # seconds: there Ctrl-C does not end a wait


class LiveInbox:
    """Events with the time of their arrival, in the order of arrival."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Tell the time by `clock` (seconds)."""
        self._clock = clock
        self.spins = True  # whether the last moment before a deadline is spent awake
        self._queue: SimpleQueue[tuple[float, Arrival]] = SimpleQueue()

    def put(self, time: float, event: Arrival) -> None:
        """Leave an event that happened at `time` (seconds, by the inbox's clock)."""
        self._queue.put((time, event))

    def wait(self, deadline: float | None) -> tuple[float, Arrival] | None:
        """Return the next (time, event), or None at `deadline`. A deadline that has passed only looks.

        On Windows it also returns None now and then, so that Ctrl-C gets through.
        """
        asleep = None if deadline is None else max(0.0, deadline - self._clock() - SPIN * self.spins)
        if NAP is not None:
            asleep = NAP if asleep is None else min(asleep, NAP)
        try:
            return self._queue.get(block=asleep != 0, timeout=asleep)
        except Empty:
            return self._spin(deadline) if self.spins and deadline is not None else None

    def _spin(self, deadline: float) -> tuple[float, Arrival] | None:
        """Look for events until `deadline`, if it is near."""
        while (left := deadline - self._clock()) > 0 and left < 2 * SPIN:
            try:
                return self._queue.get_nowait()
            except Empty:
                pass
        return None
