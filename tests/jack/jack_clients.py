"""The outside world of livejam on a JACK server: a player, a recorder, and livejam itself in a process of its own.

Player and recorder are native JACK clients, exact to the frame, and know nothing of livejam. Times are JACK's frames,
the same for both; phrases are in seconds.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import jack

PATIENCE = 15.0  # seconds for anything that must happen
Phrase = Sequence[tuple[float, int, float, int]]  # onset and length in seconds, pitch between them; velocity last


def until(happened: Callable[[], object], seconds: float = PATIENCE) -> bool:
    """Wait until something has happened, but no longer than that; tell whether it has."""
    give_up = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > give_up:
            return False
        time.sleep(0.005)
    return True


class Player:
    """Plays phrases into a port."""

    def __init__(self) -> None:
        self._client = jack.Client("human", no_start_server=True)
        self._port = self._client.midi_outports.register("keys")
        self._due: deque[tuple[int, bytes]] = deque()
        self._client.set_process_callback(self._process)
        self._client.activate()

    def connect(self, port: str) -> None:
        """Play into `port` from now on."""
        self._client.connect(self._port, port)

    def disconnect(self) -> None:
        """Play into nothing."""
        self._port.disconnect()

    def perform(self, messages: Sequence[tuple[float, bytes]], start: int | None = None) -> int:
        """Play messages at their times (seconds, ascending); return the frame of second 0: `start`, or at once."""
        start = start or self._client.frame_time + 2 * self._client.blocksize
        self._due.extend((start + round(at * self._client.samplerate), message) for at, message in messages)
        return start

    def play(self, phrase: Phrase) -> int:
        """Begin to play `phrase` at once; return the frame of its last note-off."""
        self.perform(key_messages(phrase))
        return self._due[-1][0]

    def follow(self, messages: Iterable[tuple[int, bytes]]) -> None:
        """Play messages at their frames, which lie ahead, ascending, and after all that is due."""
        self._due.extend(messages)

    def seconds_since(self, frame: int) -> float:
        """Return how long ago `frame` was; negative if it is to come."""
        return (self._client.frame_time - frame) / self._client.samplerate

    def close(self) -> None:
        """Leave."""
        self._client.deactivate()
        self._client.close()

    def _process(self, frames: int) -> None:
        self._port.clear_buffer()
        now = self._client.last_frame_time
        while self._due and self._due[0][0] < now + frames:
            frame, message = self._due.popleft()
            self._port.write_midi_event(max(0, frame - now), message)


class Recorder:
    """Keeps every message that comes out of a port, with its frame."""

    def __init__(self) -> None:
        self.log: list[tuple[int, bytes]] = []
        self._client = jack.Client("recorder", no_start_server=True)
        self._port = self._client.midi_inports.register("in")
        self._client.set_process_callback(self._process)
        self._client.activate()
        self.rate = self._client.samplerate

    def connect(self, port: str) -> None:
        """Listen to `port`."""
        self._client.connect(port, self._port)

    def disconnect(self) -> None:
        """Listen to nothing."""
        self._port.disconnect()

    def forget(self) -> None:
        """Begin anew."""
        self.log.clear()

    def ons(self, since: int, channel: int | None = None) -> list[tuple[int, int]]:
        """Return (frame, pitch) of the note-ons from the frame `since` on; `channel` (1..16): only there."""
        kinds = range(0x90, 0xA0) if channel is None else (0x8F + channel,)
        return [(frame, data[1]) for frame, data in list(self.log) if data[0] in kinds and data[2] and frame >= since]

    def sounding(self) -> Counter[tuple[int, int]]:
        """Return how many note-ons of each (channel, pitch) have no note-off; a note-off too many counts as -1."""
        counts: Counter[tuple[int, int]] = Counter()
        for _, data in list(self.log):
            if data[0] & 0xF0 in (0x80, 0x90):
                counts[(data[0] & 0x0F) + 1, data[1]] += 1 if data[0] & 0xF0 == 0x90 and data[2] else -1
        return Counter({key: count for key, count in counts.items() if count})

    def close(self) -> None:
        """Leave."""
        self._client.deactivate()
        self._client.close()

    def _process(self, frames: int) -> None:
        now = self._client.last_frame_time
        self.log.extend((now + offset, bytes(data)) for offset, data in self._port.incoming_midi_events())


@contextlib.contextmanager
def people() -> Iterator[tuple[Player, Recorder]]:
    """Somebody who plays, and somebody who writes down what livejam plays."""
    player, recorder = Player(), Recorder()
    try:
        yield player, recorder
    finally:
        player.close()
        recorder.close()


def key_messages(phrase: Phrase) -> list[tuple[float, bytes]]:
    """Return the messages of a phrase and their seconds, releases first."""
    messages = []
    for onset, pitch, length, velocity in phrase:
        messages.append((onset, 1, bytes((0x90, pitch, velocity))))
        messages.append((onset + length, 0, bytes((0x80, pitch, 0))))
    return [(at, message) for at, _, message in sorted(messages)]


class Livejam:
    """`livejam listen`, or another command, in its own process; use it in a `with`, which ends it at the latest."""

    def __init__(self, *arguments: str | Path, does: str = "listen") -> None:
        command = [sys.executable, "-m", "livejam", does, *map(str, arguments)]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=dict(os.environ, PYTHONUNBUFFERED="1"),
        )
        self.said: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> "Livejam":
        if not until(lambda: self.has_said("ready") or self.process.poll() is not None, 30):
            self.__exit__()
        assert self.has_said("ready"), f"livejam did not get ready: {self.said}"
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)

    def is_saying(self, word: str) -> bool:
        """Whether its latest line begins with `word`."""
        return bool(self.said) and self.said[-1].startswith(word)

    def has_said(self, word: str) -> bool:
        """Whether a line of it has `word`."""
        return any(word in line for line in list(self.said))

    def end(self, with_signal: signal.Signals) -> int:
        """Send it a signal to end; return its exit code once it has."""
        self.process.send_signal(with_signal)
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return code

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.said.append(line.rstrip())
