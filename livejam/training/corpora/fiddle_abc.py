"""Fiddle tunes in ABC: O'Neill 1850, Ryan 1883, Aird 1782 to 1801 and others. Strain ends are marked phrase ends."""

import re
import unicodedata
from pathlib import Path

import numpy as np

from livejam.pieces import CHORD, TEMPO, Part, Piece, Role, Style
from livejam.training.corpora import Source
from livejam.training.corpora.abc import decoded, parse_tune, split_tunes
from livejam.training.corpora.layout import Line, lay_out
from livejam.training.phrases import cut_phrases

NAME = "fiddle-abc"
CREDIT = "O'Neill's, Ryan's and Aird's collections, transcribers in the Z: lines, distributed with music21"
LICENCE = "public-domain works, distributed with music21"

KINDS = "reel|jig|slip ?jig|hornpipe|strathspey|clog|lancashire clog|march|quick ?step|waltz|polka|fling"
NO_CHORDS = np.empty(0, CHORD)


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
    lines = [lay_out(measures) for measures in tune.voices.values()]
    lines = [line for line in lines if len(line.notes)]
    if not lines:
        raise ValueError("no notes")
    metres = lines[0].metres
    tempos = np.array([(0, tune.bpm)] if tune.bpm else [], TEMPO)
    parts = tuple(_part(Role.COUNTER if i else Role.MELODY, line, metres) for i, line in enumerate(lines))
    title = normal_title(tune.titles[0] if tune.titles else source.name)
    return [Piece(NAME, source.name, title, "", Style.FOLK, metres, NO_CHORDS, tempos, parts)]


def normal_title(title: str) -> str:
    """Return a title in a form that variants of a tune share: no case, accents, articles, kind of tune, punctuation."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    plain = re.sub(r"\([^)]*\)|['`]", "", plain.partition(" -- ")[0])
    words = " ".join(re.sub(r"[^a-z0-9]+", " ", plain).split())
    words = re.sub(r"^(the|a) | (the|a)$", "", words)
    return re.sub(rf" ({KINDS})( the)?$", "", words) or title


def _part(role: Role, line: Line, metres: np.ndarray) -> Part:
    return Part(role, line.notes, cut_phrases(line.notes, metres, line.marks))
