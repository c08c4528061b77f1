"""One test per row of the turn table, and the fine print of silence, bars and signals."""

import pytest

from livejam.endings import Habits
from livejam.events import Pedal, PortLost
from livejam.modes import Bars, Signal, Silence
from livejam.notes import NoteOff, NoteOn
from livejam.turns import (
    BEFORE_BAR,
    PLAUSIBLE,
    AnswerReady,
    Estimate,
    Hush,
    Play,
    PlaybackDone,
    Speculate,
    State,
    TurnRules,
    TurnTaker,
)

RULES = TurnRules(Silence(0.6), longest_call=60.0, longest_key=4.0, first_note=4.0, longest_answer=30.0)


@pytest.fixture
def turns() -> TurnTaker:
    return TurnTaker(RULES)


def play(turns: TurnTaker, at: float, until: float, pitch: int = 60) -> None:
    turns.handle(NoteOn(pitch, 80), at)
    turns.handle(NoteOff(pitch), until)


def over(turns: TurnTaker) -> float:
    """Return when the phrase will be over."""
    assert turns.state is State.LISTENING
    return turns.over_at


def pass_time(turns: TurnTaker, until: float) -> list[object]:
    """Let deadlines pass, as the session does; return what was to be done."""
    done: list[object] = []
    while turns.deadline is not None and turns.deadline <= until:
        done += turns.handle_timeout(turns.deadline)
    return done


def answering(turns: TurnTaker) -> TurnTaker:
    """Play one note from 1.0 to 1.5 and let the turn pass to livejam, at 2.1."""
    play(turns, 1.0, 1.5)
    assert pass_time(turns, 2.1) == [Speculate(1), Play(1)]
    return turns


def test_idle_waits_for_nothing(turns):
    assert (turns.state, turns.turn, turns.deadline) == (State.IDLE, 0, None)


def test_note_on_begins_a_turn(turns):
    assert turns.handle(NoteOn(60, 80), 1.0) == ()
    assert (turns.state, turns.turn) == (State.LISTENING, 1)


def test_what_is_no_note_begins_nothing(turns):
    for event in (NoteOff(60), Pedal(down=True), Estimate(0.9), AnswerReady(0), PlaybackDone(0), PortLost("Piano")):
        assert turns.handle(event, 1.0) == ()
        assert (turns.state, turns.turn, turns.deadline) == (State.IDLE, 0, None)


def test_every_note_puts_off_the_end(turns):
    play(turns, 1.0, 1.5)
    assert over(turns) == pytest.approx(2.1)
    play(turns, 2.0, 2.2)
    assert over(turns) == pytest.approx(2.8)
    assert Play(1) not in pass_time(turns, 2.7)
    assert (turns.state, turns.turn) == (State.LISTENING, 1)


def test_the_phrase_may_be_over_before_it_is(turns):
    play(turns, 1.0, 1.5)
    assert turns.deadline == pytest.approx(1.5 + PLAUSIBLE)
    assert turns.handle_timeout(1.5 + PLAUSIBLE) == (Speculate(1),)
    assert turns.state is State.LISTENING
    assert turns.deadline == pytest.approx(2.1)  # it is guessed once


def test_a_note_after_a_guess_has_it_guessed_anew(turns):
    play(turns, 1.0, 1.5)
    pass_time(turns, 1.7)
    play(turns, 1.8, 1.9)
    assert pass_time(turns, 2.49) == [Speculate(1)]
    assert pass_time(turns, 2.5) == [Play(1)]


def test_where_little_silence_is_needed_a_guess_comes_half_way():
    turns = TurnTaker(TurnRules(Silence(0.1)))
    play(turns, 1.0, 1.5)
    assert turns.deadline == pytest.approx(1.55)


def test_silence_ends_the_phrase(turns):
    play(turns, 1.0, 1.5)
    assert pass_time(turns, 2.09) == [Speculate(1)]
    assert turns.handle_timeout(2.09) == ()
    assert turns.handle_timeout(2.1) == (Play(1),)
    assert turns.state is State.RESPONDING


