"""The network as a partner: hears phrases, and makes up answers in the shape that `shape` gives them.

Fits `composer.Brain`. Knows nothing of seconds, ports or who plays the notes. Ticks. One thread calls it, that of the
network's process or, in virtual time, the session's; the same seed, turn and notes heard give the same answer.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from livejam.choice import CANDIDATES, best_of, unstruck
from livejam.controls import Wish
from livejam.decoder import Decoder, Sampling
from livejam.notes import Metre, TickNote
from livejam.phrasing import Request
from livejam.pieces import Style
from livejam.shape import TEMPERATURE, asked
from livejam.steering import PLAIN, Steering
from livejam.tokenizer import Context


def load_brain(model: Path | None, seed: int, temperature: float | None) -> "Brain":
    """Load a network (None: the one that comes along), warm it up and return it as a brain.

    Raises:
        ModelError: it can't be loaded.
    """
    brain = Brain(Decoder(model), seed, TEMPERATURE if temperature is None else temperature)
    brain.warm_up()
    return brain


class Brain:
    """A decoder that listens and answers in a session."""

    def __init__(self, decoder: Decoder, seed: int, temperature: float = TEMPERATURE) -> None:
        self._decoder = decoder
        self._seed = seed
        self._temperature = temperature

    @property
    def about(self) -> dict[str, object]:
        """What must be known to repeat its answers."""
        return {"seed": self._seed, "temperature": self._temperature, "model_sha256": self._decoder.sha256}

    def warm_up(self) -> None:
        """Run once what a turn runs: the first time is slow."""
        call = (TickNote(0, 60, 12, 80), TickNote(12, 62, 12, 80))
        self.hear(call, None, player=True)
        for steering in (PLAIN, Steering(follow=2.0), Steering(density=3), Steering(style=Style.JAZZ)):
            request = Request(0, call, None, 120.0, 24, 96, steering=steering)
            next(self.answer(request), None)
            next(self.better(request, ()), None)
        self._decoder.restart()

    def hear(self, notes: Sequence[TickNote], metre: Metre | None, player: bool) -> None:
        """Append one phrase to the memory."""
        self._decoder.hear(notes, Context(metre), player)

    def rollback(self, heard: int) -> None:
        """Forget all but the first `heard` notes. Raises ValueError if that is longer ago than the memory reaches."""
        self._decoder.rollback(heard)

    def restart(self) -> None:
        """Forget everything."""
        self._decoder.restart()

    @property
    def phrase_end(self) -> float:
        """Probability that the phrase is over with the latest note."""
        return self._decoder.phrase_end

    def asked(self, request: Request) -> tuple[Context, Sampling, Wish | None]:
        """Return what a request asks of the network; see `shape.asked`."""
        temperature = request.steering.temperature
        return asked(request, self._temperature if temperature is None else temperature)

    def answer(self, request: Request) -> Iterator[TickNote]:
        """Yield an answer, lazily; see `composer.Brain`."""
        context, sampling, wish = self.asked(request)
        rng = np.random.default_rng([self._seed, request.turn])
        yield from unstruck(self._decoder.answer(context, sampling, rng, request.start, wish))

    def better(self, request: Request, first: Sequence[TickNote]) -> Iterator[tuple[TickNote, ...] | None]:
        """Look for a better answer than `first`, side by side; see `composer.Brain`.

        `first` is drawn once more among the others, from the same numbers: so it is compared with itself without the
        call at no cost of its own.
        """
        context, sampling, wish = self.asked(request)
        rngs = [np.random.default_rng([self._seed, request.turn, i]) for i in range(CANDIDATES)]
        for found in best_of(self._decoder.answers(context, sampling, rngs, request.start, wish), request):
            if found is None:
                yield None
            elif found.notes != tuple(first):
                yield found.notes
