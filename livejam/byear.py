"""Which chord comes next, by ear: from the melody up to now, with what is usual in the key it seems to be in.

A hidden Markov model, as in MySong (Simon, Morris and Basu 2008): the states are chords of four kinds on twelve roots,
each lasts half a bar or a bar; a melody tells of the chord under it, and chords follow one another as they do in the
corpora, by their place in the key. The key is not told either: all of them are weighed by how well the melody lies in
them. What came before is summed up (the forward algorithm); the chord to come is the likeliest one.

On held-out melodies of six corpora, guessed a quarter of a beat ahead, 45 % of the melody's notes lie in the chord: in
what people played with them 42 % do, in the chords as they are written 70 % (tools/by_ear.py).

Pure numpy. Ticks. The tables beside this file are made by tools/chord_tables.py. One thread, some 0.6 ms a question.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from livejam.controls import MAJOR, MINOR
from livejam.notes import TICKS_PER_BEAT, Metre, TickNote
from livejam.pieces import Quality, Style

KINDS = (Quality.MAJOR, Quality.MINOR, Quality.DOMINANT, Quality.DIMINISHED)
KIND_OF = {
    Quality.MAJOR: 0, Quality.MAJOR7: 0, Quality.AUGMENTED: 0, Quality.SUSPENDED: 0, Quality.OTHER: 0,
    Quality.MINOR: 1, Quality.MINOR7: 1, Quality.DOMINANT: 2, Quality.DIMINISHED: 3, Quality.HALF_DIMINISHED: 3,
}  # fmt: skip
JAZZ = {Quality.MAJOR: Quality.MAJOR7, Quality.MINOR: Quality.MINOR7, Quality.DIMINISHED: Quality.HALF_DIMINISHED}
STATES = 12 * len(KINDS)  # root * 4 + kind
LEAST = 8  # ticks that a note counts as at least: one that has just been struck has hardly sounded yet
KEPT = 96  # notes of the melody that count
BACK = 16  # stretches that are looked back
WEIGHT = 0.7  # of what a beat of melody says about its chord
KEY_WEIGHT = 0.3  # likewise about the key
STRAY = 0.02  # chance that the key is another from one chord to the next
SCALES = np.array([MAJOR, MINOR])  # how well each degree fits, in probe-tone ratings


@dataclass(frozen=True, slots=True)
class Tables:
    """What is usual, in all keys: 0..11 major and 12..23 minor, by tonic."""

    notes: np.ndarray  # (12, STATES) log-probabilities of a melody's pitch classes over a chord
    scales: np.ndarray  # (12, 24) the same in a key
    begins: np.ndarray  # (24, STATES) probabilities of chords in a key, the keys being equally likely
    follows: np.ndarray  # (2, 24, STATES, STATES) of what follows in a key, within a bar and at a bar line


@lru_cache(maxsize=1)
def tables() -> Tables:
    """Return the tables that come with livejam, in all keys; kept are they as counted from roots and tonics."""
    with np.load(Path(__file__).with_name("byear.npz")) as file:
        emission, begins, follows = (file[name].astype(np.float64) for name in ("emission", "begins", "follows"))
    k, keys = len(KINDS), [divmod(key, 12) for key in range(24)]
    notes = np.array([np.roll(emission[kind], root) for root in range(12) for kind in range(k)]).T
    scales = np.array([np.roll(SCALES[mode], tonic) for mode, tonic in keys]).T
    return Tables(
        np.log(notes), np.log(scales / scales.sum(0)),
        np.array([np.roll(begins[mode], k * tonic) for mode, tonic in keys]) / len(keys),
        np.array([[np.roll(follows[mode, where], (k * tonic, k * tonic), (0, 1)) for mode, tonic in keys]
                  for where in (0, 1)]),
    )  # fmt: skip


def stretch_of(metre: Metre) -> int:
    """Return how long a chord lasts at least, ticks: half a bar of two halves of two beats or more, else a bar."""
    halves = metre.numerator % 2 == 0 and metre.bar_ticks >= 4 * TICKS_PER_BEAT
    return metre.bar_ticks // 2 if halves else metre.bar_ticks


def guess(
    melody: Sequence[TickNote], at: int, metre: Metre, style: Style = Style.UNKNOWN
) -> tuple[int, Quality] | None:
    """Return root (0..11) and quality of the chord for the stretch in which tick `at` lies; None: nothing was played.

    `melody`: what was played up to now, by onset; the latest notes suffice.
    """
    if not melody:
        return None
    usual, stretch, melody = tables(), stretch_of(metre), melody[-KEPT:]
    here = (at - metre.bar_line) // stretch
    first = max(here - BACK, (melody[0].onset - metre.bar_line) // stretch)
    heard = _heard(melody, first, here, stretch, metre.bar_line)
    a_bar = metre.bar_ticks // stretch
    says = WEIGHT * (heard @ usual.notes)[:, None, :] + KEY_WEIGHT * (heard @ usual.scales)[:, :, None]
    state = usual.begins.copy()  # (24, STATES): keys and chords
    for number in range(first, here + 1):
        if number > first:
            state = (state[:, None, :] @ usual.follows[int(number % a_bar == 0)])[:, 0]
            state = (1 - STRAY) * state + STRAY * usual.begins * state.sum()
        state *= np.exp(says[number - first] - says[number - first].max())
        state /= state.sum()
    state = state.sum(0)
    root, kind = divmod(int(np.argmax(state)), len(KINDS))
    quality = KINDS[kind]
    return root, JAZZ.get(quality, quality) if style is Style.JAZZ else quality


def _heard(melody: Sequence[TickNote], first: int, last: int, stretch: int, bar_line: int) -> np.ndarray:
    """Return how many beats of each pitch class sound in each stretch (stretches, 12)."""
    beats = np.zeros((last - first + 1, 12))
    begin = bar_line + first * stretch
    for note in melody:
        onset, end = note.onset - begin, note.onset - begin + max(note.length, LEAST)
        for number in range(max(0, onset // stretch), min(last - first, (end - 1) // stretch) + 1):
            share = min(end, (number + 1) * stretch) - max(onset, number * stretch)
            beats[number, note.pitch % 12] += share / TICKS_PER_BEAT
    return beats
