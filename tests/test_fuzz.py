"""Any bytes, at any time, in any mode, while anything breaks: every note ends, all is recorded, and the jam goes on."""

import random
from collections.abc import Iterator

import pytest
from conftest import Parrot
from hypothesis import given, settings
from hypothesis import strategies as st
from soak.musician import GARBAGE, SIGNS, Musician
from soak.scene import Deed, Scene, Wire

from livejam.clock import MidiClock, SteadyClock
from livejam.events import Gesture, LinkState, Pedal, SongPosition
from livejam.messages import MessageReader
from livejam.modes import ModeChosen, Silence, read_mode
from livejam.notes import Metre, NoteOff, NoteOn
from livejam.stage import Settings

MODES = ("silence", "silence:0.3", "bars:1", "bars:2", "pedal", "cc:20", "note:36")
FAULTS = ("unplug", "plug", "look", "die", "revive", "hang", "leap", "far leap")
QUIET = 60.0  # seconds after which any turn is over
PHRASE = [(0.4 * number, pitch, 0.3) for number, pitch in enumerate((60, 64, 67, 72))]

keys = st.tuples(st.sampled_from((0x80, 0x90, 0x90)), st.integers(55, 60), st.sampled_from((0, 1, 64, 127)))
channel = st.builds(
    lambda kind, channel, a, b: bytes((kind << 4 | channel, a, b)),
    *(st.integers(0x8, 0xE), st.integers(0, 15), st.integers(0, 127), st.integers(0, 127)),
)
mode_messages = st.builds(lambda number: bytes((0xB0, number, 0)), st.integers(118, 127))
realtime = st.sampled_from([b"\xf8", b"\xf8", b"\xfa", b"\xfb", b"\xfc", b"\xf2\x10\x00", b"\xf2\x7f\x7f", b"\xf2\x01"])
messages = st.one_of(
    keys.map(bytes), channel, mode_messages, realtime, st.sampled_from(GARBAGE), st.binary(max_size=8),
    st.sampled_from(SIGNS).map(bytes),
)  # fmt: skip
steps = st.sampled_from((0.0, 0.0005, 0.01, 0.1, 0.3, 0.7, 1.2, 5.0, 40.0))
happenings = st.one_of(messages, messages, messages, st.sampled_from(MODES), st.sampled_from(FAULTS))
beats = st.sampled_from((lambda: None, lambda: SteadyClock(100.0, 2.0), MidiClock))
rules = st.builds(
    Settings,
    mode=st.sampled_from(MODES).map(read_mode),
    min_notes=st.integers(1, 3),
    metre=st.sampled_from((None, Metre(4, 4), Metre(7, 8))),
    on_beat=st.booleans(),
    answer_channel=st.sampled_from((1, 16)),
    click=st.sampled_from((None, 10)),
    output_latency=st.sampled_from((0.0, 0.1)),
)


def scene_of(rules: Settings, beat=None, ahead: float = 0.0) -> Scene:
    """A jam by those rules; a click needs a beat."""
    if beat is None and rules.click:
        beat = MidiClock()
    return Scene(Parrot(), rules, beat, Wire(ahead), random.Random(1), 0.002)


def done(scene: Scene, what: "bytes | str") -> None:
    """Have it happen."""
    now = scene.clock.now
    match what:
        case bytes():
            scene.wire.play(what)
        case "hang":
            scene.network.hang(3.0)
        case "leap":
            scene.inbox.leap(2.0)
        case "far leap":
            scene.inbox.leap(8 * 3600.0)
        case "die" | "revive":
            getattr(scene.network, what)()
        case "unplug" | "plug" | "look":
            getattr(scene, what)()
        case str():
            scene.inbox.put(now, ModeChosen(read_mode(what)))


def script(scene: Scene, events: "list[tuple[float, bytes | str]]") -> Iterator[Deed]:
    """Play `events`, (seconds after the one before, what), then mend all, rest, and play a phrase."""
    at = 1.0
    for step, what in events:
        at += step
        yield at, lambda what=what: done(scene, what)
    for what in ("plug", "look", "revive"):
        yield at + 1.0, lambda what=what: done(scene, what)
    yield at + 1.1, lambda: scene.inbox.put(scene.clock.now, ModeChosen(Silence()))
    yield at + 1.2, lambda: done(scene, b"\xb0\x79\x00")
    yield from phrase(scene, at + QUIET)


def phrase(scene: Scene, at: float) -> Iterator[Deed]:
    """Play a phrase; some seconds later it must have been answered."""
    for onset, pitch, length in PHRASE:
        yield at + onset, lambda pitch=pitch: done(scene, bytes((0x90, pitch, 80)))
        yield at + onset + length, lambda pitch=pitch: done(scene, bytes((0x80, pitch, 0)))
    heard: list[int] = []
    yield at + 1.5, lambda: heard.append(scene.wire.ons)
    yield at + 12.0, lambda: answered(scene, heard[0])


def answered(scene: Scene, before: int) -> None:
    """Livejam has played since."""
    assert scene.wire.ons >= before + len(PHRASE), f"no answer; {scene.witness.warnings}"


