#!/usr/bin/env python3
"""Measure how a band goes by ear: which share of people's melodies lies in its harmony, and how far drums are off.

    python tools/by_ear.py CORPUS [--melodies 10] [--model exported/accompany.onnx] [--seed 1]

CORPUS is made by `livejam prepare`; only its validation split is played. Rows: the band as it is, in longer and shorter
spans, with the network left to itself (no chord is guessed), the guessed chords struck as blocks, the written ones, and
people. Then how far single drummers of groove-midi are from where all of them strike. Virtual time.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
from rich.console import Console
from rich.table import Table

from livejam.accompanist import Accompanist
from livejam.backing_exam import BARS, WITHOUT_REST, Take, in_blocks, play_along, takes_of, usual_groove
from livejam.byear import guess
from livejam.contract import accompanying_model
from livejam.decoder import Decoder
from livejam.measures.backing import agreement, apart, groove
from livejam.notes import TICKS_PER_BEAT, Metre, TickNote
from livejam.parts import parts_of
from livejam.pieces import Piece, Role, load_pieces
from livejam.spans import PartNote
from livejam.voicing import block

SPAN, LATE = 2 * TICKS_PER_BEAT, TICKS_PER_BEAT // 4  # ticks: how often chords are guessed, and how long before


def main() -> None:
    """Do as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--melodies", type=int, default=10, help="of each corpus")
    parser.add_argument("--model", type=Path, help="the network; else the one that comes along")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    pieces = load_pieces(asked.corpus)[0]
    takes = takes_of([piece for piece in pieces if piece.split == "valid"], asked.melodies, asked.seed)
    band = Accompanist(Decoder(asked.model or accompanying_model()), asked.seed)
    table = Table("", *takes, "mean", title="share of the melody's notes in the harmony")
    for who, players in rows(band).items():
        shares = [np.mean([agreement(take.melody, players(take)) for take in own]) for own in takes.values()]
        table.add_row(who, *(f"{100 * share:.1f} %" for share in (*shares, np.mean(shares))))
    Console().print(table, drummers(pieces))


def rows(band: Accompanist) -> dict:
    """Return who plays, each a function of a take that gives its accompaniment."""

    def alone(take: Take) -> Sequence[PartNote]:
        with patch("livejam.band.guess", lambda *_: None):
            return play_along(band, take, chart=False)[0]

    def spans(beats: float):
        return lambda take: play_along(band, take, False, replace(WITHOUT_REST, span=beats))[0]

    return {"the band": spans(2), "in spans of 1 beat": spans(1), "of 4 beats": spans(4), "the network alone": alone,
            "guessed chords": guessed, "written chords": in_blocks, "people": lambda take: take.people}  # fmt: skip


def guessed(take: Take) -> list[PartNote]:
    """Return the chords that are guessed shortly before every span, struck as blocks."""
    made: list[PartNote] = []
    for start in range(take.start, take.end, SPAN):
        now = start - LATE
        past = [replace(note, length=min(note.length, now - note.onset)) for note in take.melody if note.onset < now]
        made += block(guess(past, start, take.metre), start, SPAN, (Role.CHORDS,))
    return made


def drummers(pieces: Sequence[Piece]) -> str:
    """Return in words how far single drummers are off."""
    usual, away = usual_groove(pieces), []
    for piece in pieces:
        common = piece.corpus == "groove-midi" and len(piece.metres) and piece.metres[0].tolist()[1:] == (4, 4)
        if common and piece.split == "valid":
            metre = Metre(4, 4, int(piece.metres["tick"][0]))
            end = metre.bar_line + BARS * metre.bar_ticks
            strokes = [TickNote(o, p, n, v) for o, n, p, v in parts_of(piece)[Role.DRUMS].tolist() if o < end]
            if len(strokes) >= 4 * BARS:
                away.append(apart(groove([PartNote(note, Role.DRUMS) for note in strokes], metre), usual))
    if not away:
        return "no drummers of groove-midi are held out there"
    low, high = np.percentile(away, [10, 90])
    return f"{len(away)} drummers are {np.mean(away):.2f} off, four fifths of them {low:.2f} to {high:.2f}"


if __name__ == "__main__":
    main()
