"""The command that plays along, and its options. `livejam.cli` puts it in its group.

Wiring only, as there: options in, one call, text out, and every import when the command runs.
"""

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from livejam.cli_options import (
    CHANNEL,
    Number,
    beat_options,
    brain_options,
    chart_option,
    chosen_ports,
    control,
    jack_option,
    latency_option,
    network_process,
    options,
    port_options,
    record_options,
    recording_of,
)
from livejam.notes import Metre

if TYPE_CHECKING:
    from livejam.accompany import Practised
    from livejam.alongsettings import AlongSettings, Ramp
    from livejam.chart import Chart
    from livejam.pieces import Role

PARTS = ("bass", "chords", "drums")
SLOWEST, FASTEST = 30.0, 300.0  # quarter notes a minute


def read_parts(ctx: click.Context, param: click.Parameter, value: str) -> "tuple[Role, ...]":
    """Return the parts of an option such as `--parts bass,drums`, in the order of a band."""
    from livejam.spans import BAND

    asked = {name.strip().casefold() for name in value.split(",")}
    if not asked <= set(PARTS):
        raise click.BadParameter(f"{value!r} names no part; write bass,chords,drums or some of them", ctx, param)
    return tuple(role for role in BAND if role.name.lower() in asked)


def read_numbers(ctx: click.Context, param: click.Parameter, value: str | None) -> "dict[Role, int]":
    """Return what an option such as `--channels bass=2,chords=3` gives to each part."""
    from livejam.pieces import Role

    names = {**{name: Role[name.upper()] for name in PARTS}, "solo": Role.MELODY}
    most, found = 16 if param.name == "channels" else 128, {}
    for each in filter(None, (value or "").split(",")):
        name, _, number = (part.strip().casefold() for part in each.partition("="))
        if name not in names or not number.isdecimal() or not 1 <= int(number) <= most:
            raise click.BadParameter(
                f"{each!r} does not say which; write bass=N,chords=N,drums=N,solo=N with N from 1 to {most}", ctx, param
            )
        found[names[name]] = int(number)
    return found


def read_ramp(ctx: click.Context, param: click.Parameter, value: str | None) -> "Ramp | None":
    """Return the tempi of an option such as `--tempo-ramp 80:120:4`."""
    from livejam.alongsettings import Ramp

    if value is None:
        return None
    try:
        first, last, *more = (float(number) for number in value.split(":"))
        choruses, step = [*more, *(1.0, 5.0)[len(more) :]]
    except ValueError:
        first = last = choruses = step = 0.0
    if not (SLOWEST <= first < last <= FASTEST and choruses >= 1 and choruses == int(choruses) and 0 < step <= 100):
        raise click.BadParameter(
            f"{value!r} is no ramp; 80:120:4 goes from 80 to 120 bpm (30 to 300), faster every 4 choruses",
            ctx,
            param,
        )
    return Ramp(first, last, int(choruses), step)


