"""make soak: ten thousand turns in virtual time, then real time over JACK for the rest; ends with 1 if anything broke.

usage: python -m soak [--minutes 60] [--seed 1] [--turns 10000]
"""

import argparse
import gc
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from livejam.brain import load_brain
from livejam.composer import Brain
from soak.double import Double
from soak.longrun import Sums, jams
from soak.process import rss_mib
from soak.realtime import Findings, concert

TURNS_A_JAM = 250
GROWTH = 16.0  # MiB by which ten thousand turns may grow, once all is warm


class Teller:
    """Prints how it goes, about once a minute."""

    def __init__(self) -> None:
        self._told = time.monotonic()
        self.memory: list[float] = []  # MiB after each jam

    def virtual(self, sums: Sums) -> None:
        """A jam in virtual time is over."""
        gc.collect()
        self.memory.append(rss_mib(os.getpid()))
        if time.monotonic() - self._told > 60:
            self._told = time.monotonic()
            say(f"virtual: {sums}; memory {self.memory[-1]:.0f} MiB")

    def real(self, found: Findings) -> None:
        """A minute in real time is over."""
        say(f"real: {found}")


def main() -> int:
    """Soak; return the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--turns", type=int, default=10_000)
    asked = parser.parse_args()
    end = time.monotonic() + 60 * asked.minutes
    broken = thousands("a stand-in", Double, asked.turns * 6 // 10, asked.seed)
    broken += thousands("the network", lambda: load_brain(None, asked.seed, None), asked.turns * 4 // 10, asked.seed)
    with tempfile.TemporaryDirectory(prefix="livejam-soak-") as folder:
        found = concert(max(60.0, end - time.monotonic()), asked.seed, Path(folder), Teller().real)
    say(f"real time, in all: {found}")
    broken += found.broken
    for line in broken:
        say(f"BROKEN: {line}")
    say("broken" if broken else "nothing broke")
    return int(bool(broken))


def thousands(name: str, make: Callable[[], Brain], turns: int, seed: int) -> list[str]:
    """Jam so many turns in virtual time with that brain; return what broke."""
    teller, began = Teller(), time.monotonic()
    try:
        sums = jams(make(), turns, seed, TURNS_A_JAM, teller.virtual)
    except Exception as error:
        import traceback

        traceback.print_exc()
        return [f"in virtual time with {name}: {error!r}"]
    warm, now = max(teller.memory[:4]), teller.memory[-1]
    say(
        f"virtual time with {name}, in all: {sums}; modes {', '.join(sorted(sums.modes))}; "
        f"memory {warm:.1f} to {now:.1f} MiB; {time.monotonic() - began:.0f} s"
    )
    return [f"memory with {name} grew from {warm:.1f} to {now:.1f} MiB"] if now > warm + GROWTH else []


def say(line: str) -> None:
    """Print a line at once, with the time of day."""
    print(f"{time.strftime('%T')} {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
