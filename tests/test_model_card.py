"""The tables of the model card come out of the figures' files."""

import json

import pytest
from tool_files import load_tool

from livejam.errors import FileError

CORPUS = {"credit": "us", "licence": "CC0", "pieces": 3, "valid": 1, "phrases": 9, "notes": 1234, "skipped": 0}
CONTRACT = {
    "parameters": 6_400_000, "weights": "int8",
    "training": {
        "step": 3250, "notes": 12_700_000, "hours": 1.34, "machine": "two cores", "weights": {"ours": 2.5},
        "settings": {"rows": 16, "network": {"width": 256}}, "corpora": {"corpora": {"ours": CORPUS}},
    },
}  # fmt: skip
BITS = {"delta": 0.1, "pitch": 1.5, "length": 0.4, "velocity": 0.0, "total": 2.0}
ANSWERS = {
    "notes": 12.0, "in_key": 0.9, "groove": 0.8, "stuck": 0.0, "matched": 0.5, "matched_by_network": None,
    "copied": 0.02, "verdict": {"accuracy": 0.61},
}  # fmt: skip
CONTROL = {"control": "density", "measured": "notes a beat", "answers": 9, "works": False}
EVALUATION = {
    "corpora": {
        "ours": {
            "role": "melody", "notes": 4321, "cases": 7, "bits_per_note": BITS, "markov_bits_per_note": {"total": 4.0},
            "true_next_of_16": 0.82, "true_next_of_16_by_ratio": 0.91,
            "markov_true_next_of_16": None, "markov_true_next_of_16_by_ratio": None,
            "answers": {"calls": 9, "livejam": ANSWERS},
            "beside": {
                "call withheld": {
                    "bits_per_note": {"total": 3.0}, "true_next_of_16": 0.3, "true_next_of_16_by_ratio": 0.0,
                },
                "lstm": {"bits_per_note": {"total": 2.5}, "true_next_of_16": 0.6, "true_next_of_16_by_ratio": 0.7},
            },
        }
    },
    "all": {
        "notes": 4321, "bits_per_note": {"livejam": 2.0, "call withheld": 3.0, "lstm": 2.5, "Markov": 4.0},
        "answers": {"people": {"stuck": 0.0, "matched": 0.5, "matched_by_network": None, "copied": 0.04}},
    },
    "controls": [{**CONTROL, "settings": {"1": 0.7, "2": 1.2}}],
}  # fmt: skip
ROW = {"parameters": 1e6, "notes": 2e6, "bits": {"ours": 2.0}, "first": {"ours": None}, "step_ms": 0.5}


@pytest.fixture
def tool():
    return load_tool("model_card")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "livejam.json").write_text(json.dumps(CONTRACT))
    (tmp_path / "evaluation.json").write_text(json.dumps(EVALUATION))
    (tmp_path / "sizes.json").write_text(json.dumps({"small": ROW}))
    return tmp_path


def card(tool, folder, *names):
    """Return the card with the tables of `names`."""
    places = "\n".join(f"before {name}\n<!-- {name} -->\nSTALE\n<!-- /{name} -->" for name in names)
    (folder / "MODEL_CARD.md").write_text(f"# By hand\n{places}\nafter\n")
    assert tool.renew(folder) == list(names)
    return (folder / "MODEL_CARD.md").read_text()


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("training", "| notes seen | 12.7 million |"),
        ("training", "| network | width 256 |"),
        ("corpora", "| ours | 3 | 1 | 9 | 1,234 | 2.5 | CC0 | us |"),
        (
            "foreseeing",
            "| ours | melody | 4,321 | 0.10 | 1.50 | 0.40 | 0.00 | **2.00** | 4.00 | 50 % | 2.50 | 20 % | 3.00 | 50 % "
            "| **82 %** | - | 60 % | **91 %** | - | 70 % | 7 |",
        ),
        (
            "foreseeing",
            "| all |  | 4,321 |  |  |  |  | **2.00** | 4.00 | 50 % | 2.50 | 20 % | 3.00 | 50 % |  |  |  |  |  |  |  |",
        ),
        ("answers", "| all | people |  |  |  | 0 % | 50 % | - | 4 % |  |"),
        ("answers", "| ours | livejam | 12.0 | 90 % | 0.80 | 0 % | 50 % | - | 2 % | 61 % |"),
        ("controls", "| density | notes a beat | 1: **0.70**, 2: **1.20** | 9 | NO |"),
        ("sizes", "| small | 1.0 M | 2.00 M | 2.000, - | 0.50 ms |"),
        ("ablation", "*Not measured yet.*"),
    ],
)
def test_each_table_says_what_its_file_says(tool, folder, name, line):
    made = card(tool, folder, name)
    assert line in made
    assert "STALE" not in made


