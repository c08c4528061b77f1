"""The proof that comes with every export: the graphs play what PyTorch plays.

PyTorch computes every answer from scratch, step by step, without any cache; the graphs hear in one go and note by note,
and answer with caches and, again from scratch, without. In float32 all must agree note by note and, in
log-probabilities, to `TOLERANCE`. What int8 changes is measured, not forbidden.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from livejam import tokenizer as tok
from livejam.decoder import Decoder, Sampling
from livejam.errors import ModelError
from livejam.notes import Metre, TickNote
from livejam.tokenizer import COLUMN, FIELDS, LIVEJAM, PLAYER, PREDICTED, Context
from livejam.training.checkpoints import load_network
from livejam.training.export import write
from livejam.training.model import CHOSEN, Network, Places

TOLERANCE = 1e-3  # bits
CONTEXTS = (Context(Metre(4, 4)), Context(Metre(6, 8, 12)), Context())
NOTES = 24  # of a greedy answer


@dataclass(frozen=True, slots=True)
class Proof:
    """What was compared, and the largest difference."""

    notes: int  # greedy notes equal, cached and uncached
    difference: float  # bits, float32 against PyTorch, the largest
    int8_difference: float  # bits, int8 against PyTorch, the mean

    def __str__(self) -> str:
        return (
            f"{self.notes} greedy notes equal PyTorch's, cached and uncached; log-probabilities differ by at most "
            f"{self.difference:.1e} bits; int8 weights change one by {self.int8_difference:.3f} bits on average"
        )


def prove(checkpoint: Path) -> Proof:
    """Export the network of `checkpoint` to a temporary folder and compare.

    Raises:
        FileError: there is no such checkpoint.
        ModelError: the graphs play something else.
    """
    network, _ = load_network(checkpoint)
    return prove_network(network)


def prove_network(network: Network) -> Proof:
    """Compare `network` with its own export; see `prove`."""
    with tempfile.TemporaryDirectory() as folder:
        decoders = {}
        for name in ("float32", "int8"):
            write(network, Path(folder), {}, int8=name == "int8", name=name)
            decoders[name] = Decoder(Path(folder) / f"{name}.onnx")
        notes = sum(_same_notes(network, decoders["float32"], context) for context in CONTEXTS)
        differences = {name: _differences(network, decoder) for name, decoder in decoders.items()}
    largest = float(differences["float32"].max())
    if largest > TOLERANCE:
        raise ModelError(f"the exported graphs differ from PyTorch by {largest:.1e} bits, more than {TOLERANCE:.0e}")
    return Proof(notes, largest, float(differences["int8"].mean()))


def phrases(seed: int, notes: int = 40) -> tuple[list[TickNote], list[TickNote]]:
    """Return two phrases of a random walk, one after the other."""
    rng = np.random.default_rng(seed)
    onsets = np.cumsum(rng.choice([0, 6, 8, 12, 12, 24, 60], 2 * notes))
    pitches = np.clip(60 + np.cumsum(rng.integers(-4, 5, 2 * notes)), 20, 108)
    line = [
        TickNote(int(onset), int(pitch), int(rng.choice([6, 12, 24, 50])), int(rng.integers(1, 128)))
        for onset, pitch in zip(onsets, pitches, strict=True)
    ]
    return line[:notes], line[notes:]


def _same_notes(network: Network, decoder: Decoder, context: Context) -> int:
    """Check greedy answers to two phrases; return how many notes were compared."""
    greedy, rng = Sampling(temperature=0), np.random.default_rng(0)
    heard = phrases(1)
    expected = greedy_notes(network, heard, context)
    decoder.restart()
    for notes, player in zip(heard, (True, False), strict=True):
        decoder.hear(notes[:1], context, player)  # in pieces: what was heard is the same
        decoder.rollback(decoder.heard - 1)
        decoder.hear(notes, context, player)
    cached = list(islice(decoder.answer(context, greedy, rng), NOTES))
    uncached: list[TickNote] = []
    for i in range(len(expected)):
        uncached += islice(decoder.answer(context, greedy, rng), i, i + 1)
    for kind, played in (("cached", cached), ("uncached", uncached)):
        if played != expected:
            raise ModelError(f"the exported graphs, {kind}, play {played[:3]}..., PyTorch plays {expected[:3]}...")
    return len(expected)


def _differences(network: Network, decoder: Decoder) -> np.ndarray:
    """Return the absolute differences in bits of all attributes of an answer, in all contexts."""
    call, answer = phrases(2)
    found = []
    for context in CONTEXTS:
        decoder.restart()
        decoder.hear(call, context, True)
        found.append(np.abs(decoder.score(answer, context) - score(network, [call], answer, context)))
    return np.concatenate(found)


@torch.no_grad()
def state_of(
    network: Network, heard: Sequence[list[TickNote]], rows: np.ndarray, onsets: list[int], context: Context
) -> torch.Tensor:  # fmt: skip
    """Return the decoder's states (1, T, D), from scratch, of an answer so far, `rows` (T, F), start event included."""
    events, last = [], None
    for i, notes in enumerate(heard):
        events.append(tok.encode(notes, context, LIVEJAM if i % 2 else PLAYER, last))
        last = notes[-1]
    s = sum(len(notes) for notes in heard)
    heard_at = Places(torch.tensor([[note.onset for notes in heard for note in notes]]), torch.arange(s)[None])
    memory = network.encode(torch.from_numpy(np.concatenate(events))[None], heard_at, _causal(s))
    t = len(rows)
    at = Places(torch.tensor([onsets]), torch.arange(s - 1, s - 1 + t)[None])
    everything = torch.ones(1, 1, t, s + 1, dtype=torch.bool)
    return network.decode(torch.from_numpy(rows)[None], at, _causal(t), memory, heard_at, everything)


