"""Which chord comes next, by ear: from the melody up to now, with what is usual in the key it seems to be in.

A hidden Markov model, as in MySong (Simon, Morris and Basu 2008): the states are chords of four kinds on twelve roots,
each lasts half a bar or a bar; a melody tells of the chord under it, and chords follow one another as they do in the
corpora, by their place in the key. The key is not told either: all of them are weighed by how well the melody lies in
them. What came before is summed up (the forward algorithm); the chord to come is the likeliest one.

On held-out melodies of six corpora, guessed a quarter of a beat ahead, 44 % of the melody's notes lie in the chord: in
what people played with them 42 % do, in the chords as they are written 70 %.

Pure numpy. Ticks. The tables beside this file are made by tools/chord_tables.py. One thread, some 0.6 ms a question.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from livejam.controls import KEY_PROFILES
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
MOST = 48  # ticks, at most, for the key
KEPT = 96  # notes of the melody that count
BACK = 16  # stretches that are looked back
WEIGHT = 0.7  # of what a beat of melody says about its chord
FADE = 0.97  # share of its say on the key that a note keeps with every beat
SURE = 10.0  # how fast the fit of a key becomes certainty
KEYS = 4  # that are weighed


@dataclass(frozen=True, slots=True)
class Tables:
    """What is usual. Rows are probabilities; pitch classes and roots count from the chord's root, or the tonic."""

    emission: np.ndarray  # (4, 12) of a melody over a chord of each kind
    begins: np.ndarray  # (2, 48) chords in major and minor
    follows: np.ndarray  # (2, 2, 48, 48) in major and minor, within a bar and at a bar line: from, to


@lru_cache(maxsize=1)
def tables() -> Tables:
    """Return the tables that come with livejam."""
    with np.load(Path(__file__).with_name("byear.npz")) as file:
        return Tables(*(file[name].astype(np.float64) for name in ("emission", "begins", "follows")))


def stretch_of(metre: Metre) -> int:
    """Return how long a chord lasts at least, ticks: half a bar of two halves of two beats or more, else a bar."""
    halves = metre.numerator % 2 == 0 and metre.bar_ticks >= 4 * TICKS_PER_BEAT
    return metre.bar_ticks // 2 if halves else metre.bar_ticks


def guess(
    melody: Sequence[TickNote], at: int, metre: Metre, style: Style = Style.UNKNOWN, known: Tables | None = None
) -> tuple[int, Quality] | None:
    """Return root (0..11) and quality of the chord for the stretch in which tick `at` lies; None: nothing was played.

    `melody`: what was played up to now, by onset; the latest notes suffice.
    """
    known, stretch = known or tables(), stretch_of(metre)
    if not melody:
        return None
    here = (at - metre.bar_line) // stretch
    first = max(here - BACK, (melody[0].onset - metre.bar_line) // stretch)
    melody = melody[-KEPT:]
    heard = _heard(melody, first, here, stretch, metre.bar_line)
    keys, a_bar, says_of = _keys(melody, at), metre.bar_ticks // stretch, _emission_logs(known)
    state = _mixed([(share, _turned(known.begins[key // 12], key % 12)) for key, share in keys])
    follows = [
        _mixed([(share, _turned(known.follows[key // 12, where], key % 12)) for key, share in keys]) for where in (0, 1)
    ]
    for number in range(first, here + 1):
        if number > first:
            state = state @ follows[int(number % a_bar == 0)]
        says = WEIGHT * heard[number - first] @ says_of
        state = state * np.exp(says - says.max())
        state /= state.sum()
    root, kind = divmod(int(np.argmax(state)), len(KINDS))
    quality = KINDS[kind]
    return root, JAZZ.get(quality, quality) if style is Style.JAZZ else quality


def _heard(melody: Sequence[TickNote], first: int, last: int, stretch: int, bar_line: int) -> np.ndarray:
    """Return how many beats of each pitch class sound in each stretch (stretches, 12)."""
    beats = np.zeros((last - first + 1, 12))
    for note in melody:
        number = (note.onset - bar_line) // stretch
        left, onset = max(note.length, LEAST), note.onset
        while left > 0 and number <= last:
            end = bar_line + (number + 1) * stretch
            share = min(left, end - onset)
            if number >= first:
                beats[number - first, note.pitch % 12] += share / TICKS_PER_BEAT
            left, onset, number = left - share, end, number + 1
    return beats


def _keys(melody: Sequence[TickNote], at: int) -> list[tuple[int, float]]:
    """Return the likeliest keys, 0..11 major and 12..23 minor by tonic, and their shares."""
    sounds = np.zeros(12)
    for note in melody:
        ago = max(0.0, (at - note.onset) / TICKS_PER_BEAT)  # beats
        sounds[note.pitch % 12] += min(max(note.length, LEAST), MOST) * FADE**ago
    centred = sounds - sounds.mean()
    fit = KEY_PROFILES @ (centred / max(float(np.linalg.norm(centred)), 1e-9))
    share = np.exp(SURE * (fit - fit.max()))
    best = np.argsort(-share)[:KEYS]
    total = float(share[best].sum())
    return [(int(key), float(share[key]) / total) for key in best]


@lru_cache(maxsize=4)
def _logs(emission: bytes) -> np.ndarray:
    table = np.log(np.frombuffer(emission).reshape(len(KINDS), 12) + 1e-9)
    states = [np.roll(table[kind], root) for root in range(12) for kind in range(len(KINDS))]
    return np.array(states).T  # (12, STATES)


def _emission_logs(known: Tables) -> np.ndarray:
    return _logs(known.emission.tobytes())


def _mixed(parts: Sequence[tuple[float, np.ndarray]]) -> np.ndarray:
    """Return the sum of arrays, each by its share."""
    return np.asarray(sum(share * part for share, part in parts))


def _turned(chords: np.ndarray, tonic: int) -> np.ndarray:
    """Return chords counted from C, along every axis (STATES,), of some counted from a tonic."""
    return np.roll(chords, (len(KINDS) * tonic,) * chords.ndim, tuple(range(chords.ndim)))
