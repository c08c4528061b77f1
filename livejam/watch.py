"""Watching ports: a thread that sees to it that ports which go are given up and taken again when they are back.

How each system tells that a port has come or gone is here too, as cheap as it can be had. Knows nothing of messages.
Times are seconds. While a jam lasts the thread alone opens and closes ports, so the session's never waits for them.
"""

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

LOOK = 0.25  # seconds between two looks whether anything has changed
RETRY = 2  # looks between two attempts to take a port again, though nothing seems to have changed
ALSA_CLIENTS = Path("/proc/asound/seq/clients")
COMPLAINTS = 3  # shown at most


class Watched(Protocol):
    """Ports that come and go."""

    @property
    def complete(self) -> bool:
        """Whether all are there."""

    def look(self) -> None:
        """Give up what has gone, take back what is there again. May take some milliseconds."""


class Watcher:
    """When to look. Belongs to one thread."""

    def __init__(self, ports: Watched, changed: Callable[[], bool]) -> None:
        self._ports = ports
        self._changed = changed
        self._idle = 0  # looks since ports were last looked at
        self._errors = 0

    def tick(self) -> None:
        """Look if anything has changed, or now and then while a port is missing. Never raises."""
        self._idle += 1
        try:
            changed = self._changed()
            if changed or (self._idle >= RETRY and not self._ports.complete):
                self._idle = 0
                self._ports.look()
        except Exception as error:  # whatever it was, the next look may find what is missing
            self._errors += 1
            if self._errors <= COMPLAINTS:
                print(f"livejam: the ports could not be looked at: {error!r}", file=sys.stderr)


@contextlib.contextmanager
def watching(ports: Watched, changed: Callable[[], bool]) -> Iterator[None]:
    """Watch `ports` on a thread of its own; `changed` tells cheaply whether a port may have come or gone."""
    watcher, over = Watcher(ports, changed), threading.Event()

    def watch() -> None:
        while not over.wait(LOOK):
            watcher.tick()

    thread = threading.Thread(target=watch, name="ports", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class FileWatch:
    """A file whose text changes whenever a port comes or goes, as the ALSA sequencer has one."""

    def __init__(self, path: Path = ALSA_CLIENTS) -> None:
        self._path = path
        self._text = self._read()

    def changed(self) -> bool:
        """Whether the text is another than when this was last asked."""
        before, self._text = self._text, self._read()
        return self._text != before

    def _read(self) -> bytes | None:
        try:
            return self._path.read_bytes()
        except OSError:
            return None


class ListWatch:
    """Names of ports, asked for anew each time: for systems that say them at once."""

    def __init__(self, names: Callable[[], object]) -> None:
        self._names = names
        self._known = names()

    def changed(self) -> bool:
        """Whether the names are others than when this was last asked."""
        before, self._known = self._known, self._names()
        return self._known != before
