"""The export and its proof, on tiny networks of random weights."""

import hashlib
import json
from dataclasses import asdict, replace

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the train extra: pip install 'livejam[train]'")

import onnx
import onnxruntime
import torch
from make_tiny_model import FOLDER, make, random_network
from music import walk

from livejam import __version__, tokenizer
from livejam.contract import load_contract
from livejam.controls import CONTROLS
from livejam.decoder import Decoder
from livejam.errors import FileError, ModelError
from livejam.notes import Metre
from livejam.tokenizer import COLUMN, Context
from livejam.training import proof
from livejam.training.checkpoints import TrainingSettings
from livejam.training.export import export, write
from livejam.training.graph import BLOCK, Graph, quantised
from livejam.training.layers import CHOSEN, NetworkSettings, Places

pytestmark = pytest.mark.train

SMALL = NetworkSettings(width=128, encoder_layers=2, decoder_layers=2, key_heads=1, hidden=64, memory=128)
SLIDING = NetworkSettings(width=64, encoder_layers=2, decoder_layers=1, key_heads=1, hidden=32, memory=32)
FOUR = Context(Metre(4, 4))
ONE_MORE = onnxruntime.__version__.startswith("1.23.")  # its windows are a note larger where one hears


@pytest.fixture(scope="module")
def network():
    return random_network(SMALL)


# The proof


def test_an_export_proves_itself(network):
    found = proof.prove_network(network)
    assert found.notes > 10
    assert 0 < found.difference < proof.TOLERANCE
    assert found.difference < found.int8_difference < 0.3
    assert f"{found.notes} greedy notes equal PyTorch's, cached and uncached" in str(found)


def test_an_encoder_may_be_deeper_than_its_decoder():
    assert proof.prove_network(random_network(replace(SMALL, encoder_layers=3))).notes > 10


def exporting(other):
    """Return a `write` that exports another network than it is given."""
    return lambda network, *arguments, **options: write(other, *arguments, **options)


def test_other_notes_are_no_proof(network, monkeypatch):
    monkeypatch.setattr(proof, "write", exporting(random_network(SMALL, seed=2)))
    with pytest.raises(ModelError, match=r"the exported graphs, cached, play .*, PyTorch plays"):
        proof.prove_network(network)


def test_a_small_difference_is_no_proof(network, monkeypatch):
    other = random_network(SMALL)
    with torch.no_grad():
        other.heads.velocity.out.bias += 0.01 * torch.arange(17) / 16
    monkeypatch.setattr(proof, "write", exporting(other))
    monkeypatch.setattr(proof, "_same_notes", lambda *_: 1)
    with pytest.raises(ModelError, match=r"differ from PyTorch by .* bits, more than 1e-03"):
        proof.prove_network(network)


@torch.no_grad()
def banded_score(network, line, answer):
    """Return the deltas' scores, from scratch in PyTorch: a note sees as many as the memory holds, itself included."""
    sight, last = network.settings.memory, line[-1]
    reach = sight + ONE_MORE
    events = torch.from_numpy(tokenizer.encode(line, FOUR, tokenizer.PLAYER, None))[None]
    rows = tokenizer.encode(answer, FOUR, tokenizer.LIVEJAM, last)
    rows = torch.from_numpy(np.concatenate([tokenizer.start_event(last, last.onset, FOUR)[None], rows]))[None]
    s, t = len(line), rows.shape[1]
    ages = torch.arange(s)[:, None] - torch.arange(s)
    heard_at = Places(torch.tensor([[note.onset for note in line]]), torch.arange(s)[None])
    onsets = torch.tensor([[last.onset, *(note.onset for note in answer)]])
    at = Places(onsets, torch.arange(s - 1, s - 1 + t)[None])
    kept = network.encode(events, heard_at, ((ages >= 0) & (ages < reach))[None, None]).kept
    sees = (torch.arange(s) >= s - network.settings.memory).expand(1, 1, t, -1)
    mask = torch.cat([sees, torch.ones(t, t, dtype=torch.bool).tril()[None, None]], dim=-1)
    state = network.decode(rows, at, mask, kept, torch.zeros(1, t, len(CONTROLS), dtype=torch.int64))
    logits = network.heads(state, rows[..., COLUMN["pitch"]], torch.zeros(1, t, len(CHOSEN), dtype=torch.int64))[0]
    deltas = torch.log_softmax(logits[0], -1).numpy() / np.log(2)
    return deltas[np.arange(t), [*rows[0, 1:, COLUMN["delta"]].tolist(), tokenizer.END]]


