"""How long training took, not counting what the process slept: a stopped process, a closed laptop.

Knows nothing of what it times. Seconds. One thread.
"""

import time
from collections import defaultdict, deque
from collections.abc import Callable
from statistics import median

KNOWN = 3  # of a kind, from which on another one can be too long
TOO_LONG = 20.0  # times the median of the latest: nothing works that long
LATEST = 101


class Stopwatch:
    """Times pieces of work of several kinds; of one that took far too long, what it usually takes counts."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.now = clock
        self._latest: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=LATEST))

    def since(self, began: float, kind: str) -> float:
        """Return the seconds that a piece of work has taken that began then."""
        took, latest = self.now() - began, self._latest[kind]
        if len(latest) >= KNOWN and took > TOO_LONG * median(latest):
            return median(latest)
        latest.append(took)
        return took
