"""Trading fours with livejam, recorded by Ardour, which is clock master; what it recorded is measured.

usage: python tools/lab/ardour_check.py [BARS [BPM]]    on a JACK server that runs: tools/lab/ardour.sh starts one

A player (a JACK client that knows nothing of livejam) plays four bars on Ardour's clock and rests for four; livejam
listens to the player and the clock on one port, and its answers go onto a track of Ardour's. Times in the recording
are beats of Ardour's bars. The exit code is 1 if anything that is demanded is not met.

Where the machine is too busy for JACK itself, JACK's time stands still for some milliseconds, and nobody can be on a
bar line that came late. How much that was in the four bars before each answer is shown; and if something is not met
where it was more than a period, another take is recorded, up to three.
"""

import os
import statistics
import sys
import time
from dataclasses import dataclass

from ardour_world import RATE, Ardour, Note, Player
from findings import Findings
from jam_process import ROOT, Jam

TRADE = 4  # bars
BAR = 4  # beats
DOWNBEAT_MS = 10.0  # from the bar line to the first note of an answer, at most, and a period of JACK
EARLY = 0.05  # beats before its bars that a note of livejam's still counts as in them
PERIOD_MS = int(os.environ.get("JACK_PERIOD", "128")) / RATE * 1000
TAKES = 3
PATIENCE = 30.0  # seconds for livejam to get ready
LISTEN = ("--turns", f"bars:{TRADE}", "--clock", "midi", "--metre", "4/4", "--seed", "1", "--no-record")

# Four bars each: onset in beats, colon, pitch; a note lasts until the next, but no longer than a beat and a half, nor
# beyond the bar line at 16. The first does not begin with the first pulse: Ardour does not record that.
TUNES = (
    "0.5:60 1:65 1.5:69 2:68 4:69 5:65 5.5:64 6:62 8:62 8.5:64 9:65 9.5:67 10:69 11:72 12:70 13:69",
    "0:67 1:69 1.5:71 2:74 3.5:71 4:69 8:67 8.5:71 9:74 10:76 11:74 11.5:71 12:69 13:71 14:67 15:69",
    "0:72 0.5:71 1:69 1.5:67 2:64 4:65 4.5:67 5:69 8:72 9:71 10:67 12:64 12.5:65 13:67 14.5:60 15.5:62",
)
LONGEST = 1.5  # beats
RELEASE = 0.05  # beats from one key's end to the next


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be played."""

    bars: int = 24
    bpm: float = 110.0

    @property
    def trades(self) -> int:
        """How often the player plays and livejam answers."""
        return max(1, self.bars // (2 * TRADE))

    @property
    def lines(self) -> list[int]:
        """The bar lines at which livejam begins; beats."""
        return [(2 * trade + 1) * TRADE * BAR for trade in range(self.trades)]

    @property
    def seconds(self) -> float:
        """All of it, and half a beat."""
        return (2 * TRADE * BAR * self.trades + 0.5) * 60 / self.bpm

    @property
    def part(self) -> list[Note]:
        """The player's notes."""
        return [
            (onset + 2 * TRADE * BAR * trade, length, pitch)
            for trade in range(self.trades)
            for onset, length, pitch in tune(TUNES[trade % len(TUNES)])
        ]

    def milliseconds(self, beats: float) -> float:
        """Beats in milliseconds."""
        return beats * 60_000 / self.bpm


def tune(text: str) -> list[Note]:
    """Return the notes of a line of TUNES."""
    notes = [(float(onset), int(pitch)) for onset, pitch in (word.split(":") for word in text.split())]
    ends = [onset for onset, _ in notes[1:]] + [float(TRADE * BAR)]
    return [(at, min(end - at, LONGEST) - RELEASE, pitch) for (at, pitch), end in zip(notes, ends, strict=True)]


def main(plan: Plan) -> int:
    """Record and measure; return the exit code."""
    for take in range(1, TAKES + 1):
        found = Findings()
        found.note("take", str(take))
        slipped = record(plan, found)
        if found.all_met or slipped <= PERIOD_MS / 1000:
            break
        print("this machine was too busy for JACK", flush=True)
    return found.conclude()


