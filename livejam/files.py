"""Files, written whole or not at all, and streams that take every character. Knows nothing of what is in them."""

import contextlib
import io
import json
import os
from pathlib import Path
from typing import TextIO

from livejam.errors import FileError


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` to `path` so that there is never half a file.

    Raises:
        OSError: it can't be written; what was there before still is.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def read_text(path: Path, cure: str) -> str:
    """Return the text of a file; `cure` is what the user can do if that fails.

    Raises:
        FileError: it can't be read, or is no text.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise FileError(f"can't read {path}: {reason(error)}; {cure}") from error
    except UnicodeDecodeError:
        raise FileError(f"{path} is no text; {cure}") from None


def save(path: Path, data: bytes, cure: str) -> None:
    """Write `data` to `path`, whole; `cure` is what the user can do if that fails.

    Raises:
        FileError: it can't be written; what was there before still is.
    """
    try:
        write_whole(path, data)
    except OSError as error:
        raise FileError(f"can't write {path}: {reason(error)}; {cure}") from error


def save_figures(path: Path, figures: dict[str, object]) -> None:
    """Write measured `figures` as JSON, making the folder.

    Raises:
        FileError: they can't be written.
    """
    with contextlib.suppress(OSError):  # writing will say so
        path.parent.mkdir(parents=True, exist_ok=True)
    save(path, json.dumps(figures, indent=2).encode() + b"\n", "choose another place with --json")


def forgive(stream: TextIO) -> None:
    """Have `stream` show a question mark for a character that its encoding lacks: nothing shall end for that."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")


def reason(error: OSError) -> str:
    """Return in a few words why a file can't be read or written."""
    return error.strerror or str(error)
