"""What a player asks of the answers, and how it is written, turned on a knob, and shown in words.

Pure. Knows nothing of the network, of requests or of who plays. A setting is written as the command line takes it:
`follow 1.5`, `density 4`, `length 2`, `kind echo`, `key "D minor"`; a knob has positions 0 to 127. Lengths are bars.
Everything here is immutable and may cross threads and processes.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from livejam.controls import CONTROLS as CLASSES
from livejam.controls import MOST_BARS, Kind
from livejam.errors import LivejamError
from livejam.pieces import Style

POSITIONS = 127  # of a knob, beside 0
STEP = 0.05  # of what is turned smoothly: the middle of a knob is exactly 1
FREE = "free"
DENSEST = 5  # density that can be asked for: of more notes a beat few phrases tell, and asking for them has fewer
TONICS = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_DEGREES = dict(zip("CDEFGAB", (0, 2, 4, 5, 7, 9, 11), strict=True))
_KEY = re.compile(r"([A-G])\s*([#b♯♭]?)\s*(|M|[Mm]aj|[Mm]ajor|m|[Mm]in|[Mm]inor)")


@dataclass(frozen=True, slots=True)
class Steering:
    """What a player asks of the answers; the defaults: as the network likes."""

    follow: float = 1.0  # 0: ignores the call, 1: plain, 2: sticks close to it
    temperature: float | None = None  # 0..2; None: the brain's own
    density: int = 0  # class, see `controls`: 1 the fewest notes a beat .. `DENSEST`
    register: int = 0  # 1 the lowest .. 7
    bars: int | None = None  # length of an answer, from 1 on
    kind: Kind = Kind.UNKNOWN
    style: Style = Style.UNKNOWN
    key: int = 0  # the only scale: 1 + tonic (C = 0) in major, 13 + tonic in minor; 0: any


PLAIN = Steering()


@dataclass(frozen=True, slots=True)
class Smooth:
    """A control with any value between two."""

    field: str  # of Steering
    low: float
    high: float
    about: str  # what it does, in a few words

    def read(self, text: str) -> float:
        """Return the value that `text` says. Raises ValueError: it says none."""
        value = float(text)
        if not self.low <= value <= self.high:
            raise ValueError(text)
        return value

    def at(self, position: int) -> float:
        """Return the value of a knob's `position`, 0..127."""
        value = self.low + (self.high - self.low) * position / POSITIONS
        return round(round(value / STEP) * STEP, 2)

    def word(self, value: Any) -> str:
        """Return how a value is written."""
        return f"{value:g}"

    @property
    def range(self) -> str:
        """What can be written."""
        return f"a number from {self.low:g} to {self.high:g}"


@dataclass(frozen=True, slots=True)
class Stepped:
    """A control with a handful of values, the first of which is: as the network likes."""

    field: str  # of Steering
    words: tuple[str, ...]
    values: tuple[Any, ...]
    range: str  # what can be written
    about: str  # what it does, in a few words

    def read(self, text: str) -> Any:
        """Return the value that `text` says. Raises ValueError: it says none."""
        return self.values[[word.casefold() for word in self.words].index(text.strip().casefold())]

    def at(self, position: int) -> Any:
        """Return the value of a knob's `position`, 0..127: 0 is the first, the others share the rest equally."""
        return self.values[math.ceil(position * (len(self.values) - 1) / POSITIONS)]

    def word(self, value: Any) -> str:
        """Return how a value is written."""
        return self.words[self.values.index(value)]


class Scale(Stepped):
    """A control whose values are keys, written in any usual way."""

    __slots__ = ()

    def read(self, text: str) -> int:
        """Return the class of the key that `text` says. Raises ValueError: it says none."""
        if text.strip().casefold() == FREE:
            return 0
        match = _KEY.fullmatch(text.strip()[:1].upper() + text.strip()[1:])
        if not match:
            raise ValueError(text)
        letter, accidental, mode = match.groups()
        tonic = _DEGREES[letter] + (accidental in ("#", "♯")) - (accidental in ("b", "♭"))
        minor = mode.casefold().startswith("min") or mode == "m"
        return 1 + 12 * minor + tonic % 12


Control = Smooth | Stepped


def _numbered(field: str, most: int, free: int | None, what: str, about: str) -> Stepped:
    words = (FREE, *map(str, range(1, most + 1)))
    return Stepped(field, words, (free, *range(1, most + 1)), f"a number{what} from 1 to {most}, or {FREE}", about)


def _named(field: str, names: type[Kind] | type[Style], about: str) -> Stepped:
    words = tuple(name.name.casefold() for name in names if name)
    return Stepped(field, (FREE, *words), tuple(names), f"{', '.join(words)} or {FREE}", about)


_KEYS = tuple(f"{tonic} {mode}" for mode in ("major", "minor") for tonic in TONICS)
CONTROLS: dict[str, Control] = {  # as a player calls them
    "follow": Smooth("follow", 0, 2, "how close answers keep to your phrase: 0 ignores it, 1 is plain"),
    "temperature": Smooth("temperature", 0, 2, "how daring answers are"),
    "density": _numbered("density", DENSEST, 0, "", "how many notes a beat: 1 the fewest"),
    "register": _numbered("register", CLASSES["register"] - 1, 0, "", "how high: 1 the lowest"),
    "length": _numbered("bars", MOST_BARS, None, " of bars", "how many bars an answer lasts"),
    "kind": _named("kind", Kind, "how answers take up your phrase"),
    "style": _named("style", Style, "which music they are of"),
    "key": Scale(
        "key", (FREE, *_KEYS), tuple(range(len(_KEYS) + 1)), f"a key such as D minor, Bb or F# major, or {FREE}",
        "the scale that answers keep to",
    ),
}  # fmt: skip


def read_setting(name: str, text: str) -> Any:
    """Return the value of the control `name` that `text` says.

    Raises:
        LivejamError: it says none.
    """
    control = CONTROLS[name]
    try:
        return control.read(text)
    except ValueError:
        raise LivejamError(f"{name} {text!r} won't do; give {control.range}") from None


def turned(steering: Steering, name: str, position: int) -> Steering:
    """Return `steering` once the knob of the control `name` is at `position`, 0..127."""
    change: dict[str, Any] = {CONTROLS[name].field: CONTROLS[name].at(position)}
    return replace(steering, **change)


def asked_for(settings: Iterable[tuple[str, Any]]) -> Steering:
    """Return the steering of (name of a control, value); a value of None is not asked for."""
    return Steering(**{CONTROLS[name].field: value for name, value in settings if value is not None})


def in_words(steering: Steering) -> dict[str, str]:
    """Return what is asked for, by the names of the controls; what is left to the network is left away."""
    return {
        name: control.word(getattr(steering, control.field))
        for name, control in CONTROLS.items()
        if getattr(steering, control.field) != getattr(PLAIN, control.field)
    }
