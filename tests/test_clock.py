"""Clocks: pulses that jitter, change, get lost, stop and jump; Link; a tempo given."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livejam.clock import GONE, LinkClock, MidiClock, SteadyClock
from livejam.events import (
    ClockContinue,
    ClockPulse,
    ClockStart,
    ClockStop,
    LinkState,
    SongPosition,
)
from livejam.grid import BeatGrid
from livejam.notes import NoteOn

BAR = 96  # ticks


def pulses(bpm, beats, start=100.0):
    """Times of the pulses of a steady clock, in seconds."""
    return start + np.arange(round(24 * beats)) * 60 / bpm / 24


def arriving(times):
    """The same, none overtaking another."""
    return np.maximum.accumulate(times)


def play(clock, times):
    for at in times:
        clock.take(ClockPulse(), float(at))


def started(times):
    """A clock that was started and has had these pulses."""
    clock = MidiClock()
    clock.take(ClockStart(), float(times[0]) - 0.001)
    play(clock, times)
    return clock


def bar_line_errors(truth, arrivals, from_beat):
    """Seconds by which the grid misses the coming bar line, seen from every pulse from a beat on."""
    clock, errors = MidiClock(), []
    clock.take(ClockStart(), float(arrivals[0]) - 0.001)
    for tick, at in enumerate(arrivals):
        clock.take(ClockPulse(), float(at))
        coming = (tick // BAR + 1) * BAR
        if tick >= 24 * from_beat and coming < len(truth):
            errors.append(clock.grid(float(at)).seconds_at(coming) - truth[coming])
    return np.abs(errors)


@pytest.mark.parametrize("bpm", [60, 120, 200])
@pytest.mark.parametrize("jitter", [0.0, 0.001, 0.003, 0.005])
def test_jitter_is_averaged_away(bpm, jitter):
    rng, truth = np.random.default_rng(7), pulses(bpm, 80)
    errors = bar_line_errors(truth, arriving(truth + rng.normal(0, jitter, len(truth))), from_beat=32)
    assert np.quantile(errors, 0.99) <= jitter / 4 + 5e-5
    early = bar_line_errors(truth[: 24 * 32], arriving(truth + rng.normal(0, jitter, len(truth)))[: 24 * 32], 8)
    assert np.quantile(early, 0.99) <= jitter + 5e-5


@pytest.mark.parametrize("block", [0.00267, 0.00533, 0.010])
@pytest.mark.parametrize("bpm", [60, 97, 120, 200])
def test_pulses_in_blocks_are_late_by_half_a_block_and_no_more(bpm, block):
    truth = pulses(bpm, 60)
    arrivals = np.ceil(truth / block) * block
    late = np.mean(arrivals - truth)
    errors = bar_line_errors(truth + late, arrivals, from_beat=32)
    assert np.quantile(errors, 0.99) <= 0.1 * block


def test_pulses_that_are_only_late_shift_the_beat_by_their_mean():
    rng, truth = np.random.default_rng(3), pulses(120, 80)
    arrivals = arriving(truth + rng.uniform(0, 0.008, len(truth)))
    assert np.quantile(bar_line_errors(truth + 0.004, arrivals, 32), 0.99) <= 0.001


def test_stray_pulses_change_little():
    rng, truth = np.random.default_rng(5), pulses(120, 80)
    stray = (rng.random(len(truth)) < 0.01) * rng.uniform(0, 0.1, len(truth))
    errors = bar_line_errors(truth, arriving(truth + rng.normal(0, 0.0005, len(truth)) + stray), 32)
    assert np.quantile(errors, 0.95) <= 0.0015


@pytest.mark.parametrize("jitter", [0.0, 0.001, 0.003])
@pytest.mark.parametrize("new", [60, 110, 121, 126, 180])
def test_a_new_tempo_is_settled_within_two_beats(new, jitter):
    rng, before = np.random.default_rng(new), pulses(120, 32)
    truth = np.concatenate([before, pulses(new, 16, before[-1] + 60 / 120 / 24)])
    arrivals = arriving(truth + rng.normal(0, jitter, len(truth)))
    clock = started(arrivals[: 24 * 34 + 1])
    grid = clock.grid(float(arrivals[24 * 34]))
    assert grid.bpm == pytest.approx(new, rel=1e-5 + 3 * jitter)
    assert abs(grid.seconds_at(24 * 35) - truth[24 * 35]) <= 1e-5 + 4 * jitter


def test_a_ramp_is_followed():
    tempi = np.concatenate([np.full(24 * 16, 120.0), np.linspace(120, 140, 24 * 32)])
    truth = 100 + np.concatenate([[0], np.cumsum(60 / 24 / tempi)])
    arrivals = arriving(truth + np.random.default_rng(1).normal(0, 0.0005, len(truth)))
    clock, errors = started(arrivals[: 24 * 20]), []
    for tick in range(24 * 20, 24 * 46):
        clock.take(ClockPulse(), float(arrivals[tick]))
        errors.append(clock.grid(float(arrivals[tick])).seconds_at(tick + 24) - truth[tick + 24])
    assert np.quantile(np.abs(errors), 0.95) <= 0.010  # a beat ahead, not knowing that it goes on


@pytest.mark.parametrize("jitter", [0.0, 0.001, 0.003, 0.005])
def test_lost_and_doubled_pulses_do_not_move_the_song(jitter):
    rng, truth = np.random.default_rng(2), pulses(120, 64)
    arrivals = arriving(truth + rng.normal(0, jitter, len(truth)))
    lost = started(np.delete(arrivals, [700, 701, 702, 1000]))
    doubled = started(np.sort(np.concatenate([arrivals, arrivals[[700, 1000]] + 0.001])))
    for clock in (lost, doubled):
        assert clock.grid(float(arrivals[-1])).tick_at(truth[-1]) == pytest.approx(len(truth) - 1, abs=0.1)


def test_a_steady_clock_keeps_one_grid():
    clock, grids = MidiClock(), []
    for at in pulses(120, 64):
        clock.take(ClockPulse(), float(at))
        grids.append(clock.grid(float(at)))
    assert set(grids[:23]) == {None}
    assert len(set(grids[23:])) == 1


def test_a_jittering_clock_changes_the_grid_at_most_about_once_a_beat():
    rng, truth = np.random.default_rng(4), pulses(120, 96)
    arrivals = arriving(truth + rng.normal(0, 0.003, len(truth)))
    clock, grids = started(arrivals[: 24 * 32]), []
    for at in arrivals[24 * 32 :]:
        clock.take(ClockPulse(), float(at))
        grids.append(clock.grid(float(at)))
    assert sum(one != other for one, other in pairwise(grids)) <= 64


def test_the_song_starts_with_the_pulse_after_start():
    clock = started(pulses(120, 4))
    grid = clock.grid(102.0)
    assert (grid.bpm, grid.seconds_at(0)) == (pytest.approx(120), pytest.approx(100.0))
    assert clock.running


def test_without_a_start_the_beats_count_from_the_first_pulse():
    clock = MidiClock()
    play(clock, pulses(120, 4))
    assert clock.grid(102.0).seconds_at(0) == pytest.approx(100.0)
    assert clock.running
    clock.take(ClockStart(), 102.1)
    play(clock, pulses(120, 2, start=102.2))
    assert clock.grid(103.2).seconds_at(0) == pytest.approx(102.2)


def test_a_known_tempo_gives_a_grid_from_the_first_pulse_of_the_song():
    clock = MidiClock()
    play(clock, pulses(90, 8))
    clock.take(ClockStart(), 110.0)
    clock.take(ClockPulse(), 110.01)
    assert clock.grid(110.01).bpm == pytest.approx(90)
    assert clock.grid(110.01).seconds_at(0) == pytest.approx(110.01)


def test_stop_and_continue():
    clock = started(pulses(120, 8))  # ends at 104
    clock.take(ClockStop(), 103.99)
    assert not clock.running
    assert clock.grid(104.0) is not None
    assert clock.grid(104.0 + GONE) is None
    assert clock.trouble is None
    clock.take(ClockContinue(), 120.0)
    play(clock, pulses(120, 1, start=120.0))
    assert clock.grid(120.5).tick_at(120.0) == pytest.approx(8 * 24)
    assert clock.running


def test_pulses_go_on_while_the_song_stands():
    clock = started(pulses(120, 8))
    clock.take(ClockStop(), 104.0)
    play(clock, pulses(120, 8, start=104.0))
    assert clock.grid(108.0).tick_at(108.0) == pytest.approx(16 * 24)  # beats there are
    clock.take(ClockContinue(), 108.0)
    play(clock, pulses(120, 2, start=108.0))
    assert clock.grid(109.0).tick_at(108.0) == pytest.approx(8 * 24)


def test_song_position_says_where_it_goes_on():
    clock = started(pulses(120, 8))
    clock.take(ClockStop(), 104.0)
    clock.take(SongPosition(64), 104.1)
    clock.take(ClockContinue(), 104.2)
    play(clock, pulses(120, 2, start=104.3))
    assert clock.grid(105.3).tick_at(104.3) == pytest.approx(64 * 6)


def test_a_jump_while_it_runs():
    clock = started(pulses(120, 8))
    clock.take(SongPosition(0), 104.0)
    clock.take(ClockPulse(), 104.0)
    assert clock.grid(104.0).tick_at(104.0) == pytest.approx(0, abs=1e-3)
    assert clock.grid(104.0).bpm == pytest.approx(120)


def test_start_begins_anew():
    clock = started(pulses(120, 8))
    clock.take(SongPosition(64), 104.0)
    clock.take(ClockStop(), 104.0)
    clock.take(ClockStart(), 105.0)
    clock.take(ClockPulse(), 105.0)
    assert clock.grid(105.0).tick_at(105.0) == pytest.approx(0, abs=1e-3)


def test_a_clock_that_just_stops_is_reported_and_kept_for_a_while():
    clock = started(pulses(120, 8))
    grid = clock.grid(104.1)
    assert (clock.running, clock.trouble) == (True, None)
    assert clock.grid(105.0) == grid
    assert not clock.running
    assert "has stopped" in clock.trouble
    assert clock.grid(110.0) is None
    play(clock, pulses(120, 2, start=111.0))
    assert clock.grid(112.0) is not None
    assert (clock.running, clock.trouble) == (True, None)


@pytest.mark.parametrize(("bpm", "said"), [(1000, "1,000 bpm"), (600, "600 bpm"), (15, "15 bpm"), (5, "5 bpm")])
def test_an_impossible_tempo_is_reported_and_not_followed(bpm, said):
    clock = started(pulses(120, 8))
    play(clock, pulses(bpm, 16, start=104.0))
    clock.grid(104.0 + 16 * 60 / bpm)
    assert said in clock.trouble
    assert "20 to 400" in clock.trouble
    assert clock._grid.bpm == pytest.approx(120, rel=0.01)
    end = 104.0 + 17 * 60 / bpm
    play(clock, pulses(120, 12, start=end))
    assert clock.grid(end + 6).bpm == pytest.approx(120, rel=0.001)
    assert clock.trouble is None


def test_an_impossible_tempo_from_the_start_gives_no_grid():
    clock = started(pulses(1000, 40))
    assert clock.grid(102.4) is None
    assert "1,000 bpm" in clock.trouble


def test_a_flood_is_reported():
    clock = started(pulses(120, 8))
    play(clock, 104 + np.arange(5000) * 1e-4)
    assert "bpm" in clock.trouble
    assert 20 <= clock.grid(104.5).bpm <= 400


def test_silence_before_any_pulse():
    clock = MidiClock()
    clock.take(ClockStart(), 1.0)
    assert (clock.grid(50.0), clock.running, clock.trouble) == (None, False, None)


EVENT = st.one_of(
    st.just(ClockPulse()),
    st.just(ClockPulse()),
    st.sampled_from([ClockStart(), ClockContinue(), ClockStop(), ClockPulse()]),
    st.builds(SongPosition, st.integers(0, 16383)),
    st.just(LinkState(120.0, 3.0, 1, True)),
)
RUN = st.tuples(EVENT, st.integers(1, 60), st.one_of(st.floats(0, 0.1), st.floats(-10, 1e5)))


@settings(max_examples=200, deadline=None)
@given(st.lists(RUN, max_size=30))
def test_whatever_comes_the_grid_stays_sane(runs):
    clock, now = MidiClock(), 1000.0
    for event, times, gap in runs:
        for _ in range(times):
            now += gap
            clock.take(event, now)
            grid = clock.grid(now)
            assert grid is None or (20 <= grid.bpm <= 400 and math.isfinite(grid.origin))
            assert grid is None or grid.origin_ticks % 24 == 0
            assert clock.trouble is None or "\n" not in clock.trouble


def test_link_is_taken_as_it_is():
    clock = LinkClock()
    assert (clock.grid(0.0), clock.running) == (None, False)
    clock.take(LinkState(120.0, 9.5, 1, True), 50.0)
    grid = clock.grid(50.0)
    assert grid.tick_at(50.0) == pytest.approx(9.5 * 24)
    assert clock.running
    clock.take(LinkState(120.0, 11.5 + 0.0001 * 2, 1, True), 51.0)  # 0.1 ms off
    assert clock.grid(51.0) is grid
    clock.take(LinkState(126.0, 13.5, 1, True), 52.0)
    assert clock.grid(52.0).bpm == 126.0
    assert clock.grid(52.0).tick_at(52.0) == pytest.approx(13.5 * 24)


def test_link_jumps_and_stops():
    clock = LinkClock()
    clock.take(LinkState(120.0, 9.5, 1, True), 50.0)
    clock.take(LinkState(120.0, -0.5, 1, False), 50.1)
    assert clock.grid(50.1).tick_at(50.1) == pytest.approx(-12)
    assert not clock.running


@pytest.mark.parametrize("bpm", [999.0, 5.0, 0.0, math.nan, math.inf])
def test_link_at_an_impossible_tempo(bpm):
    clock = LinkClock()
    clock.take(LinkState(120.0, 9.5, 1, True), 50.0)
    clock.take(LinkState(bpm, 9.5, 1, True), 51.0)
    assert clock.grid(51.0).bpm == 120.0
    assert "20 to 400" in clock.trouble


def test_a_steady_clock():
    clock = SteadyClock(90.0, 12.0)
    clock.take(ClockStop(), 5.0)
    assert clock.grid(0.0) == BeatGrid(90.0, 12.0)
    assert (clock.running, clock.trouble) == (True, None)


def test_clocks_ignore_what_is_no_clock_of_theirs():
    link, midi = LinkClock(), MidiClock()
    link.take(ClockPulse(), 1.0)
    link.take(NoteOn(60, 80), 1.0)
    midi.take(LinkState(120.0, 1.0, 1, True), 1.0)
    assert link.grid(1.0) is midi.grid(1.0) is None


def test_a_clock_that_stood_still_and_starts_is_no_trouble():
    clock = MidiClock()
    for pulse in range(48):
        clock.take(ClockPulse(), 1.0 + pulse / 48)
    clock.take(ClockStop(), 2.0)
    clock.take(ClockContinue(), 6.0)  # its first pulse comes some milliseconds later
    clock.grid(6.0)
    assert clock.trouble is None
    clock.take(ClockPulse(), 6.01)
    clock.grid(6.01)
    assert (clock.trouble, clock.running) == (None, True)
    clock.grid(6.8)
    assert "without a stop message" in clock.trouble


def test_a_clock_that_starts_without_pulses_is_told_of():
    clock = MidiClock()
    for pulse in range(48):
        clock.take(ClockPulse(), 1.0 + pulse / 48)
    clock.take(ClockStop(), 2.0)
    clock.take(ClockContinue(), 6.0)
    clock.grid(6.6)
    assert "without a stop message" in clock.trouble
