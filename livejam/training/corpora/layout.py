"""Written measures, laid on the 24-tick grid in the order they are played: the common ground of all score readers.

Knows no notation and no corpus. Inside a measure, offsets and lengths are exact fractions of a quarter note; they
become ticks (24 a quarter note) only once they stand on the time line, so that rounding never adds up.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor

import numpy as np

from livejam.notes import TICKS_PER_BEAT
from livejam.pieces import CHORD, METRE, NOTE, TEMPO
from livejam.training.corpora.repeats import Signs, playing_order

NO_TIME = Fraction(0)


@dataclass(frozen=True, slots=True)
class Written:
    """One note head."""

    offset: Fraction  # quarter notes from the start of its measure
    length: Fraction  # quarter notes
    pitch: int  # MIDI, sounding
    tied: bool = False  # to the note of the same pitch that follows at once


@dataclass(frozen=True, slots=True)
class Measure:
    """What stands between two bar lines; it may be shorter than the metre (pickups, split bars)."""

    length: Fraction  # quarter notes
    notes: tuple[Written, ...] = ()
    metre: tuple[int, int] | None = None  # numerator, denominator; None: free or unknown
    signs: Signs = field(default_factory=Signs)
    marks: tuple[Fraction, ...] = ()  # offsets at which a marked phrase ends
    chords: tuple[tuple[Fraction, int, int], ...] = ()  # offset, root, quality
    tempos: tuple[tuple[Fraction, float], ...] = ()  # offset, quarter notes a minute

    @property
    def full(self) -> bool:
        """Whether it is as long as its metre says."""
        return self.metre is not None and self.length == 4 * Fraction(*self.metre)


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One voice on the grid, and what stood beside it."""

    notes: np.ndarray  # (N,) NOTE, velocity 0; ties are merged
    metres: np.ndarray  # (M,) METRE
    chords: np.ndarray  # (C,) CHORD
    tempos: np.ndarray  # (T,) TEMPO
    marks: tuple[int, ...]  # ticks, ascending


def lay_out(measures: Sequence[Measure]) -> Line:
    """Play the repeats of one voice and lay it on the grid."""
    layout = _Layout()
    for i in playing_order([measure.signs for measure in measures]):
        layout.add(measures[i])
    return layout.line()


def to_tick(quarters: Fraction) -> int:
    """Return the nearest tick to a place in quarter notes; halves go up."""
    return floor(quarters * TICKS_PER_BEAT + Fraction(1, 2))


@dataclass
class _Sounding:
    onset: Fraction
    end: Fraction
    pitch: int


@dataclass
class _Layout:
    now: Fraction = NO_TIME  # quarter notes: start of the next measure
    notes: list[_Sounding] = field(default_factory=list)
    tied: dict[tuple[Fraction, int], _Sounding] = field(default_factory=dict)  # by end and pitch
    metres: list[tuple[int, int, int]] = field(default_factory=list)
    bar_line: Fraction = NO_TIME  # the last one in `metres`, quarter notes
    marks: set[int] = field(default_factory=set)
    chords: list[tuple[int, int, int]] = field(default_factory=list)
    tempos: list[tuple[int, float]] = field(default_factory=list)

    def add(self, measure: Measure) -> None:
        self._announce(measure)
        for note in sorted(measure.notes, key=lambda note: note.offset):
            self._sound(note)
        self.marks |= {to_tick(self.now + offset) for offset in measure.marks}
        self.chords += [(to_tick(self.now + offset), root, quality) for offset, root, quality in measure.chords]
        self.tempos += [(to_tick(self.now + offset), bpm) for offset, bpm in measure.tempos]
        self.now += measure.length

    def line(self) -> Line:
        return Line(
            np.array(_clean(self.notes), NOTE),
            np.array(self.metres, METRE),
            np.array(_changes(self.chords), CHORD),
            np.array(_changes(self.tempos), TEMPO),
            tuple(sorted(self.marks)),
        )

    def _announce(self, measure: Measure) -> None:
        """Note a metre where it begins, or where bars fall off its grid. Only full bars tell where bar lines are."""
        if measure.metre is None or not measure.full:
            return
        aligned = (self.now - self.bar_line) % measure.length == 0
        if not self.metres or self.metres[-1][1:] != measure.metre or not aligned:
            self.metres.append((to_tick(self.now), *measure.metre))
            self.bar_line = self.now

    def _sound(self, note: Written) -> None:
        onset = self.now + note.offset
        sounding = self.tied.pop((onset, note.pitch), None)
        if sounding is None:
            sounding = _Sounding(onset, onset, note.pitch)
            self.notes.append(sounding)
        sounding.end = onset + note.length
        if note.tied:
            self.tied[sounding.end, note.pitch] = sounding


def _clean(notes: Iterable[_Sounding]) -> list[tuple[int, int, int, int]]:
    """Return rows of NOTE by onset and pitch: unisons become one note, a note ends where its key is struck again."""
    ends: dict[tuple[int, int], int] = {}  # by pitch and onset
    for note in notes:
        key = note.pitch, to_tick(note.onset)
        ends[key] = max(ends.get(key, key[1] + 1), to_tick(note.end))
    rows = []
    again: dict[int, int] = {}  # by pitch: the next onset
    for (pitch, onset), end in sorted(ends.items(), reverse=True):
        rows.append((onset, min(end, again.get(pitch, end)) - onset, pitch, 0))
        again[pitch] = onset
    return sorted(rows, key=lambda row: (row[0], row[2]))


def _changes(rows: Iterable[tuple[int, ...] | tuple[int, float]]) -> list[tuple[float, ...]]:
    """Return the rows in order of time, the last one at each tick, without those that change nothing."""
    latest = {tick: rest for tick, *rest in sorted(rows, key=lambda row: row[0])}
    kept: list[tuple[float, ...]] = []
    for tick, rest in latest.items():
        if not kept or list(kept[-1][1:]) != rest:
            kept.append((tick, *rest))
    return kept
