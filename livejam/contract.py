"""The contract of an exported network: the .json beside it, read and checked before anything is loaded.

Knows what this livejam can play (its vocabulary), and nothing of onnxruntime. No units. Any thread may call it.
"""

import json
from pathlib import Path
from typing import Any

from livejam import tokenizer as tok
from livejam.controls import CONTROLS
from livejam.errors import ModelError
from livejam.tokenizer import FIELDS, PREDICTED

CONTRACT = 3  # the version that this code reads; 1 knew no controls, 2 had caches of their own for what was heard
CHART_PLACES, CHART_TICKS = 512, 12  # places of the chart that an answer sees, and ticks of each: 64 bars of four beats
LARGEST = 100_000  # of a cache's sizes
GRAPH = {"file": str, "sha256": str, "inputs": list, "outputs": list}
FORM = {
    "caches": {"heard": int, "answer": int, "memory": int, "key_heads": int, "head_width": int},
    "graphs": {"answer": GRAPH, "hear": GRAPH},
}
VOCABULARY = {
    "fields": FIELDS,
    "predicted": PREDICTED,
    "controls": CONTROLS,
    "chart": [CHART_PLACES, CHART_TICKS],
    "delta_ticks": list(tok.DELTA_TICKS),
    "length_ticks": list(tok.LENGTH_TICKS),
    "metres": [list(metre) for metre in tok.METRES],
}


def default_model() -> Path:
    """Return the network that comes with livejam: inside the package, or beside it in a checkout."""
    here = Path(__file__).parent
    inside = here / "exported" / "livejam.onnx"
    return inside if inside.exists() else here.parent / "exported" / "livejam.onnx"


def accompanying_model() -> Path:
    """Return the network that plays along, of those that come with livejam: its own, or the one that answers."""
    own = default_model().with_name("accompany.onnx")
    return own if own.exists() else default_model()


def load_contract(model: Path) -> dict[str, Any]:
    """Return what the .json beside `model` says, after checking that this livejam can play the network.

    Raises:
        ModelError: it can't, or there is no such network.
    """
    path = model.with_suffix(".json")
    try:
        contract = json.loads(read_model(path))
    except ValueError as error:
        raise ModelError(f"{path} is damaged ({error}); export the network anew with: livejam export") from None
    version = contract.get("contract") if isinstance(contract, dict) else None
    if version != CONTRACT:
        raise ModelError(
            f"{path} is contract {version}, this livejam reads {CONTRACT}; export the network anew with this version"
        )
    for name, ours in VOCABULARY.items():
        if json.dumps(contract.get(name)) != json.dumps(ours):  # the order counts
            raise ModelError(f"{path} has other {name} than this livejam; export the network anew with this version")
    for name, form in FORM.items():
        if not _has(contract.get(name), form):
            raise ModelError(f"{path} does not say what its {name} are; export the network anew")
    for name, size in contract["caches"].items():
        if not 1 <= size <= LARGEST:
            raise ModelError(f"{path} says {size} for {name}, which no network has; export the network anew")
    return dict(contract)


def read_model(path: Path) -> bytes:
    """Return one of a network's files.

    Raises:
        ModelError: there is none, or it can't be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"no network at {path} ({error.strerror}); give one with --model, or make one: livejam export"
        ) from None


def _has(value: object, form: object) -> bool:
    """Tell whether `value`, out of JSON, has the form: a type, or forms by name."""
    if isinstance(form, dict):
        return isinstance(value, dict) and all(_has(value.get(name), part) for name, part in form.items())
    return isinstance(form, type) and isinstance(value, form)
