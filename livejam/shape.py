"""The musical policy over the network: what it is asked, and what an answer should keep to of register and length.

Pure numpy. Knows nothing of seconds, ports, or of who makes up the notes. Ticks.
"""

import numpy as np

from livejam.controls import MAJOR_SCALE, MINOR_SCALE, REGISTERS, Kind, Wish, first_bar
from livejam.decoder import PART, Sampling
from livejam.notes import Metre
from livejam.phrasing import BAR, Request
from livejam.rows import NOISE
from livejam.tokenizer import DELTA_TICKS, END, PREDICTED, Context

TEMPERATURE = 0.95
MIN_P = 0.05
INSIST, FIRMLY = 2.5, 4.0  # on what a player asks for; on kind, chart and density, taken too lightly
CLOSELY = 6.0  # on keeping close to the call where that is asked for with all force
IDIOM = 2.0  # of the style that a player asks for
NEVER = -1e9  # added to a logit
REGISTER = 7  # semitones beyond the call's range that cost nothing; each one more costs REGISTER_COST
ASKED = 4  # likewise beyond a register that is asked for
REGISTER_COST = 0.3  # nats
FEWEST = 3  # notes of an answer, if the call has as many
FULL_CHORD = 10  # notes that may sound together
OVERTIME = 4.0  # nats a call's length in favour of the end, once the answer is longer than the call


def asked(request: Request, temperature: float) -> tuple[Context, Sampling, Wish | None]:
    """Return what a request asks of the network; None: none of its controls."""
    shape, steering = Shape(request), request.steering
    wish = Wish(
        steering.bars, density=steering.density, register=steering.register, kind=steering.kind, key=steering.key
    )
    insist = FIRMLY if steering.kind or request.chords or steering.density else INSIST
    if steering.follow > 1 and wish == Wish() and not request.chords:  # all is insisted on alike: this gives way
        wish = Wish(kind=Kind.VARY)  # what keeps closest without being the same again
        insist = 1 + (CLOSELY - 1) * (steering.follow - 1)
    return (
        Context(request.metre, style=steering.style, chords=request.chords),
        Sampling(temperature, MIN_P, shape.bias, shape.steer, steering.follow, insist, IDIOM),
        None if wish == Wish() else wish,
    )


class Shape:
    """What an answer should keep to, as a bias on the network's choices."""

    def __init__(self, request: Request) -> None:
        call, steering = request.call, request.steering
        self.request = request
        self.fewest = min(FEWEST, len(call))
        self.span = max(96, max(note.onset + note.length for note in call) - call[0].onset)  # ticks
        self.bias = np.zeros(NOISE, np.float32)
        self.deltas = np.array([*DELTA_TICKS, 0])  # of each class; the last is the end
        if steering.register:
            edges = (REGISTERS[0] - REGISTER, *REGISTERS, REGISTERS[-1] + REGISTER)
            self._keep_near(edges[steering.register - 1] - ASKED, edges[steering.register] + ASKED)
        else:
            self._keep_near(min(note.pitch for note in call) - REGISTER, max(note.pitch for note in call) + REGISTER)
        if steering.key:
            self.bias[PART["pitch"]][~in_scale(steering.key)] = NEVER
        self.bias[PART["velocity"]][0] = NEVER  # "unknown" can't be played

    def steer(self, bias: np.ndarray, count: int, ticks: int, chord: int, begun: int | None = None) -> None:
        """Change `bias` before note number `count`, `ticks` after the start, with `chord` notes on the place so far.

        The start is the last note of the call; the answer's own first note came `begun` ticks after it.
        """
        delta = bias[PART["delta"]]
        span = max(self.span, self.request.min_ticks)
        if self.request.steering.bars and begun is not None:
            self._fill(delta, self.request.steering.bars, ticks, begun)
        if count < self.fewest or ticks < self.request.min_ticks:
            delta[END] = NEVER
        elif not self.request.steering.bars:
            delta[END] += OVERTIME * max(0.0, ticks / span - 1)
        if count == 0:
            self._begin(delta)
        if chord >= FULL_CHORD:
            delta[DELTA_TICKS.index(0)] = NEVER

    def _keep_near(self, lowest: int, highest: int) -> None:
        """Have pitches beyond these cost more the farther they are."""
        pitches = np.arange(PREDICTED["pitch"])
        beyond = np.maximum(0, np.maximum(lowest - pitches, pitches - highest))
        self.bias[PART["pitch"]] -= REGISTER_COST * beyond

    def _fill(self, delta: np.ndarray, bars: int, ticks: int, begun: int) -> None:
        """Have the answer go on into the last of its bars, and not beyond."""
        start = self.request.call[-1].onset
        last, end = last_bar(start + begun, bars, self.request.metre)
        here = start + ticks
        if here < last:
            delta[END] = NEVER
        beyond = here + self.deltas >= end
        beyond[END] = False
        delta[beyond] = NEVER

    def _begin(self, delta: np.ndarray) -> None:
        """Have the first note where it is wanted, if a class of `delta` leads exactly there."""
        first, before = self.request.first, self.request.call[-1].onset
        if first is not None and first - before in DELTA_TICKS:
            exact = DELTA_TICKS.index(first - before)
            delta[:exact], delta[exact + 1 :] = NEVER, NEVER


def in_scale(key: int) -> np.ndarray:
    """Return which pitches (128,) lie on the scale of a key, a class of `controls` from 1 on."""
    minor, tonic = divmod(key - 1, 12)
    pitches = np.arange(PREDICTED["pitch"])
    return np.isin((pitches - tonic) % 12, MINOR_SCALE if minor else MAJOR_SCALE)


def last_bar(first: int, bars: int, metre: Metre | None) -> tuple[int, int]:
    """Return where the last of the `bars` of an answer begins and ends, ticks, that begins at `first`.

    An upbeat belongs to the bar after it. Where no metre is known, the bars are of four beats, from `first` on.
    """
    if metre is None:
        return first + (bars - 1) * BAR, first + bars * BAR
    bar, place = divmod(first - metre.bar_line, metre.bar_ticks)
    end = metre.bar_line + (int(first_bar(bar, place, metre.bar_ticks)) + bars) * metre.bar_ticks
    return end - metre.bar_ticks, end
