"""The Vienna 4x22 piano corpus: four excerpts, 22 pianists each, every played note matched to a note of the score.

Onsets come from the score, velocities from the pianist, lengths from the pianist by way of the beats as he played them.
Notes of the score that were not played, and played ones that are not in the score, are left out.
"""

import re
from pathlib import Path

import numpy as np

from livejam.notes import TICKS_PER_BEAT
from livejam.pieces import CHORD, Part, Piece, Role, Style
from livejam.training.columns import TimeMap, metre_column, note_column
from livejam.training.corpora import Source
from livejam.training.phrases import cut_phrases

NAME = "vienna4x22"
CREDIT = "Goebl: Vienna 4x22 Piano Corpus, 1999"
LICENCE = "CC BY 4.0"

MOST = 128  # notes a phrase
_INFO = re.compile(r"info\((\w+),(.*)\)\.")
_METRE = re.compile(r"scoreprop\(timeSignature,(\d+)/(\d+),[^,]*,[^,]*,(-?[\d.]+)\)\.")
_NOTE = re.compile(
    r"snote\([^,]+,\[[^]]*\],-?\d+,[^,]*,[^,]*,(?P<written>[^,]*),(?P<beat>-?[\d.]+),-?[\d.]+,\[[^]]*\]\)"
    r"-note\([^,]+,(?P<pitch>\d+),(?P<on>\d+),(?P<off>\d+),(?P<velocity>\d+)"
)  # match file format 1.0.0: a note of the score, its onset in beats; the note played, in MIDI ticks


def sources(folder: Path) -> list[Source]:
    """One source a performance."""
    return [Source(NAME, path.stem, path) for path in sorted((folder / "match").glob("*.match"))]


def read(source: Source) -> list[Piece]:
    """Read one performance; the four works are the titles."""
    text = source.path.read_text(encoding="utf-8")
    info = dict(_INFO.findall(text))
    signatures = [(float(beat), int(above), int(below)) for above, below, beat in _METRE.findall(text)]
    rows = [match.groupdict() for match in _NOTE.finditer(text)]
    beat = 4 * TICKS_PER_BEAT / signatures[0][2]  # ticks of the beats that score onsets are counted in
    pickup = -min(float(row["beat"]) for row in rows) * beat
    score = np.rint([float(row["beat"]) * beat + pickup for row in rows])
    metres = metre_column(
        (_bar_line(place * beat + pickup, pickup), above, below) for place, above, below in signatures
    )
    rate = int(info["midiClockRate"]) / int(info["midiClockUnits"]) / 1e6  # seconds a MIDI tick
    played = np.array([[int(row["on"]) * rate, int(row["off"]) * rate] for row in rows])
    time_map = _time_map(played[:, 0], score, np.array([row["written"] != "0" for row in rows]))
    notes = _notes(rows, score, played, time_map)
    part = Part(Role.PIANO, notes, cut_phrases(notes, metres, most=MOST))
    title = f"vienna {info['piece']}"
    return [
        Piece(NAME, source.name, title, "", Style.CLASSICAL, metres, np.empty(0, CHORD), time_map.tempos(), (part,))
    ]


def _bar_line(tick: float, pickup: float) -> int:
    """The first signature stands before the pickup; its first bar line comes after it."""
    return round(max(tick, pickup))


def _time_map(seconds: np.ndarray, ticks: np.ndarray, counted: np.ndarray) -> TimeMap:
    """When each onset of the score was played, on average, grace notes apart; kept where time moves on."""
    places = np.unique(ticks[counted])
    means = np.array([seconds[counted & (ticks == place)].mean() for place in places])
    forward = np.append(True, means[1:] > np.maximum.accumulate(means)[:-1] + 0.01)
    return TimeMap(means[forward], places[forward])


def _notes(rows: list[dict[str, str]], score: np.ndarray, played: np.ndarray, time_map: TimeMap) -> np.ndarray:
    heard = time_map.tick_at(played)  # (N, 2) on and off
    grace = np.array([row["written"] == "0" for row in rows])
    onsets = np.maximum(np.where(grace, heard[:, 0], score), 0)
    pitches, velocities = ([int(row[field]) for row in rows] for field in ("pitch", "velocity"))
    return note_column(onsets, heard[:, 1] - heard[:, 0], pitches, velocities)
