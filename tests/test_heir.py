"""What sounds is written down where another process finds it, whatever becomes of the owner."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from fake_midi import FakeDriver
from hypothesis import given
from hypothesis import strategies as st

from livejam.errors import PortError
from livejam.heir import Estate, Ledger, inherit, sounding
from livejam.notes import Cue, NoteOff, NoteOn


class Output:
    """Keeps what was sent, and looks into the ledger meanwhile."""

    ahead = 0.25
    gone = False

    def __init__(self):
        self.sent, self.seen, self.ledger = [], [], None

    def send(self, cue):
        if self.gone:
            raise PortError("Synth is gone")
        self.sent.append(cue)
        if self.ledger:
            self.seen.append(list(sounding(self.ledger)))


@pytest.fixture
def ledger():
    with Ledger(Output()) as ledger:
        yield ledger


def on(pitch, channel=1):
    return Cue(1.0, NoteOn(pitch, 80), channel)


def off(pitch, channel=1):
    return Cue(2.0, NoteOff(pitch), channel)


def test_all_is_sent_on(ledger):
    ledger.send(on(60))
    ledger.send(off(60))
    assert ledger._output.sent == [on(60), off(60)]
    assert ledger.ahead == 0.25


def test_what_sounds_is_written_down(ledger):
    for cue in (on(0), on(127, channel=16), on(60, channel=10), off(127, channel=16)):
        ledger.send(cue)
    assert list(sounding(ledger.path)) == [(1, 0), (10, 60)]


def test_it_stands_there_before_it_sounds_and_until_it_has_ended(ledger):
    ledger._output.ledger = ledger.path
    ledger.send(on(60))
    ledger.send(off(60))
    assert ledger._output.seen == [[(1, 60)], [(1, 60)]]
    assert list(sounding(ledger.path)) == []


def test_what_could_not_be_ended_stays(ledger):
    ledger.send(on(60))
    ledger._output.gone = True
    with pytest.raises(PortError):
        ledger.send(off(60))
    assert list(sounding(ledger.path)) == [(1, 60)]


def test_it_leaves_nothing_behind():
    with Ledger(Output()) as ledger:
        assert ledger.path.exists()
    assert not ledger.path.exists()


cues = st.lists(st.tuples(st.booleans(), st.integers(0, 127), st.integers(1, 16)), max_size=40)


@given(cues)
def test_the_ledger_is_what_sounds(played):
    down = set()
    with Ledger(Output()) as ledger:
        for starts, pitch, channel in played:
            ledger.send(on(pitch, channel) if starts else off(pitch, channel))
            down = down | {(channel, pitch)} if starts else down - {(channel, pitch)}
        assert list(sounding(ledger.path)) == sorted(down)


@pytest.fixture
def driver(monkeypatch):
    """The MIDI system that the heir finds, as it was when its owner died."""
    driver = FakeDriver(["Piano"], ["Synth", "Lamp"])
    monkeypatch.setattr("livejam.midi.driver_named", lambda name: driver)
    return driver


OWNER = """
import os, signal
from livejam.heir import Ledger
from livejam.notes import Cue, NoteOff, NoteOn

class Output:
    ahead = 0.0

    def send(self, cue):
        pass

ledger = Ledger(Output())
for pitch, channel in ((60, 1), (64, 1), (67, 2)):
    ledger.send(Cue(0.0, NoteOn(pitch, 80), channel))
ledger.send(Cue(0.0, NoteOff(60), 1))
print(ledger.path, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
def test_what_an_owner_that_was_killed_left_sounding_is_ended(driver):
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    died = subprocess.run([sys.executable, "-c", OWNER], capture_output=True, text=True, env=env, timeout=60)
    assert died.returncode == -signal.SIGKILL
    ledger = Path(died.stdout.strip())
    inherit(Estate(ledger, "Fake", "Synth"))
    (port,) = driver.ports.values()
    assert port.sent == [(0x80, 64, 0), (0x81, 67, 0)]
    assert (port.name, port.open) == ("Synth", False)
    assert not ledger.exists()


def left(tmp_path, *pitches):
    """The ledger of one who died."""
    ledger = tmp_path / "ledger"
    ledger.write_bytes(bytes(pitch in pitches for pitch in range(2048)))
    return ledger


def test_where_nothing_sounds_no_port_is_opened(driver, tmp_path):
    inherit(Estate(left(tmp_path), "Fake", "Synth"))
    assert driver.ports == {}
    assert list(tmp_path.iterdir()) == []


def test_a_port_of_ones_own_is_gone_with_its_owner(driver, tmp_path):
    inherit(Estate(left(tmp_path, 60), "Fake", None))
    assert driver.ports == {}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("loss", ["port", "system", "refusal"])
def test_a_port_that_is_gone_can_not_be_helped(driver, tmp_path, loss):
    if loss == "port":
        driver.unplug("Synth")
    driver.running = loss != "system"
    driver.refuses += ["Synth"] if loss == "refusal" else []
    inherit(Estate(left(tmp_path, 60), "Fake", "Synth"))
    assert driver.ports == {}
    assert list(tmp_path.iterdir()) == []


def test_a_ledger_that_is_gone_can_not_be_helped(driver, tmp_path):
    inherit(Estate(tmp_path / "none", "Fake", "Synth"))
    assert driver.ports == {}
