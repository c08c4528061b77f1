#!/usr/bin/env python3
"""Draw the band of livejam accompany: a melody of our own, and what the network plays under it (docs/band.png).

    python tools/band_picture.py [--model exported/accompany.onnx] [--ear] [--seed 1] [-o docs/band.png]

The practice session is the real one, in virtual time. The same network and seed give the same picture.
"""

import argparse
from collections.abc import Iterable
from pathlib import Path

from livejam.accompanist import load_accompanist
from livejam.alongsettings import AlongSettings
from livejam.band import BandSettings
from livejam.chart_text import read_chart
from livejam.grid import BeatGrid
from livejam.notes import Note, TickNote
from livejam.pianoroll import Roll, beat_marks
from livejam.picture import save_picture
from livejam.pieces import Role, Style
from livejam.rehearsal import rehearse
from livejam.spans import PartNote

CHART = "Dm7 | G7 | Cmaj7 | A7 | Dm7 | G7 | Cmaj7 | %"
BPM, BARS = 120.0, 8
LINE = (  # (pitch, eighths), a rest has no pitch
    (None, 1), (65, 1), (69, 1), (72, 1), (76, 3), (74, 1), (71, 2), (67, 2), (65, 3), (64, 1), (67, 4), (71, 2),
    (72, 2), (None, 2), (73, 1), (76, 1), (79, 2), (76, 2), (77, 3), (74, 1), (69, 2), (72, 2), (71, 2), (74, 2),
    (77, 3), (76, 1), (76, 6), (74, 2), (72, 8),
)  # fmt: skip


def main() -> None:
    """Do as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, help="the network; else the one that comes along")
    parser.add_argument("--ear", action="store_true", help="without the chart")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-o", "--out", type=Path, default=Path("docs/band.png"))
    asked = parser.parse_args()
    settings = AlongSettings(BandSettings(style=Style.JAZZ, rest=0), chart=None if asked.ear else read_chart(CHART))
    end = BARS * settings.metre.bar_ticks
    made, _ = rehearse(load_accompanist(asked.model, asked.seed, None), melody(), end, settings, BPM)
    rolls = [
        roll("you; bass and chords", melody(), (each for each in made if each.role is not Role.DRUMS)),
        roll("drums", (), (each for each in made if each.role is Role.DRUMS)),
    ]
    save_picture(
        rolls, f"livejam accompany --bpm {BPM:g}" + (f' --chart "{CHART}"' if settings.chart else ""), asked.out
    )
    print(f"drawn: {asked.out}")


def melody() -> tuple[TickNote, ...]:
    """Return the melody."""
    found, at = [], 0
    for pitch, eighths in LINE:
        if pitch:
            found.append(TickNote(at, pitch, 12 * eighths - 1, 84))
        at += 12 * eighths
    return tuple(found)


def roll(title: str, line: Iterable[TickNote], made: Iterable[PartNote]) -> Roll:
    """Return what sounds together as a piano roll."""
    end = BARS * 4 * 60 / BPM
    return Roll(title, tuple(map(_timed, line)), tuple(_timed(each.note) for each in made),
                beat_marks(0.0, end, 60 / BPM, 4))  # fmt: skip


def _timed(note: TickNote) -> Note:
    grid = BeatGrid(BPM)
    onset, end = grid.seconds_at(note.onset), grid.seconds_at(note.onset + note.length)
    return Note(onset, note.pitch, note.velocity, end - onset)


if __name__ == "__main__":
    main()
