"""ABC notation, parsed: tunes of a file, and the measures of every voice of a tune, as written.

The subset that fiddle tunes and hymns use (ABC standard 2.1: notes, chords, rests, ties, tuplets, broken rhythm, keys
and modes, metres, bar lines, endings, voices, fermatas). Grace notes, decorations and text are dropped. It plays no
repeats and knows no grid: lengths are exact fractions of a quarter note. A parser of our own, because
the libraries that read ABC keep notes and lose what phrases are cut at: bar lines and strain ends.
"""

import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

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
ACCIDENTALS = {"^": 1, "^^": 2, "_": -1, "__": -2, "=": 0}
FIFTHS = "FCGDAEB"  # sharps come in this order, flats in the reverse one
MODES = {"": 0, "maj": 0, "ion": 0, "mix": -1, "dor": -2, "min": -3, "aeo": -3, "m": -3, "phr": -4, "loc": -5, "lyd": 1}
TUPLETS = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}  # p notes in the time of q; the others depend on the metre
FERMATAS = {"fermata", "invertedfermata", "ferm"}


@dataclass(frozen=True, slots=True)
class Tune:
    """One tune as written."""

    titles: tuple[str, ...]
    bpm: float | None  # quarter notes a minute, where the header tells
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
    lines = [re.sub(r"(?<!\\)%.*", "", line).strip() for line in text.splitlines()]
    ends = next((i for i, line in enumerate(lines) if line.startswith("K:")), None)
    if ends is None:
        raise ValueError("no K: field, so no music")
    header = [match.groups() for line in lines[: ends + 1] if (match := FIELD.match(line))]
    found = {name: value.strip() for name, value in reversed(header)}
    voices = {name: _VoiceReader(found).read(music) for name, music in _split_voices(lines[ends + 1 :]).items()}
    titles = tuple(value.strip() for name, value in header if name == "T")
    return Tune(titles, parse_tempo(found.get("Q", "")), {name: read for name, read in voices.items() if read})


def parse_tempo(text: str) -> float | None:
    """Return the quarter notes a minute of a `Q:` field such as `3/8=120`; None where no note value is given."""
    match = re.search(r"(\d+)/(\d+)\s*=\s*(\d+)", text)
    if not match or not int(match[2]):
        return None
    return float(Fraction(int(match[1]) * 4, int(match[2])) * int(match[3])) or None


def parse_metre(text: str) -> tuple[int, int] | None:
    """Return numerator and denominator of an `M:` field; None for free metre."""
    symbol = text.strip()
    if symbol in ("C", "C|"):
        return (4, 4) if symbol == "C" else (2, 2)
    match = re.match(r"(\d+)/(\d+)", symbol)
    return (int(match[1]), int(match[2])) if match else None


def parse_key(text: str) -> dict[str, int]:
    """Return the accidentals of a `K:` field: letter A..G to -1 or 1, plus those it adds itself."""
    match = re.match(r"([A-G])([#b]?)\s*([A-Za-z]*)", text)
    if not match or text.startswith(("Hp", "HP")):
        return {"F": 1, "C": 1} if text.startswith("Hp") else {}
    sharps = FIFTHS.index(match[1]) - 1 + 7 * {"": 0, "#": 1, "b": -1}[match[2]] + _mode(match[3])
    key = dict.fromkeys(FIFTHS[:sharps], 1) if sharps > 0 else dict.fromkeys(FIFTHS[::-1][:-sharps], -1)
    for sign, letter in re.findall(r"([\^_=])([A-Ga-g])(?![a-z])", text[match.end() :]):
        key[letter.upper()] = ACCIDENTALS[sign]
    return key


def _mode(text: str) -> int:
    """Return how many sharps a mode adds to the major key of its tonic."""
    mode = "maj" if text == "M" else text.lower()[:3]
    if mode not in MODES:
        raise ValueError(f"unknown mode {text!r} in the K: field")
    return MODES[mode]


def _split_voices(lines: list[str]) -> dict[str, str]:
    """Gather the music of every voice; fields become inline fields, so that one scan reads both."""
    voices: dict[str, list[str]] = {}
    current = ""
    for line in lines:
        if re.match(r"\[V:", line):
            current, line = _voice_name(line[3:]), line.partition("]")[2]
        match = FIELD.match(line)
        if match and match[1] == "V":
            current, line = _voice_name(match[2]), ""
        elif match:
            line = f"[{match[1]}:{match[2].replace(']', '')}]" if match[1] in "KLM" else ""
        voices.setdefault(current, []).append(line.removesuffix("\\"))
    return {name: re.sub(OLD_CHORD, r"[\1]", "\n".join(music)) for name, music in voices.items()}


def _voice_name(text: str) -> str:
    return re.split(r"[\s\]]", text.strip(), maxsplit=1)[0]


def _fraction(text: str) -> Fraction:
    """Return the value of a length such as `3`, `/`, `//` or `3/4`."""
    head, *rest = re.split(r"(/)", text)
    value = Fraction(int(head or 1))
    for divisor in rest[1::2]:
        value /= int(divisor or 2)
    return value


@dataclass(frozen=True, slots=True)
class _Tone:
    """A note, a chord or a rest."""

    pitches: tuple[int, ...]  # empty: a rest
    length: Fraction  # quarter notes
    tied: bool
    fermata: bool


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

    def __post_init__(self) -> None:
        self.metre = parse_metre(self.header.get("M", ""))
        self.key = parse_key(self.header["K"])
        self.unit = self._unit(self.header.get("L", ""))

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
                self._tone((self._pitch(match),), _fraction(match["length"]))
            case "rest":
                self._rest(match["rest"], _fraction(match["rest_length"]))
            case "chord":
                self._chord(match["chord"], _fraction(match["chord_length"]))
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
            case "mark" | "fermata":
                self.fermata |= kind == "fermata" or match["mark"] in FERMATAS

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
            self._tone(tuple(pitches), length * _fraction(notes[0]["length"]), tied="-" in text)

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
            marks += [now] if tone.fermata else []
        return Measure(now, tuple(notes), self.metre, Signs(self.opens, endings=self.endings), tuple(marks))

    def _ending(self, text: str) -> None:
        if self.tones:
            self._bar_line("|")
        self.endings = _numbers(text.strip("[,.-"))

    def _field(self, name: str, value: str) -> None:
        match name:
            case "K":
                self.key = parse_key(value)
            case "M":
                self.metre = parse_metre(value)
            case "L":
                self.unit = self._unit(value)

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


def _numbers(text: str) -> tuple[int, ...]:
    """Return the passes of an ending such as `1`, `1,3` or `1-3`."""

    def each() -> Iterator[int]:
        for item in re.split(r"[,.]", text):
            first, _, last = item.partition("-")
            yield from range(int(first), int(last or first) + 1)

    return tuple(each())
