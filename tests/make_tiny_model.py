#!/usr/bin/env python3
"""Write tests/data/tiny.onnx, tiny-hear.onnx and tiny.json: a network of random weights, as small as networks go.

    python tests/make_tiny_model.py [FOLDER]

It has never seen music, but all of its parts count, and its memory is so short that it slides in every longer test.
Weights are multiples of 1/64: the files are the same on every machine, and compress well.
"""

import sys
from pathlib import Path

import numpy as np
import torch

from livejam.training.export import write
from livejam.training.layers import NetworkSettings
from livejam.training.model import Network

FOLDER = Path(__file__).parent / "data"
SETTINGS = NetworkSettings(width=64, encoder_layers=1, decoder_layers=1, key_heads=1, hidden=32, memory=32)


@torch.no_grad()
def random_network(settings: NetworkSettings = SETTINGS, seed: int = 5) -> Network:
    """Return a network whose every weight matters."""
    rng, network = np.random.default_rng(seed), Network(settings)
    for name, weight in network.named_parameters():
        if "norm" not in name:
            spread = 0.25 if name.endswith("table.weight") else 1.5 / settings.width**0.5
            drawn = rng.normal(0, spread, tuple(weight.shape))
            weight.copy_(torch.from_numpy(np.round(drawn * 64) / 64))
    return network.eval()


def make(folder: Path) -> Path:
    """Write the files; return the graph's path."""
    return write(random_network(), folder, {}, bits=32, name="tiny").with_suffix(".onnx")


if __name__ == "__main__":
    print(make(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER))
