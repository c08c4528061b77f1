"""Notes on the grid <-> the network's events: one event a note, made of classes.

An event is a row of small integers (`FIELDS`): what the network predicts (delta, pitch, length, velocity) and what is
known beside it (place in the bar, metre, role, style, who plays, chord). Whole columns at once, in numpy; the same
code serves training and the stage. Knows nothing of PyTorch, ONNX, seconds or ports. All times are ticks, 24 a
quarter note.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from livejam.notes import TICKS_PER_BEAT, Metre, TickNote
from livejam.pieces import Quality, Role, Style

# Classes. Exact where music is exact, coarser where it is not.
DELTA_TICKS = tuple(
    sorted({*range(49), *range(54, 193, 6), *range(56, 97, 8), *range(204, 385, 12), *range(408, 769, 24)})
)
LENGTH_TICKS = (1, 2, 3, 4, 6, 8, 9, 12, 16, 18, 24, 32, 36, 48, 60, 72, 84, 96, 120, 144, 192, 240, 288, 384, 576, 768)
VELOCITY_BINS = 16  # of 8 each; class 0 is "unknown"
METRES = ((2, 4), (3, 4), (4, 4), (2, 2), (3, 8), (6, 8), (9, 8), (12, 8), (5, 4))  # class 0 unknown, last: another

END = len(DELTA_TICKS)  # delta class: the answer is over
START = END + 1  # delta class of the event an answer begins with; never predicted
NO_PITCH = 128  # an answer that begins with nothing heard
NO_LENGTH = len(LENGTH_TICKS)  # length class of START
MAX_INTERVAL = 24  # semitones either way; class 0: none
UNKNOWN_BEAT = 12
MIDDLE_C = 60

PLAYER, LIVEJAM = 0, 1  # who; +2 on the first note of a phrase

FIELDS = {  # name: number of classes; the order of a row
    "delta": len(DELTA_TICKS) + 2,
    "pitch": 129,
    "interval": 2 * MAX_INTERVAL + 2,
    "length": len(LENGTH_TICKS) + 1,
    "velocity": VELOCITY_BINS + 1,
    "phase": TICKS_PER_BEAT,  # tick within the quarter note
    "beat": UNKNOWN_BEAT + 1,  # quarter note within the bar, 11 and later share a class
    "metre": len(METRES) + 2,
    "role": len(Role),
    "style": len(Style),
    "who": 4,
    "root": 13,  # chord of the moment: 0 none, 1 + pitch class
    "quality": len(Quality),
}
COLUMN = {name: column for column, name in enumerate(FIELDS)}
PREDICTED = {"delta": len(DELTA_TICKS) + 1, "pitch": 128, "length": len(LENGTH_TICKS), "velocity": VELOCITY_BINS + 1}

_DELTAS = np.array(DELTA_TICKS)
_LENGTHS = np.array(LENGTH_TICKS)


class Chord(NamedTuple):
    """A chord of a chart, which lasts until the next one."""

    tick: int
    root: int  # 0..11, C = 0; -1: no chord from here on
    quality: Quality


@dataclass(frozen=True, slots=True)
class Context:
    """What is known about the music apart from its notes."""

    metre: Metre | None = None  # None: bars unknown
    role: Role = Role.UNKNOWN
    style: Style = Style.UNKNOWN
    chords: tuple[Chord, ...] = ()  # ascending; empty: none known


def delta_class(ticks: np.ndarray) -> np.ndarray:
    """Return the nearest delta class of each of `ticks` (any shape, >= 0; beyond the last class is the last)."""
    return _nearest(_DELTAS, np.asarray(ticks))


def length_class(ticks: np.ndarray) -> np.ndarray:
    """Return the nearest length class, by ratio, of each of `ticks` (any shape, >= 1)."""
    return _nearest(np.log(_LENGTHS), np.log(np.maximum(ticks, 1)))


def velocity_class(velocity: np.ndarray) -> np.ndarray:
    """Return the class of MIDI velocities: 0 stays 0, "unknown"; 1..127 fall into 16 bins."""
    velocity = np.asarray(velocity, dtype=np.int64)
    return np.where(velocity > 0, 1 + velocity // 8, 0)


def velocity_of(velocity_class: int) -> int:
    """Return the MIDI velocity in the middle of a bin, 1..127; 0 for "unknown"."""
    return 8 * velocity_class - 4 if velocity_class else 0


def metre_class(numerator: int, denominator: int) -> int:
    """Return the class of a time signature."""
    pair = (numerator, denominator)
    return 1 + METRES.index(pair) if pair in METRES else len(METRES) + 1


def quantised_deltas(onsets: np.ndarray, previous: int) -> np.ndarray:
    """Return the delta class of each onset (N,), ticks ascending, after one at `previous`.

    Rounding does not add up: each delta is taken from where the classes so far have led.
    """
    exact = np.diff(onsets, prepend=previous)
    classes = delta_class(exact)
    if np.array_equal(_DELTAS[classes], exact):
        return classes
    here = previous
    for i, onset in enumerate(np.asarray(onsets).tolist()):
        rest = max(onset - here, 0)
        classes[i] = delta_class(np.array(rest))
        here = onset if rest > DELTA_TICKS[-1] else here + DELTA_TICKS[classes[i]]  # beyond any class, count anew
    return classes


def bar_place(onsets: np.ndarray, metre: Metre | None) -> tuple[np.ndarray, np.ndarray]:
    """Return (phase, beat) classes (N,) of onsets in ticks: tick in the quarter note, quarter note in the bar."""
    onsets = np.asarray(onsets, dtype=np.int64)
    if metre is None:
        return onsets % TICKS_PER_BEAT, np.full(onsets.shape, UNKNOWN_BEAT)
    place = (onsets - metre.bar_line) % metre.bar_ticks
    return place % TICKS_PER_BEAT, np.minimum(place // TICKS_PER_BEAT, UNKNOWN_BEAT - 1)


def interval_class(pitches: np.ndarray, previous: np.ndarray) -> np.ndarray:
    """Return the class of the step from `previous` to `pitches` (any shape, semitones clipped to two octaves)."""
    step = np.clip(np.asarray(pitches, np.int64) - previous, -MAX_INTERVAL, MAX_INTERVAL)
    return np.where(np.asarray(previous) == NO_PITCH, 0, step + MAX_INTERVAL + 1)


def known_columns(rows: np.ndarray, onsets: np.ndarray, context: Context, who: int) -> None:
    """Fill the columns of `rows` (N, len(FIELDS)) that are known and not predicted."""
    rows[:, COLUMN["phase"]], rows[:, COLUMN["beat"]] = bar_place(onsets, context.metre)
    metre = context.metre
    rows[:, COLUMN["metre"]] = metre_class(metre.numerator, metre.denominator) if metre else 0
    rows[:, COLUMN["role"]] = context.role
    rows[:, COLUMN["style"]] = context.style
    rows[:, COLUMN["who"]] = who
    if context.chords:
        chord_columns = [COLUMN["root"], COLUMN["quality"]]
        rows[:, chord_columns] = [chord_at(context.chords, int(onset)) for onset in onsets]


def chord_at(chords: Sequence[Chord], tick: int) -> tuple[int, int]:
    """Return the classes of root and quality of the chord at `tick`; 0, 0 where there is none."""
    place = bisect_right(chords, tick, key=lambda chord: chord.tick) - 1
    if place < 0 or chords[place].root < 0:
        return 0, 0
    return chords[place].root + 1, int(chords[place].quality)


def encode(
    notes: Sequence[TickNote], context: Context, who: int, last: TickNote | None, began: int | None = None
) -> np.ndarray:
    """Return the events (N, len(FIELDS)) int64 of one phrase, sorted by onset, that follows the note `last`.

    Where there is no such note, the first delta counts from `began` ticks, else from the first note's bar (or beat).
    """
    rows = np.zeros((len(notes), len(FIELDS)), dtype=np.int64)
    if not notes:
        return rows
    onsets = np.array([note.onset for note in notes])
    pitches = np.array([note.pitch for note in notes])
    began = start_onset(int(onsets[0]), context.metre) if began is None else began
    before = began if last is None else last.onset
    rows[:, COLUMN["delta"]] = quantised_deltas(onsets, min(before, int(onsets[0])))
    rows[:, COLUMN["pitch"]] = pitches
    previous = np.concatenate([[NO_PITCH if last is None else last.pitch], pitches[:-1]])
    rows[:, COLUMN["interval"]] = interval_class(pitches, previous)
    rows[:, COLUMN["length"]] = length_class(np.array([note.length for note in notes]))
    rows[:, COLUMN["velocity"]] = velocity_class(np.array([note.velocity for note in notes]))
    known_columns(rows, onsets, context, who)
    rows[0, COLUMN["who"]] += 2
    return rows


def start_event(last: TickNote | None, onset: int, context: Context) -> np.ndarray:
    """Return the event (len(FIELDS),) with which an answer begins, after the note `last`, at `onset` ticks."""
    row = np.zeros(len(FIELDS), dtype=np.int64)
    row[COLUMN["delta"]] = START
    row[COLUMN["pitch"]] = NO_PITCH if last is None else last.pitch
    row[COLUMN["length"]] = NO_LENGTH
    row[COLUMN["velocity"]] = 0 if last is None else velocity_class(np.array(last.velocity))
    known_columns(row[None], np.array([onset]), context, LIVEJAM)
    return row


def start_onset(first: int, metre: Metre | None) -> int:
    """Return the tick from which the first delta of all is counted: the start of its bar (or beat)."""
    if metre is None:
        return first - first % TICKS_PER_BEAT
    return first - (first - metre.bar_line) % metre.bar_ticks


def _nearest(points: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the index of the nearest of ascending `points` for each value; the lower one in a draw."""
    middles = (points[1:] + points[:-1]) / 2
    return np.asarray(np.searchsorted(middles, values, side="left"))
