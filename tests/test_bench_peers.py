"""Others beside livejam: everybody has its turn, and what fails says so in one line."""

import json
import sys

import pytest

from livejam.bench import peers
from livejam.bench.peers import HISTORIES, Compared, Peer, compared, require_packages, side_by_side
from livejam.bench.wire import Spread
from livejam.errors import LivejamError


def spread(median):
    return Spread(median, 2 * median, 3 * median, 9)


def test_all_take_turns_and_are_timed_after_every_history():
    turns = []

    def times(name, factor):
        return lambda history: turns.append((history, name)) or [factor * history]

    steps = side_by_side({"": times("", 1), "other": times("other", 2)}, rounds=2)
    assert turns == 2 * [(history, name) for history in HISTORIES for name in ("", "other")]
    assert steps["other"][200] == Spread(400, 400, 400, 2)


def test_slower_is_beside_livejam_after_the_same_history():
    figures = compared({20: spread(6), 2000: spread(9)}, {20: spread(0.5), 2000: spread(0.6)}, {"weights": "random"})
    assert figures.slower == {20: 12.0, 2000: 15.0}
    said = figures.as_json()
    assert (said["median"], said["p99"], said["max"], said["times_slower"]) == (9, 18, 27, 15.0)
    assert said["note_step_ms_after"]["20"]["times_slower"] == 12.0
    assert said["weights"] == "random"
    assert isinstance(figures, Compared)


def test_a_missing_package_is_one_line(monkeypatch):
    monkeypatch.setattr(peers, "find_spec", lambda name: None if name == "notochord" else name)
    with pytest.raises(LivejamError, match=r"--peers needs notochord, .*pip install 'livejam\[peers\]'"):
        require_packages()


def script(monkeypatch, code):
    """Have a peer be that Python code, in a process of its own."""
    started = peers.subprocess.Popen
    monkeypatch.setattr(peers.subprocess, "Popen", lambda command, **how: started([sys.executable, "-c", code], **how))


def test_a_peer_is_asked_and_answers(monkeypatch):
    script(monkeypatch, "print('{}', flush=True)\nfor line in iter(input, ''): print([*map(int, line.split())])")
    with Peer("somebody", {}) as peer:
        assert peer.times(20) == [20, peers.STEPS]


@pytest.mark.parametrize("begun", ["", "print(" + repr(json.dumps({})) + ", flush=True); input();"])
def test_a_peer_that_dies_says_why_in_one_line(monkeypatch, begun):
    script(monkeypatch, begun + "raise ValueError('no such thing')")
    with (
        pytest.raises(LivejamError, match="somebody can't be timed here: ValueError: no such thing; leave out --peers"),
        Peer("somebody", {}) as peer,
    ):
        peer.times(20)
