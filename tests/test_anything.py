"""Anything that can happen to a jam, in any order, at any time: the session goes on, and leaves nothing sounding."""

from collections import defaultdict
from dataclasses import dataclass, field

from conftest import Parrot, World, unmatched
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from livejam.clock import MidiClock, SteadyClock
from livejam.composer import Complete, Composed, Forgotten, Heard, Lost
from livejam.events import (
    ClockContinue,
    ClockPulse,
    ClockStart,
    ClockStop,
    Gesture,
    Pedal,
    PortBack,
    PortLost,
    SongPosition,
)
from livejam.modes import Bars, ModeChosen, Signal, Silence
from livejam.notes import Cue, Metre, NoteOff, NoteOn, TickNote
from livejam.stage import Settings
from livejam.virtual import VirtualClock

SIGN = 72  # a key that may be a signal
CONTROL = 20
pitches = st.sampled_from([60, 61, 62, SIGN])
signals = [Signal("pedal"), Signal("cc", CONTROL), Signal("note", SIGN)]
modes = st.sampled_from([Silence(0.6), Silence(0.1), Silence(), Bars(1), Bars(2), *signals])
waits = st.one_of(st.just(0.0), st.floats(0, 0.2), st.floats(0, 2), st.sampled_from([0.12, 0.5, 0.6, 2.0]))
PATIENCE = 60.0  # seconds after the last event: by then everything is over


class Wild(Parrot):
    """Answers with overlaps, chords, retriggered pitches, long notes, and sometimes with trouble."""

    def answer(self, request):
        self.requests.append(request)
        place = request.first or request.call[-1].onset
        for number, note in enumerate(request.call * 3):
            place += (0, 5, 12, 30)[(note.pitch + number) % 4]
            yield TickNote(place, 60 + note.pitch % 3, 1 + 40 * (number % 3), note.velocity if number % 5 else 0)

    def better(self, request, first):
        yield from (None,) * len(first)
        if len(first) % 2:
            yield tuple(first[::2])


@dataclass
class Output:
    """Keeps every cue, and when it was sent."""

    clock: VirtualClock
    ahead: float
    cues: list[tuple[float, Cue]] = field(default_factory=list)

    def send(self, cue):
        """Keep the cue."""
        self.cues.append((self.clock(), cue))


