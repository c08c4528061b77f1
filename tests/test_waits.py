"""How long livejam waits, on parts whose figures can be worked out by hand."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from prepared import part, piece

from livejam.cli import main
from livejam.decoder import Decoder
from livejam.errors import LivejamError
from livejam.notes import NoteOff, TickNote
from livejam.pieces import PHRASE, TEMPO, save_pieces
from livejam.tokenizer import Context
from livejam.turns import Estimate
from livejam.waits import (
    Rule,
    calls_of,
    chosen_parts,
    measure,
    median_interval,
    play_part,
    seconds_at,
    share_interval,
    take,
)


def line(onsets, length, starts, marked=True):
    """Return a part of one pitch: notes of `length` ticks at `onsets`; phrases start at notes `starts`."""
    made = part((len(onsets),), pitch=60)
    made.notes["onset"], made.notes["length"] = onsets, length
    phrases = np.zeros(len(starts), PHRASE)
    phrases["start"], phrases["marked"] = starts, marked
    return type(made)(made.role, made.notes, phrases)


# 24 ticks are half a second where the tempo is unknown. Three phrases of quarter notes held for 0.25 s, so with rests
# of 0.25 s; the second one has a rest of 0.75 s inside. They are 0.5 s and 1.25 s apart.
QUARTERS = line([0, 24, 48, 84, 108, 156, 228, 252], 12, [0, 3, 6])


def waits(silence, music=QUARTERS):
    """Return how each phrase of a part is taken by a fixed silence."""
    return list(play_part(calls_of(piece(music), music), Rule("fixed", silence)))


def test_the_music_is_as_said():
    calls = calls_of(piece(QUARTERS), QUARTERS)
    assert [len(call.notes) for call in calls] == [3, 3, 2]
    assert [call.gap for call in calls] == [0.5, 1.25, np.inf]
    assert [call.length for call in calls] == [1.25, 1.75, 0.75]
    assert [note.onset for note in calls[1].played] == [0.0, 0.5, 1.5]


@pytest.mark.parametrize(
    ("silence", "false_starts", "missed"),
    [
        (0.2, [True, True, True], [False, False, False]),
        (0.3, [False, True, False], [False, False, False]),
        (0.6, [False, True, False], [True, False, False]),
        (0.8, [False, False, False], [True, False, False]),
        (1.3, [False, False, False], [True, True, False]),
    ],
)
def test_a_fixed_silence(silence, false_starts, missed):
    found = waits(silence)
    assert [wait.delay for wait in found] == pytest.approx([silence] * 3)
    assert [wait.false_start for wait in found] == false_starts
    assert [wait.missed for wait in found] == missed


def test_a_cut_that_is_not_marked_is_no_end():
    music = line([0, 24, 48, 84, 108, 156, 228, 252], 12, [0, 3, 6], marked=[True, False, True])
    assert [len(call.notes) for call in calls_of(piece(music), music)] == [3, 5]
    assert [wait.false_start for wait in waits(1.0, music)] == [False, True]  # the gap of 1.25 s lies inside


def test_what_follows_the_last_mark_is_left_out():
    music = line([0, 24, 48, 84, 108, 156, 228, 252], 12, [0, 3, 6], marked=[True, True, False])
    calls = calls_of(piece(music), music)
    assert [call.gap for call in calls] == [0.5, 1.25]


def test_a_key_held_too_long_is_a_false_start():
    music = line([0, 24], [12, 288], [0])  # the last note is held for six seconds: after four it counts as up
    (wait,) = waits(0.6, music)
    assert wait.false_start
    assert wait.delay == pytest.approx(4.6 - 6.0)


def test_seconds_follow_the_tempo():
    tempos = np.array([(0, 60), (24, 120), (48, 240)], TEMPO)
    assert seconds_at(tempos, np.array([0, 12, 24, 36, 48, 72])).tolist() == [0, 0.5, 1, 1.25, 1.5, 1.75]
    assert seconds_at(tempos[:0], np.array([0, 24])).tolist() == [0, 0.5]


def test_the_adaptive_rule_asks_what_is_likely():
    music = line([0, 24, 48, 72, 132, 156, 180, 204], 12, [0, 4])

    class Oracle:
        def restart(self):
            self.heard = 0

        def hear(self, notes, context, player):
            self.heard += len(notes)

        def phrase_ends(self, count):
            return [0.001] * (count - 1) + [self.says]

    calls, rule = calls_of(piece(music), music), Rule("network", None, listens=True)
    sure, unsure = Oracle(), Oracle()
    sure.says, unsure.says = 0.99, 0.01
    soon, late = (list(play_part(calls, rule, oracle)) for oracle in (sure, unsure))
    assert all(a.delay < b.delay - 0.2 for a, b in zip(soon, late, strict=True))
    assert sure.heard == 8


def test_only_notes_that_ended_are_estimated():
    told = []

    class Taker(type(Rule("fixed", 0.6).turn_taker())):
        def handle(self, event, now):
            if isinstance(event, NoteOff | Estimate):
                told.append(event if isinstance(event, NoteOff) else event.probability)
            return super().handle(event, now)

    music = line([0, 6], [48, 12], [0])  # the second note ends first
    (call,) = calls_of(piece(music), music)
    take(Taker(Rule("fixed", 0.6).turn_taker().rules), call, 0.0, [0.25, 0.5])
    assert told == [NoteOff(60), 0.5, NoteOff(60), 0.5]


def test_what_the_network_has_forgotten_is_not_told():
    music = line([0, 24, 48], 12, [0])
    (call,) = calls_of(piece(music), music)
    nothing, forgotten, known = (
        take(Rule("network", None).turn_taker(), call, 0.0, ends).delay for ends in (None, [], [0.999])
    )
    assert nothing == forgotten != known


def test_parts_are_taken_until_there_is_enough():
    pieces = [piece(part((8,) * 5, i), part((8,) * 5, i, marked=False), name=str(i)) for i in range(6)]
    assert [len(calls) for _, calls in chosen_parts(pieces, 12)] == [5, 5, 5]
    assert chosen_parts(pieces, 12) == chosen_parts(pieces, 12)


def test_figures():
    held_out = piece(QUARTERS, split="valid", corpus="ours")
    results = {result.rule: result.as_json() for result in measure([held_out, piece(QUARTERS, name="two")], 100)}
    assert list(results) == ["0.3 s", "0.6 s", "1.0 s", "adaptive"]
    assert results["0.6 s"] == {
        "phrases": 3,
        "delay_median": 0.6,
        "delay_median_low": 0.6,
        "delay_median_high": 0.6,
        "delay_p90": 0.6,
        "false_starts": 1 / 3,
        "false_starts_low": pytest.approx(0.0615, abs=1e-3),
        "false_starts_high": pytest.approx(0.7923, abs=1e-3),
        "missed_ends": 1 / 3,
        "delay_median_not_missed": 0.6,
        "tempo_assumed": 1.0,
    }


def test_the_interval_of_a_share():
    assert share_interval(5, 50) == pytest.approx((0.0435, 0.2136), abs=1e-3)  # the textbook's example
    assert share_interval(0, 50)[0] == pytest.approx(0.0)
    assert share_interval(50, 50)[1] == pytest.approx(1.0)


def test_the_interval_of_a_median():
    assert median_interval(np.arange(100.0)) == (40.0, 60.0)
    assert median_interval(np.array([3.0, 1.0])) == (1.0, 3.0)


def test_nineteen_of_twenty_intervals_hold_the_truth():
    rng = np.random.default_rng(1)
    shares = [share_interval(int(rng.binomial(400, 0.02)), 400) for _ in range(500)]
    medians = [median_interval(rng.exponential(size=200)) for _ in range(500)]
    assert 0.92 <= np.mean([low <= 0.02 <= high for low, high in shares]) <= 0.99
    assert 0.92 <= np.mean([low <= np.log(2) <= high for low, high in medians]) <= 0.98


def test_without_marks_there_is_nothing_to_measure():
    with pytest.raises(LivejamError, match="marked"):
        list(measure([piece(part((8, 8), marked=False), split="valid")], 100))


def test_the_network_says_for_every_note_what_it_knew_then():
    decoder, notes = Decoder(), [TickNote(12 * i, 60 + i, 10, 80) for i in range(6)]
    decoder.hear(notes, Context(), player=True)
    ends = decoder.phrase_ends(6)
    assert ends[-1] == decoder.phrase_end
    assert decoder.phrase_ends(2) == ends[-2:]
    decoder.restart()
    decoder.hear(notes[:4], Context(), player=True)
    assert decoder.phrase_end == pytest.approx(ends[3], abs=1e-3)
    assert decoder.phrase_ends(0) == []


def test_the_command(tmp_path):
    save_pieces(tmp_path, [piece(QUARTERS, split="valid")], {})
    done = CliRunner().invoke(main, ["turns", str(tmp_path), "--json", str(tmp_path / "figures" / "turns.json")])
    assert done.exit_code == 0, done.output
    assert "with network" in done.output
    figures = json.loads((tmp_path / "figures" / "turns.json").read_text())["corpora"]["ours"]
    assert figures["1.0 s"]["delay_median"] == 1.0
    assert set(figures) == {"0.3 s", "0.6 s", "1.0 s", "adaptive", "with network"}


def test_a_corpus_that_is_not_there(tmp_path):
    save_pieces(tmp_path, [piece(QUARTERS, split="valid")], {})
    done = CliRunner().invoke(main, ["turns", str(tmp_path), "--only", "theirs"])
    assert done.exit_code == 1
    assert "theirs" in done.output
