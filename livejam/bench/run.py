"""One run of the latency card: livejam is started, left idle, played to and ended, twice; then its network is timed.

First in free time (a silence of known length ends a phrase, its answer begins at once; most calls interrupt the answer
before), then trading bars by a MIDI clock that this side sends. The one place that knows wires, listener and network.
Times are seconds. One thread, beside those of the wire.
"""

import contextlib
import os
import platform
import signal
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from livejam.bench.card import Card, Figure, middle
from livejam.bench.costs import cpu_percents, memory
from livejam.bench.listener import Listener
from livejam.bench.over_jack import PERIOD, JackWire, idle_client, own_server
from livejam.bench.over_pipe import PipeWire
from livejam.bench.peers import Compared, compare, require_packages
from livejam.bench.steps import growth, measure_steps
from livejam.bench.takes import BARS, BEATS, BPM, PASSING, Wire, play_bars, play_free
from livejam.bench.wire import BarsTake, FreeTake, Spread
from livejam.decoder import Decoder
from livejam.errors import PortError
from livejam.realtime import hurry, relax

IDLE = 5.0  # seconds
SETTLE = 1.0  # seconds after the start that are not idle yet
SEED = 1
SILENCE = 0.6  # seconds that end a phrase
STEPS_TAKE, PEERS_TAKE = 15, 45  # seconds, about
FREE_ANSWER, BARS_ANSWER = 3.5, 2 * BARS * BEATS * 60 / BPM  # seconds, about
FREE = ("--turns", f"silence:{SILENCE}", "--start", "now")
TRADING = ("--turns", f"bars:{BARS}", "--clock", "midi")


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

    @property
    def seconds(self) -> float:
        """About how long it takes."""
        own = STEPS_TAKE + IDLE + self.answers * (FREE_ANSWER + BARS_ANSWER)
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
    decoder = Decoder(plan.model)
    figures, steps = live_figures(plan), measure_steps(decoder)
    peers: dict[str, Compared] = compare(decoder) if plan.peers and first else {}
    figures |= {"note_step_ms": steps[max(steps)], "note_step_growth": round(growth(steps), 3)}
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    return Card(figures, steps, {"model_sha256": decoder.sha256, "machine": machine}, peers)


def live_figures(plan: Plan) -> dict[str, Figure]:
    """Return what can be measured of a livejam that listens."""
    with contextlib.ExitStack() as stack:
        if plan.start_jack:
            stack.enter_context(own_server(plan.period))
        free, trading = (session(plan, arguments, play) for arguments, play in ((FREE, _free), (TRADING, _trading)))
    sums = {key: free.figures.pop(key) + trading.figures.pop(key) for key in ("hung_notes", "answers", "calls")}  # type: ignore[operator]
    missed = free.figures["jack_missed_periods"] + trading.figures["jack_missed_periods"]  # type: ignore[operator]
    memories = [seen.memory for seen in (free, trading) if seen.memory is not None]
    return {
        **trading.figures,
        **free.figures,
        **sums,
        "jack_missed_periods": missed,
        "startup_s": round(statistics.mean((free.startup, trading.startup)), 3),
        "rss_mb": max(memories, default=None),
    }


def session(plan: Plan, arguments: tuple[str, ...], play: "Play") -> Seen:
    """Start a livejam, play to it, end it in the midst of an answer; return what was seen."""
    chosen = ["--seed", str(SEED), *(["--model", str(plan.model)] if plan.model else [])]
    with _wire("jack" if plan.start_jack else plan.transport) as wire, prompt():
        with Listener((*wire.arguments, *arguments, *chosen), wire.settings, wire.pipes) as listener:
            wire.connect(listener)
            idle = idle_figures(wire, listener) if play is _free else {}
            figures = play(wire, plan.answers)
            used, facts = memory(listener.process.pid), wire_facts(wire)
        time.sleep(PASSING)
        return Seen(listener.startup, used, figures() | facts | idle)


def _free(wire: Wire, answers: int) -> Callable[[], dict[str, Figure]]:
    calls = play_free(wire, answers)
    return lambda: free_figures(FreeTake(calls, tuple(wire.heard), wire.period, SILENCE))


def _trading(wire: Wire, answers: int) -> Callable[[], dict[str, Figure]]:
    calls, beat_at = play_bars(wire, answers)
    return lambda: bars_figures(BarsTake(calls, tuple(wire.heard), wire.period, beat_at, BPM, BARS, BEATS))


Play = Callable[[Wire, int], Callable[[], dict[str, Figure]]]  # the figures are made when livejam has ended


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
