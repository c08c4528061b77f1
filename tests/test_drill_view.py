"""What came of a drill, as a table."""

import io
import re

from rich.console import Console
from test_answer_scoring import CALL, GOOD, ground
from test_scoring import ASKED, played, score

from livejam.answer_scoring import judge
from livejam.drill import Round
from livejam.drill_view import summary
from livejam.exercises import Exercise

EXERCISE = Exercise(1, 2, ASKED, 1, ())


def rows(*scores):
    console = Console(file=io.StringIO(), width=80)
    console.print(summary([Round(n, EXERCISE, each) for n, each in enumerate(scores, start=1)]))
    lines = [line.strip() for line in console.file.getvalue().splitlines()]
    return [re.split(" {2,}", line) for line in lines if line[:1].isdigit()]


def test_a_row_a_round():
    slips = score(played(pitch=lambda n, right: 69 if n == 3 else right + 12 * (n == 1), leave=(5,)))
    assert rows(score(played()), slips, score([])) == [
        ["1", "2", "8 of 8", "+0", "0", "0", "0", "0", "0", "100"],
        ["2", "2", "5 of 8", "+0", "0", "1", "1", "1", "0", "74"],
        ["3", "2", "0 of 8", "-", "-", "0", "0", "8", "0", "0"],
    ]


def test_answers_say_how_they_take_up_the_call():
    assert rows(judge(GOOD, CALL, ground()), judge([], CALL, ground())) == [
        ["1", "2", "8", "+0", "0", "0", "100", "contrasts with the call"],
        ["2", "2", "0", "-", "-", "0", "0"],
    ]


def test_no_round_no_row():
    assert rows() == []
