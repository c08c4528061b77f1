"""Measures livejam's Link adapter against a peer of another make, in one network; exits with 1 if they do not agree.

Both say where the beat is at times of one clock (`time.monotonic`). livejam's beat between two of its states is what a
session makes of them: the latest state that had arrived, carried on at its tempo. Phases count modulo the bar.
"""

import json
import subprocess
import sys
import threading
import time
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from livejam.events import LinkState
from livejam.link import LinkPeer

BPMS = (97.0, 133.0)
QUANTUM = 3.0  # quarter notes: a bar that a power of two would hide
HEARD = 4.0  # seconds of each tempo
LIMIT_MS = 5.0  # between the two beats
SOON_MS = 75.0  # until a change is noticed; of that, Link itself lets up to 50 pass between two broadcasts
HELD = 0.5  # seconds between start and stop
PATIENCE = 10.0  # seconds until anything has to happen


@dataclass
class Ours:
    """The states of livejam's adapter, with the time at which each arrived."""

    states: list[tuple[float, float, LinkState]] = field(default_factory=list)  # arrived, at, state

    def put(self, at: float, state: LinkState) -> None:
        self.states.append((time.monotonic(), at, state))

    def beat(self, time: float) -> float:
        """Return the beat at `time` (seconds) by what had arrived until then."""
        place = bisect_right(self.states, time, key=lambda state: state[0]) - 1
        _, at, state = self.states[place]
        return state.beat + (time - at) * state.bpm / 60

    def first(self, since: float, fits: Callable[[LinkState], bool]) -> float | None:
        """Return when the first state that fits arrived, from `since` on (seconds); None if none did."""
        return next((arrived for arrived, _, state in self.states if arrived >= since and fits(state)), None)


class Theirs:
    """The other peer, in a process of its own."""

    def __init__(self) -> None:
        command = [sys.executable, str(Path(__file__).with_name("link_peer.py")), str(BPMS[0]), str(QUANTUM)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.seen: list[dict[str, float]] = []
        self.done: dict[str, float] = {}  # command -> seconds
        threading.Thread(target=self._read, daemon=True).start()

    def tell(self, command: str) -> float:
        """Have it obey; return when it did (seconds)."""
        assert self._process.stdin
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()
        wait_until(lambda: command in self.done, f"the peer to obey {command!r}")
        return self.done[command]

    def end(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(PATIENCE)

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            what = json.loads(line)
            if "done" in what:
                self.done[what["done"]] = what["at"]
            else:
                self.seen.append(what)


def wait_until(fits: Callable[[], bool], what: str) -> None:
    """Wait for something; exits if it does not come."""
    until = time.monotonic() + PATIENCE
    while not fits():
        if time.monotonic() > until:
            sys.exit(f"link-check: waited {PATIENCE:.0f} s for {what}, in vain")
        time.sleep(0.002)


def apart_ms(ours: Ours, theirs: Theirs, since: float, bpm: float) -> list[float]:
    """Return by how much (ms) livejam's beat is ahead of the peer's, each time the peer looked from `since` on."""
    beats = [(ours.beat(seen["at"]) - seen["beat"], seen) for seen in theirs.seen if seen["at"] >= since]
    if any(abs(seen["bpm"] - bpm) > 0.01 for _, seen in beats):
        sys.exit(f"link-check: the peer left {bpm} bpm")
    return [((beat + QUANTUM / 2) % QUANTUM - QUANTUM / 2) * 60_000 / bpm for beat, _ in beats]


def spread(figures: list[float]) -> str:
    largest = max(abs(figure) for figure in figures)
    return f"median {median(figures):+.3f} ms, largest {largest:.3f} ms, {len(figures)} readings"


class Check:
    """The two of them side by side: prints what it measures, and remembers what was not good enough."""

    def __init__(self) -> None:
        self.bad: list[str] = []
        self.theirs, self.ours = Theirs(), Ours()
        wait_until(lambda: len(self.theirs.seen) > 50, "the peer")  # so the session is its own, and we have to follow
        self.opened = time.monotonic()
        self.peer = LinkPeer(self.ours.put, QUANTUM)

    def joins(self) -> float:
        """Return when livejam was in the peer's session (seconds)."""
        joined = self._first(self.opened, at_tempo(BPMS[0]), "livejam to join")
        print(f"joined at {BPMS[0]:g} bpm after {joined - self.opened:.2f} s")
        return joined

    def holds(self, bpm: float, since: float) -> None:
        """Compare the beats from `since` (seconds) on."""
        time.sleep(HEARD)
        figures = apart_ms(self.ours, self.theirs, since, bpm)
        print(f"beats apart at {bpm:g} bpm: {spread(figures)}")
        if max(map(abs, figures)) > LIMIT_MS:
            self.bad.append(f"beats apart at {bpm:g} bpm")

    def follows(self, command: str, fits: Callable[[LinkState], bool], what: str) -> float:
        """Have the peer obey; return when livejam noticed (seconds)."""
        told = self.theirs.tell(command)
        noticed = self._first(told, fits, f"livejam to notice: {what}")
        print(f"{what} noticed after {(noticed - told) * 1000:.1f} ms")
        if (noticed - told) * 1000 > SOON_MS:
            self.bad.append(what)
        return noticed

    def ends(self) -> None:
        """The peer leaves, then livejam does."""
        self.theirs.end()
        self._first(time.monotonic(), lambda state: state.peers == 0, "livejam to notice that the peer has left")
        self.peer.close()

    def _first(self, since: float, fits: Callable[[LinkState], bool], what: str) -> float:
        wait_until(lambda: self.ours.first(since, fits) is not None, what)
        return self.ours.first(since, fits) or since


def at_tempo(bpm: float) -> Callable[[LinkState], bool]:
    return lambda state: abs(state.bpm - bpm) < 0.01 and state.peers == 1


def main() -> None:
    check = Check()
    check.holds(BPMS[0], check.joins())
    check.holds(BPMS[1], check.follows(f"{BPMS[1]:g}", at_tempo(BPMS[1]), f"change to {BPMS[1]:g} bpm"))
    check.follows("play", lambda state: state.playing, "start")
    time.sleep(HELD)
    check.follows("stop", lambda state: not state.playing, "stop")
    check.ends()
    if check.bad:
        sys.exit(f"link-check: not in sync: {'; '.join(check.bad)}")
    print("in sync")


if __name__ == "__main__":
    main()
