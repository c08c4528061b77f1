"""A Link peer that shares no code with livejam's (LinkPython-extern): says where it sees the beat, does as it is told.

usage: link_peer.py BPM QUANTUM. Prints a line of JSON every 20 ms: what it saw, and when (seconds of `time.monotonic`,
which the processes of one machine share). Reads commands, one a line: a tempo, `play`, `stop`; the end of input ends.
"""

import json
import sys
import threading
import time
from queue import Empty, SimpleQueue

import link

EVERY = 0.02  # seconds


def main(bpm: float, quantum: float) -> None:
    peer = link.Link(bpm)
    peer.startStopSyncEnabled = True
    peer.enabled = True
    commands: SimpleQueue[str] = SimpleQueue()
    threading.Thread(target=read, args=(commands,), daemon=True).start()
    while True:
        try:
            command = commands.get(timeout=EVERY)
        except Empty:
            tell(seen(peer, quantum))
            continue
        if command == "":
            break
        tell({"done": command, "at": time.monotonic()})
        obey(peer, command)
    peer.enabled = False


def read(commands: "SimpleQueue[str]") -> None:
    for line in sys.stdin:
        commands.put(line.strip())
    commands.put("")


def obey(peer: link.Link, command: str) -> None:
    state, now = peer.captureSessionState(), peer.clock().micros()
    if command in ("play", "stop"):
        state.setIsPlaying(command == "play", now)
    else:
        state.setTempo(float(command), now)
    peer.commitSessionState(state)


def seen(peer: link.Link, quantum: float) -> dict[str, float | bool]:
    """Return the tightest of five readings."""
    readings = []
    for _ in range(5):
        before = time.monotonic()
        micros = peer.clock().micros()
        after = time.monotonic()
        readings.append((after - before, (before + after) / 2, micros))
    _, at, micros = min(readings)
    state = peer.captureSessionState()
    beat = state.beatAtTime(micros, quantum)
    return {"at": at, "beat": beat, "bpm": state.tempo(), "peers": peer.numPeers(), "playing": state.isPlaying()}


def tell(what: dict[str, object]) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]), float(sys.argv[2]))
