"""The status line: what it says, in a terminal and in a pipe, and when."""

import io

from rich.console import Console
from rich.live import Live

from livejam.clock import SteadyClock
from livejam.modes import Bars
from livejam.notes import Metre, NoteOff, NoteOn
from livejam.screen import (
    PRACTISING,
    Keyed,
    Moded,
    Paced,
    Status,
    StatusLine,
    StatusPicture,
    Steered,
    Traded,
    Turned,
    Warned,
)
from livejam.stage import Settings
from livejam.turns import State

PORTS = "Keys -> Synth"
KEYS = "1 silence  2 bars:4  q end"


def after(*seen):
    status = Status()
    for one in seen:
        status = status.after(one)
    return status


def drawn(*steps, width=80):
    """What is on a terminal after each of `steps`, sequences of what is seen between two drawings."""
    console = Console(file=io.StringIO(), force_terminal=True, width=width)
    with Live(console=console, auto_refresh=False, transient=True) as live:
        picture = StatusPicture(console, live)
        for step in steps:
            for seen in step:
                picture.see(seen)
            picture.refresh(0.0)
        return console.file.getvalue()


def printed(*seen):
    """What is in a file when all of that was seen."""
    console = Console(file=io.StringIO(), width=80)
    picture = StatusPicture(console, None)
    for one in seen:
        picture.see(one)
        assert picture.refresh(0.0) is None
    return console.file.getvalue()


def told(tell, terminal=False, keys=KEYS):
    """What a whole status line has shown when it was told by `tell`."""
    out = io.StringIO()
    with StatusLine(Console(file=out, force_terminal=terminal, width=80), PORTS, keys) as line:
        tell(line)
    return out.getvalue()


def test_ready_says_what_to_do():
    assert after(Turned(State.IDLE, 0)).line(0.0).plain == "○ ready     play a phrase"


def test_listening_says_turn_and_notes_of_the_player_alone():
    status = after(
        Turned(State.LISTENING, 3),
        Keyed(1.0, NoteOn(60, 80), player=True),
        Keyed(1.2, NoteOff(60), player=True),
        Keyed(1.3, NoteOn(64, 80), player=True),
        Keyed(1.3, NoteOn(67, 80), player=False),
    )
    assert status.line(0.0).plain == "● listening turn 3 · 2 notes"


def test_practising_says_chorus_and_bar():
    status = Status(words=PRACTISING)
    assert status.after(Turned(State.IDLE, 0)).plain() == "ready: play; the band begins with the beat"
    for seen in (Turned(State.LISTENING, 2), Keyed(1.0, NoteOn(60, 80), player=True), Moded("bass"), Steered("bar 3")):
        status = status.after(seen)
    assert status.line(0.0).plain == "● playing   chorus 2 · bass · bar 3"


def test_answering_counts_livejams_notes_from_nothing():
    status = after(
        Turned(State.LISTENING, 1),
        Keyed(1.0, NoteOn(60, 80), player=True),
        Turned(State.RESPONDING, 1),
        Keyed(2.0, NoteOn(67, 80), player=False),
        Paced(103.6),
    )
    assert status.plain() == "answering: turn 1, 1 note, 104 bpm"


def test_the_way_of_taking_turns_is_shown():
    assert after(Moded("silence"), Moded("bars:4")).line(0.0).plain.endswith("play a phrase · bars:4")


def test_where_bars_are_traded_it_says_which_bar_it_is():
    bars = Traded(10.0, 18.0, 4)
    status = after(Turned(State.LISTENING, 1), bars)
    times = (9.5, 10.0, 11.9, 12.0, 17.9, 18.0, 25.0)
    said = [status.line(now).plain.removeprefix("● listening ").partition(" · ")[0] for now in times]
    assert said == [f"bar {bar} of 4" for bar in (1, 1, 1, 2, 4, 4, 4)]
    assert [bars.after(now) for now in times] == [12.0, 12.0, 12.0, 14.0, None, None, None]


