"""The commands of whoever trains: prepare, train, export, evaluate. `livejam.cli` puts them in its group.

Wiring only, as there: options in, one call, text out, and every import when a command runs. What they run needs the
train extra, but for `evaluate` on prepared music.
"""

import math
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from livejam.backing_exam import Backed
    from livejam.comparison import Comparison
    from livejam.decoder import Decoder
    from livejam.effects import Found
    from livejam.evaluation import Result
    from livejam.pieces import Piece
    from livejam.training.player import NetworkPlayer


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="Folder for pieces.npz.")
@click.option("--only", multiple=True, metavar="NAME", help="Read only this corpus; may be given again.")
def prepare(source: Path, out: Path, only: tuple[str, ...]) -> None:
    """Make training data of music.

    SOURCE is a folder of corpora or of MIDI files.
    """
    from rich.console import Console

    from livejam.training.prepare import prepare as prepare_corpora
    from livejam.training.tables import prepared_tables

    console = Console()
    prepared = prepare_corpora(source, out, only, console=console)
    console.print(prepared_tables(prepared))
    console.print(f"written to {prepared.path}", highlight=False)


@click.command()
@click.argument("music", type=click.Path(path_type=Path))
@click.option("--train", type=click.Path(path_type=Path), help="What the baseline learns from; else MUSIC's own split.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures to this file, too.")
@click.option("--model", type=click.Path(path_type=Path), help="Another network than the one that comes along (.onnx).")
@click.option(
    "--beside",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="CHECKPOINT",
    help="Measure another network of `livejam train`, too, named by its folder; may be given again.",
)
@click.option("--notes", default=10_000, show_default=True, type=click.IntRange(1), help="Notes a corpus to score.")
@click.option("--cases", default=100, show_default=True, type=click.IntRange(0), help="Next phrases a corpus to rank.")
@click.option("--answers", default=60, show_default=True, type=click.IntRange(0), help="Calls a corpus to answer.")
@click.option("--controls", default=0, type=click.IntRange(0), help="Calls a corpus to show what each control does.")
@click.option("--accompany", default=0, type=click.IntRange(0), help="Melodies a corpus to play along with.")
@click.option("--history", default=4, show_default=True, type=click.IntRange(0), help="Phrases heard before a call.")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help="Seed of all that is drawn.")
@click.option("--plots", type=click.Path(path_type=Path), help="Draw the answers' figures into this folder (PNG).")
@click.option("--only", multiple=True, metavar="NAME", help="Evaluate only this corpus; may be given again.")
def evaluate(music: Path, train: Path | None, json_file: Path | None, plots: Path | None, **asked: Any) -> None:
    """Measure how well the network foresees music, and how good its answers are.

    That is, what people play next, and its answers to their phrases, beside baselines and what they answered.

    MUSIC is a folder made by `livejam prepare`, or what that command reads.
    """
    if plots and not asked["answers"]:
        raise click.UsageError("--plots draws the figures of answers: give --answers 1 or more")
    from rich.console import Console

    from livejam.comparison import in_all
    from livejam.decoder import Decoder
    from livejam.evaluation import write_json

    draw = _plotter() if plots else None
    console, network = Console(), Decoder(asked["model"])
    asked["beside"] = _beside(asked["beside"])
    pieces = _pieces(music, asked["only"], console)
    training = _pieces(train, (), console) if train else pieces
    foreseen = _foreseen(pieces, training, network, asked, console)
    compared = _compared(pieces, training, network, asked, console) if asked["answers"] else []
    steered = _steered(pieces, training, network, asked, console) if asked["controls"] else []
    backed = _backed(pieces, training, asked, console) if asked["accompany"] else []
    if json_file:
        names = ("notes", "cases", "answers", "controls", "accompany", "history", "seed")
        settings = {name: asked[name] for name in names} | {"network": network.sha256}
        answers = {found.corpus: found.as_json() for found in compared}
        along = {found.corpus: found.as_json() for found in backed}
        shares = in_all(compared) if compared else {}
        write_json(foreseen, json_file, answers, settings, [found.as_json() for found in steered], along, shares)
    if plots and draw:
        console.print(f"{len(draw(compared, plots))} pictures are in {plots}", highlight=False)


