"""Which port a player means."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livejam.errors import PortError
from livejam.portnames import match_port, pasteable

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


def test_words_that_follow_one_another_win():
    cards = ["Virtual Raw MIDI 0-0:VirMIDI 0-0 20:0", "Virtual Raw MIDI 0-1:VirMIDI 0-1 21:0"]
    assert match_port("VirMIDI 0-1", cards, "input") == 1
    assert match_port("VirMIDI 0-0", cards, "input") == 0


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
