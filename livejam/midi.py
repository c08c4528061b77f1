"""The MIDI systems of this machine. All of rtmidi is in here.

Knows nothing of turns, music, or what the bytes mean; `livejam.ports` chooses ports and reads what they bring. The
driver calls `receive` on a thread of its own; everything else runs on the thread that opens the ports.
"""

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from livejam.errors import PortError
from livejam.jackport import JackDriver
from livejam.ports import Driver, Receive
from livejam.watch import FileWatch, ListWatch

NAME = "livejam"
JACK = "Jack"  # as rtmidi shows it
CHOICE = "MIDO_BACKEND"  # the variable that chooses one of rtmidi's systems
SYSTEMS = ("MACOSX_CORE", "LINUX_ALSA", "UNIX_JACK", "WINDOWS_MM", "WINDOWS_UWP")  # as rtmidi calls them
DRAIN = 0.05  # seconds for a sound server to pass on the last messages: two of JACK's longest periods
CURE = {  # what brings a MIDI system up
    "linux": "start JACK, or load the ALSA sequencer (modprobe snd-seq); livejam demo needs neither",
    "darwin": "open Audio MIDI Setup once; livejam demo needs none",
    "win32": "start the Windows audio services; livejam demo needs none",
}


def find_driver(jack: bool = False) -> Driver:
    """Return the MIDI system to play on: the first that answers; with `jack`, JACK, exact to the frame.

    MIDO_BACKEND (`mido.backends.rtmidi/UNIX_JACK`) chooses one of rtmidi's.

    Raises:
        PortError: there is none, or not the one asked for.
    """
    if jack:
        driver = JackDriver()
        driver.inputs()
        return driver
    return next(_answering())


def find_drivers() -> list[Driver]:
    """Return all MIDI systems that answer, in the order in which they are taken. Raises PortError if there is none."""
    return list(_answering())


def driver_named(name: str) -> Driver:
    """Return the MIDI system of that name, which runs. Raises PortError if it does not."""
    for driver in _answering():
        if driver.name == name:
            return driver
    if name == JackDriver.name:  # asked for beside a variable that chooses another
        return find_driver(jack=True)
    raise PortError(f"no MIDI system called {name!r} runs here")


def hint(drivers: Sequence[Driver]) -> str | None:
    """Return how to have notes played more exactly on one of `drivers`."""
    if any(driver.name == JACK and isinstance(driver, RtMidi) for driver in drivers) and not os.environ.get(CHOICE):
        return (
            "JACK runs here: pip install 'livejam[jack]' puts every note on its exact sample, and minds ports that go"
        )
    return None


def _answering() -> Iterator[Driver]:
    """Yield the MIDI systems that answer. Raises PortError if there is none."""
    try:
        import rtmidi
    except ImportError as error:
        raise PortError(f"MIDI can't be used here: {error}; on Debian: apt-get install libasound2") from error
    os.environ.setdefault("JACK_NO_START_SERVER", "1")
    found = False
    for api in _wanted_apis(rtmidi):
        driver = next(filter(None, map(_answers, _ways(rtmidi, api))), None)
        if driver:
            found = True
            yield driver
    if not found:
        raise PortError(f"no MIDI system is running on this machine: {CURE.get(sys.platform, CURE['linux'])}")


def _answers(make: Callable[[], Driver]) -> Driver | None:
    """Return that driver if its system runs."""
    try:
        driver = make()
        driver.inputs()
    except PortError:
        return None
    return driver


def _ways(rtmidi: Any, api: int) -> list[Callable[[], Driver]]:
    """The ways to that system, the best first: JACK's own, if nobody asked for rtmidi's."""
    own = api == rtmidi.API_UNIX_JACK and not os.environ.get(CHOICE)
    return [*([JackDriver] if own else []), lambda: RtMidi(rtmidi, api)]


