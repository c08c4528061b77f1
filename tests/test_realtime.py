"""Priority where it is granted and where it is not, on this system and on those there are fakes of; the collector."""

import ctypes
import gc
import os
import sys
import threading
import weakref

import pytest

from livejam.realtime import GRANTED, LEVEL, SWITCH, advice, collect, hurry, quick_switching, quiet_collector, relax


def in_a_thread(work):
    """Do `work` in a thread of its own, so that the tests' stays as it is; return what it returns."""
    results = []
    thread = threading.Thread(target=lambda: results.append(work()))
    thread.start()
    thread.join()
    return results[0]


@pytest.mark.skipif(sys.platform != "linux", reason="how Linux schedules")
def test_a_thread_hurries_alone_and_relaxes_again():
    def work():
        granted = hurry()
        began = os.sched_getscheduler(0) & 0xFF, os.sched_getparam(0).sched_priority
        child = in_a_thread(lambda: os.sched_getscheduler(0) & 0xFF)
        relax()
        return granted, began, child, os.sched_getscheduler(0) & 0xFF

    granted, began, child, ended = in_a_thread(work)
    assert began == ((os.SCHED_FIFO, LEVEL) if granted else (os.SCHED_OTHER, 0))
    assert child == ended == os.SCHED_OTHER


@pytest.mark.skipif(sys.platform != "linux", reason="how Linux refuses")
def test_a_refusal_is_no_error_and_comes_with_advice(monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    assert not hurry()
    relax()
    assert "@audio - rtprio" in advice()


def test_advice_leaves_the_thread_as_it_was(monkeypatch):
    monkeypatch.setattr("livejam.realtime.hurry", lambda: True)
    relaxed = []
    monkeypatch.setattr("livejam.realtime.relax", lambda: relaxed.append(True))
    assert advice() == GRANTED
    assert relaxed


class FakeLibrary:
    """A library of another system's, which keeps what it is asked."""

    def __init__(self, name, calls, answer):
        self.name, self._calls, self._answer = name, calls, answer

    def __getattr__(self, function):
        def call(*arguments):
            plain = tuple(getattr(argument, "value", argument) for argument in arguments)
            self._calls.append((self.name, function, *plain))
            return 7 if function == "GetCurrentThread" else self._answer

        return self.__dict__.setdefault(function, call)


@pytest.mark.parametrize(("answer", "granted"), [(0, True), (1, False)])
def test_on_a_mac_the_thread_asks_for_quality_of_service(monkeypatch, answer, granted):
    calls = []
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(ctypes, "CDLL", lambda name: FakeLibrary("system", calls, answer))
    assert hurry() is granted
    relax()
    assert calls == [("system", "pthread_set_qos_class_self_np", quality, 0) for quality in (0x21, 0x15)]


def test_on_windows_the_thread_asks_for_priority_and_finer_timers(monkeypatch):
    calls = []
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(ctypes, "WinDLL", lambda name: FakeLibrary(name, calls, 1), raising=False)
    assert hurry()
    relax()
    assert [call for call in calls if call[1] != "GetCurrentThread"] == [
        ("winmm", "timeBeginPeriod", 1),
        ("kernel32", "SetThreadPriority", 7, 15),
        ("winmm", "timeEndPeriod", 1),
        ("kernel32", "SetThreadPriority", 7, 0),
    ]


def test_a_system_that_has_no_such_thing_goes_on(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.delattr(ctypes, "WinDLL", raising=False)
    assert not hurry()
    relax()
    assert "not granted" in advice()


def test_threads_switch_quicker_for_a_while():
    before = sys.getswitchinterval()
    with quick_switching():
        assert sys.getswitchinterval() == pytest.approx(SWITCH)
    assert sys.getswitchinterval() == before


class Knot:
    """Something that holds itself, so only the collector frees it."""

    def __init__(self):
        self.me = self


def test_the_collector_waits_until_it_is_asked():
    with quiet_collector():
        assert not gc.isenabled()
        assert gc.get_freeze_count() > 0
        knot = weakref.ref(Knot())
        assert knot() is not None
        collect()
        assert knot() is None
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
