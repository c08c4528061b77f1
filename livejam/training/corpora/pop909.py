"""POP909: pop songs as MELODY, BRIDGE and PIANO, performed to machine beats, with chord and beat files in seconds.

The MIDI ticks of a song lie off its grid, so notes are read in seconds and put on the beats of `beat_midi.txt`.
"""

from itertools import pairwise
from pathlib import Path

import numpy as np

from livejam.notes import TICKS_PER_BEAT
from livejam.pieces import Part, Piece, Role, Style
from livejam.training.chords import parse_chord
from livejam.training.columns import TimeMap, chord_column, metre_column, note_column
from livejam.training.corpora import Source
from livejam.training.midi_files import Track, read_midi
from livejam.training.phrases import cut_phrases

NAME = "pop909"
CREDIT = "Wang, Chen, Jiang, Zhang, Xu, Dai, Bin, Xia: POP909, ISMIR 2020"
LICENCE = "MIT"

ROLES = {"MELODY": Role.MELODY, "BRIDGE": Role.COUNTER, "PIANO": Role.PIANO}
MOST = {Role.MELODY: 64, Role.COUNTER: 64, Role.PIANO: 128}  # notes a phrase


def sources(folder: Path) -> list[Source]:
    """One source a song folder."""
    return [Source(NAME, song.name, song) for song in sorted(folder.iterdir()) if song.is_dir()]


def read(source: Source) -> list[Piece]:
    """Read one song."""
    beats = np.loadtxt(source.path / "beat_midi.txt", ndmin=2)  # (K, 3): seconds, start of a pulse, start of a bar
    song = read_midi(source.path / f"{source.name}.mid", seconds=True)
    tracks = {track.name: track for track in song.tracks if track.name in ROLES}
    start = min(float(track.onsets.min()) for track in tracks.values())
    time_map, bars = _grid(beats, start)
    metres = metre_column(bars)
    chords = _chords(source.path / "chord_midi.txt", time_map)
    parts = [_part(ROLES[name], tracks[name], time_map, metres) for name in ROLES if name in tracks]
    return [
        Piece(
            NAME, source.name, f"pop909 {source.name}", "", Style.POP, metres, chords, time_map.tempos(), tuple(parts)
        )
    ]


def _grid(beats: np.ndarray, start: float) -> tuple[TimeMap, list[tuple[int, int, int]]]:
    """Return the beats in ticks, from 0 at the beat before `start` or earlier, and the bars as metre rows.

    A beat is a quarter note, or an eighth where three of them make a pulse (the 28 songs in 6/8).
    """
    pulses = np.diff(np.flatnonzero(beats[:, 1] == 1))
    compound = np.median(pulses) == 3
    step, unit = (TICKS_PER_BEAT // 2, 8) if compound else (TICKS_PER_BEAT, 4)
    seconds = beats[:, 0]
    lead = max(0, int(np.ceil((seconds[0] - start) / (seconds[1] - seconds[0]) - 0.5 / step)))  # beats before the first
    ticks = step * (np.arange(len(seconds)) + lead)
    downbeats = np.flatnonzero(beats[:, 2] == 1).tolist()
    bars = [(int(ticks[first]), after - first, unit) for first, after in pairwise(downbeats)]
    return TimeMap(seconds, ticks), bars


def _part(role: Role, track: Track, time_map: TimeMap, metres: np.ndarray) -> Part:
    onsets = np.maximum(np.rint(time_map.tick_at(track.onsets)), 0)
    ends = time_map.tick_at(track.onsets + track.lengths)
    column = note_column(onsets, ends - onsets, track.pitches, track.velocities)
    return Part(role, column, cut_phrases(column, metres, most=MOST[role]))


def _chords(path: Path, time_map: TimeMap) -> np.ndarray:
    """The chords, each from its start to the next one's; lines are start, end and symbol."""
    lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    ticks = np.maximum(np.rint(time_map.tick_at([float(line[0]) for line in lines])), 0).astype(int)
    return chord_column((tick, *parse_chord(line[2])) for tick, line in zip(ticks.tolist(), lines, strict=True))
