"""`livejam listen` or `accompany` with two pipes where its ports would be: MIDI comes on stdin and goes out on stdout.

For `livejam bench` on machines without a MIDI system; nobody else runs it: `python -m livejam.bench.partner listen
--seed 1 --turns bars:1 --clock midi`. Screen and messages go to stderr. A thread reads stdin; the rest is the main
thread's.
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

from livejam.accompany import Practice, accompany
from livejam.alongsettings import AlongSettings
from livejam.band import BandSettings
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
    """Play until stdin ends or a signal comes."""
    asked, driver = _parser().parse_args(), PipeDriver(sys.stdin.buffer, sys.stdout.buffer)
    along, console = asked.command == "accompany", Console(stderr=True)
    kept = {"record": asked.record, "keep": asked.record is not None}
    with NetworkProcess(Network(asked.model, asked.seed, None, accompanies=along)) as network:
        about = network.ready()
        if along:
            plays = AlongSettings(BandSettings(span=asked.span, look_ahead=asked.look_ahead))
            accompany(Practice(PortChoice(), plays, asked.bpm, asked.clock, about, **kept), driver, network, console)
        else:
            settings = Settings(mode=asked.turns, on_beat=asked.start == "beat")
            listen(Jam(PortChoice(), settings, about, clock=asked.clock, **kept), driver, network, console)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    listens, plays_along = (commands.add_parser(name) for name in ("listen", "accompany"))
    for command in (listens, plays_along):
        command.add_argument("--clock", choices=("midi",))
        command.add_argument("--seed", type=int, default=0)
        command.add_argument("--model", type=Path)
        command.add_argument("--record", type=Path)
        command.add_argument("--no-record", action="store_true")  # as it is anyway
    listens.add_argument("--turns", type=read_mode)
    listens.add_argument("--start", choices=("beat", "now"), default="beat")
    plays_along.add_argument("--bpm", type=float)
    plays_along.add_argument("--span", type=float, default=BandSettings().span)
    plays_along.add_argument("--look-ahead", type=float, default=BandSettings().look_ahead)
    return parser


if __name__ == "__main__":
    try:
        main()
    except LivejamError as problem:
        sys.exit(f"livejam: {problem}")