@pytest.mark.parametrize("heard", [20, 32, 33, 48, 49, 150])
def test_sliding_is_looking_back_so_far_and_no_further(heard, tmp_path, monkeypatch):
    network = random_network(SLIDING)
    write(network, tmp_path, {}, bits=32, name="sliding")
    decoder, line = Decoder(tmp_path / "sliding.onnx"), walk(heard)
    monkeypatch.setattr("livejam.decoder.CHUNK", 7)
    decoder.hear(line, FOUR, player=True)
    answer = walk(5, 9, line[-1].onset)
    assert decoder.score(answer, FOUR)[:, 0] == pytest.approx(banded_score(network, line, answer), abs=1e-3)


# The files


def test_the_contract_says_everything(network, tmp_path):
    path = write(network, tmp_path, {"step": 7}, bits=8, name="small")
    contract = load_contract(tmp_path / "small.onnx")
    assert path == tmp_path / "small.json"
    assert contract["network"] == asdict(SMALL)
    assert contract["controls"] == CONTROLS
    assert contract["chart"] == [512, 12]
    assert contract["caches"] == {"heard": 192, "answer": 512, "memory": 128, "key_heads": 1, "head_width": 64}
    assert contract["parameters"] == sum(weight.numel() for weight in network.parameters())
    said = [contract[name] for name in ("contract", "livejam", "opset", "weights", "training")]
    assert said == [3, __version__, 23, "int8", {"step": 7}]
    for described in contract["graphs"].values():
        data = (tmp_path / described["file"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == described["sha256"]
        graph = onnx.load_from_string(data).graph
        assert [value.name for value in graph.input] == described["inputs"]
        assert [value.name for value in graph.output] == described["outputs"]


@pytest.mark.parametrize("bits", [32, 8, 4])
def test_the_same_network_gives_the_same_bytes(network, tmp_path, bits):
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
        write(random_network(SMALL), tmp_path / folder, {}, bits=bits)
    for name in ("livejam.onnx", "livejam-hear.onnx", "livejam.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


def test_int8_is_smaller(network, tmp_path):
    sizes = []
    for bits in (32, 8, 4):
        write(network, tmp_path, {}, bits=bits)
        sizes.append((tmp_path / "livejam.onnx").stat().st_size)
    assert sizes[1] < 0.6 * sizes[0]


def test_the_committed_tiny_network_is_what_its_script_makes(tmp_path):
    """If this fails because the graphs have changed on purpose: python tests/make_tiny_model.py."""
    committed, fresh = Decoder(FOLDER / "tiny.onnx"), Decoder(make(tmp_path))
    for kind in ("answer", "hear"):
        for names in ("inputs", "outputs"):
            assert committed.contract["graphs"][kind][names] == fresh.contract["graphs"][kind][names]
    for decoder in (committed, fresh):
        decoder.hear(walk(100), FOUR, player=True)
    answer = walk(10, 2, walk(100)[-1].onset)
    assert committed.score(answer, FOUR) == pytest.approx(fresh.score(answer, FOUR), abs=1e-4)


# Checkpoints to files


@pytest.fixture
def checkpoint(network, tmp_path):
    path = tmp_path / "run" / "checkpoint.pt"
    path.parent.mkdir()
    settings = asdict(replace(TrainingSettings(), network=SMALL))
    state = {"settings": settings, "step": 5, "notes": 99, "seconds": 1800.0, "network": network.state_dict()}
    torch.save({**state, "alone": False, "optimisers": [], "random": torch.get_rng_state()}, path)
    return path


def test_a_checkpoint_is_exported_with_its_history(checkpoint, tmp_path):
    (checkpoint.parent / "settings.json").write_text(json.dumps({"corpora": ["ours"]}))
    export(checkpoint, tmp_path / "new" / "folder", bits=32)
    contract = load_contract(tmp_path / "new" / "folder" / "livejam.onnx")
    assert contract["training"] == {"corpora": ["ours"], "step": 5, "notes": 99, "hours": 0.5}
    assert contract["weights"] == "float32"


def test_a_checkpoint_alone_is_enough(checkpoint, tmp_path):
    assert proof.prove(checkpoint).notes > 10
    export(checkpoint, tmp_path / "out")
    assert Decoder(tmp_path / "out" / "livejam.onnx").contract["training"]["step"] == 5


def test_nothing_is_written_without_a_checkpoint(tmp_path):
    with pytest.raises(FileError, match="no checkpoint at"):
        export(tmp_path / "checkpoint.pt", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_can_not_be_written(checkpoint, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FileError, match=r"file can't be written to \(File exists\)"):
        export(checkpoint, tmp_path / "file")


# Weights in eight bits


def test_eight_bits_are_nearly_enough():
    weight = np.random.default_rng(1).normal(0, 0.1, (24, 2 * BLOCK)).astype(np.float32)
    values, scales = quantised(weight)
    assert (values.shape, values.dtype, scales.shape) == ((24, 2, BLOCK), np.uint8, (48,))
    assert values.min() >= 1  # symmetric
    back = (values.astype(np.float32) - 128) * scales.reshape(24, 2, 1)
    assert (np.abs(back.reshape(weight.shape) - weight) <= np.repeat(scales.reshape(24, 2), BLOCK, 1) / 2 + 1e-7).all()


@pytest.mark.parametrize("bits", [4, 8])
def test_bits_are_packed_as_the_runtime_reads_them(bits):
    """What it multiplies is what was meant, to the grain of the weights."""
    g, rng = Graph("one", bits), np.random.default_rng(1)
    weight = rng.normal(size=(24, 64)).astype(np.float32)
    g.named("Identity", [g.linear("x", "w", weight)], ["y"])
    shape = {"x": (onnx.TensorProto.FLOAT, (1, 64))}, {"y": (onnx.TensorProto.FLOAT, (1, 24))}
    session = onnxruntime.InferenceSession(g.model(*shape, {}).SerializeToString(), providers=["CPUExecutionProvider"])
    values, scales = quantised(weight, bits)
    assert values.shape == (24, 2, 4 * bits)
    whole = values if bits == 8 else np.stack([values & 15, values >> 4], -1).reshape(24, 2, BLOCK)
    meant = ((whole.astype(float) - 2 ** (bits - 1)) * scales.reshape(24, 2, 1)).reshape(24, 64)
    assert np.abs(meant - weight).max() <= scales.max() / 2 + 1e-6
    for column in (0, 1, 33):
        x = np.zeros((1, 64), np.float32)
        x[0, column] = 1
        assert session.run(["y"], {"x": x})[0][0] == pytest.approx(meant[:, column], abs=0.02)


def test_no_weight_stays_none():
    values, scales = quantised(np.zeros((1, BLOCK), np.float32))
    assert (values == 128).all()
    assert np.isfinite(scales).all()


def test_equal_constants_are_kept_once():
    g = Graph("test", bits=32)
    one = g.constant([1], np.int64)
    assert g.constant([1], np.int64) == one
    assert len({one, g.constant(1, np.int64), g.constant([1], np.int32), g.constant([2], np.int64)}) == 4
