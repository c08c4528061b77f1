"""Which corpora lie in a folder, packed or unpacked, and where they can be read.

Knows the corpora by name only. An archive is a `NAME.tar.xz` that holds the folder `NAME`.
"""

import lzma
import tarfile
from collections.abc import Collection
from pathlib import Path, PurePosixPath

from livejam.errors import FileError
from livejam.training.corpora import MIDI_FOLDER, MODULES, YARDSTICKS

SUFFIX = ".tar.xz"


def find_corpora(source: Path, only: Collection[str] = ()) -> dict[str, Path]:
    """Return the archive or folder of each corpus in `source`, by name; a folder goes before an archive.

    `source` is a folder of archives and corpus folders, one archive, one corpus folder, or a folder of MIDI files,
    which becomes the corpus "midi". `only` leaves out all others.

    Raises:
        FileError: there is nothing to read, or no corpus has a name in `only`.
    """
    if not source.exists():
        raise FileError(f"there is no {source}; give a folder of MIDI files or of corpora ({', '.join(MODULES)})")
    found = {corpus: path for path in _candidates(source) if (corpus := _corpus_of(path)) is not None}
    if not found and source.is_dir() and any(path.suffix.lower() in (".mid", ".midi") for path in source.rglob("*")):
        found = {MIDI_FOLDER: source}
    if not found:
        raise FileError(f"no MIDI files and no known corpora in {source}; known are {', '.join(MODULES)}")
    if unknown := sorted(set(only) - set(found)):
        raise FileError(f"no corpus {unknown[0]!r} in {source}; there are {', '.join(sorted(found))}")
    return {corpus: found[corpus] for corpus in sorted(found) if corpus in only or not only}


def unpack(path: Path, into: Path) -> Path:
    """Return the corpus folder of `path`, which is unpacked under `into` if it is an archive.

    Raises:
        FileError: the archive is damaged or there is no room for it.
    """
    if path.is_dir():
        return path
    try:
        with tarfile.open(path, "r:xz") as archive:
            # As Debian 12's Python 3.11.2 knows no filters, harmless members are picked here, too.
            archive.extraction_filter = getattr(tarfile, "data_filter", None)
            archive.extractall(into, [member for member in archive if _harmless(member)])
    except (OSError, EOFError, tarfile.TarError, lzma.LZMAError) as error:
        raise FileError(f"{path.name} can't be unpacked ({error})") from error
    return into / path.name.removesuffix(SUFFIX)


def _harmless(member: tarfile.TarInfo) -> bool:
    """Whether it is a plain file or a folder, inside the folder it is unpacked to."""
    path = PurePosixPath(member.name)
    return (member.isfile() or member.isdir()) and not path.is_absolute() and ".." not in path.parts


def _candidates(source: Path) -> list[Path]:
    """What may be a corpus, archives first, so that folders of the same name replace them."""
    if source.is_file() or _corpus_of(source) is not None:
        return [source]
    return sorted(source.iterdir(), key=lambda path: (path.is_dir(), path.name))


def _corpus_of(path: Path) -> str | None:
    name = path.resolve().name
    corpus = name if path.is_dir() else name.removesuffix(SUFFIX) if name.endswith(SUFFIX) else None
    return corpus if corpus in MODULES or corpus in YARDSTICKS else None
