"""Keys, and how much of a phrase lies in one: Krumhansl and Schmuckler (Krumhansl 1990, chapter 4).

The key is that whose probe-tone profile (Krumhansl and Kessler 1982) correlates best with the pitch classes, weighted
by length. Pure; ticks.
"""

import numpy as np

from livejam.controls import KEY_PROFILES, MAJOR_SCALE, MINOR_SCALE
from livejam.measures.features import Columns


def key_of(*phrases: Columns) -> tuple[int, bool]:
    """Return the tonic (0..11) and whether the key is minor, of phrases together; C major where there is nothing."""
    weights = np.zeros(12)
    for notes in phrases:
        weights += np.bincount(notes.pitch % 12, weights=notes.length, minlength=12)
    best = int((KEY_PROFILES @ (weights - weights.mean())).argmax())
    return best % 12, best >= 12


def in_key_share(notes: Columns, key: tuple[int, bool]) -> float:
    """Return the share of notes, 0..1, on the scale of `key`; nan where there are no notes."""
    tonic, minor = key
    scale = MINOR_SCALE if minor else MAJOR_SCALE
    return float(np.isin((notes.pitch - tonic) % 12, scale).mean()) if len(notes.pitch) else float("nan")
