"""The click: which notes it plays on a grid, before the song (the count-in) and in it. Pure.

Every quarter note clicks, or the metre's own beat: the eighth in 5/8 or 7/8, and three of them together in 6/8, 9/8
and 12/8, which musicians count in two, three and four. The first of a bar is accented where the metre is known.

Knows nothing of ports and channels. Times are seconds of the session's clock, ticks say so. The thread that owns the
session calls it.
"""

import math

from livejam.grid import BeatGrid
from livejam.notes import TICKS_PER_BEAT, Metre, Note

ACCENT, BEAT = CLICKS = 76, 77  # pitches: high and low wood block, on General MIDI's drum channel
ACCENT_VELOCITY, BEAT_VELOCITY = 112, 88
LENGTH = 0.04  # seconds
AHEAD = 0.1  # seconds before its time that a click is handed out
LATE = 0.02  # seconds after its time that a click is still worth playing
BAR = 4 * TICKS_PER_BEAT  # ticks, where the metre is unknown


class Metronome:
    """Clicks along with a grid, each beat once, however the grid moves."""

    def __init__(self, metre: Metre | None = None, count_in: int = 0, click: bool = True) -> None:
        """Click for `count_in` bars before the first bar line of the song and, with `click`, from there on."""
        self._bar = metre.bar_ticks if metre else BAR
        self._bar_line = metre.bar_line if metre else 0
        self._accents = metre is not None
        self.step_ticks = click_ticks(metre)  # ticks from one click to the next
        self._first = self._bar_line - count_in * self._bar  # ticks
        self._end = math.inf if click else self._bar_line  # ticks: no click from there on
        self._clicked = -math.inf  # seconds: the latest click
        self.deadline: float | None = None  # seconds: call `due` then, or when the grid has changed

    def due(self, now: float, grid: BeatGrid | None) -> list[Note]:
        """Return the clicks up to `AHEAD` of `now` that have not been handed out; none without a grid."""
        clicks: list[Note] = []
        tick = self._coming(now, grid) if grid else math.inf
        while grid and tick < self._end and grid.seconds_at(tick) <= now + AHEAD:
            clicks.append(self._click(int(tick), grid))
            self._clicked = clicks[-1].onset
            tick += self.step_ticks
        self.deadline = grid.seconds_at(tick) - AHEAD if grid and tick < self._end else None
        return clicks

    def _coming(self, now: float, grid: BeatGrid) -> float:
        """Return the tick of the next click: not long past, and no second one for a beat that moved."""
        step = self.step_ticks / grid.ticks_a_second
        earliest = grid.tick_at(max(now - LATE, self._clicked + step / 2))
        steps = math.ceil((earliest - self._bar_line) / self.step_ticks - 1e-6)
        return max(self._first, self._bar_line + steps * self.step_ticks)

    def _click(self, tick: int, grid: BeatGrid) -> Note:
        accented = self._accents and (tick - self._bar_line) % self._bar == 0
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
