"""What is sent when, on which channel, and that nothing is left sounding."""

from itertools import groupby

import pytest
from conftest import unmatched
from hypothesis import given
from hypothesis import strategies as st

from livejam.notes import Cue, Note, NoteOff, NoteOn
from livejam.playback import Playback


def on(at, pitch, velocity=80, channel=1):
    return Cue(at, NoteOn(pitch, velocity), channel)


def off(at, pitch, channel=1):
    return Cue(at, NoteOff(pitch), channel)


def test_a_note_begins_and_ends_on_time():
    playback = Playback()
    playback.schedule(Note(1.0, 60, 80, 0.5), 1)
    assert playback.deadline == 1.0
    assert playback.due(0.99) == []
    assert playback.due(1.0) == [on(1.0, 60)]
    assert playback.deadline == 1.5
    assert not playback.idle(1)
    assert playback.due(1.5) == [off(1.5, 60)]
    assert playback.deadline is None
    assert playback.idle(1)


def test_offs_come_before_ons():
    playback = Playback()
    playback.schedule(Note(1.0, 60, 80, 0.5), 1)
    playback.schedule(Note(1.5, 62, 80, 0.5), 1)
    playback.due(1.0)
    assert playback.due(1.5) == [off(1.5, 60), on(1.5, 62)]


def test_what_is_due_says_when_it_was_due():
    playback = Playback()
    playback.schedule(Note(1.0, 60, 80, 0.02), 1)
    playback.schedule(Note(1.03, 62, 80, 0.5), 1)
    assert playback.due(1.05) == [on(1.0, 60), on(1.03, 62)]
    assert playback.deadline == pytest.approx(1.07)  # it came late, and sounds for a moment all the same


def test_a_pitch_struck_again_ends_first():
    playback = Playback()
    playback.schedule(Note(1.0, 60, 80, 2.0), 1)
    playback.schedule(Note(2.0, 60, 90, 2.0), 1)
    assert playback.due(1.0) == [on(1.0, 60)]
    assert playback.due(2.0) == [off(2.0, 60), on(2.0, 60, 90)]
    assert playback.due(3.0) == []
    assert playback.due(4.0) == [off(4.0, 60)]
    assert playback.take_sounded(1) == [Note(1.0, 60, 80, 1.0), Note(2.0, 60, 90, 2.0)]


def test_a_late_note_is_dropped_and_counted():
    playback = Playback(too_late=0.08)
    playback.schedule(Note(1.0, 60, 80, 0.5), 1)
    playback.schedule(Note(1.05, 64, 80, 0.5), 1)
    assert playback.due(1.1) == [on(1.05, 64)]
    assert playback.dropped == 1


def test_a_note_off_is_never_too_late():
    playback = Playback()
    playback.schedule(Note(1.0, 60, 80, 0.5), 1)
    playback.due(1.0)
    assert playback.due(3600.0) == [off(1.5, 60)]


def test_a_short_note_that_comes_late_still_sounds():
    playback = Playback()
    playback.schedule(Note(1.0, 60, 80, 0.03), 1)
    assert playback.due(1.05) == [on(1.0, 60)]
    assert playback.deadline == pytest.approx(1.07)
    assert playback.due(1.07) == [off(pytest.approx(1.07), 60)]


def test_silence_ends_what_sounds_and_forgets_what_waits():
    playback = Playback()
    playback.schedule(Note(1.0, 60, 80, 2.0), 1)
    playback.schedule(Note(1.0, 64, 80, 2.0), 1)
    playback.schedule(Note(2.0, 67, 80, 2.0), 1)
    playback.due(1.0)
    assert sorted(playback.silence(1.25), key=lambda cue: cue.message.pitch) == [off(1.25, 60), off(1.25, 64)]
    assert playback.idle(1)
    assert playback.due(9.0) == []
    assert playback.take_sounded(1) == [Note(1.0, 60, 80, 0.25), Note(1.0, 64, 80, 0.25)]
    assert playback.take_sounded(1) == []


def test_channels_sound_for_themselves():
    playback = Playback()
    playback.schedule(Note(1.0, 60, 80, 2.0), 1)
    playback.schedule(Note(1.0, 60, 90, 2.0), 10)
    playback.schedule(Note(9.0, 62, 90, 2.0), 10)
    assert playback.due(1.0) == [on(1.0, 60), on(1.0, 60, 90, channel=10)]
    assert playback.silence(2.0, channel=1) == [off(2.0, 60)]
    assert (playback.idle(1), playback.idle(10)) == (True, False)
    assert playback.take_sounded(1) == [Note(1.0, 60, 80, 1.0)]
    assert playback.due(3.0) == [off(3.0, 60, channel=10)]
    assert not playback.idle(10)  # the click at 9 s waits


def test_what_is_due_soon_is_handed_over_ahead_of_its_time():
    playback = Playback()
    playback.schedule(Note(1.0, 60, 80, 0.5), 1)
    assert playback.due(0.9, ahead=0.05) == []
    assert playback.due(0.96, ahead=0.05) == [on(1.0, 60)]
    assert playback.due(1.46, ahead=0.05) == [off(1.5, 60)]


def test_what_was_handed_over_ahead_is_not_ended_before_it_begins():
    playback = Playback()
    playback.schedule(Note(1.0, 60, 80, 0.5), 1)
    playback.due(0.96, ahead=0.05)
    assert playback.silence(0.97) == [off(1.0, 60)]
    assert playback.take_sounded(1) == [Note(1.0, 60, 80, 0.0)]


def test_a_new_beat_moves_what_waits_and_what_sounds():
    playback = Playback()
    playback.schedule(Note(1.0, 60, 80, 1.0), 1)
    playback.schedule(Note(2.0, 62, 80, 1.0), 1)
    playback.due(1.0)
    playback.retime(lambda time: 1.0 + 2 * (time - 1.0))  # half as fast from 1.0 on
    assert playback.due(2.9) == []
    assert playback.due(3.0) == [off(3.0, 60), on(3.0, 62)]
    assert playback.due(5.0) == [off(5.0, 62)]


notes = st.builds(Note, st.floats(0, 10), st.integers(60, 64), st.integers(1, 127), st.floats(0, 3))
looked = st.lists(st.floats(0, 15), max_size=30)


@given(st.lists(st.tuples(notes, st.sampled_from([1, 10])), max_size=40), looked, st.floats(0, 15), st.booleans(),
       st.sampled_from([0.0, 0.05]))  # fmt: skip
def test_every_note_on_gets_its_note_off(scheduled, looks, end, cut, ahead):
    playback = Playback()
    for note, channel in scheduled:
        playback.schedule(note, channel)
    cues = []
    for now in sorted(look for look in looks if look < end):
        cues += playback.due(now, ahead)
        assert playback.deadline is None or playback.deadline > now + ahead
    cues += playback.silence(end) if cut else playback.due(99.0)
    by_channel = sorted(cues, key=lambda cue: cue.channel)
    for channel, sent in groupby(by_channel, key=lambda cue: cue.channel):
        messages = list(sent)
        assert not unmatched([cue.message for cue in messages])
        assert playback.idle(channel)
    ons = sum(isinstance(cue.message, NoteOn) for cue in cues)
    assert cut or ons + playback.dropped == len(scheduled)
    assert len(playback.take_sounded(1)) == sum(isinstance(cue.message, NoteOn) for cue in cues if cue.channel == 1)
