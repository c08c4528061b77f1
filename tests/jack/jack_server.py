"""A JACK server of the tests' own, with the dummy driver: real MIDI ports on a machine without a sound card.

It has a fixed name: JACK keeps few places for servers, and a place whose server was killed is only taken again by one
of the same name. It runs in real time and synchronously, since asynchronously it loses messages under load.
"""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

NAME = "livejam_tests"
PERIOD = 128  # frames
RATE = 48_000  # frames a second
SETTINGS = {  # of the environment, for every client
    "JACK_NO_START_SERVER": "1",
    "JACK_NO_AUDIO_RESERVATION": "1",
    "MIDO_BACKEND": "mido.backends.rtmidi/UNIX_JACK",
}
LIMIT = 10.0  # seconds for anything to come up or go down


class JackServer:
    """Runs while the `with` lasts."""

    def __init__(self, folder: Path, name: str = NAME, period: int = PERIOD) -> None:
        self.log = folder / "jackd.log"
        self._name = name
        self._command = (
            *("jackd", "-R", "-P", "20", "-S", "-n", name),
            *("-d", "dummy", "-r", str(RATE), "-p", str(period), "-C", "2", "-P", "2"),
        )

    def __enter__(self) -> "JackServer":
        os.environ.update(SETTINGS, JACK_DEFAULT_SERVER=self._name)
        with self.log.open("w") as log:
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        give_up = time.monotonic() + LIMIT
        while not _answers():
            if self._process.poll() is not None or time.monotonic() > give_up:
                self.__exit__()
                raise RuntimeError(f"jackd did not come up: {self.log.read_text()[-2000:]}")
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(LIMIT)
        for left in Path("/dev/shm").glob(f"jack_*{self._name}*"):  # by clients that died
            left.unlink(missing_ok=True)


def lacking() -> str | None:
    """Return why there can be no server and no clients of it here; None: there can."""
    try:
        import jack  # noqa: F401
    except (ImportError, OSError) as error:
        return f"no JACK client here: {error}; pip install JACK-Client"
    return None if shutil.which("jackd") else "no jackd here; make test installs it, on Debian: apt-get install jackd2"


def require() -> None:
    """Go on only where a server can be had: in CI its lack is a failure, elsewhere it is skipped aloud."""
    if reason := lacking():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


@contextlib.contextmanager
def jackd(folder: Path, name: str = NAME) -> Iterator[JackServer]:
    """Run a server, and leave the environment as it was; where none can be had, see `require`."""
    require()
    before = dict(os.environ)
    try:
        with JackServer(folder, name) as running:
            yield running
    finally:
        os.environ.clear()
        os.environ.update(before)


def _answers() -> bool:
    asked = subprocess.run(["jack_lsp"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=LIMIT)
    return asked.returncode == 0
