"""A player and a listener on JACK, exact to the frame, and a JACK server of our own where none runs. All of JACK.

Knows nothing of livejam but the names of its ports. Times are seconds of JACK's frame clock. `_play` and `_record` run
on JACK's threads, everything else on the caller's.
"""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, cast

from livejam.bench.due import Due
from livejam.bench.listener import Listener
from livejam.bench.wire import Timed, is_note
from livejam.errors import PortError

NAME = "livejam_bench"  # fixed: a place of a server that was killed is only taken again by one of the same name
PLAYER, RECORDER = (
    "bench_player",
    "bench_recorder",
)  # two clients: one would close a circle, which JACK delays by a period
PERIOD, RATE = 1024, 48_000  # frames, as jackd has it where nobody says otherwise; frames a second
SERVER = ("jackd", "-R", "-P", "20", "-S", "-n", NAME, "-p", "128")  # in real time and synchronously: else messages get
# lost; 128 ports: its clients map memory for all of them, 100 MB as a rule
CARD = ("-d", "dummy", "-r", str(RATE), "-C", "2", "-P", "2", "-p")  # and the period
IDLER = """
import rtmidi, time
port = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, name="idler")
port.open_virtual_port("in")
print("ready", flush=True)
time.sleep(1e6)
"""  # a client that does nothing, whose process callback is not in Python
ASK = f"import jack; jack.Client({PLAYER!r}, no_start_server=True).close()"
SWITCH = 0.0005  # seconds: how long another Python thread may keep JACK's from running
SOON = 0.5  # seconds until a clock begins
LIMIT = 10.0  # seconds for a server to come up or go down
PORTS = (re.compile(r"livejam(_in)?(-\d+)?:in"), re.compile(r"livejam(_out)?(-\d+)?:out"))


class JackWire:
    """Plays to a livejam over JACK, and hears it. Raises PortError if no server runs or the package is not there."""

    transport = "jack"
    program: tuple[str, ...] = ("-m", "livejam")
    options: tuple[str, ...] = ("--jack",)
    settings: dict[str, str] = {"JACK_NO_START_SERVER": "1"}  # noqa: RUF012
    pipes = False

    def __init__(self) -> None:
        self.played: list[Timed] = []
        self.heard: list[Timed] = []
        self.missed = 0  # periods that somebody on JACK was too slow for
        self._handed: deque[Callable[[Due], None]] = deque()  # from the caller's thread to JACK's
        self._due = Due()
        self._client, self._recorder = _client(PLAYER), _client(RECORDER)
        self._rate: int = self._client.samplerate
        self.period: float = self._client.blocksize / self._rate
        self._before = self._midi_ports()
        self._out = self._client.midi_outports.register("keys")
        self._in = self._recorder.midi_inports.register("in")
        self._client.set_process_callback(self._play)
        self._client.set_xrun_callback(self._missed)
        self._recorder.set_process_callback(self._record)
        self._began = (0.0, 0.0)  # seconds: of this clock and of the monotonic one
        self._switch = sys.getswitchinterval()

    def __enter__(self) -> "JackWire":
        sys.setswitchinterval(SWITCH)
        for client in (self._client, self._recorder):
            client.activate()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in (self._client, self._recorder):
            client.deactivate()
            client.close()
        sys.setswitchinterval(self._switch)

    def connect(self, listener: Listener) -> None:
        """Connect both ways with the livejam that has just got ready."""
        new = [name for name in self._midi_ports() if name not in self._before]
        theirs = [next((name for name in new if port.fullmatch(name)), None) for port in PORTS]
        if None in theirs:
            raise PortError(f"livejam has no ports on JACK; there are: {', '.join(new) or 'none'}")
        self._client.connect(self._out, theirs[0])
        self._recorder.connect(theirs[1], self._in)
        self._began = self.now(), time.monotonic()
        self.missed = 0

    def now(self) -> float:
        """Seconds of the frame clock."""
        return float(self._client.frame_time) / self._rate

    @property
    def drift(self) -> float:
        """Seconds by which this clock has lost (less than 0) or gained beside the monotonic one since `connect`.

        A period that is missed stops the frame clock for a moment: what livejam plays in time then looks early.
        """
        return self.now() - self._began[0] - (time.monotonic() - self._began[1])

    def play(self, messages: Sequence[Timed]) -> None:
        """Have `messages` played at their times, which are to come."""
        self._handed.append(lambda due: due.add(*messages))

    def start_clock(self, bpm: float) -> float:
        """Send MIDI clock from soon on; return the time of its first beat."""
        beat_at = self.now() + SOON
        self._handed.append(lambda due: due.start_clock(beat_at, bpm))
        return beat_at

    def _play(self, frames: int) -> None:
        now = self._client.last_frame_time
        self._out.clear_buffer()
        while self._handed:
            self._handed.popleft()(self._due)
        for at, message in self._due.take((now + frames - 0.5) / self._rate):
            frame = max(now, round(at * self._rate))
            self._out.write_midi_event(frame - now, message)
            if is_note(message):
                self.played.append((frame / self._rate, message))

    def _record(self, frames: int) -> None:
        now = self._recorder.last_frame_time
        for offset, data in self._in.incoming_midi_events():
            message = bytes(data)
            if is_note(message):
                self.heard.append(((now + offset) / self._rate, message))

    def _missed(self, delay: float) -> None:
        self.missed += 1

    def _midi_ports(self) -> list[str]:
        return [port.name for port in self._client.get_ports(is_midi=True)]


