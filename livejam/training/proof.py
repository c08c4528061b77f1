"""The proof that comes with every export: the graphs play what PyTorch plays.

PyTorch computes every answer from scratch, step by step, without any cache; the graphs hear in one go and note by note,
and answer with caches and, again from scratch, without. In float32 all must agree note by note and, in
log-probabilities, to `TOLERANCE`; so with a chart, with wishes, and in a batch of answers that are compared with what
would be said without the call. What int8 changes is measured, not forbidden.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from livejam import tokenizer as tok
from livejam.controls import CONTROLS, Kind, Wish
from livejam.decoder import CALL_COLUMNS, Decoder, Sampling
from livejam.errors import ModelError
from livejam.notes import Metre, TickNote
from livejam.pieces import Quality
from livejam.tokenizer import COLUMN, FIELDS, LIVEJAM, PLAYER, PREDICTED, Chord, Context
from livejam.training.checkpoints import load_network
from livejam.training.export import write
from livejam.training.layers import CHOSEN, WITH_DELTA, Places
from livejam.training.model import Network

TOLERANCE = 1e-3  # bits
CHART = tuple(Chord(72 * i, 7 * i % 12, Quality(1 + i % 9)) for i in range(40))
CONTEXTS = (Context(Metre(4, 4)), Context(Metre(6, 8, 12)), Context(), Context(Metre(3, 4), chords=CHART))
WISHES = (Wish(4, None, 3, 4, 2, Kind.VARY, 8), Wish(None, 9, 0, 0, 5), None, Wish(2, 6, kind=Kind.ECHO))
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
            write(network, Path(folder), {}, bits=8 if name == "int8" else 32, name=name)
            decoders[name] = Decoder(Path(folder) / f"{name}.onnx")
        exact = decoders["float32"]
        asked = list(zip(CONTEXTS, WISHES, strict=True))
        notes = sum(_same_notes(network, exact, context, wish) for context, wish in asked)
        batched = max(_batched_difference(network, exact, context, wish) for context, wish in asked)
        differences = {name: _differences(network, decoder) for name, decoder in decoders.items()}
    largest = max(batched, float(differences["float32"].max()))
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


def _same_notes(network: Network, decoder: Decoder, context: Context, wish: Wish | None) -> int:
    """Check greedy answers to two phrases; return how many notes were compared."""
    greedy, rng = Sampling(temperature=0), np.random.default_rng(0)
    heard = phrases(1)
    expected = greedy_notes(network, heard, context, wish)
    decoder.restart()
    for notes, player in zip(heard, (True, False), strict=True):
        decoder.hear(notes[:1], context, player)  # in pieces: what was heard is the same
        decoder.rollback(decoder.heard - 1)
        decoder.hear(notes, context, player)
    cached = list(islice(decoder.answer(context, greedy, rng, wish=wish), NOTES))
    uncached: list[TickNote] = []
    for i in range(len(expected)):
        uncached += islice(decoder.answer(context, greedy, rng, wish=wish), i, i + 1)
    for kind, played in (("cached", cached), ("uncached", uncached)):
        if played != expected:
            raise ModelError(f"the exported graphs, {kind}, play {played[:3]}..., PyTorch plays {expected[:3]}...")
    return len(expected)


def _differences(network: Network, decoder: Decoder) -> np.ndarray:
    """Return the absolute differences in bits of all attributes of an answer, in all contexts."""
    call, answer = phrases(2)
    found = []
    for context, wish in zip(CONTEXTS, WISHES, strict=True):
        decoder.restart()
        decoder.hear(call, context, True)
        expected = score(network, [call], answer, context, wish)
        found.append(np.abs(decoder.score(answer, context, wish) - expected))
    return np.concatenate(found)


def _batched_difference(network: Network, decoder: Decoder, context: Context, wish: Wish | None) -> float:
    """Return by how many bits the likelihoods of answers drawn in one batch are off, with the call and without."""
    (call, _), worst = phrases(3), 0.0
    decoder.restart()
    decoder.hear(call, context, True)
    rngs = [np.random.default_rng(seed) for seed in range(3)]
    made = list(islice(decoder.answers(context, Sampling(follow=1.5), rngs, wish=wish), NOTES))[-1]
    for one in made:
        for deaf, said in ((False, one.likelihood), (True, one.without_call)):
            bits = score(network, [call], one.notes, context, wish, deaf)
            expected = bits.sum() if one.over else bits[:-1].sum()
            worst = max(worst, abs(said / np.log(2) - expected) / len(bits))
    return float(worst)


def controls_of(rows: np.ndarray, onsets: list[int], context: Context, wish: Wish | None, deaf: bool) -> np.ndarray:
    """Return the controls (T, C) of the steps after an answer's events `rows` (T, F), start event included."""
    first = onsets[1] if len(onsets) > 1 else None
    wish = wish or Wish()
    firsts = [None, *[first] * (len(onsets) - 1)]
    asked = [wish.row(at, begun, context.metre, context.chords) for at, begun in zip(onsets, firsts, strict=True)]
    controls = np.array(asked).reshape(len(rows), len(CONTROLS))
    if deaf:
        controls[:, CALL_COLUMNS] = 0
    return controls


