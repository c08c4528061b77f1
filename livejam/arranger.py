"""The rhythm section at work: spans come in, what is played in them goes out, the latest first of all.

Every span gets one reply; one in whose place another comes before it is begun gets an empty one. In the process of the
network, or in virtual time in the session's own. Knows nothing of seconds, ports or pipes. Ticks. One thread.
"""

from typing import Protocol

from livejam.errors import LivejamError
from livejam.spans import Accompanied, PartNote, Span


class Player(Protocol):
    """Who makes up spans: an Accompanist."""

    def play(self, span: Span) -> tuple[PartNote, ...]:
        """Make up the parts of a span, by onset. Raises LivejamError if it can't."""


class Arranger:
    """Carries out one span at a time. Fits `stage.Worker`."""

    def __init__(self, player: Player) -> None:
        self._player = player
        self._span: Span | None = None  # waiting

    @property
    def busy(self) -> bool:
        """Whether a span waits."""
        return self._span is not None

    def take(self, span: Span) -> tuple[Accompanied, ...]:
        """Put `span` in the place of the one that waits."""
        left, self._span = self._span, span
        return (Accompanied(left.number),) if left else ()

    def work(self) -> Accompanied | None:
        """Make up the span that waits, which takes some milliseconds."""
        span, self._span = self._span, None
        if span is None:
            return None
        try:
            return Accompanied(span.number, self._player.play(span))
        except LivejamError as error:
            return Accompanied(span.number, trouble=str(error))
