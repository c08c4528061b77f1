"""What a wire has to play: the earliest first, and a clock that goes on by itself."""

import pytest

from livejam.bench.due import PULSE, START, Due


def test_messages_come_by_time_and_those_of_one_time_as_given():
    due = Due()
    due.add((2.0, b"c"), (1.0, b"a"))
    due.add((1.0, b"b"), (3.0, b"d"))
    assert due.next == 1.0
    assert list(due.take(3.0)) == [(1.0, b"a"), (1.0, b"b"), (2.0, b"c")]
    assert list(due.take(9.0)) == [(3.0, b"d")]
    assert due.next is None


def test_a_clock_starts_and_goes_on_with_what_else_is_due_between_its_pulses():
    due = Due()
    due.start_clock(10.0, 125.0)  # a pulse of 20 ms
    due.add((10.03, b"note"))
    taken = [timed for until in (9.99, 10.0, 10.015, 10.05, 10.0801) for timed in due.take(until)]
    assert [message for _, message in taken] == [START, PULSE, PULSE, b"note", PULSE, PULSE, PULSE]
    assert [at for at, _ in taken] == pytest.approx([9.99, 10.0, 10.02, 10.03, 10.04, 10.06, 10.08])


def test_a_clock_does_not_drift():
    due = Due()
    due.start_clock(0.1, 123.7)
    pulses = [at for at, message in due.take(600.0) if message == PULSE]
    assert pulses[24 * 1000] == pytest.approx(0.1 + 1000 * 60 / 123.7, abs=1e-9)
