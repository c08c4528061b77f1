"""Being in time: real-time priority for a thread, and a garbage collector that waits.

A thread that plays must run when its time comes, whatever else the machine does. Each system grants that in its own
way, or not. Knows nothing of music or ports. `hurry` and `relax` are about the thread that calls them.

Tried on Linux. The ways of macOS and Windows are those of their manuals, and nothing breaks where they are refused.
"""

import contextlib
import ctypes
import gc
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

LEVEL = 4  # of 99, on Linux: below a sound server's own threads, which JACK puts at 5 at least
SWITCH = 0.0005  # seconds: how long another Python thread may keep the one that plays from running
GROUP = "audio"  # whose members sound software lets be in real time
USER_INTERACTIVE, USUAL_QOS = 0x21, 0x15  # macOS: classes of quality of service
CRITICAL, USUAL = 15, 0  # Windows: priorities of a thread
TICK_MS = 1  # Windows: wakes sleepers this often instead of every 15.6 ms

GRANTED = "real-time priority: granted"
HOW = {
    "linux": "real-time priority: not granted; a busy machine may delay notes by milliseconds; to grant it, put\n"
    f"'@{GROUP} - rtprio 95' into /etc/security/limits.d/audio.conf, be of that group "
    f"(sudo usermod -aG {GROUP} $USER), log in again",
    "darwin": "priority for playing: not granted; close what keeps the machine busy",
    "win32": "priority for playing: not granted; close what keeps the machine busy",
}


def hurry() -> bool:
    """Put the calling thread ahead of the usual ones; return whether it was granted. What it starts is not ahead."""
    try:
        return _ways()[0]()
    except (OSError, AttributeError, ValueError):  # refused, or this system has no such thing
        return False


def relax() -> None:
    """Give the calling thread its usual priority again."""
    with contextlib.suppress(OSError, AttributeError, ValueError):
        _ways()[1]()


def advice() -> str:
    """Return in a line or two whether this system lets livejam hurry, and if not, how to have it do so."""
    if hurry():
        relax()
        return GRANTED
    return HOW.get(sys.platform, HOW["darwin"])


@contextlib.contextmanager
def quick_switching() -> Iterator[None]:
    """Let a thread that wakes up have its turn sooner beside the other Python threads of this process."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@contextlib.contextmanager
def quiet_collector() -> Iterator[None]:
    """Have no garbage collected but when `collect` is called, and what is there now never looked at again."""
    enabled = gc.isenabled()
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.unfreeze()
        if enabled:
            gc.enable()


def collect() -> None:
    """Collect what has become garbage since the last time: call it when nothing is due for a while."""
    gc.collect()


def _ways() -> tuple[Callable[[], bool], Callable[[], object]]:
    """Return how to hurry and how to relax on this system."""
    if sys.platform == "darwin":
        return lambda: _be_of_quality(USER_INTERACTIVE), lambda: _be_of_quality(USUAL_QOS)
    if sys.platform == "win32":
        return _hurry_windows, _relax_windows
    return lambda: _schedule("SCHED_FIFO", LEVEL), lambda: _schedule("SCHED_OTHER", 0)


def _schedule(policy: str, level: int) -> bool:
    """Linux. The flag stays set when the thread relaxes: without privileges it can't be taken back."""
    os.sched_setscheduler(0, getattr(os, policy) | os.SCHED_RESET_ON_FORK, os.sched_param(level))
    return True


def _be_of_quality(quality: int) -> bool:
    """macOS."""
    return bool(ctypes.CDLL("/usr/lib/libSystem.dylib").pthread_set_qos_class_self_np(quality, 0) == 0)


def _hurry_windows() -> bool:
    _library("winmm").timeBeginPeriod(TICK_MS)
    return _set_priority(CRITICAL)


def _relax_windows() -> None:
    _library("winmm").timeEndPeriod(TICK_MS)
    _set_priority(USUAL)


def _set_priority(priority: int) -> bool:
    kernel = _library("kernel32")
    kernel.GetCurrentThread.restype = ctypes.c_void_p
    return bool(kernel.SetThreadPriority(ctypes.c_void_p(kernel.GetCurrentThread()), priority))


def _library(name: str) -> Any:
    """Windows."""
    return getattr(ctypes, "WinDLL")(name)  # noqa: B009  elsewhere ctypes has none