def test_longest_call_ends_the_phrase(turns):
    for second in range(70):
        play(turns, 1.0 + second, 1.9 + second)
        if Play(1) in pass_time(turns, 1.95 + second):
            break
    assert turns.state is State.RESPONDING
    assert second == 60


@pytest.mark.parametrize("mode", [Silence(0.6), Silence(), Signal("pedal")])
def test_too_few_notes_are_not_answered(mode):
    turns = TurnTaker(TurnRules(mode, min_notes=2))
    play(turns, 1.0, 1.5)
    assert not pass_time(turns, 1000.0)  # nor guessed at
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
    assert over(turns) == pytest.approx(2.5 + 4.0 + 0.6)  # the key is down


def test_no_note_in_time_ends_the_answer(turns):
    answering(turns)
    assert turns.deadline == pytest.approx(6.1)
    assert turns.handle_timeout(6.1) == (Hush(1),)
    assert (turns.state, turns.deadline) == (State.IDLE, None)


def test_an_answer_that_never_ends_is_ended(turns):
    answering(turns)
    turns.handle(AnswerReady(1), 2.2)
    assert turns.handle_timeout(36.1) == ()
    assert turns.handle_timeout(36.2) == (Hush(1),)
    assert (turns.state, turns.deadline) == (State.IDLE, None)


def test_playback_done_ends_the_turn(turns):
    answering(turns)
    assert turns.handle(PlaybackDone(1), 4.0) == ()
    assert (turns.state, turns.deadline) == (State.IDLE, None)


def test_lost_port_lifts_keys_and_pedal(turns):
    turns.handle(Pedal(down=True), 0.5)
    turns.handle(NoteOn(60, 80), 1.0)
    turns.handle(PortLost("Piano"), 1.2)
    assert over(turns) == pytest.approx(1.8)
    assert pass_time(turns, 1.8) == [Speculate(1), Play(1)]


@pytest.mark.parametrize("old", [AnswerReady(1), PlaybackDone(1)])
def test_what_belongs_to_an_older_turn_changes_nothing(turns, old):
    answering(turns)
    turns.handle(NoteOn(67, 80), 2.5)
    turns.handle(NoteOff(67), 2.6)
    pass_time(turns, 3.2)
    before = turns.state, turns.turn, turns.deadline
    assert turns.handle(old, 3.3) == ()
    assert (turns.state, turns.turn, turns.deadline) == before == (State.RESPONDING, 2, pytest.approx(7.2))


def test_what_comes_after_the_answer_changes_nothing(turns):
    answering(turns)
    turns.handle(PlaybackDone(1), 4.0)
    for late in (AnswerReady(1), PlaybackDone(1), Estimate(0.9), NoteOff(60)):
        assert turns.handle(late, 4.1) == ()
        assert (turns.state, turns.turn, turns.deadline) == (State.IDLE, 1, None)


def test_a_deadline_that_has_not_come_does_nothing(turns):
    assert turns.handle_timeout(99.0) == ()
    play(turns, 1.0, 1.5)
    assert turns.handle_timeout(1.6) == ()
    assert turns.state is State.LISTENING


# Silence


def test_a_held_key_is_no_silence(turns):
    turns.handle(NoteOn(60, 80), 1.0)
    assert pass_time(turns, 4.9) == []
    turns.handle(NoteOff(60), 4.9)
    assert over(turns) == pytest.approx(5.5)


def test_a_stuck_key_counts_as_released(turns):
    turns.handle(NoteOn(60, 80), 1.0)
    assert pass_time(turns, 5.6) == [Speculate(1), Play(1)]


def test_a_key_stuck_since_an_older_turn_is_ignored(turns):
    turns.handle(NoteOn(60, 80), 1.0)
    pass_time(turns, 5.6)
    play(turns, 6.0, 6.5, pitch=64)
    assert over(turns) == pytest.approx(7.1)


