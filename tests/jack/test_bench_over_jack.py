"""The latency card over JACK: a real livejam, on a server that the bench starts and ends itself."""

import os
from pathlib import Path

import pytest
from jack_server import require

from livejam.bench.over_jack import NAME
from livejam.bench.run import Plan, live_figures
from livejam.bench.wire import Spread

pytestmark = pytest.mark.jack


@pytest.fixture
def possible(monkeypatch):
    """JACK can be started here."""
    require()
    monkeypatch.setattr("livejam.bench.run.IDLE", 1.0)


def test_three_takes_are_measured_and_nothing_is_left_behind(possible):
    environment = dict(os.environ)
    figures = live_figures(Plan(start_jack=True, answers=2, period=256))
    assert figures["transport"] == "jack"
    assert figures["jack_period_ms"] == pytest.approx(5.333)
    assert figures["calls"] == figures["answers"] == 4  # two in free time, two in traded bars
    assert figures["hung_notes"] == 0
    assert figures["accompany.changes"] == 1
    assert figures["accompany.notes"] > 12
    assert figures["accompany.lateness_ms"].max < 16
    assert 0 < figures["accompany.played_share"] <= 1
    for name in ("first_note_ms", "interrupt_ms", "grid_error_ms", "deadline_error_ms"):
        assert isinstance(figures[name], Spread), name
    assert -0.1 < figures["first_note_ms"].median < 500  # a busy machine is slow, but an answer is never early
    assert 0 <= figures["grid_error_ms"].median < 500
    assert 0 <= figures["deadline_error_ms"].max < 16  # three quarters of a tick
    assert 0 < figures["startup_s"] < 30
    assert 0 <= figures["idle_cpu_percent"] < 100
    assert 0 < figures["idle_cpu_jack_client_percent"] < 100
    assert 20 < figures["rss_mb"] < 2000
    assert dict(os.environ) == environment
    assert not list(Path("/dev/shm").glob(f"jack_*{NAME}*"))
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
