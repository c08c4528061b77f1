"""The Transformer: what sees what, on tiny networks of random weights."""

from copy import deepcopy
from dataclasses import replace
from math import lcm

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the train extra: pip install 'livejam[train]'")

import torch
from make_tiny_model import random_network
from prepared import part, piece

from livejam.tokenizer import COLUMN, FIELDS, NO_PITCH, PREDICTED
from livejam.training.batches import Packer
from livejam.training.data import PLAIN, streams, window
from livejam.training.layers import (
    CHOSEN,
    ORDER_PERIODS,
    PITCHES,
    TICK_PERIODS,
    WITH_DELTA,
    NetworkSettings,
    Places,
    angles,
    merge_intervals,
    rotate,
)  # fmt: skip
from livejam.training.model import Network, Owners, grow

pytestmark = pytest.mark.train

NOTES = 32  # of a row
DEAF = replace(PLAIN, call=1.0)


@pytest.fixture(scope="module", params=[(64, 1, 1), (128, 2, 1)], ids=["one head", "two heads"])
def network(request):
    width, layers, key_heads = request.param
    return random_network(NetworkSettings(width, layers, layers, key_heads, hidden=32, memory=NOTES))


def a_window(seed=1, sizes=(7, 6, 8), drop=PLAIN):
    """Return a window of three phrases."""
    (stream,) = streams([piece(part(sizes, seed))], fewest=1)
    return window(stream, 0, NOTES, np.random.default_rng(seed), drop)


def packed(*windows, rows=1, notes=NOTES):
    packer = Packer(rows, notes)
    assert all(packer.add(item) for item in windows)
    return packer.batch()


@torch.no_grad()
def memory_of(network, batch):
    return network.heard(batch).state


@torch.no_grad()
def state_of(network, batch):
    return network.states(batch)


@torch.no_grad()
def losses(network, batch):
    return {name: float(value) for name, value in network.losses(batch).items()}


def changed(events, place):
    """Return events of which one, at `place`, has another pitch and length."""
    other = events.clone()
    other[:, place, COLUMN["pitch"]] += 1
    other[:, place, COLUMN["length"]] += 1
    return other


def differing(one, other):
    """Return the places (T,) at which two states (1, T, D) differ."""
    return ((one - other).abs().amax(-1)[0] > 1e-6).nonzero()[:, 0].tolist()


# Causality


@pytest.mark.parametrize("place", [0, 9, 20])
def test_the_encoder_never_looks_ahead(network, place):
    batch = packed(a_window())
    before = memory_of(network, batch)
    after = memory_of(network, batch._replace(heard=changed(batch.heard, place)))
    assert differing(before, after) == list(range(place, 21))


def test_an_answer_sees_the_calls_before_it_and_nothing_else(network):
    batch = packed(a_window())  # phrases of 7, 6 and 8 notes: answers at 0..7, 8..14, 15..23
    before = state_of(network, batch)
    for place, seen_by in ((3, range(8, 24)), (9, range(15, 24)), (16, range(0))):
        after = state_of(network, batch._replace(heard=changed(batch.heard, place)))
        assert differing(before, after) == list(seen_by)


def test_an_answer_sees_itself_so_far_and_no_other_answer(network):
    batch = packed(a_window())
    before = state_of(network, batch)
    for place, answer_end in ((2, 8), (8, 15), (20, 24)):
        after = state_of(network, batch._replace(answer=changed(batch.answer, place)))
        assert differing(before, after) == list(range(place, answer_end))


def test_a_withheld_call_is_not_looked_at(network):
    batch = packed(a_window(drop=DEAF))
    before = state_of(network, batch)
    for place in range(21):
        assert differing(before, state_of(network, batch._replace(heard=changed(batch.heard, place)))) == []
    assert not batch.cross_mask.any()


def test_only_the_last_layers_of_a_deeper_encoder_are_looked_at():
    network, batch = random_network(NetworkSettings(64, 3, 2, 1, hidden=32, memory=NOTES)), packed(a_window())
    kept = network.heard(batch).kept
    assert len(kept) == 3
    answer = (batch.answer, batch.answer_at, torch.cat([batch.cross_mask, batch.answer_mask], -1))
    with torch.no_grad():
        assert torch.equal(
            network.decode(*answer, kept, batch.controls), network.decode(*answer, kept[1:], batch.controls)
        )


# Growth


def test_the_encoder_begins_as_a_copy_of_the_decoder(network):
    network, batch = deepcopy(network), packed(a_window())
    before, heard = network.states(batch), memory_of(network, batch)
    grow(network)
    assert not torch.equal(heard, memory_of(network, batch))
    assert not torch.equal(before, network.states(batch))
    for name, weight in network.encoder.named_parameters():
        assert torch.equal(weight, network.decoder.get_parameter(name)), name


def test_what_has_grown_plays_what_it_played_alone_but_for_starts(network):
    """An answer to one phrase is what it was in a row, without the start event of the phrase."""
    network, batch = deepcopy(network), packed(a_window(sizes=(7, 6)))
    batch = batch._replace(controls=torch.zeros_like(batch.controls))
    grow(network)
    places = [*range(1, 8), *range(8, 15)]
    row = batch._replace(
        answer=batch.answer[:, places],
        answer_at=Places(*(at[:, places] for at in batch.answer_at)),
        controls=batch.controls[:, places],
        owners=Owners(*(of[:, places] for of in batch.owners)),
    )
    with torch.no_grad():
        alone, grown = network.in_a_row(row)[:, 7:], network.states(batch)[:, 8:15]
    assert torch.allclose(alone, grown, atol=1e-5)


def test_more_layers_cannot_answer_than_hear():
    with pytest.raises(ValueError, match="3 layers that answer need as many that hear, not 2"):
        Network(NetworkSettings(64, 2, 3, 1, hidden=32, memory=NOTES))