def _plotter() -> "Callable[[list[Comparison], Path], list[Path]]":
    """Return what draws; if that is not installed, it is better known now than after minutes."""
    from livejam.training.plots import draw

    return draw


def _beside(files: tuple[Path, ...]) -> "dict[str, NetworkPlayer]":
    """Return the other networks, by name; only they need PyTorch."""
    if not files:
        return {}
    from livejam.training.player import load_players

    return load_players(files)


def _foreseen(
    pieces: "list[Piece]", training: "list[Piece]", network: "Decoder", asked: dict[str, Any], console: "Console"
) -> "list[Result]":
    """Have the network foresee what people play next, and show how well."""
    from rich.progress import Progress

    from livejam import evaluation
    from livejam.exam import Settings as Amount

    exams = evaluation.set_exams(pieces, Amount(asked["notes"], asked["cases"], asked["seed"]))
    with Progress(console=console) as progress:
        others = len(asked["beside"])
        total = sum((2 + others) * exam.steps + (1 + others) * exam.steps_alone for exam in exams.values())
        task = progress.add_task("listening", total=total)
        advance = partial(progress.advance, task)
        results = list(evaluation.evaluate(exams, training, network, advance, asked["beside"]))
    console.print(evaluation.results_table(results))
    return results


def _compared(
    pieces: "list[Piece]", training: "list[Piece]", network: "Decoder", asked: dict[str, Any], console: "Console"
) -> "list[Comparison]":
    """Have everyone answer the same calls, and show what became of it."""
    from rich.progress import Progress

    from livejam.cases import Amount, OnStage
    from livejam.comparison import ONE_ANSWER, Contest, compare, comparison_tables, set_questions
    from livejam.evaluation import LIVEJAM

    amount = Amount(asked["answers"], asked["history"], asked["seed"])
    players = {LIVEJAM: OnStage(network), ONE_ANSWER: network, **asked["beside"]}
    contest = Contest(players, network, training, amount)
    questions = set_questions(pieces, amount)
    with Progress(console=console) as progress:
        task = progress.add_task("answering", total=contest.steps(questions))
        found = list(compare(contest, questions, partial(progress.advance, task)))
    console.print(*comparison_tables(found))
    return found


def _steered(
    pieces: "list[Piece]", training: "list[Piece]", network: "Decoder", asked: dict[str, Any], console: "Console"
) -> "list[Found]":
    """Turn every control, and show what it does."""
    from rich.progress import Progress

    from livejam.cases import Amount
    from livejam.effect_measures import StyleJudge
    from livejam.effects import charted_cases, controls_table, measure_controls

    cases = charted_cases(pieces, Amount(asked["controls"], asked["history"], asked["seed"]))
    judge = StyleJudge.of(training, asked["seed"])
    with Progress(console=console) as progress:
        task = progress.add_task("turning knobs", total=len(cases))
        found = measure_controls(network, cases, judge, asked["seed"], partial(progress.advance, task))
    console.print(controls_table(found))
    return found


def _backed(
    pieces: "list[Piece]", training: "list[Piece]", asked: dict[str, Any], console: "Console"
) -> "list[Backed]":
    """Have the network play along with melodies, and show what became of it."""
    from rich.progress import Progress

    from livejam.backing_exam import backing_table, bits_table, examine
    from livejam.contract import accompanying_model
    from livejam.decoder import Decoder

    network = Decoder(asked["model"] or accompanying_model())
    with Progress(console=console) as progress:
        task = progress.add_task("playing along", total=None)
        advance = partial(progress.advance, task)
        found = list(examine(pieces, training, network, asked["accompany"], asked["seed"], advance))
    console.print(backing_table(found), bits_table(found))
    return found


def _pieces(music: Path, only: tuple[str, ...], console: "Console") -> "list[Piece]":
    """Return the pieces of a prepared folder, or of music that is prepared for the moment."""
    from tempfile import TemporaryDirectory

    from livejam.evaluation import of_corpora
    from livejam.pieces import FILE_NAME, load_pieces

    if (music / FILE_NAME).exists():
        return of_corpora(load_pieces(music)[0], only)
    from livejam.training.prepare import prepare as prepare_corpora

    with TemporaryDirectory(prefix="livejam-") as folder:
        return list(prepare_corpora(music, Path(folder), only, console=console).pieces)


