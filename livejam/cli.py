"""The command line: options in, one call, text out.

Wiring only. Each command imports what it runs when it runs, so `livejam --help` is instant and nothing here loads
torch. Errors of our own family become one line on stderr and exit code 1, in one place.
"""

import contextlib
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from livejam import __version__
from livejam.cli_accompany import accompany
from livejam.cli_measures import bench, turns
from livejam.cli_options import (
    answer_channel,
    beat_options,
    brain_options,
    chart_option,
    chosen_ports,
    chosen_settings,
    jack_option,
    knob_option,
    network_process,
    port_options,
    record_options,
    recording_of,
    steering_options,
    turn_options,
    with_beat,
)
from livejam.cli_practice import drill
from livejam.cli_training import evaluate, export, prepare, train
from livejam.errors import LivejamError
from livejam.files import forgive

if TYPE_CHECKING:
    from livejam.asking import Tally
    from livejam.composer import Brain
    from livejam.ports import Driver

TRAIN_EXTRA = {"torch", "symusic", "onnx", "matplotlib", "safetensors"}


@contextlib.contextmanager
def plain_errors() -> Iterator[None]:
    """Turn LivejamError, wrong options, and a missing train extra, into one line and an exit code."""
    code = 1
    try:
        yield
        return
    except LivejamError as error:
        message = str(error)
    except click.UsageError as error:
        message, code = _one_line(error), error.exit_code
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in TRAIN_EXTRA:
            raise
        message = f"this needs {error.name}, which is not installed; get it with: pip install 'livejam[train]'"
    click.echo(f"livejam: {message}", err=True)
    sys.exit(code)


class Commands(click.Group):
    """A click group whose errors are plain."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the options before the command."""
        with plain_errors():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> object:
        """Run the chosen command."""
        with plain_errors():
            return super().invoke(ctx)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """A jamming partner: hears your phrase on a MIDI port and answers it, in time."""
    for stream in (sys.stdout, sys.stderr):
        forgive(stream)


def _one_line(error: click.UsageError) -> str:
    where = f" (see {error.ctx.command_path} --help)" if error.ctx else ""
    return error.format_message().replace("\n", " ").rstrip(".") + where


@main.command()
def ports() -> None:
    """List the MIDI ports.

    The names are as they can be given to --port, --in and --out.
    """
    from livejam.midi import find_drivers, hint
    from livejam.ports import list_ports
    from livejam.realtime import advice

    drivers = find_drivers()
    for driver in drivers:
        found = list_ports(driver)
        for title, names in ((f"{found.system} inputs", found.inputs), (f"{found.system} outputs", found.outputs)):
            click.echo(f"{title}:" if names else f"{title}: none")
            for name in names:
                click.echo(f"  {name}")
    for note in (_own_ports(drivers[0]), advice(), hint(drivers)):
        if note:
            click.echo(note)


def _own_ports(driver: "Driver") -> str | None:
    if not driver.virtual:
        return None
    return f"livejam listen without a name makes its own: {' and '.join(dict.fromkeys(driver.virtual_names))}"


@main.command()
@port_options
@answer_channel
@beat_options(tempo="your own pulse", metre="unknown; 4/4 with a clock")
@turn_options
@jack_option
@steering_options
@chart_option
@knob_option
@brain_options
@record_options
def listen(**asked: Any) -> None:
    """Hear phrases on a MIDI port and answer each, until Ctrl-C."""
    from rich.console import Console

    from livejam.live import Jam
    from livejam.live import listen as jam
    from livejam.midi import find_driver

    choice, settings = chosen_ports(asked), with_beat(asked, chosen_settings(asked))
    record, keep = recording_of(asked)
    with network_process(asked, secrets.randbits(32)) as network:
        driver = find_driver(asked["jack"])
        plan = Jam(choice, settings, network.ready(), record, keep, asked["clock"])
        jammed = jam(plan, driver, network, Console())
    click.echo(_told(jammed.tally))
    click.echo(f"kept: {jammed.path}" if jammed.path else "nothing was kept")


def _told(tally: "Tally") -> str:
    """Return in a line what came of a jam."""
    if not tally.answers:
        return "no phrase was answered"
    answers = f"{tally.answers} answer{'' if tally.answers == 1 else 's'}"
    guesses = f"{tally.guesses} guess{'' if tally.guesses == 1 else 'es'}"
    return f"{answers}, {tally.used} of them begun before the phrase was over ({guesses} made)"


@main.command()
@click.argument("call", type=click.Path(path_type=Path))
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="MIDI file for the answer.")
@answer_channel
@beat_options(tempo="the file's, or else your own pulse", metre="the file's")
@steering_options
@chart_option
@brain_options
def respond(call: Path, out: Path, answer_channel: int, **asked: Any) -> None:
    """Answer a MIDI file, CALL, with another.

    The same engine as in a jam, in virtual time.
    """
    from livejam.midifile import read_song
    from livejam.respond import on_beat, save_answer
    from livejam.respond import respond as answer

    song = read_song(call)
    brain, _ = _brain(asked, seed=0)
    save_answer(answer(song, brain, on_beat(song, chosen_settings(asked)), answer_channel), out, call)
    click.echo(f"written: {out}")


def _brain(asked: dict[str, Any], seed: int) -> "tuple[Brain, dict[str, object]]":
    """Load the network and warm it up; return it, and what is to be kept about it beside a jam."""
    from livejam.brain import load_brain

    brain = load_brain(asked["model"], seed if asked["seed"] is None else asked["seed"], asked["temperature"])
    return brain, brain.about


@main.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path(),
    help="Folder for jam.mid and jam.png.  [default: .]",
)
@click.option("--fast", is_flag=True, help="In virtual time: as fast as the network answers, instead of in real time.")
@steering_options
@brain_options
def demo(output: Path, fast: bool, **asked: Any) -> None:
    """Play five calls and show the answers.

    It takes no MIDI system: everything but the ports is as in a jam.
    """
    from rich.console import Console

    from livejam.demo import run_demo

    steering = chosen_settings(asked).steering
    if fast:
        run_demo(*_brain(asked, seed=0), output, Console(), steering)
        return
    with network_process(asked, seed=0) as network:
        run_demo(network, network.ready(), output, Console(), steering)


for command in (accompany, drill, bench, turns, prepare, train, export, evaluate):
    main.add_command(command)
