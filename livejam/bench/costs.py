"""What a process and those it has started cost: CPU time and memory, read from /proc; None where there is none.

Knows nothing of what they do. Seconds and MB. Any thread may call it.
"""

import contextlib
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

PROC = Path("/proc")


def family(pid: int) -> Iterator[int]:
    """Yield a process and all its children."""
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        yield one
        for path in PROC.glob(f"{one}/task/*/children"):
            with contextlib.suppress(OSError):
                waiting += map(int, path.read_text().split())


def cpu_seconds(pid: int) -> float | None:
    """CPU time that a process and its children have taken so far."""
    spent = [_number(path, r"(\d+)") for one in family(pid) for path in PROC.glob(f"{one}/task/*/schedstat")]
    return sum(spent) / 1e9 if spent else None


def memory(pid: int) -> float | None:
    """Memory of a process and its children that is in use, in MB; what they share counts for each."""
    used = [_number(PROC / str(one) / "status", r"VmRSS:\s+(\d+) kB") for one in family(pid)]
    return round(sum(used) / 1024, 1) if any(used) else None


def cpu_percents(pids: Sequence[int], seconds: float) -> list[float | None]:
    """Watch several processes at once for so long; return how many percent of a core each takes."""
    began, before = time.monotonic(), [cpu_seconds(pid) for pid in pids]
    time.sleep(seconds)
    after, took = [cpu_seconds(pid) for pid in pids], time.monotonic() - began
    return [
        None if start is None or end is None else round(100 * (end - start) / took, 2)
        for start, end in zip(before, after, strict=True)
    ]


def _number(path: Path, pattern: str) -> int:
    """Return the number that `pattern` finds first, 0 if the process is gone."""
    with contextlib.suppress(OSError):
        found = re.search(pattern, path.read_text())
        return int(found[1]) if found else 0
    return 0
