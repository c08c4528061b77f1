"""A jam over ports, from its first signal to its last, on a MIDI system in memory."""

import io
import json
import signal
from dataclasses import replace

import mido
import pytest
from conftest import Parrot
from fake_midi import FakeDriver
from fake_network import FakeNetwork
from rich.console import Console

from livejam.chart_text import read_chart
from livejam.errors import PortError
from livejam.heir import sounding
from livejam.knobs import Knob
from livejam.live import Jam, ended_by_signals, listen
from livejam.modes import Bars, Silence
from livejam.notes import Metre
from livejam.ports import PortChoice
from livejam.signals import ENDINGS
from livejam.stage import Settings
from livejam.steering import Steering

PHRASE = [(0x90, 60, 80), (0x80, 60, 0), (0xF8,), (0x90, 64, 80), (0x90, 64, 0)]


class Endless(Parrot):
    """An answer of one long note after the other."""

    def answer(self, request):
        for number in range(1000):
            yield replace(request.call[0], onset=request.start + number * 96, length=96, pitch=72)


def jam(tmp_path, **changes):
    return Jam(PortChoice(), Settings(mode=Silence(0.01), bpm=240.0), {"seed": 5}, record=tmp_path, **changes)


def console():
    return Console(file=io.StringIO(), width=200)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_signal_during_an_answer_leaves_nothing_sounding(tmp_path, ending):
    driver = FakeDriver(played=PHRASE, on_send=lambda message: signal.raise_signal(ending))  # also at the note-off
    shown = console()
    network = FakeNetwork(Endless())
    jammed = listen(jam(tmp_path), driver, network, shown)
    out = driver.ports["out", None]
    assert [message[0] for message in out.sent] == [0x90, 0x80]
    assert out.sent[0][1] == out.sent[1][1]
    assert not out.open
    assert not driver.ports["in", None].open
    lines = shown.file.getvalue().splitlines()
    assert [line.split()[0] for line in lines] == ["ready:", "listening:", "answering:"]
    assert "livejam_in:in -> livejam_out:out" in lines[0]
    assert [len([m for m in track if m.type == "note_on"]) for track in mido.MidiFile(jammed.path).tracks] == [0, 2, 1]


def test_what_made_the_jam_is_kept_beside_it(tmp_path):
    driver = FakeDriver(played=PHRASE, on_send=lambda message: signal.raise_signal(signal.SIGINT))
    wanted = {"steering": Steering(follow=1.5), "knobs": (Knob("key", 9),), "chart": read_chart("C | % | F")}
    plan = jam(tmp_path)
    plan = replace(plan, settings=replace(plan.settings, metre=Metre(3, 4), **wanted))
    jammed = listen(plan, driver, FakeNetwork(Endless()), console())
    about = json.loads(jammed.path.with_suffix(".json").read_text())
    assert about["seed"] == 5
    assert (about["settings"]["bpm"], about["settings"]["mode"]) == (240.0, "silence:0.01")
    assert about["settings"]["metre"] == {"numerator": 3, "denominator": 4, "bar_line": 0}
    kept = {name: about["settings"][name] for name in wanted}
    assert kept == {"steering": {"follow": "1.5"}, "knobs": ["key=cc:9"], "chart": "C | % | F"}
    assert about["steering"] == [{"turn": 1, "follow": "1.5"}]
    assert {"livejam", "started", "input", "output"} < set(about)


def test_a_jam_need_not_be_kept(tmp_path):
    driver = FakeDriver(played=PHRASE, on_send=lambda message: signal.raise_signal(signal.SIGINT))
    assert listen(jam(tmp_path, keep=False), driver, FakeNetwork(Endless()), console()).path is None
    assert list(tmp_path.iterdir()) == []


def test_a_failure_inside_gives_the_ports_back_and_keeps_the_jam(tmp_path):
    class Broken(Parrot):
        def answer(self, request):
            raise ZeroDivisionError

    driver = FakeDriver(played=PHRASE)
    with pytest.raises(ZeroDivisionError):
        listen(jam(tmp_path), driver, FakeNetwork(Broken()), console())
    assert not any(port.open for port in driver.ports.values())
    assert len(list(tmp_path.glob("jam-*.mid"))) == 1


def test_no_ports_no_files(tmp_path):
    with pytest.raises(PortError, match="no MIDI input matches"):
        listen(replace(jam(tmp_path), ports=PortChoice(input="Bus")), FakeDriver(), FakeNetwork(Parrot()), console())
    assert list(tmp_path.iterdir()) == []


def test_the_network_knows_what_it_would_inherit(tmp_path):
    seen = []

    def look(message):
        seen.append([list(sounding(network.estate.ledger)), network.estate.output])
        signal.raise_signal(signal.SIGINT)

    network = FakeNetwork(Endless())
    driver = FakeDriver(["Piano"], ["Synth 14:0"], played=PHRASE, on_send=look)
    listen(replace(jam(tmp_path), ports=PortChoice(output="synth")), driver, network, console())
    assert seen == [[[(1, 72)], "Synth 14:0"]] * 2  # as its note-on goes out, and as its note-off does
    assert network.estate.driver == "Fake"
    assert not network.estate.ledger.exists()


def test_bars_by_a_tempo_that_was_given_need_neither_click_nor_count_in(tmp_path):
    driver = FakeDriver(played=PHRASE, on_send=lambda message: signal.raise_signal(signal.SIGINT))
    shown, plan = console(), jam(tmp_path)
    plan = replace(plan, settings=replace(plan.settings, mode=Bars(1)))
    jammed = listen(plan, driver, FakeNetwork(Endless()), shown)
    assert jammed.tally.answers == 1
    assert "no clock" not in shown.file.getvalue()


def test_what_came_of_guessing_is_told(tmp_path):
    driver = FakeDriver(played=PHRASE, on_send=lambda message: signal.raise_signal(signal.SIGINT))
    tally = listen(jam(tmp_path), driver, FakeNetwork(Endless()), console()).tally
    assert (tally.guesses, tally.used, tally.answers) == (1, 1, 1)


def test_signals_are_given_back():
    before = signal.getsignal(signal.SIGINT)
    asked = []
    with ended_by_signals(lambda: asked.append(1)):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
    assert asked == [1, 1]
    assert signal.getsignal(signal.SIGINT) is before
