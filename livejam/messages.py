"""MIDI messages <-> what the player did.

Raw bytes in, events out, and back again. Pure: knows neither ports nor files nor the time. Channels are 1 to 16, as
players count them. A reader belongs to one stream of messages and is called by whoever reads that stream.
"""

from collections.abc import Sequence

from livejam.events import Pedal
from livejam.notes import NoteOff, NoteOn

CHANNELS = 16
DRUM_CHANNEL = 10  # General MIDI
NOTE_OFF, NOTE_ON, CONTROL = 0x80, 0x90, 0xB0
SUSTAIN, ALL_SOUND_OFF, RESET, ALL_NOTES_OFF = 64, 120, 121, 123
PEDAL_DOWN = 64  # controller values from here on mean down

PlayerEvent = NoteOn | NoteOff | Pedal


class MessageReader:
    """Reads a player's messages and remembers the keys held, so that "all notes off" can release them."""

    def __init__(self, channel: int | None = None) -> None:
        """Listen to `channel` (1 to 16), or to all of them."""
        self._channel = channel
        self._held: list[set[int]] = [set() for _ in range(CHANNELS)]

    def read(self, message: Sequence[int]) -> tuple[PlayerEvent, ...]:
        """Return what `message` says about keys and pedal; nothing for any other message, whole or broken."""
        if len(message) != 3 or not _well_formed(message):
            return ()
        status, first, second = message
        channel = status & 0x0F
        if self._channel is not None and channel != self._channel - 1:
            return ()
        match status & 0xF0:
            case 0x90 if second > 0:  # note on
                self._held[channel].add(first)
                return (NoteOn(first, second),)
            case 0x80 | 0x90:  # velocity 0 is a release
                self._held[channel].discard(first)
                return (NoteOff(first),)
            case 0xB0:
                return self._control(channel, first, second)
        return ()

    def _control(self, channel: int, number: int, value: int) -> tuple[PlayerEvent, ...]:
        if number == SUSTAIN:
            return (Pedal(value >= PEDAL_DOWN),)
        if number == RESET:
            return (Pedal(False),)
        if number == ALL_SOUND_OFF or number >= ALL_NOTES_OFF:  # 124 to 127, the mode messages, release keys as well
            released = sorted(self._held[channel])
            self._held[channel].clear()
            return tuple(NoteOff(pitch) for pitch in released)
        return ()


def to_message(event: PlayerEvent, channel: int) -> tuple[int, int, int]:
    """Return the three bytes that say `event` on `channel` (1 to 16)."""
    match event:
        case NoteOn(pitch, velocity):
            return NOTE_ON | channel - 1, pitch, velocity
        case NoteOff(pitch):
            return NOTE_OFF | channel - 1, pitch, 0
        case Pedal(down):
            return CONTROL | channel - 1, SUSTAIN, 127 * down


def _well_formed(message: Sequence[int]) -> bool:
    return message[0] & 0x80 != 0 and message[1] < 0x80 and message[2] < 0x80
