"""Labels: the controls that phrases of a corpus are learnt with are those that would have asked for them."""

from dataclasses import replace

import numpy as np
import pytest
from prepared import part, piece

from livejam.controls import CONTROL, CONTROLS, Wish
from livejam.notes import Metre
from livejam.pieces import METRE, Quality, Role
from livejam.tokenizer import COLUMN, START, Chord
from livejam.training.data import Dropping, streams, window

TELLING = Dropping(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)  # nothing is withheld or changed
CHORDS = [(0, 0, Quality.MAJOR), (60, 5, Quality.DOMINANT), (240, 7, Quality.MINOR)]


def told(*sizes, drop=TELLING, seed=1, metre=(3, 4), first=0, **about):
    (stream,) = streams([piece(part(sizes, **about), metre=metre, chords=CHORDS)], fewest=1)
    return window(stream, first, 64, np.random.default_rng(seed), drop)


def column(item, name):
    return item.controls[:, CONTROL[name]].tolist()


@pytest.mark.parametrize("metre", [(3, 4), (6, 8), None])
def test_they_are_what_a_player_would_ask_for(metre):
    """Step by step, as the decoder asks, for the length that each phrase has."""
    item = told(7, 9, 12, metre=metre)
    asked_in = Metre(*metre) if metre else None
    chords = tuple(Chord(tick, root, quality) for tick, root, quality in CHORDS)
    for number in range(3):
        steps = np.flatnonzero(item.phrase == number)
        onsets = item.answer_onset[steps].tolist()
        notes = onsets[1:]
        bar = asked_in.bar_ticks if asked_in else 1
        wish = Wish(bars=notes[-1] // bar - notes[0] // bar + 1, beats=notes[-1] // 24 - notes[0] // 24 + 1)
        pickup = asked_in and notes[0] % bar >= bar - 24
        if pickup:
            wish = replace(wish, bars=max(1, wish.bars - 1))
        for place, (step, onset) in enumerate(zip(steps, onsets, strict=True)):
            row = wish.row(onset, notes[0] if place else None, asked_in, chords)
            for name in ("bars", "beats", "next_root", "next_quality"):
                assert item.controls[step, CONTROL[name]] == row[CONTROL[name]], (number, place, name)


def test_the_first_phrase_has_no_call():
    item = told(8, 8, 8)
    first = item.phrase == 0
    for name in ("kind", "shift"):
        values = np.array(column(item, name))
        assert not values[first].any()
        assert values[~first].all()


def test_a_deaf_answer_is_not_asked_to_be_like_a_call():
    item = told(8, 8, 8, drop=replace(TELLING, call=1.0))
    assert not any(column(item, "kind") + column(item, "shift"))
    assert all(column(item, "density"))


@pytest.mark.parametrize("seed", range(6))
def test_transposition_moves_registers_keys_and_chords(seed):
    plain, moved = told(8, 8), told(8, 8, drop=replace(TELLING, transpose=6), seed=seed)
    shift = moved.heard[0, COLUMN["pitch"]] - plain.heard[0, COLUMN["pitch"]]
    for name in ("density", "shift", "kind", "bars", "beats", "next_quality"):
        assert column(moved, name) == column(plain, name)
    assert column(moved, "next_root") == [(root - 1 + shift) % 12 + 1 for root in column(plain, "next_root")]
    keys = [key and 1 + 12 * ((key - 1) // 12) + (key - 1 + shift) % 12 for key in column(plain, "key")]
    assert column(moved, "key") == keys


def test_drums_have_no_register_and_no_key():
    item = told(8, 8, role=Role.DRUMS)
    assert not any(column(item, "register") + column(item, "shift") + column(item, "key"))
    assert all(column(item, "density"))


def test_bars_are_counted_through_a_change_of_metre():
    changing = replace(piece(part((20,))), metres=np.array([(0, 2, 4), (96, 3, 4)], METRE))
    (stream,) = streams([changing], fewest=1)
    item = window(stream, 0, 64, np.random.default_rng(1), TELLING)
    assert column(item, "bars")[1:] == [4] * 4 + [3] * 4 + [2] * 6 + [1] * 6
    assert column(item, "beats")[1:] == [beat for beat in range(10, 0, -1) for _ in range(2)]


def test_controls_are_withheld_as_often_as_said():
    items = [told(8, 8, 8, 8, drop=replace(TELLING, control=0.5, controls=0.2), seed=seed) for seed in range(150)]
    starts = [item.controls[item.answer[:, COLUMN["delta"]] == START] for item in items]
    known = np.concatenate(starts) > 0  # (answers, C)
    named = [CONTROL[name] for name in ("bars", "beats", "density", "register")]
    assert known[:, named].mean() == pytest.approx(0.5 * 0.8, abs=0.05)
    none = ~known[:, named].any(1)
    assert none.mean() == pytest.approx(0.2 + 0.8 / 2 ** len(named), abs=0.06)


def test_an_answer_is_asked_the_same_throughout():
    for seed in range(20):
        item = told(8, 8, 8, drop=replace(TELLING, control=0.5), seed=seed)
        for number in range(3):
            known = item.controls[item.phrase == number][:, [CONTROL[name] for name in ("bars", "density", "key")]] > 0
            assert (known == known[0]).all()


def test_chords_are_withheld_with_those_that_are_heard():
    item = told(8, 8, drop=replace(TELLING, chords=1.0))
    assert not any(column(item, "next_root") + column(item, "next_quality"))


def test_every_class_is_within_its_number():
    item = told(8, 30, 8)
    assert (item.controls >= 0).all()
    assert (item.controls < np.array(list(CONTROLS.values()))).all()
