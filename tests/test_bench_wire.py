"""From messages on a wire to figures, on sessions whose figures can be told by head."""

import pytest

from livejam.bench.wire import BarsTake, FreeTake, Spread, balance, hung, is_note

BPM = 75.0  # a beat of 0.8 s, a tick of 33.3 ms
TICK = 0.8 / 24
CALL = ((10.0, bytes((0x90, 60, 90))), (10.8, bytes((0x80, 60, 0))))
NEXT = ((14.5, bytes((0x90, 62, 90))), (15.0, bytes((0x80, 62, 0))))


def on(time, pitch):
    return time, bytes((0x90, pitch, 80))


def off(time, pitch):
    return time, bytes((0x80, pitch, 0))


def take(*heard, calls=(CALL, NEXT)):
    return FreeTake(calls, tuple(sorted(heard)), silence=0.6)


def trade(*heard, calls=(), period=0.0, bars=1):
    """The clock begins at 2.0: bar lines at 5.2, 8.4, 11.6, 14.8, 18.0."""
    return BarsTake(calls or (played(8.4), played(14.8)), tuple(sorted(heard)), period, 2.0, BPM, bars)


def played(at):
    return (on(at, 60), off(at + 0.5, 60))


def test_an_answer_lies_between_its_call_and_the_next():
    one = take(on(9.0, 70), on(11.6, 71), off(12.0, 71), on(12.4, 72), on(14.6, 73), on(16.4, 74))
    assert one.answers == [[11.6, 12.4], [16.4]]
    assert one.answered == 2


def test_a_call_without_an_answer_is_none():
    one = take(on(16.0, 74))
    assert one.answered == 1
    assert len(one.first_notes) == 1


def test_a_first_note_is_counted_from_the_end_of_the_silence():
    assert take(on(11.6, 71), on(15.603, 72)).first_notes == pytest.approx([0.2, 0.003])


@pytest.mark.parametrize(
    ("error", "late"), [(0.0, 0.0), (0.004, 0.004), (-0.004, -0.004), (0.024, 0.024), (-0.009, TICK - 0.009)]
)
@pytest.mark.parametrize("ticks", [0, 7, 240, 241])
def test_lateness_is_from_the_nearest_tick_before(ticks, error, late):
    assert trade().lateness(2.0 + ticks * TICK + error) == pytest.approx(late, abs=1e-9)


@pytest.mark.parametrize(("bars", "expected"), [(1, 11.6), (2, 14.8), (4, 21.2)])
@pytest.mark.parametrize("after", [-0.004, 0.0, 0.7, 3.1])
def test_livejams_bars_begin_when_the_players_are_over(after, bars, expected):
    assert trade(bars=bars).downbeat(8.4 + after) == pytest.approx(expected)


def test_first_notes_and_other_notes_are_told_apart():
    one = trade(on(11.601, 71), on(12.0, 72), on(12.397, 73), on(18.002, 74))
    assert one.grid_errors == pytest.approx([0.001, 0.002])
    assert one.deadline_errors == pytest.approx([0.0, 0.003], abs=1e-9)


@pytest.mark.parametrize("error", [-0.2, 0.05, 0.4, 3.0])
def test_a_first_note_that_is_on_a_tick_but_not_on_its_bar_line_is_an_error(error):
    assert trade(on(11.6 + error, 71)).grid_errors == pytest.approx([abs(error)])


def test_jitter_leaves_a_displaced_grid_out():
    one = trade(on(11.603, 71), on(12.003, 72), on(12.405, 73), on(18.002, 74))
    assert one.jitters == pytest.approx([0.0, 0.0, 0.002], abs=1e-9)


def test_late_notes_are_counted_and_a_period_is_no_fault():
    notes = (on(11.604, 71), on(12.006, 72), on(12.408, 73))
    assert trade(*notes).late_notes == 2
    assert trade(*notes, period=0.002).late_notes == 1


def test_an_interruption_lasts_until_the_last_note_is_off():
    one = take(on(14.0, 71), on(14.1, 72), on(14.2, 73), off(14.4, 73), off(14.502, 71), off(14.503, 72))
    assert one.interruptions == [pytest.approx(0.003)]


def test_an_interruption_does_not_wait_for_later_notes_of_the_same_pitch():
    one = take(on(14.0, 71), off(14.502, 71), on(16.4, 71), off(17.0, 71))
    assert one.interruptions == [pytest.approx(0.002)]


def test_where_nothing_sounds_nothing_is_interrupted():
    assert take(on(14.0, 71), off(14.4, 71)).interruptions == []


def test_a_note_that_never_ends_is_hung_and_not_an_interruption():
    one = take(on(14.0, 71), on(14.1, 72), off(14.3, 72), off(14.4, 72))
    assert one.hung == 1
    assert one.interruptions == []


def test_a_note_on_without_velocity_is_a_note_off():
    assert take(on(14.0, 71), (14.4, bytes((0x90, 71, 0)))).hung == 0
    assert balance([on(1.0, 60), on(2.0, 60), (3.0, bytes((0x90, 60, 0)))]) == {(0, 60): 1}


def test_a_pitch_on_another_channel_is_another_note():
    assert balance([on(1.0, 60), (2.0, bytes((0x81, 60, 0)))]) == {(0, 60): 1, (1, 60): -1}
    assert hung([on(1.0, 60), (2.0, bytes((0x81, 60, 0)))]) == 1


def test_only_notes_are_notes():
    assert is_note(bytes((0x9F, 60, 1)))
    assert is_note(bytes((0x80, 60, 0)))
    for other in ((0xB0, 64, 127), (0xF8,), (0xA0, 60, 9), (0x90, 60)):
        assert not is_note(bytes(other))


def test_the_spread_of_times():
    assert Spread.of([1.0, 2.0, 9.0]) == Spread(median=2.0, p99=8.86, max=9.0, count=3)
    assert Spread.of_seconds([0.001, 0.002, 0.009]) == Spread(median=2.0, p99=8.86, max=9.0, count=3)
    assert Spread.of_seconds([]) is None
