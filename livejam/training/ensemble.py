"""Pieces of several parts -> bands -> windows of accompaniment, which `batches` packs for the network.

A band is a piece as lead, bass, chords and drums. Its music is heard span by span, a beat or more each, and in a span
part by part: bass, chords, drums, then the lead. So each part of a span can be made up from all spans before, and from
the parts before it in the same span, but not from what the player does in it: that lies in the future. Sometimes the
lead is livejam's, too, as in a solo. An answer is one part of one span, with the silence before its first note counted
from the start of the span, and with an end.

Knows nothing of PyTorch or of batches. All times are ticks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from livejam import controls as c
from livejam import tokenizer as tok
from livejam.controls import CONTROL, CONTROLS
from livejam.harmony import chords_of
from livejam.notes import TICKS_PER_BEAT, Metre
from livejam.parts import ORDER, parts_of
from livejam.pieces import Piece, Role, Style
from livejam.tokenizer import COLUMN, FIELDS, LIVEJAM, NO_PITCH, PLAYER
from livejam.training.data import (
    PREDICTED_COLUMNS,
    Dropping,
    Window,
    change_velocities,
    chords_at,
    metre_spans,
    room,
    transpose,
)

WEIGHTS = {  # how often a corpus is played by a band, beside the others
    "pop909": 3.0,
    "openscore-lieder": 2.0,
    "wjazzd": 1.5,
    "groove-midi": 0.8,
    "bach-chorales-m21": 0.6,
    "openhymnal": 0.5,
    "openewld-pd": 0.4,
    "openscore-quartets": 0.4,
}
SPANS = (24, 48, 48, 48, 48, 72, 96)  # ticks, drawn with equal chances
LONGEST_WINDOW = 96 * TICKS_PER_BEAT  # ticks
DRUMMED = {Style.CLASSICAL: 0.1}  # chance that drums are laid under 4/4 that has none
USUALLY_DRUMMED = 0.55
MISSING = {Role.BASS: 0.12, Role.CHORDS: 0.12, Role.DRUMS: 0.15, Role.MELODY: 0.05}  # chance that one does not play
RESTS = 0.35  # chance that a part that rests for a span is asked for it


@dataclass(frozen=True, eq=False)
class Line:
    """One part as events."""

    role: Role
    rows: np.ndarray  # (N, F) int16; deltas and intervals from the note before in this part; who = 0
    onsets: np.ndarray  # (N,) int64


@dataclass(frozen=True, eq=False)
class Band:
    """A piece, part by part."""

    corpus: str
    style: Style
    lines: tuple[Line, ...]  # in the order of ORDER, at most one of each role
    metres: tuple[tuple[int, int, Metre], ...]  # from, to, metre
    chords: np.ndarray  # (C,) CHORD
    notes: int


@dataclass(frozen=True, eq=False)
class SpanWindow(Window):
    """A window whose answers are parts of spans: what comes next in an answer differs from what is heard next."""

    next_rows: np.ndarray  # (T, F) the note to predict
    next_targets: np.ndarray  # (T, 4) its attributes, END among them

    def coming(self) -> tuple[np.ndarray, np.ndarray]:
        """Return attributes (T, 4) and event (T, F) of the note after each event of the answers."""
        return self.next_targets, self.next_rows

    def coming_heard(self) -> tuple[np.ndarray, np.ndarray]:
        """Return nothing to predict: which part plays next nobody can tell."""
        return np.full(self.targets.shape, -1), self.heard


def bands(pieces: Sequence[Piece]) -> list[Band]:
    """Return those of `pieces` that have something to accompany with, or that drums can be laid under."""
    found = [_band(piece) for piece in pieces if piece.corpus in WEIGHTS and len(piece.metres)]
    return [band for band in found if band.notes >= 32]


def _band(piece: Piece) -> Band:
    parts = parts_of(piece)
    chords = chords_of(piece, parts)
    lines = tuple(_line(piece, role, parts[role], chords) for role in ORDER if role in parts)
    starts = piece.metres["tick"].tolist()
    last = max((int(line.onsets[-1]) + 1 for line in lines), default=0)
    ends = [*starts[1:], max(last, starts[-1])]
    metres = tuple(
        (tick, end, Metre(numerator, denominator, tick))
        for (tick, numerator, denominator), end in zip(piece.metres.tolist(), ends, strict=True)
        if end - tick >= 4 * TICKS_PER_BEAT
    )
    answering = sum(len(line.onsets) for line in lines) if metres else 0
    return Band(piece.corpus, piece.style, lines, metres, chords, answering)


def _line(piece: Piece, role: Role, notes: np.ndarray, chords: np.ndarray) -> Line:
    onsets, pitches = notes["onset"].astype(np.int64), notes["pitch"].astype(np.int64)
    rows = np.zeros((len(notes), len(FIELDS)), np.int64)
    for span, metre in metre_spans(piece, onsets):
        tok.known_columns(rows[span], onsets[span], tok.Context(metre, role, piece.style), 0)
    rows[:, COLUMN["delta"]] = tok.quantised_deltas(onsets, int(onsets[0]))
    rows[:, COLUMN["pitch"]] = pitches
    rows[1:, COLUMN["interval"]] = tok.interval_class(pitches[1:], pitches[:-1])
    rows[:, COLUMN["length"]] = tok.length_class(notes["length"])
    rows[:, COLUMN["velocity"]] = tok.velocity_class(notes["velocity"])
    rows[:, [COLUMN["root"], COLUMN["quality"]]] = chords_at(chords, onsets)
    return Line(role, rows.astype(np.int16), onsets)


class Stagehand:
    """Draws windows of bands: corpora by weight, pieces by size."""

    def __init__(self, music: Sequence[Band], weights: Mapping[str, float] = WEIGHTS) -> None:
        self.music = list(music)
        size = np.array([band.notes**0.7 for band in music])
        corpora = np.array([band.corpus for band in music])
        total = {name: size[corpora == name].sum() for name in set(corpora)}
        share = np.array([weights.get(name, 0.0) / total[name] for name in corpora]) * size
        self.share = np.cumsum(share / share.sum())
        self.grooves: dict[Style, list[Line]] = {}
        for band in music:
            if {line.role for line in band.lines} == {Role.DRUMS} and _common(band.metres[0][2]):
                self.grooves.setdefault(band.style, []).append(band.lines[0])

    def draw(self, notes: int, rng: np.random.Generator, drop: Dropping) -> tuple[str, SpanWindow]:
        """Return a corpus, and a window of up to `notes` notes."""
        while True:
            band = self.music[min(int(np.searchsorted(self.share, rng.random())), len(self.music) - 1)]
            sizes = np.array([end - start for start, end, _ in band.metres])
            start, end, metre = band.metres[rng.choice(len(sizes), p=sizes / sizes.sum())]
            span = SPANS[rng.integers(len(SPANS))]
            beats = max(1, (end - start - span) // TICKS_PER_BEAT)
            begin = start + TICKS_PER_BEAT * int(rng.integers(beats))
            lines = self._playing(band, metre, begin, rng)
            item = span_window(replace(band, lines=lines), begin, min(end, begin + LONGEST_WINDOW), metre, span,
                               notes, rng, drop)  # fmt: skip
            if item is not None:
                return band.corpus, item

    def _playing(self, band: Band, metre: Metre, begin: int, rng: np.random.Generator) -> tuple[Line, ...]:
        """Return who plays: sometimes not all, sometimes with drums of elsewhere."""
        there = {line.role: line for line in band.lines}
        chance = DRUMMED.get(band.style, USUALLY_DRUMMED)
        if Role.DRUMS not in there and self.grooves and _common(metre) and rng.random() < chance:
            known = self.grooves.get(band.style) or next(iter(self.grooves.values()))
            there[Role.DRUMS] = _laid(known[rng.integers(len(known))], metre, begin, band.style, rng)
        missing = {role for role in there if rng.random() < MISSING[role]}
        kept = {role: line for role, line in there.items() if role not in missing or set(there) == {role}}
        return tuple(kept[role] for role in ORDER if role in kept) or tuple(there.values())


def _common(metre: Metre) -> bool:
    return (metre.numerator, metre.denominator) == (4, 4)


def _laid(groove: Line, metre: Metre, begin: int, style: Style, rng: np.random.Generator) -> Line:
    """Return a groove moved by whole bars so that it plays from some bar of its own on at `begin`, over and over."""
    bar = metre.bar_ticks
    bars = int(groove.onsets[-1]) // bar + 1
    first = int(rng.integers(bars)) if bars > 4 else 0
    laps = -(-LONGEST_WINDOW // (bars * bar)) + 1
    onsets = np.concatenate([groove.onsets + lap * bars * bar for lap in range(laps)]) - first * bar
    rows = np.concatenate([groove.rows] * laps)
    from_here = onsets >= 0
    line = metre.bar_line + (begin - metre.bar_line) // bar * bar
    rows = rows[from_here].copy()
    rows[:, COLUMN["style"]], rows[:, COLUMN["metre"]] = style, tok.metre_class(4, 4)
    return Line(Role.DRUMS, rows, onsets[from_here] + line)


@dataclass(frozen=True, slots=True, eq=False)
class _Heard:
    """The music of a window in the order in which it is heard."""

    rows: np.ndarray  # (S, F) int64
    onsets: np.ndarray  # (S,) of the piece
    groups: np.ndarray  # (S,) which part of which span: span number * len(ORDER) + place in ORDER, ascending

    @property
    def parts(self) -> np.ndarray:
        """Place in ORDER of each note's part."""
        return self.groups % len(ORDER)


