"""What a run leaves behind beside its checkpoint: `settings.json`, `log.jsonl` and `curves.png`.

Knows nothing of the network or of how it is trained; a line of the log is what `Trainer.train_step` says of a step.
"""

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from livejam import __version__
from livejam.errors import FileError
from livejam.pieces import Piece
from livejam.training.checkpoints import TrainingSettings, weights_file

SETTINGS_NAME = "settings.json"


def write_provenance(
    run: Path, settings: TrainingSettings, about: dict[str, object], pieces: Sequence[Piece], begun_with: object = None
) -> None:
    """Write to `run`/settings.json, making the folder, all that makes the run what it is.

    Raises:
        FileError: that can't be written.
    """
    begun = {"begun_with": begun_with} if begun_with else {}
    said = json.dumps({**provenance(settings, about, pieces), **begun}, indent=2, ensure_ascii=False)
    try:
        run.mkdir(parents=True, exist_ok=True)
        (run / SETTINGS_NAME).write_text(said + "\n", encoding="utf-8")
    except OSError as error:
        raise FileError(f"{run} can't be written to ({error.strerror}); name another folder with -o") from None


def weights_begun_with(init: Path) -> dict[str, object]:
    """Return the name of the weights `init`, and what is told beside them of their own training."""
    weights = weights_file(init.resolve())
    return {"weights": weights.name, "training": told_in(weights.with_suffix(".json")).get("training", {})}


def begun_before(run: Path) -> object:
    """Return what a run that resumes was begun with, if with anything."""
    return told_in(run / SETTINGS_NAME).get("begun_with")


def told_in(file: Path) -> dict[str, Any]:
    """Return what is in a JSON file beside weights; nothing if it is not there: they may travel alone."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def forget_after(run: Path, step: int) -> None:
    """Take out of the log what lies after `step`: a run that was killed goes on from an earlier checkpoint."""
    log = run / "log.jsonl"
    if log.exists():
        lines = log.read_text(encoding="utf-8").splitlines(keepends=True)
        log.write_text("".join(line for line in lines if line.endswith("}\n") and json.loads(line)["step"] <= step))


def draw_curves(run: Path) -> None:
    """Draw `run`/curves.png from its log."""
    from matplotlib.figure import Figure

    lines = [json.loads(line) for line in (run / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    if not lines:
        return
    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = figure.add_subplot(xlabel="notes seen, millions", ylabel="bits a note", title="livejam: training")
    axes.plot([x["notes"] / 1e6 for x in lines], [x["bits"] for x in lines], color="0.75", label="training, mixed")
    checked = [x for x in lines if "validation" in x]
    for corpus in sorted({name for x in checked for name in x["validation"]}):
        points = [(x["notes"] / 1e6, x["validation"][corpus]["total"]) for x in checked if corpus in x["validation"]]
        axes.plot(*zip(*points, strict=True), marker="o", markersize=3, label=corpus)
    axes.set_ylim(bottom=0, top=min(20.0, max(x["bits"] for x in lines)))
    axes.legend(fontsize=8, ncols=2)
    axes.grid(alpha=0.3)
    figure.savefig(run / "curves.png", dpi=130)


def provenance(settings: TrainingSettings, about: dict[str, object], pieces: Sequence[Piece]) -> dict[str, object]:
    return {
        "settings": asdict(settings),
        "weights": settings.weights,
        "dropping": asdict(settings.dropping),
        "corpora": about,
        "pieces": {split: sum(p.split == split for p in pieces) for split in ("train", "valid")},
        "livejam": __version__,
        "commit": _commit(),
        "torch": torch.__version__,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {torch.get_num_threads()} threads",
    }


def _commit() -> str:
    try:
        said = subprocess.run(
            ["git", "describe", "--always", "--dirty"], cwd=Path(__file__).parent, capture_output=True, text=True
        )
    except OSError:
        return "unknown"
    return said.stdout.strip() or "unknown"
