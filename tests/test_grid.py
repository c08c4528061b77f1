"""Seconds and ticks agree both ways; tick lines go on; answers find their place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livejam.grid import BeatGrid, joined, placed, steps
from livejam.notes import Metre

bpms = st.floats(30, 300)
times = st.floats(0, 1e5)


@given(bpms, times, st.integers(0, 10_000), times)
def test_seconds_and_ticks_agree_both_ways(bpm, origin, beats, seconds):
    grid = BeatGrid(bpm, origin, 24 * beats)
    assert grid.seconds_at(grid.tick_at(seconds)) == pytest.approx(seconds, abs=1e-6)


def test_a_beat_is_24_ticks():
    grid = BeatGrid(120.0, origin=10.0, origin_ticks=48)
    assert grid.beat == 0.5
    assert grid.tick_at(10.5) == 72
    assert grid.seconds_at(84) == 10.75
    assert grid.ticks_a_second == 48


def test_a_first_grid_starts_with_its_first_beat():
    assert joined(120.0, 7.0, 1.0, None, 96) == BeatGrid(120.0, 1.0, 96)
    assert joined(120.0, 7.0, 0.99, None, 96).tick_at(0.99) == pytest.approx(95.52)


def test_a_pickup_lies_before_the_first_beat():
    assert joined(120.0, 7.0, 0.8, None, 96).tick_at(0.8) == pytest.approx(86.4)


def test_the_same_pulse_goes_on_without_a_seam():
    old = BeatGrid(120.0, 0.0, 0)
    new = joined(121.0, 20.01, 20.01, old, 0)
    assert new.tick_at(20.01) == 960


@given(bpms, bpms, st.floats(0, 100), st.floats(0, 3), st.floats(0, 3))
def test_a_new_tempo_goes_on_at_the_nearest_beat(old_bpm, new_bpm, first_onset, beat_at, since):
    old = BeatGrid(old_bpm, 0.0, 0)
    floor = int(old.tick_at(max(0.0, first_onset - since)))
    new = joined(new_bpm, beat_at, first_onset, old, floor)
    assert new.origin_ticks % 24 == 0
    assert new.tick_at(first_onset) >= floor - 3.001
    moved = new.tick_at(first_onset) - old.tick_at(first_onset)
    assert -12.001 <= moved <= 12.001 or (0 < moved <= 24.001 and new.tick_at(first_onset) < floor + 24)
    beats = (new.origin - beat_at) / new.beat
    assert beats == pytest.approx(round(beats), abs=1e-5)


def test_a_line_that_begins_between_the_quarters_goes_on_there():
    old = BeatGrid(120.0, 0.0, 36)  # in 3/8, say, after one bar
    assert joined(120.0, 3.0, 3.0, old, 0).tick_at(3.0) == old.tick_at(3.0) == 180


def test_steps_of_metres():
    assert steps(None) == (24, 12)
    assert steps(Metre(3, 4)) == (72, 24, 12)
    assert steps(Metre(6, 8)) == (72, 36, 12)
    assert steps(Metre(2, 2)) == (96, 48, 12)
    assert steps(Metre(7, 8)) == (84, 24, 12)


GRID = BeatGrid(120.0, 0.0, 0)  # 48 ticks a second


def test_a_wish_in_time_is_granted():
    assert placed(100, GRID, earliest=2.0, latest=2.8, units=(96, 24, 12)) == 0


def test_a_wish_too_early_moves_by_the_fewest_beats():
    assert placed(60, GRID, earliest=2.0, latest=2.8, units=(24, 12)) == 48


def test_whole_bars_are_taken_if_they_come_in_time():
    assert placed(10, GRID, earliest=2.0, latest=2.8, units=(96, 24, 12)) == 96
    assert placed(80, GRID, earliest=2.0, latest=2.8, units=(96, 24, 12)) == 24


def test_a_wish_too_late_moves_back():
    assert placed(200, GRID, earliest=2.0, latest=2.8, units=(24, 12)) == -72


def test_half_beats_help_where_a_beat_is_too_long():
    slow = BeatGrid(45.0, 0.0, 0)  # 18 ticks a second: a beat lasts 1.33 s
    assert placed(30, slow, earliest=2.0, latest=2.8, units=(24, 12)) == 12


def test_where_nothing_is_in_time_the_next_place_is_taken():
    assert placed(60, GRID, earliest=3.0, latest=2.8, units=(24, 12)) == 84


@given(st.floats(60, 180), st.integers(-200, 400), st.floats(5, 50))
def test_an_answer_always_starts_in_time(bpm, wish, earliest):
    grid = BeatGrid(bpm, 4.0, 24)
    start = grid.seconds_at(wish + placed(wish, grid, earliest, earliest + 0.8, (24, 12)))
    assert earliest - 1e-6 <= start <= earliest + 0.8 + 1e-6
