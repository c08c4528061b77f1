"""The tool that measures playing by ear: who plays, on a melody whose harmony is known."""

from pathlib import Path

import pytest
from tool_files import load_tool

from livejam.accompanist import Accompanist
from livejam.backing_exam import Take
from livejam.decoder import Decoder
from livejam.measures.backing import agreement
from livejam.notes import Metre, TickNote
from livejam.pieces import Quality, Role, Style
from livejam.spans import PartNote
from livejam.tokenizer import Chord

MELODY = tuple(TickNote(24 * i, 60 + (0, 4, 7, 12)[i % 4], 24, 80) for i in range(16))
PEOPLE = (PartNote(TickNote(0, 48, 384, 80), Role.CHORDS),)
TAKE = Take("C", Metre(4, 4), Style.POP, 0, 384, MELODY, PEOPLE, (Chord(0, 0, Quality.MAJOR),))


@pytest.fixture(scope="module")
def tool():
    """The tool."""
    return load_tool("by_ear")


def test_a_broken_chord_is_guessed_once_it_has_begun(tool):
    made = tool.guessed(TAKE)
    assert min(each.note.onset for each in made) == 48  # nothing was heard before
    assert {each.note.pitch % 12 for each in made} == {0, 4, 7}
    assert agreement(MELODY, made) == pytest.approx(14 / 16)


def test_everybody_is_measured_on_the_same_melody(tool):
    players = tool.rows(Accompanist(Decoder(Path(__file__).parent / "data" / "tiny.onnx"), seed=1))
    shares = {who: agreement(MELODY, play(TAKE)) for who, play in players.items()}
    assert shares["written chords"] == 1
    assert shares["people"] == pytest.approx(8 / 16)
    assert 0 < shares["the band"] <= 1


def test_without_drummers_that_is_said(tool):
    assert "no drummers" in tool.drummers([])
