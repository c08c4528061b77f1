"""From a folder of MIDI files to an answer and figures: prepare, train, export, respond, evaluate, as typed."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs the train extra: pip install 'livejam[train]'")
pytest.importorskip("symusic", reason="needs the train extra: pip install 'livejam[train]'")

import numpy as np
import torch
from click.testing import CliRunner
from corpus_files import write_midi

from livejam.cli import main
from livejam.cli_training import train
from livejam.decoder import Decoder
from livejam.midifile import read_song
from livejam.training.checkpoints import TrainingSettings, load_checkpoint

pytestmark = pytest.mark.train

QUICK = ("--width", 64, "--rows", 1, "--device", "cpu")


def livejam(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def done(*arguments):
    """Return what a command says that succeeds."""
    result = livejam(*arguments)
    assert result.exit_code == 0, result.output
    return result.output


def complaint(*arguments):
    """Return the one plain line of a command that fails."""
    result = livejam(*arguments)
    assert result.exit_code in (1, 2), result.output
    assert isinstance(result.exception, SystemExit)
    (line,) = result.stderr.splitlines()
    assert line.startswith("livejam: ")
    return line


def tune(number):
    """Return eight bars of quarter notes, a rest after every second bar."""
    pitches = np.random.default_rng(number).choice([60, 62, 64, 65, 67, 69, 71, 72], 32).tolist()
    return [(480 * i + 480 * 2 * (i // 8), 480, pitch, 60 + 4 * (i % 8)) for i, pitch in enumerate(pitches)]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with songs/, prepared into data/, trained on in run/ and exported into net/."""
    place = tmp_path_factory.mktemp("studio")
    for number in range(6):
        write_midi(place / "songs" / f"tune {number}.mid", [("tune", 0, tune(number))])
    said = done("prepare", place / "songs", "-o", place / "data")
    assert "6" in said
    assert (place / "data" / "pieces.npz").exists()
    said = done("train", place / "data", "-o", place / "run", "--steps", 2, *QUICK)
    assert f"written: {place / 'run' / 'checkpoint.pt'}" in said.replace("\n", "")
    said = done("export", place / "run" / "checkpoint.pt", "-o", place / "net")
    assert re.search(r"proved: \d+ greedy notes equal PyTorch's, cached and uncached", said)
    assert f"written: {place / 'net' / 'livejam.json'}" in said
    return place


def test_the_run_has_what_was_asked_for(place):
    settings = load_checkpoint(place / "run" / "checkpoint.pt")["settings"]
    assert (settings["steps"], settings["rows"], settings["network"]["width"]) == (2, 1, 64)
    assert {file.name for file in (place / "run").iterdir()} == {
        "checkpoint.pt", "curves.png", "log.jsonl", "settings.json",
    }  # fmt: skip


def test_the_exported_network_says_where_it_comes_from(place):
    contract = Decoder(place / "net" / "livejam.onnx").contract
    assert contract["training"]["step"] == 2
    assert contract["training"]["settings"]["seed"] == 1
    assert contract["weights"] == "int8"


def test_the_trained_network_answers(place, tmp_path):
    model = place / "net" / "livejam.onnx"
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        done("respond", place / "songs" / "tune 1.mid", "-o", tmp_path / name, "--model", model, "--seed", seed)
    a, b, c = ((tmp_path / name).read_bytes() for name in "abc")
    assert a == b != c
    assert read_song(tmp_path / "a").events


def test_the_trained_network_is_evaluated(place, tmp_path):
    figures = tmp_path / "figures.json"
    model = place / "net" / "livejam.onnx"
    amount = ("--notes", 40, "--cases", 2, "--answers", 4, "--beside", place / "run" / "checkpoint.pt")
    done("evaluate", place / "data", "--model", model, "--json", figures, *amount, "--plots", tmp_path / "plots")
    (found,) = json.loads(figures.read_text())["corpora"].values()
    bits, torchs = found["bits_per_note"]["total"], found["beside"]["run"]["bits_per_note"]["total"]
    assert 5 < bits < 25
    assert 0 < abs(bits / torchs - 1) < 0.02  # int8 and float32
    answers = found["answers"]
    assert answers["livejam"]["answers"] == answers["run"]["answers"] == answers["calls"] > 0
    assert len(list((tmp_path / "plots").glob("*.png"))) == 2


