"""The session under everything a player, a port and a brain can do to it."""

from dataclasses import replace

import pytest
from conftest import Parrot, World, unmatched
from hypothesis import given, settings
from hypothesis import strategies as st

from livejam.errors import ModelError, PortError
from livejam.events import Pedal, PortBack, PortLost
from livejam.grid import BeatGrid
from livejam.modes import Signal, Silence
from livejam.notes import Metre, NoteOff, NoteOn, TickNote
from livejam.turns import State


def test_without_a_player_nothing_happens(world):
    world.run()
    assert world.sent == []
    assert world.screen.states == [(State.IDLE, 0)]


def test_all_is_recorded(world):
    world.phrase(1.0, [60, 62, 64, 65])
    world.run()
    assert [message for _, message, player in world.recorder.messages if not player] == [m for _, m in world.sent]
    assert sum(player for _, _, player in world.recorder.messages) == 8
    assert world.recorder.tempos == [(pytest.approx(1.0), pytest.approx(120.0))]


def test_settings_reach_the_brain(world):
    world.settings = replace(world.settings, bpm=100.0, metre=Metre(3, 4))
    world.phrase(1.0, [60, 62, 64, 65], beat=0.6)
    world.run()
    (request,) = world.brain.requests
    assert (request.bpm, request.metre, request.max_ticks) == (100.0, Metre(3, 4), 4 * 72)


def test_a_phrase_too_short_to_answer_is_heard(world):
    world.settings = replace(world.settings, min_notes=3)
    world.phrase(1.0, [60, 62])
    world.phrase(6.0, [60, 62, 64])
    world.run()
    assert [(player, len(notes)) for player, notes in world.brain.heard] == [(True, 5), (False, 3)]
    assert len(world.brain.requests) == 1


def test_a_brain_that_fails_to_hear_is_told_again(world):
    class Deaf(Parrot):
        failed = False

        def hear(self, notes, metre, player):
            if not self.failed:
                self.failed = True
                raise ModelError("too much")
            super().hear(notes, metre, player)

    world.brain = Deaf()
    world.phrase(1.0, [60, 62, 64, 65])
    world.run()
    assert world.screen.warnings == ["too much"]
    assert [pitch for _, pitch in world.ons] == [72, 74, 76, 77]


@pytest.mark.parametrize("fails", ["answer", "first note"])
def test_a_brain_that_fails_does_not_end_the_jam(world, fails):
    class Fragile(Parrot):
        def answer(self, request):
            if fails == "answer" and request.turn == 1:
                raise ModelError("too much")
            return self.notes(request)

        def notes(self, request):
            if fails == "first note" and request.turn == 1:
                raise ModelError("too much")
            yield from super().answer(request)

    world.brain = Fragile()
    world.phrase(1.0, [60, 62, 64, 65])
    world.phrase(9.0, [67, 65, 64, 62])
    world.run()
    assert world.screen.warnings == ["too much"]
    assert [pitch for _, pitch in world.ons] == [79, 77, 76, 74]
    assert (State.IDLE, 1) in world.screen.states


def test_a_brain_that_fails_while_interrupted_loses_no_note_of_the_player(world):
    class Fragile(Parrot):
        def hear(self, notes, metre, player):
            if not player:
                raise ModelError("too much")
            super().hear(notes, metre, player)

        def answer(self, request):
            assert self.heard[-1] == (True, request.call)
            return super().answer(request)

    world.brain = Fragile()
    world.phrase(1.0, [60, 62, 64, 65])
    world.phrase(4.7, [50, 52])
    world.run()
    assert [[note.pitch for note in request.call] for request in world.brain.requests] == [[60, 62, 64, 65], [50, 52]]


def test_an_output_that_fails_is_reported_once(world):
    class Unplugged:
        ahead = 0.0

        def send(self, cue):
            raise PortError("Synth is gone")

    world.phrase(1.0, [60, 62, 64, 65])
    world.phrase(9.0, [60, 62, 64, 65])
    world.run(output=Unplugged())
    assert world.screen.warnings == ["Synth is gone"]
    assert len(world.brain.requests) == 2


