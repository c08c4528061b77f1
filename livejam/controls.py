"""What an answer can be asked to be: length, density, register, kind, key, coming chord, as classes.

The same code says what a phrase of a corpus is, so that the network learns it, what a player asks for, and whether the
answer turned out so. Class 0 is always "unknown", or "as you like". Pure numpy; knows nothing of the network. Times are
ticks, 24 a quarter note; a phrase is its onsets (N,), ascending, and its pitches (N,), those of a chord ascending, too.
"""

from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import IntEnum

import numpy as np

from livejam.notes import TICKS_PER_BEAT, Metre
from livejam.pieces import Quality
from livejam.tokenizer import Chord, chord_at

MOST_BARS = 16  # counted one by one; one class more for more of them
BEATS_LEFT = (*range(2, 34), 41, 49, 65)  # the first of each class but the lowest, which is one beat
DENSITIES = (0.6, 1.1, 1.6, 2.4, 3.6)  # notes a beat: edges of the classes
REGISTERS = (48, 55, 61, 67, 73, 79)  # mean MIDI pitch
SHIFTS = (-14, -7.5, -2.5, 2.5, 7.5, 14)  # semitones from the call's mean pitch to the answer's
COMPARED = 40  # notes of each phrase that are compared
STEPS = (1, 3, 5, 8)  # semitones: repeated note, step, third, fourth or fifth, leap
GAPS = (1, 4, 7, 10, 14, 20, 28, 42, 60, 84, 144)  # ticks between onsets, on either side of common values
ECHO = 0.8  # likeness of line and of rhythm: at least that both
VARY = 0.6, 0.68  # of line alone; or of both, on average
CONTRAST = 0.42  # of both, on average: less than that
SURE = 0.55  # correlation with a key's profile from which on a key counts as known

# How well each degree fits, in probe-tone ratings (Krumhansl and Kessler 1982).
MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11)
MINOR_SCALE = (0, 2, 3, 5, 7, 8, 10, 11)  # natural, and its leading note


class Kind(IntEnum):
    """How an answer takes up its call."""

    UNKNOWN = 0
    ECHO = 1  # the same again, perhaps from another pitch
    VARY = 2  # its line or its rhythm
    CONTINUE = 3  # goes on from it
    CONTRAST = 4  # something else


CONTROLS = {  # name: number of classes; the order of a row
    "bars": MOST_BARS + 2,  # bars left, that of the latest note included
    "beats": len(BEATS_LEFT) + 2,  # quarter notes left, likewise
    "density": len(DENSITIES) + 2,
    "register": len(REGISTERS) + 2,
    "shift": len(SHIFTS) + 2,  # register beside the call's
    "kind": len(Kind),
    "key": 25,  # 1 + tonic: major, 13 + tonic: minor
    "next_root": 13,  # chord of the next beat: 0 none, 1 + pitch class
    "next_quality": len(Quality),
}
CONTROL = {name: column for column, name in enumerate(CONTROLS)}
OF_THE_CALL = ("shift", "kind")  # those that mean nothing without a call


@dataclass(frozen=True, slots=True)
class Wish:
    """What a player asks an answer to be; None or 0: whatever the network likes. Chords are part of the context."""

    bars: int | None = None  # from the bar of the first note on; needs a metre
    beats: int | None = None  # quarter notes, likewise
    density: int = 0  # classes, 1 the fewest notes
    register: int = 0  # 1 the lowest
    shift: int = 0  # 1 the farthest below the call, 4 where it is
    kind: Kind = Kind.UNKNOWN
    key: int = 0  # see CONTROLS

    def __post_init__(self) -> None:
        """Refuse what is no class. Raises ValueError."""
        for name in ("density", "register", "shift", "kind", "key"):
            if not 0 <= getattr(self, name) < CONTROLS[name]:
                raise ValueError(f"{name} goes from 0 to {CONTROLS[name] - 1}, not {getattr(self, name)}")
        for name in ("bars", "beats"):
            asked = getattr(self, name)
            if asked is not None and asked < 1:
                raise ValueError(f"{name} must be 1 or more, not {asked}")

    def row(self, onset: int, first: int | None, metre: Metre | None, chords: tuple[Chord, ...] = ()) -> np.ndarray:
        """Return the controls (len(CONTROLS),) int64 of the step after an event at `onset`.

        `first` is the onset of the answer's first note; None before there is one.
        """
        row = np.zeros(len(CONTROLS), np.int64)
        for name in ("density", "register", "shift", "kind", "key"):
            row[CONTROL[name]] = getattr(self, name)
        if self.bars and metre:
            row[CONTROL["bars"]] = bars_class(self.bars - _passed_bars(onset, first, metre))
        origin = metre.bar_line if metre else 0
        if self.beats:
            passed = 0 if first is None else beat_of(onset, origin) - beat_of(first, origin)
            row[CONTROL["beats"]] = beats_class(self.beats - passed)
        if chords:
            after = origin + TICKS_PER_BEAT * (beat_of(onset, origin) + 1)
            row[CONTROL["next_root"]], row[CONTROL["next_quality"]] = chord_at(chords, after)
        return row


