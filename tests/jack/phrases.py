"""Phrases to play: a few of our own, or those of a prepared corpus."""

import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from livejam.notes import TICKS_PER_BEAT
from livejam.pieces import Part, Piece, Role, load_pieces

USUAL_BPM = 110.0  # where a piece has none
NOTES = (4, 24)  # of a phrase: at least, at most
LONGEST = 8.0  # seconds
MELODY = 32  # beats of a melody that is accompanied, about

# Each is (beat in seconds, (pitch, length in beats), ...); a pitch of 0 is a rest.
TUNES = (
    (0.40, (67, 1), (69, 0.5), (71, 0.5), (74, 1), (71, 0.5), (69, 0.5), (67, 1)),
    (0.50, (62, 0.5), (65, 0.5), (69, 0.5), (68, 0.5), (69, 1), (0, 0.5), (65, 0.5), (62, 1)),
    (0.36, (60, 1), (64, 1), (67, 1), (72, 2), (71, 0.5), (69, 0.5), (67, 1)),
    (0.55, (76, 0.5), (74, 0.5), (72, 0.5), (69, 0.5), (72, 1), (67, 1)),
)


def own_phrases() -> list[list[tuple[float, int, float, int]]]:
    """Return a few short phrases: (onset in seconds, pitch, length in seconds, velocity)."""
    return [list(_timed(beat, notes)) for beat, *notes in TUNES]


def corpus_phrases(count: int) -> list[list[tuple[float, int, float, int]]]:
    """Return `count` phrases from the validation split of the corpus in LIVEJAM_CORPUS, spread over its melodies."""
    pieces, _ = load_pieces(Path(os.environ["LIVEJAM_CORPUS"]))
    found = [phrase for piece in pieces if piece.split == "valid" for phrase in _phrases_of(piece)]
    assert len(found) >= count, f"only {len(found)} phrases to play"
    return found[:: len(found) // count][:count]


def melodies(count: int) -> list[list[tuple[float, int, float, int]]]:
    """Return melodies to accompany, in beats: our own two, or `count` of the corpus in LIVEJAM_CORPUS."""
    if "LIVEJAM_CORPUS" not in os.environ:
        return [_repeated(list(_timed(1.0, notes))) for _, *notes in TUNES[:2]]
    pieces, _ = load_pieces(Path(os.environ["LIVEJAM_CORPUS"]))
    parts = (part for piece in pieces if piece.split == "valid" for part in piece.parts if part.role is Role.MELODY)
    whole = [list(_begun(part)) for part in parts]
    found = [melody for melody in whole if len(melody) >= NOTES[1] and melody[-1][0] > MELODY / 2]
    assert len(found) >= count, f"only {len(found)} melodies to play"
    return found[:: len(found) // count][:count]


def _repeated(tune: list[tuple[float, int, float, int]]) -> list[tuple[float, int, float, int]]:
    """Return a tune over and over: each time from the next bar of four beats on."""
    bars = 4 * int(tune[-1][0] // 4 + 1)
    return [(at + again, *note) for again in range(0, MELODY // 2, bars) for at, *note in tune]


def _begun(part: Part) -> Iterator[tuple[float, int, float, int]]:
    """Yield the beginning of a part from beat 0 on, every note released before the next is struck."""
    onsets = sorted({int(onset) for onset in part.notes["onset"]})
    following = dict(pairwise(onsets))
    for note in part.notes:
        onset = int(note["onset"])
        at, gap = onset - onsets[0], following.get(onset, onset + TICKS_PER_BEAT) - onset
        if at < MELODY * TICKS_PER_BEAT:
            length = max(1.0, 0.95 * min(int(note["length"]), gap))
            yield at / TICKS_PER_BEAT, int(note["pitch"]), length / TICKS_PER_BEAT, int(note["velocity"]) or 80


def _timed(beat: float, notes: list[tuple[int, float]]) -> Iterator[tuple[float, int, float, int]]:
    at = 0.0
    for pitch, beats in notes:
        if pitch:
            yield at * beat, pitch, 0.9 * beats * beat, 76 + 12 * (at % 2 == 0)
        at += beats


def _phrases_of(piece: Piece) -> Iterator[list[tuple[float, int, float, int]]]:
    bpm = float(piece.tempos["bpm"][0]) if len(piece.tempos) else USUAL_BPM
    melodies = [part for part in piece.parts if part.role in (Role.MELODY, Role.UNKNOWN, Role.ALL, Role.PIANO)]
    for part in melodies[:1]:
        for phrase in _cut(part, 60 / bpm / TICKS_PER_BEAT):
            if NOTES[0] <= len(phrase) <= NOTES[1] and phrase[-1][0] < LONGEST:
                yield phrase


def _cut(part: Part, tick: float) -> Iterator[list[tuple[float, int, float, int]]]:
    """Return each phrase of a part from time 0 on, every note released before its key is struck again."""
    ends = [*part.phrases["start"][1:], len(part.notes)]
    for start, end in zip(part.phrases["start"], ends, strict=True):
        notes = part.notes[start:end]
        phrase = []
        for number, note in enumerate(notes):
            again = [int(later["onset"]) for later in notes[number + 1 :] if later["pitch"] == note["pitch"]]
            length = min([int(note["length"]), *(onset - int(note["onset"]) for onset in again)])
            onset = (int(note["onset"]) - int(notes[0]["onset"])) * tick
            phrase.append((onset, int(note["pitch"]), max(0.02, 0.95 * length * tick), int(note["velocity"]) or 80))
        yield phrase
