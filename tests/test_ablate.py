"""The tool that compares variants of the network: from prepared music to a table, with networks as small as they go."""

import json
import sys
from dataclasses import replace

import pytest

pytest.importorskip("torch", reason="needs the train extra: pip install 'livejam[train]'")

from prepared import corpus
from tool_files import load_tool

from livejam.training import checkpoints, presets
from livejam.training.layers import NetworkSettings

pytestmark = pytest.mark.train
TINY = NetworkSettings(width=64, encoder_layers=2, decoder_layers=2, key_heads=1, hidden=32, memory=64)


@pytest.fixture
def ablate(monkeypatch):
    """The tool, whose networks are tiny."""
    tool = load_tool("ablate")
    monkeypatch.setattr(presets, "SIZES", {"base": (64, 2, 2)})
    plain = replace(checkpoints.TrainingSettings(TINY), rows=2)
    monkeypatch.setattr(checkpoints, "TrainingSettings", lambda: plain)
    monkeypatch.setattr(tool, "STEPS", 3)
    monkeypatch.setattr(tool, "ROUNDS", 2)
    return tool


def test_variants_are_compared_in_one_table(ablate, monkeypatch, tmp_path, capsys):
    data = corpus(tmp_path / "data")
    names = ("plain", "decoder", "lstm")
    asked = [arg for name in names for arg in ("--variant", name)]
    arguments = [str(data), "-o", str(tmp_path / "out"), "--minutes", "0.001", "--only", "ours", "--cases", "2", *asked]
    monkeypatch.setattr(sys, "argv", ["ablate.py", *arguments])
    ablate.main()
    rows = json.loads((tmp_path / "out" / "ablation.json").read_text())
    assert list(rows) == ["plain", "exported, 32 bits", "exported, 8 bits", "exported, 4 bits", "decoder", "lstm"]
    assert all(3 < row["bits"]["ours"] < 30 and row["step_ms"] > 0 for row in rows.values())
    assert rows["plain"]["bits"]["ours"] == pytest.approx(rows["exported, 32 bits"]["bits"]["ours"], rel=0.02)
    assert "| lstm | " in (tmp_path / "out" / "ablation.md").read_text()
    before = (tmp_path / "out" / "plain" / "result.json").stat().st_mtime_ns
    ablate.main()  # all is done already
    assert (tmp_path / "out" / "plain" / "result.json").stat().st_mtime_ns == before
    assert capsys.readouterr().out.count("| lstm | ") == 2


def test_no_music_is_one_plain_line(ablate, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["ablate.py", str(tmp_path), "-o", str(tmp_path / "out"), "--minutes", "1"])
    with pytest.raises(SystemExit, match=r"^ablate: no prepared corpus in .*make one with: livejam prepare"):
        ablate.main()
