"""What a practice session was like: how the player's notes lay on the beat and on the chords, bar by bar. Pure.

Times are ticks of the song's line (24 a quarter note), offsets milliseconds, negative early. Bars and choruses count
from 0 here, from 1 in words. Where a note's place on the beat is comes from `intime`, whether it is right on its chord
from `chordscale`. Knows nothing of ports, clocks or how a session runs. Any thread may call it.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from livejam.chordscale import Sounding, Step, chord_name, wrong_notes
from livejam.intime import Timing, places_of, timing
from livejam.pieces import Quality
from livejam.steering import TONICS

WRONG_SHARE = 0.15  # of the notes of what is clean that may be wrong: of good players' notes 8 % are, see `chordscale`
OFF_SHARE = 0.25  # that may be out of time; of a steady player's notes 10 % are, see `intime`
DOUBT = 2  # notes in time and right that every bar is taken to have beside its own: one slip is no bad bar


@dataclass(frozen=True, slots=True)
class Strike:
    """One note of the player's against the beat."""

    tick: float  # where it was played on the song's line of ticks, unrounded
    pitch: int  # 0..127
    velocity: int  # 1..127
    length: float  # ticks
    bar: int  # of the chorus, 0 the first; up to `phrasing.EARLY` ticks ahead of its bar line a note is of a bar
    chorus: int  # 0 the first
    bar_start: int  # ticks: where that bar begins
    seconds_a_tick: float
    chord: tuple[int, Quality] | None  # root 0..11 and quality that sounds there; None: no chart, or no chord


@dataclass(frozen=True, slots=True)
class Wrong:
    """A note that does not go with its chord."""

    bar: int
    chorus: int
    pitch: int  # 0..127
    chord: Sounding

    def __str__(self) -> str:
        return f"bar {self.bar + 1}: {TONICS[self.pitch % 12]} on {chord_name(self.chord)}"


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured of some of the notes."""

    notes: int
    timing: Timing
    wrong: tuple[Wrong, ...]  # by time
    offsets: tuple[float, ...]  # ms off the beat, of the notes that have a place, by time

    @property
    def off(self) -> float:
        """Share of notes out of time; 0 where none has a place."""
        return self.timing.early + self.timing.late if self.timing.notes else 0.0

    @property
    def trouble(self) -> float:
        """How much work they need, 0..2: the shares of notes out of time and of wrong ones, doubtful where few."""
        return (self.off * self.timing.notes + len(self.wrong)) / (self.notes + DOUBT)


@dataclass(frozen=True, slots=True)
class Report:
    """What a practice session was like."""

    overall: Figures
    bars: dict[int, Figures]  # bar of the chorus -> over all choruses; only bars with a note, ascending
    choruses: dict[int, Figures]  # likewise

    def worst(self, count: int = 3) -> tuple[int, ...]:
        """Return up to `count` bars that need work most, the worst first; none where all is well."""
        troubled = [bar for bar, figures in self.bars.items() if figures.trouble > 0]
        return tuple(sorted(troubled, key=lambda bar: -self.bars[bar].trouble)[:count])

    def mistakes(self, count: int | None = None) -> tuple[str, ...]:
        """Return the wrong notes in words, the most frequent first, then by bar: "bar 3: F# on Cmaj7 (2 times)"."""
        counts = Counter(str(wrong) for wrong in self.overall.wrong)
        return tuple(f"{words} ({n} times)" if n > 1 else words for words, n in counts.most_common(count))


def report(strikes: Sequence[Strike]) -> Report:
    """Return what a session was like, of its notes in any order."""
    line = sorted(strikes, key=lambda strike: (strike.tick, strike.pitch))
    seconds = [strike.seconds_a_tick for strike in line]
    ticks = np.array([strike.tick for strike in line])
    places = places_of(ticks.tolist(), [strike.bar_start for strike in line], seconds)
    offsets = 1000 * (ticks - places) * np.array(seconds)
    wrong = set(wrong_notes([Step(strike.tick, strike.pitch, strike.length, strike.chord) for strike in line]))
    usual = float(np.nanmedian(offsets)) if np.isfinite(offsets).any() else 0.0

    def figures(chosen: Sequence[int]) -> Figures:
        own = offsets[np.array(chosen, int)]
        mistakes = tuple(_wrong(line[i]) for i in chosen if i in wrong)
        return Figures(len(chosen), timing(own, usual), mistakes, tuple(own[np.isfinite(own)].tolist()))

    by_bar, by_chorus = _places(line, lambda one: one.bar), _places(line, lambda one: one.chorus)
    return Report(
        figures(range(len(line))),
        {bar: figures(chosen) for bar, chosen in by_bar.items()},
        {chorus: figures(chosen) for chorus, chosen in by_chorus.items()},
    )


def is_clean(strikes: Sequence[Strike]) -> bool:
    """Tell whether notes are in time and on their chords; False where nothing was played."""
    figures = report(strikes).overall
    return figures.notes > 0 and figures.off <= OFF_SHARE and len(figures.wrong) <= WRONG_SHARE * figures.notes


def _places(line: Sequence[Strike], number: Callable[[Strike], int]) -> dict[int, list[int]]:
    """Return the notes' places in the line by a number that each has, numbers ascending."""
    found: dict[int, list[int]] = {n: [] for n in sorted({number(strike) for strike in line})}
    for at, strike in enumerate(line):
        found[number(strike)].append(at)
    return found


def _wrong(strike: Strike) -> Wrong:
    return Wrong(strike.bar, strike.chorus, strike.pitch, strike.chord or (0, Quality.NONE))
