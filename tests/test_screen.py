"""The status line: what it says, in a terminal and in a pipe, and that it holds nobody up."""

import contextlib
import io

from rich.console import Console

from livejam.notes import NoteOff, NoteOn
from livejam.screen import Keyed, Paced, Status, StatusLine, Turned
from livejam.turns import State

PORTS = "hears 'Keys', plays 'Synth'"


def after(*seen):
    status = Status(PORTS)
    for one in seen:
        status = status.after(one)
    return status


def drawn(terminal, *steps, width=80):
    """What a status line has drawn once each of `steps` was told and drawn."""
    out = io.StringIO()
    line = StatusLine(Console(file=out, force_terminal=terminal, width=width), PORTS)
    with line._live or contextlib.nullcontext():
        for step in steps:
            step(line)
            line._draw_next()
    return out.getvalue()


def test_ready_says_what_to_do_and_where():
    assert after().line().plain == f"○ ready     play a phrase · {PORTS}"


def test_listening_says_turn_and_notes_of_the_player_alone():
    status = after(
        Turned(State.LISTENING, 3),
        Keyed(1.0, NoteOn(60, 80), player=True),
        Keyed(1.2, NoteOff(60), player=True),
        Keyed(1.3, NoteOn(64, 80), player=True),
        Keyed(1.3, NoteOn(67, 80), player=False),
    )
    assert status.line().plain == f"● listening turn 3 · 2 notes · {PORTS}"


def test_answering_counts_livejams_notes_from_nothing():
    status = after(
        Turned(State.LISTENING, 1),
        Keyed(1.0, NoteOn(60, 80), player=True),
        Turned(State.RESPONDING, 1),
        Keyed(2.0, NoteOn(67, 80), player=False),
        Paced(103.6),
    )
    assert status.plain() == f"answering: turn 1, 1 note, 104 bpm, {PORTS}"


def test_without_a_terminal_each_change_of_turn_is_one_plain_line():
    text = drawn(
        False,
        lambda line: line.state(State.LISTENING, 1),
        lambda line: line.player_note(0.0, NoteOn(60, 80)),
        lambda line: line.state(State.RESPONDING, 1),
    )
    assert text.splitlines() == [f"listening: turn 1, {PORTS}", f"answering: turn 1, {PORTS}"]


def test_a_warning_is_a_line_of_its_own_and_is_taken_literally():
    text = drawn(False, lambda line: line.warn("the port [bold] is gone"))
    assert text == "! the port [bold] is gone\n"


def test_a_burst_of_events_is_drawn_once():
    def burst(line):
        line.state(State.LISTENING, 1)
        for pitch in range(100):
            line.player_note(pitch / 1000, NoteOn(pitch, 80))

    text = drawn(True, burst)
    assert text.count("listening") == 2  # once when it happened, once more when the line is left
    assert text.count("100 notes") == 2


def test_a_line_too_long_for_the_terminal_is_cut():
    text = drawn(True, lambda line: line.state(State.LISTENING, 1), width=30)
    assert "turn 1 ·" in text
    assert "…" in text
    assert "Synth" not in text


def test_it_ends_when_the_jam_ends():
    out = io.StringIO()
    with StatusLine(Console(file=out), PORTS) as line:
        line.state(State.LISTENING, 1)
    assert not line._thread.is_alive()
    assert out.getvalue().splitlines()[-1] == f"listening: turn 1, {PORTS}"


def test_a_closed_terminal_ends_the_drawing_not_the_jam():
    out = io.StringIO()
    out.close()
    with StatusLine(Console(file=out), PORTS) as line:
        line.warn("nobody sees this")
    assert not line._thread.is_alive()


def test_warnings_reach_the_screen_above_the_line():
    text = drawn(True, lambda line: line.warn("the port is gone"))
    assert "! the port is gone" in text
