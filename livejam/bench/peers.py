"""Others' networks beside livejam's: the same step, in the same run, each in a process of its own.

The other side is `livejam.training.peers`, which needs PyTorch. While one is timed the others wait, and all take turns,
so that a busy moment of the machine hits all alike. Knows nothing of how their networks work. Milliseconds. One thread.
"""

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.util import find_spec
from typing import IO, Any, cast

from livejam.bench.steps import STEPS, decoder_times
from livejam.bench.wire import Spread
from livejam.decoder import Decoder
from livejam.errors import LivejamError

NAMES = ("notochord", "pytorch", "pytorch-decoder")
HISTORIES = (20, 200, 2000)  # notes heard
ROUNDS = 3
PARTING = 10.0  # seconds until a process has ended
PACKAGES = ("notochord", "torch")
EXTRA = "pip install 'livejam[peers]'"


@dataclass(frozen=True, slots=True)
class Compared:
    """A peer beside livejam."""

    steps: dict[int, Spread]  # notes of history -> one of its steps
    slower: dict[int, float]  # notes of history -> its median beside livejam's
    about: dict[str, object]  # what it is

    def as_json(self) -> dict[str, object]:
        """Return the figures after the longest history, and after all."""
        longest = max(self.steps)
        after = {
            str(history): {**spread.as_json(), "times_slower": self.slower[history]}
            for history, spread in self.steps.items()
        }
        return {
            **self.steps[longest].as_json(),
            "times_slower": self.slower[longest],
            "note_step_ms_after": after,
            **self.about,
        }


class Peer:
    """One of `livejam.training.peers`, running while the `with` lasts."""

    def __init__(self, name: str, sizes: Mapping[str, Any]) -> None:
        self.name = name
        self.about: dict[str, object] = {}
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "livejam.training.peers", name, json.dumps(dict(sizes))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._asked, self._answers = cast(IO[str], self._process.stdin), cast(IO[str], self._process.stdout)

    def __enter__(self) -> "Peer":
        try:
            self.about = self._read()
        except LivejamError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate(timeout=PARTING)

    def times(self, history: int) -> list[float]:
        """Return how long each of `STEPS` steps after `history` notes takes, in ms.

        Raises:
            LivejamError: it has died.
        """
        with contextlib.suppress(OSError):  # what it said last tells why
            self._asked.write(f"{history} {STEPS}\n")
            self._asked.flush()
        return list(self._read())

    def _read(self) -> Any:
        line = self._answers.readline()
        if not line:
            raise LivejamError(f"{self.name} can't be timed here: {self._last_words()}; leave out --peers")
        return json.loads(line)

    def _last_words(self) -> str:
        _, errors = self._process.communicate(timeout=PARTING)
        return (errors.strip().splitlines() or ["it ended without a word"])[-1]


def require_packages() -> None:
    """Look whether everybody's packages are there.

    Raises:
        LivejamError: one is missing.
    """
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise LivejamError(f"--peers needs {' and '.join(missing)}, not installed here; get them with: {EXTRA}")


def compare(decoder: Decoder, rounds: int = ROUNDS) -> dict[str, Compared]:
    """Time every peer and `decoder` side by side; return name -> figures.

    Raises:
        LivejamError: a peer does not work here.
    """
    with ExitStack() as stack:
        peers = [stack.enter_context(Peer(name, decoder.contract["network"])) for name in NAMES]
        steps = side_by_side({"": decoder_times(decoder), **{peer.name: peer.times for peer in peers}}, rounds)
        ours = steps.pop("")
        return {peer.name: compared(steps[peer.name], ours, peer.about) for peer in peers}


def compared(theirs: dict[int, Spread], ours: dict[int, Spread], about: dict[str, object]) -> Compared:
    """Put the steps of a peer beside livejam's."""
    slower = {history: round(spread.median / ours[history].median, 2) for history, spread in theirs.items()}
    return Compared(theirs, slower, about)


def side_by_side(timed: Mapping[str, Callable[[int], list[float]]], rounds: int) -> dict[str, dict[int, Spread]]:
    """Have all take turns; return name -> notes of history -> one step. Each is given a history, gives ms."""
    took: dict[str, dict[int, list[float]]] = {name: {history: [] for history in HISTORIES} for name in timed}
    for _ in range(rounds):
        for history in HISTORIES:
            for name, times in timed.items():
                took[name][history] += times(history)
    return {name: {history: Spread.of(samples) for history, samples in found.items()} for name, found in took.items()}
