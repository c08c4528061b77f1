"""Answers measured beside people's, and shown: with players whose answers are known to be good or bad."""

import json
from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from prepared import part, piece
from rich.console import Console

from livejam.cases import Amount
from livejam.comparison import MARKOV, WITHHELD, Contest, compare, comparison_tables, in_all, set_questions
from livejam.likeness import DISTRIBUTIONS, PEOPLE, Bench, measure
from livejam.notes import TickNote
from livejam.pieces import Role
from livejam.tokenizer import PREDICTED


class Oracle:
    """Knows what people played after every call, and finds it likely."""

    def __init__(self, cases=()):
        self.next = {case.call.notes: case.reference.notes for case in cases}

    def restart(self):
        self.heard = ()

    def hear(self, notes, context, player):
        self.heard = notes

    def answer(self, context, sampling, rng, start=0):
        yield from self.next.get(self.heard, (TickNote(start, 60, 12, 0),))

    def score(self, notes, context):
        pitches = {note.pitch for note in self.heard}
        found = np.zeros((len(notes) + 1, len(PREDICTED)))
        found[:-1, 1] = [-1.0 if note.pitch in pitches else -3.0 for note in notes]
        return found


class Drone(Oracle):
    """Plays one note over and over."""

    def answer(self, context, sampling, rng, start=0):
        yield from (TickNote(start + 6 * i, 61, 6, 0) for i in range(24))


def song(seed, split="valid"):
    return piece(part((8, 8, 8, 8, 8), seed), name=f"song {seed}", split=split)


@pytest.fixture
def pieces():
    return [song(seed) for seed in range(20)] + [song(seed, "train") for seed in range(50, 70)]


@pytest.fixture
def comparison(pieces):
    (questions,) = set_questions(pieces, Amount(40))
    players = {"oracle": Oracle(questions.cases), "drone": Drone()}
    counted = []
    contest = Contest(players, Oracle(), pieces, Amount(40), matched=10)
    (found,) = compare(contest, [questions], counted.append)
    assert sum(counted) == contest.steps([questions])
    return found


def test_everyone_answers_and_people_come_first(comparison):
    assert list(comparison.figures) == [PEOPLE, "oracle", "drone", WITHHELD, MARKOV]
    assert {figures.answers for figures in comparison.figures.values()} == {40}
    assert comparison.figures[PEOPLE].notes == 8


def test_who_plays_what_people_played_can_not_be_told_from_them(comparison):
    people, oracle = comparison.figures[PEOPLE], comparison.figures["oracle"]
    assert oracle.verdict.accuracy == 0.5
    theirs, its = people.as_json(), oracle.as_json()
    assert {name for name in theirs if theirs[name] != its[name]} == {"verdict", "signs"}
    assert max(abs(sign.effect) for sign in oracle.signs) < 1e-9


def test_a_drone_is_found_out(comparison):
    drone, people = comparison.figures["drone"], comparison.figures[PEOPLE]
    assert drone.stuck == 1
    assert drone.verdict.low > 0.95
    assert drone.distances["pitch classes"].overlap < 0.9
    assert drone.distances["range"].intra == 0
    assert abs(drone.signs[0].effect) > 1.5
    assert drone.structure["short"] > people.structure["short"]


def test_copies_of_the_training_data_are_found(pieces):
    copies = [replace(item, split="train", name=f"copy {item.name}") for item in pieces[:20]]
    amount = Amount(20)
    questions = set_questions(pieces + copies, amount)
    contest = Contest({"oracle": Oracle()}, None, pieces + copies, amount)
    (found,) = compare(contest, questions)
    assert found.figures[PEOPLE].longest_copy == 8
    assert found.figures[PEOPLE].copied == 0, "eight notes are not over twelve"
    assert found.figures[PEOPLE].matched_by_network != found.figures[PEOPLE].matched_by_network, "no network, nan"


