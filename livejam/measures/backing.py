"""What can be said of an accompaniment: does its bass keep to the chords, does the melody lie in what sounds, how do
the voices move, where do the drums strike. Pure numpy. Ticks, 24 a quarter note; shares are 0..1, nan where there is
nothing to judge.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from livejam.harmony import chord_tones
from livejam.notes import Metre, TickNote
from livejam.pieces import Quality, Role
from livejam.spans import PartNote
from livejam.tokenizer import Chord, chord_at

NAN = float("nan")
LEAP = 5  # semitones: a fourth or more
PLACES = 16  # of a bar, where drums are counted
KINDS = {36: 0, 35: 0, 38: 1, 40: 1, 37: 1}  # General MIDI pitch -> kick, snare; all else is cymbals and toms
TOO_WIDE = 24  # semitones that a missing voice counts as


def strong(tick: int, metre: Metre) -> bool:
    """Tell whether `tick` is a downbeat, or the middle of a bar of two halves."""
    half = metre.bar_ticks // 2 if metre.numerator % 2 == 0 else metre.bar_ticks
    return (tick - metre.bar_line) % half == 0


def bass_on_chords(notes: Sequence[PartNote], chords: Sequence[Chord], metre: Metre) -> tuple[float, float]:
    """Return which share of the bass notes on strong beats are tones of the chord there, and which are its root."""
    tones, roots = [], []
    for note, role, _ in notes:
        root, quality = chord_at(chords, note.onset)
        if role is Role.BASS and root and strong(note.onset, metre):
            roots.append(note.pitch % 12 == root - 1)
            tones.append(note.pitch % 12 in (chord_tones(root - 1, Quality(quality)) or {root - 1}))
    return (float(np.mean(tones)), float(np.mean(roots))) if tones else (NAN, NAN)


def agreement(melody: Sequence[TickNote], notes: Sequence[PartNote]) -> float:
    """Return which share of the melody's notes lie in the harmony that sounds with them, in any octave."""
    pitched = [note for note, role, _ in notes if role in (Role.BASS, Role.CHORDS)]
    if not melody:
        return NAN
    onsets = np.array([note.onset for note in pitched], np.int64)
    ends = onsets + np.array([note.length for note in pitched], np.int64)
    classes = np.array([note.pitch % 12 for note in pitched], np.int64)
    inside = [
        bool(((onsets <= each.onset) & (ends > each.onset) & (classes == each.pitch % 12)).any()) for each in melody
    ]
    return float(np.mean(inside))


def voice_leading(notes: Sequence[PartNote]) -> tuple[float, float]:
    """Return how many semitones a voice of the chords moves from one strike to the next, on average, and how often
    bass and top leap in the same direction at once.
    """
    strikes: dict[int, list[int]] = {}
    for note, role, _ in notes:
        if role is Role.CHORDS:
            strikes.setdefault(note.onset, []).append(note.pitch)
    voicings = [sorted(pitches) for _, pitches in sorted(strikes.items()) if len(pitches) > 1]
    moves = [_movement(one, other) for one, other in pairwise(voicings)]
    return (float(np.mean(moves)) if moves else NAN), _parallel_leaps(notes)


def _movement(one: Sequence[int], other: Sequence[int]) -> float:
    """Return the mean way of each note of `other` from the nearest of `one`."""
    return float(np.mean([min(abs(pitch - before) for before in one) for pitch in other]))


def _parallel_leaps(notes: Sequence[PartNote]) -> float:
    outer: dict[int, list[int]] = {}
    for note, role, _ in notes:
        if role in (Role.BASS, Role.CHORDS):
            outer.setdefault(note.onset, []).append(note.pitch)
    frames = np.array([(min(p), max(p)) for _, p in sorted(outer.items()) if len(p) > 1])
    if len(frames) < 2:
        return NAN
    steps = np.diff(frames, axis=0)
    both = (np.abs(steps) >= LEAP).all(1) & (np.sign(steps[:, 0]) == np.sign(steps[:, 1]))
    return float(both.mean())


def groove(notes: Sequence[PartNote], metre: Metre) -> np.ndarray:
    """Return where in the bar drums strike (3 * PLACES,): shares of kick, snare, and all others; zeros without any."""
    counts = np.zeros((3, PLACES))
    for note, role, _ in notes:
        if role is Role.DRUMS:
            place = (note.onset - metre.bar_line) % metre.bar_ticks * PLACES // metre.bar_ticks
            counts[KINDS.get(note.pitch, 2), place] += 1
    return np.asarray(counts.ravel() / max(1.0, counts.sum()))


def apart(one: np.ndarray, other: np.ndarray) -> float:
    """Return the total variation distance of two shares, 0..1; nan where one is empty."""
    return float(np.abs(one - other).sum() / 2) if one.any() and other.any() else NAN
