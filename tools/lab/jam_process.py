"""`livejam listen` in a process of its own, as a player would start it, and what it says.

Knows nothing of livejam but its command and the words "ready", "gone" and "back". Times are seconds of
`time.monotonic`. A thread reads what it says; the rest runs on the caller's.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIVEJAM = (sys.executable, "-m", "livejam")


def until(happened: Callable[[], object], seconds: float) -> bool:
    """Wait until something has happened, but no longer than that; tell whether it has."""
    give_up = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > give_up:
            return False
        time.sleep(0.005)
    return True


class Jam:
    """Runs while the `with` lasts; `begun` is how many seconds it took to get ready."""

    def __init__(self, *arguments: str, patience: float) -> None:
        self.said: list[tuple[float, str]] = []
        self._told = 0  # lines
        self._patience = patience
        self._started = time.monotonic()
        self._process = subprocess.Popen(
            [*LIVEJAM, "listen", *arguments],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=dict(os.environ, PYTHONUNBUFFERED="1"),
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> "Jam":
        until(lambda: self.heard("ready") or self._process.poll() is not None, self._patience)
        if not self.heard("ready"):
            self.__exit__()
            raise SystemExit("livejam did not get ready: " + " | ".join(line for _, line in self.said))
        self.begun = self.said[-1][0] - self._started
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(self._patience)
        self._reader.join(self._patience)

    def heard(self, word: str, since: float = 0.0) -> float | None:
        """Return when it first said a line with `word` in it, from the time `since` on; None: not yet."""
        return next((at for at, line in list(self.said) if at >= since and word in line), None)

    def news(self) -> list[str]:
        """Return what it has said since this was last asked."""
        lines = [line for _, line in self.said[self._told :]]
        self._told += len(lines)
        return lines

    def says(self, word: str, since: float) -> float | None:
        """Wait until it says a line with `word`; return how many seconds after `since` that was, None: it did not."""
        until(lambda: self.heard(word, since) is not None, self._patience)
        at = self.heard(word, since)
        return None if at is None else at - since

    def end(self) -> int | None:
        """End it as with Ctrl-C; return its exit code, None if it would not end."""
        self._process.send_signal(signal.SIGINT)
        try:
            code = self._process.wait(self._patience)
        except subprocess.TimeoutExpired:
            return None
        self._reader.join(self._patience)
        return code

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self.said.append((time.monotonic(), line.rstrip()))
