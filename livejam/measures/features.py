"""What a phrase is made of, as numbers: histograms and single figures that phrases can be compared by.

Pure. Notes are sorted by onset and pitch; ticks, 24 a quarter note. Histograms sum to 1, or are all 0 where there is
nothing to count. Melodic figures (steps, contour) follow the highest note of every onset, since chords have no order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from livejam.notes import TICKS_PER_BEAT, Metre, TickNote
from livejam.tokenizer import LENGTH_TICKS, length_class

LARGEST_STEP = 12  # semitones; larger ones count as this
PLACE = 6  # ticks of a place in the bar: a sixteenth note
PLACES = 24  # of a bar; later ones share the last
COMMON_BAR = 4 * TICKS_PER_BEAT  # ticks, where no metre is known
WAITS = (0, 3, 6, 8, 12, 16, 18, 24, 36, 48, 72, 96)  # ticks between onsets; the nearest by ratio counts
SHAPES = {shape: place for place, shape in enumerate(product((-1, 0, 1), repeat=3))}  # down, level or up, three times

_WAITS = np.log(np.array(WAITS[1:]))


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """The notes of a phrase as arrays (N,) int64."""

    onset: np.ndarray  # ticks
    pitch: np.ndarray
    length: np.ndarray  # ticks

    @classmethod
    def of(cls, notes: Sequence[TickNote]) -> "Columns":
        """Return the columns of `notes`."""
        rows = np.array([(note.onset, note.pitch, note.length) for note in notes], np.int64).reshape(-1, 3)
        return cls(rows[:, 0], rows[:, 1], rows[:, 2])

    @property
    def top(self) -> np.ndarray:
        """The highest pitch (M,) of every onset."""
        last = np.append(self.onset[1:] != self.onset[:-1], True)[: len(self.onset)]
        return np.asarray(self.pitch[last])

    @property
    def beats(self) -> float:
        """Length from the first onset to the last end, quarter notes; at least one."""
        if not len(self.onset):
            return 1.0
        return max(float((self.onset + self.length).max() - self.onset[0]) / TICKS_PER_BEAT, 1.0)


def pitch_classes(notes: Columns, tonic: int = 0) -> np.ndarray:
    """Return the histogram (12,) of pitch classes, counted from `tonic`."""
    return share(np.bincount((notes.pitch - tonic) % 12, minlength=12))


def intervals(notes: Columns) -> np.ndarray:
    """Return the histogram (25,) of melodic steps, an octave down to an octave up."""
    steps = np.clip(np.diff(notes.top), -LARGEST_STEP, LARGEST_STEP) + LARGEST_STEP
    return share(np.bincount(steps, minlength=2 * LARGEST_STEP + 1))


def onset_places(notes: Columns, metre: Metre | None) -> np.ndarray:
    """Return the histogram (PLACES,) of where in the bar notes begin, in sixteenth notes."""
    bar, line = (metre.bar_ticks, metre.bar_line) if metre else (COMMON_BAR, 0)
    places = np.minimum((notes.onset - line) % bar // PLACE, PLACES - 1)
    return share(np.bincount(places, minlength=PLACES))


def lengths(notes: Columns) -> np.ndarray:
    """Return the histogram of note lengths, in the classes of the tokenizer."""
    return share(np.bincount(length_class(notes.length), minlength=len(LENGTH_TICKS)))


def waits(notes: Columns) -> np.ndarray:
    """Return the histogram (len(WAITS),) of the times between notes; 0 within a chord."""
    deltas = np.diff(notes.onset)
    nearest = 1 + np.abs(np.log(np.maximum(deltas, 1))[:, None] - _WAITS).argmin(axis=1)
    return share(np.bincount(np.where(deltas > 0, nearest, 0), minlength=len(WAITS)))


def contours(notes: Columns) -> np.ndarray:
    """Return the histogram (27,) of three melodic directions in a row."""
    signs = np.sign(np.diff(notes.top)).tolist()
    places = [SHAPES[shape] for shape in zip(signs, signs[1:], signs[2:], strict=False)]
    return share(np.bincount(places, minlength=len(SHAPES)))


def density(notes: Columns) -> float:
    """Return how many notes begin in a quarter note."""
    return len(notes.onset) / notes.beats


def pitch_range(notes: Columns) -> float:
    """Return how many semitones lie between the lowest and the highest note."""
    return float(np.ptp(notes.pitch)) if len(notes.pitch) else 0.0


def share(counts: np.ndarray) -> np.ndarray:
    """Return counts as shares of their sum."""
    return np.asarray(counts / max(counts.sum(), 1))
