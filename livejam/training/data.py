"""Prepared pieces -> streams of events -> packed windows for the network.

A stream is one part (or all parts of a chorale at once) as rows of classes. A window is a stretch of a stream that
begins with a phrase; each of its phrases is an answer to all that came before it in the window. Batches depend on the
seed and the step alone, so a run that resumes sees what it would have seen. All times are ticks.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from livejam import tokenizer as tok
from livejam.notes import Metre
from livejam.pieces import Part, Piece, Role
from livejam.tokenizer import COLUMN, FIELDS, LIVEJAM
from livejam.training.model import CHOSEN, Batch, Places, Targets

MERGED = ("bach-chorales-m21", "openhymnal")  # corpora that are also heard with all parts at once
WEIGHTS = {  # how often a corpus is heard, beside the others
    "fiddle-abc": 3.0,
    "wjazzd": 3.0,
    "pop909": 2.0,
    "openscore-lieder": 1.5,
    "openscore-quartets": 1.0,
    "bach-chorales-m21": 1.0,
    "openewld-pd": 1.0,
    "openhymnal": 0.7,
    "groove-midi": 0.6,
    "vienna4x22": 0.3,
}
ROLE_WEIGHTS = {Role.BASS: 0.25, Role.COUNTER: 0.5}  # lines that rarely lead
PREDICTED_COLUMNS = [COLUMN[name] for name in tok.PREDICTED]
CHOSEN_COLUMNS = [COLUMN[name] for name in CHOSEN]


@dataclass(frozen=True)
class Dropping:
    """How often a window goes without a condition, or an answer without its call."""

    style: float = 0.3
    role: float = 0.3
    metre: float = 0.3
    chords: float = 0.6
    velocity: float = 0.3  # known velocities withheld
    invented_velocity: float = 0.35  # unknown velocities replaced by plausible ones, never to be predicted
    call: float = 0.1
    transpose: int = 6  # semitones either way


PLAIN = Dropping(0, 0, 0, 1.0, 0, 0, 0, 0)  # for validation: what is known is told, except chords


@dataclass(frozen=True, eq=False)
class Stream:
    """One line of music as events."""

    corpus: str
    rows: np.ndarray  # (N, len(FIELDS)) int16, who = 0
    onsets: np.ndarray  # (N,) int64 ticks
    bar_starts: np.ndarray  # (N,) int64: tick at which the bar (or beat) of each note begins
    role: Role
    starts: np.ndarray  # (P + 1,) first note of each phrase, then N
    marked: np.ndarray  # (P,) bool: the source marks the phrase's end


def streams(pieces: Sequence[Piece], fewest: int = 16) -> list[Stream]:
    """Return the streams of `pieces` that have at least `fewest` notes."""
    parts = [(piece, part) for piece in pieces for part in (*piece.parts, *_merged(piece))]
    return [_stream(piece, part) for piece, part in parts if len(part.notes) >= fewest]


def _merged(piece: Piece) -> tuple[Part, ...]:
    if piece.corpus not in MERGED or len(piece.parts) < 2:
        return ()
    notes = np.sort(np.concatenate([part.notes for part in piece.parts]), order=["onset", "pitch"])
    lead = piece.parts[0]
    at = np.searchsorted(notes["onset"], lead.notes["onset"][lead.phrases["start"]])
    at[0] = 0
    starts, first = np.unique(at, return_index=True)
    phrases = lead.phrases[first].copy()
    phrases["start"] = starts
    return (Part(Role.ALL, notes, phrases),)


def _stream(piece: Piece, part: Part) -> Stream:
    notes, n = part.notes, len(part.notes)
    onsets = notes["onset"].astype(np.int64)
    pitches = notes["pitch"].astype(np.int64)
    rows = np.zeros((n, len(FIELDS)), np.int64)
    bar_starts = onsets - onsets % tok.TICKS_PER_BEAT
    for span, metre in _metre_spans(piece, onsets):
        tok.known_columns(rows[span], onsets[span], tok.Context(metre, part.role, piece.style), 0)
        if metre:
            bar_starts[span] = onsets[span] - (onsets[span] - metre.bar_line) % metre.bar_ticks
    rows[:, COLUMN["delta"]] = tok.quantised_deltas(onsets, int(min(bar_starts[0], onsets[0])))
    rows[:, COLUMN["pitch"]] = pitches
    rows[1:, COLUMN["interval"]] = tok.interval_class(pitches[1:], pitches[:-1])
    rows[:, COLUMN["length"]] = tok.length_class(notes["length"])
    rows[:, COLUMN["velocity"]] = tok.velocity_class(notes["velocity"])
    _add_chords(rows, piece.chords, onsets)
    starts = np.append(part.phrases["start"].astype(np.int64), n)
    return Stream(piece.corpus, rows.astype(np.int16), onsets, bar_starts, part.role, starts, part.phrases["marked"])


def _metre_spans(piece: Piece, onsets: np.ndarray) -> Iterator[tuple[slice, Metre | None]]:
    if not len(piece.metres):
        yield slice(0, len(onsets)), None
        return
    edges = [0, *np.searchsorted(onsets, piece.metres["tick"][1:]), len(onsets)]
    for (tick, numerator, denominator), start, end in zip(piece.metres.tolist(), edges, edges[1:], strict=False):
        yield slice(start, end), Metre(numerator, denominator, tick)


def _add_chords(rows: np.ndarray, chords: np.ndarray, onsets: np.ndarray) -> None:
    if len(chords):
        at = np.searchsorted(chords["tick"], onsets, side="right") - 1
        root = np.where(at >= 0, chords["root"][at].astype(np.int64) + 1, 0)
        rows[:, COLUMN["root"]] = root
        rows[:, COLUMN["quality"]] = np.where(root > 0, chords["quality"][at], 0)


@dataclass(frozen=True, eq=False)
class Window:
    """A stretch of a stream, ready to be packed: what is heard, and its phrases as answers."""

    heard: np.ndarray  # (S, F)
    onset: np.ndarray  # (S,) ticks from the bar in which the window begins
    phrase_end: np.ndarray  # (S,) 1, 0, or -1: does not count
    targets: np.ndarray  # (S, 4) attributes of each note, -1 where they do not count
    answer: np.ndarray  # (T, F): for each phrase its start event, then its notes
    answer_onset: np.ndarray  # (T,)
    answer_order: np.ndarray  # (T,)
    answer_note: np.ndarray  # (T,) index of the note to predict, or -1 END, -2 nothing
    phrase: np.ndarray  # (T,) number of the phrase in the window
    sees: np.ndarray  # (T,) how many heard notes the answer may look at


def window(stream: Stream, first: int, notes: int, rng: np.random.Generator, drop: Dropping) -> Window:
    """Return the window of up to `notes` notes of `stream` that begins with phrase `first`."""
    start, end = int(stream.starts[first]), min(int(stream.starts[first]) + notes, len(stream.rows))
    heard = stream.rows[start:end].astype(np.int64)
    origin = stream.bar_starts[start]
    onset = stream.onsets[start:end] - origin
    heard[0, COLUMN["delta"]] = tok.delta_class(max(int(onset[0]), 0))
    heard[0, COLUMN["interval"]] = 0
    _withhold(heard, rng, drop)
    if stream.role != Role.DRUMS and drop.transpose:
        _transpose(heard, rng, drop.transpose)
    targets = heard[:, PREDICTED_COLUMNS].copy()
    _change_velocities(heard, targets, rng, drop)
    begins = np.append(stream.starts[(stream.starts >= start) & (stream.starts < end)] - start, end - start)
    whole = end in stream.starts
    phrase_end = np.zeros(end - start, np.int64)
    marked = stream.marked[first : first + len(begins) - 1]
    phrase_end[begins[1:] - 1] = np.where(marked, 1, -1) if marked.any() or stream.marked.any() else -1
    if not stream.marked.any():
        phrase_end[:] = -1
    if not whole:
        phrase_end[-1] = -1
    turn = (np.searchsorted(begins, np.arange(end - start), side="right") + rng.integers(2)) % 2
    heard[:, COLUMN["who"]] = turn
    heard[begins[:-1], COLUMN["who"]] += 2
    return Window(heard, onset, phrase_end, targets, *_answers(heard, onset, begins, whole, rng, drop))


def _withhold(heard: np.ndarray, rng: np.random.Generator, drop: Dropping) -> None:
    chances = rng.random(4)
    for name, unlikely in (("style", drop.style), ("role", drop.role)):
        if chances[0 if name == "style" else 1] < unlikely:
            heard[:, COLUMN[name]] = 0
    if chances[2] < drop.metre:
        heard[:, COLUMN["metre"]], heard[:, COLUMN["beat"]] = 0, tok.UNKNOWN_BEAT
    if chances[3] < drop.chords:
        heard[:, COLUMN["root"]] = heard[:, COLUMN["quality"]] = 0


def _transpose(heard: np.ndarray, rng: np.random.Generator, most: int) -> None:
    pitches = heard[:, COLUMN["pitch"]]
    shift = int(rng.integers(max(-most, -pitches.min()), min(most, 127 - pitches.max()) + 1))
    heard[:, COLUMN["pitch"]] += shift
    root = heard[:, COLUMN["root"]]
    heard[:, COLUMN["root"]] = np.where(root > 0, (root - 1 + shift) % 12 + 1, 0)


def _change_velocities(heard: np.ndarray, targets: np.ndarray, rng: np.random.Generator, drop: Dropping) -> None:
    column, chance = COLUMN["velocity"], rng.random()
    if heard[:, column].any():
        if chance < drop.velocity:
            heard[:, column] = targets[:, 3] = 0
    elif chance < drop.invented_velocity:
        wander = np.cumsum(rng.normal(0, 4, len(heard)))
        level = rng.uniform(50, 105) + 12 * np.tanh(wander / 12) + rng.normal(0, 6, len(heard))
        heard[:, column] = tok.velocity_class(np.clip(level, 1, 127).astype(np.int64))
        targets[:, 3] = -1


def _answers(
    heard: np.ndarray, onset: np.ndarray, begins: np.ndarray, whole: bool, rng: np.random.Generator, drop: Dropping
) -> tuple[np.ndarray, ...]:
    """Lay out each phrase as a start event and its notes; see Window for the shapes."""
    n, phrases = len(heard), len(begins) - 1
    phrase_of = np.repeat(np.arange(phrases), np.diff(begins))
    before = np.concatenate([np.stack([begins[:-1] - 1, np.arange(phrases)]), np.stack([np.arange(n), phrase_of])], 1)
    note, phrase = before[:, np.lexsort((before[0], before[1]))]  # (T,) the event's own note; phrase by phrase
    is_start = np.concatenate([[True], phrase[1:] != phrase[:-1]])
    answer = heard[np.maximum(note, 0)].copy()
    answer[:, COLUMN["who"]] = LIVEJAM
    answer[
        np.flatnonzero(is_start)[np.diff(np.append(np.flatnonzero(is_start), len(note))) > 1] + 1, COLUMN["who"]
    ] += 2
    deaf = (rng.random(phrases) < drop.call)[phrase]
    answer[is_start, COLUMN["delta"]] = tok.START
    answer[is_start, COLUMN["interval"]] = 0
    answer[is_start, COLUMN["length"]] = tok.NO_LENGTH
    unheard = is_start & (deaf | (note < 0))
    answer[unheard, COLUMN["pitch"]] = tok.NO_PITCH
    answer[unheard, COLUMN["velocity"]] = 0
    answer[np.flatnonzero(unheard) + 1, COLUMN["interval"]] = 0
    answer_onset = np.where(note >= 0, onset[np.maximum(note, 0)], 0)
    first = np.flatnonzero(note < 0)
    answer[first, COLUMN["phase"]] = 0
    answer[first, COLUMN["beat"]] = np.where(answer[first, COLUMN["beat"]] == tok.UNKNOWN_BEAT, tok.UNKNOWN_BEAT, 0)
    following = np.where(np.append(phrase[1:] == phrase[:-1], False), note + 1, -1)
    if not whole:
        following[-1] = -2
    return answer, answer_onset, note, following, phrase, np.where(deaf, 0, begins[:-1][phrase])


class Sampler:
    """Draws batches: corpora by weight, streams by size, windows at random."""

    def __init__(
        self, music: Sequence[Stream], weights: Mapping[str, float], seed: int, rows: int, notes: int, drop: Dropping
    ) -> None:
        self.music, self.seed, self.rows, self.notes, self.drop = list(music), seed, rows, notes, drop
        size = np.array([len(stream.rows) ** 0.7 * ROLE_WEIGHTS.get(stream.role, 1.0) for stream in music])
        corpora = np.array([stream.corpus for stream in music])
        total = {name: size[corpora == name].sum() for name in set(corpora)}
        share = np.array([weights.get(name, 1.0) / total[name] for name in corpora]) * size
        self.share = np.cumsum(share / share.sum())

    def batch(self, step: int) -> Batch:
        """Return the batch of a step; the same seed and step give the same batch."""
        rng = np.random.default_rng([self.seed, step])
        packer = Packer(self.rows, self.notes)
        misses = 0
        while misses < 6:
            stream = self.music[min(int(np.searchsorted(self.share, rng.random())), len(self.music) - 1)]
            note = rng.integers(len(stream.rows))
            first = int(np.searchsorted(stream.starts, note, side="right")) - 1
            misses += not packer.add(window(stream, first, self.notes, rng, self.drop))
        return packer.batch()


def consecutive(music: Sequence[Stream], rows: int, notes: int, most: int, seed: int) -> Iterator[Batch]:
    """Yield batches that cover up to `most` notes of `music` once, in windows, without augmentation."""
    rng = np.random.default_rng(seed)
    packer, seen = Packer(rows, notes), 0
    for i in rng.permutation(len(music)):
        first = 0
        while first < len(music[i].starts) - 1 and seen < most:
            piece = window(music[i], first, notes, rng, PLAIN)
            if not packer.add(piece):
                yield packer.batch()
                packer = Packer(rows, notes)
                packer.add(piece)
            seen += len(piece.heard)
            reached = music[i].starts[first] + len(piece.heard)
            first = max(first + 1, int(np.searchsorted(music[i].starts, reached, side="right")) - 1)
    if packer.filled:
        yield packer.batch()


class Packer:
    """Packs windows into rows, first fit; masks keep them apart."""

    def __init__(self, rows: int, notes: int) -> None:
        self.shape = (rows, notes)
        self.room = 9 * notes // 8  # for answers: a start event a phrase
        self.filled = 0
        self.windows: list[list[Window]] = [[] for _ in range(rows)]

    def add(self, item: Window) -> bool:
        """Put `item` where there is room; say whether there was."""
        if len(item.answer) > self.room:
            return True  # a window of nothing but tiny phrases: left out
        for row in self.windows:
            heard, answers = sum(len(w.heard) for w in row), sum(len(w.answer) for w in row)
            if heard + len(item.heard) <= self.shape[1] and answers + len(item.answer) <= self.room:
                row.append(item)
                self.filled += 1
                return True
        return False

    def batch(self) -> Batch:
        """Return everything packed so far as tensors."""
        rows, s = self.shape
        t = self.room
        heard, answer = np.zeros((rows, s, len(FIELDS)), np.int64), np.zeros((rows, t, len(FIELDS)), np.int64)
        places = {name: np.zeros((rows, n), np.int64) for name, n in
                  (("onset", s), ("order", s), ("answer_onset", t), ("answer_order", t), ("sees", t))}  # fmt: skip
        owner, answer_owner, phrase = np.full((rows, s), -1), np.full((rows, t), -1), np.full((rows, t), -1)
        end = np.full((rows, s), -1)
        next_heard, next_answer = _no_targets(rows, s), _no_targets(rows, t)
        for r, items in enumerate(self.windows):
            i = j = 0
            for k, w in enumerate(items):
                here, there = slice(i, i + len(w.heard)), slice(j, j + len(w.answer))
                heard[r, here], answer[r, there] = w.heard, w.answer
                places["onset"][r, here], places["order"][r, here] = w.onset, np.arange(len(w.heard))
                places["answer_onset"][r, there], places["answer_order"][r, there] = w.answer_onset, w.answer_order
                places["sees"][r, there] = w.sees + i * (w.sees > 0)
                owner[r, here], answer_owner[r, there], phrase[r, there] = k, k, w.phrase + 1000 * k
                end[r, here] = w.phrase_end
                following = np.append(np.arange(1, len(w.heard)), -2)
                _fill_targets(next_heard, r, here, w, following)
                _fill_targets(next_answer, r, there, w, w.answer_note)
                i, j = here.stop, there.stop
        ends = places.pop("sees")
        p = {name: torch.from_numpy(value) for name, value in places.items()}
        o, ao, ph = (torch.from_numpy(x) for x in (owner, answer_owner, phrase))
        index = torch.arange(s)
        cross = (ao[:, :, None] == o[:, None, :]) & (index < torch.from_numpy(ends)[:, :, None])
        cross = torch.cat([cross, torch.ones(rows, t, 1, dtype=torch.bool)], dim=2)
        return Batch(
            torch.from_numpy(heard), Places(p["onset"], p["order"]), _causal(o), _tensors(next_heard),
            torch.from_numpy(end), torch.from_numpy(answer), Places(p["answer_onset"], p["answer_order"]),
            _causal(ph), cross[:, None], _tensors(next_answer),
        )  # fmt: skip


def _causal(owner: torch.Tensor) -> torch.Tensor:
    n = owner.shape[1]
    same = owner[:, :, None] == owner[:, None, :]
    return (same & torch.ones(n, n, dtype=torch.bool).tril())[:, None]


def _no_targets(rows: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    return np.full((rows, n, len(tok.PREDICTED)), -1), np.zeros((rows, n, len(CHOSEN)), np.int64)


def _fill_targets(
    targets: tuple[np.ndarray, np.ndarray], row: int, at: slice, w: Window, following: np.ndarray
) -> None:
    """Put the notes with the indices `following` (-1: END, -2: nothing) as targets at `row`, `at`."""
    classes, chosen = targets
    note = np.maximum(following, 0)
    real = (following >= 0)[:, None]
    classes[row, at] = np.where(real, w.targets[note], -1)
    classes[row, at, 0] = np.where(following == -1, tok.END, classes[row, at, 0])
    chosen[row, at] = np.where(real, w.heard[note][:, CHOSEN_COLUMNS], 0)


def _tensors(targets: tuple[np.ndarray, np.ndarray]) -> Targets:
    return Targets(*(torch.from_numpy(array) for array in targets))
