"""What the network has been told, mirrored here, so that only what has changed is told again. Pure.

The phrase in progress grows, and sometimes changes: a note that ends late lies before others, a new beat moves them
all. What it has in common with what was told stays; the rest is taken back and told anew. The mirror also serves to
tell everything once more to a network that has lost its memory. Ticks. The thread that owns the session calls it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile

from livejam.composer import Hear
from livejam.notes import Metre, TickNote

REMEMBERED = 512  # notes that are told again: more than any network here looks back


@dataclass(frozen=True, slots=True)
class Phrase:
    """What one of the two has played."""

    notes: tuple[TickNote, ...]  # by onset
    metre: Metre | None
    player: bool


NOTHING = Phrase((), None, player=True)


class Memory:
    """Tells the network what is heard, and no more than it does not know yet."""

    def __init__(self, tell: Callable[[Hear], None]) -> None:
        self._tell = tell
        self._closed: list[Phrase] = []  # at least the latest REMEMBERED notes
        self._count = 0  # notes of the closed phrases that the network has been told
        self._open = NOTHING

    @property
    def total(self) -> int:
        """Notes that the network knows when it has heard what it was told."""
        return self._count + len(self._open.notes)

    def hear(self, phrase: Phrase) -> None:
        """Let the phrase in progress be `phrase`."""
        same = phrase.player == self._open.player and phrase.metre == self._open.metre
        pairs = zip(phrase.notes, self._open.notes, strict=False) if same else ()
        known = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        if known < max(len(phrase.notes), len(self._open.notes)):
            self._tell(Hear(self._count + known, phrase.notes[known:], phrase.metre, phrase.player))
        self._open = phrase

    def close(self) -> None:
        """Keep the phrase in progress; what is heard next is another."""
        if self._open.notes:
            self._closed.append(self._open)
            self._count += len(self._open.notes)
            self._open = NOTHING
        while sum(len(phrase.notes) for phrase in self._closed[1:]) >= REMEMBERED:
            del self._closed[0]

    def forget(self) -> None:
        """Take it that the network knows nothing, and leave it at that."""
        self._closed, self._count, self._open = [], 0, NOTHING

    def tell_again(self) -> None:
        """Tell everything to a network that knows nothing."""
        self._count = 0
        for phrase in self._closed:
            self._tell(Hear(self._count, phrase.notes, phrase.metre, phrase.player))
            self._count += len(phrase.notes)
        phrase, self._open = self._open, NOTHING
        self.hear(phrase)
