"""A band under a player: from what went over a wire to figures. Pure.

The player's side sends the clock, so it knows where bars begin, and plays broken chords that change to a far key, so it
knows which notes take that up. Knows nothing of ports, processes or the network. Times are seconds of the wire's own
clock, ticks are those of the MIDI clock, 24 a quarter note. Any thread.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from livejam.bench.wire import EARLY, LATE, Timed, hung, is_on, lateness
from livejam.notes import TICKS_PER_BEAT

BASS, CHORDS, DRUMS = 1, 2, 9  # channels of the band, 0..15
MAJOR, TRIAD = (0, 2, 4, 5, 7, 9, 11), (0, 4, 7)  # semitones above the root


@dataclass(frozen=True, slots=True)
class Change:
    """The player has gone on to another key, a far one."""

    at: float  # seconds: its first note, as it was really played
    until: float  # seconds: what comes later does not count
    before: int  # root of the key before, 0..11
    root: int  # and of this one

    def taken_up(self, pitches: frozenset[int]) -> bool:
        """Tell whether notes struck at once belong to this key, with a tone of its chord that the one before lacks."""
        classes = {pitch % 12 for pitch in pitches}
        new = {(self.root + step) % 12 for step in TRIAD} - {(self.before + step) % 12 for step in MAJOR}
        return classes <= {(self.root + step) % 12 for step in MAJOR} and bool(classes & new)


@dataclass(frozen=True)
class BandTake:
    """What was heard of a band that follows the clock of the player's side. The wire's period is part of every figure.

    Its notes lie on whole ticks. One that is later than three quarters of a tick is taken for one of the next.
    """

    heard: tuple[Timed, ...]
    changes: tuple[Change, ...] = ()
    period: float = 0.0  # seconds of the wire; 0: it has none
    beat_at: float = 0.0  # seconds: the first pulse of the clock, and of the song
    bpm: float = 120.0  # quarter notes a minute
    beats: int = 4  # quarter notes a bar

    @cached_property
    def ons(self) -> list[tuple[float, int, int]]:
        """The band's note-ons: seconds, channel (0..15), pitch."""
        notes = ((time, message[0] & 0x0F, message[1]) for time, message in self.heard if is_on(message))
        return sorted(note for note in notes if note[1] in (BASS, CHORDS, DRUMS))

    @property
    def tick(self) -> float:
        """Seconds of a tick."""
        return 60 / self.bpm / TICKS_PER_BEAT

    @property
    def limit(self) -> float:
        """Seconds after its place from which a note is late: half a tick at most, for more can't be told."""
        return min(LATE + self.period, self.tick / 2)

    @property
    def latenesses(self) -> list[float]:
        """Seconds from its place to every note-on."""
        return [lateness(time - self.beat_at, self.bpm) for time, _, _ in self.ons]

    def on_time_share(self, dropped: int = 0) -> float | None:
        """Return the share of note-ons that were on time, if so many more were not played at all; None: no notes."""
        late = [after > self.limit for after in self.latenesses]
        return 1 - (sum(late) + dropped) / (len(late) + dropped) if late else None

    @property
    def bar_line_errors(self) -> list[float | None]:
        """Seconds between every bar line, from the first that is played to the last, and a note that is on it.

        None: nothing is.
        """
        if not self.ons:
            return []
        bar, limit = self.beats * 60 / self.bpm, self.limit
        first, last = (self.ons[place][0] - self.beat_at for place in (0, -1))
        lines = range(math.ceil((first - limit) / bar), math.floor((last + limit) / bar) + 1)
        return [self._nearest(self.beat_at + line * bar) for line in lines]

    def _nearest(self, at: float) -> float | None:
        return min((abs(time - at) for time, _, _ in self.ons if abs(time - at) <= self.limit), default=None)

    @property
    def reactions(self) -> list[float | None]:
        """Seconds from every change of key until bass and chords take it up; None: they never do."""
        return [self._reaction(change) for change in self.changes]

    def _reaction(self, change: Change) -> float | None:
        strikes = (strike for strike in self._strikes() if change.at <= strike[0] < change.until)
        return next((at - change.at for at, pitches in strikes if change.taken_up(pitches)), None)

    def _strikes(self) -> Iterator[tuple[float, frozenset[int]]]:
        """Yield what bass and chords strike at once: seconds, pitches."""
        notes = (note for note in self.ons if note[1] != DRUMS)
        for _, together in groupby(notes, key=lambda note: math.floor((note[0] - self.beat_at) / self.tick + EARLY)):
            strike = list(together)
            yield strike[0][0], frozenset(pitch for _, _, pitch in strike)

    @property
    def hung(self) -> int:
        """Note-ons that never got their note-off."""
        return hung(self.heard)
