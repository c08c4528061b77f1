"""Sizes of the network to choose from, and variants of it to compare: names -> settings.

What is compared in `ablation`. Knows nothing of corpora or of the training loop.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from livejam.errors import FileError
from livejam.training.layers import NetworkSettings
from livejam.training.variants import build

SIZES = {  # width, layers of the encoder, layers of the decoder, whose cost alone is heard
    "small": (192, 4, 4),
    "base": (256, 4, 4),
    "large": (384, 6, 6),
}


def sized(settings: NetworkSettings, size: str) -> NetworkSettings:
    """Return `settings` with the sizes called `size`.

    Raises:
        FileError: there are none.
    """
    if size not in SIZES:
        raise FileError(f"no size is called {size!r}; there are: {', '.join(SIZES)}")
    width, encoder_layers, decoder_layers = SIZES[size]
    return replace(widened(settings, width), encoder_layers=encoder_layers, decoder_layers=decoder_layers)


def widened(settings: NetworkSettings, width: int) -> NetworkSettings:
    """Return `settings` with another width, and what goes with it.

    Raises:
        FileError: it can't be cut into heads.
    """
    if width == settings.width:
        return settings
    if width % settings.head_width:
        raise FileError(f"a width of {width} can't be cut into heads of {settings.head_width}; 128, 256, 384 can")
    heads = width // settings.head_width
    key_heads = max(keys for keys in range(1, max(2, heads // 2 + 1)) if heads % keys == 0)
    return replace(settings, width=width, hidden=round(width * 2.75 / 32) * 32, key_heads=key_heads)


def parameters(settings: NetworkSettings) -> int:
    """Return how many parameters a network has."""
    return sum(weight.numel() for weight in build(settings).parameters())


def _decoder_alone(s: NetworkSettings) -> NetworkSettings:
    """A decoder alone of the same step."""
    return replace(s, form="decoder", encoder_layers=0)


def decoder_as_large(s: NetworkSettings) -> NetworkSettings:
    """A decoder alone of about as many parameters."""
    most, layers = parameters(s), 1
    while parameters(replace(s, form="decoder", encoder_layers=0, decoder_layers=layers + 1)) < 1.05 * most:
        layers += 1
    return replace(s, form="decoder", encoder_layers=0, decoder_layers=layers)


def _recurrent(s: NetworkSettings) -> NetworkSettings:
    """An LSTM of two layers and about as many parameters."""
    most, lstm = parameters(s), replace(s, form="lstm", encoder_layers=0, decoder_layers=2, hidden=32)
    while parameters(larger := replace(lstm, hidden=lstm.hidden + 32)) <= most:
        lstm = larger
    return lstm


NetworkVariant = Callable[[NetworkSettings], NetworkSettings]
VARIANTS: dict[str, tuple[NetworkVariant, dict[str, Any]]] = {  # the network's settings, and those of the training
    "plain": (lambda s: s, {}),
    "decoder": (_decoder_alone, {}),
    "decoder-as-large": (decoder_as_large, {}),
    "lstm": (_recurrent, {"call": 0.0}),  # it can't be made deaf
    "lstm-adamw": (_recurrent, {"call": 0.0, "muon": False}),
    "order": (lambda s: replace(s, positions="order"), {}),
    "together": (lambda s: s, {"alone": 0.0}),
    "deep": (lambda s: replace(s, encoder_layers=s.encoder_layers + 2, decoder_layers=s.decoder_layers - 1), {}),
    "no-aux": (lambda s: s, {"ahead": 0.0, "phrase_end": 0.0}),
    "no-dropout": (lambda s: replace(s, dropout=0.0), {}),
    "small": (lambda s: sized(s, "small"), {}),
    "large": (lambda s: sized(s, "large"), {}),
}
