"""The phrases of a drill: in their bars, key, reach and places, ahead of time, and whatever the network does."""

from itertools import pairwise

import pytest
from conftest import Parrot

from livejam.chart_text import read_chart
from livejam.chordscale import key_scale
from livejam.composer import Complete, Compose, Composed, Composer, Failed, Forgotten, Lost
from livejam.errors import LivejamError
from livejam.exercises import LEVELS, Ask, Stock, fitted_to
from livejam.harmony import chord_tones
from livejam.notes import Metre, TickNote
from livejam.virtual import LocalPartner

ASK = Ask(2, Metre(4, 4), 90.0, 1, None, 1)


def stocked(ask=ASK, brain=None, level=3):
    """A stock whose wants are fulfilled, and who fulfils them."""
    partner = LocalPartner(Composer(brain or Parrot()))
    stock = Stock(partner.tell, ask)
    stock.want(level)
    troubles = work(stock, partner)
    return stock, partner, troubles


def work(stock, partner):
    troubles = []
    while reply := partner.reply():
        troubles += filter(None, [stock.take(reply)])
    return troubles


@pytest.mark.parametrize("level", LEVELS)
def test_a_phrase_keeps_to_its_level_bars_and_key(level):
    stock, _, troubles = stocked(level=level)
    exercise, fresh = stock.give(level)
    assert fresh
    assert troubles == []
    assert exercise.level == level
    pitches = [note.pitch for note in exercise.notes]
    assert len(pitches) >= 3
    assert max(pitches) - min(pitches) <= LEVELS[level].reach
    assert {pitch % 12 for pitch in pitches} <= key_scale(1)
    assert all(note.onset >= 0 and note.onset + note.length <= ASK.ticks for note in exercise.notes)
    assert all(note.onset + note.length <= later.onset for note, later in pairwise(exercise.notes))
    assert all(note.velocity for note in exercise.notes)


def test_the_levels_beside_are_there_too():
    stock, _, _ = stocked(level=3)
    assert [stock.give(level)[1] for level in (2, 3, 4)] == [True] * 3
    assert stock.give(5)[1] is False


def test_the_network_is_asked_for_what_a_phrase_should_be():
    brain = Parrot()
    stocked(brain=brain, level=1)
    request = brain.requests[0]
    assert (request.first, request.max_ticks, request.steering.bars, request.steering.key) == (192, 192, 2, 1)
    assert request.steering.density == LEVELS[1].density
    assert request.call


def test_a_network_that_fails_leaves_our_own():
    class Broken(Parrot):
        def answer(self, request):
            raise LivejamError("no luck")

    stock, _, troubles = stocked(brain=Broken())
    assert troubles == ["no luck"] * 9  # three times for each level
    assert stock.give(3)[0].notes


def test_before_anything_is_there_it_is_our_own():
    stock = Stock(lambda order: None, ASK)
    exercise, fresh = stock.give(2)
    assert not fresh
    assert exercise.notes
    assert {note.pitch % 12 for note in exercise.notes} <= key_scale(1)


def test_what_was_lost_is_asked_again_and_earlier_ones_are_given_meanwhile():
    stock, partner, _ = stocked()
    first = stock.give(3)[0]
    stock.want(3)  # is in work now
    assert "the network stopped (it fell)" in stock.take(Lost("it fell"))
    while stock.give(2)[1] or stock.give(4)[1]:
        pass
    assert stock.give(3) == (first, False)
    stock.want(3)
    assert stock.take(Forgotten()) is None
    work(stock, partner)
    assert stock.give(3)[1]


def test_old_replies_are_nothing():
    stock, _, _ = stocked()
    before = stock.give(3)
    for reply in (Composed(99, TickNote(0, 60, 1, 1)), Complete(99, "trouble")):
        assert stock.take(reply) is None
    assert stock.take(Failed("unheard")) == "unheard"
    assert before[1]


def test_a_phrase_over_a_chart_has_its_chords():
    orders = []
    ask = Ask(2, Metre(4, 4), 90.0, 0, read_chart("Dm7 | G7 | Cmaj7 | A7"), 1)
    stock = Stock(orders.append, ask)
    stock.want(3)
    (request,) = [order.request for order in orders if isinstance(order, Compose)]
    assert [(chord.tick, chord.root) for chord in request.chords] == [(0, 2), (96, 7), (192, 2), (288, 7)]
    own, second = stock.give(3)[0], stock.give(3)[0]
    assert [chord.root for chord in own.chords] == [0, 9]  # the next two bars
    assert [chord.root for chord in second.chords] == [2, 7]
    assert all(note.pitch % 12 in chord_tones(*own.chords[note.onset // 96][1:]) for note in own.notes)


def test_keys_can_change():
    stock = Stock(lambda order: None, Ask(1, Metre(3, 4), 120.0, 0, None, 3))
    assert len({stock.give(2)[0].key for _ in range(12)}) > 4


def test_of_chords_and_crowds_a_line_is_left():
    crowd = [TickNote(4 * n, 40 + 7 * n % 50, 30, 0) for n in range(48)] + [TickNote(0, 50, 9, 9)]
    fitted = fitted_to(LEVELS[1], crowd, ASK)
    assert 3 <= len(fitted) <= 6
    assert all(note.onset % 12 == 0 for note in fitted)
    assert fitted_to(LEVELS[1], [TickNote(500, 60, 9, 9)], ASK) == ()
