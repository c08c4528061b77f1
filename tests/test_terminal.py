"""Keys in the terminal: what they mean, and that the terminal is as it was afterwards."""

import io
import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest

from livejam.events import Stop
from livejam.modes import USUAL, Bars, ModeChosen, Signal, Silence
from livejam.pieces import Role
from livejam.spans import BAND, Muted
from livejam.terminal import has_keys, hint, keys, meaning

termios = pytest.importorskip("termios", reason="terminals as here are POSIX's")

JAM = """
import fcntl, sys, termios
from queue import SimpleQueue
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from livejam.events import Stop
from livejam.modes import USUAL
from livejam.terminal import keys
met = SimpleQueue()
with keys(USUAL, lambda time, meant: met.put(meant)) as there:
    print(there, flush=True)
    while (meant := met.get(timeout=20)) != Stop():
        print(meant.mode, flush=True)
        if sys.argv[1:] == ["fails"]:
            raise ZeroDivisionError
"""
ECHO, CONTROLS = 3, 6  # places in a terminal's settings


@contextmanager
def terminal(*arguments):
    """A process that reads keys from a terminal of its own; gives it, and both ends of the terminal."""
    ours, theirs = os.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", JAM, *arguments],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        yield child, ours, theirs
    finally:
        child.kill()
        child.communicate()
        os.close(ours)
        os.close(theirs)


def test_digits_choose_modes_and_q_ends():
    assert [meaning(key, USUAL) for key in "123q"] == [*(ModeChosen(mode) for mode in USUAL), Stop()]
    assert [meaning(key, USUAL) for key in "04 xQ\n"] == [None] * 6
    many = tuple(Bars(count) for count in range(1, 12))
    assert meaning("9", many) == ModeChosen(Bars(9))


def test_letters_turn_the_parts_of_a_band_off_and_on():
    assert [meaning(key, (), BAND) for key in "bcdq"] == [*(Muted(role) for role in BAND), Stop()]
    assert meaning("b", (), (Role.DRUMS,)) is None
    assert meaning("b", USUAL) is None
    assert hint((), BAND) == "b bass on, off  c chords on, off  d drums on, off  q end"


def test_the_hint_says_which_keys_there_are():
    assert hint((Silence(), Bars(4), Signal("cc", 20))) == "1 silence  2 bars:4  3 cc:20  q end"
    assert hint(tuple(Bars(count) for count in range(1, 12))).endswith("9 bars:9  q end")


def test_where_there_is_no_terminal_there_are_no_keys():
    ours, theirs = os.openpty()  # a terminal, but not the one that this process belongs to
    with os.fdopen(ours, "rb", 0), os.fdopen(theirs, "r") as another, open(os.devnull) as nothing:
        before = termios.tcgetattr(another)
        for stdin in (another, nothing, io.StringIO("1")):
            assert not has_keys(stdin)
            with keys(USUAL, pytest.fail, stdin) as there:
                assert not there
        assert termios.tcgetattr(another) == before
    assert not has_keys(None)


def test_keys_are_read_at_once_and_the_terminal_is_given_back():
    with terminal() as (jam, ours, theirs):
        usual = termios.tcgetattr(theirs)
        assert jam.stdout.readline() == "True\n"
        meanwhile = termios.tcgetattr(theirs)
        assert not meanwhile[ECHO] & (termios.ECHO | termios.ICANON)
        assert meanwhile[ECHO] & termios.ISIG  # Ctrl-C ends
        assert meanwhile[CONTROLS][termios.VSUSP] == b"\0"  # Ctrl-Z does nothing
        os.write(ours, b"2")
        assert jam.stdout.readline() == "bars:4\n"
        os.write(ours, b"x\n3")
        assert jam.stdout.readline() == "pedal\n"
        os.write(ours, b"q")
        assert jam.wait(60) == 0
        assert termios.tcgetattr(theirs) == usual


def test_a_jam_that_fails_gives_the_terminal_back():
    with terminal("fails") as (jam, ours, theirs):
        usual = termios.tcgetattr(theirs)
        jam.stdout.readline()
        os.write(ours, b"1")
        assert jam.wait(60) == 1
        assert termios.tcgetattr(theirs) == usual


def test_after_a_stop_the_terminal_is_taken_again():
    with terminal() as (jam, ours, theirs):
        usual = termios.tcgetattr(theirs)
        jam.stdout.readline()
        os.kill(jam.pid, signal.SIGSTOP)
        os.waitpid(jam.pid, os.WUNTRACED)
        termios.tcsetattr(theirs, termios.TCSANOW, usual)  # as a shell does
        os.kill(jam.pid, signal.SIGCONT)
        os.write(ours, b"2")  # without a line's end
        assert jam.stdout.readline() == "bars:4\n"
        assert not termios.tcgetattr(theirs)[ECHO] & termios.ECHO


def test_function_keys_choose_nothing():
    with terminal() as (jam, ours, _):
        jam.stdout.readline()
        os.write(ours, b"\x1b[13~\x1bOP\x1b[1;3A2")
        assert jam.stdout.readline() == "bars:4\n"
