"""A jam as a Standard MIDI File that can be written again and again while it grows.

A type-1 file: a track with the tempo map, then one a player. What has been written once is kept as bytes, so writing
an hour of music costs no more than copying it. Times are seconds of any one clock; ticks are the file's own and stay in
here. The same events give the same bytes. Knows nothing of ports, turns or where files lie; belongs to one thread.
"""

import math
import struct
from collections.abc import Sequence

import mido
from mido.midifiles.meta import encode_variable_int

from livejam.events import PlayerEvent
from livejam.messages import to_message
from livejam.notes import Metre

TICKS = 960  # a quarter note: half a millisecond at 120 bpm
DEFAULT_BPM = 120.0
SHORTEST_BEAT = 60_000  # microseconds: 1,000 bpm, which sequencers still take
LONGEST_BEAT = 0xFFFFFF  # microseconds: as much as the format holds
ROUNDING = 500  # microseconds: a beat that near to its place is there
BRIDGE = 1.5  # beats: the longest that a tempo change needs before it


class Tape:
    """Records events of a few tracks, and where the beats lie."""

    def __init__(self, tracks: Sequence[tuple[str, int]], metre: Metre | None, start: float | None = None) -> None:
        """Make a tape of `tracks` (name, channel 1 to 16) that begins at `start` seconds.

        Without a start it begins on the beat at or before the first event.
        """
        self._start = start
        self._channels = [channel for _, channel in tracks]
        self._pending: list[tuple[float, int, PlayerEvent]] = []  # seconds, track, event: not yet on the tape
        self._beats: list[tuple[float, float]] = []  # seconds, bpm: the same
        self._tempo_map: TempoMap | None = None
        self._until = -math.inf  # seconds: all before is on the tape
        self._tracks = [_Track(name) for name, _ in tracks]
        self._head = _Track("livejam")
        if metre is not None:
            sign = mido.MetaMessage("time_signature", numerator=metre.numerator, denominator=metre.denominator)
            self._head.add(0, bytes(sign.bytes()))

    def add(self, track: int, at: float, event: PlayerEvent) -> None:
        """Record that `event` happened at `at` seconds; almost in order."""
        self._pending.append((at, track, event))

    def beat(self, at: float, bpm: float) -> None:
        """From `at` seconds, where a beat lies, the tempo is `bpm` quarter notes a minute."""
        self._beats.append((at, bpm))

    def __bool__(self) -> bool:
        """Whether anything has happened."""
        return bool(self._pending) or self._tempo_map is not None

    def encode(self) -> bytes:
        """Return the file so far."""
        if self._pending:
            self._put_down()
        chunks = [self._head, *self._tracks]
        header = b"MThd" + struct.pack(">LHHH", 6, 1, len(chunks), TICKS)
        return header + b"".join(chunk.encode() for chunk in chunks)

    def _put_down(self) -> None:
        """Turn what is pending into bytes, which stay as they are."""
        events = sorted(self._pending, key=lambda pending: pending[0])
        tempo_map = self._tempo_map = self._tempo_map or self._first_map(events[0][0])
        for at, bpm in self._beats:
            for tick, tempo in tempo_map.change(at, bpm, self._until):
                self._head.add(tick, bytes(mido.MetaMessage("set_tempo", tempo=tempo).bytes()))
        for at, track, event in events:
            self._tracks[track].add(tempo_map.tick(at), bytes(to_message(event, self._channels[track])))
        self._until = max(self._until, events[-1][0])
        self._pending, self._beats = [], []

    def _first_map(self, first: float) -> "TempoMap":
        at, bpm = self._beats[0] if self._beats else (first, DEFAULT_BPM)
        start = self._start
        if start is None:
            start = at - math.ceil((at - first) * bpm / 60 - 1e-9) * 60 / bpm
        tempo_map = TempoMap(start, bpm)
        self._head.add(0, bytes(mido.MetaMessage("set_tempo", tempo=microseconds(bpm)).bytes()))
        return tempo_map


class TempoMap:
    """Seconds to ticks along changing tempi, in whole microseconds a quarter note as the format has it."""

    def __init__(self, start: float, bpm: float) -> None:
        self._steps = [(start, 0, microseconds(bpm))]  # seconds, tick, microseconds a quarter note
        self._at = 0

    def tick(self, seconds: float) -> int:
        """Return the tick at `seconds`, 0 before the start; cheapest in ascending order."""
        if seconds < self._steps[self._at][0]:
            self._at = 0
        while self._at + 1 < len(self._steps) and self._steps[self._at + 1][0] <= seconds:
            self._at += 1
        start, tick, tempo = self._steps[self._at]
        return max(0, tick + round((seconds - start) * 1e6 / tempo * TICKS))

    def change(self, at: float, bpm: float, until: float) -> list[tuple[int, int]]:
        """Change to `bpm` at the beat at `at` seconds, and return the new (tick, microseconds a quarter note).

        Whole beats of the old tempo lead there, and then one that takes what is left. Nothing changes before `until`
        seconds: if need be, the change waits for a later beat of its own.
        """
        start, tick, tempo = self._steps[-1]
        free = max(start, until + BRIDGE * tempo / 1e6) if until > start else start
        at += max(0, math.ceil((free - at) * bpm / 60 - 1e-6)) * 60 / bpm
        whole = max(0, int((at - start) * 1e6 / tempo - 0.5))
        odd = round((at - start) * 1e6) - whole * tempo
        if microseconds(bpm) == tempo and min(abs(odd - tempo), abs(odd)) <= ROUNDING:
            return []
        steps = [(start, tick, microseconds(bpm))]  # too near to the last change for a beat between
        if odd >= SHORTEST_BEAT:
            bridge = (start + whole * tempo / 1e6, tick + whole * TICKS, odd)
            steps = [bridge, (at, tick + (whole + 1) * TICKS, microseconds(bpm))]
        if steps[0][1] == tick:
            self._steps.pop()
        self._steps += steps
        return [(tick, tempo) for _, tick, tempo in steps]


def microseconds(bpm: float) -> int:
    """Return the length of a beat, in the whole microseconds that a file can hold."""
    return min(max(round(60e6 / bpm), SHORTEST_BEAT), LONGEST_BEAT)


class _Track:
    """The bytes of one track, growing."""

    def __init__(self, name: str) -> None:
        self._data = bytearray()
        self._tick = 0
        self.add(0, bytes(mido.MetaMessage("track_name", name=name).bytes()))

    def add(self, tick: int, message: bytes) -> None:
        """Append; a message that comes out of order goes where the track ends."""
        self._data += bytes(encode_variable_int(max(0, tick - self._tick))) + message
        self._tick = max(self._tick, tick)

    def encode(self) -> bytes:
        """The chunk, ended."""
        data = bytes(self._data) + b"\x00\xff\x2f\x00"
        return b"MTrk" + struct.pack(">L", len(data)) + data
