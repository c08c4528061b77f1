"""A livejam in a process of its own, seen from the outside: when it is ready, that it ends.

Its screen is a terminal where the system has pseudo-terminals, so that it draws; a thread reads what it draws and
keeps the last line. Knows nothing of music or ports. Times are seconds of `time.monotonic`.
"""

import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from threading import Event, Thread

from livejam.errors import LivejamError
from livejam.realtime import hurry

PATIENCE = 30.0  # seconds until it is ready
PARTING = 10.0  # seconds until it has ended
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")  # colours and cursor moves


class Listener:
    """Runs while the `with` lasts.

    Args:
        arguments: of the Python interpreter.
        settings: of the environment, beside our own.
        pipes: whether stdin and stdout are kept for MIDI; the screen is then stderr alone.
    """

    def __init__(self, arguments: Sequence[str], settings: dict[str, str], pipes: bool) -> None:
        self.startup = 0.0  # seconds from the start of the command until it was ready
        self._screen, theirs = _screen()
        self._said = ""
        self._ready = Event()
        self._began = time.monotonic()
        try:
            self.process = subprocess.Popen(
                [sys.executable, *arguments],
                stdin=subprocess.PIPE if pipes else subprocess.DEVNULL,
                stdout=subprocess.PIPE if pipes else theirs,
                stderr=theirs,
                bufsize=0,
                env={**os.environ, "TERM": "xterm", "COLUMNS": "100", "PYTHONUNBUFFERED": "1", **settings},
            )
        finally:
            os.close(theirs)
        self._reader = Thread(target=self._read, name="screen of livejam", daemon=True)

    def __enter__(self) -> "Listener":
        self._reader.start()
        self._ready.wait(PATIENCE)
        if not self.startup:
            self.end()
            raise LivejamError(f"livejam did not get ready: {self._said or 'it said nothing'}")
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Ask it to end; end it if it does not."""
        self.process.terminate()
        try:
            self.process.wait(PARTING)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(PARTING)
        self._reader.join(PARTING)

    def _read(self) -> None:
        """Follow the screen to its end; the body of a thread."""
        hurry()
        with contextlib.suppress(OSError), os.fdopen(self._screen, "rb", 0) as screen:  # the end of a terminal
            while drawn := screen.read(4096):
                self._see(_CONTROL.sub("", drawn.decode(errors="replace")))
        self._ready.set()

    def _see(self, text: str) -> None:
        lines = text.split("\n")
        self._said = next((line.strip() for line in reversed(lines) if line.strip()), self._said)
        if not self.startup and "ready" in text:
            self.startup = time.monotonic() - self._began
            self._ready.set()


def _screen() -> tuple[int, int]:
    """Return both ends of a screen: ours to read, theirs to write. Where no terminal can be had, it is a pipe."""
    try:
        return os.openpty()
    except (AttributeError, OSError):  # Windows; a container without /dev/pts
        return os.pipe()
