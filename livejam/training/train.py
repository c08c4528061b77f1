"""The training loop: batches in, checkpoints, a log and curves out.

A run lives in one folder: `settings.json` (settings, seed, corpora, code version), `log.jsonl`, `curves.png`,
`checkpoint.pt`. An encoder-decoder begins as a decoder alone, see `model`. A run that resumes on a CPU goes on exactly
as if it had never stopped: batches depend on seed and step, and the state of the random generator travels with the
weights; on an accelerator, what dropout takes is drawn anew.
Matrices are trained with Muon (Jordan et al. 2024), the rest with AdamW (Loshchilov and Hutter 2019, 1711.05101); the
rate warms up, stays, and falls linearly at the end (Hu et al. 2024, 2404.06395), of the steps or of the time there is.
With the time, how far it comes depends on the machine, and so does the end of the schedule.
"""

import copy
import ctypes
import itertools
import json
import math
import os
import platform
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn

from livejam.errors import FileError, LivejamError
from livejam.pieces import FILE_NAME, Role, load_pieces
from livejam.tokenizer import PREDICTED
from livejam.training.batches import Sampler, consecutive, in_spans
from livejam.training.checkpoints import TrainingSettings, first_line, load_checkpoint, load_weights
from livejam.training.data import ROLE_WEIGHTS, WEIGHTS, Stream, streams
from livejam.training.ensemble import Band, bands
from livejam.training.model import Batch, Foreteller, Network, grow
from livejam.training.prepare import prepare
from livejam.training.records import begun_before, draw_curves, forget_after, weights_begun_with, write_provenance
from livejam.training.steps import WholeSteps
from livejam.training.stopwatch import Stopwatch
from livejam.training.variants import build

MUSIC = "music"  # folder in that of the run: what is prepared on the way
WORKERS = 12  # processes that make batches for an accelerator, at most


def train(
    data: Path,
    run: Path,
    settings: TrainingSettings,
    *,
    device: str = "auto",
    resume: bool = False,
    init: Path | None = None,
    stop_after: int | None = None,
    report: Callable[[dict[str, Any]], None] = lambda _: None,
    clock: Callable[[], float] = time.monotonic,
) -> Path:
    """Train on `data`, prepared music or any; leave everything in `run`; return the checkpoint's path.

    Music that is not prepared, such as a folder of MIDI files, is prepared into `run`/music first. A new run begins
    with the weights in `init`, whose sizes `settings` must have, or with random ones. `clock` (seconds) says how long
    training has taken.

    Raises:
        FileError: there is too little music, no such weights, or `run` cannot be begun or resumed.
        LivejamError: there is no such device.
    """
    use_big_pages_of_memory()
    checkpoint, hardware = run / "checkpoint.pt", _device(device)
    if checkpoint.exists() and not resume:
        raise FileError(f"{run} holds a run already; go on with it with --resume, or name another folder")
    pieces, about = load_pieces(prepared(data, run, resume))
    music = {split: streams([p for p in pieces if p.split == split]) for split in ("train", "valid")}
    _check(music, data, settings)
    band = {split: bands([p for p in pieces if p.split == split]) for split in music} if settings.accompany else {}
    trainer = Trainer(music, settings, hardware, clock, band)
    if resume:
        trainer.load(checkpoint)
    elif init:
        trainer.begin_with(init)
    begun_with = weights_begun_with(init) if init else begun_before(run) if resume else None
    write_provenance(run, settings, about, pieces, begun_with)
    forget_after(run, trainer.step)
    try:
        trainer.run(run, stop_after, report)
    finally:
        trainer.save(checkpoint)
        draw_curves(run)
    return checkpoint


def prepared(data: Path, run: Path, resume: bool) -> Path:
    """Return the folder of the prepared music that `data` is, or is made into.

    Raises:
        FileError: nothing in it can be read.
    """
    made = run / MUSIC
    if (data / FILE_NAME).exists():
        return data
    if not (resume and (made / FILE_NAME).exists()):
        prepare(data, made)
    return made


