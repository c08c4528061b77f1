"""Anything that can happen while practising, at any time: every note ends, the band never plays before the song, never
turns in circles, and plays on once all is well again."""

from dataclasses import dataclass

import pytest
from band_world import BandWorld, Habits, SlowPartner
from hypothesis import example, given, settings
from hypothesis import strategies as st

from livejam.alongsettings import AlongSettings, Ramp
from livejam.band import BandSettings
from livejam.chart_text import read_chart
from livejam.clock import LinkClock, MidiClock, RampClock
from livejam.events import (
    ClockContinue,
    ClockPulse,
    ClockStart,
    ClockStop,
    Gesture,
    LinkState,
    Pedal,
    PortBack,
    PortLost,
    SongPosition,
    Stop,
)
from livejam.notes import Metre, NoteOff, NoteOn, TickNote
from livejam.pieces import Role
from livejam.spans import BAND, Muted, PartNote
from livejam.virtual import ScriptedInbox

CIRCLES = 300  # deadlines in a row at one time
INSTANT = 1e-7  # seconds that are none
START = 2.0  # seconds


@dataclass(frozen=True)
class Leap:
    """The machine sleeps."""

    seconds: float


@dataclass(frozen=True)
class Pulses:
    """A DAW runs for some beats beside all else."""

    beats: int
    bpm: float


@dataclass(frozen=True)
class Flood:
    """Many keys a second."""

    count: int


class WatchedInbox(ScriptedInbox):
    """Lets the clock leap, and sees whether the session turns in circles."""

    circles = stops = 0

    def wait(self, deadline):
        before = self._clock.now
        arrival = super().wait(deadline)
        if arrival and isinstance(arrival[1], Leap):
            self._clock.move_to(arrival[0] + arrival[1].seconds)
            return None
        self.circles = 0 if arrival or self._clock.now > before + INSTANT else self.circles + 1
        assert self.circles < CIRCLES, f"in circles at {before}"
        self.stops += bool(arrival) and isinstance(arrival[1], Stop)
        assert self.stops <= 1, "Ctrl-C is not heeded"
        return arrival


class Wild(Habits):
    """Plays overlaps, long notes, the same pitch twice, notes of no length to speak of, or nothing."""

    def play(self, span):
        if span.number % 7 == 0:
            return ()
        made = [
            PartNote(TickNote(onset, 60 + i % 3, 1 + 70 * (i % 4), 1 + 40 * (i % 3)), role)
            for i, onset in enumerate(range(span.start, span.end, 5))
            for role in span.parts
        ]
        return tuple(made)


CHARTS = (None, "C | F", "Dm7 G7 | 3/4 Cmaj7 | 7/8 N.C. || 4/4 A7")
pitches = st.integers(58, 63)
happenings = st.one_of(
    st.builds(NoteOn, pitches, st.integers(1, 127)),
    st.builds(NoteOn, pitches, st.integers(1, 127)),
    st.builds(NoteOff, pitches),
    st.builds(Pedal, st.booleans()),
    st.just(Gesture((0xB0, 1, 64))),
    st.sampled_from([PortLost("Piano"), PortLost("Synth", keys=False), PortBack("Piano")]),
    st.sampled_from([Muted(role) for role in BAND]),
    st.sampled_from([ClockStart(), ClockStop(), ClockContinue(), ClockPulse()]),
    st.builds(SongPosition, st.integers(0, 99)),
    st.builds(LinkState, st.floats(30, 300), st.floats(-8, 5000), st.integers(0, 2), st.booleans()),
    st.builds(Pulses, st.integers(1, 12), st.floats(30, 300)),
    st.builds(Leap, st.sampled_from([0.01, 0.3, 2.0, 60.0, 8 * 3600.0])),
    st.builds(Flood, st.integers(5, 40)),
)
waits = st.one_of(st.just(0.0), st.floats(0, 0.3), st.floats(0, 3), st.sampled_from([0.12, 0.5, 2.0, 20.0]))
beats = st.sampled_from([MidiClock, LinkClock, lambda: RampClock(113.0, START), lambda: RampClock(300.0, START)])
chosen = st.builds(
    AlongSettings,
    band=st.builds(
        BandSettings,
        parts=st.sampled_from([BAND, (Role.BASS,), (Role.DRUMS,)]),
        span=st.sampled_from([0.5, 2.0, 3.3, 8.0]),
        look_ahead=st.sampled_from([0.0, 0.25, 2.0, 8.0]),
        rest=st.sampled_from([0, 1, 4]),
    ),
    metre=st.sampled_from([Metre(4, 4), Metre(3, 4), Metre(7, 8)]),
    chart=st.sampled_from([chart and read_chart(chart) for chart in CHARTS]),
    choruses=st.sampled_from([None, None, 1, 3]),
    trade=st.sampled_from([None, 1, 4]),
    ramp=st.sampled_from([None, Ramp(113, 200)]),
    click=st.sampled_from([None, 10, 9]),
    count_in=st.sampled_from([0, 1]),
    output_latency=st.sampled_from([0.0, 0.03]),
    shared_bus=st.booleans(),
)
networks = st.sampled_from([None, (0.0, ()), (0.03, ((3.0, 9.0),)), (0.2, ()), (2.0, ((5.0, 5.5), (6.0, 20.0)))])


