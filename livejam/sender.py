"""What goes out: cues to the output, and to those who keep and show them. Pure.

Knows our own notes when they come back on a shared bus. A port that is gone is told of once. Knows nothing of turns or
of what the notes mean. Times are seconds of the session's clock. The thread that owns the session calls it.
"""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from livejam.echo import Echo, Echoed
from livejam.errors import LivejamError
from livejam.events import Gesture
from livejam.messages import to_message
from livejam.notes import Cue
from livejam.stage import Arrival, Stage


def to_answers(stage: Stage, channel: int) -> Callable[[Cue], None]:
    """Return what keeps and shows the cues on `channel`, livejam's only one but for the click's."""

    def tell(cue: Cue) -> None:
        if cue.channel == channel:
            stage.recorder.record(cue.at, cue.message, player=False)
            stage.screen.answer_note(cue.at, cue.message)

    return tell


class Sender:
    """The way out of a session."""

    def __init__(self, stage: Stage, latency: float, shared_bus: bool, tell: Callable[[Cue], None]) -> None:
        """Send `latency` seconds early; `tell` of every cue that has been sent."""
        self._stage = stage
        self._latency = latency
        self._tell = tell
        self._echo = Echo() if shared_bus else None
        self._works = True

    @property
    def ahead(self) -> float:
        """Seconds before its time that a cue is wanted."""
        return self._stage.output.ahead + self._latency

    def send(self, cues: Sequence[Cue]) -> None:
        """Send all, then tell of them: nothing may come between a note and its end."""
        for cue in cues:
            self._send_one(cue)
        for cue in cues:
            self._tell(cue)

    def set_up(self, gesture: Gesture, channel: int) -> None:
        """Send what is no note; if the port is gone, that is told of with the next note."""
        with contextlib.suppress(LivejamError):
            self._stage.output.set_up(gesture, channel)
            if self._echo:
                self._echo.sent(Gesture(to_message(gesture, channel)), self._stage.clock())

    def lose(self) -> None:
        """A port is gone, and the player has been told: that nothing can be sent is no news."""
        self._works = False

    def returns(self, event: Arrival, time: float) -> bool:
        """Tell whether `event` is a message of ours that comes back."""
        return self._echo is not None and isinstance(event, Echoed) and self._echo.returns(event, time)

    def _send_one(self, cue: Cue) -> None:
        try:
            self._stage.output.send(replace(cue, at=cue.at - self._latency))
        except LivejamError as error:
            if self._works:
                self._stage.screen.warn(str(error))
            self._works = False
            return
        self._works = True
        if self._echo:
            self._echo.sent(cue.message, self._stage.clock())
