"""Piano rolls as one picture, dark on light, one roll under the other.

Pure: rolls go in, a Pillow image comes out. Knows nothing of terminals, files, sessions or the time of day. Lengths on
the page are pixels of the finished picture. Any thread may call it, but never while it keeps time: a page takes a
good part of a second.
"""

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from livejam.files import save
from livejam.notes import Note
from livejam.pianoroll import Colour, Roll, Scale, Voice, extent, faded, pitch_name, second_marks

WIDTH = 1600  # pixels
MARGIN = 48
LEFT = 104  # pixels from the edge to the start of the rolls; the pitch names stand between
HEAD = 84  # pixels of the heading
STRIP_HEAD = 74  # pixels above a roll: its title and the ribbons
STRIP_FOOT = 52  # pixels below a roll: bars, and space
SHARPNESS = 3  # drawn this many times larger, then reduced: smooth edges

PAPER = (255, 255, 255)
INK = (32, 36, 42)
PALE = (112, 118, 126)
BAR_LINE = (164, 170, 178)
BEAT_LINE = (224, 227, 231)
BLACK_KEY = (244, 246, 248)
BLACK_KEYS = frozenset((1, 3, 6, 8, 10))


def picture(rolls: Sequence[Roll], title: str) -> Image.Image:
    """Draw `rolls` one under the other, WIDTH pixels wide, dark on light."""
    heights = [_key_height(roll) * _keys(roll) for roll in rolls]
    height = HEAD + sum(STRIP_HEAD + tall + STRIP_FOOT for tall in heights)
    page = Page(height)
    _heading(page, title)
    top = HEAD
    for roll, tall in zip(rolls, heights, strict=True):
        _strip(page, roll, top + STRIP_HEAD, tall)
        top += STRIP_HEAD + tall + STRIP_FOOT
    return page.finished()


def save_picture(rolls: Sequence[Roll], title: str, path: Path) -> None:
    """Write the picture of `rolls` to `path`, a PNG.

    Raises:
        FileError: it can't be written.
    """
    _save(picture(rolls, title), path)


def _save(image: Image.Image, path: Path) -> None:
    png = io.BytesIO()
    image.save(png, "PNG")
    save(path, png.getvalue(), "choose another folder")


class Page:
    """A page of paper that is drawn on in plain pixels."""

    def __init__(self, height: int) -> None:
        self.image = Image.new("RGB", (WIDTH * SHARPNESS, height * SHARPNESS), PAPER)
        self.pen = ImageDraw.Draw(self.image)

    def finished(self) -> Image.Image:
        """Return what was drawn, with smooth edges."""
        return self.image.reduce(SHARPNESS)

    def save(self, path: Path) -> None:
        """Write what was drawn to `path`, a PNG. Raises FileError: it can't be written."""
        _save(self.finished(), path)

    def box(self, left: float, top: float, right: float, bottom: float, fill: Colour, round: float = 0) -> None:
        """Fill a rectangle, its corners rounded by so many pixels."""
        corners = (left * SHARPNESS, top * SHARPNESS, right * SHARPNESS - 1, bottom * SHARPNESS - 1)
        self.pen.rounded_rectangle(corners, radius=round * SHARPNESS, fill=fill)

    def text(self, x: float, y: float, text: str, size: int, fill: Colour, anchor: str = "lm") -> float:
        """Write `text` with its middle line at `y`; return its width."""
        font = ImageFont.load_default(size * SHARPNESS)
        self.pen.text((x * SHARPNESS, y * SHARPNESS), text, fill=fill, font=font, anchor=anchor)
        return self.pen.textlength(text, font=font) / SHARPNESS


def _keys(roll: Roll) -> int:
    low, high = roll.pitches
    return high - low + 3  # one key of air above and below


def _key_height(roll: Roll) -> int:
    return max(6, min(11, 220 // _keys(roll)))


def _heading(page: Page, title: str) -> None:
    page.text(MARGIN, 48, title, 32, INK)
    x: float = WIDTH - MARGIN
    for voice in reversed(Voice):
        x -= page.text(x, 48, voice.label, 22, INK, anchor="rm") + 12
        page.box(x - 34, 39, x, 57, voice.colour, round=5)
        x -= 34 + 36


def _strip(page: Page, roll: Roll, top: int, tall: int) -> None:
    scale = Scale(*roll.span, WIDTH - MARGIN - LEFT)
    page.text(MARGIN, top - 52, roll.title, 24, INK)
    page.text(WIDTH - MARGIN, top - 52, f"{scale.end - scale.start:.1f} s", 18, PALE, anchor="rm")
    _keyboard(page, roll, top)
    _grid(page, roll, scale, top, tall)
    turns = sorted(extent(notes) for _, notes in roll.voices)
    together = len(turns) > 1 and turns[1][0] < (turns[0][0] + turns[0][1]) / 2  # they play at once, not in turn
    for voice, notes in roll.voices:
        if not together:
            _ribbon(page, scale, top, voice, notes)
        _voice(page, roll, scale, top, voice, notes)


def _key_top(roll: Roll, top: int, pitch: int) -> int:
    return top + (roll.pitches[1] + 1 - pitch) * _key_height(roll)


def _keyboard(page: Page, roll: Roll, top: int) -> None:
    low, high = roll.pitches
    tall = _key_height(roll)
    for pitch in range(max(low - 1, 0), min(high + 1, 127) + 1):
        y = _key_top(roll, top, pitch)
        if pitch % 12 in BLACK_KEYS:
            page.box(LEFT, y, WIDTH - MARGIN, y + tall, BLACK_KEY)
        if pitch % 12 in (0, 7):
            page.text(LEFT - 10, y + tall / 2, pitch_name(pitch), 15, INK if pitch % 12 == 0 else PALE, anchor="rm")


def _grid(page: Page, roll: Roll, scale: Scale, top: int, tall: int) -> None:
    for x, mark in scale.inside(roll.marks or second_marks(*roll.span)):
        page.box(LEFT + x, top, LEFT + x + 1, top + tall, BAR_LINE if mark.label else BEAT_LINE)
        page.text(LEFT + x, top + tall + 14, mark.label, 15, PALE, anchor="mm")
    page.box(LEFT, top + tall, WIDTH - MARGIN, top + tall + 1, BAR_LINE)


def _ribbon(page: Page, scale: Scale, top: int, voice: Voice, notes: Sequence[Note]) -> None:
    first, last = (LEFT + scale.at(time) for time in extent(notes))
    page.box(first, top - 8, last, top - 4, voice.colour, round=2)
    page.text(first, top - 20, voice.label, 17, INK)


def _voice(page: Page, roll: Roll, scale: Scale, top: int, voice: Voice, notes: Sequence[Note]) -> None:
    for note in notes:
        y = _key_top(roll, top, note.pitch)
        left = LEFT + scale.at(note.onset)
        right = max(LEFT + scale.at(note.onset + note.duration) - 1, left + 3)
        colour = faded(voice.colour, note.velocity, PAPER)
        page.box(left, y, right, y + _key_height(roll), faded(voice.colour, 0, (0, 0, 0)), round=3)
        page.box(left + 1, y + 1, right - 1, y + _key_height(roll) - 1, colour, round=2)
