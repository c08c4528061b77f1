"""The network in a process of its own: orders go to it, replies come back into the inbox.

The session hands over an order and goes on; one thread passes orders through a pipe, another brings the replies, and
starts the process anew if it dies or no longer moves. In that process, if the session's own dies without a word, what
was sounding is ended (see `heir`). Knows nothing of seconds in music, ports or turns. Times are seconds.
"""

import contextlib
import multiprocessing
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

from livejam.arranger import Arranger
from livejam.composer import Complete, Compose, Composer, Failed, Forgotten, Hear, Heard, Lost, Order, Reply
from livejam.errors import LivejamError, ModelError
from livejam.heir import Estate, inherit
from livejam.signals import held_back, ignore_endings
from livejam.spans import Accompanied, Span
from livejam.stage import Worker

STARTING = 30.0  # seconds that a network may take to load
PARTING = 2.0  # seconds that it may take to end
HUNG = 5.0  # seconds without a reply to an order after which the process is taken for dead
AGAIN = (0.0, 1.0, 5.0)  # seconds before it is started again: the first time, the second, and from then on
STEADY = 10.0  # seconds that it must have lived for the next time to be a first one

Put = Callable[[float, Reply | Accompanied], None]


@dataclass(frozen=True, slots=True)
class Network:
    """Which network, and how it plays."""

    model: Path | None  # None: the one that comes along
    seed: int
    temperature: float | None  # None: the usual one
    accompanies: bool = False  # it plays along, instead of answering


@dataclass(frozen=True, slots=True)
class Ready:
    """The network is loaded and warm."""

    about: dict[str, object]  # what must be known to repeat its answers


@dataclass(frozen=True, slots=True)
class Refused:
    """The network can't be loaded."""

    reason: str


class NetworkProcess:
    """Fits `stage.Partner`. The process starts with the object; use it in a `with`, around the jam."""

    def __init__(self, network: Network, hung: float = HUNG) -> None:
        self._network = network
        self._hung = hung
        self._orders: SimpleQueue[Order | Span | Estate | None] = SimpleQueue()
        self._estate: Estate | None = None
        self._told = self._done = 0  # orders passed on, by one thread; and those replied to, by another
        self._ending = False
        self._start()

    def ready(self) -> dict[str, object]:
        """Wait until the network is loaded; return what is to be kept about it beside a jam.

        Raises:
            ModelError: it can't be loaded.
        """
        if not self._link.poll(STARTING):
            raise ModelError("the network did not get ready; is this machine out of memory?")
        try:
            said = self._link.recv()
        except (EOFError, OSError) as error:
            raise ModelError(f"the network's process ended at once ({self._end()})") from error
        if isinstance(said, Refused):
            raise ModelError(said.reason)
        return dict(said.about)

    def connect(self, put: Put) -> None:
        """From now on pass orders on, and leave replies with `put` (seconds of `time.monotonic`, reply)."""
        self._put = put
        for body in (self._pass_on, self._bring):
            Thread(target=body, name=f"network{body.__name__}", daemon=True).start()

    def tell(self, order: Order | Span) -> None:
        """Hand over an order, and return at once."""
        self._orders.put(order)

    def bequeath(self, estate: Estate) -> None:
        """Let the network's process know what it has to end if ours dies."""
        self._estate = estate
        self._orders.put(estate)

    @property
    def pid(self) -> int | None:
        """The process's number."""
        return self._process.pid

    def __enter__(self) -> "NetworkProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self._ending = True
        self._orders.put(None)
        with contextlib.suppress(OSError, ValueError):
            self._link.send(None)
        self._process.join(PARTING)
        self._end()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._link, far = context.Pipe()
        self._process = context.Process(target=serve, args=(far, self._network), name="livejam-network", daemon=True)
        with held_back():
            self._process.start()
        far.close()
        self._began = time.monotonic()

    def _end(self) -> str:
        """End the process, whatever it does; return how it ended, in words."""
        self._process.join(0.1)
        self._process.kill()
        self._process.join(PARTING)
        code = self._process.exitcode
        with contextlib.suppress(ValueError):
            return f"signal {signal.Signals(-code).name}" if code and code < 0 else f"exit code {code}"
        return f"exit code {code}"

    def _pass_on(self) -> None:
        """Pass orders on: the body of a thread. An order to a process that has died is lost; it is told everything."""
        while (order := self._orders.get()) is not None:
            self._told += isinstance(order, Hear | Compose | Span)
            with contextlib.suppress(OSError, ValueError):
                self._link.send(order)

    def _bring(self) -> None:
        """Bring the replies, and keep the process alive: the body of a thread."""
        deaths = -1  # in a row
        while not self._ending:
            reply = self._next_reply()
            if reply is not None:
                last = isinstance(reply, Heard | Failed | Forgotten | Complete | Accompanied)
                self._done = min(self._done + last, self._told)
                self._put(time.monotonic(), reply)
                continue
            if self._ending:
                return
            deaths = 0 if time.monotonic() - self._began > STEADY else deaths + 1
            self._put(time.monotonic(), Lost(self._end()))
            self._revive(AGAIN[min(deaths, len(AGAIN) - 1)])

    def _next_reply(self) -> Reply | Accompanied | None:
        """Return the next reply; None if the process has died or does not move."""
        try:
            while not self._link.poll(self._hung):
                if self._done < self._told and not self._link.poll(self._hung):  # it may have been told just now
                    return None
            reply: Reply | Accompanied = self._link.recv()
        except (EOFError, OSError):
            return None
        return reply

    def _revive(self, wait: float) -> None:
        """Start the process anew until it is ready."""
        time.sleep(wait)
        if self._ending:
            return
        self._start()
        self._done = self._told  # what went to the one that died gets no reply any more
        with contextlib.suppress(LivejamError):
            self.ready()
            if self._estate:
                self._orders.put(self._estate)
            self._put(time.monotonic(), Forgotten())


