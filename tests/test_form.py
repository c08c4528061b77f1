"""The form of a song: bars, choruses, sections, solos and spans."""

import pytest

from livejam.chart_text import read_chart
from livejam.form import Form
from livejam.notes import Metre
from livejam.pieces import Quality

FOUR, THREE = Metre(4, 4), Metre(3, 4)
BLUES = read_chart("C7 | F7 | C7 | % || F7 | % | C7 | %")


def places(form, ticks):
    return [(spot.chorus, spot.bar, spot.start) for spot in map(form.at, ticks)]


def test_without_a_chart_bars_go_on_for_ever():
    assert places(Form(FOUR, 192), (192, 287, 288, 1920)) == [(0, 0, 192), (0, 0, 192), (0, 1, 288), (0, 18, 1920)]


def test_before_the_song_bars_have_negative_numbers():
    assert places(Form(FOUR, 192), (191, 0)) == [(0, -1, 96), (0, -2, 0)]


def test_without_a_chart_a_section_has_eight_bars():
    form = Form(THREE, 0)
    assert [bar for bar in range(24) if form.at(bar * 72).section_ends] == [7, 15, 23]


def test_a_chart_goes_round():
    form = Form(FOUR, 192, BLUES)
    assert places(form, (192, 192 + 7 * 96, 192 + 8 * 96)) == [(0, 0, 192), (0, 7, 864), (1, 0, 960)]


def test_a_charts_sections_end_where_it_says():
    form = Form(FOUR, 0, BLUES)
    assert [bar for bar in range(16) if form.at(bar * 96).section_ends] == [3, 7, 11, 15]


def test_a_bar_of_a_chart_may_have_a_metre_of_its_own():
    form = Form(FOUR, 0, read_chart("C | 3/4 F | 4/4 G"))
    assert [(form.at(tick).bar, form.at(tick).metre) for tick in (95, 96, 167, 168)] == [
        (0, Metre(4, 4, 0)),
        (1, Metre(3, 4, 96)),
        (1, Metre(3, 4, 96)),
        (2, Metre(4, 4, 168)),
    ]
    assert places(form, (264,)) == [(1, 0, 264)]


def test_a_bar_knows_where_it_begins_and_ends():
    spot = Form(THREE, 10).at(100)
    assert (spot.start, spot.end) == (82, 154)


@pytest.mark.parametrize(
    ("tick", "bar"), [(0, 192), (191, 192), (192.0, 192), (192.0000001, 192), (192.5, 288), (288, 288)]
)
def test_the_next_bar_begins_here_or_later(tick, bar):
    assert Form(FOUR, 192).bar_from(tick) == bar


def test_a_song_of_some_choruses_is_over_after_them():
    form = Form(FOUR, 0, BLUES, choruses=2)
    assert [form.over(tick) for tick in (0, 16 * 96 - 1, 16 * 96)] == [False, False, True]
    assert not Form(FOUR, 0, BLUES).over(10**6)
    assert not Form(FOUR, 0, choruses=2).over(10**6)  # there is nothing to count


def test_the_player_begins_with_the_solo():
    form = Form(FOUR, 0, trade=4)
    assert [bar for bar in range(16) if form.solo(bar * 96)] == [4, 5, 6, 7, 12, 13, 14, 15]
    assert not any(Form(FOUR, 0).solo(bar * 96) for bar in range(16))


def test_solos_go_on_from_chorus_to_chorus():
    form = Form(FOUR, 0, read_chart("C | F | G"), trade=2)
    assert [bar for bar in range(12) if form.solo(bar * 96)] == [2, 3, 6, 7, 10, 11]


@pytest.mark.parametrize(
    ("metre", "span", "ends"),
    [
        (Metre(4, 4), 48, [48, 96, 144]),
        (Metre(3, 4), 48, [48, 72, 120]),
        (Metre(6, 8), 48, [48, 72, 120]),
        (Metre(7, 8), 48, [48, 84, 132]),
        (Metre(5, 4), 48, [48, 96, 120]),
        (Metre(4, 4), 44, [44, 96, 140]),  # what would be left is less than half a beat
        (Metre(4, 4), 192, [96, 192, 288]),
        (Metre(4, 4), 12, [12, 24, 36]),
    ],
)
def test_spans_end_with_the_bar(metre, span, ends):
    form, at, found = Form(metre, 0), 0, []
    for _ in ends:
        at = form.span_end(at, span)
        found.append(at)
    assert found == ends


def test_chords_are_known_around_a_span():
    form = Form(FOUR, 0, BLUES)
    chords = form.chords(96, 144)
    assert [(chord.tick, chord.root) for chord in chords] == [(0, 0), (96, 5), (192, 0), (288, 0)]
    assert Form(FOUR, 0).chords(96, 144) == ()


def test_the_chord_of_a_tick():
    form = Form(FOUR, 0, read_chart("Dm7 G7 | N.C."))
    assert form.chord(47) == (2, Quality.MINOR7)
    assert form.chord(48) == (7, Quality.DOMINANT)
    assert form.chord(96) is None
    assert form.chord(192) == (2, Quality.MINOR7)
    assert Form(FOUR, 0).chord(47) is None
