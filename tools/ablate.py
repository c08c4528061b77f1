#!/usr/bin/env python3
"""Train variants of the network one after the other, each for the same time, and put what they reach into one table.

    python tools/ablate.py PREPARED -o FOLDER --minutes 12 [--only wjazzd ...] [--variant plain --variant lstm ...]

Same music, seed and time for all: on a CPU that is processor time of one thread, so two of these can run beside each
other, each with variants of its own. Each variant is then scored by the exam of `livejam evaluate` on the validation
split, straight from PyTorch. The plain one is also exported with weights of 32, 8 and 4 bits and scored as exported.
In the end one step of each is timed, all in turn, so that a busy moment hits all alike. What is done is kept: a second
run goes on where the first was stopped, and times anew. Writes FOLDER/ablation.json and ablation.md.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch

from livejam.bench.steps import decoder_times
from livejam.decoder import Decoder
from livejam.errors import LivejamError
from livejam.evaluation import Scorer, judge, of_corpora, set_exams
from livejam.exam import Exam, Settings
from livejam.files import write_whole
from livejam.pieces import load_pieces
from livejam.rows import Rows
from livejam.runtime import Graph
from livejam.tokenizer import COLUMN
from livejam.training.checkpoints import chosen_settings, load_any
from livejam.training.export import ANSWER_PLACES, answer_graph, write
from livejam.training.lstm import Recurrent
from livejam.training.model import Network
from livejam.training.presets import VARIANTS
from livejam.training.scoring import NetworkScorer
from livejam.training.train import train
from livejam.training.variants import Stack

CORPORA = ("fiddle-abc", "wjazzd", "pop909", "openscore-lieder")
HISTORY = 256  # notes heard before the steps that are timed
STEPS = 60  # timed in a round
ROUNDS = 10
BITS = (32, 8, 4)  # of an exported weight

Stepping = Callable[[], Sequence[float]]  # takes `STEPS` steps after a long history; how long each took, in ms


def main() -> None:
    """Do as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, required=True, help="of training, for each variant")
    parser.add_argument("--variant", action="append", choices=list(VARIANTS), help="again for more; else all")
    parser.add_argument("--only", action="append", help=f"corpus to score; else {', '.join(CORPORA)}")
    parser.add_argument("--size", default="base")
    parser.add_argument("--notes", type=int, default=3000, help="of a corpus to score")
    parser.add_argument("--cases", type=int, default=60, help="of a corpus in which 16 phrases are ranked")
    parser.add_argument("--device", default="auto")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    try:
        pieces = load_pieces(asked.data)[0]
        there = {piece.corpus for piece in pieces}
        only = asked.only or [name for name in CORPORA if name in there]
        exams = set_exams(of_corpora(pieces, only), Settings(asked.notes, asked.cases))
        for name in asked.variant or VARIANTS:
            one(name, asked, exams)
        write_table(asked.out)
    except LivejamError as error:
        sys.exit(f"ablate: {error}")


def one(name: str, asked: argparse.Namespace, exams: dict[str, Exam]) -> None:
    """Train and score one variant, if that was not done before."""
    run = asked.out / name
    result = run / "result.json"
    if result.exists():
        return
    resume = (run / "checkpoint.pt").exists()
    given = {} if resume else {"minutes": asked.minutes, "size": asked.size, "variant": name, "validate_every": 10**9}
    settings = chosen_settings(run, resume, given)
    clock = time.monotonic if torch.cuda.is_available() else time.process_time
    checkpoint = train(asked.data, run, settings, device=asked.device, resume=resume, clock=clock)
    network, state = load_any(checkpoint)
    found = {
        "parameters": sum(weight.numel() for weight in network.parameters()),
        "steps": state["step"],
        "notes": state["notes"],
        "minutes": state["seconds"] / 60,
        **scores(NetworkScorer(network), exams),
        "how": "eager PyTorch" if isinstance(network, Recurrent) else "ONNX, int8",
    }
    rows = {name: found, **(exported(network, exams) if name == "plain" and isinstance(network, Network) else {})}
    write_whole(result, json.dumps(rows, indent=1).encode())
    print(json.dumps(rows), flush=True)


def scores(scorer: Scorer, exams: dict[str, Exam]) -> dict[str, Any]:
    """Return bits a note and the share of true next phrases that come first, for each corpus."""
    found = {corpus: judge(scorer, exam) for corpus, exam in exams.items()}
    return {
        "bits": {corpus: score.total for corpus, score in found.items()},
        "first": {corpus: score.first for corpus, score in found.items()},
    }


def exported(network: Network, exams: dict[str, Exam]) -> dict[str, Any]:
    """Return the same figures as exported, for each width of a weight."""
    rows = {}
    for bits in BITS:
        decoder, size = onnx(network, bits)
        rows[f"exported, {bits} bits"] = {**scores(decoder, exams), "megabytes": size / 1e6, "how": "ONNX"}
    return rows


