"""Weights in half precision, for another run to begin with."""

from dataclasses import replace

import pytest

pytest.importorskip("torch", reason="needs the train extra")

import torch

from livejam.errors import FileError
from livejam.training.checkpoints import chosen_settings, load_weights, save_weights
from livejam.training.layers import NetworkSettings
from livejam.training.model import Network

pytestmark = pytest.mark.train
TINY = NetworkSettings(width=64, encoder_layers=1, decoder_layers=1, key_heads=1, hidden=64, memory=32)


def test_a_run_can_begin_with_the_weights_of_another(tmp_path):
    network = Network(TINY)
    save_weights(network, tmp_path / "livejam.safetensors")
    settings, weights = load_weights(tmp_path)
    other = Network(settings)
    other.load_state_dict(weights)
    assert settings == TINY
    for name, weight in network.state_dict().items():
        torch.testing.assert_close(other.state_dict()[name], weight, rtol=2e-3, atol=1e-6)
    assert chosen_settings(tmp_path / "run", False, {"steps": 7}, tmp_path) == replace(
        chosen_settings(tmp_path / "run", False, {"steps": 7}), network=TINY, alone=0.0
    )


def test_a_run_that_begins_with_weights_has_the_usual_dropout_or_the_one_given(tmp_path):
    save_weights(Network(replace(TINY, dropout=0.0)), tmp_path / "livejam.safetensors")
    usual, given = (chosen_settings(tmp_path / "run", False, asked, tmp_path) for asked in ({}, {"dropout": 0.3}))
    assert usual.network.dropout == NetworkSettings().dropout > 0
    assert given.network.dropout == 0.3


def test_no_weights(tmp_path):
    with pytest.raises(FileError, match="no weights at"):
        load_weights(tmp_path)


def test_damaged_weights(tmp_path):
    (tmp_path / "livejam.safetensors").write_bytes(b"no weights")
    with pytest.raises(FileError, match="holds no weights of livejam"):
        load_weights(tmp_path)
