"""What one note costs: enough is timed, and the session is as long as it says."""

from itertools import pairwise
from pathlib import Path

import pytest

from livejam.bench.steps import HISTORIES, STEPS, growth, hear, measure_steps, session_line
from livejam.bench.wire import Spread
from livejam.decoder import Decoder

TINY = Path(__file__).parent / "data" / "tiny.onnx"


def test_a_session_has_as_many_notes_as_asked_in_the_order_of_their_onsets():
    line = session_line(500)
    assert len(line) == 500
    assert all(one.onset <= other.onset for one, other in pairwise(line))


def test_every_history_is_heard_whole():
    decoder = Decoder(TINY)
    for notes in (1, 20, 333):
        hear(decoder, notes)
        assert decoder.heard == notes


def test_every_history_is_timed():
    steps = measure_steps(Decoder(TINY), rounds=1)
    assert set(steps) == set(HISTORIES)
    for spread in steps.values():
        assert spread.count == STEPS
        assert 0 < spread.median <= spread.p99 <= spread.max


def test_growth_is_from_the_shortest_history_to_the_longest():
    steps = {200: Spread(9.0, 9.0, 9.0, 1), 20: Spread(2.0, 3.0, 4.0, 1), 2000: Spread(2.5, 9.0, 9.0, 1)}
    assert growth(steps) == pytest.approx(1.25)