def read_passage(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """Return the bars of an option such as `--loop 5-8`; None: all."""
    if value in (None, ALL):
        return None
    first, _, last = str(value).partition("-")
    if not (first.isdecimal() and (last or first).isdecimal()):
        raise click.BadParameter(f"{value!r} are no bars; 5-8 are, and 5", ctx, param)
    return int(first), int(last or first)


ALL = "all"
form_options = options(
    chart_option,
    click.option(
        "--loop", is_flag=False, flag_value=ALL, callback=read_passage, metavar="[A-B]",
        help="Go round the chart, or round its bars A to B, until you stop.  [default]",
    ),
    click.option("--choruses", type=click.IntRange(1, 999), help="End after so many times round the chart."),
    click.option("--transpose", type=click.IntRange(-11, 11), default=0, help="Move the chart by so many semitones."),
    click.option(
        "--trade", type=click.IntRange(1, 64), metavar="BARS", help="Take turns with livejam's solo every so many bars."
    ),
    click.option(
        "--tempo-ramp", "ramp", callback=read_ramp, metavar="FROM:TO:N",
        help="From one tempo to another, 5 bpm faster every N choruses if the last one was clean.",
    ),
)  # fmt: skip
band_options = options(
    click.option("--parts", default=",".join(PARTS), show_default=True, callback=read_parts, help="Who plays."),
    click.option("--channels", callback=read_numbers, metavar="PART=N,...",
                 help="Channels.  [default: bass=2,chords=3,solo=4,drums=10]"),
    click.option("--programs", callback=read_numbers, metavar="PART=N,...",
                 help="General MIDI programs, 1 to 128.  [default: bass=33,chords=1,solo=12]"),
    click.option("--no-programs", is_flag=True, help="Leave the instruments as they are."),
    control("style", "STYLE", "Which music it is of: jazz, folk, pop or classical."),
    click.option("--end-after", type=click.IntRange(0, 64), default=4, show_default=True, metavar="BARS",
                 help="Bars of your silence after which the band holds a last chord; 0: it plays on."),
    click.option("--span", type=Number(0.5, 8), default=2, show_default=True, help="Beats that are made up at once."),
    click.option("--look-ahead", type=Number(0, 8), default=0.25, show_default=True,
                 help="Beats before they sound that they are made up."),
)  # fmt: skip
beat_source = options(
    click.option("--clock", type=click.Choice(["midi", "link"]), help="Follow the beat of your DAW."),
    click.option("--click", type=CHANNEL, help="Play a click on this channel, as in --click 10."),
    click.option("--count-in", type=click.IntRange(0, 8), default=1, show_default=True,
                 help="Bars of clicks before the first, with --bpm."),
    latency_option,
)  # fmt: skip


@click.command()
@port_options
@beat_options(tempo="the chart's, if it says one", metre="4/4")
@beat_source
@form_options
@band_options
@jack_option
@brain_options
@record_options
@click.option("--report", "picture", type=click.Path(path_type=Path), help="Draw the report into this file (PNG).")
def accompany(**asked: Any) -> None:
    """Play bass, chords and drums under what you play, until Ctrl-C.

    With a chart it keeps to its chords, without one it follows you by ear. A report of your timing and your notes comes
    at the end.
    """
    from rich.console import Console

    from livejam.accompany import Practice
    from livejam.accompany import accompany as practise
    from livejam.midi import find_driver

    choice, (record, keep), console = chosen_ports(asked), recording_of(asked), Console()
    if (drawn := asked["picture"]) and not drawn.parent.is_dir():
        raise click.UsageError(f"--report {drawn}: there is no folder {drawn.parent}; make it first")
    bpm, settings = _tempo(asked), _settings(asked)
    with network_process(asked, secrets.randbits(32), accompanies=True) as network:
        driver = find_driver(asked["jack"])
        practice = Practice(choice, settings, bpm, asked["clock"], network.ready(), record, keep)
        practised = practise(practice, driver, network, console)
    _tell(practised, console, asked["picture"])


def _tempo(asked: dict[str, Any]) -> float | None:
    """Return the tempo to begin with; None: the clock's.

    Raises:
        click.UsageError: there is none, or there are two.
    """
    chart: Chart | None = asked["chart"]
    ramp: Ramp | None = asked["ramp"]
    clock, stated = asked["clock"], asked["bpm"] or (ramp.first if ramp else None)
    if clock == "midi" and stated:
        raise click.UsageError("--clock midi brings its own tempo; leave --bpm and --tempo-ramp away")
    if ramp and clock:
        raise click.UsageError("--tempo-ramp is for livejam's own beat; leave --clock away")
    if ramp and asked["bpm"]:
        raise click.UsageError("--tempo-ramp says with which tempo to begin; leave --bpm away")
    if clock:
        return None if stated is None else float(stated)
    bpm: float | None = stated or (chart.bpm if chart else None)
    if bpm is None:
        raise click.UsageError("a band needs a beat: give --bpm, --clock midi or --clock link")
    if not SLOWEST <= bpm <= FASTEST:
        raise click.UsageError(f"the chart says {bpm:g} bpm; give another with --bpm, 30 to 300")
    return bpm


def _settings(asked: dict[str, Any]) -> "AlongSettings":
    """Return what was chosen.

    Raises:
        click.UsageError: it does not go together.
    """
    from livejam.alongsettings import CHANNELS, PROGRAMS, AlongSettings
    from livejam.band import BandSettings
    from livejam.pieces import Role, Style

    chart = _chart(asked)
    channels = {**CHANNELS, **asked["channels"]}
    playing = [*asked["parts"], *([Role.MELODY] if asked["trade"] else [])]
    used = [channels[role] for role in playing]
    if len(set(used)) < len(used):
        raise click.UsageError("two parts share a channel; give each its own with --channels bass=2,chords=3,drums=10")
    if asked["click"] in [channels[role] for role in playing if role is not Role.DRUMS]:
        raise click.UsageError(f"--click {asked['click']} is a part's channel; give another, as in --click 10")
    band = BandSettings(
        asked["parts"], _style(asked["style"], chart) or Style.UNKNOWN, span=asked["span"],
        look_ahead=asked["look_ahead"], rest=asked["end_after"],
    )  # fmt: skip
    return AlongSettings(
        band, asked["metre"] or _metre(chart), chart, asked["choruses"], asked["trade"], asked["ramp"], channels,
        {} if asked["no_programs"] else {**PROGRAMS, **asked["programs"]}, asked["click"],
        0 if asked["clock"] else asked["count_in"], asked["output_latency"] / 1000,
    )  # fmt: skip


def _chart(asked: dict[str, Any]) -> "Chart | None":
    chart: Chart | None = asked["chart"]
    if chart is None:
        for name in ("loop", "choruses", "transpose", "ramp"):
            if asked[name]:
                given = "tempo-ramp" if name == "ramp" else name
                raise click.UsageError(f"--{given} needs a chart: give --chart, as in 'Dm7 | G7 | Cmaj7 | %'")
        return None
    if asked["loop"] and asked["choruses"]:
        raise click.UsageError("--loop A-B goes round until you stop; leave --choruses away")
    chart = chart.passage(*asked["loop"]) if asked["loop"] else chart
    return chart.transposed(asked["transpose"])


def _metre(chart: "Chart | None") -> Metre:
    """Return the metre with which a chart begins, if it says one."""
    return Metre(*(chart.metres[0] if chart and chart.metres[0] else (4, 4)))


def _style(asked: Any, chart: "Chart | None") -> Any:
    """Return the style that is asked for, or else the one that the chart names; None: neither."""
    from livejam.steering import read_setting

    return asked or (read_setting("style", chart.style) if chart and chart.style else None)


def _tell(practised: "Practised", console: Any, picture: Path | None) -> None:
    """Say what came of it."""
    from livejam.practice_view import draw_report, report_table

    tally = practised.tally
    if practised.report:
        console.print(report_table(practised.report))
    if tally.made:
        share = 100 * tally.played / tally.made
        late = practised.late_notes or "none"
        click.echo(f"{tally.played} notes played, {share:.0f} % of those made up; dropped as too late: {late}")
    path = picture or (practised.path.with_suffix(".png") if practised.path else None)
    if practised.report and path:
        draw_report(practised.report, path)
        click.echo(f"drawn: {path}")
    click.echo(f"kept: {practised.path}" if practised.path else "nothing was kept")
