"""The phrases of a drill: made up by the network from a seed of our own, fitted to a level, and kept in stock. Pure.

An order at a time is with the network, each with the whole of what it must know, so one that has lost its memory is
just asked again. Phrases of a level, the one below and the one above are made up ahead of time, so whatever comes next
is there when its bar line comes. Knows nothing of seconds, ports or scores. Ticks, 24 a quarter note, from the bar line
that a phrase begins with. The thread that owns the session calls it; the same seed and network give the same phrases.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

import numpy as np

from livejam.answering import traded
from livejam.calls import BEBOP, BLUES, JIG, POP, Call
from livejam.chart import Chart
from livejam.chordscale import SCALES, key_scale
from livejam.composer import Better, Complete, Compose, Composed, Failed, Forgotten, Hear, Heard, Lost, Order, Reply
from livejam.harmony import chord_tones
from livejam.notes import TICKS_PER_BEAT, Metre, TickNote
from livejam.phrasing import Request
from livejam.pieces import Quality
from livejam.steering import Steering
from livejam.tokenizer import Chord, chord_at

SEEDS = ((BLUES, 0), (POP, 9), (BEBOP, 0))  # with their tonics
IN_THREE = ((JIG, 2),)
KEYS = 24
REGISTER = 4  # class, see `controls`: about middle C and the octave above
VELOCITY = 84  # where the network has none
FEWEST = 3  # notes of a phrase, if the network made as many
TRIES = 3  # to make up a phrase that is not dull
SHORTEST = 6  # ticks that a note lasts, if the next leaves room


@dataclass(frozen=True, slots=True)
class Level:
    """How hard a phrase is."""

    density: int  # asked of the network, a class of `controls`
    a_beat: float  # notes a quarter note at most
    reach: int  # semitones from the lowest to the highest
    places: tuple[int, ...]  # ticks after a quarter note where notes may begin; empty: anywhere


LEVELS = {
    1: Level(2, 0.75, 7, (0, 12)),
    2: Level(2, 1.0, 9, (0, 12)),
    3: Level(3, 1.5, 12, (0, 6, 8, 12, 16, 18)),
    4: Level(4, 2.2, 16, ()),
    5: Level(5, 3.5, 24, ()),
}


@dataclass(frozen=True, slots=True)
class Ask:
    """What the phrases of a drill are to be."""

    bars: int
    metre: Metre
    bpm: float  # quarter notes a minute
    key: int  # a class of `controls`; 0: another one for every phrase
    chart: Chart | None
    seed: int

    @property
    def ticks(self) -> int:
        """Length of a phrase."""
        return self.bars * self.metre.bar_ticks


@dataclass(frozen=True, slots=True)
class Exercise:
    """A phrase to be repeated or answered."""

    number: int  # from 1
    level: int
    notes: tuple[TickNote, ...]  # by onset, never empty, one at a time
    key: int  # a class of `controls`; 0: that of its chords
    chords: tuple[Chord, ...]  # of the chart; empty: there is none


class Stock:
    """Phrases that are there, and those that are being made up."""

    def __init__(self, tell: Callable[[Order], None], ask: Ask) -> None:
        """`tell` hands an order to the network and returns at once."""
        self._tell = tell
        self._ask = ask
        self._rng = np.random.default_rng(ask.seed)
        self._ready: dict[int, Exercise] = {}  # by level
        self._earlier: dict[int, Exercise] = {}  # the latest given of each level
        self._wanted: deque[int] = deque()  # levels
        self._seed: Exercise | None = None  # what is answered by the phrase in work
        self._made: list[TickNote] = []  # of it
        self._number = 0
        self._tries = 0  # to make up the phrase in work that came to nothing much

    def want(self, level: int) -> None:
        """Have phrases of `level` and those beside it made up, as far as they are not there."""
        self._wanted = deque(
            each for each in (level, level + 1, level - 1) if each in LEVELS and each not in self._ready
        )
        self._go_on()

    def give(self, level: int) -> tuple[Exercise, bool]:
        """Return a phrase of `level`, and whether it is a new one: if none is ready, an earlier one, or the seed."""
        if fresh := self._ready.pop(level, None):
            self._earlier[level] = fresh
            return fresh, True
        others = {**self._ready, **self._earlier}
        if others:
            return others[min(others, key=lambda each: (abs(each - level), each))], False
        return self._sown(level), False

    def take(self, reply: Reply) -> str | None:
        """Take in what the network says; return what went wrong, in one line."""
        match reply:
            case Composed(guess, note) if self._seed and guess == self._seed.number:
                self._made.append(note)
            case Complete(guess, trouble) if self._seed and guess == self._seed.number:
                self._keep(self._seed)
                return trouble
            case Lost(reason):
                self._again()
                return f"the network stopped ({reason}); it is being started again, earlier phrases are used"
            case Forgotten():
                self._again()
                self._go_on()
            case Failed(reason):
                return reason
            case Heard() | Better() | Composed() | Complete():
                pass
        return None

    def _again(self) -> None:
        """What is in work is lost: have it made up once more."""
        if self._seed:
            self._wanted.appendleft(self._seed.level)
            self._seed = None

    def _go_on(self) -> None:
        """Ask for the next phrase that is wanted, unless one is in work."""
        while self._seed is None and self._wanted:
            level = self._wanted.popleft()
            if level not in self._ready:
                self._seed, self._made = self._sown(level), []
                self._tell(Hear(0, self._seed.notes, self._ask.metre, player=True))
                self._tell(Compose(self._seed.number, _request(self._seed, self._ask)))

    def _keep(self, seed: Exercise) -> None:
        notes = [replace(note, onset=note.onset - self._ask.ticks) for note in self._made]
        fitted = fitted_to(LEVELS[seed.level], notes, self._ask)
        self._tries += 1
        self._seed = None
        if _is_dull(fitted) and self._tries < TRIES:
            self._wanted.appendleft(seed.level)
        else:
            self._ready[seed.level] = replace(seed, notes=fitted) if fitted else seed
            self._tries = 0
        self._go_on()

    def _sown(self, level: int) -> Exercise:
        """Return a seed: one of our calls, in the key or on the chords, fitted to a level."""
        self._number += 1
        bars, metre = self._ask.bars, self._ask.metre
        seeds = IN_THREE if metre.numerator % 3 == 0 else SEEDS
        call, tonic = seeds[int(self._rng.integers(len(seeds)))]
        key = self._ask.key or (0 if self._ask.chart else 1 + int(self._rng.integers(KEYS)))
        chords: tuple[Chord, ...] = ()
        if self._ask.chart:
            began = -(self._number - 1) * bars * metre.bar_ticks
            chords = self._ask.chart.chords(metre, began, 0, self._ask.ticks)
        notes = [_settled(note, tonic, key, chords) for note in ticks_of(call)]
        fitted = fitted_to(LEVELS[level], notes, self._ask)
        return Exercise(self._number, level, fitted, key, chords)


def ticks_of(call: Call) -> tuple[TickNote, ...]:
    """Return a call on the line of ticks, by onset, from 0."""
    scale = TICKS_PER_BEAT / call.beat
    return tuple(
        TickNote(round(note.onset * scale), note.pitch, max(1, round(note.duration * scale)), note.velocity)
        for note in call.notes
    )


def fitted_to(level: Level, notes: Sequence[TickNote], ask: Ask) -> tuple[TickNote, ...]:
    """Return what a level leaves of `notes`: one at a time, inside its bars, reach and places, not too many."""
    line = _melody([note for note in notes if 0 <= note.onset < ask.ticks])
    if not line:
        return ()
    reached = _within_reach(line, level.reach)
    placed = [note for note in reached if not level.places or note.onset % TICKS_PER_BEAT in level.places]
    chosen = placed if len(placed) >= FEWEST else reached
    most = max(FEWEST, round(level.a_beat * ask.ticks / TICKS_PER_BEAT))
    strongest = sorted(chosen, key=lambda note: (-_weight(note, ask.metre), note.onset))[:most]
    return _lengths(sorted(strongest, key=lambda note: note.onset), ask.ticks)


def _melody(notes: Sequence[TickNote]) -> list[TickNote]:
    """Return the highest note of each onset, by onset."""
    highest: dict[int, TickNote] = {}
    for note in notes:
        if note.onset not in highest or note.pitch > highest[note.onset].pitch:
            highest[note.onset] = note
    return [highest[onset] for onset in sorted(highest)]


def _within_reach(line: Sequence[TickNote], reach: int) -> list[TickNote]:
    """Return the notes that lie within `reach` semitones about the middle, perhaps by octaves."""
    low = _lowest(line, reach)
    found = []
    for note in line:
        pitch = note.pitch
        while pitch < low:
            pitch += 12
        while pitch > low + reach:
            pitch -= 12
        if low <= pitch:
            found.append(replace(note, pitch=pitch, velocity=note.velocity or VELOCITY))
    return found


def _lowest(line: Sequence[TickNote], reach: int) -> int:
    """Return from which pitch on `reach` semitones hold most notes, by octaves, as near to the middle as can be."""
    middle = round(median(note.pitch for note in line)) - reach // 2

    def held(low: int) -> int:
        return sum((note.pitch - low) % 12 <= reach for note in line)

    return max(range(middle - 6, middle + 7), key=lambda low: (held(low), -abs(low - middle), low))


def _is_dull(notes: Sequence[TickNote]) -> bool:
    """Tell whether a phrase is not worth repeating: hardly a note, not from its bar line on, or hardly a pitch."""
    few = len(notes) < FEWEST or len({note.pitch for note in notes}) < FEWEST
    return few or notes[0].onset != 0


def _weight(note: TickNote, metre: Metre) -> int:
    """Return how strong the place of a note is: the number of divisions that it lies on, and one more if it is long."""
    divisions = (metre.bar_ticks, 2 * TICKS_PER_BEAT, TICKS_PER_BEAT, TICKS_PER_BEAT // 2)
    return 2 * sum(note.onset % division == 0 for division in divisions) + (note.length >= TICKS_PER_BEAT)


def _lengths(line: Sequence[TickNote], end: int) -> tuple[TickNote, ...]:
    """Return a line no two notes of which sound together, nor beyond `end`."""
    rooms = [later.onset - note.onset for note, later in pairwise(line)] + [end - note.onset for note in line[-1:]]
    return tuple(
        replace(note, length=max(1, min(room, max(note.length, SHORTEST))))
        for note, room in zip(line, rooms, strict=True)
    )


def _settled(note: TickNote, tonic: int, key: int, chords: Sequence[Chord]) -> TickNote:
    """Return a note of a call with that tonic, moved to the key or onto the chord that sounds."""
    target = (max(key, 1) - 1) % 12
    pitch = note.pitch + (target - tonic + 6) % 12 - 6
    root, quality = chord_at(chords, note.onset)
    classes = key_scale(max(key, 1))
    if root and Quality(quality) in SCALES:
        classes = chord_tones(root - 1, Quality(quality))
    nearest = min(range(pitch - 6, pitch + 7), key=lambda each: (each % 12 not in classes, abs(each - pitch), each))
    return replace(note, pitch=nearest)


def _request(seed: Exercise, ask: Ask) -> Request:
    """Return the request for the answer to a seed that is the next phrase."""
    steering = Steering(density=LEVELS[seed.level].density, register=REGISTER, bars=ask.bars, key=seed.key)
    bare = Request(seed.number, seed.notes, ask.metre, ask.bpm, ask.ticks, ask.ticks, steering=steering)
    chords = (*seed.chords, *(chord._replace(tick=chord.tick + ask.ticks) for chord in seed.chords))
    return replace(traded(bare, ask.ticks, ask.bars, ask.metre), chords=chords)
