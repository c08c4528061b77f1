"""What silence ends a phrase, by the player's habits: one exponent at a time, then the rule as it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livejam.endings import ALONE, INFORMED, EndingRules, Habits


def rules(**exponents):
    """Return rules in which only some exponents count, a second of silence at the usual."""
    plain = dict.fromkeys(("step", "rest", "count", "last", "odds"), 0.0)
    return EndingRules(shortest=0.1, longest=10.0, scale=1.0, **{**plain, **exponents})


def played(habits, *onsets, rest=0.1):
    """Let a phrase with those onsets be played, each after `rest` seconds of silence."""
    habits.begin(onsets[0])
    for onset in onsets[1:]:
        habits.go_on(onset, rest)
    return habits


def test_slow_players_are_given_time():
    habits = Habits(rules(step=1.0))
    assert played(habits, 0.0, 0.5, 1.0, 1.5).silence(1.9) == pytest.approx(0.5)
    assert played(Habits(rules(step=1.0)), 0.0, 0.2, 0.4, 0.8).silence(0.9) == pytest.approx(0.2)


def test_steps_between_phrases_are_no_habit():
    habits = Habits(rules(step=1.0))
    played(habits, 0.0, 0.5, 1.0)
    assert played(habits, 9.0, 9.5).silence(9.9) == pytest.approx(0.5)


def test_the_longest_rest_counts():
    habits = played(Habits(rules(rest=1.0)), 0.0, 0.5, rest=0.4)
    habits.go_on(1.0, 0.2)
    assert habits.silence(1.2) == pytest.approx(0.4)


def test_old_rests_are_forgotten():
    habits = played(Habits(rules(rest=1.0)), 0.0, 0.5, rest=0.4)
    for number in range(32):
        habits.go_on(1.0 + number, 0.2)
    assert habits.silence(40.0) == pytest.approx(0.2)


def test_a_phrase_is_measured_by_those_before():
    habits = Habits(rules(count=-1.0))
    played(habits, 0.0, 1.0, 2.0, 3.0)
    played(habits, 10.0, 11.0)
    played(habits, 20.0, 21.0, 22.0, 23.0, 24.0, 25.0)
    assert habits.silence(26.0) == pytest.approx(3.0 / 6)  # they were 4 and 2 long


def test_a_chord_is_one_onset():
    habits = played(Habits(rules(count=-1.0)), 0.0, 0.01, 0.02, 1.0, 1.01)
    assert habits.silence(1.5) == pytest.approx(12 / 2)


def test_a_long_last_note_speaks_for_the_end():
    habits = played(Habits(rules(last=-1.0)), 0.0, 0.5, 1.0)
    assert habits.silence(2.0) == pytest.approx(0.5 / 1.0)


def test_the_network_speaks_for_the_end():
    habits = played(Habits(rules(), informed=rules(odds=-1.0)), 0.0, 0.5)
    assert habits.silence(0.9, 0.5) == pytest.approx(1.0)
    assert habits.silence(0.9, 0.8) == pytest.approx(0.25)
    assert habits.silence(0.9) == pytest.approx(1.0)


def test_floor_and_ceiling():
    habits = played(Habits(rules(), informed=rules(odds=-1.0)), 0.0, 0.5)
    assert habits.silence(0.9, 1.0) == 0.1
    assert habits.silence(0.9, 0.0) == 10.0 == habits.longest


@pytest.mark.parametrize("last", [0.05, 0.3, 0.9])
def test_the_surer_the_sooner(last):
    habits = played(Habits(), 0.0, 0.3, 0.6, 0.9)
    waits = [habits.silence(0.9 + last, probability) for probability in (0.01, 0.1, 0.5, 0.9)]
    assert waits == sorted(waits, reverse=True)
    assert waits[0] > waits[-1] + 0.2


@given(st.lists(st.floats(0, 5), max_size=50), st.floats(0, 1) | st.none())
def test_whatever_is_played_the_wait_is_bounded(steps, probability):
    habits, now = Habits(), 0.0
    habits.begin(now)
    for step in steps:
        now += step
        habits.go_on(now, step / 2)
    bounds = ALONE if probability is None else INFORMED
    assert bounds.shortest <= habits.silence(now + 0.1, probability) <= bounds.longest
