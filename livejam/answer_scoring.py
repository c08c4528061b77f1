"""How good an answer of the player's was, in plain words: time, key, length, end, and how it takes up the call. Pure.

Points, 0 to 100: 30 for time (share of notes within `intime.TOLERANCE` of where the player's notes usually are), 30 for
notes (share that is right on the chords, see `chordscale`; without a chart on the key's scale, or a short note that
leads to it by a semitone), 20 for length (the share of its bars that it fills; none for what goes on beyond them), 20
for its end on a tone of the chord or of the key's triad. How it takes up the call (`controls.kind_of`) is told and
gives no points: all kinds are good.

Knows nothing of ports, or of what follows. Ticks, 24 a quarter note, from the bar line that the answer's bars begin
with; offsets are milliseconds, negative early. Any thread may call it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from livejam.chordscale import Sounding, Step, chord_name, off_key, wrong_notes
from livejam.controls import Kind, key_of, kind_of
from livejam.harmony import chord_tones
from livejam.intime import Timing, places_of, timing
from livejam.notes import TICKS_PER_BEAT, Metre, TickNote
from livejam.phrasing import PICKUP
from livejam.pieces import Quality
from livejam.scoring import Played, place_name, shortened
from livejam.steering import TONICS
from livejam.tokenizer import Chord, chord_at

TIME, NOTES, LENGTH, END = 30, 30, 20, 20  # points
FULL = 0.75  # share of its bars that an answer fills at least to fill them
LATE_END = TICKS_PER_BEAT / 4  # ticks that the last note may begin after the answer's bars and still be in them
KINDS = {
    Kind.ECHO: "repeats the call",
    Kind.VARY: "varies the call",
    Kind.CONTINUE: "goes on from the call",
    Kind.CONTRAST: "contrasts with the call",
}


@dataclass(frozen=True, slots=True)
class Ground:
    """What an answer stands on."""

    bars: int
    metre: Metre
    key: int  # a class of `controls`; 0: the call's
    chords: tuple[Chord, ...]  # from tick 0 of its bars on; empty: no chart
    seconds_a_tick: float

    @property
    def ticks(self) -> int:
        """Length of its bars."""
        return self.bars * self.metre.bar_ticks


@dataclass(frozen=True, slots=True)
class Answered:
    """How good an answer was."""

    notes: int
    timing: Timing
    wrong: tuple[str, ...]  # in words, by time
    filled: float  # share of its bars that it fills, 0..1
    beyond: bool  # whether it goes on after its bars
    ends_well: bool
    ending: str  # in words
    kind: Kind

    @property
    def points(self) -> int:
        """0..100, see above."""
        if not self.notes:
            return 0
        off = self.timing.early + self.timing.late if self.timing.notes else 1.0
        right = 1 - len(self.wrong) / self.notes
        length = 0.0 if self.beyond else min(1.0, self.filled / FULL)
        return round(TIME * (1 - off) + NOTES * right + LENGTH * length + END * self.ends_well)

    def __str__(self) -> str:
        if not self.notes:
            return "nothing was played"
        told = [f"{self.notes} notes", self._time(), *self._notes(), self._length(), self.ending]
        return "; ".join([*told, *filter(None, [KINDS.get(self.kind)])])

    def _time(self) -> str:
        if not self.timing.notes:
            return "no beat to be heard"
        off = round((self.timing.early + self.timing.late) * self.timing.notes)
        words = f"{off} of {self.timing.notes} out of time" if off else "in time"
        return f"{words} (mean {self.timing.mean:+.0f} ms, spread {self.timing.spread:.0f} ms)"

    def _notes(self) -> list[str]:
        return shortened(self.wrong) if self.wrong else ["all notes right"]

    def _length(self) -> str:
        if self.beyond:
            return "goes on after its bars"
        return "fills its bars" if self.filled >= FULL else f"fills {100 * self.filled:.0f} % of its bars"


def judge(played: Sequence[Played], call: Sequence[TickNote], ground: Ground) -> Answered:
    """Return how good an answer to `call` was; the ticks of both count from the bar line that they begin with."""
    line = sorted(played, key=lambda note: (note.tick, note.pitch))
    if not line:
        return Answered(0, timing(np.empty(0), 0.0), (), 0.0, False, False, "", Kind.UNKNOWN)
    key = ground.key or call_key(call)
    steps = [Step(note.tick, note.pitch, note.length, _sounding(note.tick, ground, key)) for note in line]
    slips = wrong_notes(steps) if ground.chords else off_key(steps, key)
    wrong = tuple(_wrong(steps[i], ground) for i in slips)
    last, end = steps[-1], max(note.tick + note.length for note in line)
    first = max(0.0, line[0].tick)
    ends_well = last.chord is None or last.pitch % 12 in chord_tones(*last.chord)
    return Answered(
        len(line), _timing(line, ground), wrong,
        max(0.0, min(end, ground.ticks) - first) / ground.ticks, last.tick >= ground.ticks + LATE_END,
        ends_well, _ending(last, ends_well, ground), kind_of(_outline(call), _outline(_rounded(line))),
    )  # fmt: skip


def call_key(call: Sequence[TickNote]) -> int:
    """Return the class of the key that a call is in; 0: none is clear."""
    histogram = np.zeros(12)
    for note in call:
        histogram[note.pitch % 12] += note.length
    return int(key_of(histogram))


def _timing(line: Sequence[Played], ground: Ground) -> Timing:
    ticks = [note.tick for note in line]
    places = places_of(ticks, [0] * len(line), [ground.seconds_a_tick] * len(line))
    offsets = 1000 * ground.seconds_a_tick * (np.array(ticks) - places)
    return timing(offsets, float(np.nanmedian(offsets)) if np.isfinite(offsets).any() else 0.0)


def _sounding(tick: float, ground: Ground, key: int) -> Sounding | None:
    """Return what a note is right on: the chord that sounds, or the tonic chord of the key."""
    if ground.chords:
        root, quality = chord_at(ground.chords, round(max(0.0, tick)))
        return (root - 1, Quality(quality)) if root else None
    minor, tonic = divmod(key - 1, 12)
    return (tonic, Quality.MINOR if minor else Quality.MAJOR) if key else None


def _name(chord: Sounding, ground: Ground) -> str:
    return chord_name(chord) if ground.chords else f"{TONICS[chord[0]]} {chord[1].name.casefold()}"


def _wrong(step: Step, ground: Ground) -> str:
    where = f"{place_name(step.tick, ground.metre)}: {TONICS[step.pitch % 12]}"
    return f"{where} on {_name(step.chord, ground)}" if ground.chords and step.chord else f"{where} is not in the key"


def _ending(last: Step, ends_well: bool, ground: Ground) -> str:
    name = TONICS[last.pitch % 12]
    if last.chord is None:
        return f"ends on {name}"
    return f"ends on {name}, {'a' if ends_well else 'no'} tone of {_name(last.chord, ground)}"


def _rounded(line: Sequence[Played]) -> list[TickNote]:
    return [TickNote(round(note.tick) + PICKUP, note.pitch, max(1, round(note.length)), note.velocity) for note in line]


def _outline(notes: Sequence[TickNote]) -> tuple[np.ndarray, np.ndarray]:
    ordered = sorted(notes, key=lambda note: (note.onset, note.pitch))
    return np.array([note.onset for note in ordered]), np.array([note.pitch for note in ordered])
