"""The musical policy over a tiny network of random weights, which knows no sense of its own; no PyTorch."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from music import walk

from livejam.brain import Brain, load_brain
from livejam.controls import Kind, Wish
from livejam.decoder import NOISE, PART, Decoder, Sampling
from livejam.errors import ModelError
from livejam.notes import Metre, TickNote
from livejam.phrasing import Request
from livejam.pieces import Quality, Style
from livejam.shape import CLOSELY, FIRMLY, FULL_CHORD, INSIST, NEVER, OVERTIME, REGISTER, REGISTER_COST, Shape, last_bar
from livejam.steering import Steering
from livejam.tokenizer import DELTA_TICKS, END, Chord, Context

TINY = Path(__file__).parent / "data" / "tiny.onnx"
FOUR = Metre(4, 4)
CALL = tuple(TickNote(12 * i, pitch, 12, 80) for i, pitch in enumerate((60, 64, 67, 72, 71, 67, 64, 62)))


def brain(seed=1, temperature=0.95):
    return Brain(Decoder(TINY), seed, temperature)


def ask(brain, call=CALL, turn=1, most=200):
    """Let `brain` hear a call and return its answer."""
    brain.hear(call, FOUR, player=True)
    start = call[-1].onset + 24
    return list(islice(brain.answer(Request(turn, tuple(call), FOUR, 120.0, start, 384)), most))


def shape_of(call, **wishes):
    """Return what an answer to `call` keeps to."""
    return Shape(Request(1, tuple(call), FOUR, 120.0, call[-1].onset + 24, 384, **wishes))


def steered(shape, count, ticks, chord=0):
    """Return the bias on deltas before a note."""
    bias = shape.bias.copy()
    shape.steer(bias, count, ticks, chord)
    return bias[PART["delta"]]


def test_the_same_seed_and_turn_give_the_same_answer():
    assert ask(brain(seed=3), turn=2) == ask(brain(seed=3), turn=2)


def test_another_seed_turn_or_call_gives_another_answer():
    answers = [ask(brain()), ask(brain(seed=2)), ask(brain(), turn=2), ask(brain(), call=walk(8))]
    assert all(one != other for i, one in enumerate(answers) for other in answers[:i])


def test_what_was_heard_before_counts():
    other = brain()
    other.hear(walk(8, seed=7), FOUR, player=True)
    other.hear(walk(8, seed=8, start=400), FOUR, player=False)
    later = [TickNote(note.onset + 960, note.pitch, note.length, note.velocity) for note in CALL]
    onsets = [note.onset - 960 for note in ask(other, call=later)]
    assert onsets != [note.onset for note in ask(brain())]


def test_warming_up_leaves_nothing_behind():
    warm = brain()
    warm.warm_up()
    assert warm._decoder.heard == 0
    assert ask(warm) == ask(brain())


def test_a_loaded_brain_says_what_repeats_its_answers():
    loaded = load_brain(TINY, 5, 0.8)
    assert loaded.about == {"seed": 5, "temperature": 0.8, "model_sha256": Decoder(TINY).sha256}
    assert ask(loaded) == ask(brain(5, 0.8))
    assert load_brain(TINY, 5, None).about["temperature"] == 0.95
    assert load_brain(TINY, 5, 0.0).about["temperature"] == 0.0


def searched(brain, request, first):
    """Return the better answer, if there is one, and in how many steps of the network it was found."""
    items = list(brain.better(request, first))
    found = [item for item in items if item is not None]
    assert items == [None] * (len(items) - len(found)) + found, "only the last item is an answer"
    return found, len(items) - len(found)


def test_better_answers_are_found_step_by_step_and_are_the_same_every_time():
    differing = 0
    for turn in range(6):
        one, request = brain(), Request(turn, CALL, FOUR, 120.0, 120, 384)
        first = ask(one, turn=turn)
        found, steps = searched(one, request, first)
        again = brain()
        assert ask(again, turn=turn) == first
        assert searched(again, request, first) == (found, steps)
        assert ask(brain(), turn=turn) == first, "the first is what it would be alone"
        assert steps >= len(found[0] if found else first)
        differing += bool(found)
        assert all(note.onset < notes[0].onset + 384 and note.velocity for notes in found for note in notes)
    assert 0 < differing < 6, "sometimes the first one is the best"


def test_a_better_answer_keeps_to_the_bars_that_are_traded():
    first = CALL[-1].onset + 12
    for turn in range(4):
        one = brain()
        one.hear(CALL, FOUR, player=True)
        request = Request(turn, CALL, FOUR, 120.0, first, 96, min_ticks=72, first=first)
        for notes in searched(one, request, ())[0]:
            assert notes[0].onset == first
            assert notes[-1].onset - first < 96


def test_hearing_more_ends_the_search():
    one = brain()
    ask(one)
    steps = one.better(Request(1, CALL, FOUR, 120.0, 120, 384), ())
    assert next(steps) is None
    one.hear(walk(2, start=200), FOUR, player=True)
    assert list(steps) == []


def test_no_model_is_one_line(tmp_path):
    with pytest.raises(ModelError, match=r"no network at .*nothing\.json"):
        load_brain(tmp_path / "nothing.onnx", 1, None)


def test_at_no_temperature_the_seed_does_not_matter():
    assert ask(brain(1, 0.0)) == ask(brain(2, 0.0))


def test_answers_keep_to_the_register_of_the_call():
    def beyond(notes):
        return np.mean([max(53 - note.pitch, note.pitch - 79, 0) for note in notes])

    free = Decoder(TINY)
    free.hear(CALL, Context(FOUR), player=True)
    wild = list(islice(free.answer(Context(FOUR), Sampling(), np.random.default_rng([1, 1])), 200))
    assert beyond(ask(brain())) < 0.2 * beyond(wild)


def test_the_register_costs_by_the_semitone():
    pitch = shape_of(CALL).bias[PART["pitch"]]
    assert not pitch[60 - REGISTER : 72 + REGISTER + 1].any()
    assert pitch[60 - REGISTER - 3] == pytest.approx(-3 * REGISTER_COST)
    assert pitch[72 + REGISTER + 12] == pytest.approx(-12 * REGISTER_COST)


@pytest.mark.parametrize(("length", "fewest"), [(1, 1), (2, 2), (3, 3), (8, 3)])
def test_an_answer_has_a_few_notes_at_least(length, fewest):
    one = brain()
    answers = []
    for turn in range(30):
        answers.append(ask(one, CALL[:length], turn))
        one._decoder.restart()
    assert min(map(len, answers)) >= fewest
    shape = shape_of(CALL[:length])
    assert [steered(shape, count, 0)[END] for count in (0, fewest - 1, fewest)] == [np.float32(NEVER)] * 2 + [0]


def test_the_end_draws_more_the_longer_an_answer_lasts():
    shape = shape_of(CALL)  # of one bar
    assert [steered(shape, 9, ticks)[END] for ticks in (0, 96, 144, 288)] == [0, 0, 0.5 * OVERTIME, 2 * OVERTIME]


def test_a_short_call_may_have_an_answer_of_a_bar():
    assert steered(shape_of(CALL[:2]), 9, 96)[END] == 0


def test_an_answer_that_fills_bars_does_not_end_before_them():
    shape = shape_of(CALL, min_ticks=192)
    assert steered(shape, 9, 191)[END] == np.float32(NEVER)
    assert [steered(shape, 9, ticks)[END] for ticks in (192, 288)] == [0, 0.5 * OVERTIME]


@pytest.mark.parametrize("wait", [24, 36, 96])
def test_the_first_note_comes_where_it_is_wanted(wait):
    first = CALL[-1].onset + wait
    for turn in range(5):
        one = brain()
        one.hear(CALL, FOUR, player=True)
        notes = one.answer(Request(turn, CALL, FOUR, 120.0, first, 384, first=first))
        assert next(notes).onset == first


def test_a_first_note_that_no_class_leads_to_comes_where_it_may():
    first = CALL[-1].onset + 1001
    assert 1001 not in DELTA_TICKS
    one = brain()
    one.hear(CALL, FOUR, player=True)
    assert next(one.answer(Request(1, CALL, FOUR, 120.0, first, 384, first=first))).onset > CALL[-1].onset


def test_answers_end_by_themselves():
    one = brain()
    lengths = []
    for turn in range(10):
        lengths.append(len(ask(one, turn=turn, most=None)))
        one._decoder.restart()
    assert max(lengths) < one._decoder.longest_answer / 2


def test_no_key_is_struck_twice_at_one_place():
    decoder = Decoder(TINY)

    def chords_of_two_keys(bias, *_):
        bias[PART["pitch"]][[*range(60), *range(62, 128)]] = NEVER
        bias[PART["delta"]][[*range(1, 12), *range(13, END + 1)]] = NEVER

    sampling = Sampling(steer=chords_of_two_keys)
    decoder.hear(CALL, Context(FOUR), player=True)
    plain = list(islice(decoder.answer(Context(FOUR), sampling, np.random.default_rng([1, 1])), 40))
    assert len({(note.onset, note.pitch) for note in plain}) < 40  # the network alone would do it

    class TwoKeys(Decoder):
        def answer(self, context, sampling, rng, start=0, wish=None):
            return super().answer(context, Sampling(steer=chords_of_two_keys), rng, start)

    notes = ask(Brain(TwoKeys(TINY), 1), most=30)
    struck = [(note.onset, note.pitch) for note in notes]
    assert len(struck) == len(set(struck)) == 30


def test_chords_are_no_larger_than_two_hands():
    shape = shape_of(CALL)
    together = DELTA_TICKS.index(0)
    assert steered(shape, 20, 0, FULL_CHORD - 1)[together] == 0
    assert steered(shape, 20, 0, FULL_CHORD)[together] == np.float32(NEVER)
    only_chords = np.full(NOISE, -1e9, np.float32)
    only_chords[PART["delta"]][[together, DELTA_TICKS.index(12)]] = (1e6, 0)
    only_chords[PART["pitch"]] = only_chords[PART["length"]] = only_chords[PART["velocity"]] = 0
    decoder = Decoder(TINY)
    decoder.hear(CALL, Context(FOUR), player=True)
    sampling = Sampling(bias=only_chords, steer=shape.steer)
    notes = list(islice(decoder.answer(Context(FOUR), sampling, np.random.default_rng(1)), 35))
    onsets = [note.onset for note in notes]
    assert [onsets.count(onset) for onset in sorted(set(onsets))] == [10, 10, 10, 5]


def test_velocities_can_be_played():
    notes = [note for seed in range(5) for note in ask(brain(seed))]
    assert all(1 <= note.velocity <= 127 for note in notes)
    assert shape_of(CALL).bias[PART["velocity"]][0] == np.float32(NEVER)


def test_a_call_of_one_note_is_answered():
    assert ask(brain(), call=CALL[:1])


def test_a_call_of_two_thousand_notes_is_answered():
    call = walk(2000)
    notes = ask(brain(), call=call, most=20)
    assert notes
    assert notes[0].onset >= call[-1].onset


def test_a_key_lock_leaves_only_its_scale():
    steering = Steering(key=13 + 2)  # D minor
    for turn in range(5):
        one = brain()
        one.hear(CALL, FOUR, player=True)
        notes = list(islice(one.answer(Request(turn, CALL, FOUR, 120.0, 108, 384, steering=steering)), 60))
        assert {(note.pitch - 2) % 12 for note in notes} <= {0, 2, 3, 5, 7, 8, 10, 11}


@pytest.mark.parametrize("metre", [FOUR, Metre(3, 4, 24), None])
@pytest.mark.parametrize("bars", [1, 2, 4])
def test_an_answer_of_some_bars_goes_on_into_the_last_and_not_beyond(metre, bars):
    for turn in range(8):
        one = brain()
        one.hear(CALL, metre, player=True)
        request = Request(turn, CALL, metre, 120.0, 108, 2000, steering=Steering(bars=bars))
        onsets = [note.onset for note in one.answer(request)]
        last, end = last_bar(onsets[0], bars, metre)
        assert last <= onsets[-1] < end or end - onsets[0] < 24  # an upbeat may be all that there is time for


@pytest.mark.parametrize(
    ("first", "bars", "metre", "span"),
    [(96, 2, FOUR, (192, 288)), (180, 2, FOUR, (288, 384)), (140, 1, FOUR, (96, 192)), (50, 3, None, (242, 338))],
)
def test_the_last_bar_is_counted_from_the_first_full_one(first, bars, metre, span):
    assert last_bar(first, bars, metre) == span


def test_a_register_asked_for_replaces_that_of_the_call():
    low, high = (shape_of(CALL, steering=Steering(register=asked)).bias[PART["pitch"]] for asked in (1, 7))
    assert not low[40:53].any()
    assert not high[80:90].any()
    assert low[60] == pytest.approx(-8 * REGISTER_COST)
    assert high[60] == pytest.approx(-15 * REGISTER_COST)


def test_what_is_asked_reaches_the_network():
    steering = Steering(0.5, 0.3, 4, 5, 2, Kind.ECHO, Style.FOLK, 3)
    chords = (Chord(0, 7, Quality.DOMINANT),)
    request = Request(1, CALL, FOUR, 120.0, 108, 384, steering=steering, chords=chords)
    context, sampling, wish = brain().asked(request)
    assert context == Context(FOUR, style=Style.FOLK, chords=chords)
    assert (sampling.follow, sampling.temperature) == (0.5, 0.3)
    assert wish == Wish(2, density=4, register=5, kind=Kind.ECHO, key=3)


def test_to_stay_closer_asks_for_a_variation_unless_something_else_is_asked():
    def asked(chords=(), **steering):
        request = Request(1, CALL, FOUR, 120.0, 108, 384, steering=Steering(**steering), chords=chords)
        _, sampling, wish = brain().asked(request)
        return wish, sampling.insist

    variation = Wish(kind=Kind.VARY)
    assert asked(follow=2.0) == (variation, CLOSELY)
    assert asked(follow=1.5) == (variation, (1 + CLOSELY) / 2)
    assert asked(follow=1.0)[0] is None
    assert asked(follow=1.1, bars=2) == (Wish(2), INSIST)
    chart = (Chord(0, 7, Quality.DOMINANT),)
    assert asked(chart, follow=1.1) == asked(chart) == (None, FIRMLY), "a chart is insisted on as ever"


def test_where_nothing_is_asked_the_network_is_left_alone():
    context, sampling, wish = brain(temperature=0.7).asked(Request(1, CALL, FOUR, 120.0, 108, 384))
    assert (context, sampling.temperature, sampling.follow, wish) == (Context(FOUR), 0.7, 1.0, None)