# Packing


def test_a_packed_window_learns_what_it_learns_alone(network):
    windows = [a_window(1, (7, 6)), a_window(2, (5, 5, 6)), a_window(3, (20, 10)), a_window(4, (3, 13))]
    alone = [losses(network, packed(item)) for item in windows]
    together = losses(network, packed(*windows, rows=3))
    for name, value in together.items():
        assert value == pytest.approx(sum(item[name] for item in alone), rel=1e-5), name


def test_room_left_over_changes_nothing(network):
    assert losses(network, packed(a_window(), rows=3, notes=2 * NOTES)) == pytest.approx(
        losses(network, packed(a_window())), rel=1e-5
    )


def test_what_does_not_count_is_not_learned(network):
    item = a_window()
    counts = losses(network, packed(item))
    assert (counts["notes"], counts["ahead_notes"], counts["end_notes"]) == (21, 20, 21)
    item.targets[:, 3] = -1  # velocities unknown
    assert losses(network, packed(item))["velocity"] == 0


def test_an_empty_batch_has_no_loss(network):
    assert not any(losses(network, packed()).values())


# Positions


def test_only_distances_count(network):
    batch = packed(a_window())
    later = [Places(at.onset + 12_345, at.order + 77) for at in (batch.heard_at, batch.answer_at)]
    moved = batch._replace(heard_at=later[0], answer_at=later[1])
    assert torch.allclose(memory_of(network, batch), memory_of(network, moved), atol=1e-4)
    assert torch.allclose(state_of(network, batch), state_of(network, moved), atol=1e-4)


def test_times_count(network):
    batch = packed(a_window())
    slower = batch.heard_at._replace(onset=batch.heard_at.onset * 2)
    assert differing(memory_of(network, batch), memory_of(network, batch._replace(heard_at=slower))) == list(
        range(1, 21)
    )


def test_angles_stay_exact_far_into_a_session():
    places = torch.arange(40)[None] * 7
    near = angles(Places(places, places))
    far = angles(Places(places + lcm(*TICK_PERIODS) * 10**9, places + lcm(*ORDER_PERIODS) * 10**4))
    assert near.shape == (1, 40, 32)
    assert torch.equal(near, far)


def test_turning_keeps_lengths():
    x = torch.randn(1, 2, 5, 64, generator=torch.Generator().manual_seed(1))
    turned = rotate(x, angles(Places(torch.arange(5)[None] * 12, torch.arange(5)[None])))
    assert torch.allclose(turned.norm(dim=-1), x.norm(dim=-1), atol=1e-5)
    assert torch.equal(turned[:, :, 0], x[:, :, 0])


# Heads


def test_intervals_move_with_the_pitch_before():
    logits = torch.zeros(1, PITCHES + 2 * PITCHES - 1)
    logits[:, PITCHES:] = torch.randn(1, 2 * PITCHES - 1, generator=torch.Generator().manual_seed(1))
    for shift in (-40, -1, 5, 60):
        here, there = (merge_intervals(logits, torch.tensor([before])) for before in (60, 60 + shift))
        low, high = max(0, shift), min(128, 128 + shift)
        assert torch.equal(there[:, low:high], here[:, low - shift : high - shift])


def test_a_fifth_up_is_the_same_class_from_anywhere():
    logits = torch.zeros(2, PITCHES + 2 * PITCHES - 1)
    logits[:, PITCHES + PITCHES - 1 + 7] = 5.0
    assert merge_intervals(logits, torch.tensor([60, 100])).argmax(-1).tolist() == [67, 107]


def test_no_pitch_before_counts_as_middle_c():
    logits = torch.randn(1, PITCHES + 2 * PITCHES - 1, generator=torch.Generator().manual_seed(1))
    assert torch.equal(*(merge_intervals(logits, torch.tensor([before])) for before in (NO_PITCH, 60)))


@torch.no_grad()
def test_each_attribute_knows_the_ones_before_it_alone(network):
    state = torch.randn(1, network.settings.width, generator=torch.Generator().manual_seed(1))
    chosen = torch.zeros(1, len(CHOSEN), dtype=torch.int64)
    before = network.heads(state, torch.tensor([60]), chosen)
    assert [logit.shape[-1] for logit in before] == list(PREDICTED.values())
    knowing = {**{name: {1, 2, 3} for name in WITH_DELTA}, "pitch": {2, 3}, "length": {3}}
    for place, name in enumerate(CHOSEN):
        other = chosen.clone()
        other[0, place] = 1
        after = network.heads(state, torch.tensor([60]), other)
        found = {i for i, (a, b) in enumerate(zip(before, after, strict=True)) if not torch.allclose(a, b)}
        assert found == knowing[name], name


# Shapes


def test_shapes(network):
    batch = packed(a_window(), rows=2)
    width = network.settings.width
    assert memory_of(network, batch).shape == (2, NOTES, width)
    assert state_of(network, batch).shape == (2, NOTES * 9 // 8, width)
    assert batch.heard.shape == (2, NOTES, len(FIELDS))


def test_every_weight_learns(network):
    network.zero_grad()
    found = network.losses(packed(a_window(), a_window(2), rows=2))
    sum(found[name] for name in (*PREDICTED, "ahead", "end")).backward()
    idle = [name for name, weight in network.named_parameters() if weight.grad is None or not weight.grad.any()]
    network.zero_grad()
    assert idle == []


@pytest.mark.parametrize(("width", "heads"), [(64, 1), (128, 2), (384, 6)])
def test_heads_are_64_wide(width, heads):
    settings = NetworkSettings(width=width)
    assert (settings.head_width, settings.heads) == (64, heads)
