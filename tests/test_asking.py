"""Answers that are asked for: guesses, and the one whose turn it is."""

from dataclasses import replace

from livejam.asking import Asking, Tally
from livejam.composer import Better, Complete, Compose, Composed
from livejam.feel import Feel
from livejam.grid import BeatGrid
from livejam.notes import TickNote
from livejam.phrasing import Request

CALL = (TickNote(0, 60, 24, 80), TickNote(24, 62, 24, 80))
REQUEST = Request(1, CALL, None, 120.0, 60, 384)
LONGER = replace(REQUEST, call=(*CALL, TickNote(48, 64, 24, 80)))
NOTE = TickNote(60, 67, 24, 80)


def asking():
    """Return one, and the list of what it tells."""
    told = []
    return Asking(told.append), told


def test_a_guess_that_fits_is_taken_and_not_asked_for_again():
    asks, told = asking()
    asks.guess(REQUEST)
    asks.take(Composed(1, NOTE))
    asks.begin(REQUEST, must_start=False)
    assert told == [Compose(1, REQUEST, spare=True)]
    assert asks.answer.first == NOTE.onset
    assert asks.tally == Tally(guesses=1, used=1, answers=1)


def test_the_same_guess_is_asked_for_once():
    asks, told = asking()
    asks.guess(REQUEST)
    asks.guess(replace(REQUEST, start=72))
    assert told == [Compose(1, REQUEST, spare=True)]


def test_a_guess_at_another_phrase_is_asked_for_anew():
    asks, told = asking()
    asks.guess(REQUEST)
    asks.begin(LONGER, must_start=False)
    assert told == [Compose(1, REQUEST, spare=True), Compose(2, LONGER)]
    assert asks.tally == Tally(guesses=1, used=0, answers=1)


def test_what_must_start_takes_a_guess_that_lacks_the_last_notes_if_it_has_begun():
    for begun in (False, True):
        asks, told = asking()
        asks.guess(REQUEST)
        if begun:
            asks.take(Composed(1, NOTE))
        asks.begin(LONGER, must_start=True)
        assert len(told) == (1 if begun else 2)
        assert asks.tally.used == begun


def test_notes_of_what_nobody_wants_any_more_are_left():
    asks, _ = asking()
    asks.guess(REQUEST)
    asks.forget_guess()
    asks.begin(REQUEST, must_start=False)
    asks.take(Composed(1, NOTE))
    assert asks.answer.first is None
    assert asks.take(Complete(1, "out of ideas")) is None
    assert not asks.answer.complete


def test_the_trouble_of_a_wanted_answer_is_told_and_ends_it():
    asks, _ = asking()
    asks.begin(REQUEST, must_start=False)
    assert asks.take(Complete(1, "out of ideas")) == "out of ideas"
    assert asks.answer.complete


def test_a_guess_that_was_cut_off_is_none():
    asks, told = asking()
    asks.guess(REQUEST)
    asks.take(Complete(1, cut=True))
    asks.guess(REQUEST)
    assert len(told) == 2


def test_an_answer_is_awaited_until_it_has_its_place():
    asks, told = asking()
    asks.begin(REQUEST, must_start=False)
    assert asks.awaited
    assert not asks.sounding
    asks.ask_again()
    assert told == [Compose(1, REQUEST), Compose(2, REQUEST)]
    asks.take(Composed(2, NOTE))
    asks.answer.place(BeatGrid(0.0, 120.0), 3.0, None)
    assert asks.sounding
    assert not asks.awaited
    asks.ask_again()
    assert len(told) == 2


OTHERS = (TickNote(72, 48, 24, 80), TickNote(96, 50, 24, 80))


def placed_pitches(answer, now=3.0):
    """Return the pitches of an answer that gets its place now."""
    answer.place(BeatGrid(120.0), now, None)
    return [note.pitch for note in answer.take(Feel())]


def test_a_better_answer_takes_the_place_of_a_guess():
    for begun in (False, True):
        asks, _ = asking()
        asks.guess(REQUEST)
        asks.take(Composed(1, NOTE))
        asks.take(Complete(1))
        if begun:
            asks.begin(REQUEST, must_start=False)
        asks.take(Better(1, OTHERS))
        if not begun:
            asks.begin(REQUEST, must_start=False)
        assert placed_pitches(asks.answer) == [48, 50]
        assert asks.answer.complete
        assert asks.tally.better == 1


def test_a_better_answer_is_too_late_once_the_other_has_its_place():
    asks, _ = asking()
    asks.guess(REQUEST)
    asks.take(Composed(1, NOTE))
    asks.begin(REQUEST, must_start=False)
    assert placed_pitches(asks.answer) == [67]
    asks.take(Better(1, OTHERS))
    assert asks.answer.take(Feel()) == []
    assert asks.tally.better == 0


def test_a_better_answer_to_what_was_dropped_or_asked_again_is_left():
    asks, _ = asking()
    asks.guess(REQUEST)
    asks.forget_guess()
    asks.take(Better(1, OTHERS))
    asks.begin(REQUEST, must_start=False)
    asks.ask_again()  # the network was restarted
    asks.take(Better(2, OTHERS))
    assert asks.answer.first is None
    assert asks.tally.better == 0
