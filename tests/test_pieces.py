"""Prepared music comes back as it was written, and a damaged file is refused in one line."""

import json
from dataclasses import fields

import numpy as np
import pytest
from prepared import part, piece

from livejam.errors import FileError
from livejam.pieces import FILE_NAME, FORMAT, Quality, Role, load_pieces, save_pieces

PIECES = [
    piece(part((8, 4)), part((3,), role=Role.BASS), name="two parts", chords=[(0, 2, Quality.MINOR), (96, -1, 0)]),
    piece(part((5,)), name="no metre", metre=None, split="valid"),
]


def columns(pieces):
    """Everything in pieces, as plain values."""
    simple = [
        [
            [value.tolist() if isinstance(value, np.ndarray) else value for value in plain(each)]
            for each in (one, *one.parts)
        ]
        for one in pieces
    ]
    return json.loads(json.dumps(simple))


def plain(record):
    return [getattr(record, field.name) for field in fields(record) if field.name != "parts"]


def test_pieces_come_back_as_they_were(tmp_path):
    assert save_pieces(tmp_path / "new", PIECES, {"livejam": "x"}) == tmp_path / "new" / FILE_NAME
    pieces, about = load_pieces(tmp_path / "new")
    assert columns(pieces) == columns(PIECES)
    assert [each.note_count for each in pieces] == [15, 5]
    assert about == {"livejam": "x"}


def test_the_same_pieces_give_the_same_bytes(tmp_path):
    made = [save_pieces(tmp_path / name, PIECES, {}).read_bytes() for name in "ab"]
    assert made[0] == made[1]


def test_no_pieces_are_pieces_too(tmp_path):
    save_pieces(tmp_path, [], {})
    assert load_pieces(tmp_path) == ([], {})


def test_a_missing_file_says_how_to_make_one(tmp_path):
    with pytest.raises(FileError, match=r"no prepared corpus in .*; make one with: livejam prepare MUSIC"):
        load_pieces(tmp_path)


@pytest.mark.parametrize("length", [0, 3, 100, 700, -200, -1])
def test_a_file_cut_short_is_refused_in_one_line(tmp_path, length):
    path = save_pieces(tmp_path, PIECES, {})
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(FileError, match=r"pieces\.npz is damaged \(.*\); make it anew with livejam prepare") as refused:
        load_pieces(tmp_path)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("at", range(40, 1600, 120))
def test_a_byte_that_changed_is_no_traceback(tmp_path, at):
    path = save_pieces(tmp_path, PIECES, {})
    data = bytearray(path.read_bytes())
    data[at % len(data)] ^= 0x55
    path.write_bytes(data)
    try:
        pieces, said = load_pieces(tmp_path)[0], ""
    except FileError as error:
        pieces, said = PIECES, str(error)
    assert columns(pieces) == columns(PIECES)
    assert said.isprintable()


@pytest.mark.parametrize(
    ("index", "said"),
    [
        ({"format": FORMAT + 1}, f"has format {FORMAT + 1}, this livejam reads {FORMAT}"),
        ({"format": FORMAT}, "is damaged"),
        ({"format": FORMAT, "about": {}, "pieces": [["a"]], "parts": []}, "is damaged"),
        ({"format": FORMAT, "about": {}, "pieces": [], "parts": [[99, 1, 1]]}, None),
        ({"format": FORMAT, "about": {}, "pieces": [[*"abcd", 0, 0, 0, 0, 1]], "parts": []}, "is damaged"),
        ([], "is damaged"),
    ],
)
def test_an_index_of_another_kind_is_refused(tmp_path, index, said):
    empty = {name: np.empty(0) for name in ("notes", "phrases", "metres", "chords", "tempos")}
    np.savez(tmp_path / FILE_NAME, index=np.frombuffer(json.dumps(index).encode(), np.uint8), **empty)
    if said is None:
        assert load_pieces(tmp_path)[0] == []
    else:
        with pytest.raises(FileError, match=said):
            load_pieces(tmp_path)
