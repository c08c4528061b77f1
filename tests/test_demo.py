"""The demo, whole, in virtual time, with a brain that repeats what it hears."""

import io
import time
from itertools import pairwise
from queue import SimpleQueue

import mido
import pytest
from click.testing import CliRunner
from conftest import Parrot
from fake_network import FakeNetwork
from PIL import Image
from rich.console import Console

from livejam.calls import CALLS, Call
from livejam.cli import main
from livejam.decoder import default_model
from livejam.demo import SETTINGS, Bus, Demo, Performer, Report, perform, run_demo
from livejam.errors import FileError, LivejamError
from livejam.events import Stop
from livejam.inbox import LiveInbox
from livejam.modes import Silence
from livejam.notes import Cue, NoteOff, NoteOn
from livejam.picture import WIDTH
from livejam.stage import Settings
from livejam.virtual import NoRecorder, ScriptedInbox, VirtualClock

SHORT = (
    Call("one", bpm=120, bar=4, steps=(("C4", 1, 80), ("E4", 1, 90), ("G4", 2, 100))),
    Call("two", bpm=90, bar=3, steps=(("C4 E4", 1, 80), ("G4", 1, 90), ("C5", 1, 70))),
)


class Mute(Parrot):
    """A brain that has nothing to say."""

    def answer(self, request):
        return iter(())


def rush(brain=None, calls=SHORT, seen=None):
    demo = Demo(calls, NoRecorder(), (seen if seen is not None else []).append, SETTINGS)
    return demo.rush(brain or Parrot())


def quiet_console():
    return Console(file=io.StringIO(), width=80)


def test_every_call_is_answered_and_every_note_ends():
    report = rush()
    report.check()
    assert report.notes == (7, 7)
    assert report.unmatched == 0
    assert [roll.title for roll in report.rolls] == ["1  one, 120 bpm", "2  two, 90 bpm"]


def test_the_player_waits_for_the_answer_and_the_answer_for_the_call():
    first, second = rush().rolls
    times = [
        (min(note.onset for note in notes), max(note.onset + note.duration for note in notes))
        for roll in (first, second)
        for notes in (roll.player, roll.livejam)
    ]
    assert all(end < start for (_, end), (start, _) in pairwise(times))


def test_answers_start_within_one_and_a_half_seconds():
    delays = rush().delays
    assert len(delays) == 2
    assert all(0 < delay <= 1.5 for delay in delays)


def test_in_virtual_time_nothing_is_late():
    assert rush().latest == 0


def test_the_brain_hears_both_sides():
    brain = Parrot()
    rush(brain)
    assert [(player, len(notes)) for player, notes in brain.heard] == [(True, 3), (False, 3), (True, 4), (False, 4)]


def test_the_same_brain_plays_the_same_demo():
    assert rush() == rush()


def test_a_missing_answer_is_an_error():
    report = rush(Mute())
    assert report.delays == ()
    with pytest.raises(LivejamError, match="2 of 2 calls got no answer"):
        report.check()


def test_a_note_left_sounding_is_an_error():
    report = Report(rolls=(), calls=0, unmatched=1, latest=0.0, dropped=0)
    with pytest.raises(LivejamError, match="1 notes of the answers were not ended"):
        report.check()


def test_the_bus_counts_what_sounds_and_how_late_it_came():
    clock = VirtualClock()
    bus = Bus(clock, ScriptedInbox(clock))
    assert bus.wait(0.2) is None
    clock.move_to(0.25)
    bus.send(Cue(0.2, NoteOn(60, 80), 1))
    bus.send(Cue(0.2, NoteOn(60, 80), 1))
    bus.send(Cue(0.2, NoteOff(60), 1))
    assert bus.unmatched == 1
    bus.send(Cue(0.2, NoteOff(60), 1))
    assert bus.unmatched == 0
    assert bus.latest == pytest.approx(0.05)


def test_in_real_time_it_is_the_same_jam():
    call = Call("short", bpm=240, bar=4, steps=(("C4", 1, 80), ("E4", 1, 90)))
    settings = Settings(Silence(0.15), start_within=0.3)
    network = FakeNetwork(Parrot())
    report = Demo((call,), NoRecorder(), lambda seen: None, settings).play(network)
    report.check()
    assert report.notes == (2, 2)
    assert [note.pitch for note in report.rolls[0].livejam] == [72, 76]


def test_the_performer_plays_each_call_once_and_then_stops():
    performer = Performer(SHORT[:1])
    assert performer.next_after(10.0) == [
        (11.0, NoteOn(60, 80)),
        (pytest.approx(11.46), NoteOff(60)),
        (11.5, NoteOn(64, 90)),
        (pytest.approx(11.96), NoteOff(64)),
        (12.0, NoteOn(67, 100)),
        (pytest.approx(12.92), NoteOff(67)),
    ]
    assert performer.next_after(20.0) == [(21.0, Stop())]


def test_the_players_thread_plays_when_it_is_told_and_ends_with_the_jam():
    inbox, turns = LiveInbox(), SimpleQueue()
    turns.put(time.monotonic() - 60)  # so nothing is waited for
    turns.put(time.monotonic() - 60)
    perform(Performer(SHORT[:1]), inbox, turns)
    events = [inbox.wait(0.0) for _ in range(8)]
    assert [event for _, event in events[:2]] == [NoteOn(60, 80), NoteOff(60)]
    assert events[6][1] == Stop()
    assert events[7] is None


def test_it_leaves_a_midi_file_and_a_picture(tmp_path):
    console = quiet_console()
    report = run_demo(Parrot(), {"seed": 1}, tmp_path / "new", console)
    file = mido.MidiFile(tmp_path / "new" / "jam.mid")
    counts = {
        track.name: sum(message.type == "note_on" and message.velocity > 0 for message in track)
        for track in file.tracks
    }
    assert (counts["player"], counts["livejam"]) == report.notes
    assert Image.open(tmp_path / "new" / "jam.png").size[0] == WIDTH
    text = console.file.getvalue()
    assert all(call.name in text for call in CALLS)
    assert "left sounding: nothing" in text


def test_a_folder_that_can_not_be_made_is_said_plainly(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="--output"):
        run_demo(Parrot(), {}, tmp_path / "file" / "folder", quiet_console())


def test_a_network_that_is_not_there_is_one_plain_line(tmp_path):
    result = CliRunner().invoke(main, ["demo", "--model", str(tmp_path / "none.onnx")])
    assert result.exit_code == 1
    assert result.stderr.startswith("livejam: no network at ")
    assert result.stderr.count("\n") == 1


@pytest.mark.skipif(not default_model().exists(), reason="no network in exported/")
def test_the_command_with_the_network_that_comes_along(tmp_path):
    def played(*options: str) -> bytes:
        result = CliRunner().invoke(main, ["demo", "--fast", "--output", str(tmp_path), *options])
        assert result.exit_code == 0, result.output
        assert "left sounding: nothing" in result.output
        assert (tmp_path / "jam.png").exists()
        return (tmp_path / "jam.mid").read_bytes()

    assert played() == played()
    assert played() != played("--seed", "1")
