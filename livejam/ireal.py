"""Charts as iReal Pro shares them: links such as `irealb://…`, alone, in a web page, and several songs in one.

`irealb` has its music scrambled, the older `irealbook` has it plain; the letters, signs and bar lines are the same. A
chord stands on the beat of its cell where the cells of its bar and the beats divide each other evenly; otherwise the
chords share the bar equally, together with slashes if there are any. Alternative chords in parentheses, sizes and most
words are left out. Pure. Knows nothing of files or ticks. Bars count from 1 in messages.
"""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from livejam.chart import Chart, style_named
from livejam.errors import LivejamError
from livejam.roadmap import unfolded
from livejam.sheet import Sheet, evenly, read_jump
from livejam.steering import read_setting
from livejam.symbols import SILENT, Symbol, read_symbol

SCRAMBLED = "1r34LbKcu7"  # music that begins so is
BLOCK = 50  # letters that are scrambled together
SWAPPED = (*range(5), *range(10, 24))  # places of a block that change with those as far from its end
SHORT = (("XyQ", "   "), ("Kcl", "| x"), ("LZ", " |"))
SLOWEST, FASTEST = 30, 300  # bpm
PLAIN_FIELDS = 6  # of a song in an irealbook link: title, composer, style, key, n, music
EMPTY, SLASH, REPEAT, REPEAT_TWO = " pxr"  # cells without a chord
PARTING, ENDING = ("|", "[", "{"), ("|", "]", "}", "Z")  # bar lines before, and after, a bar that may be left empty
SHOWN = 5  # titles in a message
CURE = "share the song from iReal Pro again, and give all of its link or file"
_LINK = re.compile(r"(?P<quote>[\"']?)(?P<scheme>irealb(?:ook)?)://(?P<rest>.*)", re.IGNORECASE)
_CHORD = re.compile(r"(W|[A-G][#b]?)((?:sus|alt|add|[-+^ohb#\d])*)(?:\*([^*|\[\]{}]*)\*)?(?:/[A-G][#b]?)?")
_TOKEN = re.compile(
    rf"""(?P<chord>{_CHORD.pattern})
    | T(?P<metre>\d\d)
    | N(?P<ending>\d)
    | (?P<section>\*\w?)
    | <(?P<text>[^>]*)>
    | (?P<line>[][{{}}|Z])
    | (?P<cell>[ npxr])
    | (?P<sign>[SQf])
    | (?P<nothing>[,YUlsv\r\n]|\([^)]*\))
    | (?P<unknown>.)""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Song:
    """A song of a link, not yet read."""

    title: str
    styles: tuple[str, ...]  # what the song is called, and what accompanies it
    key: str
    bpm: str
    music: str  # plain


def is_ireal(text: str) -> bool:
    """Return whether `text` has a link of iReal Pro in it."""
    return _LINK.search(text) is not None


def read_ireal(text: str, title: str = "") -> Chart:
    """Return the chart of the song called `title` in `text`, a link or a page with links; without a title of the first.

    Words of the title suffice, if no other song has them.

    Raises:
        LivejamError: there is none, or it can't be read.
    """
    songs = [song for line in text.splitlines() for song in _linked(line)]
    if not songs:
        raise LivejamError(f"no song in this iReal Pro link, which may be cut off; {CURE}")
    return read_song(_chosen(songs, title))


def _chosen(songs: Sequence[Song], title: str) -> Song:
    """Return the song that is meant by words of its title."""
    words = title.casefold().split()
    found = [song for song in songs if all(word in song.title.casefold() for word in words)]
    exact = [song for song in found if song.title.casefold().split() == words]
    if not words or exact or len(found) == 1:
        return (exact or found)[0]
    listed = found or songs
    titles = ", ".join(repr(song.title) for song in listed[:SHOWN]) + (", …" if len(listed) > SHOWN else "")
    raise LivejamError(f"{'several songs are' if found else 'no song is'} called {title!r}; there are {titles}")


def _linked(line: str) -> Iterator[Song]:
    """Return the songs of the links in a line."""
    while match := _LINK.search(line):
        quote, scheme, rest = match["quote"], match["scheme"].lower(), match["rest"]
        payload, line = rest, ""
        if quote:
            payload, _, line = rest.partition(quote)
            payload = html.unescape(payload)
        elif "%" in rest:
            payload, _, line = rest.partition(" ")
        fields = unquote(payload).split("=")
        yield from _plain_songs(fields) if scheme == "irealbook" else _scrambled_songs(fields)


def _plain_songs(fields: Sequence[str]) -> Iterator[Song]:
    """Return the songs of an irealbook link."""
    for begin in range(0, len(fields) - PLAIN_FIELDS + 1, PLAIN_FIELDS):
        title, _, style, key, _, music = fields[begin : begin + PLAIN_FIELDS]
        yield Song(title.strip(), (style,), key, "", music)


def _scrambled_songs(fields: Sequence[str]) -> Iterator[Song]:
    """Return the songs of an irealb link: title, composer, -, style, key, transposition, music, style, bpm, repeats.

    After `===` comes the next one; the music tells where a song is, since fields may be empty.
    """
    begin = 0
    for place, field in enumerate(fields):
        if not field.startswith(SCRAMBLED):
            continue
        before, after = [one for one in fields[begin:place] if one.strip()], fields[place + 1 : place + 4]
        if not before or not after:
            raise LivejamError(f"this iReal Pro link is cut off; {CURE}")
        style, key = (fields[place - 3], fields[place - 2]) if place - begin > 3 else ("", "")
        groove, bpm = [*after, ""][:2]
        yield Song(before[0].strip(), (style, groove), key, bpm, unscrambled(field.removeprefix(SCRAMBLED)))
        begin = place + 4


def unscrambled(music: str) -> str:
    """Return scrambled `music` as it was, or plain music scrambled: what is done twice is undone."""
    parts = []
    while len(music) > BLOCK:
        block, music = list(music[:BLOCK]), music[BLOCK:]
        if len(music) >= 2:
            for i in SWAPPED:
                block[i], block[-1 - i] = block[-1 - i], block[i]
        parts.append("".join(block))
    return "".join([*parts, music])


def read_song(song: Song) -> Chart:
    """Return the chart of a song.

    Raises:
        LivejamError: it can't be read; the message names song and bar.
    """
    music = song.music
    for short, long in SHORT:
        music = music.replace(short, long)
    sheet = _Reader(Sheet(repr(song.title))).read(music)
    style = next(filter(None, map(style_named, song.styles)), "")
    return unfolded(sheet, song.title, style, _bpm(song.bpm), _key(song.key))


def _bpm(text: str) -> float | None:
    """Return a tempo as `Chart` knows it; iReal Pro's 0 is its style's own."""
    number = int(text) if re.fullmatch(r"\d{1,4}", text.strip()) else 0
    return float(min(max(number, SLOWEST), FASTEST)) if number else None


def _key(text: str) -> int:
    try:
        return int(read_setting("key", re.sub(r"-$", "m", text.strip())))
    except LivejamError:
        return 0


class _Reader:
    """Reads the music of a song, and puts it on a sheet."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._cells: list[Symbol | str] = []  # of the bar so far: chords, or what `_cell` says
        self._line = ""  # the bar line before it
        self._times = 0  # that a repeat is played, as words say; 0: they don't
        self._paired = False  # the bar before repeats two, of which the empty one to come is the second

    def read(self, music: str) -> Sheet:
        """Read all of the music.

        Raises:
            LivejamError: it is no music.
        """
        for match in _TOKEN.finditer(music):
            kind = str(match.lastgroup)
            self._take(kind, match[kind])
        self._bar_line("")
        self._sheet.end()
        if not self._sheet.bars:
            raise LivejamError(f"{self._sheet.name} has no chords; {CURE}")
        return self._sheet

    def _take(self, kind: str, text: str) -> None:
        sheet = self._sheet
        match kind:
            case "chord" | "cell":
                self._cells.append(_cell(text))
            case "line":
                self._bar_line(text)
            case "metre":
                above, below = (12, 8) if text == "12" else map(int, text)
                sheet.sign_metre(above, below)
            case "ending" if text != "0":
                sheet.sign(endings=(int(text),))
            case "section":
                sheet.sign(section=True)
            case "text":
                self._read_words(text)
            case "sign":
                coda = "leaves" if any(cell != EMPTY for cell in self._cells) else "coda"
                sheet.sign(**{{"S": "segno", "f": "fermata"}.get(text, coda): True})
            case "unknown":
                raise sheet.error(f": {text!r} is no chord, and no sign of iReal Pro's; {CURE}")

    def _read_words(self, text: str) -> None:
        jump, times = read_jump(text), re.search(r"\b(?:x\s?(\d\d?)|(\d\d?)\s?x)\b", text, re.IGNORECASE)
        if jump:
            self._sheet.sign(jump=jump)
        elif re.search(r"\bfine\b", text, re.IGNORECASE):
            self._sheet.sign(fine=True)
        elif re.search(r"\bto coda\b", text, re.IGNORECASE):
            self._sheet.sign(leaves=True)
        elif times:
            self._times = int(times[1] or times[2])

    def _bar_line(self, text: str) -> None:
        self._end_bar(text)
        self._cells = []
        self._sheet.bar_line(closes=text == "}", double=text in ("]", "Z"), opens=text == "{")
        if text == "}" and self._times > 1:
            self._sheet.close_times(self._times)
        if text == "}":
            self._times = 0
        if text == "[":
            self._sheet.sign(section=True)
        self._line = text

    def _end_bar(self, line: str) -> None:
        """End the bar before a bar line, if there is one: cells may be empty to fill a row."""
        cells, paired = self._cells, self._paired
        self._paired = REPEAT_TWO in cells or (paired and len(cells) < 2)
        if REPEAT_TWO in cells:
            self._sheet.again(2)
        elif REPEAT in cells:
            self._sheet.again(1)
        elif any(cell != EMPTY for cell in cells):
            self._add(cells)
        elif len(cells) > 1 and self._sheet.bars and not paired and self._line in PARTING and line in ENDING:
            self._sheet.add([None])

    def _add(self, cells: Sequence[Symbol | str]) -> None:
        """End a bar with chords."""
        beats, _ = self._sheet.metre or (4, 4)
        kept = cells if evenly(len(cells), beats) else [cell for cell in cells if cell != EMPTY]
        chords = [None if isinstance(cell, str) else cell for cell in kept]
        if chords[0] is None and not self._sheet.bars:
            chords[0] = SILENT
        self._sheet.add(chords)


def _cell(text: str) -> Symbol | str:
    """Return what a cell says: a chord, or one of EMPTY, SLASH, REPEAT, REPEAT_TWO."""
    match = _CHORD.fullmatch(text)
    if not match:
        return SILENT if text == "n" else text
    root, quality, custom = match.groups()
    if root == "W":
        return SLASH
    symbol = read_symbol(root + (custom or quality))
    return symbol or read_symbol(f"{root}5") or SILENT  # of a chord without a name, the root alone counts
