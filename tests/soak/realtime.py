"""The soak in real time: `livejam listen --jack` on a JACK server of its own, played and listened to by others.

Now and then its network's process is killed or stopped, its ports are pulled off. Times are seconds, or JACK's frames.
"""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import mido
from jack_clients import Livejam, Player, Recorder, until
from jack_server import JackServer

from soak.musician import Musician
from soak.process import cpu_seconds, network_of, rss_mib

SERVER, PERIOD = "livejam_soak", 256
ANSWERED = 12.0  # seconds from the end of a bout until its answer has begun: a key that sticks takes long
LISTENED = 8.0  # seconds for which an answer is listened to, at most
QUIET = 0.15  # seconds from a player's note-on until nothing of an answer sounds
TROUBLE = 45.0  # seconds between two troubles, at least: the network is started again sooner each time if it has lived
RECOVERED = 6.0  # seconds after a trouble in which an answer may be missing
GROWTH = 24.0  # MiB that both processes may have grown at the end


@dataclass
class Findings:
    """What was seen."""

    bouts: int = 0
    answered: int = 0
    excused: int = 0  # bouts without an answer, but with trouble
    missing: list[str] = field(default_factory=list)
    hung: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)  # seconds from the last message of a bout to its answer
    silenced: list[float] = field(default_factory=list)  # seconds from a note-on into an answer to its last note-off
    troubles: Counter[str] = field(default_factory=Counter)
    memory: list[float] = field(default_factory=list)  # MiB of both processes, once a minute
    cpu: list[float] = field(default_factory=list)  # percent of a core, of both processes, each minute
    broken: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        waits, silenced = self.waits or [0.0], self.silenced or [0.0]
        return (
            f"{self.bouts} bouts, {self.answered} answered (median {median(waits):.2f} s, longest {max(waits):.2f} s),"
            f" {self.excused} not, because of trouble, {len(self.missing)} not at all; hung {len(self.hung)};"
            f" interrupted {len(silenced)} times, silent after median {1000 * median(silenced):.1f}"
            f" ms, longest {1000 * max(silenced):.1f} ms;"
            f" troubles {dict(self.troubles)}; memory {self.memory[0] if self.memory else 0:.0f} to"
            f" {self.memory[-1] if self.memory else 0:.0f} MiB; CPU {median(self.cpu or [0.0]):.1f} % of a core"
        )


