"""Feel measured on players whose swing and push are known, and given back to answers."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livejam.feel import FARTHEST, UNHEARD, Feel, Reading
from livejam.grid import BeatGrid
from livejam.notes import Note, TickNote
from livejam.phrasing import on_grid
from livejam.pulse import estimate_pulse

BPMS = (60, 90, 120, 160, 220)
SWINGS = (1.0, 1.3, 1.6, 2.0, 3.0)
PUSHES = (-0.015, 0.0, 0.020)  # seconds
BEATS = 16
NOISE = 0.008  # seconds


def phrase(grid, swing=1.0, push=0.0, noise=0.0, seed=0, beats=BEATS, first=96):
    """Eighths of a player on a grid, in seconds."""
    rng = np.random.default_rng(seed)
    shares = (0.0, swing / (1 + swing))
    places = [first + 24 * (beat + share) for beat in range(beats) for share in shares]
    return [
        Note(grid.seconds_at(place) + push + noise * rng.standard_normal(), 60 + index % 12, 80, 0.1)
        for index, place in enumerate(places)
    ]


def at_places(grid, places, push=0.0):
    """A player who is exactly on these places, but for a push of all."""
    return [Note(grid.seconds_at(place) + push, 60 + index % 12, 80, 0.1) for index, place in enumerate(places)]


def feel_of(notes, grid):
    return Feel.of(notes, on_grid(notes, grid), grid)


def played(feel, grid, places):
    """Where an answer's notes sound, in ticks."""
    offsets = feel.at(grid.bpm).offsets(places)
    return [grid.tick_at(grid.seconds_at(place) + offset) for place, offset in zip(places, offsets, strict=True)]


@pytest.mark.parametrize("bpm", BPMS)
@pytest.mark.parametrize("swing", SWINGS)
@pytest.mark.parametrize("push", PUSHES)
def test_swing_and_push_are_recovered(bpm, swing, push):
    """Within 10 ms of where the offbeats are, 6 ms of where the beats are: three standard errors of the middle."""
    grid = BeatGrid(bpm, origin=3.7)
    for seed in range(5):
        feel = feel_of(phrase(grid, swing, push, NOISE, seed), grid)
        assert feel.push == pytest.approx(push, abs=0.0075)
        share = feel.swing / (1 + feel.swing)
        assert share * grid.beat == pytest.approx(swing / (1 + swing) * grid.beat, abs=0.010)


@pytest.mark.parametrize("bpm", BPMS)
@pytest.mark.parametrize("swing", SWINGS)
@pytest.mark.parametrize("push", PUSHES)
def test_answers_swing_as_the_player_does(bpm, swing, push):
    grid = BeatGrid(bpm)
    feel = feel_of(phrase(grid, swing, push, NOISE, seed=7), grid)
    beat, eighth = (grid.seconds_at(at) for at in played(feel, grid, [480, 492]))
    assert beat - grid.seconds_at(480) == pytest.approx(push, abs=0.0075)
    assert eighth - beat == pytest.approx(swing / (1 + swing) * grid.beat, abs=0.012)


@pytest.mark.parametrize("bpm", BPMS)
@pytest.mark.parametrize("place", [12, 16])
def test_62_to_38_comes_back_whether_the_answer_is_written_even_or_in_triplets(bpm, place):
    grid = BeatGrid(bpm)
    feel = feel_of(phrase(grid, 62 / 38), grid)
    beat, eighth, following = played(feel, grid, [480, 480 + place, 504])
    assert (beat, following) == (480, 504)
    assert (eighth - beat) / 24 == pytest.approx(0.62, abs=0.004 / grid.beat), "a difference of 4 ms is not heard"


