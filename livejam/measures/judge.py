"""A judge who tries to tell made-up answers from people's next phrases, given the call.

Logistic regression with a ridge (a normal prior on the weights of standardised features), found by Newton's method. It
learns from some pieces and judges others, so nothing it knows of a piece helps. 50 % right is as good as people; how
near the figure is to that says as much about the judge's eyes as about the answers. Pure; no units.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RIDGE = 10.0  # a prior deviation of 0.3 of each weight
ROUNDS = 25  # of Newton's method at most
FOLDS = 10
SURE = 1.96  # standard deviations: 95 %


@dataclass(frozen=True, slots=True)
class Verdict:
    """How often the judge was right."""

    accuracy: float  # 0..1
    low: float  # 95 % interval
    high: float
    judged: int  # phrases, half of them people's


@dataclass(frozen=True, slots=True)
class Sign:
    """A feature by which made-up answers can be told."""

    name: str
    people: float  # mean
    made: float  # mean
    effect: float  # difference of the means in standard deviations of both together


def tell_apart(people: np.ndarray, made: np.ndarray, groups: Sequence[str], rng: np.random.Generator) -> Verdict | None:
    """Return how well `made` (N, K) can be told from `people` (N, K), rows of the same case in the same place.

    `groups` (N) names the piece of each; None if they are all of one.
    """
    names = sorted(set(groups))
    if len(names) < 2:
        return None
    folds = {name: place % FOLDS for place, name in enumerate(rng.permutation(names).tolist())}
    fold = np.tile([folds[name] for name in groups], 2)
    features = np.concatenate([people, made])
    truth = np.repeat([0.0, 1.0], len(people))
    right = 0.0
    for held in np.unique(fold):
        found = judge(features[fold != held], truth[fold != held], features[fold == held])
        right += float(np.where(found == 0, 0.5, (found > 0) == truth[fold == held]).sum())
    low, high = wilson(right, len(truth))
    return Verdict(right / len(truth), low, high, len(truth))


def signs(people: np.ndarray, made: np.ndarray, names: Sequence[str], most: int) -> tuple[Sign, ...]:
    """Return up to `most` of the features (N, K) called `names` in which the two differ most, the largest first."""
    spread = np.concatenate([people, made]).std(axis=0)
    means = people.mean(axis=0), made.mean(axis=0)
    effect = np.where(spread > 1e-9, (means[1] - means[0]) / np.maximum(spread, 1e-9), 0.0)
    order = np.argsort(-np.abs(effect), kind="stable")[:most]
    return tuple(Sign(names[i], float(means[0][i]), float(means[1][i]), float(effect[i])) for i in order)


def judge(known: np.ndarray, truth: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Return the log-odds (M,) that each of `asked` (M, K) is 1, learnt from `known` (N, K) and `truth` (N,)."""
    centre, spread = known.mean(axis=0), known.std(axis=0)
    spread = np.where(spread > 1e-9, spread, np.inf)  # what never changes tells nothing
    return np.asarray(_with_one((asked - centre) / spread) @ _weights(_with_one((known - centre) / spread), truth))


def _with_one(features: np.ndarray) -> np.ndarray:
    return np.column_stack([features, np.ones(len(features))])


def _weights(features: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return the weights (K + 1,), the last one free of the ridge."""
    weights = np.zeros(features.shape[1])
    ridge = np.full(features.shape[1], RIDGE)
    ridge[-1] = 1e-6
    for _ in range(ROUNDS):
        chance = 1 / (1 + np.exp(-np.clip(features @ weights, -30, 30)))
        slope = features.T @ (truth - chance) - ridge * weights
        bend = (features * (chance * (1 - chance))[:, None]).T @ features + np.diag(ridge)
        step = np.linalg.solve(bend, slope)
        weights += step
        if np.abs(step).max() < 1e-6:
            break
    return weights


def wilson(right: float, count: int) -> tuple[float, float]:
    """Return Wilson's interval (1927), 95 %, of the share `right` / `count`."""
    share, z = right / count, SURE**2 / count
    middle = (share + z / 2) / (1 + z)
    half = SURE / (1 + z) * np.sqrt(share * (1 - share) / count + z / (4 * count))
    return float(middle - half), float(middle + half)
