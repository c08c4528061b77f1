"""A call and its answer as a piano roll, and that roll as text for a terminal.

Pure: notes go in, a rich `Text` comes out (picture.py draws the same roll in pixels). Knows nothing of ports, files,
sessions or the time of day. Times are seconds from any one zero that a roll's notes and marks share. Any thread may
call it, but never while it keeps time: drawing takes milliseconds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import groupby
from operator import itemgetter

from rich.text import Text

from livejam.notes import Note

PITCH_CLASSES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")


Colour = tuple[int, int, int]  # red, green, blue, each 0..255


class Voice(Enum):
    """Who plays; the colours are Okabe and Ito's (2008), which colour-blind people tell apart."""

    PLAYER = ("you", (0, 114, 178), "━")
    LIVEJAM = ("livejam", (230, 159, 0), "╍")

    def __init__(self, label: str, colour: Colour, line: str) -> None:
        self.label = label
        self.colour = colour
        self.line = line  # its ribbon in a terminal, different without colours too


@dataclass(frozen=True, slots=True)
class Mark:
    """A beat on the time axis; a bar line where it has a label."""

    time: float  # seconds
    label: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """What a roll shows at least, so that it keeps its shape while notes come in."""

    end: float  # seconds
    low: int  # pitch
    high: int  # pitch


