"""Where an answer starts, how far it is decoded, when it ends."""

import pytest

from livejam.answering import AHEAD, Answer, requested
from livejam.grid import BeatGrid
from livejam.notes import Metre, Note, TickNote

GRID = BeatGrid(120.0, 0.0, 0)  # 48 ticks a second
CALL = (TickNote(0, 60, 24, 80), TickNote(24, 64, 24, 90))


def request(call=CALL, metre=None, now=2.0, longest=30.0):
    return requested(3, call, metre, GRID, now, longest)


def answer(*notes, now=2.0, **changes):
    return Answer(request(now=now, **changes), iter(notes), GRID, latest=now + 0.8)


def test_a_request_says_what_the_brain_must_know():
    asked = request(metre=Metre(3, 4))
    assert (asked.turn, asked.call, asked.bpm, asked.metre) == (3, CALL, 120.0, Metre(3, 4))
    assert asked.start == 97  # ticks: 2.003 s
    assert asked.max_ticks == 4 * 72


def test_an_answer_may_last_twice_its_call_but_not_for_ever():
    call = (TickNote(0, 60, 24, 80), TickNote(960, 64, 24, 90))
    assert request(call, longest=60.0).max_ticks == 2 * 984
    assert request(call, longest=10.0).max_ticks == 480


def test_the_first_note_takes_the_whole_answer_with_it():
    decoding = answer(TickNote(48, 60, 12, 80), TickNote(60, 62, 24, 81))
    assert decoding.decode(lambda: 2.0) == Note(2.5, 60, 80, 0.25)
    assert decoding.decode(lambda: 2.0) == Note(2.75, 62, 81, 0.5)
    assert decoding.decode(lambda: 2.0) is None
    assert decoding.complete


def test_the_time_decoding_took_counts():
    decoding = answer(TickNote(48, 60, 12, 80))
    assert decoding.decode(lambda: 2.6) == Note(2.75, 60, 80, 0.25)  # by then half a beat is nearer than a beat


def test_unknown_velocity_is_that_of_the_call():
    assert answer(TickNote(120, 60, 12, 0)).decode(lambda: 2.0) == Note(2.5, 60, 85, 0.25)


def test_it_is_decoded_a_second_ahead():
    decoding = answer(*(TickNote(120 + 24 * i, 60, 12, 80) for i in range(9)))
    while decoding.hungry(2.0):
        note = decoding.decode(lambda: 2.0)
    assert note is not None
    assert note.onset == pytest.approx(2.0 + AHEAD)
    assert decoding.hungry(2.1)


def test_what_is_too_long_is_cut():
    decoding = answer(TickNote(120, 60, 12, 80), TickNote(480, 62, 999, 80), TickNote(504, 62, 999, 80))
    decoding.decode(lambda: 2.0)
    last = decoding.decode(lambda: 2.0)
    assert last is not None
    assert last.duration == pytest.approx((120 + 384 - 480) / 48)
    assert decoding.decode(lambda: 2.0) is None
    assert decoding.complete


def test_an_empty_answer_is_complete():
    decoding = answer()
    assert decoding.hungry(2.0)
    assert decoding.decode(lambda: 2.0) is None
    assert not decoding.hungry(2.0)
