"""MIDI files read."""

import io

import mido
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livejam.errors import FileError
from livejam.events import Pedal
from livejam.midifile import Timed, read_song
from livejam.notes import Metre, NoteOff, NoteOn


def written(tmp_path, data, name="call.mid"):
    path = tmp_path / name
    path.write_bytes(data)
    return path


def saved(*tracks, division=480, kind=1):
    """The bytes of a file with these (ticks since the last message, message) tracks."""
    file = mido.MidiFile(type=kind, ticks_per_beat=division)
    for track in tracks:
        file.tracks.append(mido.MidiTrack(message.copy(time=ticks) for ticks, message in track))
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


def on(pitch, velocity=80, channel=0):
    return mido.Message("note_on", note=pitch, velocity=velocity, channel=channel)


def tempo(bpm):
    return mido.MetaMessage("set_tempo", tempo=round(60e6 / bpm))


def at(seconds):
    return pytest.approx(seconds, abs=0.001)


def test_a_file_without_tempo_states_none(tmp_path):
    song = read_song(written(tmp_path, saved([(0, on(60)), (480, on(60, 0))])))
    assert (song.bpm, song.metre) == (None, None)
    assert [timed.at for timed in song.events] == [0.0, 0.5]  # 120 bpm, as the format has it


def test_tracks_are_heard_together_and_drums_are_left_out(tmp_path):
    data = saved(
        [(0, tempo(60))],
        [(0, on(60)), (480, on(60, 0))],
        [(0, on(36, channel=9)), (240, on(64, channel=1)), (240, on(64, 0, channel=1))],
    )
    song = read_song(written(tmp_path, data))
    assert [(timed.at, timed.event) for timed in song.events] == [
        (0.0, NoteOn(60, 80)),
        (0.5, NoteOn(64, 80)),
        (1.0, NoteOff(60)),
        (1.0, NoteOff(64)),
    ]


def test_drums_alone_are_heard(tmp_path):
    song = read_song(written(tmp_path, saved([(0, on(36, channel=9)), (240, on(36, 0, channel=9))])))
    assert song.events[0].event == NoteOn(36, 80)


def test_a_key_never_released_is_released_at_the_end(tmp_path):
    song = read_song(written(tmp_path, saved([(0, on(60)), (480, on(62)), (480, on(62, 0)), (480, tempo(60))])))
    assert song.events[-1] == Timed(1.5, NoteOff(60))


def test_the_pedal_is_heard(tmp_path):
    pedal = mido.Message("control_change", control=64, value=127)
    song = read_song(written(tmp_path, saved([(0, pedal), (0, on(60)), (480, on(60, 0))])))
    assert song.events[0].event == Pedal(True)


def test_the_last_tempo_and_metre_count(tmp_path):
    metre = mido.MetaMessage("time_signature", numerator=3, denominator=4)
    # A bar of 4/4 at 120 (2 s), 3/4 from there on; after 4 of its beats (2 s) 60 bpm: one beat into a bar.
    data = saved([(0, tempo(120)), (1920, metre), (1920, tempo(60)), (0, on(60)), (480, on(60, 0))])
    song = read_song(written(tmp_path, data))
    assert (song.bpm, song.metre) == (60.0, Metre(3, 4))
    assert song.bar_line == at(4.0 - 1.0)
    assert [timed.at for timed in song.events] == [at(4.0), at(5.0)]


def test_film_time_is_read_and_states_no_tempo(tmp_path):
    data = bytearray(saved([(0, on(60)), (50, on(60, 0))]))
    data[12:14] = bytes([256 - 25, 40])  # 25 frames a second, 40 ticks a frame
    song = read_song(written(tmp_path, bytes(data)))
    assert (song.bpm, song.events[1].at) == (None, at(0.05))


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "is empty"),
        (b"RIFF not midi at all", "is no MIDI file"),
        (b"MThd", "cut short"),
        (saved([(0, on(60)), (480, on(60, 0))])[:-6], "cut short"),
        (saved([(0, on(60))]).replace(b"\x90", b"\xf4"), "broken MIDI file"),
        (saved([(0, on(60))], division=0), "broken MIDI file"),
        (saved([(0, mido.MetaMessage("key_signature", key="C"))]).replace(b"\x59\x02\x00", b"\x59\x02\x09"), "broken"),
        (saved([(0, tempo(90))]), "has no notes"),
        (saved(), "has no notes"),
    ],
)
def test_a_useless_file_is_named_with_what_is_wrong(tmp_path, data, complaint):
    with pytest.raises(FileError, match=rf"call\.mid.*{complaint}"):
        read_song(written(tmp_path, data))


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(FileError, match="No such file"):
        read_song(tmp_path / "no.mid")
    with pytest.raises(FileError, match="can't read"):
        read_song(tmp_path)


WHOLE = saved([(0, tempo(90)), (0, on(60)), (480, on(60, 0)), (0, mido.Message("sysex", data=(1, 2)))])


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=6), st.integers(4, len(WHOLE)))
def test_no_bytes_upset_the_reading(tmp_path_factory, changes, length):
    data = bytearray(WHOLE)
    for place, value in changes:
        data[place] = value
    path = tmp_path_factory.getbasetemp() / "fuzzed.mid"
    path.write_bytes(data[:length])
    try:
        song = read_song(path)
    except FileError as error:
        song, complaint = None, str(error)
        assert complaint.isprintable()
    if song:
        assert all(0 <= timed.at <= song.seconds for timed in song.events)
