"""A drill over ports, on a MIDI system in memory."""

import io
import json
import signal
from dataclasses import replace

from conftest import Parrot, unmatched
from fake_midi import FakeDriver
from fake_network import FakeNetwork
from rich.console import Console

from livejam.drilling import Kind, Plan
from livejam.exercises import Ask
from livejam.live import Jam
from livejam.live_drill import practise
from livejam.messages import MessageReader
from livejam.notes import Metre
from livejam.ports import PortChoice
from livejam.stage import Settings

PLAN = Plan(Kind.ECHO, Ask(1, Metre(1, 4), 300.0, 1, None, 1), 2, rounds=1)


def drilled(tmp_path, plan, **driver):
    driver, shown = FakeDriver(**driver), Console(file=io.StringIO(), width=200)
    settings = Settings(bpm=300.0, metre=Metre(1, 4), click=10, count_in=1)
    jam = Jam(PortChoice(), settings, {"drill": "echo"}, tmp_path)
    practised = practise(jam, plan, driver, FakeNetwork(Parrot()), shown)
    sent = [event for message in driver.ports["out", None].sent for event in MessageReader(1).read(message)]
    return practised, sent, shown.file.getvalue()


def test_a_drill_is_told_kept_and_ends_by_itself(tmp_path):
    keys = [(0x90, 60, 80), (0x80, 60, 0)]  # before the first bar: kept, and of no phrase
    practised, sent, shown = drilled(tmp_path, PLAN, played=keys)
    assert len(practised.rounds) == 1
    assert not unmatched(sent)
    assert "echo: 0 of" in shown
    assert "nothing was played (0 of 100)" in shown
    assert json.loads(practised.path.with_suffix(".json").read_text())["drill"] == "echo"


def test_a_signal_ends_it_with_nothing_left_sounding(tmp_path):
    def end(message):
        if message[0] == 0x90:
            signal.raise_signal(signal.SIGINT)

    _, sent, _ = drilled(tmp_path, replace(PLAN, rounds=None), on_send=end)
    assert sent
    assert not unmatched(sent)
