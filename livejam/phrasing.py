"""From keys to phrases: pairs key events into notes, puts notes on the grid, and says what an answer is asked for.

Pure. Knows nothing of turns, ports or the network. Times are seconds of the session's clock, ticks say so. The thread
that owns the session calls it.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from livejam.events import Pedal, PortLost
from livejam.grid import BeatGrid
from livejam.notes import TICKS_PER_BEAT, Metre, Note, NoteOff, NoteOn, TickNote
from livejam.pulse import DEFAULT_BPM, estimate_pulse

DIVISIONS = ((12, 0.0), (6, 0.7), (8, 1.5), (4, 3.0), (3, 3.5), (1, 6.0))  # of a beat: ticks, and cost in nats a note
SPREAD = 0.018  # seconds: standard deviation of a player's timing
BAR = 4 * TICKS_PER_BEAT  # ticks, where the metre is unknown
EARLY = 3  # ticks: an onset that much before a beat belongs to it
LEGATO = 0.75, 1.15  # share of the time to the next onset that a note lasts to count as tied to it
CHORD = 1.5  # ticks: onsets closer than this may fall on one place


@dataclass(frozen=True, slots=True)
class Request:
    """What the brain is asked: an answer to `call`, which it has already heard."""

    turn: int  # number of the turn, 1 for the first call; goes into the random seed
    call: tuple[TickNote, ...]  # the player's phrase, by onset; never empty
    metre: Metre | None  # None: unknown
    bpm: float  # quarter notes a minute, the grid's
    start: int  # ticks: the earliest place at which an answer can sound; a hint, the session moves the answer by beats
    max_ticks: int  # ticks: no answer is asked for beyond this span from its first onset


class Ear:
    """Pairs the player's keys and pedal into notes. A note that the pedal holds lasts until the pedal comes up."""

    def __init__(self, longest_key: float) -> None:
        self.longest_key = longest_key  # seconds: no note lasts longer
        self._held: dict[int, tuple[float, int]] = {}  # pitch -> (onset, velocity)
        self._ringing: set[int] = set()  # held by the pedal alone
        self._notes: list[Note] = []
        self._pedal_down = False

    def take_in(self, event: NoteOn | NoteOff | Pedal | PortLost, now: float) -> None:
        """Follow what happens at `now`. A key that goes down twice makes two notes; a lost port lifts all."""
        match event:
            case NoteOn(pitch, velocity):
                self._end(pitch, now)
                self._held[pitch] = (now, velocity)
            case NoteOff(pitch) if self._pedal_down and pitch in self._held:
                self._ringing.add(pitch)
            case NoteOff(pitch):
                self._end(pitch, now)
            case Pedal(down):
                self._pedal_down = down
                self._end_all(() if down else self._ringing, now)
            case PortLost():
                self._pedal_down = False
                self._end_all(self._held, now)

    def take(self, now: float) -> tuple[Note, ...]:
        """Return, once, the notes since the last call, by onset and pitch. Notes still held end at `now`."""
        self._end_all(self._held, now)
        notes = tuple(sorted(self._notes, key=lambda note: (note.onset, note.pitch)))
        self._notes.clear()
        return notes

    def _end_all(self, pitches: Collection[int], now: float) -> None:
        for pitch in tuple(pitches):
            self._end(pitch, now)

    def _end(self, pitch: int, now: float) -> None:
        if pitch not in self._held:
            return
        onset, velocity = self._held.pop(pitch)
        self._ringing.discard(pitch)
        self._notes.append(Note(onset, pitch, velocity, max(0.0, min(now - onset, self.longest_key))))


