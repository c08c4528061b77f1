"""Keys become notes, notes find their places, and the tick line never goes backwards."""

import math

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


def test_what_has_ended_and_what_there_is_so_far_stay_where_they_are():
    ear = Ear(longest_key=4.0)
    for time, event in ((1.0, NoteOn(60, 80)), (1.25, NoteOn(64, 80)), (1.5, NoteOff(64))):
        ear.take_in(event, time)
    for _ in range(2):
        assert ear.ended() == (Note(1.25, 64, 80, 0.25),)
        assert ear.so_far(2.0) == (Note(1.0, 60, 80, 1.0), Note(1.25, 64, 80, 0.25))
    ear.take_in(NoteOff(60), 2.5)
    assert ear.ended() == ear.so_far(9.0) == ear.take(9.0)
    assert ear.ended() == ()


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


def call(line, notes):
    """Let a phrase of the player's be over."""
    grid, placed = line.placed(notes)
    line.keep(grid, placed)
    return placed


def quarters(start, count, step=0.5):
    return [Note(start + step * i, 60 + i, 80, 0.8 * step) for i in range(count)]


def onsets(notes):
    return [note.onset for note in notes]


def test_the_line_goes_on():
    line = TickLine()
    assert onsets(call(line, quarters(1.0, 8))) == list(range(96, 288, 24))
    line.keep(line.grid, [TickNote(312, 72, 12, 80)])
    assert onsets(call(line, quarters(9.0, 8)))[0] == 480


def test_a_phrase_that_is_asked_about_is_not_kept():
    line = TickLine()
    grid, first = line.placed(quarters(1.0, 4))
    assert line.placed(quarters(1.0, 4)) == (grid, first)
    _, longer = line.placed(quarters(1.0, 8))
    assert longer[:3] == first[:3]
    assert line.grid != grid


def test_without_a_clock_there_are_no_bars():
    line = TickLine(120.0, Metre(4, 4))
    assert line.number(5.0) is None


FOUR = Metre(4, 4)


def following(origin, metre=FOUR, bpm=120.0, now=0.0):
    """A line that follows a clock, a bar of which begins at `origin` seconds."""
    line = TickLine(None, metre)
    line.follow(BeatGrid(bpm, origin, 0), now)
    return line


@pytest.mark.parametrize(("bar_line", "place"), [(0.0, 72), (11.0, 24), (-0.75, 12)])
def test_bars_begin_where_those_of_the_clock_do(bar_line, place):
    line = following(bar_line)  # a bar lasts 2 s
    placed = call(line, quarters(7.5, 4))
    assert [onset - onsets(placed)[0] for onset in onsets(placed)] == [0, 24, 48, 72]
    assert placed[0].onset % 96 == place
    assert placed[0].onset >= 96


def test_a_metre_may_have_its_bar_line_anywhere():
    line = following(0.0, Metre(3, 4, bar_line=24))
    (note,) = call(line, quarters(3.0, 1))
    assert (note.onset - 24) % 72 == 0
    assert line.bar_tick(line.number(3.0)) == note.onset
    assert line.start(line.number(3.0)) == pytest.approx(3.0)
    assert line.beat() == 0.5


def test_a_note_in_the_last_beat_belongs_to_the_next_bar():
    line = following(0.0)
    bar = line.number(2.0)
    assert [line.number(at) - bar for at in (1.49, 1.51, 3.49, 3.51)] == [-1, 0, 0, 1]
    assert line.start(bar) == pytest.approx(2.0)


def test_a_note_in_the_count_in_belongs_to_the_first_bar():
    line = following(5.0)
    first = line.number(5.1)
    assert [line.number(at) - first for at in (0.5, 2.9, 4.4, 6.4, 6.6)] == [0, 0, 0, 0, 1]
    assert line.start(first) == pytest.approx(5.0)


def test_the_second_call_keeps_to_the_bars_of_the_first():
    line = following(0.0, Metre(5, 8))  # a bar lasts 1.25 s
    calls = [call(line, quarters(at, 5, 0.25)) for at in (2.5, 7.5)]
    assert [notes[0].onset % 60 for notes in calls] == [0, 0]


def test_a_clock_that_starts_is_taken_up_at_a_bar_behind_all_that_was_heard():
    line = TickLine(None, Metre(4, 4))
    felt = call(line, quarters(1.0, 8))
    line.follow(BeatGrid(100.0, 7.3, 0), 7.3)
    assert line.grid.tick_at(7.3) % 96 == 0
    assert onsets(call(line, quarters(7.3, 4, 0.6))) == [round(line.grid.tick_at(7.3)) + 24 * i for i in range(4)]
    assert line.grid.tick_at(7.3) > felt[-1].onset


def test_a_song_that_is_set_back_goes_on():
    line = following(0.0)
    before = call(line, quarters(20.0, 4))
    line.follow(BeatGrid(120.0, 22.6, 0), 22.6)  # from its start
    after = call(line, quarters(22.6, 4))
    assert after[0].onset % 96 == 0
    assert before[-1].onset < after[0].onset <= before[0].onset + 2.6 * 48 + 96


def test_a_tempo_that_changes_within_a_phrase():
    line = following(0.0)
    grid = BeatGrid(60.0, 4.0, 192)
    line.follow(grid, 4.0)
    notes = [Note(at, 60, 80, 0.2) for at in (3.0, 3.5, 4.0, 5.0, 6.0)]
    placed = call(line, notes)
    assert [note.onset - placed[0].onset for note in placed] == [0, 24, 48, 72, 96]


def test_a_clock_that_stops_leaves_its_beat():
    line = following(0.0, bpm=90.0)
    grid = line.grid
    line.follow(None, 4.0)
    assert line.grid == grid
    assert line.number(5.0) is None


moves = st.one_of(
    st.none(),
    st.builds(BeatGrid, st.floats(30, 300), st.floats(-9, 99), st.integers(0, 40).map(lambda beat: 24 * beat)),
)


@given(
    st.lists(st.tuples(st.floats(0.3, 4), st.integers(1, 10), st.floats(0.1, 1.0), st.lists(moves, max_size=3)),
             min_size=1, max_size=8),
    st.booleans(),
)  # fmt: skip
def test_the_line_never_goes_backwards(phrases, fixed):
    line = TickLine(100.0 if fixed else None, Metre(4, 4))
    now, told, song = 1.0, [], -math.inf
    for gap, count, step, grids in phrases:
        for number, grid in enumerate(grids):
            line.follow(grid, now + number * step / 2)
            song = grid.seconds_at(0) if grid else song
        placed = call(line, [Note(now + i * step, 60, 80, step / 2) for i in range(count)])
        answer = [TickNote(placed[-1].onset + 24, 72, 12, 80)]
        line.keep(line.grid, answer)
        told += onsets([*placed, *answer])
        now = max(line.grid.seconds_at(answer[0].onset), now + count * step) + gap
        bar = line.number(now)
        if bar is not None:
            assert now < line.start(bar + 1) - line.beat() + 1e-6
            assert line.start(bar) - line.beat() - 1e-6 <= now or now < song
    assert told == sorted(told)
    assert told[0] >= 0


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


def test_a_clock_that_begins_anew_goes_on_from_where_the_line_has_been():
    line = TickLine(None, Metre(4, 4))
    line.follow(BeatGrid(120.0), 0.0)
    line.reach(500)
    line.follow(None, 8.0)
    line.follow(BeatGrid(120.0, 20.0), 20.0)
    assert line.song == 576  # the next bar line
