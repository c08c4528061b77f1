"""Batches: windows packed into rows, drawn by seed and step alone."""

from dataclasses import fields

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the train extra: pip install 'livejam[train]'")

import torch
from hypothesis import given
from hypothesis import strategies as st
from prepared import part, piece

from livejam.pieces import Role
from livejam.tokenizer import COLUMN
from livejam.training import batches
from livejam.training.batches import Packer, Sampler, consecutive
from livejam.training.data import PLAIN, Dropping, Window, room, streams, window

pytestmark = pytest.mark.train

NOTES = 48  # of a row


def music(pieces=4, sizes=(6,) * 12, corpus="ours", **about):
    made = [piece(part(sizes, seed, **about), name=str(seed), corpus=corpus) for seed in range(pieces)]
    return streams(made)


def sampler(streams_of_music, weights=None, seed=1, rows=4):
    return Sampler(streams_of_music, weights or {}, seed, rows, NOTES, Dropping())


def tensors(batch):
    """Return all tensors of a batch, side by side."""
    return [leaf for value in batch for leaf in (value if isinstance(value, tuple) else [value])]


def equal(one, other):
    return all(torch.equal(a, b) for a, b in zip(tensors(one), tensors(other), strict=True))


def contains(row, pitches):
    return (np.lib.stride_tricks.sliding_window_view(row, len(pitches)) == pitches).all(1).any()


# The packer


@given(st.lists(st.lists(st.integers(1, 20), min_size=1, max_size=4), min_size=1, max_size=12))
def test_a_packer_loses_nothing_and_no_row_overflows(all_sizes):
    rng, packer = np.random.default_rng(1), Packer(3, NOTES)
    made = [streams([piece(part(tuple(sizes)))], fewest=1)[0] for sizes in all_sizes]
    windows = [window(stream, 0, NOTES, rng, PLAIN) for stream in made]
    taken = [item for item in windows if packer.add(item)]
    assert packer.filled == len(taken)
    for row in packer.windows:
        assert sum(len(item.heard) for item in row) <= NOTES
        assert sum(len(item.answer) for item in row) <= room(NOTES)
    batch = packer.batch()
    assert (batch.answer_targets.classes[..., 1] >= 0).sum() == sum(len(item.heard) for item in taken)
    for item in taken:
        pitches = item.heard[:, COLUMN["pitch"]]
        rows = batch.heard[..., COLUMN["pitch"]].numpy()
        assert any(contains(row, pitches) for row in rows)


def test_a_packer_refuses_what_does_not_fit():
    packer = Packer(1, NOTES)
    (stream,) = music(1)
    item = window(stream, 0, 30, np.random.default_rng(1), PLAIN)
    assert packer.add(item)
    assert not packer.add(item)
    assert packer.filled == 1


def test_every_window_fits_an_empty_row():
    for sizes in ((1,) * 200, (2, 1) * 80, (200,), (3, 100)):
        (stream,) = music(1, sizes)
        for first in range(0, len(sizes), 7):
            item = window(stream, first, NOTES, np.random.default_rng(1), PLAIN)
            assert Packer(1, NOTES).add(item)


def test_windows_of_one_row_do_not_see_each_other():
    packer = Packer(1, NOTES)
    for stream in music(2, (5, 5, 6)):
        assert packer.add(window(stream, 0, 20, np.random.default_rng(1), PLAIN))
    batch = packer.batch()
    heard, answer, cross = batch.heard_mask[0, 0], batch.answer_mask[0, 0], batch.cross_mask[0, 0]
    assert not heard[16:32, :16].any()
    assert heard[:16, :16].sum() == 16 * 17 / 2
    assert not answer[19:38, :19].any()
    sees = cross.sum(1).tolist()
    assert sees == [0] * 6 + [5] * 6 + [10] * 7 + [0] * 6 + [5] * 6 + [10] * 7 + [0] * (len(sees) - 38)
    assert not cross[19:38, :16].any()


# The sampler


