"""The player's own pulse: from the onsets of a phrase to its beat grid. Pure.

Onsets are taken for an inhomogeneous Poisson process whose rate peaks at the places of a metrical grid: how often each
place of a beat is taken depends on the rhythm (quarters, eighths, swing, ...). The likelihood of every tempo, phase and
rhythm is computed at once, by correlating a histogram of the onsets' phases with the logarithm of the rate; a prior
keeps to the tempi people tap (Parncutt 1994; van Noorden and Moelants 1999) and to the previous phrase. The best grid
is then fitted to the onsets by least squares. Knows nothing of notes beyond their onsets. Times are seconds, phases
are shares of a beat. The thread that owns the session calls it.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from livejam.grid import BeatGrid, joined

Floats = NDArray[np.float64]

DEFAULT_BPM = 120.0
PLACES = np.array([0, 1 / 2, 1 / 4, 3 / 4, 1 / 3, 2 / 3, 1 / 6, 5 / 6])  # of a beat
RHYTHMS = (
    np.array(  # how often each place is taken; but for even, swing and triplets, learned from tunes, songs and solos
        [
            [0.90, 0.80, 0.006, 0.018, 0.002, 0.004, 0.002, 0.002],  # eighths
            [0.82, 0.62, 0.135, 0.307, 0.010, 0.010, 0.002, 0.002],  # mixed
            [0.90, 0.89, 0.750, 0.810, 0.002, 0.006, 0.002, 0.008],  # sixteenths
            [0.97, 0.02, 0.005, 0.005, 0.002, 0.002, 0.002, 0.002],  # even
            [0.78, 0.20, 0.010, 0.016, 0.010, 0.010, 0.002, 0.008],  # quarters
            [0.53, 0.40, 0.150, 0.230, 0.090, 0.140, 0.020, 0.050],  # free
            [0.84, 0.50, 0.030, 0.080, 0.180, 0.240, 0.002, 0.007],  # eighths and triplets
            [0.95, 0.02, 0.010, 0.720, 0.070, 0.070, 0.002, 0.002],  # dotted
            [0.90, 0.10, 0.010, 0.010, 0.200, 0.600, 0.002, 0.010],  # swing
            [0.90, 0.10, 0.010, 0.010, 0.700, 0.700, 0.010, 0.010],  # triplets
        ]
    )
)
COMMON = np.array([0.30, 0.18, 0.12, 0.14, 0.13, 0.03, 0.03, 0.05, 0.03, 0.001])  # how common each rhythm is
ACCENT = 0.4  # nats: how much the first, the last and long notes draw the beat
STRAY = 0.05  # onsets a second that lie anywhere
BINS = 64  # of a beat, when phases are compared
_PULL = np.fft.rfft(np.cos(2 * np.pi * np.arange(BINS) / BINS)).conj()  # towards the beat
SPREAD = 0.018  # seconds: standard deviation of a player's timing
USUAL_BPM, USUAL_SPREAD = 110.0, 0.35  # median, and spread of its natural logarithm
TEMPOS = np.exp(np.arange(np.log(48), np.log(220), 0.005))  # candidates, beats a minute
MEMORY = 8.0  # seconds: older onsets count less and less, so a drifting tempo is followed to its end
HABIT, HABIT_SPREAD = 0.6, 0.03  # belief that the previous tempo (or beat) goes on, and how nearly (share of it)
LONG = 1.8  # times the median time between onsets
CHORD = 0.04  # seconds: onsets closer than this are one
ENOUGH = 4  # onsets; with fewer the previous tempo stays
FITS = 3  # rounds of least squares


def estimate_pulse(
    onsets: Sequence[float], previous: BeatGrid | None = None, bpm: float | None = None, floor_ticks: int = 0
) -> BeatGrid:
    """Return the grid of a phrase with these onsets (seconds, ascending, at least one).

    Args:
        previous: the grid of the phrase before. Its tempo and beat are kept where they explain the onsets, its tempo
            stays if there are fewer than four, and its tick line goes on.
        bpm: the tempo, if it is known; only the beat is then looked for.
        floor_ticks: where the tick line starts, or with a previous grid, the place that nothing of the phrase lies
            before.
    """
    start = onsets[0]
    times = _without_chords(np.asarray(onsets, dtype=float) - start)
    if bpm is None and len(times) < ENOUGH and (previous or len(times) == 1):
        bpm = previous.bpm if previous else DEFAULT_BPM
    tempos = TEMPOS if bpm is None else np.array([bpm])
    weights = np.exp((times - times[-1]) / MEMORY)
    rhythm, tempo, phase = _likeliest(
        times, weights, tempos, previous and replace(previous, origin=previous.origin - start)
    )
    beat, beat_at = _fitted(times, weights, RHYTHMS[rhythm], 60 / tempo, phase * 60 / tempo, free=bpm is None)
    return joined(bpm or 60 / beat, start + beat_at, start, previous, floor_ticks)


def _without_chords(times: Floats) -> Floats:  # (N,) float64, seconds
    apart = np.diff(times, prepend=-np.inf) > CHORD
    return times[apart]


def _likeliest(times: Floats, weights: Floats, tempos: Floats, previous: BeatGrid | None) -> tuple[int, float, float]:
    """Return the likeliest rhythm (index), tempo (bpm) and phase of the beat (share of a beat after time 0)."""
    rates, expected = _rates(tuple(tempos))
    seconds = MEMORY * (1 - np.exp(-times[-1] / MEMORY))  # heard, weighted as the onsets are
    heard = np.fft.rfft(_histograms(times, weights, tempos))  # (T, F)
    accents = np.fft.rfft(_histograms(times, ACCENT * _accented(times), tempos))
    scores = np.fft.irfft(heard * rates + accents * _PULL, n=BINS)  # (R, T, BINS): correlation at every phase
    scores += (np.log(COMMON)[:, None] - expected * seconds)[:, :, None]
    scores += _tempo_prior(tempos, previous)[:, None] + _phase_prior(tempos, previous)
    rhythm, tempo, phase = np.unravel_index(int(scores.argmax()), scores.shape)
    return int(rhythm), float(tempos[tempo]), float(phase) / BINS


def _accented(times: Floats) -> Floats:
    """Return how often each onset is marked: as the first, as the last or before a long wait: (N,)."""
    waits = np.diff(times, append=np.inf)
    accented = (waits >= LONG * np.median(waits)).astype(float)
    accented[0] += 1
    return accented


@lru_cache(maxsize=4)
def _rates(tempos: tuple[float, ...]) -> tuple[NDArray[np.complex128], Floats]:
    """Return the log rate of onsets at every phase, as a conjugate spectrum, and the mean rate: (R, T, F), (R, T)."""
    away = (np.arange(BINS)[:, None] / BINS - PLACES + 0.5) % 1 - 0.5  # (BINS, P) beats
    seconds = away * (60 / np.array(tempos))[:, None, None]  # (T, BINS, P)
    rates = np.einsum("tbp,rp->rtb", _bell(seconds, SPREAD), RHYTHMS) + STRAY  # onsets a second
    expected = RHYTHMS.sum(axis=1)[:, None] * np.array(tempos) / 60 + STRAY
    return np.fft.rfft(np.log(rates)).conj(), expected


def _histograms(times: Floats, weights: Floats, tempos: Floats) -> Floats:
    """Return how much weight lies at each phase of the beat, for every tempo: (T, BINS)."""
    places = times * (tempos / 60)[:, None] % 1 * BINS  # (T, N)
    low = np.floor(places).astype(int)
    share = places - low
    histograms = np.zeros((len(tempos), BINS))
    rows = np.arange(len(tempos))[:, None]
    np.add.at(histograms, (rows, low % BINS), weights * (1 - share))
    np.add.at(histograms, (rows, (low + 1) % BINS), weights * share)
    return histograms


def _tempo_prior(tempos: Floats, previous: BeatGrid | None) -> Floats:
    """Return the log belief in every tempo: (T,)."""
    usual = _bell(np.log(tempos / USUAL_BPM), USUAL_SPREAD)
    if previous is None:
        return np.log(usual)
    return np.log((1 - HABIT) * usual + HABIT * _bell(np.log(tempos / previous.bpm), HABIT_SPREAD))


def _phase_prior(tempos: Floats, previous: BeatGrid | None) -> Floats:
    """Return the log belief that the beat goes on as it was where the phrase starts: (T, BINS)."""
    if previous is None:
        return np.zeros((len(tempos), BINS))
    beats = (previous.origin % previous.beat) * tempos / 60  # (T,) a beat of the old grid
    away = (np.arange(BINS) / BINS - beats[:, None] + 0.5) % 1 - 0.5
    return np.log((1 - HABIT) + HABIT * _bell(away, 2 * HABIT_SPREAD))


def _bell(away: Floats, spread: float) -> Floats:
    return np.asarray(np.exp(-((away / spread) ** 2) / 2) / (spread * np.sqrt(2 * np.pi)))


def _fitted(
    times: Floats, weights: Floats, rhythm: Floats, beat: float, beat_at: float, free: bool
) -> tuple[float, float]:
    """Return beat and the time of a beat (seconds) by weighted least squares; `free`: the beat may change."""
    for _ in range(FITS):
        places, near = _assigned(times, rhythm, beat, beat_at)
        trust = weights * near
        total = trust.sum()
        if total == 0:
            break
        place_mean, time_mean = (trust * places).sum() / total, (trust * times).sum() / total
        spread = (trust * (places - place_mean) ** 2).sum()
        if free and spread > 0:
            beat = float((trust * (places - place_mean) * (times - time_mean)).sum() / spread)
        beat_at = float(time_mean - place_mean * beat)
    return beat, beat_at


def _assigned(times: Floats, rhythm: Floats, beat: float, beat_at: float) -> tuple[Floats, Floats]:
    """Return each onset's likeliest place in beats, and whether it is near enough to count (0 or 1): (N,), (N,)."""
    position = (times - beat_at) / beat
    away = (position[:, None] - PLACES + 0.5) % 1 - 0.5  # (N, P) beats
    best = (np.log(rhythm) - (away * beat / SPREAD) ** 2 / 2).argmax(axis=1)
    error = away[np.arange(len(times)), best]
    return position - error, (np.abs(error) * beat < 3 * SPREAD).astype(float)
