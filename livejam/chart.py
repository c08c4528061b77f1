"""A chart of chords in plain text: read, and laid on the line of ticks.

`Dm7 | G7 | Cmaj7 | %`: bars stand between `|`, the chords of a bar share it equally, `%` repeats the bar before, `N.C.`
is no chord. Line ends part bars, too; basses after a slash are left out. Pure. Knows nothing of clocks or of what is
played. Times are ticks; bars count from 0.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from livejam.errors import LivejamError
from livejam.notes import Metre
from livejam.pieces import Quality
from livejam.tokenizer import Chord

MOST_BARS = 512
SILENT = (-1, Quality.NONE)  # no chord
NO_CHORD = re.compile(r"(?i)n\.?c\.?")
_DEGREES = dict(zip("CDEFGAB", (0, 2, 4, 5, 7, 9, 11), strict=True))
_SYMBOL = re.compile(r"([A-G])(##|bb|[#b]?)(.*)")
_BASS = re.compile(r"/[A-G](##|bb|[#b]?)$")
_MORE = r"(?:(?:add|alt|no|sus|[#b+-]?\d|[(),])*)"  # alterations and additions
_MINOR = r"(?:m(?!a(?!dd))|-|mi|min)"
_MAJOR = r"(?:maj|ma|Maj|M|Δ|\^|j)"
_QUALITIES = tuple(
    (re.compile(pattern), quality)
    for pattern, quality in (  # the first that matches all of a symbol but its root and bass
        (rf"(?:ø7?|{_MINOR}7?\(?b5\)?|{_MINOR}7\(?b5\)?{_MORE}|hdim7?)", Quality.HALF_DIMINISHED),
        (rf"(?:dim|°|o)7?{_MORE}", Quality.DIMINISHED),
        (rf"(?:[679]|11|13)?sus[24]?{_MORE}|(?:7|9|13)\(?sus[24]?\)?{_MORE}", Quality.SUSPENDED),
        (rf"(?:\+|aug)(?:{_MAJOR}?7)?{_MORE}", Quality.AUGMENTED),
        (rf"{_MINOR}(?:6|69|6/9|\(?{_MAJOR}7?\)?9?|2|\(?add\d+\)?)?|{_MINOR}b6", Quality.MINOR),
        (rf"{_MINOR}(?:7|9|11|13){_MORE}", Quality.MINOR7),
        (rf"{_MAJOR}(?:7|9|11|13){_MORE}|Δ7?{_MORE}", Quality.MAJOR7),
        (rf"(?:{_MAJOR}|6|69|6/9|2|add\d+|\(add\d+\))?|{_MAJOR}?6(?:/9|9)?", Quality.MAJOR),
        (rf"(?:7|9|11|13|alt){_MORE}", Quality.DOMINANT),
        (r"5", Quality.OTHER),
    )
)

Symbol = tuple[int, Quality]  # root 0..11 (C = 0) and quality; or SILENT


@dataclass(frozen=True, slots=True)
class Chart:
    """The chords of a tune, bar by bar, which goes round and round."""

    bars: tuple[tuple[Symbol, ...], ...]  # at least one, each with at least one
    text: str  # as it was written, in one line

    def __str__(self) -> str:
        return self.text

    def chords(self, metre: Metre, origin: int, start: int, end: int) -> tuple[Chord, ...]:
        """Return the chords that sound from `start` to before `end`, ascending, each where it begins.

        `origin` is where the first bar of the chart begins; before it the chart goes on backwards. All ticks.
        """
        first = (start - origin) // metre.bar_ticks
        last = -(-(end - origin) // metre.bar_ticks)
        laid = [chord for bar in range(first, last) for chord in self._bar(bar, metre, origin)]
        began = max((i for i, chord in enumerate(laid) if chord.tick <= start), default=0)
        return tuple(chord for chord in laid[began:] if chord.tick < end)

    def _bar(self, number: int, metre: Metre, origin: int) -> Iterator[Chord]:
        symbols, begin = self.bars[number % len(self.bars)], origin + number * metre.bar_ticks
        for i, (root, quality) in enumerate(symbols):
            yield Chord(begin + i * metre.bar_ticks // len(symbols), root, quality)


def read_chart(text: str) -> Chart:
    """Return the chart that `text` says.

    Raises:
        LivejamError: it says none; the message names the bar.
    """
    written = [bar.strip() for line in text.splitlines() for bar in line.strip().strip("|").split("|") if line.strip()]
    if not any(written):
        raise LivejamError("the chart has no chords; write it like: Dm7 | G7 | Cmaj7 | %")
    if len(written) > MOST_BARS:
        raise LivejamError(f"the chart has {len(written)} bars; {MOST_BARS} are the most")
    bars: list[tuple[Symbol, ...]] = []
    for number, bar in enumerate(written, start=1):
        bars.append(_read_bar(bar, number, bars))
    return Chart(tuple(bars), " | ".join(written))


def _read_bar(text: str, number: int, before: list[tuple[Symbol, ...]]) -> tuple[Symbol, ...]:
    if not text:
        raise LivejamError(f"bar {number} of the chart is empty; write % to repeat a bar, N.C. for no chord")
    if text == "%":
        if not before:
            raise LivejamError("bar 1 of the chart is %, which repeats the bar before, but there is none")
        return before[-1]
    return tuple(_read_symbol(symbol, number) for symbol in text.split())


def _read_symbol(text: str, number: int) -> Symbol:
    symbol = read_symbol(text)
    if symbol is None:
        known = "chords such as Am7, G7b9, Cmaj7, F#m7b5, Bb6, Dsus4, N.C. can be read"
        raise LivejamError(f"bar {number} of the chart: {text!r} is no chord; {known}")
    return symbol


def read_symbol(text: str) -> Symbol | None:
    """Return the root and quality of a chord symbol; None: it is none."""
    if NO_CHORD.fullmatch(text):
        return SILENT
    match = _SYMBOL.fullmatch(_BASS.sub("", text.replace("♯", "#").replace("♭", "b")))
    if match is None:
        return None
    letter, accidentals, rest = match.groups()
    root = (_DEGREES[letter] + accidentals.count("#") - accidentals.count("b")) % 12
    quality = next((quality for pattern, quality in _QUALITIES if pattern.fullmatch(rest)), None)
    return None if quality is None else (root, quality)
