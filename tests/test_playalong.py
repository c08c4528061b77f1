"""Whole practice sessions, in virtual time. A beat lasts half a second; the song begins at 1 s, where nothing else is
said."""

from dataclasses import replace
from itertools import pairwise

import pytest
from band_world import BEAT, BandWorld, Habits, SlowPartner

from livejam.alongsettings import CHANNELS, AlongSettings, Ramp
from livejam.band import BandSettings
from livejam.chart_text import read_chart
from livejam.clock import LinkClock, MidiClock, RampClock
from livejam.errors import ModelError
from livejam.events import (
    ClockContinue,
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
from livejam.notes import Metre, NoteOff, NoteOn
from livejam.pieces import Role, Style
from livejam.playalong import GONE, SILENT
from livejam.practice import report
from livejam.spans import Muted
from livejam.tokenizer import chord_at
from livejam.turns import State

BASS, CHORDS, SOLO, DRUMS = 2, 3, 4, 10
SONG = 192  # ticks: where it begins
FOR_EVER = BandSettings(rest=0, listening=0)
BLUES = read_chart("C7 | F7 | C7 | G7")


def world(beat=None, habits=None, ahead=0.0, bpm=120.0, start=1.0, **settings):
    """A practice session in which all parts play from the beginning."""
    settings.setdefault("band", BandSettings(listening=0))
    return BandWorld(AlongSettings(**settings), bpm, start, beat, habits, ahead)


def midi(**settings):
    return world(MidiClock(), **settings)


def bass(band):
    """When the bass was struck."""
    return [time for time, _ in band.ons(BASS)]


def beats(begin, end, step=1.0):
    """Return the times from one to before another."""
    return [round(begin + i * step, 3) for i in range(round((end - begin) / step))]


def clicks(band, pitch=76):
    return [time for time, struck in band.ons(DRUMS) if struck == pitch]


# Beginning


def test_the_band_begins_with_the_song_on_its_channels():
    band = world()
    band.stop(5.0)
    band.run()
    assert bass(band) == beats(1.0, 5.0)
    assert {channel for _, channel, _ in band.output.sent} == {BASS, CHORDS, DRUMS}
    assert band.ons(DRUMS) == [(time, 42) for time in beats(1.0, 5.0, BEAT)]
    assert not band.unmatched()


def test_channels_and_programs_are_the_players_to_choose():
    band = world(channels={**CHANNELS, Role.BASS: 7}, programs={Role.BASS: 34, Role.CHORDS: 5, Role.MELODY: 12})
    band.stop(3.0)
    band.run()
    assert band.ons(7)
    assert not band.ons(BASS)
    assert band.output.programs == [(7, (0xC0, 33)), (CHORDS, (0xC0, 4))]


def test_who_trades_has_a_program_for_the_solo():
    band = world(trade=4)
    band.stop(3.0)
    band.run()
    assert [channel for channel, _ in band.output.programs] == [BASS, CHORDS, SOLO]


def test_after_the_count_in_the_band_begins_on_the_bar_line():
    band = world(start=4.5, count_in=2)
    band.stop(9.0)
    band.run()
    assert clicks(band) == [0.5, 2.5]
    assert clicks(band, 77) == [1.0, 1.5, 2.0, 3.0, 3.5, 4.0]
    assert bass(band)[0] == 4.5


def test_who_noodles_in_the_count_in_is_heard_and_not_judged():
    band = world(start=2.5, count_in=1)
    band.tune(0.6, 2.5, 0.25)
    band.tune(2.5, 6.5)
    band.stop(6.5)
    band.run()
    assert bass(band)[0] == 2.5
    assert len(band.session.strikes) == 8
    assert sum(each.player for each in band.habits.spans[0].heard) == 8  # all but the last, whose moment had not come


@pytest.mark.parametrize("metre", [Metre(4, 4), Metre(3, 4), Metre(6, 8), Metre(7, 8), Metre(5, 4)], ids=str)
def test_bar_lines_are_those_of_the_clicks(metre):
    band = world(start=1.0, metre=metre, click=DRUMS)
    band.stop(20.0)
    band.run()
    bar = metre.bar_ticks / 48
    lines = [round(1.0 + i * bar, 3) for i in range(int(18.9 / bar))]
    assert clicks(band)[: len(lines)] == lines
    assert set(lines) <= set(bass(band))
    assert not band.unmatched()


def test_in_mixed_metres_clicks_and_band_keep_to_the_chart():
    band = world(metre=Metre(4, 4), click=DRUMS, chart=read_chart("C | 7/8 F | 3/4 G"), count_in=0)
    band.stop(12.0)
    band.run()
    lines = [1.0, 3.0, 4.75, 6.25, 8.25, 10.0, 11.5]
    assert clicks(band) == lines
    assert set(lines) <= set(bass(band))
    assert clicks(band, 77)[:10] == [1.5, 2.0, 2.5, 3.25, 3.5, 3.75, 4.0, 4.25, 4.5, 5.25]


# Following the player


@pytest.mark.parametrize("ahead", [0.0, 0.04, 0.1])
def test_the_band_is_in_time_however_far_ahead_it_must_be(ahead):
    band = world(ahead=ahead, click=DRUMS)
    band.tune(1.0, 9.0)
    band.stop(8.5)
    band.run()
    assert bass(band) == beats(1.0, 9.0)
    assert (band.session.tally.missed, band.session.late_notes) == (0, 0)
    assert not band.unmatched()


def test_a_synth_that_takes_its_time_is_told_early():
    band = world(output_latency=0.05)
    band.stop(4.0)
    band.run()
    assert bass(band) == [0.95, 1.95, 2.95, 3.95]


def test_by_ear_the_band_follows_what_the_player_plays():
    band = world()
    band.tune(1.0, 5.0, pitches=(62,))
    band.tune(5.0, 9.0, pitches=(69,))  # another key
    band.stop(9.0)
    band.run()
    roots = [pitch % 12 for _, pitch in band.ons(BASS)]
    assert roots == [0, *[2] * 4, *[9] * 3]


def test_a_note_just_before_a_span_that_it_does_not_go_with_changes_it():
    band = world()
    band.tune(1.0, 2.9, pitches=(60,))
    band.play(2.93, 70)  # the span at 3 s has been asked for at 2.875; with B flat, C major is none
    band.stop(4.0)
    band.run()
    assert band.session.tally.redone == 1
    assert (3.0, 46) in band.ons(BASS)
    assert not band.unmatched()


def test_a_passing_note_changes_nothing():
    band = world()
    band.tune(1.0, 2.9, pitches=(60,))
    band.play(2.93, 62)
    band.stop(4.0)
    band.run()
    assert band.session.tally.redone == 0


def test_by_ear_the_drums_begin_and_the_others_come_in_when_there_is_something_to_go_by():
    band = world(band=BandSettings(listening=2))
    band.tune(2.0, 4.0)
    band.stop(4.0)
    band.run()
    assert band.ons(DRUMS)[0][0] == 1.0
    assert 2.0 < bass(band)[0] <= 3.0


def test_by_ear_nobody_waits_for_ever_for_who_is_silent():
    band = world(band=BandSettings(listening=2, rest=0))
    band.stop(7.0)
    band.run()
    assert bass(band) == beats(5.0, 7.0)  # two bars of drums


def test_what_rings_ends_where_the_chord_by_ear_changes():
    class Ringing(Habits):
        def play(self, span):
            return tuple(
                each._replace(note=replace(each.note, length=96)) if each.role is not Role.DRUMS else each
                for each in super().play(span)
            )

    band = world(habits=Ringing())
    band.tune(1.0, 2.9, pitches=(60, 64, 67))
    band.tune(3.0, 6.0, pitches=(66, 70, 73))
    band.stop(8.0)
    band.run()
    changes = [chord.tick for span in band.habits.spans for chord in span.chords[-1:] if chord.tick == span.start][1:]
    assert changes
    for tick in changes:
        at = round(1.0 + (tick - SONG) / 48, 3)
        assert any(time == at and isinstance(message, NoteOff) for time, channel, message in band.output.sent
                   if channel == BASS)  # fmt: skip


def test_the_louder_the_player_the_louder_the_band():
    levels = []
    for velocity in range(20, 121, 20):
        band = world()
        band.tune(1.0, 9.0, velocity=velocity)
        band.stop(9.0)
        band.run()
        struck = [m.velocity for time, _, m in band.output.sent if isinstance(m, NoteOn) and time > 3.0]
        levels.append(sum(struck) / len(struck))
    assert levels == sorted(levels)
    assert all(later - earlier > 10 for earlier, later in pairwise(levels))


@pytest.mark.parametrize(("step", "density"), [(0.5, 0), (0.25, 2), (0.125, 1)])
def test_the_busier_the_player_the_fewer_chords_are_asked_for(step, density):
    band = world()
    band.tune(1.0, 7.0, step)
    band.stop(7.0)
    band.run()
    assert band.habits.spans[-1].density == density


def test_a_fill_leads_from_section_to_section():
    band = world(chart=read_chart("C | F || G | C"))
    band.stop(17.0)
    band.run()
    fills = [(span.end - span.start, (span.end - SONG) / 96) for span in band.habits.spans if span.fill]
    assert fills == [(48, 2.0), (48, 4.0), (48, 6.0), (48, 8.0)]


def test_the_style_is_told():
    band = world(band=BandSettings(style=Style.JAZZ))
    band.stop(3.0)
    band.run()
    assert {span.style for span in band.habits.spans} == {Style.JAZZ}


def test_two_sessions_with_the_same_playing_are_the_same():
    sent = []
    for _ in range(2):
        band = world(chart=BLUES, click=DRUMS)
        band.tune(1.0, 17.0, 0.37)
        band.stop(20.0)
        sent.append(band.run().output.sent)
    assert sent[0] == sent[1]


# Anything that players do


def test_a_silent_player_is_played_with():
    band = world()
    band.stop(61.0)
    band.run()
    assert bass(band) == beats(1.0, 61.0)
    assert band.session.strikes == []


def test_who_plays_nothing_but_drum_pitches_is_played_with():
    band = world()
    band.tune(1.0, 9.0, 0.25, pitches=(36, 42, 38, 42))
    band.stop(9.0)
    band.run()
    assert bass(band) == beats(1.0, 9.0)


def test_twenty_notes_a_second_are_played_with():
    band = world()
    band.tune(1.0, 31.0, 0.05, pitches=tuple(range(50, 90)))
    band.stop(31.0)
    band.run()
    assert bass(band) == beats(1.0, 31.0)
    assert len(band.session.strikes) == 600
    assert not band.unmatched()


def test_a_key_held_for_ever_is_stuck_and_the_band_ends():
    band = world()
    band.happen(1.0, NoteOn(60, 80))
    band.run()
    assert 17.0 <= bass(band)[-1] <= 19.0  # 8 s as a key, 8 s as silence
    assert band.session.strikes[0].length == 8.0 * 48
    assert not band.unmatched()


def test_a_pedal_holds_and_is_no_key():
    band = world()
    band.happen(1.0, Pedal(True))
    band.tune(1.0, 3.0)
    band.run()
    assert bass(band)[-1] == 11.0  # four bars after 2.9
    assert (1.0, Pedal(True), True, None) in band.recorder.messages


def test_gestures_are_kept():
    band = world()
    band.happen(1.5, Gesture((0xE0, 0, 64)))
    band.stop(2.0)
    band.run()
    assert (1.5, Gesture((0xE0, 0, 64)), True, None) in band.recorder.messages


# Coming to an end


def test_four_bars_after_the_player_a_last_chord_is_held():
    band = world()
    band.tune(1.0, 5.0)
    band.run()
    assert bass(band) == [*beats(1.0, 13.0), 13.0]
    assert band.ons(DRUMS)[-2:] == [(13.0, 36), (13.0, 49)]
    assert [time for time, channel, m in band.output.sent if channel == BASS][-1] == 15.0
    assert band.screen.states[-1] == (State.IDLE, 0)
    assert band.rests == [15.0]  # not while it sounds


def test_who_plays_again_has_the_band_again_with_the_next_bar():
    band = world(chart=BLUES)
    band.tune(1.0, 5.0)
    band.tune(20.3, 24.3)
    band.stop(25.0)
    band.run()
    assert bass(band) == [*beats(1.0, 14.0), *beats(21.0, 25.0)]
    assert band.screen.bars[-2:] == ["bar 1 of 4: C7", "bar 2 of 4: F7"]
    assert [turn for state, turn in band.screen.states] == [0, 1, 2, 0, 1]
    again = [span for span in band.habits.spans if span.start >= SONG + 20 * 48]
    assert chord_at(again[0].chords, again[0].start - 1)[0] == 1 + 7  # the bar before the first
    assert not band.unmatched()


def test_who_plays_again_before_the_last_chord_has_ended_has_the_band_without_a_break():
    band = world()
    band.tune(1.0, 5.0)
    band.tune(14.0, 16.0)
    band.stop(18.0)
    band.run()
    assert bass(band) == [*beats(1.0, 14.0), *beats(15.0, 18.0)]
    assert band.rests == []


@pytest.mark.parametrize("look_ahead", [0.0, 0.25, 2.0, 8.0])
def test_after_so_many_choruses_the_session_ends(look_ahead):
    band = world(chart=BLUES, choruses=2, band=BandSettings(rest=0, look_ahead=look_ahead))
    band.tune(1.0, 17.0)
    band.stop(99.0)
    band.run()
    assert bass(band) == [*beats(1.0, 17.0), 17.0]
    assert band.ons(BASS)[-1] == (17.0, 36)  # G7 leads to C
    assert band.clock() == 19.0
    assert not band.unmatched()


def test_who_plays_on_after_the_last_chorus_plays_alone():
    band = world(chart=BLUES, choruses=1)
    band.tune(1.0, 30.0)
    band.run()
    assert bass(band) == [*beats(1.0, 9.0), 9.0]
    assert band.clock() == 11.0


def test_a_session_of_some_choruses_ends_though_nobody_plays():
    band = world(chart=BLUES, choruses=1)
    for role in (Role.BASS, Role.CHORDS, Role.DRUMS):
        band.happen(0.1, Muted(role))
    band.stop(99.0)
    band.run()
    assert (band.ons(), band.clock()) == ([], 11.0)


def test_a_chorus_may_be_begun_again():
    band = world(chart=BLUES, choruses=2)
    band.tune(1.0, 3.0)  # the band ends at 13 s, in the second chorus
    band.tune(20.0, 40.0)
    band.stop(99.0)
    band.run()
    assert bass(band)[-1] == 21.0 + 16.0
    assert band.clock() == 39.0


@pytest.mark.parametrize("rest", [1, 4])
def test_solos_alternate(rest):
    band = world(trade=4, band=BandSettings(rest=rest, listening=0))
    band.tune(1.0, 9.0)
    band.tune(17.0, 25.0)
    band.stop(33.0)
    band.run()
    solos = [time for time, _ in band.ons(SOLO)]
    assert solos == [*beats(9.0, 17.0, BEAT), *beats(25.0, 33.0, BEAT)]
    assert bass(band) == beats(1.0, 33.0)
    assert not band.unmatched()


def test_who_stops_trading_ends_the_band():
    band = world(trade=4)
    band.tune(1.0, 9.0)
    band.run()
    assert bass(band)[-1] == 25.0  # its solo, and four bars that should have been the player's


# Who plays


def test_a_part_that_is_muted_falls_silent_at_once_and_plays_again_with_the_next_span():
    band = world()
    band.happen(3.2, Muted(Role.CHORDS))
    band.happen(5.3, Muted(Role.CHORDS))
    band.stop(8.0)
    band.run()
    times = sorted({time for time, _ in band.ons(CHORDS)})
    assert times == [*beats(1.0, 3.5, BEAT), *beats(6.0, 8.0, BEAT)]
    assert [time for time, channel, m in band.output.sent if channel == CHORDS and time < 5.0][-1] == 3.2
    assert bass(band) == beats(1.0, 8.0)
    assert band.screen.modes == ["bass, chords, drums", "bass, drums", "bass, chords, drums"]
    assert not band.unmatched()


def test_where_all_are_muted_nobody_plays_and_all_can_come_back():
    band = world()
    for role in (Role.BASS, Role.CHORDS, Role.DRUMS):
        band.happen(2.1, Muted(role))
        band.happen(6.1, Muted(role))
    band.stop(9.0)
    band.run()
    assert bass(band) == [1.0, 2.0, 7.0, 8.0]
    assert "nobody plays" in band.screen.modes
    assert not band.unmatched()


# Tempo


def test_the_tempo_goes_up_after_clean_choruses_alone():
    band = world(chart=BLUES, ramp=Ramp(120, 180), band=FOR_EVER)
    band.tune(1.0, 9.0, pitches=(60, 64, 67, 70, 65, 69, 72, 63, 60, 64, 67, 70, 67, 71, 74, 77))
    for i in range(16):
        band.play(9.0 + i * 0.48, 66, 0.45)  # on no chord
    band.stop(30.0)
    band.run()
    assert band.recorder.tempos == [(1.0, 120.0), (9.0, 125.0)]
    faster = [time for time in bass(band) if time >= 9.0]
    assert faster[:3] == [9.0, 9.96, 10.92]
    assert not band.unmatched()


def test_the_ramp_ends_where_it_should_and_takes_its_choruses():
    band = world(chart=read_chart("C"), ramp=Ramp(120, 128, choruses=2), band=FOR_EVER)
    band.tune(1.0, 40.0, pitches=(60, 64, 67, 64))
    band.stop(14.0)
    band.run()
    assert [bpm for _, bpm in band.recorder.tempos] == [120.0, 125.0, 128.0][: len(band.recorder.tempos)]
    assert band.recorder.tempos[1] == (5.0, 125.0)  # two choruses of a bar


def test_notes_before_the_tempo_changed_are_judged_by_the_tempo_they_were_played_in():
    band = world(chart=read_chart("C | %"), ramp=Ramp(120, 300, step=100), band=FOR_EVER)
    band.tune(1.0, 5.0, pitches=(60, 64, 67, 64))
    band.stop(6.0)
    band.run()
    assert [strike.tick for strike in band.session.strikes] == pytest.approx([SONG + 24 * i for i in range(8)])


def test_who_comes_back_in_another_tempo_is_judged_by_the_new_chorus_alone():
    band = world(chart=read_chart("C"), ramp=Ramp(120, 300), band=BandSettings(rest=1))
    band.tune(1.0, 3.0, pitches=(60, 64, 67, 64))
    band.tune(11.0, 13.0, pitches=(61, 66, 61, 66))
    band.stop(17.0)
    band.run()
    tempos = [bpm for _, bpm in band.recorder.tempos]
    assert tempos == [120.0, 125.0]


# Things that go wrong


def test_a_network_that_comes_too_late_is_told_of_once_and_the_bar_before_is_repeated():
    band = world(band=FOR_EVER)
    band.tune(1.0, 11.0)
    band.stop(11.0)
    slow = SlowPartner(band, lambda span: 0.05 if span.start < SONG + 96 else 0.5)
    band.run(slow)
    assert bass(band) == beats(1.0, 11.0)
    assert band.screen.warnings == [SILENT]
    assert band.session.tally.missed == 8
    assert not band.unmatched()


@pytest.mark.parametrize("chart", [None, BLUES])
@pytest.mark.parametrize("dies", [0.2, 3.0, 3.9, 4.95])
def test_a_network_that_dies_in_mid_song_leaves_no_hole(chart, dies):
    band = world(band=FOR_EVER, chart=chart)
    band.tune(1.0, 21.0)
    band.stop(21.0)
    band.run(SlowPartner(band, lambda span: 0.03, away=[(dies, dies + 6.0)]))
    assert {*beats(1.0, 21.0)} <= {time for time, _ in band.ons()}
    assert any("the network stopped (signal SIGKILL)" in text for text in band.screen.warnings)
    assert band.screen.warnings[-1] == "the network is back"
    assert bass(band)[-10:] == beats(11.0, 21.0)
    assert not band.unmatched()


def test_a_network_in_trouble_is_told_of():
    class Failing(Habits):
        def play(self, span):
            if len(self.spans) == 3:
                self.spans.append(span)
                raise ModelError("the network gave no note")
            return super().play(span)

    band = world(habits=Failing())
    band.stop(9.0)
    band.run()
    assert "the network gave no note" in band.screen.warnings
    assert bass(band) == beats(1.0, 9.0)


def test_a_lost_keyboard_lifts_its_keys():
    band = world()
    band.happen(1.0, NoteOn(60, 80))
    band.happen(2.0, PortLost("Piano"))
    band.happen(2.5, PortBack("Piano"))
    band.run()
    assert bass(band)[-1] == 11.0  # the last thing that was played was at 1.0, and for 4 bars nothing was
    assert band.screen.warnings == ["Piano is gone; livejam goes on as soon as it is back", "Piano is back"]


def test_a_synth_that_is_back_is_set_up_again_and_played():
    band = world()
    band.stop(9.0)
    band.happen(3.2, PortLost("Synth", keys=False))
    band.happen(5.2, PortBack("Synth"))
    band.run()
    assert bass(band) == beats(1.0, 9.0)
    assert len(band.output.programs) == 4
    assert not band.unmatched()


def test_a_port_that_refuses_is_told_of_and_the_band_goes_on():
    band = world()
    band.output.gone = True
    band.stop(5.0)
    band.run()
    assert band.screen.warnings == ["'Synth' is gone"]


def test_on_a_shared_bus_the_band_does_not_hear_itself():
    band = world(shared_bus=True)
    band.tune(1.0, 9.0, pitches=(62,))
    send, set_up = band.output.send, band.output.set_up

    def returns(cue):
        send(cue)
        band.happen(band.clock() + 0.002, cue.message)

    def comes_back(gesture, channel):
        set_up(gesture, channel)
        band.happen(band.clock() + 0.002, Gesture((gesture.message[0] | channel - 1, *gesture.message[1:])))

    band.output.send, band.output.set_up = returns, comes_back
    band.stop(9.0)
    band.run()
    assert len(band.session.strikes) == 16
    assert {m.pitch for _, m, player, _ in band.recorder.messages if player} == {62}


def test_a_bug_leaves_nothing_sounding():
    class Buggy(Habits):
        def play(self, span):
            if len(self.spans) == 3:
                raise ZeroDivisionError
            return super().play(span)

    band = world(habits=Buggy())
    with pytest.raises(ZeroDivisionError):
        band.run()
    assert band.ons()
    assert not band.unmatched()


# A DAW's clock


def test_the_band_begins_with_a_bar_of_the_daw():
    band = midi()
    end = band.pulses(1.0, 24)
    band.stop(end)
    band.run()
    assert bass(band) == pytest.approx(beats(3.0, 13.0), abs=0.002)  # a beat is needed to know the tempo
    assert not band.unmatched()


def test_when_the_daw_stops_so_does_the_band_and_goes_on_with_it():
    band = midi(chart=BLUES)
    band.pulses(1.0, 9)
    band.tune(3.0, 5.5)
    band.happen(5.5, ClockStop())
    band.tune(6.0, 8.0, pitches=(61,))  # nobody judges this
    band.happen(9.99, SongPosition(16))  # the second bar
    end = band.pulses(10.0, 16, start=ClockContinue())
    band.stop(end)
    band.run()
    assert not [time for time, _ in band.ons() if 5.5 < time < 9.9]
    assert [time for time in bass(band) if time > 9.0] == pytest.approx(beats(12.0, 18.0), abs=0.01)
    assert band.screen.warnings == [GONE]
    assert band.screen.bars[-4:] == ["bar 2 of 4: F7", "bar 3 of 4: C7", "bar 4 of 4: G7", "bar 1 of 4: C7"]
    assert {strike.pitch for strike in band.session.strikes} == {60, 62, 64, 65}
    assert len(band.session.strikes) == 5
    assert not band.unmatched()


def test_after_its_last_chord_the_band_begins_anew_with_the_daw():
    band = midi()
    band.tune(3.0, 5.0)
    end = band.pulses(1.0, 48)
    band.happen(end, ClockStop())
    band.stop(band.pulses(end + 2.0, 16))
    band.run()
    assert [time for time in bass(band) if 15.1 < time < end] == []
    assert [time for time in bass(band) if time > end][:2] == pytest.approx([end + 4.0, end + 5.0], abs=0.01)


def test_a_daw_that_stops_after_the_last_chord_ends_nothing_twice():
    band = midi()
    band.tune(3.0, 5.0)
    end = band.pulses(1.0, 48)
    band.happen(end, ClockStop())
    band.happen(end + 1.0, Pedal(True))
    band.stop(end + 2.0)
    band.run()
    assert band.clock() == end + 2.0 - 0.01
    assert len(band.rests) == 2  # when the chord had sounded, and when the clock stood
    assert band.screen.warnings == [GONE]


def test_ctrl_c_ends_it_even_as_the_last_chord_ends():
    band = world()
    band.tune(1.0, 5.0)
    band.happen(15.0, Stop())
    band.happen(20.0, Stop())
    band.run()
    assert band.clock() == 15.0


@pytest.mark.parametrize("at", [9.0, 9.5, 10.0, 10.7])
def test_a_daw_that_loops_leaves_no_hole(at):
    """It goes back to the second bar, on a bar line or within a bar."""
    band = midi(chart=BLUES, band=FOR_EVER)
    pulses = round((at - 1.0) * 48)
    at = band.pulses(1.0, pulses / 24)
    band.happen(at - 1e-4, SongPosition(16))
    band.stop(band.pulses(at, 16, start=None))
    band.run()
    times = [time for time, _ in band.ons()]
    assert max(later - earlier for earlier, later in pairwise(times)) < 1.6 * BEAT
    spans = [span for span in band.habits.spans if span.start > SONG + (at - 1.0) * 48 + 24]
    assert len(spans) > 5
    assert not band.unmatched()


def test_a_daw_that_loops_from_bar_line_to_bar_line_is_followed_without_a_change_of_beat():
    band = midi(chart=BLUES, band=FOR_EVER)
    at = band.pulses(1.0, 16)
    band.happen(at - 1e-4, SongPosition(0))
    band.stop(band.pulses(at, 16, start=None))
    band.run()
    assert bass(band) == pytest.approx(beats(3.0, 17.0), abs=0.003)


def test_a_daw_that_changes_tempo_takes_the_band_along():
    band = midi(band=FOR_EVER)
    at = band.pulses(1.0, 16)
    band.stop(band.pulses(at, 32, bpm=150.0, start=None))
    band.run()
    late = [time for time in bass(band) if time > at + 5.0]
    assert [later - earlier for earlier, later in pairwise(late)] == pytest.approx([0.8] * (len(late) - 1), abs=0.01)
    assert not band.unmatched()


def test_a_daw_that_is_gone_for_long_is_followed_again():
    band = midi(band=FOR_EVER)
    band.pulses(1.0, 12)
    band.stop(band.pulses(30.0, 16))
    band.run()
    starts = [span.start for span in band.habits.spans]
    assert starts == sorted(starts)
    assert len(bass(band)) > 8
    assert any("without a stop message" in text for text in band.screen.warnings)
    assert not band.unmatched()


def test_the_last_chorus_of_a_daw_ends_the_session():
    band = midi(chart=read_chart("C | F"), choruses=2)
    band.pulses(1.0, 40)
    band.run()
    assert bass(band)[-1] == pytest.approx(9.0, abs=0.003)
    assert band.clock() == pytest.approx(11.0, abs=0.01)


@pytest.mark.parametrize("beat", [0.0, 4000.0])
def test_in_a_link_session_the_song_begins_with_the_band(beat):
    band = world(LinkClock(), chart=read_chart("C | F"), choruses=2)
    for i in range(400):
        band.happen(1.0 + i * 0.05, LinkState(120.0, beat + i * 0.1, 1, True))
    band.run()
    assert bass(band) == pytest.approx([*beats(3.0, 11.0), 11.0], abs=0.003)
    assert band.screen.bars == ["bar 1 of 2: C", "bar 2 of 2: F"] * 2 + [""]


# What is kept and shown


def test_all_parts_are_kept_on_their_channels_and_clicks_are_not():
    band = world(click=DRUMS, trade=1)
    band.tune(1.0, 5.0)
    band.stop(5.0)
    band.run()
    kept = [(channel, m.pitch) for _, m, player, channel in band.recorder.messages if not player]
    assert {channel for channel, _ in kept} == {BASS, CHORDS, SOLO, DRUMS}
    assert not {(DRUMS, 76), (DRUMS, 77)} & set(kept)
    assert clicks(band) == [1.0, 3.0]
    assert sum(player for _, _, player, _ in band.recorder.messages) == 16
    assert band.recorder.tempos == [(1.0, 120.0)]


def test_it_shows_which_bar_of_which_chorus_it_is():
    band = world(chart=read_chart("Dm7 G7 | Cmaj7"), band=FOR_EVER)
    band.stop(7.5)
    band.run()
    assert band.screen.bars == ["bar 1 of 2: Dm7 G7", "bar 2 of 2: Cmaj7", "bar 1 of 2: Dm7 G7", "bar 2 of 2: Cmaj7"]
    assert band.screen.states == [(State.IDLE, 0), (State.LISTENING, 1), (State.LISTENING, 2)]


def test_what_the_player_did_is_judged_against_beat_and_chords():
    band = world(chart=read_chart("C | F"))
    band.tune(1.0, 3.0, pitches=(60, 64, 67, 61))  # the last is wrong
    band.tune(3.06, 5.0, pitches=(65, 69, 72, 65))
    band.stop(6.0)
    band.run()
    found = report(band.session.strikes)
    assert found.mistakes() == ("bar 1: Db on C",)
    assert [strike.bar for strike in band.session.strikes] == [0] * 4 + [1] * 4
    assert [round(strike.tick - SONG - 24 * i, 1) for i, strike in enumerate(band.session.strikes)] == [0] * 4 + [
        2.9
    ] * 4


def test_notes_just_before_a_bar_line_belong_to_it():
    band = world(chart=read_chart("C | F"))
    band.play(0.97, 60)
    band.play(2.97, 65)
    band.stop(6.0)
    band.run()
    assert [(strike.bar, strike.bar_start) for strike in band.session.strikes] == [(0, SONG), (1, SONG + 96)]


def test_a_session_in_which_nothing_is_played_has_no_strikes():
    band = world()
    band.stop(0.2)
    band.run()
    assert (band.session.strikes, band.ons(), band.session.tally.made) == ([], [], 0)


def test_a_slow_song_and_a_fast_one():
    for bpm in (30.0, 300.0):
        band = world(beat=RampClock(bpm, 1.0), band=FOR_EVER)
        beat = 60 / bpm
        band.tune(1.0, 1.0 + 32 * beat, beat)
        band.stop(1.0 + 32 * beat)
        band.run(SlowPartner(band, lambda span: 0.05))
        assert bass(band) == pytest.approx([1.0 + 2 * beat * i for i in range(16)], abs=1e-3)
        assert band.session.tally.missed == 0


def test_the_ledger_keeps_channels_apart():
    """The same pitch on two channels is two notes."""
    channels = {Role.BASS: 1, Role.CHORDS: 2, Role.MELODY: 3, Role.DRUMS: 10}

    class Unison(Habits):
        def play(self, span):
            return tuple(replace_pitch(each) for each in super().play(span))

    def replace_pitch(each):
        return each._replace(note=replace(each.note, pitch=60, length=30))

    band = world(habits=Unison(), channels=channels)
    band.stop(5.0)
    band.run()
    assert {pitch for _, pitch in band.ons()} == {60}
    assert not band.unmatched()
    assert NoteOff(60) in [m for _, _, m in band.output.sent]


def test_a_start_in_mid_song_is_followed():
    band = midi(chart=BLUES, band=FOR_EVER)
    at = band.pulses(1.0, 10)
    band.happen(at - 1e-4, ClockStop())
    band.stop(band.pulses(at, 16, start=ClockStart()))
    band.run()
    assert band.screen.bars[-1] == "bar 4 of 4: G7"
    assert not band.unmatched()
