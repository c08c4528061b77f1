"""How far notes are from the beat: the likeliest place of each, for players of any set-up and any swing. Pure numpy.

As in `phrasing.on_grid`, every beat is divided as simply as its onsets allow: into eighths, sixteenths, triplets, or
finer where so many notes are in it. Three things are known of the whole session and not of a beat: by how much all of
it is late (the set-up's latency, or the player's push), where the off-beat eighths lie (straight, swung, or between),
and how often each division is played. They are found by maximum likelihood, so that a constant shift is no
unsteadiness, an even swing is in time, and one late note does not count as an early one of a figure that is played
nowhere else.

Notes in no division, as of a glissando, have no place. Knows nothing of pitches, chords or who plays. Ticks, 24 a
quarter note; times are seconds where nothing else is said. Any thread may call it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from livejam.notes import TICKS_PER_BEAT
from livejam.phrasing import CHORD, DIVISIONS, EARLY

SPREAD = 0.022  # seconds: standard deviation of a player's timing, a little more than `phrasing` expects
STRAY = 4.5  # nats that one note far off costs at most: three standard deviations
LOST = 6.0  # nats that a note without a place costs
SHIFTS = np.arange(-0.12, 0.1201, 0.005)  # seconds by which all may be late
USUAL_SHIFT = 0.06  # seconds: its standard deviation
OFF_BEATS = (12, 13, 14, 15, 16)  # ticks after the beat, straight to swung
FEWEST = {4: 4, 3: 5}  # onsets in a beat from which on it can be divided into steps of so many ticks
EIGHTHS = DIVISIONS[0][0]
COSTS = {step: cost for step, cost in DIVISIONS if step > 1}  # nats a note
TOLERANCE = 30.0  # ms off that are out of time: beyond lies one note in ten of a steady player (`phrasing.SPREAD`), and
# listeners tell from about 20 ms on which of two sounds came first (Hirsh 1959)


@dataclass(frozen=True, slots=True)
class Timing:
    """How a number of notes lie beside the beat. Nan where there is none."""

    notes: int  # with a place
    mean: float  # ms; negative: early
    spread: float  # ms: robust standard deviation
    early: float  # share of notes more than TOLERANCE before what is usual in the session
    late: float  # the same, after


def timing(offsets: np.ndarray, usual: float) -> Timing:
    """Return how notes lie that are `offsets` (N,) ms off the beat, where `usual` ms are usual; nan has no place."""
    known = offsets[~np.isnan(offsets)]
    if not len(known):
        return Timing(0, np.nan, np.nan, np.nan, np.nan)
    early, late = (known < usual - TOLERANCE).mean(), (known > usual + TOLERANCE).mean()
    return Timing(len(known), float(known.mean()), robust_spread(known), float(early), float(late))


def robust_spread(values: np.ndarray) -> float:
    """Return the standard deviation of a normal distribution with the same median absolute deviation."""
    return float(1.4826 * np.median(np.abs(values - np.median(values))))


def places_of(ticks: Sequence[float], origins: Sequence[int], seconds_a_tick: Sequence[float]) -> np.ndarray:
    """Return the likeliest place (N,), ticks, of onsets at `ticks`, in any order; nan: none.

    Beats are counted from the bar line before each, `origins`.
    """
    if not len(ticks):
        return np.empty(0)
    order = np.argsort(np.asarray(ticks, float), kind="stable")
    line = _Line(*(np.asarray(column, float)[order] for column in (ticks, origins, seconds_a_tick)))
    tries = [_Try.of(line, shift) for shift in SHIFTS]
    first = min(tries, key=lambda one: one.cost(dict.fromkeys(COSTS, 0.0))[0])
    rarity = first.rarity()
    best = min(tries, key=lambda one: one.cost(rarity)[0])
    found = np.empty(len(order))
    found[order] = best.places(rarity)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """Onsets, ascending."""

    ticks: np.ndarray  # (N,) float
    origins: np.ndarray  # (N,) float
    seconds: np.ndarray  # (N,) float, a tick


@dataclass(frozen=True, slots=True, eq=False)
class _Try:
    """All onsets, if all of them are late by the same."""

    shift: float  # seconds
    beats: np.ndarray  # (N,) ticks: the beat of each
    groups: np.ndarray  # (N,) int: the number of its beat, from 0
    ways: dict[int, list[tuple[np.ndarray, np.ndarray]]]  # step -> for each off-beat: places (N,), nats (beats,)

    @classmethod
    def of(cls, line: _Line, shift: float) -> "_Try":
        ticks = line.ticks - shift / line.seconds
        beats = line.origins + np.floor((ticks - line.origins + EARLY) / TICKS_PER_BEAT) * TICKS_PER_BEAT
        within = ticks - beats
        _, groups = np.unique(beats, return_inverse=True)
        later = np.append(False, (np.diff(ticks) > CHORD) & (np.diff(beats) == 0))  # than the one before in its beat
        counts = np.bincount(groups, minlength=groups.max() + 1)
        onsets = np.bincount(groups, weights=later, minlength=len(counts)) + 1

        def way(places: np.ndarray, step: int) -> tuple[np.ndarray, np.ndarray]:
            off = np.minimum(((within - places) * line.seconds / SPREAD) ** 2 / 2, STRAY) + COSTS[step]
            merged = later & (np.append(np.nan, places[:-1]) == places)
            nats = np.bincount(groups, weights=np.where(merged, np.inf, off), minlength=len(counts))
            return places, np.where(onsets >= FEWEST.get(step, 0), nats, np.inf)

        ways = {step: [way(np.round(within / step) * step, step)] for step in COSTS if step != EIGHTHS}
        ways[EIGHTHS] = [way(_eighths(within, off_beat), EIGHTHS) for off_beat in OFF_BEATS]
        ways[0] = [(np.full(len(ticks), np.nan), LOST * counts)]
        return cls(shift, beats, groups, ways)

    def cost(self, rarity: dict[int, float]) -> tuple[float, int]:
        """Return the nats of all, and the best off-beat; `rarity`: nats a beat more for each division."""
        others = np.min([self.ways[step][0][1] + rarity.get(step, 0.0) for step in self.ways if step != EIGHTHS], 0)
        totals = [np.minimum(others, nats + rarity[EIGHTHS]).sum() for _, nats in self.ways[EIGHTHS]]
        best = int(np.argmin(totals))
        return float(totals[best] + (self.shift / USUAL_SHIFT) ** 2 / 2), best

    def rarity(self) -> dict[int, float]:
        """Return the nats that each division costs a beat for being played in few of them."""
        chosen = self._chosen(dict.fromkeys(COSTS, 0.0))
        return {step: float(np.log((len(chosen) + 1) / ((chosen == step).sum() + 1))) for step in COSTS}

    def places(self, rarity: dict[int, float]) -> np.ndarray:
        """Return the places (N,), ticks."""
        _, off_beat = self.cost(rarity)
        chosen = self._chosen(rarity)[self.groups]
        found = np.full(len(self.beats), np.nan)
        for step, ways in self.ways.items():
            places = ways[off_beat if step == EIGHTHS else 0][0]
            found = np.where(chosen == step, self.beats + places, found)
        return found

    def _chosen(self, rarity: dict[int, float]) -> np.ndarray:
        """Return the step (beats,) of the division of each beat; 0: none."""
        _, off_beat = self.cost(rarity)
        steps = np.array([*COSTS, 0])
        nats = [self.ways[s][off_beat if s == EIGHTHS else 0][1] + rarity.get(s, 0.0) for s in steps.tolist()]
        return np.asarray(steps[np.argmin(nats, 0)])


def _eighths(within: np.ndarray, off_beat: int) -> np.ndarray:
    """Return the nearest of the beat, its off-beat eighth, and the next beat."""
    places = np.array([0.0, off_beat, TICKS_PER_BEAT])
    return np.asarray(places[np.argmin(np.abs(within[:, None] - places), 1)])
