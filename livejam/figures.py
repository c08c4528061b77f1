"""Figures that were measured, as JSON. Knows nothing of what they mean."""

import json
from pathlib import Path

from livejam.errors import FileError


def write_figures(figures: dict[str, object], path: Path) -> None:
    """Write `figures` to `path`, making its folder.

    Raises:
        FileError: it can't be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise FileError(f"can't write {path}: {error.strerror}; choose another place with --json") from None
