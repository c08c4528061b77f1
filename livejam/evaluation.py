"""How well a network foresees what people played next, beside a Markov model: `livejam evaluate`.

Parts of the validation split are gone through phrase by phrase. The first phrase of a part is only heard; every later
one is first scored as the answer to all before it, then heard. Two figures come of it, for the network and for the
baseline on exactly the same notes: bits a note (the END of a phrase counts as delta), and how often the true next
phrase is found among 15 phrases of other pieces put in its place: by having the fewest bits a note; and by owing most
to what was heard, that is by the likelihood ratio of each with and without it, which is Bayes' choice among phrases
that may be likely or unlikely in themselves.

The network is whatever fits `Scorer`. Knows nothing of ONNX, PyTorch or how pieces were prepared. The same pieces and
settings give the same figures. One thread.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.table import Table

from livejam.errors import LivejamError
from livejam.exam import OTHERS, Exam, Line, Notes, Phrase, Settings, lines_of, set_exam, title_key
from livejam.files import save_figures
from livejam.markov import ATTRIBUTES, MarkovModel, MarkovScorer, event_classes
from livejam.notes import TickNote
from livejam.pieces import Piece, Role
from livejam.tokenizer import Context

LIVEJAM, WITHHELD, MARKOV = "livejam", "call withheld", "Markov"  # rows of the tables
Advance = Callable[[int], None]  # told how many notes have just been heard or scored


class Scorer(Protocol):
    """What can hear phrases and say how likely another one is next."""

    def restart(self) -> None:
        """Forget everything."""

    def hear(self, notes: Sequence[TickNote], context: Context, player: bool) -> None:
        """Append one phrase to the memory."""

    def score(self, notes: Sequence[TickNote], context: Context) -> np.ndarray:
        """Return log2-probabilities (N + 1, 4) of delta, pitch, length, velocity; the last row is END and zeros."""


class Withheld:
    """A scorer that nothing is told, but what is asked of it. It owes nothing to what was heard."""

    def __init__(self, scorer: Scorer) -> None:
        self.restart, self.score = scorer.restart, scorer.score

    def hear(self, notes: Sequence[TickNote], context: Context, player: bool) -> None:
        """Forget one phrase."""


@dataclass(frozen=True, slots=True)
class Score:
    """What one scorer reached in one exam."""

    bits: tuple[float, ...]  # a note: delta, pitch, length, velocity
    first: float | None  # share of cases with the true phrase first by bits a note; None without cases
    owing: float | None = None  # the same by the likelihood ratio with and without what was heard

    @property
    def total(self) -> float:
        """Bits a note."""
        return sum(self.bits)

    def as_json(self) -> dict[str, float]:
        """Return the bits a note by name."""
        return {**dict(zip(ATTRIBUTES, self.bits, strict=True)), "total": self.total}


@dataclass(frozen=True, slots=True)
class Result:
    """One corpus, done."""

    corpus: str
    role: Role
    parts: int
    notes: int  # scored
    cases: int
    titles: int  # that gave rivals
    borrowed: bool  # some of these were training pieces
    network: Score
    markov: Score | None  # None: there was nothing else to learn from
    orders: str  # what the Markov model chose
    beside: Mapping[str, Score] = field(default_factory=dict)  # the network with the call withheld, and others

    def as_json(self) -> dict[str, object]:
        """Return the figures as they are written to a file."""
        return {
            "notes": self.notes,
            "bits_per_note": self.network.as_json(),
            "markov_bits_per_note": self.markov.as_json() if self.markov else None,
            "true_next_of_16": self.network.first,
            "true_next_of_16_by_ratio": self.network.owing,
            "markov_true_next_of_16": self.markov.first if self.markov else None,
            "markov_true_next_of_16_by_ratio": self.markov.owing if self.markov else None,
            "markov_orders": self.orders,
            "role": self.role.name.lower(),
            "parts": self.parts,
            "cases": self.cases,
            "rival_titles": self.titles,
            "rivals_from_training": self.borrowed,
            "beside": {
                name: {
                    "bits_per_note": score.as_json(),
                    "true_next_of_16": score.first,
                    "true_next_of_16_by_ratio": score.owing,
                }
                for name, score in self.beside.items()
            },
        }

    def remarks(self) -> list[str]:
        """Return what was scored, and what the figures lack, in lines of plain words."""
        said = [f"{self.parts:,} {self.role.name.lower()} parts", f"{self.notes:,} notes", f"{self.cases:,} cases"]
        if not self.cases:
            said.append("(no other titles)")
        elif self.borrowed or self.titles < OTHERS:
            said.append(f"(of {self.titles} {'train ' * self.borrowed}titles)")
        if not self.markov:
            said.append("(Markov: no music)")
        return said


def of_corpora(pieces: Sequence[Piece], only: Sequence[str]) -> list[Piece]:
    """Return the pieces of the corpora named in `only`, or all where none is named.

    Raises:
        LivejamError: a corpus is not there.
    """
    there = dict.fromkeys(piece.corpus for piece in pieces)
    for name in only:
        if name not in there:
            raise LivejamError(f"no corpus is called {name!r} here; there are: {', '.join(there)}")
    return [piece for piece in pieces if piece.corpus in (only or there)]


def set_exams(pieces: Sequence[Piece], settings: Settings) -> dict[str, Exam]:
    """Return what is asked of every corpus: of its validation split, or of all of it where there is no split.

    Raises:
        LivejamError: there is no part of two phrases.
    """
    exams = {}
    for corpus in dict.fromkeys(piece.corpus for piece in pieces):
        own = [piece for piece in pieces if piece.corpus == corpus]
        held = [piece for piece in own if piece.split == "valid"]
        spare = [piece for piece in own if piece.split != "valid"] if held else []
        exams[corpus] = set_exam(corpus, held or own, settings, spare)
    exams = {corpus: exam for corpus, exam in exams.items() if exam.lines}
    if not exams:
        raise LivejamError("nothing to evaluate: no part has two phrases; give more or longer pieces")
    return exams


def evaluate(
    exams: dict[str, Exam],
    training: Sequence[Piece],
    scorer: Scorer,
    advance: Advance = lambda _: None,
    beside: Mapping[str, Scorer] | None = None,
) -> Iterator[Result]:
    """Yield the result of every exam, for the network, for itself with the call withheld, and for those `beside` it.

    The baseline learns from the training split of `training`, titles of the exam left out: from pieces of the same
    corpus, or of any where that corpus is not among them.
    """
    others = {WITHHELD: Withheld(scorer), **(beside or {})}
    for corpus, exam in exams.items():
        asked = {title_key(line[0].title) for line in exam.lines}
        markov = learn_markov(baseline_lines(training, corpus, exam.role, asked))
        yield Result(
            corpus,
            exam.role,
            len(exam.lines),
            exam.notes,
            len(exam.cases),
            exam.titles,
            exam.borrowed,
            judge(scorer, exam, advance),
            judge(MarkovScorer(markov), exam) if markov else None,
            markov.describe() if markov else "",
            {name: judge(other, exam, advance) for name, other in others.items()},
        )


def judge(scorer: Scorer, exam: Exam, advance: Advance = lambda _: None) -> Score:
    """Let `scorer` hear and score all that is asked."""
    bits = np.zeros(len(ATTRIBUTES))
    asked: list[tuple[Phrase, tuple[Notes, ...], np.ndarray]] = []  # the true phrase, all phrases, their log2 (16,)
    for number, line in enumerate(exam.lines):
        scorer.restart()
        for place, phrase in enumerate(line):
            if place:
                found = scorer.score(phrase.notes, phrase.context)
                bits -= found.sum(axis=0)
                if others := exam.cases.get((number, place), ()):
                    likely = [found.sum(), *(scorer.score(notes, phrase.context).sum() for notes in others)]
                    asked.append((phrase, (phrase.notes, *others), np.array(likely)))
                advance(len(phrase.notes) + sum(map(len, others)))
            scorer.hear(phrase.notes, phrase.context, place % 2 == 0)  # they take turns, as in training
            advance(len(phrase.notes))
    first = _share_first([likely / [len(notes) for notes in phrases] for _, phrases, likely in asked])
    owing = None if isinstance(scorer, Withheld) else _share_first(_ratios(scorer, asked, advance))
    return Score(tuple((bits / exam.notes).tolist()), first, owing)


def _ratios(
    scorer: Scorer, asked: Sequence[tuple[Phrase, tuple[Notes, ...], np.ndarray]], advance: Advance
) -> Iterator[np.ndarray]:
    """Yield the log2 likelihood ratio of all phrases of a case, with and without what was heard."""
    for truth, phrases, likely in asked:
        scorer.restart()
        yield likely - [scorer.score(notes, truth.context).sum() for notes in phrases]
        advance(sum(map(len, phrases)))


def _share_first(found: Iterable[np.ndarray]) -> float | None:
    """Return in which share of the cases the first value is the largest; None without cases."""
    firsts = [bool((values[0] > values[1:]).all()) for values in found]
    return float(np.mean(firsts)) if firsts else None


def baseline_lines(training: Sequence[Piece], corpus: str, role: Role, asked: set[tuple[str, ...]]) -> list[Line]:
    """Return the parts that the baseline learns from."""
    own = [piece for piece in training if piece.corpus == corpus] or training
    return lines_of([piece for piece in own if piece.split == "train" and title_key(piece.title) not in asked], role)


def learn_markov(lines: Sequence[Line]) -> MarkovModel | None:
    """Return a Markov model of those parts, or None where there are none."""
    if not lines:
        return None
    return MarkovModel.learn([line_classes(line) for line in lines], [line[0].title for line in lines])


def line_classes(line: Line) -> np.ndarray:
    """Return the classes (R, 4) of all phrases of a part in a row."""
    lasts = [None, *(phrase.notes[-1] for phrase in line[:-1])]
    return np.concatenate(
        [event_classes(phrase.notes, phrase.context, last) for phrase, last in zip(line, lasts, strict=True)]
    )


def results_table(results: Sequence[Result]) -> Table:
    """Return the results for the screen."""
    caption = (
        "bits a note; the true next phrase among 16: first by bits a note, or by its ratio with and without the call"
    )
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), caption=caption, caption_justify="left")
    for name in ("corpus", "", *ATTRIBUTES, "total", "first", "ratio"):
        table.add_column(name, justify="left" if name in ("corpus", "") else "right", no_wrap=True)
    for result in results:
        scores = {LIVEJAM: _cells(result.network)}
        scores |= {name: _cells(score) for name, score in result.beside.items()}
        if result.markov:
            less = result.network.total / result.markov.total - 1
            scores |= {MARKOV: _cells(result.markov), "change": [*[""] * len(ATTRIBUTES), f"{less:+.0%}", "", ""]}
        _add(table, [f"[bold]{result.corpus}[/bold]", *result.remarks(), ""], scores)
    if len(results) > 1:
        scores = {name: _total(bits) for name, bits in in_all(results).items()}
        _add(table, ["[bold]all[/bold]", f"{scored(results):,} notes"], scores)
    return table


def scored(results: Sequence[Result]) -> int:
    """Return how many notes were scored in all."""
    return sum(result.notes for result in results)


def in_all(results: Sequence[Result]) -> dict[str, float]:
    """Return the bits a note of everyone who scored all of `results`, over all of their notes."""
    scores = [{LIVEJAM: r.network, **r.beside, **({MARKOV: r.markov} if r.markov else {})} for r in results]
    notes = [result.notes for result in results]
    everyone = [name for name in scores[0] if all(name in score for score in scores)]
    return {name: float(np.average([score[name].total for score in scores], weights=notes)) for name in everyone}


def _add(table: Table, heads: Sequence[str], scores: Mapping[str, Sequence[str]]) -> None:
    columns = zip(*scores.values(), strict=True)
    table.add_row("\n".join(heads), "\n".join(scores), *("\n".join(column) for column in columns))


def _total(bits: float) -> list[str]:
    return [*[""] * len(ATTRIBUTES), f"{bits:.2f}", "", ""]


def _cells(score: Score) -> list[str]:
    shares = ("-" if share is None else f"{share:.0%}" for share in (score.first, score.owing))
    return [*(f"{bits:.2f}" for bits in (*score.bits, score.total)), *shares]


def write_json(
    results: Sequence[Result],
    path: Path,
    answers: Mapping[str, object] | None = None,
    settings: Mapping[str, object] | None = None,
    controls: Sequence[object] = (),
    accompanied: Mapping[str, object] | None = None,
    shares: Mapping[str, object] | None = None,
) -> None:
    """Write the figures of every corpus to `path`, with those of `answers` by corpus, of `controls`, and the settings.

    `accompanied`: what came of playing along, by corpus. `shares`: what was found of answers in all corpora.

    Raises:
        FileError: it can't be written.
    """
    more = {corpus: {"answers": figures} for corpus, figures in (answers or {}).items()}
    corpora = {result.corpus: {**result.as_json(), **more.get(result.corpus, {})} for result in results}
    together = {"notes": scored(results), "bits_per_note": in_all(results), "answers": dict(shares or {})}
    save_figures(path, {"settings": dict(settings or {}), "corpora": corpora, "all": together,
                        "controls": list(controls), "accompany": dict(accompanied or {})})  # fmt: skip
