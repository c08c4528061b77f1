"""Whole drills in virtual time: what is played is heard, scored and told, and nothing is left sounding."""

from collections import Counter
from dataclasses import replace

import pytest
from conftest import Parrot, Recorder, Screen, unmatched
from hypothesis import given, settings
from hypothesis import strategies as st

from livejam.clock import SteadyClock
from livejam.composer import Composer, Forgotten, Lost
from livejam.drill import NOTHING_NEW, Drill
from livejam.drilling import Kind, Plan
from livejam.errors import PortError
from livejam.events import Gesture, Pedal, PortBack, PortLost, Stop
from livejam.exercises import Ask
from livejam.modes import USUAL
from livejam.notes import Metre, Note, NoteOff, NoteOn
from livejam.scoring import Verdict
from livejam.stage import Settings, Stage
from livejam.turns import State
from livejam.virtual import LocalPartner, RecordingOutput, ScriptedInbox, VirtualClock, key_events

BPM, START = 120.0, 3.0
BAR = 2.0  # seconds
ROUND = 5 * BAR  # two bars of livejam's, two of the player's, a rest
TICK = 60 / BPM / 24


class Room(RecordingOutput):
    """An output, and a player who hears it and plays it back two bars later, as `play` says."""

    def __init__(self, clock, inbox, play=None):
        super().__init__(clock)
        self.inbox, self.play, self.heard = inbox, play, 0
        self.cues = []

    def send(self, cue):
        super().send(cue)
        self.cues.append(cue)
        if cue.channel == 1 and self.play and isinstance(cue.message, NoteOn):
            note = Note(cue.at + 2 * BAR, cue.message.pitch, 80, 0.15)
            for each in self.play(self.heard, note):
                for time, event in key_events([each]):
                    self.inbox.put(max(time, self.clock.now), event)
            self.heard += 1


class Hall:
    """Everything that a drill takes."""

    def __init__(self, play=None, rounds=3, kind=Kind.ECHO, level=2, brain=None, network=True):
        self.clock = VirtualClock()
        self.inbox = ScriptedInbox(self.clock)
        self.partner = LocalPartner(Composer(brain or Parrot()))
        if network:
            self.inbox.partner = self.partner
        self.output = Room(self.clock, self.inbox, play)
        self.screen, self.recorder = Screen(), Recorder()
        self.settings = Settings(*USUAL, bpm=BPM, click=10, count_in=1)
        self.plan = Plan(kind, Ask(2, Metre(4, 4), BPM, 1, None, 1), level, rounds)

    def run(self, output=None):
        beat = SteadyClock(BPM, START)
        stage = Stage(self.clock, self.inbox, output or self.output, self.screen, self.recorder, beat)
        drill = Drill(stage, self.screen, self.partner, self.settings, self.plan)
        drill.run()
        return drill

    def sent(self, channel=1):
        return [cue for cue in self.output.cues if cue.channel == channel]


def exactly(number, note):
    return [note]


def test_who_plays_everything_back_has_everything_right_and_rises():
    hall = Hall(exactly, rounds=5)
    rounds = hall.run().rounds
    assert [each.exercise.level for each in rounds] == [2, 3, 4, 5, 5]
    assert all(each.score.points == 100 for each in rounds)
    assert [line.partition(" (")[0] for line in hall.screen.lines] == [
        f"echo: {n} of {n} notes" for n in (len(each.exercise.notes) for each in rounds)
    ]
    assert hall.screen.warnings == []


def test_every_phrase_begins_on_its_bar_line():
    hall = Hall(exactly, rounds=4)
    rounds = hall.run().rounds
    ons = [cue.at for cue in hall.sent() if isinstance(cue.message, NoteOn)]
    expected = [START + n * ROUND + note.onset * TICK for n, each in enumerate(rounds) for note in each.exercise.notes]
    assert ons == pytest.approx(expected)
    assert all(each.exercise.notes[0].onset == 0 for each in rounds)


def test_the_planted_mistakes_are_named_and_nothing_else():
    plant = {1: lambda note: [replace(note, pitch=note.pitch + 1)], 3: lambda note: []}
    hall = Hall(lambda number, note: plant.get(number, lambda note: [note])(note), rounds=1)
    (only,) = hall.run().rounds
    assert [match.verdict for match in only.score.matches] == [
        {1: Verdict.WRONG, 3: Verdict.MISSING}.get(n, Verdict.RIGHT) for n in range(len(only.exercise.notes))
    ]
    assert only.score.extra == ()
    assert only.score.out_of_time == ()


def test_a_late_note_is_late_by_what_it_was():
    hall = Hall(lambda number, note: [replace(note, onset=note.onset + 0.08 * (number == 2))], rounds=1)
    (only,) = hall.run().rounds
    assert [match.asked for match in only.score.out_of_time] == [only.exercise.notes[2]]
    assert only.score.out_of_time[0].offset == pytest.approx(80)
    assert "80 ms late" in hall.screen.lines[0]


def test_poor_comes_again_twice_and_then_another():
    hall = Hall(lambda number, note: [replace(note, onset=note.onset + 0.4)], rounds=4)
    rounds = hall.run().rounds
    assert {50 <= each.score.points < 85 for each in rounds} == {True}
    numbers = [each.exercise.number for each in rounds]
    assert numbers[0] == numbers[1] == numbers[2] != numbers[3]


