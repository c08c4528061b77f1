"""The yardsticks in PyTorch: they do what livejam's step does, with caches, and are of the sizes they claim."""

import json
import sys
from itertools import islice

import pytest

pytest.importorskip("torch", reason="needs the train extra: pip install 'livejam[train]'")

import torch

from livejam.controls import CONTROLS
from livejam.tokenizer import COLUMN, FIELDS, LIVEJAM, PREDICTED
from livejam.training import peers
from livejam.training.layers import NetworkSettings, Places
from livejam.training.model import Network
from livejam.training.peers import GAP, PEERS, step_times

pytestmark = pytest.mark.train
SIZES = NetworkSettings(width=64, encoder_layers=2, decoder_layers=1, key_heads=1, hidden=32, memory=32)


def parameters(network):
    return sum(weight.numel() for weight in network.parameters())


@pytest.mark.parametrize("name", ["pytorch", "pytorch-decoder"])
def test_a_step_makes_an_event_of_classes_that_exist(name):
    torch.manual_seed(3)
    peer = PEERS[name](SIZES)
    with torch.inference_mode():
        peer.begin(40)
        events = [peer.step() for _ in range(8)]
    for event in events:
        assert event.shape == (1, 1, len(FIELDS))
        assert all(0 <= event[0, 0, COLUMN[name]] < size for name, size in PREDICTED.items())
        assert event[0, 0, COLUMN["who"]] == LIVEJAM


def test_the_cached_steps_are_those_of_the_network_from_scratch(monkeypatch):
    """The last state of the decoder, step by step with caches and at once without."""
    torch.manual_seed(3)
    states, shape = [], (1, SIZES.key_heads, 5, SIZES.head_width)
    monkeypatch.setattr(peers, "sampled", lambda heads, state, event: states.append(state) or event)
    peer = PEERS["pytorch"](SIZES)
    heard = [(torch.randn(shape), torch.randn(shape)) for _ in range(SIZES.decoder_layers)]
    with torch.inference_mode():
        peer.begin(5)
        for cache, kept in zip(peer.caches, heard, strict=True):
            for places, fresh in zip(cache, kept, strict=True):
                places[:, :, :5] = fresh
        for _ in range(4):
            peer.step()
        at = Places(GAP * torch.arange(5, 9)[None], torch.arange(5, 9)[None])
        mask = torch.ones(4, 9, dtype=torch.bool).tril(5)[None, None]
        events, controls = (torch.zeros(1, 4, n, dtype=torch.int64) for n in (len(FIELDS), len(CONTROLS)))
        at_once = peer.network.decode(events, at, mask, heard, controls)[0]
    assert torch.allclose(torch.cat(states), at_once, atol=1e-5)


def test_a_decoder_alone_is_as_large_as_the_network():
    whole, alone = parameters(Network(SIZES)), PEERS["pytorch-decoder"](SIZES).network
    assert abs(whole - parameters(alone)) < parameters(alone.decoder[0])


def test_as_many_steps_are_timed_as_asked():
    with torch.inference_mode():
        took = list(step_times(PEERS["pytorch"](SIZES), 20, 7))
    assert len(took) == 7
    assert min(took) > 0


def test_it_speaks_in_lines(monkeypatch, capsys):
    sizes = json.dumps({"width": 64, "encoder_layers": 1, "decoder_layers": 1, "key_heads": 1, "hidden": 32})
    monkeypatch.setattr(sys, "argv", ["peers", "pytorch-decoder", sizes])
    monkeypatch.setattr(sys, "stdin", iter(["20 3\n", "200 2\n"]))
    peers.main()
    about, *answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert about["weights"] == "random"
    assert [len(answer) for answer in islice(answers, 2)] == [3, 2]
