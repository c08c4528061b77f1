"""Files are written whole or not at all, and a failure says what would work."""

import io
import json

import pytest

from livejam.errors import FileError
from livejam.files import forgive, save, save_figures, write_whole


def test_a_file_is_written_and_written_over(tmp_path):
    for data in (b"before", b"after"):
        write_whole(tmp_path / "jam.mid", data)
        assert (tmp_path / "jam.mid").read_bytes() == data
    assert [path.name for path in tmp_path.iterdir()] == ["jam.mid"]


def test_a_failed_write_leaves_what_was_there(tmp_path):
    path = tmp_path / "jam.mid"
    path.write_bytes(b"before")
    (tmp_path / ".jam.mid.part").mkdir()  # in the way
    with pytest.raises(OSError, match=r"jam\.mid\.part"):
        write_whole(path, b"after")
    with pytest.raises(FileError, match=r"can't write .*jam\.mid: .*; sing instead$"):
        save(path, b"after", "sing instead")
    assert path.read_bytes() == b"before"


def test_what_was_written_of_a_file_that_fails_is_gone(tmp_path):
    (tmp_path / "jam.mid").mkdir()  # nothing takes the place of a folder
    with pytest.raises(OSError, match=r"jam\.mid"):
        write_whole(tmp_path / "jam.mid", b"data")
    assert [path.name for path in tmp_path.iterdir()] == ["jam.mid"]


def test_a_stream_takes_characters_that_it_lacks():
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding="cp1252")
    forgive(stream)
    stream.write("you \N{BOX DRAWINGS HEAVY HORIZONTAL} é")
    stream.flush()
    assert written.getvalue() == b"you ? \xe9"


def test_figures_make_their_folder(tmp_path):
    save_figures(tmp_path / "new" / "figures.json", {"bits": 2.5})
    assert json.loads((tmp_path / "new" / "figures.json").read_text()) == {"bits": 2.5}


def test_figures_that_have_no_place_say_so(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match=r"can't write .*; choose another place with --json"):
        save_figures(tmp_path / "file" / "figures.json", {})
