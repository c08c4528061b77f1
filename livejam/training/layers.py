"""What the network is made of: embeddings, rotary positions, attention, feed-forward, heads.

Dimensions: B rows, S events, F fields of an event, D width, H heads, K key heads, E width of a head. Masks are True
where attention may go. Vaswani et al. 2017 (arXiv 1706.03762), with these changes:
- Rotary positions (Su et al. 2021, 2104.09864), whose angles come from the onset in ticks, with periods from a
  sixteenth to a phrase, and from the order of the notes; relative positions in music: Huang et al. 2018 (1809.04281).
- Pre-norm (Xiong et al. 2020, 2002.04745) without biases, SwiGLU (Shazeer 2020, 2002.05202), fewer key heads than
  query heads (Ainslie et al. 2023, 2305.13245).
- Attributes of a note are predicted one after the other by small heads, each knowing the ones before; the pitch head
  adds logits of intervals to those of pitches, so that what is learned in one key serves in all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from livejam.tokenizer import FIELDS, MIDDLE_C, NO_PITCH, PREDICTED

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
    decoder_layers: int = 4  # as many as the encoder's, or fewer
    key_heads: int = 2
    hidden: int = 704  # of the feed-forward blocks
    memory: int = 256  # notes heard that one can look at, itself included
    dropout: float = 0.15  # at most, of a small corpus; see `batches.scarcity`
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


KeysValues = tuple[Tensor, Tensor]  # keys, turned, and values, both (B, K, S, E)


class Places(NamedTuple):
    """Where events are: their onsets and their order, both (B, S) int64."""

    onset: Tensor  # ticks
    order: Tensor  # notes


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

    def keys_values(self, x: Tensor, angle: Tensor) -> KeysValues:
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


class Layer(nn.Module):
    """Attention and feed-forward, pre-norm, residual."""

    def __init__(self, s: NetworkSettings) -> None:
        super().__init__()
        self.attention_norm, self.attention = Norm(s.width), Attention(s)
        self.ffn_norm, self.ffn = Norm(s.width), FeedForward(s)

    def forward(
        self, x: Tensor, angle: Tensor, mask: Tensor, rate: Tensor | None = None, heard: KeysValues | None = None
    ) -> tuple[Tensor, KeysValues]:
        """Return (B, T, D), and the keys and values of `x` (B, T, D), which looks at itself and at what was `heard`.

        `mask` (B, 1, T, S + T) is for those S events first; `rate` (B, T, 1) is the dropout of each event.
        """
        normed = self.attention_norm(x)
        own = keys, values = self.attention.keys_values(normed, angle)
        if heard is not None:
            keys, values = torch.cat([heard[0], keys], dim=2), torch.cat([heard[1], values], dim=2)
        x = x + dropped(self.attention(normed, angle, keys, values, mask), rate)
        return x + dropped(self.ffn(self.ffn_norm(x)), rate), own


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
