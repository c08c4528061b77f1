"""What is asked and how it is counted, with scorers whose answers are known."""

import json
from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from click.testing import CliRunner
from rich.console import Console

from livejam.cli import main
from livejam.decoder import Candidate
from livejam.errors import FileError, LivejamError
from livejam.evaluation import (
    WITHHELD,
    evaluate,
    judge,
    line_classes,
    of_corpora,
    results_table,
    set_exams,
    write_json,
)
from livejam.exam import OTHERS, Settings, lines_of, metre_at, phrases_of, scored_role, set_exam
from livejam.markov import event_classes
from livejam.notes import Metre, TickNote
from livejam.pieces import CHORD, METRE, NOTE, PHRASE, TEMPO, Part, Piece, Role, Style, save_pieces
from livejam.tokenizer import PREDICTED, Context

SETTINGS = Settings(notes=300, cases=20, seed=3)


def make_part(rng, role=Role.MELODY, phrases=6):
    """A melody of two-bar phrases with a random pickup each, and random steps."""
    starts, notes = [], []
    for k in range(phrases):
        starts.append((len(notes), False))
        onsets = 192 * k + 12 * int(rng.integers(0, 3)) + np.cumsum(rng.choice([6, 12, 24], int(rng.integers(4, 9))))
        pitches = 60 + np.cumsum(rng.integers(-2, 3, len(onsets)))
        notes += [(int(o), 12, int(p), 0) for o, p in zip(onsets, pitches, strict=True)]
    return Part(role, np.array(notes, NOTE), np.array(starts, PHRASE))


def make_piece(rng, name, split="valid", metre=(4, 4), **changes):
    piece = Piece(
        "tunes", name, name, split, Style.FOLK, np.array([(0, *metre)], METRE),
        np.empty(0, CHORD), np.empty(0, TEMPO), (make_part(rng),),
    )  # fmt: skip
    return replace(piece, **changes)


@pytest.fixture
def pieces():
    rng = np.random.default_rng(1)
    held = [make_piece(rng, f"held {i}") for i in range(20)]
    return held + [make_piece(rng, f"known {i}", "train") for i in range(30)]


class Uniform:
    """Finds every class as likely as any other, and answers with one note."""

    sha256 = "f00d"

    def answer(self, context, sampling, rng, start=0):
        yield TickNote(start, 60, 12, 0)

    def answers(self, context, sampling, rngs, start=0, wish=None, compare=True):
        made = [Candidate([note], over=True) for _ in rngs for note in self.answer(context, sampling, None, start)]
        yield made

    def restart(self):
        pass

    def hear(self, notes, context, player):
        pass

    def score(self, notes, context):
        found = np.tile(-np.log2(list(PREDICTED.values())), (len(notes) + 1, 1))
        found[-1, 1:] = 0
        return found


class Oracle(Uniform):
    """Knows every true phrase by what was heard before it; `right` says whether it tells the truth."""

    def __init__(self, exam, right=True):
        self.next = {line[:place]: line[place].notes for line in exam.lines for place in range(1, len(line))}
        self.phrases = {(phrase.notes, phrase.context): phrase for line in exam.lines for phrase in line}
        self.right = right
        self.heard = ()

    def restart(self):
        self.heard = ()

    def hear(self, notes, context, player):
        assert player == (len(self.heard) % 2 == 0), "they take turns"
        self.heard += (self.phrases[notes, context],)

    def score(self, notes, context):
        bits = 1 if (notes == self.next.get(self.heard)) is self.right else 2
        found = np.full((len(notes) + 1, 4), -float(bits))
        found[-1] = 0
        return found


def test_a_uniform_scorer_needs_the_logarithm_of_the_classes(pieces):
    (result,) = evaluate(set_exams(pieces, SETTINGS), pieces, Uniform())
    delta, *rest = result.network.bits
    ends = sum(len(line) - 1 for line in set_exams(pieces, SETTINGS)["tunes"].lines)
    assert rest == pytest.approx([np.log2(PREDICTED[name]) for name in ("pitch", "length", "velocity")])
    assert delta == pytest.approx(np.log2(PREDICTED["delta"]) * (1 + ends / result.notes)), "END counts as delta"
    assert result.network.total == pytest.approx(delta + sum(rest))


def test_an_oracle_ranks_the_truth_first_and_a_liar_never(pieces):
    exam = set_exam("tunes", pieces[:20], SETTINGS)
    for right in (True, False):
        score = judge(Oracle(exam, right=right), exam)
        assert (score.first, score.owing) == (right, right)


class Listener(Uniform):
    """Needs fewer bits once it has heard something."""

    def restart(self):
        self.heard = 0

    def hear(self, notes, context, player):
        self.heard += len(notes)

    def score(self, notes, context):
        return super().score(notes, context) / (2 if self.heard else 1)


