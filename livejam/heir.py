"""What sounds, written down where another process can read it; and how that one ends it if the owner of the ports dies.

A note is written down before it is sent and struck out after its end was sent, or somewhat later, so whenever the owner
dies, what may be sounding stands there. Knows nothing of turns or music. The owner's session thread writes; the heir
reads afterwards.
"""

import contextlib
import mmap
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from livejam.errors import LivejamError
from livejam.events import Gesture
from livejam.notes import Cue, NoteOff, NoteOn
from livejam.stage import Output

CHANNELS, PITCHES = 16, 128


@dataclass(frozen=True, slots=True)
class Estate:
    """What an heir must know."""

    ledger: Path  # what sounds: a byte for each pitch of each channel
    driver: str  # the MIDI system's name
    output: str | None  # words of the port that was played into; None: one of our own, which is gone with its owner


class Ledger:
    """An output that writes down what sounds before it goes out. Fits `stage.Output`; use it in a `with`."""

    def __init__(self, output: Output, clock: Callable[[], float] = time.monotonic) -> None:
        """Send to `output`; `clock` tells the time of cues (seconds)."""
        self._output = output
        self._clock = clock
        handle, path = tempfile.mkstemp(prefix="livejam-sounding-")
        self.path = Path(path)
        os.truncate(handle, CHANNELS * PITCHES)
        self._bytes = mmap.mmap(handle, CHANNELS * PITCHES)
        os.close(handle)
        self._leaving: dict[int, float] = {}  # place -> seconds: its end has been handed over, and leaves then

    @property
    def ahead(self) -> float:
        """Seconds before its time that a cue may be handed over."""
        return self._output.ahead

    def send(self, cue: Cue) -> None:
        """Send, and keep account of it. Raises PortError if the port is gone."""
        place = (cue.channel - 1) * PITCHES + cue.message.pitch
        if isinstance(cue.message, NoteOn):
            self._leaving.pop(place, None)
            self._bytes[place] = 1
        self._output.send(cue)
        if isinstance(cue.message, NoteOff):
            self._leaving[place] = cue.at
        self._strike_out(self._clock() - self.ahead)

    def set_up(self, gesture: Gesture, channel: int) -> None:
        """Send what is no note. Raises PortError if the port is gone."""
        self._output.set_up(gesture, channel)

    def _strike_out(self, until: float) -> None:
        """Strike out what has surely ended by now. One note-off too many does no harm, one too few does."""
        for place in [place for place, at in self._leaving.items() if at <= until]:
            del self._leaving[place]
            self._bytes[place] = 0

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, *_: object) -> None:
        self._bytes.close()
        self.path.unlink(missing_ok=True)


def sounding(ledger: Path) -> Iterator[tuple[int, int]]:
    """Yield (channel, pitch) of what stands in a ledger."""
    for place, sounds in enumerate(ledger.read_bytes()):
        if sounds:
            yield place // PITCHES + 1, place % PITCHES


def inherit(estate: Estate) -> None:
    """End what was sounding, if its port is still there, and put the estate away."""
    with contextlib.suppress(OSError, LivejamError, StopIteration):
        left = list(sounding(estate.ledger))
        if left and estate.output is not None:
            from livejam.midi import driver_named
            from livejam.ports import open_output

            output = open_output(driver_named(estate.driver), estate.output)
            for channel, pitch in left:
                output.send((0x80 | channel - 1, pitch, 0), 0.0)
            output.close()
    estate.ledger.unlink(missing_ok=True)
