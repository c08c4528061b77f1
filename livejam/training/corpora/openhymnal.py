"""Hymns of the Open Hymnal in ABC, four voices. Fermatas, double bars and ends of verses end phrases in all voices."""

from pathlib import Path

from livejam.pieces import Part, Piece, Role, Style
from livejam.training.corpora import Source
from livejam.training.corpora.abc import decoded, parse_tune, split_tunes
from livejam.training.corpora.layout import lay_out
from livejam.training.phrases import cut_phrases

NAME = "openhymnal"
CREDIT = "Open Hymnal Project, maintained by Brian J. Dumont"
LICENCE = "public domain"


def sources(folder: Path) -> list[Source]:
    """One source a hymn."""
    paths = sorted(folder.rglob("*.abc"))
    return [Source(NAME, f"{path.parent.parent.name}/{path.stem}", path, cost=0.03) for path in paths]


def read(source: Source) -> list[Piece]:
    """Read one hymn: the first voice is the melody, the last one the bass."""
    tune = parse_tune(split_tunes(decoded(source.path.read_bytes()))[0])
    lengths = {name: sum(measure.length for measure in voice) for name, voice in tune.voices.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {float(length):g}" for name, length in lengths.items())
        raise ValueError(f"the voices differ in length (quarter notes): {told}")
    lines = [line for line in map(lay_out, tune.voices.values()) if len(line.notes)]
    if not lines:
        raise ValueError("no notes")
    first = lines[0]
    roles = [Role.MELODY, *[Role.COUNTER] * (len(lines) - 2), *[Role.BASS][: len(lines) - 1]]
    parts = tuple(
        Part(role, line.notes, cut_phrases(line.notes, first.metres, first.marks))
        for role, line in zip(roles, lines, strict=True)
    )
    title = tune_name(source.path.stem)
    return [Piece(NAME, source.name, title, "", Style.CLASSICAL, first.metres, first.chords, first.tempos, parts)]


def tune_name(stem: str) -> str:
    """Return the tune in a file's name, `Words-Tune` or `Words-Tune-Other_Name`: many texts share one."""
    words, _, tunes = stem.partition("-")
    return (tunes.split("-")[0] or words).replace("_", " ")
