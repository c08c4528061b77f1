"""One test per row of the turn table, and the fine print of silence."""

import pytest

from livejam.endings import Habits
from livejam.events import Pedal, PortLost
from livejam.modes import Silence
from livejam.notes import NoteOff, NoteOn
from livejam.turns import AnswerReady, Estimate, Hush, Play, PlaybackDone, State, TurnRules, TurnTaker

RULES = TurnRules(Silence(0.6), longest_call=60.0, longest_key=4.0, first_note=4.0, longest_answer=30.0)


@pytest.fixture
def turns() -> TurnTaker:
    return TurnTaker(RULES)


def play(turns: TurnTaker, at: float, until: float, pitch: int = 60) -> None:
    turns.handle(NoteOn(pitch, 80), at)
    turns.handle(NoteOff(pitch), until)


def answering(turns: TurnTaker) -> TurnTaker:
    """Play one note from 1.0 to 1.5 and let the turn pass to livejam, at 2.1."""
    play(turns, 1.0, 1.5)
    assert turns.handle_timeout(2.1) == (Play(1),)
    return turns


def test_idle_waits_for_nothing(turns):
    assert (turns.state, turns.turn, turns.deadline) == (State.IDLE, 0, None)


def test_note_on_begins_a_turn(turns):
    assert turns.handle(NoteOn(60, 80), 1.0) == ()
    assert (turns.state, turns.turn) == (State.LISTENING, 1)


def test_every_note_puts_off_the_end(turns):
    play(turns, 1.0, 1.5)
    assert turns.deadline == pytest.approx(2.1)
    play(turns, 2.0, 2.2)
    assert turns.deadline == pytest.approx(2.8)
    assert turns.handle_timeout(2.7) == ()
    assert (turns.state, turns.turn) == (State.LISTENING, 1)


def test_silence_ends_the_phrase(turns):
    play(turns, 1.0, 1.5)
    assert turns.handle_timeout(2.1) == (Play(1),)
    assert turns.state is State.RESPONDING


def test_longest_call_ends_the_phrase(turns):
    for second in range(70):
        play(turns, 1.0 + second, 1.9 + second)
        if turns.handle_timeout(1.9 + second):
            break
    assert turns.state is State.RESPONDING
    assert second == 60


def test_too_few_notes_are_not_answered():
    turns = TurnTaker(TurnRules(min_notes=2))
    play(turns, 1.0, 1.5)
    assert turns.handle_timeout(2.1) == ()
    assert (turns.state, turns.deadline) == (State.IDLE, None)


def test_answer_ready_extends_the_wait(turns):
    answering(turns)
    turns.handle(AnswerReady(1), 2.2)
    assert turns.state is State.RESPONDING
    assert turns.deadline == pytest.approx(2.2 + 4.0 + 30.0)


def test_note_on_interrupts_the_answer(turns):
    answering(turns)
    assert turns.handle(NoteOn(67, 80), 2.5) == (Hush(1),)
    assert (turns.state, turns.turn) == (State.LISTENING, 2)
    assert turns.deadline == pytest.approx(2.5 + 4.0 + 0.6)  # the key is down


def test_no_note_in_time_ends_the_answer(turns):
    answering(turns)
    assert turns.deadline == pytest.approx(6.1)
    assert turns.handle_timeout(6.1) == (Hush(1),)
    assert (turns.state, turns.deadline) == (State.IDLE, None)


def test_playback_done_ends_the_turn(turns):
    answering(turns)
    assert turns.handle(PlaybackDone(1), 4.0) == ()
    assert (turns.state, turns.deadline) == (State.IDLE, None)


def test_lost_port_lifts_keys_and_pedal(turns):
    turns.handle(Pedal(down=True), 0.5)
    turns.handle(NoteOn(60, 80), 1.0)
    turns.handle(PortLost("Piano"), 1.2)
    assert turns.deadline == pytest.approx(1.8)
    assert turns.handle_timeout(1.8) == (Play(1),)


