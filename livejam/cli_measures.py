"""The commands that measure: bench, turns. `livejam.cli` puts them in its group.

Wiring only, as there: options in, one call, text out, and every import when a command runs.
"""

from pathlib import Path
from typing import Any

import click


@click.command()
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures to this file, too.")
@click.option("--model", type=click.Path(path_type=Path), help="Another network than the one that comes along (.onnx).")
@click.option(
    "--transport",
    type=click.Choice(["auto", "jack", "in-process"]),
    default="auto",
    show_default=True,
    help="How livejam is played to: over JACK, or pipes between processes where no JACK server runs.",
)
@click.option("--start-jack", is_flag=True, help="Start a JACK server for it that needs no sound card.")
@click.option(
    "--period", type=click.IntRange(16, 4096), help="Frames a period of that server, at 48 kHz.  [default: 1024]"
)
@click.option("--answers", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many to hear, twice.")
@click.option("--peers", is_flag=True, help="Time the same step for Notochord and for eager PyTorch, too.")
@click.option(
    "--only",
    type=click.Choice(["card", "accompany"]),
    help="The card without the band, or the band alone.  [default: both]",
)
@click.option("--runs", type=click.IntRange(1, 100), default=1, show_default=True, help="Runs; the middle one counts.")
def bench(json_file: Path | None, start_jack: bool, period: int | None, transport: str, **asked: Any) -> None:
    """Measure here what livejam promises.

    How exact its notes are on this machine, and what they cost.
    """
    from rich.console import Console

    from livejam.bench.over_jack import PERIOD
    from livejam.bench.run import Plan, run_cards

    if start_jack and transport == "in-process":
        raise click.UsageError("--start-jack and --transport in-process contradict each other; give one of them")
    if asked["peers"] and asked["only"] == "accompany":
        raise click.UsageError("--peers is for the card: leave --only accompany away")
    if period and not start_jack:
        raise click.UsageError("--period is for a JACK server of our own: give --start-jack, too")
    plan = Plan(transport, start_jack, period=period or PERIOD, **asked)
    click.echo(f"livejam is started and played to; this takes about {plan.seconds:.0f} seconds", err=True)
    card = run_cards(plan)
    Console().print(*filter(None, [card.table(), card.step_table(), card.peer_table(), card.doubts()]))
    if json_file:
        card.save(json_file)


@click.command()
@click.argument("music", type=click.Path(path_type=Path))
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures to this file, too.")
@click.option("--only", multiple=True, metavar="NAME", help="Measure only on this corpus; may be given again.")
@click.option("--phrases", default=1000, show_default=True, type=click.IntRange(1), help="Phrases a corpus, about.")
@click.option("--model", type=click.Path(path_type=Path), help="Another network than the one that comes along (.onnx).")
def turns(music: Path, json_file: Path | None, only: tuple[str, ...], phrases: int, model: Path | None) -> None:
    """Measure how soon livejam takes its turn.

    That is, how long after a phrase, and how often too soon.

    MUSIC is a folder made by `livejam prepare`.
    """
    from rich.console import Console
    from rich.progress import Progress

    from livejam.decoder import Decoder
    from livejam.evaluation import of_corpora
    from livejam.pieces import load_pieces
    from livejam.waits import measure, results_table, write_json

    console, pieces = Console(), of_corpora(load_pieces(music)[0], only)
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("playing", total=None)
        results = list(measure(pieces, phrases, Decoder(model), lambda done: progress.advance(task, done)))
    console.print(results_table(results))
    if json_file:
        write_json(results, json_file)
