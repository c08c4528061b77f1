"""`livejam prepare`: corpora in their own formats become the one file of pieces that training and evaluation read.

Readers run in a pool of processes; what they can't read is named and skipped. The same input gives the same bytes.
Knows no format; prints nothing but progress bars, on the console it is given.
"""

import os
import warnings
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from livejam import __version__
from livejam.errors import FileError
from livejam.files import reason, write_whole
from livejam.pieces import PHRASE, Part, Piece, save_pieces
from livejam.training.archives import find_corpora, unpack
from livejam.training.columns import note_column
from livejam.training.corpora import YARDSTICKS, Source, reader
from livejam.training.splits import split_pieces

SKIPPED_NAME = "skipped.txt"  # beside pieces.npz


@dataclass(frozen=True, slots=True)
class Skip:
    """Something that was not read, and why."""

    corpus: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What became of one source."""

    source: Source
    pieces: tuple[Piece, ...]
    skips: tuple[Skip, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """The result: the pieces that were written, sorted by corpus and name, and what was skipped."""

    path: Path
    pieces: tuple[Piece, ...]
    skips: tuple[Skip, ...]


def prepare(
    source: Path, out: Path, only: Collection[str] = (), workers: int | None = None, console: Console | None = None
) -> Prepared:
    """Read the corpora in `source` (see `find_corpora`) and write pieces.npz and skipped.txt into the folder `out`.

    Args:
        source: a folder of corpora, packed or not, or of MIDI files.
        out: the folder to write; made if need be.
        only: names of corpora; the others are left out. Empty: all of them.
        workers: processes; as many as there are processors if None.
        console: where progress bars go; nowhere if None.

    Raises:
        FileError: nothing to read, nothing readable, or `out` can't be written.
    """
    corpora = find_corpora(source, only)
    skips = [Skip(corpus, corpus, YARDSTICKS[corpus]) for corpus in corpora if corpus in YARDSTICKS]
    with TemporaryDirectory(prefix="livejam-") as folder:
        sources, lost = _list_sources(corpora, Path(folder))
        outcomes = list(_watched(_read_all(sources, workers or os.cpu_count() or 1), sources, console))
    skips += lost + [skip for outcome in outcomes for skip in outcome.skips]
    outcomes.sort(key=lambda outcome: (outcome.source.corpus, str(outcome.source.path), outcome.source.name))
    pieces = name_apart([piece for outcome in outcomes for piece in outcome.pieces])
    if not pieces:
        why = f"; first of all {skips[0].name}: {skips[0].reason}" if skips else ""
        raise FileError(f"nothing in {source} could be read{why}")
    return _written(out, split_pieces(pieces), sorted(skips, key=lambda skip: (skip.corpus, skip.name)))


def tidy(piece: Piece) -> Piece:
    """Return `piece` as every reader should have made it: notes in order, each once, phrases valid, no empty parts.

    Raises:
        ValueError: there are no notes, or time runs backwards.
    """
    parts = tuple(_tidy_part(part) for part in piece.parts if len(part.notes))
    if not parts:
        raise ValueError("no notes")
    for name in ("metres", "chords", "tempos"):
        if (np.diff(getattr(piece, name)["tick"]) < 0).any():
            raise ValueError(f"{name} out of order")
    return replace(piece, parts=parts)


def name_apart(pieces: Sequence[Piece]) -> list[Piece]:
    """Return `pieces` sorted by corpus and name; where two have one name, the later ones get a number."""
    seen: Counter[tuple[str, str]] = Counter()
    named = []
    for piece in sorted(pieces, key=lambda piece: (piece.corpus, piece.name)):
        seen[piece.corpus, piece.name] += 1
        number = seen[piece.corpus, piece.name]
        named.append(replace(piece, name=f"{piece.name} ({number})") if number > 1 else piece)
    return named


def about(pieces: Sequence[Piece], skips: Sequence[Skip]) -> dict[str, object]:
    """Return what is said about the pieces in their file: corpora with credit, licence and counts, and our version."""
    groups: dict[str, list[Piece]] = defaultdict(list)
    for piece in pieces:
        groups[piece.corpus].append(piece)
    return {
        "livejam": __version__,
        "corpora": {name: _about_corpus(name, groups[name], skips) for name in sorted(groups)},
    }


def _about_corpus(name: str, pieces: Sequence[Piece], skips: Sequence[Skip]) -> dict[str, object]:
    return {
        "credit": reader(name).CREDIT,
        "licence": reader(name).LICENCE,
        "pieces": len(pieces),
        "valid": sum(piece.split == "valid" for piece in pieces),
        "phrases": sum(len(part.phrases) for piece in pieces for part in piece.parts),
        "notes": sum(piece.note_count for piece in pieces),
        "skipped": sum(skip.corpus == name for skip in skips),
    }


def _list_sources(corpora: dict[str, Path], folder: Path) -> tuple[list[Source], list[Skip]]:
    """Unpack what is packed and list all work, the longest first; a corpus that can't be listed is skipped."""
    sources: list[Source] = []
    skips: list[Skip] = []
    for corpus, path in corpora.items():
        if corpus in YARDSTICKS:
            continue
        try:
            sources += reader(corpus).sources(unpack(path, folder))
        except ModuleNotFoundError:
            raise
        except Exception as error:  # a broken corpus is not the end of the others
            skips.append(Skip(corpus, path.name, _in_words(error)))
    return sorted(sources, key=lambda source: (-source.cost, source.corpus, source.name)), skips


