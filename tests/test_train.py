"""The training loop: exact to resume, able to learn, plain when something is wrong. Tiny networks throughout."""

import json
import shutil
import signal
from collections import Counter
from dataclasses import replace
from itertools import count, islice

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the train extra: pip install 'livejam[train]'")

import torch
from corpus_files import write_midi
from PIL import Image
from prepared import corpus, riff

from livejam import __version__
from livejam.errors import FileError, LivejamError
from livejam.pieces import load_pieces, save_pieces
from livejam.training.checkpoints import TrainingSettings, chosen_settings, load_any, load_checkpoint, load_network
from livejam.training.data import streams
from livejam.training.export import export
from livejam.training.layers import NetworkSettings
from livejam.training.model import Network
from livejam.training.train import Trainer, train

pytestmark = pytest.mark.train

NETWORK = NetworkSettings(width=64, encoder_layers=1, decoder_layers=1, key_heads=1, hidden=32, memory=64, dropout=0.1)
SETTINGS = TrainingSettings(NETWORK, steps=6, rows=2, warm_up=2, validate_every=4, checkpoint_every=4)


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    """A little prepared music."""
    return corpus(tmp_path_factory.mktemp("music"))


@pytest.fixture(scope="module")
def straight(music, tmp_path_factory):
    """A run of six steps that nothing has disturbed."""
    run = tmp_path_factory.mktemp("straight")
    train(music, run, SETTINGS, device="cpu")
    return run


def go_on(music, run, **options):
    return train(music, run, SETTINGS, device="cpu", **options)


def leaves(value):
    """Return all that is in a checkpoint, flat, but for the seconds it took."""
    if isinstance(value, dict):
        return [leaf for name, part in value.items() if name != "seconds" for leaf in leaves(part)]
    if isinstance(value, list | tuple):
        return [leaf for part in value for leaf in leaves(part)]
    return [value]


def same_state(one, other):
    """Tell whether two runs have the same weights, optimisers and all the rest."""
    states = [leaves(load_checkpoint(run / "checkpoint.pt")) for run in (one, other)]
    return all(torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b for a, b in zip(*states, strict=True))


def logged(run):
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


# Resuming


@pytest.mark.parametrize("stop", [1, 3, 4])
def test_a_run_that_resumes_is_as_if_it_had_never_stopped(music, straight, tmp_path, stop):
    go_on(music, tmp_path, stop_after=stop)
    assert not same_state(straight, tmp_path)
    go_on(music, tmp_path, resume=True)
    assert same_state(straight, tmp_path)


def test_the_same_seed_trains_the_same_network(music, straight, tmp_path):
    go_on(music, tmp_path)
    assert same_state(straight, tmp_path)


def test_another_seed_trains_another(music, straight, tmp_path):
    train(music, tmp_path, TrainingSettings(NETWORK, steps=6, rows=2, warm_up=2, seed=2), device="cpu")
    assert not same_state(straight, tmp_path)


def interrupting(step, times):
    """Return a `Network.losses` in the midst of which, in one step, Ctrl-C is pressed once or more."""
    losses, called = Network.losses, count(1)

    def pressed(network, batch, alone):
        for _ in range(times if next(called) == step else 0):
            signal.raise_signal(signal.SIGINT)
        return losses(network, batch, alone)

    return pressed


def test_ctrl_c_ends_a_whole_step(music, straight, tmp_path, monkeypatch):
    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(Network, "losses", interrupting(step=3, times=1))
    with pytest.raises(KeyboardInterrupt):
        go_on(music, tmp_path)
    assert signal.getsignal(signal.SIGINT) is before
    assert load_checkpoint(tmp_path / "checkpoint.pt")["step"] == 3
    go_on(music, tmp_path, resume=True)
    assert same_state(straight, tmp_path)


def test_a_second_ctrl_c_does_not_wait(music, tmp_path, monkeypatch):
    monkeypatch.setattr(Network, "losses", interrupting(step=2, times=2))
    with pytest.raises(KeyboardInterrupt):
        go_on(music, tmp_path)
    assert load_checkpoint(tmp_path / "checkpoint.pt")["step"] == 1


