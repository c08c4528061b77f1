"""Ports on JACK, exact to the frame. All of JACK-Client is in here (but for the bench's own client).

One client with an input and an output. What comes in is stamped with its frame; what goes out is written on its frame
if it was handed over in time (`ahead`), else at the start of the next period. Times are seconds of `time.monotonic`;
JACK itself counts microseconds and frames. Knows nothing of turns or music.

`_process` and what it calls run on JACK's own thread, which may not wait: it makes nothing while nothing happens, and
calls JACK through `PyDLL`, which keeps Python's lock, for to have it back from another thread takes long. `handed` is
all it shares with the session's thread. The rest runs on the thread that opens and closes the ports.
"""

import contextlib
import ctypes
import time
from collections import deque
from collections.abc import Sequence
from typing import Any

from livejam.errors import PortError
from livejam.outgoing import Outgoing
from livejam.ports import Receive

NAME = "livejam"
ALIASES = ("livejam_in:in", "livejam_out:out")  # rtmidi's names, for what connects by them
AHEAD = 2  # periods
MARGIN = (
    0.002  # seconds before its period begins that a message is wanted: the session's thread wakes late now and then
)
LONGEST = 3  # bytes: longer messages (sysex) say nothing to livejam
PATIENCE, NAP = 0.5, 0.002  # seconds for the last messages to leave; between two looks whether they have
TRIES = 5  # to read two clocks at the same moment


class JackDriver:
    """The JACK server of this user."""

    name = "JACK"
    indexed = False
    virtual = True
    virtual_names = (f"{NAME}:in", f"{NAME}:out")

    def __init__(self) -> None:
        """Raises PortError if JACK-Client or JACK's library is not installed."""
        try:
            import jack
        except (ImportError, OSError) as error:
            raise PortError(f"JACK can't be used here: {error}; get it with: pip install 'livejam[jack]'") from None
        jack.set_error_function(lambda text: None)
        jack.set_info_function(lambda text: None)
        self._jack = jack
        self._link: _Link | None = None

    def inputs(self) -> list[str]:
        """Names of the ports that can be listened to. Raises PortError if no server runs."""
        return self._names(is_output=True)

    def outputs(self) -> list[str]:
        """Names of the ports that can be played into. Raises PortError if no server runs."""
        return self._names(is_input=True)

    def changed(self) -> bool:
        """Whether a port has come or gone, or the server has, since this was last asked."""
        if self._link is None:
            return True
        self._link.cycle.set_clock()
        changed, self._link.changed = self._link.changed, False
        return changed

    def open_input(self, name: str | None, receive: Receive) -> "Input":
        """Hear that port, or whatever is connected; `receive` is called on JACK's thread."""
        link = self._take_link()
        self._connect(link, name and (name, link.source))
        link.cycle.receive = receive
        return Input(self, link)

    def open_output(self, name: str | None) -> "Output":
        """Play into that port, or into whatever is connected."""
        link = self._take_link()
        self._connect(link, name and (link.target, name))
        return Output(self, link)

    def give_back(self, link: "_Link") -> None:
        """Leave JACK when neither port is in use.

        A client of a dead server must be closed before anything asks for a new one: else JACK's library crashes.
        """
        link.users -= 1
        if link.users == 0:
            self._link = None
            link.close()

    def _take_link(self) -> "_Link":
        if self._link is None:
            self._link = _Link(self._jack, self._client(NAME))
        self._link.users += 1
        return self._link

    def _connect(self, link: "_Link", ends: Any) -> None:
        try:
            if ends:
                link.client.connect(*ends)
        except self._jack.JackError as error:
            self.give_back(link)
            raise PortError(f"JACK refuses: {error}") from None

    def _client(self, name: str) -> Any:
        try:
            return self._jack.Client(name, no_start_server=True)
        except self._jack.JackOpenError:
            raise PortError("no JACK server is running; start one (jackd, or PipeWire's)") from None

    def _names(self, **kind: bool) -> list[str]:
        if self._link is None:
            client = self._client(f"{NAME}_ports")
            try:
                return _port_names(client, kind)
            finally:
                client.close()
        if self._link.gone:
            raise PortError("the JACK server has gone")
        return [name for name in _port_names(self._link.client, kind) if not self._link.owns(name)]


class _Link:
    """Our client on a JACK server."""

    def __init__(self, jack: Any, client: Any) -> None:
        self.client = client
        self.users = 0
        self.gone = False
        self.changed = True
        self.source = client.midi_inports.register("in")
        self.target = client.midi_outports.register("out")
        client.set_shutdown_callback(self._shut_down)
        client.set_port_registration_callback(self._registered, only_available=False)
        self.cycle = _Cycle(jack, client, self.source, self.target)
        client.activate()
        for port, alias in zip((self.source, self.target), ALIASES, strict=True):
            with contextlib.suppress(jack.JackError):  # another livejam has it
                port.set_alias(alias)

    def owns(self, name: str) -> bool:
        """Whether that is a port of ours."""
        return name in (self.source.name, self.target.name)

    def close(self) -> None:
        """Leave JACK."""
        self.client.deactivate()
        self.client.close()

    def _shut_down(self, status: object, reason: str) -> None:
        self.gone = self.changed = True

    def _registered(self, port: object, register: bool) -> None:
        self.changed = True


