"""What is measured of answers that were asked to be something: one figure an answer, nan where there is none.

Pure numpy; knows nothing of who played. Ticks, 24 a quarter note; shares are 0 or 1 an answer.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from livejam import controls
from livejam.cases import Case
from livejam.choice import outline
from livejam.controls import Kind
from livejam.exam import Notes, lines_of
from livejam.harmony import TONES
from livejam.measures import features, relation, tonality
from livejam.measures.backing import strong
from livejam.measures.features import Columns
from livejam.measures.judge import judge as log_odds
from livejam.notes import Metre
from livejam.pieces import Piece, Quality, Role, Style
from livejam.steering import Steering
from livejam.tokenizer import Chord, chord_at

NAN = float("nan")
FEWEST = 2  # notes of an answer that can be measured
PHRASES = 200  # of every style, from which a judge learns it


@dataclass(frozen=True, slots=True)
class Played:
    """An answer, and what it was asked to be."""

    case: Case
    chart: tuple[Chord, ...]  # of the piece, asked for or not
    asked: Steering
    notes: Notes  # may be none
    surprise: float  # nats a note of what was chosen

    @property
    def metre(self) -> Metre | None:
        """Bars of the answer."""
        return self.case.reference.context.metre


@dataclass(frozen=True, slots=True)
class Effect:
    """A figure, and how it is measured of a set of answers."""

    name: str
    measure: Callable[[Sequence[Played]], Sequence[float]]


@dataclass(frozen=True, slots=True, eq=False)
class StyleJudge:
    """Tells styles apart, by phrases that people played."""

    styles: tuple[Style, ...]
    known: np.ndarray  # (N, K) features of people's phrases
    truth: np.ndarray  # (N,) their styles

    @classmethod
    def of(cls, pieces: Sequence[Piece], seed: int) -> "StyleJudge":
        """Learn from the lead parts of the training split of `pieces`, or of all of them where there is no split."""
        chosen = [piece for piece in pieces if piece.split == "train"] or pieces
        rng, rows, truth = np.random.default_rng([seed, 5]), [], []
        styles = sorted({piece.style for piece in chosen} - {Style.UNKNOWN})
        for style in styles:
            own = [piece for piece in chosen if piece.style == style]
            drawn = [own[i] for i in rng.permutation(len(own))[:PHRASES]]
            phrases = [
                phrase for line in lines_of(drawn, Role.MELODY) for phrase in line if len(phrase.notes) >= FEWEST
            ]
            picked = [phrases[i] for i in rng.permutation(len(phrases))[:PHRASES]]
            rows += [style_features(phrase.notes, phrase.context.metre) for phrase in picked]
            truth += [int(style)] * len(picked)
        there = tuple(style for style in styles if int(style) in truth)
        return cls(there if len(there) > 1 else (), np.array(rows), np.array(truth))

    def recognised(self, style: Style, played: Sequence[Played]) -> list[float]:
        """Return for each answer whether it is taken for one in `style`, 1 or 0."""
        asked = np.array([style_features(one.notes, one.metre) for one in played])
        odds = [log_odds(self.known, (self.truth == each).astype(float), asked) for each in self.styles]
        taken = np.array(self.styles)[np.argmax(odds, axis=0)]
        return [float(each == style) if one.notes else NAN for each, one in zip(taken, played, strict=True)]


def style_features(notes: Notes, metre: Metre | None) -> np.ndarray:
    """Return what styles are told by (K,): steps, places, lengths and waits of a phrase, and its density."""
    columns = Columns.of(notes)
    shares = features.intervals, features.lengths, features.waits
    places = features.onset_places(columns, metre)
    return np.concatenate([*(share(columns) for share in shares), places, [features.density(columns)]])


def effects_of(judge: StyleJudge) -> Mapping[str, Effect]:
    """Return all that can be measured."""
    kinds = [kind for kind in Kind if kind]
    return {
        "likeness": Effect("likeness to the call, line and rhythm", _each(likeness)),
        "own call": Effect("share matched to its own call among 16", own_call),
        "density": Effect("notes a beat", _each(density)),
        "pitch": Effect("mean pitch", _each(lambda one: float(np.mean([note.pitch for note in one.notes])))),
        "bars": Effect("bars it lasts", _each(bars)),
        "last bar": Effect("share that ends in the bar asked for", _each(ends_in_time)),
        "last note": Effect("share whose last note is a long one", _each(ends_long)),
        **{f"kind {k.name.lower()}": Effect(f"share that {k.name.lower()}", _each(partial(is_kind, k))) for k in kinds},
        "in key": Effect("share of notes in the call's key", _each(partial(in_key, 0))),
        "in far key": Effect("share of notes in a key a tritone off", _each(partial(in_key, 6))),
        "chord tones": Effect("chord tones on strong beats", _each(partial(chord_tones, 0))),
        "far chord tones": Effect("tones of that chart on strong beats", _each(partial(chord_tones, 6))),
        **{
            f"style {style.name.lower()}": Effect(
                f"share taken for {style.name.lower()}", partial(judge.recognised, style)
            )
            for style in judge.styles
        },
        "surprise": Effect("bits a note of what it chose", _each(lambda one: one.surprise / np.log(2))),
    }


def _each(measure: Callable[[Played], float]) -> Callable[[Sequence[Played]], Sequence[float]]:
    """Return `measure` for a set of answers, those that are too short left out."""
    return lambda played: [measure(one) if len(one.notes) >= FEWEST else NAN for one in played]


def likeness(one: Played) -> float:
    """Return how alike call and answer are, 0..1."""
    return float(np.mean(controls.likeness(outline(one.case.call.notes), outline(one.notes))))


def own_call(played: Sequence[Played]) -> list[float]:
    """Return for each answer whether it is matched to its own call."""
    able = [bool(one.case.rivals) and len(one.notes) >= FEWEST for one in played]
    asked = [one for one, can in zip(played, able, strict=True) if can]
    found = iter(relation.by_features([o.notes for o in asked], [(o.case.call.notes, *o.case.rivals) for o in asked]))
    return [next(found) if can else NAN for can in able]


def density(one: Played) -> float:
    """Return the notes a quarter note, as the network is taught them."""
    return controls.density(outline(one.notes)[0])


def bars(one: Played) -> float:
    """Return how many bars it lasts, from that of its first note to that of its last, as the network is taught them."""
    metre = one.metre
    if metre is None:
        return NAN
    bar, place = divmod(one.notes[0].onset - metre.bar_line, metre.bar_ticks)
    first = int(controls.first_bar(bar, place, metre.bar_ticks))
    return float((one.notes[-1].onset - metre.bar_line) // metre.bar_ticks - first + 1)


def ends_in_time(one: Played) -> float:
    """Return whether its last note begins in the bar that was asked to be the last."""
    lasts = bars(one)
    return NAN if lasts != lasts else float(lasts == one.asked.bars)


def ends_long(one: Played) -> float:
    """Return whether its last note is at least as long as its notes are on average."""
    lengths = [note.length for note in one.notes]
    return float(lengths[-1] >= np.mean(lengths))


def is_kind(kind: Kind, one: Played) -> float:
    """Return whether it takes up its call in that way; nan where one of them has fewer than three notes."""
    found = controls.kind_of(outline(one.case.call.notes), outline(one.notes))
    return NAN if found == Kind.UNKNOWN else float(found == kind)


def tonal_key(case: Case) -> tuple[int, bool]:
    """Return the key of what was heard: tonic 0..11, and whether it is minor."""
    return tonality.key_of(*(Columns.of(phrase.notes) for phrase in (*case.before, case.call)))


def wished_key(case: Case, semitones: int) -> int:
    """Return the class of the key that lies `semitones` above what was heard."""
    tonic, minor = tonal_key(case)
    return 1 + 12 * minor + (tonic + semitones) % 12


def in_key(semitones: int, one: Played) -> float:
    """Return the share of notes on the scale of the key `semitones` above what was heard."""
    tonic, minor = tonal_key(one.case)
    return tonality.in_key_share(Columns.of(one.notes), ((tonic + semitones) % 12, minor))


def chord_tones(semitones: int, one: Played) -> float:
    """Return the share of chord tones among notes on strong beats, of the chart moved by `semitones`."""
    metre = one.metre
    if metre is None or not one.chart:
        return NAN
    found = []
    for note in one.notes:
        root, quality = chord_at(one.chart, note.onset)
        tones = TONES.get(Quality(quality))
        if root and tones and strong(note.onset, metre):
            found.append((note.pitch - (root - 1) - semitones) % 12 in tones)
    return float(np.mean(found)) if found else NAN


def charts_of(pieces: Sequence[Piece]) -> dict[Notes, tuple[Chord, ...]]:
    """Return the chart of every phrase of `pieces`, by its notes; those without one are left out."""
    found: dict[Notes, tuple[Chord, ...]] = {}
    for piece in pieces:
        chart = tuple(Chord(tick, root, Quality(quality)) for tick, root, quality in piece.chords.tolist())
        if chart:
            lines = lines_of([piece], Role.MELODY)
            found |= {phrase.notes: chart for line in lines for phrase in line}
    return found
