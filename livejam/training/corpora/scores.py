"""MusicXML scores, read into measures: notes, ties, metres, chord symbols, tempos, repeats, sounding pitch.

Reads `.mxl` and `.xml` of the partwise kind straight from the elements that carry sound; layout, lyrics and dynamics
are passed over, grace and cue notes are dropped. Times inside a measure are exact fractions of a quarter note. A
reader of our own, because music21 takes half a minute for a string quartet where this takes half a second; its notes
are the same.
"""

import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import zip_longest
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import numpy as np

from livejam.pieces import Part, Piece, Quality, Role, Style
from livejam.training.corpora.layout import Line, Measure, Written, lay_out
from livejam.training.corpora.repeats import Signs
from livejam.training.phrases import cut_phrases

STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
KINDS = {  # MusicXML's kind-value, or how it begins: quality
    "none": Quality.NONE,
    "major-seventh": Quality.MAJOR7,
    "major-ninth": Quality.MAJOR7,
    "major-11th": Quality.MAJOR7,
    "major-13th": Quality.MAJOR7,
    "major-minor": Quality.OTHER,
    "major": Quality.MAJOR,
    "maj69": Quality.MAJOR,
    "minor-sixth": Quality.MINOR,
    "minor-major": Quality.MINOR,
    "minor-": Quality.MINOR7,
    "minor": Quality.MINOR,
    "dominant": Quality.DOMINANT,
    "diminished": Quality.DIMINISHED,
    "half-diminished": Quality.HALF_DIMINISHED,
    "augmented-": Quality.DOMINANT,  # the seventh, as in the Weimar Jazz Database
    "augmented": Quality.AUGMENTED,
    "suspended": Quality.SUSPENDED,
}
MOST_NOTES = {Role.PIANO: 128}  # of a phrase
SLOWEST, FASTEST = 15.0, 400.0  # quarter notes a minute; marks outside are slips


@dataclass(frozen=True, slots=True)
class ScorePart:
    """One instrument or voice of a score, all its staves together."""

    name: str
    staves: int
    measures: tuple[Measure, ...]


def read_score(path: Path, *, fermatas: bool = False) -> list[ScorePart]:
    """Return the parts of a MusicXML file, measure by measure alike: same lengths, metres and repeats.

    Args:
        path: `.mxl` or `.xml`.
        fermatas: whether a fermata marks a phrase end, as in chorales; else it is only a hold.

    Raises:
        ValueError, KeyError, zipfile.BadZipFile, ElementTree.ParseError: it can't be read.
    """
    root = ElementTree.fromstring(_xml(path))
    if root.tag != "score-partwise":
        raise ValueError(f"a {root.tag} file, not a score-partwise one")
    names = {part.get("id"): " ".join((part.findtext("part-name") or "").split()) for part in root.iter("score-part")}
    readers = [(names.get(part.get("id"), ""), _PartReader(fermatas), part) for part in root.iterfind("part")]
    read = [(name, reader.read(part), reader.staves) for name, reader, part in readers]
    columns = list(zip_longest(*(measures for _, measures, _ in read), fillvalue=Measure(Fraction(0))))
    shared = _with_first_metre([_alike(column) for column in columns])
    return [ScorePart(name, staves, tuple(column[i] for column in shared)) for i, (name, _, staves) in enumerate(read)]


def make_piece(
    corpus: str, name: str, title: str, style: Style, parts: Sequence[tuple[Role, Sequence[ScorePart]]]
) -> Piece:
    """Lay out the parts of a score, those of one role-and-list together, and cut them into phrases.

    Raises:
        ValueError: there are no notes in it.
    """
    played = [(role, lay_out(_merged([part.measures for part in group]))) for role, group in parts if group]
    sounding = [(role, line) for role, line in played if len(line.notes)]
    if not sounding:
        raise ValueError("no notes")
    frame = lay_out(_merged([part.measures for _, group in parts for part in group]))
    cut = tuple(_cut(role, line, frame.metres) for role, line in sounding)
    return Piece(corpus, name, title, "", style, frame.metres, frame.chords, frame.tempos, cut)


