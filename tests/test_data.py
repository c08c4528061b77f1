"""Streams and windows: what the network is given to hear, and what it is asked."""

from dataclasses import replace

import numpy as np
import pytest
from prepared import part, piece

from livejam import tokenizer as tok
from livejam.notes import Metre, TickNote
from livejam.pieces import METRE, Quality, Role, Style
from livejam.tokenizer import COLUMN, DELTA_TICKS, END, LIVEJAM, START
from livejam.training.data import PLAIN, Dropping, room, streams, window

NEVER = Dropping(0, 0, 0, 0, 0, 0, 0, 0)  # nothing is dropped or changed


def column(rows, name):
    return rows[..., COLUMN[name]].tolist()


def stream_of(*parts, **about):
    (stream,) = streams([piece(*parts, **about)], fewest=1)
    return stream


def cut(stream, first=0, notes=64, drop=NEVER, seed=1):
    return window(stream, first, notes, np.random.default_rng(seed), drop)


def many(stream, drop, count=200):
    """Return windows from as many seeds."""
    return [cut(stream, drop=drop, seed=seed) for seed in range(count)]


def share(flags):
    return np.mean([bool(flag) for flag in flags])


# Streams


def test_a_stream_tells_all_that_is_known():
    chords = [(24, 0, Quality.MAJOR), (96, 7, Quality.DOMINANT), (120, -1, Quality.NONE)]
    stream = stream_of(part((6, 6), role=Role.BASS), chords=chords, style=Style.JAZZ, metre=(3, 4))
    rows = stream.rows
    assert stream.onsets.tolist() == list(range(0, 144, 12))
    assert [DELTA_TICKS[number] for number in column(rows, "delta")] == [0] + [12] * 11
    assert column(rows, "beat") == [0, 0, 1, 1, 2, 2] * 2
    assert column(rows, "phase") == [0, 12] * 6
    assert column(rows, "root") == [0, 0, 1, 1, 1, 1, 1, 1, 8, 8, 0, 0]
    assert set(column(rows, "quality")) == {0, Quality.MAJOR, Quality.DOMINANT}
    assert set(column(rows, "role")) == {Role.BASS}
    assert set(column(rows, "style")) == {Style.JAZZ}
    assert set(column(rows, "metre")) == {2}
    assert stream.starts.tolist() == [0, 6, 12]
    assert stream.bar_starts.tolist() == [0] * 6 + [72] * 6


def test_bars_follow_a_change_of_metre():
    changing = piece(part((12,)))
    changing = replace(changing, metres=np.array([(0, 2, 4), (48, 3, 4)], METRE))
    (stream,) = streams([changing], fewest=1)
    assert column(stream.rows, "beat") == [0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 0, 0]
    assert column(stream.rows, "metre") == [1] * 4 + [2] * 8


def test_an_unknown_metre_stays_unknown():
    rows = stream_of(part((8,)), metre=None).rows
    assert set(column(rows, "beat")) == {tok.UNKNOWN_BEAT}
    assert set(column(rows, "metre")) == {0}
    assert column(rows, "phase") == [0, 12] * 4


def test_short_parts_are_left_out():
    assert [len(stream.rows) for stream in streams([piece(part((8, 8)), part((8, 7)))])] == [16]


def test_chorales_are_also_heard_with_all_voices():
    soprano, bass = part((4, 4), pitch=72), part((8,), pitch=48, role=Role.BASS)
    one, two, merged = streams([piece(soprano, bass, corpus="bach-chorales-m21")], fewest=1)
    assert (one.role, two.role, merged.role) == (Role.MELODY, Role.BASS, Role.ALL)
    assert column(merged.rows, "pitch") == [48, 72] * 8
    assert merged.onsets.tolist() == sorted([*range(0, 96, 12)] * 2)
    assert merged.starts.tolist() == [0, 8, 16]
    assert len(streams([piece(soprano, bass, corpus="wjazzd")], fewest=1)) == 2


# Windows


def test_a_window_is_what_a_player_would_have_played():
    heard = cut(stream_of(part((6, 4, 6)), metre=(4, 4))).heard
    assert column(heard, "who") in ([2, 0, 0, 0, 0, 0, 3, 1, 1, 1, 2, 0, 0, 0, 0, 0],
                                    [3, 1, 1, 1, 1, 1, 2, 0, 0, 0, 3, 1, 1, 1, 1, 1])  # fmt: skip


