"""How steady a phrase is, how much it takes up again, and whether it is stuck.

Groove consistency and structure indicators after Wu and Yang, "The Jazz Transformer on the front line" (ISMIR 2020,
arXiv 2008.01307), made fit for phrases:

- Groove: they compare the sets of onsets of neighbouring bars, 64 places a bar. Here the bars of call and answer
  together, each bar that begins in the answer with the one before; 12 places a beat, so values are a little lower.
- Structure: they take the most salient repetition of 3 to 8, 8 to 15 and over 15 seconds out of the self-similarity of
  the sound (fitness scape plot, Müller 2012). Here it is symbolic, and a mean, not a maximum: every window of two, four
  and eight beats of the answer is compared with all windows as long before it in call and answer; its best likeness
  counts. That is the Dice coefficient of the notes that begin at the same place, under the best transposition.

Much repetition is no virtue in itself: people's phrases say how much there should be. Pure. Ticks.
"""

import numpy as np

from livejam.measures.features import COMMON_BAR, Columns
from livejam.notes import TICKS_PER_BEAT, Metre

GRAIN = 2  # ticks of a place in the bar
SPANS = {"short": 2, "middle": 4, "long": 8}  # beats
LONGEST_CELL = 8  # notes
TIMES, FEWEST = 4, 8  # a cell so often in a row, and so many notes in all, are stuck


def groove(call: Columns, answer: Columns, metre: Metre | None) -> float:
    """Return the groove consistency, 0..1, of the answer's bars with the ones before; nan where it has no bar."""
    bar, line = (metre.bar_ticks, metre.bar_line) if metre else (COMMON_BAR, 0)
    if not len(answer.onset):
        return float("nan")
    onsets = np.concatenate([call.onset, answer.onset]) - line
    first = max(int((answer.onset[0] - line) // bar), int(onsets.min() // bar) + 1)
    last = int(onsets.max() // bar)
    sets = {number: _places(onsets, number, bar) for number in range(first - 1, last + 1)}
    apart = [len(sets[number] ^ sets[number - 1]) * GRAIN / bar for number in range(first, last + 1)]
    return float(1 - np.mean(apart)) if apart else float("nan")


def _places(onsets: np.ndarray, number: int, bar: int) -> set[int]:
    """Return the places of a bar on which notes begin."""
    inside = onsets[onsets // bar == number] % bar // GRAIN
    return set(inside.tolist())


def structure(call: Columns, answer: Columns, beats: int) -> float:
    """Return the mean likeness, 0..1, of windows of the answer, `beats` long, to what came before them.

    Windows begin on beats; nan where the answer is shorter than one.
    """
    onsets = np.concatenate([call.onset, answer.onset])
    pitches = np.concatenate([call.pitch, answer.pitch])
    if not len(answer.onset):
        return float("nan")
    span = beats * TICKS_PER_BEAT
    start, end = int(answer.onset[0]) // TICKS_PER_BEAT * TICKS_PER_BEAT, int((answer.onset + answer.length).max())
    beginnings = range(_first_beat(onsets), end - span + 1, TICKS_PER_BEAT)
    windows = {at: _window(onsets, pitches, at, span) for at in beginnings}
    found = []
    for at, (places, tones) in windows.items():
        if at >= start and len(places):
            earlier = (windows[before] for before in windows if before <= at - span)
            found.append(max((likeness(places, tones, *other) for other in earlier), default=0.0))
    return float(np.mean(found)) if found else float("nan")


def _first_beat(onsets: np.ndarray) -> int:
    return int(onsets.min()) // TICKS_PER_BEAT * TICKS_PER_BEAT


def _window(onsets: np.ndarray, pitches: np.ndarray, at: int, span: int) -> tuple[np.ndarray, np.ndarray]:
    inside = (onsets >= at) & (onsets < at + span)
    return onsets[inside] - at, pitches[inside]


def likeness(places: np.ndarray, tones: np.ndarray, other_places: np.ndarray, other_tones: np.ndarray) -> float:
    """Return the Dice coefficient, 0..1, of two windows of notes (place, pitch) under the best transposition."""
    if not len(places) or not len(other_places):
        return 0.0
    together = places[:, None] == other_places[None]
    steps = (tones[:, None] - other_tones[None])[together]
    best = np.bincount(steps + 128).max() if len(steps) else 0
    return float(2 * best / (len(places) + len(other_places)))


def is_stuck(notes: Columns) -> bool:
    """Tell whether a cell of up to `LONGEST_CELL` notes is played `TIMES` times in a row without a change."""
    signs = list(zip(np.diff(notes.onset).tolist(), notes.pitch[1:].tolist(), strict=True))
    for cell in range(1, LONGEST_CELL + 1):
        run = _longest_run([one == other for one, other in zip(signs, signs[cell:], strict=False)])
        if run >= cell * (TIMES - 1) and run + cell >= FEWEST:
            return True
    return False


def _longest_run(flags: list[bool]) -> int:
    longest = run = 0
    for flag in flags:
        run = run + 1 if flag else 0
        longest = max(longest, run)
    return longest
