"""ABC notation, parsed: tunes of a file, and the measures of every voice of a tune, as written.

The subset that fiddle tunes and hymns use (ABC standard 2.1: notes, chords, rests, ties, tuplets, broken rhythm, keys
and modes, metres, tempos, bar lines, endings, voices, fermatas, and verses that end with a line). Grace notes,
decorations and text are dropped. It plays no repeats and knows no grid: lengths are exact fractions of a quarter note.
A parser of our own, because the libraries that read ABC keep the notes and lose what phrases are cut at: bar lines and
strain ends.
"""

import quopri
import re
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from livejam.training.corpora.abc_fields import (
    ACCIDENTALS,
    parse_endings,
    parse_key,
    parse_length,
    parse_metre,
    parse_tempo,
)
from livejam.training.corpora.layout import Measure, Written
from livejam.training.corpora.repeats import Signs

FIELD = re.compile(r"([A-Za-z]):(?![|:])\s*(.*)")
LENGTH = r"\d*(?:/+\d*)*"
NOTE = rf"(?P<accidental>\^\^|__|[\^_=]?)(?P<letter>[A-Ga-g])(?P<octave>[',]*)(?P<length>{LENGTH})"
TOKEN = re.compile(
    rf"""(?P<text>"[^"]*")
    | !(?P<mark>[^!\s|]+)! | (?P<grace>\{{[^}}]*\}})
    | \[(?P<field>[A-Za-z]):(?P<value>[^\]]*)\]
    | (?P<bar>:*\[\|\] | :*\[?\|[|\]:]* | :[:\]]*)
    | (?P<ending>\[\d[\d,.-]* | (?<=[|:\]])\d[\d,.-]*)
    | \[(?P<chord>[^\]|]*)\](?P<chord_length>{LENGTH})
    | (?P<tuplet>\(\d(?::\d*)*)
    | (?P<rest>[zxZ])(?P<rest_length>{LENGTH})
    | (?P<note>{NOTE}) | (?P<broken><+|>+) | (?P<tie>-) | (?P<fermata>H)""",
    re.VERBOSE,
)
OLD_CHORD = r"\+([A-Ga-g^_=',\d/]+)\+"
NATURALS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
TUPLETS = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}  # p notes in the time of q; the others depend on the metre
VERSE_END = re.compile(r"[.,;:!?][\"')]*$")
FERMATAS = {"fermata", "invertedfermata", "ferm"}
PHRASE_END = "longphrase"  # the decoration that ABC has for it


@dataclass(frozen=True, slots=True)
class Tune:
    """One tune as written."""

    titles: tuple[str, ...]
    voices: dict[str, tuple[Measure, ...]]  # in the order of their first bars


def split_tunes(text: str) -> list[str]:
    """Return the tunes of an ABC file, each from its `X:` on."""
    return re.split(r"(?m)^(?=X:)", text.replace("\r\n", "\n").replace("\r", "\n"))[1:]


def decoded(data: bytes) -> str:
    """Return the text of an ABC file, whose encoding nothing tells: UTF-8 if it is, else Latin-1."""
    if b"=3D" in data:  # once sent as quoted-printable mail
        data = quopri.decodestring(data)
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def parse_tune(text: str) -> Tune:
    """Parse the text of one tune.

    Raises:
        ValueError: no key field, so no music, or a field that can't be understood.
    """
    uncommented = (re.sub(r"(?<!\\)%.*", "", line) for line in text.splitlines() if not line.startswith("%"))
    lines = [line.strip() for line in uncommented]
    ends = next((i for i, line in enumerate(lines) if line.startswith("K:")), None)
    if ends is None:
        raise ValueError("no K: field, so no music")
    header = [match.groups() for line in lines[: ends + 1] if (match := FIELD.match(line))]
    found = {name: value.strip() for name, value in reversed(header)}
    voices = {name: _VoiceReader(found).read(music) for name, music in _split_voices(_body(lines[ends + 1 :])).items()}
    titles = tuple(value.strip() for name, value in header if name == "T")
    return Tune(titles, {name: read for name, read in voices.items() if read})


