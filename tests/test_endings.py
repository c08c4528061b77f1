"""What silence ends a phrase, by the player's habits: one weight at a time, then the rule as it is."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livejam.endings import ALONE, FEW_RESTS, FORGETTING, INFORMED, NO_REST, REACTION, EndingRules, Habits

WEIGHTS = ("constant", "rests", "known", "count", "lone", "last", "odds")


def rules(**weights):
    """Return rules in which only some weights count; the silence is at least 0.1 s and at most 10 s."""
    return EndingRules(0.1, 10.0, **{**dict.fromkeys(WEIGHTS, 0.0), **weights})


def silence(doubt):
    """Return the silence that such rules ask for at a weighted sum."""
    return pytest.approx(0.1 * 100 ** (1 / (1 + math.exp(-doubt))))


def played(habits, *onsets, rest=0.1):
    """Let a phrase with those onsets be played, each after `rest` seconds of silence."""
    habits.begin(onsets[0])
    for onset in onsets[1:]:
        habits.go_on(onset, rest)
    return habits


def test_without_doubt_or_certainty_the_middle():
    assert played(Habits(rules()), 0.0, 0.5).silence(0.9) == pytest.approx(1.0)


@pytest.mark.parametrize("doubt", [-3.0, 0.5, 2.0])
def test_the_more_doubt_the_longer(doubt):
    assert Habits(rules(constant=doubt)).silence(1.0) == silence(doubt)


def test_floor_and_ceiling():
    assert Habits(rules(constant=-900.0)).silence(1.0) == pytest.approx(0.1)
    sure = Habits(rules(constant=900.0))
    assert sure.silence(1.0) == pytest.approx(10.0) == sure.longest


def test_who_rests_within_phrases_is_given_time():
    habits = played(Habits(rules(rests=1.0)), 0.0, 0.5, rest=0.4)
    assert habits.silence(0.9) == silence(math.log(0.4 - NO_REST + FEW_RESTS))
    habits.go_on(1.0, 1.0)
    rests = (0.4 - NO_REST) * (1 - FORGETTING) + 1.0 - NO_REST
    assert habits.silence(1.2) == silence(math.log(rests + FEW_RESTS))


def test_short_silences_are_no_rests():
    habits = played(Habits(rules(rests=1.0)), *(i / 4 for i in range(40)), rest=NO_REST)
    assert habits.silence(20.0) == silence(math.log(FEW_RESTS))


def test_old_rests_are_forgotten():
    habits = played(Habits(rules(rests=1.0)), 0.0, 0.5, rest=2.0)
    for number in range(4000):
        habits.go_on(1.0 + number / 4, 0.1)
    assert habits.silence(1002.0) == silence(math.log(FEW_RESTS))


def test_who_is_known_needs_less():
    habits = Habits(rules(known=-1.0))
    for number in range(40):
        played(habits, 10.0 * number, 10.0 * number + 1)
        assert habits.silence(10.0 * number + 1.5) == silence(-math.log1p(min(number, 20)))


def test_a_phrase_is_measured_by_those_before():
    habits = Habits(rules(count=-1.0))
    played(habits, 0.0, 1.0, 2.0, 3.0)
    played(habits, 10.0, 11.0)
    played(habits, 20.0, 21.0, 22.0, 23.0, 24.0, 25.0)
    assert habits.silence(26.0) == silence(-math.log(6 / 3))  # they were 4 and 2 long


def test_a_chord_is_one_onset():
    habits = played(Habits(rules(count=-1.0)), 0.0, 0.01, 0.02, 1.0, 1.01)
    assert habits.silence(1.5) == silence(-math.log(2 / 12))


def test_a_lone_note_is_rarely_a_phrase():
    habits = played(Habits(rules(lone=2.0)), 0.0)
    assert habits.silence(0.2) == silence(2.0)
    habits.go_on(0.5, 0.3)
    assert habits.silence(0.7) == silence(0.0)


def test_a_long_last_note_speaks_for_the_end():
    habits = played(Habits(rules(last=-1.0)), 0.0, 0.5, 1.0)
    assert habits.silence(2.0) == silence(-math.log(1.0 / 0.5))


def test_steps_between_phrases_are_no_habit():
    habits = Habits(rules(last=-1.0))
    played(habits, 0.0, 0.5, 1.0)
    assert played(habits, 9.0, 9.5).silence(10.0) == silence(0.0)


def test_the_network_speaks_for_the_end():
    habits = played(Habits(rules(), informed=rules(odds=-1.0)), 0.0, 0.5)
    assert habits.silence(0.9, 0.5) == silence(0.0)
    assert habits.silence(0.9, 0.2) == silence(math.log(4))
    assert habits.silence(0.9) == silence(0.0)


def test_nobody_is_as_sure_as_they_say():
    habits = played(Habits(rules(), informed=rules(odds=-1.0)), 0.0, 0.5)
    assert habits.silence(0.9, 0.8) == habits.silence(0.9, 1.0)
    assert habits.silence(0.9, 0.0) == silence(-math.log(1e-4 / (1 - 1e-4)))


def test_who_goes_on_at_once_was_not_done():
    habits = played(Habits(rules(rests=1.0)), 0.0, 0.5)
    needed = habits.silence(0.9)
    habits.begin(0.9 + needed + REACTION - 0.01)
    rest = needed + REACTION - 0.01
    assert habits.silence(3.0) == silence(math.log(rest - NO_REST + FEW_RESTS))


def test_who_comes_in_later_answers():
    habits = played(Habits(rules(rests=1.0, count=-1.0)), 0.0, 0.5)
    habits.begin(0.9 + habits.silence(0.9) + REACTION + 0.01)
    assert habits.silence(3.0) == silence(math.log(FEW_RESTS) - math.log(1 / 2))


def test_a_silence_that_was_broken_is_no_end():
    habits = played(Habits(rules(count=-1.0)), 0.0, 0.5)
    habits.silence(0.9)
    habits.go_on(1.0, 0.1)
    habits.begin(1.3)  # the turn ended some other way
    assert habits.silence(1.5) == silence(-math.log(1 / 3))


@pytest.mark.parametrize("last", [0.05, 0.3, 0.9])
def test_the_surer_the_sooner(last):
    habits = played(Habits(), 0.0, 0.3, 0.6, 0.9)
    waits = [habits.silence(0.9 + last, probability) for probability in (0.01, 0.1, 0.3, 0.7)]
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


def test_before_anything_is_played_there_is_an_answer():
    assert ALONE.shortest <= Habits().silence(0.0) <= ALONE.longest
