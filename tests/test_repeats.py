import pytest

from livejam.training.corpora.repeats import Signs, playing_order

OPENS, CLOSES, ENDS = Signs(opens=True), Signs(closes=2), Signs(ends=True)
BAR = Signs()


def ending(*passes, closes=0, ends=False):
    return Signs(closes=closes, ends=ends, endings=passes)


@pytest.mark.parametrize(
    ("signs", "order"),
    [
        ([BAR, BAR], [0, 1]),
        ([BAR, CLOSES, BAR], [0, 1, 0, 1, 2]),
        ([BAR, OPENS, CLOSES, BAR], [0, 1, 2, 1, 2, 3]),
        ([BAR, CLOSES, BAR, CLOSES], [0, 1, 0, 1, 2, 3, 2, 3]),
        ([BAR, ENDS, BAR, CLOSES], [0, 1, 2, 3, 2, 3]),  # without |: back to the double bar
        ([OPENS, ENDS, BAR, CLOSES], [0, 1, 2, 3, 0, 1, 2, 3]),  # with |: not
        ([BAR, Signs(closes=3)], [0, 1, 0, 1, 0, 1]),
        ([Signs(opens=True, closes=2), BAR], [0, 0, 1]),
        ([BAR, OPENS, BAR], [0, 1, 2]),  # never closed
    ],
)
def test_repeats(signs, order):
    assert playing_order(signs) == order


@pytest.mark.parametrize(
    ("signs", "order"),
    [
        ([BAR, ending(1, closes=2), ending(2, ends=True), BAR], [0, 1, 0, 2, 3]),
        ([BAR, ending(1, closes=2), ending(2, closes=2), BAR], [0, 1, 0, 2, 3]),  # a second sign too many
        ([BAR, ending(1), CLOSES, ending(2), ENDS, BAR], [0, 1, 2, 0, 3, 4, 5]),  # endings of two bars
        ([BAR, ending(1, 2, closes=2), ending(3, ends=True)], [0, 1, 0, 1, 0, 2]),
        ([BAR, ending(1), ending(2, ends=True), BAR], [0, 1, 0, 2, 3]),  # no sign at all
        ([BAR, ending(1, closes=2), BAR], [0, 1, 0, 2]),  # no second ending
        ([OPENS, ending(1, closes=2), ending(2, ends=True), BAR, CLOSES], [0, 1, 0, 2, 3, 4, 3, 4]),
    ],
)
def test_endings(signs, order):
    assert playing_order(signs) == order


def test_two_strains_with_endings_each():
    signs = [BAR, ending(1, closes=2), ending(2, ends=True), BAR, ending(1, closes=2), ending(2, ends=True)]
    assert playing_order(signs) == [0, 1, 0, 2, 3, 4, 3, 5]
