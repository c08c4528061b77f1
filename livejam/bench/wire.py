"""From what went over a wire to figures. Pure.

Knows nothing of ports, processes or the network: timed messages go in, milliseconds come out. Times are seconds of the
wire's own clock (JACK's frames, say), so nothing here is told by the code that is measured. Any thread.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np

from livejam.notes import TICKS_PER_BEAT

EARLY = 0.25  # of a tick: a note is taken for early by less than this, else for late
LATE = 0.005  # seconds: a note that comes later than that, and a period of the wire, is late

Timed = tuple[float, bytes]  # seconds, message


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
    """What was played to livejam and heard of it, while a metronome ticked in the player's head.

    Players play on the beat, livejam is told the tempo, and answers lie on whole ticks (24 a quarter note). So the
    place of every note can be told from the outside, up to a whole tick: a note later than three quarters of a tick
    (25 ms at 75 bpm) is taken for one that belongs to the next. The displacement of livejam's grid from the player's is
    part of every error, and so is the wire's own period.
    """

    calls: tuple[tuple[Timed, ...], ...]  # each as it was really played, from its first note-on to its last note-off
    heard: tuple[Timed, ...]
    beat_at: float  # seconds: the time of a beat
    bpm: float  # quarter notes a minute
    silence: float  # seconds that end a phrase
    period: float = 0.0  # seconds of the wire; 0: it has none

    @cached_property
    def answers(self) -> list[list[float]]:
        """Seconds of the note-ons between the end of each call and the beginning of the next."""
        starts = [*(call[0][0] for call in self.calls[1:]), float("inf")]
        ons = [time for time, message in self.heard if _is_on(message)]
        return [
            [time for time in ons if call[-1][0] <= time < start]
            for call, start in zip(self.calls, starts, strict=True)
        ]

    @property
    def answered(self) -> int:
        """How many calls were answered."""
        return sum(map(bool, self.answers))

    @property
    def waits(self) -> list[float]:
        """Seconds from the end of each phrase (its silence is over) to the first note of its answer."""
        pairs = zip(self.calls, self.answers, strict=True)
        return [answer[0] - call[-1][0] - self.silence for call, answer in pairs if answer]

    @property
    def grid_errors(self) -> list[float]:
        """Seconds between the first note of each answer and its place on the player's beat grid."""
        return [abs(self.lateness(answer[0])) for answer in self.answers if answer]

    @property
    def deadline_errors(self) -> list[float]:
        """Seconds between every other note and its place on the player's beat grid."""
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

    @property
    def interruptions(self) -> list[float]:
        """Seconds from the player's note-on, if something sounds then, to the note-off of the last that sounds."""
        return [took for call in self.calls[1:] if (took := self._hush(call[0][0])) is not None]

    @property
    def hung(self) -> int:
        """Note-ons that never got their note-off."""
        return sum((+balance(self.heard)).values())

    def lateness(self, time: float) -> float:
        """Return by how many seconds a note-on at `time` is later than the tick it belongs to."""
        tick = 60 / self.bpm / TICKS_PER_BEAT
        return (time - self.beat_at + EARLY * tick) % tick - EARLY * tick

    def _hush(self, start: float) -> float | None:
        sounding = set(+balance(timed for timed in self.heard if timed[0] < start))
        ends: dict[int, float] = {}  # pitch -> seconds
        for time, message in self.heard:
            if time >= start and not _is_on(message) and message[1] in sounding:
                ends.setdefault(message[1], time)
        return max(ends.values()) - start if ends else None


def balance(messages: Iterable[Timed]) -> Counter[int]:
    """Return note-ons less note-offs of each pitch."""
    counts: Counter[int] = Counter()
    for _, message in messages:
        counts[message[1]] += 1 if _is_on(message) else -1
    return counts


def is_note(message: Sequence[int]) -> bool:
    """Whether `message` is a note-on or a note-off."""
    return len(message) == 3 and message[0] & 0xE0 == 0x80


def _is_on(message: bytes) -> bool:
    return message[0] & 0xF0 == 0x90 and message[2] > 0
