"""Controls in words and on knobs: what can be written, what a knob's positions mean, what is refused."""

import pytest

from livejam.controls import Kind
from livejam.errors import LivejamError
from livejam.events import Gesture, Pedal
from livejam.knobs import Knob, Turned, read_knob, read_knobs
from livejam.modes import Silence
from livejam.notes import NoteOn
from livejam.pieces import Style
from livejam.signs import Signs
from livejam.steering import CONTROLS, PLAIN, Steering, asked_for, in_words, read_setting, turned


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("follow", "1.5", 1.5),
        ("temperature", "0", 0.0),
        ("density", "5", 5),
        ("register", "free", 0),
        ("length", "16", 16),
        ("length", "free", None),
        ("kind", "Echo", Kind.ECHO),
        ("style", "jazz", Style.JAZZ),
        ("key", "C", 1),
        ("key", "d minor", 15),
        ("key", "Bb", 11),
        ("key", "A# major", 11),
        ("key", "F#m", 19),
        ("key", "E♭ Minor", 16),
        ("key", "Cb", 12),
        ("key", "free", 0),
    ],
)
def test_settings_are_read(name, text, value):
    assert read_setting(name, text) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [("follow", "2.1"), ("follow", "nan"), ("follow", ""), ("density", "0"), ("density", "1.5"), ("length", "17"),
     ("kind", "unknown"), ("key", "H"), ("key", "D dorian"), ("key", ""), ("style", "0")],
)  # fmt: skip
def test_what_is_out_of_range_gives_one_line(name, text):
    with pytest.raises(LivejamError, match=f"^{name} '{text}' won't do; give ") as error:
        read_setting(name, text)
    assert "\n" not in str(error.value)


def test_what_a_control_says_it_reads():
    for control in CONTROLS.values():
        for position in range(128):
            value = control.at(position)
            assert control.read(control.word(value)) == value


@pytest.mark.parametrize("name", CONTROLS)
def test_a_knob_spans_the_range_and_never_turns_back(name):
    control = CONTROLS[name]
    values = [control.at(position) for position in range(128)]
    if name in ("follow", "temperature"):
        assert (values[0], values[64], values[127]) == (0, 1, 2)
        assert values == sorted(values)
    else:
        places = [control.values.index(value) for value in values]
        assert places == sorted(places)
        assert (places[0], places[1], places[127]) == (0, 1, len(control.values) - 1)
        assert set(places) == set(range(len(control.values)))


def test_only_what_is_asked_for_is_said():
    steering = asked_for([("follow", 1.5), ("length", 4), ("key", 15), ("density", None)])
    assert steering == Steering(follow=1.5, bars=4, key=15)
    assert in_words(steering) == {"follow": "1.5", "length": "4", "key": "D minor"}
    assert in_words(PLAIN) == {}


def test_a_turn_changes_one_control():
    assert turned(Steering(density=3), "follow", 127) == Steering(follow=2.0, density=3)
    assert turned(Steering(bars=3), "length", 0) == PLAIN


def test_a_knob_reads_its_controller_alone():
    knob = read_knob(" Follow = cc:21 ")
    assert (knob, str(knob)) == (Knob("follow", 21), "follow=cc:21")
    assert knob.reads(Gesture((0xB3, 21, 90))) == Turned("follow", 90)
    others = (Gesture((0xB0, 22, 90)), Gesture((0xE0, 21, 90)), NoteOn(21, 90), Pedal(True))
    assert [knob.reads(other) for other in others] == [None] * 4


@pytest.mark.parametrize("text", ["follow", "follow=21", "follow=cc:x", "follow=cc:120", "follow=cc:64", "tempo=cc:3"])
def test_what_is_no_knob_gives_one_line(text):
    with pytest.raises(LivejamError) as error:
        read_knob(text)
    assert repr(text) in str(error.value)
    assert "cc:21" in str(error.value)


def test_a_controller_turns_one_thing():
    assert read_knobs(["follow=cc:1", "density=cc:2"]) == (Knob("follow", 1), Knob("density", 2))
    with pytest.raises(LivejamError, match="controller 1 turns two things; give density another"):
        read_knobs(["follow=cc:1", "density=cc:1"])


def test_knobs_are_no_music():
    signs = Signs(None, [Knob("follow", 21)])
    assert signs.take(Gesture((0xB0, 21, 127)), Silence()) == Turned("follow", 127)
    assert signs.take(Gesture((0xB0, 22, 127)), Silence()) is None
