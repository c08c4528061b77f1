"""From a band on a wire to figures, on sessions whose figures can be told by head."""

import pytest

from livejam.bench.backing import BASS, CHORDS, DRUMS, BandTake, Change
from livejam.bench.run import band_figures
from livejam.bench.wire import Spread

BEAT = 0.8  # seconds: 75 bpm; a tick is 33.3 ms, a bar 3.2 s
FAR = Change(at=5.2, until=14.8, before=0, root=6)  # from C to F sharp
TALLY = {"spans": 9, "redone": 1, "missed": 0, "made": 40, "played": 36, "dropped": 0}


def on(time, channel, pitch):
    return time, bytes((0x90 | channel, pitch, 80))


def off(time, channel, pitch):
    return time, bytes((0x80 | channel, pitch, 0))


def take(*heard, changes=(FAR,), period=0.0):
    """The clock begins at 2.0: bar lines at 2.0, 5.2, 8.4, 11.6."""
    return BandTake(tuple(heard), changes, period, 2.0, 75.0, 4)


def test_the_bands_channels_count_and_no_other():
    assert take(on(3.0, 3, 60), on(2.0, BASS, 40), on(2.4, CHORDS, 60), on(2.8, DRUMS, 42)).ons == [
        (2.0, BASS, 40),
        (2.4, CHORDS, 60),
        (2.8, DRUMS, 42),
    ]


def test_the_share_on_time_counts_what_was_not_played_as_late():
    one = take(on(2.0, BASS, 40), on(2.804, BASS, 41), on(3.606, BASS, 42), on(4.4, BASS, 43))
    assert one.on_time_share() == pytest.approx(0.75)
    assert one.on_time_share(dropped=1) == pytest.approx(0.6)
    assert take().on_time_share() is None


def test_a_period_is_no_fault_but_half_a_tick_is():
    late = take(on(2.010, BASS, 40), on(2.818, BASS, 40), period=0.006)
    assert late.on_time_share() == pytest.approx(0.5)
    assert take(on(2.818, BASS, 40), period=0.1).on_time_share() == 0


def test_bar_lines_are_met_from_the_first_that_is_played_to_the_last():
    one = take(on(4.4, BASS, 40), on(5.203, CHORDS, 60), on(9.0, DRUMS, 42), on(11.598, BASS, 40))
    assert one.bar_line_errors == [pytest.approx(0.003), None, pytest.approx(0.002)]
    assert take().bar_line_errors == []


@pytest.mark.parametrize(
    ("pitches", "taken_up"),
    [
        ({42}, True),  # F sharp
        ({42, 61, 66, 70}, True),
        ({66, 70, 73, 75}, True),  # D sharp is of the key
        ({36}, False),  # C
        ({35}, False),  # B is of both keys
        ({68}, False),  # G sharp is of the key, but not of the chord
        ({42, 60}, False),
    ],
)
def test_what_takes_a_new_key_up(pitches, taken_up):
    assert FAR.taken_up(frozenset(pitches)) is taken_up


def test_a_reaction_lasts_until_bass_and_chords_have_gone_over():
    before = [on(4.4, BASS, 42), on(5.2, BASS, 36), on(5.6, DRUMS, 42)]
    half = [on(6.0, BASS, 42), on(6.002, CHORDS, 60)]
    assert take(*before, *half, on(7.6, BASS, 42), on(7.601, CHORDS, 70)).reactions == [pytest.approx(2.4)]
    assert take(*before, *half, on(15.6, BASS, 42)).reactions == [None]


def test_all_figures_of_a_band():
    one = take(on(2.0, BASS, 40), off(2.5, BASS, 40), on(5.2, CHORDS, 61), off(5.5, BASS, 61))
    figures = band_figures(one, {"tally": TALLY, "model_sha256": "abc"})
    assert figures["hung_notes"] == figures["accompany.hung_notes"] == 1
    assert figures["accompany.played_share"] == 0.9
    assert figures["accompany.bar_lines_share"] == 1.0
    assert figures["accompany.reaction_ms"] == Spread(0.0, 0.0, 0.0, 1)
    assert (figures["accompany.changes"], figures["accompany.changes_missed"]) == (1, 0)
    assert figures["accompany.spans_redone"] == 1


def test_a_silent_band_has_figures_too():
    figures = band_figures(take(), {"tally": dict.fromkeys(TALLY, 0)})
    for name in ("on_time_share", "lateness_ms", "bar_lines_share", "reaction_ms", "played_share"):
        assert figures[f"accompany.{name}"] is None
    assert figures["accompany.changes_missed"] == 1
