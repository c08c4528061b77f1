"""Bach's chorales in four voices, in MusicXML. The fermatas of the soprano end the phrases of all voices."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from livejam.pieces import Piece, Role, Style
from livejam.training.corpora import Source
from livejam.training.corpora.scores import ScorePart, make_piece, read_score

NAME = "bach-chorales-m21"
CREDIT = "edited by Margaret Greentree and Michael Scott Cuthbert, distributed with music21"
LICENCE = "distributed with music21"

TUNE = 7  # notes that tell one tune from another
VOICES = {"Soprano": Role.MELODY, "Alto": Role.COUNTER, "Tenor": Role.COUNTER, "Bass": Role.BASS}


def sources(folder: Path) -> list[Source]:
    """One source a chorale."""
    paths = sorted([*folder.rglob("*.mxl"), *folder.rglob("*.xml")])
    return [Source(NAME, path.stem, path, cost=0.03) for path in paths]


def read(source: Source) -> list[Piece]:
    """Read the voices of one chorale; instruments that go with them are left out."""
    score = read_score(source.path, fermatas=True)
    voices = [(role, part) for part in score for name, role in VOICES.items() if part.name.startswith(name)]
    if not voices:
        raise ValueError(f"no part is a voice: {', '.join(part.name for part in score)}")
    parts = [(role, [_with_marks(part, voices[0][1])]) for role, part in voices]
    piece = make_piece(NAME, source.name, "", Style.CLASSICAL, parts)
    return [replace(piece, title=f"chorale {incipit(piece.parts[0].notes)}")]


def incipit(notes: np.ndarray) -> str:
    """Return how a tune begins, as semitones up and down: the files have no titles, and Bach set many tunes often."""
    steps = np.diff(notes["pitch"][:TUNE].astype(int)).tolist()
    return " ".join(f"{'down' if step < 0 else 'up'} {abs(step)}" for step in steps)


def _with_marks(part: ScorePart, soprano: ScorePart) -> ScorePart:
    pairs = zip(part.measures, soprano.measures, strict=True)
    return replace(part, measures=tuple(replace(measure, marks=first.marks) for measure, first in pairs))
