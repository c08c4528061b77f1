"""The native transport on a JACK server: exact to the frame, and whole again after ports or the server have gone."""

import itertools
import random
import threading
import time
from collections import Counter

import pytest
from jack_server import jackd

pytestmark = pytest.mark.jack


@pytest.fixture
def server(tmp_path):
    """A JACK server."""
    with jackd(tmp_path) as running:
        yield running


@pytest.fixture
def recorder(server):
    """Somebody who writes down what livejam plays."""
    from jack_clients import Recorder

    listener = Recorder()
    yield listener
    listener.close()


class Jammer:
    """Livejam's ports on JACK, without a session: what arrives is kept."""

    def __init__(self, **choice):
        from livejam.jackport import JackDriver
        from livejam.ports import PortChoice, open_ports
        from livejam.watch import watching

        self.heard = []
        self.arrived = []  # seconds, of each
        self.driver = JackDriver()
        self.ports = open_ports(self.driver, PortChoice(**choice), self._put, self.driver.clock)
        self._watch = watching(self.ports, self.driver.changed)

    def _put(self, at, event):
        self.arrived.append(time.monotonic())
        self.heard.append((at, event))

    def __enter__(self):
        self._watch.__enter__()
        return self

    def __exit__(self, *_):
        self._watch.__exit__(None, None, None)
        self.ports.close()

    def play(self, cues):
        """Hand each over when the output wants it, as a session does."""
        clock = self.driver.clock
        waiting = threading.Event()
        for cue in cues:
            waiting.wait(max(0.0, cue.at - self.ports.ahead - clock()))
            self.ports.send(cue)

    def events(self):
        """What has happened, without its times."""
        return [event for _, event in self.heard]


def melody(count, seed=1):
    """Return cues of notes that follow each other, at odd times."""
    from livejam.notes import Cue, NoteOff, NoteOn

    chance, at, cues = random.Random(seed), time.monotonic() + 0.1, []
    for number in range(count):
        pitch = 40 + number % 40
        at += chance.uniform(0.004, 0.012)
        cues.append(Cue(at, NoteOn(pitch, 64), 1))
        at += chance.uniform(0.001, 0.006)
        cues.append(Cue(at, NoteOff(pitch), 1))
    return cues


def pairs(things):
    """Return each with the one after it."""
    return list(itertools.pairwise(things))


def test_notes_lie_on_their_frames(recorder):
    from jack_clients import until

    with Jammer() as jammer:
        recorder.connect("livejam_out:out")  # rtmidi's name, as scripts know it
        cues = melody(100)
        jammer.play(cues)
        assert until(lambda: len(recorder.log) == len(cues))
    assert [data[1] for _, data in recorder.log] == [cue.message.pitch for cue in cues]
    steps = zip(pairs(recorder.log), pairs(cues), strict=True)  # a server without a sound card loses count now and then
    errors = sorted(abs((n[0] - m[0]) / recorder.rate - (d.at - c.at)) for (m, n), (c, d) in steps)
    print(f"errors of the steps: median {errors[100] * 1000:.3f}, 90 % {errors[180] * 1000:.3f} ms")
    assert errors[100] < 0.0001
    assert errors[180] < 0.0005  # a period is five times as long


def test_what_is_late_leaves_at_once_and_in_order(recorder):
    from jack_clients import until

    from livejam.notes import Cue, NoteOff, NoteOn

    with Jammer() as jammer:
        recorder.connect("livejam:out")
        for message in (NoteOn(60, 80), NoteOff(60), NoteOn(60, 81)):
            jammer.ports.send(Cue(time.monotonic() - 1, message, 1))
        jammer.ports.send(Cue(time.monotonic(), NoteOff(60), 1))
        assert until(lambda: len(recorder.log) == 4)
    assert [data[0] & 0xF0 for _, data in recorder.log] == [0x90, 0x80, 0x90, 0x80]