def test_what_the_call_is_worth_is_measured(pieces):
    (result,) = evaluate(set_exams(pieces, SETTINGS), pieces, Listener(), beside={"deaf": Uniform()})
    assert list(result.beside) == [WITHHELD, "deaf"]
    assert result.beside[WITHHELD].total == pytest.approx(2 * result.network.total)
    deaf = result.beside["deaf"]
    assert result.beside[WITHHELD] == replace(deaf, owing=None), "it owes nothing to what was heard"
    said = result.as_json()["beside"]
    assert said["deaf"]["bits_per_note"]["total"] == pytest.approx(result.beside["deaf"].total)
    assert set(said[WITHHELD]) == {"bits_per_note", "true_next_of_16", "true_next_of_16_by_ratio"}


def test_parts_are_asked_up_to_the_limit(pieces):
    exam = set_exam("tunes", pieces[:20], replace(SETTINGS, notes=400))
    lines = lines_of(pieces[:20], Role.MELODY)
    whole = {line for line in lines if len(line) > 1}
    assert 350 < exam.notes <= 400
    assert all(any(full[: len(line)] == line for full in whole) for line in exam.lines)


def test_a_long_part_leaves_room_for_others(pieces):
    rng = np.random.default_rng(5)
    long = make_piece(rng, "epic", parts=(make_part(rng, phrases=300),))
    exam = set_exam("tunes", [*pieces[:10], long], Settings(notes=1000, cases=0))
    sizes = sorted(sum(len(phrase.notes) for phrase in line[1:]) for line in exam.lines)
    assert len(sizes) == 11
    assert sizes[-1] <= 1000 // 20
    assert len(set_exam("tunes", [long], Settings(notes=1)).lines[0]) == 2, "one phrase at least"


def test_progress_counts_every_note_heard_or_scored(pieces):
    exam = set_exam("tunes", pieces[:20], SETTINGS)
    counts = []
    judge(Uniform(), exam, counts.append)
    assert sum(counts) == exam.steps + exam.steps_alone


def test_the_same_seed_asks_the_same_and_another_does_not(pieces):
    first, again = (set_exam("tunes", pieces[:20], SETTINGS) for _ in range(2))
    assert first == again
    assert first.cases != set_exam("tunes", pieces[:20], replace(SETTINGS, seed=4)).cases
    assert len(first.cases) == 20


def test_rivals_begin_where_the_truth_does_and_are_other_pieces(pieces):
    exam = set_exam("tunes", pieces[:20], SETTINGS)
    home = {}
    for line in lines_of(pieces[:20], Role.MELODY):
        for phrase in line:
            home.setdefault(shape(phrase.notes), set()).add(phrase.title)
    for (line, place), others in exam.cases.items():
        truth = exam.lines[line][place]
        assert len(others) == OTHERS == len({shape(notes) for notes in others})
        assert {notes[0].onset for notes in others} == {truth.notes[0].onset}
        assert all(home[shape(notes)] - {truth.title} for notes in others)
        assert truth.notes not in others


def shape(notes):
    return tuple((note.onset - notes[0].onset, note.pitch, note.length) for note in notes)


def test_variants_of_a_title_are_no_rivals():
    rng = np.random.default_rng(2)
    pieces = [make_piece(rng, f"take {i}", title=("The Lark", "Lark, the")[i % 2]) for i in range(20)]
    (result,) = evaluate(set_exams(pieces, SETTINGS), pieces, Uniform())
    assert result.network.first is None
    assert result.cases == 0
    assert "no other titles" in " ".join(result.remarks())


def test_few_titles_give_several_rivals_each_and_it_is_said():
    rng = np.random.default_rng(2)
    pieces = [make_piece(rng, f"tune {i}") for i in range(5)]
    exam = set_exam("tunes", pieces, SETTINGS)
    assert {len(others) for others in exam.cases.values()} == {OTHERS}
    assert exam.titles == 4
    (result,) = evaluate({"tunes": exam}, pieces, Uniform())
    assert "of 4 titles" in " ".join(result.remarks())


def test_training_pieces_give_rivals_only_where_held_out_titles_are_too_few(pieces):
    assert not set_exams(pieces, SETTINGS)["tunes"].borrowed
    few = set_exams(pieces[15:], SETTINGS)["tunes"]
    assert few.borrowed
    assert few.titles == 34
    known = {shape(phrase.notes) for line in lines_of(pieces[20:], Role.MELODY) for phrase in line}
    assert all({shape(notes) for notes in others} & known for others in few.cases.values())
    (result,) = evaluate({"tunes": few}, pieces, Uniform())
    assert "of 34 train titles" in " ".join(result.remarks())


