"""A piano roll of the turn being played, in a process of its own.

Drawing a roll takes some milliseconds of Python, and whoever keeps time must not wait for them. So the session's thread
hands over small records (screen.py) and goes on; painter.py has them drawn. Times are seconds of the session's clock,
which must be `time.monotonic` where a roll grows. Knows nothing of ports or the network.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from rich.console import Console
from rich.live import Live
from rich.text import Text

from livejam.notes import Note, NoteOff, NoteOn
from livejam.painter import Painter
from livejam.pianoroll import Frame, Roll, beat_marks, terminal_roll
from livejam.screen import Keyed, Seen, Turned, Warned, print_warning
from livejam.turns import State

WIDEST = 110  # columns
ROOM = 4  # semitones kept free above and below a call for its answer


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is known of a call before it is played."""

    title: str
    beat: float  # seconds a beat
    beats_per_bar: int
    bars: int  # that the call takes
    low: int  # pitch
    high: int  # pitch


@dataclass(frozen=True, slots=True)
class KeyDown:
    """A key that is down."""

    time: float  # seconds
    message: NoteOn

    def until(self, time: float) -> Note:
        """The note it makes if it comes up at `time`."""
        return Note(self.time, self.message.pitch, self.message.velocity, max(time - self.time, 0.0))


class RollBook:
    """Makes a roll of each turn from what is seen. Pure."""

    def __init__(self, sheets: Sequence[Sheet]) -> None:
        """One sheet for each turn that will come; later turns have none."""
        self._sheets = sheets
        self._turn = 0
        self._notes: dict[bool, list[Note]] = {True: [], False: []}  # by whether the player's
        self._down: dict[tuple[bool, int], KeyDown] = {}
        self.finished: list[Roll] = []

    def see(self, seen: Seen) -> Roll | None:
        """Take in `seen`; return the roll of the turn that it ends, if it does."""
        match seen:
            case Keyed(time, message, player):
                self._key(time, message, player)
            case Turned(State.LISTENING, turn):
                done = self._finish()
                self._turn = turn
                return done
            case Turned(State.IDLE):
                return self._finish()
        return None

    def growing(self, now: float) -> Roll | None:
        """Return the roll of this turn as it is at `now`, framed so that it keeps its shape; None between turns."""
        notes = {player: list(ended) for player, ended in self._notes.items()}
        for (player, _), down in self._down.items():
            notes[player].append(down.until(now))
        return self._roll(notes, framed=True) if notes[True] else None

    def _key(self, time: float, message: NoteOn | NoteOff, player: bool) -> None:
        down = self._down.pop((player, message.pitch), None)
        if down:
            self._notes[player].append(down.until(time))
        if isinstance(message, NoteOn):
            self._down[player, message.pitch] = KeyDown(time, message)

    def _finish(self) -> Roll | None:
        if not self._notes[True]:
            return None
        roll = self._roll(self._notes, framed=False)
        self._notes = {True: [], False: []}
        self.finished.append(roll)
        return roll

    def _roll(self, notes: dict[bool, list[Note]], framed: bool) -> Roll:
        ordered = {player: tuple(sorted(each, key=lambda note: note.onset)) for player, each in notes.items()}
        roll = Roll(f"turn {self._turn}", ordered[True], ordered[False])
        if not 0 < self._turn <= len(self._sheets):
            return roll
        sheet = self._sheets[self._turn - 1]
        start = roll.span[0]
        likely_end = start + (2 * sheet.bars + 1) * sheet.beats_per_bar * sheet.beat
        frame = Frame(likely_end, max(0, sheet.low - ROOM), min(127, sheet.high + ROOM)) if framed else None
        roll = replace(roll, title=f"{self._turn}  {sheet.title}", frame=frame)
        return replace(roll, marks=beat_marks(start, roll.span[1], sheet.beat, sheet.beats_per_bar))


class RollView(Painter):
    """Draws each turn as it is played; use it in a `with`, around the jam."""

    def __init__(self, sheets: Sequence[Sheet], console: Console | None = None) -> None:
        """One sheet for each turn that will come. Without a console it is stdout."""
        super().__init__(console or Console(), partial(drawing, tuple(sheets)))


def drawing(sheets: Sequence[Sheet], console: Console, live: Live | None) -> "Drawing":
    """Return the picture of a jam whose calls are known."""
    return Drawing(console, live, RollBook(sheets))


class Drawing:
    """The finished rolls on paper that scrolls, the growing one below them."""

    def __init__(self, console: Console, live: Live | None, book: RollBook) -> None:
        self._console = console
        self._live = live
        self._book = book

    def see(self, seen: Seen) -> None:
        """Take in `seen`; print the roll that it completes."""
        if isinstance(seen, Warned):
            print_warning(self._console, seen.text)
        done = self._book.see(seen)
        if done and self._live:
            self._live.update(Text(), refresh=True)
        if done:
            self._console.print(self._drawn(done), end="\n\n")

    def refresh(self, now: float) -> float | None:
        """Draw the growing roll as it is at `now`, and again as soon as may be."""
        roll = self._book.growing(now) if self._live else None
        if self._live:
            self._live.update(self._drawn(roll) if roll else Text(), refresh=True)
        return now if roll else None

    def _drawn(self, roll: Roll) -> Text:
        return terminal_roll(roll, min(self._console.width - 1, WIDEST))
