"""The card: which promises are kept, and that every figure is on it and in the file."""

import json

import pytest
from rich.console import Console

from livejam.bench.card import PROMISES, Card
from livejam.bench.run import wire_figures
from livejam.bench.wire import Spread, Take
from livejam.errors import FileError

FINE = Spread(0.5, 0.9, 1.0, 100)
FIGURES = {
    "first_note_ms": None,
    "grid_error_ms": FINE,
    "deadline_error_ms": FINE,
    "interrupt_ms": FINE,
    "note_step_ms": FINE,
    "note_step_growth": 1.02,
    "startup_s": 0.9,
    "idle_cpu_percent": 0.4,
    "rss_mb": 99.5,
    "hung_notes": 0,
    "late_notes": 0,
    "answers": 20,
    "transport": "jack",
    "jack_period_ms": 1.333,
    "jack_missed_periods": 0,
    "jack_clock_drift_ms": 0.02,
}


def card(**changes):
    steps = {20: FINE, 2000: Spread(0.51, 1.0, 2.0, 100)}
    return Card({**FIGURES, **changes}, steps, {"model_sha256": "abc", "machine": "a machine"})


def kept(one, key):
    return one.kept(next(promise for promise in PROMISES if promise.key == key))


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.key)
def test_a_fine_card_keeps_every_promise_that_can_be_told(promise):
    assert card().kept(promise) is (None if promise.key == "first_note_ms" else True)


@pytest.mark.parametrize(
    ("key", "figure"),
    [
        ("grid_error_ms", Spread(0.5, 2.4, 2.4, 9)),
        ("deadline_error_ms", Spread(0.5, 2.0, 6.5, 9)),
        ("deadline_error_ms", Spread(0.5, 2.4, 2.5, 9)),
        ("interrupt_ms", Spread(0.5, 6.4, 6.4, 9)),
        ("note_step_ms", Spread(1.1, 1.2, 1.2, 9)),
        ("note_step_growth", 1.16),
        ("startup_s", 1.6),
        ("idle_cpu_percent", 1.1),
        ("rss_mb", 251.0),
        ("hung_notes", 1),
    ],
)
def test_a_promise_is_broken(key, figure):
    assert kept(card(**{key: figure}), key) is False


def test_a_period_of_the_wire_is_added_to_the_limit_and_to_nothing_else():
    over = Spread(0.5, 2.0, 2.2, 9)
    assert kept(card(grid_error_ms=over), "grid_error_ms") is True
    assert kept(card(grid_error_ms=over, jack_period_ms=None), "grid_error_ms") is False
    assert kept(card(note_step_ms=Spread(0.5, 2.1, 2.1, 9)), "note_step_ms") is False


def test_the_table_says_figures_limits_and_verdicts():
    console = Console(width=80)
    with console.capture() as shown:
        console.print(card(hung_notes=2).table(), card().step_table())
    lines = {line.split("│")[1].strip(): line for line in shown.get().splitlines() if line.startswith("│")}
    assert "p99 2.33, max 6.33 ms" in lines["other notes, in place"]
    assert "NO" in lines["notes left sounding"]
    assert "?" in lines["phrase over, first note"]
    assert "0.51" in lines["2,000"]


def test_the_file_has_every_figure(tmp_path):
    card().save(tmp_path / "new" / "card.json")
    kept = json.loads((tmp_path / "new" / "card.json").read_text())
    assert set(FIGURES) < set(kept["figures"])
    assert kept["figures"]["grid_error_ms"] == {"median": 0.5, "p99": 0.9, "max": 1.0, "count": 100}
    assert kept["figures"]["note_step_ms_after"]["2000"]["median"] == 0.51
    assert kept["kept"]["hung_notes"] is True
    assert kept["kept"]["first_note_ms"] is None
    assert kept["model_sha256"] == "abc"


def test_periods_that_jack_missed_are_told():
    assert card().doubts() is None
    assert "missed 3 periods" in card(jack_missed_periods=3, jack_clock_drift_ms=-4.1).doubts()


def test_a_file_that_cant_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="can't write"):
        card().save(tmp_path / "file" / "card.json")


def test_a_take_without_answers_has_figures_too():
    silent = (((1.0, bytes((0x90, 60, 80))), (1.5, bytes((0x80, 60, 0)))),)
    figures = wire_figures(Take(silent, (), beat_at=1.0, bpm=75.0, silence=0.6))
    assert figures["calls"] == 1
    assert figures["answers"] == 0
    assert figures["grid_error_ms"] is None
