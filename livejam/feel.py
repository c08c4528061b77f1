"""Feel: what the grid takes away from a player's timing, measured, to be given back to the answer. Pure.

Three things are told apart. *Swing* is where a lone note between two beats falls; the grid puts it on the half or on
the third, as it happens. *Push* is by how much the beats themselves are early or late. *Leanings* are what is left at
the finer places of a beat. Few notes say little: push and leanings are shrunk toward zero by their number, and what
is as small as a port's own delay is nobody's feel.

How an answer is moved, so that its notes never change places:

- Everything moves with the push.
- Where a beat's first note after the beat is an eighth, it goes where the player's eighths go, and the rest of that
  beat is squeezed into what is left. A note on the half is always such an eighth: written even, played as the player
  plays, as musicians read it. One on the third, or later, is if the player's lie nearby; else it is meant as it is.
- Other beats are divided finer and keep their places, but for the player's leanings, in between which is interpolated.

Knows nothing of turns or the network. A bare time is seconds, ticks say so. The thread that owns the session calls it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import fmean, median
from typing import Protocol

from livejam.notes import TICKS_PER_BEAT, Note, TickNote
from livejam.pulse import DEFAULT_BPM

FARTHEST = 0.03  # seconds that push and leaning may come to
UNHEARD = 0.004  # seconds: less is a port's delay, or nothing that is heard
HALF, LATER = TICKS_PER_BEAT // 2, (16, 18)  # ticks after the beat: where an answer's eighths may be written
EIGHTH = 9.5, 20.5  # ticks after the beat: there, and alone between two beats, a note is an eighth
NEARBY = 2.5  # ticks from the player's eighth to a later place than the half that stands for it
STRAY = 6.0  # ticks: farther from its place no note was moved by the grid alone
EIGHTHS = 3  # that it takes to know the swing
AGREE = (
    0.015,
    0.03,
)  # seconds, or share of a beat: half of them lie that close to the middle one, else there is no swing
PUSH_DOUBT, LEANING_DOUBT = 2, 4  # notes that say "on the grid" before the player has played one
MEMORY = 0.5  # share that the phrases before keep, each time another comes
CHANGED = 2.0  # ticks: an eighth that moved by more is a new way of playing


class Places(Protocol):
    """What we need of a grid, be it steady or not."""

    @property
    def ticks_a_second(self) -> float:
        """How many ticks pass in a second."""

    def tick_at(self, seconds: float) -> float:
        """Return the place on the tick line."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The middle of several measurements."""

    value: float = 0.0
    weight: float = 0.0  # how many there were; older ones count less

    def after(self, before: "Reading") -> "Reading":
        """Return this one joined to what is remembered of the one before."""
        kept = before.weight * MEMORY
        weight = self.weight + kept
        return Reading((self.value * self.weight + before.value * kept) / weight, weight) if weight else self

    def shrunk(self, doubt: float) -> float:
        """Return the value, nearer to zero the fewer notes it rests on."""
        return self.value * self.weight / (self.weight + doubt)


