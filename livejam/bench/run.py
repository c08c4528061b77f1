"""One run of the latency card: livejam is started, played to and ended, three times; then its network is timed.

First it is left idle and then played to in free time (a silence of known length ends a phrase, its answer begins at
once; most calls interrupt the answer before), then bars are traded by a MIDI clock that this side sends, and at last it
accompanies, by such a clock, what goes on to far keys. The one place that knows wires, listener and network.
Times are seconds. One thread, beside those of the wire.
"""

import contextlib
import json
import math
import os
import platform
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from livejam.bench.backing import BandTake
from livejam.bench.card import Card, Figure, middle
from livejam.bench.costs import cpu_percents, memory
from livejam.bench.listener import Listener
from livejam.bench.over_jack import PERIOD, JackWire, idle_client, own_server
from livejam.bench.over_pipe import PipeWire
from livejam.bench.peers import Compared, compare, require_packages
from livejam.bench.steps import growth, measure_steps
from livejam.bench.takes import BARS, BEATS, BPM, CLOCKED, KEPT, PASSING, Wire, play_along, play_bars, play_free
from livejam.bench.wire import BarsTake, FreeTake, Spread
from livejam.decoder import Decoder
from livejam.errors import LivejamError, PortError
from livejam.realtime import hurry, relax

IDLE = 5.0  # seconds
SETTLE = 1.0  # seconds after the start that are not idle yet
SEED = 1
SILENCE = 0.6  # seconds that end a phrase
STEPS_TAKE, PEERS_TAKE = 15, 45  # seconds, about
FREE_ANSWER, BARS_ANSWER = 3.5, 2 * BARS * BEATS * 60 / BPM  # seconds, about
ANSWERS_A_CHANGE = 4  # the band is to react once for so many answers to hear
CHANGE = KEPT * BEATS * 60 / BPM  # seconds
FREE = ("listen", "--no-record", "--turns", f"silence:{SILENCE}", "--start", "now")
TRADING = ("listen", "--no-record", "--turns", f"bars:{BARS}", "--clock", "midi")
ALONG = ("accompany", "--clock", "midi")
SUMMED = ("hung_notes", "answers", "calls", "jack_missed_periods")  # over all sessions
TALLY = {"spans": "spans", "redone": "spans_redone", "missed": "spans_missed", "dropped": "notes_dropped"}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be measured."""

    transport: str = "auto"  # jack, in-process, or auto: JACK where a server runs
    start_jack: bool = False  # run a JACK server for it
    model: Path | None = None  # None: the network that comes along
    answers: int = 20  # to hear in each of the two sessions
    period: int = PERIOD  # frames, of a JACK server of our own
    peers: bool = False  # time others' networks, too
    runs: int = 1
    only: str | None = None  # "card": no band; "accompany": the band alone; None: all

    @property
    def changes(self) -> int:
        """Changes of key that the band is to take up."""
        return math.ceil(self.answers / ANSWERS_A_CHANGE)

    @property
    def seconds(self) -> float:
        """About how long it takes."""
        card = STEPS_TAKE + IDLE + self.answers * (FREE_ANSWER + BARS_ANSWER)
        band = 2 * CLOCKED + (self.changes + 1) * CHANGE
        own = card * (self.only != "accompany") + band * (self.only != "card")
        return self.runs * own + self.peers * PEERS_TAKE


@dataclass(frozen=True, slots=True)
class Seen:
    """A session, as it was seen from the outside."""

    startup: float  # seconds
    memory: float | None  # MB
    figures: dict[str, Figure]


def run_cards(plan: Plan) -> Card:
    """Measure the whole card, as many times as planned; return the middle of it.

    Raises:
        LivejamError: there is no JACK though it is asked for, or livejam or its network does not start.
    """
    if plan.peers:
        require_packages()
    with ended_in_peace():
        return middle([run_card(plan, number == 0) for number in range(plan.runs)])


def run_card(plan: Plan, first: bool) -> Card:
    """Measure the whole card once; others' networks in the first run."""
    decoder, figures = Decoder(plan.model), live_figures(plan)
    steps = {} if plan.only == "accompany" else measure_steps(decoder)
    peers: dict[str, Compared] = compare(decoder) if plan.peers and first else {}
    if steps:
        figures |= {"note_step_ms": steps[max(steps)], "note_step_growth": round(growth(steps), 3)}
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    return Card(figures, steps, {"model_sha256": decoder.sha256, "machine": machine}, peers)


