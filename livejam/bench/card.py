"""The latency card: the figures beside what livejam promises, as a table and as JSON.

Knows nothing of how they were measured. Milliseconds, seconds, MB and percent, as the names of the figures say. One
thread.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TypeVar

from rich.table import Table

from livejam.bench.peers import Compared
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
    at_least: bool = False  # it is the more the better


PROMISES = (
    Promise("first_note_ms", "phrase over, first note", {"p99": 3}),
    Promise("grid_error_ms", "first note, on the beat", {"p99": 1}, and_period=True),
    Promise("deadline_error_ms", "other notes, in place", {"p99": 1, "max": 5}, and_period=True),
    Promise("interrupt_ms", "interrupted, all off", {"p99": 5}, and_period=True),
    Promise("note_step_ms", "a note in the network", {"median": 1, "p99": 2}),
    Promise("note_step_growth", "note 2,000 to note 20", {"value": 1.15}, ""),
    Promise("startup_s", "started, listening", {"value": 1.5}, "s"),
    Promise("idle_cpu_percent", "CPU while idle", {"value": 1}, "%"),
    Promise("rss_mb", "memory", {"value": 250}, "MB"),
    Promise("hung_notes", "notes left sounding", {"value": 0}, ""),
    Promise("accompany.on_time_share", "band: on time", {"value": 0.999}, "", at_least=True),
    Promise("accompany.played_share", "band: made up, played", {"value": 0.9}, "", at_least=True),
)
BARE = {  # figures about which nothing is promised -> words, unit
    "accompany.lateness_ms": ("band: late", "ms"),
    "accompany.bar_lines_share": ("band: bar lines met", ""),
    "accompany.reaction_ms": ("band: new key taken up", "ms"),
    "accompany.changes_missed": ("band: new key missed", ""),
}
BESIDE = {"idle_cpu_percent": ("idle_cpu_jack_client_percent", "- idle JACK client", "%")}
NEVER = {  # once in any run is once too often
    *("hung_notes", "late_notes", "jack_missed_periods"),
    *("accompany.hung_notes", "accompany.notes_dropped"),
}
MORE = {*(promise.key for promise in PROMISES if promise.at_least), "accompany.bar_lines_share"}  # the more the better
COUNTED = {"answers": "answers", "accompany.changes": "changes of key"}
Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class Card:
    """The figures of one run on one machine."""

    figures: dict[str, Figure]
    steps: dict[int, Spread]  # notes of history -> one step of the network
    about: dict[str, object] = field(default_factory=dict)  # model, machine
    peers: dict[str, Compared] = field(default_factory=dict)  # others' networks, if they were timed
    runs: "tuple[Card, ...]" = ()  # those of which this is the middle

    def kept(self, promise: Promise) -> bool | None:
        """Whether a promise is kept; None if its figure can't be told."""
        values = self._values(promise.key)
        if not values:
            return None
        sign = -1 if promise.at_least else 1
        return all(sign * values[name] <= sign * limit for name, limit in self._limits(promise).items())

    def table(self) -> Table:
        """Return the card for the terminal."""
        done = [f"{self.figures[key]} {words}" for key, words in COUNTED.items() if key in self.figures]
        title = f"latency card, over {self.figures['transport']}: {', '.join(done)}"
        table = Table(
            "", "median", "p99", "max", "promised, at most", "kept", title=title, caption=str(self.about["machine"])
        )
        for promise in PROMISES:
            if promise.key in self.figures:
                table.add_row(*self._row(promise))
            key, words, unit = BESIDE.get(promise.key, ("", "", ""))
            if (figure := self.figures.get(key)) is not None:
                table.add_row(words, f"{figure:.4g}", "", "", unit)
        for key, (words, unit) in BARE.items():
            if key in self.figures:
                table.add_row(words, *self._cells(key), unit)
        return table

    def doubts(self) -> str | None:
        """Return why the figures may not be livejam's doing, in one line, or None."""
        missed, drift = self.figures.get("jack_missed_periods"), self.figures.get("jack_clock_drift_ms")
        if not missed:
            return None
        return f"JACK missed {missed} periods, and its clock is {drift} ms off: this machine is too busy to measure on"

    def step_table(self) -> Table | None:
        """Return for the terminal what a note costs after shorter and longer sessions; None if that was not timed."""
        if not self.steps:
            return None
        table = Table("notes heard", "median, ms", "p99, ms", "max, ms", title="one step of the network")
        for history, spread in self.steps.items():
            table.add_row(f"{history:,}", f"{spread.median:.2f}", f"{spread.p99:.2f}", f"{spread.max:.2f}")
        return table

    def peer_table(self) -> Table | None:
        """Return for the terminal what a step costs others; None if nobody was timed."""
        if not self.peers:
            return None
        table = Table("", "median, ms", "times livejam's", "million parameters", title="the same step by others")
        for name, peer in self.peers.items():
            millions = float(str(peer.about["parameters"])) / 1e6
            median, slower = peer.steps[max(peer.steps)].median, peer.slower[max(peer.steps)]
            table.add_row(name, f"{median:.2f}", f"{slower:.1f}", f"{millions:.1f}")
        return table

    def as_json(self) -> dict[str, object]:
        """Return all there is to know."""
        figures: dict[str, object] = {}
        for key, figure in self.figures.items():
            part, _, name = key.rpartition(".")
            place: dict[str, object] = figures.setdefault(part, {}) if part else figures  # type: ignore[assignment]
            place[name] = _plain(figure)
        figures["note_step_ms_after"] = {str(history): asdict(spread) for history, spread in self.steps.items()}
        if self.peers:
            figures["peers"] = {name: peer.as_json() for name, peer in self.peers.items()}
        kept = {promise.key: self.kept(promise) for promise in PROMISES}
        runs = {"runs": [run.as_json() for run in self.runs]} if self.runs else {}
        return {"figures": figures, "kept": kept, **self.about, **runs}

    def save(self, path: Path) -> None:
        """Write the figures as JSON.

        Raises:
            FileError: `path` can't be written.
        """
        save_figures(path, self.as_json())

    def _values(self, key: str) -> dict[str, float]:
        match self.figures.get(key):
            case Spread() as spread:
                return {"median": spread.median, "p99": spread.p99, "max": spread.max}
            case int() | float() as value:
                return {"value": value}
        return {}

    def _limits(self, promise: Promise) -> dict[str, float]:
        period = self.figures.get("jack_period_ms") if promise.and_period else None
        return {name: limit + (period if isinstance(period, float) else 0) for name, limit in promise.limits.items()}

    def _row(self, promise: Promise) -> Iterator[str]:
        yield promise.words
        yield from self._cells(promise.key)
        limits = [f"{name} {value:.3g}".removeprefix("value ") for name, value in self._limits(promise).items()]
        yield f"{'at least ' * promise.at_least}{', '.join(limits)} {promise.unit}".rstrip()
        yield {True: "yes", False: "NO", None: "?"}[self.kept(promise)]

    def _cells(self, key: str) -> Iterator[str]:
        """Yield median, p99 and max of a figure; a number stands in the place of the median."""
        values = self._values(key)
        for name in ("median", "p99", "max"):
            value = values.get(name, values.get("value") if name == "median" else None)
            yield "" if value is None else f"{value:.4g}"