def test_a_key_struck_twice_is_up_after_one_release(turns):
    turns.handle(NoteOn(60, 80), 1.0)
    turns.handle(NoteOn(60, 80), 1.2)
    turns.handle(NoteOff(60), 1.4)
    assert over(turns) == pytest.approx(2.0)


def test_pedal_holds(turns):
    turns.handle(Pedal(down=True), 0.0)
    play(turns, 1.0, 1.5)
    assert over(turns) == pytest.approx(1.0 + 4.0 + 0.6)
    turns.handle(Pedal(down=False), 2.0)
    assert over(turns) == pytest.approx(2.6)


def test_pedal_that_stays_down_holds_no_longer_than_a_key(turns):
    turns.handle(Pedal(down=True), 0.0)
    play(turns, 1.0, 5.5)
    assert over(turns) == pytest.approx(5.0 + 0.6)
    turns.handle(Pedal(down=False), 5.55)
    assert over(turns) == pytest.approx(5.0 + 0.6)


def test_a_release_without_a_key_changes_nothing(turns):
    play(turns, 1.0, 1.5)
    turns.handle(NoteOff(72), 1.9)
    assert over(turns) == pytest.approx(2.1)


class Steady(Habits):
    """Asks for less silence, the likelier the end is said to be."""

    def silence(self, released, probability=None):
        return 0.5 if probability is None else 1.0 - probability


ADAPTIVE = TurnRules(longest_key=4.0)


def test_an_estimate_is_judged_anew():
    turns = TurnTaker(ADAPTIVE, Steady())
    play(turns, 1.0, 1.5)
    assert over(turns) == pytest.approx(2.0)
    turns.handle(Estimate(0.8), 1.51)
    assert over(turns) == pytest.approx(1.7)
    play(turns, 1.6, 1.8)
    assert over(turns) == pytest.approx(2.3)  # nobody has said anything of this note


def test_an_estimate_that_comes_when_it_is_over_by_it_ends_the_phrase_at_once():
    turns = TurnTaker(ADAPTIVE, Steady())
    play(turns, 1.0, 1.5)
    pass_time(turns, 1.8)
    turns.handle(Estimate(0.9), 1.8)
    assert pass_time(turns, 1.8) == [Play(1)]


def test_an_estimate_does_not_have_it_guessed_again():
    turns = TurnTaker(ADAPTIVE, Steady())
    play(turns, 1.0, 1.5)
    assert pass_time(turns, 1.62) == [Speculate(1)]
    turns.handle(Estimate(0.3), 1.63)
    assert pass_time(turns, 2.19) == []
    assert pass_time(turns, 2.2) == [Play(1)]


def test_a_key_that_is_down_is_no_end_however_likely():
    turns = TurnTaker(ADAPTIVE, Steady())
    turns.handle(NoteOn(60, 80), 1.0)
    turns.handle(NoteOn(64, 80), 1.0)
    turns.handle(NoteOff(64), 1.5)
    turns.handle(Estimate(0.9), 1.5)
    assert over(turns) == pytest.approx(1.0 + 4.0 + turns.habits.longest)


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
    pass_time(turns, 2.7)
    play(turns, 9.0, 9.5)
    assert heard == [1.0, (1.75, 0.25), 9.0]


# Signals


def test_a_signal_ends_the_phrase_and_nothing_else_does():
    turns = TurnTaker(TurnRules(Signal("pedal")))
    play(turns, 1.0, 1.5)
    assert pass_time(turns, 100.0) == [Speculate(1)]
    assert turns.state is State.LISTENING
    assert turns.signal(100.0) == (Play(1),)
    assert turns.state is State.RESPONDING


def test_a_phrase_without_its_signal_ends_all_the_same():
    turns = TurnTaker(TurnRules(Signal("cc", 20), longest_call=60.0))
    play(turns, 1.0, 1.5)
    assert pass_time(turns, 600.9) == [Speculate(1)]
    assert pass_time(turns, 601.0) == [Play(1)]