@given(st.lists(st.one_of(messages, st.binary(max_size=40)), max_size=60), st.sampled_from((None, 1, 16)))
def test_any_bytes_are_read(stream, only):
    reader = MessageReader(only)
    for message in stream:
        for event in reader.read(message):
            match event:
                case NoteOn(pitch, velocity):
                    assert 0 <= pitch <= 127
                    assert 1 <= velocity <= 127
                case NoteOff(pitch):
                    assert 0 <= pitch <= 127
                case SongPosition(place):
                    assert 0 <= place < 1 << 14
                case Gesture(kept):
                    assert 2 <= len(kept) <= 3
                case Pedal() | LinkState():
                    pass


@settings(max_examples=250)
@given(st.lists(st.tuples(steps, messages), max_size=80), rules, beats, st.sampled_from((0.0, 0.0077)))
def test_any_bytes_in_any_mode_leave_nothing_behind(events, rules, beat, ahead):
    scene = scene_of(rules, beat(), ahead)
    scene.run(script(scene, events))


@settings(max_examples=250)
@given(st.lists(st.tuples(steps, happenings), max_size=60), rules, beats, st.sampled_from((0.0, 0.0077)))
def test_whatever_breaks_the_jam_goes_on(events, rules, beat, ahead):
    scene = scene_of(rules, beat(), ahead)
    scene.run(script(scene, events))


@pytest.mark.parametrize("mode", MODES)
def test_two_thousand_messages_a_second_are_survived(mode):
    scene = scene_of(Settings(mode=read_mode(mode)), MidiClock())
    chance = random.Random(mode)
    flood = [(0.0005, chance.randbytes(3)) for _ in range(4000)]
    kinds = (0x80, 0x90, 0x90, 0xB0, 0xE0)
    flood += [
        (0.0005, bytes((chance.choice(kinds) | chance.randrange(16), chance.randrange(128), chance.randrange(128))))
        for _ in range(4000)
    ]
    scene.run(script(scene, flood))
    assert scene.played > 4000


@pytest.mark.parametrize("mode", MODES)
def test_a_clock_at_a_thousand_bpm_is_told_of_and_played_without(mode):
    scene = scene_of(Settings(mode=read_mode(mode)), MidiClock())
    tune = [timed for _ in range(3) for timed in Musician(random.Random(4)).melody()]
    pulses = [(0.0025 * number, b"\xf8") for number in range(4000)]
    last, events = 0.0, []
    for at, message in sorted([*pulses, *tune]):
        events.append((at - last, message))
        last = at
    scene.run(script(scene, events))
    assert any("bpm" in warning for warning in scene.witness.warnings)
    assert sum(count for text, count in scene.witness.kinds.items() if "bpm" in text) <= 2, "it is told again and again"


@pytest.mark.parametrize("jump", [0.5, 10.0, 3600.0, 7 * 24 * 3600.0])
@pytest.mark.parametrize("moment", [0.2, 1.4, 2.0, 2.6, 3.2, 4.5, 30.0])
@pytest.mark.parametrize("beat", [lambda: None, lambda: SteadyClock(120.0, 0.0)])
def test_a_machine_that_slept_goes_on_where_it_is(jump, moment, beat):
    """While idle, listening, deciding, answering, and after."""
    scene = scene_of(Settings(), beat())
    counts: list[int] = []

    def deeds() -> Iterator[Deed]:
        tune = [(1.0 + 0.4 * n, bytes((0x90, 60 + n, 80))) for n in range(4)]
        tune += [(1.3 + 0.4 * n, bytes((0x80, 60 + n, 0))) for n in range(4)]
        tune += [(moment, b"leap"), (moment + 0.05, b"after")]
        for at, what in sorted(tune):
            if what == b"leap":
                yield at, lambda: (counts.append(scene.wire.ons), scene.inbox.leap(jump))
            elif what == b"after":
                yield at, lambda: counts.append(scene.wire.ons)
            else:
                yield at, lambda what=what: done(scene, what)
        yield from phrase(scene, QUIET)

    scene.run(deeds())
    assert counts[1] - counts[0] <= 4, "stale notes in a burst"


@pytest.mark.parametrize("away", [0.1, 0.5, 3.0, 100.0])
@pytest.mark.parametrize("moment", [0.2, 1.4, 2.0, 2.6, 3.2, 3.7, 4.5, 30.0])
def test_a_port_may_go_in_every_state(moment, away):
    scene = scene_of(Settings())
    tune = [(1.0 + 0.4 * n, bytes((0x90, 60 + n, 80))) for n in range(4)]
    tune += [(1.3 + 0.4 * n, bytes((0x80, 60 + n, 0))) for n in range(4)]
    faults = [(moment, "unplug"), (moment + 0.2, "look"), (moment + 0.2 + away, "plug"), (moment + 0.4 + away, "look")]

    def deeds() -> Iterator[Deed]:
        for at, what in sorted([*tune, *faults], key=lambda timed: timed[0]):
            yield at, lambda what=what: done(scene, what)
        yield from phrase(scene, QUIET + moment + away)

    scene.run(deeds())
    assert any("is gone" in warning for warning in scene.witness.warnings)
    assert any("is back" in warning for warning in scene.witness.warnings)
