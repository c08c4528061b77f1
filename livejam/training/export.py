"""A trained network -> `livejam.onnx` (answers), `livejam-hear.onnx` (hears) and their contract `livejam.json`.

Two graphs over one set of caches, position-addressed buffers of fixed size that are written in place:
- hear: S more events through the encoder; writes the keys and values that answers will look at, and says how likely
  the phrase is over after each.
- answer: one event of an answer in, the next one out: trunk, heads and sampling. Its caches begin with what the encoder
  wrote into the caches of the same names. It samples with Gumbel noise
  (Maddison et al. 2014, arXiv 1411.0030) and min-p (Nguyen et al. 2024, 2407.01082), both inputs, or takes what it is
  forced to take, and says how likely that was. Rows of a batch can be blended: one that hears the call with one that
  does not (classifier-free guidance, Ho and Salimans 2022, 2207.12598), both then taking the same note.
Letters: B batch, S events heard, F fields, K key heads, E width of a head.
"""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from livejam import __version__
from livejam import tokenizer as tok
from livejam.contract import CHART_PLACES, CHART_TICKS, CONTRACT
from livejam.controls import CONTROLS
from livejam.errors import FileError
from livejam.files import write_whole
from livejam.notes import TICKS_PER_BEAT
from livejam.tokenizer import FIELDS, PREDICTED
from livejam.training.checkpoints import WEIGHTS_NAME, load_network, save_weights
from livejam.training.graph import FLOAT, INT32, INT64, OPSET, Graph, Inputs
from livejam.training.layers import CHOSEN, PITCHES, WITH_DELTA
from livejam.training.model import Network
from livejam.training.onnx_layers import (
    array,
    asked,
    attention,
    embedded,
    feed_forward,
    norm,
    rotation,
)  # fmt: skip
from livejam.training.records import SETTINGS_NAME, told_in
from livejam.training.variants import Stack

ANSWER_PLACES = 512  # notes of one answer
SLACK = 1.5  # what is heard slides when the buffer holds this many times the network's memory
NOISE = sum(PREDICTED.values())


def export(checkpoint: Path, folder: Path, *, bits: int = 8, weights: bool = False, name: str = "livejam") -> Path:
    """Write the network of `checkpoint` to `folder`/NAME.onnx, NAME-hear.onnx and NAME.json; return the last.

    Exported weights will do, too: what is told of their training is copied. With `weights`, also write those of PyTorch
    in half precision, for another run to begin with.

    Raises:
        FileError: there is no such checkpoint, or `folder` can't be written to.
    """
    network, state = load_network(checkpoint)
    if state:
        done = {"step": state["step"], "notes": state["notes"], "hours": round(state["seconds"] / 3600, 2)}
        training = {**told_in(checkpoint.with_name(SETTINGS_NAME)), **done}
    else:
        training = told_in(checkpoint.with_suffix(".json")).get("training", {})
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if weights:
            save_weights(network, folder / f"{name}{Path(WEIGHTS_NAME).suffix}")
        return write(network, folder, training, bits=bits, name=name)
    except OSError as error:
        raise FileError(f"{folder} can't be written to ({error.strerror}); name another folder with -o") from None


def write(network: Network, folder: Path, training: dict[str, Any], *, bits: int, name: str = "livejam") -> Path:
    """Write a network's two graphs and their contract to `folder`; return the contract's path."""
    graphs = {"answer": (f"{name}.onnx", answer_graph), "hear": (f"{name}-hear.onnx", hear_graph)}
    contract: dict[str, Any] = {
        "contract": CONTRACT,
        "livejam": __version__,
        "opset": OPSET,
        "weights": "float32" if bits == 32 else f"int{bits}",
        "parameters": sum(weight.numel() for weight in network.parameters()),
        "network": asdict(network.settings),
        "caches": _cache_sizes(network),
        "fields": FIELDS,
        "predicted": PREDICTED,
        "controls": CONTROLS,
        "chart": [CHART_PLACES, CHART_TICKS],
        "delta_ticks": tok.DELTA_TICKS,
        "length_ticks": tok.LENGTH_TICKS,
        "metres": tok.METRES,
        "graphs": {},
        "training": training,
    }
    for kind, (file, build) in graphs.items():
        model = build(network, bits)
        onnx.checker.check_model(model)
        data = model.SerializeToString(deterministic=True)
        write_whole(folder / file, data)
        contract["graphs"][kind] = {
            "file": file,
            "sha256": hashlib.sha256(data).hexdigest(),
            "inputs": [value.name for value in model.graph.input],
            "outputs": [value.name for value in model.graph.output],
        }
    path = folder / f"{name}.json"
    write_whole(path, (json.dumps(contract, indent=1, ensure_ascii=False) + "\n").encode())
    return path


