"""The adapter of Ableton Link on a session that is made up: no network, no aalink, no waiting for time to pass."""

import asyncio
import builtins
import queue
import threading
from itertools import count

import pytest

from livejam.errors import LivejamError
from livejam.link import LinkPeer, beat_now

SOON = 5  # seconds: the longest a state may take to arrive before the test has failed


class FakeSession:
    """A session whose beat follows a clock; `others` change it, as peers do, from threads of their own."""

    def __init__(self, clock, bpm=120.0):
        self.clock, self.tempo = clock, bpm
        self.quantum, self.enabled, self.start_stop_sync_enabled = 1.0, False, False
        self.num_peers, self.playing = 0, False
        self.loop = asyncio.get_running_loop()
        self.callbacks = {}

    @property
    def beat(self):
        return self.clock() * self.tempo / 60

    def set_tempo_callback(self, callback):
        self.callbacks["tempo"] = callback

    def set_num_peers_callback(self, callback):
        self.callbacks["num_peers"] = callback

    def set_start_stop_callback(self, callback):
        self.callbacks["playing"] = callback

    def change(self, what, value):
        setattr(self, what, value)
        self.loop.call_soon_threadsafe(self.callbacks[what], value)


class World:
    """A peer in a session of its own, and what it put."""

    def __init__(self, monkeypatch=None):
        self.states = queue.SimpleQueue()
        self.sessions = []
        self.threads = []
        self.time = 1000.0
        self.peer = LinkPeer(self.put, quantum=3.0, bpm=97.0, join=self.join, clock=lambda: self.time)

    def join(self, bpm):
        self.sessions.append(FakeSession(lambda: self.time, bpm))
        return self.sessions[0]

    def put(self, time, state):
        self.threads.append(threading.current_thread())
        self.states.put((time, state))

    def next(self):
        return self.states.get(timeout=SOON)

    def next_that(self, fits):
        """The first state that fits: those that the timer brings may come before it."""
        while not fits(state := self.next()[1]):
            pass
        return state


@pytest.fixture
def world():
    world = World()
    yield world
    world.peer.close()


def test_joining_says_where_the_beat_is(world):
    time, state = world.next()
    assert time == 1000.0
    assert (state.bpm, state.beat, state.peers) == (97.0, pytest.approx(1000 * 97 / 60), 0)
    session = world.sessions[0]
    assert (session.quantum, session.enabled, session.start_stop_sync_enabled) == (3.0, True, True)


def test_changes_are_put_by_the_adapters_own_thread(world, monkeypatch):
    world.next()
    world.sessions[0].change("tempo", 133.0)
    assert world.next_that(lambda state: state.bpm == 133.0).beat == pytest.approx(1000 * 133 / 60)
    world.sessions[0].change("num_peers", 2)
    assert world.next_that(lambda state: state.peers == 2).bpm == 133.0
    assert {thread.name for thread in world.threads} == {"link"}


def test_a_change_does_not_wait_for_the_timer(monkeypatch):
    monkeypatch.setattr("livejam.link.EVERY", 3600.0)
    world = World()
    world.next()
    world.sessions[0].change("tempo", 140.0)
    assert world.next()[1].bpm == 140.0
    assert world.states.empty()
    world.peer.close()


def test_the_beat_is_put_anew_though_nothing_changes(monkeypatch):
    monkeypatch.setattr("livejam.link.EVERY", 0.0)
    world = World()
    world.next()
    world.time = 1001.0
    assert any(world.next()[0] == 1001.0 for _ in range(100_000))
    world.peer.close()


def test_the_transport_counts_from_its_first_start(world):
    assert world.next()[1].playing, "nobody uses it"
    world.sessions[0].change("num_peers", 1)
    assert world.next_that(lambda state: state.peers == 1).playing, "still nobody"
    world.sessions[0].change("playing", True)
    world.sessions[0].change("num_peers", 2)
    assert world.next_that(lambda state: state.peers == 2).playing
    world.sessions[0].change("playing", False)
    world.next_that(lambda state: not state.playing)


def test_closing_leaves_the_session_and_is_quiet(world):
    world.next()
    world.peer.close()
    assert not world.sessions[0].enabled
    assert not any(thread.is_alive() for thread in world.threads)
    world.peer.close()


def test_a_session_that_does_not_open_is_an_error_where_it_is_asked_for():
    def refuse(bpm):
        raise OSError("no sockets")

    with pytest.raises(OSError, match="no sockets"):
        LinkPeer(lambda time, state: None, join=refuse)


def test_without_the_package_there_is_one_plain_line(monkeypatch):
    usual = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "aalink":
            raise ModuleNotFoundError("No module named 'aalink'")
        return usual(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(LivejamError, match=r"pip install 'livejam\[link\]'") as caught:
        LinkPeer(lambda time, state: None)
    assert "\n" not in str(caught.value)


def test_the_tightest_of_several_readings_counts():
    """Whoever is put to sleep between two looks at the clock must not be believed."""
    ticking = iter([0.0, 0.9, 1.0, 1.00001, 2.0, 2.5, 3.0, 3.1, 4.0, 4.7])
    beats = count(10.0)

    class Session:
        beat = property(lambda self: next(beats))

    assert beat_now(Session(), lambda: next(ticking)) == (pytest.approx(1.000005), 11.0)
