"""Pictures of a comparison: a page a corpus, and one of all."""

from pathlib import Path

import pytest

pytest.importorskip("matplotlib", reason="needs the train extra: pip install 'livejam[train]'")

from PIL import Image
from prepared import part, piece

from livejam.cases import Amount
from livejam.comparison import Contest, compare, set_questions
from livejam.errors import FileError
from livejam.likeness import PEOPLE
from livejam.notes import TickNote
from livejam.pieces import Role
from livejam.training.plots import densities, draw

pytestmark = pytest.mark.train


class Drone:
    """Plays one note over and over."""

    def restart(self):
        pass

    def hear(self, notes, context, player):
        pass

    def answer(self, context, sampling, rng, start=0):
        yield from (TickNote(start + 12 * i, 60, 12, 0) for i in range(8))


@pytest.fixture(scope="module")
def comparisons():
    splits = ("valid", "valid", "train")
    tunes = [piece(part((8,) * 5, i), name=f"tune {i}", split=splits[i % 3]) for i in range(9)]
    beats = [
        piece(part((8,) * 5, i, Role.DRUMS), name=f"beat {i}", corpus="beats", split=splits[i % 3]) for i in range(9)
    ]
    amount = Amount(8)
    contest = Contest({"drone": Drone()}, None, tunes + beats, amount)
    return list(compare(contest, set_questions(tunes + beats, amount)))


def test_a_picture_of_every_corpus_and_of_all(comparisons, tmp_path):
    paths = draw(comparisons, tmp_path / "new")
    assert [path.name for path in paths] == ["ours.png", "beats.png", "overview.png"]
    for path in paths:
        assert len(Image.open(path).convert("RGB").getcolors(1 << 20)) > 50, "something is drawn"
    assert draw([], tmp_path) == []


def test_every_panel_shows_everyone_or_says_why_not(comparisons):
    tunes, beats = (densities(comparison) for comparison in comparisons)
    names = list(comparisons[0].figures)
    assert names[0] == PEOPLE
    assert [[line.get_label() for line in axes.lines] for axes in tunes.axes] == [names] * 6
    assert sum(len(axes.lines) == 0 for axes in beats.axes) == 3
    assert sum("nothing to measure" in text.get_text() for axes in beats.axes for text in axes.texts) == 3


def test_a_folder_that_can_not_be_is_one_plain_line(comparisons, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="choose another folder with --plots"):
        draw(comparisons, Path(tmp_path / "file"))
