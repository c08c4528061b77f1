"""The card: which promises are kept, and that every figure is on it and in the file."""

import json
from dataclasses import replace

import pytest
from rich.console import Console

from livejam.bench.card import PROMISES, Card, middle
from livejam.bench.peers import Compared
from livejam.bench.run import bars_figures, free_figures
from livejam.bench.wire import BarsTake, FreeTake, Spread
from livejam.errors import FileError

ABOUT = {"parameters": 1_000_000, "weights": "random"}
FINE = Spread(0.5, 0.9, 1.0, 100)
FIGURES = {
    "first_note_ms": Spread(1.5, 2.9, 2.9, 20),
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
    "accompany.on_time_share": 1.0,
    "accompany.played_share": 0.93,
    "accompany.reaction_ms": Spread(900.0, 1500.0, 1510.0, 5),
    "accompany.changes": 5,
}
CARD = {key for key in FIGURES if not key.startswith("accompany.")}


def card(**changes):
    steps = {20: FINE, 2000: Spread(0.51, 1.0, 2.0, 100)}
    return Card({**FIGURES, **changes}, steps, {"model_sha256": "abc", "machine": "a machine"})


def kept(one, key):
    return one.kept(next(promise for promise in PROMISES if promise.key == key))


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.key)
def test_a_fine_card_keeps_every_promise(promise):
    assert card().kept(promise) is True


def test_what_cant_be_told_is_neither_kept_nor_broken():
    assert kept(card(rss_mb=None), "rss_mb") is None


@pytest.mark.parametrize(
    ("key", "figure"),
    [
        ("first_note_ms", Spread(0.5, 3.1, 3.1, 9)),
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
        ("accompany.on_time_share", 0.9989),
        ("accompany.played_share", 0.89),
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
        console.print(card(hung_notes=2, rss_mb=None).table(), card().step_table())
    lines = {line.split("│")[1].strip(): line for line in shown.get().splitlines() if line.startswith("│")}
    assert "p99 2.33, max 6.33 ms" in lines["other notes, in place"]
    assert "NO" in lines["notes left sounding"]
    assert "?" in lines["memory"]
    assert "0.51" in lines["2,000"]
    assert "at least 0.999" in lines["band: on time"]
    assert "1500" in lines["band: new key taken up"]


def test_what_jack_itself_costs_stands_beside_what_livejam_costs():
    console = Console(width=80)
    with console.capture() as shown:
        console.print(card(idle_cpu_percent=2.4, idle_cpu_jack_client_percent=1.9).table())
    assert "1.9" in next(line for line in shown.get().splitlines() if "idle JACK client" in line)


def test_the_file_has_every_figure(tmp_path):
    card().save(tmp_path / "new" / "card.json")
    kept = json.loads((tmp_path / "new" / "card.json").read_text())
    assert set(CARD) < set(kept["figures"])
    assert kept["figures"]["accompany"]["reaction_ms"]["median"] == 900.0
    assert kept["figures"]["accompany"]["changes"] == 5
    assert kept["figures"]["grid_error_ms"] == {"median": 0.5, "p99": 0.9, "max": 1.0, "count": 100}
    assert kept["figures"]["note_step_ms_after"]["2000"]["median"] == 0.51
    assert kept["kept"]["hung_notes"] is True
    assert kept["model_sha256"] == "abc"


def test_what_was_not_measured_is_not_on_the_table():
    band = Card(
        {key: FIGURES[key] for key in set(FIGURES) - CARD} | {"transport": "jack"}, {}, {"machine": "a machine"}
    )
    console = Console(width=80)
    with console.capture() as shown:
        console.print(band.table())
    assert "band: on time" in shown.get()
    assert "5 changes of key" in shown.get()
    assert "memory" not in shown.get()
    assert band.step_table() is None
    assert kept(band, "rss_mb") is None
    assert middle([band, band]).figures["accompany.played_share"] == 0.93


def test_periods_that_jack_missed_are_told():
    assert card().doubts() is None
    assert "missed 3 periods" in card(jack_missed_periods=3, jack_clock_drift_ms=-4.1).doubts()


def test_a_file_that_cant_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="can't write"):
        card().save(tmp_path / "file" / "card.json")


def test_takes_without_answers_have_figures_too():
    silent = (((1.0, bytes((0x90, 60, 80))), (1.5, bytes((0x80, 60, 0)))),)
    free, bars = free_figures(FreeTake(silent, ())), bars_figures(BarsTake(silent, (), beat_at=1.0))
    for figures in (free, bars):
        assert (figures["calls"], figures["answers"], figures["hung_notes"]) == (1, 0, 0)
    assert free["first_note_ms"] is free["interrupt_ms"] is None
    assert bars["grid_error_ms"] is bars["deadline_error_ms"] is None


def test_others_are_beside_livejam_on_the_card_and_in_the_file(tmp_path):
    peer = Compared({20: Spread(5.0, 6.0, 7.0, 9), 2000: Spread(5.5, 6.0, 7.0, 9)}, {20: 10.0, 2000: 12.1}, ABOUT)
    one = replace(card(), peers={"somebody": peer})
    console = Console(width=80)
    with console.capture() as shown:
        console.print(one.peer_table())
    assert "5.50" in shown.get()
    assert "12.1" in shown.get()
    one.save(tmp_path / "card.json")
    found = json.loads((tmp_path / "card.json").read_text())["figures"]["peers"]["somebody"]
    assert (found["median"], found["p99"], found["max"], found["times_slower"]) == (5.5, 6.0, 7.0, 12.1)
    assert card().peer_table() is None


def test_the_middle_of_three_runs_figure_by_figure():
    growths, p99s, rss = (1.2, 1.1, 1.0), (0.9, 0.7, 0.8), (None, 200.0, 100.0)
    runs = [
        card(note_step_growth=growth, grid_error_ms=Spread(0.1, p99, p99, 9), rss_mb=used)
        for growth, p99, used in zip(growths, p99s, rss, strict=True)
    ]
    one = middle(runs)
    assert one.figures["note_step_growth"] == 1.1
    assert one.figures["grid_error_ms"].p99 == 0.8
    assert one.figures["rss_mb"] == 200.0
    assert [run["figures"]["note_step_growth"] for run in one.as_json()["runs"]] == [1.2, 1.1, 1.0]
    assert one.figures["transport"] == "jack"


def test_of_two_runs_the_worse_one_counts_whether_more_is_better_or_less():
    one = middle([card(**{"accompany.played_share": 0.95}, rss_mb=100.0), card(rss_mb=120.0)])
    assert (one.figures["accompany.played_share"], one.figures["rss_mb"]) == (0.93, 120.0)


def test_a_note_that_hung_in_one_run_is_not_outvoted():
    one = middle([card(), card(hung_notes=1), card()])
    assert one.figures["hung_notes"] == 1
    assert kept(one, "hung_notes") is False


def test_a_single_run_is_its_own_card():
    only = card()
    assert middle([only]) is only
    assert "runs" not in only.as_json()
