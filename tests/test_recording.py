"""What is kept of a jam."""

import contextlib
import errno
import json
import sys
from datetime import datetime
from threading import Event

import mido
import pytest

from livejam.errors import FileError
from livejam.events import Pedal
from livejam.notes import Metre, NoteOff, NoteOn
from livejam.recording import JamFile, JamRecorder, jam_path

NOW = datetime(2026, 3, 4, 15, 16, 17)
MUSIC = [
    (5.0, NoteOn(60, 80), True),
    (5.2, Pedal(True), True),
    (5.5, NoteOff(60), True),
    (6.0, NoteOn(67, 70), False),
    (6.5, NoteOff(67), False),
]


class FakeFile:
    """A jam file on a disk that can be full."""

    def __init__(self, path, full_for=0):
        self.path, self.full_for = path, full_for
        self.taken, self.saves, self.saved = [], [], Event()

    def take(self, time, what, player, channel=None):
        self.taken.append((time, what, player))

    def save(self, folder=None):
        self.saves.append(len(self.taken))
        self.saved.set()
        if folder is None and self.full_for > 0:
            self.full_for -= 1
            raise OSError(errno.ENOSPC, "No space left on device")
        return (folder or self.path.parent) / self.path.name


def jam(file, warn=lambda text: None, music=MUSIC):
    with JamRecorder(file, warn) as recorder:
        recorder.tempo(5.0, 90.0)
        for item in music:
            recorder.record(*item)
    return recorder


def test_a_jam_is_kept_with_what_made_it(tmp_path):
    path = tmp_path / "jam.mid"
    recorder = jam(JamFile(path, {"seed": 7}, Metre(3, 4), answer_channel=3))
    assert recorder.saved == path
    file = mido.MidiFile(path)
    assert (file.type, [track.name for track in file.tracks[1:]]) == (1, ["player", "livejam"])
    notes = [[(m.type, m.note) for m in track if m.type.startswith("note")] for track in file.tracks[1:]]
    assert notes == [[("note_on", 60), ("note_off", 60)], [("note_on", 67), ("note_off", 67)]]
    assert round(next(mido.tempo2bpm(m.tempo) for m in file.tracks[0] if m.type == "set_tempo")) == 90
    assert json.loads((tmp_path / "jam.json").read_text()) == {"seed": 7}
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["jam.json", "jam.mid"]


def test_what_came_of_it_is_kept_beside_it(tmp_path):
    with JamRecorder(JamFile(tmp_path / "jam.mid", {"seed": 7}, None), print) as recorder:
        recorder.record(*MUSIC[0])
        recorder.note("tally", {"made": 12})
    assert json.loads((tmp_path / "jam.json").read_text()) == {"seed": 7, "tally": {"made": 12}}


def test_every_part_of_a_band_has_a_track_of_its_own(tmp_path):
    path = tmp_path / "jam.mid"
    file = JamFile(path, {}, None, parts=(("bass", 2), ("drums", 10)))
    with JamRecorder(file, print) as recorder:
        recorder.record(5.0, NoteOn(60, 80), True)
        recorder.record(5.0, NoteOn(36, 80), False, 2)
        recorder.record(5.0, NoteOn(42, 80), False, 10)
        recorder.record(5.5, NoteOff(36), False, 2)
        recorder.record(5.5, NoteOff(42), False, 10)
        recorder.record(5.5, NoteOff(60), True)
    tracks = mido.MidiFile(path).tracks[1:]
    assert [track.name for track in tracks] == ["player", "bass", "drums"]
    notes = [[(m.type, m.channel, m.note) for m in track if m.type.startswith("note")] for track in tracks]
    assert notes == [
        [("note_on", 0, 60), ("note_off", 0, 60)],
        [("note_on", 1, 36), ("note_off", 1, 36)],
        [("note_on", 9, 42), ("note_off", 9, 42)],
    ]


def test_a_jam_in_which_nobody_played_leaves_no_file(tmp_path):
    assert jam(JamFile(tmp_path / "jam.mid", {}, None), music=[]).saved is None
    assert list(tmp_path.iterdir()) == []


def test_it_is_saved_whenever_the_music_pauses(tmp_path):
    file = FakeFile(tmp_path / "jam.mid")
    with JamRecorder(file, print, quiet=0.0) as recorder:
        for item in MUSIC:
            file.saved.clear()
            recorder.record(*item)
            assert file.saved.wait(10)
    assert file.saves == [1, 2, 3, 4, 5, 5]


def test_a_full_disk_is_told_once_and_the_jam_goes_on(tmp_path):
    file, warnings = FakeFile(tmp_path / "jam.mid", full_for=3), []
    with JamRecorder(file, warnings.append, quiet=0.0) as recorder:
        for item in MUSIC:
            file.saved.clear()
            recorder.record(*item)
            assert file.saved.wait(10)
    assert len(warnings) == 1
    assert "No space left" in warnings[0]
    assert recorder.saved == file.path
    assert [time for time, _, _ in file.taken] == [time for time, _, _ in MUSIC]


def test_a_full_disk_is_tried_again_though_nobody_plays(tmp_path):
    file = FakeFile(tmp_path / "jam.mid", full_for=sys.maxsize)
    with JamRecorder(file, print, quiet=0.0, again=0.0) as recorder:
        recorder.record(*MUSIC[0])
        assert file.saved.wait(10)
        file.saved.clear()
        assert file.saved.wait(10)


def test_a_disk_full_to_the_end_puts_the_jam_elsewhere(tmp_path):
    warnings = []
    recorder = jam(FakeFile(tmp_path / "jam.mid", full_for=99), warnings.append)
    assert recorder.saved.name == "jam.mid"
    assert str(recorder.saved) in warnings[-1]


def test_a_jam_that_can_be_kept_nowhere_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    with pytest.raises(FileError, match=r"No such file.*--record"):
        jam(JamFile(tmp_path / "gone" / "jam.mid", {}, None))


def test_a_session_that_fails_is_kept_too(tmp_path):
    path = tmp_path / "jam.mid"
    with contextlib.suppress(RuntimeError), JamRecorder(JamFile(path, {}, None), print) as recorder:
        recorder.record(*MUSIC[0])
        raise RuntimeError
    assert path.exists()


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("", "jam-2026-03-04-151617.mid"),
        ("new/folder", "new/folder/jam-2026-03-04-151617.mid"),
        ("take.mid", "take.mid"),
        ("new/Take.MID", "new/Take.MID"),
    ],
)
def test_where_a_jam_is_kept(tmp_path, asked, found):
    assert jam_path(tmp_path / asked, NOW) == tmp_path / found
    assert (tmp_path / found).parent.is_dir()


def test_by_default_it_is_kept_with_the_music(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert jam_path(None, NOW).parent == tmp_path / "Music" / "livejam"


def test_no_jam_is_written_over(tmp_path):
    (tmp_path / "take.mid").touch()
    (tmp_path / "take-2.json").touch()
    assert jam_path(tmp_path / "take.mid", NOW) == tmp_path / "take-3.mid"


def test_a_place_that_can_not_be_is_said_plainly(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match=r"can't record in .*; choose another place"):
        jam_path(tmp_path / "file" / "folder", NOW)
