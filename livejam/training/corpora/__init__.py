"""The corpora that livejam learns from, one reader a format.

A reader is a module of this package with a `NAME` (the corpus, as its archive and folder are called), `CREDIT` and
`LICENCE` (one line each, they go into what is said about the prepared file), `sources(folder)` and `read(source)`. It
knows its format and nothing of splits, of other corpora or of where the result goes. Times are ticks, 24 a quarter
note. `sources` runs once, in the main process; `read` runs in a pool of processes. Imported only by name, when needed:
a reader may need symusic.
"""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol

from livejam.pieces import Piece

MODULES = {  # corpus: module of this package
    "bach-chorales-m21": "chorales",
    "fiddle-abc": "fiddle_abc",
    "groove-midi": "groove",
    "openewld-pd": "openewld",
    "openhymnal": "openhymnal",
    "openscore-lieder": "lieder",
    "openscore-quartets": "quartets",
    "pop909": "pop909",
    "vienna4x22": "vienna",
    "wjazzd": "wjazzd",
}
YARDSTICKS = {"jsb-chorales": "a yardstick for evaluation, not training data"}
MIDI_FOLDER = "midi"  # the corpus that a user's own MIDI files become


@dataclass(frozen=True, slots=True)
class Source:
    """One independent piece of work: a file, or some tunes of one."""

    corpus: str
    name: str  # unique in its corpus; it names the item when it is skipped
    path: Path
    detail: tuple[str | int, ...] = ()  # whatever else `read` wants: byte ranges, a row of an index
    cost: float = 0.1  # roughly how many seconds `read` takes; long ones start first


class Reader(Protocol):
    """What a module of this package offers."""

    NAME: str
    CREDIT: str
    LICENCE: str

    def sources(self, folder: Path) -> list[Source]:
        """List the work under `folder` (the unpacked corpus), sorted by name, without reading the music."""

    def read(self, source: Source) -> list[Piece]:
        """Read one source; pieces have `split` empty. Whatever it raises, the source is named and skipped."""


def reader(corpus: str) -> Reader:
    """Return the reader of `corpus`, a key of `MODULES` or `MIDI_FOLDER`.

    Raises:
        KeyError: no reader has that name.
    """
    module = "midi_folder" if corpus == MIDI_FOLDER else MODULES[corpus]
    found: Reader = import_module(f"{__name__}.{module}")
    return found
