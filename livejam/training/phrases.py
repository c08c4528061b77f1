"""Where phrases start in a part whose source does not say it: at marked ends, at rests, else at bar lines.

Every onset is a possible cut with a price: cheap at a rest or after a long note, dear inside a bar. Phrases far from
two to four bars have a price too, and dynamic programming finds the cheapest cuts. Pure functions on prepared notes
(ticks, 24 a quarter note); knows nothing of corpora or files.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from livejam.notes import TICKS_PER_BEAT
from livejam.pieces import METRE, PHRASE

REST = 3 * TICKS_PER_BEAT // 4  # silence that is felt as a rest
LONG_REST = 8 * TICKS_PER_BEAT  # always cuts, whatever stands on either side
FEWEST = 4  # notes a phrase, except between long rests
PICKUP = 4 * TICKS_PER_BEAT  # how far a mark may stand from the rest that it means
COMMON_TIME = np.array([(0, 4, 4)], METRE)
IN_BAR, ON_BEAT, LATE_BAR, BAR_LINE = 8.0, 4.0, 2.0, 1.0  # prices of a cut without a rest, the worst place first


def cut_phrases(notes: np.ndarray, metres: np.ndarray, marks: Sequence[int] = (), *, most: int = 64) -> np.ndarray:
    """Cut the part `notes` into phrases.

    Args:
        notes: (N,) NOTE, sorted by (onset, pitch), at least one.
        metres: (M,) METRE of the piece; empty where unknown (then bars of 4/4 from tick 0).
        marks: ticks at which the source itself starts a new phrase (strain ends, fermatas): cut there, or at a rest
            within three notes; the phrase that ends at a mark, or at the end of a part that has marks, is marked.
        most: notes a phrase at most; 64 for a melody, 128 for polyphonic parts.

    Returns:
        (P,) PHRASE: first notes, ascending, the first is 0.
    """
    onsets, firsts = np.unique(notes["onset"], return_index=True)
    rests = _rests(notes, onsets, firsts)
    firsts = np.append(firsts, len(notes))
    marked = _settled(np.searchsorted(onsets, np.asarray(marks, np.int64)).tolist(), onsets, firsts, rests)
    edges = np.unique([0, *marked, *np.flatnonzero(rests >= LONG_REST), len(onsets)])
    starts = [
        cut
        for start, end in pairwise(edges)
        for cut in _cut_segment(onsets[start:end], firsts[start : end + 1], rests[start:end], metres, most) + start
    ]
    phrases = np.zeros(len(starts), PHRASE)
    phrases["start"] = firsts[starts]
    phrases["marked"] = np.isin(np.append(starts[1:], len(onsets)), [*marked, len(onsets)]) & (len(marks) > 0)
    return phrases


def bar_places(onsets: np.ndarray, metres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how many ticks each of `onsets` lies after its bar line, and how long its bar is in ticks."""
    metres = metres if len(metres) else COMMON_TIME
    metre = metres[np.maximum(np.searchsorted(metres["tick"], onsets, side="right") - 1, 0)]
    lengths = metre["numerator"].astype(np.int64) * 4 * TICKS_PER_BEAT // metre["denominator"]
    return (onsets - metre["tick"]) % lengths, lengths


def _rests(notes: np.ndarray, onsets: np.ndarray, firsts: np.ndarray) -> np.ndarray:
    """Ticks between the last sounding end and each onset; 0 at the first onset and where notes still sound."""
    ends = np.maximum.accumulate(notes["onset"] + notes["length"].astype(np.int64))
    return np.asarray(np.maximum(onsets - np.append(onsets[:1], ends[firsts[1:] - 1]), 0))


def _settled(marks: Sequence[int], onsets: np.ndarray, firsts: np.ndarray, rests: np.ndarray) -> list[int]:
    """Return where marks cut: a mark behind a pickup, or before a last note, means the rest; crowded marks go."""
    count, settled = len(onsets), [0]
    moved = [max(range(max(m - 3, 1), min(m + 4, count)), key=_pull(m, onsets, rests)) for m in marks if 0 < m < count]
    for mark in sorted(set(moved)):
        apart = min(firsts[mark] - firsts[settled[-1]], firsts[count] - firsts[mark]) >= FEWEST
        if apart or rests[mark] >= LONG_REST:
            settled.append(mark)
    return settled[1:]