class RtMidi:
    """One of the MIDI systems that rtmidi knows."""

    def __init__(self, rtmidi: Any, api: int) -> None:
        self._rtmidi = rtmidi
        self._api = api
        self._watch: Watch | None = None
        self.name: str = rtmidi.get_api_display_name(api)
        self.clock = time.monotonic
        self.indexed = api == rtmidi.API_WINDOWS_MM
        self.virtual = api in (rtmidi.API_LINUX_ALSA, rtmidi.API_UNIX_JACK, rtmidi.API_MACOSX_CORE)
        # CoreMIDI shows a port's own name alone; ALSA and JACK show client:port, and one name for both would confuse.
        coremidi = api == rtmidi.API_MACOSX_CORE
        self._port_names = (NAME, NAME) if coremidi else ("in", "out")
        self.virtual_names = (NAME, NAME) if coremidi else (f"{NAME}_in:in", f"{NAME}_out:out")

    def inputs(self) -> list[str]:
        """Names of the ports that can be listened to."""
        return self._names(self._rtmidi.MidiIn)

    def outputs(self) -> list[str]:
        """Names of the ports that can be played into."""
        return self._names(self._rtmidi.MidiOut)

    def changed(self) -> bool:
        """Whether a port may have come or gone since this was last asked."""
        if self._watch is None:
            self._watch = self._make_watch()
        return self._watch.changed()

    def _make_watch(self) -> "Watch":
        if self._api == self._rtmidi.API_LINUX_ALSA:
            return FileWatch()
        if self._api == self._rtmidi.API_UNIX_JACK:
            return Unwatched()
        heard, sent = (kind(self._api, name=f"{NAME}_ports") for kind in (self._rtmidi.MidiIn, self._rtmidi.MidiOut))
        return ListWatch(lambda: (heard.get_ports(), sent.get_ports()))

    def open_input(self, name: str | None, receive: Receive) -> "Input":
        """Open an input; messages that come in go to `receive` from now on."""
        with self._open(self._rtmidi.MidiIn, f"{NAME}_in") as port:
            port.ignore_types(sysex=True, timing=False, active_sense=True)
            port.set_callback(lambda event, _: receive(event[0]))
            self._connect(port, name, self._port_names[0])
        return Input(port)

    def open_output(self, name: str | None) -> "Output":
        """Open an output."""
        with self._open(self._rtmidi.MidiOut, f"{NAME}_out") as port:
            self._connect(port, name, self._port_names[1])
        return Output(port, name or self.virtual_names[1])

    def _names(self, kind: Any) -> list[str]:
        with self._open(kind, f"{NAME}_ports") as port:
            names: list[str] = port.get_ports()
        port.delete()
        return names

    def _connect(self, port: Any, name: str | None, own_name: str) -> None:
        if name is None:
            port.open_virtual_port(own_name)
        else:
            port.open_port(port.get_ports().index(name), own_name)

    @contextlib.contextmanager
    def _open(self, kind: Any, client: str) -> Iterator[Any]:
        """A port of that kind, with the driver's complaints as one PortError."""
        try:
            with _no_chatter():
                yield kind(self._api, name=client)
        except (self._rtmidi.RtMidiError, OSError, RuntimeError, ValueError) as error:
            raise PortError(f"{self.name} refuses: {error}; is the port in use by another program?") from error


class Watch(Protocol):
    """How it is noticed that ports come and go."""

    def changed(self) -> bool:
        """Whether they may have since this was last asked."""


class Unwatched:
    """A system on which that can't be noticed: JACK through rtmidi, which crashes when asked after a server died."""

    def changed(self) -> bool:
        """Never, for all we know."""
        return False


class Input:
    """An open rtmidi input."""

    gone = False  # rtmidi never says so

    def __init__(self, port: Any) -> None:
        self._port = port

    def close(self) -> None:
        """Give it back; the callback first, so that it can't run into a port half closed."""
        self._port.cancel_callback()
        self._port.close_port()
        self._port.delete()


class Output:
    """An open rtmidi output."""

    gone = False  # rtmidi never says so
    ahead = 0.0

    def __init__(self, port: Any, name: str) -> None:
        self._port = port
        self._name = name

    def send(self, message: Sequence[int], at: float) -> None:
        """Send at once, whatever the time. Raises PortError if the port is gone."""
        try:
            self._port.send_message(message)
        except (OSError, RuntimeError, ValueError) as error:
            raise PortError(f"can't send to {self._name!r}: {error}") from error

    def close(self) -> None:
        """Give it back, after the system has passed on what was sent last."""
        time.sleep(DRAIN)
        self._port.close_port()
        self._port.delete()


def _wanted_apis(rtmidi: Any) -> list[int]:
    """The MIDI systems to try, in order."""
    known = {getattr(rtmidi, f"API_{name}", None): name for name in SYSTEMS}
    compiled = {known[api]: api for api in rtmidi.get_compiled_api() if api in known}
    name = os.environ.get(CHOICE, "").partition("/")[2]
    if not name:
        return list(compiled.values())
    if name not in compiled:
        raise PortError(f"MIDO_BACKEND asks for {name!r}; this rtmidi has {', '.join(compiled)}; unset it, or name one")
    return [compiled[name]]


@contextlib.contextmanager
def _no_chatter() -> Iterator[None]:
    """Keep what C libraries print about missing servers off the screen."""
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
