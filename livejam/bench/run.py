"""One run of the latency card: a livejam is started, left idle, played to, ended; then its network is timed alone.

The one place that knows wires, listener and network. Times are seconds. One thread, beside those of the wire.

Of the card's figures one can't be told from the wire yet: `first_note_ms`, phrase over -> first note in free time. An
answer waits for a place on the player's beat, up to 0.8 s, on purpose, and from the outside that wait can't be told
from slowness. It is None; `answer_wait_ms` is the time with the wait in it, and `grid_error_ms` says whether the first
note is on its place.
"""

import contextlib
import os
import platform
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from livejam.bench.card import Card, Figure
from livejam.bench.listener import Listener
from livejam.bench.over_jack import JackWire, own_server
from livejam.bench.over_pipe import PipeWire
from livejam.bench.steps import growth, measure_steps
from livejam.bench.takes import BPM, PASSING, Wire, play_calls
from livejam.bench.wire import Spread, Take
from livejam.decoder import Decoder
from livejam.errors import PortError
from livejam.realtime import hurry, relax

IDLE = 5.0  # seconds
SETTLE = 0.5  # seconds after the start that are not idle yet
SEED = 1
SILENCE = 0.6  # seconds that end a phrase
STEPS_TAKE, ANSWER = 15, 5.5  # seconds, about: the network alone, and one answer


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be measured."""

    transport: str = "auto"  # jack, pipe, or auto: JACK where a server runs
    start_jack: bool = False  # run a JACK server for it
    model: Path | None = None  # None: the network that comes along
    answers: int = 20  # to hear

    @property
    def seconds(self) -> float:
        """About how long it takes."""
        return STEPS_TAKE + IDLE + self.answers * ANSWER


def run_card(plan: Plan) -> Card:
    """Measure the whole card.

    Raises:
        LivejamError: there is no JACK though it is asked for, or livejam or its network does not start.
    """
    decoder = Decoder(plan.model)
    with ended_in_peace():
        figures = live_figures(plan)
    steps = measure_steps(decoder)
    figures |= {"note_step_ms": steps[min(steps)], "note_step_growth": round(growth(steps), 3)}
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    return Card(figures, steps, {"model_sha256": decoder.sha256, "machine": machine})


def live_figures(plan: Plan) -> dict[str, Figure]:
    """Return what can be measured of a livejam that listens."""
    chosen = ["--seed", str(SEED), "--bpm", str(BPM), "--silence", str(SILENCE)]
    chosen += ["--model", str(plan.model)] if plan.model else []
    with open_wire(plan.transport, plan.start_jack) as wire, prompt():
        with Listener((*wire.arguments, *chosen), wire.settings, wire.pipes) as listener:
            costs: dict[str, Figure] = {"startup_s": round(listener.startup, 3)}
            wire.connect(listener)
            costs["idle_cpu_percent"] = idle_cpu(listener)
            beat_at = wire.now()
            calls = play_calls(wire, plan.answers, beat_at)
            costs |= {"rss_mb": listener.memory(), **wire_facts(wire)}
        time.sleep(PASSING)
        take = Take(calls, tuple(wire.heard), beat_at, BPM, SILENCE, wire.period)
        return wire_figures(take) | costs


def wire_figures(take: Take) -> dict[str, Figure]:
    """Return what `take` says."""
    return {
        "first_note_ms": None,
        "answer_wait_ms": Spread.of_seconds(take.waits),
        "grid_error_ms": Spread.of_seconds(take.grid_errors),
        "deadline_error_ms": Spread.of_seconds(take.deadline_errors),
        "jitter_ms": Spread.of_seconds(take.jitters),
        "interrupt_ms": Spread.of_seconds(take.interruptions),
        "hung_notes": take.hung,
        "late_notes": take.late_notes,
        "calls": len(take.calls),
        "answers": take.answered,
    }


def idle_cpu(listener: Listener) -> float | None:
    """Return how many percent of a core a livejam takes that nobody plays to."""
    time.sleep(SETTLE)
    began, before = time.monotonic(), listener.cpu_seconds()
    time.sleep(IDLE)
    after = listener.cpu_seconds()
    if before is None or after is None:
        return None
    return round(100 * (after - before) / (time.monotonic() - began), 2)


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


@contextlib.contextmanager
def open_wire(transport: str, start_jack: bool) -> Iterator[Wire]:
    """Open a wire; `auto` is JACK where a server runs."""
    with contextlib.ExitStack() as stack:
        if start_jack:
            stack.enter_context(own_server())
        yield stack.enter_context(_wire("jack" if start_jack else transport))


def _wire(transport: str) -> Wire:
    if transport == "pipe":
        return PipeWire()
    try:
        return JackWire()
    except PortError:
        if transport == "jack":
            raise
        return PipeWire()