def _read_all(sources: Sequence[Source], workers: int) -> Iterator[Outcome]:
    """Read in a pool, in any order; what was under way when a process died is read again, one by one."""
    undone: list[Source] = []
    pool = _pool(workers)
    futures: dict[Future[Outcome], Source] = {pool.submit(_read, source): source for source in sources}
    try:
        for future in as_completed(futures):
            try:
                yield future.result()
            except BrokenProcessPool:
                undone.append(futures[future])
    finally:  # also when the user has stopped us
        pool.shutdown(cancel_futures=True)
    yield from _read_carefully(undone)


def _read_carefully(sources: Iterable[Source]) -> Iterator[Outcome]:
    """Read one source at a time, so that the one that kills its process is known."""
    pool = _pool(1)
    for source in sources:
        try:
            yield pool.submit(_read, source).result()
        except BrokenProcessPool:
            yield Outcome(source, (), (Skip(source.corpus, source.name, "it crashed its reader"),))
            pool = _pool(1)
    pool.shutdown()


def _pool(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_silence)


def _silence() -> None:
    """Keep the parsers' own warnings, some of them printed by C++, off the progress bars."""
    warnings.simplefilter("ignore")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


def _read(source: Source) -> Outcome:
    """Read one source; runs in the pool."""
    try:
        pieces = reader(source.corpus).read(source)
    except Exception as error:  # any fault of a file ends there
        return Outcome(source, (), (Skip(source.corpus, source.name, _in_words(error)),))
    good, skips = [], []
    for piece in pieces:
        try:
            good.append(tidy(piece))
        except ValueError as error:
            skips.append(Skip(piece.corpus, piece.name, str(error)))
    return Outcome(source, tuple(good), tuple(skips))


def _tidy_part(part: Part) -> Part:
    notes = note_column(*(part.notes[name] for name in ("onset", "length", "pitch", "velocity")))
    if notes["onset"][0] < 0:
        raise ValueError("notes before the start")
    starts = np.searchsorted(notes["onset"], part.notes["onset"][part.phrases["start"]])
    last = np.flatnonzero(np.diff(starts, append=len(notes)))  # of phrases that start together the last counts
    phrases = np.zeros(len(last), PHRASE)
    phrases["start"], phrases["marked"] = starts[last], part.phrases["marked"][last]
    if not len(phrases) or phrases["start"][0] != 0 or (np.diff(phrases["start"]) <= 0).any():
        raise ValueError("phrases out of order")
    return replace(part, notes=notes, phrases=phrases)


def _watched(outcomes: Iterable[Outcome], sources: Sequence[Source], console: Console | None) -> Iterator[Outcome]:
    """Pass `outcomes` on and move a bar for each corpus."""
    columns = (TextColumn("{task.description:18}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=console is None) as progress:
        names = [source.corpus for source in sources]
        bars = {name: progress.add_task(name, total=names.count(name)) for name in sorted(set(names))}
        for outcome in outcomes:
            progress.advance(bars[outcome.source.corpus])
            yield outcome


def _written(out: Path, pieces: Sequence[Piece], skips: Sequence[Skip]) -> Prepared:
    try:
        path = save_pieces(out, pieces, about(pieces, skips))
        lines = "".join(f"{skip.corpus}\t{skip.name}\t{skip.reason}\n" for skip in skips)
        write_whole(out / SKIPPED_NAME, lines.encode())
    except OSError as error:
        raise FileError(f"can't write {out} ({reason(error)}); give another folder with -o") from error
    return Prepared(path, tuple(pieces), tuple(skips))


def _in_words(error: Exception) -> str:
    """One line about an error, at most 120 characters."""
    lines = str(error).strip().splitlines()
    text = lines[0] if lines else "no reason given"
    return (text if isinstance(error, FileError | ValueError) else f"{type(error).__name__}: {text}")[:120]
