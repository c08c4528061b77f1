"""The rhythm section: spans, parts, charts, and a memory that mirrors what was played."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from livejam.accompanist import RANGES, Accompanist, PartShape, load_accompanist, phrases
from livejam.decoder import PART, Decoder
from livejam.harmony import chord_tones
from livejam.notes import Metre, TickNote
from livejam.pieces import Quality, Role, Style
from livejam.spans import BAND, PartNote, Span
from livejam.tokenizer import Chord

PATH = Path(__file__).parent / "data" / "tiny.onnx"
METRE = Metre(4, 4)
CHART = (Chord(0, 2, Quality.MINOR7), Chord(96, 7, Quality.DOMINANT))


@pytest.fixture(scope="module")
def decoder():
    return Decoder(PATH)


@pytest.fixture
def band(decoder):
    found = Accompanist(decoder, seed=3)
    found.restart()
    return found


def lead(count, since=0):
    return [PartNote(TickNote(since + 12 * i, 62 + i % 7, 12, 80), Role.MELODY, True) for i in range(count)]


def span(start, heard=(), chords=(), parts=BAND, **about):
    return Span(start // 48, start, start + 48, parts, METRE, chords, Style.JAZZ, heard=tuple(heard), **about)


def session(band, spans=8, chords=()):
    """Return all that is played with a lead in eighths."""
    made = []
    for i in range(spans):
        heard = sorted([*lead(4 * i), *made], key=lambda each: each.note.onset)
        made += band.play(span(48 * i, heard, chords))
    return made


def test_all_parts_play_within_the_span(band):
    made = band.play(span(96, lead(8)))
    assert {each.role for each in made} == set(BAND)
    assert all(96 <= each.note.onset < 144 and not each.player for each in made)
    assert [each.note.onset for each in made] == sorted(each.note.onset for each in made)


def test_notes_can_be_played(band):
    for note, role, _ in session(band):
        low, high = RANGES[role]
        assert low - 24 <= note.pitch <= high + 24
        assert 1 <= note.velocity <= 127
        assert note.length >= 1


def test_only_the_parts_that_are_asked_for_play(band):
    assert {each.role for each in band.play(span(0, parts=(Role.DRUMS,)))} == {Role.DRUMS}


def test_the_same_seed_plays_the_same(decoder):
    one, other = (session(Accompanist(decoder, seed=3)) for _ in range(2))
    assert one == other
    assert session(Accompanist(decoder, seed=4)) != one


def test_what_was_heard_before_makes_no_difference_to_how_it_is_remembered(decoder):
    """Who goes on from one span to the next plays what one plays who is told everything at once."""
    going_on = Accompanist(decoder, seed=3)
    made = session(going_on, 4)
    heard = sorted([*lead(16), *made], key=lambda each: each.note.onset)
    asked = span(192, heard)
    went_on = going_on.play(asked)
    assert went_on == Accompanist(decoder, seed=3).play(asked)


def test_a_span_asked_for_again_knows_what_happened_since(band):
    first = band.play(span(96, lead(7)))
    again = band.play(span(96, lead(8)))
    assert band.play(span(96, lead(7))) == first
    assert {each.role for each in again} == set(BAND)


def test_the_memory_slides_through_a_long_session(band):
    assert len(session(band, 40)) > 80  # the tiny network remembers 32 notes


def test_bass_and_chords_keep_to_the_chart_on_strong_beats(band):
    for note, role, _ in session(band, 4, CHART):
        chord = CHART[note.onset >= 96]
        if note.onset % 48 == 0 and role in (Role.BASS, Role.CHORDS):
            assert note.pitch % 12 in chord_tones(chord.root, chord.quality)


def test_most_bass_notes_on_strong_beats_are_roots():
    shapes = [PartShape(span(0, (), CHART), Role.BASS, np.random.default_rng(seed)) for seed in range(200)]
    fifth = TickNote(0, 45, 24, 80)
    assert 0.6 < np.mean([shape.mend(fifth) is not None for shape in shapes]) < 0.9


def test_a_bass_walks_in_jazz_alone():
    heard = [PartNote(TickNote(-24, 40, 24, 80), Role.BASS)]
    for style, shuns in ((Style.JAZZ, True), (Style.POP, False)):
        shape = PartShape(replace(span(0, heard, CHART), style=style), Role.BASS, np.random.default_rng(0))
        bias = np.zeros_like(shape.bias)
        shape.steer(bias, 0, 0, 0)
        assert bool(bias[PART["pitch"]][40] < 0) is shuns
        assert shape.mend(TickNote(24, 45, 24, 80)) is None  # a weak beat
        bias[:] = 0
        shape.steer(bias, 1, 24, 1)
        assert [bool(bias[PART["pitch"]][pitch] < 0) for pitch in (45, 40)] == [shuns, False]


def test_a_walking_bass_begins_chords_with_roots_and_goes_on_with_tones():
    shapes = [PartShape(span(0, (), CHART), Role.BASS, np.random.default_rng(seed)) for seed in range(40)]
    third = TickNote(48, 41, 24, 80)  # F of D minor, in the middle of the bar
    assert all(shape.mend(third) is None for shape in shapes)
    assert any(shape.mend(replace(third, onset=96, pitch=38)) is not None for shape in shapes)  # D, fifth of G7


def test_nothing_is_mended_off_the_beat_or_without_a_chart():
    wrong = TickNote(13, 61, 12, 80)
    assert PartShape(span(0, (), CHART), Role.CHORDS, np.random.default_rng(0)).mend(wrong) is None
    assert PartShape(span(0), Role.CHORDS, np.random.default_rng(0)).mend(replace(wrong, onset=0)) is None
    assert PartShape(span(0, (), CHART), Role.DRUMS, np.random.default_rng(0)).mend(replace(wrong, onset=0)) is None


def test_what_is_told_is_told_span_by_span_and_part_by_part():
    heard = [
        *lead(4),
        PartNote(TickNote(0, 38, 48, 80), Role.BASS),
        PartNote(TickNote(0, 60, 48, 80), Role.CHORDS),
        PartNote(TickNote(0, 64, 48, 80), Role.CHORDS),
    ]
    told = phrases(span(48, sorted(heard, key=lambda each: each.note.onset)))
    assert [phrase.context.role for phrase in told] == [Role.BASS, Role.CHORDS, Role.MELODY]
    assert [len(phrase.notes) for phrase in told] == [1, 2, 4]
    assert [phrase.player for phrase in told] == [False, False, True]


def test_a_part_that_has_rested_plays():
    shape = PartShape(span(480, lead(8)), Role.BASS, np.random.default_rng(0))
    bias = np.zeros_like(shape.bias)
    shape.steer(bias, 0, 0, 0)
    assert bias[: len(shape._deltas)][-1] < -1e6


def test_a_fill_asks_for_more_drums():
    fill, plain = (PartShape(span(0, fill=fill), Role.DRUMS, np.random.default_rng(0)) for fill in (True, False))
    assert fill.wish.density > plain.wish.density
    assert fill.bias.max() > plain.bias.max()


def test_it_warms_up_and_says_what_it_is():
    about = load_accompanist(PATH, 7, None).about
    assert about["seed"] == 7
    assert set(about) == {"seed", "temperature", "model_sha256"}
