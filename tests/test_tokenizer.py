"""Notes to events and back; and the vocabulary, on which every trained network depends."""

import hashlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from music import walk

from livejam import tokenizer as tok
from livejam.notes import Metre, TickNote
from livejam.pieces import Role, Style
from livejam.tokenizer import COLUMN, DELTA_TICKS, END, FIELDS, LENGTH_TICKS, LIVEJAM, PLAYER, START, Context

FOUR = Context(Metre(4, 4))


def column(rows, name):
    return rows[..., COLUMN[name]].tolist()


def decoded(rows, onset):
    """Return the notes that events mean, the first delta counted from `onset`."""
    onsets = onset + np.cumsum([DELTA_TICKS[number] for number in column(rows, "delta")])
    return [
        TickNote(int(at), pitch, LENGTH_TICKS[length], tok.velocity_of(velocity))
        for at, pitch, length, velocity in zip(
            onsets, column(rows, "pitch"), column(rows, "length"), column(rows, "velocity"), strict=True
        )
    ]


# The vocabulary


def test_the_vocabulary_is_frozen():
    """Another vocabulary needs another contract and another network: never change this hash alone."""
    everything = [list(FIELDS.items()), list(tok.PREDICTED.items()), DELTA_TICKS, LENGTH_TICKS, tok.METRES]
    constants = [END, START, tok.NO_PITCH, tok.NO_LENGTH, tok.MAX_INTERVAL, tok.UNKNOWN_BEAT, tok.VELOCITY_BINS]
    sha256 = hashlib.sha256(json.dumps([everything, constants]).encode()).hexdigest()
    assert sha256 == "8356082401c706b9abca5c0c199f6bff90863d886378dc6062649da48550bd7b"


def test_sizes():
    assert (END, START, len(LENGTH_TICKS), len(FIELDS)) == (len(DELTA_TICKS), END + 1, 26, 13)
    assert tok.PREDICTED == {"delta": END + 1, "pitch": 128, "length": 26, "velocity": 17}
    assert list(tok.PREDICTED) == [name for name in FIELDS if name in tok.PREDICTED]


def test_classes_ascend_and_hold_what_music_needs():
    assert all(np.diff(DELTA_TICKS) > 0)
    assert all(np.diff(LENGTH_TICKS) > 0)
    assert {0, *range(1, 49), *range(48, 193, 12), 56, 64, 80, 384, 768} <= set(DELTA_TICKS)
    assert {6, 8, 12, 16, 18, 24, 36, 48, 72, 96, 192} <= set(LENGTH_TICKS)


# Round trips


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("context", "start"), [(FOUR, 192), (Context(Metre(6, 8, 12)), 156), (Context(), 192)])
def test_a_phrase_survives(seed, context, start):
    notes = walk(60, seed, start)
    first = tok.start_onset(notes[0].onset, context.metre)
    assert decoded(tok.encode(notes, context, PLAYER, None), first) == notes


def test_a_phrase_after_another_survives():
    before = walk(5)[-1]
    notes = walk(40, 2, before.onset + 48)
    assert decoded(tok.encode(notes, FOUR, PLAYER, before), before.onset) == notes


@given(st.lists(st.integers(0, 700), min_size=1, max_size=60))
def test_deltas_do_not_drift(steps):
    onsets = np.cumsum(steps)
    led = np.cumsum(np.array(DELTA_TICKS)[tok.quantised_deltas(onsets, 0)])
    assert np.abs(led - onsets).max() <= 12  # half of the widest step between classes


@pytest.mark.parametrize("rest", [769, 1000, 1535, 5000])
def test_a_rest_beyond_any_class_ends_with_its_note(rest):
    onsets = np.array([10, 10 + rest, 22 + rest, 46 + rest])
    assert [DELTA_TICKS[number] for number in tok.quantised_deltas(onsets, 0)] == [10, 768, 12, 24]


def test_onsets_before_the_last_count_as_together():
    assert tok.encode([TickNote(80, 60, 12, 80)], FOUR, PLAYER, TickNote(96, 60, 12, 80))[0, COLUMN["delta"]] == 0


@given(st.integers(0, 800))
def test_deltas_round_to_the_nearest(ticks):
    found = DELTA_TICKS[int(tok.delta_class(np.array(ticks)))]
    assert abs(found - ticks) == min(abs(known - ticks) for known in DELTA_TICKS)


@given(st.integers(0, 2000))
def test_lengths_round_by_ratio(ticks):
    found = LENGTH_TICKS[int(tok.length_class(np.array(ticks)))]
    ratio = [max(known / max(ticks, 1), max(ticks, 1) / known) for known in LENGTH_TICKS]
    assert ratio[LENGTH_TICKS.index(found)] == pytest.approx(min(ratio))


@given(st.integers(1, 127))
def test_velocities_keep_within_their_bin(velocity):
    number = int(tok.velocity_class(np.array(velocity)))
    assert 1 <= number <= tok.VELOCITY_BINS
    assert abs(tok.velocity_of(number) - velocity) <= 4
    assert int(tok.velocity_class(np.array(tok.velocity_of(number)))) == number


