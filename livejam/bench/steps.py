"""What one note costs: single steps of the network after shorter and longer sessions.

Each step is one call of the runtime on one thread, as on stage. Knows nothing of ports or sessions. Times are
milliseconds and say so; ticks say so. One thread.
"""

import time
from collections.abc import Callable
from itertools import islice

import numpy as np

from livejam.bench.wire import Spread
from livejam.calls import CALLS
from livejam.decoder import Decoder, Sampling
from livejam.notes import TICKS_PER_BEAT, TickNote
from livejam.rows import NOISE
from livejam.tokenizer import END, Context

HISTORIES = (20, 200, 1000, 2000)  # notes heard before the answer
STEPS = 60  # timed in a round: a long answer
ROUNDS = 10  # the histories take turns, so that a busy moment hits all alike


def measure_steps(decoder: Decoder, rounds: int = ROUNDS) -> dict[int, Spread]:
    """Time steps of `decoder`, in `rounds` rounds over all histories; return notes of history -> one step."""
    took: dict[int, list[float]] = {history: [] for history in HISTORIES}
    times = decoder_times(decoder)
    for _ in range(rounds):
        for history, samples in took.items():
            samples += times(history)
    return {history: Spread.of(samples) for history, samples in took.items()}


def decoder_times(decoder: Decoder) -> Callable[[int], list[float]]:
    """Return what times steps of `decoder` after so many notes, in ms."""

    def times(history: int) -> list[float]:
        hear(decoder, history)
        return step_times(decoder)

    return times


def growth(steps: dict[int, Spread]) -> float:
    """Return the median of a step after the longest history, beside that after the shortest."""
    return steps[max(steps)].median / steps[min(steps)].median


def hear(decoder: Decoder, notes: int) -> None:
    """Have `decoder` hear a session of exactly `notes` notes: the demo's calls over and over."""
    decoder.restart()
    line = session_line(notes)
    phrase = 20
    for start in range(0, notes, phrase):
        decoder.hear(line[start : start + phrase], Context(), player=start // phrase % 2 == 0)


def session_line(notes: int) -> list[TickNote]:
    """Return the first `notes` notes of a long session, one call of the demo after the other."""
    line: list[TickNote] = []
    at = 0  # ticks
    while len(line) < notes:
        for call in CALLS:
            beats = [(note.onset / call.beat, note.duration / call.beat, note) for note in call.notes]
            line += [
                TickNote(
                    at + round(TICKS_PER_BEAT * onset),
                    note.pitch,
                    max(1, round(TICKS_PER_BEAT * length)),
                    note.velocity,
                )
                for onset, length, note in beats
            ]
            at = -(-(line[-1].onset + line[-1].length) // TICKS_PER_BEAT + 1) * TICKS_PER_BEAT
    return line[:notes]


def step_times(decoder: Decoder) -> list[float]:
    """Return how long each note of one long answer takes, in ms."""
    bias = np.zeros(NOISE, np.float32)
    bias[END] = -1e9  # go on
    answer = decoder.answer(Context(), Sampling(bias=bias), np.random.default_rng(1))
    took = []
    before = time.perf_counter()
    for _ in islice(answer, STEPS):
        now = time.perf_counter()
        took.append(1000 * (now - before))
        before = time.perf_counter()
    return took