def test_an_output_that_is_known_to_be_gone_is_no_news(world):
    class Unplugged:
        ahead = 0.0

        def send(self, cue):
            raise PortError("Synth is gone")

    world.happen(0.5, PortLost("Synth"))
    world.phrase(1.0, [60, 62, 64, 65])
    world.run(output=Unplugged())
    assert world.screen.warnings == ["Synth is gone; livejam goes on as soon as it is back"]


def test_a_sign_that_was_held_when_the_port_went_can_be_given_again(world):
    world.settings = replace(world.settings, mode=Signal("pedal"))
    world.happen(0.2, Pedal(down=True))
    world.happen(0.3, PortLost("Piano"))
    world.happen(0.6, PortBack("Piano"))
    world.phrase(1.0, [60, 62, 64, 65])
    world.happen(3.0, Pedal(down=True))
    world.run()
    assert 3.0 < world.ons[0][0] < 4.0


def test_silence_is_a_setting(world):
    world.settings = replace(world.settings, mode=Silence(0.3))
    world.phrase(1.0, [60, 62, 64, 65])  # to 2.95
    world.run()
    assert world.ons[0] == (3.5, 72)


def test_an_empty_answer_gives_the_turn_back(world):
    class Mute(Parrot):
        def answer(self, request):
            return iter(())

    world.brain = Mute()
    world.phrase(1.0, [60, 62, 64, 65])
    world.run()
    assert world.sent == []
    assert world.screen.states[-1] == (State.IDLE, 1)


def test_the_answer_lies_on_the_line_where_it_sounded(world):
    world.phrase(1.0, [60, 62, 64, 65])
    world.run()
    (_, call), (_, answer) = world.brain.heard
    grid = BeatGrid(120.0, 1.0, call[0].onset)
    assert [grid.seconds_at(note.onset) for note in answer] == pytest.approx([start for start, _ in world.ons])


class Wild(Parrot):
    """Answers with overlaps, chords, retriggered pitches and long notes."""

    def answer(self, request):
        self.requests.append(request)
        place = request.call[-1].onset
        for number, note in enumerate(request.call * 3):
            place += (0, 5, 12, 30)[(note.pitch + number) % 4]
            yield TickNote(place, 60 + note.pitch % 3, 1 + 40 * (number % 3), note.velocity)


pitches = st.integers(58, 62)
events = st.one_of(
    st.builds(NoteOn, pitches, st.integers(1, 127)),
    st.builds(NoteOn, pitches, st.integers(1, 127)),
    st.builds(NoteOff, pitches),
    st.builds(NoteOff, pitches),
    st.builds(Pedal, st.booleans()),
    st.just(PortLost("Piano")),
    st.just(PortBack("Piano")),
)
waits = st.one_of(st.floats(0, 0.3), st.floats(0, 2), st.just(0.0), st.just(0.6))


@given(st.lists(st.tuples(waits, events), max_size=60), st.none() | st.floats(0, 30), st.booleans(), st.booleans())
@settings(max_examples=150)
def test_whatever_arrives_nothing_is_left_sounding(script, stop, bus, fixed):
    world = World()
    world.brain = Wild()
    world.settings = replace(world.settings, shared_bus=bus, bpm=113.0 if fixed else None)
    now = 0.0
    for wait, event in script:
        now += wait
        world.happen(now, event)
    if stop is not None:
        world.stop(stop)
    world.run()
    assert not unmatched([message for _, message in world.sent])
    times = [time for time, _ in world.sent]
    assert times == sorted(times)
    onsets = [[note.onset for note in notes] for _, notes in world.brain.heard]
    assert [onset for phrase in onsets for onset in phrase] == sorted(onset for phrase in onsets for onset in phrase)
    if stop is None and not bus:
        played = sum(isinstance(event, NoteOn) for _, event in script)
        assert sum(len(notes) for player, notes in world.brain.heard if player) == played
        assert world.screen.states[-1][0] is State.IDLE
        turns = [request.turn for request in world.brain.requests]
        assert turns == sorted(turns)  # a phrase that goes on after a guess is asked about again
