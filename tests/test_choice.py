"""The best of several answers."""

from dataclasses import replace

import pytest

from livejam.choice import Option, best, best_of, faults, unstruck, within
from livejam.controls import Kind
from livejam.decoder import Candidate
from livejam.notes import TickNote
from livejam.phrasing import Request
from livejam.steering import Steering

CALL = tuple(TickNote(24 * i, 60 + i, 24, 80) for i in range(4))
REQUEST = Request(1, CALL, None, 120.0, 96, 192)
FINE = tuple(TickNote(96 + 24 * i, 64 - i, 24, 80) for i in range(4))
STUCK = tuple(TickNote(96 + 12 * i, 60, 12, 80) for i in range(9))
HIGH = (*FINE[:3], TickNote(168, 63 + 13, 24, 80))


def option(notes=FINE, gain=0.0, ended=True):
    return Option(notes, gain, ended)


def test_what_owes_most_to_its_call_is_best():
    assert best([option(gain=1.0), option(gain=2.0), option(gain=-1.0)], REQUEST).gain == 2.0


@pytest.mark.parametrize("faulty", [option(STUCK), option(ended=False), option(HIGH), option(())])
def test_what_can_be_heard_to_be_wrong_comes_behind_all_else(faulty):
    assert faults(faulty, REQUEST) > 0 == faults(option(), REQUEST)
    assert best([replace(faulty, gain=9.0), option(gain=-9.0)], REQUEST).gain == -9.0


def test_the_first_of_equals_is_best():
    one, other = option(), option(FINE[:3])
    assert best([one, other], REQUEST) is one


def test_an_octave_beyond_the_call_is_within_reach():
    assert faults(option((*FINE[:3], TickNote(168, 63 + 12, 24, 80))), REQUEST) == 0


def test_no_key_is_struck_twice_at_one_place_and_nothing_is_too_late():
    doubled = [note for note in FINE for _ in range(2)]
    assert tuple(unstruck(doubled)) == FINE
    assert within(doubled, 48) == FINE[:2]


def grown(*answers, over=True):
    """Yield answers (notes, gain in all) side by side as they grow by a note a step, then end."""
    made = [Candidate() for _ in answers]
    for step in range(1 + max(len(notes) for notes, _ in answers)):
        for one, (notes, likelihood) in zip(made, answers, strict=True):
            one.over = over and step >= len(notes)
            one.notes[:], one.likelihood = notes[: step + 1], likelihood
        yield made


def test_the_best_comes_when_all_are_over():
    found = list(best_of(grown((FINE[:2], 1.0), (FINE, 9.0)), REQUEST))
    assert [one and one.notes for one in found] == [None] * 5 + [FINE]


def test_there_is_no_best_of_answers_that_stop_half_way():
    assert list(best_of(grown((FINE[:2], 1.0), (FINE, 9.0), over=False), REQUEST)) == [None] * 5


def test_an_answer_that_goes_on_too_long_is_cut_and_comes_behind():
    short = replace(REQUEST, max_ticks=72)
    assert list(best_of(grown((FINE, 99.0), (FINE[:2], 0.0)), short))[-1].notes == FINE[:2]
    assert list(best_of(grown((FINE, 99.0)), short))[-1].notes == FINE[:3]


def test_who_is_to_ignore_the_call_is_not_chosen_by_it():
    free = replace(REQUEST, steering=Steering(follow=0.0))
    assert list(best_of(grown((FINE[:2], 1.0), (FINE, 9.0)), free))[-1].notes == FINE[:2]


def test_a_register_asked_for_may_be_beyond_the_call():
    asked = replace(REQUEST, steering=Steering(register=7))
    assert faults(option(HIGH), asked) == 0


def test_what_takes_up_the_call_as_asked_is_best():
    echo = tuple(replace(note, onset=note.onset + 96) for note in CALL)
    asked = replace(REQUEST, steering=Steering(kind=Kind.ECHO))
    assert faults(option(echo), asked) == 0 < faults(option(), asked)
    assert best([option(gain=9.0), option(echo)], asked).notes == echo