def test_an_unknown_velocity_stays_unknown():
    assert int(tok.velocity_class(np.array(0))) == 0
    assert tok.velocity_of(0) == 0


# What is known beside the notes


@pytest.mark.parametrize(
    ("metre", "onset", "place"),
    [
        (None, 0, (0, 12)),
        (None, 250, (10, 12)),
        (Metre(4, 4), 0, (0, 0)),
        (Metre(4, 4), 95, (23, 3)),
        (Metre(4, 4), 96, (0, 0)),
        (Metre(3, 4), 96, (0, 1)),
        (Metre(4, 4, 24), 0, (0, 3)),  # a pickup beat
        (Metre(4, 4, 24), 24, (0, 0)),
        (Metre(6, 8, 12), 12 + 36, (12, 1)),
        (Metre(6, 8, 12), 0, (12, 2)),
        (Metre(12, 4), 276, (12, 11)),
        (Metre(16, 4), 380, (20, 11)),  # beyond the classes
    ],
)
def test_places_in_the_bar(metre, onset, place):
    phase, beat = tok.bar_place(np.array([onset]), metre)
    assert (int(phase[0]), int(beat[0])) == place


@pytest.mark.parametrize(
    ("step", "number"), [(0, 25), (2, 27), (-2, 23), (24, 49), (25, 49), (60, 49), (-24, 1), (-60, 1)]
)
def test_intervals(step, number):
    assert int(tok.interval_class(np.array(64 + step), np.array(64))) == number
    assert int(tok.interval_class(np.array(64 + step), np.array(tok.NO_PITCH))) == 0


def test_intervals_of_a_phrase_are_from_note_to_note():
    notes = [TickNote(12 * i, pitch, 12, 80) for i, pitch in enumerate((60, 64, 62))]
    assert column(tok.encode(notes, FOUR, PLAYER, None), "interval") == [0, 29, 23]
    assert column(tok.encode(notes, FOUR, PLAYER, TickNote(0, 59, 1, 1)), "interval") == [26, 29, 23]


@pytest.mark.parametrize("who", [PLAYER, LIVEJAM])
def test_who_plays_and_where_a_phrase_begins(who):
    assert column(tok.encode(walk(4), FOUR, who, None), "who") == [who + 2, who, who, who]


@pytest.mark.parametrize(("pair", "number"), [((2, 4), 1), ((4, 4), 3), ((5, 4), 9), ((7, 4), 10), ((4, 2), 10)])
def test_metres(pair, number):
    assert tok.metre_class(*pair) == number


def test_what_is_known_is_told_with_every_note():
    rows = tok.encode(walk(3), Context(Metre(3, 4), Role.BASS, Style.FOLK), PLAYER, None)
    assert column(rows, "metre") == [2] * 3
    assert column(rows, "role") == [Role.BASS] * 3
    assert column(rows, "style") == [Style.FOLK] * 3
    assert column(tok.encode(walk(3), Context(), PLAYER, None), "metre") == [0] * 3


def test_an_empty_phrase_has_no_events():
    assert tok.encode([], FOUR, PLAYER, None).shape == (0, len(FIELDS))


@given(st.integers(0, 3000), st.integers(0, 127), st.integers(1, 3000), st.integers(0, 127))
def test_every_event_is_within_its_classes(onset, pitch, length, velocity):
    note = TickNote(onset, pitch, length, velocity)
    for context in (FOUR, Context(Metre(32, 2, 17)), Context()):
        rows = [*tok.encode([note], context, LIVEJAM, None), tok.start_event(note, onset, context)]
        assert all(0 <= value < size for row in rows for value, size in zip(row, FIELDS.values(), strict=True))


# How an answer begins


def test_a_start_event_tells_of_the_last_note():
    row = tok.start_event(TickNote(108, 67, 12, 90), 108, FOUR)
    told = {name: int(row[COLUMN[name]]) for name in ("delta", "pitch", "length", "interval", "who", "phase", "beat")}
    expected = {"pitch": 67, "interval": 0, "who": LIVEJAM, "phase": 12, "beat": 0}
    assert told == {"delta": START, "length": tok.NO_LENGTH, **expected}
    assert tok.velocity_of(int(row[COLUMN["velocity"]])) == 92


def test_a_start_event_after_nothing_has_no_pitch():
    row = tok.start_event(None, 96, FOUR)
    assert row[COLUMN["pitch"]] == tok.NO_PITCH
    assert row[COLUMN["velocity"]] == 0
    assert (row[COLUMN["phase"]], row[COLUMN["beat"]]) == (0, 0)


@pytest.mark.parametrize(
    ("metre", "first", "start"),
    [(None, 50, 48), (Metre(4, 4), 100, 96), (Metre(4, 4, 24), 100, 24), (Metre(3, 4, 24), 10, -48)],
)
def test_the_first_delta_of_all_counts_from_the_bar(metre, first, start):
    assert tok.start_onset(first, metre) == start
