"""Which notes are right on a chord."""

import pytest

from livejam.chordscale import Step, chord_name, is_right, wrong_notes
from livejam.pieces import Quality

C7, CMAJ7, DM7 = (0, Quality.DOMINANT), (0, Quality.MAJOR7), (2, Quality.MINOR7)


def line(pitches, chords, length=10.0, gap=12.0):
    chords = chords if isinstance(chords, list) else [chords] * len(pitches)
    return [Step(gap * n, pitch, length, chord) for n, (pitch, chord) in enumerate(zip(pitches, chords, strict=True))]


@pytest.mark.parametrize(
    ("chord", "right", "wrong"),
    [
        (CMAJ7, (60, 62, 64, 67, 69, 71), (61, 63, 65, 66, 68, 70)),
        (C7, (60, 62, 64, 67, 69, 70, 61, 63, 68), (65, 66, 71)),
        (DM7, (62, 64, 65, 67, 69, 71, 72, 70), (63, 66, 68, 73)),
        ((11, Quality.HALF_DIMINISHED), (71, 72, 74, 76, 77, 79, 81), (75, 78, 80, 82)),
        ((0, Quality.DIMINISHED), (60, 62, 63, 65, 66, 68, 69, 71), (61, 64, 67, 70)),
    ],
)
def test_long_notes_are_right_on_the_scale(chord, right, wrong):
    assert [pitch for pitch in (*right, *wrong) if is_right([Step(0, pitch, 48, chord)], 0)] == list(right)


@pytest.mark.parametrize(
    ("pitches", "wrong"),
    [
        ((63, 64), []),  # from below
        ((66, 67), []),
        ((65, 64), []),  # the fourth, in passing
        ((61, 63, 64), [0]),  # too far away
        ((66, 63, 64), []),  # an enclosure
        ((61, 66, 67), [0]),  # not the way there
        ((66, 64), [0]),  # by a whole tone, from outside
        ((63, 67), [0]),  # leaps away
        ((63, 62), [0]),  # not to a chord tone
    ],
)
def test_approaches(pitches, wrong):
    assert wrong_notes(line(pitches, CMAJ7)) == wrong


def test_a_long_note_is_no_approach_nor_one_that_is_too_far_ahead():
    assert wrong_notes(line((63, 64), CMAJ7, length=24)) == [0]
    assert wrong_notes(line((63, 64), CMAJ7, gap=30)) == [0]


def test_an_anticipation_is_right():
    assert wrong_notes(line((68, 68), [CMAJ7, (8, Quality.MAJOR7)])) == []
    assert wrong_notes(line((66, 68), [CMAJ7, (8, Quality.MAJOR7)], length=24)) == [0]


def test_notes_struck_together_lead_nowhere():
    assert wrong_notes([Step(0, 63, 10, CMAJ7), Step(0.5, 64, 10, CMAJ7)]) == [0]


def test_chords_have_names():
    assert [chord_name(chord) for chord in (CMAJ7, C7, DM7, (6, Quality.HALF_DIMINISHED))] == [
        *("Cmaj7", "C7", "Dm7", "F#m7b5"),
    ]  # fmt: skip
