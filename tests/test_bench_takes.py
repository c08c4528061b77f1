"""Calls in free time and in traded bars, over a wire in memory whose clock moves when it is read."""

from itertools import pairwise

import pytest

from livejam.bench.backing import Change
from livejam.bench.takes import (
    BARS,
    BEATS,
    BPM,
    CALLS,
    CLOCKED,
    HEARD,
    KEPT,
    broken_chords,
    call_messages,
    key_root,
    play_along,
    play_bars,
    play_free,
)
from livejam.bench.wire import balance

BEAT = 60 / BPM


class FakeWire:
    """Plays at once what is due, and answers each call with a long note."""

    def __init__(self, answers=True):
        self.time = 100.0
        self.played, self.heard, self.begun = [], [], []
        self.step, self.coming = 0.05, []
        self._answers = answers

    def now(self):
        self.time += self.step
        self.heard += [timed for timed in self.coming if timed[0] <= self.time]
        self.coming = [timed for timed in self.coming if timed[0] > self.time]
        return self.time

    def start_clock(self, bpm):
        assert bpm == BPM
        return self.time + 0.5

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


def test_every_call_is_played_ahead_of_time():
    wire = FakeWire()
    calls = play_free(wire, 6)
    assert sum(calls, ()) == tuple(wire.played)
    for (given, messages), call in zip(wire.begun, calls, strict=True):
        assert messages[0][0] > given
        assert list(call) == messages


def test_an_answer_is_heard_for_a_while_before_it_is_interrupted():
    wire = FakeWire()
    for call, following in pairwise(play_free(wire, 3)):
        assert following[0][0] - call[-1][0] - 1.0 > HEARD


def test_a_call_comes_when_a_note_has_just_begun(monkeypatch):
    """An answer of short notes, one every 0.7 seconds: each sounds for 0.2."""
    wire = FakeWire(answers=False)
    wire.step = 0.01
    play = wire.play

    def answered(messages):
        play(messages)
        ons = [wire.time + 1.0 + 0.7 * i for i in range(20)]
        wire.coming = sorted(
            [*((at, bytes((0x90, 72, 80))) for at in ons), *((at + 0.2, bytes((0x80, 72, 0))) for at in ons)]
        )

    wire.play = answered
    monkeypatch.setattr("livejam.bench.takes.time.sleep", lambda seconds: wire.now())
    _, second = play_free(wire, 2)
    sounding = balance(timed for timed in wire.heard if timed[0] < second[0][0])
    assert +sounding


def test_a_partner_that_never_answers_ends_the_take_all_the_same():
    assert len(play_free(FakeWire(answers=False), 3)) == 3
    assert len(play_bars(FakeWire(answers=False), 3)[0]) == 3


def test_every_second_bar_is_the_players():
    wire = FakeWire()
    calls, beat_at = play_bars(wire, 4)
    starts = [(call[0][0] - beat_at) / BEAT / BEATS for call in calls]
    assert starts[0] % (2 * BARS) == pytest.approx(0, abs=1e-6)
    assert starts[0] * BEATS * BEAT > CLOCKED
    assert [after - before for before, after in pairwise(starts)] == pytest.approx([2 * BARS] * 3)
    for (given, messages), call in zip(wire.begun, calls, strict=True):
        assert messages[0][0] > given
        assert call[-1][0] < call[0][0] + BARS * BEATS * BEAT


def test_a_band_is_led_from_key_to_key_without_a_pause():
    wire = FakeWire()
    changes, beat_at = play_along(wire, 3)
    bars = [(change.at - beat_at) / BEAT / BEATS for change in changes]
    assert bars[0] == pytest.approx(round(bars[0]))
    assert bars[0] * BEATS * BEAT > CLOCKED
    assert [after - before for before, after in pairwise(bars)] == pytest.approx([KEPT] * 2)
    assert [change.until for change in changes[:-1]] == [change.at for change in changes[1:]]
    assert changes[-1].until == pytest.approx(wire.played[-1][0])
    assert [(change.before, change.root) for change in changes] == [(0, 6), (6, 7), (7, 1)]


def test_every_key_is_far_from_the_one_before():
    for number in range(12):
        before, root = key_root(number), key_root(number + 1)
        change = Change(0.0, 1.0, before, root)
        assert change.taken_up(frozenset({root}))
        assert not change.taken_up(frozenset({before}))


@pytest.mark.parametrize("call", [*CALLS, broken_chords(3)])
def test_no_key_of_a_call_is_struck_while_it_is_down(call):
    down = set()
    for _, message in call_messages(call, 10.0, BEAT):
        assert (message[0] == 0x90) is (message[1] not in down)
        down ^= {message[1]}
    assert not down
