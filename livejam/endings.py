"""How long a silence must last for a phrase to be over, judged by the player's own habits. Pure.

As a silence goes on, the odds that the phrase is over grow; where they pass a threshold, it is. How soon follows from
what is known when the last key comes up: how much the player has rested within phrases lately, how many phrases have
shown their habits, how long the phrase is beside the latest ones, whether it is a lone note, how long its last note is
beside the usual step, and how sure the network is. The weighted sum of these, put through a logistic curve, places the
silence between the shortest and the longest, on a logarithmic scale.

Weights: those of the shortest mean silence at the 9,218 phrase ends that are annotated in the training split of the
Weimar Jazz Database, with a penalty, smoothed, on each rest within a phrase that is longer (L-BFGS). The constant: as
many false starts there as with a fixed silence of 1 s. The network had heard these solos twice: on the true beat, and
on the pulse as it is felt where no clock runs. Features, range, penalty and the cap on the network's estimates: those
that did best on one half of the solos with weights of the other.

Knows nothing of keys, turns, ports or the network. Times are seconds. The thread that owns the session calls it.
"""

import math
from collections import deque
from dataclasses import dataclass
from statistics import fmean, median

CHORD = 0.03  # seconds: onsets closer than this are one
STEPS, PHRASES = 8, 4  # how many of the latest make a habit
USUAL_STEP, USUAL_PHRASE = 0.25, 12.0  # seconds, onsets: before anything is known
NO_REST = 0.15  # seconds: a shorter silence is none
FORGETTING = 1 / 128  # share of the rests so far that is forgotten with each onset
FEW_RESTS = 0.1  # seconds: as good as none, in sum
MOST_KNOWN = 20  # phrases: more of them do not tell more
SHORTEST_NOTE = 0.02  # seconds: what is shorter counts as this
LEAST, MOST = 1e-4, 0.73  # no estimate is taken for more certain than these
REACTION = 0.5  # seconds: who comes in sooner after livejam's turn does not answer it, but goes on


@dataclass(frozen=True, slots=True)
class EndingRules:
    """The constants of the rule; all but the first two are weights."""

    shortest: float  # seconds of silence at least
    longest: float  # seconds of silence at most
    constant: float
    rests: float  # log of the rests within phrases, forgotten gradually, seconds
    known: float  # log of 1 + phrases heard so far
    count: float  # log of the phrase's onsets as a share of the usual
    lone: float  # the phrase is one onset
    last: float  # log of the seconds from the latest onset to its end, as a share of the usual step
    odds: float  # log of the odds that the phrase is over, by the network


ALONE = EndingRules(0.4, 1.5, 2.24, 1.07, -0.69, -0.71, 2.04, -0.49, 0.0)  # nobody says how likely it is over
INFORMED = EndingRules(0.4, 1.5, 1.37, 1.26, -0.63, -0.58, 1.80, 0.0, -0.34)


class Habits:
    """What is known of how somebody plays, and what follows for the phrase they are in."""

    def __init__(self, alone: EndingRules = ALONE, informed: EndingRules = INFORMED) -> None:
        self.alone = alone
        self.informed = informed
        self._steps: deque[float] = deque(maxlen=STEPS)  # seconds from onset to onset, within phrases
        self._lengths: deque[int] = deque(maxlen=PHRASES)  # onsets of phrases
        self._rests = 0.0  # seconds: sum of the rests within phrases, older ones forgotten
        self._phrases = 0  # that are over
        self._onset = 0.0  # seconds: the latest
        self._count = 0  # onsets of the phrase
        self._released = self._over_at = -math.inf  # seconds: when the last key came up, when the phrase is over

    @property
    def longest(self) -> float:
        """Seconds of silence that end any phrase."""
        return max(self.alone.longest, self.informed.longest)

    def begin(self, now: float) -> None:
        """A phrase begins with an onset at `now`; the one before, if any, is over, unless it is too soon for that."""
        if now < self._over_at + REACTION:
            self.go_on(now, now - self._released)
            return
        if self._count:
            self._lengths.append(self._count)
            self._phrases += 1
        self._onset, self._count = now, 1
        self._over_at = -math.inf

    def go_on(self, now: float, rest: float) -> None:
        """The phrase goes on with an onset at `now` after `rest` seconds without a key."""
        self._over_at = -math.inf
        if now - self._onset < CHORD:
            return
        self._steps.append(now - self._onset)
        self._rests += max(rest - NO_REST, 0.0) - FORGETTING * self._rests
        self._onset = now
        self._count += 1

    def silence(self, released: float, probability: float | None = None) -> float:
        """Return the seconds of silence after the last key came up, at `released`, that end the phrase.

        `probability` (0..1) that it is over, if somebody knows.
        """
        rules = self.alone if probability is None else self.informed
        place = _logistic(self._doubt(rules, released, probability))
        needed: float = rules.shortest * (rules.longest / rules.shortest) ** place
        self._released, self._over_at = released, released + needed
        return needed

    def _doubt(self, rules: EndingRules, released: float, probability: float | None) -> float:
        """Return the weighted sum: the higher, the longer the silence needed."""
        usual_count = fmean(self._lengths) if self._lengths else USUAL_PHRASE
        step = median(self._steps) if self._steps else USUAL_STEP
        over = min(max(probability or 0.0, LEAST), MOST)
        return (
            rules.constant
            + rules.rests * math.log(self._rests + FEW_RESTS)
            + rules.known * math.log1p(min(self._phrases, MOST_KNOWN))
            + rules.count * math.log(max(self._count, 1) / usual_count)
            + rules.lone * (self._count <= 1)
            + rules.last * math.log(max(released - self._onset, SHORTEST_NOTE) / step)
            + rules.odds * math.log(over / (1 - over))
        )


def _logistic(x: float) -> float:
    return 0.5 + 0.5 * math.tanh(x / 2)