def test_what_is_handed_over_last_has_left_when_the_ports_are_closed(recorder):
    from jack_clients import until

    from livejam.notes import Cue, NoteOff, NoteOn

    with Jammer() as jammer:
        recorder.connect("livejam:out")
        jammer.ports.send(Cue(0.0, NoteOn(60, 80), 1))
        jammer.ports.send(Cue(time.monotonic() + jammer.ports.ahead, NoteOff(60), 1))
    assert until(lambda: len(recorder.log) == 2)


def test_what_comes_in_is_stamped_with_its_frame(server):
    from jack_clients import Player, until

    player = Player()
    with Jammer() as jammer:
        player.connect("livejam_in:in")
        phrase = [(0.0103 * number, 60 + number, 0.005, 80) for number in range(30)]
        player.play(phrase)
        assert until(lambda: len(jammer.heard) == 60)
    player.close()
    onsets = [at for at, event in jammer.heard if hasattr(event, "velocity")]
    steps = zip(pairs(onsets), pairs(phrase), strict=True)
    errors = sorted(abs((after - before) - (next_[0] - this[0])) for (before, after), (this, next_) in steps)
    assert errors[len(errors) // 2] < 0.0002
    waits = sorted(arrived - at for arrived, (at, _) in zip(jammer.arrived, jammer.heard, strict=True))
    assert -0.006 < waits[len(waits) // 2] < 0.006  # two periods and a little


def test_a_port_that_goes_is_taken_again_under_its_name(server):
    from jack_clients import Player, Recorder, until

    from livejam.events import PortBack, PortLost
    from livejam.notes import Cue, NoteOff, NoteOn

    player, recorder = Player(), Recorder()
    with Jammer(input="keys human", output="recorder") as jammer:
        player.play([(0.0, 60, 0.01, 80)])
        jammer.ports.send(Cue(0.0, NoteOn(50, 80), 1))
        assert until(lambda: NoteOff(60) in jammer.events() and recorder.log)
        player.close()
        recorder.close()
        gone = time.monotonic()
        lost = {PortLost("human:keys"), PortLost("recorder:in", keys=False)}
        assert until(lambda: lost <= set(jammer.events()))
        print(f"noticed after {time.monotonic() - gone:.3f} s")
        assert time.monotonic() - gone < 1.0
        player, recorder = Player(), Recorder()
        back = {PortBack("human:keys"), PortBack("recorder:in")}
        there = time.monotonic()
        assert until(lambda: back <= set(jammer.events()))
        assert time.monotonic() - there < 1.0
        assert until(lambda: recorder.sounding() == Counter({(1, 50): -1}))  # what sounded when it went is ended
        player.play([(0.0, 62, 0.01, 80)])
        assert until(lambda: NoteOff(62) in jammer.events())
    player.close()
    recorder.close()


@pytest.mark.parametrize("ending", ["terminate", "kill"])
def test_a_server_that_goes_is_found_again(tmp_path, ending):
    from jack_clients import people, until

    from livejam.errors import PortError
    from livejam.events import PortBack, PortLost
    from livejam.notes import Cue, NoteOff, NoteOn

    names = ("livejam:in", "livejam:out")
    with jackd(tmp_path) as server, Jammer() as jammer:
        getattr(server._process, ending)()
        server.__exit__()
        assert until(lambda: {PortLost(names[0]), PortLost(names[1], keys=False)} <= set(jammer.events()))
        with pytest.raises(PortError, match="gone"):
            jammer.ports.send(Cue(0.0, NoteOn(60, 80), 1))
        server.__enter__()
        assert until(lambda: {PortBack(name) for name in names} <= set(jammer.events()))
        with people() as (_, recorder):
            recorder.connect("livejam:out")
            for at, message in ((0.0, NoteOn(60, 80)), (0.1, NoteOff(60))):
                jammer.ports.send(Cue(at, message, 1))
            assert until(lambda: len(recorder.log) == 2)
