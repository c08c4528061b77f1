"""A growing MIDI file."""

import mido
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livejam.events import Gesture, Pedal
from livejam.midifile import read_song
from livejam.notes import Metre, NoteOff, NoteOn
from livejam.tape import TICKS, Tape

PLAYER, LIVEJAM = 0, 1
TRACKS = (("player", 1), ("livejam", 2))
EVENTS = [
    (10.0, PLAYER, NoteOn(60, 80)),
    (10.4, PLAYER, NoteOff(60)),
    (10.5, PLAYER, Pedal(True)),
    (11.0, LIVEJAM, NoteOn(67, 70)),
    (11.5, LIVEJAM, NoteOff(67)),
]


def tape_of(events, beats=(), metre=None, start=None):
    tape = Tape(TRACKS, metre, start)
    for at, bpm in beats:
        tape.beat(at, bpm)
    for at, track, event in events:
        tape.add(track, at, event)
    return tape


def parsed(tape, tmp_path):
    path = tmp_path / "tape.mid"
    path.write_bytes(tape.encode())
    return mido.MidiFile(path), read_song(path)


def test_tracks_and_their_names(tmp_path):
    file, _ = parsed(tape_of(EVENTS), tmp_path)
    assert (file.type, [track.name for track in file.tracks]) == (1, ["livejam", "player", "livejam"])
    assert {message.channel for message in file.tracks[2] if not message.is_meta} == {1}


def test_a_tape_begins_on_the_beat_at_or_before_the_first_event(tmp_path):
    _, song = parsed(tape_of(EVENTS, [(10.1, 60.0)], Metre(3, 4)), tmp_path)  # beats at 9.1, 10.1, ...
    assert [timed.at for timed in song.events] == pytest.approx([0.9, 1.3, 1.4, 1.9, 2.4], abs=0.001)
    assert (song.bpm, song.metre) == (60.0, Metre(3, 4))


def test_a_given_start_is_kept(tmp_path):
    _, song = parsed(tape_of(EVENTS, [(8.0, 120.0)], start=8.0), tmp_path)
    assert [timed.at for timed in song.events] == pytest.approx([2.0, 2.4, 2.5, 3.0, 3.5], abs=0.001)


def test_without_a_beat_it_begins_with_the_first_event(tmp_path):
    _, song = parsed(tape_of(EVENTS), tmp_path)
    assert [timed.event for timed in song.events] == [event for _, _, event in EVENTS]
    assert song.events[0].at == 0.0


def test_gestures_stay_in_their_place_among_the_keys(tmp_path):
    events = [
        (1.0, PLAYER, Gesture((0xC5, 4))),
        (1.0, PLAYER, NoteOn(60, 80)),
        (1.0, PLAYER, Gesture((0xE5, 0, 70))),
        (1.5, PLAYER, Gesture((0xB5, 1, 90))),
        (1.5, PLAYER, NoteOff(60)),
    ]
    file, song = parsed(tape_of(events), tmp_path)
    assert [type(timed.event) for timed in song.events] == [type(event) for _, _, event in events]
    kept = [message.bytes() for message in file.tracks[1] if not message.is_meta]
    assert kept == [[0xC0, 4], [0x90, 60, 80], [0xE0, 0, 70], [0xB0, 1, 90], [0x80, 60, 0]]


def test_an_empty_tape_says_so():
    assert not tape_of([])
    assert tape_of(EVENTS)


def test_a_steady_tempo_is_said_once(tmp_path):
    file, _ = parsed(tape_of(EVENTS, [(10.1, 90.0), (10.1 + 40 / 90 * 60, 90.0)]), tmp_path)
    assert [message.type for message in file.tracks[0]].count("set_tempo") == 1


def test_a_first_tempo_is_said_once(tmp_path):
    file, _ = parsed(tape_of(EVENTS, [(0.0, 112.0)], start=0.0), tmp_path)
    assert [message.type for message in file.tracks[0]].count("set_tempo") == 1


@pytest.mark.parametrize("cut", range(1, len(EVENTS)))
def test_writing_on_the_way_changes_nothing_later(cut):
    tape = tape_of(EVENTS[:cut])
    tape.encode()
    for at, track, event in EVENTS[cut:]:
        tape.add(track, at, event)
    assert tape.encode() == tape.encode() == tape_of(EVENTS).encode()


BPM = st.floats(30.0, 300.0)
CHANGES = st.lists(st.tuples(st.floats(0.3, 30.0), BPM), max_size=8)
TIMES = st.lists(st.floats(0.0, 100.0), min_size=1, max_size=20).map(sorted)


@settings(max_examples=300)
@given(CHANGES, TIMES, st.integers(0, 20), st.integers(0, 8))
def test_changing_tempi_keep_every_time_and_change_on_beats(tmp_path_factory, changes, times, notes_first, beats_first):
    """Also where a part of it has been written before the rest is known."""
    now, beats = 0.0, []
    for gap, bpm in changes:
        now += gap
        beats.append((now, bpm))
    tape = tape_of([(at, PLAYER, NoteOn(60, 1)) for at in times[:notes_first]], beats[:beats_first], start=0.0)
    tape.encode()
    for at, bpm in beats[beats_first:]:
        tape.beat(at, bpm)
    for at in times[notes_first:]:
        tape.add(PLAYER, at, NoteOn(60, 1))
    file, song = parsed(tape, tmp_path_factory.getbasetemp())
    heard = [timed.at for timed in song.events if isinstance(timed.event, NoteOn)]
    assert heard == pytest.approx(times, abs=0.002)
    ticks = 0
    for message in file.tracks[0]:
        ticks += message.time
        assert message.type != "set_tempo" or ticks % TICKS == 0


@given(st.floats(0.0, 50.0), BPM, BPM)
def test_a_change_comes_on_its_beat(tmp_path_factory, at, before, after):
    events = [(0.0, PLAYER, NoteOn(60, 1)), (at + 60 / after, PLAYER, NoteOn(61, 1))]
    file, _ = parsed(tape_of(events, [(0.0, before), (at, after)], start=0.0), tmp_path_factory.getbasetemp())
    note = [message for message in file.tracks[1] if not message.is_meta][-1]
    on_beat = note.time % TICKS in (0, 1, TICKS - 1)
    assert on_beat or at < 0.06  # no room for a beat before it
