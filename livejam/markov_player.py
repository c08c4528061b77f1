"""A Markov model that answers: the Continuator's kind (Pachet 2003), under the same policy as the network.

Fits `cases.Player`. Draws delta, then pitch, length and velocity given what the model keeps of them, from its
probabilities (see markov.py); temperature, min-p and bias act on their logarithms as they do on the network's logits.
Knows nothing of files or ONNX. Ticks. One thread.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from livejam.decoder import PART, Sampling
from livejam.markov import ABSENT, ATTRIBUTES, DEEPEST, NOTHING, PITCHES, MarkovModel, Samples, event_classes
from livejam.notes import TickNote
from livejam.tokenizer import DELTA_TICKS, END, LENGTH_TICKS, MIDDLE_C, PREDICTED, Context, start_onset, velocity_of

LONGEST = 128  # notes of an answer


class MarkovPlayer:
    """Hears phrases and continues them."""

    def __init__(self, model: MarkovModel) -> None:
        self._model = model
        self.restart()

    def restart(self) -> None:
        """Forget all that was heard."""
        self._rows = np.empty((0, len(ATTRIBUTES)), dtype=np.int64)
        self._last: TickNote | None = None

    def hear(self, notes: Sequence[TickNote], context: Context, player: bool) -> None:
        """Append one phrase to the memory; who played it makes no difference here."""
        if notes:
            rows = event_classes(notes, context, self._last)
            self._rows = np.concatenate([self._rows, rows])[-2 * (DEEPEST + 1) :]
            self._last = notes[-1]

    def answer(
        self, context: Context, sampling: Sampling, rng: np.random.Generator, start: int = 0
    ) -> Iterator[TickNote]:
        """Yield an answer to what was heard, from `start` ticks on if that is nothing, up to its end."""
        last, rows = self._last, self._rows
        first = last.onset if last else start_onset(start, context.metre)
        onset, chord, begun = first, 0, None
        for count in range(LONGEST):
            bias = sampling.bias.copy()
            if sampling.steer:
                sampling.steer(bias, count, onset - first, chord, begun)
            row = self._drawn(rows, bias, sampling, rng)
            if row[0] == END:
                return
            chord = 1 if DELTA_TICKS[row[0]] else chord + 1
            onset += DELTA_TICKS[row[0]]
            begun = onset - first if begun is None else begun
            rows = np.concatenate([rows, row[None]])[-2 * (DEEPEST + 1) :]
            yield TickNote(onset, int(row[1]), LENGTH_TICKS[row[2]], velocity_of(int(row[3])))

    def _drawn(
        self, rows: np.ndarray, bias: np.ndarray, sampling: Sampling, rng: np.random.Generator
    ) -> np.ndarray:  # (4,) int64
        """Draw the next event after `rows` (R, 4)."""
        row = np.full(len(ATTRIBUTES), ABSENT)
        for column, name in enumerate(ATTRIBUTES):
            row[column] = draw(self._logits(rows, name, int(row[0])) + bias[PART[name]], sampling, rng)
            if row[0] == END:
                break
        return row

    def _logits(self, rows: np.ndarray, name: str, delta: int) -> np.ndarray:
        """Return the logarithms (classes,) of the probabilities of one attribute, by class."""
        column = ATTRIBUTES.index(name)
        past = rows[:, column][rows[:, column] != ABSENT]
        symbols = np.arange(PREDICTED[name])
        if name == "pitch":
            if not len(past):
                return -0.5 * ((symbols - MIDDLE_C) / 7.0) ** 2  # a first pitch has no interval: near the middle
            symbols = (symbols - past[-1]) % PITCHES
            past = np.diff(past) % PITCHES
        history = np.full(DEEPEST, NOTHING)
        latest = past[::-1][:DEEPEST]
        history[: len(latest)] = latest
        wanted = Samples(symbols, np.tile(history, (len(symbols), 1)), np.full(len(symbols), delta))
        return np.asarray(self._model.attributes[name].log2(wanted) * np.log(2))


def draw(logits: np.ndarray, sampling: Sampling, rng: np.random.Generator) -> int:
    """Return a class by its logit, tempered, without those too unlikely; at temperature 0 the likeliest."""
    if sampling.temperature <= 0:
        return int(logits.argmax())
    scaled = logits / sampling.temperature
    scaled[scaled < scaled.max() + np.log(max(sampling.min_p, 1e-9))] = -np.inf
    return int((scaled + rng.gumbel(size=len(scaled))).argmax())
