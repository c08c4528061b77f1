"""Answers of the network beside baselines and people, corpus by corpus: the second half of `livejam evaluate`.

Everyone answers the same calls of the validation split: every player that is given, the network that hears nothing, and
a Markov model of the same corpus. What is measured is in likeness.py. Knows nothing of ONNX or PyTorch; the same
pieces, players and amounts give the same figures. One thread.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.table import Table

from livejam.cases import Amount, Case, Player, answers_of, choose_cases
from livejam.evaluation import MARKOV, WITHHELD, baseline_lines, learn_markov
from livejam.exam import OTHERS, Line, Notes, lines_of, scored_role, title_key
from livejam.likeness import DISTRIBUTIONS, Bench, Figures, measure
from livejam.markov_player import MarkovPlayer
from livejam.measures.originality import LONG, joined, symbols_of
from livejam.measures.relation import Scorer
from livejam.pieces import Piece, Role

ONE_ANSWER = "one answer"  # the first of the several of which livejam plays the best
SHOWN = 4  # signs of a corpus on the screen
SHARES = ("stuck", "matched", "matched_by_network", "copied")  # figures that corpora have in common


@dataclass(frozen=True, slots=True)
class Comparison:
    """One corpus, done."""

    corpus: str
    role: Role
    cases: tuple[Case, ...]
    sets: dict[str, Sequence[Notes]]  # by who answered: an answer to every case
    figures: dict[str, Figures]  # the same, and people's first

    def as_json(self) -> dict[str, object]:
        """Return the figures as they are written to a file."""
        about = {"role": self.role.name.lower(), "calls": len(self.cases), "titles": len({c.group for c in self.cases})}
        return {**about, **{name: figures.as_json() for name, figures in self.figures.items()}}


@dataclass(frozen=True, slots=True)
class Questions:
    """What is asked of everyone in one corpus."""

    corpus: str
    role: Role
    cases: tuple[Case, ...]
    asked: frozenset[tuple[str, ...]]  # keys of titles that no baseline may learn


def set_questions(pieces: Sequence[Piece], amount: Amount) -> list[Questions]:
    """Choose the calls of every corpus: of its validation split, or of all of it where there is no split."""
    found = []
    for corpus in dict.fromkeys(piece.corpus for piece in pieces):
        own = [piece for piece in pieces if piece.corpus == corpus]
        held = [piece for piece in own if piece.split == "valid"] or own
        role = scored_role(held)
        lines = [line for line in lines_of(held, role) if len(line) > 1]
        titles = frozenset(title_key(line[0].title) for line in lines)
        spare = _spare(own, role) if len(titles) <= OTHERS and len(held) < len(own) else []
        cases = tuple(choose_cases(corpus, lines, amount, spare))
        if cases:
            found.append(Questions(corpus, role, cases, titles))
    return found


def _spare(pieces: Sequence[Piece], role: Role) -> list[Line]:
    return lines_of([piece for piece in pieces if piece.split != "valid"], role)


@dataclass(frozen=True, slots=True)
class Contest:
    """Who answers, and with what the answers are measured."""

    players: Mapping[str, Player]  # by name; the first one answers with the call withheld, too
    scorer: Scorer | None  # the network that matches answers to calls
    training: Sequence[Piece]  # what the baseline learns from, and answers may have been copied from
    amount: Amount
    matched: int = 20  # answers a set that the network matches, at most: 16 scores each

    def steps(self, questions: Sequence[Questions]) -> int:
        """Return how often `advance` is told of one more."""
        sets = len(self.players) + 2
        matched = self.matched if self.scorer else 0
        return sum(sets * len(q.cases) + (sets + 1) * min(matched, len(q.cases)) for q in questions)


def compare(
    contest: Contest, questions: Sequence[Questions], advance: Callable[[int], None] = lambda _: None
) -> Iterator[Comparison]:
    """Yield what was measured of every corpus."""
    learnt_from = training_symbols(contest.training)
    for asked in questions:
        sets = answer_sets(contest, asked, advance)
        seed = contest.amount.seed
        bench = Bench(asked.cases, asked.role, learnt_from, contest.scorer, contest.matched, seed)
        yield Comparison(asked.corpus, asked.role, asked.cases, sets, measure(bench, sets, advance))


def answer_sets(contest: Contest, asked: Questions, advance: Callable[[int], None]) -> dict[str, Sequence[Notes]]:
    """Return everyone's answers to the same calls."""
    seed, first = contest.amount.seed, next(iter(contest.players.values()))
    sets: dict[str, Sequence[Notes]] = {}
    for name, player in contest.players.items():
        sets[name] = answers_of(player, asked.cases, seed, False, advance)
    sets[WITHHELD] = answers_of(first, asked.cases, seed, True, advance)
    model = learn_markov(baseline_lines(contest.training, asked.corpus, asked.role, set(asked.asked)))
    if model:
        sets[MARKOV] = answers_of(MarkovPlayer(model), asked.cases, seed, False, advance)
    return sets


