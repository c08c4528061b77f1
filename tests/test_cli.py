"""The command line: what it says, and that bad input gives one plain line."""

import re

import mido
import pytest
from click.testing import CliRunner
from fake_midi import FakeDriver

from livejam import __version__
from livejam.cli import main

COMMANDS = ("listen", "respond", "ports", "prepare", "drill")


@pytest.fixture
def ports(monkeypatch):
    """Two keyboards and a bus."""
    names = ["IAC Driver Bus 1", "Digital Piano", "Stage Piano"]
    monkeypatch.setattr("livejam.midi.find_driver", lambda: FakeDriver(names, names[:1]))
    monkeypatch.setattr("livejam.midi.find_drivers", lambda: [FakeDriver(names, names[:1])])


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def complaint(result):
    """The one plain line of a command that failed."""
    assert result.exit_code in (1, 2), result.output
    assert isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("livejam: ")
    return lines[0]


def test_help_names_every_command():
    result = run("--help")
    assert result.exit_code == 0
    assert all(command in result.output for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command):
    result = run(command, "-h")
    assert result.exit_code == 0
    assert "Usage: main" in result.output


def test_version():
    assert __version__ in run("--version").output


def test_ports_are_listed(ports, monkeypatch):
    monkeypatch.setattr("livejam.realtime.advice", lambda: "real-time priority: who knows")
    result = run("ports")
    assert result.output.splitlines() == [
        "Fake inputs:",
        "  IAC Driver Bus 1",
        "  Digital Piano",
        "  Stage Piano",
        "Fake outputs:",
        "  IAC Driver Bus 1",
        "livejam listen without a name makes its own: livejam_in:in and livejam_out:out",
        "real-time priority: who knows",
    ]


def test_where_there_are_no_ports_the_list_says_so(monkeypatch):
    monkeypatch.setattr("livejam.midi.find_drivers", lambda: [FakeDriver(virtual=False)] * 2)
    monkeypatch.setattr("livejam.realtime.advice", lambda: "granted")
    assert run("ports").output == 2 * "Fake inputs: none\nFake outputs: none\n" + "granted\n"


