"""From labels to a knob: a tiny network, trained on music that obeys its controls, obeys a player's."""

from itertools import islice

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the train extra: pip install 'livejam[train]'")

from prepared import piece

from livejam.controls import Wish
from livejam.decoder import Decoder, Sampling
from livejam.notes import Metre, TickNote
from livejam.pieces import NOTE, PHRASE, Part, Quality, Role, save_pieces
from livejam.tokenizer import Chord, Context
from livejam.training.checkpoints import TrainingSettings
from livejam.training.data import Dropping
from livejam.training.export import export
from livejam.training.layers import NetworkSettings
from livejam.training.train import train

pytestmark = pytest.mark.train
FOUR = Metre(4, 4)
ALL_TOLD = Dropping(0, 0, 0, 0, 0, 0, 0, 0, control=0.1, controls=0.0)


def tune(seed):
    """Return a piece whose phrases have one to four bars, two notes or four a bar, each the root of its half bar."""
    rng, notes, starts, chords, bar = np.random.default_rng(seed), [], [], [], 0
    for _ in range(12):
        starts.append(len(notes))
        step = int(rng.choice([24, 48]))
        for half in range(2 * int(rng.integers(1, 5))):
            root = int(rng.integers(12))
            chords.append((bar * 96 + half * 48, root, Quality.MAJOR))
            notes += [(bar * 96 + half * 48 + at, step, 60 + root, 80) for at in range(0, 48, step)]
        bar = -(-(notes[-1][0] + 1) // 96)
    phrases = np.zeros(len(starts), PHRASE)
    phrases["start"] = starts
    part = Part(Role.MELODY, np.array([(on, length, p, v) for on, length, p, v in notes], NOTE), phrases)
    return piece(part, name=str(seed), split="valid" if seed % 10 == 0 else "train", chords=chords)


@pytest.fixture(scope="module")
def decoder(tmp_path_factory):
    """A network that has learned that music."""
    folder = tmp_path_factory.mktemp("steering")
    save_pieces(folder / "music", [tune(seed) for seed in range(40)], {})
    network = NetworkSettings(64, 1, 1, 1, hidden=64, memory=64, dropout=0.0)
    settings = TrainingSettings(
        network, steps=120, rows=8, warm_up=10, validate_every=10**6, matrix_rate=0.02, rate=0.01, average=0.9,
        dropping=ALL_TOLD,
    )  # fmt: skip
    checkpoint = train(folder / "music", folder / "run", settings, device="cpu")
    decoder = Decoder(export(checkpoint, folder / "net", bits=32).with_suffix(".onnx"))
    decoder.hear([TickNote(24 * i, 60 + i, 24, 80) for i in range(4)], Context(FOUR), player=True)
    return decoder


def answers(decoder, wish, chords=(), count=12):
    rngs = [np.random.default_rng(seed) for seed in range(count)]
    made = list(islice(decoder.answers(Context(FOUR, chords=chords), Sampling(min_p=0.1), rngs, wish=wish), 60))[-1]
    assert all(one.over for one in made)
    return [one.notes for one in made]


def test_an_answer_has_as_many_bars_as_are_asked_for(decoder):
    for bars in (1, 2, 4):
        made = answers(decoder, Wish(bars=bars))
        lasted = [notes[-1].onset // 96 - notes[0].onset // 96 + 1 for notes in made]
        assert np.mean([n == bars for n in lasted]) >= 0.75, (bars, lasted)


def test_an_answer_is_as_dense_as_is_asked_for(decoder):
    def a_bar(density):
        return np.mean([len(notes) for notes in answers(decoder, Wish(bars=2, density=density))]) / 2

    sparse, dense = a_bar(1), a_bar(2)
    assert sparse < 2.8 < 3.2 < dense


def test_an_answer_keeps_to_the_chart(decoder):
    roots = [int(root) for root in np.random.default_rng(5).integers(12, size=20)]
    chords = tuple(Chord(48 * i, root, Quality.MAJOR) for i, root in enumerate(roots))
    made = answers(decoder, Wish(bars=4), chords)
    fits = [note.pitch % 12 == roots[note.onset // 48] for notes in made for note in notes]
    free = [note.pitch % 12 == roots[note.onset // 48] for notes in answers(decoder, Wish(bars=4)) for note in notes]
    assert np.mean(fits) > 0.8 > 0.4 > np.mean(free)