def record(plan: Plan, found: Findings) -> float:
    """Have Ardour record a session, and judge it; return the most that JACK's time slipped before an answer."""
    with Ardour(ROOT / "build/lab/ardour", plan.seconds, plan.bpm) as ardour, Player(plan.part) as player:
        found.note("Ardour came up at try", str(ardour.tries))
        with Jam(*LISTEN, patience=PATIENCE) as jam:
            found.note("livejam was ready after", f"{jam.begun:.1f} s")
            connect(player)
            time.sleep(1.0)
            ardour.roll()
            code = jam.end()
    said = [line for _, line in jam.said]
    found.demand("livejam ends by Ctrl-C with exit code 0", str(code), code == 0, said)
    judge_player(found, ardour, plan)
    slips = [player.slip(line - TRADE * BAR, line, plan.bpm) for line in plan.lines]
    judge_answers(found, ardour, plan, slips, said)
    return max(slips)


def connect(player: Player) -> None:
    """Clock and player into livejam, player and livejam into Ardour."""
    heard, answering = player.port_of("livejam.*:in"), player.port_of("livejam.*:out")
    player.follow("ardour:MIDI Clock out")
    player.play_into(heard, "ardour:player/midi_in 1")
    player.wire("ardour:MIDI Clock out", heard)
    player.wire(answering, "ardour:livejam/midi_in 1")


def judge_player(found: Findings, ardour: Ardour, plan: Plan) -> None:
    """All that was played is on the player's track."""
    played, hanging = ardour.recorded("player")
    part = sorted(plan.part)
    complete = [pitch for _, _, pitch in played] == [pitch for _, _, pitch in part] and not hanging
    found.demand("notes of the player, recorded of played", f"{len(played)} of {len(part)}", complete)
    late = [plan.milliseconds(kept[0] - note[0]) for kept, note in zip(played, part, strict=False)]
    found.note("   later in Ardour's bars than by its clock", spread(late))


def judge_answers(found: Findings, ardour: Ardour, plan: Plan, slips: list[float], said: list[str]) -> None:
    """Every trade is answered, on the downbeat, in livejam's bars, and every note ends."""
    answers, hanging = ardour.recorded("livejam")
    found.demand("notes of livejam without an end", f"{hanging} of {len(answers)}", not hanging, said)
    errors, outside = [], len(answers)
    for line, slip in zip(plan.lines, slips, strict=True):
        own = [onset for onset, _, _ in answers if line <= onset + EARLY < line + TRADE * BAR]
        outside -= len(own)
        errors += [plan.milliseconds(own[0] - line)] if own else []
        first = f"{plan.milliseconds(own[0] - line):+.2f} ms" if own else "none"
        found.note(
            f"   from bar {line // BAR + 1}", f"{len(own)} notes, the first {first}; JACK slipped {slip * 1000:.1f} ms"
        )
    found.demand("trades answered", f"{len(errors)} of {plan.trades}", len(errors) == plan.trades, said)
    found.demand("notes of livejam outside its bars", str(outside), not outside, said)
    allowed = DOWNBEAT_MS + PERIOD_MS
    worst = max(map(abs, errors), default=float("inf"))
    found.demand(f"first notes off the bar line, up to {allowed:.1f} ms", spread(errors), worst <= allowed, said)


def spread(values: list[float]) -> str:
    """Median, 99th percentile and extreme in words; milliseconds."""
    if len(values) < 2:
        return f"{values[0]:+.2f} ms" if values else "none"
    ordered = sorted(values, key=abs)
    p99 = ordered[round(0.99 * (len(ordered) - 1))]
    return f"median {statistics.median(values):+.2f}, p99 {p99:+.2f}, max {ordered[-1]:+.2f} ms"


if __name__ == "__main__":
    sys.exit(main(Plan(*(kind(text) for kind, text in zip((int, float), sys.argv[1:], strict=False)))))