@dataclass(frozen=True, slots=True)
class Roll:
    """One turn: what the player played and what livejam answered."""

    title: str
    player: tuple[Note, ...]
    livejam: tuple[Note, ...]
    marks: tuple[Mark, ...] = ()  # ascending; none: seconds are marked
    frame: Frame | None = None

    @property
    def voices(self) -> tuple[tuple[Voice, tuple[Note, ...]], ...]:
        """The voices that have notes."""
        both = ((Voice.PLAYER, self.player), (Voice.LIVEJAM, self.livejam))
        return tuple((voice, notes) for voice, notes in both if notes)

    @property
    def notes(self) -> tuple[Note, ...]:
        """All notes of both."""
        return self.player + self.livejam

    @property
    def span(self) -> tuple[float, float]:
        """Start and end of everything in it, seconds; never empty."""
        start, end = extent(self.notes)
        return start, max(end, start + 0.1, self.frame.end if self.frame else 0.0)

    @property
    def pitches(self) -> tuple[int, int]:
        """Lowest and highest pitch, at least an octave apart, within 0..127."""
        used = [note.pitch for note in self.notes]
        used += [self.frame.low, self.frame.high] if self.frame else [] if used else [60]
        low, high = min(used), max(used)
        spare = max(0, 12 - (high - low))
        low = min(max(0, low - spare // 2), 115)
        return low, min(127, max(high, low + 12))


def pitch_name(pitch: int) -> str:
    """Name of a MIDI pitch; 60 is C4."""
    return f"{PITCH_CLASSES[pitch % 12]}{pitch // 12 - 1}"


def extent(notes: Iterable[Note]) -> tuple[float, float]:
    """First onset and last release of `notes`, seconds; (0, 0) without notes."""
    spans = [(note.onset, note.onset + note.duration) for note in notes]
    return (min(a for a, _ in spans), max(b for _, b in spans)) if spans else (0.0, 0.0)


def beat_marks(start: float, end: float, beat: float, beats_per_bar: int) -> tuple[Mark, ...]:
    """Marks on every beat (of `beat` seconds) from `start` to `end` seconds; the bars are numbered from 1."""
    count = int((end - start) / beat + 1e-6) + 1
    names = ["bar 1", *(str(bar) for bar in range(2, count // beats_per_bar + 2))]
    beats = (divmod(n, beats_per_bar) for n in range(count))
    return tuple(Mark(start + n * beat, "" if rest else names[bar]) for n, (bar, rest) in enumerate(beats))


def second_marks(start: float, end: float) -> tuple[Mark, ...]:
    """Marks on every whole second of the roll's own time, labelled."""
    return tuple(Mark(start + n, f"{n} s") for n in range(int(end - start) + 1))


GUTTER = 6  # columns left of the roll: a pitch name and a line
GREY = (128, 128, 128)  # soft notes fade to it: it stands apart from dark and light backgrounds alike


def terminal_roll(roll: Roll, width: int, most_rows: int = 14) -> Text:
    """Draw `roll` in at most `width` columns (40 or more look good) and `most_rows` rows of two pitches or more each.

    Two half blocks share a character, so a row is two pitches; a range too large for the rows puts more on each half.
    """
    columns = max(width - GUTTER, 10)
    low, high = roll.pitches
    fold = -(-(high - low + 1) // (2 * most_rows))  # pitches a half row
    low -= low % (2 * fold)
    halves = -(-(high - low + 1) // (2 * fold)) * 2
    scale = Scale(*roll.span, columns)
    cells = _painted(roll, scale, low, fold, halves)
    lines = [Text(roll.title, style="bold"), _ribbon(roll, scale)]
    for top in range(halves - 1, 0, -2):
        name = (_row_name(low + (top - 1) * fold, 2 * fold), "dim")
        lines.append(Text.assemble(name, _row(cells[top], cells[top - 1], roll, scale)))
    return Text("\n").join([*lines, _axis(roll, scale)])


@dataclass(frozen=True, slots=True)
class Scale:
    """Places on an axis of `size` columns or pixels."""

    start: float  # seconds
    end: float  # seconds
    size: int  # columns or pixels

    def at(self, time: float) -> int:
        """Place of `time`; outside 0..size where the time is outside."""
        return round((time - self.start) / (self.end - self.start) * self.size)

    def inside(self, marks: Iterable[Mark]) -> list[tuple[int, Mark]]:
        """Return the marks that lie on the axis, with their places."""
        placed = [(self.at(mark.time), mark) for mark in marks]
        return [(column, mark) for column, mark in placed if 0 <= column < self.size]


@dataclass(frozen=True, slots=True)
class _Ink:
    voice: Voice
    colour: str


_Cells = list[list[_Ink | None]]  # one for each column of each half row, the lowest pitch first


def _painted(roll: Roll, scale: Scale, low: int, fold: int, halves: int) -> _Cells:
    cells: _Cells = [[None] * scale.size for _ in range(halves)]
    for voice, notes in roll.voices:
        for note in sorted(notes, key=lambda note: note.onset):
            row = cells[(note.pitch - low) // fold]
            first = min(scale.at(note.onset), scale.size - 1)
            last = min(max(scale.at(note.onset + note.duration), first + 1), scale.size)
            if first > 1 and row[first - 1] and row[first - 2]:
                row[first - 1] = None  # a key struck again shows as two notes
            ink = _Ink(voice, _hex(faded(voice.colour, note.velocity, GREY)))
            row[first:last] = [ink] * (last - first)
    return cells


def faded(colour: Colour, velocity: int, towards: Colour) -> Colour:
    """`colour` at a velocity of 100 and more, mixed with `towards` by up to half below."""
    part = 0.5 + 0.5 * min(velocity, 100) / 100
    red, green, blue = (round(a * part + b * (1 - part)) for a, b in zip(colour, towards, strict=True))
    return red, green, blue


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _row_name(low: int, count: int) -> str:
    names = [pitch_name(pitch) for pitch in range(low, low + count) if pitch % 12 in (0, 7)]
    return f"{names[0] if names else '':>{GUTTER - 2}} │"


def _row(upper: Sequence[_Ink | None], lower: Sequence[_Ink | None], roll: Roll, scale: Scale) -> Text:
    grid = {column: "│" if mark.label else "┊" for column, mark in scale.inside(roll.marks) if column}
    characters = (
        _character(above, below) or (grid.get(column, " "), "dim" if column in grid else "")
        for column, (above, below) in enumerate(zip(upper, lower, strict=True))
    )
    runs = groupby(characters, key=itemgetter(1))  # few styled runs: a terminal is sent, and rich draws, much less
    return Text.assemble(*(("".join(character for character, _ in run), style) for style, run in runs))


def _character(above: _Ink | None, below: _Ink | None) -> tuple[str, str] | None:
    if above and below:
        same = above.voice is below.voice
        return ("█", above.colour) if same else ("▀", f"{above.colour} on {below.colour}")
    if above:
        return ("▀", above.colour)
    return ("▄", below.colour) if below else None


def _ribbon(roll: Roll, scale: Scale) -> Text:
    line = Text(" " * GUTTER)
    for voice, notes in roll.voices:
        first, last = (scale.at(time) for time in extent(notes))
        first = max(first, len(line) - GUTTER)
        label = f"{voice.label} "[: max(last - first, 0)]
        line.append(" " * (first - len(line) + GUTTER))
        line.append(label + voice.line * (last - first - len(label) - 1) + " ", style=_hex(voice.colour))
    line.truncate(GUTTER + scale.size)
    return line


def _axis(roll: Roll, scale: Scale) -> Text:
    line = "─" * scale.size
    for column, mark in scale.inside(roll.marks or second_marks(*roll.span)):
        name = ("┴" if column else "") + mark.label if mark.label else ""
        line = line[:column] + name + line[column + len(name) :]
    return Text(" " * (GUTTER - 1) + "└" + line[: scale.size], style="dim")
