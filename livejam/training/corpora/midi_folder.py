"""A user's own MIDI files, whatever they are: roles are guessed plainly, the grid is the file's own."""

from pathlib import Path

import numpy as np

from livejam.errors import FileError
from livejam.notes import TICKS_PER_BEAT
from livejam.pieces import CHORD, Part, Piece, Role, Style
from livejam.training.columns import metre_column, note_column, tempo_column
from livejam.training.corpora import Source
from livejam.training.midi_files import Track, read_midi
from livejam.training.phrases import cut_phrases

NAME = "midi"
CREDIT = "the owner of the files"
LICENCE = "as the files say"

SUFFIXES = {".mid", ".midi"}
MONOPHONIC = 0.9  # share of notes that are over when the next one starts
LOW = 52  # MIDI pitch: a line below E3 on average is a bass


def sources(folder: Path) -> list[Source]:
    """One source a MIDI file, at any depth."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    return [Source(NAME, str(path.relative_to(folder)), path) for path in paths]


def read(source: Source) -> list[Piece]:
    """Read one file; its stem is its title.

    Raises:
        FileError: it holds no notes.
    """
    file = read_midi(source.path)
    tracks = [(track.drums, _notes(track)) for track in file.tracks]
    if not tracks:
        raise FileError("no notes in it")
    metres = metre_column(file.signatures)
    tempos = tempo_column([tick for tick, _ in file.tempos], [bpm for _, bpm in file.tempos])
    parts = tuple(
        Part(role, notes, cut_phrases(notes, metres, most=64 if role in (Role.MELODY, Role.BASS) else 128))
        for role, notes in zip(guess_roles(tracks), (notes for _, notes in tracks), strict=True)
    )
    empty = np.empty(0, CHORD)
    return [Piece(NAME, source.name, source.path.stem, "", Style.UNKNOWN, metres, empty, tempos, parts)]


def guess_roles(tracks: list[tuple[bool, np.ndarray]]) -> list[Role]:
    """Guess what each track, (is it drums, NOTE array), does.

    Channel 10 is drums. Of the lines, tracks of one note at a time, the low ones are bass, the highest is the melody,
    the others are counter melodies. What is left is the piano if it spans two octaves, else chords.
    """
    means = [float(notes["pitch"].mean()) for _, notes in tracks]
    lines = [not drums and _is_line(notes) for drums, notes in tracks]
    tops = [mean for mean, line in zip(means, lines, strict=True) if line and mean >= LOW]

    def role(drums: bool, notes: np.ndarray, mean: float, line: bool) -> Role:
        if drums:
            return Role.DRUMS
        if line:
            return Role.BASS if mean < LOW else Role.MELODY if mean == max(tops) else Role.COUNTER
        return Role.PIANO if np.ptp(notes["pitch"].astype(int)) >= 24 else Role.CHORDS

    return [role(drums, notes, mean, line) for (drums, notes), mean, line in zip(tracks, means, lines, strict=True)]


def _is_line(notes: np.ndarray) -> bool:
    steps = np.diff(notes["onset"])
    apart = (steps > 0) & (notes["length"][:-1] <= steps + TICKS_PER_BEAT // 4)  # legato may overlap a little
    return bool(apart.mean() >= MONOPHONIC) if len(apart) else True


def _notes(track: Track) -> np.ndarray:
    return note_column(track.onsets, track.lengths, track.pitches, track.velocities)
