"""Answers in the making, side by side: the arrays that one run of the network reads and writes for each of them.

Each answer has a row. Where it is to be compared with what would be said without the call, or blended with that, it has
another one that hears nothing; where it is to do what it is asked more than it would by itself, another one that is
asked nothing. Knows what the answering graph's inputs are, not what they are for in music.
Ticks. One thread.
"""

from collections.abc import Mapping

import numpy as np

from livejam import tokenizer as tok
from livejam.contract import CHART_PLACES
from livejam.controls import CONTROLS
from livejam.runtime import Graph
from livejam.tokenizer import COLUMN, FIELDS, PREDICTED

NOISE = sum(PREDICTED.values())


class Rows:
    """First a row for each answer, then one for each that is asked nothing, then one for each that hears nothing."""

    def __init__(
        self, graph: Graph, heard: Mapping[str, np.ndarray], own: Mapping[str, np.ndarray], answers: int,
        unasked: bool = False, deaf: bool = False,
    ) -> None:  # fmt: skip
        """Bind arrays of as many rows to `graph`; `heard` and `own` say what one row's caches are like."""
        self.answers, self.has_unasked, self.has_deaf = answers, unasked, deaf
        self.count = n = answers * (1 + unasked + deaf)
        self.hearing = slice(0, n - answers * deaf)
        self.unasked, self.deaf = slice(answers, self.hearing.stop), slice(self.hearing.stop, n)
        self.heard = {name: np.zeros((n, *cache.shape[1:]), np.float32) for name, cache in heard.items()}
        self.slots, self.results = _slots(n), _results(n)
        caches = {name: np.zeros((n, *cache.shape[1:]), np.float32) for name, cache in own.items()}
        self._graph, self._bound = graph, graph.bind({**self.slots, **self.heard, **caches}, self.results)
        self.slots["leader"][:] = np.arange(n) % answers

    def begin(self, start: np.ndarray, bare: np.ndarray, onset: int, seen: int) -> None:
        """Let every answer begin at `onset` with the event `start`, which is `bare` where it is asked nothing.

        Those rows that hear see `seen` notes.
        """
        slots = self.slots
        slots["event"][:], slots["event"][self.unasked], slots["onset"][:] = start, bare, onset
        slots["heard"][self.hearing], slots["heard"][self.deaf], slots["heard_total"][...] = seen, 0, seen + 1
        slots["event"][self.deaf, COLUMN["pitch"]], slots["event"][self.deaf, COLUMN["velocity"]] = tok.NO_PITCH, 0
        slots["force"][:] = -1

    def blend(self, follow: float, insist: float) -> None:
        """Blend each answer's logits: `follow` times what hearing changes, `insist` times what being asked changes."""
        blend, own = self.slots["blend"], np.arange(self.answers)
        blend[:] = np.eye(self.count)
        for there, rows, share in ((self.has_unasked, self.unasked, insist), (self.has_deaf, self.deaf, follow)):
            if there:
                blend[own, own] += share - 1
                blend[own, rows.start + own] = 1 - share

    def run(self, step: int, order: int) -> None:
        """Run the network: every answer's note number `step`, which is note number `order` + `step` of all."""
        slots = self.slots
        slots["order"][:], slots["last"][:], slots["total"][...] = order + step, step, step + 1
        self._graph.run(self._bound)
        slots["event"][:], slots["onset"][:] = self.results["next_event"], self.results["next_onset"]

    def likelihoods(self, answer: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the log-probabilities (4,), in nats, of the latest note of an answer: with the call, and without."""
        found = self.results["log_probability"]
        return found[answer], found[self.deaf.start + answer] if self.has_deaf else None


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
        "heard": np.zeros(n, np.int32),
        "heard_total": np.zeros((), np.int32),
    }


def _results(n: int) -> dict[str, np.ndarray]:
    return {
        "next_event": np.zeros((n, len(FIELDS)), np.int64),
        "next_onset": np.zeros((n, 1), np.int64),
        "log_probability": np.zeros((n, len(PREDICTED)), np.float32),
    }