def _pull(mark: int, onsets: np.ndarray, rests: np.ndarray) -> Callable[[int], tuple[int, bool]]:
    """How much the rest at an onset draws a mark; without a rest the mark's own onset draws most."""

    def pull(onset: int) -> tuple[int, bool]:
        near = abs(onsets[onset] - onsets[mark]) <= PICKUP and rests[onset] >= REST
        return (int(rests[onset]) if near else 0), onset == mark

    return pull


def _cut_segment(
    onsets: np.ndarray, firsts: np.ndarray, rests: np.ndarray, metres: np.ndarray, most: int
) -> np.ndarray:
    """Return the cheapest phrase starts, as indices of `onsets`; `firsts` has one entry more, the end."""
    count = len(onsets)
    cut_prices = np.append(_cut_prices(onsets, rests, metres), 0.0)
    limits = np.append(onsets - rests, onsets[-1] + TICKS_PER_BEAT)  # where a phrase that ends here falls silent
    bars = _comparable_bars(bar_places(onsets, metres)[1])
    best, came_from = np.zeros(count + 1), np.zeros(count + 1, np.int64)
    oldest = np.searchsorted(firsts, firsts - most)
    for i in range(1, count + 1):
        j = slice(min(oldest[i], i - 1), i)
        prices = best[j] + _length_prices((limits[i] - onsets[j]) / bars[j], firsts[i] - firsts[j])
        cheapest = int(prices.argmin())
        best[i], came_from[i] = prices[cheapest] + cut_prices[i], j.start + cheapest
    starts = [int(came_from[count])]
    while starts[-1] > 0:
        starts.append(int(came_from[starts[-1]]))
    return np.array(starts[::-1])


def _length_prices(bars: np.ndarray, notes: np.ndarray) -> np.ndarray:
    """The price of phrases of so many bars and notes: none for 2 to 4 bars, a little for 3."""
    short, long = np.maximum(1.9 - bars, 0), np.maximum(bars - 4.1, 0)
    odd = 0.3 * (np.abs(bars - 3) < 0.5)
    few = 0.25 * np.maximum(8 - notes, 0) + 20.0 * (notes < FEWEST)
    return np.asarray(1.5 * short + 0.5 * long**2 + odd + few)


def _cut_prices(onsets: np.ndarray, rests: np.ndarray, metres: np.ndarray) -> np.ndarray:
    """The price of starting a phrase at each onset; below 0 after a rest of more than a beat."""
    phase, bars = bar_places(onsets, metres)
    new_bar = np.diff(onsets - phase, prepend=onsets[0] - 1) > 0
    prices = np.where(phase % TICKS_PER_BEAT == 0, ON_BEAT, IN_BAR)
    prices[new_bar] = np.where(phase[new_bar] == 0, BAR_LINE, LATE_BAR)
    if phase[0] >= bars[0] / 2:  # the segment starts with a pickup, so its phrases probably do
        prices[phase == phase[0]] = BAR_LINE - 0.1
    steps = np.diff(onsets, prepend=onsets[0])
    held = np.maximum(steps - rests - 2 * np.median(steps[1:]), 0) if len(onsets) > 1 else 0
    pause = (rests + held / 2) / TICKS_PER_BEAT  # beats
    with_rest = np.minimum(prices, BAR_LINE) - np.minimum(pause, 4)
    return np.asarray(np.where(rests >= REST, with_rest, prices - np.minimum(pause, 4)))


def _comparable_bars(ticks: np.ndarray) -> np.ndarray:
    """Double the bars of 3/8, 1/4 and the like until they are as long as one of 2/4."""
    return np.asarray(ticks * 2 ** np.maximum(np.ceil(np.log2(2 * TICKS_PER_BEAT / ticks)), 0))
