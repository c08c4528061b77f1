"""The player's pulse is found again, from rhythms made of musical values played by human hands."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livejam.grid import BeatGrid
from livejam.pulse import estimate_pulse

CELLS = (
    (1.0,), (1.0,), (2.0,), (0.5, 0.5), (0.5, 0.5), (1.5, 0.5), (0.5, 1.0, 0.5), (0.75, 0.25), (0.25,) * 4,
    (0.5, 0.25, 0.25), (0.25, 0.25, 0.5), (1 / 3, 1 / 3, 1 / 3), (2 / 3, 1 / 3),
)  # fmt: skip


def rhythm(rng: np.random.Generator, beats: float) -> np.ndarray:
    """Return onsets in beats: random cells, with a rest now and then, and a last note on the beat."""
    onsets, place = [], 0.0
    while place < beats:
        for value in CELLS[rng.integers(len(CELLS))]:
            if not onsets or rng.random() < 0.93:
                onsets.append(place)
            place += value
    return np.array([*onsets, place])


def recovered(found: float, bpm: float) -> bool:
    """Tell whether a tempo is right within 2 %, double and half counted as right."""
    return any(abs(found / (bpm * factor) - 1) < 0.02 for factor in (0.5, 1, 2))


def share_recovered(seed: int, beats: tuple[int, ...], count: int) -> float:
    rng = np.random.default_rng(seed)
    right = 0
    for _ in range(count):
        bpm, jitter = rng.uniform(60, 180), rng.uniform(0.010, 0.020)
        places = rhythm(rng, float(rng.choice(beats)))
        onsets = np.sort(3.0 + places * 60 / bpm + rng.normal(0, jitter, len(places)))
        right += recovered(estimate_pulse(onsets.tolist()).bpm, bpm)
    return right / count


def test_phrases_of_two_bars_and_more_are_recovered():
    assert share_recovered(1, (8, 12, 16), 200) >= 0.95


def test_short_phrases_are_mostly_recovered():
    assert share_recovered(2, (4,), 200) >= 0.7


@given(st.integers(60, 180), st.integers(0, 1000))
def test_plain_eighths_are_recovered_at_every_tempo(bpm, seed):
    rng = np.random.default_rng(seed)
    places = np.array([0, 1, 1.5, 2, 3, 4, 4.5, 5, 5.5, 6, 7, 8])
    onsets = np.sort(100 + places * 60 / bpm + rng.normal(0, 0.010, len(places)))
    grid = estimate_pulse(onsets.tolist())
    assert recovered(grid.bpm, bpm)
    places_found = (onsets - grid.origin) / grid.beat * 2
    assert np.abs(places_found - np.round(places_found)).mean() < 0.15  # beats and half-beats


def test_the_beat_is_where_the_long_notes_are():
    places = np.array([0.5, 1, 1.5, 2, 3, 3.5, 4, 5, 5.5, 6, 6.5, 7, 9])
    grid = estimate_pulse((2 + 0.5 * places).tolist())
    assert grid.bpm == pytest.approx(120, rel=0.01)
    assert grid.tick_at(2.5) % 24 == pytest.approx(0, abs=1) or grid.tick_at(2.5) % 24 == pytest.approx(24, abs=1)


def test_one_note_has_no_pulse_of_its_own():
    assert estimate_pulse([5.0]) == BeatGrid(120.0, 5.0, 0)


@pytest.mark.parametrize("onsets", [[20.02], [20.0, 20.6], [20.0, 20.7, 21.1]])
def test_a_few_notes_keep_the_previous_tempo(onsets):
    previous = BeatGrid(90.0, 2.0, 0)
    grid = estimate_pulse(onsets, previous)
    assert grid.bpm == 90.0


def test_the_previous_beat_goes_on_under_a_single_note():
    previous = BeatGrid(90.0, 2.0, 0)
    grid = estimate_pulse([20.02], previous)  # the 27th beat
    assert grid.tick_at(20.0) == pytest.approx(27 * 24, abs=1)


def test_the_tempo_is_stable_from_phrase_to_phrase():
    rng = np.random.default_rng(5)
    grid, place, found = None, 0.0, []
    for _ in range(20):
        places = place + rhythm(rng, 8.0)
        onsets = np.sort(1 + places * 0.6 + rng.normal(0, 0.015, len(places)))
        grid = estimate_pulse(onsets.tolist(), grid)
        found.append(grid.bpm)
        place = float(np.ceil(places[-1])) + 8
    assert sum(abs(bpm / found[0] - 1) < 0.02 for bpm in found) >= 19
    assert recovered(found[0], 100)


def test_a_new_tempo_is_followed():
    places = np.array([0, 1, 1.5, 2, 3, 4, 4.5, 5, 5.5, 6, 7, 8])
    grid = estimate_pulse((1 + places * 60 / 90).tolist())
    grid = estimate_pulse((20 + places * 60 / 140).tolist(), grid)
    assert recovered(grid.bpm, 140)


def test_a_known_tempo_is_kept_and_its_beat_found():
    places = np.array([0.5, 1, 1.5, 2, 3, 4, 5, 5.5, 6, 8])
    grid = estimate_pulse((1.2 + places * 0.5).tolist(), bpm=120.0)
    assert grid.bpm == 120.0
    assert (grid.origin - 1.2) / 0.5 % 1 == pytest.approx(0, abs=0.03) or (grid.origin - 1.2) / 0.5 % 1 > 0.97


def test_chords_count_once():
    places = np.repeat(np.array([0, 1, 2, 2.5, 3, 4, 5, 6, 6.5, 7, 8]), 3)
    spread = np.tile([0.0, 0.008, 0.015], 11)
    assert recovered(estimate_pulse((places * 0.55 + spread).tolist()).bpm, 60 / 0.55)


@given(st.lists(st.floats(0, 60), min_size=1, max_size=60), st.none() | st.floats(40, 240))
def test_any_onsets_give_a_grid(onsets, bpm):
    onsets.sort()
    grid = estimate_pulse(onsets, bpm=bpm)
    assert 20 < grid.bpm < 400
    assert -12.001 <= grid.tick_at(onsets[0]) <= 12.001
