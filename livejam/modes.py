"""Ways of taking turns: what tells livejam that a phrase is over. Pure words, and how they are written.

A mode is written as the command line takes it: `silence`, `silence:0.6`, `bars:4`, `pedal`, `cc:20`, `note:36`.
Everything here but `Switch` is immutable and may cross threads.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from livejam.errors import LivejamError
from livejam.events import Gesture, Pedal, PlayerEvent
from livejam.notes import NoteOff, NoteOn

SUSTAIN = 64  # the controller that is a pedal
DOWN = 64  # controller values from here on mean down
LONGEST_SILENCE = 10.0  # seconds
MOST_BARS = 64


@dataclass(frozen=True, slots=True)
class Silence:
    """A silence ends the phrase."""

    seconds: float | None = None  # None: as long as the player's own habits make likely

    def __str__(self) -> str:
        return "silence" if self.seconds is None else f"silence:{self.seconds:g}"


@dataclass(frozen=True, slots=True)
class Bars:
    """Trading: so many bars for the player, then as many for livejam."""

    count: int

    def __str__(self) -> str:
        return f"bars:{self.count}"


@dataclass(frozen=True, slots=True)
class Signal:
    """The player gives a sign: the sustain pedal, a controller, or a key that is no music then."""

    kind: str  # "pedal", "cc" or "note"
    number: int = SUSTAIN  # of the controller, or the pitch of the key

    def __str__(self) -> str:
        return self.kind if self.kind == "pedal" else f"{self.kind}:{self.number}"

    def value(self, event: PlayerEvent) -> bool | None:
        """Return whether `event` presses or releases the sign; None if it is something else."""
        match event:
            case Pedal(down) if self.kind == "pedal":
                return down
            case Gesture() if self.kind == "cc" and event.control and event.control[0] == self.number:
                return event.control[1] >= DOWN
            case NoteOn(pitch) if self.kind == "note" and pitch == self.number:
                return True
            case NoteOff(pitch) if self.kind == "note" and pitch == self.number:
                return False
        return None


Mode = Silence | Bars | Signal
USUAL: tuple[Mode, ...] = (Silence(), Bars(4), Signal("pedal"))  # among which a player chooses who names none


@dataclass(frozen=True, slots=True)
class ModeChosen:
    """The player switches to another way of taking turns."""

    mode: Mode


class Switch:
    """A controller or key with which the player goes on to the next mode; it is no music then."""

    def __init__(self, signal: Signal, modes: Sequence[Mode]) -> None:
        """`signal` switches to one of `modes` (at least one) after the other."""
        self._signal = signal
        self._modes = tuple(modes)
        self._down = False

    def owns(self, event: PlayerEvent) -> bool:
        """Return whether `event` is the switch's own, and means nothing else."""
        return self._signal.value(event) is not None

    def take(self, event: PlayerEvent, mode: Mode) -> ModeChosen | None:
        """Take in an event of its own while turns are taken by `mode`; return the next mode if it was pressed."""
        before, self._down = self._down, bool(self._signal.value(event))
        return ModeChosen(self._after(mode)) if self._down and not before else None

    def lift(self) -> None:
        """Take it that the switch is up."""
        self._down = False

    def _after(self, mode: Mode) -> Mode:
        place = self._modes.index(mode) + 1 if mode in self._modes else 0
        return self._modes[place % len(self._modes)]


def choices(given: Sequence[Mode]) -> tuple[Mode, ...]:
    """Return the modes among which a player can choose who named these, the first to begin with: theirs, if several."""
    distinct = tuple(dict.fromkeys(given))
    return distinct if len(distinct) > 1 else tuple(dict.fromkeys((*distinct, *USUAL)))


def read_switch(text: str) -> Signal:
    """Return the controller or key that `text` says.

    Raises:
        LivejamError: it says none.
    """
    kind, _, value = text.strip().casefold().partition(":")
    mode = _mode(kind, value)
    if not isinstance(mode, Signal) or mode.kind == "pedal":
        raise LivejamError(f"{text!r} can't switch between ways of taking turns; cc:20 and note:36 can")
    return mode


def read_mode(text: str) -> Mode:
    """Return the mode that `text` says.

    Raises:
        LivejamError: it says none.
    """
    kind, _, value = text.strip().casefold().partition(":")
    mode = _mode(kind, value)
    if mode is None:
        raise LivejamError(
            f"{text!r} is no way of taking turns; silence, silence:0.6, bars:4, pedal, cc:20 and note:36 are"
        )
    return mode


def _mode(kind: str, value: str) -> Mode | None:
    match kind:
        case "silence" if not value:
            return Silence()
        case "silence":
            seconds = _number(value)
            return Silence(seconds) if seconds is not None and 0 < seconds <= LONGEST_SILENCE else None
        case "bars" if value.isdecimal() and 1 <= int(value) <= MOST_BARS:
            return Bars(int(value))
        case "pedal" if not value:
            return Signal("pedal")
        case "cc" if value.isdecimal() and int(value) <= 119:
            return Signal("pedal") if int(value) == SUSTAIN else Signal("cc", int(value))
        case "note" if value.isdecimal() and int(value) <= 127:
            return Signal("note", int(value))
    return None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
