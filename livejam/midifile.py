"""Standard MIDI files: a player's call read, an answer or a jam written.

Knows nothing of ports or turns. Times are seconds from the start of the file; ticks are the file's own and stay in
here. The same tracks give the same bytes. Called by whoever needs a file, never by a driver's callback.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import mido

from livejam.errors import FileError
from livejam.messages import DRUM_CHANNEL, MessageReader, PlayerEvent, to_message
from livejam.notes import Metre, NoteOff, NoteOn

TICKS = 960  # a quarter note in the files we write: half a millisecond at 120 bpm
DEFAULT_TEMPO = 500_000  # microseconds a quarter note, where a file states none
SHORTEST_BEAT = 60_000  # microseconds: 1,000 bpm, which sequencers still take
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
    bar_line: float  # seconds: a bar line of the last metre, counted at the last tempo; 0 where there is no tempo
    seconds: float  # the whole file


@dataclass(frozen=True, slots=True)
class Track:
    """One track of a file to be written."""

    name: str
    channel: int  # 1..16
    events: tuple[Timed, ...]  # in order


@dataclass(frozen=True, slots=True)
class Beat:
    """From here on the beat is this: one tempo change of a file to be written."""

    at: float  # seconds; a beat lies here
    bpm: float  # quarter notes a minute


def read_song(path: Path) -> Song:
    """Return what is played in the MIDI file at `path`: all tracks together, drums only where there is nothing else.

    Raises:
        FileError: the file can't be read, is no whole MIDI file, or has no notes.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FileError(f"can't read {path}: {error.strerror or error}") from error
    if not data:
        raise FileError(f"{path} is empty; it should be a Standard MIDI File (.mid)")
    try:
        song = _song(mido.MidiFile(file=io.BytesIO(data), clip=True))
    except (*BROKEN, mido.KeySignatureError) as error:
        raise FileError(f"{path} is {_complaint(data, error)}; save it again as a Standard MIDI File") from error
    if not song.events:
        raise FileError(f"{path} has no notes; give a MIDI file with a phrase in it")
    return song


def encode_song(tracks: Sequence[Track], beats: Sequence[Beat], metre: Metre | None, title: str = "livejam") -> bytes:
    """Return a type-1 MIDI file: a track with the tempo map, then `tracks`.

    Beats lie where `beats` says: between two tempi one beat is stretched or shortened so that the next one starts on
    time. The bar lines are counted from the first of them. Times before 0 are written as 0.
    """
    tempo_map = _TempoMap(beats)
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS)
    head = [(0, mido.MetaMessage("track_name", name=title))]
    if metre is not None:
        sign = mido.MetaMessage("time_signature", numerator=metre.numerator, denominator=metre.denominator)
        head.append((0, sign))
    file.tracks.append(_delta(head + tempo_map.messages()))
    for track in tracks:
        name = [(0, mido.MetaMessage("track_name", name=track.name))]
        file.tracks.append(_delta(name + [_timed_message(tempo_map, track, timed) for timed in track.events]))
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


def _song(file: mido.MidiFile) -> Song:
    melodic = any(message.type == "note_on" and message.velocity and not _drum(message) for message in _all(file))
    reader, walk, events = MessageReader(), _Walk(file.ticks_per_beat), []
    sounding: dict[int, None] = {}
    for message in mido.merge_tracks(file.tracks, skip_checks=True):
        walk.step(message)
        if message.is_meta or (melodic and _drum(message)):
            continue
        for event in reader.read(message.bytes()):
            events.append(Timed(walk.seconds, event))
            _hold(sounding, event)
    if not any(isinstance(timed.event, NoteOn) for timed in events):
        return Song((), None, None, 0.0, walk.seconds)
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

    def bar_line(self) -> float:
        if self.bpm is None:
            return 0.0
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
    return Metre(numerator, denominator) if 1 <= numerator <= 32 and denominator in (2, 4, 8, 16) else None


class _TempoMap:
    """Seconds to ticks along a list of beats, in whole microseconds a quarter note as the file format has it."""

    def __init__(self, beats: Sequence[Beat]) -> None:
        first = _microseconds(beats[0].bpm) if beats else DEFAULT_TEMPO
        self._steps = [(0.0, 0, first)]  # seconds, tick, microseconds a quarter note
        for beat in beats:
            self._bridge(beat.at)
            seconds, tick, _ = self._steps[-1]
            self._change(seconds, tick, _microseconds(beat.bpm))
        self._at = 0

    def tick(self, seconds: float) -> int:
        """Return the tick at `seconds`; asked in any order, cheapest in ascending order."""
        if seconds < self._steps[self._at][0]:
            self._at = 0
        while self._at + 1 < len(self._steps) and self._steps[self._at + 1][0] <= seconds:
            self._at += 1
        start, tick, tempo = self._steps[self._at]
        return max(0, tick + round((seconds - start) * 1e6 / tempo * TICKS))

    def messages(self) -> list[tuple[int, mido.MetaMessage]]:
        """The tempo changes, each with its tick."""
        return [(tick, mido.MetaMessage("set_tempo", tempo=tempo)) for _, tick, tempo in self._steps]

    def _bridge(self, at: float) -> None:
        """Reach `at` on a beat: whole beats at the old tempo, then one beat that takes what is left."""
        seconds, tick, tempo = self._steps[-1]
        whole = max(0, int((at - seconds) * 1e6 / tempo - 0.5))
        odd = round((at - seconds) * 1e6) - whole * tempo
        if odd < SHORTEST_BEAT:
            return
        self._change(seconds + whole * tempo / 1e6, tick + whole * TICKS, odd)
        self._change(at, tick + (whole + 1) * TICKS, tempo)

    def _change(self, seconds: float, tick: int, tempo: int) -> None:
        if self._steps[-1][1] == tick:
            self._steps.pop()
        self._steps.append((seconds, tick, tempo))


def _microseconds(bpm: float) -> int:
    return min(max(round(60e6 / bpm), SHORTEST_BEAT), 0xFFFFFF)


def _timed_message(tempo_map: _TempoMap, track: Track, timed: Timed) -> tuple[int, mido.Message]:
    return tempo_map.tick(timed.at), mido.Message.from_bytes(to_message(timed.event, track.channel))


def _delta(messages: list[tuple[int, mido.Message]]) -> mido.MidiTrack:
    """A track of absolute ticks, sorted, as the distances a file holds."""
    track, last = mido.MidiTrack(), 0
    for tick, message in sorted(messages, key=lambda item: item[0]):
        track.append(message.copy(time=tick - last))
        last = tick
    return track


def _complaint(data: bytes, error: Exception) -> str:
    """What is wrong with bytes that could not be read."""
    if not data.startswith(b"MThd"):
        return "no MIDI file"
    return "a MIDI file that was cut short" if isinstance(error, EOFError) else f"a broken MIDI file ({error})"