def onnx(network: Network, bits: int) -> tuple[Decoder, int]:
    """Return an encoder-decoder as exported, and how many bytes it takes."""
    with tempfile.TemporaryDirectory() as folder:
        write(network, Path(folder), {}, bits=bits)
        return Decoder(Path(folder) / "livejam.onnx"), sum(f.stat().st_size for f in Path(folder).glob("*.onnx"))


def step_times(out: Path) -> dict[str, float]:
    """Return the median of one step of all that is done, in ms, on one thread."""
    took: dict[str, list[float]] = {}
    all_steppings = steppings(out)
    for _ in range(ROUNDS):
        for name, steps in all_steppings.items():
            took.setdefault(name, []).extend(steps())
    return {name: float(np.median(times)) for name, times in took.items()}


def steppings(out: Path) -> dict[str, Stepping]:
    """Return how steps are taken in each network that is done."""
    found: dict[str, Stepping] = {}
    for name in done(out):
        network = load_any(out / name / "checkpoint.pt")[0]
        if isinstance(network, Network):
            found[name] = exported_steps(network, 8)
            if name == "plain":
                found |= {f"exported, {bits} bits": exported_steps(network, bits) for bits in BITS}
        else:
            found[name] = stack_steps(network) if isinstance(network, Stack) else recurrent_steps(network)
    return found


def exported_steps(network: Network, bits: int) -> Stepping:
    """Take those of an encoder-decoder."""
    times = decoder_times(onnx(network, bits)[0])
    return lambda: times(HISTORY)


def stack_steps(network: Stack) -> Stepping:
    """Take those of a decoder alone: the same graph, that looks at itself where others look at what was heard."""
    model = answer_graph(network, 8)
    names = [[value.name for value in values] for values in (model.graph.input, model.graph.output)]
    data = model.SerializeToString()
    described = {"file": "stack.onnx", "sha256": sha256(data).hexdigest(), "inputs": names[0], "outputs": names[1]}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "stack.onnx").write_bytes(data)
        graph = Graph(Path(folder), described)
    s = network.settings
    shape = (1, s.key_heads, s.memory + ANSWER_PLACES, s.head_width)
    rows = Rows(graph, {name: np.zeros(shape, np.float32) for name in graph.caches}, 1)
    return lambda: timed(lambda step: rows.run(HISTORY + step, 0))


def recurrent_steps(network: Recurrent) -> Stepping:
    """Take those of an LSTM, in eager PyTorch."""
    width = network.settings.width
    event, chosen = torch.zeros(1, len(COLUMN), dtype=torch.int64), torch.zeros(1, 7, dtype=torch.int64)
    state: Any = None

    @torch.inference_mode()
    def step(_: int) -> None:
        nonlocal state
        x, state = network.lstm(network.embedding(event).view(1, 1, width), state)
        network.heads(network.decoder_norm(network.out(x))[0], event[:, COLUMN["pitch"]], chosen)

    return lambda: timed(step)


def timed(step: Callable[[int], None]) -> list[float]:
    """Return how long each of `STEPS` steps takes, in ms."""
    took = []
    for number in range(STEPS):
        before = time.perf_counter()
        step(number)
        took.append(1000 * (time.perf_counter() - before))
    return took


def done(out: Path) -> list[str]:
    """Return the variants that are done."""
    return [name for name in VARIANTS if (out / name / "result.json").exists()]


def write_table(out: Path) -> None:
    """Time all that is done, and write its figures as JSON and as a table."""
    rows: dict[str, Any] = {}
    for name in done(out):
        rows |= json.loads((out / name / "result.json").read_text())
    for name, median in step_times(out).items():
        rows[name]["step_ms"] = median
    write_whole(out / "ablation.json", (json.dumps(rows, indent=1) + "\n").encode())
    corpora = list(next(iter(rows.values()))["bits"]) if rows else []
    head = ["variant", "parameters", "notes seen", *(f"{name}: bits, first" for name in corpora), "step"]
    lines = [head, ["---"] * len(head), *([name, *cells(row, corpora)] for name, row in rows.items())]
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    write_whole(out / "ablation.md", (text + "\n").encode())
    print(text)


def cells(row: dict[str, Any], corpora: list[str]) -> list[str]:
    """Return one row of the table, after its name."""
    size = f"{row['parameters'] / 1e6:.1f} M" if "parameters" in row else f"{row['megabytes']:.1f} MB"
    notes = f"{row['notes'] / 1e6:.2f} M" if "notes" in row else ""
    first = ["-" if row["first"][name] is None else f"{row['first'][name]:.0%}" for name in corpora]
    scored = [f"{row['bits'][name]:.3f}, {share}" for name, share in zip(corpora, first, strict=True)]
    return [size, notes, *scored, f"{row['step_ms']:.2f} ms ({row['how']})"]


if __name__ == "__main__":
    main()
