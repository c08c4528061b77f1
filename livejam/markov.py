"""A variable-order Markov model of notes: the Continuator's kind (Pachet 2003), the baseline of `livejam evaluate`.

It knows its training data, and what was heard last as far as its context goes; of what is heard it learns nothing.

One model an attribute (delta, pitch, length, velocity), over the classes of the tokenizer, so its bits compare with the
network's one by one; pitch is the interval to the note before. A context is the last 0 to 5 events of the same
attribute, running on over phrase ends (END is a class of delta). The orders are interpolated with Witten and Bell's
estimate (1991, method C) down to a uniform distribution. The order is chosen for each attribute on titles held out of
the training data (three times every tenth), and so is whether this note's delta, known by then, joins the context of
its pitch, length and velocity: it helps lengths a little and pitches hardly, but a baseline should have it.

Counts are sorted numpy columns and whole columns are scored at once. Knows nothing of files, ONNX or time. One thread.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from livejam.notes import TickNote
from livejam.tokenizer import COLUMN, END, PLAYER, PREDICTED, Context, encode

ATTRIBUTES = tuple(PREDICTED)  # delta, pitch, length, velocity: the columns of an event here
DEEPEST = 5  # events of context at most
FOLDS, STRIDE = 3, 10  # the order is tried three times, on a tenth of the titles each
DEFAULT_ORDER = 2  # where there is too little music to choose by
ABSENT = -1  # an END event has no pitch, length and velocity
NOTHING = 255  # before the first event; every class is below it, so a class takes 8 bits of a key
BITS = 8
PITCHES = PREDICTED["pitch"]

_FIELDS = [COLUMN[name] for name in ATTRIBUTES]


def event_classes(notes: Sequence[TickNote], context: Context, last: TickNote | None) -> np.ndarray:
    """Return the classes (N + 1, 4) int64 of a phrase that follows the note `last`; the last row is its END."""
    rows = np.full((len(notes) + 1, len(ATTRIBUTES)), ABSENT, dtype=np.int64)
    rows[:-1] = encode(notes, context, PLAYER, last)[:, _FIELDS]
    rows[-1, 0] = END
    return rows


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """What there is to learn or to score of one attribute."""

    symbols: np.ndarray  # (R,) classes; intervals modulo 128 for pitch; NOTHING: a first pitch, no interval
    history: np.ndarray  # (R, DEEPEST) the symbols before, latest first, NOTHING before the first
    given: np.ndarray  # (R,) delta class of the same event

    def key(self, order: int, given: bool) -> np.ndarray:
        """Return the context (R,) int64 of `order` events (and the given delta) as one number."""
        key = self.given.copy() if given else np.zeros_like(self.given)
        for place in range(order):
            key = key << BITS | self.history[:, place]
        return key

    def known(self) -> "Samples":
        """Return the samples without first pitches."""
        keep = self.symbols != NOTHING
        return Samples(self.symbols[keep], self.history[keep], self.given[keep])


def samples(parts: Sequence[np.ndarray], attribute: str) -> Samples:
    """Return the samples of one attribute over `parts`, each (R, 4) classes as of `event_classes`, joined."""
    column = ATTRIBUTES.index(attribute)
    blank = np.full(DEEPEST, NOTHING, dtype=np.int64)
    symbols, deltas = [blank], [blank]
    for rows in parts:
        present = rows[rows[:, column] != ABSENT]
        values = present[:, column]
        if attribute == "pitch":
            values = _intervals(values)
        symbols += [values, blank]
        deltas += [present[:, 0], blank]
    line, delta = np.concatenate(symbols), np.concatenate(deltas)
    history = np.stack([line[DEEPEST - 1 - place : len(line) - 1 - place] for place in range(DEEPEST)], axis=1)
    here = delta[DEEPEST:] != NOTHING
    return Samples(line[DEEPEST:][here], history[here], delta[DEEPEST:][here])


def _intervals(pitches: np.ndarray) -> np.ndarray:
    """Return the steps (N,) modulo 128: given the pitch before, that is one symbol a pitch, and no step is lost."""
    steps = np.diff(pitches, prepend=0) % PITCHES
    steps[:1] = NOTHING
    return steps


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """The counts of all contexts of one order."""

    pairs: np.ndarray  # (P,) context << BITS | symbol, ascending
    counts: np.ndarray  # (P,)
    contexts: np.ndarray  # (C,) ascending
    totals: np.ndarray  # (C,) events seen in this context
    kinds: np.ndarray  # (C,) different symbols among them

    @classmethod
    def count(cls, contexts: np.ndarray, symbols: np.ndarray) -> "Level":
        """Count the `symbols` (R,) that follow the `contexts` (R,)."""
        pairs, counts = np.unique(contexts << BITS | symbols, return_counts=True)
        seen, starts = np.unique(pairs >> BITS, return_index=True)
        totals = np.add.reduceat(counts, starts) if len(starts) else counts
        return cls(pairs, counts, seen, totals, np.diff(starts, append=len(pairs)))

    def refine(self, lower: np.ndarray, contexts: np.ndarray, symbols: np.ndarray) -> np.ndarray:
        """Return the probabilities (R,) of `symbols`, given those of the order below; Witten-Bell."""
        count = _looked_up(self.pairs, self.counts, contexts << BITS | symbols)
        total = _looked_up(self.contexts, self.totals, contexts)
        kinds = _looked_up(self.contexts, self.kinds, contexts)
        return np.where(total > 0, (count + kinds * lower) / np.maximum(total + kinds, 1), lower)


def _looked_up(keys: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the value of each wanted key, 0 where there is none."""
    if not len(keys):
        return np.zeros(len(wanted), dtype=np.int64)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, values[place], 0)


