"""The columns of a prepared piece, made from plain arrays: notes, metres, chords, tempos; and performed time to ticks.

Knows no corpus and no file. Ticks are 24 a quarter note, times are seconds.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from livejam.notes import TICKS_PER_BEAT
from livejam.pieces import CHORD, METRE, NOTE, TEMPO, Quality

LONGEST = np.iinfo(NOTE["length"]).max  # ticks
TEMPO_STEP = 0.03  # a tempo is written down where it differs by more than this from the last one


def note_column(onsets: ArrayLike, lengths: ArrayLike, pitches: ArrayLike, velocities: ArrayLike = 0) -> np.ndarray:
    """Return (N,) NOTE from ticks (rounded), MIDI pitches and velocities (0: unknown).

    Sorted by (onset, pitch); notes of one onset and pitch become one, the longest and loudest; lengths are 1..65535.
    """
    onset = np.rint(onsets).astype(np.int64)
    notes = np.zeros(len(onset), NOTE)
    notes["onset"], notes["pitch"], notes["velocity"] = onset, pitches, velocities
    notes["length"] = np.clip(np.rint(lengths), 1, LONGEST)
    notes = notes[np.lexsort((notes["pitch"], notes["onset"]))]
    same = (np.diff(notes["onset"], prepend=-1) == 0) & (np.diff(notes["pitch"].astype(int), prepend=-1) == 0)
    if not same.any():
        return notes
    groups = np.flatnonzero(~same)
    merged = notes[groups]
    merged["length"] = np.maximum.reduceat(notes["length"], groups)
    merged["velocity"] = np.maximum.reduceat(notes["velocity"], groups)
    return np.asarray(merged)


def metre_column(bars: Iterable[tuple[int, int, int]]) -> np.ndarray:
    """Return (M,) METRE from (tick, numerator, denominator) of bars; a bar like the one before says nothing new."""
    return np.array(_changes(bars), METRE)


def chord_column(chords: Iterable[tuple[int, int, Quality]]) -> np.ndarray:
    """Return (C,) CHORD from (tick, root 0..11 or -1, quality); repeated chords are dropped."""
    return np.array(_changes(chords), CHORD)


def tempo_column(ticks: ArrayLike, bpm: ArrayLike) -> np.ndarray:
    """Return (T,) TEMPO, leaving out what differs by less than 3 % from the tempo before."""
    kept: list[tuple[int, float]] = []
    for tick, tempo in zip(np.atleast_1d(ticks).tolist(), np.atleast_1d(bpm).tolist(), strict=True):
        if not kept or abs(tempo / kept[-1][1] - 1) > TEMPO_STEP:
            kept.append((tick, tempo))
    return np.array(kept, TEMPO)


def _changes(rows: Iterable[tuple[int, Any, Any]]) -> list[tuple[int, Any, Any]]:
    kept: list[tuple[int, Any, Any]] = []
    for row in rows:
        if not kept or row[1:] != kept[-1][1:]:
            kept.append(row)
    return kept


@dataclass(frozen=True, slots=True, eq=False)
class TimeMap:
    """Where beats fell in a performance: seconds to ticks, straight lines between beats and beyond the ends."""

    seconds: np.ndarray  # (K,) float, strictly ascending, at least two
    ticks: np.ndarray  # (K,) ascending

    def tick_at(self, seconds: ArrayLike) -> np.ndarray:
        """Return the place of `seconds` in ticks, not rounded."""
        at = np.asarray(seconds, float)
        left = np.clip(np.searchsorted(self.seconds, at, side="right") - 1, 0, len(self.seconds) - 2)
        rate = np.diff(self.ticks) / np.diff(self.seconds)
        return np.asarray(self.ticks[left] + (at - self.seconds[left]) * rate[left])

    def tempos(self) -> np.ndarray:
        """Return (T,) TEMPO: the tempo from beat to beat, where it changes."""
        bpm = np.diff(self.ticks) / np.diff(self.seconds) * 60 / TICKS_PER_BEAT
        return tempo_column(self.ticks[:-1], bpm)
