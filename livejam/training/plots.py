"""Pictures of a comparison: how far answers are from people's phrases, and the figures side by side.

Of every corpus one page of densities (Yang and Lerch 2018): the distances among people's phrases, filled, and those
from everyone's answers to them. And one page with the figures of all corpora. Knows nothing of how answers come about.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from livejam.comparison import Comparison
from livejam.errors import FileError
from livejam.exam import Notes
from livejam.files import reason
from livejam.likeness import DISTRIBUTIONS, FEWEST, PEOPLE, Figures, distributions
from livejam.measures.distances import NARROWEST, density_at, pairs_between, pairs_within, scott
from livejam.measures.features import Columns

COLOURS = ("#0072b2", "#999999", "#d55e00", "#009e73", "#cc79a7", "#e69f00")  # Okabe and Ito 2008
PEOPLES = "0.25"  # grey
POINTS = 200  # of a curve
OVERVIEW = ("told apart", "own call, by features", "own call, by the network", "in key", "structure, long", "copied")


def draw(comparisons: Sequence[Comparison], folder: Path) -> list[Path]:
    """Write a PNG of every corpus, and an overview, to `folder`; return their paths.

    Raises:
        FileError: they can't be written.
    """
    pages = {comparison.corpus: densities(comparison) for comparison in comparisons}
    if comparisons:
        pages["overview"] = overview(comparisons)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, page in pages.items():
            page.savefig(folder / f"{name}.png", dpi=110)
    except OSError as error:
        raise FileError(f"can't write to {folder}: {reason(error)}; choose another folder with --plots") from error
    return [folder / f"{name}.png" for name in pages]


def densities(comparison: Comparison) -> Figure:
    """Draw the densities of the distances of one corpus, a feature a panel."""
    figure = Figure(figsize=(11, 6), layout="constrained")
    figure.suptitle(f"{comparison.corpus}: distances from people's next phrases, and among these")
    everyone = {PEOPLE: [case.reference.notes for case in comparison.cases], **comparison.sets}
    found = {name: _features(comparison, answers) for name, answers in everyone.items()}
    for place, name in enumerate(DISTRIBUTIONS):
        axes = figure.add_subplot(2, 3, place + 1, title=name, yticks=[])
        rows = {who: features[name] for who, features in found.items() if name in features}
        if PEOPLE in rows:
            _curves(axes, rows)
        else:
            axes.text(0.5, 0.5, "nothing to measure", ha="center", va="center", transform=axes.transAxes)
    handles, labels = figure.axes[-1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels) or 1, fontsize=8)
    return figure


def _features(comparison: Comparison, answers: Sequence[Notes]) -> dict[str, np.ndarray]:
    """Return the features of a set of answers; none where there are too few."""
    pairs = [(case, Columns.of(answer)) for case, answer in zip(comparison.cases, answers, strict=True) if answer]
    if len(pairs) < FEWEST:
        return {}
    return distributions([columns for _, columns in pairs], [case for case, _ in pairs], comparison.role)


def _curves(axes: Axes, rows: dict[str, np.ndarray]) -> None:
    """Draw the density of the distances among people's `rows`, and of everyone else's from them."""
    samples = {name: pairs_between(rows[PEOPLE], made) for name, made in rows.items() if name != PEOPLE}
    samples = {PEOPLE: pairs_within(rows[PEOPLE]), **samples}
    end = max(float(sample.max()) for sample in samples.values()) or 1.0
    points = np.linspace(0, end, POINTS)
    for (name, sample), colour in zip(samples.items(), (PEOPLES, *COLOURS), strict=False):
        curve = density_at(points, sample, max(scott(sample), NARROWEST * end))
        axes.plot(points, curve, color=colour, label=name)
        if name == PEOPLE:
            axes.fill_between(points, curve, color=colour, alpha=0.2)


def overview(comparisons: Sequence[Comparison]) -> Figure:
    """Draw the figures of all corpora, a measure a panel and a bar for everyone."""
    figure = Figure(figsize=(13, 8), layout="constrained")
    names = list(dict.fromkeys(name for comparison in comparisons for name in comparison.figures))
    places = np.arange(len(comparisons))
    for number, measure in enumerate(OVERVIEW):
        axes = figure.add_subplot(2, 3, number + 1, title=measure, ylim=(0, 1))
        for offset, (name, colour) in enumerate(zip(names, (PEOPLES, *COLOURS), strict=False)):
            values = [_figure(c.figures[name], measure) if name in c.figures else np.nan for c in comparisons]
            axes.bar(
                places + (offset + 0.5) / len(names) * 0.8 - 0.4, values, 0.8 / len(names), color=colour, label=name
            )
        axes.set_xticks(places, [comparison.corpus for comparison in comparisons], rotation=60, ha="right", fontsize=8)
        if measure == "told apart":
            axes.axhline(0.5, color="0.6", linestyle=":")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return figure


def _figure(figures: Figures, measure: str) -> float:
    """Return one figure by the title of its panel; nan where it was not measured."""
    found = {
        "told apart": figures.verdict.accuracy if figures.verdict else np.nan,
        "own call, by features": figures.matched,
        "own call, by the network": figures.matched_by_network,
        "in key": figures.in_key,
        "structure, long": figures.structure["long"],
        "copied": figures.copied,
    }
    return found[measure]
