"""Keys become notes, notes find their places, and the tick line never goes backwards."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livejam.events import Pedal, PortLost
from livejam.grid import BeatGrid
from livejam.notes import Metre, Note, NoteOff, NoteOn, TickNote
from livejam.phrasing import Ear, TickLine, on_grid


def heard(*events, until=10.0):
    ear = Ear(longest_key=4.0)
    for time, event in events:
        ear.take_in(event, time)
    return ear.take(until)


def test_on_and_off_make_a_note():
    assert heard((1.0, NoteOn(60, 80)), (1.5, NoteOff(60))) == (Note(1.0, 60, 80, 0.5),)


def test_a_key_struck_twice_makes_two_notes():
    events = (1.0, NoteOn(60, 80)), (1.5, NoteOn(60, 90)), (2.0, NoteOff(60))
    assert heard(*events) == (Note(1.0, 60, 80, 0.5), Note(1.5, 60, 90, 0.5))


def test_a_key_never_released_ends_with_the_phrase():
    assert heard((1.0, NoteOn(60, 80)), until=2.0) == (Note(1.0, 60, 80, 1.0),)
    assert heard((1.0, NoteOn(60, 80)), until=9.0) == (Note(1.0, 60, 80, 4.0),)


def test_a_release_without_a_key_is_nothing():
    assert heard((1.0, NoteOff(60))) == ()


def test_the_pedal_holds_notes():
    events = (
        (0.5, Pedal(down=True)), (1.0, NoteOn(60, 80)), (1.2, NoteOff(60)), (1.5, NoteOn(64, 80)),
        (2.0, Pedal(down=False)), (2.5, NoteOff(64)),
    )  # fmt: skip
    assert heard(*events) == (Note(1.0, 60, 80, 1.0), Note(1.5, 64, 80, 1.0))


def test_a_note_under_the_pedal_ends_when_struck_again():
    events = (
        (0.5, Pedal(down=True)), (1.0, NoteOn(60, 80)), (1.2, NoteOff(60)), (1.5, NoteOn(60, 80)),
        (1.8, Pedal(down=False)), (2.0, NoteOff(60)),
    )  # fmt: skip
    assert heard(*events) == (Note(1.0, 60, 80, 0.5), Note(1.5, 60, 80, 0.5))


def test_a_lost_port_ends_all():
    events = (0.5, Pedal(down=True)), (1.0, NoteOn(60, 80)), (1.5, PortLost("Piano"))
    assert heard(*events) == (Note(1.0, 60, 80, 0.5),)


def test_taken_notes_are_gone():
    ear = Ear(longest_key=4.0)
    ear.take_in(NoteOn(60, 80), 1.0)
    assert len(ear.take(2.0)) == 1
    ear.take_in(NoteOff(60), 2.5)
    assert ear.take(3.0) == ()


GRID = BeatGrid(120.0, 0.0, 0)


def places(*onsets):
    return [note.onset for note in on_grid([Note(onset, 60 + i, 80, 0.1) for i, onset in enumerate(onsets)], GRID)]


def test_played_eighths_become_eighths():
    assert places(0.015, 0.24, 0.51, 0.738, 1.0) == [0, 12, 24, 36, 48]


def test_played_triplets_become_triplets():
    assert places(0.0, 0.16, 0.335, 0.51) == [0, 8, 16, 24]


def test_played_sixteenths_become_sixteenths():
    assert places(0.01, 0.12, 0.255, 0.37) == [0, 6, 12, 18]


def test_chords_come_together_and_runs_stay_apart():
    assert places(0.0, 0.012, 0.02) == [0, 0, 0]
    assert len(set(places(0.0, 0.06, 0.12, 0.18))) == 4


def test_exact_places_stay_exact():
    for step in (3, 4, 6, 8, 12):
        ticks = list(range(0, 96, step))
        assert places(*(tick / 48 for tick in ticks)) == ticks


def test_nearly_tied_notes_are_tied():
    notes = [Note(0.0, 60, 80, 0.22), Note(0.25, 62, 80, 0.1), Note(0.5, 64, 80, 0.26)]
    assert [note.length for note in on_grid(notes, GRID)] == [12, 5, 12]


def test_the_line_goes_on():
    line = TickLine()
    first = line.call([Note(1.0 + 0.5 * i, 60 + i, 80, 0.4) for i in range(8)])
    assert [note.onset for note in first] == list(range(96, 288, 24))
    answer = line.sounded([Note(5.5, 72, 80, 0.25), Note(6.0, 74, 80, 0.0)])
    assert answer == (TickNote(312, 72, 12, 80),)
    second = line.call([Note(9.0 + 0.5 * i, 60 + i, 80, 0.4) for i in range(8)])
    assert second[0].onset == 480


@pytest.mark.parametrize(("bar_line", "first"), [(None, 96), (0.0, 96 + 72), (11.0, 96 + 24), (-0.75, 96 + 12)])
def test_bars_begin_at_a_known_bar_line(bar_line, first):
    line = TickLine(120.0, Metre(4, 4), bar_line)  # a bar lasts 2 s
    call = line.call([Note(7.5 + 0.5 * i, 60 + i, 80, 0.4) for i in range(4)])
    assert [note.onset for note in call] == [first + 24 * i for i in range(4)]


def test_a_bar_line_says_nothing_without_a_tempo():
    notes = [Note(7.5 + 0.5 * i, 60 + i, 80, 0.4) for i in range(4)]
    assert TickLine(None, Metre(4, 4), 0.0).call(notes) == TickLine(None, Metre(4, 4)).call(notes)


def test_the_second_call_keeps_to_the_bars_of_the_first():
    line = TickLine(120.0, Metre(5, 8), 0.0)  # a bar lasts 1.25 s
    calls = [line.call([Note(at + 0.25 * i, 60, 80, 0.2) for i in range(5)]) for at in (2.5, 7.5)]
    assert [call[0].onset % 60 for call in calls] == [0, 0]


@given(
    st.lists(st.tuples(st.floats(0.3, 4), st.integers(1, 10), st.floats(0.1, 1.0)), min_size=1, max_size=8),
    st.booleans(),
)
def test_the_line_never_goes_backwards(phrases, fixed):
    line = TickLine(100.0 if fixed else None)
    now, onsets = 1.0, []
    for gap, count, step in phrases:
        notes = [Note(now + i * step, 60, 80, step / 2) for i in range(count)]
        call = line.call(notes)
        answer_at = line.grid.seconds_at(call[-1].onset + 24)
        answer = line.sounded([Note(answer_at, 72, 80, 0.2)])
        onsets += [note.onset for note in (*call, *answer)]
        now = max(answer_at, now + count * step) + gap
    assert onsets == sorted(onsets)
    assert onsets[0] >= 0


@given(st.lists(st.floats(0, 20), min_size=1, max_size=50), st.floats(50, 200))
def test_every_note_finds_a_place_near_by(onsets, bpm):
    grid = BeatGrid(bpm, 0.0, 0)
    notes = [Note(onset, 60, 80, 0.1) for onset in sorted(onsets)]
    on = on_grid(notes, grid)
    assert len(on) == len(notes)
    assert all(note.length >= 1 for note in on)
    errors = [note.onset - grid.tick_at(played.onset) for note, played in zip(on, notes, strict=True)]
    assert np.max(np.abs(errors)) <= 6.001
    assert on[0].onset == pytest.approx(grid.tick_at(notes[0].onset), abs=6.001)