def test_either_may_begin():
    stream = stream_of(part((6, 4)))
    assert {column(item.heard, "who")[0] for item in many(stream, NEVER, 30)} == {2, 3}


def test_a_window_later_in_a_piece_begins_in_its_own_bar():
    item = cut(stream_of(part((10, 10))), first=1)
    assert item.onset.tolist() == [24 + 12 * i for i in range(10)]
    assert DELTA_TICKS[column(item.heard, "delta")[0]] == 24
    assert column(item.heard, "interval")[0] == 0


def test_each_phrase_is_an_answer_to_those_before_it():
    item = cut(stream_of(part((3, 2, 4))))
    assert item.phrase.tolist() == [0] * 4 + [1] * 3 + [2] * 5
    assert item.sees.tolist() == [0] * 4 + [3] * 3 + [5] * 5
    assert item.answer_note.tolist() == [0, 1, 2, -1, 3, 4, -1, 5, 6, 7, 8, -1]
    starts = [0, 4, 7]
    assert [number == START for number in column(item.answer, "delta")] == [i in starts for i in range(12)]
    assert item.answer_order.tolist() == [-1, 0, 1, 2, 2, 3, 4, 4, 5, 6, 7, 8]
    assert item.answer_onset.tolist() == [0, 0, 12, 24, 24, 36, 48, 48, 60, 72, 84, 96]


def as_played():
    """Return a window, and the same notes as they are on the stage, with their context."""
    stream = stream_of(part((5, 4)), metre=(3, 4))
    columns = zip(stream.onsets.tolist(), column(stream.rows, "pitch"), strict=True)
    notes = [TickNote(onset, pitch, 12, 84) for onset, pitch in columns]
    return cut(stream), notes, tok.Context(Metre(3, 4), Role.MELODY, Style.FOLK)


def test_training_hears_what_the_stage_hears():
    item, notes, context = as_played()
    who = column(item.heard, "who")[1]
    assert item.heard[:5].tolist() == tok.encode(notes[:5], context, who, None).tolist()
    assert item.heard[5:].tolist() == tok.encode(notes[5:], context, 1 - who, notes[4]).tolist()


def test_training_answers_as_the_stage_answers():
    item, notes, context = as_played()
    assert item.answer[6].tolist() == tok.start_event(notes[4], notes[4].onset, context).tolist()
    assert item.answer[7:].tolist() == tok.encode(notes[5:], context, LIVEJAM, notes[4]).tolist()
    assert item.answer[0].tolist() == tok.start_event(None, 0, context).tolist()
    assert item.answer[1:6].tolist() == tok.encode(notes[:5], context, LIVEJAM, None).tolist()


def test_only_whole_phrases_end():
    stream = stream_of(part((20, 20)))
    whole, broken = cut(stream, notes=40), cut(stream, notes=30)
    assert np.flatnonzero(whole.answer_note == -1).tolist() == [20, 41]
    assert np.flatnonzero(broken.answer_note == -1).tolist() == [20]
    assert broken.answer_note[-1] == -2
    assert len(broken.heard) == 30


def test_targets_are_the_notes_themselves():
    item = cut(stream_of(part((6, 6))))
    for name, targets in zip(tok.PREDICTED, item.targets.T, strict=True):
        assert targets.tolist() == column(item.heard, name)
    assert (item.targets[:, 0] < END).all()


def test_the_end_of_a_phrase_counts_where_it_is_marked():
    assert cut(stream_of(part((3, 3)))).phrase_end.tolist() == [0, 0, 1, 0, 0, 1]
    assert cut(stream_of(part((3, 3), marked=False))).phrase_end.tolist() == [-1] * 6
    half = part((9, 9, 9))
    half.phrases["marked"] = [True, False, True]
    found = cut(stream_of(half), notes=26).phrase_end
    assert {int(i): int(found[i]) for i in np.flatnonzero(found)} == {8: 1, 17: -1, 25: -1}


def test_a_window_of_short_phrases_is_as_long_as_its_answers_allow():
    stream = stream_of(part((1,) * 200))
    item = cut(stream, notes=64)
    assert (len(item.heard), len(item.answer)) == (36, 72)
    assert room(64) == 72
    assert len(cut(stream_of(part((8,) * 25)), notes=64).answer) == 72
    assert len(cut(stream_of(part((7,) * 25)), notes=64).heard) == 63


