"""The command line: options in, one call, text out.

Wiring only. Each command imports what it runs when it runs, so `livejam --help` is instant and nothing here loads
torch. Errors of our own family become one line on stderr and exit code 1, in one place.
"""

import contextlib
import math
import secrets
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from livejam import __version__
from livejam.cli_measures import bench, turns
from livejam.cli_training import evaluate, export, prepare, train
from livejam.errors import LivejamError
from livejam.files import forgive
from livejam.notes import Metre

if TYPE_CHECKING:
    from livejam.composer import Brain
    from livejam.modes import Mode, Signal
    from livejam.partner import NetworkProcess
    from livejam.ports import Driver, PortChoice
    from livejam.session import Tally
    from livejam.stage import Settings

Command = TypeVar("Command", bound=Callable[..., Any])

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


class Number(click.FloatRange):
    """A number within bounds; "nan", which is within any, is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number that `value` says."""
        number = super().convert(value, param, ctx)
        return self.fail(f"{value!r} is not a number", param, ctx) if math.isnan(number) else number


def read_metre(ctx: click.Context, param: click.Parameter, value: str | None) -> Metre | None:
    """Return the metre of an option such as `--metre 3/4`."""
    if value is None:
        return None
    above, _, below = value.partition("/")
    if above.isdecimal() and below in ("2", "4", "8", "16") and 1 <= int(above) <= 32:
        return Metre(int(above), int(below))
    raise click.BadParameter(f"{value!r} is no metre; 4/4, 3/4, 6/8 and their like are", ctx, param)