def test_the_log_of_a_killed_run_goes_on_from_its_checkpoint(music, tmp_path):
    go_on(music, tmp_path, stop_after=4)
    with open(tmp_path / "log.jsonl", "a") as log:
        log.write('{"step": 5, "notes": 1, "bits": 1.0}\n{"step": 6, "no')
    go_on(music, tmp_path, resume=True)
    assert [line["step"] for line in logged(tmp_path)] == [4, 6]


def test_a_finished_run_has_nothing_to_resume(music, straight):
    before = load_checkpoint(straight / "checkpoint.pt")["step"]
    go_on(music, straight, resume=True)
    assert load_checkpoint(straight / "checkpoint.pt")["step"] == before == 6


def test_other_processes_make_the_same_batches(music):
    """As for an accelerator; none is needed to make them."""
    split = {name: streams([p for p in load_pieces(music)[0] if p.split == name]) for name in ("train", "valid")}
    trainer = Trainer(split, SETTINGS, torch.device("cpu"))
    trainer.step, trainer.device = 3, torch.device("cuda")
    made = [batch.answer for batch in islice(trainer._batches(), 4)]
    assert all(torch.equal(answer, trainer.sampler.batch(3 + i).answer) for i, answer in enumerate(made))


# Learning


def test_a_tiny_network_learns_a_riff(tmp_path):
    """One bar over and over, in any key: little is left to say once it is known."""
    settings = TrainingSettings(
        NetworkSettings(width=64, encoder_layers=1, decoder_layers=1, key_heads=1, hidden=64, memory=64),
        steps=50, rows=4, warm_up=10, validate_every=50, matrix_rate=0.02, rate=0.01,
    )  # fmt: skip
    music = riff(tmp_path / "music")
    train(music, tmp_path / "run", settings, device="cpu")
    checked = logged(tmp_path / "run")[-1]["validation"]["ours"]
    held_out = [piece for piece in load_pieces(music)[0] if piece.split == "valid"]
    pitches = Counter(int(pitch) for piece in held_out for pitch in piece.parts[0].notes["pitch"])
    share = np.array(list(pitches.values())) / pitches.total()
    marginal = -(share * np.log2(share)).sum()
    assert checked["notes"] == 128
    assert checked["pitch"] < 0.3 * marginal
    assert checked["delta"] + checked["length"] + checked["velocity"] < 1
    assert checked["total"] == pytest.approx(sum(checked[name] for name in ("delta", "pitch", "length", "velocity")))


def test_the_rate_warms_up_stays_and_falls(music):
    settings = TrainingSettings(NETWORK, steps=100, warm_up=10, decay=0.2)
    trainer = Trainer({"train": [], "valid": []}, settings, torch.device("cpu"))
    shares = []
    for step in (0, 4, 9, 50, 80, 90, 99, 100):
        trainer.step = step
        shares.append(trainer.rate_share())
    assert shares == pytest.approx([0.1, 0.5, 1, 1, 1, 0.5, 0.05, 0])


def clocked(trainer, minutes):
    """Let so much of the run's time have passed."""
    trainer.seconds = 60 * minutes
    return trainer.rate_share()


def test_the_rate_falls_so_as_to_end_with_the_time():
    settings = TrainingSettings(NETWORK, steps=3, minutes=10, warm_up=1, decay=0.5)
    trainer = Trainer({"train": [], "valid": []}, settings, torch.device("cpu"))
    trainer.step = 5  # more than the steps that were not asked for
    assert [clocked(trainer, minutes) for minutes in (0, 4, 5, 7.5, 10, 11)] == pytest.approx([1, 1, 1, 0.5, 0, 0])


def test_a_run_ends_with_its_time_and_goes_on_when_given_more(music, tmp_path):
    short = replace(SETTINGS, minutes=1e-6, steps=999)
    train(music, tmp_path, short, device="cpu")
    assert load_checkpoint(tmp_path / "checkpoint.pt")["step"] == 1
    assert logged(tmp_path)[-1]["validation"]["ours"]["total"] > 0
    longer = replace(short, minutes=1 + load_checkpoint(tmp_path / "checkpoint.pt")["seconds"] / 60)
    train(music, tmp_path, longer, device="cpu", resume=True, stop_after=3)
    assert load_checkpoint(tmp_path / "checkpoint.pt")["step"] == 3


