"""Ports: the open pair that hears and answers, as long as the ports are there.

Knows no MIDI library: `livejam.midi` and `livejam.jackport` have the drivers, told apart by the Protocols below. The
driver calls back on a thread of its own: there a message is stamped (seconds, the clock given),
read and put, and nothing else. `Ports.look` belongs to the thread that watches the ports (`livejam.watch`), which alone
opens and closes them while a jam lasts; the rest runs on the thread that opened them first.
"""

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from livejam.errors import PortError
from livejam.events import Clocking, Gesture, PlayerEvent, PortBack, PortLost
from livejam.messages import MessageReader, to_message
from livejam.notes import Cue, NoteOff, NoteOn
from livejam.portnames import bare_name, match_port, pasteable, quoted

CALLBACK_ERRORS = 3  # shown at most: a flood of them helps nobody
UNNOTICED = 1.0  # seconds a port may have been gone before that is noticed

Port = TypeVar("Port", bound="Closable")
Put = Callable[[float, PlayerEvent | Clocking | PortLost | PortBack], None]  # seconds, event: safe from any thread


class Receive(Protocol):
    """What a driver calls with every message."""

    def __call__(self, message: Sequence[int], at: float | None = None) -> None:
        """Take the bytes of one message, and the time of its arrival (seconds) if the driver knows better than now."""


class Driver(Protocol):
    """What we need of a MIDI system."""

    name: str
    indexed: bool  # appends an index to the names
    virtual: bool  # can make ports of its own
    virtual_names: tuple[str, str]  # how those are shown: input, output

    @property
    def clock(self) -> Callable[[], float]:
        """What its messages are stamped and sent by, seconds."""

    def inputs(self) -> list[str]:
        """Names of the ports that can be listened to. Raises PortError if the system is gone."""

    def outputs(self) -> list[str]:
        """Names of the ports that can be played into. Raises PortError if the system is gone."""

    def changed(self) -> bool:
        """Whether a port may have come or gone since this was last asked. Cheap."""

    def open_input(self, name: str | None, receive: Receive) -> "Closable":
        """Open that one of `inputs()`, None: a virtual one; `receive` gets the bytes of every message."""

    def open_output(self, name: str | None) -> "Sendable":
        """Open that one of `outputs()`, None: a virtual one."""


class Closable(Protocol):
    """An open port."""

    @property
    def gone(self) -> bool:
        """Whether it is known to be of no use any more; one that was asked for by name is also missed by its name."""

    def close(self) -> None:
        """Give it back; nothing happens if it is gone."""


class Sendable(Closable, Protocol):
    """An open port that sends."""

    @property
    def ahead(self) -> float:
        """How long before its time it wants a message, to send it exactly then; seconds. 0: it sends at once."""

    def send(self, message: Sequence[int], at: float) -> None:
        """Send the bytes of one message at that time (seconds), or as soon as it can. Raises PortError if it can't."""


@dataclass(frozen=True, slots=True)
class PortChoice:
    """Which ports, and what of them."""

    input: str | None = None  # words of its name; None: make a virtual port
    output: str | None = None
    channel: int | None = None  # 1..16 to listen to; None: all


@dataclass(slots=True)
class _End(Generic[Port]):
    """One of the two ports: the one that hears or the one that answers."""

    names: Callable[[], list[str]]  # there now
    open: Callable[[str | None], Port]
    asked: str | None  # words of its name; None: a virtual one
    direction: str
    indexed: bool
    shown: str  # as a player knows it
    name: str | None = None  # as the system has it; None: virtual
    port: Port | None = None  # None: it is gone

    def find(self) -> Port:
        """Return the port asked for, open. Raises PortError if it is not there or refuses."""
        if self.asked is not None:
            available = self.names()
            self.name = available[match_port(self.asked, available, self.direction, indexed=self.indexed)]
            self.shown = bare_name(self.name, indexed=self.indexed)
        return self.open(self.name)

    def find_again(self) -> Port | None:
        """Return the port, open, if it is there again."""
        try:
            return self.find() if self.port is None else None
        except PortError:
            return None

    def lose(self) -> bool:
        """Give up the port if it is gone; tell whether it has just gone."""
        if self.port is None or self.is_there():
            return False
        port, self.port = self.port, None
        port.close()
        return True

    def is_there(self) -> bool:
        """Whether the open port is still what it was."""
        if self.port is None or self.port.gone:
            return False
        try:
            available = self.names()
        except PortError:  # the whole system is gone
            return False
        if self.indexed:  # an index that shifts does no harm
            return self.shown in (bare_name(name, indexed=True) for name in available)
        return self.name is None or self.name in available


