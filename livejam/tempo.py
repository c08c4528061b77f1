"""The straight line through the pulses of a clock: when they come, and how far apart. Pure.

Pulses come late, early, in blocks, twice or not at all, and their tempo changes. Two lines are kept. The short one goes
robustly through the last `WINDOW` pulses; the long one is a recursive least-squares line with a long, fading memory,
and it is the one believed. Whenever the short line contradicts the long one by more than the pulses usually scatter
(the test for a break of Chow, Econometrica 1960), and is itself as straight as usual, the tempo has changed: the past
is forgotten and the long line begins anew as the short one. So a steady clock is averaged over many bars, and a change
of tempo is settled as soon as a window of pulses lies behind it.

Knows nothing of MIDI, beats or the song. Times are seconds. The thread that owns the clock calls it.
"""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

WINDOW = 24  # pulses: a quarter note of MIDI clock
MEMORY = 512  # pulses over which the long line fades
LEARNING = 768  # pulses over which the scatter is learned
EVERY = 2  # pulses from one comparison of the lines to the next
BREAK, BREAK_AGAIN = 25.0, 9.0  # variances of contradiction that mean a change; soon after one, less is needed
STRAIGHT = 1.8  # times the usual scatter: more than that is no line
CLIP = 4.0  # standard deviations: what lies further out counts as if it lay there
FLOOR = 2e-5  # seconds: no clock is trusted to scatter less
SLIP = 0.3  # of a pulse: so near to a whole number of them, pulses were lost or doubled
SAME_TEMPO = 0.03  # relative: a slip changes the period by less


@dataclass(slots=True)
class Fit:
    """A robust line through a window of pulses."""

    middle: float  # seconds: the line in the middle of the window
    period: float  # seconds a pulse
    scatter: float  # seconds squared: sum of the squared distances


class Line:
    """A least-squares line, taken forward pulse by pulse (recursive least squares with a fading memory)."""

    def __init__(self, fit: Fit) -> None:
        n = WINDOW
        self.level = fit.middle + fit.period * (n - 1) / 2  # seconds: the line at the latest pulse
        self.period = fit.period  # seconds a pulse
        self._pp = 2 * (2 * n - 1) / (n * (n + 1))  # covariance of level and period, in variances of a pulse
        self._pq = 6 / (n * (n + 1))
        self._qq = 12 / (n * (n * n - 1))

    def step(self, at: float, clip: float) -> float:
        """Go on to a pulse at `at`, of which at most `clip` (seconds) of surprise counts; return the surprise."""
        fade = 1 + 1 / MEMORY
        pp, pq, qq = (self._pp + 2 * self._pq + self._qq) * fade, (self._pq + self._qq) * fade, self._qq * fade
        self.level += self.period
        surprise = at - self.level
        gain, drift = pp / (pp + 1), pq / (pp + 1)
        self.level += gain * _clipped(surprise, clip)
        self.period += drift * _clipped(surprise, clip)
        self._pp, self._pq, self._qq = pp * (1 - gain), pq * (1 - gain), qq - drift * pq
        return surprise / math.sqrt(1 + pp)

    def move_to(self, at: float) -> None:
        """Have the latest pulse at `at`, with the same period as before."""
        self.level = at
        self._pp, self._pq = 1.0, 0.0

    def contradiction(self, fit: Fit) -> float:
        """Return by how much the squared distances of the window's pulses grow from its own line to this one."""
        n = WINDOW
        apart = fit.middle - (self.level - self.period * (n - 1) / 2)
        return n * apart**2 + (fit.period - self.period) ** 2 * n * (n * n - 1) / 12


