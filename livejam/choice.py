"""The best of several answers to the same call: which of them is played.

First what can be heard to be wrong: an answer that is stuck, that does not end by itself, that leaves the reach of its
call, or takes it up in another way than was asked for. Then what it owes to its call: how much likelier all of it is
for having heard it (after Li et al. 2016, arXiv 1510.03055, who choose replies in a dialogue so).

Measured on 60 calls of each of four corpora (`livejam evaluate --answers 60`; fiddle-abc, openscore-lieder, pop909,
wjazzd). One answer is matched to its own call among 16 by simple features in 49 % of cases, the best of four in 66 %
(people's next phrases: 52 %). A judge tells one from people's in 58 %, the best of four in 56 % (50 % is perfect). One
has 20.4 notes, the best of four 21.4 (people: 20.6); 1.7 % are stuck, of the best of four none. With an older network
the best of four by the gain a note were short (15.6 notes, not 19.8), matched less often (54 %, not 58) and told apart
more often (63 %, not 57); the best of eight was hardly better than that of four, and took twice as long; what was
chosen for its likelihood alone was told apart more often.

Pure. Knows nothing of how answers are made up, or of time. Ticks.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from livejam.controls import kind_of
from livejam.decoder import Candidate
from livejam.measures.features import Columns
from livejam.measures.repetition import is_stuck
from livejam.notes import TickNote
from livejam.phrasing import Request

CANDIDATES = 4  # answers side by side, the one that is there already among them
REACH = 12  # semitones beyond the call's range that an answer may go


@dataclass(frozen=True, slots=True)
class Option:
    """An answer that is over."""

    notes: tuple[TickNote, ...]  # by onset
    gain: float  # nats by which it is likelier for the call
    ended: bool  # by itself, not for having become too long
    surprise: float = 0.0  # nats a note of what was chosen: how unlikely it was


def best_of(steps: Iterable[Sequence[Candidate]], request: Request) -> Iterator[Option | None]:
    """Follow answers that are made up side by side: yield None after each of `steps`, and in the end the best.

    There is none if they stop before all are over.
    """
    options: dict[int, Option] = {}
    for made in steps:
        for i, one in enumerate(made):
            if i not in options and (one.over or _is_too_long(one, request)):
                gain = one.gain if request.steering.follow else 0.0  # who is to ignore the call owes it nothing
                options[i] = Option(within(one.notes, request.max_ticks), gain, one.over, one.surprise)
        yield None
        if len(options) == len(made):
            yield best([options[i] for i in range(len(made))], request)
            return


def _is_too_long(one: Candidate, request: Request) -> bool:
    """Tell whether an answer has gone on for longer than it may."""
    return one.notes[-1].onset >= one.notes[0].onset + request.max_ticks


def best(options: Sequence[Option], request: Request) -> Option:
    """Return the one with the fewest faults, of these the one with the largest gain; the first of equals."""
    return max(options, key=lambda option: (-faults(option, request), option.gain))


def faults(option: Option, request: Request) -> int:
    """Return how many of the checks an answer does not pass; one without a note passes none."""
    notes = option.notes
    if not notes:
        return 5
    asked = request.steering.register  # elsewhere than the call
    beyond = not asked and max(_beyond(note.pitch, request.call) for note in notes) > REACH
    kind = request.steering.kind
    otherwise = bool(kind) and kind_of(outline(request.call), outline(notes)) != kind
    return is_stuck(Columns.of(sorted(notes, key=_in_order))) + beyond + (not option.ended) + otherwise


def within(notes: Iterable[TickNote], longest: int) -> tuple[TickNote, ...]:
    """Return the notes that begin less than `longest` ticks after the first; no key is struck twice at once."""
    kept: list[TickNote] = []
    for note in unstruck(notes):
        if kept and note.onset >= kept[0].onset + longest:
            break
        kept.append(note)
    return tuple(kept)


def unstruck(notes: Iterable[TickNote]) -> Iterator[TickNote]:
    """Yield `notes` (by onset), lazily, but for those whose key is struck at that place already."""
    struck: dict[int, int] = {}  # pitch -> onset
    for note in notes:
        if struck.get(note.pitch) != note.onset:
            struck[note.pitch] = note.onset
            yield note


def _beyond(pitch: int, call: Sequence[TickNote]) -> int:
    """Return how many semitones a pitch lies outside the range of `call`."""
    low, high = min(note.pitch for note in call), max(note.pitch for note in call)
    return max(low - pitch, pitch - high, 0)


def outline(notes: Iterable[TickNote]) -> tuple[np.ndarray, np.ndarray]:
    """Return the onsets and pitches of notes, as `controls` takes them."""
    columns = Columns.of(sorted(notes, key=_in_order))
    return columns.onset, columns.pitch


def _in_order(note: TickNote) -> tuple[int, int]:
    return note.onset, note.pitch
