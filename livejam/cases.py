"""Answers to calls out of a corpus, by whoever can hear and answer: what `livejam evaluate` measures beside people's.

A case is a phrase that people played (the call), with the phrase that followed it (the reference). A player hears the
call, after as much of the piece as is asked, and answers under the same policy as on stage (`shape.Shape`: register,
length, no silence). With the call withheld nothing is heard and the policy has nothing to go by: its end is free.

Knows nothing of what is measured. Ticks. One thread; the same cases, player and seed give the same answers.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol
from zlib import crc32

import numpy as np

from livejam.answering import BARS, TIMES_THE_CALL
from livejam.choice import CANDIDATES, best_of, within
from livejam.decoder import PART, Decoder, Sampling
from livejam.exam import Line, Notes, Phrase, pool_of, rivals, title_key
from livejam.notes import TickNote
from livejam.phrasing import BAR, Request
from livejam.shape import MIN_P, TEMPERATURE, asked
from livejam.tokenizer import Context

BPM = 120.0  # quarter notes a minute: no answer depends on it


class Hearer(Protocol):
    """What can hear phrases."""

    def restart(self) -> None:
        """Forget everything."""

    def hear(self, notes: Sequence[TickNote], context: Context, player: bool) -> None:
        """Append one phrase to the memory."""


class Player(Hearer, Protocol):
    """What can hear phrases and answer them: a decoder, a Markov model, another network."""

    def answer(
        self, context: Context, sampling: Sampling, rng: np.random.Generator, start: int = 0
    ) -> Iterator[TickNote]:
        """Yield an answer, lazily, by onset; `start` (ticks) is where it begins if nothing was heard."""


class OnStage:
    """A decoder that plays the best of several answers, as on stage where the silence lasts."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self.restart, self.hear, self.answer = decoder.restart, decoder.hear, decoder.answer

    def best(self, context: Context, sampling: Sampling, seed: Sequence[int], request: Request) -> Notes:
        """Return the best answer to `request`, the first of them as `seed` alone draws it."""
        rngs = [np.random.default_rng([*seed, i]) for i in range(CANDIDATES)]
        made = self._decoder.answers(context, sampling, rngs, request.start)
        return next((found.notes for found in best_of(made, request) if found is not None), ())


@dataclass(frozen=True, slots=True)
class Case:
    """A call, and what an answer to it can be compared with."""

    number: int  # within its corpus
    before: tuple[Phrase, ...]  # what is heard before the call, oldest first
    call: Phrase
    reference: Phrase  # what people played next
    rivals: tuple[Notes, ...]  # calls out of other titles, put in the place of this one

    @property
    def group(self) -> str:
        """What cases of one piece, or of its variants, share."""
        return " ".join(title_key(self.call.title))


@dataclass(frozen=True, slots=True)
class Amount:
    """How much is answered."""

    answers: int = 60  # a corpus at most
    history: int = 4  # phrases heard before each call: people knew their piece, too
    seed: int = 1


def choose_cases(corpus: str, lines: Sequence[Line], amount: Amount, spare: Sequence[Line] = ()) -> list[Case]:
    """Choose calls of `lines` at random, from all parts in turn; rivals come from `spare` parts, too."""
    rng = np.random.default_rng([amount.seed, crc32(corpus.encode()), 4])
    pool, cases = pool_of([*lines, *spare]), []
    for number, (line, place) in enumerate(_dealt(lines, amount.answers, rng)):
        call, start = line[place - 1], max(place - 1 - amount.history, 0)
        others, _ = rivals(call, pool, rng)
        cases.append(Case(number, line[start : place - 1], call, line[place], others))
    return cases


def answers_of(
    player: Player,
    cases: Sequence[Case],
    seed: int,
    withheld: bool = False,
    advance: Callable[[int], None] = lambda _: None,
) -> list[Notes]:
    """Return the answer of `player` to every case; some may be empty where the call is withheld."""
    answers = []
    for case in cases:
        player.restart()
        if not withheld:
            hear_case(player, case)
        request = request_of(case)
        sampling = Sampling(TEMPERATURE, MIN_P) if withheld else shaped(request)
        made: Iterable[TickNote]
        if isinstance(player, OnStage) and not withheld:
            made = player.best(case.reference.context, sampling, [seed, case.number], request)
        else:
            rng = np.random.default_rng([seed, case.number])
            made = player.answer(case.reference.context, sampling, rng, request.start)
        answers.append(kept(made, request.max_ticks))
        advance(1)
    return answers


def hear_case(player: Hearer, case: Case) -> None:
    """Let `player` hear the call of a case, and what came before; they take turns, and the call is the player's."""
    heard = (*case.before, case.call)
    for turn, phrase in enumerate(heard):
        player.hear(phrase.notes, phrase.context, (len(heard) - turn) % 2 == 1)


def _dealt(lines: Sequence[Line], most: int, rng: np.random.Generator) -> list[tuple[Line, int]]:
    """Return up to `most` (line, place of the reference), one of every line before a second one of any."""
    decks = [[(line, int(place)) for place in 1 + rng.permutation(len(line) - 1)] for line in lines]
    rounds = range(max(map(len, decks), default=0))
    turns = (deck[turn] for turn in rounds for deck in _shuffled(decks, rng) if turn < len(deck))
    return [dealt for _, dealt in zip(range(most), turns, strict=False)]


def _shuffled(decks: list[list[tuple[Line, int]]], rng: np.random.Generator) -> list[list[tuple[Line, int]]]:
    return [decks[i] for i in rng.permutation(len(decks))]


def request_of(case: Case) -> Request:
    """Return what is asked on stage after this call: an answer from its end on, of no more than is asked there."""
    call, metre = case.call.notes, case.call.context.metre
    end = max(note.onset + note.length for note in call)
    most = max(BARS * (metre.bar_ticks if metre else BAR), TIMES_THE_CALL * (end - call[0].onset))
    return Request(case.number, call, metre, BPM, end, most)


def shaped(request: Request) -> Sampling:
    """Return how an answer is drawn on stage, but that it may be as silent on velocities as its call."""
    return voiced(asked(request, TEMPERATURE)[1], request)


def voiced(sampling: Sampling, request: Request) -> Sampling:
    """Return `sampling` for an answer that may be as silent on velocities as its call."""
    if not any(note.velocity for note in request.call):
        sampling.bias[PART["velocity"]][0] = 0.0
    return sampling


def kept(made: Iterable[TickNote], longest: int) -> Notes:
    """Return the notes up to `longest` ticks; as on stage, no key is struck twice at once."""
    return tuple(sorted(within(made, longest), key=lambda note: (note.onset, note.pitch)))