def test_a_batch_depends_on_seed_and_step_alone():
    one, other = sampler(music()), sampler(music())
    for step in (3, 0, 3):
        other.batch(step)
    assert equal(one.batch(5), other.batch(5))
    assert not equal(one.batch(5), one.batch(6))
    assert not equal(one.batch(5), sampler(music(), seed=2).batch(5))


def test_rows_are_nearly_full():
    batch = sampler(music(8, (6,) * 40), rows=8).batch(0)
    assert (batch.heard_targets.classes[..., 1] >= 0).float().mean() > 0.8


def test_music_of_single_notes_can_be_drawn():
    batch = sampler(music(2, (1,) * 100)).batch(0)
    assert (batch.answer_targets.classes[..., 1] >= 0).any()


def test_corpora_are_drawn_by_their_weight():
    both = [*music(8, corpus="big", pitch=50), *music(2, corpus="small", pitch=80)]
    drawn = sampler(both, {"big": 1.0, "small": 3.0})
    assert drawn.share[7] == pytest.approx(0.25)
    assert drawn.share[-1] == pytest.approx(1)
    high = [(batch.heard[..., COLUMN["pitch"]] >= 70).sum() / (batch.heard[..., COLUMN["pitch"]] > 0).sum()
            for batch in (drawn.batch(step) for step in range(12))]  # fmt: skip
    assert np.mean(high) == pytest.approx(0.75, abs=0.12)


def test_lines_that_rarely_lead_are_drawn_less():
    lead, bass = music(1), music(1, role=Role.BASS)
    assert sampler([*lead, *bass]).share.tolist() == pytest.approx([0.8, 1.0])


def test_the_fewer_notes_a_corpus_has_the_more_is_dropped(monkeypatch):
    monkeypatch.setattr(batches, "SCARCE", 100)
    found = batches.scarcity([*music(1, (50,), "few"), *music(4, (100,), "many"), *music(1, (100,), "some")])
    assert found == {"few": 1.0, "many": 0.5, "some": 1.0}


def test_events_know_how_scarce_they_are():
    packer = Packer(1, NOTES)
    for scarce in (0.25, 1.0):
        packer.add(window(music(1, (10, 10))[0], 0, NOTES, np.random.default_rng(1), PLAIN), scarce)
    batch = packer.batch()
    assert batch.heard_scarcity[0, :, 0].tolist() == [0.25] * 20 + [1.0] * 20 + [0.0] * 8
    assert batch.answer_scarcity[0, :44, 0].tolist() == [0.25] * 22 + [1.0] * 22


# Validation


def test_validation_goes_through_everything_once():
    held_out = music(5, (6, 9, 30, 4, 1, 1, 20))
    batches = list(consecutive(held_out, 2, NOTES, 10_000, seed=0))
    counted = sum(int((batch.answer_targets.classes[..., 1] >= 0).sum()) for batch in batches)
    total = sum(len(stream.rows) for stream in held_out)
    assert total <= counted <= 1.4 * total  # a phrase that a window cuts is begun again
    again = list(consecutive(held_out, 2, NOTES, 10_000, seed=0))
    assert all(equal(one, other) for one, other in zip(batches, again, strict=True))


def test_validation_stops_at_what_is_asked():
    batches = consecutive(music(20), 2, NOTES, 100, seed=0)
    counted = sum(int((batch.answer_targets.classes[..., 1] >= 0).sum()) for batch in batches)
    assert 100 <= counted < 100 + NOTES


def test_no_music_gives_no_batches():
    assert list(consecutive([], 2, NOTES, 100, seed=0)) == []


def test_windows_hold_what_they_say():
    (stream,) = music(1, (12,) * 6)
    item = window(stream, 0, NOTES, np.random.default_rng(1), PLAIN)
    sizes = {field.name: len(getattr(item, field.name)) for field in fields(Window)}
    heard = {"heard", "onset", "phrase_end", "targets"}
    assert {sizes[name] for name in heard} == {NOTES}
    assert len({sizes[name] for name in set(sizes) - heard}) == 1
