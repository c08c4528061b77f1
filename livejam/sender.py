"""What goes out: cues to the output, and to those who keep and show them. Pure.

Knows our own notes when they come back on a shared bus. A port that is gone is told of once. Knows nothing of turns or
of what the notes mean. Times are seconds of the session's clock. The thread that owns the session calls it.
"""

from collections.abc import Sequence
from dataclasses import replace

from livejam.echo import Echo
from livejam.errors import LivejamError
from livejam.notes import Cue, NoteOff, NoteOn
from livejam.stage import Arrival, Settings, Stage


class Sender:
    """The way out of a session."""

    def __init__(self, stage: Stage, settings: Settings) -> None:
        self._stage = stage
        self._latency = settings.output_latency  # seconds
        self._shown = settings.answer_channel
        self._echo = Echo() if settings.shared_bus else None
        self._works = True

    @property
    def ahead(self) -> float:
        """Seconds before its time that a cue is wanted."""
        return self._stage.output.ahead + self._latency

    def send(self, cues: Sequence[Cue]) -> None:
        """Send all, then keep and show the answers: nothing may come between a note and its end."""
        for cue in cues:
            self._send_one(cue)
        for cue in cues:
            if cue.channel == self._shown:
                self._stage.recorder.record(cue.at, cue.message, player=False)
                self._stage.screen.answer_note(cue.at, cue.message)

    def lose(self) -> None:
        """A port is gone, and the player has been told: that nothing can be sent is no news."""
        self._works = False

    def returns(self, event: Arrival, time: float) -> bool:
        """Tell whether `event` is a message of ours that comes back."""
        return self._echo is not None and isinstance(event, NoteOn | NoteOff) and self._echo.returns(event, time)

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
