"""What is asked in an evaluation: parts of a corpus to go through, and places where the true next phrase has rivals.

Pure choice, from prepared pieces and a seed; what is done with it is in evaluation.py. Knows nothing of networks or
files. Of a phrase no more is told than on stage: its notes and its metre, but neither role nor style nor chords.
Ticks, 24 a quarter note; an onset counts from the start of its piece.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise, zip_longest
from zlib import crc32

import numpy as np

from livejam.notes import Metre, TickNote
from livejam.pieces import Part, Piece, Role
from livejam.tokenizer import Context

FEWEST_PARTS = 20  # that the notes to score come from, where there are so many: long parts are cut
OTHERS = 15  # phrases the true one is ranked against
ROLES = (Role.MELODY, Role.PIANO, Role.DRUMS, Role.ALL, Role.CHORDS, Role.COUNTER, Role.BASS, Role.UNKNOWN)

Notes = tuple[TickNote, ...]


@dataclass(frozen=True, slots=True)
class Settings:
    """How much to ask: a network step takes about a millisecond."""

    notes: int = 10_000  # scored notes a corpus at most, but one phrase at least
    cases: int = 100  # rankings a corpus at most
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase where it stands in its piece."""

    title: str
    notes: Notes  # one at least
    context: Context


Line = tuple[Phrase, ...]  # all phrases of a part
Pool = dict[tuple[str, ...], list[Phrase]]  # phrases by the key of their title


@dataclass(frozen=True, slots=True)
class Exam:
    """What is asked of one corpus."""

    role: Role
    lines: tuple[Line, ...]  # of two phrases at least; the beginnings of parts, or all of them
    cases: dict[tuple[int, int], tuple[Notes, ...]]  # (line, place >= 1): the rivals of the phrase there, put in place
    titles: int  # that could give rivals, in the case that had the fewest
    borrowed: bool  # training pieces give rivals too: there were too few held-out titles

    @property
    def notes(self) -> int:
        """Notes to be scored as answers."""
        return sum(len(phrase.notes) for line in self.lines for phrase in line[1:])

    @property
    def steps(self) -> int:
        """Notes to be heard or scored in all, with what was heard."""
        heard = sum(len(phrase.notes) for line in self.lines for phrase in line)
        return heard + self.notes + self._rival_notes

    @property
    def steps_alone(self) -> int:
        """Notes to be scored once more, without what was heard."""
        return self._rival_notes + sum(len(self.lines[number][place].notes) for number, place in self.cases)

    @property
    def _rival_notes(self) -> int:
        return sum(len(notes) for others in self.cases.values() for notes in others)


def set_exam(corpus: str, pieces: Sequence[Piece], settings: Settings, spare: Sequence[Piece] = ()) -> Exam:
    """Choose what is asked of the held-out `pieces` of one corpus; rivals come from `spare` ones too if need be."""
    rng = np.random.default_rng([settings.seed, crc32(corpus.encode())])
    role = scored_role(pieces)
    lines = [line for line in lines_of(pieces, role) if len(line) > 1]
    chosen = _chosen_lines(lines, settings.notes, rng)
    pool = pool_of(lines)
    borrowed = len(pool) <= OTHERS and bool(spare)
    if borrowed:
        pool = pool_of(lines_of([*pieces, *spare], role))
    places = [(number, place) for number, line in enumerate(chosen) for place in range(1, len(line))]
    picked = [places[i] for i in np.sort(rng.permutation(len(places))[: settings.cases])]
    found = {(line, place): rivals(chosen[line][place], pool, rng) for line, place in picked}
    cases = {where: others for where, (others, _) in found.items() if others}
    return Exam(role, chosen, cases, min((found[where][1] for where in cases), default=0), borrowed)


def scored_role(pieces: Sequence[Piece]) -> Role:
    """Return whose part is asked for: the first of `ROLES` that every second piece has, else the most common one."""
    having = {role: sum(any(part.role == role for part in piece.parts) for piece in pieces) for role in ROLES}
    return next((role for role in ROLES if 2 * having[role] >= len(pieces)), max(ROLES, key=having.__getitem__))


def lines_of(pieces: Sequence[Piece], role: Role) -> list[Line]:
    """Return the phrases of every part of that role, empty parts left out."""
    lines = (phrases_of(piece, part) for piece in pieces for part in piece.parts if part.role == role)
    return [line for line in lines if line]


