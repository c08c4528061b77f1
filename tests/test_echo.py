"""Livejam's own notes come back; the player's stay."""

from livejam.echo import EXPIRY, GIVE_UP, Echo
from livejam.notes import NoteOff, NoteOn


def test_what_was_sent_comes_back_once():
    echo = Echo()
    echo.sent(NoteOn(60, 80), 1.0)
    assert echo.returns(NoteOn(60, 80), 1.003)
    assert not echo.returns(NoteOn(60, 80), 1.004)


def test_a_unison_by_the_player_survives():
    echo = Echo()
    echo.sent(NoteOn(60, 80), 1.0)
    assert not echo.returns(NoteOn(60, 77), 1.001)
    assert echo.returns(NoteOn(60, 80), 1.003)
    assert not echo.returns(NoteOff(60), 1.2)  # the player's
    echo.sent(NoteOff(60), 1.5)
    assert echo.returns(NoteOff(60), 1.503)


def test_the_same_message_counts_as_often_as_it_was_sent():
    echo = Echo()
    for _ in range(2):
        echo.sent(NoteOn(60, 80), 1.0)
    assert [echo.returns(NoteOn(60, 80), 1.01) for _ in range(3)] == [True, True, False]


def test_after_a_second_it_is_the_player():
    echo = Echo()
    echo.sent(NoteOn(60, 80), 1.0)
    assert not echo.returns(NoteOn(60, 80), 1.0 + EXPIRY + 0.01)


def test_where_nothing_comes_back_it_switches_itself_off():
    echo = Echo()
    for number in range(GIVE_UP):
        echo.sent(NoteOn(60, 80), 2.0 * number)
    assert echo.active
    echo.sent(NoteOn(60, 80), 2.0 * GIVE_UP)
    assert not echo.active
    assert not echo.returns(NoteOn(60, 80), 2.0 * GIVE_UP)


def test_one_return_is_proof_enough():
    echo = Echo()
    for number in range(3 * GIVE_UP):
        echo.sent(NoteOn(60, 80), 2.0 * number)
        if number % GIVE_UP == 5:
            assert echo.returns(NoteOn(60, 80), 2.0 * number + 0.01)
    assert echo.active