def test_what_is_exported_is_the_average(straight):
    state = load_checkpoint(straight / "checkpoint.pt")
    network, _ = load_network(straight / "checkpoint.pt")
    for name, weight in network.state_dict().items():
        assert torch.equal(weight, state["average"][name])
    assert any(not torch.equal(state["average"][name], weight) for name, weight in state["network"].items())


def test_without_an_average_it_is_the_latest(music, tmp_path):
    train(music, tmp_path, replace(SETTINGS, average=0.0), device="cpu")
    state = load_checkpoint(tmp_path / "checkpoint.pt")
    for name, weight in state["network"].items():
        assert torch.allclose(state["average"][name], weight, atol=1e-7)


@pytest.mark.parametrize(
    "changes", [{"form": "lstm", "decoder_layers": 2}, {"form": "decoder"}, {"positions": "order"}]
)
def test_every_form_is_trained_by_the_same_loop(music, tmp_path, changes):
    settings = replace(SETTINGS, network=replace(NETWORK, **changes))
    train(music, tmp_path, settings, device="cpu", stop_after=2)
    train(music, tmp_path, settings, device="cpu", resume=True)
    network, state = load_any(tmp_path / "checkpoint.pt")
    assert (network.settings, state["step"]) == (settings.network, 6)
    assert logged(tmp_path)[-1]["validation"]["ours"]["total"] > 0


def test_all_weights_without_muon(music, tmp_path):
    train(music, tmp_path, replace(SETTINGS, muon=False), device="cpu", stop_after=2)
    assert len(load_checkpoint(tmp_path / "checkpoint.pt")["optimisers"]) == 1


# What a run leaves behind


def test_a_run_says_what_it_was(straight):
    said = json.loads((straight / "settings.json").read_text())
    assert said["settings"]["network"]["memory"] == 64
    assert said["settings"]["seed"] == 1
    assert said["corpora"] == {"corpora": ["ours"]}
    assert said["pieces"] == {"train": 4, "valid": 2}
    assert said["livejam"] == __version__
    assert said["torch"] == torch.__version__
    assert said["commit"]
    assert said["weights"]["fiddle-abc"] > 0
    assert said["dropping"]["call"] > 0


def test_a_run_says_what_its_first_weights_have_learnt_from(music, straight, tmp_path):
    contract = export(straight / "checkpoint.pt", tmp_path / "net", weights=True)
    first = json.loads(contract.read_text())["training"]
    again = replace(SETTINGS, alone=0.0)
    train(music, tmp_path / "run", again, device="cpu", init=tmp_path / "net", stop_after=2)
    train(music, tmp_path / "run", again, device="cpu", resume=True, stop_after=3)
    said = json.loads(export(tmp_path / "run" / "checkpoint.pt", tmp_path / "again").read_text())["training"]
    assert said["begun_with"] == {"weights": "livejam.safetensors", "training": first}
    assert (first["step"], said["step"]) == (6, 3)


def test_first_weights_may_travel_alone(music, straight, tmp_path):
    export(straight / "checkpoint.pt", tmp_path, weights=True)
    (tmp_path / "livejam.json").unlink()
    train(music, tmp_path / "run", replace(SETTINGS, alone=0.0), device="cpu", init=tmp_path, stop_after=1)
    said = json.loads((tmp_path / "run" / "settings.json").read_text())
    assert said["begun_with"] == {"weights": "livejam.safetensors", "training": {}}


def test_a_run_logs_its_figures(straight):
    lines = logged(straight)
    assert [line["step"] for line in lines] == [4, 6]
    assert {"bits", "ahead", "end", "norm", "rate", "notes", "notes_per_second", "seconds"} <= set(lines[-1])
    assert set(lines[-1]["validation"]["ours"]) == {"delta", "pitch", "length", "velocity", "total", "notes"}
    assert 8 < lines[-1]["bits"] < 20


def test_a_run_draws_its_curves(straight):
    with Image.open(straight / "curves.png") as image:
        assert image.size[0] > 800
        assert len(image.convert("RGB").getcolors(1 << 20)) > 10


def test_a_run_reports_every_step(music, tmp_path):
    steps = []
    go_on(music, tmp_path, stop_after=3, report=lambda line: steps.append(line["step"]))
    assert steps == [1, 2, 3]


