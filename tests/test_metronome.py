"""The click: every beat once, in any metre, on a grid that moves."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livejam.grid import BeatGrid
from livejam.metronome import ACCENT, AHEAD, BEAT, Metronome, click_ticks, count_in_seconds
from livejam.notes import Metre

GRID = BeatGrid(120.0, 10.0)


def clicked(metronome, start, end, grid=GRID, step=0.03):
    """All clicks handed out from `start` to `end` (seconds), asked for now and then."""
    clicks, now = [], start
    while now < end:
        clicks += metronome.due(now, grid)
        now += step
    return clicks


def test_a_bar_of_four():
    clicks = clicked(Metronome(Metre(4, 4)), 10.0, 12.35)
    assert [click.onset for click in clicks] == [10.0, 10.5, 11.0, 11.5, 12.0]
    assert [click.pitch for click in clicks] == [ACCENT, BEAT, BEAT, BEAT, ACCENT]


@pytest.mark.parametrize(
    ("metre", "ticks"),
    [
        (None, 24),
        *(((4, 4), 24), ((3, 4), 24), ((2, 2), 48)),
        *(((6, 8), 36), ((9, 8), 36), ((12, 8), 36), ((6, 16), 18)),
        *(((3, 8), 12), ((5, 8), 12), ((7, 8), 12)),
    ],
)
def test_what_a_metre_counts(metre, ticks):
    assert click_ticks(Metre(*metre) if metre else None) == ticks


def test_an_unknown_metre_has_no_accents():
    assert {click.pitch for click in clicked(Metronome(), 10.0, 14.0)} == {BEAT}


def test_bar_lines_lie_where_the_metre_says():
    clicks = clicked(Metronome(Metre(3, 4, bar_line=24)), 10.45, 12.35)
    assert [click.pitch for click in clicks] == [ACCENT, BEAT, BEAT, ACCENT]


def test_a_count_in_alone_ends_at_the_bar_line():
    metronome = Metronome(Metre(3, 4), count_in=2, click=False)
    clicks = clicked(metronome, 0.0, 20.0)
    assert [click.onset for click in clicks] == pytest.approx([7.0, 7.5, 8.0, 8.5, 9.0, 9.5])
    assert [click.pitch for click in clicks] == [ACCENT, BEAT, BEAT] * 2
    assert metronome.deadline is None
    assert count_in_seconds(2, 120.0, Metre(3, 4)) == 3.0


def test_a_click_without_a_count_in_begins_with_the_song():
    assert clicked(Metronome(Metre(4, 4)), 0.0, 10.35)[0].onset == 10.0


def test_no_grid_no_click():
    metronome = Metronome(Metre(4, 4))
    assert metronome.due(1.0, None) == []
    assert metronome.deadline is None


def test_the_deadline_is_when_the_next_click_is_handed_out():
    metronome, now, onsets = Metronome(Metre(4, 4), count_in=1), 7.0, []
    metronome.due(now, GRID)
    for _ in range(8):
        assert metronome.deadline > now
        now = metronome.deadline
        (click,) = metronome.due(now, GRID)
        assert click.onset == pytest.approx(now + AHEAD)
        onsets.append(click.onset)
    assert onsets == pytest.approx([8.0 + beat / 2 for beat in range(8)])


def test_after_a_pause_only_what_is_near_is_clicked():
    metronome = Metronome(Metre(4, 4))
    metronome.due(10.0, GRID)
    assert [click.onset for click in metronome.due(99.99, GRID)] == [100.0]


@given(st.floats(-0.1, 0.1), st.floats(10.5, 15.0))
def test_a_beat_that_moves_after_its_click_is_not_clicked_again(shift, at):
    metronome = Metronome(Metre(4, 4))
    clicks = clicked(metronome, 10.0, at) + clicked(metronome, at, 20.0, BeatGrid(120.0, 10.0 + shift))
    gaps = [later.onset - click.onset for click, later in pairwise(clicks)]
    assert min(gaps) > 0.25
    assert max(gaps) < 0.75


@given(st.lists(st.tuples(st.floats(20, 400), st.floats(-5, 5), st.integers(-99, 99), st.floats(0, 3)), max_size=12))
def test_no_grid_makes_it_stutter(grids):
    metronome, now, last = Metronome(Metre(6, 8), count_in=99), 0.0, -math.inf
    for bpm, shift, beats, seconds in grids:
        grid = BeatGrid(bpm, now + shift, 24 * beats)
        clicks = clicked(metronome, now, now + seconds, grid)
        for click in clicks:
            assert click.onset >= last + 0.5 * 36 / grid.ticks_a_second - 1e-6
            last = click.onset
        assert len(clicks) <= (seconds + 2 * AHEAD) * grid.ticks_a_second / 36 + 2
        now += seconds
