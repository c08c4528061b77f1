"""The click: which notes it plays on a grid, before the song (the count-in) and in it. Pure.

Every quarter note clicks, or the metre's own beat: the eighth in 5/8 or 7/8, and three of them together in 6/8, 9/8
and 12/8, which musicians count in two, three and four. The first of a bar is accented where the metre is known.

Knows nothing of ports and channels. Times are seconds of the session's clock, ticks say so. The thread that owns the
session calls it.
"""

import math
from collections.abc import Callable
from dataclasses import replace

from livejam.grid import BeatGrid
from livejam.notes import TICKS_PER_BEAT, Metre, Note

ACCENT, BEAT = CLICKS = 76, 77  # pitches: high and low wood block, on General MIDI's drum channel
ACCENT_VELOCITY, BEAT_VELOCITY = 112, 88
LENGTH = 0.04  # seconds
AHEAD = 0.1  # seconds before its time that a click is handed out
LATE = 0.02  # seconds after its time that a click is still worth playing
BAR = 4 * TICKS_PER_BEAT  # ticks, where the metre is unknown
ROUNDING = 1e-5  # ticks: a place that little before now is now

BarAt = Callable[[int], Metre]


class Metronome:
    """Clicks along with a grid, each beat once, however the grid moves."""

    def __init__(
        self, metre: Metre | None = None, count_in: int = 0, click: bool = True, bar_at: BarAt | None = None
    ) -> None:
        """Click for `count_in` bars before the first bar line of the song and, with `click`, from there on.

        `bar_at` returns the bar in which a tick lies, where they are not all of one metre.
        """
        self._metre = metre or Metre(4, 4)
        self._bar_at = bar_at or self._usual_bar
        self._accents = metre is not None
        self._first = self._metre.bar_line - count_in * self._metre.bar_ticks  # ticks
        self._end = math.inf if click else self._metre.bar_line  # ticks: no click from there on
        self._clicked = -math.inf  # seconds: the latest click
        self.deadline: float | None = None  # seconds: call `due` then, or when the grid has changed

    def due(self, now: float, grid: BeatGrid | None) -> list[Note]:
        """Return the clicks up to `AHEAD` of `now` that have not been handed out; none without a grid."""
        clicks: list[Note] = []
        tick = self._coming(now, grid) if grid else self._first
        while grid and tick < self._end and grid.seconds_at(tick) <= now + AHEAD:
            clicks.append(self._click(tick, grid))
            self._clicked = clicks[-1].onset
            tick = self._place_from(tick + 1)
        self.deadline = grid.seconds_at(tick) - AHEAD if grid and tick < self._end else None
        return clicks

    def _coming(self, now: float, grid: BeatGrid) -> int:
        """Return the tick of the next click: not long past, and no second one for a beat that moved."""
        step = click_ticks(self._bar_at(math.floor(grid.tick_at(now)))) / grid.ticks_a_second
        return max(self._first, self._place_from(grid.tick_at(max(now - LATE, self._clicked + step / 2))))

    def _place_from(self, tick: float) -> int:
        """Return where the first click at or after `tick` lies."""
        bar = self._bar_at(math.ceil(tick - ROUNDING))
        step = click_ticks(bar)
        place = bar.bar_line + math.ceil((tick - ROUNDING - bar.bar_line) / step) * step
        return min(place, bar.bar_line + bar.bar_ticks)

    def _usual_bar(self, tick: int) -> Metre:
        bars = (tick - self._metre.bar_line) // self._metre.bar_ticks
        return replace(self._metre, bar_line=self._metre.bar_line + bars * self._metre.bar_ticks)

    def _click(self, tick: int, grid: BeatGrid) -> Note:
        accented = self._accents and tick == self._bar_at(tick).bar_line
        pitch, velocity = (ACCENT, ACCENT_VELOCITY) if accented else (BEAT, BEAT_VELOCITY)
        return Note(grid.seconds_at(tick), pitch, velocity, LENGTH)


def click_ticks(metre: Metre | None) -> int:
    """Return the ticks from one click to the next."""
    if metre is None:
        return TICKS_PER_BEAT
    part = metre.bar_ticks // metre.numerator
    compound = metre.denominator >= 8 and metre.numerator % 3 == 0 and metre.numerator > 3
    return 3 * part if compound else part


def count_in_seconds(bars: int, bpm: float, metre: Metre | None) -> float:
    """Return how long a count-in of `bars` takes, in seconds."""
    return bars * (metre.bar_ticks if metre else BAR) / BeatGrid(bpm).ticks_a_second