@contextlib.contextmanager
def idle_client() -> Iterator[int]:
    """Run a client of JACK that does nothing; give the number of its process."""
    with subprocess.Popen([sys.executable, "-c", IDLER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as idler:
        try:
            cast(IO[bytes], idler.stdout).readline()
            yield idler.pid
        finally:
            idler.kill()


@contextlib.contextmanager
def own_server(period: int = PERIOD) -> Iterator[None]:
    """Run a JACK server of our own, without a sound card, and have it used by this process and those it starts.

    `period` is in frames, of 48,000 a second.

    Raises:
        PortError: there is no jackd, or it does not come up.
    """
    if not shutil.which(SERVER[0]):
        raise PortError("jackd is not installed; on Debian: apt-get install jackd2, or leave out --start-jack")
    _package()
    before = dict(os.environ)
    os.environ.update(JACK_DEFAULT_SERVER=NAME, JACK_NO_START_SERVER="1", JACK_NO_AUDIO_RESERVATION="1")
    with tempfile.TemporaryFile() as log, contextlib.ExitStack() as stack:
        stack.callback(os.environ.update, before)
        stack.callback(os.environ.clear)
        server = subprocess.Popen((*SERVER, *CARD, str(period)), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        stack.callback(_end, server)
        _await(server)
        yield


def _await(server: "subprocess.Popen[bytes]") -> None:
    """Wait until the server answers a process of its own: JACK's library talks a lot where none runs."""
    give_up = time.monotonic() + LIMIT
    while server.poll() is None and time.monotonic() < give_up:
        with contextlib.suppress(subprocess.TimeoutExpired):
            asked = subprocess.run((sys.executable, "-c", ASK), stderr=subprocess.DEVNULL, timeout=LIMIT)
            if asked.returncode == 0:
                return
    raise PortError("jackd does not come up; look for another one that hangs, or leave out --start-jack")


def _end(server: "subprocess.Popen[bytes]") -> None:
    server.terminate()
    try:
        server.wait(LIMIT)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait(LIMIT)
    for left in Path("/dev/shm").glob(f"jack_*{NAME}*"):  # by clients that died
        left.unlink(missing_ok=True)


def _client(name: str) -> Any:
    jack = _package()
    try:
        return jack.Client(name, no_start_server=True)
    except jack.JackOpenError:
        raise PortError("no JACK server is running; start one, or give --start-jack") from None


def _package() -> Any:
    try:
        import jack
    except (ImportError, OSError) as error:
        raise PortError(f"JACK can't be used here: {error}; get it with: pip install 'livejam[jack]'") from None
    jack.set_error_function(lambda message: None)
    jack.set_info_function(lambda message: None)
    return jack