def training_symbols(pieces: Sequence[Piece]) -> np.ndarray:
    """Return all that was learnt from, as `originality.longest_shared` wants it; empty where there is no split."""
    parts = [part.notes for piece in pieces if piece.split == "train" for part in piece.parts]
    return joined([symbols_of(notes["onset"], notes["pitch"]) for notes in parts]) if parts else np.empty(0, np.int32)


def in_all(comparisons: Sequence[Comparison]) -> dict[str, dict[str, float | None]]:
    """Return the `SHARES` of everyone who answered in all corpora, each counting by its answers; None: not measured."""
    common = [name for name in comparisons[0].figures if all(name in c.figures for c in comparisons)]
    return {who: {share: _mean(share, [c.figures[who] for c in comparisons]) for share in SHARES} for who in common}


def _mean(share: str, found: Sequence[Figures]) -> float | None:
    known = [(getattr(figures, share), figures.answers) for figures in found if getattr(figures, share) >= 0]  # no nan
    return sum(value * answers for value, answers in known) / sum(answers for _, answers in known) if known else None


def comparison_tables(comparisons: Sequence[Comparison]) -> list[Table]:
    """Return the figures for the screen."""
    return [_likeness_table(comparisons), _music_table(comparisons), _signs_table(comparisons)]


def _likeness_table(comparisons: Sequence[Comparison]) -> Table:
    caption = (
        "how much the distances from answers to people's phrases overlap with those among people's (Yang and Lerch "
        "2018); how often a judge tells an answer from people's phrases"
    )
    heads = ["pitch", "steps", "places", "lengths", "density", "range", "judge"]
    table = _table(heads, caption)
    for comparison in comparisons:
        cells = [[*(_overlap(f, name) for name in DISTRIBUTIONS), _told_apart(f)] for f in comparison.figures.values()]
        _add(table, comparison, cells)
    return table


def _music_table(comparisons: Sequence[Comparison]) -> Table:
    caption = (
        "structure: likeness to what came before, over two, four and eight beats, percent; own call: matched to it "
        f"among 16, by features and by the network; copied: over {LONG} notes in a row shared with the training data"
    )
    heads = ["notes", "in key", "groove", "structure", "stuck", "own call", "copied"]
    table = _table(heads, caption)
    for comparison in comparisons:
        _add(table, comparison, [_music_cells(f) for f in comparison.figures.values()])
    if len(comparisons) > 1:
        table.add_row("[bold]all[/bold]")
        for name, shares in in_all(comparisons).items():
            stuck, matched, by_network, copied = (_percent(shares[share]) for share in SHARES)
            table.add_row(f"  {name}", "", "", "", "", stuck, f"{matched} {by_network}", copied)
    return table


def _signs_table(comparisons: Sequence[Comparison]) -> Table:
    caption = "what tells the first player's answers from people's phrases: the means of both, people's first"
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), caption=caption, caption_justify="left")
    table.add_column("corpus", no_wrap=True)
    table.add_column("signs")
    for comparison in comparisons:
        figures = comparison.figures[next(iter(comparison.sets))]
        said = [f"{sign.name}: {sign.people:.2f}, {sign.made:.2f}" for sign in figures.signs[:SHOWN]]
        table.add_row(comparison.corpus, "\n".join(said), end_section=True)
    return table


def _table(heads: Sequence[str], caption: str) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), caption=caption, caption_justify="left")
    for name in ("answers", *heads):
        table.add_column(name, justify="left" if name == "answers" else "right", no_wrap=True)
    return table


def _add(table: Table, comparison: Comparison, cells: Sequence[Sequence[str]]) -> None:
    table.add_row(f"[bold]{comparison.corpus}[/bold]")
    for name, row in zip(comparison.figures, cells, strict=True):
        table.add_row(f"  {name}", *row)
    table.add_row(f"  ({len(comparison.cases)} calls)", end_section=True)


def _music_cells(figures: Figures) -> list[str]:
    spans = " ".join(_percent(value).rstrip("%") for value in figures.structure.values())
    own = f"{_percent(figures.matched)} {_percent(figures.matched_by_network)}"
    shares = [_percent(value) for value in (figures.in_key, figures.stuck, figures.copied)]
    return [f"{figures.notes:.0f}", shares[0], _number(figures.groove), spans, shares[1], own, shares[2]]


def _overlap(figures: Figures, name: str) -> str:
    return _number(figures.distances[name].overlap) if name in figures.distances else "-"


def _told_apart(figures: Figures) -> str:
    found = figures.verdict
    return f"{found.accuracy:.0%} ±{50 * (found.high - found.low):.0f}" if found else "-"


def _number(value: float) -> str:
    return "-" if value != value else f"{value:.2f}"


def _percent(value: float | None) -> str:
    return "-" if value is None or value != value else f"{value:.0%}"
