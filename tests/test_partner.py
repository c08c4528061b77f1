"""The network in a process of its own: a real one, with the tiny network, that is killed and stopped and left alone."""

import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue

import pytest

from livejam.composer import Better, Complete, Compose, Composed, Forgotten, Hear, Heard, Lost
from livejam.errors import ModelError
from livejam.memory import Memory, Phrase
from livejam.notes import TickNote
from livejam.partner import Network, NetworkProcess
from livejam.phrasing import Request

TINY = Network(Path(__file__).parent / "data" / "tiny.onnx", 1, None)
CALL = tuple(TickNote(24 * i, 60 + i, 24, 80) for i in range(4))
SHORT = Request(1, CALL, None, 120.0, 96, 96)
LONG = Request(1, CALL, None, 120.0, 96, 10**6, min_ticks=10**6)  # goes on for longer than any test
PATIENCE = 60.0  # seconds: a process takes its time to start on a busy machine

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")


class Told:
    """A connected network, and its replies."""

    def __init__(self, network):
        self.network = network
        self.replies = SimpleQueue()
        self.memory = Memory(network.tell)
        network.connect(lambda _, reply: self.replies.put(reply))

    def until(self, kind):
        """Return the replies up to the first of that kind."""
        replies = [self.replies.get(timeout=PATIENCE)]
        while not isinstance(replies[-1], kind):
            replies.append(self.replies.get(timeout=PATIENCE))
        return replies

    def begin_answer(self):
        """Play a call, and wait for the first note of an answer that goes on and on."""
        self.memory.hear(Phrase(CALL, None, player=True))
        self.network.tell(Compose(1, LONG))
        self.until(Composed)


def test_answers_arrive():
    with NetworkProcess(TINY) as network:
        assert network.ready()["seed"] == 1
        told = Told(network)
        for guess in (1, 2):
            network.tell(Hear(0, CALL, None, player=True))
            network.tell(Compose(guess, SHORT))
            heard, *notes, last = told.until(Complete)
            assert isinstance(heard, Heard)
            assert (heard.total, 0 <= heard.phrase_end <= 1) == (4, True)
            assert notes
            assert {note.guess for note in notes} == {guess}
            assert last == Complete(guess)
        process = network._process
    assert process.exitcode == 0
    assert process not in multiprocessing.active_children()


def test_a_better_answer_arrives_after_the_first_and_nothing_else_is_owed():
    with NetworkProcess(TINY, hung=0.5) as network:
        network.ready()
        told, better = Told(network), None
        network.tell(Hear(0, CALL, None, player=True))
        for guess in range(1, 20):  # now and then the first one is the best
            network.tell(Compose(guess, replace(SHORT, turn=guess), spare=True))
            told.until(Complete)
            with contextlib.suppress(Empty):
                better = told.replies.get(timeout=2.0)
                break
        assert isinstance(better, Better)
        assert better.guess == guess
        assert better.notes
        network.tell(Hear(4, CALL[:1], None, player=False))
        assert told.until(Heard)[-1].total == 5


def test_an_order_does_not_wait_for_the_answer_in_work_and_all_is_accounted_for():
    with NetworkProcess(TINY, hung=0.5) as network:
        network.ready()
        told = Told(network)
        told.begin_answer()
        network.tell(Hear(4, CALL[:1], None, player=False))
        replies = told.until(Heard)
        assert replies[-2] == Complete(1, cut=True)
        assert replies[-1].total == 5
        with pytest.raises(Empty):  # an idle network is not taken for dead
            told.replies.get(timeout=1.5)


@posix
@pytest.mark.parametrize("blow", ["SIGKILL", "SIGSTOP"])
def test_one_that_dies_or_hangs_in_an_answer_comes_back_and_is_told_what_was_heard(blow):
    with NetworkProcess(TINY, hung=1.0) as network:
        network.ready()
        told = Told(network)
        told.begin_answer()
        before = network.pid
        os.kill(before, getattr(signal, blow))
        lost = told.until(Lost)[-1]
        assert "SIGKILL" in lost.reason
        assert told.until(Forgotten) == [Forgotten()]
        assert network.pid != before
        told.memory.tell_again()
        network.tell(Compose(2, SHORT))
        heard, first, *_, last = told.until(Complete)
        assert heard.total == told.memory.total == 4
        assert (first.guess, last) == (2, Complete(2))


@posix
def test_what_it_is_told_while_it_is_away_it_knows_in_the_end():
    with NetworkProcess(TINY) as network:
        network.ready()
        told = Told(network)
        told.begin_answer()
        told.memory.close()
        os.kill(network.pid, signal.SIGKILL)
        told.until(Lost)
        told.memory.hear(Phrase(CALL[:2], None, player=False))
        while not isinstance(told.until(Forgotten | Heard)[-1], Heard):
            told.memory.tell_again()
        network.tell(Compose(2, SHORT))
        told.until(Complete)
        network.tell(Hear(told.memory.total, (), None, player=True))  # asks how much it knows
        assert told.until(Heard)[-1].total == 6


def test_signals_that_end_the_jam_do_not_end_the_network_before_it():
    with NetworkProcess(TINY) as network:
        network.ready()
        told = Told(network)
        for ending in {"SIGINT", "SIGTERM", "SIGHUP"} & set(dir(signal)):
            if sys.platform != "win32":
                os.kill(network.pid, getattr(signal, ending))
        network.tell(Hear(0, CALL, None, player=True))
        assert isinstance(told.until(Heard)[-1], Heard)


def test_a_network_that_is_not_there_is_one_line(tmp_path):
    with (
        NetworkProcess(Network(tmp_path / "none.onnx", 1, None)) as network,
        pytest.raises(ModelError, match="no network at") as refused,
    ):
        network.ready()
    assert "\n" not in str(refused.value)


@posix
def test_one_that_dies_before_it_is_ready_is_an_error():
    with NetworkProcess(TINY) as network:
        os.kill(network.pid, signal.SIGKILL)
        with pytest.raises(ModelError, match=r"ended at once \(signal SIGKILL\)"):
            network.ready()


OWNER = """
import os, signal, sys
from pathlib import Path
from livejam.heir import Estate
from livejam.partner import Network, NetworkProcess

if __name__ == "__main__":
    network = NetworkProcess(Network(Path(sys.argv[1]), 1, None))
    network.ready()
    network.connect(lambda *_: os.kill(os.getpid(), signal.SIGKILL))  # at the first reply
    network.bequeath(Estate(Path(sys.argv[2]), "Fake", None))
    from livejam.composer import Hear
    from livejam.notes import TickNote
    network.tell(Hear(0, (TickNote(0, 60, 24, 80),), None, True))
    signal.pause()
"""


@posix
def test_when_its_owner_dies_without_a_word_it_puts_the_estate_away_and_ends(tmp_path):
    (tmp_path / "owner.py").write_text(OWNER)
    ledger = tmp_path / "ledger"
    ledger.write_bytes(bytes(2048))
    command = [sys.executable, str(tmp_path / "owner.py"), str(TINY.model), str(ledger)]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env) as owner:
        output, _ = owner.communicate(timeout=PATIENCE)  # ends when nobody holds the pipe: when all have ended
    assert owner.returncode == -signal.SIGKILL
    assert output == b""
    assert not ledger.exists()
