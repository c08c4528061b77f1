"""How long livejam waits after the end of a phrase, and how often it takes its turn inside one: `livejam turns`.

The turn-taker of a jam hears whole parts of prepared music, in virtual time, by several rules. A phrase is what lies
between two ends that the source itself marks. The player stops at a marked end until livejam has taken its turn, as in
a jam; how often the music itself went on sooner is counted as missed. A turn taken before the marked end is a false
start, one a phrase at most. The network hears each note on the source's own beat.

Knows nothing of ONNX or of how pieces were prepared. Seconds; ticks say so. One thread.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from pathlib import Path
from typing import Protocol

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.table import Table

from livejam.errors import LivejamError
from livejam.exam import Notes, metre_at
from livejam.files import save_figures
from livejam.modes import Silence
from livejam.notes import TICKS_PER_BEAT, Note, NoteOff, NoteOn, TickNote
from livejam.pieces import Part, Piece
from livejam.pulse import DEFAULT_BPM
from livejam.tokenizer import Context
from livejam.turns import Estimate, Play, PlaybackDone, State, TurnRules, TurnTaker

FIXED = (0.3, 0.6, 1.0)  # seconds of silence
BREATH = 1.0  # seconds from livejam's turn to the player's next phrase
Z = 1.96  # standard deviations either way that hold 95 % of a normal distribution

Advance = Callable[[int], None]  # told how many phrases have just been played


class Listener(Protocol):
    """What hears phrases and says how likely each note was their last."""

    def restart(self) -> None:
        """Forget everything."""

    def hear(self, notes: Sequence[TickNote], context: Context, player: bool) -> None:
        """Append one phrase to the memory."""

    def phrase_ends(self, count: int) -> list[float]:
        """Return for the latest `count` notes, or as many as are remembered, how likely the phrase was over then."""


@dataclass(frozen=True, slots=True)
class Call:
    """A phrase with a marked end."""

    notes: Notes  # on the grid
    context: Context
    played: tuple[Note, ...]  # the same notes in seconds from the first onset
    gap: float  # seconds from the last release to the next onset in the source; inf at the end of a part

    @property
    def length(self) -> float:
        """Seconds from its first onset to its last release."""
        return max(note.onset + note.duration for note in self.played)


@dataclass(frozen=True, slots=True)
class Wait:
    """How one call was taken."""

    delay: float  # seconds from the last release to livejam's turn
    false_start: bool
    missed: bool  # the music went on sooner


@dataclass(frozen=True, slots=True)
class Rule:
    """A way to judge silences."""

    name: str
    silence: float | None  # seconds; None: by the player's habits
    listens: bool = False  # and by what the network says

    def turn_taker(self) -> TurnTaker:
        """Return a fresh turn-taker that follows it."""
        return TurnTaker(TurnRules(Silence(self.silence)))


@dataclass(frozen=True, slots=True)
class Result:
    """One rule on the calls of one corpus."""

    corpus: str
    rule: str
    waits: tuple[Wait, ...]
    assumed: float  # share of calls whose tempo is unknown

    def as_json(self) -> dict[str, float | int]:
        """Return the figures as they are written to a file: seconds, and shares of the phrases.

        Low and high are the ends of 95 % intervals that take phrases for independent of each other.
        """
        delays = np.array([wait.delay for wait in self.waits])
        answered = [wait.delay for wait in self.waits if not wait.missed]
        false_starts = sum(wait.false_start for wait in self.waits)
        (low, high), (fewest, most) = median_interval(delays), share_interval(false_starts, len(self.waits))
        return {
            "phrases": len(self.waits),
            "delay_median": round(float(np.median(delays)), 4),
            "delay_median_low": round(low, 4),
            "delay_median_high": round(high, 4),
            "delay_p90": round(float(np.percentile(delays, 90)), 4),
            "false_starts": false_starts / len(self.waits),
            "false_starts_low": fewest,
            "false_starts_high": most,
            "missed_ends": sum(wait.missed for wait in self.waits) / len(self.waits),
            "delay_median_not_missed": round(float(np.median(answered)), 4) if answered else float("nan"),
            "tempo_assumed": self.assumed,
        }


def median_interval(values: np.ndarray) -> tuple[float, float]:
    """Return a 95 % interval of the median of `values` (N,) by their ranks."""
    ordered, spread = np.sort(values), Z * np.sqrt(len(values)) / 2
    low, high = int(np.floor(len(values) / 2 - spread)), int(np.ceil(len(values) / 2 + spread))
    return float(ordered[max(low, 0)]), float(ordered[min(high, len(values) - 1)])


def share_interval(count: int, total: int) -> tuple[float, float]:
    """Return a 95 % interval of the share behind `count` of `total` (Wilson 1927)."""
    middle, weight = (count + Z**2 / 2) / (total + Z**2), 1 / (total + Z**2)
    spread = Z * weight * math.sqrt(count * (total - count) / total + Z**2 / 4)
    return max(middle - spread, 0.0), min(middle + spread, 1.0)


def rules(network: bool) -> tuple[Rule, ...]:
    """Return the rules to be compared; the last one needs the network."""
    fixed = tuple(Rule(f"{silence} s", silence) for silence in FIXED)
    return *fixed, Rule("adaptive", None), *((Rule("with network", None, listens=True),) if network else ())


def calls_of(piece: Piece, part: Part) -> tuple[Call, ...]:
    """Return the phrases of a part that end at marks, unmarked cuts within them ignored."""
    notes = [TickNote(onset, pitch, length, velocity) for onset, length, pitch, velocity in part.notes.tolist()]
    onsets = seconds_at(piece.tempos, part.notes["onset"])
    ends = seconds_at(piece.tempos, part.notes["onset"] + part.notes["length"].astype(np.int64))
    cuts = np.append(part.phrases["start"][1:], len(notes))[part.phrases["marked"]].tolist()
    calls = []
    for start, end in pairwise([0, *cuts]):
        zero = onsets[start]
        played = tuple(
            Note(onset - zero, note.pitch, note.velocity or 64, until - onset)
            for note, onset, until in zip(notes[start:end], onsets[start:end], ends[start:end], strict=True)
        )
        context = Context(metre_at(piece.metres, notes[start].onset))
        gap = float(onsets[end] - ends[start:end].max()) if end < len(notes) else np.inf
        calls.append(Call(tuple(notes[start:end]), context, played, gap))
    return tuple(calls)


def seconds_at(tempos: np.ndarray, ticks: np.ndarray) -> np.ndarray:
    """Return the seconds (float64) of `ticks` by TEMPO changes; without any, at 120 quarter notes a minute."""
    at = tempos["tick"].astype(np.int64) if len(tempos) else np.zeros(1, np.int64)
    tick = 60 / TICKS_PER_BEAT / (tempos["bpm"].astype(float) if len(tempos) else np.array([DEFAULT_BPM]))
    reached = np.concatenate([[0.0], np.cumsum(np.diff(at) * tick[:-1])])
    change = np.maximum(np.searchsorted(at, ticks, side="right") - 1, 0)
    return np.asarray(reached[change] + (ticks - at[change]) * tick[change])


def take(turns: TurnTaker, call: Call, start: float, ends: Sequence[float] | None = None) -> Wait:
    """Play `call` at `start` (seconds), wait for the turn to pass, and end livejam's turn at once.

    `ends`: for each of its latest notes, the probability that the call was over with it.
    """
    passed: list[float] = []  # when turns were taken
    ended = 0  # number of the last note of those that have ended
    for at, number, event in _key_events(call.played):
        passed += _turns_taken(turns, start + at)
        turns.handle(event, start + at)
        if ends is not None and isinstance(event, NoteOff):
            ended = max(ended, number)
            from_last = ended - len(call.played)
            if -from_last <= len(ends):
                turns.handle(Estimate(ends[from_last]), start + at)
    end = start + call.length
    false_start = bool(passed)
    if turns.state is State.LISTENING:
        passed += _turns_taken(turns, turns.over_at)
    turns.handle(PlaybackDone(turns.turn), passed[-1])
    delay = passed[-1] - end
    return Wait(delay, false_start, bool(call.gap < delay))


def _key_events(notes: Sequence[Note]) -> list[tuple[float, int, NoteOn | NoteOff]]:
    """Return (seconds, number of the note, event) by time, releases first."""
    events: list[tuple[float, int, NoteOn | NoteOff]] = []
    for number, note in enumerate(notes):
        events.append((note.onset, number, NoteOn(note.pitch, note.velocity)))
        events.append((note.onset + note.duration, number, NoteOff(note.pitch)))
    return sorted(events, key=lambda event: (event[0], isinstance(event[2], NoteOn)))


def _turns_taken(turns: TurnTaker, until: float) -> list[float]:
    """Let deadlines pass up to `until`; return when livejam took its turn."""
    taken = []
    while (deadline := turns.deadline) is not None and deadline <= until:
        taken += [deadline for action in turns.handle_timeout(deadline) if isinstance(action, Play)]
    return taken


def play_part(calls: Sequence[Call], rule: Rule, listener: Listener | None = None) -> Iterator[Wait]:
    """Yield how each call of a part is taken by `rule`."""
    turns, now = rule.turn_taker(), 0.0
    if listener:
        listener.restart()
    for call in calls:
        ends = None
        if listener and rule.listens:
            listener.hear(call.notes, call.context, player=True)
            ends = listener.phrase_ends(len(call.notes))
        wait = take(turns, call, now, ends)
        yield wait
        now += call.length + max(wait.delay, 0.0) + BREATH


def chosen_parts(pieces: Sequence[Piece], most: int, seed: int = 1) -> list[tuple[Piece, tuple[Call, ...]]]:
    """Return parts with marked phrases, in a random order, until they have at least `most` phrases together."""
    parts = [(piece, part) for piece in pieces for part in piece.parts if part.phrases["marked"].any()]
    chosen: list[tuple[Piece, tuple[Call, ...]]] = []
    for i in np.random.default_rng(seed).permutation(len(parts)):
        if sum(len(calls) for _, calls in chosen) >= most:
            break
        chosen.append((parts[i][0], calls_of(*parts[i])))
    return chosen


def measure(
    pieces: Sequence[Piece], most: int, listener: Listener | None = None, advance: Advance = lambda _: None
) -> Iterator[Result]:
    """Yield the results of every rule on every corpus's validation split, about `most` phrases of each.

    Raises:
        LivejamError: no phrase has a marked end.
    """
    found = False
    for corpus in dict.fromkeys(piece.corpus for piece in pieces):
        parts = chosen_parts([p for p in pieces if (p.corpus, p.split) == (corpus, "valid")], most)
        total = sum(len(calls) for _, calls in parts)
        assumed = sum(len(calls) for piece, calls in parts if not len(piece.tempos))
        for rule in rules(listener is not None) if parts else ():
            waits: list[Wait] = []
            for _, calls in parts:
                waits += play_part(calls, rule, listener if rule.listens else None)
                advance(len(calls))
            found = True
            yield Result(corpus, rule.name, tuple(waits), assumed / total)
    if not found:
        raise LivejamError("no phrase of the validation split has a marked end; wjazzd and fiddle-abc have some")


def results_table(results: Sequence[Result]) -> Table:
    """Return the results for the screen."""
    caption = (
        "seconds from the last note-off of a phrase to livejam's turn\n"
        "too soon: turns taken inside a phrase (false starts); missed: the music went on sooner\n"
        "95 %: the interval that holds the true figure so often"
    )
    table = Table(box=SIMPLE_HEAD, padding=(0, 0, 0, 0), pad_edge=False, caption=caption, caption_justify="left")
    for name in ("corpus", "silence", "median", "95 %", "too soon", "95 %", "missed"):
        table.add_column(name, justify="left" if name in ("corpus", "silence") else "right", no_wrap=True)
    for corpus in dict.fromkeys(result.corpus for result in results):
        own = [result for result in results if result.corpus == corpus]
        for first, result in zip_longest((corpus, f"{len(own[0].waits):,} phrases"), own):
            table.add_row(first or "", *(_row(result) if result else ()))
    return table


def _row(result: Result) -> tuple[str, ...]:
    figures = result.as_json()
    delays = (f"{figures['delay_median']:.2f}", f"{figures['delay_median_low']:.2f}-{figures['delay_median_high']:.2f}")
    low, high = 100 * figures["false_starts_low"], 100 * figures["false_starts_high"]
    return (
        result.rule,
        *delays,
        f"{figures['false_starts']:.2%}",
        f"{low:.1f}-{high:.1f}",
        f"{figures['missed_ends']:.1%}",
    )


def write_json(results: Sequence[Result], path: Path) -> None:
    """Write the figures of every corpus and rule to `path`.

    Raises:
        FileError: it can't be written.
    """
    corpora: dict[str, dict[str, object]] = {}
    for result in results:
        corpora.setdefault(result.corpus, {})[result.rule] = result.as_json()
    save_figures(path, {"corpora": corpora})
