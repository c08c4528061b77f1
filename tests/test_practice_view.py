"""A practice report as a table and as a picture."""

import io

import pytest
from PIL import Image
from rich.console import Console
from test_practice import session

from livejam.errors import FileError
from livejam.picture import WIDTH
from livejam.practice import report
from livejam.practice_view import OFF_COLOUR, WRONG_COLOUR, draw_report, report_table

SLIPS = report(
    session(
        late=lambda bar, n: 60.0 if (bar, n) == (1, 3) else 0.0,
        pitch=lambda bar, n, right: 66 if (bar, n) == (2, 4) else right,
        bpm=90,
    )
)


def shown(report):
    console = Console(file=io.StringIO(), width=120)
    console.print(report_table(report))
    return console.file.getvalue()


def test_the_table_names_what_needs_work():
    text = shown(SLIPS)
    assert "needs work most: bar" in text
    assert "wrong notes: bar 3: F# on Cmaj7" in text
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in text.splitlines() if line.startswith("│")]
    assert rows[0] == ["all", "64", "+1", "0", "0 %", "2 %", "1"]
    assert [row[6] for row in rows[1:]] == ["0", "0", "1", "0"]
    assert rows[2][5] == "6 %"


def test_a_session_without_a_note_has_a_table():
    assert "│ all │     0 │        - │" in shown(report([]))


def test_the_picture_shows_late_and_wrong_notes(tmp_path):
    draw_report(SLIPS, tmp_path / "practice.png")
    image = Image.open(tmp_path / "practice.png")
    assert image.width == WIDTH
    colours = {colour for _, colour in image.getcolors(1 << 20)}
    assert {OFF_COLOUR, WRONG_COLOUR} <= colours


def test_a_session_without_a_note_can_be_drawn(tmp_path):
    draw_report(report([]), tmp_path / "practice.png")
    assert Image.open(tmp_path / "practice.png").width == WIDTH


def test_a_picture_that_cannot_be_kept_is_told_in_one_line(tmp_path):
    with pytest.raises(FileError):
        draw_report(SLIPS, tmp_path / "none" / "practice.png")
