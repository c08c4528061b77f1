"""The answers that are asked of the network: one guessed before the phrase is over, and the one whose turn it is.

Pure. Knows nothing of turns, of time, or of how answers sound. The session's thread calls it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from livejam.answering import Answer
from livejam.composer import Better, Complete, Compose, Composed
from livejam.phrasing import Request


@dataclass
class Tally:
    """What came of guessing that a phrase is over."""

    guesses: int = 0  # answers that were begun before the phrase was over
    used: int = 0  # of those, played
    answers: int = 0  # played
    better: int = 0  # guesses in whose place a better one came in time


class Asking:
    """What was asked for, and what has come of it."""

    def __init__(self, tell: Callable[[Compose], None]) -> None:
        """`tell` hands an order to the network and returns at once."""
        self._tell = tell
        self._number = 0  # of the latest order
        self._guess: Answer | None = None  # to the phrase as it is, should it be over
        self.answer: Answer | None = None  # awaited, or sounding
        self.tally = Tally()

    @property
    def sounding(self) -> Answer | None:
        """The answer that has its place in time; None while one is awaited, too."""
        return self.answer if self.answer and self.answer.grid is not None else None

    @property
    def awaited(self) -> Answer | None:
        """The answer whose turn it is, but whose place is still open."""
        return self.answer if self.answer and self.answer.grid is None else None

    @property
    def guessing(self) -> bool:
        """Whether an answer was asked for in case the phrase is over."""
        return self._guess is not None

    def guess(self, request: Request) -> None:
        """Have an answer made up in case the phrase is over as it is, unless one is there."""
        if self._guess is None or not _alike(self._guess.request, request):
            self._guess = self._ask(request, spare=True)
            self.tally.guesses += 1

    def forget_guess(self) -> None:
        """The phrase goes on, or nobody makes up its answer any more."""
        self._guess = None

    def begin(self, request: Request, must_start: bool) -> None:
        """It is the answer's turn: take the one that was guessed, if it fits, or ask for it.

        Where it `must_start`, one that lacks the very last notes of the call is better than one that comes late.
        """
        guess, self._guess = self._guess, None
        fits = guess is not None and (_alike(guess.request, request) or (must_start and guess.first is not None))
        self.answer = guess if guess and fits else self._ask(request)
        self.tally.answers += 1
        self.tally.used += fits

    def ask_again(self) -> None:
        """Ask anew for the answer that is awaited, if any: who was asked before has forgotten it."""
        if self.awaited:
            self.answer = self._ask(self.awaited.request)

    def take(self, reply: Composed | Complete | Better) -> str | None:
        """Take in what has come of an answer; return what went wrong with one that is still wanted, in one line.

        A better one counts until the answer has its place in time, that is, until its turn has come.
        """
        trouble = None
        for answer in (self.answer, self._guess):
            if answer is None or answer.guess != reply.guess:
                continue
            if isinstance(reply, Composed):
                answer.add(reply.note)
            elif isinstance(reply, Better):
                self.tally.better += answer.exchange(reply.notes)
            else:
                answer.complete, trouble = True, reply.trouble
                if reply.cut and answer is self._guess:
                    self._guess = None
        return trouble

    def _ask(self, request: Request, spare: bool = False) -> Answer:
        self._number += 1
        self._tell(Compose(self._number, request, spare))
        return Answer(self._number, request)


def _alike(one: Request, other: Request) -> bool:
    """Return whether an answer to one request answers the other: a chart's chords are those of a place."""
    placed = not other.chords or (one.first, one.chords) == (other.first, other.chords)
    return one.call == other.call and one.steering == other.steering and placed
