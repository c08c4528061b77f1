"""Time in training: what the process slept does not count."""

import pytest

pytest.importorskip("torch", reason="needs the train extra")

from livejam.training.stopwatch import Stopwatch

pytestmark = pytest.mark.train


def timed(*seconds, kind="step"):
    """Return what counts of works of so many seconds."""
    clock = iter(seconds)
    watch = Stopwatch(lambda: next(clock))
    return [watch.since(0.0, kind) for _ in seconds]


def test_work_counts_as_long_as_it_takes():
    assert timed(1.0, 2.0, 1.0, 8.0, 19.0) == [1.0, 2.0, 1.0, 8.0, 19.0]


def test_a_stopped_process_does_not_count():
    assert timed(1.0, 2.0, 1.0, 3600.0, 1.0) == [1.0, 2.0, 1.0, 1.0, 1.0]


def test_the_first_steps_may_take_long():
    assert timed(0.1, 60.0) == [0.1, 60.0]


def test_works_of_another_kind_have_their_own_measure():
    clock = iter([1.0, 1.0, 1.0, 300.0])
    watch = Stopwatch(lambda: next(clock))
    assert [watch.since(0.0, kind) for kind in ("step", "step", "step", "validation")][-1] == 300.0