def middle(cards: Sequence[Card]) -> Card:
    """Return the card of several runs: every figure that of its middle run, and what must never be the worst of all.

    The middle is by the 99th percentile, where there is one; of an even number of runs, the worse of the two.
    """
    if len(cards) == 1:
        return cards[0]
    figures = {key: _middle_figure(key, [card.figures[key] for card in cards]) for key in cards[0].figures}
    steps = _middle(cards, lambda card: card.steps[max(card.steps)].p99 if card.steps else 0.0).steps
    peers = next((card.peers for card in cards if card.peers), {})
    return Card(figures, steps, cards[0].about, peers, tuple(cards))


def _middle_figure(key: str, figures: Sequence[Figure]) -> Figure:
    known = [figure for figure in figures if isinstance(figure, Spread | float | int)]
    if not known:
        return figures[0]
    if key in MORE:
        return _middle(known, lambda figure: -_size(figure))
    return max(known, key=_size) if key in NEVER else _middle(known, _size)


def _size(figure: Spread | float | int) -> float:
    return figure.p99 if isinstance(figure, Spread) else figure


def _middle(things: Sequence[Thing], size: Callable[[Thing], float]) -> Thing:
    return sorted(things, key=size)[len(things) // 2]


def _plain(figure: Figure) -> object:
    return asdict(figure) if isinstance(figure, Spread) else figure