def on_grid(notes: Sequence[Note], grid: BeatGrid, floor_ticks: int = 0) -> tuple[TickNote, ...]:
    """Return a player's notes on the grid, by onset and pitch, none before `floor_ticks`.

    Every beat is divided as simply as its onsets allow, and they move to the nearest place of that division; so a
    player's 20 ms to and fro become the eighths, sixteenths or triplets that were meant. So do the lengths of notes
    that last nearly until the next one.
    """
    onsets = [grid.tick_at(note.onset) for note in notes]
    places: list[int] = []
    for _, beat in groupby(onsets, key=lambda tick: int((tick + EARLY) // TICKS_PER_BEAT)):
        places += (max(place, floor_ticks) for place in _divided(list(beat), grid.ticks_a_second * SPREAD))
    distinct = sorted(set(places))
    following = dict(pairwise(distinct))
    tick_notes = (
        TickNote(place, note.pitch, _length(note, grid, following.get(place, place) - place), note.velocity)
        for note, place in zip(notes, places, strict=True)
    )
    return tuple(sorted(tick_notes, key=lambda note: (note.onset, note.pitch)))


class TickLine:
    """The one line of ticks on which all phrases of a jam lie, the player's and livejam's. It never goes backwards."""

    def __init__(self, bpm: float | None = None, metre: Metre | None = None, bar_line: float | None = None) -> None:
        """Begin a line. With `bpm` and the time of a `bar_line` (seconds) the grid is known, else it is felt."""
        self._bpm = bpm  # None: the player's own pulse
        self._bar_line = bar_line
        self._bar = metre.bar_ticks if metre else BAR  # ticks
        self._start = self._bar + (metre.bar_line if metre else 0)  # ticks: a first bar, with room for a pickup
        self._floor = 0  # ticks: the latest onset so far
        self._grid: BeatGrid | None = None

    @property
    def grid(self) -> BeatGrid:
        """The grid of the latest call."""
        return self._grid or BeatGrid(self._bpm or DEFAULT_BPM)

    def call(self, notes: Sequence[Note]) -> tuple[TickNote, ...]:
        """Return the player's phrase (by onset, not empty) on its own grid, which goes on from the one before."""
        self._grid = self._grid_of([note.onset for note in notes])
        call = on_grid(notes, self._grid, self._floor)
        self._floor = call[-1].onset
        return call

    def sounded(self, notes: Sequence[Note]) -> tuple[TickNote, ...]:
        """Return what sounded of an answer, which lies on the grid, by onset and pitch."""
        grid = self.grid
        answer = tuple(
            TickNote(round(grid.tick_at(note.onset)), note.pitch, max(1, round(length)), note.velocity)
            for note in notes
            if (length := note.duration * grid.ticks_a_second) > 0
        )
        self._floor = max([self._floor, *(note.onset for note in answer)])
        return answer

    def _grid_of(self, onsets: Sequence[float]) -> BeatGrid:
        """Return the grid of a phrase with these onsets (seconds)."""
        if self._bpm is None or self._bar_line is None:
            return estimate_pulse(onsets, self._grid, self._bpm, self._floor if self._grid else self._start)
        if self._grid:
            return self._grid
        steady = BeatGrid(self._bpm, self._bar_line)
        bar_line = steady.tick_at(onsets[0]) // self._bar * self._bar  # the last one before the phrase
        return BeatGrid(self._bpm, steady.seconds_at(bar_line), self._start)


def _length(note: Note, grid: BeatGrid, wait: int) -> int:
    """Return the length meant: up to the next onset, `wait` ticks away (0: there is none), if it nearly was that."""
    ticks, (low, high) = note.duration * grid.ticks_a_second, LEGATO
    return wait if low * wait <= ticks <= high * wait and wait else max(1, round(ticks))


def _divided(ticks: list[float], spread: float) -> list[int]:
    """Return the places of one beat's onsets under the likeliest division; `spread`: the player's, in ticks."""
    best, _ = min((_nearest(ticks, step, cost, spread) for step, cost in DIVISIONS), key=lambda choice: choice[1])
    return best


def _nearest(ticks: list[float], step: int, cost: float, spread: float) -> tuple[list[int], float]:
    places = [round(tick / step) * step for tick in ticks]
    nats = sum(((tick - place) / spread) ** 2 / 2 + cost for tick, place in zip(ticks, places, strict=True))
    pairs = zip(ticks, ticks[1:], places, places[1:], strict=False)
    merged = any(place == next_place and later - tick > CHORD for tick, later, place, next_place in pairs)
    return places, math.inf if merged and step > 1 else nats
