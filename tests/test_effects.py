"""What controls do, measured: on a player that obeys, on one that is deaf to wishes, and on a tiny network."""

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from prepared import part, piece
from rich.console import Console

from livejam.cases import Amount
from livejam.cli import main
from livejam.controls import Kind, Wish
from livejam.decoder import Candidate
from livejam.effect_measures import Played, StyleJudge, bars, chord_tones, in_key, tonal_key, wished_key
from livejam.effects import Asked, charted_cases, controls_table, measure_controls, play, rises
from livejam.notes import TickNote
from livejam.pieces import Quality, Role, Style, save_pieces
from livejam.steering import Steering
from livejam.tokenizer import Chord

TINY = Path(__file__).parent / "data" / "tiny.onnx"
NOBODY = StyleJudge((), np.empty((0, 0)), np.empty(0))
C_MAJOR = Chord(0, 0, Quality.MAJOR)


class Obedient:
    """Plays what it is asked: so dense, so high, so many bars, on the chord or the key; else a line of its own."""

    def restart(self):
        self.call = ()

    def hear(self, notes, context, player):
        self.call = notes

    def answers(self, context, sampling, rngs, start=0, wish=None, compare=True):
        bar = -(-start // 96) * 96
        wish = wish or Wish()
        step = 48 // wish.density if wish.density else 12
        pitch = 30 + 10 * wish.register if wish.register else 60
        if context.chords:
            pitch = 60 + context.chords[0].root
        if wish.key:
            pitch = 60 + (wish.key - 1) % 12
        made = [Candidate() for _ in rngs]
        for onset in range(bar, bar + 96 * (wish.bars or 2), step):
            for one in made:
                one.notes.append(TickNote(onset, pitch + (onset == bar), step, 0))
                one.likelihood -= sampling.temperature
            yield made
        for one in made:
            one.over = True
        yield made


class Deaf(Obedient):
    """Plays the same whatever it is asked."""

    def answers(self, context, sampling, rngs, start=0, wish=None, compare=True):
        context, sampling = replace(context, chords=()), replace(sampling, temperature=1.0)
        return super().answers(context, sampling, rngs, start, Wish())


def song(seed, split="valid"):
    return piece(part((8, 8, 8), seed), name=f"song {seed}", split=split, chords=[(0, 0, Quality.MAJOR)])


@pytest.fixture
def cases():
    return charted_cases([song(seed) for seed in range(12)], Amount(12))


def works(player, cases):
    """Return whether each control works, by name and what was measured."""
    return {(found.name, found.measured): found.works for found in measure_controls(player, cases, NOBODY, 1)}


def test_what_is_obeyed_works_and_what_is_not_does_not(cases):
    found = works(Obedient(), cases)
    names = {name for (name, _), does in found.items() if does}
    assert names == {"density", "register", "length", "key lock", "chart", "temperature"}
    assert not found["follow", "likeness to the call, line and rhythm"], "it does not follow"
    assert found["length", "share that ends in the bar asked for"] is None, "a figure beside"
    assert not any(works(Deaf(), cases).values())


def test_an_effect_rises_at_every_step_and_not_by_chance():
    up = np.array([[1.0, 2.0, 1.5], [2.0, 3.1, 2.4], [3.0, 4.0, 3.6]])
    assert rises(up)
    assert not rises(up[::-1])
    assert not rises(up[[0, 2, 1]]), "not at every step"
    assert not rises(np.array([[0.0, 9.0, 5.0], [5.0, 0.0, 10.0]])), "chance"
    assert not rises(up[:, :1]), "one case says nothing"


def test_bars_are_counted_from_the_first_whole_one(cases):
    case, chart = cases[0]
    played = Played(
        case, chart, Steering(), (TickNote(90, 60, 6, 0), TickNote(96, 62, 90, 0), TickNote(200, 60, 12, 0)), 1.0
    )
    assert bars(played) == 2, "a pickup belongs to the bar after it"


def test_chord_tones_count_on_strong_beats_only(cases):
    case, _ = cases[0]
    notes = (TickNote(96, 64, 12, 0), TickNote(120, 61, 12, 0), TickNote(144, 62, 12, 0))
    played = Played(case, (C_MAJOR,), Steering(), notes, 1.0)
    assert chord_tones(0, played) == 0.5, "E fits, D does not, C sharp is on a weak beat"
    assert chord_tones(10, played) == 0.5, "of B flat major the D fits"


def test_the_key_asked_for_is_so_far_from_what_was_heard(cases):
    case, _ = cases[0]
    tonic, minor = tonal_key(case)
    assert wished_key(case, 6) == 1 + 12 * minor + (tonic + 6) % 12
    notes = tuple(TickNote(12 * i, 60 + (tonic + 6) % 12, 12, 0) for i in range(4))
    assert in_key(6, Played(case, (), Steering(), notes, 1.0)) == 1


def test_styles_are_told_apart_by_how_people_play():
    folk = [piece(part((8,) * 4, seed), name=f"f{seed}", style=Style.FOLK) for seed in range(8)]
    jazz = [piece(part((8,) * 4, seed, step=6), name=f"j{seed}", style=Style.JAZZ) for seed in range(8)]
    judge = StyleJudge.of([*folk, *jazz], 1)
    assert judge.styles == (Style.JAZZ, Style.FOLK)
    cases = charted_cases(jazz, Amount(6))
    people = [Played(case, (), Steering(), case.reference.notes, 1.0) for case, _ in cases]
    assert judge.recognised(Style.JAZZ, people) == [1.0] * len(people)
    assert StyleJudge.of(folk, 1).styles == (), "one style can't be told from nothing"


def test_drums_are_asked_nothing():
    drums = [piece(part((8, 8, 8), seed, role=Role.DRUMS), name=f"d{seed}") for seed in range(3)]
    assert charted_cases(drums, Amount(3)) == []


def test_a_network_is_asked_for_what_each_setting_says(cases):
    from livejam.decoder import Decoder

    decoder, (case, chart) = Decoder(TINY), cases[0]
    decoder.hear(case.call.notes, case.call.context, True)
    plain = play(decoder, case, chart, Asked(), 1)
    assert plain == play(decoder, case, chart, Asked(), 1)
    for other in (
        Asked(Steering(kind=Kind.ECHO)),
        Asked(Steering(follow=2.0)),
        Asked(chart=0),
        Asked(key=0),
        Asked(Steering(style=Style.JAZZ)),
    ):
        assert play(decoder, case, chart, other, 1).notes != plain.notes, other
    assert plain.surprise > 0


def test_nothing_is_measured_without_calls():
    assert measure_controls(Deaf(), [], NOBODY, 1) == []


def test_the_table_says_no_where_a_control_does_not_work(cases):
    screen = Console(file=StringIO(), width=200)
    screen.print(controls_table(measure_controls(Deaf(), cases[:3], NOBODY, 1)))
    assert " NO" in screen.file.getvalue()
    assert " yes" not in screen.file.getvalue()


def test_the_command_keeps_the_table(tmp_path):
    save_pieces(tmp_path, [song(seed) for seed in range(6)], {})
    figures = tmp_path / "figures.json"
    options = ["--model", TINY, "--notes", 20, "--cases", 0, "--answers", 0, "--controls", 2, "--json", figures]
    result = CliRunner().invoke(main, ["evaluate", str(tmp_path), *map(str, options)])
    assert result.exit_code == 0, result.output
    kept = json.loads(figures.read_text())
    assert kept["settings"]["controls"] == 2
    (density,) = [line for line in kept["controls"] if line["control"] == "density"]
    assert list(density["settings"]) == ["1", "2", "3", "4", "5"]
