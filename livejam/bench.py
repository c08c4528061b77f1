"""What one note costs: `livejam bench` times single steps of the network after shorter and longer sessions.

Each step is one call of the runtime on one thread, as on stage. Knows nothing of ports or sessions. Times are
milliseconds and say so; ticks say so. One thread.
"""

import os
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from rich.table import Table

from livejam.calls import CALLS
from livejam.decoder import NOISE, Decoder, Sampling
from livejam.files import save_figures
from livejam.notes import TICKS_PER_BEAT, TickNote
from livejam.tokenizer import END, Context

HISTORIES = (20, 200, 1000, 2000)  # notes heard before the answer
STEPS = 60  # timed in a round: a long answer
ROUNDS = 10  # the histories take turns, so that a busy moment hits all alike


@dataclass(frozen=True, slots=True)
class Spread:
    """How long something took, over many times."""

    median: float  # ms
    p99: float  # ms
    max: float  # ms
    count: int

    @classmethod
    def of(cls, samples: Sequence[float]) -> "Spread":
        """Return the spread of `samples` in ms."""
        median, p99, most = (round(float(value), 3) for value in np.percentile(samples, [50, 99, 100]))
        return cls(median, p99, most, len(samples))


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of one run on one machine."""

    steps: dict[int, Spread]  # notes of history -> one step
    model: str  # SHA-256
    machine: str

    @property
    def growth(self) -> float:
        """Median of a step after the longest history, beside that after the shortest."""
        return self.steps[HISTORIES[-1]].median / self.steps[HISTORIES[0]].median

    def table(self) -> Table:
        """Return the figures for the terminal."""
        table = Table(
            "notes heard", "median, ms", "p99, ms", "max, ms", title=f"one step of the network\n{self.machine}"
        )
        for history, spread in self.steps.items():
            table.add_row(f"{history:,}", f"{spread.median:.2f}", f"{spread.p99:.2f}", f"{spread.max:.2f}")
        return table

    def save(self, path: Path) -> None:
        """Write the figures as JSON.

        Raises:
            FileError: `path` can't be written.
        """
        figures = {
            "note_step_ms": asdict(self.steps[HISTORIES[0]]),
            "note_step_growth": round(self.growth, 3),
            "note_step_ms_after": {str(history): asdict(spread) for history, spread in self.steps.items()},
        }
        save_figures(path, {"figures": figures, "model_sha256": self.model, "machine": self.machine})


def measure(decoder: Decoder, rounds: int = ROUNDS) -> Report:
    """Time steps of `decoder`, in `rounds` rounds over all histories."""
    took: dict[int, list[float]] = {history: [] for history in HISTORIES}
    for _ in range(rounds):
        for history, samples in took.items():
            hear(decoder, history)
            samples += step_times(decoder)
    steps = {history: Spread.of(samples) for history, samples in took.items()}
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, one thread used"
    return Report(steps, decoder.sha256, machine)


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
