#!/usr/bin/env python3
"""Measure how far ahead, and in how long spans, a band should be made up: a table, in virtual time.

    python tools/lookahead.py [--model exported/accompany.onnx] [--changes 12] [--looks 0,0.25,0.5,1] [--spans 1,2,4]

The network is the real one. The player is the one of `livejam bench`: broken chords in eighths, going on to a far key
every three bars. A span takes as long as its network's processor time, so that a busy machine makes no difference, and
a millisecond on the way. Rows are look-aheads in beats, columns are spans in beats. That player never strikes a key in
the last quarter of a beat before a bar line; who does has more made up anew.
"""

import argparse
import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from livejam.accompanist import load_accompanist
from livejam.alongsettings import AlongSettings
from livejam.arranger import Arranger, Player
from livejam.band import BandSettings, BandTally
from livejam.bench.backing import BandTake, Change
from livejam.bench.takes import BEATS, BPM, KEPT, broken_chords, key_root
from livejam.bench.wire import Timed
from livejam.clock import RampClock
from livejam.events import Gesture
from livejam.messages import to_message
from livejam.notes import Cue, Note
from livejam.playalong import Accompaniment
from livejam.spans import Span
from livejam.stage import Stage
from livejam.virtual import NoRecorder, ScriptedInbox, SilentScreen, VirtualClock, key_events

WAY = 0.001  # seconds from the session to the network and back
START = 1.0  # seconds: the first beat
CELLS = "of what was made up, played; new key taken up after (median); never; spans that did not come in time"
LEAD_IN = 2  # bars of the band alone
BEAT = 60 / BPM  # seconds


def main() -> None:
    """Do as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, help="the network; else the one that comes along")
    parser.add_argument("--changes", type=int, default=12, help="of key")
    parser.add_argument("--looks", type=numbers, default=(0.0, 0.25, 0.5, 1.0), help="beats ahead")
    parser.add_argument("--spans", type=numbers, default=(1.0, 2.0, 4.0), help="beats")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    player = load_accompanist(asked.model, asked.seed, None)
    columns = (f"spans of {span:g}" for span in asked.spans)
    table = Table("look-ahead", *columns, title=f"beats, at {BPM:g} bpm", caption=CELLS)
    for look in asked.looks:
        table.add_row(f"{look:g}", *(in_words(*play(player, span, look, asked.changes)) for span in asked.spans))
    Console().print(table)


def numbers(text: str) -> tuple[float, ...]:
    """Return numbers with commas between them."""
    return tuple(float(number) for number in text.split(","))


def in_words(take: BandTake, tally: BandTally) -> str:
    """Return what came of it."""
    reactions = [reaction for reaction in take.reactions if reaction is not None]
    soon = f"{median(reactions):.2f} s" if reactions else "-"
    played = f"{100 * tally.played / tally.made:.0f} %" if tally.made else "-"
    return f"{played}, {soon}, {take.reactions.count(None)}/{len(take.changes)}, {tally.missed}/{tally.spans}"


def play(player: Player, span: float, look_ahead: float, changes: int) -> tuple[BandTake, BandTally]:
    """Have the band play along with the player of the bench."""
    clock = VirtualClock()
    inbox, output = ScriptedInbox(clock), WireOutput(clock)
    starts = [START + BEAT * BEATS * (LEAD_IN + KEPT * number) for number in range(changes + 2)]
    notes = (Note(starts[0] + at * BEAT, pitch, 90, beats * BEAT) for at, pitch, beats in broken_chords(changes + 1))
    for at, event in key_events(notes):
        inbox.put(at, event)
    stage = Stage(clock, inbox, output, SilentScreen(), NoRecorder(), RampClock(BPM, START))
    partner = Patient(player, clock, inbox)
    session = Accompaniment(stage, partner, AlongSettings(BandSettings(span=span, look_ahead=look_ahead)))
    session.run()
    gone = [
        Change(at, until, key_root(number), key_root(number + 1))
        for number, (at, until) in enumerate(pairwise(starts[1:]))
    ]
    return BandTake(tuple(output.sent), tuple(gone), 0.0, START, BPM, BEATS), session.tally


class Patient:
    """A network that takes its time: replies arrive when it would be done. Fits `stage.Partner`."""

    def __init__(self, player: Player, clock: VirtualClock, inbox: ScriptedInbox) -> None:
        self._arranger, self._clock, self._inbox = Arranger(player), clock, inbox
        self._free = 0.0  # seconds: from when on it is idle

    def tell(self, span: Span) -> None:
        """Make a span up, and have it arrive later."""
        self._arranger.take(span)
        began = time.process_time()
        reply = self._arranger.work()
        self._free = max(self._free, self._clock.now) + time.process_time() - began
        self._inbox.put(self._free + WAY, reply)


@dataclass
class WireOutput:
    """An output that keeps what was sent as a wire would."""

    clock: VirtualClock
    sent: list[Timed] = field(default_factory=list)
    ahead = 0.0

    def send(self, cue: Cue) -> None:
        """Keep a message."""
        self.sent.append((self.clock.now, bytes(to_message(cue.message, cue.channel))))

    def set_up(self, gesture: Gesture, channel: int) -> None:
        """Keep nothing: it is no note."""


if __name__ == "__main__":
    main()
