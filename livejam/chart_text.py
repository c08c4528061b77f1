"""Charts in plain text, such as `Dm7 | G7 | Cmaj7 A7 | %`. docs/charts.md says all that can be written.

Bars stand between `|`, and line ends part them, too. The chords of a bar share it equally; with slashes (or dots), each
chord and each slash has an equal share, so that there is one a beat. Basses after a slash are left out. Pure. Knows
nothing of files or ticks. Bars count from 1 in messages.
"""

import re
from collections.abc import Iterator
from typing import Any

from livejam.chart import Chart, style_named
from livejam.errors import LivejamError
from livejam.roadmap import unfolded
from livejam.sheet import JUMP, Sheet, evenly, read_jump
from livejam.steering import read_setting
from livejam.symbols import Symbol, read_symbol

SLOWEST, FASTEST = 30, 300  # bpm
LONGEST_SHOWN = 40  # letters of a word in a message
EXAMPLE = "Dm7 | G7 | Cmaj7 | %"
_HEADER = re.compile(r"\s*(title|tempo|style|key)\s*:(?!\|)\s*(.*?)\s*", re.IGNORECASE)
_COMMENT = re.compile(r"\s*#(\s|$)")
_ENDS = r"(?=:?\||[\s\[\]<>]|$)"  # of a word
_TOKEN = re.compile(
    rf"""(?P<space>\s+)
    | (?P<line>:?\|+\]?:?)
    | \[?(?P<ending>\d(?:\.?[,.-]\d)*\.)\]?
    | (?P<section>\[[^\[\]|]*\])
    | (?P<metre>\d+/\d+){_ENDS}
    | (?P<times>\(?(?:[x\u00d7]\d+|\d+[x\u00d7])\)?){_ENDS}
    | (?P<again>%%?){_ENDS}
    | (?P<slash>[/.]+){_ENDS}
    | <?(?:(?P<jump>{JUMP})|(?P<fine>fine)|(?P<segno>segno|𝄋)|(?P<leaves>to\s+(?:coda|𝄌))|(?P<coda>coda|𝄌))>?{_ENDS}
    | (?P<chord>(?:(?!:?\|)[^\s\[\]<>])+|.)""",
    re.VERBOSE | re.IGNORECASE,
)


def read_chart(text: str) -> Chart:
    """Return the chart that `text` says.

    Raises:
        LivejamError: it says none; the message names the bar, and the line if there are several.
    """
    headers, lines = dict[str, str](), list[tuple[int, str]]()
    for number, line in enumerate(text.splitlines(), start=1):
        header = _HEADER.fullmatch(line)
        if header:
            headers[header[1].lower()] = header[2]
        elif line.strip() and not _COMMENT.match(line):
            lines.append((number, line))
    if not re.sub(r"[\s|:]", "", "".join(line for _, line in lines)):
        raise LivejamError(f"the chart has no chords; write it like: {EXAMPLE}")
    reader = _Reader()
    for number, line in lines:
        reader.read_line(line, number if len(lines) > 1 or headers else 0)
    sheet = reader.sheet
    sheet.end()
    if not sheet.bars:
        raise LivejamError(f"the chart has no chords; write it like: {EXAMPLE}")
    return unfolded(sheet, **_about(headers), text=_one_line([line for _, line in lines]))


def _about(headers: dict[str, str]) -> dict[str, Any]:
    """Return what the headers say, as `unfolded` takes it."""
    about: dict[str, Any] = {"title": headers.get("title", "")}
    if "style" in headers:
        about["style"] = style_named(headers["style"])
        if not about["style"]:
            raise LivejamError(f"style: {headers['style']!r} is not known; jazz, folk, pop and classical are")
    if "key" in headers:
        about["key"] = read_setting("key", re.sub(r"-$", "m", headers["key"]))
    if "tempo" in headers:
        about["bpm"] = _bpm(headers["tempo"])
    return about


def _bpm(text: str) -> float:
    match = re.fullmatch(r"(\d{1,3}(?:\.\d{1,9})?)\s*(?:bpm)?", text, re.IGNORECASE)
    if not match or not SLOWEST <= float(match[1]) <= FASTEST:
        raise LivejamError(f"tempo: {text!r} won't do; write {SLOWEST} to {FASTEST} beats a minute")
    return float(match[1])


