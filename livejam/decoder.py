"""The network at run time: hear notes, answer note by note, roll back, say how likely a phrase is.

All of onnxruntime is here. Two graphs share caches that are written in place (see `livejam.json`, the contract, and
ARCHITECTURE.md): hearing appends, rolling back sets a length, and when the buffer is full its newer part moves to the
front, so the cost of a note never grows. Ticks, no seconds. One thread at a time.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from livejam import tokenizer as tok
from livejam.contract import default_model, load_contract, read_model
from livejam.errors import ModelError
from livejam.notes import TickNote
from livejam.tokenizer import COLUMN, FIELDS, PREDICTED, Context

CHUNK = 128  # notes heard in one run
CACHES = ("past_", "heard_key", "heard_value")  # how the names of inputs begin that are caches
NOISE = sum(PREDICTED.values())
PART = {  # where each attribute lies in noise and bias
    name: slice(sum(list(PREDICTED.values())[:i]), sum(list(PREDICTED.values())[: i + 1]))
    for i, name in enumerate(PREDICTED)
}

Steer = Callable[[np.ndarray, int, int, int], None]  # bias (NOISE,), notes so far, ticks since the start, chord so far


@dataclass(frozen=True, slots=True)
class Sampling:
    """How an answer is drawn."""

    temperature: float = 1.0  # 0: always the likeliest
    min_p: float = 0.05  # what is less likely than this share of the likeliest is out
    bias: np.ndarray = field(default_factory=lambda: np.zeros(NOISE, np.float32))  # (NOISE,), added to the logits
    steer: Steer | None = None  # changes the bias before each step


class Decoder:
    """One network and its memory of a session."""

    def __init__(self, model: Path | None = None) -> None:
        """Load `model` (an .onnx with its .json beside it; None: the one that comes along).

        Raises:
            ModelError: a file is missing or damaged, or they do not belong together.
        """
        model = model or default_model()
        self.contract = load_contract(model)
        caches, graphs = self.contract["caches"], self.contract["graphs"]
        self._places = caches["heard"]  # notes
        self._memory: int = caches["memory"]  # notes that can be looked at
        self._reach = self._memory + 1  # notes kept: onnxruntime 1.23 hears with one more than 1.24 and later
        self._answer, self._hear = _Graph(model.parent, graphs["answer"]), _Graph(model.parent, graphs["hear"])
        heard = (1, caches["key_heads"], self._places, caches["head_width"])
        with_empty = (1, caches["key_heads"], self._places + 1, caches["head_width"])
        own = (1, caches["key_heads"], caches["answer"], caches["head_width"])
        self.longest_answer = caches["answer"]  # notes
        self._encoder_cache = {name: np.zeros(heard, np.float32) for name in self._hear.names("past_")}
        self._cross_cache = {name: np.zeros(heard, np.float32) for name in self._answer.names("heard_", "_")}
        self._view = {name: np.zeros(with_empty, np.float32) for name in self._cross_cache}  # its part an answer sees
        self._own_cache = {name: np.zeros(own, np.float32) for name in self._answer.names("past_")}
        self._answer.check({**self._view, **self._own_cache})
        self._hear.check(self._encoder_cache)
        self._slots = _answer_slots()
        self._results = _answer_results()
        self._bound = self._answer.bind({**self._slots, **self._view, **self._own_cache}, self._results)
        self._answering = 0  # number of the latest answer, or of what ended it
        self.restart()

    @property
    def sha256(self) -> str:
        """Hash of the answering graph, weights included."""
        return str(self.contract["graphs"]["answer"]["sha256"])

    @property
    def heard(self) -> int:
        """Notes heard since the start of the session; a mark to roll back to."""
        return self._base + len(self._notes)

    @property
    def phrase_end(self) -> float:
        """Probability that the phrase was over with the last note heard; 0 if there is none."""
        return self._ends[-1] if self._ends else 0.0

    def phrase_ends(self, count: int) -> list[float]:
        """Return that probability for each of the latest `count` notes that are still in the memory, oldest first."""
        return self._ends[-count:] if count else []

    def restart(self) -> None:
        """Forget everything."""
        self._base = 0  # number of the note in the first place of the buffers
        self._notes: list[TickNote] = []  # those in the buffers
        self._ends: list[float] = []  # for each, the probability that the phrase was over
        self._answering += 1

    def rollback(self, heard: int) -> None:
        """Forget what was heard after the mark `heard`. Free.

        Raises:
            ValueError: that is longer ago than the memory reaches.
        """
        if not self._base <= heard <= self.heard:
            raise ValueError(f"can roll back to {self._base}..{self.heard} notes, not {heard}")
        del self._notes[heard - self._base :], self._ends[heard - self._base :]
        self._answering += 1

    def hear(self, notes: Sequence[TickNote], context: Context, player: bool) -> None:
        """Append one phrase, sorted by onset, to the memory."""
        who = tok.PLAYER if player else tok.LIVEJAM
        rows = tok.encode(notes, context, who, self._last)
        chunk = min(CHUNK, self._places - self._reach)
        self._answering += 1
        for start in range(0, len(notes), chunk):
            self._hear_chunk(rows[start : start + chunk], notes[start : start + chunk])

    def answer(
        self, context: Context, sampling: Sampling, rng: np.random.Generator, start: int = 0
    ) -> Iterator[TickNote]:
        """Yield an answer to what was heard, one run of the network a note; ends when the network ends it.

        `start` (ticks) is where it begins if nothing was heard. Hearing more, rolling back, another answer or a score
        end it.
        """
        event, onset = self._begin(context, start)
        this, last, chord = self._answering, onset, 0
        for count in range(self.longest_answer):
            if self._answering != this:
                return
            bias = sampling.bias.copy()
            if sampling.steer:
                sampling.steer(bias, count, onset - last, chord)
            noise = rng.gumbel(size=NOISE) if sampling.temperature > 0 else 0.0
            event, next_onset = self._step(event, onset, count, context, sampling, noise, bias)
            if event[COLUMN["delta"]] == tok.END:
                return
            chord = chord + 1 if next_onset == onset else 1
            onset = next_onset
            yield _note(event, onset)

    def score(self, notes: Sequence[TickNote], context: Context) -> np.ndarray:
        """Return log2-probabilities (N + 1, 4) float64 of delta, pitch, length and velocity of an answer `notes`.

        The last row is the end of the answer: its delta, then zeros.

        Raises:
            ValueError: `notes` are too many for one answer.
        """
        if len(notes) >= self.longest_answer:
            raise ValueError(f"an answer has fewer than {self.longest_answer} notes, not {len(notes)}")
        rows = tok.encode(notes, context, tok.LIVEJAM, self._last)
        event, onset = self._begin(context, notes[0].onset if notes else 0)
        result = np.zeros((len(notes) + 1, len(PREDICTED)))
        plain = Sampling()
        for count, note in enumerate([*notes, None]):
            row = rows[count] if note else np.full(len(FIELDS), 0)
            force = [int(row[COLUMN[name]]) for name in PREDICTED] if note else [tok.END, 0, 0, 0]
            self._step(event, onset, count, context, plain, 0.0, plain.bias, force)
            result[count] = self._results["log_probability"][0] / np.log(2)
            if note:
                event, onset = row, note.onset
        result[-1, 1:] = 0
        return result

    @property
    def _last(self) -> TickNote | None:
        return self._notes[-1] if self._notes else None

    def _begin(self, context: Context, start: int) -> tuple[np.ndarray, int]:
        onset = self._last.onset if self._last else tok.start_onset(start, context.metre)
        slots, metre = self._slots, context.metre
        self._answering += 1
        slots["bar_line"][:] = metre.bar_line if metre else 0
        slots["bar_ticks"][:] = metre.bar_ticks if metre else 0
        seen = self._look_back()
        slots["heard"][:], slots["heard_total"][...] = seen, seen + 1
        return tok.start_event(self._last, onset, context), onset

    def _look_back(self) -> int:
        """Put the newest of what was heard, as far as an answer sees, where it looks; return how many notes."""
        heard = len(self._notes)
        seen = min(heard, self._memory)
        for name, view in self._view.items():
            view[:, :, :seen] = self._cross_cache[name][:, :, heard - seen : heard]
        return seen

    def _step(
        self, event: np.ndarray, onset: int, count: int, context: Context, sampling: Sampling,
        noise: np.ndarray | float, bias: np.ndarray, force: Sequence[int] = (-1, -1, -1, -1),
    ) -> tuple[np.ndarray, int]:  # fmt: skip
        """Run the network once; return the next event (len(FIELDS),) and its onset."""
        slots = self._slots
        slots["event"][0] = event
        slots["onset"][:], slots["order"][:] = onset, self.heard - 1 + count
        slots["last"][:], slots["total"][...] = count, count + 1
        slots["noise"][:], slots["bias"][:] = noise, bias
        slots["temperature"][:] = sampling.temperature or 1.0
        slots["log_min_p"][:] = np.log(max(sampling.min_p, 1e-9))
        slots["force"][:] = force
        self._answer.run(self._bound)
        return self._results["next_event"][0].copy(), int(self._results["next_onset"][0, 0])

    def _hear_chunk(self, rows: np.ndarray, notes: Sequence[TickNote]) -> None:
        n = len(rows)
        self._make_room(n)
        start = len(self._notes)
        feeds = {
            "events": rows[None],
            "onset": np.array([[note.onset for note in notes]]),
            "order": self.heard + np.arange(n)[None],
            "last": np.array([start + n - 1], np.int32),
            "total": np.array(start + n, np.int32),
        }
        fresh = self._hear.run_once(feeds, self._encoder_cache)
        for name, cache in self._cross_cache.items():
            cache[:, :, start : start + n] = fresh[name]
        self._notes.extend(notes)
        self._ends.extend(fresh["phrase_end"][0].tolist())

    def _make_room(self, n: int) -> None:
        """Slide: when `n` more do not fit, the newest of what was heard moves to the front."""
        if len(self._notes) + n <= self._places:
            return
        keep = min(self._reach, len(self._notes))
        gone = len(self._notes) - keep
        for cache in (*self._encoder_cache.values(), *self._cross_cache.values()):
            cache[:, :, :keep] = cache[:, :, gone : gone + keep].copy()
        del self._notes[:gone], self._ends[:gone]
        self._base += gone


class _Graph:
    """One ONNX graph, loaded and checked; caches are bound once and written in place."""

    def __init__(self, folder: Path, described: Mapping[str, Any]) -> None:
        self.path = path = folder / described["file"]
        data = read_model(path)
        if hashlib.sha256(data).hexdigest() != described["sha256"]:
            raise ModelError(
                f"{path} is not the network its .json describes (truncated, or mixed up); export both anew"
            )
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        try:
            self.session = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise ModelError(f"{path} can't be loaded: {str(error).splitlines()[0]}") from error
        self.inputs, self.outputs = described["inputs"], described["outputs"]
        own = [[node.name for node in nodes] for nodes in (self.session.get_inputs(), self.session.get_outputs())]
        if own != [self.inputs, self.outputs]:
            raise ModelError(f"{path} has other inputs or outputs than its .json says; export both anew")

    def check(self, caches: Mapping[str, np.ndarray]) -> None:
        """Refuse `caches` that are not the graph's own in name and size."""
        ours = {name: list(array.shape[1:]) for name, array in caches.items()}
        its = {node.name: node.shape[1:] for node in self.session.get_inputs() if node.name.startswith(CACHES)}
        if ours != its:
            raise ModelError(f"{self.path} has caches of other sizes than its .json says; export both anew")

    def names(self, prefix: str, then: str = "") -> list[str]:
        """Return the names of the inputs that are caches: `prefix`, then key or value."""
        return [name for name in self.inputs if name.startswith((f"{prefix}key{then}", f"{prefix}value{then}"))]

    def bind(self, inputs: Mapping[str, np.ndarray], results: Mapping[str, np.ndarray]) -> ort.IOBinding:
        """Bind arrays for good; every cache among `inputs` is its own output."""
        binding = self.session.io_binding()
        for name, array in inputs.items():
            value = ort.OrtValue.ortvalue_from_numpy(array)
            binding.bind_ortvalue_input(name, value)
            written = name.replace("past_", "present_").replace("heard_", "kept_")
            if written != name and written in self.outputs:
                binding.bind_ortvalue_output(written, value)
        for name, array in results.items():
            binding.bind_ortvalue_output(name, ort.OrtValue.ortvalue_from_numpy(array))
        return binding

    def run(self, binding: ort.IOBinding) -> None:
        """Run once; results are in the bound arrays."""
        self.session.run_with_iobinding(binding)

    def run_once(self, feeds: Mapping[str, np.ndarray], caches: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Run with inputs of any length; return the outputs that are not caches."""
        binding = self.bind({**feeds, **caches}, {})
        fresh = [name for name in self.outputs if not name.startswith("present_")]
        for name in fresh:
            binding.bind_output(name)
        self.run(binding)
        values = binding.get_outputs()  # in the order in which they were bound
        return {name: value.numpy() for name, value in zip(fresh, values[-len(fresh) :], strict=True)}


def _note(event: np.ndarray, onset: int) -> TickNote:
    return TickNote(
        onset,
        int(event[COLUMN["pitch"]]),
        tok.LENGTH_TICKS[int(event[COLUMN["length"]])],
        tok.velocity_of(int(event[COLUMN["velocity"]])),
    )


def _answer_slots() -> dict[str, np.ndarray]:
    """Return the arrays from which a step of the answer reads; shapes as in livejam.training.export."""
    return {
        "event": np.zeros((1, len(FIELDS)), np.int64),
        "onset": np.zeros((1, 1), np.int64),
        "order": np.zeros((1, 1), np.int64),
        "bar_line": np.zeros(1, np.int64),
        "bar_ticks": np.zeros(1, np.int64),
        "noise": np.zeros((1, NOISE), np.float32),
        "bias": np.zeros((1, NOISE), np.float32),
        "temperature": np.ones((1, len(PREDICTED)), np.float32),
        "log_min_p": np.zeros((1, 1), np.float32),
        "force": np.full((1, len(PREDICTED)), -1, np.int64),
        "last": np.zeros(1, np.int32),
        "total": np.zeros((), np.int32),
        "heard": np.zeros(1, np.int32),
        "heard_total": np.zeros((), np.int32),
    }


def _answer_results() -> dict[str, np.ndarray]:
    return {
        "next_event": np.zeros((1, len(FIELDS)), np.int64),
        "next_onset": np.zeros((1, 1), np.int64),
        "log_probability": np.zeros((1, len(PREDICTED)), np.float32),
    }
