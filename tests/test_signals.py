"""Signals to end: held back while a process starts, and ignored by those that are told."""

import os
import signal
import subprocess
import sys

import pytest

from livejam.signals import ENDINGS, held_back

pytestmark = pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="signals that can be held are POSIX's")

CHILD = """
import sys
from livejam.signals import ignore_endings
sys.stdin.readline()
ignore_endings()
print("lives", flush=True)
sys.stdin.readline()
print("still lives", flush=True)
"""


def test_a_process_that_was_started_so_meets_no_signal_to_end():
    with held_back():
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
    with child:
        for expected in ("lives", "still lives"):
            for ending in ENDINGS:
                os.kill(child.pid, ending)
            child.stdin.write("\n")
            child.stdin.flush()
            assert child.stdout.readline().strip() == expected
    assert child.returncode == 0


@pytest.mark.parametrize("ending", ENDINGS)
def test_our_own_come_afterwards(ending):
    met = []
    before = signal.signal(ending, lambda *_: met.append(ending))
    try:
        with held_back():
            signal.raise_signal(ending)
            assert met == []
        assert met == [ending]
    finally:
        signal.signal(ending, before)
