"""The other forms of the network, trained and scored by the same code, for comparison: `build` makes any of them.

A stack is a decoder alone: one causal Transformer over all answers of a window in a row, each with its start event,
which is the usual language model of a session. It hears with the same layers with which it answers. Letters as in
`model`.
"""

from collections.abc import Callable, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from livejam.errors import FileError
from livejam.training.lstm import Recurrent
from livejam.training.model import (
    Batch,
    EncoderLayer,
    Foreteller,
    Network,
    NetworkSettings,
    Norm,
    Owners,
    angles,
    begin_residuals,
    initialise,
)  # fmt: skip


class Stack(Foreteller):
    """A decoder alone, of `decoder_layers` layers."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__(settings)
        s = settings
        self.decoder = cast("Sequence[EncoderLayer]", nn.ModuleList(EncoderLayer(s) for _ in range(s.decoder_layers)))
        self.decoder_norm = Norm(s.width)
        self.apply(initialise)
        begin_residuals(self, 2 * s.decoder_layers)

    def states(self, batch: Batch) -> Tensor:
        """Return the state (B, T, D) after each event of the answers."""
        x = self.embedding(batch.answer) + self.controls(batch.controls)
        angle, mask = angles(batch.answer_at, self.settings.positions), in_a_row(batch.owners)
        for layer in self.decoder:
            x = layer(x, angle, mask, self._rate(batch.answer_scarcity))
        return self.decoder_norm(x)


def in_a_row(owners: Owners) -> Tensor:
    """Return the mask (B, 1, T, T) of a decoder alone: all before in the window; of the same answer, where deaf."""

    def same(ids: Tensor) -> Tensor:
        return ids[:, :, None] == ids[:, None, :]

    n = owners.window.shape[1]
    seen = torch.where(owners.deaf[:, :, None], same(owners.phrase), same(owners.window))
    return (seen & torch.ones(n, n, dtype=torch.bool, device=seen.device).tril())[:, None]


FORMS: dict[str, Callable[[NetworkSettings], Foreteller]] = {
    "encoder-decoder": Network,
    "decoder": Stack,
    "lstm": Recurrent,
}


def build(settings: NetworkSettings) -> Foreteller:
    """Return a new network of the form that `settings` says.

    Raises:
        FileError: there is no such form.
    """
    if settings.form not in FORMS:
        raise FileError(f"a network can't have the form {settings.form!r}; there are: {', '.join(FORMS)}")
    return FORMS[settings.form](settings)
