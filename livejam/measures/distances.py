"""How far apart two sets of phrases are in one feature: Yang and Lerch, "On the evaluation of generative models in
music", Neural Computing and Applications 2018.

The distances between all phrases of one set (intra-set) and those between the phrases of both (inter-set) are two
samples of one number; their densities are estimated with Gaussian kernels (Scott's rule), and compared by KL
divergence (nats; 0: the same) and by overlapped area (1: the same). If people's phrases are as far from the made-up
ones as from each other, one can't tell the sets apart by that feature. As there, distances are Euclidean. Here every
intra-set pair counts once, where many distances are equal the kernel keeps a least width, and no phrase is compared
with the one that answers the same call.

Pure; no units but those of the feature. Features are (N, K) arrays, a row a phrase.
"""

from dataclasses import dataclass

import numpy as np

POINTS = 512  # at which densities are compared
REACH = 3.0  # kernel widths beyond the outermost distance
NARROWEST = 1e-2  # of a kernel, as a share of the largest distance
LEAST = 1e-9  # of a density, where a logarithm is taken
SPLITS = 10  # of the calls into halves


@dataclass(frozen=True, slots=True)
class Distance:
    """How a set compares with people's phrases."""

    divergence: float  # KL(intra of people's || inter), nats, >= 0
    overlap: float  # of the same two densities, 0..1
    intra: float  # mean distance within the set itself
    people: float  # mean distance within people's phrases
    inter: float  # mean distance between the two


def compare(people: np.ndarray, made: np.ndarray) -> Distance:
    """Compare `made` (N, K) with `people` (M, K); two rows each at least."""
    within, between = pairs_within(people), pairs_between(people, made)
    divergence, overlap = densities_apart(within, between)
    return Distance(divergence, overlap, float(pairs_within(made).mean()), float(within.mean()), float(between.mean()))


def compare_halves(people: np.ndarray, made: np.ndarray, rng: np.random.Generator) -> Distance:
    """Compare `made` (N, K) with `people` (N, K) who answered the same calls: the mean of several random splits.

    Each time people's answers to one half of the calls stand against the others' to the other half, so that people's
    own (`made` is `people`) are measured like any other. Four rows at least.
    """
    half = len(people) // 2
    found = []
    for _ in range(SPLITS):
        order = rng.permutation(len(people))
        found.append(compare(people[order[:half]], made[order[half:]]))
    return Distance(*(float(np.mean([getattr(d, name) for d in found])) for name in Distance.__slots__))


def pairs_within(rows: np.ndarray) -> np.ndarray:
    """Return the distances (N * (N - 1) / 2,) between different rows of (N, K)."""
    first, second = np.triu_indices(len(rows), 1)
    return np.asarray(np.linalg.norm(rows[first] - rows[second], axis=1))


def pairs_between(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the distances (N * M,) of all rows (N, K) to all rows (M, K)."""
    return np.asarray(np.linalg.norm(some[:, None] - others[None], axis=2)).ravel()


def densities_apart(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """Return KL(one || other) in nats, and the overlapped area 0..1, of the densities of two samples."""
    narrowest = NARROWEST * max(float(one.max()), float(other.max()), LEAST)
    widths = [max(scott(sample), narrowest) for sample in (one, other)]
    low = min(float(one.min()) - REACH * widths[0], float(other.min()) - REACH * widths[1])
    high = max(float(one.max()) + REACH * widths[0], float(other.max()) + REACH * widths[1])
    points = np.linspace(low, high, POINTS)
    p, q = (np.maximum(density_at(points, s, w), LEAST) for s, w in zip((one, other), widths, strict=True))
    p, q = p / p.sum(), q / q.sum()
    return float((p * np.log(p / q)).sum()), float(np.minimum(p, q).sum())


def scott(sample: np.ndarray) -> float:
    """Return the kernel's width for a sample (N,) by Scott's rule."""
    return float(sample.std(ddof=1) * len(sample) ** -0.2) if len(sample) > 1 else 0.0


def density_at(points: np.ndarray, sample: np.ndarray, width: float) -> np.ndarray:
    """Return the density (P,) at `points` of a sample (N,), Gaussian kernels of that width."""
    values, counts = np.unique(np.round(sample / width * 50).astype(np.int64), return_counts=True)
    apart = (points[:, None] / width - values / 50) ** 2  # (P, V): a fiftieth of the width is exact enough
    return np.asarray(np.exp(-apart / 2) @ counts / (len(sample) * width * np.sqrt(2 * np.pi)))
