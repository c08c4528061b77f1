"""Whole jams, in virtual time."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from conftest import Parrot, unmatched

from livejam.clock import MidiClock
from livejam.composer import Better, Composed, Heard
from livejam.errors import ModelError
from livejam.events import ClockPulse, ClockStart, ClockStop, Pedal, PortBack, PortLost
from livejam.modes import Bars, ModeChosen, Signal, Silence
from livejam.notes import NoteOff, NoteOn, TickNote
from livejam.session import TOO_SLOW
from livejam.turns import PLAUSIBLE, State


def test_the_reply(world):
    world.phrase(1.0, [60, 62, 64, 65])  # to 2.95
    world.run()
    assert world.ons == [(4.0, 72), (4.5, 74), (5.0, 76), (5.5, 77)]  # silence until 3.55, then the next beat
    assert world.sent[1:3] == [(4.5, NoteOff(72)), (4.5, NoteOn(74, 80))]
    assert world.screen.states == [
        (State.IDLE, 0),
        (State.LISTENING, 1),
        (State.RESPONDING, 1),
        (State.IDLE, 1),
    ]


def test_the_player_interrupts(world):
    end = world.phrase(1.0, [60, 62, 64, 65])
    world.play(4.7, 48, 0.5)
    world.run()
    assert world.ons[:2] == [(4.0, 72), (4.5, 74)]
    assert world.sent[3] == (4.7, NoteOff(74))
    assert world.ons[2][0] == pytest.approx(5.2 + 0.6, abs=0.9)
    assert world.ons[2][1] == 60  # the interrupting note is the new call
    (_, call), (livejams, cut), (_, second) = world.brain.heard[:3]
    assert [note.pitch for note in call] == [60, 62, 64, 65]
    assert not livejams
    assert [(note.pitch, note.length) for note in cut] == [(72, 24), (74, 10)]
    assert [note.pitch for note in second] == [48]
    assert second[0].onset >= cut[-1].onset
    assert end < 4.0


def test_an_interruption_before_the_first_note(world):
    world.phrase(1.0, [60, 62, 64, 65])  # the answer is to come at 4.0
    world.play(3.7, 67, 0.3)
    world.run()
    assert [pitch for _, pitch in world.ons] == [79]
    assert [(player, len(notes)) for player, notes in world.brain.heard] == [(True, 5), (False, 1)]


def test_two_turns(world):
    world.phrase(1.0, [60, 62, 64, 65])
    world.phrase(9.0, [67, 65, 64, 62])
    world.run()
    assert [pitch for _, pitch in world.ons] == [72, 74, 76, 77, 79, 77, 76, 74]
    assert [player for player, _ in world.brain.heard] == [True, False, True, False]
    onsets = [note.onset for _, notes in world.brain.heard for note in notes]
    assert onsets == sorted(onsets)
    assert [request.turn for request in world.brain.requests] == [1, 2]


def test_a_slow_network_answers_late_but_on_the_beat(world):
    world.cost = lambda reply: 1.0 if isinstance(reply, Heard) else 0.0  # it has heard all at 5.48
    world.phrase(1.0, [60, 62, 64, 65])
    world.run()
    assert [start for start, _ in world.ons] == [5.5, 6.0, 6.5, 7.0]


def test_a_network_far_too_slow_is_told_and_the_jam_goes_on(world):
    slow = [5.0]  # once
    world.cost = lambda reply: slow.pop() if isinstance(reply, Composed) and slow else 0.0
    world.phrase(1.0, [60, 62, 64, 65])
    world.phrase(12.0, [60, 62])
    world.run()
    assert world.screen.warnings == [TOO_SLOW]
    assert [pitch for _, pitch in world.ons] == [72, 74]


def test_notes_that_come_too_late_are_dropped(world):
    world.cost = lambda reply: 2.13 if isinstance(reply, Composed) and reply.note.pitch == 76 else 0.0  # at 5.2
    world.phrase(1.0, [60, 62, 64, 65])
    world.run()
    assert [pitch for _, pitch in world.ons] == [72, 74, 77]
    assert world.session.late_notes == 1
    assert not unmatched([message for _, message in world.sent])


def test_losing_the_synth_lifts_no_key_of_the_players(world):
    world.play(1.0, 60, 2.0)
    world.happen(1.5, PortLost("Synth", keys=False))
    world.run()
    assert world.brain.heard[0][1][0].length == 96  # two seconds
    assert world.screen.warnings == ["Synth is gone; livejam goes on as soon as it is back"]


def test_stop_during_the_answer(world):
    world.phrase(1.0, [60, 62, 64, 65])
    world.stop(4.6)
    world.run()
    assert world.sent[-1] == (4.6, NoteOff(74))
    assert not unmatched([message for _, message in world.sent])


def test_a_bug_during_the_answer_leaves_nothing_sounding(world):
    class Buggy(Parrot):
        def hear(self, notes, metre, player):
            if not player:
                raise ZeroDivisionError
            super().hear(notes, metre, player)

    world.brain = Buggy()
    world.phrase(1.0, [60, 62, 64, 65])
    world.play(4.7, 48, 0.5)
    with pytest.raises(ZeroDivisionError):
        world.run()
    assert len(world.ons) == 2
    assert not unmatched([message for _, message in world.sent])


def test_what_a_brain_made_up_before_it_failed_is_played(world):
    class Fragile(Parrot):
        def answer(self, request):
            for number, note in enumerate(super().answer(request)):
                if number == 3 and request.turn == 1:
                    raise ModelError("the network gave no note; try another model")
                yield note

    world.brain = Fragile()
    world.phrase(1.0, [60, 62, 64, 65])
    world.phrase(9.0, [67, 65, 64, 62])
    world.run()
    assert world.screen.warnings == ["the network gave no note; try another model"]
    assert [pitch for _, pitch in world.ons] == [72, 74, 76, 79, 77, 76, 74]
    assert [len(notes) for player, notes in world.brain.heard if not player] == [3, 4]
    assert not unmatched([message for _, message in world.sent])


class Bus:
    """What livejam sends on it comes back to it."""

    ahead = 0.0

    def __init__(self, world):
        self._world = world

    def send(self, cue):
        self._world.output.send(cue)
        self._world.happen(self._world.clock.now + 0.002, cue.message)


def test_livejam_does_not_answer_its_own_echo(world):
    world.settings = replace(world.settings, shared_bus=True)
    world.phrase(1.0, [60, 62, 64, 65])
    world.play(4.6, 74, 0.2, velocity=63)  # while livejam plays the same pitch: a unison by the player
    world.run(output=Bus(world))
    assert [pitch for _, pitch in world.ons] == [72, 74, 86]
    assert [len(notes) for player, notes in world.brain.heard if player] == [4, 1]
    assert world.brain.requests[1].call[0].velocity == 63
    assert not unmatched([message for _, message in world.sent])


def test_without_echo_a_bus_would_go_on_for_ever(world):
    world.phrase(1.0, [60])
    world.stop(60.0)
    world.run(output=Bus(world))
    assert len(world.brain.requests) > 3


def test_a_stuck_key_is_answered(world):
    world.phrase(1.0, [60, 62, 64])
    world.happen(2.5, NoteOn(65, 80))
    world.run()
    assert [pitch for _, pitch in world.ons] == [72, 74, 76, 77]
    assert 7.1 <= world.ons[0][0] <= 7.9


def test_the_pedal_lengthens_notes(world):
    world.happen(0.9, Pedal(down=True))
    world.phrase(1.0, [60, 62, 64, 65])
    world.happen(3.2, Pedal(down=False))
    world.run()
    lengths = [note.length for note in world.brain.requests[0].call]
    assert lengths == [106, 82, 58, 34]
    assert (0.9, Pedal(down=True), True) in world.recorder.messages


def test_a_lost_port_ends_the_phrase_and_the_jam_goes_on(world):
    world.phrase(1.0, [60, 62, 64])
    world.happen(2.5, NoteOn(65, 80))
    world.happen(2.8, PortLost("Digital Piano"))
    world.happen(9.0, PortBack("Digital Piano"))
    world.phrase(10.0, [67, 65, 64, 62])
    world.run()
    assert len(world.brain.requests) == 2
    assert world.ons[0][0] <= 4.3
    assert [text.split(" is ")[0] for text in world.screen.warnings] == ["Digital Piano", "Digital Piano"]


def test_one_note_is_answered(world):
    world.play(1.0, 60, 0.4)
    world.run()
    assert [pitch for _, pitch in world.ons] == [72]


def test_a_pedal_pressed_as_music_is_released_as_music(world):
    world.happen(0.9, Pedal(down=True))
    world.phrase(1.0, [60, 62, 64, 65])
    world.happen(2.9, ModeChosen(Signal("pedal")))
    world.happen(3.0, Pedal(down=False))
    world.happen(3.1, Pedal(down=True))  # the sign
    world.run()
    assert world.brain.requests[-1].call[-1].length == 24  # until 3.0
    assert world.ons[0][0] == 3.5


def test_a_sign_counts_again_after_another_mode(world):
    world.settings = replace(world.settings, mode=Signal("note", 36))
    world.happen(0.5, NoteOn(36, 80))
    world.happen(0.6, ModeChosen(Silence(0.6)))
    world.happen(0.7, NoteOff(36))
    world.happen(0.8, ModeChosen(Signal("note", 36)))
    world.phrase(1.0, [60, 62, 64, 65])
    world.happen(3.1, NoteOn(36, 80))
    world.run()
    assert [pitch for _, pitch in world.ons] == [72, 74, 76, 77]
    assert world.ons[0][0] == 3.5


def test_two_thousand_notes_are_answered(world):
    for number in range(2000):
        world.play(1.0 + number * 0.029, 40 + number % 40, 0.02)
    world.run()
    assert len(world.brain.requests[0].call) == 2000
    assert world.ons


@pytest.mark.parametrize("bpm", [60, 75, 90, 120, 150, 180])
@pytest.mark.parametrize("fixed", [True, False])
def test_answers_start_in_time_on_the_players_beat(world, bpm, fixed):
    beat = 60 / bpm
    if fixed:
        world.settings = replace(world.settings, bpm=bpm)
    end = world.phrase(1.0, [60, 62, 64, 65, 67, 69, 71, 72], beat)
    world.run()
    start = world.output.sent[0][0]
    assert 0.6 <= start - end <= 1.45
    halves = (start - 1.0) / beat * 2
    assert halves == pytest.approx(round(halves), abs=0.02)


def test_an_endless_answer_is_cut(world):
    class Endless(Parrot):
        def answer(self, request):
            for beat in itertools.count(1):
                yield TickNote(request.call[-1].onset + 24 * beat, 60, 24, 0)

    world.brain = Endless()
    world.phrase(1.0, [60, 62, 64, 65])
    world.run()
    assert len(world.ons) == 16  # four bars
    assert world.sent[0][1] == NoteOn(60, 80)  # as loud as the call
    assert not unmatched([message for _, message in world.sent])


def test_an_answer_is_made_up_in_the_silence_before_it(world):
    seen = []

    class Watched(Parrot):
        def answer(self, request):
            for note in super().answer(request):
                seen.append(world.clock.now)
                yield note

    world.brain = Watched()
    world.phrase(1.0, [60, 62, 64, 65, 67, 69, 71, 72])  # to 4.95
    world.run()
    assert seen == pytest.approx([4.95 + PLAUSIBLE] * 8)
    assert world.ons[0][0] == 6.0
    assert (world.session.tally.guesses, world.session.tally.used) == (1, 1)


def test_a_better_answer_found_in_the_silence_is_played_and_begins_no_later(world):
    class Picky(Parrot):
        def better(self, request, first):
            yield None
            yield tuple(replace(note, pitch=note.pitch - 24) for note in first)

    plain = type(world)()
    world.brain = Picky()
    for each in (plain, world):
        each.phrase(1.0, [60, 62, 64, 65])
        each.run()
    assert [pitch for _, pitch in plain.ons] == [72, 74, 76, 77]
    assert [pitch for _, pitch in world.ons] == [48, 50, 52, 53]
    assert [at for at, _ in world.ons] == [at for at, _ in plain.ons]
    assert world.session.tally.better == 1


@pytest.mark.parametrize("slow", [0.3, 5.0])
def test_a_better_answer_that_takes_its_time_delays_nothing(world, slow):
    class Picky(Parrot):
        def better(self, request, first):
            yield tuple(replace(note, pitch=note.pitch - 24) for note in first)

    plain = type(world)()
    world.brain = Picky()
    for each in (plain, world):
        each.cost = lambda reply: slow if isinstance(reply, Better) else 0.001
        each.phrase(1.0, [60, 62, 64, 65])
        each.phrase(8.0, [67, 69, 71, 72])
        each.run()
    assert [at for at, _ in world.ons] == [at for at, _ in plain.ons]
    in_time = slow < 0.5
    assert world.ons[0][1] == (48 if in_time else 72)


def test_a_guess_is_given_up_when_the_phrase_goes_on(world):
    world.phrase(1.0, [60, 62, 64, 65], beat=0.7)  # with rests of 0.07 s
    world.phrase(4.0, [67, 69])  # after a rest of 0.27 s
    world.run()
    assert [len(request.call) for request in world.brain.requests] == [4, 6]
    assert [pitch for _, pitch in world.ons] == [72, 74, 76, 77, 79, 81]
    assert (world.session.tally.guesses, world.session.tally.used, world.session.tally.answers) == (2, 1, 1)


def test_the_same_jam_twice(world):
    rng = np.random.default_rng(7)
    worlds = [world, type(world)()]
    pitches = rng.integers(48, 84, 30).tolist()
    for each in worlds:
        each.phrase(1.0, pitches[:15], beat=0.3)
        each.phrase(11.0, pitches[15:], beat=0.4)
        each.run()
    assert worlds[0].sent == worlds[1].sent
    assert worlds[0].brain.heard == worlds[1].brain.heard


def test_hundreds_of_turns(world):
    rng = np.random.default_rng(1)
    now = 1.0
    for _ in range(300):
        count = int(rng.integers(1, 12))
        beat = float(rng.uniform(0.2, 0.6))
        now = world.phrase(now, rng.integers(40, 90, count).tolist(), beat) + float(rng.uniform(1.0, 8.0))
    world.run()
    assert {request.turn for request in world.brain.requests} == set(range(1, 301))
    assert not unmatched([message for _, message in world.sent])
    onsets = [note.onset for _, notes in world.brain.heard for note in notes]
    assert onsets == sorted(onsets)


def clocked(world, bpm=120.0, pulses=960, stops_at=None):
    """Have a MIDI clock run from 0.5 s on, and stop at `stops_at` (seconds)."""
    world.beat = MidiClock()
    world.settings = replace(world.settings, mode=Bars(2))
    world.happen(0.49, ClockStart())
    for pulse in range(pulses):
        at = 0.5 + pulse * 60 / bpm / 24
        if stops_at is None or at < stops_at:
            world.happen(at, ClockPulse())
    if stops_at:
        world.happen(stops_at, ClockStop())


def test_the_answer_is_on_the_one_after_the_players_bars(world):
    clocked(world)
    world.phrase(0.5, [60, 62, 64, 65, 67, 65, 64, 62])
    world.run()
    assert world.ons[0][0] == 4.5


def test_when_the_band_stops_livejam_stops(world):
    clocked(world, stops_at=5.2)
    world.phrase(0.5, [60, 62, 64, 65, 67, 65, 64, 62])
    world.run()
    assert [time for time, _ in world.ons] == [4.5, 5.0]
    assert world.sent[-1][0] == 5.2
    assert not unmatched([message for _, message in world.sent])
    assert world.screen.states[-1][0] is State.IDLE
