"""JACK's time as a jam tells it."""

import pytest

from livejam.jackcycle import FrameClock

RATE = 48_000.0


class Server:
    """Counts frames, 32 bits of them."""

    def __init__(self, frames=0):
        self.frames = frames

    def __call__(self):
        return self.frames % 2**32

    def run(self, seconds):
        self.frames += round(seconds * RATE)


@pytest.fixture
def now(monkeypatch):
    """The machine's clock."""
    times = [100.0]
    monkeypatch.setattr("livejam.jackcycle.time.monotonic", lambda: times[0])
    return times


def test_without_a_server_it_is_the_machines(now):
    clock = FrameClock()
    assert clock() == 100.0
    now[0] = 103.5
    assert clock() == 103.5


def test_with_a_server_it_counts_frames(now):
    clock, server = FrameClock(), Server(12_345)
    clock.follow(server, RATE)
    assert clock() == pytest.approx(100.0)
    server.run(2.0)
    now[0] = 102.3  # whatever the machine says
    assert clock() == pytest.approx(102.0)
    assert clock.at(server.frames - 480) == pytest.approx(101.99)
    assert clock.at(server.frames + 480) == pytest.approx(102.01)


def test_it_goes_on_when_the_server_goes_and_another_comes(now):
    clock, server = FrameClock(), Server()
    clock.follow(server, RATE)
    server.run(2.0)
    now[0] = 105.0
    assert clock() == pytest.approx(102.0)
    clock.leave()
    clock.leave()  # told twice
    now[0] = 106.5
    assert clock() == pytest.approx(103.5)
    other = Server(99)
    clock.follow(other, RATE)
    other.run(1.0)
    assert clock() == pytest.approx(104.5)


def test_jack_counting_from_zero_again_is_not_noticed(now):
    clock, server = FrameClock(), Server(2**32 - 24_000)
    clock.follow(server, RATE)
    server.run(0.4)
    assert clock() == pytest.approx(100.4)
    server.run(0.4)
    assert clock() == pytest.approx(100.8)
    assert clock.at(2**32 - 24_000) == pytest.approx(100.0)


def test_it_waits_rather_than_go_back_by_a_little(now):
    clock, server = FrameClock(), Server(1_000_000)
    clock.follow(server, RATE)
    server.run(1.0)
    assert clock() == pytest.approx(101.0)
    server.run(-0.04)
    assert clock() == pytest.approx(101.0)
    server.run(0.05)
    assert clock() == pytest.approx(101.01)


def test_after_a_long_stall_it_believes_jack(now):
    clock, server = FrameClock(), Server(1_000_000)
    clock.follow(server, RATE)
    server.run(9.0)  # an estimate that was never reached
    assert clock() == pytest.approx(109.0)
    server.run(-8.0)
    assert clock() == pytest.approx(101.0)