@pytest.mark.parametrize("old", [AnswerReady(1), PlaybackDone(1)])
def test_what_belongs_to_an_older_turn_changes_nothing(turns, old):
    answering(turns)
    turns.handle(NoteOn(67, 80), 2.5)
    turns.handle(NoteOff(67), 2.6)
    turns.handle_timeout(3.2)
    before = turns.state, turns.turn, turns.deadline
    assert turns.handle(old, 3.3) == ()
    assert (turns.state, turns.turn, turns.deadline) == before == (State.RESPONDING, 2, pytest.approx(7.2))


def test_a_held_key_is_no_silence(turns):
    turns.handle(NoteOn(60, 80), 1.0)
    assert turns.handle_timeout(4.9) == ()
    turns.handle(NoteOff(60), 4.9)
    assert turns.deadline == pytest.approx(5.5)


def test_a_stuck_key_counts_as_released(turns):
    turns.handle(NoteOn(60, 80), 1.0)
    assert turns.handle_timeout(5.6) == (Play(1),)


def test_a_key_stuck_since_an_older_turn_is_ignored(turns):
    turns.handle(NoteOn(60, 80), 1.0)
    turns.handle_timeout(5.6)
    play(turns, 6.0, 6.5, pitch=64)
    assert turns.deadline == pytest.approx(7.1)


def test_a_key_struck_twice_is_up_after_one_release(turns):
    turns.handle(NoteOn(60, 80), 1.0)
    turns.handle(NoteOn(60, 80), 1.2)
    turns.handle(NoteOff(60), 1.4)
    assert turns.deadline == pytest.approx(2.0)


def test_pedal_holds(turns):
    turns.handle(Pedal(down=True), 0.0)
    play(turns, 1.0, 1.5)
    assert turns.deadline == pytest.approx(1.0 + 4.0 + 0.6)
    turns.handle(Pedal(down=False), 2.0)
    assert turns.deadline == pytest.approx(2.6)


def test_pedal_that_stays_down_holds_no_longer_than_a_key(turns):
    turns.handle(Pedal(down=True), 0.0)
    play(turns, 1.0, 5.5)
    assert turns.deadline == pytest.approx(5.0 + 0.6)
    turns.handle(Pedal(down=False), 5.55)
    assert turns.deadline == pytest.approx(5.0 + 0.6)


def test_a_release_without_a_key_changes_nothing(turns):
    play(turns, 1.0, 1.5)
    turns.handle(NoteOff(72), 1.9)
    assert turns.deadline == pytest.approx(2.1)


class Steady(Habits):
    """Asks for less silence, the likelier the end is said to be."""

    def silence(self, released, probability=None):
        return 0.5 if probability is None else 1.0 - probability


def test_an_estimate_is_judged_anew():
    turns = TurnTaker(RULES, Steady())
    play(turns, 1.0, 1.5)
    assert turns.deadline == pytest.approx(2.0)
    turns.handle(Estimate(0.8), 1.51)
    assert turns.deadline == pytest.approx(1.7)
    play(turns, 1.6, 1.8)
    assert turns.deadline == pytest.approx(2.3)  # nobody has said anything of this note


def test_a_key_that_is_down_is_no_end_however_likely():
    turns = TurnTaker(RULES, Steady())
    turns.handle(NoteOn(60, 80), 1.0)
    turns.handle(NoteOn(64, 80), 1.0)
    turns.handle(NoteOff(64), 1.5)
    turns.handle(Estimate(0.9), 1.5)
    assert turns.deadline == pytest.approx(1.0 + 4.0 + turns.habits.longest)


def test_habits_are_those_within_calls():
    heard = []

    class Keeping(Steady):
        def begin(self, now):
            heard.append(now)

        def go_on(self, now, rest):
            heard.append((now, pytest.approx(rest)))

    turns = TurnTaker(RULES, Keeping())
    play(turns, 1.0, 1.5)
    play(turns, 1.75, 2.0)
    turns.handle_timeout(2.5)
    play(turns, 9.0, 9.5)
    assert heard == [1.0, (1.75, 0.25), 9.0]
