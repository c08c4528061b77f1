"""Notes, in seconds and in ticks, and the two MIDI messages that make them.

Knows nothing of ports, files, the network or the time of day. Pitch and velocity are MIDI's, 0 to 127. A bare time is
seconds; ticks say so (`TICKS_PER_BEAT` a quarter note). Everything here is immutable and may cross threads.
"""

from dataclasses import dataclass

TICKS_PER_BEAT = 24  # a quarter note: the resolution of MIDI clock


@dataclass(frozen=True, slots=True)
class NoteOn:
    """A key goes down. MIDI's velocity 0 never gets here: it is a NoteOff."""

    pitch: int  # 0..127
    velocity: int  # 1..127


@dataclass(frozen=True, slots=True)
class NoteOff:
    """A key comes up."""

    pitch: int  # 0..127


@dataclass(frozen=True, slots=True)
class Cue:
    """A message of livejam's, and when it is to go out, on which channel."""

    at: float  # seconds, session clock; what lies in the past is due at once
    message: NoteOn | NoteOff
    channel: int  # 1..16


@dataclass(frozen=True, slots=True)
class Note:
    """A sounding note in real time."""

    onset: float  # seconds
    pitch: int  # 0..127
    velocity: int  # 1..127
    duration: float  # seconds


@dataclass(frozen=True, slots=True)
class TickNote:
    """A note on the beat grid, as the network hears and plays it."""

    onset: int  # ticks
    pitch: int  # 0..127
    length: int  # ticks, at least 1
    velocity: int  # 1..127, or 0 where it is unknown


@dataclass(frozen=True, slots=True)
class Metre:
    """A time signature and where its bars lie on the tick line."""

    numerator: int  # beats a bar, 1..32
    denominator: int  # 2, 4, 8 or 16
    bar_line: int = 0  # ticks: the place of any one bar line

    @property
    def bar_ticks(self) -> int:
        """Length of a bar in ticks."""
        return self.numerator * 4 * TICKS_PER_BEAT // self.denominator


def is_counted(numerator: int, denominator: int) -> bool:
    """Tell whether a time signature is one that bars are counted in."""
    return 1 <= numerator <= 32 and denominator in (2, 4, 8, 16)