def test_a_run_goes_on(place):
    done("train", place / "data", "-o", place / "run", "--resume", "--steps", 3, "--device", "cpu")
    assert load_checkpoint(place / "run" / "checkpoint.pt")["step"] == 3


def test_float32_keeps_the_weights(place, tmp_path):
    done("export", place / "run" / "checkpoint.pt", "-o", tmp_path, "--bits", "32")
    assert Decoder(tmp_path / "livejam.onnx").contract["weights"] == "float32"


def test_exported_weights_are_exported_in_another_width(place, tmp_path):
    done("export", place / "run" / "checkpoint.pt", "-o", tmp_path / "one", "--weights")
    done("export", tmp_path / "one" / "livejam.safetensors", "-o", tmp_path / "two", "--bits", "4")
    one, two = (json.loads((tmp_path / name / "livejam.json").read_text()) for name in ("one", "two"))
    assert two["weights"] == "int4"
    assert two["training"] == one["training"]
    assert two["training"]["step"] > 0


def test_the_help_tells_the_defaults():
    settings = TrainingSettings()
    help_of = {option.name: option.help for option in train.params if hasattr(option, "help")}
    assert f"[default: {settings.steps}]" in help_of["steps"]
    assert f"[default: {settings.rows}]" in help_of["rows"]
    assert f"[default: {settings.network.width}]" in help_of["width"]
    assert f"[default: {settings.seed}]" in help_of["seed"]
    assert f"{settings.network.memory} notes" in help_of["rows"]


def test_one_file_alone_can_be_trained_on(tmp_path):
    write_midi(tmp_path / "songs" / "mine.mid", [("mine", 0, tune(1))])
    done("prepare", tmp_path / "songs", "-o", tmp_path / "data")
    done("train", tmp_path / "data", "-o", tmp_path / "run", "--steps", 1, *QUICK)


def test_a_folder_of_midi_files_is_prepared_on_the_way(place, tmp_path):
    done("export", place / "run" / "checkpoint.pt", "-o", tmp_path / "net", "--weights")
    again = ("--data", place / "songs", "-o", tmp_path / "run", "--rows", 1, "--device", "cpu")
    done("train", *again, "--init", tmp_path / "net", "--steps", 1)
    assert (tmp_path / "run" / "music" / "pieces.npz").exists()
    done("train", *again, "--resume", "--steps", 2)
    assert load_checkpoint(tmp_path / "run" / "checkpoint.pt")["step"] == 2


# What can be wrong


def test_music_is_named_once(place):
    assert "give one folder of music" in complaint("train", "-o", place / "other")
    assert "give one folder of music" in complaint("train", place / "data", "--data", place / "data", "-o", "other")


@pytest.mark.parametrize("weight", ["ours", "ours=", "ours=much", "ours=nan", "ours=-1", "ours=inf"])
def test_a_weight_is_a_share(place, tmp_path, weight):
    said = complaint("train", place / "data", "-o", tmp_path / "run", "--weight", weight)
    assert f"--weight takes CORPUS=SHARE, 0 or more, such as wjazzd=1.5, not '{weight}'" in said


def test_a_folder_with_three_notes(tmp_path):
    write_midi(tmp_path / "songs" / "three.mid", [("three", 0, tune(0)[:3])])
    said = complaint("train", tmp_path / "songs", "-o", tmp_path / "run", *QUICK)
    assert "too little music" in said
    assert str(tmp_path / "songs") in said
    assert not (tmp_path / "run" / "checkpoint.pt").exists()


def test_a_folder_with_drums_only(tmp_path):
    write_midi(tmp_path / "songs" / "beat.mid", [("beat", 9, tune(0))])
    assert "only drums" in complaint("train", tmp_path / "songs", "-o", tmp_path / "run", *QUICK)


def test_a_folder_with_broken_files_only(tmp_path):
    (tmp_path / "songs").mkdir()
    (tmp_path / "songs" / "broken.mid").write_bytes(b"MThd and nothing else")
    said = complaint("train", tmp_path / "songs", "-o", tmp_path / "run", *QUICK)
    assert "nothing in" in said
    assert "broken.mid" in said