def test_music_without_a_validation_split_can_be_trained_on(tmp_path):
    music = corpus(tmp_path / "music", pieces=2)  # both for training
    go_on(music, tmp_path / "run", stop_after=1)
    assert logged(tmp_path / "run")[-1]["validation"] == {}


# What can be wrong


def complaint(*arguments, **options):
    with pytest.raises(LivejamError) as caught:
        train(*arguments, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_folder_that_holds_a_run(music, straight):
    assert "holds a run already; go on with it with --resume" in complaint(music, straight, SETTINGS, device="cpu")


def test_a_run_that_is_refused_leaves_the_music_of_the_run_before(music, straight, tmp_path):
    run, other = tmp_path / "run", tmp_path / "other"
    shutil.copytree(straight, run)
    shutil.copytree(music, run / "music")
    before = (run / "music" / "pieces.npz").read_bytes()
    write_midi(other / "tune.mid", [("tune", 0, [(480 * i, 480, 60 + i % 7, 80) for i in range(40)])])
    assert "holds a run already" in complaint(other, run, SETTINGS, device="cpu")
    assert (run / "music" / "pieces.npz").read_bytes() == before


@pytest.mark.parametrize("settings", [{}, {"network": {}, "tempo": 3}])
def test_a_run_of_another_livejam(straight, tmp_path, settings):
    state = load_checkpoint(straight / "checkpoint.pt")
    torch.save({**state, "settings": settings}, tmp_path / "checkpoint.pt")
    with pytest.raises(FileError, match=r"is of another livejam .*begin a new run, with its export: train --init"):
        chosen_settings(tmp_path, True, {})


def test_nothing_to_resume(music, tmp_path):
    said = complaint(music, tmp_path, SETTINGS, device="cpu", resume=True)
    assert f"no checkpoint at {tmp_path / 'checkpoint.pt'}; begin a run with: livejam train" in said
    assert not list(tmp_path.iterdir())


def test_a_network_of_another_size(music, straight):
    other = TrainingSettings(NetworkSettings(width=128), steps=6)
    said = complaint(music, straight, other, device="cpu", resume=True)
    assert "resume with the same sizes" in said


def test_a_weight_of_a_corpus_that_is_not_there(music, tmp_path):
    settings = replace(SETTINGS, weights={"jazz": 2.0})
    said = complaint(music, tmp_path / "run", settings, device="cpu")
    assert "a weight is given for 'jazz'" in said
    assert "there are: ours" in said


def test_no_corpus_is_to_be_heard(music, tmp_path):
    said = complaint(music, tmp_path / "run", replace(SETTINGS, weights={"ours": 0.0}), device="cpu")
    assert "is to be heard; give one a weight: --weight ours=1" in said
    assert not (tmp_path / "run").exists()


def test_weights_of_another_kind(music, tmp_path):
    from livejam.training.checkpoints import save_weights

    save_weights(Network(replace(NETWORK, hidden=64)), tmp_path / "livejam.safetensors")
    assert "holds the weights of another network" in complaint(
        music, tmp_path / "run", SETTINGS, device="cpu", init=tmp_path
    )


def test_too_little_music(tmp_path):
    music = corpus(tmp_path / "music", (5, 5))
    said = complaint(music, tmp_path / "run", SETTINGS, device="cpu")
    assert "too little music to train on: 0 phrases in parts of 16 notes or more" in said
    assert not (tmp_path / "run").exists()


def test_no_music(tmp_path):
    save_pieces(tmp_path, [], {})
    assert "too little music" in complaint(tmp_path, tmp_path / "run", SETTINGS, device="cpu")


def test_a_folder_without_music(tmp_path):
    assert "no MIDI files and no known corpora" in complaint(tmp_path, tmp_path / "run", SETTINGS, device="cpu")


@pytest.mark.parametrize("name", ["abacus", "meta9"])
def test_no_such_device(music, tmp_path, name):
    assert f"can't train on '{name}' here" in complaint(music, tmp_path, SETTINGS, device=name)


def test_a_run_that_can_not_be_written(music, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FileError, match=r"file can't be written to \(File exists\); name another folder"):
        go_on(music, tmp_path / "file")