def _gather(band: Band, begin: int, end: int, span: int, notes: int) -> _Heard | None:
    """Return as many whole spans from `begin` on as have up to `notes` notes, at least one."""
    rows, onsets, groups = [], [], []
    for line in band.lines:
        low, high = np.searchsorted(line.onsets, (begin, end))
        part = line.rows[low:high].astype(np.int64)
        if high > low:  # nothing before is known
            part[0, COLUMN["interval"]] = 0
            bar = tok.start_onset(int(line.onsets[low]), band.metres[0][2]) if band.metres else int(line.onsets[low])
            part[0, COLUMN["delta"]] = tok.delta_class(np.maximum(line.onsets[low : low + 1] - bar, 0))[0]
        rows.append(part)
        onsets.append(line.onsets[low:high])
        groups.append((line.onsets[low:high] - begin) // span * len(ORDER) + ORDER.index(line.role))
    row, onset, group = np.concatenate(rows), np.concatenate(onsets), np.concatenate(groups)
    order = np.lexsort((row[:, COLUMN["pitch"]], onset, group))
    number = group[order] // len(ORDER)
    if len(order) > notes:
        order = order[: int(np.searchsorted(number, number[notes]))]
    if not len(order):
        return None
    return _Heard(row[order], onset[order], group[order])


def span_window(
    band: Band, begin: int, end: int, metre: Metre, span: int, notes: int, rng: np.random.Generator, drop: Dropping
) -> SpanWindow | None:
    """Return a window of `band` from tick `begin` on, up to `end` or to `notes` notes, in spans of `span` ticks.

    None: nothing is played there that can be asked for.
    """
    music = _gather(replace(band, metres=((begin, end, metre),)), begin, end, span, notes)
    if music is None:
        return None
    heard, parts = music.rows, music.parts
    melody = parts == ORDER.index(Role.MELODY)
    solo = rng.random() < drop.solo
    heard[:, COLUMN["who"]] = np.where(melody & (not solo), PLAYER, LIVEJAM)
    heard[np.append(True, np.diff(music.groups) != 0), COLUMN["who"]] += 2
    if rng.random() < drop.style:
        heard[:, COLUMN["style"]] = 0
    chordless = rng.random() < drop.band_chords or not len(band.chords)
    if chordless:
        heard[:, COLUMN["root"]] = heard[:, COLUMN["quality"]] = 0
    pitched = parts != ORDER.index(Role.DRUMS)
    shift = transpose(heard, rng, drop.transpose, pitched) if drop.transpose and pitched.any() else 0
    targets = heard[:, PREDICTED_COLUMNS].copy()
    change_velocities(heard, targets, rng, drop)
    chosen = _chosen(music, len(ORDER) - (not solo), notes, rng)
    if chosen is None:
        return None
    return _answers(band, music, chosen, targets, metre, begin, span, (shift, chordless), rng, drop)


@dataclass(frozen=True, slots=True, eq=False)
class _Chosen:
    """The answers of a window: which part of which span each is."""

    groups: np.ndarray  # (G,) as in _Heard, ascending
    first: np.ndarray  # (G,) index of the first note, or where it would be
    counts: np.ndarray  # (G,) notes


def _chosen(music: _Heard, asked: int, notes: int, rng: np.random.Generator) -> _Chosen | None:
    """Choose answers at random among the first `asked` parts, as many as there is room for; some of them are rests."""
    spans = int(music.groups[-1]) // len(ORDER) + 1
    there = [part for part in range(asked) if (music.parts == part).any()]
    groups = np.array([number * len(ORDER) + part for number in range(spans) for part in there], np.int64)
    if not len(groups):
        return None
    first, after = np.searchsorted(music.groups, groups), np.searchsorted(music.groups, groups, side="right")
    counts = after - first
    wanted = (counts > 0) | (rng.random(len(groups)) < RESTS)
    order = rng.permutation(np.flatnonzero(wanted))
    fits = np.cumsum(counts[order] + 1) <= room(notes)
    kept = np.sort(order[fits])
    return _Chosen(groups[kept], first[kept], counts[kept]) if len(kept) else None


def _answers(
    band: Band, music: _Heard, chosen: _Chosen, targets: np.ndarray, metre: Metre, begin: int, span: int,
    known: tuple[int, bool], rng: np.random.Generator, drop: Dropping,
) -> SpanWindow:  # fmt: skip
    heard = music.rows
    sizes = chosen.counts + 1  # with the event an answer starts with
    answer = np.repeat(np.arange(len(sizes)), sizes)  # (T,) its number
    place = np.arange(len(answer)) - np.repeat(np.cumsum(sizes) - sizes, sizes)  # 0: its start
    starts, firsts = place == 0, place == 1
    first = chosen.first[answer]
    own = np.where(starts, -1, first + place - 1)
    following = np.where(place == chosen.counts[answer], -1, first + place)
    span_start = begin + chosen.groups // len(ORDER) * span  # (G,)
    deaf = rng.random(len(sizes)) < drop.call
    opening = _openings(band, music, chosen, span_start, metre, known)
    opening[deaf, COLUMN["pitch"]], opening[deaf, COLUMN["velocity"]] = NO_PITCH, 0

    wait = np.zeros(len(answer), np.int64)  # class of the first note's delta, from the start of the span
    some = chosen.counts[answer] > 0
    wait[some] = tok.delta_class(music.onsets[first[some]] - span_start[answer[some]])
    rows = np.where(starts[:, None], opening[answer], heard[np.maximum(own, 0)])
    rows[firsts, COLUMN["delta"]] = wait[firsts]
    rows[:, COLUMN["who"]] = LIVEJAM
    rows[firsts, COLUMN["who"]] += 2
    unknown = opening[answer, COLUMN["pitch"]] == NO_PITCH
    rows[firsts & unknown, COLUMN["interval"]] = 0

    real = following >= 0
    next_rows = np.where(real[:, None], heard[np.maximum(following, 0)], 0)
    next_targets = np.where(real[:, None], targets[np.maximum(following, 0)], -1)
    next_targets[~real, 0] = tok.END
    next_rows[starts & real, COLUMN["delta"]] = next_targets[starts & real, 0] = wait[starts & real]

    onsets = np.where(starts, span_start[answer], music.onsets[np.maximum(own, 0)])
    controls = _controls(band, music, chosen, answer, onsets, span_start, metre, span, known, rng, drop)
    origin = tok.start_onset(begin, metre)
    return SpanWindow(
        heard, music.onsets - origin, np.full(len(heard), -1), targets, rows, onsets - origin,
        np.where(starts, first - 1, own), following, answer, np.where(deaf[answer], 0, first), controls,
        next_rows, next_targets,
    )  # fmt: skip


def _openings(
    band: Band, music: _Heard, chosen: _Chosen, span_start: np.ndarray, metre: Metre, known: tuple[int, bool]
) -> np.ndarray:
    """Return the events (G, F) with which answers start: after the latest note of the same part."""
    heard, (shift, chordless) = music.rows, known
    rows = np.zeros((len(span_start), len(FIELDS)), np.int64)
    rows[:, COLUMN["phase"]], rows[:, COLUMN["beat"]] = tok.bar_place(span_start, metre)
    for name in ("metre", "style"):
        rows[:, COLUMN[name]] = heard[0, COLUMN[name]]
    parts = chosen.groups % len(ORDER)
    rows[:, COLUMN["role"]] = np.array(ORDER)[parts]
    if not chordless:
        rows[:, [COLUMN["root"], COLUMN["quality"]]] = _moved(chords_at(band.chords, span_start), shift)
    rows[:, COLUMN["delta"]], rows[:, COLUMN["length"]] = tok.START, tok.NO_LENGTH
    rows[:, COLUMN["pitch"]] = NO_PITCH
    for part in set(parts.tolist()):
        index = np.flatnonzero(music.parts == part)
        mine = np.flatnonzero(parts == part)
        before = np.searchsorted(index, chosen.first[mine]) - 1
        mine, before = mine[before >= 0], before[before >= 0]
        for name in ("pitch", "velocity"):
            rows[mine, COLUMN[name]] = heard[index[before], COLUMN[name]]
    return rows


def _moved(chords: np.ndarray, shift: int) -> np.ndarray:
    """Return classes (N, 2) of root and quality, moved by `shift` semitones."""
    chords[:, 0] = np.where(chords[:, 0] > 0, (chords[:, 0] - 1 + shift) % 12 + 1, 0)
    return chords


def _controls(
    band: Band, music: _Heard, chosen: _Chosen, answer: np.ndarray, onsets: np.ndarray, span_start: np.ndarray,
    metre: Metre, span: int, known: tuple[int, bool], rng: np.random.Generator, drop: Dropping,
) -> np.ndarray:  # fmt: skip
    """Return what the answers are asked to be (T, C)."""
    shift, chordless = known
    whole = np.zeros((len(span_start), len(CONTROLS)), np.int64)
    drums = ORDER.index(Role.DRUMS)
    pitches = music.rows[:, COLUMN["pitch"]]
    key = int(c.key_of(np.bincount(pitches[music.parts != drums] % 12, minlength=12).astype(float)))
    for i, (group, first, count) in enumerate(zip(chosen.groups, chosen.first, chosen.counts, strict=True)):
        places = len(np.unique(music.onsets[first : first + count]))
        whole[i, CONTROL["density"]] = c.density_class(places * TICKS_PER_BEAT / span)
        if group % len(ORDER) != drums:
            whole[i, CONTROL["key"]] = key
            if count:
                whole[i, CONTROL["register"]] = c.register_class(float(pitches[first : first + count].mean()))
    whole[rng.random(whole.shape) < drop.control] = 0
    whole[rng.random(len(whole)) < drop.controls] = 0
    rows = whole[answer]
    beat, began = ((ticks - metre.bar_line) // TICKS_PER_BEAT for ticks in (onsets, span_start[answer]))
    told = rng.random(len(whole)) >= drop.uncounted
    rows[:, CONTROL["beats"]] = np.where(told[answer], c.beats_class(span // TICKS_PER_BEAT - (beat - began)), 0)
    if not chordless:
        after = metre.bar_line + TICKS_PER_BEAT * (beat + 1)
        rows[:, [CONTROL["next_root"], CONTROL["next_quality"]]] = _moved(chords_at(band.chords, after), shift)
    return rows