def _cache_sizes(network: Network | Stack) -> dict[str, int]:
    s = network.settings
    return {
        "heard": int(SLACK * s.memory),
        "answer": ANSWER_PLACES,
        "memory": s.memory,
        "key_heads": s.key_heads,
        "head_width": s.head_width,
    }


def hear_graph(network: Network, bits: int) -> onnx.ModelProto:
    """Return the encoder as a graph."""
    g, s, sizes = Graph("hear", bits), network.settings, _cache_sizes(network)
    cache = (1, s.key_heads, sizes["heard"], s.head_width)
    inputs: Inputs = {
        "events": (INT64, (1, "S", len(FIELDS))),
        "onset": (INT64, (1, "S")),  # ticks
        "order": (INT64, (1, "S")),
        "last": (INT32, (1,)),  # place of the last event in the caches
        "total": (INT32, ()),  # places filled after this
    }
    outputs: Inputs = {"phrase_end": (FLOAT, (1, "S"))}
    x = g.op("Add", embedded(g, "events", network.embedding, "embedding"), g.constant(array(network.unasked)))
    turns = rotation(g, "onset", "order", s.positions)
    for i, layer in enumerate(network.encoder):
        prefix = f"encoder.{i}"
        for what in ("key", "value"):
            inputs[f"past_{what}_{i}"], outputs[f"present_{what}_{i}"] = (FLOAT, cache), (FLOAT, cache)
        normed = norm(g, x, layer.attention_norm, f"{prefix}.attention_norm")
        x = g.op("Add", x, attention(g, normed, layer.attention, f"{prefix}.attention", turns, i, s.memory))
        x = feed_forward(g, x, layer, prefix)
    x = norm(g, x, network.encoder_norm, "encoder_norm")
    end = network.phrase_end
    score = g.op(
        "Add", g.op("MatMul", x, g.weight("phrase_end.weight", array(end.weight).T)), g.constant(array(end.bias))
    )
    g.named("Squeeze", [g.op("Sigmoid", score), g.constant([2], np.int64)], ["phrase_end"])
    return g.model(inputs, outputs, {"what": "livejam hears"})


def answer_graph(network: Network | Stack, bits: int) -> onnx.ModelProto:
    """Return the decoder, its heads and the sampling as a graph of one step."""
    g, s, sizes = Graph("answer", bits), network.settings, _cache_sizes(network)
    cache = ("B", s.key_heads, sizes["memory"] + sizes["answer"], s.head_width)
    inputs: Inputs = {
        "event": (INT64, ("B", len(FIELDS))),
        "controls": (INT64, ("B", len(CONTROLS))),
        "onset": (INT64, ("B", 1)),  # ticks
        "order": (INT64, ("B", 1)),
        "chart": (INT64, ("B", CHART_PLACES, 2)),  # root and quality of each place of CHART_TICKS
        "chart_start": (INT64, ("B", 1)),  # ticks
        "bar_line": (INT64, ("B",)),  # ticks
        "bar_ticks": (INT64, ("B",)),  # 0: bars unknown
        "noise": (FLOAT, ("B", NOISE)),  # Gumbel, delta then pitch, length, velocity; 0: greedy
        "bias": (FLOAT, ("B", NOISE)),  # added to the logits that are sampled
        "temperature": (FLOAT, ("B", len(PREDICTED))),  # above 0
        "log_min_p": (FLOAT, ("B", 1)),
        "force": (INT64, ("B", len(PREDICTED))),  # classes to take; -1: sample
        "blend": (FLOAT, ("B", "B")),  # of whose logits a row's are made; 1 on the diagonal: of its own
        "leader": (INT64, ("B",)),  # the row whose choice it takes; its own number: its own
        "last": (INT32, ("B",)),  # place of this event in the caches
        "total": (INT32, ()),  # places filled after this, where they are most
    }
    outputs: Inputs = {
        "next_event": (INT64, ("B", len(FIELDS))),
        "next_onset": (INT64, ("B", 1)),
        "log_probability": (FLOAT, ("B", len(PREDICTED))),  # nats, without bias and temperature
    }
    x = asked(g, "event", "controls", network.embedding, network.controls, "embedding")
    turns = rotation(g, "onset", "order", s.positions)
    first = max(0, s.encoder_layers - s.decoder_layers)  # layers of the encoder that nobody looks at
    for i, layer in enumerate(network.decoder):
        prefix = f"decoder.{i}"
        for what in ("key", "value"):
            past, present = (f"{when}_{what}_{first + i}" for when in ("past", "present"))
            inputs[past], outputs[present] = (FLOAT, cache), (FLOAT, cache)
        normed = norm(g, x, layer.attention_norm, f"{prefix}.attention_norm")
        x = g.op("Add", x, attention(g, normed, layer.attention, f"{prefix}.attention", turns, first + i, -1))
        x = feed_forward(g, x, layer, prefix)
    state = g.op("Squeeze", norm(g, x, network.decoder_norm, "decoder_norm"), g.constant([1], np.int64))
    Sampling(g, network, state).write()
    return g.model(inputs, outputs, {"what": "livejam answers"})