def test_rivals_share_the_metre_when_enough_titles_do():
    rng = np.random.default_rng(6)
    pieces = [make_piece(rng, f"reel {i}") for i in range(20)]
    jigs = [make_piece(rng, f"jig {i}", metre=(6, 8)) for i in range(20)]
    of_jigs = {shape(phrase.notes) for line in lines_of(jigs, Role.MELODY) for phrase in line}
    of_reels = {shape(phrase.notes) for line in lines_of(pieces, Role.MELODY) for phrase in line}
    exam = set_exam("tunes", pieces + jigs, SETTINGS)
    for (line, place), others in exam.cases.items():
        jig = exam.lines[line][place].context.metre.denominator == 8
        assert {shape(notes) for notes in others} <= (of_jigs if jig else of_reels)
    mixed = set_exam("tunes", pieces + jigs[:3], replace(SETTINGS, notes=10_000, cases=10_000))
    alone = [o for (line, place), o in mixed.cases.items() if mixed.lines[line][place].context.metre.denominator == 8]
    assert alone
    assert all({shape(notes) for notes in others} & of_reels for others in alone)


def test_the_metre_of_a_phrase_is_that_of_its_first_note():
    changes = np.array([(12, 3, 4), (84, 4, 4)], METRE)
    assert metre_at(changes, 0) == Metre(3, 4, 12), "a pickup has the metre of the first bar"
    assert metre_at(changes, 83) == Metre(3, 4, 12)
    assert metre_at(changes, 84) == Metre(4, 4, 84)
    assert metre_at(np.empty(0, METRE), 5) is None


def test_melodies_come_first_and_else_what_there_is():
    rng = np.random.default_rng(7)
    both = make_piece(rng, "song", parts=(make_part(rng, Role.PIANO), make_part(rng)))
    drums = make_piece(rng, "beat", parts=(make_part(rng, Role.DRUMS),))
    assert scored_role([both, both]) == Role.MELODY
    assert scored_role([drums, drums, both]) == Role.DRUMS
    melody = next(part for part in both.parts if part.role == Role.MELODY)
    assert [line[0].notes[0].onset for line in lines_of([both, drums], Role.MELODY)] == [melody.notes["onset"][0]]


def test_no_more_is_told_of_a_phrase_than_on_stage():
    tune = make_piece(np.random.default_rng(7), "song", style=Style.JAZZ)
    contexts = {phrase.context for phrase in lines_of([tune], Role.MELODY)[0]}
    assert contexts == {Context(Metre(4, 4))}


def test_phrases_keep_their_notes_and_their_places(pieces):
    part = pieces[0].parts[0]
    line = phrases_of(pieces[0], part)
    notes = [note for phrase in line for note in phrase.notes]
    assert [note.onset for note in notes] == part.notes["onset"].tolist()
    assert [note.pitch for note in notes] == part.notes["pitch"].tolist()
    assert [len(phrase.notes) for phrase in line] == np.diff([*part.phrases["start"], len(part.notes)]).tolist()
    expected = event_classes(line[1].notes, line[1].context, line[0].notes[-1])
    first = len(line[0].notes) + 1
    assert np.array_equal(line_classes(line)[first : first + len(expected)], expected)


def test_the_baseline_is_scored_on_the_same_notes_and_learns_elsewhere(pieces):
    exams = set_exams(pieces, SETTINGS)
    (result,) = evaluate(exams, pieces, Uniform())
    assert 0 < result.markov.total < result.network.total
    assert "pitch" in result.orders
    (alone,) = evaluate(exams, pieces[:20], Uniform())
    assert alone.markov is None
    assert "Markov: no music" in " ".join(alone.remarks())


def test_a_piece_that_is_asked_is_never_learnt(pieces):
    rng = np.random.default_rng(9)
    copy = [replace(piece, split="train", name=f"copy of {piece.name}") for piece in pieces[:20]]
    fair = [make_piece(rng, f"new {i}", "train") for i in range(10)]
    exams = set_exams(pieces, replace(SETTINGS, notes=10_000))
    (honest,) = evaluate(exams, fair, Uniform())
    (tempted,) = evaluate(exams, fair + copy, Uniform())
    assert tempted.markov == honest.markov


def test_without_a_split_everything_may_be_asked(pieces):
    train = [replace(piece, split="train") for piece in pieces]
    titles = {line[0].title for line in set_exams(train, replace(SETTINGS, notes=10_000))["tunes"].lines}
    assert titles == {piece.title for piece in pieces}


def test_only_some_corpora(pieces):
    more = [replace(piece, corpus="airs") for piece in pieces[:3]]
    assert of_corpora(pieces + more, ("airs",)) == more
    assert of_corpora(pieces + more, ()) == pieces + more
    with pytest.raises(LivejamError, match="no corpus is called 'reels' here; there are: tunes, airs"):
        of_corpora(pieces + more, ("reels",))


