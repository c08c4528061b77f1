"""Ports on JACK, exact to the frame. All of JACK-Client is in here (but for the bench's own client).

One client with an input and an output. What comes in is stamped with its frame; what goes out is written on its frame
if it was handed over in time (`ahead`), else at the start of the next period. Times are seconds of the driver's
own clock, which is JACK's: see `jackcycle.FrameClock`. Knows nothing of turns or music.

What happens every period is in `livejam.jackcycle`. JACK's callbacks here only set flags; the rest runs on the thread
that opens and closes the ports.
"""

import contextlib
import time
from collections.abc import Sequence
from typing import Any

from livejam.errors import PortError
from livejam.jackcycle import Cycle, FrameClock
from livejam.ports import Receive

NAME = "livejam"
ALIASES = ("livejam_in:in", "livejam_out:out")  # rtmidi's names, for what connects by them
AHEAD = 2  # periods
MARGIN = (
    0.002  # seconds before its period begins that a message is wanted: the session's thread wakes late now and then
)
PATIENCE, NAP = 0.5, 0.005  # seconds for the last messages to leave; between two looks whether they have


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
        self.clock = FrameClock()

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
            self.clock.leave()
            time.sleep(NAP)  # whoever reads the clock of a client that goes has done so by then
            link.close()

    def _take_link(self) -> "_Link":
        if self._link is None:
            self._link = _Link(self._jack, self._client(NAME), self.clock)
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

    def __init__(self, jack: Any, client: Any, clock: FrameClock) -> None:
        self.client = client
        self._clock = clock
        self.users = 0
        self.gone = False
        self.changed = True
        self.source = client.midi_inports.register("in")
        self.target = client.midi_outports.register("out")
        client.set_shutdown_callback(self._shut_down)
        client.set_port_registration_callback(self._registered, only_available=False)
        self.cycle = Cycle(jack, client, self.source, self.target, clock)
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
        self._clock.leave()
        self.gone = self.changed = True

    def _registered(self, port: object, register: bool) -> None:
        self.changed = True


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


def _port_names(client: Any, kind: dict[str, bool]) -> list[str]:
    return [port.name for port in client.get_ports(is_midi=True, **kind)]