def _body(lines: list[str]) -> list[str]:
    """Return the lines up to the blank one that ends a tune."""
    first = next((i for i, line in enumerate(lines) if line), 0)
    return lines[first : lines.index("", first)] if "" in lines[first:] else lines[first:]


def _split_voices(lines: list[str]) -> dict[str, str]:
    """Gather the music of every voice; fields and ends of verses become inline, so that one scan reads all."""
    voices: dict[str, list[str]] = {}
    current = ""
    for line in lines:
        if re.match(r"\[V:", line):
            current, line = _voice_name(line[3:]), line.partition("]")[2]
        match = FIELD.match(line)
        if match and match[1] == "V":
            current, line = _voice_name(match[2]), ""
        elif match:
            line = _inline(match[1], match[2].replace("]", ""))
        voices.setdefault(current, []).append(line.removesuffix("\\"))
    return {name: re.sub(OLD_CHORD, r"[\1]", "\n".join(music)) for name, music in voices.items()}


def _inline(name: str, value: str) -> str:
    if name == "w":
        return f"!{PHRASE_END}!" if VERSE_END.search(value) else ""
    return f"[{name}:{value}]" if name in "KLMQ" else ""


def _voice_name(text: str) -> str:
    return re.split(r"[\s\]]", text.strip(), maxsplit=1)[0]


@dataclass(frozen=True, slots=True)
class _Tone:
    """A note, a chord or a rest."""

    pitches: tuple[int, ...]  # empty: a rest
    length: Fraction  # quarter notes
    tied: bool  # to the next
    ends: bool  # a marked phrase


