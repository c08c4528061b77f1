"""Trading fours with livejam, recorded by Ardour, which is clock master; what it recorded is measured.

usage: python tools/lab/ardour_check.py [BARS [BPM]]    on a JACK server that runs: tools/lab/ardour.sh starts one

A player (a JACK client that knows nothing of livejam) plays four bars on Ardour's clock and rests for four; livejam
listens to the player and the clock on one port, and its answers go onto a track of Ardour's. Times in the recording
are beats of Ardour's bars. The exit code is 1 if anything that is demanded is not met.
"""

import os
import statistics
import sys
import time
from pathlib import Path

from ardour_world import Ardour, Note, Player
from findings import Findings
from jam_process import ROOT, Jam

TRADE = 4  # bars
BAR = 4  # beats
RATE = 48_000  # frames a second
DOWNBEAT_MS = 10.0  # from the bar line to the first note of an answer, at most, and a period of JACK
EARLY = 0.05  # beats before its bars that a note of livejam's still counts as in them
PATIENCE = 30.0  # seconds for livejam to get ready

# Parts of four bars: onset and length in beats, pitch. Some end well before the bar line at 16, some right before it.
# The first does not begin with the first pulse: Ardour does not record that.
TUNES: tuple[list[Note], ...] = (
    [
        *(
            (0.5, 0.5, 60),
            (1, 0.5, 65),
            (1.5, 0.5, 69),
            (2, 1.5, 68),
            (4, 1, 69),
            (5, 0.5, 65),
            (5.5, 0.5, 64),
            (6, 1.5, 62),
        ),
        *(
            (8, 0.5, 62),
            (8.5, 0.5, 64),
            (9, 0.5, 65),
            (9.5, 0.5, 67),
            (10, 1, 69),
            (11, 1, 72),
            (12, 1, 70),
            (13, 2, 69),
        ),
    ],
    [
        *(
            (0, 1, 67),
            (1, 0.5, 69),
            (1.5, 0.5, 71),
            (2, 1, 74),
            (3.5, 0.5, 71),
            (4, 2, 69),
            (8, 0.5, 67),
            (8.5, 0.5, 71),
        ),
        *(
            (9, 1, 74),
            (10, 1, 76),
            (11, 0.5, 74),
            (11.5, 0.5, 71),
            (12, 1, 69),
            (13, 1, 71),
            (14, 1, 67),
            (15, 0.95, 69),
        ),
    ],
    [
        *(
            (0, 0.5, 72),
            (0.5, 0.5, 71),
            (1, 0.5, 69),
            (1.5, 0.5, 67),
            (2, 2, 64),
            (4, 0.5, 65),
            (4.5, 0.5, 67),
            (5, 3, 69),
        ),
        *((8, 1, 72), (9, 1, 71), (10, 2, 67), (12, 0.5, 64), (12.5, 0.5, 65), (13, 1, 67), (14.5, 0.5, 60)),
    ],
)


def main(bars: int = 24, bpm: float = 110.0) -> int:
    """Record and measure; return the exit code."""
    trades = max(1, bars // (2 * TRADE))
    part = [
        (onset + 2 * TRADE * BAR * trade, length, pitch)
        for trade in range(trades)
        for onset, length, pitch in TUNES[trade % len(TUNES)]
    ]
    folder = ROOT / "build/lab/ardour"
    found = Findings()
    seconds = (2 * TRADE * trades * BAR + 0.5) * 60 / bpm
    with Ardour(folder, seconds, bpm) as ardour, Player(part) as player:
        found.note("Ardour came up at start number", str(ardour.starts))
        arguments = ("--turns", f"bars:{TRADE}", "--clock", "midi", "--metre", "4/4", "--seed", "1", "--no-record")
        with Jam(*arguments, patience=PATIENCE) as jam:
            found.note("livejam is ready after", f"{jam.begun:.1f} s")
            player.connect("ardour:MIDI Clock out", "livejam_in:in", "ardour:player/midi_in 1")
            player.wire("ardour:MIDI Clock out", "livejam_in:in")
            player.wire("livejam_out:out", "ardour:livejam/midi_in 1")
            time.sleep(1.0)
            ardour.roll()
            code = jam.end()
        found.demand("livejam ends by Ctrl-C with exit code 0", str(code), code == 0, [line for _, line in jam.said])
        measure(found, ardour, part, trades, bpm, [line for _, line in jam.said])
    return found.conclude()


def measure(found: Findings, ardour: Ardour, part: list[Note], trades: int, bpm: float, said: list[str]) -> None:
    """Judge what Ardour recorded."""
    played, hanging = ardour.recorded("player")
    shifts = [(kept[0] - note[0]) * 60_000 / bpm for kept, note in zip(played, sorted(part), strict=False)]
    same = [pitch for _, _, pitch in played] == [pitch for _, _, pitch in sorted(part)]
    found.demand("notes of the player, recorded of played", f"{len(played)} of {len(part)}", same and not hanging)
    found.note("   later than the clock it was played to", spread(shifts))
    answers, hanging = ardour.recorded("livejam")
    found.demand("notes of livejam without an end", f"{hanging} of {len(answers)}", not hanging, said)
    errors, outside = [], len(answers)
    for trade in range(trades):
        line = (2 * trade + 1) * TRADE * BAR
        own = [onset for onset, _, _ in answers if line - EARLY * BAR <= onset < line + TRADE * BAR - EARLY]
        outside -= len(own)
        errors += [(own[0] - line) * 60_000 / bpm] if own else []
        found.note(f"   answer {trade + 1}, from bar {line // BAR + 1}", f"{len(own)} notes, {spread(errors[-1:])}")
    found.demand("trades answered", f"{len(errors)} of {trades}", len(errors) == trades, said)
    found.demand("notes of livejam outside its bars", str(outside), not outside, said)
    allowed = DOWNBEAT_MS + int(os.environ.get("JACK_PERIOD", "128")) / RATE * 1000
    worst = max(map(abs, errors), default=float("inf"))
    found.demand(f"first notes against the bar line, within {allowed:.1f}", spread(errors), worst <= allowed, said)


def spread(values: list[float]) -> str:
    """Median, 99th percentile and extremes in words; milliseconds."""
    if len(values) < 2:
        return f"{values[0]:+.2f} ms" if values else "none"
    ordered = sorted(values, key=abs)
    p99 = ordered[min(len(ordered) - 1, round(0.99 * (len(ordered) - 1)))]
    return f"median {statistics.median(values):+.2f}, p99 {p99:+.2f}, max {ordered[-1]:+.2f} ms"


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    sys.exit(main(*(kind(text) for kind, text in zip((int, float), sys.argv[1:], strict=False))))
