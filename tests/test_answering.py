"""What is asked for, where an answer lies, when it ends."""

from dataclasses import replace

import pytest

from livejam.answering import Answer, requested, traded
from livejam.feel import Feel
from livejam.grid import BeatGrid
from livejam.notes import Metre, Note, TickNote

GRID = BeatGrid(120.0, 0.0, 0)  # 48 ticks a second
CALL = (TickNote(0, 60, 24, 80), TickNote(24, 64, 24, 90))


def request(call=CALL, metre=None, now=2.0, longest=30.0):
    return requested(3, call, metre, GRID, now, longest)


def answer(*notes, now=0.0, latest=None, wanted=None, **changes):
    """Return an answer that has come whole, at its place."""
    answer = Answer(1, replace(request(**changes), first=wanted))
    for note in notes:
        answer.add(note)
    answer.place(GRID, now, latest)
    return answer


def in_seconds(*notes):
    return [Note(note.onset / 48, note.pitch, note.velocity, note.length / 48) for note in notes]


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
    assert (waiting.first, waiting.grid, waiting.complete, waiting.take(Feel())) == (None, None, False, [])


def test_it_begins_as_near_to_where_it_was_made_up_as_beats_allow():
    moved = answer(TickNote(48, 60, 12, 80), TickNote(60, 62, 24, 81), now=2.0, latest=2.8)
    assert moved.first == 48
    assert moved.take(Feel()) == in_seconds(TickNote(120, 60, 12, 80), TickNote(132, 62, 24, 81))


def test_without_a_beat_to_wait_for_it_begins_at_once():
    free = answer(TickNote(48, 60, 12, 80), TickNote(60, 62, 24, 81), now=2.013)
    assert free.take(Feel()) == [Note(2.013, 60, 80, 0.25), Note(pytest.approx(2.263), 62, 81, pytest.approx(0.5))]


@pytest.mark.parametrize(("now", "first"), [(1.9, 96), (2.1, 96), (2.2, 126)])
def test_what_is_wanted_on_a_bar_line_begins_there_if_that_is_not_long_past(now, first):
    traded = answer(TickNote(102, 60, 12, 80), TickNote(114, 62, 24, 81), now=now, latest=2.8, wanted=96)
    assert [note.onset * 48 for note in traded.take(Feel())] == pytest.approx([first, first + 12])


def test_notes_are_taken_once():
    growing = answer(TickNote(48, 60, 12, 80), latest=1.0)
    assert len(growing.take(Feel())) == 1
    growing.add(TickNote(60, 62, 12, 80))
    assert growing.take(Feel()) == in_seconds(TickNote(60, 62, 12, 80))
    assert growing.take(Feel()) == []


def test_unknown_velocity_is_that_of_the_call():
    assert answer(TickNote(120, 60, 12, 0), latest=9.0).take(Feel())[0].velocity == 85


def test_what_is_too_long_is_cut():
    cut = answer(TickNote(120, 60, 12, 80), TickNote(480, 62, 999, 80), latest=9.0)
    assert not cut.complete
    cut.add(TickNote(504, 62, 999, 80))  # four bars after its first
    assert cut.complete
    assert cut.take(Feel()) == in_seconds(TickNote(120, 60, 12, 80), TickNote(480, 62, 24, 80))


def test_what_comes_after_the_end_is_not_played():
    over = answer(TickNote(120, 60, 12, 80), latest=9.0)
    over.complete = True
    over.add(TickNote(132, 62, 12, 80))
    assert len(over.take(Feel())) == 1


def test_notes_have_the_players_feel():
    call = (TickNote(0, 60, 12, 80), TickNote(12, 60, 12, 80)) * 8
    places = [24 * beat + part for beat in range(8) for part in (0, 12)]
    call = tuple(replace(note, onset=place) for note, place in zip(call, places, strict=True))
    played = [Note((place + 3 * (place % 24 > 0)) / 48, 60, 80, 0.2) for place in places]  # eighths a little late
    feel = Feel.of(played, call, GRID)
    swung = answer(*(TickNote(onset, 60, 6, 80) for onset in (48, 60, 72, 84)), latest=9.0).take(feel)
    assert [note.onset * 48 for note in swung] == pytest.approx([48, 63, 72, 87], abs=0.5)


def test_what_sounded_is_where_it_was_meant():
    swung = answer(TickNote(72, 60, 12, 80), TickNote(84, 62, 12, 81), latest=9.0)  # at 1.5 s and 1.75 s
    swung.take(Feel())
    played = [Note(1.52, 60, 80, 0.2), Note(1.83, 62, 81, 0.1), Note(1.9, 64, 81, 0.0)]
    assert swung.sounded(played) == (TickNote(72, 60, 10, 80), TickNote(84, 62, 5, 81))


def test_what_has_no_place_has_not_sounded():
    assert Answer(1, request()).sounded([Note(1.5, 60, 80, 0.2)]) == ()
