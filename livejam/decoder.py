"""The network at run time: hear notes, answer note by note, roll back, say how likely a phrase is.

Two graphs share caches that are written in place (see `livejam.json`, the contract, and ARCHITECTURE.md): hearing
appends, rolling back sets a length, and when the buffer is full its newer part moves to the front, so the cost of a
note never grows. Several answers can be made up at once, in one batch. Ticks, no seconds. One thread at a time.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from livejam import tokenizer as tok
from livejam.contract import CHART_PLACES, CHART_TICKS, default_model, load_contract
from livejam.controls import CONTROL, OF_THE_CALL, Wish
from livejam.errors import ModelError
from livejam.notes import TickNote
from livejam.pieces import Style
from livejam.rows import HEARS, NOISE, Lack, Rows
from livejam.runtime import Graph
from livejam.tokenizer import COLUMN, FIELDS, PREDICTED, Context

CHUNK = 128  # notes heard in one run
NO_ROWS = slice(0, 0)
CALL_COLUMNS = [CONTROL[name] for name in OF_THE_CALL]
PART = {  # where each attribute lies in noise and bias
    name: slice(sum(list(PREDICTED.values())[:i]), sum(list(PREDICTED.values())[: i + 1]))
    for i, name in enumerate(PREDICTED)
}

# Given bias (NOISE,), notes so far, ticks since the start, chord so far, and ticks from the start to the first note.
Steer = Callable[[np.ndarray, int, int, int, int | None], None]


# Given a note as it was made up, returns a bias of its pitch (128,) with which to make it up anew there, or None.
Mend = Callable[[TickNote], np.ndarray | None]


@dataclass(frozen=True, slots=True)
class Phrase:
    """Notes that belong together, as they are heard."""

    notes: tuple[TickNote, ...]  # by onset
    context: Context
    player: bool  # False: livejam's own
    last: TickNote | None  # the note before, of the same part


@dataclass(frozen=True, slots=True)
class Entry:
    """Where an answer sets out that does not follow the note heard last."""

    onset: int  # ticks, from where its first note is awaited, and its beats are counted
    last: TickNote | None  # the note before, of the same part


@dataclass(frozen=True, slots=True)
class Sampling:
    """How an answer is drawn."""

    temperature: float = 1.0  # 0: always the likeliest
    min_p: float = 0.05  # what is less likely than this share of the likeliest is out
    bias: np.ndarray = field(default_factory=lambda: np.zeros(NOISE, np.float32))  # (NOISE,), added to the logits
    steer: Steer | None = None  # changes the bias before each step
    follow: float = 1.0  # 0: as if there were no call, 1: as the network will, more: closer to the call
    insist: float = 1.0  # likewise on a wish and chords: 1: as the network will, more: closer to them
    idiom: float = 0.0  # how often over is added what the style would change if nothing were heard
    mend: Mend | None = None  # may have a note made up anew, at the same place


@dataclass(slots=True)
class Candidate:
    """An answer in the making."""

    notes: list[TickNote] = field(default_factory=list)
    likelihood: float = 0.0  # log-probability so far, nats
    without_call: float = 0.0  # the same, had nothing been heard; 0 where that is not compared
    over: bool = False
    chord: int = 0  # notes so far at the latest onset

    @property
    def gain(self) -> float:
        """How much likelier it is for the call, in nats: what an answer owes to it, all in all."""
        return self.likelihood - self.without_call

    @property
    def surprise(self) -> float:
        """How unlikely it is, in nats a note (the end counts as one)."""
        return -self.likelihood / max(1, len(self.notes) + self.over)

    def take(self, event: np.ndarray, onset: int, found: tuple[np.ndarray, np.ndarray | None]) -> None:
        """Go on with what the network has made up, which is so likely with the call and without."""
        self.over = event[COLUMN["delta"]] == tok.END
        said = slice(0, 1) if self.over else slice(None)  # an end has no pitch
        self.likelihood += float(found[0][said].sum())
        self.without_call += 0.0 if found[1] is None else float(found[1][said].sum())
        if not self.over:
            self.chord = self.chord + 1 if self.notes and onset == self.notes[-1].onset else 1
            self.notes.append(_note(event, onset))


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
        self._answer, self._hear = Graph(model.parent, graphs["answer"]), Graph(model.parent, graphs["hear"])
        self.longest_answer = caches["answer"]  # notes
        heard = (caches["key_heads"], self._places, caches["head_width"])
        self._row = (caches["key_heads"], self._memory + self.longest_answer, caches["head_width"])
        self._hear.check(heard)
        self._answer.check(self._row)
        if not set(self._answer.caches) <= set(self._hear.caches):
            raise ModelError(f"{model} looks at caches that nothing is heard into; export the network anew")
        self._cache = {name: np.zeros((1, *heard), np.float32) for name in self._hear.caches}
        self._answer_cache: dict[str, np.ndarray] = {}  # for all rows: only one set of them is in use at a time
        self._kept_rows: dict[tuple[int, frozenset[Lack]], Rows] = {}  # by number of answers and what rows lack
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
        self.hear_phrases([Phrase(tuple(notes), context, player, self._last)])

    def hear_phrases(self, phrases: Sequence[Phrase]) -> None:
        """Append phrases to the memory, one after the other."""
        self._answering += 1
        whose = ((tok.PLAYER if phrase.player else tok.LIVEJAM, phrase) for phrase in phrases if phrase.notes)
        told = [tok.encode(phrase.notes, phrase.context, who, phrase.last) for who, phrase in whose]
        notes = [note for phrase in phrases for note in phrase.notes]
        rows = np.concatenate([np.empty((0, len(FIELDS)), np.int64), *told])
        chunk = min(CHUNK, self._places - self._reach)
        for start in range(0, len(notes), chunk):
            self._hear_chunk(rows[start : start + chunk], notes[start : start + chunk])

    def answer(
        self, context: Context, sampling: Sampling, rng: np.random.Generator, start: int = 0, wish: Wish | None = None
    ) -> Iterator[TickNote]:
        """Yield an answer to what was heard, one run of the network a note; ends when the network ends it.

        `start` (ticks) is where it begins if nothing was heard. Hearing more, rolling back, another answer or a score
        end it.
        """
        for (one,) in self.answers(context, sampling, [rng], start, wish, compare=False):
            if not one.over:
                yield one.notes[-1]

    def answers(
        self, context: Context, sampling: Sampling, rngs: Sequence[np.random.Generator], start: int = 0,
        wish: Wish | None = None, compare: bool = True, entry: Entry | None = None,
    ) -> Iterator[Sequence[Candidate]]:  # fmt: skip
        """Make up an answer for each of `rngs`, all in one batch, and yield them after each run of the network.

        Each goes on by a note in every run, until it is over. `compare`: they know how likely they would be without
        the call. `entry`: where they set out, if not from the note heard last. What ends `answer` ends this, too.
        """
        blended = _blended(sampling, context, wish)
        lacking = {lack for pair in blended for lack in pair[:2] if lack} | ({Lack.CALL} if compare else set())
        rows = self._begin(len(rngs), frozenset(lacking), context, start, entry)
        rows.blend(blended)
        self._settle(rows, sampling)
        this, began = self._answering, int(rows.slots["onset"][0, 0])
        made = [Candidate() for _ in rngs]
        for step in range(self.longest_answer):
            if self._answering != this:
                return
            for i, (one, rng) in enumerate(zip(made, rngs, strict=True)):
                if not one.over:
                    self._ask(rows, i, one, wish, context, entry)
                    self._steer(rows, i, one, sampling, rng, began)
            rows.run(step, self.heard - 1)
            if sampling.mend:
                self._mend(rows, [not one.over for one in made], sampling.mend, step)
            for i, one in enumerate(made):
                if not one.over:
                    event, onset = rows.results["next_event"][i], int(rows.results["next_onset"][i, 0])
                    one.take(event, onset, rows.likelihoods(i))
            yield made
            if all(one.over for one in made):
                return

    def score(
        self, notes: Sequence[TickNote], context: Context, wish: Wish | None = None, entry: Entry | None = None
    ) -> np.ndarray:
        """Return log2-probabilities (N + 1, 4) float64 of delta, pitch, length and velocity of an answer `notes`.

        The last row is the end of the answer: its delta, then zeros.

        Raises:
            ValueError: `notes` are too many for one answer.
        """
        if len(notes) >= self.longest_answer:
            raise ValueError(f"an answer has fewer than {self.longest_answer} notes, not {len(notes)}")
        told = tok.encode(notes, context, tok.LIVEJAM, entry.last if entry else self._last)
        if entry and notes:
            told[0, COLUMN["delta"]] = tok.delta_class(np.array(notes[0].onset - entry.onset))
        rows = self._begin(1, frozenset(), context, notes[0].onset if notes else 0, entry)
        rows.blend(())
        self._settle(rows, Sampling())
        result, one = np.zeros((len(notes) + 1, len(PREDICTED))), Candidate()
        for count, note in enumerate([*notes, None]):
            force = [int(told[count, COLUMN[name]]) for name in PREDICTED] if note else [tok.END, 0, 0, 0]
            rows.slots["force"][:] = force
            self._ask(rows, 0, one, wish, context, entry)
            rows.run(count, self.heard - 1)
            result[count] = rows.results["log_probability"][0] / np.log(2)
            if note:
                rows.slots["event"][0], rows.slots["onset"][:] = told[count], note.onset
                one.notes.append(note)
        result[-1, 1:] = 0
        return result

    @property
    def _last(self) -> TickNote | None:
        return self._notes[-1] if self._notes else None

    def _begin(
        self, answers: int, lacking: frozenset[Lack], context: Context, start: int, entry: Entry | None = None
    ) -> Rows:
        """Return rows for so many answers, at their start."""
        rows, metre = self._rows(answers, lacking), context.metre
        last = entry.last if entry else self._last
        onset = entry.onset if entry else last.onset if last else tok.start_onset(start, metre)
        self._answering += 1
        rows.slots["bar_line"][:] = metre.bar_line if metre else 0
        rows.slots["bar_ticks"][:] = metre.bar_ticks if metre else 0
        self._lay_out(rows, context, onset)
        known: dict[Lack | None, Context] = {
            Lack.WISH: replace(context, chords=()),
            Lack.CALL_AND_STYLE: replace(context, style=Style.UNKNOWN),
        }
        starts = {lack: tok.start_event(last, onset, known.get(lack, context)) for lack in rows.beside}
        rows.begin(starts, onset, self._look_back(rows))
        return rows

    def _rows(self, answers: int, lacking: frozenset[Lack]) -> Rows:
        """Return the rows of so many answers; all kinds share the caches, which are as large as the largest needs."""
        kind, count = (answers, lacking), answers * (1 + len(lacking))
        if count > min((len(cache) for cache in self._answer_cache.values()), default=0):
            self._answer_cache = {name: np.zeros((count, *self._row), np.float32) for name in self._answer.caches}
            self._kept_rows.clear()
        if kind not in self._kept_rows:
            self._kept_rows[kind] = Rows(self._answer, self._answer_cache, *kind)
        return self._kept_rows[kind]

    def _lay_out(self, rows: Rows, context: Context, onset: int) -> None:
        """Put the chords from `onset` on where answers look for them."""
        chart = rows.slots["chart"]
        if context.chords:
            begin = tok.start_onset(onset, context.metre)
            places = [tok.chord_at(context.chords, begin + CHART_TICKS * i) for i in range(CHART_PLACES)]
            chart[:], rows.slots["chart_start"][:] = places, begin
            chart[rows.beside.get(Lack.WISH, NO_ROWS)] = 0
        elif chart.any():
            chart[:] = 0

    def _look_back(self, rows: Rows) -> int:
        """Put the newest of what was heard, as far as an answer sees, where it looks; return how many notes."""
        heard = len(self._notes)
        seen = min(heard, self._memory)
        for name, cache in rows.caches.items():
            cache[rows.hearing, :, :seen] = self._cache[name][:, :, heard - seen : heard]
        return seen

    def _settle(self, rows: Rows, sampling: Sampling) -> None:
        """Set what stays as it is throughout the answers."""
        slots = rows.slots
        slots["temperature"][:] = sampling.temperature or 1.0
        slots["log_min_p"][:] = np.log(max(sampling.min_p, 1e-9))
        slots["noise"][:], slots["bias"][:], slots["controls"][:] = 0, 0, 0

    def _ask(
        self, rows: Rows, i: int, one: Candidate, wish: Wish | None, context: Context, entry: Entry | None = None
    ) -> None:
        """Say what the next note of an answer is asked to be."""
        if wish is None and not context.chords:
            return
        controls, first = rows.slots["controls"], one.notes[0].onset if one.notes else None
        first = entry.onset if entry else first
        onset = int(rows.slots["onset"][i, 0])
        asked = (wish or Wish()).row(onset, first, context.metre, context.chords)
        for lack, beside in rows.beside.items():
            row = controls[beside.start + i]
            row[:] = 0 if lack is Lack.WISH else asked
            if not HEARS[lack]:
                row[CALL_COLUMNS] = 0

    def _mend(self, rows: Rows, going_on: Sequence[bool], mend: Mend, step: int) -> None:
        """Have those notes just made up whose pitch won't do made up anew at the same place, the others as they are."""
        made, onsets = rows.results["next_event"].copy(), rows.results["next_onset"][:, 0]
        found = [
            mend(_note(made[i], int(onsets[i]))) if goes_on and made[i, COLUMN["delta"]] != tok.END else None
            for i, goes_on in enumerate(going_on)
        ]
        if all(bias is None for bias in found):
            return
        force = rows.slots["force"]
        force[:] = made[:, [COLUMN[name] for name in PREDICTED]]
        for i, bias in enumerate(found):
            if bias is not None:
                force[i :: rows.answers, 1:] = -1
                rows.slots["bias"][i, PART["pitch"]] += bias
        rows.run_again(step, self.heard - 1)
        force[:] = -1

    def _steer(
        self, rows: Rows, i: int, one: Candidate, sampling: Sampling, rng: np.random.Generator, began: int
    ) -> None:
        """Set the noise and the bias of the next note of an answer that began at `began` ticks."""
        bias = rows.slots["bias"][i]
        bias[:] = sampling.bias
        if sampling.steer:
            sampling.steer(bias, len(one.notes), int(rows.slots["onset"][i, 0]) - began, one.chord, _begun(one, began))
        if sampling.temperature > 0:
            rows.slots["noise"][i] = rng.gumbel(size=NOISE)

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
        fresh = self._hear.run_once(feeds, self._cache)
        self._notes.extend(notes)
        self._ends.extend(fresh["phrase_end"][0].tolist())

    def _make_room(self, n: int) -> None:
        """Slide: when `n` more do not fit, the newest of what was heard moves to the front."""
        if len(self._notes) + n <= self._places:
            return
        keep = min(self._reach, len(self._notes))
        gone = len(self._notes) - keep
        for cache in self._cache.values():
            cache[:, :, :keep] = cache[:, :, gone : gone + keep].copy()
        del self._notes[:gone], self._ends[:gone]
        self._base += gone


def _blended(sampling: Sampling, context: Context, wish: Wish | None) -> list[tuple[Lack | None, Lack, float]]:
    """Return which rows' differences are added to an answer's logits, and how often over."""
    pairs: list[tuple[Lack | None, Lack, float]] = []
    if wish or context.chords:
        pairs.append((None, Lack.WISH, sampling.insist - 1))
    if context.style:
        pairs.append((Lack.CALL, Lack.CALL_AND_STYLE, sampling.idiom))
    return [pair for pair in (*pairs, (None, Lack.CALL, sampling.follow - 1)) if pair[2]]


def _note(event: np.ndarray, onset: int) -> TickNote:
    return TickNote(
        onset,
        int(event[COLUMN["pitch"]]),
        tok.LENGTH_TICKS[int(event[COLUMN["length"]])],
        tok.velocity_of(int(event[COLUMN["velocity"]])),
    )


def _begun(one: Candidate, began: int) -> int | None:
    """Return the ticks from `began` to the first note of an answer; None: there is none yet."""
    return one.notes[0].onset - began if one.notes else None
