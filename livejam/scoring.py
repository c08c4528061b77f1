"""How well a phrase was repeated: which notes were right, wrong, missing or too many, and how they lay in time. Pure.

The notes asked for and those played are aligned by dynamic programming (Needleman and Wunsch 1970): a pair costs what
it is off in pitch and in time, a note alone costs `ALONE`. A second pass takes the player's drift (a line through the
offsets of the first) out of the costs, so a phrase that is pushed, or late as a whole, is still followed note by note;
the offsets that are told have nothing taken out.

Points, 0 to 100: 70 for notes (right ones, those in another octave half, as a share of those asked and those too many),
30 for time (share of the asked notes that were played within `OUT` of what was usual in the phrase; less if that is
itself more than `OUT` off).

Knows nothing of ports, of who plays, or of what follows. Ticks, 24 a quarter note, from the bar line that the phrase
begins with; offsets are milliseconds, negative early. Any thread may call it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from statistics import median

import numpy as np

from livejam.intime import Timing, timing
from livejam.notes import TICKS_PER_BEAT, Metre, TickNote
from livejam.steering import TONICS

ALONE = 0.8  # cost of a note without its like
OTHER_PITCH = 0.9  # cost of a pair of different notes: as missing and extra they would cost twice ALONE
OCTAVE = 0.4  # cost of a pair that is octaves apart
A_BEAT_OFF = 1.0  # cost of a pair that is a quarter note apart; less in proportion
FARTHEST = 1.5 * TICKS_PER_BEAT  # ticks apart: no pair any more
TOGETHER = 1.5  # ticks: what is struck within them is one chord, in order of pitch
FEWEST = 3  # pairs from which a drift can be known
OUT = 50.0  # ms from what is usual in the phrase that are told: two standard deviations of a middling player
TOLD = 6  # things that a line tells at most
NOTES, TIME = 70, 30  # points


@dataclass(frozen=True, slots=True)
class Played:
    """A note of the player's."""

    tick: float  # onset, unrounded; negative: an upbeat
    pitch: int  # 0..127
    velocity: int  # 1..127
    length: float  # ticks


class Verdict(Enum):
    """What became of a note that was asked for."""

    RIGHT = "right"
    OCTAVE = "another octave"
    WRONG = "wrong"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Match:
    """A note that was asked for, and what was played in its place."""

    asked: TickNote
    played: Played | None
    seconds_a_tick: float

    @property
    def verdict(self) -> Verdict:
        """What became of it."""
        if self.played is None:
            return Verdict.MISSING
        semitones = self.played.pitch - self.asked.pitch
        return Verdict.WRONG if semitones % 12 else Verdict.OCTAVE if semitones else Verdict.RIGHT

    @property
    def offset(self) -> float:
        """Milliseconds that it was late; nan if it is missing."""
        return 1000 * (self.played.tick - self.asked.onset) * self.seconds_a_tick if self.played else math.nan


@dataclass(frozen=True, slots=True)
class Echoed:
    """How well a phrase was repeated."""

    matches: tuple[Match, ...]  # of every note asked for, by onset
    extra: tuple[Played, ...]  # by onset
    metre: Metre

    def count(self, verdict: Verdict) -> int:
        """Return how many notes asked for became that."""
        return sum(match.verdict is verdict for match in self.matches)

    @property
    def timing(self) -> Timing:
        """How the notes lay in time."""
        return timing(np.array([match.offset for match in self.matches]), self.usual)

    @property
    def usual(self) -> float:
        """The middle of the offsets, ms; 0 if nothing was played."""
        return median([match.offset for match in self.matches if match.played] or [0.0])

    @property
    def out_of_time(self) -> tuple[Match, ...]:
        """The notes that lie farther than `OUT` from what is usual."""
        return tuple(match for match in self.matches if match.played and abs(match.offset - self.usual) > OUT)

    @property
    def points(self) -> int:
        """0..100, see above."""
        if all(match.played is None for match in self.matches):
            return 0
        right = self.count(Verdict.RIGHT) + self.count(Verdict.OCTAVE) / 2
        in_time = len(self.matches) - self.count(Verdict.MISSING) - len(self.out_of_time)
        steady = min(1.0, OUT / max(abs(self.usual), 1e-9))
        notes = right / (len(self.matches) + len(self.extra))
        return round(NOTES * notes + TIME * steady * in_time / len(self.matches))

    def __str__(self) -> str:
        """Return in a line what was right and what was not, in order of time."""
        told = f"{self.count(Verdict.RIGHT)} of {len(self.matches)} notes"
        if not any(match.played for match in self.matches) and not self.extra:
            return f"{told}; nothing was played"
        return "; ".join([told, *self._whole(), *shortened(self._slips())])

    def _whole(self) -> list[str]:
        return [f"all of it {in_words(self.usual)}"] if abs(self.usual) > OUT else []

    def _slips(self) -> list[str]:
        slips: list[tuple[float, str]] = []
        late = self.out_of_time
        for match in self.matches:
            at, asked = match.asked.onset, pitch_name(match.asked.pitch)
            here = place_name(at, self.metre)
            match match.verdict:
                case Verdict.MISSING:
                    slips.append((at, f"missing: {asked} at {here}"))
                case Verdict.WRONG if match.played:
                    slips.append((at, f"{here}: {_apart(match.played.pitch, match.asked.pitch)}"))
                case Verdict.OCTAVE if match.played:
                    slips.append((at, f"{here}: {_octaves(match.played.pitch - match.asked.pitch)}"))
            if match in late:
                slips.append((at, f"{here}: {in_words(match.offset)}"))
        for extra in self.extra:
            slips.append((extra.tick, f"extra: {pitch_name(extra.pitch)} at {place_name(extra.tick, self.metre)}"))
        return [words for _, words in sorted(slips, key=lambda slip: slip[0])]


