"""Music out of a seed."""

import numpy as np

from livejam.notes import TickNote


def walk(notes: int, seed: int = 1, start: int = 0) -> list[TickNote]:
    """Return a random walk with chords and rests, from `start` ticks on, whose times have classes of their own."""
    rng = np.random.default_rng(seed)
    onsets = start + np.cumsum(rng.choice([0, 6, 8, 12, 24, 60], notes))
    pitches = np.clip(60 + np.cumsum(rng.integers(-4, 5, notes)), 20, 108)
    lengths, velocities = rng.choice([6, 12, 24, 48], notes), 8 * rng.integers(1, 17, notes) - 4
    columns = (column.tolist() for column in (onsets, pitches, lengths, velocities))
    return [TickNote(*note) for note in zip(*columns, strict=True)]
