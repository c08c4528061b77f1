"""Drawing in another process: that it holds nobody up, whatever becomes of it."""

import io
import os
import signal
import subprocess
import sys

import pytest
from rich.console import Console
from rich.text import Text

from livejam.painter import Painter, paint


class Lines:
    """A picture of what was told, a line each; "fail" makes it fail."""

    def __init__(self, console, live):
        self.console, self.live = console, live

    def see(self, record):
        if record == "fail":
            raise OSError
        self.console.print(f"{record} by {os.getpid()}")

    def refresh(self, now):
        return None


class Link:
    """The end of a pipe at which lists of records come at once."""

    def __init__(self, *records):
        self.records = list(records)

    def poll(self, timeout):
        return True

    def recv(self):
        return self.records.pop(0)


class Moving:
    """A picture that moves by itself, and counts how often it is drawn."""

    def __init__(self):
        self.seen, self.drawn = [], 0

    def see(self, record):
        self.seen.append(record)

    def refresh(self, now):
        self.drawn += 1
        return now


def test_another_process_draws_on_stdout(capfd):
    with Painter(Console(), Lines) as painter:
        painter.put("a")
        painter.put("b")
    (a, b) = capfd.readouterr().out.splitlines()
    assert (a.split()[0], b.split()[0]) == ("a", "b")
    assert a.split()[-1] == b.split()[-1] != str(os.getpid())


def test_another_process_draws_on_stderr(capfd):
    with Painter(Console(stderr=True), Lines) as painter:
        painter.put("a")
    shown = capfd.readouterr()
    assert shown.err.startswith("a by ")
    assert shown.out == ""


def test_a_file_in_memory_is_drawn_on_in_this_process():
    out = io.StringIO()
    with Painter(Console(file=out), Lines) as painter:
        painter.put("a")
    assert out.getvalue() == f"a by {os.getpid()}\n"


def test_what_is_said_waits_for_no_other_process(capfd):
    with Painter(Console(), Lines) as painter:
        painter.say(Text("[ready]"))
        painter.put("a")
    lines = capfd.readouterr().out.splitlines()
    assert lines[0] == "[ready]"
    assert lines[1].startswith("a by ")


def test_a_process_that_was_killed_stops_nobody(capfd):
    with Painter(Console(), Lines) as painter:
        painter._body.kill()
        painter._body.join()
        for _ in range(10_000):
            painter.put("a" * 100)
    assert not painter._thread.is_alive()
    assert painter._queue.empty()


def test_a_picture_that_fails_stops_nobody(capfd):
    with Painter(Console(), Lines) as painter:
        for record in ("fail", *"abc"):
            painter.put(record)
    assert not painter._thread.is_alive()
    assert painter._body.exitcode == 0


def test_a_closed_file_stops_nobody():
    out = io.StringIO()
    out.close()
    with Painter(Console(file=out), Lines) as painter:
        painter.say(Text("nobody sees this"))
        painter.put("nor this")
    assert not painter._thread.is_alive()


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="signals are POSIX's")
def test_no_signal_but_the_hardest_ends_the_drawing(capfd):
    with Painter(Console(), Lines) as painter:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(painter._body.pid, number)  # also while it is still starting
        painter.put("a")
    assert capfd.readouterr().out.startswith("a by ")
    assert painter._body.exitcode == 0


def test_it_ends_with_the_process_it_draws_for():
    code = f"""
import os, sys
sys.path.insert(0, {os.path.dirname(__file__)!r})
from rich.console import Console
from test_painter import Lines
from livejam.painter import Painter
painter = Painter(Console(), Lines).__enter__()
painter.put("a")
os._exit(9)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60)
    assert done.returncode == 9  # run() waits until every process has closed stdout


def test_a_flood_of_records_is_taken_in_and_drawn_a_few_times():
    picture = Moving()
    paint(Link(*([number] for number in range(1000)), [None]), picture)
    assert picture.seen == list(range(1000))
    assert 1 <= picture.drawn < 100


def test_the_drawing_process_is_light():
    heavy = {"numpy", "onnxruntime", "mido", "rtmidi", "click"}
    code = f"import livejam.screen, livejam.rollview, sys; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
