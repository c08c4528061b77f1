"""The clock that jumps, and a file's notes played through a session."""

from conftest import Parrot

from livejam.events import Stop
from livejam.notes import Note, NoteOff, NoteOn
from livejam.stage import Settings
from livejam.virtual import ScriptedInbox, VirtualClock, key_events, play_through


def test_the_clock_jumps_to_the_next_event_or_deadline():
    clock = VirtualClock()
    inbox = ScriptedInbox(clock, [(2.0, NoteOff(60)), (1.0, NoteOn(60, 80))])
    assert inbox.wait(None) == (1.0, NoteOn(60, 80))
    assert clock() == 1.0
    assert inbox.wait(1.5) is None
    assert clock() == 1.5
    assert inbox.wait(2.0) is None  # the deadline comes first
    assert inbox.wait(3.0) == (2.0, NoteOff(60))


def test_a_deadline_in_the_past_does_not_turn_the_clock_back():
    clock = VirtualClock()
    clock.move_to(5.0)
    assert ScriptedInbox(clock).wait(1.0) is None
    assert clock() == 5.0


def test_at_the_end_it_stops():
    assert ScriptedInbox(VirtualClock()).wait(None) == (0.0, Stop())


def test_releases_come_before_keys():
    events = key_events([Note(1.0, 60, 80, 0.5), Note(1.5, 60, 80, 0.5)])
    assert events == [(1.0, NoteOn(60, 80)), (1.5, NoteOff(60)), (1.5, NoteOn(60, 80)), (2.0, NoteOff(60))]


def test_notes_are_played_through():
    notes = [Note(1.0 + 0.5 * number, 60 + number, 80, 0.5) for number in range(4)]
    sent = play_through(key_events(notes), Parrot(), Settings())
    assert [message.pitch for _, message in sent if isinstance(message, NoteOn)] == [72, 73, 74, 75]