@pytest.mark.parametrize("bpm", BPMS)
@pytest.mark.parametrize("swing", SWINGS)
def test_it_works_on_the_players_own_pulse(bpm, swing):
    """The tempo is known, the beat is not: whoever swings hard may be heard the other way round, short before long."""
    notes = phrase(BeatGrid(bpm), swing, 0.0, NOISE, seed=3)
    grid = estimate_pulse([note.onset for note in notes], None, bpm)
    feel = feel_of(notes, grid)
    beats, eighths = played(feel, grid, [480, 504, 528]), played(feel, grid, [492, 516])
    longs = [(after - before) / 24 for before, after in zip(beats, eighths, strict=False)]
    true = swing / (1 + swing)
    assert any(longs == pytest.approx([share] * 2, abs=0.012 / grid.beat) for share in (true, 1 - true))


@pytest.mark.parametrize("places", [range(0, 240, 24), range(0, 240, 12), range(0, 240, 6), range(0, 240, 8)])
@pytest.mark.parametrize("bpm", BPMS)
def test_a_player_exactly_on_the_grid_moves_nothing(places, bpm):
    grid = BeatGrid(bpm, origin=12_345.678)
    notes = at_places(grid, places)
    tick_notes = [TickNote(place, note.pitch, 6, 80) for note, place in zip(notes, places, strict=True)]
    feel = Feel.of(notes, tick_notes, grid)
    assert {feel.offset(tick) for tick in range(480, 528)} == {0.0}


def test_the_delay_of_a_port_is_nobodys_feel():
    grid = BeatGrid(120)
    feel = feel_of(at_places(grid, range(0, 240, 12), push=0.9 * UNHEARD), grid)
    assert feel.push == pytest.approx(0.9 * UNHEARD)
    assert feel.offset(480) == feel.offset(492) == 0.0


def test_a_lone_third_of_a_triplet_swings_even_eighths():
    grid = BeatGrid(120)
    feel = feel_of(phrase(grid, swing=2.0), grid)
    assert feel.swing == pytest.approx(2.0)
    assert played(feel, grid, [480, 492, 504, 520]) == pytest.approx([480, 496, 504, 520])


def test_finer_beats_and_triplets_are_left_as_they_are():
    grid = BeatGrid(120)
    feel = feel_of(phrase(grid, swing=1.6), grid)
    for places in ([480, 488, 496], [480, 486, 492, 498], [480, 484, 488, 492, 496, 500]):
        assert played(feel, grid, places) == pytest.approx(places)


def test_what_follows_an_eighth_within_the_beat_is_squeezed():
    grid = BeatGrid(120)
    feel = feel_of(phrase(grid, swing=2.0), grid)
    assert played(feel, grid, [492, 498, 504]) == pytest.approx([496, 500, 504])


def test_an_even_player_leaves_triplets_and_dots_alone():
    grid = BeatGrid(120)
    feel = feel_of(phrase(grid, swing=1.0, noise=NOISE), grid)
    assert [feel.offset(480 + place) for place in (16, 18)] == [feel.offset(480)] * 2


def test_halves_and_thirds_in_turn_are_no_swing():
    grid = BeatGrid(120)
    places = [24 * beat + place for beat in range(8) for place in (0, 12 if beat % 2 else 18)]
    feel = feel_of(at_places(grid, places), grid)
    assert feel.swing is None
    assert feel.offset(492) == 0.0


def test_a_few_eighths_are_no_swing_yet():
    grid = BeatGrid(120)
    few = feel_of(phrase(grid, swing=1.6, beats=2), grid)
    assert few.swing is None
    assert few.after(few).swing == pytest.approx(1.6), "but two phrases of them are"


def test_nothing_played_is_no_feel():
    assert Feel.of([], [], BeatGrid(97)) == replace(Feel(), bpm=97)
    assert Feel().swing is None
    assert Feel().offset(12) == 0.0


def test_the_notes_of_a_chord_count_once():
    grid = BeatGrid(120)
    plain = at_places(grid, range(0, 96, 24), push=0.010)
    chord = [Note(note.onset + 0.002 * pitch, 40 + 5 * pitch, 80, 0.1) for note in plain for pitch in range(-1, 2)]
    assert feel_of(chord, grid).beats.weight == 4
    assert feel_of(chord, grid).push == pytest.approx(0.010)