class Trainer:
    """A network, the average of its weights, its optimisers and its step count."""

    def __init__(
        self, music: dict[str, list[Stream]], settings: TrainingSettings, device: torch.device,
        clock: Callable[[], float] = time.monotonic, band: Mapping[str, Sequence[Band]] | None = None,
    ) -> None:  # fmt: skip
        band = band or {}
        torch.manual_seed(settings.seed)
        self.settings, self.device, self.step, self.notes_seen, self.seconds = settings, device, 0, 0, 0.0
        self.stopwatch = Stopwatch(clock)
        self.network = build(settings.network).to(device)
        self.average = copy.deepcopy(self.network).eval()
        self.alone = settings.alone > 0 and isinstance(self.network, Network)
        self.sampler = Sampler(
            music["train"], settings.weights, settings.seed, settings.rows, settings.network.memory, settings.dropping,
            band.get("train", ()), settings.accompany,
        )  # fmt: skip
        self.bands = list(band.get("valid", ()))
        self.validation = [stream for stream in music["valid"] if stream.role not in ROLE_WEIGHTS]
        self.optimisers = _optimisers(self.network, settings)

    def begin_with(self, init: Path) -> None:
        """Take over the weights in `init`.

        Raises:
            FileError: there are none, or they are of another kind.
        """
        try:
            for network in (self.network, self.average):
                network.load_state_dict(load_weights(init)[1])
        except RuntimeError as error:
            raise FileError(f"{init} holds the weights of another network ({first_line(error)}); train anew") from None

    def run(self, folder: Path, stop_after: int | None, report: Callable[[dict[str, Any]], None]) -> None:
        """Train to the end, or up to step `stop_after`, logging to `folder`. Ctrl-C ends it after a whole step."""
        with open(folder / "log.jsonl", "a", encoding="utf-8") as log, WholeSteps() as steps:
            batches = self._batches()
            while not self._over(stop_after):
                line = self.train_step(next(batches))
                if self.step % self.settings.validate_every == 0 or self._over(stop_after):
                    line["validation"] = self._timed("validate", self.validate)
                if self.step % 10 == 0 or "validation" in line:
                    log.write(json.dumps(line) + "\n")
                    log.flush()
                if self.step % self.settings.checkpoint_every == 0:
                    self._timed("save", lambda: self.save(folder / "checkpoint.pt"))
                report(line)
                steps.check()

    def _over(self, stop_after: int | None) -> bool:
        return self.progress() >= 1 or (stop_after is not None and self.step >= stop_after)

    def _timed(self, kind: str, work: Callable[[], Any]) -> Any:
        """Return what `work` of that kind does, and count its seconds."""
        began = self.stopwatch.now()
        try:
            return work()
        finally:
            self.seconds += self.stopwatch.since(began, kind)

    def _batches(self) -> Iterator[Batch]:
        """Yield the batches from this step on; other processes make them where an accelerator would wait for them."""
        if self.device.type == "cpu":
            while True:
                yield self.sampler.batch(self.step)
        workers = max(1, min(WORKERS, (os.cpu_count() or 1) - 1))
        steps = itertools.count(self.step)
        loader = torch.utils.data.DataLoader(
            _Drawn(self.sampler), batch_size=None, sampler=steps, num_workers=workers, prefetch_factor=8,
            worker_init_fn=_leave_interrupts_to_us,
        )  # fmt: skip
        yield from loader

    def train_step(self, batch: Batch) -> dict[str, Any]:
        """Take one step; return its figures: bits a note and the like."""
        began = self.stopwatch.now()
        if self.alone and self.progress() >= self.settings.alone:
            self._grow()
        self.network.train()
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = group["peak"] * self.rate_share()
            optimiser.zero_grad()
        sums = self._losses(self.network, batch)
        notes = sums["notes"].clamp(min=1)
        answer = sum(sums[name] for name in PREDICTED) / notes
        ahead = sums["ahead"] / sums["ahead_notes"].clamp(min=1)
        end = sums["end"] / sums["end_notes"].clamp(min=1)
        loss = answer + self.settings.ahead * ahead + self.settings.phrase_end * end
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        for optimiser in self.optimisers:
            optimiser.step()
        self._take_average()
        self.step += 1
        self.notes_seen += int(notes)
        seconds = self.stopwatch.since(began, "step")
        self.seconds += seconds
        return {
            "step": self.step, "bits": answer.item() / math.log(2), "ahead": ahead.item() / math.log(2),
            "end": end.item(), "norm": norm.item(), "rate": self.rate_share(), "notes": self.notes_seen,
            "notes_per_second": int(notes) / seconds, "seconds": self.seconds, "done": min(1.0, self.progress()),
        }  # fmt: skip

    def _grow(self) -> None:
        """Let the encoder begin."""
        self.alone = False
        for network in (self.network, self.average):
            grow(cast("Network", network))

    def progress(self) -> float:
        """Return which share of the run is done, of its steps or of its time."""
        s = self.settings
        return self.seconds / (60 * s.minutes) if s.minutes else self.step / s.steps

    def rate_share(self) -> float:
        """Return the learning rate of this step as a share of its peak."""
        s = self.settings
        falling = (1 - self.progress()) / max(s.decay, 1e-9)
        return max(0.0, min(1.0, (self.step + 1) / s.warm_up, falling))

    @torch.no_grad()
    def _take_average(self) -> None:
        """Let the averaged weights follow; at first, while there is little to average, faster."""
        keep = min(self.settings.average, (1 + self.step) / (10 + self.step)) if self.settings.average else 0.0
        torch._foreach_lerp_(list(self.average.parameters()), list(self.network.parameters()), 1 - keep)

    @torch.no_grad()
    def validate(self) -> dict[str, dict[str, float]]:
        """Return bits a note of each attribute, for each corpus of the validation split, with averaged weights."""
        s, result = self.settings, {}
        size = s.rows, s.network.memory, s.validation_notes
        for corpus in sorted({stream.corpus for stream in self.validation}):
            music = [stream for stream in self.validation if stream.corpus == corpus]
            result[corpus] = self._bits(consecutive(music, *size, seed=0))
        for corpus in sorted({band.corpus for band in self.bands}):
            playing = [band for band in self.bands if band.corpus == corpus]
            result[f"{corpus}, band"] = self._bits(in_spans(playing, *size, seed=0))
        return {corpus: bits for corpus, bits in result.items() if bits["notes"] > 1}

    def _bits(self, batches: Iterator[Batch]) -> dict[str, float]:
        """Return bits a note of each attribute, with averaged weights."""
        sums: dict[str, float] = {}
        for batch in batches:
            for name, value in self._losses(self.average, batch).items():
                sums[name] = sums.get(name, 0.0) + float(value)
        notes = max(1.0, sums.get("notes", 0.0))
        bits = {name: sums.get(name, 0.0) / notes / math.log(2) for name in PREDICTED}
        return {**bits, "total": sum(bits.values()), "notes": notes}

    def save(self, path: Path) -> None:
        """Write everything that resuming needs; the file is never half written."""
        state = {
            "settings": asdict(self.settings), "alone": self.alone,
            "step": self.step, "notes": self.notes_seen, "seconds": self.seconds,
            "network": self.network.state_dict(), "average": self.average.state_dict(),
            "optimisers": [o.state_dict() for o in self.optimisers],
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
        self.average.load_state_dict(state["average"])
        for optimiser, saved in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        self.alone = state["alone"]
        self.step, self.notes_seen, self.seconds = state["step"], state["notes"], state["seconds"]
        torch.set_rng_state(state["random"])

    def _losses(self, network: Foreteller, batch: Batch) -> dict[str, torch.Tensor]:
        with torch.autocast(self.device.type, torch.bfloat16):
            return network.losses(_to(batch, self.device), self.alone)


class _Drawn(torch.utils.data.Dataset[Batch]):
    """The batches of a sampler, by step."""

    def __init__(self, sampler: Sampler) -> None:
        self.sampler = sampler

    def __getitem__(self, step: int) -> Batch:
        return self.sampler.batch(step)


def _leave_interrupts_to_us(worker: int) -> None:
    """Let a process that makes batches go on when Ctrl-C is pressed, until the step is done."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def use_big_pages_of_memory() -> None:
    """Keep freed memory instead of giving it back after each step: 1.6 times as fast with glibc, as measured."""
    if platform.system() == "Linux" and platform.libc_ver()[0] == "glibc":
        trim, top_pad, mmap_threshold = -1, -2, -3
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(mmap_threshold, 32 << 20)
        mallopt(trim, (1 << 31) - 1)
        mallopt(top_pad, 256 << 20)


def _optimisers(network: Foreteller, settings: TrainingSettings) -> list[torch.optim.Optimizer]:
    hidden = ("encoder.", "decoder.", "lstm.") if settings.muon else ()
    matrices = [w for name, w in network.named_parameters() if w.ndim == 2 and name.startswith(hidden)]
    chosen = {id(w) for w in matrices}
    rest = [w for w in network.parameters() if id(w) not in chosen]
    decayed, plain = [w for w in rest if w.ndim > 1], [w for w in rest if w.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": settings.weight_decay}, {"params": plain, "weight_decay": 0.0}]
    optimisers: list[torch.optim.Optimizer] = [torch.optim.AdamW(groups, lr=settings.rate, betas=(0.9, 0.97))]
    if matrices:
        muon = torch.optim.Muon(
            matrices, lr=settings.matrix_rate, weight_decay=settings.weight_decay, adjust_lr_fn="match_rms_adamw"
        )
        optimisers.insert(0, muon)
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["peak"] = group["lr"]
    return optimisers


def _check(music: dict[str, list[Stream]], data: Path, settings: TrainingSettings) -> None:
    there = {stream.corpus for stream in music["train"]}
    unknown = sorted(set(settings.weights) - there - set(WEIGHTS))
    if unknown:
        known = ", ".join(sorted(there))
        raise FileError(f"a weight is given for {unknown[0]!r}, which is not in {data}; there are: {known}")
    phrases = sum(len(stream.starts) - 1 for stream in music["train"])
    if phrases < 2:
        raise FileError(f"{data} has too little music to train on: {phrases} phrases in parts of 16 notes or more")
    if not any(settings.weights.get(name, 1.0) for name in there):
        raise FileError(f"no corpus in {data} is to be heard; give one a weight: --weight {min(there)}=1")
    if all(stream.role == Role.DRUMS for stream in music["train"]):
        raise FileError(f"{data} has only drums, which no one can be answered with; add parts that have pitches")


def _device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:
        raise LivejamError(f"PyTorch can't train on {name!r} here ({first_line(error)}); cpu always works") from None


def _to(batch: Batch, device: torch.device) -> Batch:
    def moved(value: Any) -> Any:
        if isinstance(value, tuple):
            return type(value)(*(part.to(device, non_blocking=True) for part in value))
        return value.to(device, non_blocking=True)

    return Batch(*(moved(value) for value in batch)) if device.type != "cpu" else batch
