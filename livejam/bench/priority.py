"""Real-time priority for the threads that measure, where the system grants it.

A thread of ours that is put aside while it holds Python's lock would hold up the wire's thread, and JACK with it.
"""

import contextlib
import os
import sys

LEVEL = 4  # below JACK's own threads


def hurry() -> None:
    """Give the calling thread real-time priority, if that can be had; what it starts does not inherit it."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(LEVEL))


def relax() -> None:
    """Give the calling thread the usual priority again."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