def test_few_notes_move_an_answer_less():
    grid = BeatGrid(120)
    once, often = (feel_of(at_places(grid, range(0, 24 * beats, 24), push=0.020), grid) for beats in (1, 30))
    assert 0 < once.offset(480) < 0.010
    assert 0.018 < often.offset(480) < 0.020


def test_a_place_that_is_always_late_comes_back_late():
    grid = BeatGrid(90)
    places = [24 * beat + place for beat in range(8) for place in (0, 6, 12, 18)]
    notes = [
        replace(note, onset=note.onset + 0.020 * (place % 24 == 18))
        for note, place in zip(at_places(grid, places), places, strict=True)
    ]
    feel = feel_of(notes, grid)
    late = feel.offsets([480, 486, 492, 498])
    assert late == pytest.approx((0, 0, 0, 0.020 * 8 / 12))
    assert feel.offset(501, first=486) == pytest.approx(late[3] / 2), "half way to the beat"


def test_swing_keeps_its_ratio_and_push_its_seconds_at_another_tempo():
    slow, fast = BeatGrid(80), BeatGrid(160)
    feel = feel_of(phrase(slow, swing=1.5, push=0.016), slow)
    beat, eighth = played(feel, fast, [480, 492])
    assert (eighth - beat) / 24 == pytest.approx(0.6, abs=1e-6)
    assert fast.seconds_at(beat) - fast.seconds_at(480) == pytest.approx(0.016 * 16 / 18)


def test_phrases_add_up_and_old_ones_are_forgotten():
    grid = BeatGrid(120)
    feels = [feel_of(phrase(grid, 1.6, 0.015, NOISE, seed), grid) for seed in range(40)]
    joined = [
        feel.after(before.after(earlier))
        for earlier, before, feel in zip(feels[:-2], feels[1:-1], feels[2:], strict=True)
    ]
    for what in (lambda feel: feel.push, lambda feel: feel.swing):
        assert np.std([what(feel) for feel in joined]) < np.std([what(feel) for feel in feels])
    silent = Feel.of([], [], grid)
    assert silent.after(feels[0]).swing == feels[0].swing
    assert silent.after(silent.after(silent.after(feels[0]))).swing is None


def test_a_new_way_of_playing_counts_at_once():
    grid = BeatGrid(120)
    even, swung = (feel_of(phrase(grid, swing), grid) for swing in (1.0, 2.0))
    assert swung.after(even).swing == pytest.approx(2.0)
    assert even.after(swung).swing == pytest.approx(1.0)


readings = st.builds(Reading, st.floats(-0.2, 0.2), st.floats(0, 100))
feels = st.builds(
    Feel,
    st.floats(20, 400),
    readings,
    st.builds(Reading, st.floats(9.5, 20.5), st.floats(0, 100)),
    st.dictionaries(st.integers(1, 23), readings),
)


@given(feels, st.sets(st.integers(0, 120), min_size=2))
def test_notes_never_change_places(feel, places):
    grid, places = BeatGrid(feel.bpm), sorted(places)
    assert all(before < after for before, after in pairwise(played(feel, grid, places)))


@given(feels, st.lists(st.integers(0, 120), min_size=2).map(sorted))
def test_an_answer_is_moved_alike_note_by_note_and_as_a_whole(feel, places):
    assert all(feel.offsets(places[:count]) == feel.offsets(places)[:count] for count in range(len(places)))


@given(feels, st.integers(0, 120), st.integers(1, 23))
def test_push_and_leanings_are_bounded(feel, beat, first):
    even = replace(feel, eighth=Reading())
    assert abs(even.offset(24 * beat)) <= FARTHEST
    assert abs(even.offset(24 * beat + first, first)) <= FARTHEST