def _one_line(lines: list[str]) -> str:
    """Return what is written, in one line, without bar lines that part nothing."""
    text = ""
    for line in (" ".join(line.split()) for line in lines):
        parted = not text or text.endswith(("|", "|:")) or line.startswith(("|", ":|"))
        text += ("" if not text else " " if parted else " | ") + line
    text = re.sub(r"(?<![|:])\| (?=\|(?![|\]:]))", "", text)
    return re.sub(r"^\|(?![|:]) *| *(?<![|:])\|$", "", text)


class _Reader:
    """Reads lines of a chart, and puts what they say on a sheet."""

    def __init__(self) -> None:
        self.sheet = Sheet()
        self._cells: list[Symbol | None] = []  # of the bar so far; None: the chord before goes on
        self._again = 0  # bars before that it repeats
        self._slashes = False
        self._after = ""  # the bar line after which nothing has come yet

    def read_line(self, line: str, number: int) -> None:
        """Read a line; `number` is its own, 0 if there is but one.

        Raises:
            LivejamError: it is no part of a chart.
        """
        self.sheet.line, self._after = number, ""
        for kind, text in _tokens(line):
            if kind == "line":
                self._bar_line(text)
            elif kind == "times":
                if not self._after.startswith(":"):
                    raise self._no_chord(text)
                self.sheet.close_times(int(re.sub(r"\D", "", text)[:9]))
            else:
                self._after = ""
                self._take(kind, text)
        if self._cells or self._again:
            self._bar_line("")

    def _bar_line(self, text: str) -> None:
        filled = self._cells or self._again
        if not filled and text == self._after == "|":
            raise self.sheet.error(" is empty; write % to repeat a bar, N.C. for no chord")
        if self._again:
            self.sheet.again(self._again)
        elif self._cells:
            self._end_bar()
        self._cells, self._again, self._slashes = [], 0, False
        self.sheet.bar_line(closes=text[:1] == ":", double="||" in text or "]" in text, opens=text[-1:] == ":")
        self._after = text

    def _end_bar(self) -> None:
        count, metre = len(self._cells), self.sheet.metre
        if self._slashes and metre and not evenly(count, metre[0]):
            beats = f"{count} {'beat' if count == 1 else 'beats'}"
            raise self.sheet.error(f" has {beats} in {metre[0]}/{metre[1]}; write one chord or slash a beat")
        self.sheet.add(self._cells)

    def _take(self, kind: str, text: str) -> None:
        """Take a word of a bar."""
        sheet = self.sheet
        match kind:
            case "section" | "ending" | "metre" if self._cells or self._again:
                raise sheet.error(f": {text} stands after a chord; it belongs where a bar begins")
            case "section":
                sheet.sign(section=True)
            case "ending":
                sheet.sign(endings=_numbers(text))
            case "metre":
                above, below = text.split("/")
                sheet.sign_metre(int(above[:9]), int(below[:9]))
            case "jump":
                sheet.sign(jump=read_jump(text))
            case "coda" if self._cells or self._again:
                sheet.sign(leaves=True)
            case "fine" | "segno" | "leaves" | "coda":
                sheet.sign(**{kind: True})
            case _:
                self._take_chords(kind, text)

    def _take_chords(self, kind: str, text: str) -> None:
        symbol = read_symbol(text)
        if self._again or (kind == "again" and self._cells):
            raise self.sheet.error(" has % beside others; it stands for a whole bar, %% for two")
        if kind == "again":
            self._again = len(text)
        elif kind == "slash":
            self._slashes = True
            self._cells += [None] * len(text)
        elif symbol is not None:
            self._cells.append(symbol)
        elif not self._cells and re.fullmatch(r"\d", text):
            self.sheet.sign(endings=_numbers(text))
        else:
            raise self._no_chord(text)

    def _no_chord(self, text: str) -> LivejamError:
        known = "chords such as Am7, G7b9, Cmaj7, F#m7b5, Bb6, Dsus4, N.C. can be read"
        shown = text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…"
        return self.sheet.error(f": {shown!r} is no chord; {known}")


def _tokens(line: str) -> Iterator[tuple[str, str]]:
    """Return the words of a line, each with its kind, a group of `_TOKEN`."""
    for match in _TOKEN.finditer(line):
        kind = match.lastgroup
        if kind and kind != "space":
            yield kind, match[kind]


def _numbers(text: str) -> tuple[int, ...]:
    """Return which endings `1.`, `1,2.` or `1-3.` are."""
    numbers: list[int] = []
    for first, last in re.findall(r"(\d)\.?(?:-(\d))?", text):
        numbers += range(int(first), int(last or first) + 1)
    return tuple(numbers)
