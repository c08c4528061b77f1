"""The network at work: orders come in, replies go out, one note at a time, so that an order never waits for long.

Every order gets one last reply: to Hear it is Heard, Failed or Forgotten, to Compose it is Complete. With time to spare
a Better may still come after that, as long as nothing else is ordered.

The words that the two processes speak, and the one who does the work in the process of the network, or in virtual time
in the session's own. Knows nothing of seconds, ports or pipes. Ticks. One thread.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from livejam.errors import LivejamError
from livejam.notes import Metre, TickNote
from livejam.phrasing import Request


@dataclass(frozen=True, slots=True)
class Hear:
    """Keep the first `keep` notes of what was told, forget the rest, and append these. It ends the answer in work."""

    keep: int
    notes: tuple[TickNote, ...]  # by onset
    metre: Metre | None
    player: bool  # False: livejam's own


@dataclass(frozen=True, slots=True)
class Compose:
    """Make up an answer to what was told. It ends the answer in work."""

    guess: int  # its number: replies carry it
    request: Request
    spare: bool = False  # there may be time left when it is complete: look for a better one then


Order = Hear | Compose


@dataclass(frozen=True, slots=True)
class Composed:
    """A note of an answer."""

    guess: int
    note: TickNote


@dataclass(frozen=True, slots=True)
class Complete:
    """The answer has no more notes."""

    guess: int
    trouble: str | None = None  # why, in one line, if it ended for a bad reason
    cut: bool = False  # another order came before its end


@dataclass(frozen=True, slots=True)
class Better:
    """After it was complete: an answer to the same that is better, as a whole. It may come too late to be played."""

    guess: int
    notes: tuple[TickNote, ...]  # by onset


@dataclass(frozen=True, slots=True)
class Heard:
    """What was told has been heard."""

    total: int  # notes that are in the memory now; 0 also if it could not be heard, since all before is forgotten
    phrase_end: float  # probability that the phrase is over with the latest note


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The network knows nothing any more: it was started anew, or had to go back too far. Tell everything again."""


@dataclass(frozen=True, slots=True)
class Failed:
    """What was told could not be heard, and all is forgotten."""

    reason: str  # in one line


@dataclass(frozen=True, slots=True)
class Lost:
    """The network's process has died; another is being started."""

    reason: str


Reply = Composed | Complete | Better | Heard | Failed | Forgotten | Lost


class Brain(Protocol):
    """What listens and makes up the answers. All ticks lie on one line that never goes backwards."""

    def hear(self, notes: Sequence[TickNote], metre: Metre | None, player: bool) -> None:
        """Append notes, sorted by onset, to the memory: the player's, or what really sounded of an answer."""

    def rollback(self, heard: int) -> None:
        """Forget all but the first `heard` notes. Raises ValueError if that is longer ago than the memory reaches."""

    def restart(self) -> None:
        """Forget everything."""

    @property
    def phrase_end(self) -> float:
        """Probability that the phrase is over with the latest note."""

    def answer(self, request: Request) -> Iterator[TickNote]:
        """Yield the answer lazily, one network step a note, onsets in ticks, ascending, after the call's last onset.

        Velocity 0 means unknown. An iterator that is not asked any more is dropped; nothing of the answer is in the
        memory until it is heard. Raises LivejamError if it can't go on.
        """

    def better(self, request: Request, first: Sequence[TickNote]) -> Iterator[tuple[TickNote, ...] | None]:
        """Look for a better answer than `first`, which `answer` has just given: None after each step of the network.

        The last item is that answer, if there is one. Otherwise like `answer`, by which it is dropped, too.
        """


class Composer:
    """Carries out orders, the latest first of all."""

    def __init__(self, brain: Brain) -> None:
        self._brain = brain
        self._notes: Iterator[TickNote] | None = None  # of the answer in work
        self._order: Compose | None = None  # the latest
        self._made: list[TickNote] = []  # its notes so far
        self._better: Iterator[tuple[TickNote, ...] | None] | None = None  # steps of the search for a better one
        self._astray = False  # everything is forgotten, and not yet told again from its beginning

    @property
    def busy(self) -> bool:
        """Whether an answer is in work, or a better one is looked for."""
        return self._notes is not None or self._better is not None

    def take(self, order: Order) -> tuple[Reply, ...]:
        """Carry out an order; what takes long is left for `work`. The answer in work is over."""
        ended = (Complete(self._order.guess, cut=True),) if self._notes is not None and self._order else ()
        self._notes = self._better = None
        done = self._hear(order) if isinstance(order, Hear) else self._begin(order)
        return (*ended, done) if done else ended

    def work(self) -> Reply | None:
        """Let the network make one step: a note of the answer in work, or of all that may be better than it."""
        if self._order is None:
            return None
        if self._notes is not None:
            return self._go_on(self._notes, self._order)
        return self._look_on(self._better, self._order) if self._better is not None else None

    def _go_on(self, notes: Iterator[TickNote], order: Compose) -> Reply:
        try:
            note = next(notes, None)
        except LivejamError as error:
            self._notes = None
            return Complete(order.guess, str(error))
        if note is None or self._is_beyond(note, order.request):
            self._notes = None
            if order.spare and self._made:
                self._better = self._brain.better(order.request, self._made)
            return Complete(order.guess)
        self._made.append(note)
        return Composed(order.guess, note)

    def _look_on(self, better: Iterator[tuple[TickNote, ...] | None], order: Compose) -> Reply | None:
        try:
            found = next(better, ())
        except LivejamError:  # what is there already is good enough
            found = ()
        if found is None:
            return None
        self._better = None
        return Better(order.guess, found) if found else None

    def _is_beyond(self, note: TickNote, request: Request) -> bool:
        """Tell whether `note` is later than the answer may last."""
        return bool(self._made) and note.onset >= self._made[0].onset + request.max_ticks

    def _begin(self, order: Compose) -> Reply | None:
        self._order, self._made = order, []
        try:
            self._notes = self._brain.answer(order.request)
        except LivejamError as error:
            return Complete(order.guess, str(error))
        return None

    def _hear(self, order: Hear) -> Reply:
        if order.keep == 0:
            self._brain.restart()
            self._astray = False
        if self._astray:  # it was on its way when everything was forgotten; to say so again would have all told twice
            return Heard(0, 0.0)
        try:
            self._brain.rollback(order.keep)
        except ValueError:
            return self._forget(Forgotten())
        try:
            self._brain.hear(order.notes, order.metre, order.player)
        except LivejamError as error:
            return self._forget(Failed(str(error)))
        return Heard(order.keep + len(order.notes), self._brain.phrase_end)

    def _forget(self, reply: Reply) -> Reply:
        self._brain.restart()
        self._astray = True
        return reply
