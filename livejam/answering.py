"""One answer, from the first decoded note to the last: where it starts, how far it is decoded, when it is too long.

Pure, but for the clock it is given: the first note is placed when it is there, however long that took. Knows nothing
of turns, ports or of how the notes are made up. Times are seconds of the session's clock, ticks say so. The thread
that owns the session calls it.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

from livejam.grid import BeatGrid, placed, steps
from livejam.notes import Metre, Note, TickNote
from livejam.phrasing import BAR, Request

AHEAD = 1.0  # seconds of an answer that are decoded before they sound
LEAD = 0.003  # seconds between the decision to answer and the first note, at least
TIMES_THE_CALL, BARS = 2, 4  # an answer may last twice its call, or four bars


def requested(
    turn: int, call: tuple[TickNote, ...], metre: Metre | None, grid: BeatGrid, now: float, longest: float
) -> Request:
    """Return what to ask at `now` for an answer of at most `longest` seconds."""
    span = max(note.onset + note.length for note in call) - call[0].onset
    bars = BARS * (metre.bar_ticks if metre else BAR)
    max_ticks = min(max(bars, TIMES_THE_CALL * span), round(longest * grid.ticks_a_second))
    return Request(turn, call, metre, grid.bpm, math.ceil(grid.tick_at(now + LEAD)), max_ticks)


class Answer:
    """The answer of one turn, note by note."""

    def __init__(self, request: Request, notes: Iterator[TickNote], grid: BeatGrid, latest: float) -> None:
        self.request = request
        self.complete = False  # nothing more is to be decoded
        self._notes = notes
        self._grid = grid
        self._latest = latest  # seconds: its first note is due by then
        self._velocity = round(sum(note.velocity for note in request.call) / len(request.call))
        self._first: int | None = None  # ticks: its first onset, as decoded
        self._shift = 0  # ticks by which it is moved
        self._horizon = -math.inf  # seconds: the latest onset decoded

    @property
    def begun(self) -> bool:
        """Whether its first note has its place."""
        return self._first is not None

    def hungry(self, now: float) -> bool:
        """Tell whether it should be decoded further."""
        return not self.complete and self._horizon < now + AHEAD

    def decode(self, clock: Callable[[], float]) -> Note | None:
        """Decode a note and return it in seconds, at its place; None if the answer is complete.

        Raises LivejamError if the brain does.
        """
        note = next(self._notes, None)
        if note is not None and self._first is None:
            self._first = note.onset
            self._shift = placed(note.onset, self._grid, clock() + LEAD, self._latest, steps(self.request.metre))
        if note is None or note.onset >= self._end:
            self.complete = True
            return None
        return self._in_time(replace(note, length=min(note.length, self._end - note.onset)))

    @property
    def _end(self) -> int:
        return (self._first or 0) + self.request.max_ticks  # ticks, as decoded

    def _in_time(self, note: TickNote) -> Note:
        onset = self._grid.seconds_at(note.onset + self._shift)
        end = self._grid.seconds_at(note.onset + self._shift + note.length)
        self._horizon = onset
        return Note(onset, note.pitch, note.velocity or self._velocity, end - onset)
