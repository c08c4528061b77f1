"""What the player sees while jamming: one status line, redrawn when something happens.

Knows nothing of ports, files or the network. The session's thread hands over small records and goes on at once; a
process of the screen's own draws (painter.py). Times are seconds of the session's clock.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from rich.console import Console
from rich.live import Live
from rich.text import Text

from livejam.notes import NoteOff, NoteOn
from livejam.painter import Painter
from livejam.turns import State


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
class Steered:
    """This is asked of the answers from now on."""

    text: str


@dataclass(frozen=True, slots=True)
class Warned:
    """Something went wrong; the jam goes on."""

    text: str


@dataclass(frozen=True, slots=True)
class Told:
    """A line that stays."""

    text: str


@dataclass(frozen=True, slots=True)
class Traded:
    """The turn takes bars of a clock."""

    start: float  # seconds
    end: float  # seconds
    count: int  # bars

    def at(self, now: float) -> int:
        """Return which of them it is at `now`, 1 for the first; an upbeat belongs to it."""
        played = (now - self.start) / (self.end - self.start) * self.count
        return min(max(math.floor(played) + 1, 1), self.count)

    def after(self, now: float) -> float | None:
        """Return when the next of them begins, seconds; None: there is none."""
        bar = self.at(now)
        return None if bar == self.count else self.start + bar * (self.end - self.start) / self.count


Seen = Turned | Traded | Keyed | Paced | Moded | Steered | Warned | Told


class Relay:
    """A session's screen that turns what it is told into records for `put`, which must return at once."""

    def __init__(self, put: Callable[[Seen], None]) -> None:
        self._put = put

    def state(self, state: State, turn: int) -> None:
        """Pass on whose turn it is."""
        self._put(Turned(state, turn))

    def bars(self, start: float, end: float, count: int) -> None:
        """Pass on which bars the turn takes: `count`, from `start` to `end` (seconds)."""
        self._put(Traded(start, end, count))

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

    def steering(self, text: str) -> None:
        """Pass on what is asked of the answers."""
        self._put(Steered(text))

    def warn(self, text: str) -> None:
        """Pass on a warning."""
        self._put(Warned(text))

    def told(self, text: str) -> None:
        """Pass on a line that stays."""
        self._put(Told(text))


LOOKS = {  # symbol, colour
    State.IDLE: ("○", ""),
    State.LISTENING: ("●", "bold #0072b2"),
    State.RESPONDING: ("▶", "bold #e69f00"),
}


@dataclass(frozen=True, slots=True)
class Words:
    """What the line calls things."""

    hint: str = "play a phrase"  # what to do first
    listening: str = State.LISTENING.value
    turn: str = "turn"
    counts: bool = True  # whether it counts notes


JAMMING = Words()
PRACTISING = Words("play; the band begins with the beat", "playing", "chorus", counts=False)


@dataclass(frozen=True, slots=True)
class Status:
    """What the line says."""

    state: State = State.IDLE
    turn: int = 0
    notes: int = 0  # of this call or answer
    bpm: float | None = None  # None: not known yet
    mode: str = ""  # how turns are taken, in words
    steering: str = ""  # what is asked of the answers, in words
    bars: Traded | None = None  # of this turn, where bars are traded
    words: Words = JAMMING

    def after(self, seen: Seen) -> "Status":
        """Return the status once `seen` has happened."""
        match seen:
            case Turned(state, turn):
                return replace(self, state=state, turn=turn, notes=0, bars=None)
            case Traded():
                return replace(self, bars=seen)
            case Keyed(message=NoteOn(), player=player) if player == (self.state is not State.RESPONDING):
                return replace(self, notes=self.notes + 1)
            case Paced(bpm):
                return replace(self, bpm=bpm)
            case Moded(mode):
                return replace(self, mode=mode, bars=None)
            case Steered(text):
                return replace(self, steering=text)
        return self

    def line(self, now: float) -> Text:
        """The line for a terminal, at `now`."""
        symbol, style = LOOKS[self.state]
        line = Text(f"{symbol} {self._state:<10}", style=style, no_wrap=True, overflow="ellipsis")
        bar = [f"bar {self.bars.at(now)} of {self.bars.count}"] if self.bars else []
        return line.append(" · ".join([*bar, *self._parts()]), style="default not bold")

    def plain(self) -> str:
        """The line for a file or a pipe."""
        return f"{self._state}: {', '.join(self._parts())}"

    @property
    def _state(self) -> str:
        return self.words.listening if self.state is State.LISTENING else self.state.value

    def _parts(self) -> Iterator[str]:
        if self.state is State.IDLE:
            yield self.words.hint
        if self.turn:
            yield f"{self.words.turn} {self.turn}"
        if self.notes and self.state is not State.IDLE and self.words.counts:
            yield f"{self.notes} note{'s' if self.notes > 1 else ''}"
        if self.bpm is not None:
            yield f"{self.bpm:.0f} bpm"
        if self.mode:
            yield self.mode
        if self.steering:
            yield self.steering


def print_warning(console: Console, text: str) -> None:
    """Print a warning in one line, which only the terminal itself may break."""
    console.print(Text(f"! {text}", style="yellow"), soft_wrap=True)


class StatusPicture:
    """The status as a line that stays at the foot of a terminal; elsewhere, a line for each change of turn."""

    def __init__(self, console: Console, live: Live | None, words: Words = JAMMING) -> None:
        self._console = console
        self._live = live
        self._first = Status(words=words)
        self._status: Status | None = None  # until the jam begins

    def see(self, seen: Seen) -> None:
        """Take in `seen`; print what is to stay."""
        if isinstance(seen, Warned):
            print_warning(self._console, seen.text)
        elif isinstance(seen, Told):
            self._console.print(Text(seen.text), soft_wrap=True)
        before = self._status or self._first
        self._status = before.after(seen)
        if not self._live and before.state is not self._status.state:
            self._console.print(Text(self._status.plain()), soft_wrap=True)

    def refresh(self, now: float) -> float | None:
        """Draw the line; it stays as it is until the next bar, or until something is seen."""
        if not self._live or not self._status:
            return None
        self._live.update(self._status.line(now), refresh=True)
        return self._status.bars.after(now) if self._status.bars else None


class StatusLine(Relay):
    """The status line of a jam, or of a practice session; use it in a `with`, around it."""

    def __init__(self, console: Console, ports: str, keys: str = "", words: Words = JAMMING) -> None:
        """In words: where livejam listens and plays, what can be pressed on a terminal, and how things are called."""
        super().__init__(self._tell)
        self._painter = Painter(console, partial(StatusPicture, words=words))
        self._welcome: Text | None = Text(f"{State.IDLE.value}: {words.hint}, {ports}")
        if keys and console.is_terminal:
            self._welcome.append(f"\n{keys}", style="dim")

    def __enter__(self) -> "StatusLine":
        self._painter.__enter__()
        return self

    def __exit__(self, *what: object) -> None:
        self._painter.__exit__(*what)

    def _tell(self, seen: Seen) -> None:
        """Have `seen` drawn; the first that a session tells of turns means that it listens."""
        if self._welcome and isinstance(seen, Turned):
            self._painter.say(self._welcome)
            self._welcome = None
        self._painter.put(seen)
