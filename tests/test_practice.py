"""What a practice session was like: planted mistakes are found, each by its name, and nothing else."""

import numpy as np
import pytest

from livejam.chart_text import read_chart
from livejam.notes import Metre
from livejam.pieces import Quality
from livejam.practice import Strike, is_clean, report

BAR = 96
EIGHTHS = tuple(range(0, BAR, 12))
CHART = read_chart("Dm7 | G7 | Cmaj7 | %")
LINE = (62, 64, 65, 69, 72, 69, 65, 62), (67, 69, 71, 74, 77, 74, 71, 69), (72, 71, 67, 64, 60, 64, 67, 71)


def strike(place, pitch, late=0.0, bpm=120.0, length=10.0):
    """A note meant at `place` ticks, `late` ms after it, on a chart of four bars that goes round."""
    second = 60 / bpm / 24
    bar = place // BAR
    chord = CHART.chords(Metre(4, 4), 0, place, place + 1)[0]
    symbol = (chord.root, chord.quality)
    return Strike(
        place + late / 1000 / second,
        pitch,
        80,
        length,
        bar % 4,
        bar // 4,
        bar * BAR,
        second,
        symbol,
    )


def session(choruses=2, late=lambda bar, n: 0.0, pitch=lambda bar, n, right: right, bpm=120.0, places=EIGHTHS):
    """Eighths up and down the chords, with whatever is planted."""
    strikes = []
    for bar in range(4 * choruses):
        for n, place in enumerate(places):
            right = LINE[min(bar % 4, 2)][n % 8]
            strikes.append(strike(bar * BAR + place, pitch(bar, n, right), late(bar, n), bpm))
    return strikes


def test_what_is_right_and_in_time_is_clean():
    found = report(session())
    assert found.overall.notes == found.overall.timing.notes == 64
    assert found.overall.wrong == ()
    assert found.overall.timing.mean == pytest.approx(0)
    assert found.overall.timing.spread == pytest.approx(0)
    assert found.worst() == ()
    assert is_clean(session())


def test_nothing_played_is_no_clean_chorus():
    found = report([])
    assert (found.overall.notes, found.bars, found.choruses, found.worst()) == (0, {}, {}, ())
    assert not is_clean([])


def test_a_wrong_note_is_named_with_its_bar_and_chord():
    found = report(session(pitch=lambda bar, n, right: 66 if (bar, n) == (2, 4) else right))
    assert found.mistakes() == ("bar 3: F# on Cmaj7",)
    assert [(wrong.bar, wrong.chorus, wrong.pitch) for wrong in found.overall.wrong] == [(2, 0, 66)]
    assert [bar for bar, figures in found.bars.items() if figures.wrong] == [2]
    assert [chorus for chorus, figures in found.choruses.items() if figures.wrong] == [0]
    assert found.worst() == (2,)


def test_the_same_mistake_twice_is_counted():
    assert report(session(pitch=lambda bar, n, right: 66 if (bar % 4, n) == (2, 4) else right)).mistakes() == (
        "bar 3: F# on Cmaj7 (2 times)",
    )


@pytest.mark.parametrize("bpm", [60.0, 90.0, 120.0, 150.0])
@pytest.mark.parametrize("off", [80.0, -70.0])
def test_one_note_out_of_time_is_found_where_it_is(bpm, off):
    found = report(session(late=lambda bar, n: off if (bar, n) == (1, 3) else 0.0, bpm=bpm))
    out = found.bars[1].timing
    assert (out.late, out.early) == ((1 / 16, 0) if off > 0 else (0, 1 / 16))
    assert [bar for bar, figures in found.bars.items() if figures.off] == [1]
    assert found.bars[1].offsets[3] == pytest.approx(off)
    assert found.overall.timing.spread == pytest.approx(0)


@pytest.mark.parametrize("bpm", [70.0, 100.0, 160.0])
@pytest.mark.parametrize("latency", [-20.0, 25.0, 60.0])
def test_a_constant_latency_is_a_mean_and_no_spread(latency, bpm):
    found = report(session(late=lambda bar, n: latency, bpm=bpm)).overall.timing
    assert found.mean == pytest.approx(latency)
    assert found.spread == pytest.approx(0, abs=1e-6)
    assert found.early == found.late == 0


@pytest.mark.parametrize(
    "places", [(0, 16, 24, 40, 48, 64), (0, 8, 16, 24, 32, 40), (0, 6, 12, 18, 24, 48), (0, 15, 24, 39)]
)
def test_swing_triplets_and_sixteenths_are_in_time(places):
    found = report(session(places=places)).overall.timing
    assert found.notes == 8 * len(places)
    assert found.mean == pytest.approx(0)
    assert found.early == found.late == 0


def test_an_unsteady_player_is_told_how_unsteady():
    rng = np.random.default_rng(1)
    found = report(session(8, late=lambda bar, n: rng.normal(15, 25), bpm=100)).overall.timing
    assert found.mean == pytest.approx(15, abs=3)
    assert found.spread == pytest.approx(25, abs=4)
    assert 0.05 < found.early < 0.25
    assert 0.05 < found.late < 0.25


def test_unsteady_is_not_clean_and_many_wrong_notes_are_not():
    rng = np.random.default_rng(1)
    assert not is_clean(session(late=lambda bar, n: rng.normal(0, 45), bpm=80))
    assert not is_clean(session(pitch=lambda bar, n, right: 63 if n in (1, 4, 6) and bar != 1 else right, choruses=1))


def test_the_bar_that_drags_needs_work_most():
    found = report(session(4, late=lambda bar, n: 50.0 if bar % 4 == 1 else 0.0, bpm=90))
    assert found.worst() == (1,)
    assert found.bars[1].timing.mean == pytest.approx(50)


def test_without_a_chart_there_are_no_wrong_notes():
    notes = [Strike(12.0 * n, 60 + n, 80, 10, 0, 0, 0, 0.02, None) for n in range(8)]
    other = [Strike(12.0 * n, 60 + n, 80, 10, 0, 0, 0, 0.02, (0, Quality.OTHER)) for n in range(8)]
    assert report(notes).overall.wrong == report(other).overall.wrong == ()


def test_a_glissando_has_no_place():
    notes = [Strike(1.6 * n, 60 + n, 80, 1, 0, 0, 0, 0.02, None) for n in range(14)]
    assert report(notes).overall.timing.notes <= 1  # its last beat has but one
    assert report(notes).overall.off == 0


def test_chords_struck_together_are_in_time_together():
    notes = [Strike(24.0 * n + 0.3 * k, 60 + 4 * k, 80, 20, 0, 0, 0, 0.02, None) for n in range(8) for k in range(3)]
    found = report(notes).overall.timing
    assert found.notes == 24
    assert found.mean == pytest.approx(6)
