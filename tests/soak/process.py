"""What a process costs, and which of its children is the network: read from /proc, so on Linux alone."""

import os
from pathlib import Path

TICK = 1 / os.sysconf("SC_CLK_TCK")  # seconds of CPU time in the kernel's unit
MIB = 1 << 20


def rss_mib(pid: int) -> float:
    """Return the memory of a process that is in use, MiB; 0 if it is gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGESIZE") / MIB


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used, seconds; 0 if it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) * TICK


def children(pid: int) -> list[int]:
    """Return the children of a process, whatever thread of it began them."""
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, path.read_text().split())
        except OSError:
            continue
    return found


def is_alive(pid: int) -> bool:
    """Whether a process is there, and is not just the memory of one."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def spawned(pid: int) -> set[int]:
    """Return the processes of its own that a livejam has started: the network, and whoever draws the screen."""
    return {child for child in children(pid) if "spawn_main" in _read(f"/proc/{child}/cmdline")}


def network_of(pid: int) -> int | None:
    """Return the network's process of a livejam, the one that has onnxruntime in it; None while none has."""
    return next((child for child in spawned(pid) if "onnxruntime" in _read(f"/proc/{child}/maps")), None)


def _read(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""