def _cut(role: Role, line: Line, metres: np.ndarray) -> Part:
    most = MOST_NOTES.get(role, 64)
    return Part(role, line.notes, cut_phrases(line.notes, metres, line.marks, most=most))


def _xml(path: Path) -> bytes:
    if path.suffix != ".mxl":
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:  # its container.xml names the score, but is itself broken in places
        names = [name for name in archive.namelist() if name.endswith("xml") and not name.startswith("META-INF")]
        if not names:
            raise ValueError("no score in the archive")
        return archive.read(names[0])


def _alike(column: Sequence[Measure]) -> list[Measure]:
    """Give the measures that sound together the same length, metre and signs."""
    length = max(measure.length for measure in column)
    metre = next((measure.metre for measure in column if measure.metre), None)
    signs = Signs(
        any(measure.signs.opens for measure in column),
        max(measure.signs.closes for measure in column),
        any(measure.signs.ends for measure in column),
        max((measure.signs.endings for measure in column), key=len),
    )
    return [replace(measure, length=length, metre=metre, signs=signs) for measure in column]


def _with_first_metre(columns: list[list[Measure]]) -> list[list[Measure]]:
    """Give the measures before the first time signature the metre that most of them fill: some files leave it out."""
    count = next((i for i, column in enumerate(columns) if column[0].metre), len(columns))
    lengths = Counter(column[0].length for column in columns[:count]).most_common(1)
    if not lengths or lengths[0][1] < 0.75 * count or not lengths[0][0]:
        return columns
    metre = _fitting_metre(lengths[0][0])
    return [[replace(measure, metre=metre) for measure in column] for column in columns[:count]] + columns[count:]


def _fitting_metre(length: Fraction) -> tuple[int, int] | None:
    unit = next((unit for unit in (4, 8, 16) if (length * unit / 4).denominator == 1), None)
    return (int(length * unit / 4), unit) if unit else None


def _merged(voices: Sequence[Sequence[Measure]]) -> list[Measure]:
    """Return what several parts of a score sound like as one."""
    return [
        replace(
            column[0],
            notes=tuple(note for measure in column for note in measure.notes),
            marks=column[0].marks,
            chords=tuple(chord for measure in column for chord in measure.chords),
            tempos=tuple(tempo for measure in column for tempo in measure.tempos),
        )
        for column in zip(*voices, strict=True)
    ]


