"""Ways of taking turns: how they are written, and how a player switches between them."""

from dataclasses import replace

import pytest

from livejam.errors import LivejamError
from livejam.events import Gesture, Pedal
from livejam.modes import USUAL, Bars, ModeChosen, Signal, Silence, Switch, choices, read_mode, read_switch
from livejam.notes import NoteOff, NoteOn


def control(number, value):
    return Gesture((0xB0, number, value))


@pytest.mark.parametrize("text", ["silence", "silence:0.6", "bars:4", "bars:64", "pedal", "cc:20", "note:36"])
def test_a_mode_is_read_as_it_is_written(text):
    assert str(read_mode(text)) == text


@pytest.mark.parametrize("text", ["", "waltz", "silence:-1", "silence:nan", "silence:99", "bars", "bars:0",
                                  "bars:65", "pedal:1", "cc:120", "cc:x", "note:128", "note"])  # fmt: skip
def test_what_is_no_mode_is_refused_in_one_line(text):
    with pytest.raises(LivejamError, match="is no way of taking turns; silence") as refused:
        read_mode(text)
    assert "\n" not in str(refused.value)


def test_controller_64_is_the_pedal():
    assert read_mode("cc:64") == Signal("pedal")


def test_a_player_chooses_among_the_modes_named():
    assert choices((Bars(8), Signal("cc", 20), Bars(8))) == (Bars(8), Signal("cc", 20))


def test_who_names_one_mode_can_go_back_to_it():
    assert choices((Signal("cc", 20),)) == (Signal("cc", 20), *USUAL)
    assert choices((Bars(4),)) == (Bars(4), Silence(), Signal("pedal"))
    assert choices(()) == USUAL


def test_a_switch_goes_on_to_the_next_mode_and_round():
    switch, mode = Switch(Signal("cc", 20), USUAL), Silence()
    for expected in (Bars(4), Signal("pedal"), Silence(), Bars(4)):
        chosen = switch.take(control(20, 127), mode)
        assert chosen == ModeChosen(expected)
        assert switch.take(control(20, 100), mode) is None  # a fader that moves on is pressed once
        assert switch.take(control(20, 0), mode) is None
        mode = chosen.mode


def test_a_switch_from_another_mode_begins_with_the_first():
    assert Switch(Signal("note", 36), USUAL).take(NoteOn(36, 1), Bars(8)) == ModeChosen(USUAL[0])


@pytest.mark.parametrize(
    ("signal", "own", "others"),
    [
        (Signal("note", 36), [NoteOn(36, 9), NoteOff(36)], [NoteOn(37, 9), NoteOff(37), control(36, 99), Pedal(True)]),
        (Signal("cc", 20), [control(20, 0), control(20, 99)], [NoteOn(20, 9), control(21, 99), Gesture((0xE0, 20, 9))]),
    ],
)
def test_a_switch_takes_nothing_but_its_own(signal, own, others):
    switch = Switch(signal, USUAL)
    assert all(switch.owns(event) for event in own)
    assert not any(switch.owns(event) for event in others)


def test_a_switch_in_a_jam_is_kept_but_is_no_music(world):
    world.settings = replace(world.settings, switch=Signal("note", 36), modes=(Silence(0.6), Signal("cc", 20)))
    world.phrase(1.0, [60, 64])
    world.play(1.2, 36, 0.1)  # from now on a controller ends the phrase
    world.happen(5.0, control(20, 127))
    world.stop(12.0)
    world.run()
    assert [pitch for _, pitch in world.ons] == [72, 76]
    assert world.ons[0][0] > 5.0
    assert NoteOn(36, 80) in [message for _, message, _ in world.recorder.messages]


def test_a_switch_is_a_controller_or_a_key():
    assert read_switch("cc:20") == Signal("cc", 20)
    assert read_switch(" NOTE:36") == Signal("note", 36)
    for text in ("pedal", "cc:64", "bars:4", "silence", "cc:200", "x"):
        with pytest.raises(LivejamError, match="can't switch"):
            read_switch(text)


def test_a_switch_that_was_held_when_the_port_went_can_be_pressed_again():
    switch = Switch(Signal("cc", 20), USUAL)
    assert switch.take(control(20, 127), Silence()) == ModeChosen(Bars(4))
    switch.lift()
    assert switch.take(control(20, 127), Bars(4)) == ModeChosen(Signal("pedal"))
