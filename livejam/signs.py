"""What an event of the player's means: music, the sign that a phrase is over, the next mode, a knob, or nothing.

Pure. The session's thread calls it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from livejam.events import Gesture, Pedal, PlayerEvent
from livejam.knobs import Knob, Turned
from livejam.modes import Mode, ModeChosen, Signal, Switch
from livejam.notes import NoteOff, NoteOn

Music = NoteOn | NoteOff | Pedal


@dataclass(frozen=True, slots=True)
class Over:
    """The player's sign that the phrase is over."""


class Signs:
    """Which signs are held."""

    def __init__(self, switch: Switch | None, knobs: Sequence[Knob] = ()) -> None:
        self._knobs = tuple(knobs)
        self._switch = switch
        self._down = False  # the sign that ends a phrase

    def take(self, event: PlayerEvent, mode: Mode) -> Music | Over | ModeChosen | Turned | None:
        """Take in an event while turns are taken by `mode`; return what it means, None if nothing."""
        if self._switch and self._switch.owns(event):
            return self._switch.take(event, mode)
        for knob in self._knobs:
            if turned := knob.reads(event):
                return turned
        sign = mode.value(event) if isinstance(mode, Signal) else None
        if sign or (sign is False and self._down):  # what was pressed as music is released as music
            pressed, self._down = sign and not self._down, sign
            return Over() if pressed else None
        return None if isinstance(event, Gesture) else event

    def change(self) -> None:
        """Another mode has another sign, which nobody holds yet."""
        self._down = False

    def lift(self) -> None:
        """Take it that no sign is held: nobody will say when one comes up."""
        self._down = False
        if self._switch:
            self._switch.lift()
