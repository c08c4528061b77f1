"""What an event means: music, a sign, the next mode, or nothing."""

import pytest

from livejam.events import Gesture, Pedal
from livejam.modes import Bars, ModeChosen, Signal, Silence, Switch
from livejam.notes import NoteOff, NoteOn
from livejam.signs import Over, Signs

PEDAL, KEY, KNOB = Signal("pedal"), Signal("note", 36), Signal("cc", 20)


def meanings(events, mode, switch=None):
    """Return what these events mean, one after the other."""
    signs = Signs(switch)
    return [signs.take(event, mode) for event in events]


@pytest.mark.parametrize("event", [NoteOn(60, 80), NoteOff(60), Pedal(True), Pedal(False)])
def test_notes_and_pedal_are_music(event):
    assert meanings([event], Silence()) == [event]


def test_other_gestures_mean_nothing():
    assert meanings([Gesture((0xB0, 1, 64))], Silence()) == [None]


@pytest.mark.parametrize(
    ("mode", "down", "up"),
    [
        (PEDAL, Pedal(True), Pedal(False)),
        (KEY, NoteOn(36, 80), NoteOff(36)),
        (KNOB, Gesture((0xB0, 20, 127)), Gesture((0xB0, 20, 0))),
    ],
)
def test_a_sign_is_given_once_when_it_goes_down(mode, down, up):
    assert meanings([down, down, up, down], mode) == [Over(), None, None, Over()]


def test_what_was_pressed_as_music_is_released_as_music():
    signs = Signs(None)
    assert signs.take(NoteOn(36, 80), Silence()) == NoteOn(36, 80)
    assert signs.take(NoteOff(36), KEY) == NoteOff(36)


def test_another_mode_has_a_sign_that_nobody_holds():
    signs = Signs(None)
    assert signs.take(Pedal(True), PEDAL) == Over()
    signs.change()
    assert signs.take(NoteOn(36, 80), KEY) == Over()


def test_the_switch_chooses_and_is_no_music():
    switch = Switch(KEY, (Silence(), Bars(4)))
    assert meanings([NoteOn(36, 80), NoteOff(36)], Silence(), switch) == [ModeChosen(Bars(4)), None]


def test_signs_that_are_lifted_can_be_given_again():
    signs = Signs(Switch(KEY, (Silence(), Bars(4))))
    signs.take(NoteOn(36, 80), Silence())
    signs.take(Pedal(True), PEDAL)
    signs.lift()
    assert signs.take(NoteOn(36, 80), Silence()) == ModeChosen(Bars(4))
    assert signs.take(Pedal(True), PEDAL) == Over()
