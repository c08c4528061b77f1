"""Answers measured beside people's: what `livejam evaluate` says of the music itself, of one corpus.

Every set of answers to the same calls gets the same figures: distances of its distributions from people's next phrases,
key, groove, structure, what is stuck, its relation to the calls, what it shares with the training data, and a judge's
verdict. People's own phrases get them, too. The measures are in livejam.measures; who made the answers is not known
here. Ticks. One thread; the same answers and seed give the same figures.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace

import numpy as np

from livejam.cases import Case
from livejam.exam import Notes
from livejam.measures import distances, originality, relation, repetition, tonality
from livejam.measures import features as feature
from livejam.measures.distances import Distance
from livejam.measures.features import Columns
from livejam.measures.judge import Sign, Verdict, signs, tell_apart
from livejam.pieces import Role

PEOPLE = "people"
DISTRIBUTIONS = ("pitch classes", "intervals", "onsets", "lengths", "density", "range")
TONAL = ("pitch classes", "intervals", "range")  # drums have none
SIGNS = 8  # that are named
FEWEST = 4  # phrases whose distributions can be compared


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured of one set of answers. A figure is nan where there was nothing to measure."""

    answers: int  # with a note at least
    notes: float  # an answer, mean
    in_key: float  # share of notes on the scale of the key of call and answer
    groove: float  # 0..1
    structure: dict[str, float]  # short, middle, long: 0..1
    stuck: float  # share of answers
    matched: float  # share matched to their own call by features
    matched_by_network: float  # the same by a network
    chance: float  # of a match
    copied: float  # share of answers with a run of over `originality.LONG` notes out of the training data
    longest_copy: float  # notes, mean of the longest run of each answer
    distances: dict[str, Distance] = field(default_factory=dict)  # from people's, by distribution
    verdict: Verdict | None = None  # None: people's own, or all of one piece
    signs: tuple[Sign, ...] = ()  # what tells the answers from people's most

    def as_json(self) -> dict[str, object]:
        """Return the figures as they are written to a file: what was not measured is null."""
        plain = asdict(self)
        return {name: _null(value) for name, value in plain.items()}


@dataclass(frozen=True, slots=True)
class Bench:
    """What answers of one corpus are measured with."""

    cases: tuple[Case, ...]
    role: Role
    corpus: np.ndarray  # the training data, as of `originality.joined`; empty: there is none
    scorer: relation.Scorer | None  # None: no network matches answers to calls
    matched: int  # answers of a set that the network matches, at most
    seed: int

    @property
    def people(self) -> tuple[Notes, ...]:
        """What people played next."""
        return tuple(case.reference.notes for case in self.cases)


@dataclass(frozen=True, slots=True)
class Taken:
    """The answers of one set that have a note, beside their calls: arrays once made, and figures once found."""

    cases: tuple[Case, ...]
    answers: tuple[Notes, ...]
    calls: tuple[Columns, ...]
    columns: tuple[Columns, ...]
    beside: tuple[dict[str, float], ...]  # how each answer compares with its call

    @classmethod
    def of(cls, cases: Sequence[Case], answers: Sequence[Notes]) -> "Taken":
        """Take the answers that have a note."""
        pairs = [(case, answer) for case, answer in zip(cases, answers, strict=True) if answer]
        calls = tuple(Columns.of(case.call.notes) for case, _ in pairs)
        columns = tuple(Columns.of(answer) for _, answer in pairs)
        beside = tuple(_beside(*both) for both in zip(calls, columns, strict=True))
        return cls(tuple(case for case, _ in pairs), tuple(answer for _, answer in pairs), calls, columns, beside)


def measure(bench: Bench, sets: dict[str, Sequence[Notes]], advance: Callable[[int], None]) -> dict[str, Figures]:
    """Return the figures of people's phrases, then of each of `sets`, an answer to every case; some may be empty."""
    people = Taken.of(bench.cases, bench.people)
    found = {PEOPLE: _figures(bench, people, advance)}
    names, theirs = _evidence(people, bench.role)
    places = {case.number: place for place, case in enumerate(people.cases)}
    for name, answers in sets.items():
        taken = Taken.of(bench.cases, answers)
        found[name] = _figures(bench, taken, advance)
        if taken.cases:
            its = theirs[[places[case.number] for case in taken.cases]]
            found[name] = _judged(found[name], names, its, taken, bench)
    return found


def _judged(figures: Figures, names: Sequence[str], people: np.ndarray, taken: Taken, bench: Bench) -> Figures:
    """Return `figures` with a judge's verdict, and its signs."""
    _, made = _evidence(taken, bench.role)
    groups = [case.group for case in taken.cases]
    verdict = tell_apart(people, made, groups, np.random.default_rng(bench.seed))
    return replace(figures, verdict=verdict, signs=signs(people, made, names, SIGNS))


