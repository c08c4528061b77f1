"""The order in which the measures of a score are played: repeats and endings.

Knows no notation and no notes. A measure is a number.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Signs:
    """What the lines around a measure say about the order."""

    opens: bool = False  # begins with |:
    closes: int = 0  # ends with :|, after which this many passes have been played; 0: it does not
    ends: bool = False  # ends with any line that a repeat without |: goes back to, or that ends an ending
    endings: tuple[int, ...] = ()  # an ending begins here, for these passes


def playing_order(signs: Sequence[Signs]) -> list[int]:
    """Return the measures in the order they are played.

    A repeat without its opening sign goes back to the last measure that `ends`, or to the start. An ending runs to the
    next measure that closes, opens or ends something.
    """
    return _Player(signs).play()


@dataclass
class _Player:
    signs: Sequence[Signs]
    at: int = 0
    start: int = 0  # where a repeat goes back to
    opened: bool = False  # by a sign of its own
    turn: int = 1  # which pass this is
    ending: bool = False  # an ending has begun in this pass
    played: list[int] = field(default_factory=list)

    def play(self) -> list[int]:
        while self.at < len(self.signs):
            sign = self.signs[self.at]
            if sign.opens and self.at != self.start:
                self._begin(opened=True)
            self.opened |= sign.opens
            if sign.endings and self.turn not in sign.endings:
                self._miss(sign)
            else:
                self._play(sign)
        return self.played

    def _play(self, sign: Signs) -> None:
        self.ending |= bool(sign.endings)
        self.played.append(self.at)
        self.at += 1
        if sign.closes and self.turn < max(sign.closes, self._last_ending()):
            self._again()
        elif sign.closes or (sign.ends and (self.ending or not self.opened)):
            self._begin(opened=False)

    def _miss(self, sign: Signs) -> None:
        """An ending for another pass: go back if that pass is the next one, else on to ours."""
        if self.ending and self.turn + 1 in sign.endings:
            self._again()
            return
        self.at += 1
        while self.at < len(self.signs) and not self._is_after_ending(self.signs[self.at]):
            self.at += 1

    def _is_after_ending(self, sign: Signs) -> bool:
        before = self.signs[self.at - 1]
        return self.turn in sign.endings or sign.opens or bool((before.closes or before.ends) and not sign.endings)

    def _last_ending(self) -> int:
        """The highest pass of the endings around `at`."""
        numbers = [0]
        for i in range(self.start, len(self.signs)):
            if i >= self.at and (self.signs[i].opens or not self.signs[i].endings):
                break
            numbers += self.signs[i].endings
        return max(numbers)

    def _again(self) -> None:
        self.at, self.turn, self.ending = self.start, self.turn + 1, False

    def _begin(self, opened: bool) -> None:
        self.start, self.opened, self.turn, self.ending = self.at, opened, 1, False
