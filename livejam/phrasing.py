"""From keys to phrases: pairs key events into notes, puts notes on the grid, and says what an answer is asked for.

Pure. Knows nothing of turns, ports or the network. Times are seconds of the session's clock, ticks say so. The thread
that owns the session calls it.
"""

from dataclasses import dataclass

from livejam.notes import Metre, TickNote


@dataclass(frozen=True, slots=True)
class Request:
    """What the brain is asked: an answer to `call`, which it has already heard."""

    turn: int  # number of the turn, 1 for the first call; goes into the random seed
    call: tuple[TickNote, ...]  # the player's phrase, by onset; never empty
    metre: Metre | None  # None: unknown
    bpm: float  # quarter notes a minute, the grid's
    start: int  # ticks: the earliest place at which an answer can sound; a hint, the session moves the answer by beats
    max_ticks: int  # ticks: no answer is asked for beyond this span from its first onset
