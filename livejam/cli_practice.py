"""The commands to practise with: drill. `livejam.cli` puts them in its group.

Wiring only, as there: options in, one call, text out, and every import when a command runs.
"""

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from livejam.cli_options import (
    CHANNEL,
    answer_channel,
    beat_options,
    brain_options,
    chart_option,
    chosen_ports,
    chosen_settings,
    control,
    jack_option,
    latency_option,
    network_process,
    port_options,
    record_options,
    recording_of,
)

if TYPE_CHECKING:
    from livejam.exercises import Ask

BPM = 90.0


@click.command()
@click.argument("kind", type=click.Choice(["echo", "answer"]))
@port_options
@answer_channel
@beat_options(tempo=f"{BPM:g}", metre="4/4")
@click.option("--bars", type=click.IntRange(1, 8), default=2, show_default=True, help="How long a phrase is.")
@control("key", "KEY", 'The key of the phrases, as in "D minor", or free.  [default: C, or the chart\'s]')
@chart_option
@click.option("--level", type=click.IntRange(1, 5), default=2, show_default=True, help="How hard the first phrase is.")
@click.option("--rounds", type=click.IntRange(min=1), help="How many phrases.  [default: until Ctrl-C]")
@click.option("--click", type=CHANNEL, default=10, show_default=True, help="Channel of the click.")
@latency_option
@jack_option
@brain_options
@record_options
def drill(kind: str, level: int, rounds: int | None, **asked: Any) -> None:
    """Repeat what livejam plays (echo), or answer it, and hear how well you did.

    livejam plays some bars, you play as many, and a line says which notes and which timing were off. Phrases get
    harder as long as you play them clean, and easier when they are too hard.
    """
    from rich.console import Console

    from livejam.drill_view import summary
    from livejam.drilling import Kind, Plan
    from livejam.live import Jam
    from livejam.live_drill import practise
    from livejam.midi import find_driver
    from livejam.notes import Metre

    asked["bpm"], asked["metre"] = asked["bpm"] or BPM, asked["metre"] or Metre(4, 4)
    choice, settings, (record, keep) = chosen_ports(asked), chosen_settings(asked), recording_of(asked)
    if settings.click == settings.answer_channel:
        raise click.UsageError(f"--click {settings.click} is livejam's own channel; give another")
    seed = secrets.randbits(32) if asked["seed"] is None else asked["seed"]
    plan, console = Plan(Kind(kind), _ask(asked, seed), level, rounds), Console()
    with network_process(asked, seed) as network:
        about = {**network.ready(), "drill": kind, "bars": asked["bars"], "level": level}
        jam = Jam(choice, replace(settings, count_in=1), about, record, keep)
        practised = practise(jam, plan, find_driver(asked["jack"]), network, console)
    console.print(summary(practised.rounds))
    click.echo(f"kept: {practised.path}" if practised.path else "nothing was kept")


def _ask(asked: dict[str, Any], seed: int) -> "Ask":
    from livejam.exercises import Ask

    usual = 0 if asked["chart"] else 1  # C major
    key = usual if asked["key"] is None else asked["key"]
    return Ask(asked["bars"], asked["metre"], asked["bpm"], key, asked["chart"], seed)
