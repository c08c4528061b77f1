"""MIDI messages <-> what the player did, and what moves the clock.

Raw bytes in, events out, and back again. Pure: knows neither ports nor files nor the time. Channels are 1 to 16, as
players count them. A reader belongs to one stream of messages and is called by whoever reads that stream.
"""

from collections.abc import Sequence

from livejam.events import (
    ClockContinue,
    Clocking,
    ClockPulse,
    ClockStart,
    ClockStop,
    Gesture,
    Pedal,
    PlayerEvent,
    SongPosition,
)
from livejam.notes import NoteOff, NoteOn

CHANNELS = 16
DRUM_CHANNEL = 10  # General MIDI
NOTE_OFF, NOTE_ON, CONTROL = 0x80, 0x90, 0xB0
SONG_POSITION = 0xF2
SUSTAIN, ALL_SOUND_OFF, RESET, ALL_NOTES_OFF = 64, 120, 121, 123
PEDAL_DOWN = 64  # controller values from here on mean down

_LENGTHS = {0x8: 3, 0x9: 3, 0xA: 3, 0xB: 3, 0xC: 2, 0xD: 2, 0xE: 3}  # bytes of a channel message, by its kind
_TRANSPORT: dict[int, Clocking] = {0xF8: ClockPulse(), 0xFA: ClockStart(), 0xFB: ClockContinue(), 0xFC: ClockStop()}


class MessageReader:
    """Reads a player's messages and remembers the keys held, so that "all notes off" can release them."""

    def __init__(self, channel: int | None = None) -> None:
        """Listen to `channel` (1 to 16), or to all of them. Clocks have no channel: they are always heard."""
        self._channel = channel
        self._held: list[set[int]] = [set() for _ in range(CHANNELS)]

    def read(self, message: Sequence[int]) -> tuple[PlayerEvent | Clocking, ...]:
        """Return what one whole `message` says; nothing if it is broken, or nothing we know (sysex, active sensing)."""
        if not message:
            return ()
        status, *values = message
        if status >= 0xF0:
            return _clocking(status, values)
        if len(message) != _LENGTHS.get(status >> 4) or not _are_values(values):
            return ()
        channel = status & 0x0F
        if self._channel is not None and channel != self._channel - 1:
            return ()
        return self._on_channel(channel, (status, *values))

    def _on_channel(self, channel: int, message: tuple[int, ...]) -> tuple[PlayerEvent, ...]:
        match message[0] & 0xF0, *message[1:]:
            case 0x90, pitch, velocity if velocity > 0:
                self._held[channel].add(pitch)
                return (NoteOn(pitch, velocity),)
            case 0x80 | 0x90, pitch, _:  # velocity 0 is a release
                self._held[channel].discard(pitch)
                return (NoteOff(pitch),)
            case 0xB0, number, value if number == SUSTAIN:
                return (Pedal(value >= PEDAL_DOWN),)
            case 0xB0, number, _ if number >= ALL_SOUND_OFF:
                return self._mode(channel, number)
        return (Gesture(message),)

    def _mode(self, channel: int, number: int) -> tuple[PlayerEvent, ...]:
        if number == RESET:
            return (Pedal(False),)
        if number == ALL_SOUND_OFF or number >= ALL_NOTES_OFF:  # 124 to 127, the mode messages, release keys as well
            released = sorted(self._held[channel])
            self._held[channel].clear()
            return tuple(NoteOff(pitch) for pitch in released)
        return ()


def to_message(event: PlayerEvent, channel: int) -> tuple[int, ...]:
    """Return the bytes that say `event` on `channel` (1 to 16)."""
    match event:
        case NoteOn(pitch, velocity):
            return NOTE_ON | channel - 1, pitch, velocity
        case NoteOff(pitch):
            return NOTE_OFF | channel - 1, pitch, 0
        case Pedal(down):
            return CONTROL | channel - 1, SUSTAIN, 127 * down
        case Gesture(message):
            return message[0] & 0xF0 | channel - 1, *message[1:]


def _clocking(status: int, values: Sequence[int]) -> tuple[Clocking, ...]:
    """Return what a message without a channel says about the clock."""
    if status in _TRANSPORT and not values:
        return (_TRANSPORT[status],)
    if status == SONG_POSITION and len(values) == 2 and _are_values(values):
        return (SongPosition(values[0] | values[1] << 7),)
    return ()


def _are_values(values: Sequence[int]) -> bool:
    return all(0 <= value < 0x80 for value in values)
