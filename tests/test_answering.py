"""What is asked for, where an answer lies, when it ends."""

import pytest

from livejam.answering import Answer, requested, traded
from livejam.grid import BeatGrid
from livejam.notes import Metre, Note, TickNote

GRID = BeatGrid(120.0, 0.0, 0)  # 48 ticks a second
CALL = (TickNote(0, 60, 24, 80), TickNote(24, 64, 24, 90))


def request(call=CALL, metre=None, now=2.0, longest=30.0):
    return requested(3, call, metre, GRID, now, longest)


def answer(*notes, shift=0, **changes):
    """Return an answer that has come whole, at its place."""
    answer = Answer(1, request(**changes))
    for note in notes:
        answer.add(note)
    answer.place(GRID, shift)
    return answer


def notes_of(answer):
    return [note for note, _ in answer.take()]


def test_a_request_says_what_the_brain_must_know():
    asked = request(metre=Metre(3, 4))
    assert (asked.turn, asked.call, asked.bpm, asked.metre) == (3, CALL, 120.0, Metre(3, 4))
    assert asked.start == 97  # ticks: 2.003 s
    assert asked.max_ticks == 4 * 72
    assert (asked.first, asked.min_ticks) == (None, 0)


def test_an_answer_may_last_twice_its_call_but_not_for_ever():
    call = (TickNote(0, 60, 24, 80), TickNote(960, 64, 24, 90))
    assert request(call, longest=60.0).max_ticks == 2 * 984
    assert request(call, longest=10.0).max_ticks == 480


@pytest.mark.parametrize(("metre", "bar"), [(None, 96), (Metre(3, 4), 72)])
def test_an_answer_in_bars_fills_them(metre, bar):
    asked = traded(request(), 4 * bar, 2, metre)
    assert (asked.start, asked.first) == (4 * bar, 4 * bar)
    assert (asked.min_ticks, asked.max_ticks) == (1.5 * bar, 2 * bar)  # nearly
    assert (asked.turn, asked.call, asked.bpm) == (3, CALL, 120.0)


def test_nothing_has_come_yet():
    waiting = Answer(1, request())
    assert (waiting.first, waiting.grid, waiting.complete, list(waiting.take())) == (None, None, False, [])


def test_the_first_note_takes_the_whole_answer_with_it():
    moved = answer(TickNote(48, 60, 12, 80), TickNote(60, 62, 24, 81), shift=72)
    assert moved.first == 48
    assert notes_of(moved) == [TickNote(120, 60, 12, 80), TickNote(132, 62, 24, 81)]


def test_notes_are_taken_once():
    growing = answer(TickNote(48, 60, 12, 80))
    assert len(growing.take()) == 1
    growing.add(TickNote(60, 62, 12, 80))
    assert notes_of(growing) == [TickNote(60, 62, 12, 80)]
    assert list(growing.take()) == []


def test_unknown_velocity_is_that_of_the_call():
    assert notes_of(answer(TickNote(120, 60, 12, 0))) == [TickNote(120, 60, 12, 85)]


def test_what_is_too_long_is_cut():
    cut = answer(TickNote(120, 60, 12, 80), TickNote(480, 62, 999, 80))
    assert not cut.complete
    cut.add(TickNote(504, 62, 999, 80))  # four bars after its first
    assert cut.complete
    assert [(note.onset, note.length) for note in notes_of(cut)] == [(120, 12), (480, 24)]


def test_what_comes_after_the_end_is_not_played():
    over = answer(TickNote(120, 60, 12, 80))
    over.complete = True
    over.add(TickNote(132, 62, 12, 80))
    assert len(over.take()) == 1


def test_notes_say_where_their_beat_divides():
    notes = (TickNote(onset, 60, 6, 80) for onset in (48, 64, 70, 72, 96, 112))
    assert [division for _, division in answer(*notes).take()] == [None, 64, 64, None, None, 112]


def test_what_sounded_is_where_it_was_meant():
    swung = answer(TickNote(48, 60, 12, 80), TickNote(60, 62, 12, 81), shift=24)  # at 1.5 s and 1.75 s
    swung.take()
    played = [Note(1.52, 60, 80, 0.2), Note(1.83, 62, 81, 0.1), Note(1.9, 64, 81, 0.0)]
    assert swung.sounded(played) == (TickNote(72, 60, 10, 80), TickNote(84, 62, 5, 81))


def test_what_has_no_place_has_not_sounded():
    assert Answer(1, request()).sounded([Note(1.5, 60, 80, 0.2)]) == ()
