"""Messages that have been handed over and wait for their time. Pure.

Knows nothing of ports. Times are seconds of whatever clock. One thread calls it: the one that sends.
"""

import heapq
from typing import Any

NOTE_ON = 0x90

Key = tuple[int, int]  # status without its kind: the channel; pitch


class Outgoing:
    """Messages that wait for their time.

    The messages about one key leave in the order in which they came, whatever their times say. A note-off for the time
    of its note-on, or an earlier one, takes a note-on that has not left back: the note was called off.
    """

    def __init__(self) -> None:
        self._heap: list[list[Any]] = []  # [seconds, order of arrival, message, key]
        self._last: dict[Key, list[Any]] = {}  # the latest entry about a key, while it waits
        self._count = 0

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, at: float, message: bytes) -> None:
        """Have `message` wait until `at`."""
        key = message[0] & 0x0F, message[1]
        last = self._last.get(key)
        if last and at <= last[0]:
            if last[2] and _is_on(last[2]) and not _is_on(message):
                last[2] = None  # taken back; the next about this key waits all the same
                return
            at = last[0]
        self._count += 1
        entry = [at, self._count, message, key]
        self._last[key] = entry
        heapq.heappush(self._heap, entry)

    def due(self, until: float) -> list[tuple[float, bytes]]:
        """Return what is due before `until`, in order, with its times."""
        found = []
        while self._heap and self._heap[0][0] < until:
            at, _, message, key = entry = heapq.heappop(self._heap)
            if self._last[key] is entry:
                del self._last[key]
            if message:
                found.append((at, message))
        return found


def _is_on(message: bytes) -> bool:
    return message[0] & 0xF0 == NOTE_ON and message[2] > 0
