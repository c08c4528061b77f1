"""What a rhythm section is asked to play, span by span, and what it plays: the words of accompaniment. Pure.

A span is a beat or two of the song that the network makes up ahead of its time, from everything played up to then.
Knows nothing of ports, seconds or the network. Times are ticks, 24 a quarter note, on the line of the song. Everything
here is immutable and may cross threads and processes.
"""

from dataclasses import dataclass
from typing import NamedTuple

from livejam.notes import Metre, TickNote
from livejam.pieces import Role, Style
from livejam.tokenizer import Chord

BAND = (Role.BASS, Role.CHORDS, Role.DRUMS)  # the parts of a rhythm section, in the order in which they are made up


class PartNote(NamedTuple):
    """A note of the music so far, or one that was made up."""

    note: TickNote
    role: Role  # MELODY: the player's, or livejam's solo; else one of BAND
    player: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the song to be made up. The same span may be asked for again when the player did something else."""

    number: int  # replies carry it
    start: int  # ticks, where a beat begins
    end: int  # ticks: no note begins there or later
    parts: tuple[Role, ...]  # which to make up, in the order of BAND; MELODY is a solo of livejam's
    metre: Metre
    chords: tuple[Chord, ...] = ()  # of the chart, from `start` or before it, to beyond `end`; empty: by ear
    style: Style = Style.UNKNOWN
    density: int = 0  # 1 the fewest notes a beat .. 5; 0: as the music has it
    fill: bool = False  # a section ends with it: the drums lead over
    unit: int = 0  # ticks: into such spans bars are cut, and what was heard is told; 0: as long as this one
    heard: tuple[PartNote, ...] = ()  # the music so far, by onset, all of it before `end`; the latest notes suffice


@dataclass(frozen=True, slots=True)
class Accompanied:
    """What was made up for a span."""

    number: int
    notes: tuple[PartNote, ...] = ()  # by onset, within the span
    trouble: str | None = None  # why there are none, in one line


@dataclass(frozen=True, slots=True)
class Muted:
    """The player has a part fall silent, or play again."""

    role: Role
