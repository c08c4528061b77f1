"""The Markov baseline: proper probabilities, Witten-Bell by hand, choice of order, and hearing phrase by phrase."""

import numpy as np
import pytest

from livejam.markov import (
    ABSENT,
    ATTRIBUTES,
    DEEPEST,
    NOTHING,
    AttributeModel,
    MarkovModel,
    MarkovScorer,
    Samples,
    event_classes,
    samples,
)
from livejam.notes import Metre, TickNote
from livejam.tokenizer import DELTA_TICKS, END, PREDICTED, Context, length_class

WALTZ = Context(Metre(3, 4))


def walk(rng, count, start=0):
    """A random phrase: small steps, a few note values."""
    onsets = start + np.cumsum(rng.choice([0, 6, 12, 24], count))
    pitches = 60 + np.cumsum(rng.integers(-3, 4, count))
    lengths = rng.choice([6, 12, 24], count)
    return [TickNote(int(o), int(p), int(n), 64) for o, p, n in zip(onsets, pitches, lengths, strict=True)]


def in_a_row(phrases, context=WALTZ):
    """The classes of phrases that follow one another."""
    lasts = [None, *(phrase[-1] for phrase in phrases[:-1])]
    return np.concatenate([event_classes(p, context, last) for p, last in zip(phrases, lasts, strict=True)])


def column(symbols, given=None):
    """Samples of one sequence of symbols."""
    line = np.concatenate([np.full(DEEPEST, NOTHING), symbols])
    history = np.stack([line[DEEPEST - 1 - k : len(line) - 1 - k] for k in range(DEEPEST)], axis=1)
    return Samples(np.asarray(symbols), history, np.zeros(len(symbols), int) if given is None else np.asarray(given))


@pytest.fixture
def parts():
    rng = np.random.default_rng(5)
    return [in_a_row([walk(rng, int(rng.integers(1, 9)), 400 * k) for k in range(6)]) for _ in range(30)]


@pytest.fixture
def model(parts):
    return MarkovModel.learn(parts, [f"tune {i}" for i in range(len(parts))])


def test_a_phrase_becomes_its_classes_and_an_end():
    rows = event_classes([TickNote(24, 60, 12, 0), TickNote(36, 64, 24, 100)], WALTZ, TickNote(0, 55, 24, 0))
    assert rows[:, 0].tolist() == [DELTA_TICKS.index(24), DELTA_TICKS.index(12), END]
    assert rows[:2, 1].tolist() == [60, 64]
    assert rows[:2, 2].tolist() == length_class(np.array([12, 24])).tolist()
    assert rows[2, 1:].tolist() == [ABSENT] * 3


def test_pitch_is_the_step_from_the_note_before_even_over_a_phrase_end():
    rows = in_a_row([[TickNote(0, 60, 24, 0), TickNote(24, 62, 24, 0)], [TickNote(48, 57, 24, 0)]])
    pitch = samples([rows, rows], "pitch")
    assert pitch.symbols.tolist() == [NOTHING, 2, 123] * 2
    assert pitch.history[:, 0].tolist() == [NOTHING, NOTHING, 2] * 2, "a new part begins with no history"


def test_history_is_latest_first_and_delta_has_the_ends():
    rows = in_a_row([[TickNote(0, 60, 24, 0), TickNote(24, 62, 24, 0)], [TickNote(36, 57, 24, 0)]])
    delta = samples([rows], "delta")
    beat, half = DELTA_TICKS.index(24), DELTA_TICKS.index(12)
    assert delta.symbols.tolist() == [0, beat, END, half, END]
    assert delta.history[4].tolist() == [half, END, beat, 0, NOTHING]


@pytest.mark.parametrize("order", range(DEEPEST + 1))
@pytest.mark.parametrize("given", [False, True])
def test_probabilities_of_all_classes_sum_to_one_in_any_context(order, given):
    rng = np.random.default_rng(order)
    symbols = rng.integers(0, 3, 200)
    model = AttributeModel.learn(column(symbols, rng.integers(0, 2, 200)), 5, order, given)
    for _ in range(20):
        history = np.tile(rng.integers(0, 4, DEEPEST), (5, 1))  # 3 was never seen
        wanted = Samples(np.arange(5), history, np.full(5, rng.integers(0, 3)))
        assert np.exp2(model.log2(wanted)).sum() == pytest.approx(1)


