"""What came of a drill as a table for the terminal: a row a round. Offsets are milliseconds, negative early."""

from collections.abc import Sequence

from rich.table import Table

from livejam.answer_scoring import KINDS, Answered
from livejam.drill import Round
from livejam.practice_view import timing_words
from livejam.scoring import Echoed, Verdict

HEADINGS = ("round", "level", "notes", "mean, ms", "spread, ms", "wrong", "missing", "extra", "points", "")


def summary(rounds: Sequence[Round]) -> Table:
    """Return the table of a drill, empty but for its heading where no round was played to its end."""
    table = Table()
    for heading in HEADINGS:
        table.add_column(heading, justify="right" if heading else "left")
    for each in rounds:
        row = _echoed(each.score) if isinstance(each.score, Echoed) else _answered(each.score)
        table.add_row(str(each.number), str(each.exercise.level), *row)
    return table


def _echoed(score: Echoed) -> tuple[str, ...]:
    octaves = score.count(Verdict.OCTAVE)
    return (
        f"{score.count(Verdict.RIGHT)} of {len(score.matches)}",
        *timing_words(score.timing),
        *(str(score.count(verdict)) for verdict in (Verdict.WRONG, Verdict.MISSING)),
        str(len(score.extra)),
        str(score.points),
        f"{octaves} in another octave" if octaves else "",
    )


def _answered(score: Answered) -> tuple[str, ...]:
    wrong = str(len(score.wrong))
    return str(score.notes), *timing_words(score.timing), wrong, "", "", str(score.points), KINDS.get(score.kind, "")