def practise(events, chosen, beat, network, ahead):
    """Play what happens, (seconds after the one before, what), with time for it to end; return it, and that time."""
    band = BandWorld(chosen, beat=beat, habits=Wild(), ahead=ahead)
    band.inbox = WatchedInbox(band.clock)
    at = 0.5
    for wait, what in events:
        at += wait
        match what:
            case Pulses(count, bpm):
                band.pulses(at, count, bpm, start=None)
            case Flood(count):
                for i in range(count):
                    band.play(at + i * 0.05, 50 + i, 0.04)
            case Leap(seconds):
                band.happen(at, what)
                at += seconds
            case _:
                band.happen(at, what)
    return band, at


def at_its_end(band, until, network):
    """Stop then, and look at what came of it."""
    band.stop(until)
    cost, away = network or (0.0, ())
    band.run(SlowPartner(band, lambda span: cost, away) if network else None)
    assert not band.unmatched()
    assert all(1 <= m.velocity <= 127 for _, _, m in band.output.sent if isinstance(m, NoteOn))
    starts = [span.start for span in band.habits.spans]
    assert all(0 < span.end - span.start <= 2 * 8 * 24 for span in band.habits.spans)
    assert starts == sorted(starts), "the line went back"
    assert max((len(span.chords) for span in band.habits.spans), default=0) < 600, "a chart of hours is laid out"


@settings(max_examples=100)
@given(st.lists(st.tuples(waits, happenings), max_size=30), chosen, beats, networks, st.sampled_from([0.0, 0.0, 0.04]))
def test_whatever_happens_every_note_ends(events, chosen, beat, network, ahead):
    band, at = practise(events, chosen, beat(), network, ahead)
    at_its_end(band, at + 30.0, network)
    if isinstance(band.beat, RampClock):
        latency = chosen.output_latency + 1e-3
        clicks = {10, chosen.click}
        played = [time for time, channel, m in band.output.sent if channel not in clicks or m.pitch not in (76, 77)]
        assert min(played, default=START) >= START - latency


@settings(max_examples=40)
@given(st.lists(st.tuples(waits, happenings), max_size=25), chosen, st.sampled_from([0.0, 0.04]))
@example([(0.0, Leap(8 * 3600.0))], AlongSettings(), 0.0)
@example([(4.0, NoteOn(60, 80)), (1.0, Leap(8 * 3600.0))], AlongSettings(chart=read_chart(CHARTS[2])), 0.0)
def test_once_all_is_well_again_the_band_plays(events, chosen, ahead):
    played = [(wait, what) for wait, what in events if not isinstance(what, Muted)]
    settings = AlongSettings(chosen.band, chosen.metre, chosen.chart, ramp=chosen.ramp, click=chosen.click)
    band, at = practise(played, settings, RampClock(113.0, START), None, ahead)
    at = max(at, START) + 40.0
    band.tune(at, at + 20.0)
    at_its_end(band, at + 20.0, None)
    assert [time for time, _ in band.ons() if time > at + 12.0]


@pytest.mark.parametrize("leap", [0.05, 0.5, 10.0, 3600.0, 7 * 24 * 3600.0])
@pytest.mark.parametrize("moment", [0.2, 1.95, 2.5, 3.93, 4.0, 9.1])
@pytest.mark.parametrize("chart", CHARTS[:2])
def test_a_machine_that_slept_goes_on_without_a_burst(leap, moment, chart):
    settings = AlongSettings(BandSettings(rest=0), chart=chart and read_chart(chart), click=10)
    band, _ = practise([(moment - 0.5, Leap(leap))], settings, RampClock(120.0, START), None, 0.0)
    end = max(moment + leap, START) + 6.0
    at_its_end(band, end, None)
    awake = [time for time, _ in band.ons() if moment + leap <= time <= moment + leap + 0.05]
    assert len(awake) <= 100
    assert [time for time, _ in band.ons() if time > end - 2.0]
