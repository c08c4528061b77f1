"""The network: a streaming causal encoder that hears, and a decoder that answers, one step a note.

What it does not know: corpora, MIDI, ONNX, time in seconds. Dimensions: B rows, S events of what was heard, T events of
answers, F fields of an event, C controls, D width; the rest as in `layers`.

Encoder and decoder go hand in hand, layer by layer (He et al. 2018, Layer-Wise Coordination between Encoder and Decoder
for Neural Machine Translation): each layer of the decoder looks, in one attention, at its own notes so far and at the
keys and values that a layer of the encoder has made of what was heard. So what is heard is computed once, when it is
heard, and looked at for nothing; and a step costs no more than that of a decoder alone.

It begins as a decoder alone, which learns twice as fast: one causal stack over all answers of a window in a row
(`Answering.in_a_row`). Then the encoder begins as a copy of it (`grow`), and both learn what each of them is for. The
encoder also foretells its own next note and the end of the phrase.
"""

from collections.abc import Sequence
from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from livejam.controls import CONTROLS
from livejam.tokenizer import COLUMN, FIELDS, LIVEJAM, PLAYER, PREDICTED
from livejam.training.layers import (
    FieldEmbedding,
    Heads,
    KeysValues,
    Layer,
    NetworkSettings,
    Norm,
    Places,
    angles,
    begin_residuals,
    initialise,
)  # fmt: skip


class Owners(NamedTuple):
    """Which events of answers belong together, all (B, T); -1 where there is none."""

    window: Tensor  # int64
    phrase: Tensor  # int64, different for each answer of a row
    deaf: Tensor  # bool: an answer to nothing


class Batch(NamedTuple):
    """Packed windows: what was heard, and all its phrases as answers."""

    heard: Tensor  # (B, S, F) int64
    heard_at: Places
    heard_mask: Tensor  # (B, 1, S, S) bool
    heard_targets: "Targets"  # the note that comes next
    phrase_end: Tensor  # (B, S) int64: 1 where a phrase ends with this note, -1 where it does not count
    answer: Tensor  # (B, T, F) int64
    answer_at: Places
    answer_mask: Tensor  # (B, 1, T, T) bool
    cross_mask: Tensor  # (B, 1, T, S) bool
    answer_targets: "Targets"
    controls: Tensor  # (B, T, C) int64: what the answers are asked to be
    owners: Owners
    heard_scarcity: Tensor  # (B, S, 1) float32: share of the dropout
    answer_scarcity: Tensor  # (B, T, 1) float32


class Targets(NamedTuple):
    """The note to predict at each place."""

    classes: Tensor  # (B, T, 4) int64: delta, pitch, length, velocity; -1 where it does not count
    chosen: Tensor  # (B, T, len(CHOSEN)) int64: the same note as the heads are told it


class Foreteller(nn.Module):
    """What all forms of the network share: embeddings, heads, and what is lost on a batch."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.settings = settings
        self.embedding = FieldEmbedding(tuple(FIELDS), settings.width)
        self.controls = FieldEmbedding(tuple(CONTROLS), settings.width, CONTROLS)
        nn.init.zeros_(self.controls.table.weight)
        self.heads = Heads(settings.width)

    def states(self, batch: Batch) -> Tensor:
        """Return the state (B, T, D) from which the note after each event of the answers is predicted."""
        raise NotImplementedError

    def losses(self, batch: Batch, alone: bool = False) -> dict[str, Tensor]:
        """Return summed losses in nats and their counts: the answers' attributes, the encoder's, the phrase ends.

        `alone`: of the decoder without the encoder, if there is one.
        """
        return self._with_answers(self.states(batch), batch)

    def log_probabilities(self, batch: Batch) -> Tensor:
        """Return the log-probabilities (B, T, 4), in nats, of the answers' targets; 0 where they do not count."""
        targets = batch.answer_targets
        logits = self.heads(self.states(batch), batch.answer[..., COLUMN["pitch"]], targets.chosen)
        found = [
            torch.log_softmax(logit.float(), -1).gather(-1, targets.classes[..., i : i + 1].clamp(min=0))
            for i, logit in enumerate(logits)
        ]
        return torch.cat(found, -1) * (targets.classes >= 0)

    def _with_answers(self, state: Tensor, batch: Batch, **others: Tensor) -> dict[str, Tensor]:
        answer = self._attribute_losses(state, batch.answer, batch.answer_targets)
        nothing = torch.zeros((), device=state.device)
        return {
            **{name: answer[i] for i, name in enumerate(PREDICTED)},
            "notes": (batch.answer_targets.classes[..., 1] >= 0).sum(),
            **{name: others.get(name, nothing) for name in ("ahead", "ahead_notes", "end", "end_notes")},
        }

    def _rate(self, scarcity: Tensor) -> Tensor | None:
        """Return the rate of dropout of each event, or None where there is none."""
        return self.settings.dropout * scarcity if self.training and self.settings.dropout else None

    def _attribute_losses(self, state: Tensor, events: Tensor, targets: Targets) -> Tensor:
        counts = targets.classes[..., 0] >= 0
        logits = self.heads(state[counts], events[..., COLUMN["pitch"]][counts], targets.chosen[counts])
        classes = targets.classes[counts]
        return torch.stack(
            [
                F.cross_entropy(logit.float(), classes[:, i], ignore_index=-1, reduction="sum")
                for i, logit in enumerate(logits)
            ]
        )


