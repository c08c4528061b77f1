"""What is wanted of the answers, as it stands: the controls as they are turned, and the chart.

Pure. Knows nothing of the network, of ports or of whose turn it is. Times are seconds of the session's clock, ticks say
so. The thread that owns the session calls it.
"""

import math
from dataclasses import replace

from livejam.answering import LEAD
from livejam.chart import Chart
from livejam.grid import BeatGrid
from livejam.knobs import Turned
from livejam.notes import TICKS_PER_BEAT, Metre
from livejam.phrasing import BAR, PICKUP, Request
from livejam.steering import Steering, turned

SOON = 3.0  # seconds ahead that the end of a phrase is foreseen


class Wants:
    """What is wanted of every answer."""

    def __init__(self, steering: Steering, chart: Chart | None, longest: float) -> None:
        """`longest`: seconds that an answer may last."""
        self.steering = steering
        self._chart = chart
        self._longest = longest

    def turn(self, knob: Turned) -> bool:
        """Turn a control; return whether that changes anything."""
        before, self.steering = self.steering, turned(self.steering, knob.control, knob.position)
        return self.steering != before

    def lasting(self, request: Request, grid: BeatGrid) -> Request:
        """Return `request` for an answer as it is wanted now; one of some bars, if they are, may have an upbeat."""
        request = replace(request, steering=self.steering)
        if not self.steering.bars:
            return request
        bar = request.metre.bar_ticks if request.metre else BAR
        longest = round(self._longest * grid.ticks_a_second)
        return replace(request, max_ticks=min(self.steering.bars * bar + PICKUP, longest))

    def filling(self, request: Request, bars: int) -> Request:
        """Return `request`, for an answer that fills so many bars, as it is wanted now."""
        return replace(request, steering=replace(self.steering, bars=bars))

    def charted(self, request: Request, song: int | None, grid: BeatGrid, over_at: float) -> Request:
        """Return `request` with the chords of its span, and on a beat, so that they are those that sound then.

        `song` is where the chart begins, ticks; None: no bar is known. The phrase is over at `over_at` (seconds).
        """
        if self._chart is None or song is None:
            return request
        first = request.first
        if first is None:
            first = math.ceil(grid.tick_at(over_at + LEAD) / TICKS_PER_BEAT) * TICKS_PER_BEAT
        metre = request.metre or Metre(4, 4)
        start = min(request.call[-1].onset, first) - metre.bar_ticks
        chords = self._chart.chords(metre, song, start, first + request.max_ticks + 2 * metre.bar_ticks)
        return replace(request, first=first, chords=chords)


def foreseen(over_at: float, now: float) -> float:
    """Return when a phrase that should be over at `over_at` will be (seconds), as far as that can be known `now`."""
    return over_at if now < over_at < now + SOON else now
