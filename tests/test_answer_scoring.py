"""How good an answer was, in plain words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_scoring import notes

from livejam.answer_scoring import Ground, call_key, judge
from livejam.chart_text import read_chart
from livejam.controls import Kind
from livejam.notes import Metre, TickNote
from livejam.scoring import Played

FOUR = Metre(4, 4)
CALL = [TickNote(12 * n, pitch, 10, 80) for n, pitch in enumerate((60, 64, 67, 64, 62, 65, 69, 65, 64, 67, 71, 67, 72))]
C_MAJOR, SECOND = 1, 60 / 90 / 24


def ground(key=C_MAJOR, chart=None):
    chords = read_chart(chart).chords(FOUR, 0, 0, 192) if chart else ()
    return Ground(2, FOUR, key, chords, SECOND)


def line(*pitches, step=24.0, late=0.0, length=20.0):
    return [Played(step * n + late / 1000 / SECOND, pitch, 80, length) for n, pitch in enumerate(pitches)]


GOOD = line(72, 71, 69, 67, 65, 64, 62, 60)


def test_a_good_answer():
    found = judge(GOOD, CALL, ground())
    assert str(found).startswith(
        "8 notes; in time (mean +0 ms, spread 0 ms); all notes right; fills its bars; ends on C, a"
    )
    assert found.points == 100
    assert found.kind is Kind.CONTRAST


def test_a_constant_latency_is_in_time():
    assert judge(line(72, 71, 69, 67, 65, 64, 62, 60, late=40), CALL, ground()).timing.mean == pytest.approx(40)
    assert judge(line(72, 71, 69, 67, 65, 64, 62, 60, late=40), CALL, ground()).points == 100


def test_notes_out_of_the_key_are_named():
    found = judge(line(72, 71, 69, 66, 65, 61, 64, 60), CALL, ground())
    assert found.wrong == ("bar 1 beat 4: F# is not in the key", "bar 2 beat 2: Db is not in the key")
    assert judge([*GOOD[:6], Played(132, 61, 80, 10), *GOOD[6:]], CALL, ground()).wrong == ()  # leads to D


def test_notes_off_the_chords_are_named():
    found = judge(line(72, 71, 69, 66, 65, 64, 62, 59), CALL, ground(key=0, chart="Cmaj7 | G7"))
    assert found.wrong == ("bar 1 beat 4: F# on Cmaj7",)
    assert found.ending == "ends on B, a tone of G7"


def test_an_end_that_is_no_tone_of_the_key():
    found = judge(line(72, 71, 69, 67, 65, 64, 60, 62), CALL, ground())
    assert found.ending == "ends on D, no tone of C major"
    assert found.points == 80


def test_too_short_and_too_long():
    short, long = judge(GOOD[:3], CALL, ground()), judge([*GOOD, Played(200, 60, 80, 10)], CALL, ground())
    assert "fills 35 % of its bars" in str(short)
    assert "goes on after its bars" in str(long)
    assert long.points == 80


def test_how_it_takes_up_the_call_is_told():
    same = [Played(note.onset, note.pitch, 80, note.length) for note in CALL]
    assert "repeats the call" in str(judge(same, CALL, ground()))


def test_without_a_key_it_is_the_calls():
    assert call_key(CALL) == C_MAJOR
    assert judge(line(72, 71, 69, 66, 65, 64, 62, 60), CALL, ground(key=0)).wrong


def test_silence():
    found = judge([], CALL, ground())
    assert (str(found), found.points) == ("nothing was played", 0)


@given(notes, st.integers(0, 24), st.sampled_from([None, "Dm7 | G7", "N.C. | C5 F#m7b5"]))
def test_whatever_is_played_is_judged(given_notes, key, chart):
    found = judge(given_notes, CALL, ground(key, chart))
    assert 0 <= found.points <= 100
    assert "\n" not in str(found)
    assert "nan" not in str(found)
