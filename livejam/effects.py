"""What each control does to the answers, as measured: settings against effect, for `livejam evaluate --controls`.

Every setting of every control is played on the same calls of the validation split, after the same music and with the
same seeds, by the same code as on stage where the silence lasts; nothing but that setting differs. A control works if
its effect rises from each setting to the next one, and from the first to the last by more than chance would have it.
How effects are measured is in effect_measures.py.

Knows nothing of ONNX or PyTorch. Ticks. One thread; the same calls, player and seed give the same figures.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.table import Table

from livejam.cases import Amount, Case, Hearer, hear_case, kept, request_of, voiced
from livejam.choice import CANDIDATES, Option, best_of
from livejam.comparison import set_questions
from livejam.controls import CONTROLS, Kind, Wish
from livejam.decoder import Candidate, Sampling
from livejam.effect_measures import Effect, Played, StyleJudge, charts_of, effects_of, wished_key
from livejam.phrasing import BAR, PICKUP, Request
from livejam.pieces import Piece, Role
from livejam.shape import TEMPERATURE
from livejam.shape import asked as asked_of
from livejam.steering import DENSEST, Steering
from livejam.steering import PLAIN as UNSTEERED
from livejam.tokenizer import Chord, Context

SURE = 2.0  # standard errors between the first setting and the last
FOLLOWED = (0.0, 0.5, 1.0, 1.5, 2.0)
TEMPERATURES = (0.5, 0.7, 0.9, 1.1, 1.3)
LENGTHS = (1, 2, 4, 8)  # bars
KINDS = (Kind.CONTRAST, Kind.CONTINUE, Kind.VARY, Kind.ECHO)  # from unlike the call to like it
NOTHING = Option((), 0.0, False)
AWAY = 6  # semitones to a key or a chart that the music does not suggest: the harder test


class Steerable(Hearer, Protocol):
    """What can hear phrases and make up answers that are asked to be something: a decoder."""

    def answers(
        self, context: Context, sampling: Sampling, rngs: Sequence[np.random.Generator], start: int = 0,
        wish: Wish | None = None, compare: bool = True,
    ) -> Iterator[Sequence[Candidate]]:  # fmt: skip
        """Make up an answer for each of `rngs`, and yield them after each note."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of an answer: one setting of one control, everything else as the network likes."""

    steering: Steering = UNSTEERED
    key: int | None = None  # semitones from the call's key to the one asked for; None: any
    chart: int | None = None  # semitones by which the piece's chart is moved; None: no chart


PLAIN = Asked()
Charted = tuple[Case, tuple[Chord, ...]]  # a call, and the chart of its piece


@dataclass(frozen=True, slots=True)
class Control:
    """One line of the table: settings in the order in which the effect should rise."""

    name: str
    effect: Effect
    settings: Mapping[str, Asked]
    rises: bool = True  # False: a figure beside, of which nothing is asked


@dataclass(frozen=True, slots=True)
class Found:
    """What was measured of one control."""

    name: str
    measured: str
    means: dict[str, float]  # by setting
    answers: int  # to which every setting could be measured
    works: bool | None  # None: nothing is asked of it

    def as_json(self) -> dict[str, object]:
        """Return it as it is written to a file; what could not be measured is null."""
        means = {label: None if mean != mean else mean for label, mean in self.means.items()}
        return {
            "control": self.name, "measured": self.measured, "settings": means, "answers": self.answers,
            "works": self.works,
        }  # fmt: skip


def controls(judge: StyleJudge) -> tuple[Control, ...]:
    """Return all that is measured."""
    effects = effects_of(judge)
    follow = {f"{share:g}": Asked(Steering(follow=share)) for share in FOLLOWED}
    density = {str(n): Asked(Steering(density=n)) for n in range(1, DENSEST + 1)}
    register = {str(n): Asked(Steering(register=n)) for n in range(1, CONTROLS["register"])}
    bars = {str(n): Asked(Steering(bars=n)) for n in LENGTHS}
    kinds = {kind.name.lower(): Asked(Steering(kind=kind)) for kind in KINDS}
    hot = {f"{t:g}": Asked(Steering(temperature=t)) for t in TEMPERATURES}
    return (
        *(Control("follow", effects[name], follow) for name in ("likeness", "own call")),
        Control("density", effects["density"], density),
        Control("register", effects["pitch"], register),
        Control("length", effects["bars"], bars),
        *(Control("length", effects[name], bars, rises=False) for name in ("last bar", "last note")),
        Control("kind", effects["likeness"], kinds),
        *(
            Control("kind", effects[f"kind {kind.name.lower()}"], {"free": PLAIN, kind.name.lower(): asked})
            for kind, asked in zip(KINDS, kinds.values(), strict=True)
        ),
        Control("key lock", effects["in key"], {"free": PLAIN, "the call's key": Asked(key=0)}),
        Control("key lock", effects["in far key"], {"free": PLAIN, "a far key": Asked(key=AWAY)}),
        Control("chart", effects["chord tones"], {"none": PLAIN, "the piece's": Asked(chart=0)}),
        Control("chart", effects["far chord tones"], {"none": PLAIN, "a tritone off": Asked(chart=AWAY)}),
        *(
            Control(
                "style",
                effects[f"style {style.name.lower()}"],
                {"free": PLAIN, style.name.lower(): Asked(Steering(style=style))},
            )
            for style in judge.styles
        ),
        Control("temperature", effects["surprise"], hot),
    )


