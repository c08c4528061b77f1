"""`livejam listen` in real time when what it stands on is taken away: its processes, its signals, its server.

Times are seconds. Every test leaves no process and no file of livejam's behind.
"""

import contextlib
import os
import random
import signal
import sys
import time
from pathlib import Path

import pytest
from jack_server import jackd, require

pytestmark = [pytest.mark.jack, pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")]

SERVER = "livejam_faults"
PHRASE = [(0.35 * number, pitch, 0.3, 80) for number, pitch in enumerate((60, 64, 67, 65, 62))]
SILENT_WITHIN = 1.0  # seconds from the end of a process until nothing sounds
BACK_WITHIN = 6.0  # seconds until the network is there again, on a busy machine
ENDED_WITHIN = 5.0  # seconds until no process is left


@pytest.fixture(autouse=True)
def possible():
    """A JACK server can be had."""
    require()


@pytest.fixture(autouse=True)
def files(tmp_path, monkeypatch):
    """A folder for temporary files, in which none of livejam's may be left."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    yield folder
    assert not list(folder.glob("livejam-*"))


@pytest.fixture
def server(tmp_path):
    """A JACK server."""
    with jackd(tmp_path, SERVER) as running:
        yield running


@pytest.fixture
def stage(server):
    """Player and recorder."""
    from jack_clients import people

    with people() as both:
        yield both


@contextlib.contextmanager
def jamming(*options):
    """`livejam listen`; whatever happens, no process of it may be left when it has ended."""
    from jack_clients import Livejam, until
    from soak.process import children, is_alive

    with Livejam("--seed", "1", "--no-record", *options) as livejam:
        livejam.family = {livejam.process.pid, *children(livejam.process.pid)}
        yield livejam
        livejam.family |= set(children(livejam.process.pid))
        if livejam.process.poll() is None:
            assert livejam.end(signal.SIGTERM) == 0, livejam.said
    assert until(lambda: not any(map(is_alive, livejam.family)), ENDED_WITHIN), "a process is left behind"
    assert not [line for line in livejam.said if "Traceback" in line], livejam.said


def connect(stage, heard="livejam_in:in", sent="livejam_out:out"):
    """Play to livejam and listen to it."""
    stage[0].connect(heard)
    stage[1].connect(sent)


def is_answered(stage, within=15.0):
    """Play a phrase; whether its answer begins in time."""
    from jack_clients import until

    player, recorder = stage
    until(lambda: not player._due)
    ended = player.play(PHRASE)
    until(lambda: player.seconds_since(ended) > 0)
    return until(lambda: recorder.ons(ended), within)


def begin(stage, state):
    """Have livejam be in that state."""
    from jack_clients import until

    player, _ = stage
    if state == "listening":
        ended = player.play(PHRASE)
        until(lambda: player.seconds_since(ended) > -0.5)
    elif state == "answering":
        assert is_answered(stage)


def test_a_network_that_is_killed_is_started_again_in_every_state(stage):
    from jack_clients import until
    from soak.process import network_of, spawned

    _, recorder = stage
    with jamming("--jack") as livejam:
        connect(stage)
        for number, state in enumerate(("listening", "answering", "loading"), 1):
            begin(stage, state)
            before = spawned(livejam.process.pid)
            os.kill(network_of(livejam.process.pid), signal.SIGKILL)
            if state == "loading":
                assert until(lambda: spawned(livejam.process.pid) - before, BACK_WITHIN)  # noqa: B023
                os.kill(*(spawned(livejam.process.pid) - before), signal.SIGKILL)
            assert until(lambda: len(stops(livejam)) >= number, 3), livejam.said  # noqa: B023
            if state == "answering":
                assert until(lambda: not recorder.sounding(), SILENT_WITHIN)
            assert is_answered(stage) or is_answered(stage), f"no answer after it was killed {state}: {livejam.said}"
        assert livejam.process.poll() is None
    assert not recorder.sounding()


def stops(livejam):
    """What livejam has said of networks that stopped."""
    return [line for line in list(livejam.said) if "the network stopped" in line]


def test_who_draws_the_screen_may_be_killed(stage):
    from jack_clients import until
    from soak.process import is_alive, network_of, spawned

    with jamming("--jack") as livejam:
        connect(stage)
        painters = spawned(livejam.process.pid) - {network_of(livejam.process.pid)}
        for painter in painters:
            os.kill(painter, signal.SIGKILL)
        assert until(lambda: not any(map(is_alive, painters)))
        assert is_answered(stage)
    assert not stage[1].sounding()


def test_an_owner_that_stood_still_goes_on_without_a_burst(stage):
    """As in a laptop that is closed for a moment."""
    from jack_clients import until

    _, recorder = stage
    with jamming("--jack") as livejam:
        connect(stage)
        assert is_answered(stage)
        livejam.process.send_signal(signal.SIGSTOP)
        until(lambda: False, 1.5)
        before = len(recorder.ons(0))
        livejam.process.send_signal(signal.SIGCONT)
        until(lambda: False, 0.1)
        assert len(recorder.ons(0)) <= before + 2
        assert is_answered(stage)
    assert not recorder.sounding()


@pytest.mark.parametrize("transport", ["--jack", "rtmidi"])
def test_who_is_left_ends_the_notes_of_an_owner_that_is_killed(stage, files, transport):
    from jack_clients import until
    from soak.process import is_alive

    player, recorder = stage
    options = ["--jack"] if transport == "--jack" else []
    with jamming(*options, "--out", "recorder in") as livejam:
        player.connect("livejam_in:in")
        for _ in range(3):  # an answer has rests
            assert is_answered(stage)
            if until(recorder.sounding, 1.0):
                break
        assert recorder.sounding()
        assert list(files.glob("livejam-sounding-*"))
        livejam.process.kill()
        assert until(lambda: not recorder.sounding(), SILENT_WITHIN + 1.0), recorder.sounding()
        assert until(lambda: not any(map(is_alive, livejam.family - {livejam.process.pid})), ENDED_WITHIN)


@pytest.mark.parametrize("seed", range(5))
def test_signals_at_any_moment_leave_nothing_behind(stage, files, seed):
    from jack_clients import Livejam, until
    from soak.process import children, is_alive

    chance = random.Random(seed)
    ending = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)[seed % 3]
    player, recorder = stage
    with contextlib.ExitStack() as stack:
        livejam = Livejam("--jack", "--no-record", "--seed", "1")
        stack.callback(livejam.__exit__)
        until(lambda: livejam.process.poll() is not None, chance.uniform(0.1, 2.5))
        with contextlib.suppress(Exception):  # it may not have got so far
            connect(stage)
            player.play(PHRASE)
        until(lambda: livejam.process.poll() is not None, chance.uniform(0.0, 4.0) if seed > 2 else 0.0)
        family = {livejam.process.pid, *children(livejam.process.pid)}
        for _ in range(chance.choice((1, 1, 3))):
            livejam.process.send_signal(ending)
        livejam.process.wait(10)
        assert until(lambda: not any(map(is_alive, family)), ENDED_WITHIN), (livejam.said, family)
    assert not [line for line in livejam.said if "Traceback" in line], livejam.said
    assert until(lambda: not recorder.sounding(), SILENT_WITHIN)
    player.disconnect()


@pytest.mark.parametrize("state", ["idle", "listening", "answering"])
def test_a_server_that_is_killed_is_told_of_and_found_again(tmp_path, state):
    from jack_clients import people, until

    with jackd(tmp_path, SERVER) as server, contextlib.ExitStack() as stack:
        with people() as stage:
            livejam = stack.enter_context(jamming("--jack"))
            connect(stage)
            begin(stage, state)
            server._process.kill()
            server._process.wait(10)
            assert until(lambda: any("is gone" in line for line in livejam.said), 5), livejam.said
            assert livejam.process.poll() is None
        server.__exit__()
        server.__enter__()
        assert until(lambda: "! livejam:in is back" in livejam.said), livejam.said
        with people() as stage:
            connect(stage, "livejam:in", "livejam:out")
            assert is_answered(stage), livejam.said
        stack.close()


def test_a_server_that_is_killed_under_rtmidi_leaves_no_trace(tmp_path):
    """rtmidi is not told; livejam stays, and ends when it is asked to."""
    with jackd(tmp_path, SERVER) as server, jamming() as livejam:
        server._process.kill()
        server._process.wait(10)
        time.sleep(1)
        assert livejam.process.poll() in (None, 1), livejam.said


@pytest.mark.parametrize("transport", ["--jack", "rtmidi"])
def test_garbage_and_floods_are_survived(stage, transport):
    from jack_clients import until
    from soak.musician import GARBAGE

    chance = random.Random(1)
    player, recorder = stage
    with jamming(*(["--jack"] if transport == "--jack" else [])) as livejam:
        connect(stage)
        kinds = (0x80, 0x90, 0x90, 0xB0, 0xE0)
        noise = []
        for number in range(3000):  # 2,000 a second
            message = bytes((chance.choice(kinds) | chance.randrange(16), chance.randrange(128), chance.randrange(128)))
            if number % 10 == 0:
                message = chance.choice([garbage for garbage in GARBAGE if garbage])
            noise.append((number / 2000, message))
        noise.append((1.6, b"\xb0\x79\x00"))
        noise += [(1.6, bytes((0xB0 | channel, 123, 0))) for channel in range(16)]
        start = player.perform(noise)
        until(lambda: player.seconds_since(start) > 1.7 and not player._due)
        assert livejam.process.poll() is None
        assert is_answered(stage), livejam.said
    assert not recorder.sounding()


def test_no_file_is_left():
    """The folder of temporary files is looked at after each test: here is one that fails if nothing is looked at."""
    from livejam.heir import Ledger

    class Output:
        ahead = 0.0

    with Ledger(Output()) as ledger:
        assert ledger.path.exists()
    assert not Path(ledger.path).exists()