def test_a_signal_ends_the_answer():
    turns = answering(TurnTaker(RULES))
    assert turns.signal(2.5) == (Hush(1),)
    assert (turns.state, turns.deadline) == (State.IDLE, None)


def test_a_signal_at_rest_is_nothing(turns):
    assert turns.signal(2.5) == ()
    assert (turns.state, turns.turn, turns.deadline) == (State.IDLE, 0, None)


def test_a_signal_without_enough_notes_ends_the_call():
    turns = TurnTaker(TurnRules(Signal("pedal"), min_notes=2))
    play(turns, 1.0, 1.5)
    assert turns.signal(2.0) == ()
    assert turns.state is State.IDLE


def test_a_short_silence_is_not_used_up_by_the_time_it_takes_to_be_heard():
    turns = TurnTaker(TurnRules(Silence(0.15), lead=0.2))
    play(turns, 1.0, 1.24)
    assert over(turns) == pytest.approx(1.24 + 0.075)


# Bars


class Line:
    """Bars of 2 s, beats of 0.5 s: bar n begins at 2 n seconds. A note in the last beat belongs to the next bar."""

    running = True

    def number(self, now):
        return int((now + 0.5) // 2.0) if self.running else None

    def start(self, bar):
        return 2.0 * bar

    def beat(self):
        return 0.5


@pytest.fixture
def trading() -> TurnTaker:
    return TurnTaker(TurnRules(Bars(2), first_note=4.0), bars=Line())


def traded(trading: TurnTaker) -> TurnTaker:
    """Play in bars 1 and 2; at 6 s the turn passes: livejam has 3 and 4, the next of the player's are 5 and 6."""
    play(trading, 2.0, 2.4)
    play(trading, 4.5, 5.0)
    assert pass_time(trading, 6.0) == [Speculate(1), Play(1)]
    return trading


def test_bars_are_over_with_their_last(trading):
    play(trading, 2.0, 2.4)
    assert over(trading) == 6.0
    play(trading, 4.5, 5.0)
    assert trading.deadline == pytest.approx(6.0 - BEFORE_BAR)
    assert pass_time(trading, 5.9) == [Speculate(1)]
    assert trading.handle_timeout(6.0) == (Play(1),)


def test_a_note_shortly_before_the_bar_line_is_guessed_at_at_once(trading):
    play(trading, 2.0, 2.4)
    pass_time(trading, 5.8)
    trading.handle(NoteOn(64, 80), 5.9)
    assert trading.deadline == 5.9
    assert trading.handle_timeout(5.9) == (Speculate(1),)
    assert trading.deadline == 6.0


def test_silence_does_not_end_bars(trading):
    play(trading, 2.0, 2.2)
    assert pass_time(trading, 5.7) == []
    assert trading.state is State.LISTENING


def test_a_pickup_belongs_to_the_bars_after_it(trading):
    play(trading, 1.6, 1.9)
    assert over(trading) == 6.0


def test_a_phrase_that_begins_late_in_its_bars_ends_with_them(trading):
    traded(trading)
    trading.handle(PlaybackDone(1), 10.0)
    play(trading, 12.5, 13.0)  # in the second of the player's bars
    assert over(trading) == 14.0


def test_the_last_note_may_land_on_the_downbeat_of_the_answer(trading):
    traded(trading)
    assert trading.handle(NoteOn(72, 80), 6.2) == ()
    assert (trading.state, trading.turn) == (State.RESPONDING, 1)


def test_livejams_bars_are_filled_however_long_they_last():
    turns = TurnTaker(TurnRules(Bars(24), longest_answer=30.0), bars=Line())
    play(turns, 2.0, 2.4)
    assert Play(1) in pass_time(turns, 50.0)
    turns.handle(AnswerReady(1), 50.01)
    assert pass_time(turns, 98.0) == []  # 24 bars of 2 s
    assert Hush(1) in pass_time(turns, 200.0)  # it ends all the same


def test_a_note_later_than_half_a_beat_interrupts(trading):
    traded(trading)
    assert trading.handle(NoteOn(72, 80), 6.3) == (Hush(1),)
    assert (trading.state, trading.turn) == (State.LISTENING, 2)
    assert over(trading) == 10.0  # who interrupts has the bars from here on


def test_an_upbeat_in_the_last_beat_of_the_answer_begins_the_next_turn(trading):
    traded(trading)
    assert trading.handle(NoteOn(72, 80), 9.6) == ()
    assert (trading.state, trading.turn) == (State.LISTENING, 2)
    assert over(trading) == 14.0


def test_a_player_who_comes_in_while_livejams_bars_are_still_to_come_to_their_end_keeps_to_the_form(trading):
    traded(trading)
    trading.handle(PlaybackDone(1), 7.0)  # a short answer
    play(trading, 8.1, 8.4)  # still one of livejam's bars: it is free
    assert over(trading) == 14.0


def test_slots_missed_begin_the_form_anew(trading):
    traded(trading)
    trading.handle(PlaybackDone(1), 10.0)
    play(trading, 31.0, 31.5)  # bars 5 and 6 went by long ago
    assert over(trading) == 34.0


def test_bars_without_a_clock_end_with_a_silence():
    line = Line()
    line.running = False
    turns = TurnTaker(TurnRules(Bars(2)), Steady(), line)
    play(turns, 1.0, 1.5)
    assert over(turns) == pytest.approx(2.0)
    assert TurnTaker(TurnRules(Bars(2)), Steady()).handle(NoteOn(60, 80), 1.0) == ()  # nor if there is none at all


def test_a_clock_that_stops_leaves_it_to_silence():
    line = Line()
    turns = TurnTaker(TurnRules(Bars(2)), Steady(), line)
    play(turns, 2.0, 2.4)
    line.running = False
    turns.regrid(2.5)
    assert over(turns) == pytest.approx(2.9)
    assert Play(1) in pass_time(turns, 2.9)


def test_a_clock_that_starts_within_a_phrase_gives_it_its_bars():
    line = Line()
    line.running = False
    turns = TurnTaker(TurnRules(Bars(2)), Steady(), line)
    play(turns, 2.0, 2.4)
    line.running = True
    turns.regrid(2.5)
    assert over(turns) == 6.0


def test_a_clock_that_moves_moves_the_end(trading):
    play(trading, 2.0, 2.4)
    trading._bars.start = lambda bar: 2.1 * bar
    trading.regrid(3.0)
    assert over(trading) == pytest.approx(6.3)


# Another mode


def test_a_mode_can_be_chosen_within_a_phrase(turns):
    play(turns, 1.0, 1.5)
    turns.choose(Silence(0.2), 1.6)
    assert over(turns) == pytest.approx(1.7)
    turns.choose(Signal("pedal"), 1.6)
    assert over(turns) > 100.0
    assert turns.signal(1.65) == (Play(1),)


def test_a_mode_chosen_while_livejam_answers_counts_from_the_next_phrase_on(turns):
    answering(turns)
    before = turns.deadline
    turns.choose(Silence(1.0), 2.2)
    assert (turns.state, turns.deadline) == (State.RESPONDING, before)
    turns.handle(PlaybackDone(1), 4.0)
    play(turns, 5.0, 5.5)
    assert over(turns) == pytest.approx(6.5)


def test_bars_can_be_chosen_within_a_phrase():
    turns = TurnTaker(RULES, bars=Line())
    play(turns, 2.0, 2.4)
    turns.choose(Bars(4), 2.5)
    assert over(turns) == 10.0


def test_bars_can_be_chosen_at_rest_and_while_livejam_answers():
    turns = TurnTaker(RULES, bars=Line())
    turns.choose(Bars(1), 0.0)
    play(turns, 2.0, 2.4)
    assert pass_time(turns, 4.0) == [Speculate(1), Play(1)]
    turns.choose(Bars(2), 4.5)
    assert turns.handle(NoteOn(60, 80), 5.0) == (Hush(1),)
    assert over(turns) == 8.0
