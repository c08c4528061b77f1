"""A chart as it is written: bars, and the signs at their beginnings and ends, which say in which order they are played.

Readers of charts put bars and signs on a `Sheet`; `roadmap` unfolds it. Pure. Knows nothing of how charts are spelled.
Bars count from 0, but from 1 in messages.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from livejam.chart import Bar, Placed, Signature, playable
from livejam.errors import LivejamError
from livejam.symbols import Symbol

MOST_TIMES = 99  # that a repeat is played
MOST_CELLS = 64  # chords and beats of a bar
FINE, CODA = "fine", "coda"
JUMP = r"\bd(?:\.\s?)?[cs]\b\.?(?:\s+al\s+(?:fine\b|coda\b|\d(?:st|nd|rd)?\b\.?(?:\s*end(?:ing)?\b\.?)?))?"
_JUMP = re.compile(JUMP, re.IGNORECASE)
_END_SIGNS = {"leaves": False, "fine": False, "fermata": False, "jump": None}


@dataclass(frozen=True, slots=True)
class Jump:
    """An order to go back: D.C. or D.S., and until where."""

    to_segno: bool  # D.S.; else D.C.
    until: str = ""  # FINE, CODA, or the number of an ending; empty: whichever there is

    def __str__(self) -> str:
        return ("D.S." if self.to_segno else "D.C.") + (f" al {self.until.capitalize()}" if self.until else "")


@dataclass(frozen=True, slots=True)
class Written:
    """A bar as it is written, with the signs where it begins and where it ends."""

    chords: Bar = ()
    metre: Signature | None = None  # None: the song's own
    line: int = 0  # of the file, from 1; 0: it has but one
    section: bool = False  # one begins
    opens: bool = False  # a repeat begins
    endings: tuple[int, ...] = ()  # those that begin, from 1
    segno: bool = False
    coda: bool = False  # a coda sign where the bar begins
    leaves: bool = False  # a coda sign where it ends
    fine: bool = False
    fermata: bool = False  # which means Fine in charts without
    jump: Jump | None = None  # after it
    closes: int = 0  # so many times the repeat is played that ends with it; 0: none does
    double: bool = False  # a double bar line after it


def read_jump(text: str) -> Jump | None:
    """Return what words such as "D.S. al Coda" order; None: nothing."""
    match = _JUMP.search(text)
    if not match:
        return None
    order, _, until = match[0].lower().partition("al")
    number = re.search(r"\d", until)
    return Jump("s" in order, number[0] if number else until.strip())


def evenly(cells: int, beats: int) -> bool:
    """Return whether each of the `cells` of a bar lasts so many of its beats, or each beat so many of them."""
    return beats % cells == 0 or cells % beats == 0


class Sheet:
    """A chart while it is read."""

    def __init__(self, name: str = "the chart") -> None:
        """`name` is what messages call it."""
        self.bars: list[Written] = []
        self.line = 0  # of the file that is being read, from 1; 0: it has but one
        self.name = name
        self._next = Written()

    def error(self, what: str, bar: int | None = None) -> LivejamError:
        """Return the error that says what is wrong with a bar; without one, with that which is being read."""
        number = len(self.bars) if bar is None else bar
        line = self.line if bar is None else self.bars[bar].line
        return LivejamError(f"bar {number + 1} of {self.name}{f' (line {line})' if line else ''}{what}")

    @property
    def metre(self) -> Signature | None:
        """Of the bar that is being read; None: the song's own."""
        return self._next.metre

    def sign(self, **signs: Any) -> None:
        """Put signs, fields of `Written`, on the bar that is being read."""
        self._next = replace(self._next, **signs)

    def sign_metre(self, numerator: int, denominator: int) -> None:
        """Change the metre from the bar on that is being read.

        Raises:
            LivejamError: nobody plays in it.
        """
        if not playable(numerator, denominator):
            raise self.error(f": {numerator}/{denominator} is no metre; 4/4, 3/4, 6/8 and their like are")
        self.sign(metre=(numerator, denominator))

    def add(self, cells: Sequence[Symbol | None]) -> None:
        """End the bar that is being read, which `cells` share equally; None: the chord before goes on.

        Raises:
            LivejamError: there are too many, or there is no chord to go on.
        """
        if len(cells) > MOST_CELLS:
            raise self.error(f" has {len(cells)} chords and beats; {MOST_CELLS} are the most")
        sounding = self.bars[-1].chords[-1] if self.bars else None
        first = cells[0] or (sounding and (sounding.root, sounding.quality))
        if first is None:
            raise self.error(" begins with a beat on which a chord goes on, but there is none before it")
        shares = enumerate([first, *cells[1:]])
        self._put(tuple(Placed(Fraction(i, len(cells)), *chord) for i, chord in shares if chord))

    def again(self, count: int) -> None:
        """End the bar that is being read, 1 or 2 bars that repeat as many before.

        Raises:
            LivejamError: there are too few.
        """
        if len(self.bars) < count:
            before = "the bar before, but there is none" if count == 1 else "the two bars before, but they are missing"
            raise self.error(f" is {'%' * count}, which repeats {before}")
        ends = {name: getattr(self._next, name) for name in _END_SIGNS}
        self.sign(**_END_SIGNS)
        repeated = self.bars[-count:]
        for number, bar in enumerate(repeated, start=1):
            self.sign(**(ends if number == count else {}))
            self._put(bar.chords)

    def bar_line(self, *, closes: bool = False, double: bool = False, opens: bool = False) -> None:
        """Draw the bar line after what has been read; signs of an end without a bar belong to the bar before.

        Raises:
            LivejamError: there is no bar before it that could end or be repeated.
        """
        ends: dict[str, Any] = {name: value for name in _END_SIGNS if (value := getattr(self._next, name))}
        self.sign(**_END_SIGNS)
        if self._next.opens and closes:
            raise self.error(" should begin a repeat, which has no bars")
        if closes and (not self.bars or self.bars[-1].closes):
            raise self.error(": a repeat ends before it, but there is none; write |: before its first bar")
        if ends and not self.bars:
            raise self.error(": Fine, D.C. and D.S. stand at the end of a bar, but there is none before it")
        if self.bars:
            last = self.bars[-1]
            self.bars[-1] = replace(last, closes=2 if closes else last.closes, double=double or last.double, **ends)
        if opens:
            self.sign(opens=True)

    def close_times(self, times: int) -> None:
        """Say how often the repeat is played that has just ended.

        Raises:
            LivejamError: so often none is.
        """
        if not 2 <= times <= MOST_TIMES:
            raise self.error(f" ends a repeat that is played x{times}; x2 to x{MOST_TIMES} are", len(self.bars) - 1)
        self.bars[-1] = replace(self.bars[-1], closes=times)

    def end(self) -> None:
        """Say that all has been read.

        Raises:
            LivejamError: a repeat or an ending has just begun.
        """
        self.bar_line()
        if self._next.opens or self._next.endings:
            raise self.error(" is missing: a repeat or an ending begins after the last bar")

    def _put(self, chords: Bar) -> None:
        endings = () if self._next.opens else self._next.endings  # of the repeat before: a new one begins in any case
        self.bars.append(replace(self._next, chords=chords, endings=endings, line=self.line))
        self._next = Written(metre=self._next.metre)
