"""Keys, and how much of a phrase lies in one: Krumhansl and Schmuckler (Krumhansl 1990, chapter 4).

The key is that whose probe-tone profile (Krumhansl and Kessler 1982) correlates best with the pitch classes, weighted
by length. Pure; ticks.
"""

import numpy as np

from livejam.measures.features import Columns

MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])
MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11)
MINOR_SCALE = (0, 2, 3, 5, 7, 8, 10, 11)  # natural, and its leading note

_PROFILES = np.array([np.roll(profile, tonic) for profile in (MAJOR, MINOR) for tonic in range(12)])  # (24, 12)
_CENTRED = _PROFILES - _PROFILES.mean(axis=1, keepdims=True)
_UNIT = _CENTRED / np.linalg.norm(_CENTRED, axis=1, keepdims=True)


def key_of(*phrases: Columns) -> tuple[int, bool]:
    """Return the tonic (0..11) and whether the key is minor, of phrases together; C major where there is nothing."""
    weights = np.zeros(12)
    for notes in phrases:
        weights += np.bincount(notes.pitch % 12, weights=notes.length, minlength=12)
    best = int((_UNIT @ (weights - weights.mean())).argmax())
    return best % 12, best >= 12


def in_key_share(notes: Columns, key: tuple[int, bool]) -> float:
    """Return the share of notes, 0..1, on the scale of `key`; nan where there are no notes."""
    tonic, minor = key
    scale = MINOR_SCALE if minor else MAJOR_SCALE
    return float(np.isin((notes.pitch - tonic) % 12, scale).mean()) if len(notes.pitch) else float("nan")
