"""The training loop: batches in, checkpoints, a log and curves out.

A run lives in one folder: `settings.json` (settings, seed, corpora, code version), `log.jsonl`, `curves.png`,
`checkpoint.pt`. A run that resumes goes on exactly as if it had never stopped: batches depend on seed and step, and the
state of the random generator travels with the weights. Matrices are trained with Muon (Jordan et al. 2024), the rest
with AdamW (Loshchilov and Hutter 2019, 1711.05101); the rate warms up, stays, and falls linearly at the end
(Hu et al. 2024, 2404.06395).
"""

import ctypes
import json
import math
import os
import platform
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import torch
from torch import nn

from livejam import __version__
from livejam.errors import FileError
from livejam.pieces import Piece, load_pieces
from livejam.tokenizer import PREDICTED
from livejam.training.data import ROLE_WEIGHTS, WEIGHTS, Dropping, Sampler, Stream, consecutive, streams
from livejam.training.model import Batch, Network, NetworkSettings, Places, Targets


@dataclass(frozen=True)
class TrainingSettings:
    """Everything that makes a run what it is, but for the music."""

    network: NetworkSettings = field(default_factory=NetworkSettings)
    steps: int = 6000
    rows: int = 16  # packed rows a step
    matrix_rate: float = 0.004  # Muon
    rate: float = 0.002  # AdamW
    weight_decay: float = 0.05
    warm_up: int = 200  # steps
    decay: float = 0.35  # share of the steps in which the rate falls to nothing
    ahead: float = 0.2  # weight of the encoder's own guess of the next note
    phrase_end: float = 0.2  # weight of its guess that the phrase is over
    validate_every: int = 500  # steps
    validation_notes: int = 12_000  # a corpus
    checkpoint_every: int = 250  # steps
    seed: int = 1


def train(
    data: Path,
    run: Path,
    settings: TrainingSettings,
    *,
    device: str = "auto",
    resume: bool = False,
    stop_after: int | None = None,
    report: Callable[[dict[str, float]], None] = lambda _: None,
) -> Path:
    """Train on the prepared corpus in `data`; leave everything in `run`; return the checkpoint's path.

    Raises:
        FileError: there is too little music, or `run` cannot be begun or resumed.
    """
    use_big_pages_of_memory()
    pieces, about = load_pieces(data)
    music = {split: streams([p for p in pieces if p.split == split]) for split in ("train", "valid")}
    _check(music, data)
    trainer = Trainer(music, settings, _device(device))
    checkpoint = run / "checkpoint.pt"
    if resume:
        trainer.load(checkpoint)
    elif checkpoint.exists():
        raise FileError(f"{run} holds a run already; go on with it with --resume, or name another folder")
    run.mkdir(parents=True, exist_ok=True)
    _write_json(run / "settings.json", _provenance(settings, about, pieces))
    try:
        trainer.run(run, stop_after or settings.steps, report)
    finally:
        trainer.save(checkpoint)
        draw_curves(run)
    return checkpoint