class PulseLine:
    """Follows the pulses of a clock."""

    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=WINDOW)  # seconds
        self._line: Line | None = None
        self._pulses = 0
        self._variance = FLOOR**2  # of a pulse about the line
        self._covariance = 0.0  # of one pulse and the next: blocks of pulses scatter in runs
        self._before = 0.0  # seconds: the surprise before
        self._contradicted = 0  # pulses in a row
        self._since_break = 2 * WINDOW  # pulses
        self._torn = False

    @property
    def at(self) -> float | None:
        """Seconds: where the latest pulse belongs; None before a window of pulses has been seen."""
        return self._line.level if self._line else None

    @property
    def period(self) -> float:
        """Seconds a pulse; 0 before a window of pulses has been seen."""
        return self._line.period if self._line else 0.0

    @property
    def noise(self) -> float:
        """Seconds: standard deviation of the pulses about the line."""
        return math.sqrt(self._variance)

    def tear(self) -> None:
        """The next pulse has nothing to do with the ones before, but for the tempo."""
        self._recent.clear()
        self._torn = True

    def follow(self, at: float) -> int:
        """Take in a pulse that came at `at`; return how many pulses were lost just before it (doubled: negative)."""
        self._recent.append(at)
        self._pulses += 1
        if self._line is None:
            self._begin()
        elif self._torn:
            self._line.move_to(at)
        else:
            self._step(self._line, at)
            if len(self._recent) == WINDOW and self._pulses % EVERY == 0:
                return self._compare(self._line, fitted(self._recent))
        self._torn = False
        return 0

    def _begin(self) -> None:
        if len(self._recent) == WINDOW:
            fit = fitted(self._recent)
            self._line = Line(fit)
            self._variance = max(fit.scatter / (WINDOW - 2), FLOOR**2)
            self._pulses = WINDOW

    def _step(self, line: Line, at: float) -> None:
        clip, rate = CLIP * self.noise, 1 / min(self._pulses, LEARNING)
        surprise = _clipped(line.step(at, 0.0 if self._contradicted else clip), clip)  # in doubt, it coasts
        self._variance = max(self._variance + rate * (surprise**2 - self._variance), FLOOR**2)
        self._covariance += rate * (surprise * self._before - self._covariance)
        self._before = surprise
        self._since_break += 1

    def _compare(self, line: Line, fit: Fit) -> int:
        """Look whether the last pulses still lie on the line."""
        alike = max(0.0, min(0.9, self._covariance / self._variance))
        usual = self._variance * (1 + alike) / (1 - alike)
        young = self._since_break < 2 * WINDOW
        if line.contradiction(fit) <= (BREAK_AGAIN if young else BREAK) * usual:
            self._contradicted = 0
            return 0
        self._contradicted += EVERY
        crooked = fit.scatter > STRAIGHT * (WINDOW - 2) * self._variance
        period = max(line.period, FLOOR)
        late = (fit.middle + fit.period * (WINDOW - 1) / 2 - line.level) / period  # pulses
        if (crooked or abs(late) > SLIP) and self._contradicted <= WINDOW:
            return 0  # in the middle of a change, or a few stray pulses: wait until the window is all new
        slip = round(late) if abs(late - round(late)) < SLIP and abs(fit.period / period - 1) < SAME_TEMPO else 0
        self._line, self._contradicted, self._before, self._covariance = Line(fit), 0, 0.0, 0.0
        self._since_break = self._since_break if young else 0
        return slip


def fitted(times: Sequence[float]) -> Fit:
    """Return a line through `WINDOW` pulses: medians first (Theil, 1950), then least squares without what strays."""
    half, middle, first = WINDOW // 2, (WINDOW - 1) / 2, times[0]
    elapsed = [at - first for at in times]
    period = _median([later - at for at, later in zip(elapsed, elapsed[half:], strict=False)]) / half
    rest = [at - period * (place - middle) for place, at in enumerate(elapsed)]
    level = _median(rest)
    clip = 3 * 1.4826 * _median([abs(at - level) for at in rest]) + 1e-6
    near = [_clipped(at - level, clip) for at in rest]
    mean = sum(near) / WINDOW
    slope = sum((place - middle) * at for place, at in enumerate(near)) * 12 / (WINDOW * (WINDOW**2 - 1))
    scatter = sum((at - level - mean - slope * (place - middle)) ** 2 for place, at in enumerate(rest))
    return Fit(first + level + mean, period + slope, scatter)


def _median(values: list[float]) -> float:
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _clipped(value: float, most: float) -> float:
    return max(-most, min(most, value))
