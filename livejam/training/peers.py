"""What others take for a note, in PyTorch: the yardsticks of `livejam bench --peers`. A process of its own.

`python -m livejam.training.peers NAME SIZES` says on stdout what it has built, as JSON, then reads lines of a history
and a number of steps, and answers each with a list of milliseconds. SIZES are those of livejam's network, as in its
contract. Weights are random where they can't be had: the time does not depend on them. One thread.

- notochord: Notochord of Shepardson et al. 2022 (arXiv 2403.12000), from its package; an event. A note takes two there.
- pytorch: livejam's own network and its very step, from the modules that it is trained with: caches, heads, sampling.
- pytorch-decoder: a decoder alone, without an encoder beside it, of as many parameters and with the same step. It looks
  at its whole history, as decoders do.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from livejam import tokenizer as tok
from livejam.controls import CONTROLS
from livejam.tokenizer import COLUMN, FIELDS
from livejam.training.layers import (
    CHOSEN,
    WITH_DELTA,
    Attention,
    Heads,
    KeysValues,
    NetworkSettings,
    Places,
    angles,
    merge_intervals,
)  # fmt: skip
from livejam.training.model import Answering, Network
from livejam.training.presets import decoder_as_large
from livejam.training.variants import build

GAP = 12  # ticks between notes
MIN_P = 0.05
PUBLISHED = {"mlp_layers": 3}  # Notochord's other sizes are its defaults; deep as its checkpoint (213 MB with Adam's
# moments, 17.7 million parameters) is; this makes 17.5

LONGEST = 256  # notes of an answer
WHOLE = 2048  # notes of a history


class Peer(Protocol):
    """Somebody else's network."""

    def begin(self, notes: int) -> None:
        """Have heard `notes` notes."""

    def step(self) -> object:
        """Make up one more."""


class Own:
    """livejam's network in eager PyTorch, or a decoder alone; `memory` notes heard are looked at."""

    def __init__(self, network: Answering, memory: int) -> None:
        self.network, self._memory = network.eval(), memory
        s = network.settings
        shape = (1, s.key_heads, memory + LONGEST, s.head_width)
        self._controls = torch.zeros(1, 1, len(CONTROLS), dtype=torch.int64)
        self.caches: list[KeysValues] = [(torch.zeros(shape), torch.zeros(shape)) for _ in network.decoder]

    @property
    def about(self) -> dict[str, object]:
        """What it is."""
        return {"parameters": sum(weight.numel() for weight in self.network.parameters()), "weights": "random"}

    def begin(self, notes: int) -> None:
        """Have heard `notes` notes, as far as the memory holds them: what they left in the caches does not matter."""
        self._count = seen = min(notes, self._memory)
        self._event, self._onset = torch.zeros(1, 1, len(FIELDS), dtype=torch.int64), GAP * seen

    def step(self) -> Tensor:
        """Return the next event (1, 1, F)."""
        network, at = self.network, Places(torch.tensor([[self._onset]]), torch.tensor([[self._count]]))
        x, angle = network.embedding(self._event) + network.controls(self._controls), angles(at)
        self._count += 1
        for layer, cache in zip(network.decoder, self.caches, strict=True):
            normed = layer.attention_norm(x)
            x = x + layer.attention(normed, angle, *self._kept(cache, layer.attention, normed, angle), None)
            x = x + layer.ffn(layer.ffn_norm(x))
        self._event = sampled(network.heads, network.decoder_norm(x)[0], self._event)
        self._onset += GAP
        return self._event

    def _kept(self, cache: KeysValues, attention: Attention, x: Tensor, angle: Tensor) -> KeysValues:
        """Write this event's key and value behind those before; return those that are looked at."""
        for kept, fresh in zip(cache, attention.keys_values(x, angle), strict=True):
            kept[:, :, self._count - 1 : self._count] = fresh
        return cache[0][:, :, : self._count], cache[1][:, :, : self._count]