def test_nothing_to_ask_is_one_plain_line():
    with pytest.raises(LivejamError, match="no part has two phrases"):
        set_exams([make_piece(np.random.default_rng(0), "stub", parts=())], SETTINGS)


def test_the_file_has_the_figures_by_corpus(pieces, tmp_path):
    results = list(evaluate(set_exams(pieces, SETTINGS), pieces, Uniform()))
    write_json(results, tmp_path / "figures.json")
    figures = json.loads((tmp_path / "figures.json").read_text())["corpora"]["tunes"]
    assert set(figures["bits_per_note"]) == {"delta", "pitch", "length", "velocity", "total"}
    assert set(figures["markov_bits_per_note"]) == set(figures["bits_per_note"])
    assert figures["notes"] == results[0].notes
    assert 0 <= figures["true_next_of_16"] <= 1
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="can't write"):
        write_json(results, tmp_path / "file" / "figures.json")


def test_several_corpora_are_also_told_as_one(pieces, tmp_path):
    tunes, more = pieces, [replace(piece, corpus="airs") for piece in pieces]
    results = list(evaluate(set_exams(tunes + more, SETTINGS), tunes + more, Uniform()))
    write_json(results, tmp_path / "figures.json")
    figures = json.loads((tmp_path / "figures.json").read_text())
    one, other = (figures["corpora"][name] for name in ("tunes", "airs"))
    assert figures["all"]["notes"] == one["notes"] + other["notes"]
    markov = sum(f["markov_bits_per_note"]["total"] * f["notes"] for f in (one, other)) / figures["all"]["notes"]
    assert figures["all"]["bits_per_note"]["Markov"] == pytest.approx(markov)
    assert set(figures["all"]["bits_per_note"]) == {"livejam", "Markov", "call withheld"}
    console = Console(width=80, record=True, file=StringIO())
    console.print(results_table(results))
    assert f"{figures['all']['notes']:,} notes" in console.export_text()


def test_the_table_shows_both_scorers(pieces):
    console = Console(width=80, record=True, file=StringIO())
    console.print(results_table(list(evaluate(set_exams(pieces, SETTINGS), pieces, Uniform()))))
    shown = console.export_text()
    assert "tunes" in shown
    assert "livejam" in shown
    assert "Markov" in shown
    assert "melody" in shown


def test_the_command_reads_prepared_music_and_writes_the_file(pieces, tmp_path, monkeypatch):
    monkeypatch.setattr("livejam.decoder.Decoder", lambda model: Uniform())
    save_pieces(tmp_path, pieces, {})
    arguments = [
        "evaluate",
        str(tmp_path),
        "--notes",
        "200",
        "--cases",
        "5",
        "--answers",
        "6",
        "--json",
        str(tmp_path / "new" / "f.json"),
    ]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0
    assert "tunes" in result.output
    figures = json.loads((tmp_path / "new" / "f.json").read_text())["corpora"]["tunes"]
    assert figures["cases"] == 5
    assert figures["answers"]["calls"] == 6
    assert figures["answers"]["livejam"]["notes"] == 1
    assert "own call" in result.output
    assert figures["markov_bits_per_note"]["total"] < figures["bits_per_note"]["total"]


def test_a_corpus_that_is_not_there_is_one_plain_line(pieces, tmp_path, monkeypatch):
    monkeypatch.setattr("livejam.decoder.Decoder", lambda model: Uniform())
    save_pieces(tmp_path, pieces, {})
    result = CliRunner().invoke(main, ["evaluate", str(tmp_path), "--only", "reels"])
    assert result.exit_code == 1
    assert result.stderr == "livejam: no corpus is called 'reels' here; there are: tunes\n"


def test_pictures_of_no_answers_are_one_plain_line(pieces, tmp_path):
    result = CliRunner().invoke(main, ["evaluate", str(tmp_path), "--answers", "0", "--plots", str(tmp_path)])
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith("livejam: --plots draws the figures of answers: give --answers 1 or more")


def test_without_answers_the_file_has_none(pieces, tmp_path, monkeypatch):
    monkeypatch.setattr("livejam.decoder.Decoder", lambda model: Uniform())
    save_pieces(tmp_path, pieces, {})
    path = tmp_path / "f.json"
    arguments = ["--notes", "50", "--cases", "1", "--answers", "0", "--seed", "5", "--json", str(path)]
    result = CliRunner().invoke(main, ["evaluate", str(tmp_path), *arguments])
    assert result.exit_code == 0
    assert "own call" not in result.output
    found = json.loads(path.read_text())
    assert "answers" not in found["corpora"]["tunes"]
    assert found["settings"] == {
        "notes": 50,
        "cases": 1,
        "answers": 0,
        "controls": 0,
        "accompany": 0,
        "history": 4,
        "seed": 5,
        "network": "f00d",
    }
