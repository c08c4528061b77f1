"""What the network is told of the player, and when."""

import pytest

from livejam.composer import Hear
from livejam.grid import BeatGrid
from livejam.hearing import SOON, SOON_A_NOTE, Hearing
from livejam.notes import TICKS_PER_BEAT, Metre, NoteOff, NoteOn, TickNote


class Told:
    """A hearing and what it has told."""

    def __init__(self) -> None:
        self.orders: list[Hear] = []
        self.hearing = Hearing(self.orders.append, Metre(4, 4), 120.0, longest_key=4.0)

    def play(self, at, pitch, seconds=0.4):
        self.hearing.take_in(NoteOn(pitch, 80), at)
        self.hearing.take_in(NoteOff(pitch), at + seconds)

    @property
    def pitches(self):
        return [[note.pitch for note in order.notes] for order in self.orders]


@pytest.fixture
def told():
    return Told()


def test_what_has_ended_is_told_a_moment_later(told):
    told.play(1.0, 60)
    told.hearing.tell_soon(1.4)
    assert told.hearing.deadline == pytest.approx(1.4 + SOON + SOON_A_NOTE)
    told.hearing.tell_soon(1.41)  # once is enough
    assert told.hearing.deadline == pytest.approx(1.4 + SOON + SOON_A_NOTE)
    told.hearing.tell()
    assert told.hearing.deadline is None
    assert told.pitches == [[60]]


def test_what_is_held_is_told_when_the_phrase_may_be_over(told):
    told.play(1.0, 60, 0.5)
    told.hearing.take_in(NoteOn(64, 80), 1.5)
    told.hearing.tell()
    assert told.pitches == [[60]]
    _, call = told.hearing.phrase(2.0)
    assert [note.pitch for note in call] == [60, 64]
    assert told.pitches == [[60], [64]]


def test_a_phrase_that_was_told_is_not_told_again(told):
    told.play(1.0, 60)
    told.play(1.5, 64)
    guessed = told.hearing.phrase(2.0)
    assert told.hearing.close(2.4) == guessed
    assert told.pitches == [[60, 64]]


def test_phrases_go_on_from_one_another(told):
    told.play(1.0, 60)
    _, first = told.hearing.close(1.6)
    told.hearing.hear_answer((TickNote(first[0].onset + 24, 72, 24, 80),))
    told.play(5.0, 62)
    _, second = told.hearing.close(5.6)
    assert [(order.keep, order.player) for order in told.orders] == [(0, True), (1, False), (2, True)]
    assert second[0].onset > first[0].onset + 24


def test_an_answer_that_did_not_sound_is_not_told(told):
    told.hearing.hear_answer(())
    assert told.orders == []


def test_an_upbeat_does_not_wait_for_the_end_of_the_answer(told):
    told.hearing.line.follow(BeatGrid(120.0, 0.0), 0.0)
    bar = told.hearing.line.bar_tick(told.hearing.line.number(0.0))
    told.hearing.begin(1.5)
    for eighth in range(4):
        told.play(1.51 + eighth * 0.25, 60 + eighth, 0.2)
    told.hearing.hear_answer(tuple(TickNote(bar + tick, 72, 12, 80) for tick in range(0, 96, 12)), until=1.51)
    _, call = told.hearing.close(3.0)
    assert [note.onset - bar for note in call] == [72, 84, 96, 108]
    assert [note.onset - bar for note in told.orders[0].notes] == [0, 12, 24, 36, 48, 60]


def test_what_was_played_before_a_phrase_is_not_part_of_it(told):
    told.play(1.0, 60)
    told.hearing.begin(3.0)
    told.play(3.0, 64)
    assert [note.pitch for note in told.hearing.close(3.6)[1]] == [64]


def test_a_players_swing_is_learned_when_a_phrase_is_over(told):
    assert told.hearing.feel.swing is None
    for beat in range(8):
        told.play(1 + beat * 0.5, 60, 0.2)
        told.play(1 + beat * 0.5 + 0.5 * 0.62, 62, 0.15)
    told.hearing.close(6.0)
    assert told.hearing.feel.swing == pytest.approx(0.62 / 0.38, abs=0.25)


def test_a_tempo_that_changes_within_a_phrase_is_no_push(told):
    told.hearing.line.follow(BeatGrid(120.0, 0.0), 0.0)
    for beat in range(8):
        told.play(beat * 0.5, 60, 0.2)
    told.hearing.line.follow(BeatGrid(122.0, 4.0, 8 * TICKS_PER_BEAT), 3.9)
    for beat in range(4):
        told.play(4.0 + beat * 60 / 122, 60, 0.2)
    told.hearing.close(8.0)
    assert told.hearing.feel.push == pytest.approx(0.0, abs=0.001)