@dataclass(frozen=True, slots=True)
class Feel:
    """A player's timing. `Feel()` is that of nobody: it moves nothing."""

    bpm: float = DEFAULT_BPM  # quarter notes a minute, at which `offset` is asked for
    beats: Reading = Reading()  # seconds after the beat
    eighth: Reading = Reading()  # ticks after the player's beat
    leanings: Mapping[int, Reading] = field(default_factory=dict)  # ticks after the beat -> seconds after that place

    @classmethod
    def of(cls, notes: Sequence[Note], tick_notes: Sequence[TickNote], grid: Places) -> "Feel":
        """Return the feel of one phrase: its notes as they were played, and as they were put on `grid`."""
        onsets = _onsets(notes, tick_notes, grid)
        ticks_a_second = grid.ticks_a_second
        lone = {place for place in onsets if _alone(place, onsets)}
        on_beats = [away for place, away in onsets.items() if place % TICKS_PER_BEAT == 0]
        finer = {place: away for place, away in onsets.items() if place % TICKS_PER_BEAT and place not in lone}
        push = _middle(on_beats or list(finer.values()))
        eighths = (place % TICKS_PER_BEAT + onsets[place] - push.value for place in lone)
        spread = max(AGREE[0] * ticks_a_second, AGREE[1] * TICKS_PER_BEAT)
        return cls(
            ticks_a_second * 60 / TICKS_PER_BEAT,
            Reading(push.value / ticks_a_second, push.weight),
            _agreed([eighth for eighth in eighths if EIGHTH[0] < eighth < EIGHTH[1]], spread),
            _leanings(finer, push.value, ticks_a_second),
        )

    @property
    def swing(self) -> float | None:
        """Long to short of divided beats: 1.0 even, 2.0 triplets, 3.0 dotted. None: unknown."""
        known = self.eighth.weight >= EIGHTHS
        return self.eighth.value / (TICKS_PER_BEAT - self.eighth.value) if known else None

    @property
    def push(self) -> float:
        """Seconds by which the player is behind the beat; negative: ahead."""
        return self.beats.value

    def after(self, before: "Feel") -> "Feel":
        """Return this phrase's feel joined to what is remembered of those before it."""
        changed = self.eighth.weight >= EIGHTHS and abs(self.eighth.value - before.eighth.value) > CHANGED
        places = sorted({*self.leanings, *before.leanings})
        none = Reading()
        return Feel(
            self.bpm,
            self.beats.after(before.beats),
            self.eighth if changed else self.eighth.after(before.eighth),
            {at: self.leanings.get(at, none).after(before.leanings.get(at, none)) for at in places},
        )

    def at(self, bpm: float) -> "Feel":
        """Return the same feel at another tempo: the swing keeps its ratio, the rest its seconds."""
        return replace(self, bpm=bpm)

    def offset(self, tick: int, first: int | None = None) -> float:
        """Return by how many seconds an answer's note at `tick` is played after its place; negative: before.

        Args:
            first: place (ticks) of the answer's first note after the beat within the same beat; None if that is this
                note. Given it, notes never change places, whatever the answer's rhythm.
        """
        place = tick % TICKS_PER_BEAT
        start = place if first is None else first % TICKS_PER_BEAT
        push = _heard(self.beats.shrunk(PUSH_DOUBT))
        if place and self._is_eighth(start):
            eighth = self._eighth_at(start)
            squeezed = (TICKS_PER_BEAT - eighth) / (TICKS_PER_BEAT - start)
            return _bounded(push) + (eighth + (place - start) * squeezed - place) * self._tick
        return _bounded(push + self._leaning(place))

    def offsets(self, ticks: Sequence[int]) -> tuple[float, ...]:
        """Return the offset (seconds) of each of an answer's places, ascending."""
        firsts: dict[int, int] = {}  # beat -> place
        for tick in ticks:
            if tick % TICKS_PER_BEAT:
                firsts.setdefault(tick // TICKS_PER_BEAT, tick)
        return tuple(self.offset(tick, firsts.get(tick // TICKS_PER_BEAT)) for tick in ticks)

    @property
    def _tick(self) -> float:
        return 60 / self.bpm / TICKS_PER_BEAT  # seconds

    def _is_eighth(self, place: int) -> bool:
        """Whether an answer's note there, the first after the beat, stands for what the player plays as an eighth."""
        nearby = place in LATER and abs(place - self.eighth.value) <= NEARBY
        return self.swing is not None and (place == HALF or nearby)

    def _eighth_at(self, place: int) -> float:
        """Return where the eighth written there is played, ticks after the beat."""
        away = self.eighth.value - place
        return place + _heard(away * self._tick) / self._tick

    def _leaning(self, place: int) -> float:
        """Return the leaning at a place of the beat, seconds: none on beats, and in between on a straight line."""
        used = [0, *sorted(self.leanings), TICKS_PER_BEAT]
        for index, (low, high) in enumerate(pairwise(used)):
            if low <= place < high:
                below, above = (self._leaning_of(used, at) for at in (index, index + 1))
                return below + (above - below) * (place - low) / (high - low)
        raise AssertionError(place)

    def _leaning_of(self, used: Sequence[int], index: int) -> float:
        """Return the leaning of one of the player's places, at most a quarter of the way to the next."""
        reading = self.leanings.get(used[index])
        if reading is None:
            return 0.0
        room = min(used[index] - used[index - 1], used[index + 1] - used[index]) / 4 * self._tick
        return _bounded(_heard(reading.shrunk(LEANING_DOUBT)), room)


def _onsets(notes: Sequence[Note], tick_notes: Sequence[TickNote], grid: Places) -> dict[int, float]:
    """Return how far after each place (ticks) it was played, in ticks; the notes of a chord count once.

    Notes are paired with their places by pitch and order: the grid changes neither the pitch of a note nor how many
    there are.
    """
    played = sorted(notes, key=lambda note: (note.pitch, note.onset))
    placed = sorted(tick_notes, key=lambda note: (note.pitch, note.onset))
    away: dict[int, list[float]] = defaultdict(list)
    for note, tick_note in zip(played, placed, strict=True):
        away[tick_note.onset].append(grid.tick_at(note.onset) - tick_note.onset)
    means = {place: fmean(aways) for place, aways in sorted(away.items())}
    return {place: mean for place, mean in means.items() if abs(mean) <= STRAY}


def _alone(place: int, onsets: dict[int, float]) -> bool:
    """Whether a place is the only one between its two beats."""
    beat = place - place % TICKS_PER_BEAT
    return place != beat and [at for at in range(beat + 1, beat + TICKS_PER_BEAT) if at in onsets] == [place]


def _middle(values: Sequence[float]) -> Reading:
    return Reading(median(values), len(values)) if values else Reading()


def _agreed(values: Sequence[float], spread: float) -> Reading:
    """Return the middle of the values if half of them lie within `spread` of it."""
    middle = _middle(values)
    if values and median(abs(value - middle.value) for value in values) > spread:
        return Reading()
    return middle


def _leanings(finer: dict[int, float], push: float, ticks_a_second: float) -> dict[int, Reading]:
    """Return the middle, in seconds, of what is left at each place within the beat; `finer` and `push` are ticks."""
    left: dict[int, list[float]] = defaultdict(list)
    for place, away in finer.items():
        left[place % TICKS_PER_BEAT].append((away - push) / ticks_a_second)
    return {place: _middle(values) for place, values in sorted(left.items())}


def _heard(seconds: float) -> float:
    return seconds if abs(seconds) >= UNHEARD else 0.0


def _bounded(seconds: float, most: float = FARTHEST) -> float:
    return max(-most, min(most, seconds))
