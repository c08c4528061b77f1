"""The soak in virtual time: thousands of turns of jams in which everything goes wrong, with any brain."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from heapq import merge

from livejam.clock import Clock, MidiClock, SteadyClock
from livejam.composer import Brain
from livejam.modes import ModeChosen, read_mode
from livejam.notes import Metre
from livejam.stage import Settings
from soak.musician import Musician, Sequencer
from soak.scene import Deed, Scene, Wire, accidents

MODES = ("silence", "silence:0.3", "silence:1", "bars:1", "bars:2", "bars:4", "pedal", "cc:20", "note:36")


@dataclass
class Sums:
    """What came of it."""

    jams: int = 0
    turns: int = 0
    answers: int = 0
    guesses: int = 0
    used: int = 0
    late: int = 0  # notes that were dropped
    ons: int = 0
    offs: int = 0
    modes: set[str] = field(default_factory=set)

    def add(self, scene: Scene) -> None:
        """Add one jam."""
        tally = scene.session.tally
        self.jams += 1
        self.turns += scene.witness.turns
        self.answers += tally.answers
        self.guesses += tally.guesses
        self.used += tally.used
        self.late += scene.session.late_notes
        self.ons += scene.wire.ons
        self.offs += scene.wire.offs

    def __str__(self) -> str:
        return (
            f"{self.jams} jams, {self.turns} turns, {self.answers} answers, guesses {self.guesses} of which used "
            f"{self.used}, late notes {self.late}, note-ons {self.ons}, note-offs {self.offs}"
        )


def jam(brain: Brain, seed: int, turns: int, sums: Sums) -> None:
    """Jam for so many turns, with settings and troubles out of `seed`."""
    chance = random.Random(seed)
    kind = seed % 4  # free, with a tempo that is given, along a MIDI clock, on one bus
    beat: Clock | None = {1: SteadyClock(chance.uniform(60, 200), 2.0), 2: MidiClock()}.get(kind)
    settings = Settings(
        mode=read_mode(chance.choice(MODES)),
        metre=chance.choice((None, Metre(4, 4), Metre(3, 4), Metre(6, 8))),
        min_notes=chance.choice((1, 1, 3)),
        on_beat=chance.random() < 0.8,
        answer_channel=chance.choice((1, 5)),
        click=10 if beat and chance.random() < 0.5 else None,
        shared_bus=kind == 3,
        output_latency=chance.choice((0.0, 0.05)),
    )
    wire = Wire(chance.choice((0.0, 0.0077)), bus=kind == 3)
    scene = Scene(brain, settings, beat, wire, chance, chance.choice((0.0, 0.002, 0.05)), turns)
    brain.restart()
    streams = [played(scene, Musician(random.Random(seed + 1)).stream()), accidents(scene, random.Random(seed + 2))]
    streams.append(switches(scene, random.Random(seed + 3), sums.modes))
    if isinstance(beat, MidiClock):
        streams.append(played(scene, Sequencer(random.Random(seed + 4)).stream()))
    scene.run(merge(*streams, key=lambda deed: deed[0]))
    sums.add(scene)


def played(scene: Scene, stream: Iterator[tuple[float, bytes]]) -> Iterator[Deed]:
    """Have the messages of `stream` come in."""
    for at, message in stream:
        yield at, lambda message=message: scene.wire.play(message)  # type: ignore[misc]


def switches(scene: Scene, chance: random.Random, used: set[str]) -> Iterator[Deed]:
    """Take turns by another mode now and then."""
    at = 0.0
    while True:
        at += chance.expovariate(1 / 120)
        yield at, lambda: choose(scene, chance.choice(MODES), used)


def choose(scene: Scene, mode: str, used: set[str]) -> None:
    """Take turns by that mode."""
    used.add(mode)
    scene.inbox.put(scene.clock.now, ModeChosen(read_mode(mode)))


def jams(brain: Brain, turns: int, seed: int, each: int, told: Callable[[Sums], None]) -> Sums:
    """Jam until there were so many turns, `each` at a time; `told` hears how it goes."""
    sums = Sums()
    while sums.turns < turns:
        jam(brain, seed + 10 * sums.jams + sums.jams % 4, min(each, turns - sums.turns), sums)
        told(sums)
    return sums
