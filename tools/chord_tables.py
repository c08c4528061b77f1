"""Learn which chords follow one another, and which notes lie over them, from a prepared corpus: livejam/byear.npz.

    python tools/chord_tables.py CORPUS

Chords are those that are written in the corpora, or found by ear in all parts (livejam.harmony). Only the training
split is read. The same corpus gives the same file.
"""

import sys
from pathlib import Path

import numpy as np

from livejam.byear import KIND_OF, KINDS, STATES, stretch_of
from livejam.controls import key_of
from livejam.harmony import chords_of
from livejam.notes import Metre
from livejam.parts import parts_of
from livejam.pieces import Piece, Quality, Role, load_pieces

SEGMENT = 16  # stretches that have one key
LITTLE = 2.0  # notes or chords that are taken for seen beside what was seen
ENOUGH = 60.0  # times that a chord must have been seen in a key for what follows it there to be believed
OUT = Path(__file__).parent.parent / "livejam" / "byear.npz"


def main() -> None:
    """Count, and write the tables."""
    pieces = [piece for piece in load_pieces(Path(sys.argv[1]))[0] if piece.split == "train"]
    emission, begins = np.zeros((len(KINDS), 12)), np.zeros((2, STATES))
    follows = np.zeros((2, 2, STATES, STATES))
    for piece in pieces:
        count(piece, emission, begins, follows)
    begins = (begins + LITTLE) / (begins + LITTLE).sum(-1, keepdims=True)
    follows = follows + ENOUGH * in_any_key(follows.sum(0))  # what is rare in a key follows as in any
    follows /= follows.sum(-1, keepdims=True)
    emission = (emission + LITTLE) / (emission + LITTLE).sum(-1, keepdims=True)
    with OUT.open("wb") as file:
        np.savez_compressed(file, emission=emission.astype(np.float32), begins=begins.astype(np.float32),
                            follows=follows.astype(np.float32))  # fmt: skip
    print(f"{len(pieces)} pieces; written: {OUT}")
    print(np.round(emission, 3))


def in_any_key(follows: np.ndarray) -> np.ndarray:
    """Return (2, 48, 48) probabilities of which chord follows which, by the interval of their roots alone."""
    k = len(KINDS)
    away = np.zeros((2, k, 12, k))  # of kinds, by interval
    for root in range(12):
        for other in range(12):
            away[:, :, (other - root) % 12] += follows[:, k * root : k * root + k, k * other : k * other + k]
    away = away + LITTLE
    away /= away.sum((2, 3), keepdims=True)
    found = np.zeros((2, STATES, STATES))
    for root in range(12):
        for other in range(12):
            found[:, k * root : k * root + k, k * other : k * other + k] = away[:, :, (other - root) % 12]
    return found


def count(piece: Piece, emission: np.ndarray, begins: np.ndarray, follows: np.ndarray) -> None:
    """Add what a piece says, metre by metre."""
    parts = parts_of(piece)
    if Role.MELODY not in parts or not len(piece.metres):
        return
    chords = chords_of(piece, parts)
    if len(chords) < 4:
        return
    melody = parts[Role.MELODY]
    pitched = np.concatenate([notes for role, notes in parts.items() if role != Role.DRUMS])
    last = int(max(melody["onset"].max(), chords["tick"].max())) + 1
    ends = [*piece.metres["tick"][1:].tolist(), last]
    for (tick, numerator, denominator), end in zip(piece.metres.tolist(), ends, strict=True):
        metre = Metre(numerator, denominator, tick)
        stretch = stretch_of(metre)
        states = states_of(chords, range(tick, end, stretch))
        for begin in range(0, len(states), SEGMENT):
            some = states[begin : begin + SEGMENT]
            low, high = tick + begin * stretch, tick + (begin + len(some)) * stretch
            inside = pitched[(pitched["onset"] >= low) & (pitched["onset"] < high)]
            sounds = np.bincount(inside["pitch"] % 12, np.minimum(inside["length"], 96), 12)
            key = int(key_of(sounds)) - 1
            if key >= 0:
                count_chords(some, begin, key, metre.bar_ticks // stretch, begins, follows)
        for onset, length, pitch, _ in melody[(melody["onset"] >= tick) & (melody["onset"] < end)].tolist():
            state = states[(onset - tick) // stretch]
            if state >= 0:
                root, kind = divmod(state, len(KINDS))
                emission[kind, (pitch - root) % 12] += min(length, stretch - (onset - tick) % stretch) / 24


def states_of(chords: np.ndarray, ticks: range) -> list[int]:
    """Return the state at each of `ticks`; -1: no chord."""
    at = np.searchsorted(chords["tick"], np.array(ticks), side="right") - 1
    found = []
    for i in at.tolist():
        root, quality = (int(chords["root"][i]), int(chords["quality"][i])) if i >= 0 else (-1, 0)
        known = root >= 0 and Quality(quality) in KIND_OF
        found.append(root * len(KINDS) + KIND_OF[Quality(quality)] if known else -1)
    return found


def count_chords(states: list[int], number: int, key: int, a_bar: int, begins: np.ndarray, follows: np.ndarray) -> None:
    """Add the chords of some stretches, of which the first is `number`, in a key."""
    mode, tonic = divmod(key, 12)
    relative = [(state - len(KINDS) * tonic) % STATES if state >= 0 else -1 for state in states]
    for i, state in enumerate(relative):
        if state < 0:
            continue
        begins[mode, state] += 1
        if i and relative[i - 1] >= 0:
            follows[mode, int((number + i) % a_bar == 0), relative[i - 1], state] += 1


if __name__ == "__main__":
    main()
