"""A stand-in for the network: fast, plays all sorts of things, and remembers nothing but how much it has heard.

As with the network, what was heard can be taken back only so far.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from livejam.notes import Metre, TickNote
from livejam.phrasing import Request

REACH = 100  # notes that can be taken back
TIMES = 3  # the answer may be so many times as long as the call


class Double:
    """Fits `composer.Brain`."""

    def __init__(self) -> None:
        self._count = 0

    def hear(self, notes: Sequence[TickNote], metre: Metre | None, player: bool) -> None:
        """Count the notes."""
        self._count += len(notes)

    def rollback(self, heard: int) -> None:
        """Count fewer."""
        if not self._count - REACH <= heard <= self._count:
            raise ValueError(heard)
        self._count = heard

    def restart(self) -> None:
        """Forget that anything was heard."""
        self._count = 0

    @property
    def phrase_end(self) -> float:
        """Anything between 0 and 1, the same for as much."""
        return self._count * 37 % 101 / 100

    def answer(self, request: Request) -> Iterator[TickNote]:
        """Repeat the call, moved and cut; now and then not at all, in chords, or with notes far longer than that."""
        call, kind = request.call, (request.turn + self._count) % 7
        span = call[-1].onset - call[0].onset + 24
        for round_ in range(1, kind % (TIMES + 1) + 1):
            for note in call:
                onset = note.onset + round_ * span
                length = 2000 if kind == 5 else note.length
                yield replace(note, onset=onset, length=length, pitch=(note.pitch + 5 * round_) % 128)
                if kind == 6:
                    yield replace(note, onset=onset, pitch=(note.pitch + 9) % 128, velocity=0)

    def better(self, request: Request, first: Sequence[TickNote]) -> Iterator[tuple[TickNote, ...] | None]:
        """Go backwards, after a few steps, in every other turn."""
        yield from (None,) * len(first)
        if request.turn % 2:
            onsets = [note.onset for note in first]
            yield tuple(replace(note, onset=onset) for note, onset in zip(reversed(first), onsets, strict=True))
