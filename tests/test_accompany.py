"""Practice over ports, from its first signal to its last, on a MIDI system in memory."""

import io
import json
import signal
import time

import mido
from band_world import Habits
from fake_midi import FakeDriver
from rich.console import Console

from livejam.accompany import Practice, accompany
from livejam.alongsettings import AlongSettings
from livejam.band import BandSettings
from livejam.chart_text import read_chart
from livejam.ports import PortChoice
from livejam.spans import Accompanied


class BandNetwork:
    """A network in the session's own process: it plays while it is told."""

    def connect(self, put):
        """Leave replies with `put`."""
        self._put = put

    def tell(self, span):
        """Make it up."""
        self._put(time.monotonic(), Accompanied(span.number, Habits().play(span)))

    def bequeath(self, estate):
        """Nothing is left to it."""


def practise(tmp_path, ends, **settings):
    """Practise until so many messages have been sent; return what came of it, the driver and what was shown."""
    sent = []

    def send(message):
        sent.append(message)
        if len(sent) == ends:
            signal.raise_signal(signal.SIGINT)

    driver = FakeDriver(played=[(0x90, 60, 80), (0x80, 60, 0)], on_send=send)
    shown = Console(file=io.StringIO(), width=200)
    chosen = AlongSettings(BandSettings(), chart=read_chart("C | F"), **settings)
    practice = Practice(PortChoice(), chosen, 300.0, None, {"seed": 5}, tmp_path)
    return accompany(practice, driver, BandNetwork(), shown), driver.ports["out", None], shown.file.getvalue()


def test_a_signal_ends_what_sounds_and_all_is_kept(tmp_path):
    practised, out, shown = practise(tmp_path, 12)
    ons = [message[:2] for message in out.sent if message[0] & 0xF0 == 0x90]
    offs = [(message[0] | 0x10, message[1]) for message in out.sent if message[0] & 0xF0 == 0x80]
    assert sorted(ons) == sorted(offs)
    assert [message for message in out.sent if message[0] & 0xF0 == 0xC0] == [(0xC1, 32), (0xC2, 0)]
    assert not out.open
    file = mido.MidiFile(practised.path)
    assert [track.name for track in file.tracks[1:]] == ["player", "bass", "chords", "drums"]
    about = json.loads(practised.path.with_suffix(".json").read_text())
    assert (about["seed"], about["settings"]["chart"], about["settings"]["bpm"]) == (5, "C | F", 300.0)
    assert about["settings"]["channels"] == {"bass": 2, "chords": 3, "melody": 4, "drums": 10}
    assert practised.report is None  # what was played came before the song
    assert practised.tally.played > 0
    assert shown.splitlines()[0].startswith("ready: play; the band begins with the beat")
    assert any(line.startswith("playing: chorus 1") for line in shown.splitlines())


def test_after_the_last_chorus_it_ends_by_itself(tmp_path):
    practised, out, _ = practise(tmp_path, 10**6, choruses=1)
    assert practised.late_notes == 0 or practised.tally.played > 0
    assert not out.open
