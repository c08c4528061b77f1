"""The open pair, on a MIDI system in memory whose ports come and go."""

import pytest
from fake_midi import FakeDriver

from livejam.errors import PortError
from livejam.events import PortBack, PortLost
from livejam.messages import MessageReader
from livejam.notes import Cue, NoteOff, NoteOn
from livejam.ports import PortChoice, list_ports, open_ports, receiver

MAC = ["IAC Driver Bus 1", "IAC Driver Bus 2", "Digital Piano"]
ALSA = ["Midi Through:Midi Through Port-0 14:0", "USB Keystation 61:USB Keystation 61 MIDI 1 20:0"]
WINDOWS = ["Microsoft GS Wavetable Synth 0", "loopMIDI Port 1", "loopMIDI Port 1 2"]


def opened(driver, **choice):
    heard = []
    ports = open_ports(driver, PortChoice(**choice), lambda time, event: heard.append((time, event)), lambda: 7.5)
    return ports, heard


def test_no_name_makes_a_virtual_pair():
    driver = FakeDriver(MAC, MAC)
    ports, _ = opened(driver)
    assert set(driver.ports) == {("in", None), ("out", None)}
    assert ports.names == ("livejam_in:in", "livejam_out:out")
    assert not ports.shared


def test_one_bus_for_both_directions_is_known_as_shared():
    ports, _ = opened(FakeDriver(MAC, MAC), input="bus 1", output="iac driver bus 1")
    assert ports.names == ("IAC Driver Bus 1", "IAC Driver Bus 1")
    assert ports.shared


def test_what_comes_in_is_stamped_and_kept():
    driver = FakeDriver(["Piano"], ["Synth"])
    _, heard = opened(driver, input="piano", output="synth", channel=2)
    for message in [[0x91, 60, 80], [0x90, 61, 80], [0xFE], [], [0x91, 60, 0]]:
        driver.ports["in", "Piano"].receive(message)
    assert heard == [(7.5, NoteOn(60, 80)), (7.5, NoteOff(60))]


def test_a_cue_goes_out_on_its_channel_with_its_time():
    driver = FakeDriver(["Piano"], ["Synth"])
    ports, _ = opened(driver, input="piano", output="synth")
    ports.send(Cue(8.0, NoteOn(60, 80), 16))
    ports.send(Cue(8.5, NoteOff(60), 2))
    assert driver.ports["out", "Synth"].sent == [(0x9F, 60, 80), (0x81, 60, 0)]
    assert driver.ports["out", "Synth"].times == [8.0, 8.5]


def test_an_output_says_how_long_before_their_time_it_wants_cues():
    driver = FakeDriver()
    ports, _ = opened(driver)
    assert ports.ahead == 0.0
    driver.ports["out", None].ahead = 0.01
    assert ports.ahead == 0.01


def test_closing_gives_both_ports_back():
    driver = FakeDriver(["Piano"], ["Synth"])
    ports, _ = opened(driver, input="piano", output="synth")
    ports.close()
    assert not any(port.open for port in driver.ports.values())


@pytest.mark.parametrize("refuses", ["Piano", "Synth"])
def test_a_port_that_refuses_leaves_none_open(refuses):
    driver = FakeDriver(["Piano"], ["Synth"], refuses=[refuses])
    with pytest.raises(PortError, match="Fake refuses"):
        opened(driver, input="piano", output="synth")
    assert not any(port.open for port in driver.ports.values())


def test_without_virtual_ports_it_says_how_to_get_one():
    with pytest.raises(PortError, match=r"loopMIDI.*inputs: 'Piano'; outputs: none"):
        opened(FakeDriver(["Piano 0"], [], virtual=False))


def test_a_driver_may_know_better_when_a_message_came():
    driver = FakeDriver(["Piano"], ["Synth"])
    _, heard = opened(driver, input="piano", output="synth")
    driver.ports["in", "Piano"].receive([0x90, 60, 80], 7.25)
    assert heard == [(7.25, NoteOn(60, 80))]


def test_a_port_that_goes_is_told_and_taken_again_by_its_words():
    driver = FakeDriver(ALSA, ["Synth"])
    ports, heard = opened(driver, input="keystation", output="synth")
    ports.look()
    assert heard == []
    driver.unplug(ALSA[1])
    ports.look()
    ports.look()
    assert heard == [(7.5, PortLost("USB Keystation 61:USB Keystation 61 MIDI 1"))]
    assert not driver.ports["in", ALSA[1]].open
    assert not ports.complete
    elsewhere = "USB Keystation 61:USB Keystation 61 MIDI 1 24:0"
    driver.plug(elsewhere)
    ports.look()
    assert heard[1:] == [(7.5, PortBack("USB Keystation 61:USB Keystation 61 MIDI 1"))]
    assert ports.complete
    driver.ports["in", elsewhere].receive([0x90, 60, 80])
    assert heard[2:] == [(7.5, NoteOn(60, 80))]


