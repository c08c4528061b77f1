"""The musical policy over the network: what an answer should keep to, of register, length and sense.

Pure numpy. Knows nothing of seconds, ports, or of who makes up the notes. Ticks.
"""

import numpy as np

from livejam.decoder import PART
from livejam.phrasing import Request
from livejam.rows import NOISE
from livejam.tokenizer import DELTA_TICKS, END, PREDICTED

TEMPERATURE = 0.95
MIN_P = 0.05
NEVER = -1e9  # added to a logit
REGISTER = 7  # semitones beyond the call's range that cost nothing; each one more costs REGISTER_COST
REGISTER_COST = 0.3  # nats
FEWEST = 3  # notes of an answer, if the call has as many
FULL_CHORD = 10  # notes that may sound together
OVERTIME = 4.0  # nats a call's length in favour of the end, once the answer is longer than the call


class Shape:
    """What an answer should keep to, as a bias on the network's choices."""

    def __init__(self, request: Request) -> None:
        call = request.call
        self.request = request
        self.fewest = min(FEWEST, len(call))
        self.span = max(96, max(note.onset + note.length for note in call) - call[0].onset)  # ticks
        self.bias = np.zeros(NOISE, np.float32)
        pitches = np.arange(PREDICTED["pitch"])
        low, high = min(note.pitch for note in call) - REGISTER, max(note.pitch for note in call) + REGISTER
        beyond = np.maximum(0, np.maximum(low - pitches, pitches - high))
        self.bias[PART["pitch"]] -= REGISTER_COST * beyond
        self.bias[PART["velocity"]][0] = NEVER  # "unknown" can't be played

    def steer(self, bias: np.ndarray, count: int, ticks: int, chord: int) -> None:
        """Change `bias` before note number `count`, `ticks` after the start, with `chord` notes on the place so far."""
        delta = bias[PART["delta"]]
        span = max(self.span, self.request.min_ticks)
        if count < self.fewest or ticks < self.request.min_ticks:
            delta[END] = NEVER
        else:
            delta[END] += OVERTIME * max(0.0, ticks / span - 1)
        if count == 0:
            self._begin(delta)
        if chord >= FULL_CHORD:
            delta[DELTA_TICKS.index(0)] = NEVER

    def _begin(self, delta: np.ndarray) -> None:
        """Have the first note where it is wanted, if a class of `delta` leads exactly there."""
        first, before = self.request.first, self.request.call[-1].onset
        if first is not None and first - before in DELTA_TICKS:
            exact = DELTA_TICKS.index(first - before)
            delta[:exact], delta[exact + 1 :] = NEVER, NEVER