def test_no_midi_system(monkeypatch):
    monkeypatch.setenv("MIDO_BACKEND", "mido.backends.rtmidi/UNIX_JACK")
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "livejam_no_such_server")
    for arguments in (["ports"], ["listen", "--no-record"]):
        assert re.search("no MIDI system|MIDI can't be used|MIDO_BACKEND", complaint(run(*arguments)))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["listen", "--port", "Bus", "--in", "Piano"], "--port is for both directions"),
        (["listen", "--port", "Bus", "--out", "Piano"], "--port is for both directions"),
        (["listen", "--no-record", "--record", "here"], "contradict each other"),
        (["listen", "--channel", "17"], "--channel"),
        (["listen", "--answer-channel", "0"], "--answer-channel"),
        (["listen", "--bpm", "1000"], "--bpm"),
        (["listen", "--metre", "4/5"], "'4/5' is no metre; 4/4"),
        (["listen", "--metre", "waltz"], "no metre"),
        (["listen", "--turns", "silence:-1"], "'silence:-1' is no way of taking turns; silence, silence:0.6, bars:4"),
        (["listen", "--turns", "bars:0"], "'bars:0' is no way of taking turns"),
        (["listen", "--turns", "waltz"], "'waltz' is no way of taking turns"),
        (["listen", "--start", "soon"], "--start"),
        (["listen", "--clock", "sundial"], "--clock"),
        (["listen", "--click", "17"], "--click"),
        (["listen", "--count-in", "9"], "--count-in"),
        (["listen", "--output-latency", "-1"], "--output-latency"),
        (["listen", "--silence", "1"], "--silence"),
        (["listen", "--clock", "midi", "--bpm", "120"], "brings its own tempo"),
        (["listen", "--turns", "bars:4"], "--turns bars:4 needs a beat"),
        (["listen", "--turns", "silence", "--turns", "bars:2"], "--turns bars:2 needs a beat"),
        (["listen", "--switch", "pedal"], "'pedal' can't switch between ways of taking turns; cc:20 and note:36 can"),
        (["listen", "--turns", "cc:20", "--switch", "cc:20"], "--switch cc:20 is also what ends your phrase"),
        (["listen", "--click", "10"], "a click needs a tempo"),
        (["listen", "--count-in", "1"], "a click needs a tempo"),
        (["listen", "--count-in", "1", "--clock", "link"], "your DAW counts in"),
        (["listen", "--click", "1", "--bpm", "120"], "--click 1 is the answers' channel"),
        (["listen", "--temperature", "9"], "--temperature"),
        (["listen", "--temperature", "nan"], "'nan' is not a number"),
        (["listen", "--bpm", "nan"], "'nan' is not a number"),
        (["listen", "--seed", "x"], "--seed"),
        (["listen", "--follow", "3"], "follow '3' won't do; give a number from 0 to 2"),
        (["listen", "--follow", "nan"], "follow 'nan' won't do"),
        (["listen", "--density", "7"], "density '7' won't do; give a number from 1 to 5, or free"),
        (["listen", "--register", "-1"], "register '-1' won't do"),
        (["listen", "--length", "99"], "length '99' won't do; give a number of bars from 1 to 16"),
        (["demo", "--kind", "ballad"], "kind 'ballad' won't do; give echo, vary, continue, contrast or free"),
        (["demo", "--style", "polka"], "style 'polka' won't do; give jazz, folk, pop, classical or free"),
        (["listen", "--key", "H minor"], "key 'H minor' won't do; give a key such as D minor"),
        (["listen", "--chart", "Dm7 | Foo"], "bar 2 of the chart: 'Foo' is no chord"),
        (["listen", "--chart", "nowhere.txt"], "can't read nowhere.txt"),
        (["listen", "--chart", "C | F"], "a chart needs a beat: give --bpm"),
        (["listen", "--knob", "volume=cc:7"], "'volume=cc:7' turns nothing that is known; follow, temperature"),
        (["listen", "--knob", "follow=cc:64"], "'follow=cc:64' names no knob"),
        (["listen", "--knob", "follow=note:36"], "'follow=note:36' names no knob"),
        (["listen", "--knob", "follow=cc:21", "--knob", "key=cc:21"], "controller 21 turns two things"),
        (["listen", "--knob", "follow=cc:20", "--switch", "cc:20"], "that controller takes turns already"),
        (["listen", "--knob", "follow=cc:20", "--turns", "cc:20"], "that controller takes turns already"),
        (["listen", "Bus"], "livejam"),
        (["drill"], "Choose from"),
        (["drill", "sing"], "'sing' is not one of 'echo', 'answer'"),
        (["drill", "echo", "--level", "6"], "--level"),
        (["drill", "echo", "--click", "1"], "--click 1 is livejam's own channel"),
        (["drill", "echo", "--no-record", "--record", "here"], "contradict each other"),
        (["drill", "answer", "--port", "Bus", "--in", "Piano"], "--port is for both directions"),
        (["respond"], "CALL"),
        (["respond", "call.mid"], "--out"),
        (["jam"], "No such command 'jam'"),
        (["--loud"], "--loud"),
    ],
)
def test_wrong_options_give_one_line(ports, arguments, said):
    assert said in complaint(run(*arguments))


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "No such file"), (b"", "is empty"), (b"RIFFwave", "no MIDI file"), (b"MThd\0\0", "cut short")],
)
def test_a_broken_call_gives_one_line(tmp_path, content, said):
    call = tmp_path / "call.mid"
    if content is not None:
        call.write_bytes(content)
    assert said in complaint(run("respond", call, "-o", tmp_path / "answer.mid"))
    assert not (tmp_path / "answer.mid").exists()


def test_a_call_without_notes_gives_one_line(tmp_path):
    mido.MidiFile(tracks=[mido.MidiTrack()]).save(tmp_path / "call.mid")
    assert "has no notes" in complaint(run("respond", tmp_path / "call.mid", "-o", tmp_path / "answer.mid"))
