"""The options of the commands that play, and what they mean together. Wiring for `livejam.cli`, which is all that
knows of it; what reads an option's value is imported when one is read.
"""

import contextlib
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from livejam.notes import Metre

if TYPE_CHECKING:
    from livejam.chart import Chart
    from livejam.knobs import Knob
    from livejam.modes import Mode, Signal
    from livejam.partner import NetworkProcess
    from livejam.ports import PortChoice
    from livejam.stage import Settings

WEB_PAGES = (".html", ".htm")
Command = TypeVar("Command", bound=Callable[..., Any])


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


def read_control(ctx: click.Context, param: click.Parameter, value: str | None) -> object:
    """Return the value of an option such as `--key "D minor"`."""
    from livejam.steering import read_setting

    return None if value is None else read_setting(str(param.name), value)


def read_turners(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> "tuple[Knob, ...]":
    """Return the knobs of options such as `--knob follow=cc:21`."""
    from livejam.knobs import read_knobs

    return read_knobs(values)


def read_chords(ctx: click.Context, param: click.Parameter, value: str | None) -> "Chart | None":
    """Return the chart of an option such as `--chart "Dm7 | G7 | C | %"`, `--chart tune.txt` or `--chart irealb://...`.

    Of a file with several songs, `--chart "songs.html#words of a title"` takes one; without a title, it is the first.
    """
    from livejam.chart_text import read_chart
    from livejam.files import read_text
    from livejam.ireal import is_ireal, read_ireal

    if value is None:
        return None
    if is_ireal(value):
        return read_ireal(value)
    path, title = chart_file(value)
    if path is None:
        return read_chart(value)
    text = read_text(path, "give a chart in a text file, or like: Dm7 | G7 | C | %")
    return read_ireal(text, title) if title or is_ireal(text) or path.suffix.lower() in WEB_PAGES else read_chart(text)


def chart_file(value: str) -> tuple[Path | None, str]:
    """Return the file that `--chart` names, and the title after its #, empty if there is none; None: it is a chart."""
    name, _, title = value.partition("#")
    for path, words in ((Path(value), ""), (Path(name), title.strip())):
        with contextlib.suppress(OSError, ValueError):  # too long, or odd, for a name
            if "\n" not in value and (path.suffix.lower() in (".txt", *WEB_PAGES) or path.is_file()):
                return path, words
    return None, ""


def control(name: str, metavar: str, about: str) -> Callable[[Command], Command]:
    """Return the option of a control."""
    return click.option(f"--{name}", callback=read_control, metavar=metavar, help=about)


steering_options = options(
    control("follow", "0..2", "How close answers keep to your phrase: 0 ignores it, 2 sticks to it.  [default: 1]"),
    control("density", "1..5", "How many notes: 1 the fewest."),
    control("register", "1..7", "How high: 1 the lowest."),
    control("length", "BARS", "How long an answer is."),
    control("kind", "KIND", "How answers take up your phrase: echo, vary, continue or contrast."),
    control("style", "STYLE", "Which music they are of: jazz, folk, pop or classical."),
    control("key", "KEY", 'The scale that answers keep to, as in "D minor".'),
)
chart_option = click.option(
    "--chart",
    callback=read_chords,
    metavar="TEXT|FILE|LINK",
    help='Chords of the song, as in "Dm7 | G7 | Cmaj7 | %", in a text file, or as iReal Pro shares them.',
)
knob_option = click.option(
    "--knob",
    "knobs",
    multiple=True,
    callback=read_turners,
    metavar="CONTROL=cc:N",
    help="Controller that turns one of these while you play, as in follow=cc:21. Several: again.",
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


def read_turns(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> "tuple[Mode, ...]":
    """Return the modes of options such as `--turns bars:4`."""
    from livejam.modes import read_mode

    return tuple(map(read_mode, values))


def read_switch(ctx: click.Context, param: click.Parameter, value: str | None) -> "Signal | None":
    """Return the controller or key of an option such as `--switch cc:20`."""
    from livejam.modes import read_switch

    return None if value is None else read_switch(value)


latency_option = click.option(
    "--output-latency", type=Number(0, 200), default=0, help="Milliseconds that your synth takes to speak."
)
jack_option = click.option("--jack", is_flag=True, help="Use JACK itself: notes are exact to the sample.")
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
    latency_option,
)


def recording_of(asked: dict[str, Any]) -> tuple[Path | None, bool]:
    """Return where a jam is kept, and whether it is.

    Raises:
        click.UsageError: the options contradict each other.
    """
    if asked["no_record"] and asked["record"]:
        raise click.UsageError("--record and --no-record contradict each other; give one of them")
    return asked["record"], not asked["no_record"]


def network_process(asked: dict[str, Any], seed: int, accompanies: bool = False) -> "NetworkProcess":
    """Start the network in a process of its own, with `seed` if none was asked for."""
    from livejam.partner import Network, NetworkProcess

    seed = seed if asked["seed"] is None else asked["seed"]
    return NetworkProcess(Network(asked["model"], seed, asked["temperature"], accompanies))


def chosen_ports(asked: dict[str, Any]) -> "PortChoice":
    """Return the ports that the options name.

    Raises:
        click.UsageError: they contradict each other.
    """
    from livejam.ports import PortChoice

    if asked["port"] and (asked["input"] or asked["output"]):
        raise click.UsageError("--port is for both directions; give it alone, or --in and --out")
    source, target = asked["port"] or asked["input"], asked["port"] or asked["output"]
    return PortChoice(source, target, asked["channel"])


def chosen_settings(asked: dict[str, Any]) -> "Settings":
    """Return the settings that the options give, all of which some commands lack.

    Raises:
        click.UsageError: they contradict each other.
    """
    from livejam.modes import choices
    from livejam.stage import Settings
    from livejam.steering import CONTROLS, asked_for

    names = ("bpm", "metre", "answer_channel", "click", "switch", "knobs", "chart")
    given: dict[str, Any] = {name: asked[name] for name in names if asked.get(name) is not None}
    modes = choices(asked.get("turns", ()))
    if given.get("switch") in modes:
        raise click.UsageError(f"--switch {given['switch']} is also what ends your phrase; give another")
    given["steering"] = asked_for((name, asked.get(name)) for name in CONTROLS)
    latency = (asked.get("output_latency") or 0) / 1000
    _check_knobs(given.get("knobs", ()), (given.get("switch"), *asked.get("turns", ())))
    return Settings(**given, mode=modes[0], modes=modes, on_beat=asked.get("start") != "now", output_latency=latency)


def _check_knobs(knobs: "tuple[Knob, ...]", signs: "tuple[Mode | None, ...]") -> None:
    from livejam.modes import Signal

    taken = {sign.number for sign in signs if isinstance(sign, Signal) and sign.kind == "cc"}
    for knob in knobs:
        if knob.number in taken:
            raise click.UsageError(f"--knob {knob}: that controller takes turns already; give another")


def with_beat(asked: dict[str, Any], settings: "Settings") -> "Settings":
    """Return `settings` with what the beat takes, if what is asked for goes together.

    Raises:
        click.UsageError: it does not.
    """
    from livejam.modes import Bars

    clock, trading = asked["clock"], next((mode for mode in asked["turns"] if isinstance(mode, Bars)), None)
    if clock == "midi" and settings.bpm:
        raise click.UsageError("--clock midi brings its own tempo; leave --bpm away")
    if trading and not (clock or settings.bpm):
        raise click.UsageError(f"--turns {trading} needs a beat: give --bpm, --clock midi or --clock link")
    if settings.chart and not (clock or settings.bpm):
        raise click.UsageError("a chart needs a beat: give --bpm, --clock midi or --clock link")
    if (settings.click or asked["count_in"]) and not (clock or settings.bpm):
        raise click.UsageError("a click needs a tempo: give --bpm, --clock midi or --clock link")
    if asked["count_in"] and clock:
        raise click.UsageError("--count-in is for --bpm; your DAW counts in for itself")
    if settings.click == settings.answer_channel:
        raise click.UsageError(f"--click {settings.click} is the answers' channel; give another")
    needed = 1 if settings.bpm and (trading or settings.click or settings.chart) and not clock else 0
    return replace(settings, count_in=needed if asked["count_in"] is None else asked["count_in"])
