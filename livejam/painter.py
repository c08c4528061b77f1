"""A process that draws, so that drawing never holds the interpreter's lock of the one that keeps time.

Records go into a queue, a thread passes them through a pipe, and a second process draws what they say: at most `RATE`
times a second, and held up by the terminal for as long as the terminal likes. On a console that is neither stdout nor
stderr a thread draws. Knows nothing of what is drawn but that records can be pickled. Times are seconds of
`time.monotonic`. `put` and `say` may be called from any thread and return at once.
"""

import contextlib
import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Protocol

from rich.console import Console
from rich.live import Live
from rich.text import Text

from livejam.files import forgive
from livejam.signals import held_back, ignore_endings

RATE = 12  # drawings a second, at most
PARTING = 2.0  # seconds that the end of the program waits for the last drawing
KINDNESS = 5  # how far the drawing stands back behind what keeps time (`os.nice`)
REST = 0.02  # seconds between two messages to the drawing: to wake a thread for each record is dear for who tells it


class Picture(Protocol):
    """What is drawn."""

    def see(self, record: Any) -> None:
        """Take in a record; print what is to stay."""

    def refresh(self, now: float) -> float | None:
        """Draw what moves as it is at `now` (seconds); return when to draw it again, None: once something is told."""


Easel = Callable[[Console, Live | None], Picture]  # makes a picture; on a terminal there is a Live for what moves


@dataclass(frozen=True, slots=True)
class Said:
    """What the painter's own process prints."""

    text: Text


class Painter:
    """Has a picture drawn; use it in a `with`. A drawing that fails, hangs or dies stops nobody."""

    def __init__(self, console: Console, easel: Easel) -> None:
        """Draw on `console` what `easel` makes: something that can be pickled."""
        self._console = console
        self._queue: SimpleQueue[Any] = SimpleQueue()
        context = multiprocessing.get_context("spawn")
        far, self._near = context.Pipe(duplex=False)
        self._far = far
        stream = _stream(console)
        self._body = (
            Thread(target=_paint_here, args=(far, easel, console), name="painter", daemon=True)
            if stream is None
            else context.Process(target=_paint_there, args=(far, easel, stream), name="livejam-painter", daemon=True)
        )
        self._thread = Thread(target=self._pass_on, name="screen", daemon=True)

    def put(self, record: object) -> None:
        """Have the picture see `record` soon."""
        self._queue.put(record)

    def say(self, text: Text) -> None:
        """Print a line from this process: before anything is drawn, and without waiting for the other."""
        self._queue.put(Said(text))

    def __enter__(self) -> "Painter":
        with held_back():
            self._body.start()
        if not isinstance(self._body, Thread):
            self._far.close()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._queue.put(None)
        self._thread.join(PARTING)
        if not self._thread.is_alive():
            self._body.join(PARTING)
        if not isinstance(self._body, Thread):
            self._body.kill()

    def _pass_on(self) -> None:
        """Pass on what was told until None comes: the body of a thread. What can't be passed on is forgotten."""
        records: list[Any] = []
        while None not in records:
            records = self._told()
            with contextlib.suppress(OSError, ValueError):  # a closed terminal
                for said in [record for record in records if isinstance(record, Said)]:
                    self._console.print(said.text, soft_wrap=True)
            with contextlib.suppress(OSError):  # nobody draws any more
                self._near.send([record for record in records if not isinstance(record, Said)])
            time.sleep(REST)

    def _told(self) -> list[Any]:
        """Wait until something is told; return all that was."""
        records = [self._queue.get()]
        with contextlib.suppress(Empty):
            while True:
                records.append(self._queue.get_nowait())
        return records


def paint(link: Connection, picture: Picture) -> None:
    """Show the picture the records that come through `link`, lists of them, and draw it, until one is None."""
    due: float | None = 0.0  # seconds: draw then
    rested = 0.0  # seconds: not before
    while True:
        now = time.monotonic()
        if due is not None and now >= max(due, rested):
            due, rested = picture.refresh(now), now + 1 / RATE
        elif link.poll(None if due is None else max(due, rested) - now):
            for record in link.recv():
                if record is None:
                    return
                picture.see(record)
            due = now


def _paint_here(link: Connection, easel: Easel, console: Console) -> None:
    live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None
    with contextlib.suppress(OSError, EOFError, ValueError), live or contextlib.nullcontext():  # a closed terminal
        paint(link, easel(console, live))


def _paint_there(link: Connection, easel: Easel, stream: str) -> None:
    """Paint in a process of its own: the end of the jam ends it, and nothing else."""
    ignore_endings()
    if hasattr(os, "nice"):
        os.nice(KINDNESS)
    forgive(getattr(sys, stream))
    _paint_here(link, easel, Console(stderr=stream == "stderr"))


def _stream(console: Console) -> str | None:
    """Return which stream of every process a console draws on; None: neither."""
    number, name = (2, "stderr") if console.stderr else (1, "stdout")
    with contextlib.suppress(AttributeError, OSError, ValueError):  # a file in memory, or closed
        return name if os.path.sameopenfile(console.file.fileno(), number) else None
    return None