class _Cycle:
    """What happens every period."""

    def __init__(self, jack: Any, client: Any, source: Any, target: Any) -> None:
        self.receive: Receive | None = None
        self.handed: deque[tuple[float, bytes]] = deque()  # (seconds, message): from the session's thread to JACK's
        self.waiting = Outgoing()
        self.period = float(client.blocksize) / float(client.samplerate)  # seconds
        self._jack = _library(jack)
        self._zero = _jack_zero(self._jack)
        self._client, self._source, self._target = (
            int(jack._ffi.cast("uintptr_t", thing._ptr)) for thing in (client, source, target)
        )
        self._frame, self._begin, self._end = ctypes.c_uint32(), ctypes.c_uint64(), ctypes.c_uint64()
        self._length = ctypes.c_float()
        self._event = _Event()
        self._callback = jack._ffi.callback("JackProcessCallback", self._process, error=0, onerror=lambda *_: None)
        jack._lib.jack_set_process_callback(client._ptr, self._callback, jack._ffi.NULL)

    def set_clock(self) -> None:
        """Compare JACK's clock with ours again: they drift apart, on Linux some 20 microseconds a second."""
        self._zero = _jack_zero(self._jack)

    @property
    def empty(self) -> bool:
        """Whether all that was handed over has left."""
        return not self.handed and not self.waiting

    def _process(self, frames: int, _: object) -> int:
        jack = self._jack
        target = jack.jack_port_get_buffer(self._target, frames)
        jack.jack_midi_clear_buffer(target)
        source = jack.jack_port_get_buffer(self._source, frames)
        count = jack.jack_midi_get_event_count(source)
        if count or self.handed or self.waiting:
            self._exchange(frames, source, count, target)
        return 0

    def _exchange(self, frames: int, source: int, count: int, target: int) -> None:
        self._jack.jack_get_cycle_times(self._client, self._frame, self._begin, self._end, self._length)
        begin, end = (self._zero + usecs.value / 1e6 for usecs in (self._begin, self._end))
        self.period = end - begin
        if self.receive:
            self._hear(self.receive, source, count, begin, self.period / frames)
        while self.handed:
            self.waiting.add(*self.handed.popleft())
        for at, message in self.waiting.due(end):
            frame = min(max(0, round((at - begin) / self.period * frames)), frames - 1)
            self._jack.jack_midi_event_write(target, frame, message, len(message))

    def _hear(self, receive: Receive, source: int, count: int, begin: float, frame: float) -> None:
        event = self._event
        for place in range(count):
            if self._jack.jack_midi_event_get(event, source, place) == 0 and 0 < event.size <= LONGEST:
                receive(ctypes.string_at(event.buffer, event.size), begin + event.time * frame)


class _Event(ctypes.Structure):
    """JACK's jack_midi_event_t."""

    _fields_ = (("time", ctypes.c_uint32), ("size", ctypes.c_size_t), ("buffer", ctypes.c_void_p))


class Input:
    """Our input, in use."""

    def __init__(self, driver: JackDriver, link: _Link) -> None:
        self._driver = driver
        self._link = link

    @property
    def gone(self) -> bool:
        """Whether the server has gone."""
        return self._link.gone

    def close(self) -> None:
        """Hear nothing more."""
        self._link.cycle.receive = None
        self._driver.give_back(self._link)


class Output:
    """Our output, in use."""

    def __init__(self, driver: JackDriver, link: _Link) -> None:
        self._driver = driver
        self._link = link

    @property
    def gone(self) -> bool:
        """Whether the server has gone."""
        return self._link.gone

    @property
    def ahead(self) -> float:
        """How long before its time a message is wanted, to leave on its frame; seconds."""
        return AHEAD * self._link.cycle.period + MARGIN

    def send(self, message: Sequence[int], at: float) -> None:
        """Have `message` written on the frame of `at` (seconds), or on the next there is."""
        if self._link.gone:
            raise PortError("the JACK server has gone")
        self._link.cycle.handed.append((at, bytes(message)))

    def close(self) -> None:
        """Give it back, after the last message has left and been read."""
        give_up = time.monotonic() + PATIENCE
        while not self._link.gone and not self._link.cycle.empty and time.monotonic() < give_up:
            time.sleep(NAP)
        time.sleep(0 if self._link.gone else 2 * self._link.cycle.period)
        self._driver.give_back(self._link)


def _library(jack: Any) -> Any:
    """JACK's library as the process callback calls it: without letting go of Python's lock."""
    pointer, number = ctypes.c_void_p, ctypes.c_uint32
    library = ctypes.PyDLL(jack._libname)
    library.jack_port_get_buffer.argtypes = pointer, number
    library.jack_port_get_buffer.restype = pointer
    library.jack_midi_clear_buffer.argtypes = (pointer,)
    library.jack_midi_clear_buffer.restype = None
    library.jack_midi_get_event_count.argtypes = (pointer,)
    library.jack_midi_event_get.argtypes = ctypes.POINTER(_Event), pointer, number
    library.jack_midi_event_write.argtypes = pointer, number, ctypes.c_char_p, ctypes.c_size_t
    usecs = ctypes.POINTER(ctypes.c_uint64)
    frames, length = ctypes.POINTER(number), ctypes.POINTER(ctypes.c_float)
    library.jack_get_cycle_times.argtypes = pointer, frames, usecs, usecs, length
    library.jack_get_time.argtypes = ()
    library.jack_get_time.restype = ctypes.c_uint64
    return library


def _jack_zero(library: Any) -> float:
    """Return when JACK's time was 0, in seconds of `time.monotonic`. Not 0: jackd reads a clock that nobody adjusts."""
    zeros: list[tuple[float, float]] = []
    for _ in range(TRIES):
        before = time.monotonic()
        jack = library.jack_get_time() / 1e6
        after = time.monotonic()
        zeros.append((after - before, (before + after) / 2 - jack))
    return min(zeros)[1]


def _port_names(client: Any, kind: dict[str, bool]) -> list[str]:
    return [port.name for port in client.get_ports(is_midi=True, **kind)]
