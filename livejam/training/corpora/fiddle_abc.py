"""Fiddle tunes in ABC: O'Neill 1850, Ryan 1883, Aird 1782 to 1801 and others. Strain ends are marked phrase ends."""

import re
from pathlib import Path

from livejam.pieces import Part, Piece, Role, Style
from livejam.training.corpora import Source
from livejam.training.corpora.abc import decoded, parse_tune, split_tunes
from livejam.training.corpora.layout import lay_out
from livejam.training.phrases import cut_phrases

NAME = "fiddle-abc"
CREDIT = "O'Neill's, Ryan's and Aird's collections, transcribers in the Z: lines, distributed with music21"
LICENCE = "public-domain works, distributed with music21"

KINDS = "reel|jig|slip ?jig|hornpipe|strathspey|lancashire clog|clog|march|quick ?step|waltz|polka|highland fling|fling"


def sources(folder: Path) -> list[Source]:
    """One source a tune."""
    found = []
    for path in sorted(folder.rglob("*.abc")):
        stem = path.relative_to(folder).with_suffix("").as_posix()
        count = len(split_tunes(decoded(path.read_bytes())))
        found += [Source(NAME, f"{stem}-{i + 1:03d}", path, (i,), cost=0.01) for i in range(count)]
    return found


def read(source: Source) -> list[Piece]:
    """Read one tune: the first voice is the melody, further ones are counter-melodies."""
    tune = parse_tune(split_tunes(decoded(source.path.read_bytes()))[int(source.detail[0])])
    lines = [line for line in map(lay_out, tune.voices.values()) if len(line.notes)]
    if not lines:
        raise ValueError("no notes")
    first = lines[0]
    parts = tuple(
        Part(Role.COUNTER if i else Role.MELODY, line.notes, cut_phrases(line.notes, first.metres, line.marks))
        for i, line in enumerate(lines)
    )
    title = plain_title(tune.titles[0] if tune.titles else source.name)
    return [Piece(NAME, source.name, title, "", Style.FOLK, first.metres, first.chords, first.tempos, parts)]


def plain_title(title: str) -> str:
    """Return a title without the kind of tune, which some books add and others leave out."""
    plain = re.sub(r"\([^)]*\)", "", title.partition(" -- ")[0]).strip(" .")
    return re.sub(rf"[\s,-]+({KINDS})(, the)?$", "", plain, flags=re.IGNORECASE) or title