class Trainer:
    """A network, its optimisers and its step count."""

    def __init__(self, music: dict[str, list[Stream]], settings: TrainingSettings, device: torch.device) -> None:
        torch.manual_seed(settings.seed)
        self.settings, self.device, self.step, self.notes_seen, self.seconds = settings, device, 0, 0, 0.0
        self.network = Network(settings.network).to(device)
        self.sampler = Sampler(
            music["train"], WEIGHTS, settings.seed, settings.rows, settings.network.memory, Dropping()
        )
        self.validation = [stream for stream in music["valid"] if stream.role not in ROLE_WEIGHTS]
        self.optimisers = _optimisers(self.network, settings)

    def run(self, folder: Path, until: int, report: Callable[[dict[str, float]], None]) -> None:
        """Train up to step `until`, logging to `folder`."""
        with open(folder / "log.jsonl", "a") as log:
            while self.step < until:
                line = self.train_step()
                done = self.step == until
                if self.step % self.settings.validate_every == 0 or done:
                    line["validation"] = self.validate()
                if self.step % 10 == 0 or done:
                    log.write(json.dumps(line) + "\n")
                    log.flush()
                if self.step % self.settings.checkpoint_every == 0:
                    self.save(folder / "checkpoint.pt")
                report(line)

    def train_step(self) -> dict[str, float]:
        """Take one step; return its figures: bits a note and the like."""
        began = time.monotonic()
        self.network.train()
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = group["peak"] * self.rate_share()
            optimiser.zero_grad()
        sums = self._losses(self.sampler.batch(self.step))
        notes = sums["notes"].clamp(min=1)
        answer = sum(sums[name] for name in PREDICTED) / notes
        ahead = sums["ahead"] / sums["ahead_notes"].clamp(min=1)
        end = sums["end"] / sums["end_notes"].clamp(min=1)
        loss = answer + self.settings.ahead * ahead + self.settings.phrase_end * end
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        for optimiser in self.optimisers:
            optimiser.step()
        self.step += 1
        self.notes_seen += int(notes)
        seconds = time.monotonic() - began
        self.seconds += seconds
        return {
            "step": self.step, "bits": answer.item() / math.log(2), "ahead": ahead.item() / math.log(2),
            "end": end.item(), "norm": norm.item(), "rate": self.rate_share(), "notes": self.notes_seen,
            "notes_per_second": int(notes) / seconds, "seconds": self.seconds,
        }  # fmt: skip

    def rate_share(self) -> float:
        """Return the learning rate of this step as a share of its peak."""
        s = self.settings
        falling = (s.steps - self.step) / max(1, int(s.decay * s.steps))
        return max(0.0, min(1.0, (self.step + 1) / s.warm_up, falling))

    @torch.no_grad()
    def validate(self) -> dict[str, dict[str, float]]:
        """Return bits a note of each attribute, for each corpus of the validation split."""
        self.network.eval()
        s, result = self.settings, {}
        for corpus in sorted({stream.corpus for stream in self.validation}):
            music = [stream for stream in self.validation if stream.corpus == corpus]
            sums: dict[str, float] = {}
            for batch in consecutive(music, s.rows, s.network.memory, s.validation_notes, seed=0):
                for name, value in self._losses(batch).items():
                    sums[name] = sums.get(name, 0.0) + float(value)
            notes = max(1.0, sums.get("notes", 0.0))
            bits = {name: sums[name] / notes / math.log(2) for name in PREDICTED}
            result[corpus] = {**bits, "total": sum(bits.values()), "notes": notes}
        return result

    def save(self, path: Path) -> None:
        """Write everything that resuming needs; the file is never half written."""
        state = {
            "settings": asdict(self.settings), "step": self.step, "notes": self.notes_seen, "seconds": self.seconds,
            "network": self.network.state_dict(), "optimisers": [o.state_dict() for o in self.optimisers],
            "random": torch.get_rng_state(),
        }  # fmt: skip
        part = path.with_suffix(".part")
        torch.save(state, part)
        os.replace(part, path)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint.

        Raises:
            FileError: there is none, or it belongs to a network of another size.
        """
        state = load_checkpoint(path)
        if state["settings"]["network"] != asdict(self.settings.network):
            raise FileError(f"{path} holds a network of {state['settings']['network']}; resume with the same sizes")
        self.network.load_state_dict(state["network"])
        for optimiser, saved in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        self.step, self.notes_seen, self.seconds = state["step"], state["notes"], state["seconds"]
        torch.set_rng_state(state["random"])

    def _losses(self, batch: Batch) -> dict[str, torch.Tensor]:
        with torch.autocast(self.device.type, torch.bfloat16):
            return self.network.losses(_to(batch, self.device))


def chosen_settings(run: Path, resume: bool, given: dict[str, int]) -> TrainingSettings:
    """Return the settings of a run: its own if it resumes, with what is given put in their place.

    Raises:
        FileError: `run` can't be resumed, or a width does not fit.
    """
    settings = TrainingSettings()
    if resume:
        saved = load_checkpoint(run / "checkpoint.pt")["settings"]
        settings = TrainingSettings(**{**saved, "network": NetworkSettings(**saved["network"])})
    width = given.pop("width", settings.network.width)
    if width % settings.network.head_width:
        raise FileError(
            f"a width of {width} can't be cut into heads of {settings.network.head_width}; 128, 256, 384 can"
        )
    if width != settings.network.width:
        hidden = round(width * 2.75 / 32) * 32
        key_heads = max(1, width // settings.network.head_width // 2)
        network = replace(settings.network, width=width, hidden=hidden, key_heads=key_heads)
        settings = replace(settings, network=network)
    return replace(settings, **given)


def load_checkpoint(path: Path) -> dict:
    """Return a checkpoint's state.

    Raises:
        FileError: there is none, or it is damaged.
    """
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise FileError(f"no checkpoint at {path}; begin a run with: livejam train DATA -o {path.parent}") from None
    except Exception as error:
        raise FileError(f"{path} is no checkpoint of livejam: {str(error).splitlines()[0]}") from error


def load_network(path: Path) -> tuple[Network, dict]:
    """Return the network in a checkpoint, ready to be used, and the checkpoint's state."""
    state = load_checkpoint(path)
    network = Network(NetworkSettings(**state["settings"]["network"]))
    network.load_state_dict(state["network"])
    return network.eval(), state


