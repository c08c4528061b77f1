"""The outside world of livejam beside Ardour: Ardour itself, headless, and a player who follows its clock.

Neither knows anything of livejam. Times are beats of Ardour's bars, at a tempo that does not change; in JACK they are
frames. The player's part is written in JACK's own thread, on the very frames of the clock's pulses. A machine too busy
for JACK makes JACK's time stand still now and then, and bar lines come late: the player knows by how much.
"""

import glob
import shutil
import subprocess
import threading
import time
from collections import deque
from pathlib import Path

import jack
import mido
from jam_process import ROOT, until

PULSES = 24  # a beat
RATE = 48_000  # frames a second
TRIES = 8  # Ardour loses its connection to JACK in about one of five
COMES_UP = 25.0  # seconds, for one try
ENDS = 30.0  # seconds, after the last bar
VELOCITY = 84
NAME = "trading"

Note = tuple[float, float, int]  # onset and length in beats, pitch


class Ardour:
    """A session with two armed tracks, `player` and `livejam`; there while the `with` lasts."""

    def __init__(self, folder: Path, seconds: float, bpm: float) -> None:
        self._folder = folder
        self._seconds = seconds
        self._bpm = bpm
        self._said: list[str] = []
        self.tries = 0

    def __enter__(self) -> "Ardour":
        while self.tries < TRIES:
            self.tries += 1
            if self._start():
                return self
            self.__exit__()
        raise SystemExit("Ardour does not come up: " + " | ".join(self._said[-12:]))

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(ENDS)
        self._reader.join(ENDS)

    def roll(self) -> None:
        """Record from the first bar to the last; return once all is written."""
        assert self._process.stdin
        self._process.stdin.write("roll\n")
        self._process.stdin.flush()
        if not until(lambda: "done" in self._said or self._process.poll() is not None, self._seconds + ENDS):
            raise SystemExit("Ardour does not end: " + " | ".join(self._said[-12:]))
        if "done" not in self._said:
            raise SystemExit("Ardour died: " + " | ".join(self._said[-12:]))

    def recorded(self, track: str) -> tuple[list[Note], int]:
        """Return the notes on a track in order, and how many note-ons had no note-off."""
        notes: list[Note] = []
        hanging = 0
        for position, file in zip(self._positions(track), self._files(track), strict=True):
            found, without_end = _notes(file, position)
            notes += found
            hanging += without_end
        return sorted(notes), hanging

    def _start(self) -> bool:
        shutil.rmtree(self._folder, ignore_errors=True)
        program = sorted(glob.glob("/usr/bin/ardour*-lua"))[-1]
        script = ROOT / "tools/lab/ardour_record.lua"
        command = [program, "-X", str(script), str(self._folder), NAME, str(self._seconds), str(self._bpm)]
        self._said.clear()
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        until(lambda: "set up" in self._said or self._process.poll() is not None, COMES_UP)
        return "set up" in self._said and _is_port("ardour:livejam/midi_in 1") and _is_port("ardour:MIDI Clock out")

    def _positions(self, track: str) -> list[float]:
        """Where the track's regions begin, in beats."""
        regions = [line.split() for line in self._said if line.startswith(f"region {track} ")]
        return sorted(int(frame) / RATE * self._bpm / 60 for _, _, frame, _ in regions)

    def _files(self, track: str) -> list[Path]:
        return sorted(self._folder.glob(f"interchange/*/midifiles/*{track}*.mid"))

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._said.append(line.rstrip())
        self._folder.with_suffix(".log").write_text("\n".join(self._said))


class Player:
    """Plays a part on a MIDI clock, from its start."""

    def __init__(self, part: list[Note]) -> None:
        messages = []
        for onset, length, pitch in part:
            messages.append((onset * PULSES, 1, bytes((0x90, pitch, VELOCITY))))
            messages.append(((onset + length) * PULSES, 0, bytes((0x80, pitch, 0))))
        self._due = deque(sorted(messages))
        self._waiting: deque[tuple[int, bytes]] = deque()  # frame, message: between two pulses
        self._pulse: int | None = None  # the next one's number; None: the clock does not run
        self._start = 0  # frame at which the clock started
        self._before = 0  # frame of the pulse before
        self._length = 0  # frames from pulse to pulse
        self._behind: dict[int, float] = {}  # second -> least seconds from JACK's time to the machine's
        self._client = jack.Client("human", no_start_server=True)
        self._keys = self._client.midi_outports.register("keys")
        self._clock = self._client.midi_inports.register("clock")
        self._client.set_process_callback(self._process)

    def __enter__(self) -> "Player":
        self._client.activate()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.deactivate()
        self._client.close()

    def port_of(self, pattern: str) -> str:
        """Return the name of the one port that a pattern means."""
        (port,) = self._client.get_ports(f"^{pattern}$", is_midi=True)
        return str(port.name)

    def follow(self, clock: str) -> None:
        """Follow the clock of that port."""
        self._client.connect(clock, self._clock)

    def play_into(self, *ports: str) -> None:
        """Play into those ports."""
        for port in ports:
            self._client.connect(self._keys, port)

    def wire(self, source: str, target: str) -> None:
        """Connect two ports of others."""
        self._client.connect(source, target)

    def slip(self, since: float, until: float, bpm: float) -> float:
        """Return by how many seconds JACK's time moved against the machine's between two beats, at most."""
        seconds = (int(self._start + beat * 60 / bpm * RATE) // RATE for beat in (since, until))
        times = [self._behind[second] for second in range(*seconds) if second in self._behind]
        return max(times) - min(times) if times else 0.0

    def _process(self, frames: int) -> None:
        self._keys.clear_buffer()
        now = self._client.last_frame_time
        behind = time.monotonic() - now / RATE
        second = now // RATE
        self._behind[second] = min(behind, self._behind.get(second, behind))
        for offset, data in self._clock.incoming_midi_events():
            self._take(bytes(data), now + offset)
        while self._waiting and self._waiting[0][0] < now + frames:
            frame, message = self._waiting.popleft()
            self._keys.write_midi_event(max(0, frame - now), message)

    def _take(self, message: bytes, frame: int) -> None:
        """Start or stop, or put what lies between this pulse and the next into its place."""
        if message[0] == 0xFA:
            self._pulse, self._start = 0, frame
        elif message[0] == 0xFC:
            self._pulse = None
        elif message[0] == 0xF8:
            self._length, self._before = frame - self._before, frame
            if self._pulse is not None:
                self._place(self._pulse, frame)
                self._pulse += 1

    def _place(self, pulse: int, frame: int) -> None:
        while self._due and self._due[0][0] < pulse + 1:
            at, _, message = self._due.popleft()
            self._waiting.append((frame + round((at - pulse) * self._length), message))


def _is_port(name: str) -> bool:
    listed = subprocess.run(["jack_lsp"], capture_output=True, text=True, timeout=10)
    return name in listed.stdout.splitlines()


def _notes(file: Path, position: float) -> tuple[list[Note], int]:
    """Return the notes of a recorded file that begins at that beat, and how many note-ons had no note-off."""
    song, notes, open_notes = mido.MidiFile(file), [], {}
    hanging = 0
    for track in song.tracks:
        tick = 0
        for message in track:
            tick += message.time
            beat = position + tick / song.ticks_per_beat
            if message.type == "note_on" and message.velocity:
                hanging += message.note in open_notes
                open_notes[message.note] = beat
            elif message.type in ("note_on", "note_off") and message.note in open_notes:
                onset = open_notes.pop(message.note)
                notes.append((onset, beat - onset, message.note))
    return notes, hanging + len(open_notes)
