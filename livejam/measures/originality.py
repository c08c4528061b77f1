"""How long a run of notes a phrase shares with the music that was learnt from: exactly, and without an index.

A run is compared by its melodic steps in semitones and by coarse classes of the time between its notes, so that neither
transposition nor a note played a little early or late hides it. Every place of the corpus that still agrees with any of
the phrases is kept while runs grow note by note; the ones that drop out never come back, so the work is that of the
first few notes: seconds for millions of notes. Pure. Ticks.
"""

from collections.abc import Sequence

import numpy as np

from livejam.measures.features import Columns

LONG = 12  # notes: a longer run is called a copy
WAITS = 10  # classes of the time between notes: none, then by factors of two
STEPS = 128  # classes of steps; larger ones than 63 share the last
BREAK = WAITS * STEPS * 2  # between phrases or parts; equal to nothing, itself included


def symbols(notes: Columns) -> np.ndarray:
    """Return the symbols (N - 1,) int64 of a phrase: what leads from each note to the next."""
    return symbols_of(notes.onset, notes.pitch)


def symbols_of(onsets: np.ndarray, pitches: np.ndarray) -> np.ndarray:
    """Return the symbols (N - 1,) int64 of notes (N,) by onset and pitch."""
    steps = np.clip(np.diff(pitches.astype(np.int64)), -63, 63) + 64
    times = np.diff(onsets.astype(np.int64))
    classes = np.where(times > 0, np.clip(np.rint(np.log2(np.maximum(times, 1) / 3)) + 1, 1, WAITS - 1), 0)
    return np.asarray(classes.astype(np.int64) * STEPS + steps)


def joined(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Return many rows of symbols as one, with a break after each."""
    end = np.array([BREAK])
    return np.concatenate([end, *(piece for part in parts for piece in (part, end))]).astype(np.int32)


def longest_shared(phrases: Sequence[np.ndarray], corpus: np.ndarray) -> list[int]:
    """Return, for each phrase, the notes of the longest run that it shares with `corpus` (as of `joined`).

    Phrases are rows of symbols; a phrase of which not even one step is there shares 0 notes.
    """
    line = joined(phrases)
    owner = np.repeat(np.arange(len(phrases)), [len(phrase) + 1 for phrase in phrases])
    owner = np.concatenate([[0], owner])
    longest = np.zeros(len(phrases), np.int64)
    mine, theirs = np.arange(len(line)), np.arange(len(corpus))
    known, held = np.zeros(len(line), np.int64), np.zeros(len(corpus), np.int64)
    for length in range(max(map(len, phrases), default=0)):
        mine, known, theirs, held = _grown(line, corpus, length, mine, known, theirs, held)
        if not len(mine):
            break
        longest[owner[mine]] = length + 2  # notes
    return [int(count) for count in longest]


def _grown(
    line: np.ndarray, corpus: np.ndarray, length: int,
    mine: np.ndarray, known: np.ndarray, theirs: np.ndarray, held: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Return the places in both, and the numbers of their runs, that agree for one symbol more than `length`."""
    ours, its = line[mine + length], corpus[theirs + length]
    ours_go, its_go = ours != BREAK, its != BREAK
    mine, theirs = mine[ours_go], theirs[its_go]
    keys = known[ours_go] * (BREAK + 1) + ours[ours_go]
    wanted = held[its_go] * (BREAK + 1) + its[its_go]
    runs, known = np.unique(keys, return_inverse=True)
    if not len(runs):
        return mine, known, theirs[:0], held[:0]
    held = np.minimum(np.searchsorted(runs, wanted), len(runs) - 1)
    there = runs[held] == wanted
    theirs, held = theirs[there], held[there]
    shared = np.zeros(len(runs), bool)
    shared[held] = True
    stays = shared[known]
    return mine[stays], known[stays], theirs, held
