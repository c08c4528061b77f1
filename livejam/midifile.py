"""Standard MIDI files, read: what is played, and the beat where the file states one.

Knows nothing of ports or turns; writing is in `livejam.tape`. Times are seconds from the start of the file; ticks are
the file's own and stay in here. Pure but for the one reading of the file.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import mido

from livejam.errors import FileError
from livejam.events import PlayerEvent
from livejam.files import reason
from livejam.messages import DRUM_CHANNEL, MessageReader
from livejam.notes import Metre, NoteOff, NoteOn, is_counted

DEFAULT_TEMPO = 500_000  # microseconds a quarter note, where a file states none
BROKEN = (OSError, EOFError, ValueError, LookupError, TypeError, ArithmeticError)  # what mido raises on bad bytes


@dataclass(frozen=True, slots=True)
class Timed:
    """Something that happens at a time."""

    at: float  # seconds
    event: PlayerEvent


@dataclass(frozen=True, slots=True)
class Song:
    """What a MIDI file says: the playing, and the beat where the file states one."""

    events: tuple[Timed, ...]  # in order; every NoteOn has its NoteOff
    bpm: float | None  # quarter notes a minute, at the end of the file
    metre: Metre | None  # at the end of the file
    bar_line: float | None  # seconds: a bar line of the last metre, counted at the last tempo; None: no tempo
    seconds: float  # the whole file


def read_song(path: Path) -> Song:
    """Return what is played in the MIDI file at `path`: all tracks together, drums only where there is nothing else.

    Raises:
        FileError: the file can't be read, is no whole MIDI file, or has no notes.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FileError(f"can't read {path}: {reason(error)}; give a MIDI file") from error
    if not data:
        raise FileError(f"{path} is empty; it should be a Standard MIDI File (.mid)")
    try:
        song = _song(mido.MidiFile(file=io.BytesIO(data), clip=True))
    except (*BROKEN, mido.KeySignatureError) as error:
        raise FileError(f"{path} is {_complaint(data, error)}; save it again as a Standard MIDI File") from error
    if not song.events:
        raise FileError(f"{path} has no notes; give a MIDI file with a phrase in it")
    return song


def _song(file: mido.MidiFile) -> Song:
    melodic = any(message.type == "note_on" and message.velocity and not _drum(message) for message in _all(file))
    reader, walk, events = MessageReader(), _Walk(file.ticks_per_beat), []
    sounding: dict[int, None] = {}
    for message in mido.merge_tracks(file.tracks, skip_checks=True):
        walk.step(message)
        if message.is_meta or (melodic and _drum(message)):
            continue
        for event in reader.read(message.bytes()):
            if isinstance(event, PlayerEvent):  # a clock in a file is nobody's
                events.append(Timed(walk.seconds, event))
                _hold(sounding, event)
    if not any(isinstance(timed.event, NoteOn) for timed in events):
        return Song((), None, None, None, walk.seconds)
    events += [Timed(walk.seconds, NoteOff(pitch)) for pitch in sounding]
    return Song(tuple(events), walk.bpm, walk.metre, walk.bar_line(), walk.seconds)


def _all(file: mido.MidiFile) -> Iterator[mido.Message]:
    return (message for track in file.tracks for message in track)


def _drum(message: mido.Message) -> bool:
    return getattr(message, "channel", None) == DRUM_CHANNEL - 1


def _hold(sounding: dict[int, None], event: PlayerEvent) -> None:
    match event:
        case NoteOn(pitch, _):
            sounding[pitch] = None
        case NoteOff(pitch):
            sounding.pop(pitch, None)


class _Walk:
    """Where reading is: ticks, seconds, and the beat stated last."""

    def __init__(self, division: int) -> None:
        self._division = division  # ticks a quarter note; negative: film frames a second and ticks a frame
        self.seconds = 0.0
        self.metre: Metre | None = None
        self.bpm: float | None = None
        self._tick = self._metre_tick = self._tempo_tick = 0
        self._tempo_at = 0.0
        self._tick_seconds = self._seconds_a_tick(DEFAULT_TEMPO)

    def step(self, message: mido.Message) -> None:
        self._tick += message.time
        self.seconds += message.time * self._tick_seconds
        if message.type == "set_tempo" and message.tempo > 0:
            self._tick_seconds = self._seconds_a_tick(message.tempo)
            self._tempo_tick, self._tempo_at = self._tick, self.seconds
            self.bpm = 60e6 / message.tempo if self._division > 0 else None
        elif message.type == "time_signature":
            self.metre = _metre(message.numerator, message.denominator)
            self._metre_tick = self._tick

    def bar_line(self) -> float | None:
        if self.bpm is None:
            return None
        quarters = 4 if self.metre is None else self.metre.numerator * 4 / self.metre.denominator
        since_bar = (self._tempo_tick - self._metre_tick) % (quarters * self._division)
        return self._tempo_at - since_bar * self._tick_seconds

    def _seconds_a_tick(self, tempo: int) -> float:
        if self._division > 0:
            return tempo / 1e6 / self._division
        frames, ticks = 256 - (self._division >> 8 & 0xFF), self._division & 0xFF
        return 1 / (frames * ticks)


def _metre(numerator: int, denominator: int) -> Metre | None:
    """The metre of a file where it is one that we count in."""
    return Metre(numerator, denominator) if is_counted(numerator, denominator) else None


def _complaint(data: bytes, error: Exception) -> str:
    """What is wrong with bytes that could not be read."""
    if not data.startswith(b"MThd"):
        return "no MIDI file"
    return "a MIDI file that was cut short" if isinstance(error, EOFError) else f"a broken MIDI file ({error})"
