"""Lead sheets of OpenEWLD in MusicXML: a melody and its chord symbols. Early jazz, blues, parlour songs."""

import csv
from pathlib import Path

from livejam.pieces import Piece, Role, Style
from livejam.training.corpora import Source
from livejam.training.corpora.scores import make_piece, read_score

NAME = "openewld-pd"
CREDIT = "OpenEWLD: F. Simonetta et al., 2018; public-domain subset"
LICENCE = "MIT (data set), public domain (songs)"

STYLES = {"Folk, World, & Country": Style.FOLK, "Classical": Style.CLASSICAL}
JAZZ = {"Jazz", "Blues", "Funk / Soul"}


def sources(folder: Path) -> list[Source]:
    """One source a lead sheet; its detail is title and genre, where the index has them."""
    index = _index(folder / "index.tsv")
    return [
        Source(NAME, path.stem, path, index.get(path.stem, (path.stem, "")), cost=0.02)
        for path in sorted(folder.rglob("*.mxl"))
    ]


def read(source: Source) -> list[Piece]:
    """Read one lead sheet."""
    title, genre = (str(item) for item in source.detail)
    return [make_piece(NAME, source.name, title.lower(), style_of(genre), [(Role.MELODY, read_score(source.path)[:1])])]


def style_of(genre: str) -> Style:
    """Return the style that stands for a genre of the index; pop where it tells nothing."""
    return Style.JAZZ if genre in JAZZ else STYLES.get(genre, Style.POP)


def _index(path: Path) -> dict[str, tuple[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t")
        return {Path(row["file"]).stem: (row["title"] or "", row["genres"] or "") for row in rows}
