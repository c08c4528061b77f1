"""Which pieces are for training and which for validation: by title, the same on every machine and for ever.

Pure. Variants of a tune, takes of a song and performances of a work share a title, in one corpus or in several, and so
share a split; so do tunes under different titles that begin with the same notes ("The Flight", "The Knight").
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

import numpy as np

from livejam.pieces import Piece, Role

VALID_SHARE = 0.08  # of titles
LEAST_SHARE = 0.04  # of a corpus's pieces
MOST_SHARE = 0.16  # of a corpus's pieces in one title that is taken to reach the least share, if there are such titles
INCIPIT = 12  # intervals: melodies that begin with the same ones are variants,
TELLING = 4  # if there are as many different ones among them: many tunes begin with one note repeated
_ARTICLES = re.compile(r"^(the|a|an) | (the|a|an)$")  # "The Lark" is "Lark, The"


def split_pieces(pieces: Sequence[Piece]) -> list[Piece]:
    """Return `pieces` with their splits set.

    8 % of all titles are for validation, chosen by their hash. A corpus of few titles may get hardly any that way; it
    gives the next ones in order of their hash, and every corpus that has them gives them too. Where that would leave
    nothing to train on, nothing is held out.
    """
    corpora: dict[str, Counter[str]] = defaultdict(Counter)
    names = family_names(pieces)
    for piece, name in zip(pieces, names, strict=True):
        corpora[piece.corpus][name] += 1
    valid = {title for titles in corpora.values() for title in titles if title_place(title) < VALID_SHARE}
    for _, titles in sorted(corpora.items()):
        valid |= _more_titles(titles, valid)
    if valid.issuperset(names):
        valid = set()  # all of it is one tune: none can be spared
    return [
        replace(piece, split="valid" if name in valid else "train") for piece, name in zip(pieces, names, strict=True)
    ]


def family_names(pieces: Sequence[Piece]) -> list[str]:
    """Return the name that each piece shares with its variants: the least of their normal titles."""
    titles = [normal_title(piece.title) for piece in pieces]
    above = {title: title for title in titles}

    def top(title: str) -> str:
        while above[title] != title:
            title = above[title]
        return title

    first_of: dict[bytes, str] = {}
    for piece, title in zip(pieces, titles, strict=True):
        opening = incipit(piece)
        if opening:
            low, high = sorted((top(title), top(first_of.setdefault(opening, title))))
            above[high] = low
    return [top(title) for title in titles]


def incipit(piece: Piece) -> bytes:
    """Return the first intervals of the melody, in any key and rhythm; nothing if they tell too little."""
    for part in piece.parts:
        if part.role == Role.MELODY and len(part.notes) > INCIPIT:
            intervals = np.diff(part.notes["pitch"][: INCIPIT + 1].astype(np.int8))
            return intervals.tobytes() if len(np.unique(intervals)) >= TELLING else b""
    return b""


def _more_titles(titles: Counter[str], valid: set[str]) -> set[str]:
    """Return what more of `titles`, with their counts of pieces, must be for validation."""
    more: set[str] = set()
    total = titles.total()
    most = max(MOST_SHARE * total, min(titles.values()))
    for title in sorted(titles, key=title_place):
        if sum(titles[name] for name in (valid | more) & set(titles)) >= LEAST_SHARE * total:
            break
        if titles[title] <= most:
            more.add(title)
    return more


def normal_title(title: str) -> str:
    """Return `title` without case, accents, punctuation and article."""
    plain = unicodedata.normalize("NFKD", title.casefold())
    words = re.sub(r"[^\w]+|_", " ", "".join(c for c in plain if not unicodedata.combining(c))).strip()
    return _ARTICLES.sub("", words) or words


def title_place(title: str) -> float:
    """Return the place of a normal title, 0 to 1, evenly spread and stable."""
    return int.from_bytes(sha256(title.encode()).digest()[:8], "big") / 2**64