@dataclass
class _VoiceReader:
    """Scans one voice from left to right; what holds until further notice is its state."""

    header: dict[str, str]
    measures: list[Measure] = field(default_factory=list)
    tones: list[_Tone] = field(default_factory=list)  # of the measure being read
    opens: bool = False  # it begins with |:
    endings: tuple[int, ...] = ()
    accidentals: dict[str, int] = field(default_factory=dict)  # in this bar, by letter
    carried: dict[str, int] = field(default_factory=dict)  # by a tie over the bar line, for one note
    tuplet: tuple[Fraction, int] = (Fraction(1), 0)  # factor, notes left
    broken: Fraction = Fraction(1)  # factor of the next note
    fermata: bool = False  # on the next note
    tempos: list[tuple[Fraction, float]] = field(default_factory=list)  # of the measure being read

    def __post_init__(self) -> None:
        self.metre = parse_metre(self.header.get("M", ""))
        self.key = parse_key(self.header["K"])
        self.unit = self._unit(self.header.get("L", ""))
        self._tempo(self.header.get("Q", ""))

    def _unit(self, text: str) -> Fraction:
        """Length of a note without a number, in quarter notes."""
        match = re.match(r"(\d+)/(\d+)", text)
        if match:
            return Fraction(4 * int(match[1]), int(match[2]))
        short = self.metre is not None and Fraction(*self.metre) < Fraction(3, 4)
        return Fraction(1, 4) if short else Fraction(1, 2)

    def read(self, music: str) -> tuple[Measure, ...]:
        for match in TOKEN.finditer(music):
            kind = match.lastgroup or ""
            self._take(kind.removesuffix("_length"), match)
        self._bar_line("|]")
        return tuple(self.measures)

    def _take(self, kind: str, match: re.Match[str]) -> None:
        match kind:
            case "note":
                self._tone((self._pitch(match),), parse_length(match["length"]))
            case "rest":
                self._rest(match["rest"], parse_length(match["rest_length"]))
            case "chord":
                self._chord(match["chord"], parse_length(match["chord_length"]))
            case "bar":
                self._bar_line(match["bar"])
            case "ending":
                self._ending(match["ending"])
            case "value":
                self._field(match["field"], match["value"].strip())
            case "tuplet":
                self._tuplet([int(digits or 0) for digits in match["tuplet"][1:].split(":")])
            case "broken":
                self._broken(match["broken"])
            case "tie":
                self._change_last(tied=True)
            case "fermata":
                self.fermata = True
            case "mark":
                self._mark(match["mark"])

    def _pitch(self, match: re.Match[str]) -> int:
        letter = match["letter"].upper()
        if match["accidental"]:
            self.accidentals[letter] = ACCIDENTALS[match["accidental"]]
        here = self.carried | self.accidentals
        octave = match["letter"].islower() + match["octave"].count("'") - match["octave"].count(",")
        return 60 + 12 * octave + NATURALS[letter] + here.get(letter, self.key.get(letter, 0))

    def _tone(self, pitches: tuple[int, ...], length: Fraction, tied: bool = False) -> None:
        factor, left = self.tuplet
        length *= self.unit * self.broken * (factor if left else 1)
        self.tuplet = (factor, max(left - 1, 0))
        self.tones.append(_Tone(pitches, length, tied, self.fermata))
        self.broken, self.fermata, self.carried = Fraction(1), False, {}

    def _rest(self, kind: str, length: Fraction) -> None:
        if kind == "Z" and self.metre:  # whole bars
            length = length * Fraction(*self.metre) * 4 / self.unit
        self._tone((), length)

    def _chord(self, text: str, length: Fraction) -> None:
        notes = list(re.finditer(NOTE, text))
        if notes:
            pitches = sorted({self._pitch(note) for note in notes})
            self._tone(tuple(pitches), length * parse_length(notes[0]["length"]), tied="-" in text)

    def _bar_line(self, text: str) -> None:
        closes, opens = text.startswith(":"), text.endswith(":") and len(text) > 1
        strain = closes or opens or (text != "[|]" and len(text) > 1)
        if self.tones:
            self.measures.append(self._measure())
            self.carried = dict(self.accidentals) if self.tones[-1].tied else {}
            self.tones, self.opens, self.endings = [], False, ()
        if self.measures and strain:
            self.measures[-1] = _ended(self.measures[-1], closes)
        self.opens |= opens
        self.accidentals, self.broken = {}, Fraction(1)

    def _measure(self) -> Measure:
        notes, marks, now = [], [], Fraction(0)
        for tone in self.tones:
            notes += [Written(now, tone.length, pitch, tone.tied) for pitch in tone.pitches]
            now += tone.length
            marks += [now] if tone.ends else []
        signs, tempos = Signs(self.opens, endings=self.endings), tuple(self.tempos)
        self.tempos = []
        return Measure(now, tuple(notes), self.metre, signs, tuple(marks), tempos=tempos)

    def _mark(self, name: str) -> None:
        if name == PHRASE_END and self.tones:
            self._change_last(ends=True)
        elif name == PHRASE_END and self.measures:
            last = self.measures[-1]
            self.measures[-1] = replace(last, marks=(*last.marks, last.length))
        self.fermata |= name in FERMATAS

    def _ending(self, text: str) -> None:
        if self.tones:
            self._bar_line("|")
        self.endings = parse_endings(text.strip("[,.-"))

    def _field(self, name: str, value: str) -> None:
        match name:
            case "K":
                self.key = parse_key(value)
            case "M":
                self.metre = parse_metre(value)
            case "L":
                self.unit = self._unit(value)
            case "Q":
                self._tempo(value)

    def _tempo(self, text: str) -> None:
        bpm = parse_tempo(text)
        if bpm:
            self.tempos.append((sum((tone.length for tone in self.tones), Fraction(0)), bpm))

    def _tuplet(self, numbers: list[int]) -> None:
        count, time, notes = (*numbers, 0, 0)[:3]
        compound = self.metre is not None and self.metre[0] % 3 == 0 and self.metre[0] > 3
        time = time or TUPLETS.get(count, 3 if compound else 2)
        if count:
            self.tuplet = (Fraction(time, count), notes or count)

    def _broken(self, signs: str) -> None:
        short = Fraction(1, 2 ** len(signs))
        before, after = (2 - short, short) if signs[0] == ">" else (short, 2 - short)
        self.broken = after
        if self.tones:
            self._change_last(length=self.tones[-1].length * before)

    def _change_last(self, **changes: Any) -> None:
        if self.tones:
            self.tones[-1] = replace(self.tones[-1], **changes)


def _ended(measure: Measure, closes: bool) -> Measure:
    """Return the measure with the end of a strain after it, which `closes` a repeat or not."""
    signs = replace(measure.signs, closes=2 if closes else measure.signs.closes, ends=True)
    return replace(measure, signs=signs, marks=(*measure.marks, measure.length))