def _figures(bench: Bench, taken: Taken, advance: Callable[[int], None]) -> Figures:
    both = list(zip(taken.calls, taken.columns, strict=True))
    metres = [case.call.context.metre for case in taken.cases]
    copies = _copies(taken.columns, bench.corpus)
    return Figures(
        answers=len(taken.answers),
        notes=_mean([len(answer) for answer in taken.answers]),
        in_key=_mean([tonality.in_key_share(a, tonality.key_of(c, a)) for c, a in both if bench.role != Role.DRUMS]),
        groove=_mean([repetition.groove(*pair, metre) for pair, metre in zip(both, metres, strict=True)]),
        structure={span: _mean([row[f"structure, {span}"] for row in taken.beside]) for span in repetition.SPANS},
        stuck=_mean([row["stuck"] for row in taken.beside]),
        matched=_mean(relation.by_features(*_with_rivals(taken.cases, taken.answers))),
        matched_by_network=_mean(_by_network(bench, taken.cases, taken.answers, advance)),
        chance=_mean([1 / (1 + len(case.rivals)) for case in taken.cases if case.rivals]),
        copied=_mean([run > originality.LONG for run in copies]),
        longest_copy=_mean(copies),
        distances=_distances(bench, taken),
    )


def _mean(values: Sequence[float]) -> float:
    """Return the mean of what is not nan; nan of nothing."""
    known = [value for value in values if value == value]
    return float(np.mean(known)) if known else float("nan")


def _null(value: object) -> object:
    if isinstance(value, dict):
        return {name: _null(inner) for name, inner in value.items()}
    return None if isinstance(value, float) and value != value else value


def _with_rivals(cases: Sequence[Case], answers: Sequence[Notes]) -> tuple[list[Notes], list[tuple[Notes, ...]]]:
    """Return the answers whose calls have rivals, and these calls, the own one first."""
    pairs = [(case, answer) for case, answer in zip(cases, answers, strict=True) if case.rivals]
    return [answer for _, answer in pairs], [(case.call.notes, *case.rivals) for case, _ in pairs]


def _by_network(
    bench: Bench, cases: Sequence[Case], answers: Sequence[Notes], advance: Callable[[int], None]
) -> list[float]:
    found = []
    if bench.scorer is not None:
        for case, answer in zip(cases[: bench.matched], answers, strict=False):
            if case.rivals:
                calls = (case.call.notes, *case.rivals)
                found.append(relation.by_network(bench.scorer, answer, calls, case.call.context))
                advance(1)
    return found


def _copies(answers: Sequence[Columns], corpus: np.ndarray) -> list[int]:
    """Return the longest run (notes) that each answer shares with the training data; nothing where there is none."""
    return originality.longest_shared([originality.symbols(a) for a in answers], corpus) if len(corpus) else []


def distributions(answers: Sequence[Columns], cases: Sequence[Case], role: Role) -> dict[str, np.ndarray]:
    """Return the features (N, K) of all distributions; pitch classes count from the tonic of each call."""
    pairs = list(zip(answers, cases, strict=True))
    tonics = [tonality.key_of(Columns.of(case.call.notes))[0] for case in cases]
    found = {
        "pitch classes": [feature.pitch_classes(a, tonic) for a, tonic in zip(answers, tonics, strict=True)],
        "intervals": [feature.intervals(a) for a in answers],
        "onsets": [feature.onset_places(a, case.call.context.metre) for a, case in pairs],
        "lengths": [feature.lengths(a) for a in answers],
        "density": [np.array([feature.density(a)]) for a in answers],
        "range": [np.array([feature.pitch_range(a)]) for a in answers],
    }
    return {name: np.array(rows) for name, rows in found.items() if role != Role.DRUMS or name not in TONAL}


def _distances(bench: Bench, taken: Taken) -> dict[str, Distance]:
    """Return the distances of answers from people's, and of people's own from each other."""
    if len(taken.cases) < FEWEST:
        return {}
    people = [Columns.of(case.reference.notes) for case in taken.cases]
    theirs, made = (distributions(phrases, taken.cases, bench.role) for phrases in (people, taken.columns))
    return {
        name: distances.compare_halves(theirs[name], rows, np.random.default_rng(bench.seed))
        for name, rows in made.items()
    }


def _evidence(taken: Taken, role: Role) -> tuple[list[str], np.ndarray]:
    """Return what a judge sees, names and columns (N, K): the distributions, and how answers compare with their calls.

    Where an answer begins is not among it: on stage the session decides that.
    """
    seen: dict[str, list[float]] = {}
    for name, rows in distributions(taken.columns, taken.cases, role).items():
        first = -feature.LARGEST_STEP if name == "intervals" else 0
        many = rows.shape[1] > 1
        seen |= {f"{name} {first + i}" if many else name: rows[:, i].tolist() for i in range(rows.shape[1])}
    seen |= {name: [row[name] for row in taken.beside] for name in taken.beside[0]}
    return list(seen), np.nan_to_num(np.array(list(seen.values())).T)


def _beside(call: Columns, phrase: Columns) -> dict[str, float]:
    apart = relation.apart(relation.traits(call), relation.traits(phrase))
    return {
        **{f"{name} apart from the call's": float(d) for name, d in zip(relation.FAMILIES, apart, strict=True)},
        "notes, doublings of the call's": float(np.log2(len(phrase.onset) / len(call.onset))),
        "beats, doublings of the call's": float(np.log2(phrase.beats / call.beats)),
        "mean pitch above the call's": float(phrase.pitch.mean() - call.pitch.mean()),
        "first step": float(phrase.pitch[0] - call.pitch[-1]),
        "in the call's key": tonality.in_key_share(phrase, tonality.key_of(call)),
        **{f"structure, {name}": repetition.structure(call, phrase, n) for name, n in repetition.SPANS.items()},
        "stuck": float(repetition.is_stuck(phrase)),
    }
