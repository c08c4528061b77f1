"""Answers in the making, side by side: the arrays that one run of the network reads and writes for each of them.

Each answer has a row. Beside it may run others, which take the same notes but lack something: the difference in what
they expect is what this something does, and it can be made to do more (guidance: Ho and Salimans 2022, arXiv
2207.12598; Sanchez et al. 2023, 2306.17806). Knows what the answering graph's inputs are, not what they are for in
music. Ticks. One thread.
"""

from collections.abc import Iterable, Mapping
from enum import Enum

import numpy as np

from livejam import tokenizer as tok
from livejam.contract import CHART_PLACES
from livejam.controls import CONTROLS
from livejam.runtime import Graph
from livejam.tokenizer import COLUMN, FIELDS, PREDICTED

NOISE = sum(PREDICTED.values())


class Lack(Enum):
    """What a row beside an answer lacks."""

    WISH = "is not asked to be anything, nor given a chart"
    CALL = "hears nothing"
    CALL_AND_STYLE = "hears nothing and knows no style"  # what was heard says it all too well by itself


HEARS = {None: True, Lack.WISH: True, Lack.CALL: False, Lack.CALL_AND_STYLE: False}


class Rows:
    """First a row for each answer, then one for each of what is lacking, in the order of `Lack`."""

    def __init__(
        self, graph: Graph, caches: Mapping[str, np.ndarray], answers: int, lacking: frozenset[Lack] = frozenset()
    ) -> None:
        """Bind arrays of as many rows to `graph`, and the first rows of its `caches`, which others may use in turn."""
        self.answers, kinds = answers, [None, *(lack for lack in Lack if lack in lacking)]
        self.beside = {kind: slice(answers * i, answers * (i + 1)) for i, kind in enumerate(kinds)}
        self.count = n = answers * len(kinds)
        self.caches = {name: cache[:n] for name, cache in caches.items()}
        self.slots, self.results = _slots(n), _results(n)
        self._graph, self._bound = graph, graph.bind({**self.slots, **self.caches}, self.results)
        self.slots["leader"][:] = np.arange(n) % answers
        self._before = self.slots["event"], self.slots["onset"]  # of the latest run
        self._seen = np.zeros(n, np.int32)  # notes heard, in the first places of each row's caches

    @property
    def hearing(self) -> slice:
        """The rows that hear; they come first."""
        return slice(0, self.answers * sum(HEARS[kind] for kind in self.beside))

    def begin(self, starts: Mapping[Lack | None, np.ndarray], onset: int, seen: int) -> None:
        """Let every answer begin at `onset`, with the event of `starts`; those rows that hear see `seen` notes."""
        slots = self.slots
        for kind, rows in self.beside.items():
            slots["event"][rows], self._seen[rows] = starts[kind], seen if HEARS[kind] else 0
            if not HEARS[kind]:
                slots["event"][rows, COLUMN["pitch"]], slots["event"][rows, COLUMN["velocity"]] = tok.NO_PITCH, 0
        slots["onset"][:], slots["force"][:] = onset, -1

    def blend(self, differences: Iterable[tuple[Lack | None, Lack, float]]) -> None:
        """Add to each answer's logits those of one row less those of another, so many times over."""
        blend, own = self.slots["blend"], np.arange(self.answers)
        blend[:] = np.eye(self.count)
        for more, less, times in differences:
            blend[own, self.beside[more].start + own] += times
            blend[own, self.beside[less].start + own] -= times

    def run(self, step: int, order: int) -> None:
        """Run the network: every answer's note number `step`, which is note number `order` + `step` of all."""
        slots = self.slots
        slots["order"][:], slots["last"][:] = order + step, self._seen + step
        slots["total"][...] = self._seen.max() + step + 1
        self._before = slots["event"].copy(), slots["onset"].copy()
        self._graph.run(self._bound)
        slots["event"][:], slots["onset"][:] = self.results["next_event"], self.results["next_onset"]

    def run_again(self, step: int, order: int) -> None:
        """Run the network once more from where it was before the latest run."""
        self.slots["event"][:], self.slots["onset"][:] = self._before
        self.run(step, order)

    def likelihoods(self, answer: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the log-probabilities (4,), in nats, of the latest note of an answer: with the call, and without."""
        found = self.results["log_probability"]
        deaf = self.beside.get(Lack.CALL)
        return found[answer], found[deaf.start + answer] if deaf else None


def _slots(n: int) -> dict[str, np.ndarray]:
    """Return the arrays from which a step of `n` rows reads; shapes as in livejam.training.export."""
    return {
        "event": np.zeros((n, len(FIELDS)), np.int64),
        "controls": np.zeros((n, len(CONTROLS)), np.int64),
        "onset": np.zeros((n, 1), np.int64),
        "order": np.zeros((n, 1), np.int64),
        "chart": np.zeros((n, CHART_PLACES, 2), np.int64),
        "chart_start": np.zeros((n, 1), np.int64),
        "bar_line": np.zeros(n, np.int64),
        "bar_ticks": np.zeros(n, np.int64),
        "noise": np.zeros((n, NOISE), np.float32),
        "bias": np.zeros((n, NOISE), np.float32),
        "temperature": np.ones((n, len(PREDICTED)), np.float32),
        "log_min_p": np.zeros((n, 1), np.float32),
        "force": np.full((n, len(PREDICTED)), -1, np.int64),
        "blend": np.eye(n, dtype=np.float32),
        "leader": np.arange(n),
        "last": np.zeros(n, np.int32),
        "total": np.zeros((), np.int32),
    }


def _results(n: int) -> dict[str, np.ndarray]:
    return {
        "next_event": np.zeros((n, len(FIELDS)), np.int64),
        "next_onset": np.zeros((n, 1), np.int64),
        "log_probability": np.zeros((n, len(PREDICTED)), np.float32),
    }
