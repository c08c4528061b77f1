"""What came of a drill as a table for the terminal: a row a round. Offsets are milliseconds, negative early."""

from collections.abc import Sequence

from rich.table import Table

from livejam.answer_scoring import KINDS, Answered
from livejam.drill import Round
from livejam.practice_view import timing_words
from livejam.scoring import Echoed, Verdict

ALL = ("round", "level", "notes", "mean", "spread", "wrong")
ECHOED, ANSWERED = ("octave", "missing", "extra", "points"), ("points", "")
VERDICTS = (Verdict.WRONG, Verdict.OCTAVE, Verdict.MISSING)


def summary(rounds: Sequence[Round]) -> Table:
    """Return the table of a drill, all of one kind; empty but for its heading where no round was played to its end."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), caption="mean and spread: ms", caption_justify="left")
    answers = any(isinstance(each.score, Answered) for each in rounds)
    for heading in ALL + (ANSWERED if answers else ECHOED):
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    for each in rounds:
        row = _echoed(each.score) if isinstance(each.score, Echoed) else _answered(each.score)
        table.add_row(str(each.number), str(each.exercise.level), *row)
    return table


def _echoed(score: Echoed) -> tuple[str, ...]:
    right = f"{score.count(Verdict.RIGHT)} of {len(score.matches)}"
    slips = (str(score.count(verdict)) for verdict in VERDICTS)
    return right, *timing_words(score.timing), *slips, str(len(score.extra)), str(score.points)


def _answered(score: Answered) -> tuple[str, ...]:
    told = str(len(score.wrong)), str(score.points), KINDS.get(score.kind, "")
    return str(score.notes), *timing_words(score.timing), *told
