"""What is wanted of answers, from the first setting to the request: whole jams in virtual time."""

import json
from dataclasses import replace

from livejam.chart_text import read_chart
from livejam.clock import SteadyClock
from livejam.events import Gesture
from livejam.knobs import Knob, Turned
from livejam.modes import Bars, Silence
from livejam.notes import Metre, NoteOn
from livejam.recording import JamFile, JamRecorder
from livejam.steering import PLAIN, Steering
from livejam.tokenizer import chord_at

KNOBS = (Knob("follow", 21), Knob("length", 22))


def steered(world, **changes):
    world.settings = replace(world.settings, **changes)
    return world


def test_without_any_nothing_is_asked(world):
    world.phrase(1.0, [60, 62, 64, 65])
    world.run()
    (request,) = world.brain.requests
    assert (request.steering, request.chords) == (PLAIN, ())
    assert world.screen.steerings == [""]


def test_what_was_chosen_is_asked_of_every_answer_shown_and_kept(world):
    steered(world, steering=Steering(follow=1.5, density=5))
    end = world.phrase(1.0, [60, 62, 64, 65])
    world.phrase(end + 5, [60, 62, 64, 65])
    world.run()
    assert [request.steering for request in world.brain.requests] == [Steering(follow=1.5, density=5)] * 2
    assert world.screen.steerings == ["follow 1.5, density 5"]
    assert world.recorder.steerings == [(turn, {"follow": "1.5", "density": "5"}) for turn in (1, 2)]


def test_a_knob_turns_the_next_answers_and_is_no_music(world):
    steered(world, knobs=KNOBS)
    end = world.phrase(1.0, [60, 62, 64, 65])
    world.happen(end + 4, Gesture((0xB0, 21, 127)))
    world.happen(end + 4.1, Gesture((0xB0, 21, 127)))
    world.phrase(end + 6, [60, 62, 64, 65])
    world.run()
    assert [request.steering for request in world.brain.requests] == [PLAIN, Steering(follow=2.0)]
    assert world.screen.steerings == ["", "follow 2"]
    assert world.recorder.steerings == [(1, {}), (2, {"follow": "2"})]
    assert len(world.brain.heard) == 4


def test_a_guess_made_before_a_turn_of_the_knob_is_made_anew(world):
    steered(world, knobs=KNOBS)
    end = world.phrase(1.0, [60, 62, 64, 65])
    world.happen(end + 0.5, Gesture((0xB0, 21, 0)))
    world.run()
    assert [request.steering.follow for request in world.brain.requests] == [1.0, 0.0]
    assert world.session.tally.used == 1


def test_a_turn_while_an_answer_sounds_leaves_it_alone(world):
    steered(world, knobs=KNOBS)
    world.phrase(1.0, [60, 62, 64, 65])
    world.happen(4.2, Turned("follow", 127))
    world.run()
    assert len(world.brain.requests) == 1
    assert sum(isinstance(message, NoteOn) for _, message in world.sent) == 4


def test_a_length_is_so_many_bars(world):
    steered(world, steering=Steering(bars=2), bpm=120.0, metre=Metre(3, 4))
    world.phrase(1.0, [60, 62, 64, 65])
    world.run()
    (request,) = world.brain.requests
    assert request.max_ticks == 2 * 72 + 24


def test_a_length_is_no_longer_than_any_answer(world):
    steered(world, steering=Steering(bars=16), bpm=120.0, longest_answer=5.0)
    world.phrase(1.0, [60, 62, 64, 65])
    world.run()
    assert world.brain.requests[0].max_ticks == 240


def test_bars_that_are_traded_win(world):
    steered(world, steering=Steering(bars=7), mode=Bars(2), bpm=120.0)
    world.beat = SteadyClock(120.0, 1.0)
    world.phrase(1.0, [60, 62, 64, 65])
    world.run()
    request = world.brain.requests[-1]
    assert (request.steering.bars, request.max_ticks) == (2, 192)


def test_the_chart_begins_with_the_clock_and_sounds_where_the_answer_does(world):
    steered(world, chart=read_chart("C | F | G | Am"), bpm=120.0, mode=Silence(0.6))
    world.beat = SteadyClock(120.0, 1.0)  # bars of two seconds from there on
    world.phrase(1.0, [60, 62, 64, 65])
    world.run()
    request = world.brain.requests[-1]
    onset, _ = world.ons[0]
    assert onset >= 3.5
    bar = int((onset - 1.0) // 2)
    root, _ = chord_at(request.chords, request.first)
    assert root == 1 + (0, 5, 7, 9)[bar % 4]
    assert abs((onset - 1.0) * 2 - round((onset - 1.0) * 2)) < 0.02  # on a beat, so it was not moved
    assert request.chords[0].tick <= request.call[-1].onset
    assert request.chords[-1].tick >= request.first + request.max_ticks


def test_a_chart_goes_with_traded_bars(world):
    steered(world, chart=read_chart("C | F | G | Am"), bpm=120.0, mode=Bars(2))
    world.beat = SteadyClock(120.0, 1.0)
    world.phrase(1.0, [60, 62, 64, 65])
    world.run()
    request = world.brain.requests[-1]
    assert [chord_at(request.chords, request.first + tick)[0] for tick in (0, 95, 96)] == [8, 8, 10]


def test_without_a_beat_a_chart_means_nothing(world):
    steered(world, chart=read_chart("C | F"))
    world.phrase(1.0, [60, 62, 64, 65])
    world.run()
    assert (world.brain.requests[0].chords, world.brain.requests[0].first) == ((), None)


def test_what_answers_were_made_with_is_kept_where_it_changes(tmp_path):
    file = JamFile(tmp_path / "jam.mid", {"seed": 5}, None)
    with JamRecorder(file, print) as recorder:
        for turn, words in ((1, {}), (2, {"follow": "2"}), (3, {"follow": "2"}), (4, {})):
            recorder.record(float(turn), NoteOn(60, 80), player=True)
            recorder.steered(turn, words)
    about = json.loads(recorder.saved.with_suffix(".json").read_text())
    assert about == {"seed": 5, "steering": [{"turn": 2, "follow": "2"}, {"turn": 4}]}
