"""Chords: their tones, and by ear the likeliest one of every half bar, where nobody wrote them down. Pure numpy.

Each stretch of two beats is compared with triads and sevenths on every root: how much of what sounds belongs to the
chord, how little does not, and whether its root is in the bass (templates, as in Pardo and Birmingham 2002). Ticks.
"""

from collections.abc import Mapping

import numpy as np

from livejam.notes import TICKS_PER_BEAT
from livejam.pieces import CHORD, Piece, Quality, Role

TONES = {  # semitones above the root
    Quality.MAJOR: (0, 4, 7), Quality.MINOR: (0, 3, 7), Quality.DOMINANT: (0, 4, 7, 10),
    Quality.MAJOR7: (0, 4, 7, 11), Quality.MINOR7: (0, 3, 7, 10), Quality.DIMINISHED: (0, 3, 6, 9),
    Quality.HALF_DIMINISHED: (0, 3, 6, 10), Quality.AUGMENTED: (0, 4, 8), Quality.SUSPENDED: (0, 5, 7),
}  # fmt: skip
STRETCH = 2 * TICKS_PER_BEAT  # ticks that have one chord
TEMPLATES = (
    (Quality.MAJOR, (0, 4, 7)), (Quality.MINOR, (0, 3, 7)), (Quality.DOMINANT, (0, 4, 7, 10)),
    (Quality.MINOR7, (0, 3, 7, 10)), (Quality.MAJOR7, (0, 4, 7, 11)), (Quality.DIMINISHED, (0, 3, 6)),
)  # fmt: skip
LONGEST = 8  # stretches over which one note counts
FOURTH = 0.12  # what a fourth tone costs, as a share of all that sounds
ROOT = 0.25  # what a root in the bass is worth, likewise


def chord_tones(root: int, quality: Quality) -> frozenset[int]:
    """Return the pitch classes of a chord on `root` (0..11); none are known of an uncommon one."""
    return frozenset((root + tone) % 12 for tone in TONES.get(quality, ()))


def chords_of(piece: Piece, parts: Mapping[Role, np.ndarray]) -> np.ndarray:
    """Return the chords, CHORD, of a piece: as they are written, else by ear from its `parts` (N,) NOTE."""
    sounding = [notes for role, notes in parts.items() if role != Role.DRUMS]
    if len(piece.chords) or not sounding or not len(piece.metres):
        return piece.chords
    return found_chords(np.concatenate(sounding), int(piece.metres["tick"][0]))


def found_chords(notes: np.ndarray, bar_line: int) -> np.ndarray:
    """Return the chords, CHORD, that `notes` (N,) NOTE make, in stretches counted from `bar_line`."""
    first = bar_line - -(-(bar_line - int(notes["onset"].min())) // STRETCH) * STRETCH
    onsets = notes["onset"].astype(np.int64) - first
    ends = onsets + np.maximum(notes["length"].astype(np.int64), 1)
    count = int(ends.max() // STRETCH) + 1
    sounding = np.zeros((count, 12))
    bass, lowest = np.full(count, -1), np.full(count, 999)
    begin, pitch = onsets // STRETCH, notes["pitch"].astype(np.int64)
    for k in range(LONGEST):
        at = begin + k
        share = np.minimum(ends, (at + 1) * STRETCH) - np.maximum(onsets, at * STRETCH)
        real = (share > 0) & (at < count)
        np.add.at(sounding, (at[real], pitch[real] % 12), share[real])
        np.minimum.at(lowest, at[real], pitch[real])
    heard = lowest < 999
    bass[heard] = lowest[heard] % 12
    best = _best(sounding, bass)
    changes = np.flatnonzero(np.append(True, (best[1:] != best[:-1]).any(1)))
    chords = np.zeros(len(changes), CHORD)
    chords["tick"] = first + changes * STRETCH
    chords["root"], chords["quality"] = best[changes].T
    return chords


def _best(sounding: np.ndarray, bass: np.ndarray) -> np.ndarray:
    """Return root and quality (T, 2) of each stretch; where nothing sounds, those before."""
    total = sounding.sum(1, keepdims=True)
    share = sounding / np.maximum(total, 1e-9)
    scores, names = [], []
    for quality, tones in TEMPLATES:
        for root in range(12):
            inside = share[:, [(root + tone) % 12 for tone in tones]].sum(1)
            scores.append(2 * inside - 1 - FOURTH * (len(tones) - 3) + ROOT * (bass == root))
            names.append((root, int(quality)))
    best = np.array(names)[np.argmax(scores, axis=0)]
    known = np.maximum.accumulate(np.where(total[:, 0] > 0, np.arange(len(best)), -1))
    return np.where((known >= 0)[:, None], best[np.maximum(known, 0)], (-1, 0))
