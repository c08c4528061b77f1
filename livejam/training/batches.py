"""Windows -> batches: drawn at random for training, one after the other for validation, and packed into rows.

Batches depend on the seed and the step alone, so a run that resumes sees what it would have seen. Dimensions as in
`model`: B rows, S events of what was heard, T events of answers, F fields. All times are ticks.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch

from livejam import tokenizer as tok
from livejam.controls import CONTROLS
from livejam.tokenizer import COLUMN, FIELDS
from livejam.training.data import PLAIN, ROLE_WEIGHTS, Dropping, Stream, Window, room, window
from livejam.training.ensemble import LONGEST_WINDOW, Band, Stagehand, span_window
from livejam.training.layers import CHOSEN, Places
from livejam.training.model import Batch, Owners, Targets

CHOSEN_COLUMNS = [COLUMN[name] for name in CHOSEN]
SCARCE = 300_000  # notes: a corpus of no more gets all of the dropout, a larger one less, with the root of its size


class Sampler:
    """Draws batches: corpora by weight, streams by size, windows at random; a share of the windows with a band."""

    def __init__(
        self, music: Sequence[Stream], weights: Mapping[str, float], seed: int, rows: int, notes: int, drop: Dropping,
        band: Sequence[Band] = (), accompany: float = 0.0,
    ) -> None:  # fmt: skip
        self.music, self.seed, self.rows, self.notes, self.drop = list(music), seed, rows, notes, drop
        self.stagehand = Stagehand(band) if band and accompany else None
        self.accompany = accompany
        size = np.array([len(stream.rows) ** 0.7 * ROLE_WEIGHTS.get(stream.role, 1.0) for stream in music])
        corpora = np.array([stream.corpus for stream in music])
        total = {name: size[corpora == name].sum() for name in set(corpora)}
        self.scarcity = scarcity(music)
        share = np.array([weights.get(name, 1.0) / total[name] for name in corpora]) * size
        self.share = np.cumsum(share / share.sum())

    def batch(self, step: int) -> Batch:
        """Return the batch of a step; the same seed and step give the same batch."""
        rng = np.random.default_rng([self.seed, step])
        packer = Packer(self.rows, self.notes)
        misses = 0
        while misses < 6:
            corpus, item = self._draw(rng)
            misses += not packer.add(item, self.scarcity.get(corpus, 1.0))
        return packer.batch()

    def _draw(self, rng: np.random.Generator) -> tuple[str, Window]:
        """Return a corpus, and a window of it."""
        if self.stagehand and rng.random() < self.accompany:
            return self.stagehand.draw(self.notes, rng, self.drop)
        stream = self.music[min(int(np.searchsorted(self.share, rng.random())), len(self.music) - 1)]
        note = rng.integers(len(stream.rows))
        first = int(np.searchsorted(stream.starts, note, side="right")) - 1
        return stream.corpus, window(stream, first, self.notes, rng, self.drop)


def scarcity(music: Sequence[Stream]) -> dict[str, float]:
    """Return for each corpus which share of the dropout it gets, 0..1: the fewer notes, the sooner learnt by heart."""
    notes = dict.fromkeys(dict.fromkeys(stream.corpus for stream in music), 0)
    for stream in music:
        notes[stream.corpus] += len(stream.rows)
    return {name: min(1.0, (SCARCE / count) ** 0.5) for name, count in notes.items()}


def consecutive(music: Sequence[Stream], rows: int, notes: int, most: int, seed: int) -> Iterator[Batch]:
    """Yield batches that cover up to `most` notes of `music` once, in windows, without augmentation."""
    rng = np.random.default_rng(seed)
    packer, seen = Packer(rows, notes), 0
    for i in rng.permutation(len(music)):
        first = 0
        while first < len(music[i].starts) - 1 and seen < most:
            piece = window(music[i], first, notes, rng, PLAIN)
            if not packer.add(piece):
                yield packer.batch()
                packer = Packer(rows, notes)
                packer.add(piece)
            seen += len(piece.heard)
            reached = music[i].starts[first] + len(piece.heard)
            first = max(first + 1, int(np.searchsorted(music[i].starts, reached, side="right")) - 1)
    if packer.filled:
        yield packer.batch()


def in_spans(music: Sequence[Band], rows: int, notes: int, most: int, seed: int, span: int = 48) -> Iterator[Batch]:
    """Yield batches of the bands `music` in spans of `span` ticks, up to `most` notes heard, without augmentation."""
    rng = np.random.default_rng(seed)
    packer, seen = Packer(rows, notes), 0
    for i in rng.permutation(len(music)):
        for start, end, metre in music[i].metres:
            begin = start
            while begin + span <= end and seen < most:
                item = span_window(music[i], begin, end, metre, span, notes, rng, PLAIN)
                length = LONGEST_WINDOW
                if item is not None:
                    if not packer.add(item):
                        yield packer.batch()
                        packer = Packer(rows, notes)
                        packer.add(item)
                    seen += len(item.heard)
                    length = int(item.onset[-1] - item.onset[0]) // span * span + span
                begin += length
    if packer.filled:
        yield packer.batch()


class Packer:
    """Packs windows into rows, first fit; masks keep them apart."""

    def __init__(self, rows: int, notes: int) -> None:
        self.shape = (rows, notes)
        self.room = room(notes)  # for answers
        self.filled = 0
        self.windows: list[list[Window]] = [[] for _ in range(rows)]
        self.scarcity: list[list[float]] = [[] for _ in range(rows)]

    def add(self, item: Window, scarcity: float = 0.0) -> bool:
        """Put `item`, which gets such a share of the dropout, where there is room; say whether there was."""
        for row, shares in zip(self.windows, self.scarcity, strict=True):
            heard, answers = sum(len(w.heard) for w in row), sum(len(w.answer) for w in row)
            if heard + len(item.heard) <= self.shape[1] and answers + len(item.answer) <= self.room:
                row.append(item)
                shares.append(scarcity)
                self.filled += 1
                return True
        return False

    def batch(self) -> Batch:
        """Return everything packed so far as tensors."""
        rows, s = self.shape
        t = self.room
        heard, answer = np.zeros((rows, s, len(FIELDS)), np.int64), np.zeros((rows, t, len(FIELDS)), np.int64)
        places = {name: np.zeros((rows, n), np.int64) for name, n in
                  (("onset", s), ("order", s), ("answer_onset", t), ("answer_order", t), ("sees", t))}  # fmt: skip
        owner, answer_owner, phrase = np.full((rows, s), -1), np.full((rows, t), -1), np.full((rows, t), -1)
        controls, deaf = np.zeros((rows, t, len(CONTROLS)), np.int64), np.zeros((rows, t), bool)
        share, answer_share = np.zeros((rows, s, 1), np.float32), np.zeros((rows, t, 1), np.float32)
        end = np.full((rows, s), -1)
        next_heard, next_answer = _no_targets(rows, s), _no_targets(rows, t)
        for r, items in enumerate(self.windows):
            i = j = 0
            for k, w in enumerate(items):
                here, there = slice(i, i + len(w.heard)), slice(j, j + len(w.answer))
                heard[r, here], answer[r, there] = w.heard, w.answer
                places["onset"][r, here], places["order"][r, here] = w.onset, np.arange(len(w.heard))
                places["answer_onset"][r, there], places["answer_order"][r, there] = w.answer_onset, w.answer_order
                places["sees"][r, there] = w.sees + i * (w.sees > 0)
                owner[r, here], answer_owner[r, there], phrase[r, there] = k, k, w.phrase + 1000 * k
                end[r, here] = w.phrase_end
                controls[r, there], deaf[r, there] = w.controls, w.sees == 0
                share[r, here] = answer_share[r, there] = self.scarcity[r][k]
                _fill_targets(next_heard, r, here, *w.coming_heard())
                _fill_targets(next_answer, r, there, *w.coming())
                i, j = here.stop, there.stop
        ends = places.pop("sees")
        p = {name: torch.from_numpy(value) for name, value in places.items()}
        o, ao, ph = (torch.from_numpy(x) for x in (owner, answer_owner, phrase))
        index = torch.arange(s)
        cross = (ao[:, :, None] == o[:, None, :]) & (index < torch.from_numpy(ends)[:, :, None])
        return Batch(
            torch.from_numpy(heard), Places(p["onset"], p["order"]), _causal(o), _tensors(next_heard),
            torch.from_numpy(end), torch.from_numpy(answer), Places(p["answer_onset"], p["answer_order"]),
            _causal(ph), cross[:, None], _tensors(next_answer), torch.from_numpy(controls),
            Owners(ao, ph, torch.from_numpy(deaf)), torch.from_numpy(share), torch.from_numpy(answer_share),
        )  # fmt: skip


def _causal(owner: torch.Tensor) -> torch.Tensor:
    n = owner.shape[1]
    same = owner[:, :, None] == owner[:, None, :]
    return (same & torch.ones(n, n, dtype=torch.bool).tril())[:, None]


def _no_targets(rows: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    return np.full((rows, n, len(tok.PREDICTED)), -1), np.zeros((rows, n, len(CHOSEN)), np.int64)


def _fill_targets(
    targets: tuple[np.ndarray, np.ndarray], row: int, at: slice, attributes: np.ndarray, events: np.ndarray
) -> None:
    """Put the notes that come next, `attributes` (N, 4) and `events` (N, F), as targets at `row`, `at`."""
    targets[0][row, at], targets[1][row, at] = attributes, events[:, CHOSEN_COLUMNS]


def _tensors(targets: tuple[np.ndarray, np.ndarray]) -> Targets:
    return Targets(*(torch.from_numpy(array) for array in targets))
