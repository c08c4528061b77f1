"""The form of the song: which bar of which chorus it is, where sections end, which chords sound. Pure.

With a chart the song goes round it; without one it has sections of eight bars and chords that nobody knows. Knows
nothing of seconds, of the network or of who plays. Times are ticks on the line of the song; bars and choruses count
from 0.
"""

import math
from dataclasses import dataclass, replace

from livejam.chart import Chart
from livejam.notes import TICKS_PER_BEAT, Metre
from livejam.pieces import Quality
from livejam.tokenizer import Chord

SECTION = 8  # bars, where there is no chart
ROUNDING = 1e-3  # ticks: what lies that little after a bar line lies on it
AROUND = 2  # bars of chords that are known beyond a span


@dataclass(frozen=True, slots=True)
class Spot:
    """Where in the song a tick lies."""

    chorus: int  # 0 the first; without a chart: always
    bar: int  # of the chorus
    metre: Metre  # its bar line is where this bar begins
    section_ends: bool  # with this bar

    @property
    def start(self) -> int:
        """Where this bar begins, ticks."""
        return self.metre.bar_line

    @property
    def end(self) -> int:
        """Where the next begins, ticks."""
        return self.metre.bar_line + self.metre.bar_ticks


@dataclass(frozen=True, slots=True)
class Form:
    """A song that begins at a tick of the line."""

    metre: Metre  # of bars that say no other; its own bar line does not matter
    origin: int  # ticks: where the first chorus begins
    chart: Chart | None = None
    choruses: int | None = None  # after which it ends; None: never
    trade: int | None = None  # bars after which player and livejam take turns with the solo; None: the player leads

    def at(self, tick: int) -> Spot:
        """Return the bar in which `tick` lies."""
        if self.chart:
            place = self.chart.place(tick, self.metre, self.origin)
            return Spot(place.chorus, place.bar, place.metre, place.section_ends)
        bar = (tick - self.origin) // self.metre.bar_ticks
        metre = replace(self.metre, bar_line=self.origin + bar * self.metre.bar_ticks)
        return Spot(0, bar, metre, bar % SECTION == SECTION - 1)

    def bar_from(self, tick: float) -> int:
        """Return where a bar begins, the first at or after `tick`; none before the song begins."""
        spot = self.at(math.ceil(tick - ROUNDING))
        return max(self.origin, spot.start if spot.start >= tick - ROUNDING else spot.end)

    def over(self, tick: int) -> bool:
        """Tell whether all choruses have been played at `tick`."""
        return self.choruses is not None and self.chart is not None and self.at(tick).chorus >= self.choruses

    def solo(self, tick: int) -> bool:
        """Tell whether the solo is livejam's at `tick`; the player begins."""
        if not self.trade:
            return False
        spot = self.at(tick)
        bars = spot.bar + (spot.chorus * len(self.chart.bars) if self.chart else 0)
        return bars // self.trade % 2 == 1

    def span_end(self, start: int, ticks: int) -> int:
        """Return where a span from `start` ends: after so many ticks, but with the bar at the latest.

        What is left of a bar belongs to the span before if it is less than half a beat.
        """
        end = self.at(start).end
        return end if end - (start + ticks) < TICKS_PER_BEAT // 2 else start + ticks

    def chords(self, start: int, end: int) -> tuple[Chord, ...]:
        """Return the chords known around a span, from before `start` on; none without a chart."""
        if not self.chart:
            return ()
        bar = self.metre.bar_ticks
        return self.chart.chords(self.metre, self.origin, start - bar, end + AROUND * bar)

    def chord(self, tick: int) -> tuple[int, Quality] | None:
        """Return the root (0..11) and quality of the chord at `tick`; None: none is known."""
        if not self.chart:
            return None
        chord = self.chart.chords(self.metre, self.origin, tick, tick + 1)[0]
        return None if chord.root < 0 else (chord.root, chord.quality)
