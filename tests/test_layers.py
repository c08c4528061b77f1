"""Who imports whom: one module per outside thing, and imports that point one way."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "livejam"
ONLY = {  # outside thing -> the modules that may import it
    "rtmidi": {"midi"},
    "mido": {"midifile", "tape"},
    "onnxruntime": {"runtime"},
    "click": {"cli", "cli_accompany", "cli_measures", "cli_options", "cli_practice", "cli_training"},
    "PIL": {"picture"},
    "jack": {"bench.over_jack", "jackport"},
    "aalink": {"link"},
}
TRAINING_ONLY = ("torch", "symusic", "onnx", "matplotlib", "safetensors")
LAYERS = (  # each module imports what stands on a lower line, and nothing on its own or above
    ("accompany", "rehearsal", "live_drill"),
    ("live", "demo", "respond"),
    ("partner", "virtual"),
    ("heir", "inbox", "session", "playalong", "drill"),
    ("alongsettings",),
    ("sender", "hearing", "asking", "wants", "band", "drilling"),
    ("stage", "memory", "voicing", "exercises", "answer_scoring"),
    ("composer", "turns", "answering", "brain", "practice", "scoring", "form", "lead", "accompanist", "arranger"),
    ("choice", "shape", "intime", "chart_text", "ireal"),
    ("signs", "roadmap"),
    ("modes", "phrasing", "playback", "decoder", "echo", "clock", "metronome", "feel", "knobs", "sheet"),
    ("pulse", "messages", "tempo", "endings", "outgoing", "steering", "chart", "spans"),
    ("events", "grid", "symbols", "parts", "harmony"),
    ("notes", "errors"),
)
PURE = {  # no devices, files, threads or clocks
    *("notes", "events", "errors", "grid", "pulse", "tempo", "clock", "metronome", "feel"),
    *("modes", "signs", "turns", "endings", "phrasing", "answering", "asking", "playback", "echo"),
    *("composer", "memory", "hearing", "stage", "sender", "session", "virtual"),
    *("messages", "outgoing", "portnames", "tokenizer", "controls", "steering", "knobs", "chart", "wants"),
    *("symbols", "sheet", "roadmap", "chart_text", "ireal"),
    *(
        "form",
        "lead",
        "band",
        "byear",
        "voicing",
        "spans",
        "parts",
        "harmony",
        "arranger",
        "playalong",
        "alongsettings",
        "rehearsal",
    ),
    *("chordscale", "intime", "practice"),
    *("calls", "scoring", "answer_scoring", "exercises", "drilling", "drill"),
}
IMPURE = {"time", "threading", "queue", "os", "socket", "subprocess", "signal", "io", "multiprocessing", "random"}


def modules():
    """Every module of the package: its dotted name within livejam -> its syntax tree."""
    return {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts): ast.parse(path.read_text(encoding="utf-8"))
        for path in PACKAGE.rglob("*.py")
    }


def imports(tree):
    """Return the dotted names that a module imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own(tree, known):
    """Return the modules of the package that one of them imports."""
    dotted = {name.removeprefix("livejam.") for name in imports(tree) if name.startswith("livejam.")}
    return {name for name in dotted if name in known or f"{name}.__init__" in known}


def outside(tree):
    """Return the top-level names of what a module imports from elsewhere."""
    return {name.partition(".")[0] for name in imports(tree)} - {"livejam"}


MODULES = modules()
GRAPH = {name: own(tree, MODULES) for name, tree in MODULES.items()}


def test_imports_never_go_round():
    packaged = {
        name.removesuffix(".__init__"): {other for other in others if not name.startswith(f"{other}.")}
        for name, others in GRAPH.items()
    }
    assert len(list(TopologicalSorter(packaged).static_order())) >= len(MODULES)


@pytest.mark.parametrize("thing", ONLY)
def test_one_module_per_outside_thing(thing):
    importers = {name for name, tree in MODULES.items() if thing in outside(tree)}
    assert {name for name in importers if not name.startswith("training.")} <= ONLY[thing]


@pytest.mark.parametrize("thing", TRAINING_ONLY)
def test_only_training_needs_the_train_extra(thing):
    importers = {name for name, tree in MODULES.items() if thing in outside(tree)}
    assert {name for name in importers if not name.startswith("training.")} == set()


def test_only_the_command_line_imports_training():
    importers = {name for name, others in GRAPH.items() if any(other.startswith("training") for other in others)}
    assert {name for name in importers if not name.startswith("training")} == {"cli_training"}


@pytest.mark.parametrize("name", sorted(PURE))
def test_pure_modules_touch_nothing(name):
    assert outside(MODULES[name]) <= (set(sys.stdlib_module_names) | {"numpy"}) - IMPURE
    assert GRAPH[name] <= PURE | {"pieces"}


def test_imports_point_one_way():
    rank = {name: place for place, layer in enumerate(LAYERS) for name in layer}
    upward = [(name, other) for name in rank for other in GRAPH[name] if rank.get(other, len(LAYERS)) <= rank[name]]
    assert upward == []


def test_nothing_imports_the_command_line():
    assert {name for name, others in GRAPH.items() if "cli" in others} == {"__main__"}
    surface = {"cli", "cli_accompany", "cli_measures", "cli_options", "cli_practice", "cli_training"}
    for commands in surface - {"cli"}:
        assert {name for name, others in GRAPH.items() if commands in others} <= surface


def test_the_command_line_starts_light():
    heavy = sorted({*TRAINING_ONLY, *ONLY, "numpy", "rich"} - {"click"})
    code = f"import livejam.cli, sys; print(sorted(set({heavy}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
