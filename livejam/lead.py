"""The player in front of the band: what was played, on the line of ticks, how loud and how busy. Pure.

Notes are put on the grid while they are fresh, a beat or two; what is older stays as it is. Knows nothing of chords,
of the network or of what the band plays. Times are seconds of the session's clock, ticks say so. The thread that owns
the session calls it.
"""

from bisect import insort
from collections import deque
from dataclasses import dataclass
from itertools import pairwise

from livejam.events import Pedal, PortLost
from livejam.notes import TICKS_PER_BEAT, Note, NoteOff, NoteOn, TickNote
from livejam.phrasing import EARLY, Ear, Tempos, on_grid

FRESH = 2.0  # beats: younger notes may still move on the grid
KEPT = 192  # notes that the band is told of
RECENT = 8  # notes by which the player's loudness is judged
CHORD = 0.03  # seconds: keys struck that soon after others are one strike
STRETCH = 4.0  # beats over which it is judged how busy the player is


@dataclass(frozen=True, slots=True)
class Played:
    """A note of the player's that has ended, as it was really played."""

    note: Note  # seconds
    tick: float  # where it began, unrounded
    ticks_a_second: float


class Lead:
    """The player's line."""

    def __init__(self, longest_key: float) -> None:
        """`longest_key`: seconds; no note lasts longer."""
        self._ear = Ear(longest_key)
        self._longest_key = longest_key
        self._settled: deque[TickNote] = deque(maxlen=KEPT)
        self._velocities: deque[int] = deque(maxlen=RECENT)
        self._onsets: deque[float] = deque(maxlen=128)  # seconds
        self._down: dict[int, float] = {}  # key -> seconds: when it went down
        self._latest: float | None = None  # seconds: the latest key, down or up

    def take_in(self, event: NoteOn | NoteOff | Pedal | PortLost, now: float) -> None:
        """Follow what happens at `now`."""
        self._ear.take_in(event, now)
        match event:
            case NoteOn(pitch, velocity):
                self._velocities.append(velocity)
                self._onsets.append(now)
                self._down[pitch] = now
                self._latest = now
            case NoteOff(pitch):
                self._down.pop(pitch, None)
                self._latest = now if self._latest is not None else None
            case PortLost():
                self._latest = now if self._down else self._latest
                self._down.clear()

    @property
    def level(self) -> float | None:
        """How loud the player is, as a velocity; None: nothing was played yet."""
        return sum(self._velocities) / len(self._velocities) if self._velocities else None

    def pace(self, now: float, beat: float) -> float | None:
        """Return how many onsets a beat (of `beat` seconds) the player has had lately; None: nothing was played yet."""
        if not self._onsets:
            return None
        since = now - STRETCH * beat
        places = [onset for onset in self._onsets if onset > since]
        strikes = sum(later - earlier > CHORD for earlier, later in pairwise(places))
        return (strikes + bool(places)) / STRETCH

    def silence(self, now: float) -> float | None:
        """Return for how many seconds no key was down; 0 while one is, None if nothing was played yet.

        A key that stays down for too long is stuck and counts as released.
        """
        if self._latest is None:
            return None
        held = (min(now, struck + self._longest_key) for struck in self._down.values())
        return max(0.0, now - max([self._latest, *held]))

    def since(self, now: float) -> float:
        """Return when the oldest note began that is not settled yet, seconds."""
        return min((note.onset for note in self._ear.so_far(now)), default=now)

    def notes(self, tempos: Tempos, now: float) -> tuple[TickNote, ...]:
        """Return the latest notes so far, by onset, as they lie on the line; keys that are down end now."""
        fresh = self._ear.so_far(now)
        return tuple(sorted([*self._settled, *on_grid(fresh, tempos)], key=_in_order))

    def settle(self, tempos: Tempos, now: float) -> list[Played]:
        """Let what is no longer fresh stay where it is; return it, once, as it was really played."""
        beat = TICKS_PER_BEAT / tempos.ticks_a_second  # seconds
        since = (tempos.tick_at(now) + EARLY) % TICKS_PER_BEAT  # ticks: the notes of one beat stay together
        before = now - since / tempos.ticks_a_second - FRESH * beat
        return self._settle(tempos, before)

    def close(self, tempos: Tempos, now: float) -> list[Played]:
        """Let all be as it is; return what was not returned yet."""
        self._ear.take_in(PortLost("", True), now)
        return self._settle(tempos, now + 1.0)

    def _settle(self, tempos: Tempos, before: float) -> list[Played]:
        ended = self._ear.take_ended(before)
        for note in on_grid(ended, tempos):
            if len(self._settled) == KEPT:
                self._settled.popleft()
            insort(self._settled, note, key=_in_order)
        return [Played(note, tempos.tick_at(note.onset), tempos.ticks_a_second) for note in ended]


def _in_order(note: TickNote) -> tuple[int, int]:
    return note.onset, note.pitch