def test_bars_end_with_the_turn_and_with_the_way_of_taking_turns():
    for end in (Turned(State.IDLE, 1), Moded("silence")):
        assert after(Turned(State.LISTENING, 1), Traded(10.0, 18.0, 4), end).bars is None


def test_a_line_is_drawn_again_when_the_next_bar_begins():
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    with Live(console=console, auto_refresh=False, transient=True) as live:
        picture, now = StatusPicture(console, live), 9.9
        picture.see(Turned(State.RESPONDING, 1))
        picture.see(Traded(10.0, 14.0, 2))
        while now is not None:
            now = picture.refresh(now)
    text = console.file.getvalue()
    assert text.index("bar 1 of 2") < text.index("bar 2 of 2")


def test_without_a_terminal_each_change_of_turn_is_one_plain_line():
    text = printed(
        Moded("pedal"),
        Turned(State.IDLE, 0),
        Turned(State.LISTENING, 1),
        Keyed(0.0, NoteOn(60, 80), player=True),
        Turned(State.RESPONDING, 1),
    )
    assert text.splitlines() == ["listening: turn 1, pedal", "answering: turn 1, pedal"]


def test_a_warning_is_a_line_of_its_own_and_is_taken_literally():
    assert printed(Warned("the port [bold] is gone")) == "! the port [bold] is gone\n"
    assert "! the port [bold] is gone" in drawn((Turned(State.IDLE, 0),), (Warned("the port [bold] is gone"),))


def test_a_burst_of_events_is_drawn_once():
    text = drawn((Turned(State.LISTENING, 1), *(Keyed(0.0, NoteOn(pitch, 80), player=True) for pitch in range(100))))
    assert text.count("listening") == 1
    assert text.count("100 notes") == 1


def test_a_line_too_long_for_the_terminal_is_cut():
    text = drawn((Turned(State.LISTENING, 1), Moded("a way of taking turns that takes long to say")), width=30)
    assert "turn 1 ·" in text
    assert "…" in text
    assert "long" not in text


def test_nothing_is_drawn_before_the_jam_begins():
    assert "ready" not in drawn(())


def test_ready_is_said_first_and_when_the_session_says_so():
    def tell(line):
        line.mode("silence")
        line.state(State.IDLE, 0)
        line.state(State.LISTENING, 1)

    assert told(tell).splitlines() == ["ready: play a phrase, Keys -> Synth", "listening: turn 1, silence"]


def test_a_jam_that_does_not_begin_never_says_ready():
    def tell(line):
        line.mode("silence")
        line.warn("the disk is full")

    assert told(tell).splitlines() == ["! the disk is full"]


def test_a_terminal_is_told_the_keys_once():
    def tell(line):
        line.state(State.IDLE, 0)
        line.state(State.LISTENING, 1)

    assert told(tell, terminal=True).count("q end") == 1
    assert "q end" not in told(tell, terminal=False)


def test_a_closed_terminal_ends_the_drawing_not_the_jam():
    out = io.StringIO()
    out.close()
    with StatusLine(Console(file=out), PORTS) as line:
        line.state(State.IDLE, 0)
        line.warn("nobody sees this")


def test_a_session_says_which_bars_a_turn_takes(world):
    shown = []
    world.settings = Settings(Bars(2), bpm=120.0, metre=Metre(4, 4))
    world.beat = SteadyClock(120.0, 1.0)  # so bars begin at 1, 3, 5, ...
    world.screen.bars = lambda *bars: shown.append((world.screen.states[-1][0], *bars))
    world.phrase(3.0, [60, 62, 64, 65])
    world.stop(10.0)
    world.run()
    assert shown == [(State.LISTENING, 3.0, 7.0, 2), (State.RESPONDING, 7.0, 11.0, 2)]


def test_a_session_tells_of_a_turn_before_its_first_note(world):
    shown = []
    world.screen.state = lambda state, turn: shown.append((state, turn))
    world.screen.player_note = lambda time, message: shown.append(message)
    world.phrase(1.0, [60])
    world.stop(5.0)
    world.run()
    assert shown[:4] == [(State.IDLE, 0), (State.LISTENING, 1), NoteOn(60, 80), NoteOff(60)]
