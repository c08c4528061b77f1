"""Bars as written, played: repeats and endings taken, tones laid on the 24-tick grid.

Knows no notation and no corpus. Lengths are exact fractions of a quarter note until they become ticks (24 a quarter
note), so that rounding never adds up.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import floor

import numpy as np

from livejam.notes import TICKS_PER_BEAT
from livejam.pieces import METRE, NOTE


@dataclass(frozen=True, slots=True)
class Tone:
    """A note, a chord or a rest."""

    pitches: tuple[int, ...]  # MIDI, ascending; empty: a rest
    length: Fraction  # quarter notes
    tied: bool = False  # to the next tone
    fermata: bool = False

    def stretched(self, factor: Fraction) -> "Tone":
        """Return the tone `factor` times as long."""
        return replace(self, length=self.length * factor)

    def with_tie(self, tied: bool) -> "Tone":
        """Return the tone tied to the next one, or not."""
        return replace(self, tied=tied)


@dataclass(frozen=True, slots=True)
class Bar:
    """What stands between two bar lines; it may be shorter than the metre (pickups, split bars)."""

    tones: tuple[Tone, ...]
    metre: tuple[int, int] | None = None  # numerator, denominator
    opens: bool = False  # begins with a repeat sign |:
    closes: bool = False  # ends with a repeat sign :|
    strain: bool = False  # ends with any line that ends a strain: :| || |]
    endings: tuple[int, ...] = ()  # an ending begins here, for these passes

    @property
    def length(self) -> Fraction:
        """Quarter notes."""
        return sum((tone.length for tone in self.tones), Fraction(0))

    @property
    def full(self) -> bool:
        """Whether it is as long as its metre says."""
        return self.metre is not None and self.length == 4 * Fraction(*self.metre)

    def joined(self, closes: bool, strain: bool) -> "Bar":
        """Return the bar with a second bar line right after its own."""
        return replace(self, closes=self.closes or closes, strain=self.strain or strain)


def play_repeats(bars: Sequence[Bar]) -> list[Bar]:
    """Return the bars in the order they are played.

    A repeat without its opening sign goes back to the last strain end or the start. An ending runs to the next
    strain end.
    """
    return _Player(bars).play()


@dataclass
class _Player:
    bars: Sequence[Bar]
    at: int = 0
    start: int = 0  # where a repeat goes back to
    opened: bool = False  # by a sign of its own
    turn: int = 1  # which pass this is
    ending: bool = False  # an ending has begun in this pass
    played: list[Bar] = field(default_factory=list)

    def play(self) -> list[Bar]:
        while self.at < len(self.bars):
            bar = self.bars[self.at]
            if bar.opens and self.at != self.start:
                self._begin(opened=True)
            self.opened |= bar.opens
            if bar.endings and self.turn not in bar.endings:
                self._miss(bar)
            else:
                self._play(bar)
        return self.played

    def _play(self, bar: Bar) -> None:
        self.ending |= bool(bar.endings)
        self.played.append(bar)
        self.at += 1
        if bar.closes and self.turn < self._turns():
            self._again()
        elif bar.closes or (bar.strain and (self.ending or not self.opened)):
            self._begin(opened=False)

    def _miss(self, bar: Bar) -> None:
        """An ending for another pass: go back if that pass is the next one, else on to ours."""
        if self.ending and self.turn + 1 in bar.endings:
            self._again()
            return
        self.at += 1
        while self.at < len(self.bars) and not self._is_after_ending(self.bars[self.at]):
            self.at += 1

    def _is_after_ending(self, bar: Bar) -> bool:
        return self.turn in bar.endings or bar.opens or (self.bars[self.at - 1].closes and not bar.endings)

    def _turns(self) -> int:
        """Passes of the repeat that closes just before `at`: two, or what the endings say."""
        numbers = [2]
        for i in range(self.start, len(self.bars)):
            if i >= self.at and (self.bars[i].opens or not self.bars[i].endings):
                break
            numbers += self.bars[i].endings
        return max(numbers)

    def _again(self) -> None:
        self.at, self.turn, self.ending = self.start, self.turn + 1, False

    def _begin(self, opened: bool) -> None:
        self.start, self.opened, self.turn, self.ending = self.at, opened, 1, False


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One voice on the grid."""

    notes: np.ndarray  # (N,) NOTE
    metres: np.ndarray  # (M,) METRE
    marks: tuple[int, ...]  # ticks at which a strain or a fermata ends


def lay_out(bars: Iterable[Bar]) -> Line:
    """Lay bars in playing order on the grid; ties become one note, velocities are unknown."""
    layout = _Layout()
    for bar in bars:
        layout.add(bar)
    return layout.line()


def to_tick(quarters: Fraction | float) -> int:
    """Return the nearest tick to a place in quarter notes; halves go up."""
    return floor(quarters * TICKS_PER_BEAT + Fraction(1, 2))


@dataclass
class _Layout:
    now: Fraction = Fraction(0)  # quarter notes
    notes: list[list[Fraction | int]] = field(default_factory=list)  # onset, end, pitch
    held: dict[int, list[Fraction | int]] = field(default_factory=dict)  # by pitch: notes tied into the next tone
    metres: list[tuple[int, int, int]] = field(default_factory=list)
    bar_line: Fraction = Fraction(0)  # the last one announced, quarter notes
    marks: list[int] = field(default_factory=list)

    def add(self, bar: Bar) -> None:
        self._announce(bar)
        for tone in bar.tones:
            self._tone(tone)
        if bar.strain:
            self._mark()

    def line(self) -> Line:
        rows = {(to_tick(on), int(pitch)): to_tick(off) for on, off, pitch in self.notes}
        notes = [(on, max(off - on, 1), pitch, 0) for (on, pitch), off in sorted(rows.items())]
        return Line(np.array(notes, NOTE), np.array(self.metres, METRE), tuple(self.marks))

    def _announce(self, bar: Bar) -> None:
        """Note a metre where it begins, or where bars fall off its grid. Only full bars tell where bar lines are."""
        if bar.metre is None or not bar.full:
            return
        aligned = (self.now - self.bar_line) % bar.length == 0
        if not self.metres or self.metres[-1][1:] != bar.metre or not aligned:
            self.metres.append((to_tick(self.now), *bar.metre))
            self.bar_line = self.now

    def _tone(self, tone: Tone) -> None:
        end = self.now + tone.length
        held = {}
        for pitch in tone.pitches:
            note = self.held.get(pitch)
            if note is None:
                note = [self.now, end, pitch]
                self.notes.append(note)
            note[1] = end
            held[pitch] = note
        self.held = held if tone.tied else {}
        self.now = end
        if tone.fermata:
            self._mark()

    def _mark(self) -> None:
        if self.now not in self.marks[-1:]:
            self.marks.append(to_tick(self.now))