@torch.no_grad()
def state_of(
    network: Network, heard: Sequence[list[TickNote]], rows: np.ndarray, onsets: list[int], context: Context,
    wish: Wish | None = None, deaf: bool = False,
) -> torch.Tensor:  # fmt: skip
    """Return the decoder's states (1, T, D), from scratch, of an answer so far, `rows` (T, F), start event included."""
    events, last = [], None
    for i, notes in enumerate(heard):
        events.append(tok.encode(notes, context, LIVEJAM if i % 2 else PLAYER, last))
        last = notes[-1]
    s = sum(len(notes) for notes in heard)
    heard_at = Places(torch.tensor([[note.onset for notes in heard for note in notes]]), torch.arange(s)[None])
    kept = network.encode(torch.from_numpy(np.concatenate(events))[None], heard_at, _causal(s)).kept
    t = len(rows)
    at = Places(torch.tensor([onsets]), torch.arange(s - 1, s - 1 + t)[None])
    mask = torch.cat([torch.full((1, 1, t, s), not deaf), _causal(t)], dim=-1)
    controls = torch.from_numpy(controls_of(rows, onsets, context, wish, deaf))[None]
    return network.decode(torch.from_numpy(rows)[None], at, mask, kept, controls)


@torch.no_grad()
def score(
    network: Network, heard: Sequence[list[TickNote]], answer: list[TickNote], context: Context,
    wish: Wish | None = None, deaf: bool = False,
) -> np.ndarray:  # fmt: skip
    """Return what `Decoder.score` does, computed by PyTorch; `deaf`: as if nothing had been heard."""
    last = heard[-1][-1]
    rows = tok.encode(answer, context, LIVEJAM, last)
    start = tok.start_event(last, last.onset, context)
    if deaf:
        start[[COLUMN["pitch"], COLUMN["velocity"]]] = tok.NO_PITCH, 0
        rows[:1, COLUMN["interval"]] = 0
    events = np.concatenate([start[None], rows])
    state = state_of(network, heard, events, [last.onset, *(note.onset for note in answer)], context, wish, deaf)
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
def greedy_notes(
    network: Network, heard: Sequence[list[TickNote]], context: Context, wish: Wish | None = None
) -> list[TickNote]:
    """Return the likeliest answer, up to `NOTES` notes, each computed from scratch."""
    last = heard[-1][-1]
    rows, onsets = tok.start_event(last, last.onset, context)[None], [last.onset]
    notes: list[TickNote] = []
    while len(notes) < NOTES:
        state = state_of(network, heard, rows, onsets, context, wish)[0, -1:]
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
    chosen[0, : len(WITH_DELTA)] = torch.tensor(
        [delta, int(phase[0]), int(beat[0]), *tok.chord_at(context.chords, onset)]
    )
    chosen[0, CHOSEN.index("pitch")] = pitch = pick("pitch")
    chosen[0, CHOSEN.index("length")] = length = pick("length")
    return TickNote(onset, pitch, tok.LENGTH_TICKS[length], tok.velocity_of(pick("velocity")))


def _causal(n: int) -> torch.Tensor:
    return torch.ones(n, n, dtype=torch.bool).tril()[None, None]
