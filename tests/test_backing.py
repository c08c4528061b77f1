"""What is measured of an accompaniment, on music whose figures are known."""

import numpy as np
import pytest
from prepared import part, piece

from livejam.backing_exam import in_blocks, take_of, takes_of
from livejam.harmony import chord_tones, found_chords
from livejam.measures import backing
from livejam.notes import Metre, TickNote
from livejam.pieces import NOTE, Quality, Role
from livejam.spans import PartNote
from livejam.tokenizer import Chord

METRE = Metre(4, 4)
CHORDS = (Chord(0, 0, Quality.MAJOR), Chord(96, 7, Quality.DOMINANT))


def played(role, *notes):
    return [PartNote(TickNote(onset, pitch, length, 80), role) for onset, pitch, length in notes]


def test_tones_of_chords():
    assert chord_tones(7, Quality.DOMINANT) == {7, 11, 2, 5}
    assert chord_tones(0, Quality.OTHER) == frozenset()


def test_bass_notes_on_strong_beats_are_judged():
    bass = played(Role.BASS, (0, 36, 24), (24, 37, 24), (48, 40, 24), (96, 36, 24), (144, 43, 24))
    tones, roots = backing.bass_on_chords(bass, CHORDS, METRE)
    assert tones == pytest.approx(3 / 4)  # C on G7 is none; what is on a weak beat does not count
    assert roots == pytest.approx(2 / 4)


def test_in_three_only_the_downbeat_is_strong():
    assert [tick for tick in range(0, 144, 12) if backing.strong(tick, Metre(3, 4))] == [0, 72]


def test_a_melody_lies_in_what_sounds_or_not():
    melody = [TickNote(0, 76, 24, 80), TickNote(24, 77, 24, 80), TickNote(60, 72, 24, 80)]
    chords = played(Role.CHORDS, (0, 60, 48), (0, 64, 48))
    assert backing.agreement(melody, chords) == pytest.approx(1 / 3)
    assert backing.agreement(melody, played(Role.DRUMS, (0, 64, 96))) == 0


def test_voices_that_stay_do_not_move():
    still = played(Role.CHORDS, (0, 60, 24), (0, 64, 24), (24, 60, 24), (24, 64, 24))
    assert backing.voice_leading(still)[0] == 0
    moved = played(Role.CHORDS, (0, 60, 24), (0, 64, 24), (24, 62, 24), (24, 65, 24))
    assert backing.voice_leading(moved)[0] == pytest.approx((2 + 1) / 2)


def test_outer_voices_that_leap_together():
    leaping = [*played(Role.BASS, (0, 36, 24), (24, 43, 24), (48, 43, 24)),
               *played(Role.CHORDS, (0, 60, 24), (24, 67, 24), (48, 60, 24))]  # fmt: skip
    assert backing.voice_leading(leaping)[1] == pytest.approx(1 / 2)


def test_a_groove_is_where_the_drums_strike():
    rock = played(Role.DRUMS, (0, 36, 6), (24, 38, 6), (48, 36, 6), (72, 38, 6))
    assert backing.apart(backing.groove(rock, METRE), backing.groove(rock, METRE)) == 0
    other = played(Role.DRUMS, (6, 36, 6), (30, 38, 6))
    assert backing.apart(backing.groove(rock, METRE), backing.groove(other, METRE)) == 1
    assert np.isnan(backing.apart(backing.groove([], METRE), backing.groove(rock, METRE)))


def test_chords_by_ear():
    notes = np.array([(0, 96, 36, 80), (0, 96, 64, 80), (0, 96, 67, 80), (96, 96, 43, 80), (96, 96, 59, 80),
                      (96, 96, 62, 80), (96, 96, 65, 80)], NOTE)  # fmt: skip
    found = found_chords(notes, 0)
    assert found.tolist() == [(0, 0, Quality.MAJOR), (96, 7, Quality.DOMINANT)]


def song(**about):
    return piece(part((8,) * 8, 1), part((16,) * 2, 3, Role.PIANO, step=24), corpus="pop909", **about)


def test_a_take_has_a_melody_and_what_people_played_with_it():
    take = take_of(song())
    assert len(take.melody) == 64
    assert {each.role for each in take.people} <= {Role.BASS, Role.CHORDS}
    assert take.start == 0
    assert take.end % 96 == 0
    assert take.chords


def test_what_has_no_accompaniment_is_no_take():
    assert take_of(piece(part((8,) * 8))) is None
    assert takes_of([piece(part((8,) * 8))], 3, 1) == {}


def test_blocks_keep_to_the_chart():
    take = take_of(song(chords=[(0, 0, Quality.MAJOR), (96, 7, Quality.DOMINANT)]))
    assert backing.bass_on_chords(in_blocks(take), take.chords, take.metre) == (1, 1)
