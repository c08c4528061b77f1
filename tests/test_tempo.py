"""The line through the pulses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livejam.tempo import WINDOW, PulseLine, fitted

PULSE = 0.02


def follow(line, times):
    return sum(line.follow(float(at)) for at in times)


@given(st.floats(0.005, 0.1), st.floats(0, 1e5), st.sets(st.integers(0, WINDOW - 1), max_size=5), st.floats(0.01, 1))
def test_a_few_stray_pulses_do_not_bend_the_short_line(period, start, places, late):
    times = start + np.arange(WINDOW) * period
    times[list(places)] += late
    fit = fitted(times.tolist())
    assert fit.period == pytest.approx(period, abs=2e-6)
    assert fit.middle == pytest.approx(start + (WINDOW - 1) / 2 * period, abs=1e-5)
    assert fit.scatter == pytest.approx(len(places) * late**2, abs=1e-4)


def test_nothing_is_known_before_a_window_of_pulses():
    line = PulseLine()
    follow(line, np.arange(WINDOW - 1) * PULSE)
    assert (line.at, line.period) == (None, 0)
    line.follow((WINDOW - 1) * PULSE)
    assert line.at == pytest.approx((WINDOW - 1) * PULSE)
    assert line.period == pytest.approx(PULSE)


@pytest.mark.parametrize("scatter", [0.0005, 0.002, 0.005])
def test_it_learns_how_much_pulses_scatter(scatter):
    line, rng = PulseLine(), np.random.default_rng(1)
    follow(line, np.arange(2000) * PULSE + rng.normal(0, scatter, 2000))
    assert line.noise == pytest.approx(scatter, rel=0.15)


@pytest.mark.parametrize("lost", [-2, -1, 1, 2, 5])
def test_lost_and_doubled_pulses_are_counted_once(lost):
    line, rng = PulseLine(), np.random.default_rng(3)
    times = np.arange(1000) * PULSE
    times[500:] += lost * PULSE
    assert follow(line, times + rng.normal(0, 0.001, 1000)) == lost


def test_half_a_pulse_is_no_loss():
    line, times = PulseLine(), np.arange(1000) * PULSE
    times[500:] += 0.5 * PULSE
    assert follow(line, times) == 0
    assert line.at == pytest.approx(times[-1], abs=1e-5)


def test_after_a_tear_the_tempo_is_still_known():
    line = PulseLine()
    follow(line, np.arange(100) * PULSE)
    line.tear()
    line.follow(50.0)
    assert (line.at, line.period) == (50.0, pytest.approx(PULSE))
    assert follow(line, 50.0 + np.arange(1, 100) * PULSE) == 0


def test_pulses_all_at_once_upset_nothing():
    line = PulseLine()
    follow(line, np.zeros(2 * WINDOW))
    assert line.period == 0
    follow(line, np.arange(1, 4 * WINDOW) * PULSE)
    assert line.period == pytest.approx(PULSE)
