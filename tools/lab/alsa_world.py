"""The outside world of livejam on an ALSA sequencer: instruments, a sound card that can be unplugged, a recorder.

Apart from the instruments (rtmidi) these are the tools of alsa-utils and the kernel's own devices. None of them knows
of livejam. Times are seconds of `time.monotonic`, but for a take, whose times are those of the recorder.
"""

import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import mido
from jam_process import ROOT, until

PATIENCE = 20.0  # seconds for whatever must happen
DRIVER = Path("/sys/bus/platform/drivers/snd_virmidi")
CARD = "snd_virmidi.0"

Phrase = list[tuple[float, float, int, int]]  # onset and length (seconds), pitch, velocity


class Heard(NamedTuple):
    """A note-on or note-off that somebody received."""

    time: float  # seconds
    on: bool
    pitch: int


def hanging(heard: list[Heard]) -> int:
    """Return how many note-ons had no note-off."""
    sounding: Counter[int] = Counter()
    for _, on, pitch in heard:
        sounding[pitch] = sounding[pitch] + 1 if on else max(0, sounding[pitch] - 1)
    return sum(sounding.values())


class Listener:
    """Keeps the note-ons and note-offs that a program prints."""

    def __init__(self, command: list[str]) -> None:
        self.heard: list[Heard] = []
        self.played: list[float] = []
        self.there = False
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        threading.Thread(target=self._read, daemon=True).start()

    def ons(self, since: float) -> list[Heard]:
        """Return the note-ons from the time `since` on."""
        return [heard for heard in list(self.heard) if heard.on and heard.time >= since]

    def first(self, since: float, count: int = 1) -> float | None:
        """Wait for `count` note-ons; return how many seconds after `since` the first came, None: not enough came."""
        until(lambda: len(self.ons(since)) >= count, PATIENCE)
        ons = self.ons(since)
        return ons[0].time - since if len(ons) >= count else None

    def silent(self, rest: float = 1.5) -> bool:
        """Wait until nothing has sounded for that many seconds; tell whether it did."""

        def at_rest() -> bool:
            latest = self.heard[-1].time if self.heard else 0.0
            return not hanging(list(self.heard)) and time.monotonic() - latest > rest

        return until(at_rest, PATIENCE)

    def kill(self) -> float:
        """Have it vanish; return when."""
        self._process.send_signal(signal.SIGKILL)
        now = time.monotonic()
        self._process.wait(PATIENCE)
        return now

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._take(line, time.monotonic())

    def _take(self, line: str, now: float) -> None:
        raise NotImplementedError


class Instrument(Listener):
    """A client with a name of its own that plays and is played."""

    def __init__(self, name: str) -> None:
        self.begun = time.monotonic()
        super().__init__([sys.executable, str(ROOT / "tools/lab/instrument.py"), name])
        if not until(lambda: self.there, PATIENCE):
            raise SystemExit(f"{name} does not come up")
        self.there_at = time.monotonic()

    def begin(self, phrase: Phrase) -> None:
        """Begin to play."""
        assert self._process.stdin
        print(*(number for note in phrase for number in note), file=self._process.stdin, flush=True)

    def play(self, phrase: Phrase) -> float:
        """Play; return the time of the last note-off."""
        before = len(self.played)
        self.begin(phrase)
        until(lambda: len(self.played) > before, PATIENCE)
        return self.played[-1]

    def _take(self, line: str, now: float) -> None:
        match line.split():
            case ["on" | "off" as kind, pitch, at]:
                self.heard.append(Heard(float(at), kind == "on", int(pitch)))
            case ["played", at]:
                self.played.append(float(at))
            case ["there"]:
                self.there = True


class Monitor(Listener):
    """`aseqdump` at a port."""

    _NOTE = re.compile(r"Note (on|off)\s+\d+, note (\d+)(?:, velocity (\d+))?")

    def __init__(self, port: str) -> None:
        super().__init__(["aseqdump", "-p", port])
        until(lambda: self.there, PATIENCE)

    def _take(self, line: str, now: float) -> None:
        self.there = True  # it prints a heading
        if found := self._NOTE.search(line):
            kind, pitch, velocity = found.groups()
            self.heard.append(Heard(now, kind == "on" and velocity != "0", int(pitch)))


