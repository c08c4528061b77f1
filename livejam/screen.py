"""What the player sees while jamming: one status line, redrawn when something happens.

Knows nothing of ports, files or the network. The session's thread hands over small records and goes on at once; a
thread of the screen's own draws them, at most `RATE` times a second, and may be held up by the terminal for as long as
the terminal likes. Times are seconds of the session's clock.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from threading import Thread

from rich.console import Console
from rich.live import Live
from rich.text import Text

from livejam.notes import NoteOff, NoteOn
from livejam.turns import State

RATE = 10  # drawings a second, at most
PARTING = 1.0  # seconds that the end of the program waits for the last drawing


@dataclass(frozen=True, slots=True)
class Turned:
    """Whose turn it is has changed."""

    state: State
    turn: int  # 1 for the first call


@dataclass(frozen=True, slots=True)
class Keyed:
    """A key went down or up."""

    time: float  # seconds
    message: NoteOn | NoteOff
    player: bool  # False: livejam's


@dataclass(frozen=True, slots=True)
class Paced:
    """The tempo is this from now on."""

    bpm: float  # quarter notes a minute


@dataclass(frozen=True, slots=True)
class Moded:
    """Turns are taken by this mode from now on."""

    mode: str


@dataclass(frozen=True, slots=True)
class Warned:
    """Something went wrong; the jam goes on."""

    text: str


Seen = Turned | Keyed | Paced | Moded | Warned


class Relay:
    """A session's screen that turns what it is told into records for `put`, which must return at once."""

    def __init__(self, put: Callable[[Seen], None]) -> None:
        self._put = put

    def state(self, state: State, turn: int) -> None:
        """Pass on whose turn it is."""
        self._put(Turned(state, turn))

    def player_note(self, time: float, message: NoteOn | NoteOff) -> None:
        """Pass on what the player did."""
        self._put(Keyed(time, message, player=True))

    def answer_note(self, time: float, message: NoteOn | NoteOff) -> None:
        """Pass on what livejam did."""
        self._put(Keyed(time, message, player=False))

    def tempo(self, bpm: float) -> None:
        """Pass on the tempo, quarter notes a minute."""
        self._put(Paced(bpm))

    def mode(self, text: str) -> None:
        """Pass on how turns are taken."""
        self._put(Moded(text))

    def warn(self, text: str) -> None:
        """Pass on a warning."""
        self._put(Warned(text))


LOOKS = {  # symbol, colour, what it says
    State.IDLE: ("○", "", "play a phrase"),
    State.LISTENING: ("●", "bold #0072b2", ""),
    State.RESPONDING: ("▶", "bold #e69f00", ""),
}


@dataclass(frozen=True, slots=True)
class Status:
    """What the line says."""

    ports: str  # where livejam listens and plays, in words
    state: State = State.IDLE
    turn: int = 0
    notes: int = 0  # of this call or answer
    bpm: float | None = None  # None: not known yet

    def after(self, seen: Seen) -> "Status":
        """Return the status once `seen` has happened."""
        match seen:
            case Turned(state, turn):
                return replace(self, state=state, turn=turn, notes=0)
            case Keyed(message=NoteOn(), player=player) if player == (self.state is not State.RESPONDING):
                return replace(self, notes=self.notes + 1)
            case Paced(bpm):
                return replace(self, bpm=bpm)
        return self

    def line(self) -> Text:
        """The line for a terminal."""
        symbol, style, _ = LOOKS[self.state]
        line = Text(f"{symbol} {self.state.value:<10}", style=style, no_wrap=True, overflow="ellipsis")
        return line.append(" · ".join(self._parts()), style="default not bold")

    def plain(self) -> str:
        """The line for a file or a pipe."""
        return f"{self.state.value}: {', '.join(self._parts())}"

    def _parts(self) -> Iterator[str]:
        hint = LOOKS[self.state][2]
        if hint:
            yield hint
        if self.turn:
            yield f"turn {self.turn}"
        if self.notes and not hint:
            yield f"{self.notes} note{'s' if self.notes > 1 else ''}"
        if self.bpm is not None:
            yield f"{self.bpm:.0f} bpm"
        yield self.ports


def print_warning(console: Console, text: str) -> None:
    """Print a warning in one line, which only the terminal itself may break."""
    console.print(Text(f"! {text}", style="yellow"), soft_wrap=True)


class StatusLine(Relay):
    """The status line of `livejam listen`; use it in a `with`, around the jam."""

    def __init__(self, console: Console, ports: str) -> None:
        self._queue: SimpleQueue[Seen | None] = SimpleQueue()
        super().__init__(self._queue.put)
        self._console = console
        self._status = Status(ports)
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None
        self._thread = Thread(target=self._draw_until_told, name="screen", daemon=True)

    def __enter__(self) -> "StatusLine":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._queue.put(None)
        self._thread.join(PARTING)

    def _draw_until_told(self) -> None:
        with contextlib.suppress(OSError, ValueError), self._live or contextlib.nullcontext():  # a closed terminal
            self._show()
            while self._draw_next():
                time.sleep(1 / RATE)

    def _draw_next(self) -> bool:
        """Wait for something to happen, draw it and all that has happened since; False: it was the end."""
        news = [self._queue.get()]
        with contextlib.suppress(Empty):
            while True:
                news.append(self._queue.get_nowait())
        for seen in news:
            self._take(seen)
        if self._live:
            self._show()
        return None not in news

    def _take(self, seen: Seen | None) -> None:
        match seen:
            case None:
                return
            case Warned(text):
                print_warning(self._console, text)
        before, self._status = self._status, self._status.after(seen)
        if not self._live and before.state is not self._status.state:
            self._show()

    def _show(self) -> None:
        if self._live:
            self._live.update(self._status.line(), refresh=True)
        else:
            self._console.print(Text(self._status.plain()), soft_wrap=True)
