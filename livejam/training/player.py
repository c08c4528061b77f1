"""Any form of the network as a player for `livejam.cases`, straight from PyTorch and from scratch at every note.

Slow beside the exported graphs, but it needs none, so that a decoder alone or an LSTM answers the same calls under the
same policy. Blends nothing: `follow`, `insist` and `idiom` are for the decoder. Ticks. One thread; the same generator
gives the same answer.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from livejam import tokenizer as tok
from livejam.comparison import ONE_ANSWER
from livejam.decoder import PART, Sampling
from livejam.errors import FileError
from livejam.evaluation import LIVEJAM, MARKOV, WITHHELD
from livejam.likeness import PEOPLE
from livejam.markov_player import draw
from livejam.notes import TickNote
from livejam.tokenizer import COLUMN, DELTA_TICKS, LENGTH_TICKS, PREDICTED, Context
from livejam.training.batches import Packer
from livejam.training.checkpoints import load_any
from livejam.training.layers import CHOSEN, WITH_DELTA
from livejam.training.scoring import NetworkScorer, row_size

LONGEST = 128  # notes of an answer
TAKEN = (LIVEJAM, ONE_ANSWER, WITHHELD, MARKOV, PEOPLE)  # names of rows in the tables


def load_players(files: Sequence[Path]) -> dict[str, "NetworkPlayer"]:
    """Return the networks in checkpoints or files of weights, by the names of the folders they are in.

    Raises:
        FileError: there is no network, two have the same name, or one has that of another row.
    """
    players: dict[str, NetworkPlayer] = {}
    for file in files:
        name = file.absolute().parent.name
        if name in players:
            raise FileError(f"two networks come from folders called {name!r}; rename the folder of {file}")
        if name in TAKEN:
            raise FileError(f"{name!r} is the name of another row; rename the folder of {file}")
        players[name] = NetworkPlayer(load_any(file)[0])
    return players


class NetworkPlayer(NetworkScorer):
    """Hears phrases, and makes up answers to them."""

    @torch.no_grad()
    def answer(
        self, context: Context, sampling: Sampling, rng: np.random.Generator, start: int = 0
    ) -> Iterator[TickNote]:
        """Yield an answer to what was heard, from `start` ticks on if that is nothing, up to its end."""
        onset = began = self._last.onset if self._last else tok.start_onset(start, context.metre)
        made: list[TickNote] = []
        chord = 0
        while len(made) < LONGEST:
            bias = sampling.bias.copy()
            if sampling.steer:
                sampling.steer(bias, len(made), onset - began, chord, made[0].onset - began if made else None)
            note = self._next(made, began, context, sampling, bias, rng)
            if note is None:
                return
            chord = chord + 1 if made and note.onset == onset else 1
            onset = note.onset
            made.append(note)
            yield note

    def _next(
        self, made: list[TickNote], began: int, context: Context, sampling: Sampling, bias: np.ndarray,
        rng: np.random.Generator,
    ) -> TickNote | None:  # fmt: skip
        """Draw the note after `made`, attribute after attribute; None: the answer is over."""
        onset = made[-1].onset if made else began
        state, pitch = self._state(made, began, context)
        chosen, found = torch.zeros(1, len(CHOSEN), dtype=torch.int64), dict.fromkeys(PREDICTED, 0)
        for i, name in enumerate(PREDICTED):
            logits = self._network.heads(state, pitch, chosen)[i][0].float().numpy()
            found[name] = draw(logits + bias[PART[name]], sampling, rng)
            if found["delta"] == tok.END:
                return None
            told = _note(found, onset)
            names = WITH_DELTA if name == "delta" else (name,) if name in CHOSEN else ()
            for each in names:
                known = found[name] if each == name else self._place(told, context)[COLUMN[each]]
                chosen[0, CHOSEN.index(each)] = known
        return told

    def _state(self, made: list[TickNote], began: int, context: Context) -> tuple[Tensor, Tensor]:
        """Return the state (1, D) from which the next note is drawn, and the pitch (1,) before it."""
        unseen = TickNote(made[-1].onset if made else began, tok.MIDDLE_C, 1, 0)
        item = self._window([*made, unseen], context, began)
        packer = Packer(1, row_size(item))
        packer.add(item)
        batch, place = packer.batch(), len(item.answer) - 2
        return self._network.states(batch)[:, place], batch.answer[:, place, COLUMN["pitch"]]

    def _place(self, note: TickNote, context: Context) -> list[int]:
        """Return the event of a note, for what is known of its place."""
        return [int(value) for value in tok.encode([note], context, tok.LIVEJAM, self._last)[0]]


def _note(found: dict[str, int], onset: int) -> TickNote:
    return TickNote(
        onset + DELTA_TICKS[found["delta"]],
        found["pitch"],
        LENGTH_TICKS[found["length"]],
        tok.velocity_of(found["velocity"]),
    )
