"""Ports: which one a player means, and the open pair that hears and answers.

Knows no MIDI library: `livejam.midi` has the drivers, told apart by the Protocols below. Systems decorate names: ALSA
appends `20:0`, Windows an index that shifts when something is plugged in; both are ignored where they don't help. The
driver calls back on a thread of its own: there a message is stamped (seconds, the clock given), read and put, and
nothing else. The rest runs on the thread that opened the ports.
"""

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from livejam.errors import PortError
from livejam.events import Clocking, PlayerEvent
from livejam.messages import MessageReader, to_message
from livejam.notes import NoteOff, NoteOn

CALLBACK_ERRORS = 3  # shown at most: a flood of them helps nobody

_WORD = re.compile(r"[^\W_]+")
_ADDRESS = re.compile(r"\s+\d+:\d+$")  # ALSA's client:port
_INDEX = re.compile(r"\s+\d+$")  # Windows' place in the list

Receive = Callable[[Sequence[int]], None]  # the bytes of one message
Put = Callable[[float, PlayerEvent | Clocking], None]  # seconds, event: safe from any thread


class Driver(Protocol):
    """What we need of a MIDI system."""

    name: str
    indexed: bool  # appends an index to the names
    virtual: bool  # can make ports of its own
    virtual_names: tuple[str, str]  # how those are shown: input, output

    def inputs(self) -> list[str]:
        """Names of the ports that can be listened to."""

    def outputs(self) -> list[str]:
        """Names of the ports that can be played into."""

    def open_input(self, name: str | None, receive: Receive) -> "Closable":
        """Open that one of `inputs()`, None: a virtual one; `receive` gets the bytes of every message."""

    def open_output(self, name: str | None) -> "Sendable":
        """Open that one of `outputs()`, None: a virtual one."""


class Closable(Protocol):
    """An open port."""

    def close(self) -> None:
        """Give it back."""


class Sendable(Closable, Protocol):
    """An open port that sends."""

    def send(self, message: Sequence[int]) -> None:
        """Send the bytes of one message at once. Raises PortError if it can't."""


@dataclass(frozen=True, slots=True)
class PortChoice:
    """Which ports, and what of them."""

    input: str | None = None  # words of its name; None: make a virtual port
    output: str | None = None
    channel: int | None = None  # 1..16 to listen to; None: all
    answer_channel: int = 1  # 1..16


class Ports:
    """The open pair: hears the player, sends the answers."""

    def __init__(self, names: tuple[str, str], heard: Closable, sender: Sendable, answer_channel: int) -> None:
        self.names = names  # input, output, as a player knows them
        self._heard = heard
        self._sender = sender
        self._channel = answer_channel

    @property
    def shared(self) -> bool:
        """Whether input and output are one bus, which returns what is sent on it."""
        return self.names[0] == self.names[1]

    def send(self, message: NoteOn | NoteOff) -> None:
        """Send at once. Raises PortError if the port is gone."""
        self._sender.send(to_message(message, self._channel))

    def close(self) -> None:
        """Give both ports back, after the last message has left."""
        self._heard.close()
        self._sender.close()


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
    source = _find(driver, choice.input, driver.inputs, "input")
    target = _find(driver, choice.output, driver.outputs, "output")
    sender = driver.open_output(target)
    try:
        heard = driver.open_input(source, receiver(MessageReader(choice.channel), put, clock))
    except PortError:
        sender.close()
        raise
    names = (source or driver.virtual_names[0], target or driver.virtual_names[1])
    return Ports(names, heard, sender, choice.answer_channel)


def receiver(reader: MessageReader, put: Put, clock: Callable[[], float]) -> Receive:
    """Return what a driver calls with each message's bytes. It never raises: in there an error would just vanish."""
    errors: list[Exception] = []

    def receive(message: Sequence[int]) -> None:
        now = clock()
        try:
            for event in reader.read(message):
                put(now, event)
        except Exception as error:  # whatever it was, the driver's thread must live
            errors.append(error)
            if len(errors) <= CALLBACK_ERRORS:
                print(f"livejam: a MIDI message was lost: {error!r}", file=sys.stderr)

    return receive


def bare_name(name: str, *, indexed: bool = False) -> str:
    """Return `name` without what the system appended; `indexed` where it appends an index, as Windows does."""
    return (_INDEX if indexed else _ADDRESS).sub("", name)


def match_port(asked: str, available: Sequence[str], direction: str, *, indexed: bool = False) -> int:
    """Return the place in `available` of the port that `asked` means.

    The same name wins; then the same words; then a port in which every word asked for occurs, whole words before parts
    of words, case and punctuation ignored. `direction` ("input" or "output") is for the message.

    Raises:
        PortError: no port fits, or more than one does.
    """
    wanted = _words(asked)
    for fits in _rules(asked, wanted, indexed):
        found = [place for place, name in enumerate(available) if fits(name)]
        if len(found) == 1:
            return found[0]
        if found:
            names = _quoted(available[place] for place in found)
            raise PortError(f"{asked!r} fits more than one MIDI {direction}: {names}; give more of the name")
    raise PortError(_nothing_fits(asked, available, direction))


def pasteable(available: Sequence[str], *, indexed: bool = False) -> list[str]:
    """Return for each port the shortest name that `match_port` takes back to it: bare where that is enough."""
    return [_pasteable(place, available, indexed) for place in range(len(available))]


def _find(driver: Driver, asked: str | None, names: Callable[[], list[str]], direction: str) -> str | None:
    if asked is None:
        return None
    available = names()
    return available[match_port(asked, available, direction, indexed=driver.indexed)]


def _no_virtual_ports(ports: PortList) -> str:
    return (
        f"{ports.system} has no virtual ports: make one with loopMIDI and give it as --port; "
        f"inputs: {_quoted(ports.inputs)}; outputs: {_quoted(ports.outputs)}"
    )


def _pasteable(place: int, available: Sequence[str], indexed: bool) -> str:
    bare = bare_name(available[place], indexed=indexed)
    try:
        return bare if match_port(bare, available, "port", indexed=indexed) == place else available[place]
    except PortError:
        return available[place]


def _rules(asked: str, wanted: tuple[str, ...], indexed: bool) -> tuple[Callable[[str], bool], ...]:
    """Ways in which a port may fit, the surest first."""
    bare = bare_name(asked, indexed=indexed)
    return (
        lambda name: bare_name(name, indexed=indexed) == asked,
        lambda name: name == asked,
        lambda name: _words(bare_name(name, indexed=indexed)) == wanted,
        lambda name: not indexed and bare_name(name) == bare,  # the address has changed since
        lambda name: bool(wanted) and set(wanted) <= set(_words(name)),
        lambda name: bool(wanted) and all(_occurs(word, name) for word in wanted),
    )


def _words(name: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(name.casefold()))


def _occurs(word: str, name: str) -> bool:
    """Whether `word` is a word of `name` or a part of one; a number only counts whole (bus 1 is not bus 12)."""
    return word in _words(name) or (not word.isdigit() and word in name.casefold())


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in names) or "none"


def _nothing_fits(asked: str, available: Sequence[str], direction: str) -> str:
    if not available:
        return f"no MIDI {direction} matches {asked!r}: there are none; plug one in, or leave the port away"
    return f"no MIDI {direction} matches {asked!r}; available: {_quoted(available)}"
