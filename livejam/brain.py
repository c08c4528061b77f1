"""The musical policy over the network: hears phrases, and shapes each answer into register, length and sense.

Fits `composer.Brain`. Knows nothing of seconds, ports or who plays the notes. Ticks. One thread calls it, that of the
network's process or, in virtual time, the session's; the same seed, turn and notes heard give the same answer.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from livejam.decoder import PART, Decoder, Sampling
from livejam.notes import Metre, TickNote
from livejam.phrasing import Request
from livejam.rows import NOISE
from livejam.tokenizer import DELTA_TICKS, END, PREDICTED, Context

TEMPERATURE = 0.95
MIN_P = 0.05
NEVER = -1e9  # added to a logit
REGISTER = 7  # semitones beyond the call's range that cost nothing; each one more costs REGISTER_COST
REGISTER_COST = 0.3  # nats
FEWEST = 3  # notes of an answer, if the call has as many
FULL_CHORD = 10  # notes that may sound together
OVERTIME = 4.0  # nats a call's length in favour of the end, once the answer is longer than the call


def load_brain(model: Path | None, seed: int, temperature: float | None) -> "Brain":
    """Load a network (None: the one that comes along), warm it up and return it as a brain.

    Raises:
        ModelError: it can't be loaded.
    """
    brain = Brain(Decoder(model), seed, TEMPERATURE if temperature is None else temperature)
    brain.warm_up()
    return brain


class Brain:
    """A decoder that listens and answers in a session."""

    def __init__(self, decoder: Decoder, seed: int, temperature: float = TEMPERATURE) -> None:
        self._decoder = decoder
        self._seed = seed
        self._temperature = temperature

    @property
    def about(self) -> dict[str, object]:
        """What must be known to repeat its answers."""
        return {"seed": self._seed, "temperature": self._temperature, "model_sha256": self._decoder.sha256}

    def warm_up(self) -> None:
        """Run once what a turn runs: the first time is slow."""
        call = (TickNote(0, 60, 12, 80), TickNote(12, 62, 12, 80))
        self.hear(call, None, player=True)
        next(self.answer(Request(0, call, None, 120.0, 24, 96)), None)
        self._decoder.restart()

    def hear(self, notes: Sequence[TickNote], metre: Metre | None, player: bool) -> None:
        """Append one phrase to the memory."""
        self._decoder.hear(notes, Context(metre), player)

    def rollback(self, heard: int) -> None:
        """Forget all but the first `heard` notes. Raises ValueError if that is longer ago than the memory reaches."""
        self._decoder.rollback(heard)

    def restart(self) -> None:
        """Forget everything."""
        self._decoder.restart()

    @property
    def phrase_end(self) -> float:
        """Probability that the phrase is over with the latest note."""
        return self._decoder.phrase_end

    def answer(self, request: Request) -> Iterator[TickNote]:
        """Yield an answer, lazily; see `composer.Brain`."""
        shape = Shape(request)
        sampling = Sampling(self._temperature, MIN_P, shape.bias, shape.steer)
        rng = np.random.default_rng([self._seed, request.turn])
        sounding: dict[int, int] = {}  # pitch -> onset
        for note in self._decoder.answer(Context(request.metre), sampling, rng, request.start):
            if sounding.get(note.pitch) != note.onset:  # no key is struck twice at once
                sounding[note.pitch] = note.onset
                yield note


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
