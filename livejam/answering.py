"""One answer, from the first note that was made up to the last: where it starts, when it is too long.

Pure. Knows nothing of turns, ports or of how the notes are made up. Times are seconds of the session's clock, ticks say
so. The thread that owns the session calls it.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

from livejam.feel import Feel
from livejam.grid import BeatGrid, placed, steps
from livejam.notes import TICKS_PER_BEAT, Metre, Note, TickNote
from livejam.phrasing import BAR, Request

LEAD = 0.003  # seconds between the decision to answer and the first note, where it waits for the beat
LATE = TICKS_PER_BEAT // 4  # ticks after its place that an answer still begins there
MEANT = TICKS_PER_BEAT / 2  # ticks from where a note sounded that it may have been meant for
TIMES_THE_CALL, BARS = 2, 4  # an answer may last twice its call, or four bars


def requested(
    turn: int, call: tuple[TickNote, ...], metre: Metre | None, grid: BeatGrid, now: float, longest: float
) -> Request:
    """Return what to ask at `now` for an answer of at most `longest` seconds."""
    span = max(note.onset + note.length for note in call) - call[0].onset
    bars = BARS * (metre.bar_ticks if metre else BAR)
    max_ticks = min(max(bars, TIMES_THE_CALL * span), round(longest * grid.ticks_a_second))
    return Request(turn, call, metre, grid.bpm, math.ceil(grid.tick_at(now + LEAD)), max_ticks)


def traded(request: Request, bar_line: int, bars: int, metre: Metre | None) -> Request:
    """Return `request` for an answer that fills `bars` bars from `bar_line` (ticks) on."""
    bar = metre.bar_ticks if metre else BAR
    return replace(request, start=bar_line, first=bar_line, max_ticks=bars * bar, min_ticks=bars * bar * 3 // 4)


class Answer:
    """The answer of one turn, note by note as it is made up."""

    def __init__(self, guess: int, request: Request) -> None:
        self.guess = guess  # the number under which it was asked for
        self.request = request
        self.complete = False  # nothing more will come
        self.grid: BeatGrid | None = None  # where its ticks lie in time, once it has its place
        self._notes: list[TickNote] = []
        self._velocity = round(sum(note.velocity for note in request.call) / len(request.call))
        self._shift = 0  # ticks by which it is moved
        self._taken = 0  # notes that were taken
        self._divisions: dict[int, int] = {}  # beat -> its first onset after the beat, ticks

    @property
    def first(self) -> int | None:
        """Onset of its first note as it was made up, ticks; None until it is there."""
        return self._notes[0].onset if self._notes else None

    def add(self, note: TickNote) -> None:
        """Let it go on with `note`; what lies beyond its longest span ends it."""
        if self._notes and note.onset >= self._end:
            self.complete = True
        elif not self.complete:
            self._notes.append(note)

    def exchange(self, notes: Sequence[TickNote]) -> bool:
        """Let it be all of `notes` (by onset) instead, if it has no place in time yet; return whether it is."""
        if self.grid is not None:
            return False
        self._notes, self.complete = list(notes), True
        return True

    def place(self, grid: BeatGrid, now: float, latest: float | None) -> None:
        """Give it its place on `grid`, once its first note is there.

        It begins where that note is wanted, if that is not long past; else between `now` and `latest` (seconds), as
        near to where it was made up as bars, beats or half beats allow; or at `now`, if `latest` is None.
        """
        first, wanted, self.grid = self._notes[0].onset, self.request.first, grid
        if wanted is not None and grid.tick_at(now) < wanted + LATE:
            self._shift = wanted - first
        elif latest is None:
            self.grid = replace(grid, origin=now, origin_ticks=first)
        else:
            self._shift = placed(first, grid, now + LEAD, latest, steps(self.request.metre))

    def take(self, feel: Feel) -> list[Note]:
        """Return, once, the notes that have come since the last call, in seconds, at their place, with that feel."""
        if self.grid is None:
            return []
        feel = feel.at(self.grid.bpm)
        fresh = [self._placed(note) for note in self._notes[self._taken :]]
        self._taken = len(self._notes)
        return [_in_time(note, self.grid, feel.offset(note.onset, self._divided(note.onset))) for note in fresh]

    def sounded(self, notes: Sequence[Note]) -> tuple[TickNote, ...]:
        """Return what sounded of it (seconds, by onset) where it was meant, by onset and pitch."""
        grid = self.grid
        if grid is None:
            return ()
        placed = [self._placed(note) for note in self._notes[: self._taken]]
        heard = []
        for note in notes:
            ticks = grid.tick_at(note.onset)
            meant = [each.onset for each in placed if each.pitch == note.pitch and abs(each.onset - ticks) < MEANT]
            onset = min(meant, key=lambda place: abs(place - ticks), default=round(ticks))
            if note.duration > 0:
                heard.append(
                    TickNote(onset, note.pitch, max(1, round(note.duration * grid.ticks_a_second)), note.velocity)
                )
        return tuple(sorted(heard, key=lambda note: (note.onset, note.pitch)))

    def _divided(self, onset: int) -> int | None:
        """Return the first onset between this beat and the next, ticks; None if there is none yet."""
        beat, within = divmod(onset, TICKS_PER_BEAT)
        if within and beat not in self._divisions:
            self._divisions[beat] = onset
        return self._divisions.get(beat)

    @property
    def _end(self) -> int:
        return self._notes[0].onset + self.request.max_ticks  # ticks, as made up

    def _placed(self, note: TickNote) -> TickNote:
        length = min(note.length, self._end - note.onset)
        return replace(note, onset=note.onset + self._shift, length=length, velocity=note.velocity or self._velocity)


def _in_time(note: TickNote, grid: BeatGrid, offset: float) -> Note:
    onset = grid.seconds_at(note.onset)
    return Note(onset + offset, note.pitch, note.velocity, grid.seconds_at(note.onset + note.length) - onset)
