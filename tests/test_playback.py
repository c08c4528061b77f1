"""What is sent when, and that nothing is left sounding."""

import pytest
from conftest import unmatched
from hypothesis import given
from hypothesis import strategies as st

from livejam.notes import Note, NoteOff, NoteOn
from livejam.playback import Playback


def test_a_note_begins_and_ends_on_time():
    playback = Playback()
    playback.schedule(Note(1.0, 60, 80, 0.5))
    assert playback.deadline == 1.0
    assert playback.due(0.99) == []
    assert playback.due(1.0) == [NoteOn(60, 80)]
    assert playback.deadline == 1.5
    assert playback.due(1.5) == [NoteOff(60)]
    assert playback.deadline is None
    assert playback.idle


def test_offs_come_before_ons():
    playback = Playback()
    playback.schedule(Note(1.0, 60, 80, 0.5))
    playback.schedule(Note(1.5, 62, 80, 0.5))
    playback.due(1.0)
    assert playback.due(1.5) == [NoteOff(60), NoteOn(62, 80)]


def test_a_pitch_struck_again_ends_first():
    playback = Playback()
    playback.schedule(Note(1.0, 60, 80, 2.0))
    playback.schedule(Note(2.0, 60, 90, 2.0))
    assert playback.due(1.0) == [NoteOn(60, 80)]
    assert playback.due(2.0) == [NoteOff(60), NoteOn(60, 90)]
    assert playback.due(3.0) == []
    assert playback.due(4.0) == [NoteOff(60)]
    assert playback.take_sounded() == [Note(1.0, 60, 80, 1.0), Note(2.0, 60, 90, 2.0)]


def test_a_late_note_is_dropped_and_counted():
    playback = Playback(too_late=0.08)
    playback.schedule(Note(1.0, 60, 80, 0.5))
    playback.schedule(Note(1.05, 64, 80, 0.5))
    assert playback.due(1.1) == [NoteOn(64, 80)]
    assert playback.dropped == 1


def test_a_note_off_is_never_too_late():
    playback = Playback()
    playback.schedule(Note(1.0, 60, 80, 0.5))
    playback.due(1.0)
    assert playback.due(3600.0) == [NoteOff(60)]


def test_a_short_note_that_comes_late_still_sounds():
    playback = Playback()
    playback.schedule(Note(1.0, 60, 80, 0.03))
    assert playback.due(1.05) == [NoteOn(60, 80)]
    assert playback.deadline == pytest.approx(1.07)
    assert playback.due(1.07) == [NoteOff(60)]


def test_silence_ends_what_sounds_and_forgets_what_waits():
    playback = Playback()
    playback.schedule(Note(1.0, 60, 80, 2.0))
    playback.schedule(Note(1.0, 64, 80, 2.0))
    playback.schedule(Note(2.0, 67, 80, 2.0))
    playback.due(1.0)
    assert sorted(playback.silence(1.25), key=lambda off: off.pitch) == [NoteOff(60), NoteOff(64)]
    assert playback.idle
    assert playback.due(9.0) == []
    assert playback.take_sounded() == [Note(1.0, 60, 80, 0.25), Note(1.0, 64, 80, 0.25)]
    assert playback.take_sounded() == []


notes = st.builds(Note, st.floats(0, 10), st.integers(60, 64), st.integers(1, 127), st.floats(0, 3))


@given(st.lists(notes, max_size=40), st.lists(st.floats(0, 15), max_size=30), st.floats(0, 15), st.booleans())
def test_every_note_on_gets_its_note_off(scheduled, looks, end, cut):
    playback = Playback()
    for note in scheduled:
        playback.schedule(note)
    messages = []
    for now in sorted(look for look in looks if look < end):
        messages += playback.due(now)
        assert playback.deadline is None or playback.deadline > now
    messages += playback.silence(end) if cut else playback.due(99.0)
    assert not unmatched(messages)
    assert playback.idle
    ons = sum(isinstance(message, NoteOn) for message in messages)
    assert len(playback.take_sounded()) == ons
    assert cut or ons + playback.dropped == len(scheduled)