@dataclass
class _PartReader:
    """Walks through the measures of a part; what holds until further notice is its state."""

    fermatas: bool
    staves: int = 1
    divisions: int = 1  # of a quarter note
    metre: tuple[int, int] | None = None
    transpose: int = 0  # semitones from written to sounding
    now: Fraction = Fraction(0)  # offset in the measure
    onset: Fraction = Fraction(0)  # of the latest note, for chords
    ended: Fraction = Fraction(0)  # the furthest offset so far
    notes: list[Written] = field(default_factory=list)
    marks: list[Fraction] = field(default_factory=list)
    chords: list[tuple[Fraction, int, int]] = field(default_factory=list)
    tempos: list[tuple[Fraction, float]] = field(default_factory=list)
    signs: Signs = field(default_factory=Signs)

    def read(self, part: Element) -> list[Measure]:
        return [self._measure(element) for element in part.iterfind("measure")]

    def _measure(self, element: Element) -> Measure:
        self.now = self.onset = self.ended = Fraction(0)
        self.notes, self.marks, self.chords, self.tempos, self.signs = [], [], [], [], Signs()
        for child in element:
            self._take(child)
        return Measure(
            self.ended,
            tuple(self.notes),
            self.metre,
            self.signs,
            tuple(self.marks),
            tuple(self.chords),
            tuple(self.tempos),
        )

    def _take(self, element: Element) -> None:
        match element.tag:
            case "note":
                self._note(element)
            case "backup":
                self._move(-self._length(element))
            case "forward":
                self._move(self._length(element))
            case "attributes":
                self._attributes(element)
            case "harmony":
                self._harmony(element)
            case "direction" | "sound":
                self._tempo(element)
            case "barline":
                self._barline(element)

    def _length(self, element: Element) -> Fraction:
        return Fraction(element.findtext("duration") or 0) / self.divisions

    def _move(self, length: Fraction) -> None:
        self.now = max(self.now + length, Fraction(0))
        self.ended = max(self.ended, self.now)

    def _note(self, element: Element) -> None:
        if element.find("grace") is not None:
            return
        length = self._length(element)
        if element.find("chord") is None:
            self.onset = self.now
            self._move(length)
        if self.fermatas and element.find("notations/fermata") is not None:
            self.marks.append(self.onset + length)
        pitch = element.find("pitch")
        if pitch is not None and element.find("cue") is None and length:
            tied = any(tie.get("type") == "start" for tie in element.iterfind("tie"))
            self.notes.append(Written(self.onset, length, _pitch(pitch) + self.transpose, tied))

    def _attributes(self, element: Element) -> None:
        self.divisions = int(element.findtext("divisions") or self.divisions)
        self.staves = int(element.findtext("staves") or self.staves)
        time = element.find("time")
        if time is not None:
            self.metre = _metre(time)
        transpose = element.find("transpose")
        if transpose is not None:
            octaves = int(transpose.findtext("octave-change") or 0)
            self.transpose = int(transpose.findtext("chromatic") or 0) + 12 * octaves

    def _offset(self, element: Element) -> Fraction:
        return max(self.now + Fraction(element.findtext("offset") or 0) / self.divisions, Fraction(0))

    def _harmony(self, element: Element) -> None:
        kind = element.findtext("kind") or "none"
        starts = (start for start in KINDS if kind.startswith(start))
        quality = KINDS.get(kind) or KINDS.get(next(starts, ""), Quality.OTHER)
        step = element.findtext("root/root-step")
        root = -1
        if step and kind != "none":
            root = (STEPS[step] + round(float(element.findtext("root/root-alter") or 0))) % 12
        self.chords.append((self._offset(element), root, int(quality) if root >= 0 else int(Quality.NONE)))

    def _tempo(self, element: Element) -> None:
        sound = element if element.tag == "sound" else element.find("sound")
        bpm = float(sound.get("tempo") or 0) if sound is not None else 0.0
        if SLOWEST <= bpm <= FASTEST:
            self.tempos.append((self._offset(element), bpm))

    def _barline(self, element: Element) -> None:
        repeat, ending = element.find("repeat"), element.find("ending")
        if repeat is not None:
            backward = repeat.get("direction") == "backward"
            self.signs = replace(self.signs, closes=2) if backward else replace(self.signs, opens=True)
        if ending is not None:
            starts = ending.get("type") == "start"
            numbers = tuple(int(number) for number in (ending.get("number") or "").replace(",", " ").split())
            self.signs = replace(self.signs, endings=numbers) if starts else replace(self.signs, ends=True)
        style = element.findtext("bar-style") or ""
        if element.get("location") != "left" and (self.signs.closes or "heavy" in style or style == "light-light"):
            self.marks.append(self.ended)


def _pitch(element: Element) -> int:
    alter = round(float(element.findtext("alter") or 0))
    return STEPS[element.findtext("step") or ""] + alter + 12 * (int(element.findtext("octave") or 4) + 1)


def _metre(element: Element) -> tuple[int, int] | None:
    beats, unit = element.findtext("beats"), element.findtext("beat-type")
    if not beats or not unit:
        return None
    return sum(int(number) for number in beats.split("+")), int(unit)
