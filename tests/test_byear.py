"""Chords by ear: from a melody up to now, by what is usual."""

import numpy as np
import pytest

from livejam.byear import BACK, STATES, guess, stretch_of, tables
from livejam.notes import Metre, TickNote
from livejam.pieces import Quality, Style

FOUR = Metre(4, 4)


def melody(*pitches, step=24, since=0):
    return [TickNote(since + step * i, pitch, step, 80) for i, pitch in enumerate(pitches)]


def test_the_tables_are_probabilities():
    usual = tables()
    assert usual.follows.shape == (2, 24, STATES, STATES)
    for table in (np.exp(usual.notes.T), np.exp(usual.scales.T), 24 * usual.begins, usual.follows):
        assert np.allclose(table.sum(-1), 1, atol=1e-4)


def test_nothing_is_guessed_of_nothing():
    assert guess([], 0, FOUR) is None


@pytest.mark.parametrize("tonic", range(12))
def test_a_broken_chord_is_known_on_any_root(tonic):
    played = melody(*[60 + tonic, 64 + tonic, 67 + tonic, 72 + tonic] * 2)
    assert guess(played, 192, FOUR) == (tonic, Quality.MAJOR)


def test_what_is_played_in_the_stretch_itself_counts():
    played = [*melody(60, 64, 67, 72, 60, 64, 67, 72), *melody(65, 69, step=12, since=192)]
    assert guess(played, 216, FOUR) == (5, Quality.MAJOR)


def test_in_minor_the_tonic_is_minor():
    assert guess(melody(57, 60, 64, 69, 68, 71, 69, 64, 60, 57), 240, FOUR)[1] in (Quality.MINOR, Quality.DOMINANT)


def test_another_key_is_followed_within_two_bars():
    played = [*melody(*[60, 64, 67, 72] * 4), *melody(*[66, 70, 73, 78] * 2, since=384)]
    assert guess(played, 624, FOUR) == (6, Quality.MAJOR)


def test_jazz_has_sevenths():
    played = melody(60, 64, 67, 72)
    assert guess(played, 96, FOUR, Style.JAZZ) == (0, Quality.MAJOR7)


def test_how_long_a_chord_lasts():
    assert [stretch_of(Metre(*metre)) for metre in ((4, 4), (3, 4), (6, 8), (12, 8), (2, 4), (5, 4))] == [
        48, 72, 72, 72, 48, 120,
    ]  # fmt: skip


def test_what_is_long_ago_makes_no_difference():
    late = melody(*[62, 66, 69] * 8, since=48 * (BACK + 200))
    assert guess([*melody(61, 65, 68), *late], late[-1].onset + 24, FOUR) == guess(late, late[-1].onset + 24, FOUR)