@dataclass(frozen=True, slots=True, eq=False)
class AttributeModel:
    """One attribute: its levels from no context up to `order` events."""

    size: int  # classes
    order: int  # 0..DEEPEST
    given: bool  # this note's delta joins every context but the emptiest
    levels: tuple[Level, ...]

    @classmethod
    def learn(cls, heard: Samples, size: int, order: int, given: bool) -> "AttributeModel":
        """Count `heard` for every order up to `order`."""
        heard = heard.known()
        keys = _chain(heard, order, given)
        return cls(size, order, given, tuple(Level.count(key, heard.symbols) for key in keys))

    def by_level(self, wanted: Samples) -> list[np.ndarray]:
        """Return the probabilities (R,) of the wanted symbols at each level, the uniform one first."""
        found = [np.full(len(wanted.symbols), 1 / self.size)]
        for level, key in zip(self.levels, _chain(wanted, self.order, self.given), strict=True):
            found.append(level.refine(found[-1], key, wanted.symbols))
        return found

    def log2(self, wanted: Samples) -> np.ndarray:
        """Return the log2-probability (R,) of each wanted symbol; a first pitch is uniform."""
        chosen = np.where(wanted.symbols == NOTHING, 1 / self.size, self.by_level(wanted)[-1])
        return np.log2(chosen)


def _chain(of: Samples, order: int, given: bool) -> list[np.ndarray]:
    """Return the contexts (R,) of every level, the shortest first."""
    keys = [of.key(depth, given) for depth in range(order + 1)]
    return [of.key(0, False), *keys] if given else keys


def held_out_bits(kept: Samples, held: Samples, size: int, given: bool) -> np.ndarray:
    """Return the bits (DEEPEST + 1,) that all of `held` takes at each order of a model of `kept`."""
    model = AttributeModel.learn(kept, size, DEEPEST, given)
    levels = model.by_level(held.known())[-(DEEPEST + 1) :]
    return np.array([-np.log2(level).sum() for level in levels])


@dataclass(frozen=True, slots=True, eq=False)
class MarkovModel:
    """The four attributes together."""

    attributes: dict[str, AttributeModel]

    @classmethod
    def learn(cls, parts: Sequence[np.ndarray], titles: Sequence[str]) -> "MarkovModel":
        """Learn `parts`, each (R, 4) classes of all its phrases in a row, and choose orders by their `titles`."""
        models = {}
        for name, size in PREDICTED.items():
            order, given = _choice(parts, titles, name)
            models[name] = AttributeModel.learn(samples(parts, name), size, order, given)
        return cls(models)

    def log2(self, parts: Sequence[np.ndarray]) -> np.ndarray:
        """Return the log2-probabilities (R, 4) of the events of all `parts`, joined; 0 where there is no attribute."""
        rows = np.concatenate(parts)
        found = np.zeros(rows.shape)
        for column, (name, model) in enumerate(self.attributes.items()):
            found[rows[:, column] != ABSENT, column] = model.log2(samples(parts, name))
        return found

    def describe(self) -> str:
        """Return the orders chosen, as `delta 4, pitch 3+delta, ...`."""
        return ", ".join(f"{name} {m.order}{'+delta' * m.given}" for name, m in self.attributes.items())


def _choice(parts: Sequence[np.ndarray], titles: Sequence[str], name: str) -> tuple[int, bool]:
    """Return the order, and whether the delta is given, with the fewest bits on titles held out."""
    choices = (False,) if name == "delta" else (False, True)
    bits = np.zeros((len(choices), DEEPEST + 1))
    for kept, held in _folds(parts, titles):
        heard, wanted = samples(kept, name), samples(held, name)
        bits += [held_out_bits(heard, wanted, PREDICTED[name], given) for given in choices]
    if not bits.any():
        return DEFAULT_ORDER, False
    best, order = np.unravel_index(bits.argmin(), bits.shape)
    return int(order), choices[best]


def _folds(parts: Sequence[np.ndarray], titles: Sequence[str]) -> Iterator[tuple[list[np.ndarray], list[np.ndarray]]]:
    """Yield the parts kept and those held out, each time other titles; nothing where there is one title only."""
    names = sorted(set(titles))
    for fold in range(min(FOLDS, len(names)) if len(names) > 1 else 0):
        held_titles = set(names[fold::STRIDE])
        held = [part for part, title in zip(parts, titles, strict=True) if title in held_titles]
        yield [part for part, title in zip(parts, titles, strict=True) if title not in held_titles], held


class MarkovScorer:
    """Hears and scores phrases like the network, with a learned model."""

    def __init__(self, model: MarkovModel) -> None:
        self._model = model
        self.restart()

    def restart(self) -> None:
        """Forget all that was heard."""
        self._memory = np.empty((0, len(ATTRIBUTES)), dtype=np.int64)
        self._last: TickNote | None = None

    def hear(self, notes: Sequence[TickNote], context: Context, player: bool) -> None:
        """Append one phrase to the memory; who played it makes no difference here."""
        if notes:
            rows = event_classes(notes, context, self._last)
            reach = 2 * (DEEPEST + 1)  # events: enough even where every phrase is one note and an END
            self._memory = np.concatenate([self._memory, rows])[-reach:]
            self._last = notes[-1]

    def score(self, notes: Sequence[TickNote], context: Context) -> np.ndarray:
        """Return the log2-probabilities (N + 1, 4) of a phrase that would come next; the last row is its END."""
        rows = event_classes(notes, context, self._last)
        return self._model.log2([np.concatenate([self._memory, rows])])[-len(rows) :]