def _passed_bars(onset: int, first: int | None, metre: Metre) -> int:
    if first is None:
        return 0
    bar, place = divmod(first - metre.bar_line, metre.bar_ticks)
    begun = first_bar(bar, place, metre.bar_ticks)
    return max(0, (onset - metre.bar_line) // metre.bar_ticks - int(begun))


def first_bar(bar: np.ndarray | int, place: np.ndarray | int, bar_ticks: np.ndarray | int) -> np.ndarray:
    """Return the bar with which a phrase begins: that of its first note, or the next one if that is a pickup to it.

    `bar` is the number of the first note's bar, `place` its place there, `bar_ticks` the bar's length; any shape.
    """
    pickup = np.minimum(TICKS_PER_BEAT, np.asarray(bar_ticks) // 3)
    return np.asarray(bar + (np.asarray(place) >= bar_ticks - pickup))


def bars_class(left: np.ndarray | int) -> np.ndarray:
    """Return the class of so many bars left; fewer than one count as one."""
    return np.asarray(np.clip(left, 1, MOST_BARS + 1))


def beats_class(left: np.ndarray | int) -> np.ndarray:
    """Return the class of so many quarter notes left; fewer than one count as one."""
    return np.asarray(1 + np.searchsorted(BEATS_LEFT, left, side="right"))


def beat_of(onset: int, origin: int) -> int:
    """Return the number of the quarter note of `onset`, counted from `origin`, both ticks."""
    return (onset - origin) // TICKS_PER_BEAT


def density(onsets: np.ndarray) -> float:
    """Return the notes a quarter note of a phrase; nan if all its notes are one chord."""
    span = (onsets[-1] - onsets[0]) / TICKS_PER_BEAT
    return float((len(onsets) - 1) / span) if span else float("nan")


def density_class(notes_a_beat: float) -> int:
    """Return the class of a density; 0 for nan."""
    return _class(notes_a_beat, DENSITIES)


def register_class(pitch: float) -> int:
    """Return the class of a mean pitch; 0 for nan."""
    return _class(pitch, REGISTERS)


def shift_class(semitones: float) -> int:
    """Return the class of the way from a call's mean pitch to its answer's; 0 for nan."""
    return _class(semitones, SHIFTS)


def _class(value: float, edges: tuple[float, ...]) -> int:
    return 0 if np.isnan(value) else 1 + int(np.searchsorted(edges, value))


def likeness(call: tuple[np.ndarray, np.ndarray], answer: tuple[np.ndarray, np.ndarray]) -> tuple[float, float]:
    """Return how alike two phrases (onsets, pitches) are in line and in rhythm, each 0..1.

    Compared are the runs they share (Ratcliff and Obershelp 1988) of steps between highest notes, in classes that are
    alike in any key and a scale step higher, and of gaps between onsets.
    """
    one, other = _outline(*call), _outline(*answer)
    line, rhythm = (SequenceMatcher(None, a, b, autojunk=False).ratio() for a, b in zip(one, other, strict=True))
    return line, rhythm


def kind_of(call: tuple[np.ndarray, np.ndarray], answer: tuple[np.ndarray, np.ndarray]) -> Kind:
    """Return how `answer` takes up `call`, by `likeness`; unknown where one has fewer than three notes.

    Shares of the kinds in each corpus are in ARCHITECTURE.md.
    """
    if min(len(call[0]), len(answer[0])) < 3:
        return Kind.UNKNOWN
    line, rhythm = likeness(call, answer)
    both = (line + rhythm) / 2
    if min(line, rhythm) >= ECHO:
        return Kind.ECHO
    if line >= VARY[0] or both >= VARY[1]:
        return Kind.VARY
    return Kind.CONTRAST if both < CONTRAST else Kind.CONTINUE


def _outline(onsets: np.ndarray, pitches: np.ndarray) -> tuple[list[int], list[int]]:
    """Return the classes of steps and gaps between the highest notes of each onset."""
    highest = np.append(np.diff(onsets) > 0, True)
    steps, gaps = np.diff(pitches[highest].astype(np.int64)), np.diff(onsets[highest])
    lines = np.sign(steps) * np.searchsorted(STEPS, np.abs(steps), side="right")
    return lines[:COMPARED].tolist(), np.searchsorted(GAPS, gaps, side="right")[:COMPARED].tolist()


KEY_PROFILES = np.array([np.roll(profile, tonic) for profile in (MAJOR, MINOR) for tonic in range(12)])
KEY_PROFILES = KEY_PROFILES - KEY_PROFILES.mean(1, keepdims=True)
KEY_PROFILES = KEY_PROFILES / np.linalg.norm(KEY_PROFILES, axis=1, keepdims=True)  # (24, 12)


def key_of(histogram: np.ndarray) -> np.ndarray:
    """Return the class of the key of pitch-class histograms (..., 12), by any measure; 0 where none is clear."""
    centred = histogram - histogram.mean(-1, keepdims=True)
    norm = np.linalg.norm(centred, axis=-1, keepdims=True)
    fit = centred / np.maximum(norm, 1e-9) @ KEY_PROFILES.T  # (..., 24)
    return np.where(fit.max(-1) >= SURE, 1 + fit.argmax(-1), 0)


def transposed_key(key: int, semitones: int) -> int:
    """Return the class of a key moved by `semitones`."""
    return key and 1 + 12 * ((key - 1) // 12) + (key - 1 + semitones) % 12
