"""MIDI files as plain columns, read with symusic, which is fast. Knows nothing of corpora.

Files that are none raise FileError; readers of corpora let that pass.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import symusic

from livejam.errors import FileError
from livejam.notes import TICKS_PER_BEAT, is_counted


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """The notes of one track, in the order of the file; at least one."""

    name: str
    drums: bool  # channel 10
    onsets: np.ndarray  # (N,) float: ticks, 24 a quarter note, not rounded; or seconds
    lengths: np.ndarray  # (N,) float, the same unit
    pitches: np.ndarray  # (N,) int
    velocities: np.ndarray  # (N,) int


@dataclass(frozen=True, slots=True)
class MidiFile:
    """What is in a file. Tracks without notes are left out."""

    signatures: tuple[tuple[int, int, int], ...]  # tick (24 a quarter note), numerator, denominator; of `is_counted`
    tempos: tuple[tuple[int, float], ...]  # tick, quarter notes a minute
    tracks: tuple[Track, ...]


def read_midi(path: Path, *, seconds: bool = False) -> MidiFile:
    """Read a MIDI file; notes are in ticks, or in seconds where asked for.

    Raises:
        FileError: it is no whole MIDI file.
    """
    try:
        score: Any = symusic.Score(path)  # its own types are not usable
    except (RuntimeError, ValueError, OSError) as error:
        raise FileError(f"no MIDI file, or a broken one ({error})") from error
    scale = TICKS_PER_BEAT / score.ticks_per_quarter
    signatures = tuple(
        (round(s.time * scale), s.numerator, s.denominator)
        for s in score.time_signatures
        if is_counted(s.numerator, s.denominator)
    )
    tempos = tuple((round(tempo.time * scale), tempo.qpm) for tempo in score.tempos)
    tracks = score.to("second").tracks if seconds else score.tracks
    return MidiFile(
        signatures, tempos, tuple(_track(track, 1.0 if seconds else scale) for track in tracks if track.notes)
    )


def _track(track: Any, scale: float) -> Track:
    notes = track.notes.numpy()
    pitches, velocities = (notes[name].astype(int) for name in ("pitch", "velocity"))
    return Track(track.name, track.is_drum, notes["time"] * scale, notes["duration"] * scale, pitches, velocities)
