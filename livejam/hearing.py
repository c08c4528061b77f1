"""What is heard: the player's keys become phrases on the line of ticks, and the network is told them as they grow.

Pure. Knows nothing of turns, ports or sound. Times are seconds of the session's clock, ticks say so. The thread that
owns the session calls it.
"""

from collections.abc import Callable

from livejam.composer import Hear
from livejam.events import Pedal, PortLost
from livejam.feel import Feel
from livejam.grid import BeatGrid
from livejam.memory import Memory, Phrase
from livejam.notes import Metre, NoteOff, NoteOn, TickNote
from livejam.phrasing import EARLY, Ear, TickLine

SOON = 0.03  # seconds after a note has ended until the network is told
SOON_A_NOTE = 0.001  # seconds more for every note of the phrase: finding the beat of many notes takes long


class Hearing:
    """The ear of a session, and its memory."""

    def __init__(
        self, tell: Callable[[Hear], None], metre: Metre | None, bpm: float | None, longest_key: float
    ) -> None:
        """Have the network told by `tell`; `metre` and `bpm` are None if unknown, `longest_key` is seconds."""
        self.line = TickLine(bpm, metre)
        self.memory = Memory(tell)
        self.feel = Feel()  # of the player
        self.deadline: float | None = None  # seconds: call `tell` then
        self._metre = metre
        self._ear = Ear(longest_key)

    def take_in(self, event: NoteOn | NoteOff | Pedal | PortLost, now: float) -> None:
        """Follow what happens at `now`."""
        self._ear.take_in(event, now)

    def begin(self, now: float) -> None:
        """Forget what was played before the phrase that begins."""
        self._ear.take(now)

    def tell_soon(self, now: float) -> None:
        """Have what has ended told a moment from `now`, together with what ends meanwhile."""
        if self.deadline is None:
            self.deadline = now + SOON + SOON_A_NOTE * len(self._ear.ended())

    def tell(self) -> None:
        """Tell what has ended of the phrase."""
        self.deadline = None
        if notes := self._ear.ended():
            self._tell(self.line.placed(notes)[1], player=True)

    def phrase(self, until: float) -> tuple[BeatGrid, tuple[TickNote, ...]]:
        """Tell the phrase as it is if it is over at `until`; return it on its grid."""
        grid, call = self.line.placed(self._ear.so_far(until))
        self._tell(call, player=True)
        return grid, call

    def close(self, now: float) -> tuple[BeatGrid, tuple[TickNote, ...]]:
        """Tell the phrase that is over at `now`, and keep it; return it on its grid."""
        self.deadline = None
        notes = self._ear.take(now)
        grid, call = self.line.placed(notes)
        self.line.keep(grid, call)
        self.feel = Feel.of(notes, call, self.line.tempos(notes[0].onset) or grid).after(self.feel)
        self._tell(call, player=True)
        self.memory.close()
        return grid, call

    def hear_answer(self, answered: tuple[TickNote, ...], until: float | None = None) -> None:
        """Tell what sounded of an answer, and keep it: only what began before the player did, at `until`, if they have.

        Else the player's upbeat, which may begin before the answer has ended, would have to lie behind all of it.
        """
        if until is not None:
            begins = self.line.grid.tick_at(until) - EARLY
            answered = tuple(note for note in answered if note.onset <= begins)
        if answered:
            self.line.keep(self.line.grid, answered)
            self._tell(answered, player=False)
            self.memory.close()

    def _tell(self, notes: tuple[TickNote, ...], player: bool) -> None:
        self.memory.hear(Phrase(notes, self._metre, player))
