"""A practice report to look at: as a table for the terminal, and as a picture, bar by bar.

Knows nothing of ports, clocks or how a session runs. Offsets are milliseconds, negative early; bars count from 1. Any
thread may call it, but never while it keeps time: drawing takes a good part of a second.
"""

from pathlib import Path

from rich.table import Table

from livejam.intime import TOLERANCE, Timing
from livejam.picture import BAR_LINE, BEAT_LINE, INK, MARGIN, PALE, PAPER, WIDTH, Page
from livejam.practice import Figures, Report

MISTAKES = 6  # that are named
PLOT = 260  # pixels, the height of the scatter
REACH = 100.0  # ms early or late at most that are drawn; what is beyond stands at the edge
COUNTS = 110  # pixels, the height of the wrong notes
HEAD, FOOT = 150, 70  # pixels
LEFT = 150  # pixels
NOTE_HEIGHT = 14  # pixels of one wrong note, where there is room
RIGHT_COLOUR, OFF_COLOUR, WRONG_COLOUR = (0, 114, 178), (230, 159, 0), (213, 94, 0)  # Okabe and Ito (2008)


def report_table(report: Report) -> Table:
    """Return a report as a table: a row for all, one for each bar, and what needs work below."""
    table = Table(caption=_caption(report), caption_justify="left", caption_style="")
    for heading in ("", "notes", "mean, ms", "spread, ms", "early", "late", "wrong"):
        table.add_column(heading, justify="left" if not heading else "right")
    table.add_row("all", *_cells(report.overall), end_section=True)
    worst = report.worst()
    for bar, figures in report.bars.items():
        table.add_row(f"bar {bar + 1}", *_cells(figures), style="bold" if bar in worst else "")
    return table


def timing_words(timing: Timing) -> tuple[str, str]:
    """Return mean and spread of a timing, rounded; of one note there is no spread."""
    mean = f"{timing.mean:+.0f}" if timing.notes else "-"
    return mean, f"{timing.spread:.0f}" if timing.notes > 1 else "-"


def draw_report(report: Report, path: Path) -> None:
    """Write a picture of a report to `path`, a PNG: by bar every note early or late, the spread, and wrong notes.

    Raises:
        FileError: it can't be written.
    """
    page = Page(HEAD + PLOT + COUNTS + FOOT)
    overall, (mean, spread) = report.overall, timing_words(report.overall.timing)
    page.text(MARGIN, 48, "practice", 32, INK)
    told = f"{overall.notes} notes · {len(overall.wrong)} wrong · mean {mean} ms · spread {spread} ms"
    page.text(MARGIN, 92, told, 20, PALE)
    _axes(page)
    count = max(report.bars, default=0) + 1
    width = (WIDTH - MARGIN - LEFT) / count
    most = max((len(figures.wrong) for figures in report.bars.values()), default=0)
    for bar, figures in report.bars.items():
        left = LEFT + bar * width
        _scatter(page, figures, left, width)
        tall = min(NOTE_HEIGHT, COUNTS * 0.7 / max(most, 1)) * len(figures.wrong)
        bottom = HEAD + PLOT + COUNTS
        if figures.wrong:
            page.box(left + 0.2 * width, bottom - tall, left + 0.8 * width, bottom, WRONG_COLOUR, round=2)
            page.text(left + width / 2, bottom - tall - 12, str(len(figures.wrong)), 15, INK, anchor="mm")
        if bar % max(1, count // 32) == 0:
            page.text(left + width / 2, bottom + 20, str(bar + 1), 15, PALE, anchor="mm")
    page.save(path)


def _caption(report: Report) -> str:
    lines = []
    if worst := report.worst():
        lines.append(f"needs work most: bar {', '.join(str(bar + 1) for bar in worst)}")
    if mistakes := report.mistakes(MISTAKES):
        lines.append(f"wrong notes: {'; '.join(mistakes)}")
    lines.append(f"early and late: more than {TOLERANCE:.0f} ms from where your notes usually are")
    return "\n".join(lines)


def _cells(figures: Figures) -> tuple[str, ...]:
    timing = figures.timing
    shares = (f"{100 * share:.0f} %" if timing.notes else "-" for share in (timing.early, timing.late))
    return str(figures.notes), *timing_words(timing), *shares, str(len(figures.wrong))


def _height(offset: float) -> float:
    """Return the place of an offset on the page, pixels from its top; late is up."""
    return HEAD + PLOT / 2 - max(-REACH, min(offset, REACH)) / REACH * PLOT / 2


def _axes(page: Page) -> None:
    for offset in (-REACH, -TOLERANCE, 0.0, TOLERANCE, REACH):
        y = _height(offset)
        page.box(LEFT, y, WIDTH - MARGIN, y + 1, BEAT_LINE if offset else BAR_LINE)
        page.text(LEFT - 12, y, f"{offset:+.0f} ms" if offset else "on the beat", 15, PALE, anchor="rm")
    page.box(LEFT, HEAD + PLOT + COUNTS, WIDTH - MARGIN, HEAD + PLOT + COUNTS + 1, BAR_LINE)
    page.text(LEFT - 12, HEAD + PLOT + COUNTS - 16, "wrong notes", 15, PALE, anchor="rm")
    page.text(LEFT - 12, HEAD + PLOT + COUNTS + 20, "bar", 15, PALE, anchor="rm")
    page.text(LEFT, HEAD - 22, "late", 15, PALE)


def _scatter(page: Page, figures: Figures, left: float, width: float) -> None:
    """Draw the notes of a bar, and a bracket from a spread before its mean to one after."""
    timing = figures.timing
    if timing.notes > 1:
        top, bottom = _height(timing.mean + timing.spread), _height(timing.mean - timing.spread)
        page.box(left + 0.1 * width, top - 1, left + 0.9 * width, bottom + 1, (226, 236, 244), round=3)
        page.box(left + 0.1 * width, _height(timing.mean) - 1, left + 0.9 * width, _height(timing.mean) + 1, PALE)
    step = 0.7 * width / max(len(figures.offsets), 1)
    for n, offset in enumerate(figures.offsets):
        x, y = left + 0.15 * width + (n + 0.5) * step, _height(offset)
        colour = RIGHT_COLOUR if abs(offset) <= TOLERANCE else OFF_COLOUR
        page.box(x - 4, y - 4, x + 4, y + 4, PAPER, round=4)
        page.box(x - 3, y - 3, x + 3, y + 3, colour, round=3)
