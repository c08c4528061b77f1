"""A chart of chords: its bars as they are played, with repeats unfolded, and where they lie on the line of ticks.

A chart goes round and round; one time through is a chorus. Pure. Knows nothing of how charts are written, of clocks or
of what is played. Times are ticks, 24 a quarter note; bars count from 0, but for a musician from 1. Everything here is
immutable and may cross threads and processes.
"""

import math
from bisect import bisect_right
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from livejam.errors import LivejamError
from livejam.notes import Metre
from livejam.pieces import Quality
from livejam.symbols import spelled
from livejam.tokenizer import Chord

MOST_BARS = 512
KEYS = 12  # of each mode
DENOMINATORS, MOST_BEATS = (2, 4, 8, 16), 32  # of metres
_STYLES = {  # words of a style's name, the first that is found -> the style as a player asks for it
    "folk": ("folk", "bluegrass", "country", "celtic", "irish"),
    "pop": ("pop", "rock", "funk", "disco", "reggae", "house", "soul", "rnb", "r&b", "shuffle", "smooth"),
    "classical": ("classical", "baroque"),
    "jazz": (
        *("jazz", "swing", "bossa", "samba", "latin", "afro", "bop", "even 8ths", "even 16ths", "new orleans"),
        *("ballad", "blues", "bolero", "tango", "second line", "cuba", "brazil", "calypso"),
    ),
}


class Placed(NamedTuple):
    """A chord of a bar."""

    place: Fraction  # of the bar: 0 where it begins, below 1
    root: int  # 0..11, C = 0; -1: no chord
    quality: Quality


Bar = tuple[Placed, ...]  # ascending; the first stands where the bar begins
Signature = tuple[int, int]  # beats of a bar 1..MOST_BEATS, and what a beat is: one of DENOMINATORS


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the tune a tick is."""

    chorus: int  # 0 is the first; negative before it
    bar: int  # of the chorus
    start: int  # ticks, where that bar begins
    metre: Metre  # of that bar, which is its bar line
    section_ends: bool  # with that bar: the next begins a section, or the chorus anew


@dataclass(frozen=True, slots=True)
class Chart:
    """The chords of a tune, bar by bar, which goes round and round."""

    bars: tuple[Bar, ...]  # at least one
    text: str  # as it was written, in one line
    metres: tuple[Signature | None, ...]  # of each bar; None: the song's own
    sections: tuple[int, ...] = (0,)  # bars that begin one, ascending; the first is 0
    title: str = ""
    style: str = ""  # jazz, folk, pop or classical; empty: unknown
    bpm: float | None = None  # quarter notes a minute, 30..300; None: unknown
    key: int = 0  # as in `Steering`: 1 + tonic (C = 0) in major, 13 + tonic in minor; 0: unknown

    def __str__(self) -> str:
        return self.text

    @property
    def bars_in_chorus(self) -> int:
        """How many bars one time through has."""
        return len(self.bars)

    def ticks(self, metre: Metre) -> int:
        """Return the length of one chorus; `metre` is the song's own."""
        return self._lines(metre)[-1]

    def place(self, tick: int, metre: Metre, origin: int) -> Place:
        """Return where in the tune `tick` is, if its first chorus begins at `origin`; `metre` is the song's own."""
        return self._place(tick, metre, origin, self._lines(metre))

    def chords(self, metre: Metre, origin: int, start: int, end: int) -> tuple[Chord, ...]:
        """Return the chords that sound from `start` to before `end`, ascending, each where it begins.

        `origin` is where the first bar of the chart begins; before it the chart goes on backwards. All ticks. `metre`
        is the song's own, of bars that state none.
        """
        lines, laid, tick = self._lines(metre), list[Chord](), start
        while tick < end:
            place = self._place(tick, metre, origin, lines)
            ticks = place.metre.bar_ticks
            for at, root, quality in self.bars[place.bar]:
                laid.append(Chord(place.start + math.floor(at * ticks), root, quality))
            tick = place.start + ticks
        began = max((i for i, chord in enumerate(laid) if chord.tick <= start), default=0)
        return tuple(chord for chord in laid[began:] if chord.tick < end)

    def transposed(self, semitones: int) -> "Chart":
        """Return the chart so many semitones higher, or lower."""
        bars = tuple(tuple(_moved(chord, semitones) for chord in bar) for bar in self.bars)
        mode, tonic = divmod(self.key - 1, KEYS)
        key = self.key and 1 + KEYS * mode + (tonic + semitones) % KEYS
        return replace(self, bars=bars, key=key, text=written_out(bars, self.metres, self.sections))

    def passage(self, first: int, last: int) -> "Chart":
        """Return the bars `first` to `last` alone, as a musician counts them, from 1, with repeats unfolded.

        Raises:
            LivejamError: the chart has no such bars.
        """
        count = len(self.bars)
        if not 1 <= first <= last <= count:
            raise LivejamError(
                f"bars {first} to {last} are not in the chart; it has bars 1 to {count}, repeats unfolded"
            )
        kept = slice(first - 1, last)
        sections = tuple(bar - first + 1 for bar in self.sections if first <= bar < last)
        parts = self.bars[kept], self.metres[kept], (0, *sections)
        return replace(self, bars=parts[0], metres=parts[1], sections=parts[2], text=written_out(*parts))

    def _place(self, tick: int, metre: Metre, origin: int, lines: tuple[int, ...]) -> Place:
        chorus, within = divmod(tick - origin, lines[-1])
        bar = bisect_right(lines, within) - 1
        start = origin + chorus * lines[-1] + lines[bar]
        numerator, denominator = self._signature(bar, metre)
        ends = bar + 1 == len(self.bars) or bar + 1 in self.sections
        return Place(chorus, bar, start, Metre(numerator, denominator, start), ends)

    def _lines(self, metre: Metre) -> tuple[int, ...]:
        return _bar_lines(self.metres, (metre.numerator, metre.denominator))

    def _signature(self, bar: int, metre: Metre) -> Signature:
        return self.metres[bar] or (metre.numerator, metre.denominator)


