"""Piano rolls in a terminal."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from livejam.notes import Note
from livejam.pianoroll import Frame, Mark, Roll, Scale, beat_marks, extent, faded, pitch_name, terminal_roll

NOTES = st.lists(
    st.builds(Note, st.floats(0, 60), st.integers(0, 127), st.integers(1, 127), st.floats(0, 10)), max_size=40
).map(tuple)


def lines(roll, width=46, **more):
    return [line.rstrip() for line in terminal_roll(roll, width, **more).plain.splitlines()]


def test_two_pitches_share_a_row_and_time_runs_to_the_right():
    call = (Note(0.0, 60, 100, 1.0), Note(1.0, 61, 100, 1.0))
    answer = (Note(3.0, 72, 100, 1.0),)
    assert lines(Roll("a title", call, answer, beat_marks(0.0, 4.0, 1.0, 4))) == [
        "a title",
        "      you ━━━━━━━━━━━━━━━           livejam ╍",
        "  C5 │          ┊         ┊         ▄▄▄▄▄▄▄▄▄▄",
        "     │          ┊         ┊         ┊",
        "     │          ┊         ┊         ┊",
        "  G4 │          ┊         ┊         ┊",
        "     │          ┊         ┊         ┊",
        "     │          ┊         ┊         ┊",
        "  C4 │▄▄▄▄▄▄▄▄▄▄▀▀▀▀▀▀▀▀▀▀┊         ┊",
        "     └bar 1───────────────────────────────────",
    ]


def test_without_beats_the_seconds_are_marked():
    assert lines(Roll("", (Note(5.0, 60, 100, 2.0),), ()))[-1] == "     └0 s─────────────────┴1 s────────────────"


def test_a_key_struck_again_at_once_shows_as_two_notes():
    drawn = lines(Roll("", (Note(0.0, 60, 100, 1.0), Note(1.0, 60, 100, 1.0)), ()))
    assert "  C4 │" + 19 * "▄" + " " + 20 * "▄" in drawn


def test_the_voices_differ_in_colour_and_in_their_ribbons():
    text = terminal_roll(Roll("", (Note(0.0, 60, 100, 1.0),), (Note(1.0, 60, 100, 1.0),)), 46)
    blocks = {str(span.style) for span in text.spans if "▄" in text.plain[span.start : span.end]}
    assert blocks == {"#0072b2", "#e69f00"}
    assert "━" in lines(Roll("", (Note(0.0, 60, 100, 1.0),), ()))[1]
    assert "╍" in lines(Roll("", (), (Note(0.0, 60, 100, 1.0),)))[1]


def test_soft_notes_are_paler():
    assert faded((200, 0, 0), 127, (0, 0, 200)) == (200, 0, 0)
    assert faded((200, 0, 0), 0, (0, 0, 200)) == (100, 0, 100)


def test_a_wide_range_is_folded_into_few_rows():
    roll = Roll("", (Note(0.0, 0, 100, 1.0), Note(1.0, 127, 100, 1.0)), ())
    drawn = lines(roll, most_rows=8)
    assert len(drawn) <= 3 + 9
    assert any("▀" in line or "▄" in line for line in (drawn[2], drawn[3]))
    assert "▄" in drawn[-2] or "▀" in drawn[-2]


def test_a_frame_keeps_the_shape_while_notes_come_in():
    frame = Frame(end=4.0, low=55, high=79)
    first = Roll("", (Note(0.0, 60, 100, 0.5),), (), frame=frame)
    later = Roll("", (Note(0.0, 60, 100, 0.5),), (Note(2.0, 76, 100, 2.0),), frame=frame)
    assert first.span == later.span == (0.0, 4.0)
    assert first.pitches == later.pitches == (55, 79)


def test_no_notes_are_a_roll_too():
    assert Roll("", (), ()).span == (0.0, 0.1)
    assert terminal_roll(Roll("nothing", (), ()), 40).plain.startswith("nothing\n")


@given(NOTES, NOTES, st.integers(1, 200), st.integers(1, 30))
def test_it_never_leaves_its_width(player, livejam, width, most_rows):
    text = terminal_roll(Roll("t", player, livejam, beat_marks(0.0, 60.0, 0.5, 4)), width, most_rows)
    assert max(len(line) for line in text.plain.splitlines()) <= max(width, 16)


@given(NOTES.filter(len))
def test_every_note_lies_within_the_rolls_pitches_and_span(notes):
    roll = Roll("", notes, ())
    low, high = roll.pitches
    assert all(low <= note.pitch <= high for note in notes)
    assert high - low >= 12 or (low, high) == (0, 127)
    assert roll.span[0] == extent(notes)[0]


def test_bars_are_numbered_and_beats_are_not():
    marks = beat_marks(1.0, 3.0, 0.5, 3)
    assert marks == (Mark(1.0, "bar 1"), Mark(1.5), Mark(2.0), Mark(2.5, "2"), Mark(3.0))


def test_places_on_an_axis():
    scale = Scale(10.0, 20.0, 100)
    assert [scale.at(10.0), scale.at(15.0), scale.at(20.0)] == [0, 50, 100]
    assert scale.inside([Mark(9.0), Mark(10.0), Mark(20.0)]) == [(0, Mark(10.0))]


@pytest.mark.parametrize(("pitch", "name"), [(0, "C-1"), (60, "C4"), (61, "C♯4"), (70, "B♭4"), (127, "G9")])
def test_pitch_names(pitch, name):
    assert pitch_name(pitch) == name


def test_it_prints_without_colours():
    out = io.StringIO()
    Console(file=out, no_color=True, width=60).print(terminal_roll(Roll("x", (Note(0.0, 60, 1, 1.0),), ()), 60))
    assert "▄" in out.getvalue()
    assert "\x1b[38" not in out.getvalue()
