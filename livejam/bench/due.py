"""What a wire has to play, by time: notes, and a MIDI clock that goes on by itself. Pure.

Times are seconds of the wire's clock. Whoever owns it calls it: no two threads at once.
"""

from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import count

from livejam.bench.wire import Timed
from livejam.notes import TICKS_PER_BEAT

START, PULSE = b"\xfa", b"\xf8"


class Due:
    """A queue of messages, the earliest first; of those of one time, the first given."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, bytes]] = []
        self._order = count()
        self._beat_at, self._pulse, self._pulses = 0.0, 0.0, 0

    @property
    def next(self) -> float | None:
        """When the next message is due; None: there is none."""
        return self._heap[0][0] if self._heap else None

    def add(self, *messages: Timed) -> None:
        """Have `messages` played at their times."""
        for at, message in messages:
            heappush(self._heap, (at, next(self._order), message))

    def start_clock(self, beat_at: float, bpm: float) -> None:
        """Have a MIDI clock run whose first pulse, the beginning of the song, is at `beat_at`."""
        self._beat_at, self._pulse, self._pulses = beat_at, 60 / bpm / TICKS_PER_BEAT, 0
        self.add((beat_at - self._pulse / 2, START), (beat_at, PULSE))

    def take(self, until: float) -> Iterator[Timed]:
        """Yield what is due before `until`, and forget it."""
        while self._heap and self._heap[0][0] < until:
            at, _, message = heappop(self._heap)
            if message == PULSE:
                self._pulses += 1
                self.add((self._beat_at + self._pulses * self._pulse, PULSE))
            yield at, message
