"""Rolls of the turns of a jam, collected and drawn."""

import io

import pytest
from rich.console import Console
from rich.live import Live

from livejam.notes import Note, NoteOff, NoteOn
from livejam.rollview import Drawing, RollBook, RollView, Sheet, drawing
from livejam.screen import Keyed, Turned, Warned
from livejam.turns import State

SHEET = Sheet("a lick, 120 bpm", beat=0.5, beats_per_bar=4, bars=1, low=60, high=64)
CALL = (
    Turned(State.LISTENING, 1),
    Keyed(10.0, NoteOn(60, 90), player=True),
    Keyed(10.5, NoteOff(60), player=True),
    Keyed(10.5, NoteOn(64, 80), player=True),
    Keyed(11.0, NoteOff(64), player=True),
    Turned(State.RESPONDING, 1),
)
ANSWER = (
    Keyed(12.0, NoteOn(67, 70), player=False),
    Keyed(13.0, NoteOff(67), player=False),
    Turned(State.IDLE, 1),
)


def test_a_turn_becomes_a_roll_when_it_ends():
    book = RollBook((SHEET,))
    assert [book.see(seen) for seen in (*CALL, *ANSWER[:-1])] == [None] * 8
    roll = book.see(ANSWER[-1])
    assert roll.title == "1  a lick, 120 bpm"
    assert roll.player == (Note(10.0, 60, 90, 0.5), Note(10.5, 64, 80, 0.5))
    assert roll.livejam == (Note(12.0, 67, 70, 1.0),)
    assert [mark.time for mark in roll.marks if mark.label] == [10.0, 12.0]
    assert book.finished == [roll]


def test_a_new_turn_ends_the_one_before():
    book = RollBook(())
    for seen in (*CALL, ANSWER[0], ANSWER[1]):
        book.see(seen)
    assert book.see(Turned(State.LISTENING, 2)).title == "turn 1"
    assert book.growing(14.0) is None


def test_a_growing_roll_shows_held_keys_up_to_now_in_a_frame_that_stays():
    book = RollBook((SHEET,))
    for seen in CALL[:2]:
        book.see(seen)
    early, later = book.growing(10.1), book.growing(10.4)
    assert [roll.player[0].duration for roll in (early, later)] == pytest.approx([0.1, 0.4])
    assert early.span == later.span
    assert early.pitches == later.pitches == (56, 68)


def test_a_key_struck_twice_without_release_is_two_notes():
    book = RollBook(())
    for seen in (*CALL[:2], Keyed(10.2, NoteOn(60, 50), player=True), *CALL[2:], *ANSWER):
        book.see(seen)
    assert [(note.onset, note.velocity) for note in book.finished[0].player[:2]] == [(10.0, 90), (10.2, 50)]


def test_both_voices_may_hold_the_same_key():
    book = RollBook(())
    for seen in (
        *CALL[:2],
        Keyed(10.2, NoteOn(60, 50), player=False),
        Keyed(10.3, NoteOff(60), player=False),
        *CALL[2:],
        Turned(State.IDLE, 1),
    ):
        book.see(seen)
    assert book.finished[0].player[0].duration == 0.5
    assert book.finished[0].livejam == (Note(10.2, 60, 50, pytest.approx(0.1)),)


def test_without_a_terminal_only_finished_rolls_and_warnings_are_printed():
    out = io.StringIO()
    drawing = Drawing(Console(file=out, width=60), None, RollBook((SHEET,)))
    for seen in (*CALL, Warned("a port is gone"), *ANSWER):
        drawing.see(seen)
        drawing.refresh(12.5)
    text = out.getvalue()
    assert text.startswith("! a port is gone\n1  a lick, 120 bpm\n")
    assert text.count("livejam") == 1


def test_a_roll_grows_on_a_terminal_until_its_turn_is_over():
    console = Console(file=io.StringIO(), force_terminal=True, width=60)
    with Live(console=console, auto_refresh=False, transient=True) as live:
        picture = drawing((SHEET,), console, live)
        assert picture.refresh(9.0) is None
        for seen in CALL[:2]:
            picture.see(seen)
        assert picture.refresh(10.1) == 10.1
        for seen in (*CALL[2:], *ANSWER):
            picture.see(seen)
        assert picture.refresh(13.1) is None
    assert "1  a lick, 120 bpm" in console.file.getvalue()


def test_the_rolls_are_drawn_by_another_process(capfd):
    with RollView((SHEET,)) as view:
        for seen in (*CALL, *ANSWER):
            view.put(seen)
    assert "1  a lick, 120 bpm" in capfd.readouterr().out
