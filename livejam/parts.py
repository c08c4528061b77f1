"""A piece as a band would play it: lead, bass, chords and drums. Pure numpy. Ticks."""

import numpy as np

from livejam.pieces import NOTE, Piece, Role

ORDER = (Role.BASS, Role.CHORDS, Role.DRUMS, Role.MELODY)  # of the parts, as they are heard and made up
LOW = 55  # MIDI pitch: no bass is higher
HAND = 20  # ticks: what follows a lower note as soon as that is figuration, not bass
NEIGHBOURS = 10  # notes before that are looked at for it
LEADING = ("pop909",)  # corpora whose second voice is a lead, too: the bridge of a song


def parts_of(piece: Piece) -> dict[Role, np.ndarray]:
    """Return the notes, NOTE by onset and pitch, of each role of ORDER that is there; a piano is bass and chords."""
    notes: dict[Role, list[np.ndarray]] = {}
    for part in piece.parts:
        if part.role == Role.PIANO:
            bass = bass_of(part.notes)
            notes.setdefault(Role.BASS, []).append(part.notes[bass])
            notes.setdefault(Role.CHORDS, []).append(part.notes[~bass])
        elif part.role == Role.COUNTER and piece.corpus not in LEADING:
            notes.setdefault(Role.CHORDS, []).append(part.notes)
        elif part.role in ORDER:
            notes.setdefault(part.role, []).append(part.notes)
    joined = {role: np.concatenate([np.empty(0, NOTE), *some]) for role, some in notes.items()}
    return {role: np.unique(some) for role, some in joined.items() if len(some)}


def bass_of(notes: np.ndarray) -> np.ndarray:
    """Return which `notes` (N,) NOTE of a piano, by onset and pitch, are its bass: low, and no figure over one."""
    onsets, pitches = notes["onset"].astype(np.int64), notes["pitch"].astype(np.int64)
    bass = np.asarray(pitches <= LOW)
    for back in range(1, min(NEIGHBOURS, len(notes) - 1) + 1):
        near = onsets[back:] - onsets[:-back] <= HAND
        bass[back:] &= ~(near & (pitches[:-back] < pitches[back:]))
    return bass
