"""The demo's calls: readable data that means what it says."""

import pytest

from livejam.calls import CALLS, Call, pitch_number
from livejam.pianoroll import extent


@pytest.mark.parametrize(("name", "pitch"), [("C4", 60), ("F#5", 78), ("Bb3", 58), ("C-1", 0), ("G9", 127)])
def test_pitch_names(name, pitch):
    assert pitch_number(name) == pitch


@pytest.mark.parametrize("name", ["", "H4", "C", "c4", "C##4", "C 4"])
def test_no_pitch_name(name):
    with pytest.raises(ValueError, match="is no pitch name"):
        pitch_number(name)


def test_steps_follow_each_other_chords_sound_together_and_rests_are_silent():
    call = Call("test", bpm=120, bar=4, steps=(("C4 E4", 1, 80), ("", 0.5, 0), ("G4", 2, 90)))
    assert [(note.onset, note.pitch, note.velocity) for note in call.notes] == [
        (0.0, 60, 80),
        (0.0, 64, 80),
        (0.75, 67, 90),
    ]
    assert call.notes[2].duration == pytest.approx(0.92)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_each_call_is_one_short_phrase(call):
    start, end = extent(call.notes)
    assert start == 0
    assert 2 < end < 7
    gaps = zip(call.notes, call.notes[1:], strict=False)
    assert all(later.onset - (note.onset + note.duration) < 0.3 for note, later in gaps)
    assert all(0 < note.velocity < 128 for note in call.notes)


def test_the_calls_differ_in_tempo():
    assert len({call.bpm for call in CALLS}) == len(CALLS)
