"""From keys to phrases: pairs key events into notes, puts notes on the grid, and says what an answer is asked for.

Pure. Knows nothing of turns, ports or the network. Times are seconds of the session's clock, ticks say so. The thread
that owns the session calls it.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from livejam.events import Pedal, PortLost
from livejam.grid import BeatGrid
from livejam.notes import TICKS_PER_BEAT, Metre, Note, NoteOff, NoteOn, TickNote
from livejam.pulse import DEFAULT_BPM, estimate_pulse
from livejam.steering import PLAIN, Steering
from livejam.tokenizer import Chord

DIVISIONS = ((12, 0.0), (6, 0.7), (8, 1.5), (4, 3.0), (3, 3.5), (1, 6.0))  # of a beat: ticks, and cost in nats a note
SPREAD = 0.018  # seconds: standard deviation of a player's timing
BAR = 4 * TICKS_PER_BEAT  # ticks, where the metre is unknown
EARLY = 3  # ticks: an onset that much before a beat belongs to it
LEGATO = 0.75, 1.15  # share of the time to the next onset that a note lasts to count as tied to it
PICKUP = TICKS_PER_BEAT  # ticks before a bar line that belong to the bar after it
GRIDS = 64  # of a clock that are remembered: a minute, for one that corrects itself every beat
CHORD = 1.5  # ticks: onsets closer than this may fall on one place


@dataclass(frozen=True, slots=True)
class Request:
    """What the brain is asked: an answer to `call`, which it has already heard."""

    turn: int  # number of the turn, 1 for the first call; goes into the random seed
    call: tuple[TickNote, ...]  # the player's phrase, by onset; never empty
    metre: Metre | None  # None: unknown
    bpm: float  # quarter notes a minute, the grid's
    start: int  # ticks: the earliest place at which an answer can sound; a hint, the session moves the answer by beats
    max_ticks: int  # ticks: the answer is over within this span from its first onset
    min_ticks: int = 0  # ticks: it does not end before this span
    first: int | None = None  # ticks: where its first note is wanted; None: wherever
    steering: Steering = PLAIN  # what the player asks of it
    chords: tuple[Chord, ...] = ()  # of a chart, from before its first note to after its last; empty: there is none


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
        notes = _in_order(self._notes)
        self._notes.clear()
        return notes

    def ended(self) -> tuple[Note, ...]:
        """Return the notes since the last `take` that have ended, by onset and pitch."""
        return _in_order(self._notes)

    def take_ended(self, before: float) -> tuple[Note, ...]:
        """Return, once, the notes that have ended and began before `before` (seconds), by onset and pitch."""
        taken = _in_order([note for note in self._notes if note.onset < before])
        self._notes = [note for note in self._notes if note.onset >= before]
        return taken

    def so_far(self, until: float) -> tuple[Note, ...]:
        """Return what `take(until)` would, and keep it."""
        held = (self._held_note(pitch, until) for pitch in self._held)
        return _in_order([*self._notes, *held])

    def _end_all(self, pitches: Collection[int], now: float) -> None:
        for pitch in tuple(pitches):
            self._end(pitch, now)

    def _end(self, pitch: int, now: float) -> None:
        if pitch not in self._held:
            return
        self._notes.append(self._held_note(pitch, now))
        del self._held[pitch]
        self._ringing.discard(pitch)

    def _held_note(self, pitch: int, until: float) -> Note:
        onset, velocity = self._held[pitch]
        return Note(onset, pitch, velocity, max(0.0, min(until - onset, self.longest_key)))


def _in_order(notes: Collection[Note]) -> tuple[Note, ...]:
    return tuple(sorted(notes, key=lambda note: (note.onset, note.pitch)))


def on_grid(notes: Sequence[Note], grid: "BeatGrid | Tempos", floor_ticks: int = 0) -> tuple[TickNote, ...]:
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

    def __init__(self, bpm: float | None = None, metre: Metre | None = None) -> None:
        """Begin a line. With `bpm` the tempo is known; the beat is felt until a clock is followed."""
        self._bpm = bpm  # None: the player's own pulse
        self._bar = metre.bar_ticks if metre else BAR  # ticks
        self._bar_line = metre.bar_line if metre else 0  # ticks
        self._start = self._bar + self._bar_line  # ticks: a first bar, with room for a pickup
        self._floor = 0  # ticks: the latest onset so far
        self._felt: BeatGrid | None = None  # the grid of the latest phrase, where no clock is followed
        self._known: list[tuple[float, BeatGrid]] = []  # (seconds, the clock's grid from then on)
        self._song = 0  # the bar with which the clock's song begins
        self._latest: tuple[object, tuple[BeatGrid, tuple[TickNote, ...]]] | None = None  # asked last, and the reply

    @property
    def grid(self) -> BeatGrid:
        """The grid that holds now."""
        if self._known:
            return self._known[-1][1]
        return self._felt or BeatGrid(self._bpm or DEFAULT_BPM)

    def follow(self, grid: BeatGrid | None, now: float) -> None:
        """Follow a clock whose grid is this from `now` on; None: it runs no more. Its bars begin at multiples of a bar.

        Its ticks may jump; those of the line go on, so that bar lines stay bar lines.
        """
        if grid is None:
            self._felt, self._known = self.grid, []
            return
        here = grid.tick_at(now)
        if self._known:
            bars = math.ceil((self.grid.tick_at(now) - here - TICKS_PER_BEAT / 2) / self._bar)
        else:
            bars = math.ceil((max(self._floor, self._start) - here) / self._bar)
        shifted = replace(grid, origin_ticks=grid.origin_ticks + bars * self._bar + self._bar_line)
        self._known = [*self._known[-GRIDS:], (now, shifted)]
        self._song = bars

    def number(self, now: float) -> int | None:
        """Return the bar that a note at `now` belongs to; None: no clock.

        One in the last beat belongs to the next bar, one in a count-in to the first.
        """
        if not self._known:
            return None
        return max(self._song, math.floor((self.grid.tick_at(now) - self._bar_line + PICKUP) / self._bar))

    def start(self, bar: int) -> float:
        """Return when a bar begins, seconds."""
        return self.grid.seconds_at(self.bar_tick(bar))

    def bar_tick(self, bar: int) -> int:
        """Return where a bar begins, ticks."""
        return bar * self._bar + self._bar_line

    @property
    def song(self) -> int | None:
        """Where the clock's song begins, ticks; None: no clock."""
        return self.bar_tick(self._song) if self._known else None

    def beat(self) -> float:
        """Return the length of a beat, seconds."""
        return self.grid.beat

    def placed(self, notes: Sequence[Note]) -> tuple[BeatGrid, tuple[TickNote, ...]]:
        """Return the grid of a phrase of the player's (by onset, not empty), and the phrase on it.

        To be asked the same again costs nothing: a phrase that is over is mostly as it was when that was guessed.
        """
        asked = tuple(notes), self.grid, self._felt, self._floor
        if self._latest is None or self._latest[0] != asked:
            self._latest = asked, self._place(notes)
        return self._latest[1]

    def _place(self, notes: Sequence[Note]) -> tuple[BeatGrid, tuple[TickNote, ...]]:
        if tempos := self.tempos(notes[0].onset):
            return self.grid, on_grid(notes, tempos, self._floor)
        onsets = [note.onset for note in notes]
        grid = estimate_pulse(onsets, self._felt, self._bpm, self._floor if self._felt else self._start)
        return grid, on_grid(notes, grid, self._floor)

    def keep(self, grid: BeatGrid, notes: Sequence[TickNote]) -> None:
        """Let the line go on after a phrase that lies on `grid`."""
        if not self._known:
            self._felt = grid
        self._floor = max([self._floor, *(note.onset for note in notes)])

    def reach(self, tick: int) -> None:
        """Let nothing that a clock begins anew lie before `tick`."""
        self._floor = max(self._floor, tick)

    def tempos(self, since: float) -> "Tempos | None":
        """Return the clock's grids that held from `since` (seconds) on; None: no clock."""
        if not self._known:
            return None
        later = [(at, grid) for at, grid in self._known if at > since]
        return Tempos((*self._known[: len(self._known) - len(later)][-1:], *later) or tuple(self._known))


@dataclass(frozen=True, slots=True)
class Tempos:
    """Grids that took over from one another: where a time lies on the tick line."""

    grids: tuple[tuple[float, BeatGrid], ...]  # (seconds, grid from then on), at least one

    @property
    def ticks_a_second(self) -> float:
        """How many ticks pass in a second, now."""
        return self.grids[-1][1].ticks_a_second

    def tick_at(self, seconds: float) -> float:
        """Return the place on the tick line."""
        held = [grid for at, grid in self.grids if at <= seconds]
        return (held[-1] if held else self.grids[0][1]).tick_at(seconds)


def _length(note: Note, grid: "BeatGrid | Tempos", wait: int) -> int:
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
