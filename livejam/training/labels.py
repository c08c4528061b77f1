"""What each phrase of a stream is like, as the controls that would ask for it.

Computed when first wanted and then kept: comparing a phrase with the one before it takes half a millisecond. Knows
nothing of windows or of the network. All times are ticks.
"""

from dataclasses import dataclass

import numpy as np

from livejam import controls as c
from livejam.controls import CONTROL, CONTROLS
from livejam.notes import TICKS_PER_BEAT, Metre


@dataclass(frozen=True, eq=False)
class Place:
    """Where in their bars the notes of a stream are, counted on through changes of metre."""

    bar_starts: np.ndarray  # (N,) where the bar of each note begins, or its quarter note
    bar_ticks: np.ndarray  # (N,) length of that bar, 0 where unknown
    bars: np.ndarray  # (N,) number of that bar
    beats: np.ndarray  # (N,) number of the quarter note
    next_beats: np.ndarray  # (N,) where the next one begins

    @classmethod
    def unknown(cls, onsets: np.ndarray) -> "Place":
        """Return the places of `onsets` (N,) int64 where no metre is known."""
        beats = onsets // TICKS_PER_BEAT
        nothing = np.zeros_like(onsets)
        return cls(beats * TICKS_PER_BEAT, nothing, nothing.copy(), beats, (beats + 1) * TICKS_PER_BEAT)

    def count(self, onsets: np.ndarray, span: slice, metre: Metre) -> None:
        """Count the bars and beats of the notes in `span`, in a metre that begins at `metre.bar_line`."""
        since, before = onsets[span] - metre.bar_line, span.start - 1
        self.bar_starts[span] = onsets[span] - since % metre.bar_ticks
        self.bar_ticks[span] = metre.bar_ticks
        self.bars[span] = since // metre.bar_ticks
        self.beats[span] = since // TICKS_PER_BEAT
        self.next_beats[span] = onsets[span] - since % TICKS_PER_BEAT + TICKS_PER_BEAT
        if before >= 0 and span.start < span.stop:
            for numbers, size in ((self.bars, self.bar_ticks[before]), (self.beats, TICKS_PER_BEAT)):
                until = self._reached(before, onsets, metre, int(size))
                numbers[span] += numbers[before] + until

    def _reached(self, before: int, onsets: np.ndarray, metre: Metre, size: int) -> int:
        """Return how many bars or beats of `size` ticks begin after that of the note `before`, up to the new metre."""
        origin = int(self.bar_starts[before]) if size != TICKS_PER_BEAT else int(self.next_beats[before]) - size
        return max(1, -(-(metre.bar_line - origin) // size)) if size else 1


class Labels:
    """The controls of a stream's phrases."""

    def __init__(
        self, notes: np.ndarray, starts: np.ndarray, place: Place, coming: np.ndarray, drums: bool = False
    ) -> None:
        """Describe `notes` (N,) NOTE, whose phrases begin at `starts` (P + 1,); `coming` (N, 2): next beats' chords."""
        self._notes, self._starts, self._place, self._coming, self._drums = notes, starts, place, coming, drums
        self._kept: dict[int, np.ndarray] = {}  # phrase -> controls (C,) that hold throughout, but for pitches
        self._pitch: dict[int, float] = {}  # phrase -> mean pitch

    def controls(self, note: np.ndarray, start: np.ndarray, phrase: np.ndarray, shift: int) -> np.ndarray:
        """Return the controls (T, C) of answers' steps.

        `note` (T,) is each event's own note, or the first of its answer where it is a `start` (T,); `phrase` (T,) says
        of which phrase, in ascending order; `shift`: all is moved by so many semitones.
        """
        first, last = self._starts[phrase], self._starts[phrase + 1] - 1
        place, rows = self._place, np.zeros((len(note), len(CONTROLS)), np.int64)
        wholes, index = np.unique(phrase, return_inverse=True)
        rows[:] = np.array([self._whole(int(number), shift) for number in wholes])[index]
        bar_ticks = place.bar_ticks[first]
        in_bar = self._notes["onset"].astype(np.int64)[first] - place.bar_starts[first]
        begun = np.maximum(place.bars[note], c.first_bar(place.bars[first], in_bar, bar_ticks))
        known = (bar_ticks > 0) & (place.bar_ticks[last] > 0)
        rows[:, CONTROL["bars"]] = np.where(known, c.bars_class(place.bars[last] - begun + 1), 0)
        rows[:, CONTROL["beats"]] = c.beats_class(place.beats[last] - place.beats[note] + 1)
        root = self._coming[np.where(start, np.maximum(note - 1, 0), note), 0]
        rows[:, CONTROL["next_root"]] = np.where(root > 0, (root - 1 + shift) % 12 + 1, 0)
        rows[:, CONTROL["next_quality"]] = self._coming[np.where(start, np.maximum(note - 1, 0), note), 1]
        return rows

    def _whole(self, phrase: int, shift: int) -> np.ndarray:
        """Return the controls (C,) that are the same throughout a phrase."""
        if phrase not in self._kept:
            self._kept[phrase] = self._described(phrase)
        row = self._kept[phrase].copy()
        if not self._drums:
            row[CONTROL["register"]] = c.register_class(self._mean(phrase) + shift)
            row[CONTROL["key"]] = c.transposed_key(int(row[CONTROL["key"]]), shift)
        return row

    def _described(self, phrase: int) -> np.ndarray:
        row, (onsets, pitches) = np.zeros(len(CONTROLS), np.int64), self._line(phrase)
        row[CONTROL["density"]] = c.density_class(c.density(onsets))
        if phrase:
            row[CONTROL["kind"]] = c.kind_of(self._line(phrase - 1), (onsets, pitches))
        if not self._drums:
            if phrase:
                row[CONTROL["shift"]] = c.shift_class(self._mean(phrase) - self._mean(phrase - 1))
            around = self._notes[self._starts[max(0, phrase - 1)] : self._starts[phrase + 1]]
            row[CONTROL["key"]] = c.key_of(np.bincount(around["pitch"] % 12, around["length"], minlength=12))
        return row

    def _mean(self, phrase: int) -> float:
        if phrase not in self._pitch:
            self._pitch[phrase] = float(self._line(phrase)[1].mean())
        return self._pitch[phrase]

    def _line(self, phrase: int) -> tuple[np.ndarray, np.ndarray]:
        notes = self._notes[self._starts[phrase] : self._starts[phrase + 1]]
        return notes["onset"].astype(np.int64), notes["pitch"].astype(np.int64)