def live_figures(plan: Plan) -> dict[str, Figure]:
    """Return what can be measured of a livejam that is played to."""
    found: list[dict[str, Figure]] = []
    with contextlib.ExitStack() as stack:
        if plan.start_jack:
            stack.enter_context(own_server(plan.period))
        if plan.only != "accompany":
            found += listening_figures(plan)
        if plan.only != "card":
            found.append(along_figures(plan))
    sums: dict[str, Figure] = {
        key: sum(numbers)
        for key in SUMMED
        if (numbers := [number for figures in found if isinstance(number := figures.get(key), int)])
    }
    return {key: figure for figures in reversed(found) for key, figure in figures.items()} | sums


def listening_figures(plan: Plan) -> list[dict[str, Figure]]:
    """Return what can be measured of a livejam that listens: in free time, and trading bars."""
    free, trading = (session(plan, arguments, play) for arguments, play in ((FREE, _free), (TRADING, _trading)))
    memories = [seen.memory for seen in (free, trading) if seen.memory is not None]
    both: dict[str, Figure] = {
        "startup_s": round(statistics.mean((free.startup, trading.startup)), 3),
        "rss_mb": max(memories, default=None),
    }
    return [free.figures | both, trading.figures]


def along_figures(plan: Plan) -> dict[str, Figure]:
    """Return what can be measured of a livejam that accompanies; what it says of itself comes from its recording."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "band.mid"
        seen = session(plan, (*ALONG, "--record", str(path)), partial(_along, path.with_suffix(".json")))
    return {**seen.figures, "accompany.startup_s": round(seen.startup, 3), "accompany.rss_mb": seen.memory}


def told(path: Path) -> dict[str, Any]:
    """Return what is kept beside a recording.

    Raises:
        LivejamError: nothing is.
    """
    try:
        return dict(json.loads(path.read_text()))
    except OSError:
        raise LivejamError("livejam accompany kept no recording: it heard nothing, or did not end in peace") from None


def session(plan: Plan, arguments: tuple[str, ...], play: "Play") -> Seen:
    """Start a livejam, play to it, end it in the midst of an answer; return what was seen."""
    chosen = ["--seed", str(SEED), *(["--model", str(plan.model)] if plan.model else [])]
    with _wire("jack" if plan.start_jack else plan.transport) as wire, prompt():
        with Listener((*wire.program, *arguments, *wire.options, *chosen), wire.settings, wire.pipes) as listener:
            wire.connect(listener)
            idle = idle_figures(wire, listener) if play is _free else {}
            figures = play(wire, plan)
            used, facts = memory(listener.process.pid), wire_facts(wire)
        time.sleep(PASSING)
        return Seen(listener.startup, used, figures() | facts | idle)


def _free(wire: Wire, plan: Plan) -> Callable[[], dict[str, Figure]]:
    calls = play_free(wire, plan.answers)
    return lambda: free_figures(FreeTake(calls, tuple(wire.heard), wire.period, SILENCE))


def _trading(wire: Wire, plan: Plan) -> Callable[[], dict[str, Figure]]:
    calls, beat_at = play_bars(wire, plan.answers)
    return lambda: bars_figures(BarsTake(calls, tuple(wire.heard), wire.period, beat_at, BPM, BARS, BEATS))


def _along(kept: Path, wire: Wire, plan: Plan) -> Callable[[], dict[str, Figure]]:
    changes, beat_at = play_along(wire, plan.changes)
    return lambda: band_figures(BandTake(tuple(wire.heard), changes, wire.period, beat_at, BPM, BEATS), told(kept))


Play = Callable[[Wire, Plan], Callable[[], dict[str, Figure]]]  # the figures are made when livejam has ended


def free_figures(take: FreeTake) -> dict[str, Figure]:
    """Return what a take in free time says."""
    return {
        "first_note_ms": Spread.of_seconds(take.first_notes),
        "interrupt_ms": Spread.of_seconds(take.interruptions),
        "hung_notes": take.hung,
        "calls": len(take.calls),
        "answers": take.answered,
    }


def bars_figures(take: BarsTake) -> dict[str, Figure]:
    """Return what a take in traded bars says."""
    return {
        "grid_error_ms": Spread.of_seconds(take.grid_errors),
        "deadline_error_ms": Spread.of_seconds(take.deadline_errors),
        "jitter_ms": Spread.of_seconds(take.jitters),
        "hung_notes": take.hung,
        "late_notes": take.late_notes,
        "calls": len(take.calls),
        "answers": take.answered,
    }


def band_figures(take: BandTake, said: Mapping[str, Any]) -> dict[str, Figure]:
    """Return what a take with the band says, and what livejam itself `said` of it beside its recording."""
    lines, reactions, tally = take.bar_line_errors, take.reactions, said["tally"]
    hit = [error for error in lines if error is not None]
    figures: dict[str, Figure] = {
        "on_time_share": _rounded(take.on_time_share(tally["dropped"])),
        "lateness_ms": Spread.of_seconds(take.latenesses),
        "bar_lines_share": _rounded(len(hit) / len(lines) if lines else None),
        "bar_line_error_ms": Spread.of_seconds(hit),
        "reaction_ms": Spread.of_seconds(reaction for reaction in reactions if reaction is not None),
        "changes": len(reactions),
        "changes_missed": reactions.count(None),
        "notes": len(take.ons),
        "hung_notes": take.hung,
        "played_share": _rounded(tally["played"] / tally["made"] if tally["made"] else None),
        **{name: tally[key] for key, name in TALLY.items()},
        "model_sha256": said.get("model_sha256"),
    }
    return {"hung_notes": take.hung, **{f"accompany.{key}": figure for key, figure in figures.items()}}


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 5)


def idle_figures(wire: Wire, listener: Listener) -> dict[str, Figure]:
    """Return how many percent of a core a livejam takes that nobody plays to; over JACK beside a client without a use.

    What JACK wakes up every period costs something even if it does nothing; so much of the figure is JACK's.
    """
    with contextlib.ExitStack() as stack:
        pids = [listener.process.pid]
        if isinstance(wire, JackWire):
            pids.append(stack.enter_context(idle_client()))
        time.sleep(SETTLE)
        ours, *others = cpu_percents(pids, IDLE)
    return {"idle_cpu_percent": ours, "idle_cpu_jack_client_percent": others[0] if others else None}


def wire_facts(wire: Wire) -> dict[str, Figure]:
    """Return what must be known of the wire to judge the figures."""
    return {
        "transport": wire.transport,
        "jack_period_ms": round(1000 * wire.period, 3) or None,
        "jack_missed_periods": wire.missed,
        "jack_clock_drift_ms": round(1000 * wire.drift, 3),
    }


@contextlib.contextmanager
def prompt() -> Iterator[None]:
    """Keep our own threads from being put aside."""
    hurry()
    try:
        yield
    finally:
        relax()


@contextlib.contextmanager
def ended_in_peace() -> Iterator[None]:
    """Have a signal to end close what is open, so that no livejam and no JACK server is left behind."""

    def leave(number: int, frame: object) -> NoReturn:
        sys.exit(128 + number)

    known = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    taken = {number: signal.signal(number, leave) for number in known}
    try:
        yield
    finally:
        for number, before in taken.items():
            signal.signal(number, before)


def _wire(transport: str) -> Wire:
    """Open a wire; `auto` is JACK where a server runs."""
    if transport == "in-process":
        return PipeWire()
    try:
        return JackWire()
    except PortError:
        if transport == "jack":
            raise
        return PipeWire()
