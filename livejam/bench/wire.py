"""From what went over a wire to figures. Pure.

Knows nothing of ports, processes or the network: timed messages go in, milliseconds come out. Times are seconds of the
wire's own clock (JACK's frames, say), so nothing here is told by the code that is measured. Any thread.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np

from livejam.notes import TICKS_PER_BEAT

EARLY = 0.25  # of a tick: a note is taken for early by less than this, else for late
LATE = 0.005  # seconds: a note that comes later than that, and a period of the wire, is late

Timed = tuple[float, bytes]  # seconds, message
Key = tuple[int, int]  # channel (0..15), pitch


@dataclass(frozen=True, slots=True)
class Spread:
    """How long something took, over many times."""

    median: float  # ms
    p99: float  # ms
    max: float  # ms
    count: int

    @classmethod
    def of(cls, samples: Sequence[float]) -> "Spread":
        """Return the spread of `samples` in ms, at least one."""
        median, p99, most = (round(float(value), 3) for value in np.percentile(samples, [50, 99, 100]))
        return cls(median, p99, most, len(samples))

    def as_json(self) -> dict[str, object]:
        """Return the figures by their names."""
        return asdict(self)

    @classmethod
    def of_seconds(cls, samples: Iterable[float]) -> "Spread | None":
        """Return the spread of `samples` in seconds, None if there are none."""
        milliseconds = [1000 * sample for sample in samples]
        return cls.of(milliseconds) if milliseconds else None


@dataclass(frozen=True)
class Take:
    """What was played to livejam and heard of it. The wire's own period is part of every figure."""

    calls: tuple[tuple[Timed, ...], ...]  # each as it was really played, from its first note-on to its last note-off
    heard: tuple[Timed, ...]
    period: float = 0.0  # seconds of the wire; 0: it has none

    @cached_property
    def answers(self) -> list[list[float]]:
        """Seconds of the note-ons between the end of each call and the beginning of the next."""
        starts = [*(call[0][0] for call in self.calls[1:]), float("inf")]
        ons = [time for time, message in self.heard if is_on(message)]
        return [
            [time for time in ons if call[-1][0] <= time < start]
            for call, start in zip(self.calls, starts, strict=True)
        ]

    @property
    def answered(self) -> int:
        """How many calls were answered."""
        return sum(map(bool, self.answers))

    @property
    def interruptions(self) -> list[float]:
        """Seconds from the player's note-on, if something sounds then, to the note-off of the last that sounds."""
        return [took for call in self.calls[1:] if (took := self._hush(call[0][0])) is not None]

    @property
    def hung(self) -> int:
        """Note-ons that never got their note-off."""
        return hung(self.heard)

    def _hush(self, start: float) -> float | None:
        sounding = set(+balance(timed for timed in self.heard if timed[0] < start))
        ends: dict[Key, float] = {}  # seconds
        for time, message in self.heard:
            if time >= start and not is_on(message) and _key(message) in sounding:
                ends.setdefault(_key(message), time)
        return max(ends.values()) - start if ends else None


@dataclass(frozen=True)
class FreeTake(Take):
    """A take in free time: a silence of known length ends a phrase, and its answer begins at once."""

    silence: float = 0.6  # seconds that end a phrase

    @property
    def first_notes(self) -> list[float]:
        """Seconds from the end of each phrase (its silence is over) to the first note of its answer."""
        pairs = zip(self.calls, self.answers, strict=True)
        return [answer[0] - call[-1][0] - self.silence for call, answer in pairs if answer]


@dataclass(frozen=True)
class BarsTake(Take):
    """A take in which bars are traded, by a clock that the player's side sends.

    An answer begins with the bar line after the player's bars, and its notes lie on whole ticks (24 a quarter note, the
    clock's pulses). So the place of every note is known on the outside: of the first the very moment; of others up to a
    whole tick, so a note later than three quarters of a tick (15 ms at 124 bpm) is taken for one that belongs to the
    next. How livejam follows the clock is part of every error.
    """

    beat_at: float = 0.0  # seconds: the first pulse of the clock, and of the song
    bpm: float = 120.0  # quarter notes a minute
    bars: int = 1  # that are traded
    beats: int = 4  # quarter notes a bar

    @property
    def grid_errors(self) -> list[float]:
        """Seconds between the first note of each answer and the bar line on which it should begin."""
        pairs = zip(self.calls, self.answers, strict=True)
        return [abs(answer[0] - self.downbeat(call[0][0])) for call, answer in pairs if answer]

    @property
    def deadline_errors(self) -> list[float]:
        """Seconds between every other note and its place on the clock."""
        return [abs(self.lateness(time)) for answer in self.answers for time in answer[1:]]

    @property
    def jitters(self) -> list[float]:
        """Seconds between every note of an answer and the median lateness of that answer: no displacement in there."""
        late = [np.array([self.lateness(time) for time in answer]) for answer in self.answers if len(answer) > 2]
        return [float(away) for answer in late for away in np.abs(answer - np.median(answer))]

    @property
    def late_notes(self) -> int:
        """Notes more than `LATE` and a period after their place. (What livejam dropped as too late is not heard.)"""
        ons = (time for answer in self.answers for time in answer)
        return sum(self.lateness(time) > LATE + self.period for time in ons)

    def downbeat(self, time: float) -> float:
        """Return the bar line with which livejam's bars begin if the player's first note is at `time` seconds."""
        bar = self.beats * 60 / self.bpm
        begun = math.floor((time - self.beat_at) / bar + EARLY / (self.beats * TICKS_PER_BEAT))
        return self.beat_at + bar * (begun + self.bars)

    def lateness(self, time: float) -> float:
        """Return by how many seconds a note-on at `time` is later than the tick it belongs to."""
        return lateness(time - self.beat_at, self.bpm)


def lateness(since: float, bpm: float) -> float:
    """Return by how many seconds a note-on, so long after the first pulse of a clock, is later than its tick."""
    tick = 60 / bpm / TICKS_PER_BEAT
    return (since + EARLY * tick) % tick - EARLY * tick


def balance(messages: Iterable[Timed]) -> Counter[Key]:
    """Return note-ons less note-offs of each pitch on each channel."""
    counts: Counter[Key] = Counter()
    for _, message in messages:
        counts[_key(message)] += 1 if is_on(message) else -1
    return counts


def hung(messages: Iterable[Timed]) -> int:
    """Return how many note-ons never got their note-off."""
    return sum((+balance(messages)).values())


def is_note(message: Sequence[int]) -> bool:
    """Whether `message` is a note-on or a note-off."""
    return len(message) == 3 and message[0] & 0xE0 == 0x80


def is_on(message: bytes) -> bool:
    """Whether a note message is a note-on."""
    return message[0] & 0xF0 == 0x90 and message[2] > 0


def _key(message: bytes) -> Key:
    return message[0] & 0x0F, message[1]
