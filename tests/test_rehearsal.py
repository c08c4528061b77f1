"""A melody played to the band in virtual time."""

from band_world import Habits

from livejam.alongsettings import AlongSettings
from livejam.band import BandSettings
from livejam.chart_text import read_chart
from livejam.notes import Metre, TickNote
from livejam.pieces import Role
from livejam.rehearsal import rehearse
from livejam.spans import BAND

MELODY = [TickNote(12 * i, 60 + i % 5, 12, 90) for i in range(64)]
SETTINGS = AlongSettings(BandSettings(rest=0), chart=read_chart("C | F"))


def played(settings=SETTINGS, melody=MELODY, end=768, habits=None):
    return rehearse(habits or Habits(), melody, end, settings)


def test_the_band_plays_from_the_first_tick_to_the_last():
    notes, tally = played()
    assert {each.role for each in notes} == set(BAND)
    assert [each.note.onset for each in notes if each.role is Role.BASS] == list(range(0, 768, 48))
    assert [each.note.onset for each in notes] == sorted(each.note.onset for each in notes)
    assert {each.note.length for each in notes if each.role is Role.BASS} == {48}
    assert (tally.missed, tally.made) == (0, tally.played)


def test_the_band_hears_the_melody_up_to_each_span():
    habits = Habits()
    played(habits=habits)
    song = habits.spans[0].start
    heard = [each.note for each in habits.spans[4].heard if each.player]
    assert [(note.onset - song, note.pitch) for note in heard] == [(n.onset, n.pitch) for n in MELODY[: len(heard)]]
    assert len(heard) in (15, 16)


def test_the_same_melody_gives_the_same_accompaniment():
    assert played() == played()


def test_it_ends_with_the_melody_in_any_metre():
    settings = AlongSettings(BandSettings(rest=0, listening=0), Metre(7, 8))
    notes, _ = played(settings, end=84 * 4)
    assert max(each.note.onset for each in notes) < 84 * 4
    assert {each.note.onset for each in notes if each.role is Role.BASS} == {
        84 * i + k for i in range(4) for k in (0, 48)
    }


def test_without_a_melody_the_band_plays():
    notes, _ = played(melody=[])
    assert notes