class Answering(Foreteller):
    """A stack of layers that answers."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__(settings)
        s = settings
        self.decoder = cast("Sequence[Layer]", nn.ModuleList(Layer(s) for _ in range(s.decoder_layers)))
        self.decoder_norm = Norm(s.width)

    def in_a_row(self, batch: Batch) -> Tensor:
        """Return the state (B, T, D) after each event of the answers, which alone are looked at, one after the other.

        A deaf answer sees nothing but itself.
        """
        x, angle = self._asked(batch.answer, batch.answer_at, batch.controls)
        mask, rate = _in_a_row(batch.owners), self._rate(batch.answer_scarcity)
        for layer in self.decoder:
            x, _ = layer(x, angle, mask, rate)
        return self.decoder_norm(x)

    def _asked(self, answer: Tensor, at: Places, controls: Tensor) -> tuple[Tensor, Tensor]:
        """Return what goes into the first layer (B, T, D), and the angles."""
        return self.embedding(answer) + self.controls(controls), angles(at, self.settings.positions)


def _in_a_row(owners: Owners) -> Tensor:
    """Return the mask (B, 1, T, T) of a decoder alone: all before in the window; of the same answer, where deaf."""

    def same(ids: Tensor) -> Tensor:
        return ids[:, :, None] == ids[:, None, :]

    n = owners.window.shape[1]
    seen = torch.where(owners.deaf[:, :, None], same(owners.phrase), same(owners.window))
    return (seen & torch.ones(n, n, dtype=torch.bool, device=seen.device).tril())[:, None]


class Heard(NamedTuple):
    """What the encoder has made of what was heard."""

    state: Tensor  # (B, S, D)
    kept: Sequence[KeysValues]  # of each layer


class Network(Answering):
    """The encoder-decoder."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__(settings)
        s = settings
        if not 1 <= s.decoder_layers <= s.encoder_layers:
            raise ValueError(f"{s.decoder_layers} layers that answer need as many that hear, not {s.encoder_layers}")
        self.encoder = cast("Sequence[Layer]", nn.ModuleList(Layer(s) for _ in range(s.encoder_layers)))
        self.encoder_norm = Norm(s.width)
        self.phrase_end = nn.Linear(s.width, 1)
        self.apply(initialise)
        begin_residuals(self, 2 * s.encoder_layers)

    @property
    def unasked(self) -> Tensor:
        """What is added (D,) to a note that is not asked to be anything."""
        return self.controls(torch.zeros_like(self.controls.offsets)[None])[0]

    def encode(self, heard: Tensor, at: Places, mask: Tensor, rate: Tensor | None = None) -> Heard:
        """Hear events (B, S, F) with a mask (B, 1, S, S)."""
        x, angle = self.embedding(heard) + self.unasked, angles(at, self.settings.positions)
        kept = []
        for layer in self.encoder:
            x, own = layer(x, angle, mask, rate)
            kept.append(own)
        return Heard(self.encoder_norm(x), kept)

    def decode(
        self, answer: Tensor, at: Places, mask: Tensor, kept: Sequence[KeysValues], controls: Tensor,
        rate: Tensor | None = None,
    ) -> Tensor:  # fmt: skip
        """Return the state (B, T, D) from which the note after each event of `answer` (B, T, F) is predicted.

        `mask` (B, 1, T, S + T) says what they see of what was heard, then of themselves.
        """
        x, angle = self._asked(answer, at, controls)
        for layer, heard in zip(self.decoder, kept[-len(self.decoder) :], strict=True):
            x, _ = layer(x, angle, mask, rate, heard)
        return self.decoder_norm(x)

    def heard(self, batch: Batch) -> Heard:
        """Hear all of a batch."""
        return self.encode(batch.heard, batch.heard_at, batch.heard_mask, self._rate(batch.heard_scarcity))

    def states(self, batch: Batch, heard: Heard | None = None) -> Tensor:
        """Return the decoder's state (B, T, D), after what was `heard`, if that is known already."""
        heard = self.heard(batch) if heard is None else heard
        mask = torch.cat([batch.cross_mask, batch.answer_mask], dim=-1)
        return self.decode(
            batch.answer, batch.answer_at, mask, heard.kept, batch.controls, self._rate(batch.answer_scarcity)
        )

    def losses(self, batch: Batch, alone: bool = False) -> dict[str, Tensor]:
        """Return summed losses in nats and their counts, as above."""
        if alone:
            return self._with_answers(self.in_a_row(batch), batch)
        heard = self.heard(batch)
        known = batch.phrase_end >= 0
        end = F.binary_cross_entropy_with_logits(
            self.phrase_end(heard.state)[..., 0][known].float(), batch.phrase_end[known].float(), reduction="sum"
        )
        return self._with_answers(
            self.states(batch, heard),
            batch,
            ahead=self._attribute_losses(heard.state, batch.heard, batch.heard_targets).sum(),
            ahead_notes=(batch.heard_targets.classes[..., 1] >= 0).sum(),
            end=end,
            end_notes=known.sum(),
        )


@torch.no_grad()
def grow(network: Network) -> None:
    """Let the encoder begin as a copy of the decoder, and the notes of players as those of livejam."""
    for heard, answered in zip(network.encoder[-len(network.decoder) :], network.decoder, strict=True):
        heard.load_state_dict(answered.state_dict())
    network.encoder_norm.load_state_dict(network.decoder_norm.state_dict())
    embedding = network.embedding
    who = int(embedding.offsets[COLUMN["who"]])
    for first in (0, 2):  # later notes of a phrase, and its first
        embedding.table.weight[who + first + PLAYER] = embedding.table.weight[who + first + LIVEJAM]
