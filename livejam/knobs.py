"""Controllers that turn what is asked of the answers, and how they are written: `follow=cc:21`. Pure.

Everything here is immutable and may cross threads.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from livejam.errors import LivejamError
from livejam.events import PlayerEvent
from livejam.messages import SUSTAIN
from livejam.steering import CONTROLS

MOST = 119  # number of a controller; what lies above are orders to a synth


@dataclass(frozen=True, slots=True)
class Turned:
    """A control is turned."""

    control: str  # of steering.CONTROLS
    position: int  # 0..127


@dataclass(frozen=True, slots=True)
class Knob:
    """A controller that turns a control; it is no music."""

    control: str  # of steering.CONTROLS
    number: int  # of the controller

    def __str__(self) -> str:
        return f"{self.control}=cc:{self.number}"

    def reads(self, event: PlayerEvent) -> Turned | None:
        """Return what `event` turns; None if it is something else."""
        moved = getattr(event, "control", None)
        return Turned(self.control, moved[1]) if moved and moved[0] == self.number else None


def read_knob(text: str) -> Knob:
    """Return the knob that `text` says.

    Raises:
        LivejamError: it says none.
    """
    control, _, sign = text.replace(" ", "").casefold().partition("=")
    kind, _, number = sign.partition(":")
    if control not in CONTROLS:
        raise LivejamError(f"{text!r} turns nothing that is known; {', '.join(CONTROLS)} can be turned: follow=cc:21")
    if kind != "cc" or not number.isdecimal() or int(number) > MOST or int(number) == SUSTAIN:
        raise LivejamError(f"{text!r} names no knob; a controller from 0 to {MOST} but the pedal does: {control}=cc:21")
    return Knob(control, int(number))


def read_knobs(texts: Sequence[str]) -> tuple[Knob, ...]:
    """Return the knobs that `texts` say.

    Raises:
        LivejamError: one says none, or two are the same controller.
    """
    knobs = tuple(map(read_knob, texts))
    for place, knob in enumerate(knobs):
        if any(knob.number == other.number for other in knobs[:place]):
            raise LivejamError(f"controller {knob.number} turns two things; give {knob.control} another")
    return knobs
