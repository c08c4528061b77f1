"""What one note costs: enough is timed, the session is as long as it says, and the figures are written."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from livejam.bench import HISTORIES, STEPS, Spread, hear, measure, session_line
from livejam.decoder import Decoder
from livejam.errors import FileError

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


def test_the_spread_of_times():
    assert Spread.of([1.0, 2.0, 9.0]) == Spread(median=2.0, p99=8.86, max=9.0, count=3)


def test_a_report_has_every_figure(tmp_path):
    report = measure(Decoder(TINY), rounds=1)
    report.save(tmp_path / "new" / "bench.json")
    figures = json.loads((tmp_path / "new" / "bench.json").read_text())["figures"]
    assert set(figures["note_step_ms_after"]) == {str(history) for history in HISTORIES}
    assert figures["note_step_ms"]["count"] == STEPS
    assert 0 < figures["note_step_ms"]["median"] <= figures["note_step_ms"]["p99"] <= figures["note_step_ms"]["max"]
    assert figures["note_step_growth"] == pytest.approx(report.growth, abs=0.001)


def test_figures_that_cant_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="can't write"):
        measure(Decoder(TINY), rounds=1).save(tmp_path / "file" / "bench.json")