def charted_cases(pieces: Sequence[Piece], amount: Amount) -> list[Charted]:
    """Choose calls of every corpus that is no drumming, each with the chart of its piece."""
    questions = [asked for asked in set_questions(pieces, amount) if asked.role != Role.DRUMS]
    charts = charts_of([piece for piece in pieces if len(piece.chords)])
    return [(case, charts.get(case.call.notes, ())) for asked in questions for case in asked.cases]


def measure_controls(
    player: Steerable, cases: Sequence[Charted], judge: StyleJudge, seed: int,
    advance: Callable[[int], None] = lambda _: None,
) -> list[Found]:  # fmt: skip
    """Play every setting on every one of `cases`, each with its chart, and return what it does; nothing of none."""
    table = controls(judge) if cases else ()
    settings = list(dict.fromkeys(asked for control in table for asked in control.settings.values()))
    played: dict[Asked, list[Played]] = {asked: [] for asked in settings}
    for case, chart in cases:
        player.restart()
        hear_case(player, case)
        for asked in settings:
            played[asked].append(play(player, case, chart, asked, seed))
        advance(1)
    return [judged(control, played) for control in table]


def play(player: Steerable, case: Case, chart: tuple[Chord, ...], asked: Asked, seed: int) -> Played:
    """Return the answer to `case`, which `player` has just heard."""
    request = requested(case, chart, asked)
    temperature = asked.steering.temperature
    context, sampling, wish = asked_of(request, TEMPERATURE if temperature is None else temperature)
    rngs = [np.random.default_rng([seed, case.number, i]) for i in range(CANDIDATES)]
    made = player.answers(context, voiced(sampling, request), rngs, request.start, wish)
    best = next((found for found in best_of(made, request) if found is not None), NOTHING)  # none comes to an end
    return Played(case, chart, request.steering, kept(best.notes, request.max_ticks), best.surprise)


def requested(case: Case, chart: tuple[Chord, ...], asked: Asked) -> Request:
    """Return what is asked on stage after this call."""
    request, bars = replace(request_of(case), steering=asked.steering), asked.steering.bars
    if asked.key is not None:
        request = replace(request, steering=replace(asked.steering, key=wished_key(case, asked.key)))
    if asked.chart is not None:
        request = replace(request, chords=moved(chart, asked.chart))
    if bars:
        bar = request.metre.bar_ticks if request.metre else BAR
        request = replace(request, max_ticks=bars * bar + PICKUP)
    return request


def judged(control: Control, played: Mapping[Asked, Sequence[Played]]) -> Found:
    """Return what a control does, from the answers to each setting, those to one case in the same place."""
    values = np.array([control.effect.measure(played[asked]) for asked in control.settings.values()])  # (S, N)
    values = values[:, ~np.isnan(values).any(axis=0)]
    means = values.mean(axis=1) if values.size else np.full(len(control.settings), np.nan)
    return Found(
        control.name, control.effect.name, dict(zip(control.settings, means.tolist(), strict=True)), values.shape[1],
        rises(values) if control.rises else None,
    )  # fmt: skip


def rises(values: np.ndarray) -> bool:
    """Return whether the effect (S, N) of settings on N cases rises at every step, and surely in all."""
    if values.shape[1] < 2:
        return False
    whole = values[-1] - values[0]
    error = float(whole.std(ddof=1)) / len(whole) ** 0.5
    return bool((np.diff(values.mean(axis=1)) > 0).all() and whole.mean() > SURE * error)


def moved(chart: tuple[Chord, ...], semitones: int) -> tuple[Chord, ...]:
    """Return `chart`, transposed."""
    return tuple(c if c.root < 0 else c._replace(root=(c.root + semitones) % 12) for c in chart)


def controls_table(found: Sequence[Found]) -> Table:
    """Return settings against effect for the screen."""
    caption = "every setting on the same calls; a control works if its effect rises with every step, and not by chance"
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), caption=caption, caption_justify="left")
    for name in ("control", "measured", "setting: effect", "answers", "works"):
        table.add_column(name, justify="right" if name == "answers" else "left")
    last = ""
    for line in found:
        said = "  ".join(f"{label}: [bold]{_figure(mean)}[/bold]" for label, mean in line.means.items())
        table.add_row("" if line.name == last else line.name, line.measured, said, str(line.answers), verdict(line))
        last = line.name
    return table


def verdict(found: Found) -> str:
    """Return in a word whether it works."""
    return "" if found.works is None else "yes" if found.works else "NO"


def _figure(mean: float) -> str:
    return "-" if mean != mean else f"{mean:.1f}" if abs(mean) >= 10 else f"{mean:.2f}"