def test_the_baseline_never_learns_a_title_that_is_asked(pieces):
    copies = [replace(item, split="train", name=f"copy {item.name}") for item in pieces[:20]]
    questions = set_questions(pieces, Amount(10))
    fair, tempted = (
        next(compare(Contest({"o": Oracle()}, None, training, Amount(10)), questions)).sets[MARKOV]
        for training in (pieces, pieces + copies)
    )
    assert fair == tempted


def test_without_training_data_there_is_no_baseline_and_no_copy(pieces):
    held = pieces[:20]
    (found,) = compare(Contest({"o": Oracle()}, None, held, Amount(5)), set_questions(held, Amount(5)))
    assert MARKOV not in found.sets
    assert found.as_json()["people"]["copied"] is None


def test_drums_have_no_key_and_empty_answers_are_left_out(pieces):
    drums = [piece(part((8, 8, 8), seed, Role.DRUMS), name=f"beat {seed}", split="valid") for seed in range(12)]
    (asked,) = set_questions(drums, Amount(12))
    bench = Bench(asked.cases, asked.role, np.empty(0, np.int32), None, 0, 1)
    silent = [() for _ in asked.cases]
    some = [asked.cases[0].reference.notes, *silent[1:]]
    found = measure(bench, {"silent": silent, "some": some}, lambda _: None)
    assert np.isnan(found[PEOPLE].in_key)
    assert set(found[PEOPLE].distances) == set(DISTRIBUTIONS) - {"pitch classes", "intervals", "range"}
    assert found["silent"].answers == 0
    assert found["silent"].verdict is None
    assert found["some"].answers == 1
    assert found["some"].distances == {}


def test_a_corpus_of_few_titles_has_rivals_out_of_training(pieces):
    (asked,) = set_questions([*pieces[:3], *pieces[20:]], Amount(6))
    assert all(len(case.rivals) == 15 for case in asked.cases)
    (alone,) = set_questions(pieces[:1], Amount(3))
    assert all(case.rivals == () for case in alone.cases)


def test_figures_are_plain_json_and_the_same_again(pieces, comparison):
    text = json.dumps(comparison.as_json(), allow_nan=False)
    figures = json.loads(text)
    assert figures["calls"] == 40
    assert set(figures["oracle"]["distances"]) == set(DISTRIBUTIONS)
    assert set(figures["oracle"]["verdict"]) == {"accuracy", "low", "high", "judged"}
    assert figures["people"]["verdict"] is None
    assert set(figures["drone"]["signs"][0]) == {"name", "people", "made", "effect"}


def test_several_corpora_are_also_told_as_one(comparison):
    figures = {**comparison.figures}
    figures["drone"] = replace(figures["drone"], answers=120, copied=0.5, matched_by_network=float("nan"))
    other = replace(comparison, corpus="airs", sets={"drone": ()}, figures={n: figures[n] for n in (PEOPLE, "drone")})
    together = in_all([comparison, other])
    assert list(together) == [PEOPLE, "drone"], "those who answered everywhere"
    assert together["drone"]["copied"] == pytest.approx((40 * comparison.figures["drone"].copied + 120 * 0.5) / 160)
    assert together["drone"]["matched_by_network"] == comparison.figures["drone"].matched_by_network
    unmeasured = replace(other, figures={"drone": figures["drone"]})
    assert in_all([unmeasured, unmeasured])["drone"]["matched_by_network"] is None
    console = Console(width=120, record=True, file=StringIO())
    console.print(*comparison_tables([comparison, other]))
    assert "all" in console.export_text().split()


def test_the_tables_show_everyone(comparison):
    console = Console(width=120, record=True, file=StringIO())
    console.print(*comparison_tables([comparison]))
    shown = console.export_text()
    for word in ("ours", "40 calls", "people", "oracle", WITHHELD, MARKOV, "judge", "copied", "own call"):
        assert word in shown
    assert "nan" not in shown
