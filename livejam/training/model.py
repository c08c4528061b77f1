"""The Transformer: a streaming causal encoder and a shallow decoder, one step a note.

What it does not know: corpora, MIDI, ONNX, time in seconds. Dimensions: B rows, S events of what was heard, T events of
answers, F fields of an event, D width, H heads, K key heads, E width of a head. Masks are True where attention may go.

Vaswani et al. 2017 (arXiv 1706.03762), with these changes:
- The encoder is causal, so that it can hear note by note; the decoder attends to itself and, by cross-attention, to
  what has been heard. Deep encoder, shallow decoder: Kasai et al. 2021 (2006.10369).
- Rotary positions (Su et al. 2021, 2104.09864), whose angles come from the onset in ticks, with periods from a
  sixteenth to a phrase, and from the order of the notes; relative positions in music: Huang et al. 2018 (1809.04281).
- Pre-norm (Xiong et al. 2020, 2002.04745) without biases, SwiGLU (Shazeer 2020, 2002.05202), fewer key heads than
  query heads (Ainslie et al. 2023, 2305.13245).
- Cross-attention has one more place to look, with key 0 and a learned value, for when there is nothing worth hearing.
- Attributes of a note are predicted one after the other by small heads, each knowing the ones before; the pitch head
  adds logits of intervals to those of pitches, so that what is learned in one key serves in all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from livejam.controls import CONTROLS
from livejam.tokenizer import COLUMN, FIELDS, MIDDLE_C, NO_PITCH, PREDICTED

TICK_PERIODS = (4, 6, 8, 12, 16, 24, 36, 48, 72, 96, 144, 192, 288, 384, 768, 3072)
ORDER_PERIODS = (4, 6, 8, 11, 16, 23, 32, 45, 64, 91, 128, 181, 256, 512, 1024, 4096)
PLAIN_PERIODS = tuple(round(4 * 2 ** (i / 2.8)) for i in range(len(TICK_PERIODS)))  # of the order, in place of ticks
WITH_DELTA = ("delta", "phase", "beat", "root", "quality")  # where the note in the making is, and on which chord
CHOSEN = (*WITH_DELTA, "pitch", "length")  # what the heads learn of that note, in this order
PITCHES = PREDICTED["pitch"]


@dataclass(frozen=True)
class NetworkSettings:
    """Sizes of the network. A head is as wide as the rotary periods above: 64."""

    width: int = 256
    encoder_layers: int = 4
    decoder_layers: int = 3
    key_heads: int = 2
    hidden: int = 704  # of the feed-forward blocks
    memory: int = 256  # notes heard that one can look at, itself included
    dropout: float = 0.1  # at most, of a small corpus; see `batches.scarcity`
    form: str = "encoder-decoder"  # or "decoder", "lstm": yardsticks, see `variants` and `lstm`
    positions: str = "music"  # or "order": plain order instead of onsets, a yardstick

    @property
    def head_width(self) -> int:
        """Width of one attention head: two dimensions a rotary period."""
        return 2 * (len(TICK_PERIODS) + len(ORDER_PERIODS))

    @property
    def heads(self) -> int:
        """Number of query heads."""
        return self.width // self.head_width


class Places(NamedTuple):
    """Where events are: their onsets and their order, both (B, S) int64."""

    onset: Tensor  # ticks
    order: Tensor  # notes


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
    cross_mask: Tensor  # (B, 1, T, S + 1) bool; the last place is the empty one
    answer_targets: "Targets"
    controls: Tensor  # (B, T, C) int64: what the answers are asked to be
    owners: Owners
    heard_scarcity: Tensor  # (B, S, 1) float32: share of the dropout
    answer_scarcity: Tensor  # (B, T, 1) float32


class Targets(NamedTuple):
    """The note to predict at each place."""

    classes: Tensor  # (B, T, 4) int64: delta, pitch, length, velocity; -1 where it does not count
    chosen: Tensor  # (B, T, len(CHOSEN)) int64: the same note as the heads are told it


class FieldEmbedding(nn.Module):
    """The sum of the embeddings of some fields, out of one table."""

    offsets: Tensor  # (names,) int64: where each field begins in the table

    def __init__(self, names: tuple[str, ...], width: int, classes: Mapping[str, int] = FIELDS) -> None:
        super().__init__()
        sizes = torch.tensor([classes[name] for name in names])
        self.register_buffer("offsets", sizes.cumsum(0) - sizes, persistent=False)
        self.table = nn.Embedding(int(sizes.sum()), width)
        nn.init.normal_(self.table.weight, std=0.5 / len(names) ** 0.5)

    def forward(self, classes: Tensor) -> Tensor:
        """Return (..., D) for classes (..., names) int64."""
        index = (classes + self.offsets).flatten(0, -2)  # (N, names)
        return F.embedding_bag(index, self.table.weight, mode="sum").unflatten(0, classes.shape[:-1])


def angles(places: Places, positions: str = "music") -> Tensor:
    """Return rotary angles (B, S, E / 2) float32 in radians; exact for any tick, as the periods are whole."""
    first = (places.onset, TICK_PERIODS) if positions == "music" else (places.order, PLAIN_PERIODS)
    turns = [
        torch.remainder(place[..., None], torch.tensor(periods, device=place.device))
        / torch.tensor(periods, device=place.device)
        for place, periods in (first, (places.order, ORDER_PERIODS))
    ]
    return 2 * torch.pi * torch.cat(turns, dim=-1).float()


def dropped(x: Tensor, rate: Tensor | None) -> Tensor:
    """Return `x` (B, S, D) with a share `rate` (B, S, 1) of it set to nothing, the rest raised; None: as it is.

    Srivastava et al. 2014, at a rate of its own for each event, in steps of 1/256: each byte of a random number decides
    on one value, which takes half the time.
    """
    if rate is None:
        return x
    drawn = torch.empty(x.numel() // 8, dtype=torch.int64, device=x.device).random_(-(2**63), None)
    limit = (256 * rate).round()
    return x * ((drawn.view(torch.uint8).view(x.shape) >= limit.to(torch.uint8)) * (256 / (256 - limit)))


def rotate(x: Tensor, angle: Tensor) -> Tensor:
    """Turn heads `x` (B, H, S, E) by `angle` (B, S, E / 2)."""
    cos, sin = angle.cos()[:, None].to(x.dtype), angle.sin()[:, None].to(x.dtype)
    a, b = x.chunk(2, dim=-1)
    return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)


class Norm(nn.LayerNorm):
    """Layer normalisation without a bias (Ba et al. 2016, 1607.06450)."""

    def __init__(self, width: int) -> None:
        super().__init__(width, eps=1e-5, bias=False)


class Attention(nn.Module):
    """Attention of queries over keys and values, with grouped key heads."""

    def __init__(self, s: NetworkSettings) -> None:
        super().__init__()
        self.heads, self.key_heads = s.heads, s.key_heads
        self.query = nn.Linear(s.width, s.heads * s.head_width, bias=False)
        self.key = nn.Linear(s.width, s.key_heads * s.head_width, bias=False)
        self.value = nn.Linear(s.width, s.key_heads * s.head_width, bias=False)
        self.out = nn.Linear(s.heads * s.head_width, s.width, bias=False)

    def keys_values(self, x: Tensor, angle: Tensor) -> tuple[Tensor, Tensor]:
        """Return keys, turned, and values, both (B, K, S, E), of `x` (B, S, D)."""
        key, value = (f(x).unflatten(-1, (self.key_heads, -1)).transpose(1, 2) for f in (self.key, self.value))
        return rotate(key, angle), value

    def forward(self, x: Tensor, angle: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None) -> Tensor:
        """Return (B, S, D): queries from `x` at `angle`, over keys and values (B, K, S', E)."""
        query = rotate(self.query(x).unflatten(-1, (self.heads, -1)).transpose(1, 2), angle)
        group = self.heads // self.key_heads
        keys, values = keys.repeat_interleave(group, dim=1), values.repeat_interleave(group, dim=1)
        seen = F.scaled_dot_product_attention(query, keys.to(query.dtype), values.to(query.dtype), attn_mask=mask)
        return self.out(seen.transpose(1, 2).flatten(-2))


class FeedForward(nn.Module):
    """SwiGLU."""

    def __init__(self, s: NetworkSettings) -> None:
        super().__init__()
        self.gate = nn.Linear(s.width, s.hidden, bias=False)
        self.up = nn.Linear(s.width, s.hidden, bias=False)
        self.down = nn.Linear(s.hidden, s.width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, S, D)."""
        return self.down(F.silu(self.gate(x)) * self.up(x))


class EncoderLayer(nn.Module):
    """Self-attention and feed-forward, pre-norm, residual."""

    def __init__(self, s: NetworkSettings) -> None:
        super().__init__()
        self.attention_norm, self.attention = Norm(s.width), Attention(s)
        self.ffn_norm, self.ffn = Norm(s.width), FeedForward(s)

    def forward(self, x: Tensor, angle: Tensor, mask: Tensor, rate: Tensor | None = None) -> Tensor:
        """Return (B, S, D)."""
        normed = self.attention_norm(x)
        x = x + dropped(self.attention(normed, angle, *self.attention.keys_values(normed, angle), mask), rate)
        return x + dropped(self.ffn(self.ffn_norm(x)), rate)


class DecoderLayer(nn.Module):
    """Self-attention, cross-attention to what was heard, and feed-forward, pre-norm, residual."""

    def __init__(self, s: NetworkSettings) -> None:
        super().__init__()
        self.attention_norm, self.attention = Norm(s.width), Attention(s)
        self.cross_norm, self.cross = Norm(s.width), Attention(s)
        self.ffn_norm, self.ffn = Norm(s.width), FeedForward(s)
        self.nothing = nn.Parameter(torch.zeros(s.key_heads, 1, s.head_width))  # value of the empty place

    def heard(self, memory: Tensor, angle: Tensor) -> tuple[Tensor, Tensor]:
        """Return keys and values (B, K, S + 1, E) of `memory` (B, S, D), the empty place last."""
        keys, values = self.cross.keys_values(memory, angle)
        nothing = self.nothing.to(values.dtype).expand(len(values), -1, -1, -1)
        return torch.cat([keys, torch.zeros_like(nothing)], dim=2), torch.cat([values, nothing], dim=2)

    def forward(
        self, x: Tensor, angle: Tensor, mask: Tensor, heard: tuple[Tensor, Tensor], cross_mask: Tensor,
        rate: Tensor | None = None,
    ) -> Tensor:  # fmt: skip
        """Return (B, T, D)."""
        normed = self.attention_norm(x)
        x = x + dropped(self.attention(normed, angle, *self.attention.keys_values(normed, angle), mask), rate)
        x = x + dropped(self.cross(self.cross_norm(x), angle, *heard, cross_mask), rate)
        return x + dropped(self.ffn(self.ffn_norm(x)), rate)


class Head(nn.Module):
    """One hidden layer from the state of the note in the making to logits of one attribute."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.norm = Norm(width)
        self.hidden = nn.Linear(width, width, bias=False)
        self.out = nn.Linear(width, classes)

    def forward(self, state: Tensor) -> Tensor:
        """Return logits (..., classes)."""
        return self.out(F.silu(self.hidden(self.norm(state))))


class Heads(nn.Module):
    """Logits of delta, pitch, length and velocity, each knowing the attributes before it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.chosen = FieldEmbedding(CHOSEN, width)
        self.delta = Head(width, PREDICTED["delta"])
        self.pitch = Head(width, PITCHES + 2 * PITCHES - 1)  # pitches, then intervals from -127 to 127
        self.length = Head(width, PREDICTED["length"])
        self.velocity = Head(width, PREDICTED["velocity"])

    def forward(self, state: Tensor, previous_pitch: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return logits of each attribute for `state` (..., D), the pitch before (...) and `chosen` (..., CHOSEN)."""
        table, at = self.chosen.table.weight, chosen + self.chosen.offsets
        n = len(WITH_DELTA)
        with_delta = state + F.embedding_bag(at[..., :n].flatten(0, -2), table, mode="sum").view_as(state)
        with_pitch = with_delta + F.embedding(at[..., n], table)
        with_length = with_pitch + F.embedding(at[..., n + 1], table)
        pitch = merge_intervals(self.pitch(with_delta), previous_pitch)
        return self.delta(state), pitch, self.length(with_pitch), self.velocity(with_length)


def merge_intervals(logits: Tensor, previous_pitch: Tensor) -> Tensor:
    """Add the logits of intervals from `previous_pitch` (...) to those of pitches: (..., 383) to (..., 128)."""
    absolute, relative = logits.split([PITCHES, 2 * PITCHES - 1], dim=-1)
    before = torch.where(previous_pitch == NO_PITCH, MIDDLE_C, previous_pitch)
    interval = torch.arange(PITCHES, device=logits.device) - before[..., None] + PITCHES - 1
    return absolute + relative.gather(-1, interval)


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

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return summed losses in nats and their counts: the answers' attributes, the encoder's, the phrase ends."""
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


class Network(Foreteller):
    """The encoder-decoder."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__(settings)
        s = settings
        self.encoder = cast("Sequence[EncoderLayer]", nn.ModuleList(EncoderLayer(s) for _ in range(s.encoder_layers)))
        self.encoder_norm = Norm(s.width)
        self.decoder = cast("Sequence[DecoderLayer]", nn.ModuleList(DecoderLayer(s) for _ in range(s.decoder_layers)))
        self.decoder_norm = Norm(s.width)
        self.ahead = nn.Linear(s.width, s.width, bias=False)  # the encoder's guess of its next note, by the same heads
        self.phrase_end = nn.Linear(s.width, 1)
        self.apply(initialise)
        begin_residuals(self, 2 * (s.encoder_layers + s.decoder_layers))

    def encode(self, heard: Tensor, at: Places, mask: Tensor, rate: Tensor | None = None) -> Tensor:
        """Return what is remembered of `heard` (B, S, F): (B, S, D)."""
        x, angle = self.embedding(heard), angles(at, self.settings.positions)
        for layer in self.encoder:
            x = layer(x, angle, mask, rate)
        return self.encoder_norm(x)

    def decode(
        self, answer: Tensor, at: Places, mask: Tensor, memory: Tensor, heard_at: Places, cross_mask: Tensor,
        controls: Tensor, rate: Tensor | None = None,
    ) -> Tensor:  # fmt: skip
        """Return the state (B, T, D) from which the note after each event of `answer` (B, T, F) is predicted."""
        x = self.embedding(answer) + self.controls(controls)
        angle, heard_angle = angles(at, self.settings.positions), angles(heard_at, self.settings.positions)
        for layer in self.decoder:
            x = layer(x, angle, mask, layer.heard(memory, heard_angle), cross_mask, rate)
        return self.decoder_norm(x)

    def remembered(self, batch: Batch) -> Tensor:
        """Return what is remembered of all that a batch heard: (B, S, D)."""
        return self.encode(batch.heard, batch.heard_at, batch.heard_mask, self._rate(batch.heard_scarcity))

    def states(self, batch: Batch, memory: Tensor | None = None) -> Tensor:
        """Return the decoder's state (B, T, D); `memory` (B, S, D) is what is remembered, if that is known already."""
        memory = self.remembered(batch) if memory is None else memory
        return self.decode(
            batch.answer, batch.answer_at, batch.answer_mask, memory, batch.heard_at, batch.cross_mask,
            batch.controls, self._rate(batch.answer_scarcity),
        )  # fmt: skip

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return summed losses in nats and their counts: the answers' attributes, the encoder's, the phrase ends."""
        memory = self.remembered(batch)
        known = batch.phrase_end >= 0
        end = F.binary_cross_entropy_with_logits(
            self.phrase_end(memory)[..., 0][known].float(), batch.phrase_end[known].float(), reduction="sum"
        )
        return self._with_answers(
            self.states(batch, memory),
            batch,
            ahead=self._attribute_losses(self.ahead(memory), batch.heard, batch.heard_targets).sum(),
            ahead_notes=(batch.heard_targets.classes[..., 1] >= 0).sum(),
            end=end,
            end_notes=known.sum(),
        )


def begin_residuals(network: nn.Module, depth: int) -> None:
    """Let the branches of a network of `depth` sums begin small."""
    for name, weight in network.named_parameters():
        if name.endswith(("out.weight", "down.weight")) and "heads." not in name:
            nn.init.normal_(weight, std=0.02 / depth**0.5 * 2)


def initialise(module: nn.Module) -> None:
    """Begin a matrix at random."""
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=0.02 * (256 / module.in_features) ** 0.5 * 2)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
