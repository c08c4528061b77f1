"""The tool that measures look-aheads: from a network to a table, in virtual time."""

import sys
from pathlib import Path

import pytest
from tool_files import load_tool

TINY = Path(__file__).parent / "data" / "tiny.onnx"


@pytest.fixture(scope="module")
def lookahead():
    """The tool."""
    return load_tool("lookahead")


def test_look_aheads_and_spans_are_measured_in_one_table(lookahead, monkeypatch, capsys):
    arguments = ["--model", str(TINY), "--changes", "1", "--looks", "0.25,1", "--spans", "2"]
    monkeypatch.setattr(sys, "argv", ["lookahead.py", *arguments])
    lookahead.main()
    rows = [line for line in capsys.readouterr().out.splitlines() if " %, " in line]
    assert [row.split("│")[1].strip() for row in rows] == ["0.25", "1"]


def test_a_network_that_is_too_slow_is_told_of(lookahead, monkeypatch):
    class Silent:
        def play(self, span):
            return ()

    monkeypatch.setattr(lookahead, "WAY", 1.5)
    take, tally = lookahead.play(Silent(), 2.0, 0.25, 1)
    assert tally.missed > 3
    assert take.reactions == [None]
