"""The soak, briefly: hundreds of turns in virtual time among things that break. The long form is `make soak`."""

import random
import sys
from heapq import merge

import pytest
from soak.double import Double
from soak.longrun import MODES, Sums, jam, played, switches
from soak.musician import Musician, Sequencer
from soak.scene import Deed, Scene, Wire, accidents

from livejam.clock import MidiClock
from livejam.stage import Settings

TURNS = 1500  # in all
FLAT = 2000  # blocks of memory by which a jam may grow while it goes on, once it is warm


@pytest.mark.parametrize("seed", range(1000, 1012))
def test_whatever_breaks_every_note_ends_and_all_is_recorded(seed):
    sums = Sums()
    jam(Double(), seed, TURNS // 12, sums)
    assert sums.turns == TURNS // 12
    assert sums.answers > sums.turns / 2
    assert sums.modes <= set(MODES)


def test_a_long_jam_needs_no_more_memory():
    scene = Scene(Double(), Settings(), MidiClock(), Wire(), random.Random(1), 0.002, 500)
    blocks = []

    def count(at):
        while True:
            at += 120.0
            yield at, lambda: blocks.append(sys.getallocatedblocks())

    streams = [
        played(scene, Musician(random.Random(2)).stream()),
        played(scene, Sequencer(random.Random(3)).stream()),
        accidents(scene, random.Random(4)),
        switches(scene, random.Random(5), set()),
        count(0.0),
    ]
    scene.run(merge(*streams, key=when))
    third = len(blocks) // 3
    assert third > 3
    assert min(blocks[-third:]) - min(blocks[third : 2 * third]) < FLAT


def when(deed: Deed) -> float:
    """When it is done."""
    return deed[0]