def test_broken_files_beside_good_ones_are_left_out(tmp_path):
    write_midi(tmp_path / "songs" / "good.mid", [("good", 0, tune(1))])
    (tmp_path / "songs" / "broken.mid").write_bytes(b"MThd and nothing else")
    done("train", tmp_path / "songs", "-o", tmp_path / "run", "--steps", 1, *QUICK)
    assert "broken.mid" in (tmp_path / "run" / "music" / "skipped.txt").read_text()


def test_a_folder_without_music(tmp_path):
    assert "no MIDI files" in complaint("train", tmp_path, "-o", tmp_path / "run", *QUICK)


def test_a_run_is_not_overwritten(place):
    assert "holds a run already" in complaint("train", place / "data", "-o", place / "run", *QUICK)


def test_too_little_music(tmp_path):
    write_midi(tmp_path / "songs" / "scale.mid", [("scale", 0, tune(0)[:5])])
    done("prepare", tmp_path / "songs", "-o", tmp_path / "data")
    assert "too little music" in complaint("train", tmp_path / "data", "-o", tmp_path / "run", *QUICK)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train", "nowhere", "-o", "run"], "there is no nowhere; give a folder of MIDI files"),
        (["train", "nowhere", "-o", "run", "--resume"], "no checkpoint at run"),
        (["train", "nowhere", "-o", "run", "--width", "100"], "width of 100 can't be cut into heads of 64"),
        (["train", "nowhere", "-o", "run", "--steps", "0"], "--steps"),
        (["train", "nowhere"], "--out"),
        (["export", "nothing.pt"], "no checkpoint at nothing.pt; begin a run with: livejam train"),
        (["export"], "CHECKPOINT"),
        (["respond", "{call}", "-o", "answer.mid", "--model", "nothing.onnx"], "no network at nothing.json"),
        (["evaluate", "nowhere", "--model", "nothing.onnx"], "no network at nothing.json"),
    ],
)
def test_what_is_not_there(place, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    call = place / "songs" / "tune 1.mid"
    assert said in complaint(*(argument.format(call=call) for argument in arguments))
    assert not list(tmp_path.iterdir())


def test_a_device_that_is_not_there(place, tmp_path):
    assert "can't train on 'abacus' here" in complaint(
        "train", place / "data", "-o", tmp_path / "run", "--device", "abacus"
    )


def test_a_damaged_checkpoint(place, tmp_path):
    whole = (place / "run" / "checkpoint.pt").read_bytes()
    (tmp_path / "checkpoint.pt").write_bytes(whole[:1000])
    assert "checkpoint.pt is no checkpoint of livejam" in complaint("export", tmp_path / "checkpoint.pt")
    assert "is no checkpoint of livejam" in complaint("train", place / "data", "-o", tmp_path, "--resume")


def test_another_files_checkpoint(tmp_path):
    torch.save({"weights": torch.zeros(3)}, tmp_path / "checkpoint.pt")
    assert "it lacks what livejam train keeps" in complaint("export", tmp_path / "checkpoint.pt")


def test_a_network_of_other_files(place, tmp_path):
    for file in (place / "net").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes()[: 2000 if file.suffix == ".onnx" else None])
    call = place / "songs" / "tune 1.mid"
    said = complaint("respond", call, "-o", tmp_path / "answer.mid", "--model", tmp_path / "livejam.onnx")
    assert "is not the network its .json describes (truncated, or mixed up)" in said
    assert not (tmp_path / "answer.mid").exists()


@pytest.mark.parametrize("missing", ["torch", "onnx"])
def test_without_the_train_extra_a_command_says_how_to_get_it(monkeypatch, tmp_path, missing):
    for name in [name for name in sys.modules if name.startswith("livejam.training")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    said = complaint("export", tmp_path / "checkpoint.pt")
    assert f"this needs {missing}, which is not installed; get it with: pip install 'livejam[train]'" in said


def test_the_export_tool_is_the_export_command(tmp_path):
    root = Path(__file__).parent.parent
    command = [sys.executable, root / "tools" / "export_onnx.py", tmp_path / "nothing.pt"]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert (run.returncode, run.stdout) == (1, "")
    assert re.fullmatch(r"livejam: no checkpoint at .*nothing\.pt; begin a run with: .*\n", run.stderr)