# Conditions


@pytest.mark.parametrize("seed", range(8))
def test_transposition_moves_everything_alike(seed):
    stream = stream_of(part((8, 8)), chords=[(0, 11, Quality.MAJOR), (96, 4, Quality.MINOR)])
    plain, moved = cut(stream), cut(stream, drop=replace(NEVER, transpose=6), seed=seed)
    shift = column(moved.heard, "pitch")[0] - column(plain.heard, "pitch")[0]
    assert abs(shift) <= 6
    assert column(moved.heard, "pitch") == [pitch + shift for pitch in column(plain.heard, "pitch")]
    assert moved.targets[:, 1].tolist() == column(moved.heard, "pitch")
    assert column(moved.heard, "interval") == column(plain.heard, "interval")
    assert column(moved.heard, "root") == [(root - 1 + shift) % 12 + 1 for root in column(plain.heard, "root")]


def test_every_transposition_happens_and_none_leaves_the_keyboard():
    transposing = replace(NEVER, transpose=6)
    shifts = {column(item.heard, "pitch")[0] - 60 for item in many(stream_of(part((8,), pitch=60)), transposing)}
    assert shifts == set(range(-6, 7))
    assert {column(item.heard, "pitch")[0] for item in many(stream_of(part((8,), pitch=126)), transposing)} == set(
        range(120, 128)
    )


def test_drums_are_never_transposed():
    drums = stream_of(part((8,), role=Role.DRUMS))
    assert all(column(item.heard, "pitch") == column(drums.rows, "pitch") for item in
               many(drums, replace(NEVER, transpose=6), 20))  # fmt: skip


@pytest.mark.parametrize(
    ("name", "columns"),
    [("style", {"style": 0}), ("role", {"role": 0}), ("metre", {"metre": 0, "beat": tok.UNKNOWN_BEAT}),
     ("chords", {"root": 0, "quality": 0}), ("velocity", {"velocity": 0})],
)  # fmt: skip
def test_conditions_are_dropped_as_often_as_said(name, columns):
    stream = stream_of(part((8, 8)), chords=[(0, 5, Quality.MAJOR)])
    kept = cut(stream)
    dropped = [
        all(set(column(item.heard, known)) == {value} for known, value in columns.items())
        for item in many(stream, replace(NEVER, **{name: 0.3}))
    ]
    assert 0.2 < share(dropped) < 0.4
    others = [other for other in COLUMN if other not in {*columns, "who"}]
    for item in many(stream, replace(NEVER, **{name: 1.0}), 3):
        assert all(column(item.heard, known) == column(kept.heard, known) for known in others)


def test_a_withheld_velocity_is_foreseen_as_unknown():
    item = cut(stream_of(part((8, 8))), drop=replace(NEVER, velocity=1.0))
    assert not item.targets[:, 3].any()


def test_invented_velocities_are_heard_and_never_foreseen():
    stream = stream_of(part((8, 8), velocity=0))
    item = cut(stream, drop=replace(NEVER, invented_velocity=1.0))
    assert min(column(item.heard, "velocity")) > 0
    assert set(item.targets[:, 3].tolist()) == {-1}
    assert not any(column(cut(stream).heard, "velocity"))
    assert not cut(stream).targets[:, 3].any()


def test_a_withheld_call_is_neither_seen_nor_told():
    stream = stream_of(part((3, 2, 4)))
    item = cut(stream, drop=replace(NEVER, call=1.0))
    assert not item.sees.any()
    starts = item.answer[[0, 4, 7]]
    assert column(starts, "pitch") == [tok.NO_PITCH] * 3
    assert column(starts, "velocity") == [0] * 3
    assert column(item.answer[[1, 5, 8]], "interval") == [0] * 3
    withheld = [(other.sees[4] == 0, other.sees[7] == 0) for other in many(stream, replace(NEVER, call=0.3))]
    assert all(0.2 < value < 0.4 for value in np.mean(withheld, axis=0))
    assert share(one != other for one, other in withheld) > 0.2  # each answer for itself


def test_validation_drops_nothing_but_chords():
    stream = stream_of(part((8, 8)), chords=[(0, 5, Quality.MAJOR)])
    item = cut(stream, drop=PLAIN)
    for name in set(COLUMN) - {"who", "root", "quality"}:
        assert column(item.heard, name) == column(stream.rows, name)
    assert not any(column(item.heard, "root"))
