"""What can happen to a jam from outside: keys, pedals, clocks, ports, the player's wishes. Pure words.

Each comes with the time of its arrival (seconds, session clock), stamped by whoever met it first. Knows nothing of
what follows from it. Everything here is immutable and may cross threads and processes.
"""

from dataclasses import dataclass

from livejam.notes import NoteOff, NoteOn


@dataclass(frozen=True, slots=True)
class Pedal:
    """The sustain pedal moves."""

    down: bool


@dataclass(frozen=True, slots=True)
class Gesture:
    """Anything else a player does on a channel: a controller, pitch bend, aftertouch, a program. Kept, never heard."""

    message: tuple[int, ...]  # the bytes, status first

    @property
    def control(self) -> tuple[int, int] | None:
        """Number and value of a controller; None if it is none."""
        return self.message[1:] if self.message[0] & 0xF0 == 0xB0 else None  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class ClockPulse:
    """MIDI clock: 24 of them a quarter note."""


@dataclass(frozen=True, slots=True)
class ClockStart:
    """MIDI start: the next pulse is the first of the song."""


@dataclass(frozen=True, slots=True)
class ClockContinue:
    """MIDI continue: the next pulse lies at the song position."""


@dataclass(frozen=True, slots=True)
class ClockStop:
    """MIDI stop."""


@dataclass(frozen=True, slots=True)
class SongPosition:
    """MIDI song position pointer."""

    sixteenths: int  # from the start of the song


@dataclass(frozen=True, slots=True)
class LinkState:
    """The beat of an Ableton Link session, as it was just seen."""

    bpm: float  # quarter notes a minute
    beat: float  # quarter notes since the start of Link's timeline, at the time of this event; bars start at multiples
    peers: int  # others in the session
    playing: bool  # start/stop sync: True where nobody uses it


@dataclass(frozen=True, slots=True)
class PortLost:
    """A port is gone: the player's, or the one that answers go to."""

    name: str
    keys: bool = True  # whether it was the player's


@dataclass(frozen=True, slots=True)
class PortBack:
    """It is there again."""

    name: str


@dataclass(frozen=True, slots=True)
class Stop:
    """The jam is over: Ctrl-C, SIGTERM, or the end of a score."""


Clocking = ClockPulse | ClockStart | ClockContinue | ClockStop | SongPosition | LinkState  # what moves a clock
PlayerEvent = NoteOn | NoteOff | Pedal | Gesture  # what the player does, and what is kept of it