def options(*decorators: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Return a decorator that gives a command all these options, in this order."""

    def add(command: Command) -> Command:
        for decorate in reversed(decorators):
            command = decorate(command)
        return command

    return add


CHANNEL = click.IntRange(1, 16)
port_options = options(
    click.option("--port", metavar="NAME", help="Port for both directions, by words of its name."),
    click.option("--in", "input", metavar="NAME", help="Port to listen to. Without a name: a virtual port."),
    click.option("--out", "output", metavar="NAME", help="Port to answer on. Without a name: a virtual port."),
    click.option("--channel", type=CHANNEL, help="Channel to listen to.  [default: all]"),
)
answer_channel = click.option(
    "--answer-channel", type=CHANNEL, default=1, show_default=True, help="Channel to answer on."
)


def beat_options(tempo: str, metre: str) -> Callable[[Command], Command]:
    """Return the options that state a beat; `tempo` and `metre` say what counts without them."""
    return options(
        click.option("--bpm", type=Number(30, 300), help=f"Tempo.  [default: {tempo}]"),
        click.option(
            "--metre", callback=read_metre, metavar="N/N", help=f"Time signature, as in 3/4.  [default: {metre}]"
        ),
    )


brain_options = options(
    click.option("--seed", type=click.IntRange(min=0), help="Same seed, same playing: same answers."),
    click.option("--temperature", type=Number(0, 2), help="How daring the answers are: 0 to 2."),
    click.option(
        "--model", type=click.Path(path_type=Path), help="Another network than the one that comes along (.onnx)."
    ),
)
record_options = options(
    click.option("--record", type=click.Path(path_type=Path), help="Keep the jam here.  [default: ~/Music/livejam]"),
    click.option("--no-record", is_flag=True, help="Keep nothing."),
)


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


def read_turns(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> "tuple[Mode, ...]":
    """Return the modes of options such as `--turns bars:4`."""
    from livejam.modes import read_mode

    return tuple(map(read_mode, values))


def read_switch(ctx: click.Context, param: click.Parameter, value: str | None) -> "Signal | None":
    """Return the controller or key of an option such as `--switch cc:20`."""
    from livejam.modes import read_switch

    return None if value is None else read_switch(value)


turn_options = options(
    click.option(
        "--turns",
        multiple=True,
        callback=read_turns,
        metavar="MODE",
        help="What ends your phrase: silence, silence:SECONDS, bars:N, pedal, cc:N or note:N. Several: change between "
        "them by the keys 1, 2, ... or --switch.  [default: silence]",
    ),
    click.option(
        "--switch",
        callback=read_switch,
        metavar="SIGN",
        help="Controller or key that goes on to the next mode, as in cc:20 or note:36.",
    ),
    click.option(
        "--start",
        type=click.Choice(["beat", "now"]),
        default="beat",
        show_default=True,
        help="When an answer begins: on your beat, or at once.",
    ),
    click.option(
        "--clock", type=click.Choice(["midi", "link"]), help="Follow the beat of your DAW.  [default: your own pulse]"
    ),
    click.option("--click", type=CHANNEL, help="Play a click on this channel, as in --click 10."),
    click.option(
        "--count-in", type=click.IntRange(0, 8), help="Bars of clicks before the first.  [default: 1 if needed]"
    ),
    click.option(
        "--output-latency", type=Number(0, 200), default=0, help="Milliseconds that your synth takes to speak."
    ),
)


@main.command()
@port_options
@answer_channel
@beat_options(tempo="your own pulse", metre="unknown; 4/4 with a clock")
@turn_options
@click.option("--jack", is_flag=True, help="Use JACK itself: notes are exact to the sample.")
@brain_options
@record_options
def listen(**asked: Any) -> None:
    """Hear phrases on a MIDI port and answer each, until Ctrl-C."""
    from rich.console import Console

    from livejam.live import Jam
    from livejam.live import listen as jam
    from livejam.midi import find_driver

    choice, settings = _ports(asked), _beat(asked, _settings(asked))
    if asked["no_record"] and asked["record"]:
        raise click.UsageError("--record and --no-record contradict each other; give one of them")
    with _network(asked, secrets.randbits(32)) as network:
        driver = find_driver(asked["jack"])
        plan = Jam(choice, settings, network.ready(), asked["record"], not asked["no_record"], asked["clock"])
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
    save_answer(answer(song, brain, on_beat(song, _settings(asked)), answer_channel), out, call)
    click.echo(f"written: {out}")


def _network(asked: dict[str, Any], seed: int) -> "NetworkProcess":
    """Start the network in a process of its own."""
    from livejam.partner import Network, NetworkProcess

    seed = seed if asked["seed"] is None else asked["seed"]
    return NetworkProcess(Network(asked["model"], seed, asked["temperature"]))


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
@brain_options
def demo(output: Path, fast: bool, **asked: Any) -> None:
    """Play five calls and show the answers.

    It takes no MIDI system: everything but the ports is as in a jam.
    """
    from rich.console import Console

    from livejam.demo import run_demo

    if fast:
        run_demo(*_brain(asked, seed=0), output, Console())
        return
    with _network(asked, seed=0) as network:
        run_demo(network, network.ready(), output, Console())


def _ports(asked: dict[str, Any]) -> "PortChoice":
    from livejam.ports import PortChoice

    if asked["port"] and (asked["input"] or asked["output"]):
        raise click.UsageError("--port is for both directions; give it alone, or --in and --out")
    source, target = asked["port"] or asked["input"], asked["port"] or asked["output"]
    return PortChoice(source, target, asked["channel"])


def _settings(asked: dict[str, Any]) -> "Settings":
    from livejam.modes import choices
    from livejam.stage import Settings

    names = ("bpm", "metre", "answer_channel", "click", "switch")
    given: dict[str, Any] = {name: asked[name] for name in names if asked.get(name) is not None}
    modes = choices(asked.get("turns", ()))
    if given.get("switch") in modes:
        raise click.UsageError(f"--switch {given['switch']} is also what ends your phrase; give another")
    latency = (asked.get("output_latency") or 0) / 1000
    return Settings(**given, mode=modes[0], modes=modes, on_beat=asked.get("start") != "now", output_latency=latency)


def _beat(asked: dict[str, Any], settings: "Settings") -> "Settings":
    """Return `settings` with what the beat takes, if what is asked for goes together."""
    from livejam.modes import Bars

    clock, trading = asked["clock"], next((mode for mode in asked["turns"] if isinstance(mode, Bars)), None)
    if clock == "midi" and settings.bpm:
        raise click.UsageError("--clock midi brings its own tempo; leave --bpm away")
    if trading and not (clock or settings.bpm):
        raise click.UsageError(f"--turns {trading} needs a beat: give --bpm, --clock midi or --clock link")
    if (settings.click or asked["count_in"]) and not (clock or settings.bpm):
        raise click.UsageError("a click needs a tempo: give --bpm, --clock midi or --clock link")
    if asked["count_in"] and clock:
        raise click.UsageError("--count-in is for --bpm; your DAW counts in for itself")
    if settings.click == settings.answer_channel:
        raise click.UsageError(f"--click {settings.click} is the answers' channel; give another")
    needed = 1 if settings.bpm and (trading or settings.click) and not clock else 0
    return replace(settings, count_in=needed if asked["count_in"] is None else asked["count_in"])


for command in (bench, turns, prepare, train, export, evaluate):
    main.add_command(command)
