"""The player in front of the band: loudness, pace, silence, and notes that settle on the line."""

import pytest

from livejam.events import Pedal, PortLost
from livejam.grid import BeatGrid
from livejam.lead import FRESH, KEPT, RECENT, Lead
from livejam.notes import NoteOff, NoteOn
from livejam.phrasing import Tempos

BEAT = 0.5  # seconds
TEMPOS = Tempos(((0.0, BeatGrid(120.0)),))


@pytest.fixture
def lead():
    return Lead(longest_key=8.0)


def play(lead, at, pitch=60, seconds=0.4, velocity=80):
    lead.take_in(NoteOn(pitch, velocity), at)
    lead.take_in(NoteOff(pitch), at + seconds)


def test_nobody_has_played_yet(lead):
    assert (lead.level, lead.pace(5.0, BEAT), lead.silence(5.0)) == (None, None, None)
    assert lead.notes(TEMPOS, 5.0) == ()
    assert lead.settle(TEMPOS, 5.0) == []
    assert lead.since(5.0) == 5.0
    lead.take_in(NoteOff(60), 5.0)  # a key that was down before
    assert lead.silence(6.0) is None


def test_how_loud_the_player_is_is_judged_by_the_latest_notes(lead):
    for i in range(20):
        play(lead, i, velocity=40)
    assert lead.level == 40
    for i in range(RECENT):
        play(lead, 20 + i, velocity=100)
    assert lead.level == 100


@pytest.mark.parametrize(("step", "pace"), [(1.0, 0.5), (0.5, 1.0), (0.25, 2.0), (0.125, 4.0), (0.05, 10.0)])
def test_how_busy_the_player_is(lead, step, pace):
    for i in range(round(10.0 / step)):
        play(lead, i * step, 60 + i % 12, 0.04)
    assert lead.pace(10.0 - 1e-6, BEAT) == pytest.approx(pace, abs=0.26)


def test_a_chord_is_one_strike(lead):
    for at in (0.0, 1.0):
        for i in range(5):
            play(lead, at + 0.005 * i, 60 + i)
    assert lead.pace(1.9, BEAT) == 0.5


def test_who_has_played_and_rests_is_not_busy(lead):
    play(lead, 0.0)
    assert lead.pace(9.0, BEAT) == 0.0


def test_silence_is_without_keys(lead):
    lead.take_in(NoteOn(60, 80), 1.0)
    assert lead.silence(4.0) == 0.0
    lead.take_in(NoteOff(60), 4.0)
    assert lead.silence(4.5) == 0.5


def test_a_key_that_is_stuck_is_silence_in_the_end(lead):
    lead.take_in(NoteOn(60, 80), 1.0)
    assert lead.silence(9.0) == 0.0
    assert lead.silence(12.0) == 3.0
    play(lead, 12.0, 64)
    assert lead.silence(13.4) == pytest.approx(1.0)


def test_a_lost_port_lifts_the_keys(lead):
    lead.take_in(NoteOn(60, 80), 1.0)
    lead.take_in(PortLost("Piano"), 2.0)
    assert lead.silence(3.0) == 1.0


def test_notes_so_far_are_on_the_grid_and_end_now(lead):
    play(lead, 0.01, 60, 0.24)
    lead.take_in(NoteOn(64, 90), 0.26)
    assert [(n.onset, n.pitch, n.length, n.velocity) for n in lead.notes(TEMPOS, 0.51)] == [
        (0, 60, 12, 80),
        (12, 64, 12, 90),
    ]
    assert lead.since(0.51) == 0.01


def test_a_pedal_holds(lead):
    lead.take_in(Pedal(True), 0.0)
    play(lead, 0.0, 60, 0.1)
    assert lead.notes(TEMPOS, 1.0)[0].length == 48


def test_what_is_old_settles_once_and_is_told_as_it_was_played(lead):
    for i in range(8):
        play(lead, 0.02 + i * BEAT)
    played = lead.settle(TEMPOS, 8 * BEAT)
    assert [round(each.tick, 2) for each in played] == [0.96 + 24 * i for i in range(round(8 - FRESH))]
    assert played[0].note.onset == 0.02
    assert lead.settle(TEMPOS, 8 * BEAT) == []
    assert [note.onset for note in lead.notes(TEMPOS, 8 * BEAT)] == [24 * i for i in range(8)]
    assert len(lead.close(TEMPOS, 8 * BEAT)) == FRESH
    assert lead.close(TEMPOS, 9 * BEAT) == []


def test_a_long_note_takes_its_place_among_the_settled(lead):
    lead.take_in(NoteOn(40, 80), 0.0)
    for i in range(1, 8):
        play(lead, i * BEAT)
    lead.settle(TEMPOS, 8 * BEAT)
    assert lead.since(8 * BEAT) == 0.0
    lead.take_in(NoteOff(40), 8 * BEAT)
    assert [each.note.pitch for each in lead.settle(TEMPOS, 8 * BEAT)] == [40]
    assert [note.onset for note in lead.notes(TEMPOS, 8 * BEAT)] == [24 * i for i in range(8)]


def test_notes_lie_on_the_grid_that_held_when_they_were_played(lead):
    faster = BeatGrid(240.0, 2.0, 96)  # from 2.0 s on
    play(lead, 1.0)
    play(lead, 2.25)
    tempos = Tempos(((0.0, BeatGrid(120.0)), (2.0, faster)))
    assert [note.onset for note in lead.notes(tempos, 2.7)] == [48, 120]
    assert [each.tick for each in lead.close(tempos, 2.7)] == [48, 120]


def test_it_remembers_the_latest_notes(lead):
    for i in range(2 * KEPT):
        play(lead, i * 0.25, 60 + i % 12, 0.2)
        lead.settle(TEMPOS, i * 0.25)
    notes = lead.notes(TEMPOS, KEPT * 0.5)
    assert KEPT <= len(notes) <= KEPT + 16
    assert [note.onset for note in notes] == sorted(note.onset for note in notes)
