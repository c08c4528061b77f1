"""The network at work: one order after the other, one note at a time."""

import pytest
from conftest import Parrot

from livejam.composer import Better, Complete, Compose, Composed, Composer, Failed, Forgotten, Hear, Heard
from livejam.errors import ModelError
from livejam.notes import TickNote
from livejam.phrasing import Request

CALL = tuple(TickNote(24 * i, 60 + i, 24, 80) for i in range(4))
REQUEST = Request(1, CALL, None, 120.0, 96, 384)


def hear(notes=CALL, keep=0, player=True):
    return Hear(keep, notes, None, player)


def worked(composer):
    """Return what comes of the answer in work."""
    replies = []
    while composer.busy:
        replies.append(composer.work())
    return replies


@pytest.fixture
def composer():
    composer = Composer(Parrot())
    composer.take(hear())
    return composer


def test_what_is_told_is_heard():
    brain = Parrot()
    brain.phrase_end = 0.7
    composer = Composer(brain)
    assert composer.take(hear()) == (Heard(4, 0.7),)
    assert composer.take(hear(CALL[:1], keep=2, player=False)) == (Heard(3, 0.7),)
    assert brain.heard == [(True, CALL[:2]), (False, CALL[:1])]
    assert not composer.busy


def test_an_answer_is_made_up_note_by_note(composer):
    assert composer.take(Compose(7, REQUEST)) == ()
    assert composer.busy
    replies = worked(composer)
    assert [(reply.guess, reply.note.pitch) for reply in replies[:-1]] == [(7, 72), (7, 73), (7, 74), (7, 75)]
    assert replies[-1] == Complete(7)
    assert composer.work() is None


def test_an_order_ends_the_answer_in_work(composer):
    cut = Complete(7, cut=True)
    for order, last in ((hear(CALL[:1], keep=4), (cut, Heard(5, 0.0))), (Compose(8, REQUEST), (cut,))):
        composer.take(Compose(7, REQUEST))
        assert isinstance(composer.work(), Composed)
        assert composer.take(order) == last
    assert {reply.guess for reply in worked(composer)} == {8}


def test_an_answer_ends_where_it_becomes_too_long():
    class Endless(Parrot):
        def answer(self, request):
            for number in range(10**9):
                yield TickNote(100 + 24 * number, 60, 24, 80)

    composer = Composer(Endless())
    composer.take(Compose(1, REQUEST))
    replies = worked(composer)
    assert len(replies) == 384 // 24 + 1
    assert replies[-1] == Complete(1)


def test_what_the_memory_does_not_reach_is_told_again(composer):
    assert composer.take(hear(keep=5)) == (Forgotten(),)
    assert composer.take(hear(keep=1)) == (Heard(0, 0.0),)  # nothing is left; that was said already
    assert composer.take(hear()) == (Heard(4, 0.0),)
    assert composer.take(hear(keep=4)) == (Heard(8, 0.0),)


def test_everything_can_be_told_twice_however_short_the_memory():
    class Forgetful(Parrot):
        def rollback(self, heard):
            if heard < len(self._notes) - 4:
                raise ValueError(heard)
            super().rollback(heard)

    composer = Composer(Forgetful())
    for _ in range(2):
        replies = [composer.take(hear(keep=4 * number)) for number in range(5)]
        assert replies == [(Heard(4 * number + 4, 0.0),) for number in range(5)]


class Ill(Parrot):
    """Fails when it is told to."""

    fails = ""

    def hear(self, notes, metre, player):
        self._perhaps("hear")
        super().hear(notes, metre, player)

    def answer(self, request):
        self._perhaps("answer")
        return self._notes_of(request)

    def _notes_of(self, request):
        yield from list(super().answer(request))[:2]
        self._perhaps("note")

    def _perhaps(self, what):
        if self.fails == what:
            raise ModelError("too much")


def test_what_can_not_be_heard_is_forgotten():
    brain = Ill()
    composer = Composer(brain)
    composer.take(hear())
    brain.fails = "hear"
    assert composer.take(hear(keep=4)) == (Failed("too much"),)
    assert brain.heard == []


@pytest.mark.parametrize(("fails", "notes"), [("answer", 0), ("note", 2)])
def test_an_answer_that_fails_is_complete_with_its_trouble(fails, notes):
    brain = Ill()
    brain.fails = fails
    composer = Composer(brain)
    composer.take(hear())
    replies = [*composer.take(Compose(3, REQUEST)), *worked(composer)]
    assert [type(reply) for reply in replies] == [Composed] * notes + [Complete]
    assert replies[-1] == Complete(3, "too much")
    assert not composer.busy


def test_a_bug_is_not_hidden():
    class Buggy(Parrot):
        def hear(self, notes, metre, player):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Composer(Buggy()).take(hear())


class Searching(Parrot):
    """Finds a better answer, the first one backwards, in three steps."""

    steps = 0
    found = True
    fails = False

    def better(self, request, first):
        for _ in range(3):
            self.steps += 1
            yield None
        if self.fails:
            raise ModelError("too much")
        if self.found:
            yield tuple(first)[::-1]


def searching(**how):
    """Return a composer that has completed an answer with time to spare, and its brain."""
    brain = Searching()
    for name, value in how.items():
        setattr(brain, name, value)
    composer = Composer(brain)
    composer.take(hear())
    composer.take(Compose(7, REQUEST, spare=True))
    while composer.work() != Complete(7):
        pass
    return composer, brain


def test_with_time_to_spare_a_better_answer_comes_after_the_first_is_complete():
    composer, _ = searching()
    *steps, better = worked(composer)
    assert steps == [None] * 3
    assert better.guess == 7
    assert [note.pitch for note in better.notes] == [75, 74, 73, 72]
    assert composer.work() is None


def test_without_time_to_spare_none_is_looked_for(composer):
    composer.take(Compose(7, REQUEST))
    assert worked(composer)[-1] == Complete(7)
    searched = Searching()
    composer = Composer(searched)
    composer.take(hear())
    composer.take(Compose(7, REQUEST))
    assert worked(composer)[-1] == Complete(7)
    assert searched.steps == 0


@pytest.mark.parametrize("how", [{"found": False}, {"fails": True}])
def test_where_there_is_no_better_one_nothing_is_said(how):
    composer, _ = searching(**how)
    assert worked(composer) == [None] * 4


@pytest.mark.parametrize("order", [hear(CALL[:1], keep=4), Compose(8, REQUEST)])
def test_an_order_waits_for_one_step_of_the_search_at_most_and_ends_it(order):
    composer, brain = searching()
    assert composer.work() is None
    assert brain.steps == 1, "one step at a time"
    replies = composer.take(order)
    assert not any(isinstance(reply, Complete) for reply in replies), "that was said before"
    assert not any(isinstance(reply, Better) for reply in worked(composer))
    assert brain.steps == 1
