"""Any form of the network as a scorer for `livejam.evaluation`, straight from PyTorch and from scratch each time.

Slow beside the exported graphs, but it needs none, so that a decoder alone or an LSTM is scored by the same exam.
Knows nothing of corpora. Ticks. One thread.
"""

from collections.abc import Sequence

import numpy as np
import torch

from livejam import tokenizer as tok
from livejam.controls import CONTROLS
from livejam.notes import TickNote
from livejam.tokenizer import Context
from livejam.training.batches import Packer
from livejam.training.data import PLAIN, PREDICTED_COLUMNS, Window, answers_of, room
from livejam.training.model import Foreteller


class NetworkScorer:
    """Hears phrases, as far as the network's memory goes, and says how likely another one is next."""

    def __init__(self, network: Foreteller) -> None:
        self._network, self._memory = network.eval(), network.settings.memory
        self.restart()

    def restart(self) -> None:
        """Forget everything."""
        self._rows: list[np.ndarray] = []  # of each phrase (N, F)
        self._notes: list[TickNote] = []

    def hear(self, notes: Sequence[TickNote], context: Context, player: bool) -> None:
        """Append one phrase to the memory."""
        who = tok.PLAYER if player else tok.LIVEJAM
        self._rows.append(tok.encode(notes, context, who, self._last))
        self._notes.extend(notes)

    @torch.no_grad()
    def score(self, notes: Sequence[TickNote], context: Context) -> np.ndarray:
        """Return log2-probabilities (N + 1, 4) of delta, pitch, length, velocity; the last row is END and zeros."""
        began = tok.start_onset(notes[0].onset, context.metre)
        item = self._window(notes, context, began)
        packer = Packer(1, row_size(item))
        packer.add(item)
        found = self._network.log_probabilities(packer.batch())[0].numpy() / np.log(2)
        result = found[: len(item.answer)][item.phrase == item.phrase[-1]].astype(float)
        result[-1, 1:] = 0
        return result

    @property
    def _last(self) -> TickNote | None:
        return self._notes[-1] if self._notes else None

    def _window(self, notes: Sequence[TickNote], context: Context, began: int) -> Window:
        """Return what is remembered, and `notes` as the last answer to it, which `began` then if nothing is."""
        rows = [*self._rows, tok.encode(notes, context, tok.LIVEJAM, self._last, began)]
        heard, n = np.concatenate(rows), min(len(self._notes), self._memory) + len(notes)
        begins = np.cumsum([0, *map(len, rows)]) - (len(heard) - n)
        begins = np.unique(np.maximum(begins, 0))
        onset = np.array([note.onset for note in [*self._notes, *notes][-n:]])
        onset -= onset[0] if self._notes else began
        told = answers_of(heard[-n:], onset, begins, True, np.random.default_rng(0), PLAIN)
        controls = np.zeros((len(told[0]), len(CONTROLS)), np.int64)
        return Window(heard[-n:], onset, np.full(n, -1), heard[-n:, PREDICTED_COLUMNS], *(*told, controls))


def row_size(item: Window) -> int:
    """Return the size of a row in which a window has room."""
    size = max(len(item.heard), len(item.answer) * 8 // 9)
    while room(size) < len(item.answer):
        size += 1
    return size
