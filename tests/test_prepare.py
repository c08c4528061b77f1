"""Whole runs of `livejam prepare` on corpora of our own, in the format of the Weimar Jazz Database."""

import os
import sys
import tarfile
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from corpus_files import write_midi, write_wjazzd
from rich.console import Console

from livejam.cli import main
from livejam.errors import FileError
from livejam.pieces import CHORD, METRE, NOTE, PHRASE, TEMPO, Part, Piece, Role, Style, load_pieces
from livejam.training.archives import find_corpora
from livejam.training.corpora import Source
from livejam.training.prepare import _read_all, name_apart, prepare, tidy
from livejam.training.splits import family_names, incipit, normal_title, split_pieces, title_place
from livejam.training.tables import prepared_tables

TITLES = {i: f"Tune {i}" for i in range(1, 31)}


@pytest.fixture
def music(tmp_path):
    """A folder with thirty solos, of which the fourth has a note on a beat that does not exist."""
    beats = [(m, i / 2, 0.5, i // 4, i % 4 + 1, "'4/4'", "C7", 40) for m in TITLES for i in range(16)]
    notes = [(m, i / 2, 0.4, 50 + m, i // 4, i % 4 + 1, 1, 1, i // 8) for m in TITLES for i in range(16)]
    notes = [(*note[:4], 99, *note[5:]) if note[0] == 4 else note for note in notes]
    solos = [(f"Player_{m:02}.sv", title, m) for m, title in TITLES.items()]
    write_wjazzd(tmp_path / "music" / "wjazzd", notes, solos, beats)
    (tmp_path / "music" / "jsb-chorales").mkdir()
    return tmp_path / "music"


def packed(folder, into):
    into.mkdir()
    with tarfile.open(into / f"{folder.name}.tar.xz", "w:xz") as archive:
        archive.add(folder, folder.name)
    return into


def make_piece(corpus, name, title):
    notes = np.array([(0, 24, 60, 0)], NOTE)
    part = Part(Role.MELODY, notes, np.zeros(1, PHRASE))
    empty = (np.empty(0, METRE), np.empty(0, CHORD), np.empty(0, TEMPO))
    return Piece(corpus, name, title, "", Style.FOLK, *empty, (part,))


def test_reads_what_it_can_and_names_the_rest(music, tmp_path):
    prepared = prepare(music, tmp_path / "out", workers=2)
    pieces, about = load_pieces(tmp_path / "out")
    assert len(pieces) == 29
    assert [(skip.corpus, skip.name) for skip in prepared.skips] == [
        ("jsb-chorales", "jsb-chorales"),
        ("wjazzd", "Player_04"),
    ]
    assert "yardstick" in prepared.skips[0].reason
    assert "KeyError" in prepared.skips[1].reason
    assert "wjazzd\tPlayer_04\tKeyError" in (tmp_path / "out" / "skipped.txt").read_text()
    said = about["corpora"]["wjazzd"]
    assert (said["pieces"], said["notes"], said["phrases"], said["skipped"]) == (29, 29 * 32, 29 * 3, 1)
    assert said["credit"]
    assert said["licence"]
    assert {piece.split for piece in pieces} == {"train", "valid"}


def test_the_same_music_gives_the_same_bytes_however_it_is_packed(music, tmp_path):
    archives = packed(music / "wjazzd", tmp_path / "archives")
    runs = [(music, 1), (music, 3), (archives, 2), (archives / "wjazzd.tar.xz", 2), (music / "wjazzd", 1)]
    made = [prepare(folder, tmp_path / str(i), ["wjazzd"], workers).path for i, (folder, workers) in enumerate(runs)]
    assert len({path.read_bytes() for path in made}) == 1


def test_a_damaged_archive_is_named_and_the_others_are_read(music, tmp_path):
    archive = packed(music / "wjazzd", tmp_path / "archives") / "wjazzd.tar.xz"
    (archive.parent / "fiddle-abc.tar.xz").write_bytes(archive.read_bytes()[:500])
    prepared = prepare(archive.parent, tmp_path / "out", workers=1)
    assert len(prepared.pieces) == 29
    assert prepared.skips[0].name == "fiddle-abc.tar.xz"
    assert "can't be unpacked" in prepared.skips[0].reason


class Deadly:
    """Ends the process that unpacks it."""

    def __reduce__(self):
        return os._exit, (1,)


def test_a_file_that_kills_its_reader_costs_itself_alone(music):
    solos = music / "wjazzd"
    from livejam.training.corpora.wjazzd import sources

    good = sources(solos)[:3]
    outcomes = list(_read_all([good[0], Source("wjazzd", "bad", solos, (Deadly(),)), *good[1:]], 2))
    assert sorted(outcome.source.name for outcome in outcomes if outcome.pieces) == [source.name for source in good]
    assert [skip.reason for outcome in outcomes for skip in outcome.skips] == ["it crashed its reader"]


@pytest.mark.train
def test_a_folder_of_midi_files(tmp_path):
    for i in range(3):
        write_midi(tmp_path / "mine" / f"{i}.mid", [("a", 0, [(480 * j, 480, 60 + j, 90) for j in range(8)])])
    (tmp_path / "mine" / "broken.mid").write_bytes(b"MThd, or so it says")
    prepared = prepare(tmp_path / "mine", tmp_path / "out", workers=1)
    assert [piece.name for piece in prepared.pieces] == ["0.mid", "1.mid", "2.mid"]
    assert [skip.name for skip in prepared.skips] == ["broken.mid"]


def test_find_corpora_says_what_is_wrong(tmp_path, music):
    with pytest.raises(FileError, match="there is no"):
        find_corpora(tmp_path / "missing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileError, match="no MIDI files and no known corpora"):
        find_corpora(tmp_path / "empty")
    with pytest.raises(FileError, match=r"no corpus 'polka' in .*; there are jsb-chorales, wjazzd"):
        find_corpora(music, ["polka"])
    assert list(find_corpora(music, ["wjazzd"])) == ["wjazzd"]


def test_nothing_readable_is_an_error(tmp_path):
    (tmp_path / "jsb-chorales").mkdir()
    with pytest.raises(FileError, match=r"nothing in .* could be read.*yardstick"):
        prepare(tmp_path, tmp_path / "out")


def test_a_folder_that_can_not_be_written(music, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FileError, match=r"can't write .*file"):
        prepare(music, tmp_path / "file", ["wjazzd"], workers=1)


def test_tidy_sorts_and_merges_notes_and_keeps_phrases_on_their_onsets():
    notes = np.array([(0, 9, 64, 0), (0, 9, 60, 0), (0, 12, 60, 0), (24, 0, 62, 5), (48, 6, 62, 5)], NOTE)
    phrases = np.array([(0, False), (3, True), (4, True)], PHRASE)
    part = Part(Role.MELODY, notes, phrases)
    empty = Part(Role.BASS, notes[:0], phrases[:0])
    piece = tidy(replace(make_piece("c", "n", "t"), parts=(part, empty)))
    assert piece.parts[0].notes.tolist() == [(0, 12, 60, 0), (0, 9, 64, 0), (24, 1, 62, 5), (48, 6, 62, 5)]
    assert piece.parts[0].phrases.tolist() == [(0, False), (2, True), (3, True)]
    assert len(piece.parts) == 1


@pytest.mark.parametrize(
    ("notes", "phrases", "message"),
    [
        ([], [], "no notes"),
        ([(-1, 2, 60, 0)], [(0, False)], "before the start"),
        ([(0, 2, 60, 0), (5, 2, 60, 0)], [(1, False)], "phrases"),
        ([(0, 2, 60, 0), (5, 2, 60, 0)], [], "phrases"),
    ],
)
def test_tidy_refuses_what_makes_no_sense(notes, phrases, message):
    part = Part(Role.MELODY, np.array(notes, NOTE), np.array(phrases, PHRASE))
    with pytest.raises(ValueError, match=message):
        tidy(replace(make_piece("c", "n", "t"), parts=(part,)))


@pytest.mark.parametrize(
    ("title", "normal"),
    [
        ("The Lark", "lark"),
        ("Lark, The", "lark"),
        ("Été  à Paris!", "ete a paris"),
        ("The", "the"),
        ("A", "a"),
        ("B_1", "b 1"),
    ],
)
def test_normal_titles(title, normal):
    assert normal_title(title) == normal


def test_title_places_never_change():
    assert title_place("lark") == pytest.approx(0.7835, abs=1e-4)
    places = [title_place(str(i)) for i in range(2000)]
    assert np.histogram(places, 10, (0, 1))[0].min() > 150


def test_variants_share_a_split_in_all_corpora():
    names = [f"tune {i}" for i in range(200)]
    pieces = [
        make_piece(corpus, f"{name} {form}", form)
        for corpus in "ab"
        for name in names
        for form in (name, f"The {name}")
    ]
    splits = {}
    for piece in split_pieces(pieces):
        splits.setdefault(normal_title(piece.title), set()).add(piece.split)
    assert all(len(split) == 1 for split in splits.values())
    assert 0.04 < sum(split == {"valid"} for split in splits.values()) / 200 < 0.13


def test_few_titles_still_leave_something_for_validation():
    works = [f"work {i}" for i in range(4)]
    assert all(title_place(work) > 0.08 for work in works)  # or this tests nothing
    pieces = [make_piece("a", f"{work} {i}", work) for work in works for i in range(22)]
    chosen = {piece.title for piece in split_pieces(pieces) if piece.split == "valid"}
    assert chosen == {min(works, key=title_place)}


def test_a_large_title_is_not_taken_where_a_small_one_will_do():
    titles = [title for i in range(40) if title_place(title := f"session {i}") > 0.08]
    largest = min(titles, key=title_place)
    pieces = [make_piece("a", f"{t} {i}", t) for t in titles for i in range(100 if t == largest else 5)]
    chosen = [piece for piece in split_pieces(pieces) if piece.split == "valid"]
    assert largest not in {piece.title for piece in chosen}
    assert 0.04 * len(pieces) <= len(chosen) < 0.1 * len(pieces)


def tune(title, pitches, role=Role.MELODY):
    notes = np.zeros(len(pitches), NOTE)
    notes["onset"], notes["length"], notes["pitch"] = np.arange(len(pitches)) * 12, 12, pitches
    return replace(make_piece("a", title, title), parts=(Part(role, notes, np.zeros(1, PHRASE)),))


REEL = [62, 66, 69, 66, 71, 66, 69, 66, 62, 66, 69, 74, 71, 69]


def test_tunes_that_begin_alike_in_any_key_are_one_family():
    higher = [pitch + 5 for pitch in REEL[:-1]] + [40]
    names = family_names([tune("Flight, The", REEL), tune("The Knight", higher), tune("Other", REEL[::-1])])
    assert names == ["flight", "flight", "other"]


def test_families_join_through_a_third_tune():
    names = family_names([tune("B", REEL), tune("C", REEL[::-1]), tune("A", REEL), tune("A", REEL[::-1])])
    assert len(set(names)) == 1


@pytest.mark.parametrize(
    "piece",
    [tune("a", REEL[:12]), tune("a", [60] * 20), tune("a", REEL, Role.DRUMS)],
    ids=["too short", "one note repeated", "no melody"],
)
def test_what_tells_too_little_makes_no_family(piece):
    assert incipit(piece) == b""


def test_pieces_of_one_name_are_told_apart():
    pieces = [make_piece("a", name, name) for name in ("y", "x", "x")] + [make_piece("b", "x", "x")]
    assert [(piece.corpus, piece.name) for piece in name_apart(pieces)] == [
        ("a", "x"),
        ("a", "x (2)"),
        ("a", "y"),
        ("b", "x"),
    ]


def test_the_command_shows_counts_and_reasons(music, tmp_path):
    result = CliRunner().invoke(main, ["prepare", str(music), "-o", str(tmp_path / "out"), "--only", "wjazzd"])
    assert result.exit_code == 0, result.output
    assert "928" in result.output  # notes
    assert "Player_04" in result.output
    assert "pieces.npz" in result.output.replace("\n", "")


def test_the_command_fails_in_one_line(tmp_path):
    result = CliRunner().invoke(main, ["prepare", str(tmp_path / "none"), "-o", str(tmp_path)])
    assert result.exit_code == 1
    assert result.output.startswith("livejam: there is no ")
    assert result.output.count("\n") == 1


def test_the_command_says_how_to_get_what_training_needs(tmp_path, monkeypatch):
    (tmp_path / "pop909").mkdir()
    for name in [name for name in sys.modules if name.startswith("livejam.training.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "symusic", None)
    result = CliRunner().invoke(main, ["prepare", str(tmp_path), "-o", str(tmp_path / "out")])
    assert result.exit_code == 1
    assert result.output == (
        "livejam: this needs symusic, which is not installed; get it with: pip install 'livejam[train]'\n"
    )


def test_the_table_counts_what_was_skipped(music, tmp_path):
    console = Console(record=True, width=120)
    console.print(prepared_tables(prepare(music, tmp_path / "out", workers=1)))
    text = console.export_text()
    assert "wjazzd" in text
    assert "yardstick" in text
