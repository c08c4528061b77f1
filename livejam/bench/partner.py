"""`livejam listen` with two pipes where its ports would be: MIDI comes in on stdin and goes out on stdout.

For `livejam bench` on machines without a MIDI system; nobody else runs it: `python -m livejam.bench.partner --seed 1
--turns bars:1 --clock midi`. Screen and messages go to stderr. A thread reads stdin; the rest is the main thread's.
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Thread
from typing import BinaryIO

from rich.console import Console

from livejam.errors import LivejamError, PortError
from livejam.live import Jam, listen
from livejam.modes import read_mode
from livejam.partner import Network, NetworkProcess
from livejam.ports import PortChoice, Receive
from livejam.stage import Settings

MESSAGE = 3  # bytes; shorter messages are filled up with zeros
FIRST_SHORT = 0xF8  # from this status on messages have one byte


class PipeDriver:
    """A MIDI system of one input and one output."""

    name = "pipes"
    indexed = False
    virtual = True
    virtual_names = ("stdin", "stdout")
    clock = staticmethod(time.monotonic)

    def __init__(self, source: BinaryIO, target: BinaryIO) -> None:
        self._source = source
        self._target = target

    def inputs(self) -> list[str]:
        """There are none to choose from."""
        return []

    def outputs(self) -> list[str]:
        """There are none to choose from."""
        return []

    def changed(self) -> bool:
        """Pipes don't come and go."""
        return False

    def open_input(self, name: str | None, receive: Receive) -> "PipeInput":
        """Hear what comes on stdin; its end is a signal to end."""
        return PipeInput(self._source, receive)

    def open_output(self, name: str | None) -> "PipeOutput":
        """Play on stdout."""
        return PipeOutput(self._target)


class PipeInput:
    """Messages of three bytes from a pipe."""

    gone = False

    def __init__(self, source: BinaryIO, receive: Receive) -> None:
        self._source = source
        self._receive = receive
        self.reader = Thread(target=self._read, name="pipe", daemon=True)
        self.reader.start()

    def close(self) -> None:
        """Nothing is to be given back."""

    def _read(self) -> None:
        while message := self._source.read(MESSAGE):
            self._receive(message[:1] if message[0] >= FIRST_SHORT else message)
        os.kill(os.getpid(), signal.SIGTERM)


class PipeOutput:
    """Messages into a pipe."""

    gone = False
    ahead = 0.0

    def __init__(self, target: BinaryIO) -> None:
        self._target = target

    def send(self, message: Sequence[int], at: float) -> None:
        """Send at once, whatever the time. Raises PortError if nobody reads any more."""
        try:
            self._target.write(bytes(message))
            self._target.flush()
        except (OSError, ValueError) as error:
            raise PortError(f"nobody reads the pipe: {error}") from None

    def close(self) -> None:
        """Nothing is to be given back."""


def main() -> None:
    """Listen until stdin ends or a signal comes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--turns", type=read_mode)
    parser.add_argument("--start", choices=("beat", "now"), default="beat")
    parser.add_argument("--clock", choices=("midi",))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", type=Path)
    asked = parser.parse_args()
    driver = PipeDriver(sys.stdin.buffer, sys.stdout.buffer)
    settings = Settings(mode=asked.turns, on_beat=asked.start == "beat")
    with NetworkProcess(Network(asked.model, asked.seed, None)) as network:
        network.ready()
        jam = Jam(PortChoice(), settings, {}, keep=False, clock=asked.clock)
        listen(jam, driver, network, Console(stderr=True))


if __name__ == "__main__":
    try:
        main()
    except LivejamError as problem:
        sys.exit(f"livejam: {problem}")
