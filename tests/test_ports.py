"""Which port a player means, and the open pair, on a MIDI system in memory."""

import contextlib

import pytest
from fake_midi import FakeDriver
from hypothesis import given
from hypothesis import strategies as st

from livejam.errors import PortError
from livejam.messages import MessageReader
from livejam.notes import NoteOff, NoteOn
from livejam.ports import PortChoice, list_ports, match_port, open_ports, pasteable, receiver

MAC = ["IAC Driver Bus 1", "IAC Driver Bus 2", "Digital Piano"]
ALSA = ["Midi Through:Midi Through Port-0 14:0", "USB Keystation 61:USB Keystation 61 MIDI 1 20:0"]
WINDOWS = ["Microsoft GS Wavetable Synth 0", "loopMIDI Port 1", "loopMIDI Port 1 2"]


@pytest.mark.parametrize(
    ("asked", "available", "found"),
    [
        ("Digital Piano", MAC, "Digital Piano"),
        ("digital piano", MAC, "Digital Piano"),
        ("piano", MAC, "Digital Piano"),
        ("IAC Bus 2", MAC, "IAC Driver Bus 2"),
        ("bus-2", MAC, "IAC Driver Bus 2"),
        ("IAC Bus", ["IAC Driver Bus 1", "Digital Piano"], "IAC Driver Bus 1"),
        ("IAC Driver Bus 1", ["IAC-Driver Bus 1"], "IAC-Driver Bus 1"),
        ("Bus 1", ["IAC Driver Bus 12", "IAC Driver Bus 1"], "IAC Driver Bus 1"),
        ("Piano", ["Piano", "Piano Left"], "Piano"),
        ("keystation", ALSA, ALSA[1]),
        ("USB Keystation 61:USB Keystation 61 MIDI 1", ALSA, ALSA[1]),
        ("USB Keystation 61:USB Keystation 61 MIDI 1 24:0", ALSA, ALSA[1]),
        ("14:0", ALSA, ALSA[0]),
        ("keystat", ALSA, ALSA[1]),
        ("livejam", ["livejam_out:out", "Piano"], "livejam_out:out"),
    ],
)
def test_a_port_is_found_by_its_words(asked, available, found):
    assert available[match_port(asked, available, "input")] == found


@pytest.mark.parametrize(
    ("asked", "place"), [("loopMIDI Port", 1), ("loopMIDI Port 1", 2), ("loopMIDI Port 1 2", 2), ("wavetable", 0)]
)
def test_windows_index_is_ignored(asked, place):
    assert match_port(asked, WINDOWS, "output", indexed=True) == place


@pytest.mark.parametrize("asked", ["IAC", "Bus", "iac driver"])
def test_two_matches_are_an_error_that_lists_both(asked):
    with pytest.raises(PortError, match="'IAC Driver Bus 1', 'IAC Driver Bus 2'"):
        match_port(asked, MAC, "input")


@pytest.mark.parametrize("asked", ["IAC Bus 3", "", "  ", "...", "Bus 11", "\N{GRINNING FACE}"])
def test_no_match_lists_what_is_there(asked):
    with pytest.raises(PortError, match=r"no MIDI input matches .*; available: 'IAC Driver Bus 1', 'IAC Driver Bus 2'"):
        match_port(asked, MAC, "input")


def test_no_port_at_all():
    with pytest.raises(PortError, match="there are none"):
        match_port("IAC Bus", [], "output")


def test_pasteable_names_are_bare_where_that_is_enough():
    assert pasteable([*ALSA, "Piano 28:0", "Piano 32:0"])[1:] == [
        "USB Keystation 61:USB Keystation 61 MIDI 1",
        "Piano 28:0",
        "Piano 32:0",
    ]


NAME = st.text(st.sampled_from("AaBb12 :-_"), min_size=1, max_size=8)


@given(st.lists(NAME, unique=True, min_size=1, max_size=6), st.booleans())
def test_what_is_listed_can_be_pasted(names, indexed):
    for place, name in enumerate(pasteable(names, indexed=indexed)):
        with contextlib.suppress(PortError):  # names of the same words; but never a wrong port
            assert match_port(name, names, "input", indexed=indexed) == place


@given(st.text(), st.lists(st.text(), max_size=5), st.booleans())
def test_any_text_finds_a_port_or_says_why_not(asked, names, indexed):
    complaint = ""
    try:
        assert match_port(asked, names, "input", indexed=indexed) in range(len(names))
    except PortError as error:
        complaint = str(error)
    assert complaint.isprintable()


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


def test_answers_go_out_on_their_channel():
    driver = FakeDriver(["Piano"], ["Synth"])
    ports, _ = opened(driver, input="piano", output="synth", answer_channel=16)
    ports.send(NoteOn(60, 80))
    ports.send(NoteOff(60))
    assert driver.ports["out", "Synth"].sent == [(0x9F, 60, 80), (0x8F, 60, 0)]


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
