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

import numpy as np
from numpy.typing import NDArray

from livejam.grid import BeatGrid, joined

Floats = NDArray[np.float64]

DEFAULT_BPM = 120.0
PLACES = np.array([0, 1 / 2, 1 / 4, 3 / 4, 1 / 3, 2 / 3, 1 / 6, 5 / 6])  # of a beat
RHYTHMS = np.array(  # how often each place is taken
    [
        [0.85, 0.10, 0.01, 0.01, 0.01, 0.01, 0.001, 0.001],  # quarters and longer
        [0.90, 0.75, 0.03, 0.03, 0.01, 0.01, 0.001, 0.001],  # eighths
        [0.80, 0.50, 0.10, 0.15, 0.03, 0.03, 0.001, 0.001],  # mixed
        [0.95, 0.80, 0.65, 0.65, 0.01, 0.01, 0.001, 0.001],  # sixteenths
        [0.90, 0.10, 0.05, 0.50, 0.01, 0.01, 0.001, 0.001],  # dotted
        [0.90, 0.05, 0.01, 0.01, 0.10, 0.60, 0.001, 0.010],  # swing
        [0.90, 0.10, 0.01, 0.01, 0.70, 0.70, 0.010, 0.010],  # triplets
    ]
)
COMMON = np.array([0.20, 0.34, 0.25, 0.10, 0.04, 0.05, 0.02])  # how common each rhythm is
STRAY = 0.05  # onsets a second that lie anywhere
BINS = 96  # of a beat, when phases are compared
SPREAD = 0.018  # seconds: standard deviation of a player's timing
USUAL_BPM, USUAL_SPREAD = 110.0, 0.35  # median, and spread of its natural logarithm
TEMPOS = np.exp(np.arange(np.log(48), np.log(220), 0.003))  # candidates, beats a minute
MEMORY = 8.0  # seconds: older onsets count less and less, so a drifting tempo is followed to its end
HABIT, HABIT_SPREAD = 0.6, 0.03  # belief that the previous tempo (or beat) goes on, and how nearly (share of it)
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
        floor_ticks: nothing of the phrase lies before this place of the tick line.
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
    log_rates, expected = _log_rates(tempos)
    seconds = MEMORY * (1 - np.exp(-times[-1] / MEMORY))  # heard, weighted as the onsets are
    heard = np.fft.rfft(_histograms(times, weights, tempos))  # (T, F)
    fits = np.fft.irfft(heard * np.fft.rfft(log_rates).conj(), n=BINS)  # (R, T, BINS): correlation at every phase
    scores = fits - (expected * seconds)[:, :, None]
    scores = (
        scores
        + np.log(COMMON)[:, None, None]
        + _tempo_prior(tempos, previous)[:, None]
        + _phase_prior(times, tempos, previous)
    )
    rhythm, tempo, phase = np.unravel_index(int(scores.argmax()), scores.shape)
    return int(rhythm), float(tempos[tempo]), float(phase) / BINS


def _log_rates(tempos: Floats) -> tuple[Floats, Floats]:
    """Return the logarithm of the rate of onsets a second at every phase, and the mean rate: (R, T, BINS), (R, T)."""
    phases = np.arange(BINS) / BINS
    away = (phases[:, None] - PLACES + 0.5) % 1 - 0.5  # (BINS, P)
    seconds = away[None] * (60 / tempos)[:, None, None]  # (T, BINS, P)
    peaks = np.exp(-((seconds / SPREAD) ** 2) / 2) / (SPREAD * np.sqrt(2 * np.pi))
    rates = np.einsum("tbp,rp->rtb", peaks, RHYTHMS) + STRAY
    return np.log(rates), RHYTHMS.sum(axis=1)[:, None] * tempos / 60 + STRAY


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


def _phase_prior(times: Floats, tempos: Floats, previous: BeatGrid | None) -> Floats:
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
