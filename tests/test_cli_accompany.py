"""`livejam accompany`: what its options mean, and that bad ones give one plain line."""

from types import SimpleNamespace

import click
import pytest
from click.testing import CliRunner
from fake_midi import FakeDriver
from test_cli import complaint, run

from livejam.accompany import Practised
from livejam.alongsettings import CHANNELS, PROGRAMS, Ramp
from livejam.band import BandTally
from livejam.cli import main
from livejam.notes import Metre
from livejam.pieces import Role, Style

BLUES = "C7 | F7 | C7 | G7"


@pytest.fixture
def practised(monkeypatch):
    """No ports and no network: return what would have been practised."""
    found = []

    class Network:
        def __init__(self, network):
            self.network = network

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def ready(self):
            return {"seed": self.network.seed}

    def practise(practice, driver, network, console):
        found.append(SimpleNamespace(practice=practice, network=network.network))
        return Practised(None, None, BandTally(made=10, played=9), 0)

    monkeypatch.setattr("livejam.partner.NetworkProcess", Network)
    monkeypatch.setattr("livejam.midi.find_driver", lambda jack: FakeDriver())
    monkeypatch.setattr("livejam.accompany.accompany", practise)
    return found


def chosen(practised, *arguments):
    result = CliRunner().invoke(main, ["accompany", *arguments])
    assert result.exit_code == 0, result.output
    return practised[-1].practice


def test_a_tempo_is_enough(practised):
    practice = chosen(practised, "--bpm", "100", "--seed", "7")
    settings = practice.settings
    assert (practice.bpm, practice.clock, practice.keep, practice.about) == (100.0, None, True, {"seed": 7})
    assert (settings.metre, settings.chart, settings.count_in, settings.click) == (Metre(4, 4), None, 1, None)
    assert (settings.channels, settings.programs) == (CHANNELS, PROGRAMS)
    assert (settings.band.rest, settings.band.span, settings.band.look_ahead) == (4, 2.0, 0.25)
    assert practised[-1].network.accompanies


def test_what_came_of_it_is_said(practised):
    result = CliRunner().invoke(main, ["accompany", "--bpm", "100"])
    assert result.output.splitlines() == [
        "9 notes played, 90 % of those made up; dropped as too late: none",
        "nothing was kept",
    ]


def test_all_can_be_chosen(practised):
    practice = chosen(
        practised, "--chart", BLUES, "--tempo-ramp", "80:120:4", "--choruses", "3", "--transpose", "2", "--trade", "4",
        "--parts", "drums,bass", "--channels", "bass=5,solo=6", "--programs", "bass=34", "--style", "jazz",
        "--end-after", "0", "--span", "1", "--look-ahead", "0.5", "--click", "10", "--count-in", "2",
        "--output-latency", "20", "--metre", "3/4", "--no-record",
    )  # fmt: skip
    settings, band = practice.settings, practice.settings.band
    assert (practice.bpm, practice.keep, settings.ramp) == (80.0, False, Ramp(80, 120, 4))
    assert str(settings.chart).startswith("D7 | G7")
    assert (settings.choruses, settings.trade, settings.metre) == (3, 4, Metre(3, 4))
    assert band.parts == (Role.BASS, Role.DRUMS)
    assert (settings.channels[Role.BASS], settings.channels[Role.MELODY], settings.channels[Role.DRUMS]) == (5, 6, 10)
    assert settings.programs[Role.BASS] == 34
    assert (band.style, band.rest, band.span, band.look_ahead) == (Style.JAZZ, 0, 1.0, 0.5)
    assert (settings.click, settings.count_in, settings.output_latency) == (10, 2, 0.02)


def test_a_loop_is_a_passage(practised):
    assert len(chosen(practised, "--bpm", "90", "--chart", BLUES, "--loop", "2-3").settings.chart.bars) == 2
    assert len(chosen(practised, "--bpm", "90", "--chart", BLUES, "--loop", "4").settings.chart.bars) == 1
    assert len(chosen(practised, "--bpm", "90", "--chart", BLUES, "--loop").settings.chart.bars) == 4


def test_a_chart_brings_its_metre(practised):
    assert chosen(practised, "--bpm", "90", "--chart", "3/4 C | F").settings.metre == Metre(3, 4)
    assert chosen(practised, "--bpm", "90", "--chart", "C | 3/4 F").settings.metre == Metre(4, 4)


def test_instruments_can_be_left_as_they_are(practised):
    assert chosen(practised, "--bpm", "90", "--no-programs").settings.programs == {}


def test_a_daw_counts_in_for_itself(practised):
    practice = chosen(practised, "--clock", "midi")
    assert (practice.bpm, practice.clock, practice.settings.count_in) == (None, "midi", 0)
    assert chosen(practised, "--clock", "link", "--bpm", "90").bpm == 90.0