@torch.no_grad()
def score(network: Network, heard: Sequence[list[TickNote]], answer: list[TickNote], context: Context) -> np.ndarray:
    """Return what `Decoder.score` does, computed by PyTorch."""
    last = heard[-1][-1]
    rows = tok.encode(answer, context, LIVEJAM, last)
    events = np.concatenate([tok.start_event(last, last.onset, context)[None], rows])
    state = state_of(network, heard, events, [last.onset, *(note.onset for note in answer)], context)
    following = np.concatenate([rows, np.zeros((1, len(FIELDS)), np.int64)])
    classes = following[:, [COLUMN[name] for name in PREDICTED]]
    classes[-1, 0] = tok.END
    chosen = torch.from_numpy(following[:, [COLUMN[name] for name in CHOSEN]])[None]
    logits = network.heads(state, torch.from_numpy(events[:, COLUMN["pitch"]])[None], chosen)
    picked = [
        torch.log_softmax(logit[0], -1).gather(1, torch.from_numpy(classes[:, i : i + 1]))
        for i, logit in enumerate(logits)
    ]
    bits = torch.cat(picked, 1).numpy() / np.log(2)
    bits[-1, 1:] = 0
    return bits


@torch.no_grad()
def greedy_notes(network: Network, heard: Sequence[list[TickNote]], context: Context) -> list[TickNote]:
    """Return the likeliest answer, up to `NOTES` notes, each computed from scratch."""
    last = heard[-1][-1]
    rows, onsets = tok.start_event(last, last.onset, context)[None], [last.onset]
    notes: list[TickNote] = []
    while len(notes) < NOTES:
        state = state_of(network, heard, rows, onsets, context)[0, -1:]
        note = _likeliest(network, state, torch.tensor([int(rows[-1, COLUMN["pitch"]])]), onsets[-1], context)
        if note is None:
            break
        notes.append(note)
        rows = np.concatenate([rows[:1], tok.encode(notes, context, LIVEJAM, last)])
        onsets.append(note.onset)
    return notes


def _likeliest(
    network: Network, state: torch.Tensor, previous: torch.Tensor, onset: int, context: Context
) -> TickNote | None:
    chosen = torch.zeros(1, len(CHOSEN), dtype=torch.int64)

    def pick(name: str) -> int:
        return int(network.heads(state, previous, chosen)[list(PREDICTED).index(name)].argmax())

    delta = pick("delta")
    if delta == tok.END:
        return None
    onset += tok.DELTA_TICKS[delta]
    phase, beat = tok.bar_place(np.array([onset]), context.metre)
    chosen[0, :3] = torch.tensor([delta, int(phase[0]), int(beat[0])])
    chosen[0, 3] = pick("pitch")
    chosen[0, 4] = pick("length")
    length, velocity = tok.LENGTH_TICKS[int(chosen[0, 4])], tok.velocity_of(pick("velocity"))
    return TickNote(onset, int(chosen[0, 3]), length, velocity)


def _causal(n: int) -> torch.Tensor:
    return torch.ones(n, n, dtype=torch.bool).tril()[None, None]