class Jam(RuleBasedStateMachine):
    """A script is written by the rules, and played in the end."""

    @initialize(
        mode=modes,
        bpm=st.sampled_from([None, 113.0]),
        metre=st.sampled_from([None, Metre(3, 4), Metre(4, 4, 24)]),
        beat=st.sampled_from(["none", "midi", "steady"]),
        click=st.sampled_from([None, 10]),
        on_beat=st.booleans(),
        rare=st.tuples(st.sampled_from([0.0, 0.05]), st.sampled_from([0.0, 0.03]), st.integers(1, 3)),
        costs=st.none() | st.tuples(st.floats(0, 0.5), st.floats(0, 1.0)),
    )
    def begin(self, mode, bpm, metre, beat, click, on_beat, rare, costs):
        """Choose what can be chosen."""
        self.world = World()
        self.world.brain = Wild()
        self.ahead, latency, min_notes = rare
        self.world.settings = Settings(
            mode, min_notes, bpm=bpm, metre=metre, on_beat=on_beat, click=click, output_latency=latency
        )
        self.world.beat = {"none": None, "midi": MidiClock(), "steady": SteadyClock(100.0, 1.0)}[beat]
        heard, composed = costs or (0.0, 0.0)
        self.world.cost = lambda reply: {Heard: heard, Composed: composed, Complete: 0.001}.get(type(reply), 0.01)
        self.now, self.stopped = 1.0, None
        self.played = []

    def _happen(self, event):
        self.world.happen(self.now, event)
        if isinstance(event, NoteOn | NoteOff | Pedal | Gesture) and self.stopped is None:
            self.played.append((self.now, event))

    @rule(wait=waits)
    def time_passes(self, wait):
        """Nothing happens for a while."""
        self.now += wait

    @rule(pitch=pitches, velocity=st.integers(1, 127), length=st.none() | waits)
    def key(self, pitch, velocity, length):
        """A key goes down, and comes up unless it is stuck."""
        self._happen(NoteOn(pitch, velocity))
        if length is not None:
            self.now += length
            self._happen(NoteOff(pitch))

    @rule(count=st.integers(2, 12), step=st.sampled_from([0.11, 0.25, 0.5]))
    def phrase(self, count, step):
        """The player plays a phrase."""
        for number in range(count):
            self._happen(NoteOn(60 + number, 80))
            self.now += step * 0.8
            self._happen(NoteOff(60 + number))
            self.now += step * 0.2

    @rule(pitch=pitches)
    def release(self, pitch):
        """A key comes up, whether it was down or not."""
        self._happen(NoteOff(pitch))

    @rule(down=st.booleans())
    def pedal(self, down):
        """The pedal moves."""
        self._happen(Pedal(down))

    @rule(status=st.sampled_from([0xB0, 0xE0, 0xD0]), value=st.integers(0, 127))
    def gesture(self, status, value):
        """A controller moves, among others the one that may be a signal."""
        self._happen(Gesture((status, CONTROL, value) if status != 0xD0 else (status, value)))

    @rule(mode=modes)
    def choose(self, mode):
        """The player takes turns by another mode."""
        self._happen(ModeChosen(mode))

    @rule(bpm=st.floats(40, 300), beats=st.integers(1, 12), song=st.sampled_from([None, ClockStart(), ClockContinue()]))
    def clock(self, bpm, beats, song):
        """A clock runs for some beats beside all else."""
        if song:
            self._happen(song)
        for pulse in range(beats * 24):
            self.world.happen(self.now + pulse * 60 / bpm / 24, ClockPulse())

    @rule(event=st.one_of(st.just(ClockStop()), st.builds(SongPosition, st.integers(0, 99))))
    def song(self, event):
        """The sequencer stops or moves."""
        self._happen(event)

    @rule(event=st.sampled_from([PortLost("Piano"), PortBack("Piano")]))
    def port(self, event):
        """The port goes or comes."""
        self._happen(event)

    @rule(away=st.floats(0, 3))
    def network_dies(self, away):
        """The network dies and is started anew."""
        if self.now > max((until for _, until in self.world.deaths), default=0.0):
            self.world.deaths.append((self.now, self.now + away))
            self._happen(Lost("signal SIGKILL"))
            self.world.happen(self.now + away, Forgotten())

    @rule()
    def network_forgets(self):
        """The network has to be told everything again."""
        self._happen(Forgotten())

    @rule()
    def stop(self):
        """Ctrl-C."""
        if self.stopped is None:
            self.stopped = self.now
            self.world.stop(self.now)

    def teardown(self):
        """Play the script, and look at what came of it."""
        if not hasattr(self, "world"):
            return
        self.world.stop(self.now + PATIENCE)
        output = Output(self.world.clock, self.ahead)
        self.world.run(output=output)
        self._nothing_is_left_sounding(output.cues)
        self._all_is_kept()
        turns = [turn for _, turn in self.world.screen.states]
        assert turns == sorted(turns)

    def _nothing_is_left_sounding(self, cues):
        early = self.ahead + self.world.settings.output_latency + 1e-9
        by_channel, by_key = defaultdict(list), defaultdict(list)
        for now, cue in cues:
            assert cue.at <= now + early
            by_channel[cue.channel].append(cue.message)
            by_key[cue.channel, cue.message.pitch].append(cue.at)
        assert not any(unmatched(messages) for messages in by_channel.values())
        if self.ahead == 0.0:
            times = [now for now, _ in cues]
            assert times == sorted(times)
        for times in by_key.values():  # of its note-ons and note-offs in turn
            assert all(on <= off for on, off in zip(times[::2], times[1::2], strict=True))

    def _all_is_kept(self):
        kept = [(time, event) for time, event, player in self.world.recorder.messages if player]
        assert kept == self.played[: len(kept)]
        if self.stopped is None:
            assert len(kept) == len(self.played)
        else:
            assert all(time >= self.stopped for time, _ in self.played[len(kept) :])


TestAnything = Jam.TestCase
TestAnything.settings = settings(
    max_examples=150, stateful_step_count=30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