def draw_curves(run: Path) -> None:
    """Draw `run`/curves.png from its log."""
    from matplotlib.figure import Figure

    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
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


def use_big_pages_of_memory() -> None:
    """Keep freed memory instead of giving it back after each step: 1.6 times as fast with glibc, as measured."""
    if platform.system() == "Linux" and platform.libc_ver()[0] == "glibc":
        trim, top_pad, mmap_threshold = -1, -2, -3
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(mmap_threshold, 32 << 20)
        mallopt(trim, (1 << 31) - 1)
        mallopt(top_pad, 256 << 20)


def _optimisers(network: Network, settings: TrainingSettings) -> list[torch.optim.Optimizer]:
    hidden = ("encoder.", "decoder.")
    matrices = [w for name, w in network.named_parameters() if w.ndim == 2 and name.startswith(hidden)]
    chosen = {id(w) for w in matrices}
    rest = [w for w in network.parameters() if id(w) not in chosen]
    decayed, plain = [w for w in rest if w.ndim > 1], [w for w in rest if w.ndim <= 1]
    muon = torch.optim.Muon(
        matrices, lr=settings.matrix_rate, weight_decay=settings.weight_decay, adjust_lr_fn="match_rms_adamw"
    )
    groups = [{"params": decayed, "weight_decay": settings.weight_decay}, {"params": plain, "weight_decay": 0.0}]
    adamw = torch.optim.AdamW(groups, lr=settings.rate, betas=(0.9, 0.97))
    for optimiser in (muon, adamw):
        for group in optimiser.param_groups:
            group["peak"] = group["lr"]
    return [muon, adamw]


def _check(music: dict[str, list[Stream]], data: Path) -> None:
    phrases = sum(len(stream.starts) - 1 for stream in music["train"])
    if phrases < 2:
        raise FileError(f"{data} has too little music to train on: {phrases} phrases in parts of 16 notes or more")


def _device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def _to(batch: Batch, device: torch.device) -> Batch:
    def moved(value: object) -> object:
        if isinstance(value, Places | Targets):
            return type(value)(*(part.to(device) for part in value))
        return value.to(device)  # type: ignore[attr-defined]

    return Batch(*(moved(value) for value in batch)) if device.type != "cpu" else batch


def _provenance(settings: TrainingSettings, about: dict[str, object], pieces: Sequence[Piece]) -> dict[str, object]:
    return {
        "settings": asdict(settings),
        "weights": WEIGHTS,
        "dropping": asdict(Dropping()),
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


def _write_json(path: Path, value: Iterable) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
