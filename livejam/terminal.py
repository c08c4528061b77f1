"""Keys pressed in the terminal while jamming: another way of taking turns, or the end.

A thread of its own waits for keys and leaves what they mean where it is told; nothing else happens there. Meanwhile the
terminal gives keys at once, shows none, and does not suspend (a suspended livejam could not end its notes); when the
jam ends, however it ends, it is as it was. Where stdin is no terminal, or is another job's, nothing happens at all.
Times are seconds of `time.monotonic`. Knows nothing of sessions and ports.

Tried on Linux. The way of Windows is that of its manual.
"""

import contextlib
import os
import re
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from threading import Event, Thread
from typing import Any, TextIO

from livejam.events import Stop
from livejam.modes import Mode, ModeChosen
from livejam.pieces import Role
from livejam.spans import BAND, Muted

END = "q"
MOST = 9  # modes that a key can choose
NAP = 0.5  # seconds between two looks whether the terminal is ours again
BLINK = 0.05  # seconds between two looks for a key, where keys can't be waited for
PARTING = 1.0  # seconds for the thread to end
CONTROLS = 6  # where a terminal's settings hold its special keys
SPECIAL = re.compile(rb"\x1b(\[[0-9;]*.|O.)?")  # what arrows and function keys send

PARTS = {role.name[0].lower(): Muted(role) for role in BAND}  # keys that have a part fall silent, or play again

Meant = ModeChosen | Muted | Stop
Put = Callable[[float, Meant], None]


def meaning(key: str, modes: Sequence[Mode], parts: Sequence[Role] = ()) -> Meant | None:
    """Return what `key`, one character, means where these modes can be chosen or these parts play; None: nothing."""
    if key == END:
        return Stop()
    if key in PARTS and PARTS[key].role in parts:
        return PARTS[key]
    if key in "123456789"[: len(modes)]:
        return ModeChosen(modes[int(key) - 1])
    return None


def hint(modes: Sequence[Mode], parts: Sequence[Role] = ()) -> str:
    """Return in a line which keys there are."""
    choices = [f"{number} {mode}" for number, mode in enumerate(modes[:MOST], start=1)]
    choices += [f"{role.name[0].lower()} {role.name.lower()} on, off" for role in parts]
    return "  ".join([*choices, f"{END} end"])


def has_keys(stdin: TextIO | None) -> bool:
    """Return whether keys can be read from `stdin`: it is a terminal, and ours."""
    with contextlib.suppress(AttributeError, OSError, ValueError):
        return stdin is not None and stdin.isatty() and _ours(stdin.fileno())
    return False


@contextlib.contextmanager
def keys(modes: Sequence[Mode], put: Put, stdin: TextIO | None = None, parts: Sequence[Role] = ()) -> Iterator[bool]:
    """Have keys do what they mean while the `with` lasts; its value says whether there are any.

    Args:
        modes: that can be chosen, by 1, 2, ...
        put: called from the thread with the time of a key and what it means.
        stdin: where keys come from; None: the standard input. Call this from the main thread.
        parts: of a band, that can fall silent, by their first letters.
    """
    source = stdin or sys.stdin
    if not has_keys(source):
        yield False
        return

    def press(text: str) -> None:
        for key in text:
            if meant := meaning(key, modes, parts):
                put(time.monotonic(), meant)

    with _console(press) if sys.platform == "win32" else _terminal(source.fileno(), press):
        yield True


@contextlib.contextmanager
def _terminal(fd: int, press: Callable[[str], None]) -> Iterator[None]:
    """Read keys from a POSIX terminal. Call it from the main thread."""
    import termios

    usual = termios.tcgetattr(fd)
    signals, told = os.pipe()
    with _woken(told):
        _take(fd)
        thread = Thread(target=_read, args=(fd, signals, press), name="keys", daemon=True)
        thread.start()
        try:
            yield
        finally:
            with contextlib.suppress(termios.error):  # the terminal is gone
                if _ours(fd):
                    termios.tcsetattr(fd, termios.TCSADRAIN, usual)
    os.close(told)
    thread.join(PARTING)
    os.close(signals)


@contextlib.contextmanager
def _woken(told: int) -> Iterator[None]:
    """Have each signal written to `told` as a byte, whichever thread the system hands it to, that of going on too."""
    os.set_blocking(told, False)
    before = signal.signal(signal.SIGCONT, lambda *_: None)
    other = signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(other)
        signal.signal(signal.SIGCONT, before)


def _take(fd: int) -> None:
    """Have the terminal, if it is ours, give keys at once, show none and not suspend us."""
    import termios
    import tty

    if not _ours(fd):
        return
    tty.setcbreak(fd, termios.TCSANOW)
    settings = termios.tcgetattr(fd)
    settings[CONTROLS][termios.VSUSP] = b"\0"
    termios.tcsetattr(fd, termios.TCSANOW, settings)


def _read(fd: int, signals: int, press: Callable[[str], None]) -> None:
    """Read keys until `signals` is closed at its other end or the terminal is gone: the body of a thread."""
    while True:
        ours = _ours(fd)
        ready, _, _ = select.select([fd, signals] if ours else [signals], [], [], None if ours else NAP)
        if signals in ready:
            numbers = os.read(signals, 64)
            if not numbers:
                return
            if signal.SIGCONT in numbers:
                _take(fd)  # a shell that had stopped us had the terminal for itself
        elif fd in ready and _ours(fd):  # to read from a terminal that is another's would stop us
            try:
                text = os.read(fd, 64)
            except OSError:
                return
            if not text:
                return
            press(SPECIAL.sub(b"", text).decode("ascii", errors="replace"))


def _ours(fd: int) -> bool:
    """Return whether the terminal listens to us and not to another job."""
    if sys.platform == "win32":
        return True
    with contextlib.suppress(OSError):
        return os.tcgetpgrp(fd) == os.getpgrp()
    return False


@contextlib.contextmanager
def _console(press: Callable[[str], None]) -> Iterator[None]:
    """Read keys from a Windows console."""
    import msvcrt

    console: Any = msvcrt
    done = Event()

    def read() -> None:
        while not done.wait(BLINK):
            while console.kbhit():
                press(console.getwch())

    thread = Thread(target=read, name="keys", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(PARTING)
