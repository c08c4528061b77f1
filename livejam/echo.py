"""Livejam's own notes, coming back on a bus that serves both directions. Pure.

Echo is recognised by what was sent (message, pitch, velocity, and how often), not by a window of time: each message
sent excuses one like it that arrives, so a real unison by the player survives. Knows nothing of ports. Times are
seconds of the session's clock. The thread that owns the session calls it.
"""

from collections import deque

from livejam.events import Gesture
from livejam.notes import NoteOff, NoteOn

EXPIRY = 1.0  # seconds: a message not back by then won't come back; a bus takes a few milliseconds
GIVE_UP = 32  # messages in a row that did not come back: this port returns nothing

Echoed = NoteOn | NoteOff | Gesture  # what livejam sends, and hears again


class Echo:
    """Which arriving messages are livejam's own."""

    def __init__(self) -> None:
        self.active = True  # False once it is clear that nothing ever comes back
        self._awaited: deque[tuple[float, Echoed]] = deque()  # (seconds, message), in the order of sending
        self._lost = 0  # expired since one last came back

    def sent(self, message: Echoed, now: float) -> None:
        """Expect `message` to come back."""
        self._expire(now)
        if self.active:
            self._awaited.append((now, message))

    def returns(self, message: Echoed, now: float) -> bool:
        """Tell whether an arriving `message` is one of ours; if so, expect it no more."""
        self._expire(now)
        for index, (_, awaited) in enumerate(self._awaited):
            if awaited == message:
                del self._awaited[index]
                self._lost = 0
                return True
        return False

    def _expire(self, now: float) -> None:
        while self._awaited and now - self._awaited[0][0] > EXPIRY:
            self._awaited.popleft()
            self._lost += 1
        if self._lost >= GIVE_UP:
            self.active = False
            self._awaited.clear()