def test_a_silent_player_gets_easier_phrases():
    hall = Hall(rounds=3)
    rounds = hall.run().rounds
    assert [each.exercise.level for each in rounds] == [2, 1, 1]
    assert "nothing was played" in hall.screen.lines[0]
    assert not unmatched([cue.message for cue in hall.sent()])


def test_what_is_played_in_livejams_bars_does_not_count_but_an_upbeat_does():
    hall = Hall(exactly, rounds=1)
    for time, event in key_events([Note(START + 0.6, 40, 80, 0.2), Note(START + 2 * BAR - 0.25, 41, 80, 0.2)]):
        hall.inbox.put(time, event)
    (only,) = hall.run().rounds
    assert [note.pitch for note in only.score.extra] == [41]
    assert len([message for _, message, player in hall.recorder.messages if player]) == 2 * len(only.exercise.notes) + 4


def test_the_first_note_may_come_early():
    hall = Hall(lambda number, note: [replace(note, onset=note.onset - 0.03)], rounds=1)
    (only,) = hall.run().rounds
    assert only.score.points == 100
    assert only.score.timing.mean == pytest.approx(-30)


def test_answers_are_judged_in_words():
    hall = Hall(exactly, rounds=1, kind=Kind.ANSWER, level=3)
    (only,) = hall.run().rounds
    assert only.score.notes == len(only.exercise.notes)
    assert hall.screen.lines[0].startswith(f"answer: {only.score.notes} notes; in time")
    assert "repeats the call" in hall.screen.lines[0]


def test_the_click_goes_on_and_counts_in():
    hall = Hall(rounds=1)
    hall.run()
    clicks = [cue.at for cue in hall.sent(10) if isinstance(cue.message, NoteOn)]
    assert clicks == pytest.approx([START - BAR + n * 0.5 for n in range(len(clicks))])
    assert len(clicks) >= 4 * 5


def test_the_player_sees_whose_bars_they_are():
    hall = Hall(rounds=2)
    hall.run()
    turn = State.RESPONDING, State.LISTENING
    assert hall.screen.states == [(State.IDLE, 0), *((state, n) for n in (1, 2) for state in turn)]


@pytest.mark.parametrize("at", [START + 0.1, START + 1.3, START + 2 * BAR + 0.1])
def test_a_stop_leaves_nothing_sounding(at):
    hall = Hall(exactly, rounds=None)
    hall.inbox.put(at, Stop())
    assert hall.run().rounds == []
    assert hall.clock.now == pytest.approx(at)
    assert not unmatched([cue.message for cue in hall.output.cues])


def test_without_a_network_the_drill_has_phrases_of_its_own():
    hall = Hall(exactly, rounds=2, network=False)
    rounds = hall.run().rounds
    assert hall.screen.warnings == [NOTHING_NEW] * 2
    assert [each.score.points for each in rounds] == [100, 100]


def test_a_network_that_dies_is_told_and_comes_back():
    hall = Hall(exactly, rounds=3)
    hall.inbox.put(START + 1, Lost("it fell"))
    hall.inbox.put(START + ROUND + 1, Forgotten())
    rounds = hall.run().rounds
    assert len(rounds) == 3
    assert any("the network stopped (it fell)" in warning for warning in hall.screen.warnings)


def test_ports_may_go_and_come_back():
    class Gone(Room):
        def send(self, cue):
            if START + 1 < self.clock.now < START + ROUND:
                raise PortError("gone")
            super().send(cue)

    hall = Hall(exactly, rounds=2)
    hall.output = Gone(hall.clock, hall.inbox, exactly)
    hall.inbox.put(START + 1, PortLost("Keys"))
    hall.inbox.put(START + ROUND - 0.5, PortBack("Keys"))
    rounds = hall.run().rounds
    assert [each.score.points for each in rounds][1] == 100
    assert hall.screen.warnings[:1] == ["Keys is gone; the drill goes on as soon as it is back"]
    assert "Keys is back" in hall.screen.warnings


def test_on_a_shared_bus_livejam_is_not_its_own_pupil():
    hall = Hall(rounds=1)
    hall.settings = replace(hall.settings, shared_bus=True)

    class Bus(Room):
        def send(self, cue):
            super().send(cue)
            self.inbox.put(self.clock.now + 0.002, cue.message)

    hall.output = Bus(hall.clock, hall.inbox)
    hall.run()
    assert not [message for _, message, player in hall.recorder.messages if player]


messages = st.one_of(
    st.builds(NoteOn, st.integers(0, 127), st.integers(1, 127)),
    st.builds(NoteOff, st.integers(0, 127)),
    st.builds(Pedal, st.booleans()),
    st.builds(Gesture, st.just((0xB0, 7, 3))),
    st.just(PortLost("Keys")),
    st.just(PortBack("Keys")),
    st.just(Lost("it fell")),
    st.just(Forgotten()),
)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.floats(0, START + 3 * ROUND), messages), max_size=80),
    st.sampled_from(Kind),
    st.one_of(st.none(), st.floats(0, START + 3 * ROUND)),
)
def test_whatever_the_player_does_nothing_is_left_sounding(events, kind, stop):
    hall = Hall(rounds=3, kind=kind)
    for time, event in events:
        hall.inbox.put(time, event)
    if stop is not None:
        hall.inbox.put(stop, Stop())
    drill = hall.run()
    assert stop is not None or len(drill.rounds) == 3
    sounding = Counter()
    for cue in hall.output.cues:
        sounding[cue.channel, cue.message.pitch] += 1 if isinstance(cue.message, NoteOn) else -1
    assert not +sounding
