"""The rhythm section at work: one reply to every span, the latest first of all."""

from livejam.arranger import Arranger
from livejam.errors import ModelError
from livejam.notes import Metre, TickNote
from livejam.pieces import Role
from livejam.spans import BAND, Accompanied, PartNote, Span


class Drummer:
    """Plays one stroke."""

    def play(self, span):
        return (PartNote(TickNote(span.start, 42, 12, 80), Role.DRUMS),)


def span(number):
    return Span(number, 48 * number, 48 * number + 48, BAND, Metre(4, 4))


def test_a_span_is_made_up_when_there_is_time():
    arranger = Arranger(Drummer())
    assert (arranger.busy, arranger.work()) == (False, None)
    assert arranger.take(span(1)) == ()
    assert arranger.busy
    assert arranger.work() == Accompanied(1, Drummer().play(span(1)))
    assert (arranger.busy, arranger.work()) == (False, None)


def test_a_span_in_whose_place_another_comes_is_told_of():
    arranger = Arranger(Drummer())
    arranger.take(span(1))
    assert arranger.take(span(2)) == (Accompanied(1),)
    assert arranger.work().number == 2


def test_a_player_who_fails_says_why_and_goes_on():
    class Failing(Drummer):
        def play(self, span):
            if span.number == 1:
                raise ModelError("the network gave no note")
            return super().play(span)

    arranger = Arranger(Failing())
    arranger.take(span(1))
    assert arranger.work() == Accompanied(1, trouble="the network gave no note")
    arranger.take(span(2))
    assert arranger.work().trouble is None