@click.command()
@click.argument("data", required=False, type=click.Path(path_type=Path))
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="Folder of the run.")
@click.option("--steps", type=click.IntRange(min=1), help="Steps in all.  [default: 6000]")
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="Time in all, instead of steps.")
@click.option("--rows", type=click.IntRange(min=1), help="Rows of 256 notes a step.  [default: 16]")
@click.option("--width", type=click.IntRange(min=64), help="Width of the network, a multiple of 64.  [default: 256]")
@click.option("--size", metavar="NAME", help="Sizes of the network: small, base or large.  [default: base]")
@click.option("--variant", metavar="NAME", help="Another form or training, to compare: see tools/ablate.py.")
@click.option("--dropout", type=click.FloatRange(0, 0.9), help="Of the smallest corpora.  [default: 0.15]")
@click.option("--weight", "weights", multiple=True, metavar="CORPUS=SHARE", help="How often it is heard.")
@click.option("--accompany", type=click.FloatRange(0, 1), help="Share of the music played by a band.  [default: 0]")
@click.option("--seed", type=click.IntRange(min=0), help="Seed of weights and batches.  [default: 1]")
@click.option("--device", default="auto", show_default=True, help="cpu, cuda, or auto: cuda where there is one.")
@click.option("--resume", is_flag=True, help="Go on with the run in this folder.")
@click.option("--init", type=click.Path(path_type=Path), help="Begin with these weights (.safetensors, or its folder).")
@click.option("--data", "music", type=click.Path(path_type=Path), help="The same as DATA.")
def train(
    data: Path | None, music: Path | None, out: Path, device: str, resume: bool, init: Path | None, **asked: Any
) -> None:
    """Train the network.

    DATA is a folder made by `livejam prepare`, or what that command reads: a folder of MIDI files will do. Ctrl-C keeps
    a checkpoint.
    """
    source = data or music
    if source is None or (data and music):
        raise click.UsageError("give one folder of music: livejam train DATA, or livejam train --data DATA")
    if init and (resume or asked["width"] or asked["size"] or asked["variant"]):
        raise click.UsageError("--init says where a new run begins and how large it is: without --resume or any size")
    asked["weights"] = _weights(asked["weights"]) or None
    from livejam.training.checkpoints import chosen_settings
    from livejam.training.progress import TrainingProgress
    from livejam.training.train import train as run

    settings = chosen_settings(out, resume, {name: value for name, value in asked.items() if value is not None}, init)
    with TrainingProgress() as progress:
        checkpoint = run(source, out, settings, device=device, resume=resume, init=init, report=progress.report)
    click.echo(f"written: {checkpoint} and {out / 'curves.png'}")


def _weights(given: tuple[str, ...]) -> dict[str, float]:
    """Return the weights of corpora out of CORPUS=SHARE."""
    weights = {}
    for each in given:
        name, _, share = each.partition("=")
        try:
            weights[name] = float(share)
        except ValueError:
            weights[name] = -1.0
        if not 0 <= weights[name] < math.inf:
            raise click.UsageError(f"--weight takes CORPUS=SHARE, 0 or more, such as wjazzd=1.5, not {each!r}")
    return weights


@click.command()
@click.argument("checkpoint", type=click.Path(path_type=Path))
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), default=Path("exported"), help="Folder.  [default: exported]"
)
@click.option(
    "--bits",
    type=click.Choice(["4", "8", "32"]),
    default="8",
    show_default=True,
    help="Of a weight: int4, int8, float.",
)
@click.option("--weights", is_flag=True, help="Also write PyTorch's weights, in half precision, for train --init.")
@click.option(
    "--name",
    type=click.Choice(["livejam", "accompany"]),
    default="livejam",
    show_default=True,
    help="Of the files: accompany is the network that livejam accompany looks for.",
)
def export(checkpoint: Path, out: Path, bits: str, weights: bool, name: str) -> None:
    """Write a trained network as ONNX.

    It is proved that it plays the same notes.
    """
    from livejam.training.export import export as write
    from livejam.training.proof import prove

    click.echo(f"proved: {prove(checkpoint)}")
    click.echo(f"written: {write(checkpoint, out, bits=int(bits), weights=weights, name=name)}")
