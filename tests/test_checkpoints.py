"""Settings of a run, and checkpoints that are not what they should be."""

from dataclasses import asdict, replace

import pytest

pytest.importorskip("torch", reason="needs the train extra: pip install 'livejam[train]'")

import torch

from livejam.errors import FileError
from livejam.training.checkpoints import TrainingSettings, chosen_settings, load_any, load_checkpoint, load_network
from livejam.training.layers import NetworkSettings
from livejam.training.model import Network
from livejam.training.variants import build

pytestmark = pytest.mark.train

TINY = NetworkSettings(width=64, encoder_layers=1, decoder_layers=1, key_heads=1, hidden=32)


@pytest.fixture
def checkpoint(tmp_path):
    """A checkpoint of a network that has learned nothing."""
    path = tmp_path / "checkpoint.pt"
    state = {
        "settings": asdict(TrainingSettings(TINY, steps=77, seed=5)), "step": 3, "notes": 9, "seconds": 1.0,
        "network": Network(TINY).state_dict(), "alone": False, "optimisers": [], "random": torch.get_rng_state(),
    }  # fmt: skip
    torch.save(state, path)
    return path


def altered(checkpoint, **changes):
    torch.save({**load_checkpoint(checkpoint), **changes}, checkpoint)
    return checkpoint


def test_a_checkpoint_of_a_decoder_alone_hears_as_it_answers(checkpoint):
    network = load_any(altered(checkpoint, alone=True))[0]
    assert all(
        torch.equal(one, other)
        for one, other in zip(network.encoder.parameters(), network.decoder.parameters(), strict=True)
    )


# Settings


def test_a_new_run_has_our_settings(tmp_path):
    assert chosen_settings(tmp_path, False, {}) == TrainingSettings()
    assert chosen_settings(tmp_path, False, {"steps": 9, "seed": 4}) == TrainingSettings(steps=9, seed=4)


def test_a_run_that_resumes_has_its_own(checkpoint):
    own = TrainingSettings(TINY, steps=77, seed=5)
    assert chosen_settings(checkpoint.parent, True, {}) == own
    assert chosen_settings(checkpoint.parent, True, {"steps": 99}) == replace(own, steps=99)


@pytest.mark.parametrize("width", range(64, 1025, 64))
def test_every_multiple_of_64_makes_a_network(tmp_path, width):
    network = chosen_settings(tmp_path, False, {"width": width}).network
    assert network.width == width
    assert network.heads % network.key_heads == 0
    assert 1 <= network.key_heads <= max(1, network.heads // 2)
    assert network.hidden % 32 == 0
    assert 2 * width < network.hidden <= 3 * width


def test_our_own_width_keeps_our_own_sizes(tmp_path):
    assert chosen_settings(tmp_path, False, {"width": TrainingSettings().network.width}) == TrainingSettings()


@pytest.mark.parametrize("width", [65, 100, 250])
def test_a_width_that_can_not_be_cut(tmp_path, width):
    with pytest.raises(FileError, match=f"width of {width} can't be cut into heads of 64; 128, 256, 384 can"):
        chosen_settings(tmp_path, False, {"width": width})


def test_no_run_has_no_settings(tmp_path):
    with pytest.raises(FileError, match="no checkpoint at"):
        chosen_settings(tmp_path, True, {})


def test_sizes_variants_dropout_and_weights_of_corpora_can_be_given(tmp_path):
    assert chosen_settings(tmp_path, False, {"size": "base"}) == TrainingSettings()
    small = chosen_settings(tmp_path, False, {"size": "small", "dropout": 0.3}).network
    assert (small.width, small.decoder_layers, small.dropout) == (192, 4, 0.3)
    lstm = chosen_settings(tmp_path, False, {"variant": "lstm"})
    assert (lstm.network.form, lstm.dropping.call) == ("lstm", 0)
    bare = chosen_settings(tmp_path, False, {"variant": "no-aux"})
    assert (bare.ahead, bare.phrase_end) == (0, 0)
    weights = chosen_settings(tmp_path, False, {"weights": {"wjazzd": 9.0}}).weights
    assert weights == {**TrainingSettings().weights, "wjazzd": 9.0}


def test_steps_take_the_place_of_minutes(checkpoint):
    altered(checkpoint, settings=asdict(TrainingSettings(TINY, minutes=5)))
    assert chosen_settings(checkpoint.parent, True, {}).minutes == 5
    assert chosen_settings(checkpoint.parent, True, {"minutes": 7}).minutes == 7
    assert chosen_settings(checkpoint.parent, True, {"steps": 9}).minutes is None


@pytest.mark.parametrize(
    ("given", "said"),
    [({"size": "huge"}, "no size is called 'huge'"), ({"variant": "best"}, "no variant is called 'best'; there are")],
)
def test_unknown_names_are_refused(tmp_path, given, said):
    with pytest.raises(FileError, match=said):
        chosen_settings(tmp_path, False, given)


# Checkpoints


def complaint(load, path):
    with pytest.raises(FileError) as caught:
        load(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_a_network_comes_back(checkpoint):
    network, state = load_network(checkpoint)
    assert not network.training
    assert state["step"] == 3
    assert all(torch.equal(a, b) for a, b in zip(network.state_dict().values(), state["network"].values(), strict=True))


def test_another_form_can_not_be_exported(checkpoint):
    lstm = replace(TINY, form="lstm")
    settings = asdict(TrainingSettings(lstm))
    altered(checkpoint, settings=settings, network=build(lstm).state_dict())
    assert load_any(checkpoint)[0].settings == lstm
    assert "holds a network of the form 'lstm', which can't be exported" in complaint(load_network, checkpoint)


def test_no_checkpoint(tmp_path):
    assert "begin a run with: livejam train DATA -o" in complaint(load_network, tmp_path / "checkpoint.pt")


def test_a_folder_is_no_checkpoint(tmp_path):
    assert "is no checkpoint of livejam" in complaint(load_checkpoint, tmp_path)


@pytest.mark.parametrize("content", [b"", b"not at all", b"PK\x03\x04 and no more", None])
def test_a_damaged_checkpoint(checkpoint, content):
    whole = checkpoint.read_bytes()
    checkpoint.write_bytes(whole[: len(whole) // 2] if content is None else content)
    assert "is no checkpoint of livejam (" in complaint(load_checkpoint, checkpoint)


@pytest.mark.parametrize("other", [[1, 2], {"settings": {}}, torch.zeros(3)])
def test_a_file_of_other_things(checkpoint, other):
    torch.save(other, checkpoint)
    assert "it lacks what livejam train keeps" in complaint(load_checkpoint, checkpoint)


@pytest.mark.parametrize(
    "changes",
    [
        {"settings": {}},
        {"settings": {"network": {"width": 64, "rooms": 3}}},
        {"settings": {"network": asdict(NetworkSettings(width=128))}},
        {"network": {}},
    ],
)
def test_a_network_of_another_kind(checkpoint, changes):
    assert "holds a network of another kind (" in complaint(load_network, altered(checkpoint, **changes))
