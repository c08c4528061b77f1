"""Whether an answer belongs to its call: how often it is matched to it among the calls of other pieces.

Twice: by simple features of both, and by how likely a network finds the answer after each of the calls. Chance is one
in as many calls as there are. Pure. Ticks.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from livejam.measures.features import COMMON_BAR, Columns, contours, density, pitch_classes, waits
from livejam.notes import Metre, TickNote
from livejam.tokenizer import Context

FAMILIES = ("pitch classes", "rhythm", "contour", "register", "density")
MOST_SCORED = 24  # notes of an answer that the network looks at

Notes = tuple[TickNote, ...]


class Scorer(Protocol):
    """What can hear a phrase and say how likely another one is next: see `evaluation.Scorer`."""

    def restart(self) -> None:
        """Forget everything."""

    def hear(self, notes: Sequence[TickNote], context: Context, player: bool) -> None:
        """Append one phrase to the memory."""

    def score(self, notes: Sequence[TickNote], context: Context) -> np.ndarray:
        """Return log2-probabilities (N + 1, 4) of delta, pitch, length, velocity."""


def traits(notes: Columns) -> tuple[np.ndarray, ...]:
    """Return what is compared, one array a family; a phrase has one note at least."""
    register = np.array([notes.pitch.min(), notes.pitch.mean(), notes.pitch.max()])
    return pitch_classes(notes), waits(notes), contours(notes), register, np.array([np.log2(density(notes))])


def apart(one: tuple[np.ndarray, ...], other: tuple[np.ndarray, ...]) -> np.ndarray:
    """Return how far apart two phrases are in each family (F,): sums of absolute differences."""
    return np.array([np.abs(a - b).sum() for a, b in zip(one, other, strict=True)])


def by_features(answers: Sequence[Notes], calls: Sequence[Sequence[Notes]]) -> list[float]:
    """Return for each answer whether it is nearest to the first of its calls, 1 or 0; a draw counts in part.

    Each family is measured by its mean over all the pairs, so that all of them weigh the same.
    """
    table = [
        np.array([apart(traits(Columns.of(answer)), traits(Columns.of(call))) for call in several])
        for answer, several in zip(answers, calls, strict=True)
    ]
    if not table:
        return []
    scale = np.maximum(np.concatenate(table).mean(axis=0), 1e-9)
    return [nearest((rows / scale).sum(axis=1)) for rows in table]


def nearest(distances: np.ndarray) -> float:
    """Return whether the first of `distances` (C,) is the least: 1 or 0, or 1 / n if n are."""
    least = np.isclose(distances, distances.min())
    return float(least[0] / least.sum())


def by_network(scorer: Scorer, answer: Notes, calls: Sequence[Notes], context: Context) -> float:
    """Return whether the answer is likeliest after the first of `calls`, 1 or 0; a draw counts in part.

    Every call is heard alone and moved by whole bars to end right before the answer; where the answer begins does not
    count, nor do velocities, of which only some corpora have any. So nothing but the notes tells the calls apart.
    """
    notes, surprise = plain(answer[:MOST_SCORED]), []
    ends = len(answer) <= MOST_SCORED  # else it goes on where it is cut
    for call in calls:
        scorer.restart()
        scorer.hear(plain(moved_before(call, notes[0].onset, context.metre)), context, True)
        found = scorer.score(notes, context)[: len(notes) + ends, :3]
        surprise.append(found[0, 0] - found.sum())
    return nearest(np.array(surprise))


def moved_before(call: Notes, start: int, metre: Metre | None) -> Notes:
    """Return `call` moved by whole bars so that its last note begins as late as it can before `start` ticks."""
    bar = metre.bar_ticks if metre else COMMON_BAR
    shift = (start - 1 - call[-1].onset) // bar * bar
    return tuple(replace(note, onset=note.onset + shift) for note in call)


def plain(notes: Notes) -> Notes:
    """Return `notes` with velocities unknown."""
    return tuple(replace(note, velocity=0) for note in notes)