def align(asked: Sequence[TickNote], played: Sequence[Played], seconds_a_tick: float, metre: Metre) -> Echoed:
    """Return how well `asked` was repeated by `played`, both from the bar line on that they begin with."""
    wanted = sorted(asked, key=lambda note: (note.onset, note.pitch))
    given = _in_order(played)
    pairs = _pairs(wanted, given, [0.0] * len(given))
    if len(pairs) >= FEWEST:
        pairs = _pairs(wanted, given, _drift(wanted, given, pairs))
    matches = tuple(Match(note, _paired(given, pairs.get(i)), seconds_a_tick) for i, note in enumerate(wanted))
    used = set(pairs.values())
    return Echoed(matches, tuple(note for j, note in enumerate(given) if j not in used), metre)


def place_name(tick: float, metre: Metre) -> str:
    """Return a place in words: `bar 2 beat 3.5`. An upbeat is before bar 1."""
    unit = 4 * TICKS_PER_BEAT / metre.denominator
    bar, within = divmod(round(tick * 2) / 2, metre.bar_ticks)
    beat = f"beat {1 + round(within / unit, 2):g}"
    return f"bar {int(bar) + 1} {beat}" if bar >= 0 else f"the upbeat, {beat}"


def pitch_name(pitch: int) -> str:
    """Return the name of a pitch; 60 is C4."""
    return f"{TONICS[pitch % 12]}{pitch // 12 - 1}"


def in_words(offset: float) -> str:
    """Return an offset (ms) in words."""
    return f"{abs(offset):.0f} ms {'late' if offset > 0 else 'early'}"


def shortened(told: Sequence[str]) -> list[str]:
    """Return the first of what is to be told, and how much more there is."""
    return list(told) if len(told) <= TOLD else [*told[:TOLD], f"and {len(told) - TOLD} more"]


def _apart(played: int, asked: int) -> str:
    name, other = TONICS[played % 12], TONICS[asked % 12]
    near = abs(played - asked) < 12
    return f"{name} instead of {other}" if near else f"{pitch_name(played)} instead of {pitch_name(asked)}"


def _octaves(semitones: int) -> str:
    count = abs(semitones) // 12
    return f"{'an octave' if count == 1 else f'{count} octaves'} too {'high' if semitones > 0 else 'low'}"


def _paired(given: Sequence[Played], at: int | None) -> Played | None:
    return None if at is None else given[at]


def _in_order(played: Sequence[Played]) -> list[Played]:
    """Return notes by onset, those of a chord by pitch."""
    found: list[list[Played]] = []
    for note in sorted(played, key=lambda note: note.tick):
        if found and note.tick - found[-1][0].tick <= TOGETHER:
            found[-1].append(note)
        else:
            found.append([note])
    return [note for chord in found for note in sorted(chord, key=lambda note: note.pitch)]


def _pairs(asked: Sequence[TickNote], played: Sequence[Played], drift: Sequence[float]) -> dict[int, int]:
    """Return the cheapest alignment: which note asked for is which of those played; `drift` (ticks) is no fault."""
    rows, columns = len(asked) + 1, len(played) + 1
    costs = np.zeros((rows, columns))
    costs[:, 0], costs[0] = ALONE * np.arange(rows), ALONE * np.arange(columns)
    for i in range(1, rows):
        for j in range(1, columns):
            both = costs[i - 1, j - 1] + _cost(asked[i - 1], played[j - 1], drift[j - 1])
            costs[i, j] = min(both, costs[i - 1, j] + ALONE, costs[i, j - 1] + ALONE)
    pairs: dict[int, int] = {}
    i, j = rows - 1, columns - 1
    while i and j:
        both = costs[i - 1, j - 1] + _cost(asked[i - 1], played[j - 1], drift[j - 1])
        if costs[i, j] == both:
            i, j = i - 1, j - 1
            pairs[i] = j
        elif costs[i, j] == costs[i - 1, j] + ALONE:
            i -= 1
        else:
            j -= 1
    return pairs


def _cost(asked: TickNote, played: Played, drift: float) -> float:
    apart = abs(played.tick - drift - asked.onset)
    if apart > FARTHEST:
        return math.inf
    semitones = played.pitch - asked.pitch
    return A_BEAT_OFF * apart / TICKS_PER_BEAT + (OTHER_PITCH if semitones % 12 else OCTAVE if semitones else 0.0)


def _drift(asked: Sequence[TickNote], played: Sequence[Played], pairs: dict[int, int]) -> list[float]:
    """Return by how much each played note is late (ticks) as a line through those that are known (Theil 1950)."""
    known = [(float(asked[i].onset), played[j].tick - asked[i].onset) for i, j in pairs.items()]
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for n, a in enumerate(known) for b in known[n + 1 :] if b[0] != a[0]]
    slope = median(slopes) if slopes else 0.0
    begin = median(off - slope * at for at, off in known)
    return [begin + slope * note.tick for note in played]
