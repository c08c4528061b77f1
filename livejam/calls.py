"""The calls that the demo plays: five short phrases of our own, as readable data.

Pure data and one conversion. A phrase is a row of (pitches, beats, velocity); no pitches are a rest. Lengths are in
beats, a quarter note each; `Call.notes` turns them into seconds. Any thread may read it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from livejam.notes import Note

Step = tuple[str, float, int]  # pitches ("G4", "G3 B3 D4"; "" for a rest), beats, velocity

LEGATO = 0.92  # part of a step for which its keys are held
SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
ACCIDENTALS = {"": 0, "#": 1, "b": -1}


@dataclass(frozen=True, slots=True)
class Call:
    """A phrase to be answered."""

    name: str
    bpm: float  # quarter notes a minute
    bar: int  # quarter notes a bar
    steps: tuple[Step, ...]

    @property
    def beat(self) -> float:
        """Length of a quarter note, seconds."""
        return 60 / self.bpm

    @property
    def notes(self) -> tuple[Note, ...]:
        """Its notes, seconds from its first beat, in order of onset."""
        return tuple(self._timed())

    def _timed(self) -> Iterator[Note]:
        at = 0.0  # beats
        for pitches, beats, velocity in self.steps:
            for name in pitches.split():
                yield Note(at * self.beat, pitch_number(name), velocity, beats * LEGATO * self.beat)
            at += beats


def pitch_number(name: str) -> int:
    """MIDI pitch of a name such as C4 (60), F#5 or Bb3."""
    match = re.fullmatch(r"([A-G])([#b]?)(-?\d)", name)
    if not match:
        raise ValueError(f"{name!r} is no pitch name; C4, F#5 and Bb3 are")
    letter, accidental, octave = match.groups()
    return 12 * (int(octave) + 1) + SEMITONES[letter] + ACCIDENTALS[accidental]


LONG, SHORT = 2 / 3, 1 / 3  # swung eighths

BLUES = Call("a blues lick", bpm=96, bar=4, steps=(
    ("G4", LONG, 84), ("Bb4", SHORT, 72), ("C5", LONG, 96), ("Eb5", SHORT, 80),
    ("F5", SHORT, 88), ("Gb5", SHORT, 100), ("F5", SHORT, 84), ("Eb5", LONG, 92), ("C5", SHORT, 76),
    ("Bb4", LONG, 84), ("G4", SHORT, 70), ("C5", 1.5, 98),
))  # fmt: skip

JIG = Call("a jig", bpm=168, bar=3, steps=(
    ("A4", 0.5, 100), ("F#4", 0.5, 76), ("A4", 0.5, 80), ("D5", 0.5, 96), ("F#5", 0.5, 78), ("D5", 0.5, 82),
    ("E5", 0.5, 100), ("C#5", 0.5, 76), ("E5", 0.5, 80), ("A4", 0.5, 94), ("B4", 0.5, 78), ("C#5", 0.5, 84),
    ("D5", 0.5, 100), ("F#5", 0.5, 80), ("A5", 0.5, 90), ("G5", 0.5, 98), ("E5", 0.5, 78), ("C#5", 0.5, 82),
    ("D5", 1.5, 100),
))  # fmt: skip

POP = Call("a pop hook", bpm=116, bar=4, steps=(
    ("A4", 0.5, 88), ("C5", 0.5, 82), ("E5", 0.75, 98), ("D5", 0.25, 74), ("C5", 0.5, 84), ("D5", 0.5, 86),
    ("G4", 1, 90), ("A4", 0.5, 88), ("C5", 0.5, 82), ("E5", 0.75, 98), ("G5", 0.25, 90), ("E5", 0.5, 88),
    ("D5", 0.5, 80), ("C5", 1, 92),
))  # fmt: skip

CHORALE = Call("a chorale", bpm=84, bar=4, steps=(
    ("G3 B3 D4 G4", 1, 68), ("F#3 A3 D4 A4", 1, 70), ("G3 D4 G4 B4", 1, 74), ("E3 C4 G4 C5", 1, 78),
    ("D3 D4 G4 B4", 1, 74), ("D3 C4 F#4 A4", 1, 70), ("G2 B3 D4 G4", 2, 66),
))  # fmt: skip

BEBOP = Call("a bebop line", bpm=138, bar=4, steps=(
    ("G4", LONG, 80), ("Bb4", SHORT, 90), ("D5", LONG, 82), ("F5", SHORT, 96), ("E5", LONG, 86), ("Db5", SHORT, 92),
    ("Bb4", LONG, 78), ("G4", SHORT, 88), ("A4", LONG, 82), ("C5", SHORT, 90), ("E5", LONG, 84), ("D5", SHORT, 92),
    ("C5", 1, 96), ("A4", 1, 84),
))  # fmt: skip

CALLS = (BLUES, JIG, POP, CHORALE, BEBOP)
