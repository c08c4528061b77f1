"""Which calls are answered, and by whom and how: players that are told apart by what they hear."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from prepared import part, piece

from livejam.cases import Amount, OnStage, answers_of, choose_cases
from livejam.decoder import PART, Decoder, Sampling
from livejam.evaluation import line_classes
from livejam.exam import OTHERS, lines_of
from livejam.markov import MarkovModel
from livejam.markov_player import MarkovPlayer, draw
from livejam.notes import Metre, TickNote
from livejam.pieces import Role
from livejam.shape import REGISTER
from livejam.tokenizer import DELTA_TICKS, END, PREDICTED, Context

SIZES = (8, 5, 7, 9)
TINY = Path(__file__).parent / "data" / "tiny.onnx"


@pytest.fixture
def lines():
    pieces = [piece(part(SIZES, seed), name=f"tune {seed}", split="valid") for seed in range(20)]
    return lines_of(pieces, Role.MELODY)


class Echo:
    """Plays what it heard last once more, a bar later; where it heard nothing, one note that tells its start."""

    def __init__(self):
        self.log = []

    def restart(self):
        self.heard = []

    def hear(self, notes, context, player):
        self.heard.append((player, notes))
        self.log.append(player)

    def answer(self, context, sampling, rng, start=0):
        self.sampling = sampling
        if not self.heard:
            yield TickNote(start, 1, 12, 0)
            return
        for note in self.heard[-1][1]:
            yield replace(note, onset=note.onset + 96)


class Endless(Echo):
    """Strikes one key twice at once, for ever."""

    def answer(self, context, sampling, rng, start=0):
        onset = start
        while True:
            yield TickNote(onset, 60, 12, 0)
            yield TickNote(onset, 60, 12, 0)
            onset += 12


def test_every_title_is_asked_before_any_twice(lines):
    cases = choose_cases("ours", lines, Amount(20))
    assert len({case.group for case in cases}) == 20
    assert len(choose_cases("ours", lines, Amount(1000))) == 20 * (len(SIZES) - 1), "no more than there are"
    assert choose_cases("ours", lines, Amount(0)) == []


def test_a_call_is_followed_by_its_reference_and_has_rivals_out_of_other_titles(lines):
    following = {line[i]: line[i + 1] for line in lines for i in range(len(line) - 1)}
    for case in choose_cases("ours", lines, Amount(30)):
        assert following[case.call] == case.reference
        assert len(case.rivals) == OTHERS
        assert {notes[0].onset for notes in case.rivals} == {case.call.notes[0].onset}


def test_the_same_seed_asks_the_same(lines):
    assert choose_cases("ours", lines, Amount(9)) == choose_cases("ours", lines, Amount(9))
    assert choose_cases("ours", lines, Amount(9)) != choose_cases("ours", lines, Amount(9, seed=2))


def test_a_player_hears_the_call_and_as_much_before_it_as_is_asked(lines):
    alone = choose_cases("ours", lines, Amount(30, history=0))
    echoes = answers_of(Echo(), alone, 1)
    for case, answer in zip(alone, echoes, strict=True):
        assert [note.pitch for note in answer] == [note.pitch for note in case.call.notes]
    later = [case for case in choose_cases("ours", lines, Amount(60, history=2)) if len(case.before) == 2]
    assert later
    player = Echo()
    answers_of(player, later[:1], 1)
    assert player.log == [True, False, True], "they take turns, and the call is the player's"


def test_with_the_call_withheld_nothing_is_heard_and_nothing_shaped(lines):
    cases, player = choose_cases("ours", lines, Amount(5)), Echo()
    answers = answers_of(player, cases, 1, True)
    assert player.log == []
    ends = [max(note.onset + note.length for note in case.call.notes) for case in cases]
    assert [answer[0].onset for answer in answers] == ends
    assert player.sampling.steer is None
    assert not player.sampling.bias.any()
    answers_of(player, cases, 1)
    assert player.sampling.bias[PART["pitch"]].min() < 0, "else there is a register"
    assert player.sampling.bias[PART["velocity"]][0] < -1e6, "and a velocity"


def test_an_answer_to_a_call_without_velocities_needs_none():
    silent = [piece(part(SIZES, seed, velocity=0), name=f"tune {seed}") for seed in range(3)]
    player = Echo()
    answers_of(player, choose_cases("ours", lines_of(silent, Role.MELODY), Amount(3)), 1)
    assert player.sampling.bias[PART["velocity"]][0] == 0


def test_an_answer_lasts_no_longer_than_on_stage_and_strikes_no_key_twice(lines):
    (case,) = choose_cases("ours", lines, Amount(1))
    counted = []
    (answer,) = answers_of(Endless(), [case], 1, advance=counted.append)
    assert [note.onset - answer[0].onset for note in answer] == list(range(0, 4 * 96, 12))
    assert counted == [1]


def test_on_stage_one_of_several_answers_is_played(lines):
    cases, decoder = choose_cases("ours", lines, Amount(24)), Decoder(TINY)
    alone, best = (answers_of(player, cases, 1) for player in (decoder, OnStage(decoder)))
    same = [one == other for one, other in zip(alone, best, strict=True)]
    assert any(same), "now and then the first is the best"
    assert not all(same)
    assert best == answers_of(OnStage(decoder), cases, 1)
    assert answers_of(decoder, cases, 1, True) == answers_of(OnStage(decoder), cases, 1, True)


# The Markov model as a player


@pytest.fixture
def model(lines):
    return MarkovModel.learn([line_classes(line) for line in lines], [line[0].title for line in lines])


def test_markov_answers_every_call_the_same_way_twice(lines, model):
    cases, player = choose_cases("ours", lines, Amount(20)), MarkovPlayer(model)
    answers = answers_of(player, cases, 1)
    assert answers == answers_of(player, cases, 1) != answers_of(player, cases, 2)
    for case, answer in zip(cases, answers, strict=True):
        assert len(answer) >= 3
        assert answer[0].onset >= case.call.notes[-1].onset
        assert answer == tuple(sorted(answer, key=lambda note: (note.onset, note.pitch)))
        low, high = (f(note.pitch for note in case.call.notes) for f in (min, max))
        assert all(low - 3 * REGISTER < note.pitch < high + 3 * REGISTER for note in answer)


def test_markov_draws_what_its_probabilities_say(model):
    player = MarkovPlayer(model)
    player.restart()
    player.hear([TickNote(0, 60, 12, 80), TickNote(12, 62, 12, 80)], Context(Metre(4, 4)), True)
    logits = player._logits(player._rows, "pitch", DELTA_TICKS.index(12))
    assert np.exp(logits).sum() == pytest.approx(1)
    rng = np.random.default_rng(1)
    drawn = np.bincount([draw(logits, Sampling(1.0, 0.0), rng) for _ in range(20_000)], minlength=PREDICTED["pitch"])
    np.testing.assert_allclose(drawn / 20_000, np.exp(logits), atol=0.015)


def test_drawing_heeds_temperature_and_min_p():
    rng, logits = np.random.default_rng(1), np.log(np.array([0.5, 0.3, 0.19, 0.01]))
    assert draw(logits, Sampling(0.0), rng) == 0
    assert {draw(logits, Sampling(1.0, 0.1), rng) for _ in range(500)} == {0, 1, 2}
    assert np.mean([draw(logits, Sampling(0.2, 0.0), rng) == 0 for _ in range(500)]) > 0.85


def test_markov_ends_where_it_is_told_to(model):
    bias = Sampling().bias.copy()
    bias[PART["delta"]][END] = 1e9
    player = MarkovPlayer(model)
    assert list(player.answer(Context(), Sampling(bias=bias), np.random.default_rng(1), 100)) == []
    bias[PART["delta"]][END] = -1e9
    endless = list(player.answer(Context(Metre(4, 4)), Sampling(bias=bias), np.random.default_rng(1), 100))
    assert len(endless) == 128
    assert endless[0].onset >= 96, "the first delta counts from the bar line"
