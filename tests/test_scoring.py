"""How well a phrase was repeated: the planted mistake is named, and nothing else."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livejam.notes import Metre, TickNote
from livejam.scoring import Played, Verdict, align, place_name

FOUR = Metre(4, 4)
TUNE = (60, 64, 67, 70, 72, 70, 67, 64)
ASKED = tuple(TickNote(24 * n, pitch, 20, 80) for n, pitch in enumerate(TUNE))
SECOND = 60 / 90 / 24  # a tick at 90 bpm


def played(late=lambda n: 0.0, pitch=lambda n, right: right, leave=()):
    """The tune with whatever is planted; `late` in ms."""
    return [
        Played(note.onset + late(n) / 1000 / SECOND, pitch(n, note.pitch), 80, 20)
        for n, note in enumerate(ASKED)
        if n not in leave
    ]


def score(notes, asked=ASKED, metre=FOUR):
    return align(asked, notes, SECOND, metre)


def test_a_perfect_echo():
    found = score(played())
    assert str(found) == "8 of 8 notes"
    assert (found.points, found.extra, found.timing.mean, found.timing.spread) == (100, (), 0, 0)


@pytest.mark.parametrize(
    ("notes", "line"),
    [
        (played(pitch=lambda n, right: 69 if n == 3 else right), "7 of 8 notes; bar 1 beat 4: A instead of Bb"),
        (played(late=lambda n: 85 if n == 4 else 0), "8 of 8 notes; bar 2 beat 1: 85 ms late"),
        (played(late=lambda n: -80 if n == 6 else 0), "8 of 8 notes; bar 2 beat 3: 80 ms early"),
        (played(leave=(4,)), "7 of 8 notes; missing: C5 at bar 2 beat 1"),
        (played(leave=(0,)), "7 of 8 notes; missing: C4 at bar 1 beat 1"),
        ([*played(), Played(60, 66, 80, 5)], "8 of 8 notes; extra: F#4 at bar 1 beat 3.5"),
        ([*played(), Played(-12, 59, 80, 5)], "8 of 8 notes; extra: B3 at the upbeat, beat 4.5"),
        (played(pitch=lambda n, right: 79 if n == 2 else right), "7 of 8 notes; bar 1 beat 3: an octave too high"),
        (played(pitch=lambda n, right: right - 12 * (n == 5)), "7 of 8 notes; bar 2 beat 2: an octave too low"),
        (
            played(late=lambda n: 80 if n == 2 else 0, pitch=lambda n, right: 71 if n == 4 else right, leave=(7,)),
            "6 of 8 notes; bar 1 beat 3: 80 ms late; bar 2 beat 1: B instead of C; missing: E4 at bar 2 beat 4",
        ),
    ],
)
def test_a_planted_mistake_is_named(notes, line):
    assert str(score(notes)) == line


def test_all_of_it_early_by_a_little_is_a_mean_and_no_mistake():
    found = score(played(late=lambda n: -20.0))
    assert str(found) == "8 of 8 notes"
    assert found.timing.mean == pytest.approx(-20)
    assert found.timing.spread == pytest.approx(0, abs=1e-6)
    assert found.points == 100


def test_all_of_it_late_is_said_once():
    found = score(played(late=lambda n: 300.0))
    assert str(found) == "8 of 8 notes; all of it 300 ms late"
    assert 70 < found.points < 80


def test_a_tempo_that_is_pushed_is_followed():
    found = score(played(late=lambda n: -60.0 * n))
    assert found.count(Verdict.RIGHT) == 8
    assert found.extra == ()
    assert [round(match.offset) for match in found.matches] == [-60 * n for n in range(8)]


def test_silence_has_no_points():
    found = score([])
    assert str(found) == "0 of 8 notes; nothing was played"
    assert found.points == 0


def test_something_else_has_few_points():
    assert score([Played(8 * n, 60 + 5 * n % 13, 80, 5) for n in range(24)]).points < 50


def test_an_octave_counts_half():
    whole = score([replace(note, pitch=note.pitch + 12) for note in played()])
    assert whole.count(Verdict.OCTAVE) == 8
    assert whole.points == 65


def test_chords_may_be_struck_in_any_order():
    asked = [TickNote(0, pitch, 20, 80) for pitch in (60, 64, 67)]
    found = score([Played(0.9, 60, 80, 20), Played(0.0, 67, 80, 20), Played(0.5, 64, 80, 20)], asked)
    assert found.count(Verdict.RIGHT) == 3


def test_beats_are_those_of_the_metre():
    assert place_name(36, Metre(6, 8)) == "bar 1 beat 4"
    assert place_name(40, FOUR) == "bar 1 beat 2.67"


def test_only_some_of_many_mistakes_are_told():
    asked = tuple(TickNote(12 * n, 60 + n, 10, 80) for n in range(16))
    assert "; and 9 more" in str(score([Played(0, 60, 80, 10)], asked))


notes = st.lists(
    st.builds(Played, st.floats(-24, 220), st.integers(0, 127), st.integers(1, 127), st.floats(0, 200)), max_size=40
)


@given(notes)
def test_whatever_is_played_has_a_score(given_notes):
    found = score(given_notes)
    assert 0 <= found.points <= 100
    assert len(found.matches) == 8
    assert sum(match.played is not None for match in found.matches) + len(found.extra) == len(given_notes)
    assert "\n" not in str(found)
