import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livejam.pieces import METRE, NOTE
from livejam.training.phrases import bar_places, cut_phrases

BAR = 96
FOUR_FOUR = np.array([(0, 4, 4)], METRE)


def line(onsets, length=12):
    notes = np.zeros(len(onsets), NOTE)
    notes["onset"], notes["length"], notes["pitch"] = onsets, length, 60
    return notes


def starts(notes, metres=FOUR_FOUR, marks=(), **limits):
    return [int(notes["onset"][p["start"]]) for p in cut_phrases(notes, metres, marks, **limits)]


def test_without_rests_phrases_have_four_bars():
    assert starts(line(range(0, 16 * BAR, 24), 24)) == [0, 4 * BAR, 8 * BAR, 12 * BAR]


def test_a_rest_cuts_before_the_bar_line_does():
    rest_in_third_bar = [t for t in range(0, 8 * BAR, 24) if not 2 * BAR + 24 <= t < 3 * BAR + 48]
    assert 3 * BAR + 48 in starts(line(rest_in_third_bar, 24))


def test_the_longer_of_two_rests_wins():
    silent = {2 * BAR, 3 * BAR, 3 * BAR + 24, 3 * BAR + 48}
    onsets = [t for t in range(0, 7 * BAR, 24) if t not in silent]
    assert starts(line(onsets, 24)) == [0, 3 * BAR + 72]


def test_a_pickup_repeats():
    pickup = np.array([(24, 4, 4)], METRE)
    assert starts(line(range(0, 8 * BAR, 24), 24), pickup) == [0, 4 * BAR]


def test_many_notes_make_shorter_phrases():
    sixteenths = line(range(0, 8 * BAR, 3), 3)  # 32 a bar
    phrases = cut_phrases(sixteenths, FOUR_FOUR, most=64)
    assert list(phrases["start"]) == [0, 64, 128, 192]


def test_marks_always_cut_and_only_their_ends_are_marked():
    notes = line(range(0, 16 * BAR, 24), 24)
    phrases = cut_phrases(notes, FOUR_FOUR, [8 * BAR])
    assert list(notes["onset"][phrases["start"]]) == [0, 4 * BAR, 8 * BAR, 12 * BAR]
    assert list(phrases["marked"]) == [False, True, False, True]


def test_marks_outside_the_part_are_harmless():
    notes = line(range(0, 2 * BAR, 24), 24)
    phrases = cut_phrases(notes, FOUR_FOUR, [0, 5 * BAR])
    assert phrases.tolist() == [(0, True)]


def test_a_mark_behind_a_pickup_means_the_rest_before_it():
    onsets = [*range(0, 4 * BAR, 24), *range(5 * BAR + 72, 9 * BAR, 24)]
    phrases = cut_phrases(line(onsets, 24), FOUR_FOUR, [6 * BAR])
    assert phrases.tolist() == [(0, True), (16, True)]


def test_a_mark_before_a_last_note_means_the_rest_after_it():
    onsets = [*range(0, 4 * BAR + 24, 24), *range(5 * BAR, 9 * BAR, 24)]
    phrases = cut_phrases(line(onsets, 24), FOUR_FOUR, [4 * BAR])
    assert phrases.tolist() == [(0, True), (17, True)]


def test_crowded_marks_leave_no_scraps():
    notes = line(range(0, 8 * BAR, 48), 48)
    phrases = cut_phrases(notes, FOUR_FOUR, range(0, 8 * BAR, BAR))  # a mark every two notes
    assert np.diff([*phrases["start"], len(notes)]).min() >= 4


def test_unmarked_without_marks():
    assert not cut_phrases(line(range(0, 8 * BAR, 24)), FOUR_FOUR)["marked"].any()


def test_two_notes_between_long_rests_are_a_phrase():
    onsets = [*range(0, 4 * BAR, 24), 8 * BAR, 8 * BAR + 24, *range(12 * BAR, 16 * BAR, 24)]
    assert starts(line(onsets, 24)) == [0, 8 * BAR, 12 * BAR]


def test_short_rests_never_leave_three_notes():
    onsets = [t for t in range(0, 8 * BAR, 24) if t % BAR != 72]  # three notes and a rest a bar
    assert (np.diff(cut_phrases(line(onsets, 24), FOUR_FOUR)["start"]) >= 4).all()


def test_metre_unknown_is_common_time():
    assert starts(line(range(0, 8 * BAR, 24), 24), np.empty(0, METRE)) == [0, 4 * BAR]


def test_one_note():
    assert cut_phrases(line([7]), FOUR_FOUR).tolist() == [(0, False)]


def test_bar_places_follow_metre_changes_and_pickups():
    metres = np.array([(24, 4, 4), (120, 3, 4)], METRE)
    phase, bars = bar_places(np.array([0, 24, 100, 120, 200]), metres)
    assert phase.tolist() == [72, 0, 76, 0, 8]
    assert bars.tolist() == [96, 96, 96, 72, 72]


@settings(deadline=None)
@given(
    steps=st.lists(st.sampled_from([0, 6, 12, 24, 48, 300]), min_size=1, max_size=200),
    marks=st.lists(st.integers(0, 3000), max_size=4),
    most=st.sampled_from([8, 64, 128]),
)
def test_phrases_are_valid_whatever_the_notes(steps, marks, most):
    notes = line(np.cumsum(steps))
    notes["pitch"] = np.arange(len(notes)) % 128
    found = cut_phrases(notes, FOUR_FOUR, marks, most=most)
    lengths = np.diff([*found["start"], len(notes)])
    chord = np.unique(notes["onset"], return_counts=True)[1].max()
    assert found["start"][0] == 0
    assert (lengths > 0).all()
    assert (lengths <= max(most, chord)).all()
    assert set(found["start"]) <= set(np.unique(notes["onset"], return_index=True)[1])


@pytest.mark.parametrize("metre", [(0, 1, 4), (0, 3, 8), (0, 6, 8), (0, 9, 4), (0, 2, 2)])
def test_every_metre_cuts_at_its_bar_lines(metre):
    metres = np.array([metre], METRE)
    notes = line(range(0, 40 * BAR, 12), 12)
    cuts = notes["onset"][cut_phrases(notes, metres)["start"]]
    assert len(cuts) > 5
    assert (bar_places(cuts, metres)[0] == 0).all()