def test_a_network_may_come_of_several_runs(tool, folder):
    first = CONTRACT["training"]
    second = {**first, "step": 900, "weights": {"ours": 0.0}, "begun_with": {"weights": "w", "training": first}}
    (folder / "livejam.json").write_text(json.dumps({**CONTRACT, "training": second}))
    made = card(tool, folder, "training", "corpora")
    assert "| training | run 1 | run 2 |" in made
    assert "| begun with | random weights | the weights of run 1 |" in made
    assert "| steps | 3,250 | 900 |" in made
    assert "| rows | 16 | as before |" in made
    assert "| 2.5, then 0.0 |" in made


def test_a_run_may_have_begun_with_weights_of_which_no_more_is_told(tool, folder):
    run = {**CONTRACT["training"], "begun_with": {"weights": "ours.safetensors", "training": {}}}
    (folder / "livejam.json").write_text(json.dumps({**CONTRACT, "training": run}))
    assert "| begun with | ours.safetensors, of which no more is told |" in card(tool, folder, "training")


def test_who_was_not_everywhere_has_no_figure_in_all(tool, folder):
    bits = {"livejam": 2.0, "call withheld": 3.0}
    figures = {**EVALUATION, "all": {**EVALUATION["all"], "bits_per_note": bits}}
    (folder / "evaluation.json").write_text(json.dumps(figures))
    assert "| **2.00** | - | - | - | - | 3.00 | 50 % |" in card(tool, folder, "foreseeing")


def test_figures_of_another_network_are_refused(tool, folder):
    graphs = {"answer": {"sha256": "f00d"}}
    (folder / "livejam.json").write_text(json.dumps({**CONTRACT, "graphs": graphs}))
    for network in ("f00d", "beef"):
        (folder / "evaluation.json").write_text(json.dumps({**EVALUATION, "settings": {"network": network}}))
        if network == "f00d":
            card(tool, folder, "foreseeing")
    with pytest.raises(FileError, match=r"was measured with another network than that of .*measure anew"):
        card(tool, folder, "training")


def test_what_is_written_by_hand_stays(tool, folder):
    made = card(tool, folder, *tool.TABLES)
    assert made.startswith("# By hand\nbefore training\n<!-- training -->\n\n|")
    assert made.endswith("<!-- /sizes -->\nafter\n")
    tool.renew(folder)
    assert (folder / "MODEL_CARD.md").read_text() == made, "once more changes nothing"


def test_what_is_missing_is_said(tool, folder):
    with pytest.raises(FileError, match="which is no table"):
        card(tool, folder, "weather")
    with pytest.raises(FileError, match="no place for a table"):
        card(tool, folder)
    (folder / "evaluation.json").write_text(json.dumps({"corpora": {}}))
    assert tool.UNMEASURED in card(tool, folder, "controls")
    (folder / "evaluation.json").write_text(json.dumps({"figures": {}}))
    with pytest.raises(FileError, match="lacks what the table 'foreseeing' needs"):
        card(tool, folder, "foreseeing")
    (folder / "evaluation.json").unlink()
    with pytest.raises(FileError, match="can't be read"):
        card(tool, folder, "answers")
