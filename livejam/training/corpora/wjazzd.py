"""The Weimar Jazz Database, as tables converted from the R package jazzodata: solos with chords, beats and phrases.

Times are ticks: beat b of the table lies at 24 b, a note at tatum t of a beat divided in d lies 24 (t - 1) / d later.
"""

import csv
from collections.abc import Iterable
from io import StringIO
from itertools import pairwise
from pathlib import Path

import numpy as np

from livejam.notes import TICKS_PER_BEAT
from livejam.pieces import METRE, PHRASE, Part, Piece, Role, Style
from livejam.training.chords import parse_chord
from livejam.training.columns import chord_column, metre_column, note_column, tempo_column
from livejam.training.corpora import Source
from livejam.training.phrases import cut_phrases

NAME = "wjazzd"
CREDIT = "Pfleiderer, Frieler, Abeßer, Zaddach, Burkhart: Inside the Jazzomat, 2017 (Weimar Jazz Database)"
LICENCE = "MIT (jazzodata); ODbL upstream"

MOST = 64  # notes a phrase: a longer one is cut further, at bar lines
NO_METRE = "1/4"  # the signature of solos without bars

Row = dict[str, str]


def sources(folder: Path) -> list[Source]:
    """One source a solo; its rows in both tables are named by byte ranges."""
    notes, beats = _row_ranges(folder / "notes.tsv"), _row_ranges(folder / "beats.tsv")
    with (folder / "solos.tsv").open(encoding="utf-8", newline="") as table:
        solos = {row["melid"]: row for row in csv.DictReader(table, delimiter="\t")}
    found = [
        Source(NAME, Path(solo["id"]).stem, folder, (solo["title"], *notes[melid], *beats[melid]))
        for melid, solo in solos.items()
        if melid in notes and melid in beats
    ]
    return sorted(found, key=lambda source: source.name)


def read(source: Source) -> list[Piece]:
    """Read one solo."""
    title, *ranges = source.detail
    notes = _rows(source.path / "notes.tsv", *(int(place) for place in ranges[:2]))
    beats = _rows(source.path / "beats.tsv", *(int(place) for place in ranges[2:]))
    metres = _metres(beats)
    chords = chord_column((TICKS_PER_BEAT * i, *parse_chord(beat["chord"])) for i, beat in enumerate(beats))
    parts = [_solo(notes, beats, metres), *_bass(beats, metres)]
    name = source.name
    return [Piece(NAME, name, str(title), "", Style.JAZZ, metres, chords, _tempos(beats), tuple(parts))]


def _row_ranges(table: Path) -> dict[str, tuple[int, int]]:
    """Return where the rows of each solo start and end in `table`, in bytes; a solo's rows are together."""
    ranges: dict[str, tuple[int, int]] = {}
    with table.open("rb") as lines:
        place = len(next(lines))
        for line in lines:
            melid = line.split(b"\t", 1)[0].decode()
            start = ranges.get(melid, (place, place))[0]
            place += len(line)
            ranges[melid] = (start, place)
    return ranges


def _rows(table: Path, start: int, end: int) -> list[Row]:
    with table.open("rb") as lines:
        header = next(lines)
        lines.seek(start)
        text = (header + lines.read(end - start)).decode()
    return list(csv.DictReader(StringIO(text), delimiter="\t"))


def _metres(beats: list[Row]) -> np.ndarray:
    """The metre at each bar line, where it changes; none for solos without bars."""
    bar_lines = (
        (TICKS_PER_BEAT * i, beat["signature"].strip("'")) for i, beat in enumerate(beats) if beat["beat"] == "1"
    )
    signatures = [(tick, *map(int, text.split("/"))) for tick, text in bar_lines if text != NO_METRE]
    return metre_column((tick, above, below) for tick, above, below in signatures)


def _tempos(beats: list[Row]) -> np.ndarray:
    """The tempo of each bar, in beats a minute, where it changes."""
    bars = [i for i, beat in enumerate(beats) if beat["beat"] == "1" or i == 0] + [len(beats)]
    durations = _numbers(beats, "duration")
    bpm = [60 * (end - start) / durations[start:end].sum() for start, end in pairwise(bars)]
    return tempo_column([TICKS_PER_BEAT * i for i in bars[:-1]], bpm)


def _solo(notes: list[Row], beats: list[Row], metres: np.ndarray) -> Part:
    """The solo line; a note's length is its duration in the tempo of its own beat, never beyond the next onset."""
    index = {(beat["bar"], beat["beat"]): i for i, beat in enumerate(beats)}
    beat_of = np.array([index[note["bar"], note["beat"]] for note in notes])
    tatums = (_numbers(notes, "tatum") - 1) / _numbers(notes, "division")
    onsets = np.rint(TICKS_PER_BEAT * (beat_of + tatums))
    lengths = TICKS_PER_BEAT * _numbers(notes, "duration", empty="nan") / _numbers(beats, "duration")[beat_of]
    steps = np.diff(onsets, append=np.inf)
    lengths = np.fmin(np.where(np.isnan(lengths), TICKS_PER_BEAT, lengths), np.where(steps > 0, steps, np.inf))
    column = note_column(onsets, lengths, _numbers(notes, "pitch"))
    phrase_starts = _phrase_onsets(onsets, [note["phrase_id"] for note in notes])
    return Part(Role.MELODY, column, _phrases(column, phrase_starts, metres))


def _phrase_onsets(onsets: np.ndarray, ids: list[str]) -> list[int]:
    """The onset of each phrase's first note."""
    first = [i for i in range(len(ids)) if i == 0 or ids[i] != ids[i - 1]]
    return [int(onsets[i]) for i in first]


def _phrases(notes: np.ndarray, onsets: list[int], metres: np.ndarray) -> np.ndarray:
    """The annotated phrases; one of too many notes is cut further."""
    edges = np.unique(np.searchsorted(notes["onset"], onsets)).tolist()
    found: list[tuple[int, bool]] = []
    for start, end in pairwise([*edges, len(notes)]):
        inner = cut_phrases(notes[start:end], metres, most=MOST)["start"] if end - start > MOST else np.zeros(1, int)
        found += [(start + int(place), place == inner[-1]) for place in inner]
    return np.array(found, PHRASE)


def _bass(beats: list[Row], metres: np.ndarray) -> Iterable[Part]:
    """The estimated bass, a note a beat; nothing where no beat has one."""
    sounding = [(TICKS_PER_BEAT * i, float(beat["bass"])) for i, beat in enumerate(beats) if beat["bass"]]
    if sounding:
        onsets, pitches = zip(*sounding, strict=True)
        notes = note_column(onsets, np.full(len(onsets), TICKS_PER_BEAT), pitches)
        yield Part(Role.BASS, notes, cut_phrases(notes, metres if len(metres) else np.empty(0, METRE)))


def _numbers(rows: list[Row], column: str, empty: str = "0") -> np.ndarray:
    return np.array([float(row[column] or empty) for row in rows])
