"""Songs of the OpenScore Lieder Corpus in MusicXML: voices and piano. Their analyses, all automatic, are not read."""

import re
from pathlib import Path

from livejam.pieces import Piece, Role, Style
from livejam.training.corpora import Source
from livejam.training.corpora.scores import ScorePart, make_piece, read_score

NAME = "openscore-lieder"
CREDIT = "OpenScore Lieder Corpus: Gotham and Jonas, 2022, and its transcribers"
LICENCE = "CC0"

KEYBOARD = re.compile(r"piano|klavier|harpsichord|harp|guitar|organ", re.IGNORECASE)


def sources(folder: Path) -> list[Source]:
    """One source a song, named composer/collection/song."""
    scores = folder / "scores"
    return [
        Source(NAME, path.parent.relative_to(scores).as_posix(), path, cost=0.15)
        for path in sorted(scores.rglob("*.mxl"))
    ]


def read(source: Source) -> list[Piece]:
    """Read one song: the highest named voice is the melody, further ones are counter-melodies."""
    score = read_score(source.path)
    keyboard = [part for part in score if is_keyboard(part)]
    voices = [part for part in score if not is_keyboard(part)]
    roles = [(Role.COUNTER if i else Role.MELODY, [part]) for i, part in enumerate(voices)]
    title = source.name.split("/")
    return [
        make_piece(
            NAME, source.name, f"{title[0]} {title[-1]}".lower(), Style.CLASSICAL, [*roles, (Role.PIANO, keyboard)]
        )
    ]


def is_keyboard(part: ScorePart) -> bool:
    """Return whether a part accompanies: by its staves or its name."""
    return part.staves > 1 or bool(KEYBOARD.search(part.name))