class Sampling:
    """The end of a step: attribute after attribute, each chosen, then told to the next."""

    def __init__(self, g: Graph, network: Network | Stack, state: str) -> None:
        self.g, self.heads, self.state = g, network.heads, state
        self.columns = dict(zip(FIELDS, self.column_split("event", len(FIELDS)), strict=True))
        sizes = list(PREDICTED.values())
        self.noise, self.bias = g.split("noise", sizes), g.split("bias", sizes)
        self.temperature = g.split("temperature", [1] * len(sizes))
        self.force = g.split("force", [1] * len(sizes))
        self.log_probability: list[str] = []
        self.offsets = dict(zip(CHOSEN, self.heads.chosen.offsets.tolist(), strict=True))

    def write(self) -> None:
        """Add the nodes from the decoder's state to the next event."""
        g = self.g
        chosen = {"delta": self.choose("delta", self.head("delta"))}
        deltas = g.constant(np.array([*tok.DELTA_TICKS, 0, 0], np.int64))
        g.named("Add", ["onset", g.op("Gather", deltas, chosen["delta"])], ["next_onset"])
        chosen["phase"], chosen["beat"] = self.bar_place()
        chosen["root"], chosen["quality"] = self.chord()
        self.tell(WITH_DELTA, chosen)
        chosen["pitch"] = self.choose("pitch", self.pitch_logits())
        self.tell(("pitch",), chosen)
        chosen["length"] = self.choose("length", self.head("length"))
        self.tell(("length",), chosen)
        chosen["velocity"] = self.choose("velocity", self.head("velocity"))
        chosen["interval"] = self.interval(chosen["pitch"])
        first = g.op("Equal", self.columns["delta"], g.constant([[tok.START]], np.int64))
        who = g.constant([[tok.LIVEJAM]], np.int64)
        chosen["who"] = g.op("Where", first, g.constant([[tok.LIVEJAM + 2]], np.int64), who)
        g.named("Concat", [chosen.get(name, self.columns[name]) for name in FIELDS], ["next_event"], axis=1)
        g.named("Concat", self.log_probability, ["log_probability"], axis=1)

    def column_split(self, x: str, n: int) -> list[str]:
        """Cut (B, n) into n of (B, 1)."""
        return self.g.split(x, [1] * n)

    def head(self, name: str) -> str:
        """Return a head's logits (B, classes)."""
        g, module = self.g, getattr(self.heads, name)
        x = norm(g, self.state, module.norm, f"heads.{name}.norm")
        x = g.silu(g.linear(x, f"heads.{name}.hidden", array(module.hidden.weight)))
        return g.linear(x, f"heads.{name}.out", array(module.out.weight), array(module.out.bias))

    def pitch_logits(self) -> str:
        """Return logits of pitches (B, 128): those of pitches plus those of intervals from the pitch before."""
        g, pitch = self.g, self.columns["pitch"]
        absolute, relative = g.split(self.head("pitch"), [PITCHES, 2 * PITCHES - 1])
        none = g.op("Equal", pitch, g.constant([[tok.NO_PITCH]], np.int64))
        before = g.op("Where", none, g.constant([[tok.MIDDLE_C]], np.int64), pitch)
        interval = g.op("Sub", g.constant(np.arange(PITCHES)[None] + PITCHES - 1, np.int64), before)
        return g.op("Add", absolute, g.op("GatherElements", relative, interval, axis=1))

    def choose(self, name: str, logits: str) -> str:
        """Sample a class (B, 1), or take the forced one; note how likely it was."""
        g, i = self.g, list(PREDICTED).index(name)
        blended = g.op("MatMul", "blend", logits)
        scaled = g.op("Div", g.op("Add", blended, self.bias[i]), self.temperature[i])
        best = g.op("ReduceMax", scaled, g.constant([1], np.int64), keepdims=1)
        likely = g.op("GreaterOrEqual", scaled, g.op("Add", best, "log_min_p"))
        noisy = g.op("Where", likely, g.op("Add", scaled, self.noise[i]), g.constant(-1e30, np.float32))
        sampled = g.op("ArgMax", noisy, axis=1, keepdims=1)
        free = g.op("Less", self.force[i], g.constant([[0]], np.int64))
        chosen = g.op("Gather", g.op("Where", free, sampled, self.force[i]), "leader")
        self.log_probability.append(g.op("GatherElements", g.op("LogSoftmax", logits, axis=1), chosen, axis=1))
        return chosen

    def bar_place(self) -> tuple[str, str]:
        """Return the classes (B, 1) of the new onset's place in the quarter note and the bar."""
        g = self.g
        one = g.constant([1], np.int64)
        bar_line, bar_ticks = (g.op("Unsqueeze", name, one) for name in ("bar_line", "bar_ticks"))
        known = g.op("Greater", bar_ticks, g.constant([[0]], np.int64))
        beat_ticks = g.constant([[TICKS_PER_BEAT]], np.int64)
        span = g.op("Where", known, bar_ticks, beat_ticks)
        origin = g.op("Where", known, bar_line, g.constant([[0]], np.int64))
        place = g.op("Mod", g.op("Sub", "next_onset", origin), span)
        last = g.constant([[tok.UNKNOWN_BEAT - 1]], np.int64)
        beat = g.op("Min", g.op("Div", place, beat_ticks), last)
        unknown = g.constant([[tok.UNKNOWN_BEAT]], np.int64)
        return g.op("Mod", place, beat_ticks), g.op("Where", known, beat, unknown)

    def chord(self) -> tuple[str, str]:
        """Return the classes (B, 1) of the chord at the new onset, out of the chart."""
        g = self.g
        since = g.op("Sub", "next_onset", "chart_start")
        place = g.op("Div", since, g.constant([[CHART_TICKS]], np.int64))
        last = g.constant(CHART_PLACES - 1, np.int64)
        kept = g.op("Clip", place, g.constant(0, np.int64), last)
        root, quality = self.column_split(g.op("GatherND", "chart", kept, batch_dims=1), 2)
        return root, quality

    def interval(self, pitch: str) -> str:
        """Return the class (B, 1) of the step from the pitch before to `pitch`."""
        g, before = self.g, self.columns["pitch"]
        most = tok.MAX_INTERVAL
        step = g.op("Clip", g.op("Sub", pitch, before), g.constant(-most, np.int64), g.constant(most, np.int64))
        none = g.op("Equal", before, g.constant([[tok.NO_PITCH]], np.int64))
        shifted = g.op("Add", step, g.constant([[most + 1]], np.int64))
        return g.op("Where", none, g.constant([[0]], np.int64), shifted)

    def tell(self, names: tuple[str, ...], chosen: dict[str, str]) -> None:
        """Add the embeddings of what was chosen to the state."""
        g, table = self.g, self.g.weight("heads.chosen", array(self.heads.chosen.table.weight))
        classes = g.op("Concat", *(chosen[name] for name in names), axis=1) if len(names) > 1 else chosen[names[0]]
        at = g.op("Add", classes, g.constant([[self.offsets[name] for name in names]], np.int64))
        rows = g.op("Gather", table, at)
        self.state = g.op("Add", self.state, g.op("ReduceSum", rows, g.constant([1], np.int64), keepdims=0))