@pytest.mark.parametrize(
    ("ramp", "found"),
    [("80:120", Ramp(80, 120)), ("80:120:4", Ramp(80, 120, 4)), ("80:120:4:2.5", Ramp(80, 120, 4, 2.5))],
)
def test_ramps(practised, ramp, found):
    assert chosen(practised, "--chart", BLUES, "--tempo-ramp", ramp).settings.ramp == found


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "a band needs a beat: give --bpm, --clock midi or --clock link"),
        (["--chart", BLUES], "a band needs a beat"),
        (["--bpm", "1000"], "--bpm"),
        (["--bpm", "nan"], "'nan' is not a number"),
        (["--clock", "midi", "--bpm", "100"], "--clock midi brings its own tempo"),
        (["--clock", "sundial"], "--clock"),
        (["--bpm", "100", "--report", "nowhere/at/all.png"], "there is no folder nowhere/at; make it first"),
        (["--bpm", "100", "--parts", "trumpet"], "'trumpet' names no part; write bass,chords,drums"),
        (["--bpm", "100", "--parts", ""], "names no part"),
        (["--bpm", "100", "--channels", "bass=3"], "two parts share a channel"),
        (["--bpm", "100", "--channels", "bass=17"], "'bass=17' does not say which"),
        (["--bpm", "100", "--channels", "flute=3"], "'flute=3' does not say which"),
        (["--bpm", "100", "--channels", "bass"], "'bass' does not say which"),
        (["--bpm", "100", "--programs", "bass=0"], "N from 1 to 128"),
        (["--bpm", "100", "--click", "2"], "--click 2 is a part's channel; give another"),
        (["--bpm", "100", "--trade", "4", "--click", "4"], "--click 4 is a part's channel"),
        (["--bpm", "100", "--tempo-ramp", "80:120", "--chart", BLUES], "says with which tempo to begin"),
        (["--clock", "link", "--tempo-ramp", "80:120", "--chart", BLUES], "--tempo-ramp is for livejam's own beat"),
        (["--tempo-ramp", "80:120"], "--tempo-ramp needs a chart"),
        (["--tempo-ramp", "nonsense"], "'nonsense' is no ramp; 80:120:4"),
        (["--tempo-ramp", "80"], "is no ramp"),
        (["--tempo-ramp", "120:80"], "is no ramp"),
        (["--tempo-ramp", "80:999"], "is no ramp"),
        (["--tempo-ramp", "80:nan"], "is no ramp"),
        (["--tempo-ramp", "80:120:0"], "is no ramp"),
        (["--tempo-ramp", "80:120:1.5"], "is no ramp"),
        (["--tempo-ramp", "80:120:1:0"], "is no ramp"),
        (["--tempo-ramp", "80:120:1:5:6"], "is no ramp"),
        (["--bpm", "100", "--loop", "2-9", "--chart", BLUES], "bars 2 to 9 are not in the chart"),
        (["--bpm", "100", "--loop", "x", "--chart", BLUES], "'x' are no bars; 5-8 are, and 5"),
        (["--bpm", "100", "--loop", "3-2", "--chart", BLUES], "bars 3 to 2 are not in the chart"),
        (["--bpm", "100", "--loop", "1-2"], "--loop needs a chart"),
        (["--bpm", "100", "--loop", "1-2", "--choruses", "2", "--chart", BLUES], "leave --choruses away"),
        (["--bpm", "100", "--choruses", "2"], "--choruses needs a chart"),
        (["--bpm", "100", "--choruses", "0", "--chart", BLUES], "--choruses"),
        (["--bpm", "100", "--transpose", "2"], "--transpose needs a chart"),
        (["--bpm", "100", "--transpose", "12", "--chart", BLUES], "--transpose"),
        (["--bpm", "100", "--chart", "Dm7 | Foo"], "bar 2 of the chart: 'Foo' is no chord"),
        (["--bpm", "100", "--chart", "nowhere.txt"], "can't read nowhere.txt"),
        (["--bpm", "100", "--style", "polka"], "style 'polka' won't do"),
        (["--bpm", "100", "--look-ahead", "9"], "--look-ahead"),
        (["--bpm", "100", "--look-ahead", "nan"], "'nan' is not a number"),
        (["--bpm", "100", "--span", "0.1"], "--span"),
        (["--bpm", "100", "--trade", "0"], "--trade"),
        (["--bpm", "100", "--end-after", "-1"], "--end-after"),
        (["--bpm", "100", "--metre", "waltz"], "no metre"),
        (["--bpm", "100", "--count-in", "9"], "--count-in"),
        (["--bpm", "100", "--output-latency", "-1"], "--output-latency"),
        (["--bpm", "100", "--port", "Bus", "--in", "Piano"], "--port is for both directions"),
        (["--bpm", "100", "--record", "here", "--no-record"], "contradict each other"),
    ],
)
def test_wrong_options_give_one_line(practised, arguments, said):
    assert said in complaint(run("accompany", *arguments))
    assert practised == []


def test_it_has_help():
    result = run("accompany", "-h")
    assert result.exit_code == 0
    assert "Play bass, chords and drums under what you play" in click.unstyle(result.output)
