"""How long a silence must last for a phrase to be over, judged by the player's own habits. Pure.

Needed is less, the faster somebody plays, the shorter the rests within their phrases are, the longer the phrase is
beside their earlier ones, the longer its last note, and the surer the network is that it is over: the product of a
power of each, between a floor and a ceiling. As a silence goes on, the odds that the phrase is over grow; where rests
within phrases have the tail of a power law, waiting until the odds pass a threshold comes to this form. The constants
are those of the shortest median wait on the training split of the Weimar Jazz Database (phrases as annotated there)
that has no more false starts than a fixed silence of 1 s.

Knows nothing of keys, turns, ports or the network. Times are seconds. The thread that owns the session calls it.
"""

import math
from collections import deque
from dataclasses import dataclass
from statistics import fmean, median

CHORD = 0.03  # seconds: onsets closer than this are one
STEPS, RESTS, PHRASES = 8, 32, 4  # how many of the latest make a habit
USUAL_STEP, USUAL_REST, USUAL_PHRASE = 0.25, 0.1, 12.0  # seconds, seconds, onsets: before anything is known
SHORTEST_REST, SHORTEST_NOTE = 0.03, 0.02  # seconds: what is shorter counts as this
SUREST = 1e-4  # no probability is nearer to 0 or 1


@dataclass(frozen=True, slots=True)
class EndingRules:
    """The constants of the rule; all but the first three are exponents."""

    shortest: float  # seconds of silence at least
    longest: float  # seconds of silence at most
    scale: float  # seconds: where all of the following are 1
    step: float  # usual seconds from onset to onset
    rest: float  # longest rest within a phrase, seconds
    count: float  # onsets of the phrase, as a share of the usual
    last: float  # seconds since the latest onset at its end, as a share of the usual step
    odds: float  # that the phrase is over, by the network


ALONE = EndingRules(0.15, 1.4, 1.357, -0.073, 0.374, -0.247, -0.276, 0.0)  # nobody says how likely it is over
INFORMED = EndingRules(0.1, 1.4, 1.186, 0.179, 0.228, -0.214, 0.028, -0.125)


class Habits:
    """What is known of how somebody plays, and what follows for the phrase they are in."""

    def __init__(self, alone: EndingRules = ALONE, informed: EndingRules = INFORMED) -> None:
        self.alone = alone
        self.informed = informed
        self._steps: deque[float] = deque(maxlen=STEPS)  # seconds from onset to onset, within phrases
        self._rests: deque[float] = deque(maxlen=RESTS)  # seconds of silence before onsets, within phrases
        self._lengths: deque[int] = deque(maxlen=PHRASES)  # onsets of phrases
        self._onset = -math.inf  # seconds: the latest
        self._count = 0  # onsets of the phrase

    @property
    def longest(self) -> float:
        """Seconds of silence that end any phrase."""
        return max(self.alone.longest, self.informed.longest)

    def begin(self, now: float) -> None:
        """A phrase begins with an onset at `now`; the one before, if any, is over."""
        if self._count:
            self._lengths.append(self._count)
        self._onset, self._count = now, 1

    def go_on(self, now: float, rest: float) -> None:
        """The phrase goes on with an onset at `now` after `rest` seconds without a key."""
        if now - self._onset < CHORD:
            return
        self._steps.append(now - self._onset)
        self._rests.append(rest)
        self._onset = now
        self._count += 1

    def silence(self, released: float, probability: float | None = None) -> float:
        """Return the seconds of silence after the last key came up, at `released`, that end the phrase.

        `probability` (0..1) that it is over, if somebody knows.
        """
        rules = self.alone if probability is None else self.informed
        over = min(max(probability or 0.0, SUREST), 1 - SUREST)
        step = median(self._steps) if self._steps else USUAL_STEP
        rest = max(self._rests, default=USUAL_REST)
        usual_count = fmean(self._lengths) if self._lengths else USUAL_PHRASE
        needed: float = (
            rules.scale
            * step**rules.step
            * max(rest, SHORTEST_REST) ** rules.rest
            * (self._count / usual_count) ** rules.count
            * (max(released - self._onset, SHORTEST_NOTE) / step) ** rules.last
            * (over / (1 - over)) ** rules.odds
        )
        return min(max(needed, rules.shortest), rules.longest)
