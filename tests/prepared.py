"""Prepared pieces out of a seed, for what trains on them."""

import numpy as np

from livejam.pieces import CHORD, METRE, NOTE, PHRASE, TEMPO, Part, Piece, Role, Style, save_pieces


def part(sizes, seed=1, role=Role.MELODY, velocity=80, pitch=None, marked=True, step=12):
    """Return a part of phrases of `sizes` notes, `step` ticks apart: a random walk, or all of one `pitch`."""
    n, rng = sum(sizes), np.random.default_rng(seed)
    notes = np.zeros(n, NOTE)
    notes["onset"] = step * np.arange(n)
    notes["length"] = step
    notes["pitch"] = pitch or np.clip(60 + np.cumsum(rng.integers(-4, 5, n)), 40, 90)
    notes["velocity"] = velocity
    phrases = np.zeros(len(sizes), PHRASE)
    phrases["start"] = np.cumsum([0, *sizes[:-1]])
    phrases["marked"] = marked
    return Part(role, notes, phrases)


def piece(*parts, name="one", corpus="ours", split="train", metre=(4, 4), chords=(), style=Style.FOLK):
    """Return a piece in one metre (None: unknown), with `chords` of (tick, root, quality)."""
    metres = np.array([] if metre is None else [(0, *metre)], METRE)
    return Piece(
        corpus, name, name, split, style, metres, np.array(list(chords), CHORD), np.array([], TEMPO), tuple(parts)
    )


def corpus(folder, sizes=(8,) * 8, pieces=6, **about):
    """Write `pieces` pieces, every third held out, to `folder`; return it."""
    splits = ("train", "train", "valid")
    made = [piece(part(sizes, i, **about), name=f"piece {i}", split=splits[i % 3]) for i in range(pieces)]
    save_pieces(folder, made, {"corpora": ["ours"]})
    return folder


def riff(folder, pieces=6):
    """Write pieces that repeat one bar of eight notes in eight phrases, from one pitch or another; return `folder`."""
    steps = np.array([0, 4, 7, 12, 7, 4, 2, 5])
    made = []
    for i, split in zip(range(pieces), (("train", "train", "valid") * pieces), strict=False):
        line = part((8,) * 8, pitch=1)
        line.notes["pitch"] = 55 + i + np.tile(steps, 8)
        made.append(piece(line, name=f"riff {i}", split=split))
    save_pieces(folder, made, {"corpora": ["ours"]})
    return folder