def decoder_alone(settings: NetworkSettings) -> Own:
    """Return a decoder alone of about as many parameters, that looks at its whole history."""
    alone = build(decoder_as_large(settings))
    assert isinstance(alone, Answering)
    return Own(alone, WHOLE)


def sampled(heads: Heads, state: Tensor, event: Tensor) -> Tensor:
    """Return the event after `event` (1, 1, F), attribute by attribute, from the state (1, D) of the last layer."""
    chosen = torch.zeros_like(event)
    table, offsets = heads.chosen.table.weight, heads.chosen.offsets
    chosen[0, 0, COLUMN["delta"]] = delta = choice(heads.delta(state))
    state = state + table[offsets[: len(WITH_DELTA)] + torch.tensor([int(delta), 0, 0, 0, 0])].sum(0)
    pitches = merge_intervals(heads.pitch(state), event[:, 0, COLUMN["pitch"]])
    chosen[0, 0, COLUMN["pitch"]] = pitch = choice(pitches)
    state = state + table[offsets[CHOSEN.index("pitch")] + pitch]
    chosen[0, 0, COLUMN["length"]] = length = choice(heads.length(state))
    state = state + table[offsets[CHOSEN.index("length")] + length]
    chosen[0, 0, COLUMN["velocity"]] = choice(heads.velocity(state))
    chosen[0, 0, COLUMN["who"]] = tok.LIVEJAM
    return chosen


def choice(logits: Tensor) -> Tensor:
    """Return a class () drawn from `logits` (1, classes), those far below the best left out."""
    kept = torch.where(logits >= logits.max() + torch.log(torch.tensor(MIN_P)), logits, -torch.inf)
    return torch.multinomial(torch.softmax(kept[0], -1), 1)[0]


class Notochord:
    """The network of the package, with the published weights where it has downloaded them before."""

    def __init__(self) -> None:
        from appdirs import user_data_dir  # type: ignore[import-not-found, import-untyped, unused-ignore]
        from notochord import Notochord as Model  # type: ignore[import-not-found, import-untyped, unused-ignore]

        kept = Path(user_data_dir("Notochord", "IIL")) / "notochord-latest.ckpt"
        self._model: Any = Model.from_checkpoint(kept) if kept.exists() else Model(**PUBLISHED)
        self._model.eval()
        self._weights = "published" if kept.exists() else "random"

    @property
    def about(self) -> dict[str, object]:
        """What it is."""
        kept = self._model.parameters()
        return {
            "parameters": sum(weight.numel() for weight in kept),
            "weights": self._weights,
            "version": version("notochord"),
            "steps_a_note": 2,  # note-on and note-off are an event each
        }

    def begin(self, notes: int) -> None:
        """Feed as many events."""
        self._model.reset()
        for i in range(notes):
            self._model.feed(1, 60 + i % 12, 0.25, 80)

    def step(self) -> object:
        """Draw one event and feed it."""
        event = self._model.query()
        self._model.feed(event["inst"], event["pitch"], event["time"], event["vel"])
        return event


PEERS: dict[str, Callable[[NetworkSettings], Own | Notochord]] = {
    "notochord": lambda settings: Notochord(),
    "pytorch": lambda settings: Own(Network(settings), settings.memory),
    "pytorch-decoder": decoder_alone,
}


def step_times(peer: Peer, history: int, steps: int) -> Iterator[float]:
    """Yield how long each of `steps` steps after `history` notes takes, in ms."""
    peer.begin(history)
    for _ in range(steps):
        before = time.perf_counter()
        peer.step()
        yield 1000 * (time.perf_counter() - before)


def main() -> None:
    """Serve one peer until stdin ends."""
    name, sizes = sys.argv[1:]
    torch.set_num_threads(1)
    torch.manual_seed(1)
    with torch.inference_mode():
        peer = PEERS[name](NetworkSettings(**json.loads(sizes)))
        say(peer.about)
        for line in sys.stdin:
            history, steps = map(int, line.split())
            say(list(step_times(peer, history, steps)))


def say(what: object) -> None:
    """Tell the other side."""
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    main()
