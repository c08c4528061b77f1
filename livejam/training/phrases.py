"""Where phrases start in a part: at marked ends, at rests, else at bar lines.

Pure functions on prepared notes (ticks, 24 a quarter note); knows nothing of corpora or files.
"""

from collections.abc import Sequence

import numpy as np


def cut_phrases(
    notes: np.ndarray, metres: np.ndarray, marks: Sequence[int] = (), *, most: int = 64
) -> np.ndarray:
    """Cut the part `notes` into phrases.

    Args:
        notes: (N,) NOTE, sorted by (onset, pitch), at least one.
        metres: (M,) METRE of the piece; empty where unknown (then bars of 4/4 from tick 0).
        marks: ticks at which the source itself starts a new phrase (strain ends, fermatas): always cut there; the
            phrase that ends at a mark, or at the end of a part that has marks, is marked.
        most: notes a phrase at most; 64 for a melody, 128 for polyphonic parts.

    Returns:
        (P,) PHRASE: first notes, ascending, the first is 0.
    """
    raise NotImplementedError