class Take:
    """`arecordmidi` at some ports, a track each, in ticks of 1 ms."""

    def __init__(self, file: Path, *ports: str) -> None:
        self._file = file
        command = ["arecordmidi", "-b", "125", "-t", "480", "-p", ",".join(ports), str(file)]
        self._process = subprocess.Popen(command)

    def end(self) -> list[list[Heard]]:
        """End it; return what was heard at each port."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(PATIENCE)
        return [list(_heard(track)) for track in mido.MidiFile(self._file).tracks]


def _heard(track: mido.MidiTrack) -> list[Heard]:
    now, heard = 0, []
    for message in track:
        now += message.time
        if message.type in ("note_on", "note_off"):
            heard.append(Heard(now / 1000, message.type == "note_on" and message.velocity > 0, message.note))
    return heard


def write_phrase(phrase: Phrase, file: Path) -> Path:
    """Keep a phrase as a MIDI file for `aplaymidi`, in ticks of 1 ms; return the file."""
    messages = []
    for onset, length, pitch, velocity in phrase:
        messages.append((round(onset * 1000), 1, mido.Message("note_on", note=pitch, velocity=velocity)))
        messages.append((round((onset + length) * 1000), 0, mido.Message("note_off", note=pitch)))
    song, before = mido.MidiFile(ticks_per_beat=480), 0
    track = song.add_track()
    track.append(mido.MetaMessage("set_tempo", tempo=480_000))
    for tick, _, message in sorted(messages, key=lambda message: message[:2]):
        track.append(message.copy(time=tick - before))
        before = tick
    song.save(file)
    return file


class Seen(NamedTuple):
    """A port of the sequencer."""

    address: str  # client:port, both numbers
    client: str
    port: str


def ports() -> list[Seen]:
    """Return the ports there are."""
    listed = subprocess.run(["aconnect", "-l"], capture_output=True, text=True, timeout=PATIENCE, check=True)
    found, number, client = [], "", ""
    for line in listed.stdout.splitlines():
        if begins := re.match(r"client (\d+): '(.*?)\s*'", line):
            number, client = begins.groups()
        elif port := re.match(r"\s+(\d+) '(.*?)\s*'", line):
            found.append(Seen(f"{number}:{port[1]}", client, port[2]))
    return found


def address_of(client: str, port: str) -> str:
    """Return the address of a port by what its client's name begins with, and its own name."""
    found: list[str] = []

    def is_there() -> bool:
        found[:] = [seen.address for seen in ports() if seen.client.startswith(client) and seen.port == port]
        return len(found) == 1

    if not until(is_there, PATIENCE):
        raise SystemExit(f"no one port {port!r} of {client!r} among {ports()}")
    return found[0]


class Card:
    """The kernel's virtual MIDI card: what is written to its device comes out of its sequencer port."""

    port = "Virtual Raw MIDI 0-0:VirMIDI 0-0"
    device = Path("/dev/snd/midiC0D0")

    def unplug(self) -> float:
        """Take the driver off the card; return when."""
        now = time.monotonic()
        (DRIVER / "unbind").write_text(CARD)
        return now

    def plug_in(self) -> float:
        """Give the card its driver back; return when it was there."""
        (DRIVER / "bind").write_text(CARD)
        until(self.device.exists, PATIENCE)
        return time.monotonic()

    def play(self, phrase: Phrase) -> float:
        """Play through the card; return the time of the last note-off."""
        messages = []
        for onset, length, pitch, velocity in phrase:
            messages.append((onset, 1, bytes((0x90, pitch, velocity))))
            messages.append((onset + length, 0, bytes((0x80, pitch, 0))))
        with self.device.open("wb", buffering=0) as wire:
            begun = time.monotonic()
            for at, _, message in sorted(messages):
                time.sleep(max(0.0, begun + at - time.monotonic()))
                wire.write(message)
        return time.monotonic()
