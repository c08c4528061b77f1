"""Prepared music: pieces, their parts, phrases and notes on the 24-tick grid, and the one file that holds them.

Columns, not objects: a corpus has millions of notes. Times are ticks (24 a quarter note) from the start of the piece,
which may begin with a pickup: the first metre change stands at the first bar line. Reading needs numpy alone.
"""

import io
import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from livejam.errors import FileError
from livejam.files import write_whole

FORMAT = 1
FILE_NAME = "pieces.npz"
BROKEN = (OSError, EOFError, ValueError, LookupError, TypeError, RuntimeError, BadZipFile, zlib.error)  # of bad bytes

NOTE = np.dtype([("onset", "<i4"), ("length", "<u2"), ("pitch", "u1"), ("velocity", "u1")])  # velocity 0: unknown
PHRASE = np.dtype([("start", "<i4"), ("marked", "?")])  # its first note; marked: the source itself marks its end
METRE = np.dtype([("tick", "<i4"), ("numerator", "u1"), ("denominator", "u1")])  # tick of a bar line
CHORD = np.dtype([("tick", "<i4"), ("root", "i1"), ("quality", "u1")])  # root 0..11 (C = 0), -1: no chord from here
TEMPO = np.dtype([("tick", "<i4"), ("bpm", "<f4")])  # quarter notes a minute


class Role(IntEnum):
    """What a part does in the music."""

    UNKNOWN = 0
    MELODY = 1  # voice, soprano, first violin, solo line
    COUNTER = 2  # second voice, inner voices
    BASS = 3
    CHORDS = 4
    PIANO = 5  # both hands
    DRUMS = 6  # General MIDI drum map
    ALL = 7  # every part of the piece at once


class Style(IntEnum):
    """The kinds of music a player can ask for."""

    UNKNOWN = 0
    JAZZ = 1
    FOLK = 2
    POP = 3
    CLASSICAL = 4


class Quality(IntEnum):
    """Chord qualities that the network tells apart."""

    NONE = 0
    MAJOR = 1
    MINOR = 2
    DOMINANT = 3  # dominant seventh and its extensions
    MAJOR7 = 4
    MINOR7 = 5
    DIMINISHED = 6
    HALF_DIMINISHED = 7
    AUGMENTED = 8
    SUSPENDED = 9
    OTHER = 10


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One line or one instrument: notes sorted by (onset, pitch), cut into phrases."""

    role: Role
    notes: np.ndarray  # (N,) NOTE
    phrases: np.ndarray  # (P,) PHRASE, starts ascending, the first is 0; a phrase ends where the next one starts


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """One tune, song, solo or performance."""

    corpus: str
    name: str  # unique in its corpus
    title: str  # pieces of one title are variants: they share a split
    split: str  # "train" or "valid"
    style: Style
    metres: np.ndarray  # (M,) METRE, ascending; empty where the metre is unknown
    chords: np.ndarray  # (C,) CHORD, ascending; empty where unknown
    tempos: np.ndarray  # (T,) TEMPO, ascending; empty where unknown
    parts: tuple[Part, ...]

    @property
    def note_count(self) -> int:
        """Notes over all parts."""
        return sum(len(part.notes) for part in self.parts)


def save_pieces(folder: Path, pieces: Sequence[Piece], about: dict[str, object]) -> Path:
    """Write `pieces` to `folder`/pieces.npz and return that path. The same pieces give the same bytes.

    Raises:
        OSError: it can't be written; what was there before still is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    parts = [part for piece in pieces for part in piece.parts]
    index = {
        "format": FORMAT,
        "about": about,
        "pieces": [
            [
                p.corpus,
                p.name,
                p.title,
                p.split,
                int(p.style),
                len(p.metres),
                len(p.chords),
                len(p.tempos),
                len(p.parts),
            ]
            for p in pieces
        ],
        "parts": [[int(part.role), len(part.notes), len(part.phrases)] for part in parts],
    }
    path, packed = folder / FILE_NAME, io.BytesIO()
    np.savez_compressed(
        packed,
        index=np.frombuffer(json.dumps(index, ensure_ascii=False).encode(), dtype=np.uint8),
        notes=_joined((part.notes for part in parts), NOTE),
        phrases=_joined((part.phrases for part in parts), PHRASE),
        metres=_joined((piece.metres for piece in pieces), METRE),
        chords=_joined((piece.chords for piece in pieces), CHORD),
        tempos=_joined((piece.tempos for piece in pieces), TEMPO),
    )
    write_whole(path, packed.getvalue())
    return path


def load_pieces(folder: Path) -> tuple[list[Piece], dict[str, object]]:
    """Return the pieces in `folder`/pieces.npz and what `prepare` said about them.

    Raises:
        FileError: there is no such file, or it is not one of ours.
    """
    path = folder / FILE_NAME
    try:
        with np.load(path) as arrays:
            index = json.loads(arrays["index"].tobytes())
            columns = {name: arrays[name] for name in ("notes", "phrases", "metres", "chords", "tempos")}
        if index["format"] != FORMAT:
            raise FileError(f"{path} has format {index['format']}, this livejam reads {FORMAT}; prepare it anew")
        return _assemble(index, columns), index["about"]
    except FileNotFoundError:
        raise FileError(f"no prepared corpus in {folder}; make one with: livejam prepare MUSIC -o {folder}") from None
    except BROKEN as error:
        raise FileError(f"{path} is damaged ({error}); make it anew with livejam prepare") from error


def _joined(arrays: Iterable[np.ndarray], dtype: np.dtype) -> np.ndarray:
    return np.concatenate([np.empty(0, dtype), *arrays])


def _assemble(index: dict[str, Any], columns: dict[str, np.ndarray]) -> list[Piece]:
    taken = dict.fromkeys(columns, 0)

    def take(name: str, count: int) -> np.ndarray:
        start = taken[name]
        taken[name] += count
        return columns[name][start : start + count]

    parts = (
        Part(Role(role), take("notes", notes), take("phrases", phrases)) for role, notes, phrases in index["parts"]
    )
    return [
        Piece(
            corpus, name, title, split, Style(style),
            take("metres", metres), take("chords", chords), take("tempos", tempos),
            tuple(next(parts) for _ in range(part_count)),
        )
        for corpus, name, title, split, style, metres, chords, tempos, part_count in index["pieces"]
    ]  # fmt: skip