def serve(link: Connection, network: Network) -> None:
    """Answer orders until None comes, or until the other end is gone: the body of the network's process."""
    ignore_endings()  # the end of the jam ends this, and nothing else
    said: Ready | Refused
    worker = None
    try:
        worker, about = _load(network)
        said = Ready(about)
    except LivejamError as error:
        said = Refused(str(error))
    with contextlib.suppress(OSError):  # nobody waits for it any more
        link.send(said)
    if worker:
        Desk(link, worker).work()


def _load(network: Network) -> tuple[Worker, dict[str, object]]:
    """Load the network; return who carries out its orders, and what must be known to repeat what it plays.

    Raises:
        ModelError: it can't be loaded.
    """
    if network.accompanies:
        from livejam.accompanist import load_accompanist

        accompanist = load_accompanist(network.model, network.seed, network.temperature)
        return Arranger(accompanist), accompanist.about
    from livejam.brain import load_brain

    brain = load_brain(network.model, network.seed, network.temperature)
    return Composer(brain), brain.about


class Desk:
    """Where the network's process works: orders first, and between them one note, or one span, at a time."""

    def __init__(self, link: Connection, worker: Worker) -> None:
        self._link = link
        self._worker = worker
        self._estate: Estate | None = None

    def work(self) -> None:
        """Work until told that the jam is over; if nobody says so, end what is left sounding."""
        try:
            while self._next():
                pass
        except (EOFError, OSError):  # nobody said goodbye
            if self._estate:
                inherit(self._estate)

    def _next(self) -> bool:
        if self._worker.busy and not self._link.poll():
            self._reply(self._worker.work())
            return True
        order: Order | Span | Estate | None = self._link.recv()
        if isinstance(order, Estate):
            self._estate = order
        elif order is not None:
            for reply in self._worker.take(order):
                self._reply(reply)
        return order is not None

    def _reply(self, reply: Reply | Accompanied | None) -> None:
        if reply is not None:
            self._link.send(reply)