@lru_cache(maxsize=16)
def _bar_lines(metres: tuple[Signature | None, ...], usual: Signature) -> tuple[int, ...]:
    """Return where each bar of a chorus begins, and where the chorus ends, ticks from its beginning.

    It is asked for with every note, and is the same all through a song.
    """
    return tuple(accumulate((Metre(*(metre or usual)).bar_ticks for metre in metres), initial=0))


def _moved(chord: Placed, semitones: int) -> Placed:
    return chord if chord.root < 0 else chord._replace(root=(chord.root + semitones) % 12)


def playable(numerator: int, denominator: int) -> bool:
    """Return whether anybody plays in that metre."""
    return 1 <= numerator <= MOST_BEATS and denominator in DENOMINATORS


def style_named(words: str) -> str:
    """Return jazz, folk, pop or classical, for a style of any name, such as "Medium Swing"; empty: unknown."""
    name = words.casefold()
    return next((style for style, known in _STYLES.items() if any(word in name for word in known)), "")


def written_out(bars: tuple[Bar, ...], metres: tuple[Signature | None, ...], sections: tuple[int, ...]) -> str:
    """Return a chart in one line of plain text, unfolded; a section begins after `||`."""
    parts, metre = list[str](), None
    for number, bar in enumerate(bars):
        stated = metres[number] if metres[number] != metre else None
        metre = metres[number]
        same = number and bar == bars[number - 1]
        words = "%" if same else _words(bar)
        line = "" if not number else " || " if number in sections else " | "
        parts.append(line + (f"{stated[0]}/{stated[1]} " if stated else "") + words)
    return "".join(parts)


def _words(bar: Bar) -> str:
    """Return the chords of a bar: with slashes between them where they don't share it equally."""
    count = len(bar)
    if any(chord.place != Fraction(i, count) for i, chord in enumerate(bar)):
        count = math.lcm(*(chord.place.denominator for chord in bar))
    words = ["/"] * count
    for place, root, quality in bar:
        words[int(place * count)] = spelled((root, quality))
    return " ".join(words)
