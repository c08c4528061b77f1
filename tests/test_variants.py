"""Other forms of the network: what they may see, that they learn, and that the same exam scores them."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the train extra: pip install 'livejam[train]'")

import torch
from make_tiny_model import FOLDER, SETTINGS, random_network
from music import walk
from prepared import part, piece

from livejam.decoder import PART, Decoder, Sampling
from livejam.errors import FileError
from livejam.notes import Metre
from livejam.tokenizer import COLUMN, PREDICTED, Context
from livejam.training.batches import Packer
from livejam.training.checkpoints import WEIGHTS_NAME, save_weights
from livejam.training.data import PLAIN, streams, window
from livejam.training.layers import NetworkSettings
from livejam.training.lstm import windows
from livejam.training.player import NetworkPlayer, load_players
from livejam.training.presets import SIZES, VARIANTS, parameters, sized
from livejam.training.scoring import NetworkScorer
from livejam.training.variants import build

pytestmark = pytest.mark.train

TINY = NetworkSettings(width=64, encoder_layers=1, decoder_layers=2, key_heads=1, hidden=32, memory=48)
DEAF = replace(PLAIN, call=1.0)


def a_window(seed=1, sizes=(7, 6, 8), drop=PLAIN):
    (stream,) = streams([piece(part(sizes, seed))], fewest=1)
    return window(stream, 0, 48, np.random.default_rng(seed), drop)


def packed(*items, rows=1):
    packer = Packer(rows, 48)
    assert all(packer.add(item) for item in items)
    return packer.batch()


@pytest.fixture(params=["decoder", "lstm"])
def network(request):
    torch.manual_seed(1)
    return build(replace(TINY, form=request.param)).eval()


@torch.no_grad()
def seen_from(network, batch, place):
    """Return the events of the first row whose states change with the event at `place`."""
    answer = batch.answer.clone()
    answer[0, place, COLUMN["length"]] = (answer[0, place, COLUMN["length"]] + 5) % 20
    before, after = (network.states(batch._replace(answer=events)) for events in (batch.answer, answer))
    return torch.nonzero(((before - after).abs() > 1e-6).any(-1)[0])[:, 0].tolist()


def test_an_event_is_seen_from_itself_on_to_the_end_of_its_window(network):
    batch = packed(a_window())
    assert seen_from(network, batch, 0) == list(range(24))
    assert seen_from(network, batch, 9) == list(range(9, 24))


def test_windows_do_not_see_each_other(network):
    batch = packed(a_window(), a_window(2, (5, 9)))
    assert seen_from(network, batch, 3) == list(range(3, 24))
    assert seen_from(network, batch, 25) == list(range(25, 40))


def test_a_deaf_answer_sees_itself_alone():
    network = build(replace(TINY, form="decoder")).eval()
    assert seen_from(network, packed(a_window(drop=DEAF)), 3) == list(range(3, 8))


@torch.no_grad()
def test_packed_windows_lose_what_they_lose_alone(network):
    both = network.losses(packed(a_window(), a_window(2, (5, 9)), a_window(3), rows=2))
    alone = [network.losses(packed(a_window(*about))) for about in ((1,), (2, (5, 9)), (3,))]
    for name in (*PREDICTED, "notes"):
        assert float(both[name]) == pytest.approx(sum(float(one[name]) for one in alone), rel=1e-4)
    assert float(both["ahead_notes"] + both["end_notes"]) == 0


def test_every_weight_learns(network):
    found = network.losses(packed(a_window(), a_window(2), rows=2))
    sum(found[name] for name in PREDICTED).backward()
    idle = [name for name, weight in network.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert [name for name in idle if not name.startswith("controls")] == []


def test_controls_count(network):
    batch = packed(a_window(drop=replace(PLAIN, control=0.0, controls=0.0)))
    found = network.losses(batch)
    sum(found[name] for name in PREDICTED).backward()
    assert network.controls.table.weight.grad.any()


def test_an_empty_batch_has_no_loss(network):
    with torch.no_grad():
        found = network.losses(Packer(1, 48).batch())
    assert not any(float(found[name]) for name in (*PREDICTED, "notes"))


def test_windows_are_found_by_their_numbers():
    owner = torch.tensor([[0, 0, 0, 1, 1, -1], [0, -1, -1, -1, -1, -1], [-1] * 6])
    row, start, length = windows(owner)
    assert [row.tolist(), start.tolist(), length.tolist()] == [[0, 0, 1], [0, 3, 0], [3, 2, 1]]


def test_dropout_is_for_scarce_music_and_for_training_alone(network):
    packer = Packer(1, 48)
    packer.add(a_window(), 0.0)
    plain, scarce = packer.batch(), None
    packer = Packer(1, 48)
    packer.add(a_window(), 1.0)
    scarce = packer.batch()

    def differs(batch):
        with torch.no_grad():
            return not torch.equal(network.states(batch), network.states(batch))

    network.train()
    assert (differs(plain), differs(scarce)) == (False, True)
    network.eval()
    assert not differs(scarce)


# Scoring


@pytest.mark.parametrize("metre", [Metre(3, 4), None])
def test_a_scorer_says_what_the_exported_network_says(metre):
    context, scorers = Context(metre), (NetworkScorer(random_network(SETTINGS)), Decoder(FOLDER / "tiny.onnx"))
    second = walk(8, 2, 400)
    asked = walk(9, 3, second[-1].onset + 24)
    for scorer in scorers:
        scorer.hear(walk(12, 1), context, player=True)
        scorer.hear(second, context, player=False)
    ours, exported = (scorer.score(asked, context) for scorer in scorers)
    assert ours == pytest.approx(exported, abs=1e-3)


def test_a_scorer_remembers_as_much_as_the_network(network):
    scorer, context = NetworkScorer(network), Context(Metre(4, 4))
    for number in range(6):
        scorer.hear(walk(20, number, number * 1000), context, number % 2 == 0)
    found = scorer.score(walk(10, 9, 7000), context)
    assert found.shape == (11, 4)
    assert (found <= 0).all()
    assert np.isfinite(found).all()
    assert not found[-1, 1:].any()
    scorer.restart()
    assert scorer.score(walk(10, 9, 7000), context).shape == (11, 4)


# Presets


# As a player


@pytest.mark.parametrize("metre", [None, Metre(6, 8)])
@pytest.mark.parametrize("phrases", [0, 1, 5])
def test_a_player_plays_what_the_exported_network_plays(metre, phrases):
    context = Context(metre)
    network, decoder = random_network(SETTINGS), Decoder(FOLDER / "tiny.onnx")
    player, lines = NetworkPlayer(network), [walk(6, seed, start=400 * seed) for seed in range(phrases)]
    for number, line in enumerate(lines):
        for hearer in (player, decoder):
            hearer.hear(line, context, number % 2 == 0)
    greedy = Sampling(temperature=0.0)
    found = [list(islice(each.answer(context, greedy, np.random.default_rng(1), 36), 20)) for each in (player, decoder)]
    assert found[0] == found[1]
    assert found[0]


def test_every_form_answers_within_the_policy(network):
    player, context = NetworkPlayer(network), Context(Metre(4, 4))
    player.hear(walk(8), context, True)
    bias = np.zeros_like(Sampling().bias)
    bias[PART["pitch"]] = -1e9
    bias[PART["pitch"]][60:64] = 0.0
    notes = list(islice(player.answer(context, Sampling(bias=bias), np.random.default_rng(2)), 12))
    again = list(islice(player.answer(context, Sampling(bias=bias), np.random.default_rng(2)), 12))
    assert notes == again
    assert {note.pitch for note in notes} <= set(range(60, 64))


def test_players_are_named_by_their_folders(network, tmp_path):
    files = [tmp_path / name / WEIGHTS_NAME for name in ("one", "two")]
    for file in files:
        file.parent.mkdir()
        save_weights(network, file)
    assert list(load_players(files)) == ["one", "two"]
    with pytest.raises(FileError, match=r"two networks come from folders called 'one'"):
        load_players([files[0], files[0]])
    (tmp_path / "one").rename(tmp_path / "livejam")
    with pytest.raises(FileError, match=r"'livejam' is the name of another row; rename the folder of"):
        load_players([tmp_path / "livejam" / WEIGHTS_NAME])


def test_yardsticks_are_as_large_as_the_network():
    base = sized(NetworkSettings(), "base")
    for name in ("lstm", "decoder-as-large"):
        assert 0.9 < parameters(VARIANTS[name][0](base)) / parameters(base) < 1.05


def test_sizes_grow():
    counts = [parameters(sized(NetworkSettings(), size)) for size in SIZES]
    assert counts == sorted(counts)
    assert counts[-1] > 4 * counts[0]


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_is_a_network(name):
    assert parameters(VARIANTS[name][0](sized(NetworkSettings(), "base"))) > 1e6


def test_unknown_names_are_refused():
    with pytest.raises(FileError, match="no size is called 'huge'; there are: small, base, large"):
        sized(NetworkSettings(), "huge")
    with pytest.raises(FileError, match="can't have the form 'perceptron'; there are: encoder-decoder, decoder, lstm"):
        build(NetworkSettings(form="perceptron"))
