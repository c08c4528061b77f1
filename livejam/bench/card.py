"""The latency card: the figures beside what livejam promises, as a table and as JSON.

Knows nothing of how they were measured. Milliseconds, seconds, MB and percent, as the names of the figures say. One
thread.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.table import Table

from livejam.bench.wire import Spread
from livejam.files import save_figures

Figure = Spread | float | int | str | None  # None: can't be told here


@dataclass(frozen=True, slots=True)
class Promise:
    """What a figure is to keep to."""

    key: str
    words: str
    limits: dict[str, float]  # of a spread: median, p99, max; of a number: "value"
    unit: str = "ms"
    and_period: bool = False  # on a wire with a period, that much more


PROMISES = (
    Promise("first_note_ms", "phrase over, first note", {"p99": 3}, and_period=True),
    Promise("grid_error_ms", "first note, on the beat", {"p99": 1}, and_period=True),
    Promise("deadline_error_ms", "other notes, in place", {"p99": 1, "max": 5}, and_period=True),
    Promise("interrupt_ms", "interrupted, all off", {"p99": 5}, and_period=True),
    Promise("note_step_ms", "a note in the network", {"median": 1, "p99": 2}),
    Promise("note_step_growth", "note 2,000 to note 20", {"value": 1.15}, ""),
    Promise("startup_s", "started, listening", {"value": 1.5}, "s"),
    Promise("idle_cpu_percent", "CPU while idle", {"value": 1}, "%"),
    Promise("rss_mb", "memory", {"value": 250}, "MB"),
    Promise("hung_notes", "notes left sounding", {"value": 0}, ""),
)


@dataclass(frozen=True, slots=True)
class Card:
    """The figures of one run on one machine."""

    figures: dict[str, Figure]
    steps: dict[int, Spread]  # notes of history -> one step of the network
    about: dict[str, object] = field(default_factory=dict)  # model, machine

    def kept(self, promise: Promise) -> bool | None:
        """Whether a promise is kept; None if its figure can't be told."""
        values = self._values(promise)
        if not values:
            return None
        return all(values[name] <= limit for name, limit in self._limits(promise).items())

    def table(self) -> Table:
        """Return the card for the terminal."""
        title = f"latency card, over {self.figures['transport']}: {self.figures['answers']} answers"
        table = Table(
            "", "median", "p99", "max", "promised, at most", "kept", title=title, caption=str(self.about["machine"])
        )
        for promise in PROMISES:
            table.add_row(*self._row(promise))
        return table

    def doubts(self) -> str | None:
        """Return why the figures may not be livejam's doing, in one line, or None."""
        missed, drift = self.figures.get("jack_missed_periods"), self.figures.get("jack_clock_drift_ms")
        if not missed:
            return None
        return f"JACK missed {missed} periods, and its clock is {drift} ms off: this machine is too busy to measure on"

    def step_table(self) -> Table:
        """Return for the terminal what a note costs after shorter and longer sessions."""
        table = Table("notes heard", "median, ms", "p99, ms", "max, ms", title="one step of the network")
        for history, spread in self.steps.items():
            table.add_row(f"{history:,}", f"{spread.median:.2f}", f"{spread.p99:.2f}", f"{spread.max:.2f}")
        return table

    def save(self, path: Path) -> None:
        """Write the figures as JSON.

        Raises:
            FileError: `path` can't be written.
        """
        figures: dict[str, object] = {name: _plain(figure) for name, figure in self.figures.items()}
        figures["note_step_ms_after"] = {str(history): asdict(spread) for history, spread in self.steps.items()}
        promises = {promise.key: self.kept(promise) for promise in PROMISES}
        save_figures(path, {"figures": figures, "kept": promises, **self.about})

    def _values(self, promise: Promise) -> dict[str, float]:
        match self.figures.get(promise.key):
            case Spread() as spread:
                return {"median": spread.median, "p99": spread.p99, "max": spread.max}
            case int() | float() as value:
                return {"value": value}
        return {}

    def _limits(self, promise: Promise) -> dict[str, float]:
        period = self.figures.get("jack_period_ms") if promise.and_period else None
        return {name: limit + (period if isinstance(period, float) else 0) for name, limit in promise.limits.items()}

    def _row(self, promise: Promise) -> Iterator[str]:
        values = self._values(promise)
        yield promise.words
        for name in ("median", "p99", "max"):
            value = values.get(name, values.get("value") if name == "median" else None)
            yield "" if value is None else f"{value:.4g}"
        limits = [f"{name} {value:.3g}".removeprefix("value ") for name, value in self._limits(promise).items()]
        yield f"{', '.join(limits)} {promise.unit}".rstrip()
        yield {True: "yes", False: "NO", None: "?"}[self.kept(promise)]


def _plain(figure: Figure) -> object:
    return asdict(figure) if isinstance(figure, Spread) else figure
