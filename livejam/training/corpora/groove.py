"""The Groove MIDI dataset: drummers playing to a click, so the file's own ticks are the grid; beats and fills."""

import csv
from pathlib import Path

import numpy as np

from livejam.pieces import CHORD, Part, Piece, Role, Style
from livejam.training.columns import metre_column, note_column, tempo_column
from livejam.training.corpora import Source
from livejam.training.midi_files import MidiFile, read_midi
from livejam.training.phrases import cut_phrases

NAME = "groove-midi"
CREDIT = "Gillick, Roberts, Engel, Eck, Bamman: Learning to Groove, ICML 2019"
LICENCE = "CC BY 4.0"

STROKE = 6  # ticks: drums do not hold their notes, and the lengths in the files are the pads' own
MOST = 128  # notes a phrase
TO_GENERAL_MIDI = {22: 42, 26: 46, 58: 43}  # edges of the hi-hat and a rim of the kit that was used


def sources(folder: Path) -> list[Source]:
    """One source a performance, from info.csv."""
    with (folder / "info.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    return sorted(
        (
            Source(
                NAME, row["id"], folder / row["midi_filename"], (row["session"], row["style"], row["time_signature"])
            )
            for row in rows
        ),
        key=lambda source: source.name,
    )


def read(source: Source) -> list[Piece]:
    """Read one performance. Takes of one session are variants of one another, so the session is the title."""
    session, style, signature = (str(field) for field in source.detail)
    performance = read_midi(source.path)
    metres = metre_column([(0, *_numbers(signature))])
    tempos = tempo_column([0], [performance.tempos[0][1]])
    notes = _notes(performance)
    drums = Part(Role.DRUMS, notes, cut_phrases(notes, metres, most=MOST))
    kind = Style.JAZZ if style.startswith("jazz") else Style.POP
    return [Piece(NAME, source.name, session, "", kind, metres, np.empty(0, CHORD), tempos, (drums,))]


def _notes(performance: MidiFile) -> np.ndarray:
    (track,) = performance.tracks
    pitches = [TO_GENERAL_MIDI.get(pitch, pitch) for pitch in track.pitches.tolist()]
    return note_column(track.onsets, np.full(len(pitches), STROKE), pitches, track.velocities)


def _numbers(signature: str) -> tuple[int, int]:
    above, below = signature.split("-")
    return int(above), int(below)
