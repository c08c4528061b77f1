"""Notes by rule: blocks of chords, the last chord, notes moved onto a chord, and how long one is held."""

import pytest

from livejam.chart_text import read_chart
from livejam.form import Form
from livejam.harmony import chord_tones
from livejam.notes import Metre, TickNote
from livejam.pieces import Quality, Role, Style
from livejam.spans import BAND, PartNote
from livejam.tokenizer import Chord
from livejam.voicing import CRASH, KICK, block, completed, held, last_chord, on_chord, sustained, tight

G7 = 7, Quality.DOMINANT


def form(chart):
    return Form(Metre(4, 4), 0, read_chart(chart))


def note(pitch, role, onset=0, length=24):
    return PartNote(TickNote(onset, pitch, length, 80), role)


def test_a_block_is_the_chord_over_its_root():
    notes = block(G7, 96, 48, BAND)
    assert [(each.role, each.note.pitch) for each in notes if each.role is Role.BASS] == [(Role.BASS, 43)]
    chords = [each.note.pitch for each in notes if each.role is Role.CHORDS]
    assert {pitch % 12 for pitch in chords} == chord_tones(*G7)
    assert all(54 <= pitch < 66 for pitch in chords)
    assert {(each.note.onset, each.note.length) for each in notes if each.role is not Role.DRUMS} == {(96, 48)}
    assert [each.note.pitch for each in notes if each.role is Role.DRUMS] == [KICK]


def test_a_block_has_the_parts_that_play():
    assert {each.role for each in block(G7, 0, 48, (Role.BASS,))} == {Role.BASS}
    assert block(G7, 0, 48, ()) == ()


def test_without_a_chord_the_drums_strike_alone():
    assert [each.note.pitch for each in block(None, 0, 48, BAND, (KICK, CRASH))] == [KICK, CRASH]


def test_an_uncommon_chord_is_its_root():
    assert {each.note.pitch % 12 for each in block((2, Quality.OTHER), 0, 48, (Role.BASS, Role.CHORDS))} == {2}


@pytest.mark.parametrize(
    ("chart", "rest"),
    [
        ("Dm7 | G7 | Cmaj7 | %", (0, Quality.MAJOR7)),
        ("Cmaj7 | Am7 | Dm7 | G7", (0, Quality.MAJOR7)),  # a turnaround leads home
        ("Cm7 | Fm7 | Dm7b5 | G7", (0, Quality.MINOR7)),
        ("F7 | G7", (0, Quality.MAJOR)),  # home is nowhere in the chart
        ("C | N.C.", None),
    ],
)
def test_a_chart_comes_to_rest(chart, rest):
    assert last_chord(form(chart)) == rest


def test_without_a_chart_nobody_knows_where_it_comes_to_rest():
    assert last_chord(Form(Metre(4, 4), 0)) is None


@pytest.mark.parametrize(
    ("each", "length"),
    [
        (note(43, Role.BASS, 0, 400), 48),  # until its chord changes
        (note(60, Role.CHORDS, 24, 400), 24),
        (note(60, Role.CHORDS, 24, 12), 12),
        (note(60, Role.CHORDS, 96, 400), 96),  # two bars of one chord: for no more than a bar
        (note(42, Role.DRUMS, 0, 400), 96),
        (note(72, Role.MELODY, 0, 400), 96),
        (note(60, Role.CHORDS, 0, 0), 1),
    ],
)
def test_a_note_ends_with_its_chord(each, length):
    assert held(each, form("C F | G | %")) == length


def test_without_a_chart_a_note_is_held_for_a_bar_at_most():
    assert held(note(43, Role.BASS, 0, 400), Form(Metre(3, 4), 0)) == 72


@pytest.mark.parametrize(
    ("each", "pitch"),
    [
        (note(43, Role.BASS), 43),
        (note(44, Role.BASS), 43),
        (note(60, Role.CHORDS), 59),
        (note(61, Role.CHORDS), 62),
        (note(42, Role.DRUMS), 42),
        (note(73, Role.MELODY), 73),
    ],
)
def test_notes_move_to_the_nearest_tone(each, pitch):
    assert on_chord(each, G7).note.pitch == pitch
    assert on_chord(each, None) == each


def test_an_uncommon_chord_draws_notes_to_its_root():
    assert on_chord(note(43, Role.BASS), (2, Quality.OTHER)).note.pitch == 38


@pytest.mark.parametrize("pitch", [0, 127])
def test_notes_stay_within_midi(pitch):
    assert 0 <= on_chord(note(pitch, Role.CHORDS), (3, Quality.OTHER)).note.pitch <= 127


ON_G7 = (Chord(0, *G7),)


def test_the_first_chord_of_a_span_has_all_of_its_tones():
    struck = (note(43, Role.BASS), note(59, Role.CHORDS), note(65, Role.CHORDS), note(62, Role.CHORDS, 24))
    pitches = {each.note.pitch for each in completed(struck, ON_G7) if each.role is Role.CHORDS and not each.note.onset}
    assert {pitch % 12 for pitch in pitches} == chord_tones(*G7)
    assert all(56 <= pitch <= 68 for pitch in pitches)
    assert set(struck) <= set(completed(struck, ON_G7))


def test_a_figure_is_no_chord_and_without_chords_nothing_is_added():
    figure = (note(59, Role.CHORDS), note(62, Role.CHORDS, 12), note(65, Role.CHORDS, 24))
    assert completed(figure, ON_G7) == figure
    pair = (note(59, Role.CHORDS), note(65, Role.CHORDS))
    assert completed(pair, ()) == pair
    assert completed((), ON_G7) == ()


def test_tones_of_the_chord_ring_and_others_lead_on():
    notes = (note(43, Role.BASS, 0, 10), note(59, Role.CHORDS, 0, 6), note(60, Role.CHORDS, 12, 6),
             note(62, Role.CHORDS, 24, 6), note(45, Role.BASS, 24, 10))  # fmt: skip
    lengths = [each.note.length for each in sustained(notes, 48, Style.POP, ON_G7)]
    assert lengths == [24, 48, 12, 24, 24]


def test_in_jazz_chords_last_a_beat_and_what_is_longer_stays():
    notes = (note(59, Role.CHORDS, 0, 6), note(62, Role.CHORDS, 0, 90), note(38, Role.DRUMS, 0, 6))
    assert [each.note.length for each in sustained(notes, 96, Style.JAZZ, ON_G7)] == [24, 90, 6]


def test_drums_are_tight_and_strike_once():
    loose = [note(36, Role.DRUMS, 97), note(42, Role.DRUMS, 107), note(38, Role.DRUMS, 119), note(38, Role.DRUMS, 121)]
    assert [(each.note.onset, each.note.pitch) for each in tight(loose, Metre(4, 4))] == [
        (96, 36),
        (108, 42),
        (120, 38),
    ]
    assert tight(loose[:1], Metre(4, 4), [note(36, Role.DRUMS, 96)]) == ()
    swung = [note(51, Role.DRUMS, 16), note(40, Role.BASS, 1), note(60, Role.CHORDS, 23)]
    assert tight(swung, Metre(4, 4)) == tuple(sorted(swung, key=lambda each: each.note.onset))
