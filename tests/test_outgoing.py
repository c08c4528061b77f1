"""What waits for its time: the order in which it leaves."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livejam.outgoing import Outgoing

ON, OFF = bytes((0x90, 60, 80)), bytes((0x80, 60, 0))


def filled(*messages):
    waiting = Outgoing()
    for at, message in messages:
        waiting.add(at, message)
    return waiting


def test_only_what_is_due_leaves_in_order():
    waiting = filled((2.0, ON), (1.0, b"\x90\x40\x50"), (3.0, OFF))
    assert waiting.due(1.0) == []
    assert waiting.due(2.5) == [(1.0, b"\x90\x40\x50"), (2.0, ON)]
    assert len(waiting) == 1
    assert waiting.due(9.0) == [(3.0, OFF)]
    assert not waiting


def test_messages_of_one_time_leave_as_they_came():
    other = b"\x80\x40\x00"
    assert filled((1.0, other), (1.0, OFF), (1.0, ON)).due(2.0) == [(1.0, other), (1.0, OFF), (1.0, ON)]


@pytest.mark.parametrize("off", [1.5, 2.0])
def test_a_note_called_off_before_its_time_never_sounds(off):
    waiting = filled((2.0, ON), (off, OFF), (2.0, b"\x91\x3c\x50"))
    assert waiting.due(3.0) == [(2.0, b"\x91\x3c\x50")]


def test_a_note_off_for_what_has_left_leaves_at_once():
    waiting = filled((2.0, ON))
    waiting.due(2.5)
    waiting.add(1.0, OFF)
    assert waiting.due(2.6) == [(1.0, OFF)]


def test_a_key_struck_again_waits_for_its_end():
    assert filled((2.0, OFF), (1.0, ON)).due(3.0) == [(2.0, OFF), (2.0, ON)]


def test_the_note_after_one_called_off_is_a_note_of_its_own():
    assert filled((2.0, ON), (1.5, OFF), (1.8, ON), (2.5, OFF)).due(3.0) == [(2.0, ON), (2.5, OFF)]


TIMES = st.floats(0, 10, allow_nan=False)


@given(st.lists(st.tuples(TIMES, st.integers(60, 62), TIMES), max_size=30), st.lists(TIMES, max_size=5))
def test_whatever_the_times_every_note_that_leaves_has_its_end_after_it(notes, looks):
    waiting = Outgoing()
    looking = iter(sorted(looks))
    left = []
    for on, pitch, off in notes:
        waiting.add(on, bytes((0x90, pitch, 80)))
        left += waiting.due(next(looking, 0.0))
        waiting.add(off, bytes((0x80, pitch, 0)))
    left += waiting.due(11.0)
    sounding = Counter()
    for _, (status, pitch, _) in left:
        sounding[pitch] += 1 if status == 0x90 else -1
        assert sounding[pitch] in (0, 1)
    assert not any(sounding.values())
    assert not waiting