def test_what_comes_back_at_another_address_before_anyone_looked_is_lost_and_back():
    driver = FakeDriver(["Piano 20:0"], ["Synth"])
    ports, heard = opened(driver, input="piano", output="synth")
    driver.unplug("Piano 20:0")
    driver.plug("Piano 24:0")
    ports.look()
    assert heard == [(7.5, PortLost("Piano")), (7.5, PortBack("Piano"))]
    assert driver.ports["in", "Piano 24:0"].open


def test_while_the_output_is_gone_sending_is_an_error():
    driver = FakeDriver(["Piano"], ["Synth"])
    ports, _ = opened(driver, input="piano", output="synth")
    driver.unplug("Synth")
    ports.look()
    with pytest.raises(PortError, match="'Synth' is gone"):
        ports.send(Cue(8.0, NoteOn(60, 80), 1))
    assert ports.ahead == 0.0


def test_an_output_that_is_back_first_ends_what_sounded_when_it_went():
    driver = FakeDriver(["Piano"], ["Synth"])
    ports, _ = opened(driver, input="piano", output="synth")
    ports.send(Cue(1.0, NoteOn(50, 80), 1))
    ports.send(Cue(2.0, NoteOff(50), 1))  # long before: it got there
    ports.send(Cue(7.0, NoteOn(60, 80), 1))
    ports.send(Cue(7.4, NoteOff(60), 1))  # who knows
    ports.send(Cue(7.4, NoteOn(62, 80), 3))
    driver.unplug("Synth")
    ports.look()
    with pytest.raises(PortError):
        ports.send(Cue(7.5, NoteOff(62), 3))
    driver.plug("Synth")
    ports.look()
    assert driver.ports["out", "Synth"].sent == [(0x80, 60, 0), (0x82, 62, 0)]
    ports.send(Cue(8.0, NoteOn(62, 80), 3))
    assert driver.ports["out", "Synth"].sent[2:] == [(0x92, 62, 80)]


def test_one_bus_that_goes_is_told_once():
    driver = FakeDriver(["Bus"], ["Bus"])
    ports, heard = opened(driver, input="bus", output="bus")
    driver.unplug("Bus")
    ports.look()
    driver.plug("Bus")
    ports.look()
    assert [event for _, event in heard] == [PortLost("Bus"), PortBack("Bus")]


def test_virtual_ports_go_and_come_with_the_system():
    driver = FakeDriver()
    ports, heard = opened(driver)
    driver.running = False
    ports.look()
    driver.refuses = [None]
    ports.look()
    driver.running, driver.refuses = True, []
    ports.look()
    names = "livejam_in:in", "livejam_out:out"
    assert {event for _, event in heard[:2]} == {PortLost(names[0]), PortLost(names[1], keys=False)}
    assert {event for _, event in heard[2:]} == {PortBack(name) for name in names}
    assert ports.complete


def test_a_port_that_says_it_is_gone_is_opened_anew():
    driver = FakeDriver()
    ports, heard = opened(driver)
    driver.ports["out", None].gone = True
    ports.look()
    assert [event for _, event in heard] == [PortLost("livejam_out:out", keys=False), PortBack("livejam_out:out")]


def test_a_port_back_that_refuses_is_tried_again():
    driver = FakeDriver(["Piano"], ["Synth"])
    ports, heard = opened(driver, input="piano", output="synth")
    driver.unplug("Piano")
    ports.look()
    driver.plug("Piano")
    driver.refuses = ["Piano"]
    ports.look()
    assert len(heard) == 1
    driver.refuses = []
    ports.look()
    assert [event for _, event in heard] == [PortLost("Piano"), PortBack("Piano")]


def test_an_index_that_shifts_takes_nothing_away():
    driver = FakeDriver(["loopMIDI Port 1"], ["loopMIDI Port 1"], virtual=False)
    ports, heard = opened(driver, input="loopmidi", output="loopmidi")
    driver.unplug("loopMIDI Port 1")
    driver.plug("Piano 1")
    driver.plug("loopMIDI Port 2")
    ports.look()
    assert heard == []
    assert ports.complete


def test_closing_what_is_gone_closes_the_rest():
    driver = FakeDriver(["Piano"], ["Synth"])
    ports, _ = opened(driver, input="piano", output="synth")
    driver.unplug("Piano")
    ports.look()
    ports.close()
    assert not any(port.open for port in driver.ports.values())


def test_an_error_in_the_callback_is_told_and_the_next_message_is_heard(capsys):
    heard = []

    def put(time, event):
        if event == NoteOn(1, 1):
            raise RuntimeError("full")
        heard.append(event)

    receive = receiver(MessageReader(), put, lambda: 0.0)
    for _ in range(10):
        receive([0x90, 1, 1])
    receive([0x90, 2, 2])
    assert heard == [NoteOn(2, 2)]
    assert capsys.readouterr().err.count("a MIDI message was lost") == 3


def test_ports_are_listed_as_they_can_be_asked_for():
    assert list_ports(FakeDriver(ALSA, WINDOWS)).inputs == [
        "Midi Through:Midi Through Port-0",
        "USB Keystation 61:USB Keystation 61 MIDI 1",
    ]
