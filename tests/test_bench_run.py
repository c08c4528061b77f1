"""`livejam bench`: wrong options give one line, and its livejam over pipes hears, plays and ends."""

import io
import os
import signal

import pytest
from click.testing import CliRunner

from livejam.bench.partner import PipeDriver
from livejam.cli import main
from livejam.errors import PortError


def complaint(*arguments):
    result = CliRunner().invoke(main, ["bench", *arguments])
    assert result.exit_code in (1, 2), result.output
    last = result.stderr.splitlines()[-1]
    assert last.startswith("livejam: ")
    return last


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--transport", "in-process", "--start-jack"), "contradict"),
        (("--period", "64"), "--start-jack"),
        (("--runs", "0"), "--runs"),
        (("--transport", "telepathy"), "--transport"),
        (("--answers", "0"), "--answers"),
        (("--only", "accompany", "--peers"), "--peers is for the card"),
        (("--model", "no/such.onnx"), "no/such"),
    ],
)
def test_wrong_options_give_one_line(arguments, said):
    assert said in complaint(*arguments).replace("\\", "/")


def test_no_jack_server_gives_one_line(monkeypatch):
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "livejam_no_such_server")
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    assert "JACK" in complaint("--transport", "jack")


def test_peers_without_their_packages_give_one_line_before_anything_is_measured(monkeypatch):
    monkeypatch.setattr("livejam.bench.peers.find_spec", lambda name: None)
    assert "pip install 'livejam[peers]'" in complaint("--peers")


def test_no_jackd_gives_one_line(monkeypatch):
    monkeypatch.setattr("livejam.bench.over_jack.shutil.which", lambda name: None)
    assert "jackd is not installed" in complaint("--start-jack")


def test_what_comes_on_a_pipe_is_received_and_its_end_is_a_signal(monkeypatch):
    ends, received = [], []
    monkeypatch.setattr(os, "kill", lambda pid, number: ends.append((pid, number)))
    driver = PipeDriver(io.BytesIO(bytes((0x90, 60, 80, 0xF8, 0, 0, 0x80, 60, 0))), io.BytesIO())
    driver.open_input(None, received.append).reader.join(10)
    assert received == [bytes((0x90, 60, 80)), b"\xf8", bytes((0x80, 60, 0))]
    assert ends == [(os.getpid(), signal.SIGTERM)]


def test_what_is_sent_goes_into_the_pipe():
    pipe = io.BytesIO()
    output = PipeDriver(io.BytesIO(), pipe).open_output(None)
    output.send((0x90, 60, 80), 7.5)
    assert pipe.getvalue() == bytes((0x90, 60, 80))
    pipe.close()
    with pytest.raises(PortError, match="nobody reads"):
        output.send((0x80, 60, 0), 7.5)
