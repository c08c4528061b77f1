"""Controls: what a phrase is, what a player asks for, and that both mean the same."""

import numpy as np
import pytest

from livejam import controls as c
from livejam.controls import CONTROL, CONTROLS, Kind, Wish
from livejam.notes import Metre
from livejam.pieces import Quality
from livejam.tokenizer import Chord

FOUR = Metre(4, 4)


def line(*pitches, step=12):
    return np.arange(len(pitches)) * step, np.array(pitches)


def asked(name, **wish):
    place = {"onset": 0, "first": None, "metre": FOUR}
    place |= {key: wish.pop(key) for key in list(wish) if key in (*place, "chords")}
    return Wish(**wish).row(**place)[CONTROL[name]]


TUNE = line(60, 62, 64, 65, 67, 65, 64, 62, 60, 67, 72, 60)


# What is asked


def test_nothing_is_asked_by_default():
    assert not Wish().row(100, None, FOUR).any()


def test_bars_count_down_from_that_of_the_first_note():
    assert asked("bars", bars=4) == 4
    assert [asked("bars", bars=4, first=96, onset=onset) for onset in (96, 191, 192, 480, 900)] == [4, 4, 3, 1, 1]


def test_a_pickup_belongs_to_the_bar_after_it():
    assert [asked("bars", bars=2, first=84, onset=onset) for onset in (84, 96, 192)] == [2, 2, 1]


def test_bars_need_a_metre_and_beats_do_not():
    assert asked("bars", bars=4, metre=None) == 0
    assert [asked("beats", beats=3, metre=None, first=30, onset=onset) for onset in (30, 48, 75, 99)] == [3, 2, 1, 1]


def test_beats_are_those_of_the_bar():
    assert asked("beats", beats=5, metre=Metre(4, 4, 12), first=12, onset=35) == 5
    assert asked("beats", beats=5, metre=Metre(4, 4, 12), first=12, onset=36) == 4


def test_the_coming_chord_is_that_of_the_next_beat():
    chords = (Chord(0, 0, Quality.MAJOR), Chord(24, 9, Quality.MINOR7), Chord(48, -1, Quality.NONE))
    assert [asked("next_root", onset=onset, chords=chords) for onset in (0, 23, 24)] == [10, 10, 0]
    assert asked("next_quality", onset=0, chords=chords) == Quality.MINOR7


def test_all_classes_are_within_their_numbers():
    assert c.bars_class(10**6) == CONTROLS["bars"] - 1
    assert c.beats_class(10**6) == CONTROLS["beats"] - 1
    assert c.density_class(1e6) == CONTROLS["density"] - 1
    assert c.register_class(127) == CONTROLS["register"] - 1
    assert c.shift_class(127) == CONTROLS["shift"] - 1
    assert [c.beats_class(n) for n in (-3, 0, 1, 2, 33, 40, 41)] == [1, 1, 1, 2, 33, 33, 34]


@pytest.mark.parametrize(("wish", "said"), [({"density": 7}, "density goes from 0 to 6, not 7"),
                                            ({"key": -1}, "key goes from 0 to 24, not -1"),
                                            ({"bars": 0}, "bars must be 1 or more, not 0")])  # fmt: skip
def test_a_wish_out_of_range_is_refused(wish, said):
    with pytest.raises(ValueError, match=said):
        Wish(**wish)


# What a phrase is


def test_density_is_notes_a_beat():
    assert c.density(line(60, 62, 64)[0]) == 2
    assert np.isnan(c.density(np.array([5, 5, 5])))
    assert c.density_class(float("nan")) == 0
    classes = [c.density_class(n) for n in (0.3, 1, 1.5, 2, 3, 4)]
    assert classes == [1, 2, 3, 4, 5, 6]


def test_the_call_s_own_register_is_the_middle():
    assert c.shift_class(0) == 4
    assert [c.shift_class(n) for n in (-20, -10, -5, 5, 10, 20)] == [1, 2, 3, 5, 6, 7]


@pytest.mark.parametrize("up", [-12, 0, 5])
def test_the_same_again_is_an_echo_in_any_key(up):
    assert c.kind_of(TUNE, (TUNE[0] + 480, TUNE[1] + up)) == Kind.ECHO


def test_a_changed_end_varies():
    onsets, pitches = line(60, 62, 64, 65, 67, 65, 64, 62, 71, 59, 60, 60)
    assert c.kind_of(TUNE, (onsets, pitches)) == Kind.VARY


def test_another_line_in_another_rhythm_contrasts():
    assert c.kind_of(TUNE, line(60, 80, 60, 85, 60, 90, step=48)) == Kind.CONTRAST


def test_two_notes_are_of_no_kind():
    assert c.kind_of(TUNE, line(60, 62)) == Kind.UNKNOWN


def test_likeness_hears_the_highest_notes():
    onsets, pitches = TUNE
    chords = np.repeat(onsets, 2), np.stack([pitches - 12, pitches], 1).ravel()
    assert c.likeness(TUNE, chords) == (1.0, 1.0)


@pytest.mark.parametrize("tonic", range(12))
def test_scales_have_their_keys(tonic):
    weights = np.zeros(12)
    weights[[(tonic + step) % 12 for step in (0, 2, 4, 5, 7, 9, 11)]] = 1, 0.5, 0.8, 0.5, 1, 0.5, 0.4
    assert c.key_of(weights) == 1 + tonic
    assert c.transposed_key(1 + tonic, 3) == 1 + (tonic + 3) % 12
    assert c.transposed_key(13 + tonic, -4) == 13 + (tonic - 4) % 12


def test_what_has_no_key():
    assert c.key_of(np.ones(12)) == 0
    assert c.key_of(np.zeros((3, 12))).tolist() == [0, 0, 0]
    assert c.transposed_key(0, 5) == 0