def test_pitch_probabilities_sum_to_one_near_the_ends_of_the_keyboard(model):
    for previous in (1, 60, 126):
        notes = [[TickNote(0, previous, 24, 64), TickNote(24, pitch, 24, 64)] for pitch in range(128)]
        found = [model.log2([event_classes(pair, WALTZ, None)])[1, 1] for pair in notes]
        assert np.exp2(found).sum() == pytest.approx(1)


def test_witten_bell_by_hand():
    model = AttributeModel.learn(column([0, 1, 0, 1, 1]), 4, 1, False)
    # Order 0: a twice, b three times, two kinds: p(b) = (3 + 2/4) / 7. After a: b twice, one kind: (2 + p(b)) / 3.
    b = (3 + 2 / 4) / 7
    wanted = column([0, 1])
    assert np.exp2(model.log2(wanted))[1] == pytest.approx((2 + b) / 3)
    # The first symbol stood after nothing once: (1 + p(a)) / 2, with p(a) = (2 + 2/4) / 7.
    assert np.exp2(model.log2(wanted))[0] == pytest.approx((1 + (2 + 2 / 4) / 7) / 2)
    # A symbol never seen, in a context never seen: order 0 alone, (0 + 2/4) / 7.
    assert np.exp2(model.log2(column([3, 2])))[1] == pytest.approx(2 / 4 / 7)


def test_a_regular_tune_is_nearly_free():
    tune = in_a_row([[TickNote(24 * i + 96 * k, 60 + i, 24, 80) for i in range(4)] for k in range(40)])
    model = MarkovModel.learn([tune] * 20, [str(i) for i in range(20)])
    assert -model.log2([tune])[10:].sum() / 160 < 0.05


def test_order_is_as_deep_as_the_music():
    rng = np.random.default_rng(3)

    def part(lag):
        """Lengths that repeat after `lag` notes; without lag, any lengths."""
        lengths = np.resize(rng.choice([12, 24], lag or 100), 100)
        return in_a_row([[TickNote(24 * i, 60, int(n), 0) for i, n in enumerate(lengths)]])

    orders = []
    for lag in (0, 3, 5):
        learnt = MarkovModel.learn([part(lag) for _ in range(150)], [str(i) for i in range(150)])
        orders.append(learnt.attributes["length"].order)
    assert orders[0] == 0
    assert orders[1] >= 3
    assert orders[2] == 5


def test_the_given_delta_is_used_where_it_tells_something():
    rng = np.random.default_rng(4)

    def part():
        """Every note is as long as the time since the last one."""
        deltas = rng.choice([12, 24], 300)
        onsets = np.cumsum(deltas).tolist()
        return in_a_row([[TickNote(o, 60, int(n), 0) for o, n in zip(onsets, deltas, strict=True)]])

    learnt = MarkovModel.learn([part() for _ in range(20)], [str(i) for i in range(20)])
    assert learnt.attributes["length"].given
    assert f"length {learnt.attributes['length'].order}+delta" in learnt.describe()
    assert -learnt.log2([part()])[1:, ATTRIBUTES.index("length")].sum() / 299 < 0.01


def test_hearing_phrase_by_phrase_scores_as_the_whole_part_does(model):
    rng = np.random.default_rng(8)
    phrases = [walk(rng, count, 300 * k) for k, count in enumerate([5, 1, 1, 1, 1, 1, 1, 1, 9, 2])]
    whole = model.log2([in_a_row(phrases)])
    scorer = MarkovScorer(model)
    for _ in range(2):
        scorer.restart()
        found = []
        for phrase in phrases:
            found.append(scorer.score(phrase, WALTZ))
            scorer.hear(phrase, WALTZ, True)
        np.testing.assert_allclose(np.concatenate(found), whole)


def test_a_first_pitch_costs_the_whole_keyboard_and_an_end_is_delta(model):
    found = MarkovScorer(model).score([TickNote(0, 60, 24, 0)], WALTZ)
    assert found.shape == (2, len(ATTRIBUTES))
    assert found[0, 1] == -np.log2(PREDICTED["pitch"])
    assert found[1, 0] < 0
    assert found[1, 1:].tolist() == [0, 0, 0]


def test_one_short_part_is_enough_to_learn_from():
    model = MarkovModel.learn([event_classes([TickNote(0, 60, 24, 0)], WALTZ, None)], ["only"])
    assert np.isfinite(MarkovScorer(model).score([TickNote(0, 60, 24, 0), TickNote(5, 70, 2, 9)], WALTZ)).all()