class Concert:
    """One long jam."""

    def __init__(self, livejam: Livejam, player: Player, recorder: Recorder, chance: random.Random) -> None:
        self.livejam, self.player, self.recorder, self.chance = livejam, player, recorder, chance
        self.musician = Musician(chance)
        self.found = Findings()
        self.ons = 0  # that were played
        self._trouble_at = time.monotonic()
        self._minute, self._cpu = time.monotonic(), self._cpu_now()

    def play(self, seconds: float, told: Callable[[Findings], None]) -> None:
        """Play for so long; `told` hears about every minute how it goes."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.livejam.process.poll() is None:
            self._bout()
            if time.monotonic() - self._trouble_at > TROUBLE:
                self._make_trouble()
            if time.monotonic() - self._minute > 60:
                self._measure()
                told(self.found)
        if self.livejam.process.poll() is not None:
            self.found.broken.append(f"livejam has ended: {self.livejam.said[-3:]}")

    def _bout(self) -> None:
        bout = [timed for timed in self.musician.bout() if timed[1]]
        sounding = bool(self.recorder.sounding())
        start = self.player.perform(bout)
        self.found.bouts += 1
        ons = [at for at, message in bout if _is_on(message)]
        self.ons += len(ons)
        if sounding and ons:
            self._interrupted(start + round(min(ons) * self.recorder.rate))
        end = start + round(bout[-1][0] * self.recorder.rate)
        until(lambda: self.player.seconds_since(end) > 0, bout[-1][0] + 5)
        if ons:
            self._answer(start + round(max(ons) * self.recorder.rate), end, bout)

    def _answer(self, since: int, end: int, bout: list[tuple[float, bytes]]) -> None:
        began = time.monotonic()
        if until(lambda: self.recorder.ons(since), ANSWERED):
            self.found.answered += 1
            self.found.waits.append((self.recorder.ons(since)[0][0] - end) / self.recorder.rate)
        elif began - self._trouble_at < RECOVERED + ANSWERED:
            self.found.excused += 1
        else:
            self.found.missing.append(f"{time.strftime('%T')}: {bout[:12]}")
        if self.chance.random() < 0.7:
            until(lambda: not self.recorder.sounding() and self._still_for() > 1.0, LISTENED)
        else:
            until(lambda: False, self.chance.uniform(0.05, 2.0))

    def _still_for(self) -> float:
        return self.player.seconds_since(self.recorder.log[-1][0]) if self.recorder.log else 0.0

    def _interrupted(self, at: int) -> None:
        """A key went down into an answer at the frame `at`: what sounded has to end."""
        until(lambda: self.player.seconds_since(at) > 2 * QUIET, 5)
        within = at + round(QUIET * self.recorder.rate)
        before = [entry for entry in list(self.recorder.log) if entry[0] < at]
        if not held(before):
            return  # it had just ended
        after = [entry for entry in list(self.recorder.log) if at <= entry[0] < within]
        left = held([*before, *(entry for entry in after if not _is_on(entry[1]))])
        if left and self._trouble_at + RECOVERED < time.monotonic():
            self.found.hung.append(f"{time.strftime('%T')}: {left} sounded on, {QUIET} s after a key went down")
            return
        offs = [frame for frame, message in after if not _is_on(message)]
        self.found.silenced.append(((max(offs) if offs else at) - at) / self.recorder.rate)

    def _make_trouble(self) -> None:
        trouble = self.chance.choice(("kill", "stop", "ports"))
        network = network_of(self.livejam.process.pid)
        self.found.troubles[trouble] += 1
        if trouble == "ports":
            self.player.disconnect()
            self.recorder.disconnect()
            until(lambda: False, self.chance.uniform(0.1, 3.0))
            self.player.connect("livejam_in:in")
            self.recorder.connect("livejam_out:out")
            self.recorder.forget()  # what ended while nobody listened
        elif network:
            os.kill(network, signal.SIGKILL if trouble == "kill" else signal.SIGSTOP)
            if trouble == "stop":
                until(lambda: False, 2.0)
                try:
                    os.kill(network, signal.SIGCONT)
                except ProcessLookupError:
                    self.found.broken.append("a network that stood still for two seconds was given up")
        self._trouble_at = time.monotonic()

    def _measure(self) -> None:
        before, self._minute = self._minute, time.monotonic()
        used, self._cpu = self._cpu, self._cpu_now()
        self.found.cpu.append(max(0.0, 100 * (self._cpu - used) / (self._minute - before)))
        self.found.memory.append(sum(rss_mib(pid) for pid in self._pids()))

    def _pids(self) -> list[int]:
        return [pid for pid in (self.livejam.process.pid, network_of(self.livejam.process.pid)) if pid]

    def _cpu_now(self) -> float:
        return sum(cpu_seconds(pid) for pid in self._pids())


def concert(seconds: float, seed: int, folder: Path, told: Callable[[Findings], None]) -> Findings:
    """Play to a livejam for so long, end it by a signal, and return what was seen; `folder` keeps the recording."""
    tape = folder / "soak.mid"
    with JackServer(folder, SERVER, PERIOD), Livejam("--jack", "--seed", str(seed), "--record", tape) as livejam:
        player, recorder = Player(), Recorder()
        player.connect("livejam_in:in")
        recorder.connect("livejam_out:out")
        jam = Concert(livejam, player, recorder, random.Random(seed))
        jam.play(seconds, told)
        pids = jam._pids()
        if livejam.process.poll() is None and (code := livejam.end(signal.SIGTERM)) != 0:
            jam.found.broken.append(f"exit code {code}: {livejam.said[-3:]}")
        jam.found.hung += [f"{recorder.sounding()} at the end"] if recorder.sounding() else []
        player.close()
        recorder.close()
    _judge(jam, tape, pids, livejam)
    return jam.found


def _judge(jam: Concert, tape: Path, pids: list[int], livejam: Livejam) -> None:
    found = jam.found
    found.broken += [f"process {pid} is left" for pid in pids if rss_mib(pid)]
    found.broken += found.hung + found.missing
    found.broken += [line for line in livejam.said if "Traceback" in line or "Error" in line]
    if len(found.memory) > 3 and found.memory[-1] > found.memory[1] + GROWTH:
        found.broken.append(f"memory grew from {found.memory[1]:.0f} to {found.memory[-1]:.0f} MiB")
    if found.broken:
        found.broken += [f"livejam said: {line}" for line in livejam.said[-20:]]
    if tape.exists():
        kept = sum(message.type == "note_on" for message in mido.MidiFile(tape).tracks[1])
        print(f"recorded: {kept} note-ons of the player's; played: {jam.ons}", flush=True)
        if kept < jam.ons and not found.troubles["ports"]:
            found.broken.append(f"{jam.ons} note-ons played, {kept} recorded")
    else:
        found.broken.append("nothing was recorded")


def held(log: list[tuple[int, bytes]]) -> set[int]:
    """Return the pitches that sound after those messages."""
    sounding: set[int] = set()
    for _, message in log:
        (sounding.add if _is_on(message) else sounding.discard)(message[1])
    return sounding


def _is_on(message: bytes) -> bool:
    return len(message) == 3 and message[0] & 0xF0 == 0x90 and 0 < message[2] < 128 and message[1] < 128
