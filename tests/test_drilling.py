"""The course of a drill: one test a row of its table, and how hard the next phrase is."""

import pytest

from livejam.drilling import Course, Kind, Ladder, Moment, Plan
from livejam.exercises import Ask
from livejam.grid import BeatGrid
from livejam.notes import Metre


def course(bars=2, bpm=120.0, metre=None, rounds=None, start=10.0):
    ask = Ask(bars, metre or Metre(4, 4), bpm, 1, None, 1)
    return Course(Plan(Kind.ECHO, ask, 1, rounds), BeatGrid(bpm, start))


def moments(course, rounds):
    """Every moment and its time, as they come."""
    found = []
    while len(found) < 3 * rounds and course.deadline is not None:
        at = course.deadline
        moment = course.handle_timeout(at)
        found.append((moment, round(at, 3)))
        if moment is Moment.JUDGE:
            course.go_on()
    return found


def test_a_round_is_livejams_bars_the_players_and_a_rest():
    assert moments(course(), 2) == [
        (Moment.CALL, 9.75),
        (Moment.TURN, 13.5),
        (Moment.JUDGE, 18.25),
        (Moment.CALL, 19.75),
        (Moment.TURN, 23.5),
        (Moment.JUDGE, 28.25),
    ]


def test_nothing_happens_before_its_time():
    one = course()
    assert one.handle_timeout(9.7) is None
    assert one.handle_timeout(9.75) is Moment.CALL
    assert one.handle_timeout(9.75) is None


def test_a_rest_is_long_enough_to_read_a_line():
    one = course(1, 240.0, Metre(2, 4))
    assert one._rest == 3 * 48


def test_after_the_last_round_it_is_over():
    one = course(rounds=1)
    moments(one, 1)
    assert one.go_on() is False
    assert one.deadline is None
    assert one.handle_timeout(1e9) is None


@pytest.mark.parametrize(("points", "level", "again"), [(100, 3, False), (70, 2, True), (49, 1, False)])
def test_clean_is_harder_poor_comes_again_bad_is_easier(points, level, again):
    ladder = Ladder(2)
    assert ladder.climb(points) is again
    assert ladder.level == level


def test_a_phrase_comes_again_at_most_twice():
    ladder = Ladder(2)
    assert [ladder.climb(70) for _ in range(4)] == [True, True, False, True]
    assert ladder.level == 2


def test_levels_have_ends():
    low, high = Ladder(1), Ladder(5)
    low.climb(0)
    high.climb(100)
    assert (low.level, high.level) == (1, 5)