def phrases_of(piece: Piece, part: Part) -> Line:
    """Return the phrases of one part."""
    notes = [TickNote(onset, pitch, length, velocity) for onset, length, pitch, velocity in part.notes.tolist()]
    edges = [*part.phrases["start"].tolist(), len(notes)]
    cuts = [tuple(notes[start:end]) for start, end in pairwise(edges) if start < end]
    metres = [metre_at(piece.metres, cut[0].onset) for cut in cuts]
    return tuple(Phrase(piece.title, cut, Context(metre)) for cut, metre in zip(cuts, metres, strict=True))


def metre_at(metres: np.ndarray, tick: int) -> Metre | None:
    """Return the metre at a tick, of METRE changes; in a pickup that of the first bar; None where none is known."""
    if not len(metres):
        return None
    change = metres[max(int(np.searchsorted(metres["tick"], tick, side="right")) - 1, 0)]
    return Metre(int(change["numerator"]), int(change["denominator"]), int(change["tick"]))


def rivals(truth: Phrase, pool: Pool, rng: np.random.Generator) -> tuple[tuple[Notes, ...], int]:
    """Return up to `OTHERS` phrases of other titles, put in the place of `truth`, and how many titles were at hand.

    They share its metre if enough titles do, are of different titles as far as these go, and differ from it.
    """
    others = {title: phrases for title, phrases in pool.items() if title != title_key(truth.title)}
    alike = {title: [phrase for phrase in phrases if same_metre(phrase, truth)] for title, phrases in others.items()}
    decks = [phrases for phrases in alike.values() if phrases]
    if len(decks) < OTHERS:
        decks = list(others.values())
    drawn = [decks[i] for i in rng.permutation(len(decks))[: 2 * OTHERS]]  # twice: some may be equal
    shuffled = [[deck[i] for i in rng.permutation(len(deck))] for deck in drawn]
    dealt = (phrase for turn in zip_longest(*shuffled) for phrase in turn if phrase)
    placed = dict.fromkeys(put_in_place(phrase.notes, truth.notes) for phrase in dealt)
    return tuple(islice((notes for notes in placed if notes != truth.notes), OTHERS)), len(decks)


def pool_of(lines: Sequence[Line]) -> Pool:
    """Return all phrases that follow another one."""
    pool: Pool = {}
    for line in lines:
        pool.setdefault(title_key(line[0].title), []).extend(line[1:])
    return {title: phrases for title, phrases in pool.items() if phrases}


def title_key(title: str) -> tuple[str, ...]:
    """Return what titles of one tune have in common: "The Lark" is "Lark, The"."""
    return tuple(sorted(set(re.findall(r"\w+", title.casefold())) - {"the", "a", "an"})) or (title,)


def same_metre(one: Phrase, other: Phrase) -> bool:
    """Return whether two phrases begin in the same time signature, or both in an unknown one."""
    a, b = one.context.metre, other.context.metre
    return a is b or (a is not None and b is not None and (a.numerator, a.denominator) == (b.numerator, b.denominator))


def put_in_place(notes: Notes, truth: Notes) -> Notes:
    """Return `notes` moved to begin where `truth` does: at the same place in the bar, after the same gap."""
    shift = truth[0].onset - notes[0].onset
    return tuple(replace(note, onset=note.onset + shift) for note in notes)


def _chosen_lines(lines: Sequence[Line], most: int, rng: np.random.Generator) -> tuple[Line, ...]:
    """Return lines in a random order, long ones cut, with at most `most` notes to score together; one at least."""
    chosen: list[Line] = []
    left = most
    for i in rng.permutation(len(lines)):
        line = _cut(lines[i], most // FEWEST_PARTS)
        size = sum(len(phrase.notes) for phrase in line[1:])
        if size <= left or not chosen:
            chosen.append(line)
            left -= size
    return tuple(chosen)


def _cut(line: Line, most: int) -> Line:
    """Return the beginning of `line` that has at most `most` notes to score, but two phrases at least."""
    sizes = np.cumsum([len(phrase.notes) for phrase in line[1:]])
    return line[: 1 + max(int(np.searchsorted(sizes, most, side="right")), 1)]
