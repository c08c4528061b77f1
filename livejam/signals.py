"""Signals to end, in a program of several processes: one of them sees to the end, and tells the others itself.

Knows nothing of what the processes do. `ignore_endings` is for a main thread.
"""

import contextlib
import signal
from collections.abc import Iterator
from multiprocessing import resource_tracker

ENDINGS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)
)  # those that the system has


def ignore_endings() -> None:
    """Let no signal to end reach this process: Ctrl-C goes to all of them."""
    for ending in ENDINGS:
        signal.signal(ending, signal.SIG_IGN)


@contextlib.contextmanager
def held_back() -> Iterator[None]:
    """Start processes meanwhile: no signal to end finds them before they ignore it. Our own come afterwards.

    Where signals can't be held back (Windows), one that comes at the wrong moment ends them.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # multiprocessing's own, with whose start it would let the signals in
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDINGS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
