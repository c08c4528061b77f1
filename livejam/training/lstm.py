"""An LSTM (Hochreiter and Schmidhuber 1997) in place of the Transformer, as a yardstick: same events, heads and data.

It reads the answers of a window in a row, each with its start event, as the `Stack` of `variants` does, and begins
anew with every window. It can't be made deaf to a call: train it with none withheld. Letters as in `model`.
"""

import torch
from torch import Tensor, nn

from livejam.training.layers import NetworkSettings, Norm, dropped, initialise
from livejam.training.model import Batch, Foreteller


class Recurrent(Foreteller):
    """`decoder_layers` layers of `hidden` cells."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__(settings)
        s = settings
        self.lstm = nn.LSTM(s.width, s.hidden, s.decoder_layers, batch_first=True)
        self.out = nn.Linear(s.hidden, s.width, bias=False)
        self.decoder_norm = Norm(s.width)
        self.apply(initialise)

    def states(self, batch: Batch) -> Tensor:
        """Return the state (B, T, D) after each event of the answers."""
        rate = self._rate(batch.answer_scarcity)
        x = dropped(self.embedding(batch.answer) + self.controls(batch.controls), rate)
        owner = batch.owners.window
        state = torch.zeros_like(x)
        if not (owner >= 0).any():
            return state
        row, start, length = windows(owner)
        steps = torch.arange(int(length.max()), device=owner.device)
        inside = steps < length[:, None]  # (W, L)
        place = (start[:, None] + steps).clamp(max=owner.shape[1] - 1)
        read = self.lstm(x[row[:, None], place])[0]  # what is read beyond a window's end counts for nothing
        found = self.decoder_norm(self.out(read))
        found = dropped(found, None if rate is None else rate[row[:, None], place])
        return state.index_put((row[:, None].expand_as(place)[inside], place[inside]), found[inside].to(state.dtype))


def windows(owner: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return row, first place and length (W,) of each window, of the windows' numbers (B, T), -1 being none."""
    before = torch.nn.functional.pad(owner, (1, 0), value=-1)[:, :-1]
    row, start = torch.nonzero((owner != before) & (owner >= 0), as_tuple=True)
    length = (owner[row] == owner[row, start][:, None]).sum(1)
    return row, start, length