class Ports:
    """The open pair: hears the player, sends the answers. Either may go and come back."""

    def __init__(self, heard: _End[Closable], sender: _End[Sendable], put: Put, clock: Callable[[], float]) -> None:
        self._heard = heard
        self._sender = sender
        self._put = put
        self._clock = clock
        self._ends: dict[
            tuple[int, int], float
        ] = {}  # (channel, pitch) -> seconds: the end of its last note, inf: open

    @property
    def names(self) -> tuple[str, str]:
        """Input and output, as a player knows them."""
        return self._heard.shown, self._sender.shown

    @property
    def target(self) -> str | None:
        """The output, as the system has it; None: a virtual port."""
        return self._sender.name

    @property
    def shared(self) -> bool:
        """Whether input and output are one bus, which returns what is sent on it."""
        return self._heard.name is not None and self._heard.name == self._sender.name

    @property
    def ahead(self) -> float:
        """How long before its time a cue is best sent; seconds."""
        port = self._sender.port
        return port.ahead if port else 0.0

    @property
    def complete(self) -> bool:
        """Whether both ports are there."""
        return self._heard.port is not None and self._sender.port is not None

    def send(self, cue: Cue) -> None:
        """Have `cue` sent at its time, or as soon as it can be. Raises PortError if the port is gone."""
        self._open().send(to_message(cue.message, cue.channel), cue.at)
        self._ends[cue.channel, cue.message.pitch] = math.inf if isinstance(cue.message, NoteOn) else cue.at

    def set_up(self, gesture: Gesture, channel: int) -> None:
        """Have what is no note sent at once. Raises PortError if the port is gone."""
        self._open().send(to_message(gesture, channel), self._clock())

    def _open(self) -> Sendable:
        port = self._sender.port  # read once: it may be taken away meanwhile
        if port is None:
            raise PortError(f"{self._sender.shown!r} is gone; livejam plays on as soon as it is back")
        return port

    def look(self) -> None:
        """Give up what has gone, take back what is there again, and tell so. May take some milliseconds."""
        now = self._clock()
        lost = {end.shown: end is self._heard for end in (self._sender, self._heard) if end.lose()}
        if lost:
            self._forget_ended(now)
        for name, keys in lost.items():
            self._put(now, PortLost(name, keys))
        back = []
        if sender := self._sender.find_again():
            self._end_notes(sender, now)
            self._sender.port = sender
            back.append(self._sender.shown)
        if heard := self._heard.find_again():
            self._heard.port = heard
            back.append(self._heard.shown)
        for name in dict.fromkeys(back):
            self._put(self._clock(), PortBack(name))

    def close(self) -> None:
        """Give both ports back, after the last message has left."""
        for end in (self._heard, self._sender):
            if end.port:
                end.port.close()

    def _forget_ended(self, now: float) -> None:
        """Forget what ended before the port went; not what ended about then: who knows when exactly it went."""
        for key, end in tuple(self._ends.items()):
            if end <= now - UNNOTICED:
                del self._ends[key]

    def _end_notes(self, sender: Sendable, now: float) -> None:
        """End what was sounding when the port went."""
        for channel, pitch in tuple(self._ends):
            sender.send(to_message(NoteOff(pitch), channel), now)
        self._ends.clear()


@dataclass(frozen=True, slots=True)
class PortList:
    """What can be given to --port, --in and --out."""

    system: str
    inputs: list[str]
    outputs: list[str]


def list_ports(driver: Driver) -> PortList:
    """Return the ports there are, named as they can be asked for."""
    names = (pasteable(names, indexed=driver.indexed) for names in (driver.inputs(), driver.outputs()))
    return PortList(driver.name, *names)


def open_ports(driver: Driver, choice: PortChoice, put: Put, clock: Callable[[], float]) -> Ports:
    """Open the ports of `choice`; what the player does goes to `put`, called on the driver's thread.

    Raises:
        PortError: a port is missing, ambiguous or refuses to open, or the system has no virtual ports.
    """
    if not driver.virtual and (choice.input is None or choice.output is None):
        raise PortError(_no_virtual_ports(list_ports(driver)))

    def hear(name: str | None) -> Closable:
        return driver.open_input(name, receiver(MessageReader(choice.channel), put, clock))

    heard = _End(driver.inputs, hear, choice.input, "input", driver.indexed, driver.virtual_names[0])
    sender = _output(driver, choice.output)
    sender.port = sender.find()
    try:
        heard.port = heard.find()
    except PortError:
        sender.port.close()
        raise
    return Ports(heard, sender, put, clock)


def open_output(driver: Driver, asked: str) -> Sendable:
    """Open the output that `asked` means, alone. Raises PortError if it is missing, ambiguous or refuses."""
    return _output(driver, asked).find()


def receiver(reader: MessageReader, put: Put, clock: Callable[[], float]) -> Receive:
    """Return what a driver calls with each message's bytes. It never raises: in there an error would just vanish."""
    errors: list[Exception] = []

    def receive(message: Sequence[int], at: float | None = None) -> None:
        now = clock() if at is None else at
        try:
            for event in reader.read(message):
                put(now, event)
        except Exception as error:  # whatever it was, the driver's thread must live
            errors.append(error)
            if len(errors) <= CALLBACK_ERRORS:
                print(f"livejam: a MIDI message was lost: {error!r}", file=sys.stderr)

    return receive


def _output(driver: Driver, asked: str | None) -> _End[Sendable]:
    return _End(driver.outputs, driver.open_output, asked, "output", driver.indexed, driver.virtual_names[1])


def _no_virtual_ports(ports: PortList) -> str:
    return (
        f"{ports.system} has no virtual ports: make one with loopMIDI and give it as --port; "
        f"inputs: {quoted(ports.inputs)}; outputs: {quoted(ports.outputs)}"
    )
