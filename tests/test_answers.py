"""Answers of the network that comes along: repeatable, complete, in time. The whole engine, in virtual time."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from livejam.brain import load_brain
from livejam.cli import main
from livejam.decoder import default_model
from livejam.midifile import read_song
from livejam.modes import Silence
from livejam.notes import NoteOff, NoteOn
from livejam.respond import SILENCE, on_beat
from livejam.stage import Settings
from livejam.tape import Tape
from livejam.virtual import play_through

CALL = Path(__file__).parent / "data" / "call.mid"


def answer_to(call, out, *options):
    """Return the bytes that `livejam respond` writes."""
    result = CliRunner().invoke(main, ["respond", str(call), "-o", str(out), *map(str, options)])
    assert result.exit_code == 0, result.output
    return out.read_bytes()


def written(path, notes, bpm=None):
    """A MIDI file of (onset, pitch, seconds)."""
    tape = Tape((("call", 1),), None, start=0.0)
    if bpm:
        tape.beat(0.0, bpm)
    for at, pitch, seconds in notes:
        tape.add(0, at, NoteOn(pitch, 80))
        tape.add(0, at + seconds, NoteOff(pitch))
    path.write_bytes(tape.encode())
    return path


def ons(path):
    return [timed for timed in read_song(path).events if isinstance(timed.event, NoteOn)]


def test_the_same_seed_gives_the_same_bytes_and_another_another(tmp_path):
    out = tmp_path / "answer.mid"
    first = answer_to(CALL, out, "--seed", 3)
    assert answer_to(CALL, out, "--seed", 3) == first
    assert answer_to(CALL, out, "--seed", 4) != first
    assert answer_to(CALL, out) == answer_to(CALL, out, "--seed", 0)


def test_another_call_gives_another_answer(tmp_path):
    other = written(tmp_path / "other.mid", [(number * 0.4, 72 - 2 * number, 0.3) for number in range(8)])
    answer_to(CALL, tmp_path / "a.mid")
    answer_to(other, tmp_path / "b.mid")
    assert [timed.event.pitch for timed in ons(tmp_path / "a.mid")] != [
        timed.event.pitch for timed in ons(tmp_path / "b.mid")
    ]


def test_the_answer_comes_after_the_call_and_on_its_beat(tmp_path):
    out = tmp_path / "answer.mid"
    answer_to(CALL, out)
    call, answer = read_song(CALL), read_song(out)
    assert call.seconds < ons(out)[0].at < call.seconds + 1.5
    assert (round(answer.bpm), answer.metre) == (round(call.bpm), call.metre)


def test_the_live_path_plays_what_respond_writes(tmp_path):
    out = tmp_path / "answer.mid"
    answer_to(CALL, out, "--seed", 5)
    call = read_song(CALL)
    events = ((timed.at, timed.event) for timed in call.events)
    live = play_through(events, load_brain(None, 5, None), on_beat(call, Settings(Silence(SILENCE))))
    sent = [(at, event) for at, event in live if isinstance(event, NoteOn)]
    assert [timed.event for timed in ons(out)] == [event for _, event in sent]
    assert [timed.at for timed in ons(out)] == pytest.approx([at for at, _ in sent], abs=0.001)


@pytest.mark.parametrize("count", [1, 2000])
def test_a_call_of_one_note_and_of_two_thousand(tmp_path, count):
    call = written(tmp_path / "call.mid", [(n * 0.15, 60 + n * 7 % 12, 0.1) for n in range(count)])
    answer_to(call, tmp_path / "answer.mid")
    assert ons(tmp_path / "answer.mid")[0].at > read_song(call).seconds


def test_a_call_without_tempo_is_answered_on_its_own_pulse(tmp_path):
    call = written(tmp_path / "call.mid", [(n * 0.5, 60 + n, 0.4) for n in range(12)])
    data = call.read_bytes().replace(b"\xff\x51\x03", b"\xff\x01\x03")  # its tempo becomes a text
    call.write_bytes(data)
    assert read_song(call).bpm is None
    answer_to(call, tmp_path / "answer.mid")
    assert read_song(tmp_path / "answer.mid").bpm == pytest.approx(120.0, abs=1.0)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda onnx, sidecar: onnx.write_bytes(onnx.read_bytes()[:1000]), "livejam.onnx"),
        (lambda onnx, sidecar: onnx.unlink(), "livejam.onnx"),
        (lambda onnx, sidecar: sidecar.unlink(), "livejam.json"),
        (lambda onnx, sidecar: sidecar.write_text("{"), "livejam.json is damaged"),
        (lambda onnx, sidecar: sidecar.write_text('{"contract": 99}'), "livejam.json"),
        (lambda onnx, sidecar: sidecar.write_text(sidecar.read_text().replace('"pitch"', '"pith"')), "livejam.json"),
    ],
)
def test_a_damaged_network_gives_one_line(tmp_path, damage, said):
    for file in default_model().parent.glob("livejam*.*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    damage(tmp_path / "livejam.onnx", tmp_path / "livejam.json")
    model = str(tmp_path / "livejam.onnx")
    result = CliRunner().invoke(main, ["respond", str(CALL), "-o", str(tmp_path / "a.mid"), "--model", model])
    assert result.exit_code == 1
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "a.mid").exists()
