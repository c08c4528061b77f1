"""Calls on a metronome's beat, over a wire in memory whose clock moves when it is read."""

from itertools import pairwise

import pytest

from livejam.bench.takes import BPM, CALLS, HEARD, call_messages, play_calls

BEAT = 60 / BPM


class FakeWire:
    """Plays at once what is due, and answers each call with a long note."""

    def __init__(self, answers=True):
        self.time = 100.0
        self.played, self.heard, self.begun = [], [], []
        self._answers = answers

    def now(self):
        self.time += 0.05
        return self.time

    def play(self, messages):
        self.begun.append((self.time, messages))
        self.heard += [(messages[0][0], bytes((0x80, message[1], 0))) for _, message in self.heard[-1:]]
        self.played += messages
        self.time = messages[-1][0]
        if self._answers:
            self.heard.append((self.time + 1.0, bytes((0x90, 72, 80))))


@pytest.fixture(autouse=True)
def no_sleep(monkeypatch):
    """Time passes on the wire alone."""
    clock = iter(range(10**9))
    monkeypatch.setattr("livejam.bench.takes.time.monotonic", lambda: next(clock) / 100)
    monkeypatch.setattr("livejam.bench.takes.time.sleep", lambda seconds: None)


def test_the_messages_of_a_call_in_order_releases_first():
    messages = call_messages([(-0.25, 60, 0.25), (0, 60, 0.5)], start=2.0, beat=0.8)
    assert messages == [
        (1.8, bytes((0x90, 60, 90))),
        (2.0, bytes((0x80, 60, 0))),
        (2.0, bytes((0x90, 60, 90))),
        (2.4, bytes((0x80, 60, 0))),
    ]


def test_every_call_is_played_on_the_beat_and_ahead_of_time():
    wire = FakeWire()
    calls = play_calls(wire, 6, beat_at=50.3)
    assert len(calls) == 6
    assert sum(calls, ()) == tuple(wire.played)
    for (given, messages), call in zip(wire.begun, calls, strict=True):
        assert messages[0][0] > given
        beats = (call[0][0] - 50.3) / BEAT
        assert beats % 1 == pytest.approx(0.75)  # an upbeat


def test_an_answer_is_heard_for_a_while_before_it_is_interrupted():
    wire = FakeWire()
    calls = play_calls(wire, 3, beat_at=50.3)
    for call, following in pairwise(calls):
        assert HEARD < following[0][0] - call[-1][0] - 1.0 < HEARD + 2 * BEAT + 0.5


def test_a_partner_that_never_answers_ends_the_take_all_the_same():
    assert len(play_calls(FakeWire(answers=False), 3, beat_at=50.3)) == 3


@pytest.mark.parametrize("call", CALLS)
def test_no_key_of_a_call_is_struck_while_it_is_down(call):
    down = set()
    for _, message in call_messages(call, 10.0, BEAT):
        assert (message[0] == 0x90) is (message[1] not in down)
        down ^= {message[1]}
    assert not down
