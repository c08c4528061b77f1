"""The beat grid: seconds <-> ticks. Pure.

The one place where seconds meet ticks. Knows nothing of turns, the network or MIDI. A bare time is seconds of the
session's clock, ticks say so (24 a quarter note, which is the beat here). The thread that owns the session calls it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from livejam.notes import TICKS_PER_BEAT, Metre

ROUNDING = 3  # ticks: an onset that much before its place still belongs to it


@dataclass(frozen=True, slots=True)
class BeatGrid:
    """A steady tempo, pinned to the tick line at one beat."""

    bpm: float  # quarter notes a minute
    origin: float = 0.0  # seconds: the time of a beat
    origin_ticks: int = 0  # ticks: its place

    @property
    def beat(self) -> float:
        """Length of a beat in seconds."""
        return 60 / self.bpm

    @property
    def ticks_a_second(self) -> float:
        """How many ticks pass in a second."""
        return self.bpm * TICKS_PER_BEAT / 60

    def tick_at(self, seconds: float) -> float:
        """Return the place on the tick line."""
        return self.origin_ticks + (seconds - self.origin) / self.beat * TICKS_PER_BEAT

    def seconds_at(self, ticks: float) -> float:
        """Return the time of a place on the tick line."""
        return self.origin + (ticks - self.origin_ticks) / TICKS_PER_BEAT * self.beat


def joined(bpm: float, beat_at: float, first_onset: float, previous: BeatGrid | None, floor_ticks: int) -> BeatGrid:
    """Return a grid of `bpm` with a beat at `beat_at` seconds whose tick line continues that of `previous`.

    The two read alike at `first_onset` (seconds), to the nearest beat, except that nothing from there on lies before
    `floor_ticks`. Without a previous grid, the beat nearest to the first onset lies at the floor.
    """
    beat = 60 / bpm
    origin = beat_at + round((first_onset - beat_at) / beat) * beat
    if previous is None:
        return BeatGrid(bpm, origin, floor_ticks)
    ahead = BeatGrid(bpm, origin, previous.origin_ticks).tick_at(first_onset)
    beats = round((previous.tick_at(first_onset) - ahead) / TICKS_PER_BEAT)
    lowest = math.ceil((floor_ticks - ROUNDING - ahead) / TICKS_PER_BEAT)
    return BeatGrid(bpm, origin, previous.origin_ticks + max(beats, lowest) * TICKS_PER_BEAT)


def steps(metre: Metre | None) -> tuple[int, ...]:
    """Return the spans in ticks by which music can move and still lie well: bars if known, beats, parts of a beat."""
    if metre is None:
        return TICKS_PER_BEAT, TICKS_PER_BEAT // 2
    part = 4 * TICKS_PER_BEAT // metre.denominator
    if metre.denominator >= 8:
        beat = 3 * part if metre.numerator % 3 == 0 else 2 * part
        return metre.bar_ticks, beat, part
    return metre.bar_ticks, part, TICKS_PER_BEAT // 2


def placed(first_ticks: int, grid: BeatGrid, earliest: float, latest: float, units: Sequence[int]) -> int:
    """Return by how many ticks an answer moves whose first note wishes to be at `first_ticks`.

    The answer starts between `earliest` and `latest` seconds, as near to its wish as whole `units` (ticks, the most
    welcome first: a bar, a beat, half a beat) allow; the first unit that gets it there is taken. If none does, it
    starts at the first place of the last unit from `earliest` on.
    """
    low = math.ceil(grid.tick_at(earliest) - first_ticks - 1e-6)
    high = math.floor(grid.tick_at(latest) - first_ticks + 1e-6)
    for unit in units:
        first, last = math.ceil(low / unit) * unit, math.floor(high / unit) * unit
        if first <= last:
            return min(max(0, first), last)
    return math.ceil(low / units[-1]) * units[-1]
