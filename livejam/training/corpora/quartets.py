"""String quartets of OpenScore in MusicXML: first violin, second violin and viola, cello."""

from pathlib import Path

from livejam.pieces import Piece, Role, Style
from livejam.training.corpora import Source
from livejam.training.corpora.scores import make_piece, read_score

NAME = "openscore-quartets"
CREDIT = "OpenScore String Quartets and its transcribers"
LICENCE = "CC0"

ROLES = (Role.MELODY, Role.COUNTER, Role.COUNTER, Role.BASS, Role.BASS)


def sources(folder: Path) -> list[Source]:
    """One source a quartet, named composer/work."""
    scores = folder / "scores"
    return [
        Source(NAME, path.parent.relative_to(scores).as_posix(), path, cost=1.5)
        for path in sorted(scores.rglob("*.mxl"))
    ]


def read(source: Source) -> list[Piece]:
    """Read one quartet, all its movements as one piece."""
    parts = [(role, [part]) for role, part in zip(ROLES, read_score(source.path), strict=False)]
    return [make_piece(NAME, source.name, source.name.replace("/", " ").lower(), Style.CLASSICAL, parts)]
