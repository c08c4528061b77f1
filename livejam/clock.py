"""Clocks: from MIDI clock, Ableton Link or a tempo given, to the beat grid of a song. Pure.

On the grid of a clock, tick 0 is the start of the song. A MIDI clock that never said where the song is (it runs while
the sequencer stands, or comes from a drum machine) gives beats all the same: they are counted from its first pulse.
After a stop the beats go on as long as pulses come; start and continue put the song back in its place.

Knows nothing of ports or turns; every call is given `now`. Times are seconds of the session's clock, ticks say so. The
thread that owns the session calls it.
"""

import math
from typing import Protocol

from livejam.events import ClockContinue, Clocking, ClockPulse, ClockStart, ClockStop, LinkState, SongPosition
from livejam.grid import BeatGrid
from livejam.notes import TICKS_PER_BEAT
from livejam.tempo import WINDOW, PulseLine

SLOWEST, FASTEST = 20.0, 400.0  # quarter notes a minute that are followed
SILENT = 0.5  # seconds without a pulse after which a clock that should run has stopped
GONE = 5.0  # seconds without a pulse after which there is no beat any more
TORN = 0.25  # seconds: a pulse that long after the one before is a new beginning
SLOW_PULSES = 4  # so many of those in a row are no accident but a very slow clock
FLOOD = 0.5  # of the time that pulses take at the fastest tempo: any denser is no clock
MOVED = 0.001  # seconds: a beat that moves by more gives a new grid at once
SAME = 5e-5  # seconds: a bar that moves by less gives none at all
LINK_NOISE = 2e-4  # seconds: how exactly a Link session is seen
BAR = 4 * TICKS_PER_BEAT  # ticks: how far ahead grids are compared


class Clock(Protocol):
    """Where the beat comes from."""

    @property
    def running(self) -> bool:
        """Whether the song goes on. There may be a beat without it."""

    @property
    def trouble(self) -> str | None:
        """What is wrong with the clock, in one line for the player, as of the latest call; None: nothing."""

    def take(self, event: Clocking, now: float) -> None:
        """Take in what happened at `now`. What does not concern this clock is ignored."""

    def grid(self, now: float) -> BeatGrid | None:
        """Return the beat, equal to the one before unless it has moved; None: no beat is known, or none any more."""


class SteadyClock:
    """A tempo that was given: always runs."""

    running = True
    trouble = None

    def __init__(self, bpm: float, bar_line_at: float) -> None:
        """Run at `bpm`, with tick 0 at `bar_line_at` seconds, which may lie ahead: then a count-in goes before."""
        self._grid = BeatGrid(bpm, bar_line_at)

    def take(self, event: Clocking, now: float) -> None:
        """Ignore it."""

    def grid(self, now: float) -> BeatGrid:
        """Return the one grid."""
        return self._grid


class RampClock(SteadyClock):
    """A tempo that was given, and that is changed where a bar begins."""

    def change(self, bpm: float, tick: int) -> None:
        """Run at `bpm` from `tick` of the song on."""
        self._grid = BeatGrid(bpm, self._grid.seconds_at(tick), tick)


class LinkClock:
    """The timeline of an Ableton Link session."""

    def __init__(self) -> None:
        self._grid: BeatGrid | None = None
        self.running = False
        self.trouble: str | None = None

    def take(self, event: Clocking, now: float) -> None:
        """Follow the session as it was seen at `now`."""
        if not isinstance(event, LinkState):
            return
        self.running = event.playing
        self.trouble = None if _sane(event.bpm) and math.isfinite(event.beat) else _off_limits("Link", event.bpm)
        if self.trouble:
            return
        beat = math.floor(event.beat)
        seen = BeatGrid(event.bpm, now - (event.beat - beat) * 60 / event.bpm, beat * TICKS_PER_BEAT)
        if self._grid is None or _apart(self._grid, seen, seen.origin_ticks + BAR) > LINK_NOISE:
            self._grid = seen

    def grid(self, now: float) -> BeatGrid | None:
        """Return the beat; None before the session has been seen."""
        return self._grid


class MidiClock:
    """MIDI clock: 24 pulses a quarter note, with start, stop, continue and song position."""

    def __init__(self) -> None:
        self._pulses = PulseLine()
        self._last: float | None = None  # seconds: the latest pulse
        self._recent_rate = 0.0  # seconds a pulse, roughly, over the last pulses
        self._next = 0  # ticks: where the next pulse lies
        self._song = 0  # ticks: where "continue" goes on, while the song stands
        self._rolling: bool | None = None  # None: nobody has said
        self._slow = 0  # pulses in a row that came far too late
        self._grid: BeatGrid | None = None
        self._impossible: str | None = None
        self._silent = False
        self._rolled = -math.inf  # seconds: the latest start
        self._awaited = False  # a pulse, for long

    @property
    def running(self) -> bool:
        """Whether the song goes on: pulses come, and nobody said stop."""
        return self._rolling is not False and self._grid is not None and not self._silent

    @property
    def trouble(self) -> str | None:
        """What is wrong with the clock, in one line; None: nothing."""
        if self._awaited and self._rolling is not False and self._slow < SLOW_PULSES:
            return "the MIDI clock has stopped without a stop message; start it again, or play on without it"
        return self._impossible

    def take(self, event: Clocking, now: float) -> None:
        """Take in what happened at `now`."""
        match event:
            case ClockPulse():
                self._pulse(now)
            case ClockStart():
                self._song = 0
                self._roll(now)
            case ClockContinue():
                self._roll(now)
            case ClockStop():
                self._song = self._next if self._rolling else self._song
                self._rolling = False
            case SongPosition(sixteenths):
                self._song = sixteenths * TICKS_PER_BEAT // 4
                self._next = self._song if self._rolling else self._next

    def grid(self, now: float) -> BeatGrid | None:
        """Return the beat; None before a quarter note of pulses, and when none have come for long."""
        waited = 0.0 if self._last is None else now - self._last
        self._silent, self._awaited = waited > SILENT, min(waited, now - self._rolled) > SILENT
        return self._grid if waited <= GONE else None

    def _roll(self, now: float) -> None:
        self._rolled = now
        if not self._rolling:  # where it already rolls, the pulses go on as before
            self._pulses.tear()
        self._next, self._rolling = self._song, True

    def _pulse(self, now: float) -> None:
        gap = TORN if self._last is None else now - self._last
        self._last, self._silent, self._awaited = now, False, False
        tick, self._next = self._next, self._next + 1
        self._recent_rate += (min(gap, TORN) - self._recent_rate) / WINDOW
        if abs(gap) >= TORN:
            self._pulses.tear()
        self._slow = self._slow + 1 if gap >= TORN else 0
        if self._slow >= SLOW_PULSES:
            self._refuse(_bpm(gap))
        elif self._recent_rate < FLOOD * 60 / FASTEST / TICKS_PER_BEAT:
            self._refuse(_bpm(self._recent_rate))
            self._pulses.tear()
        else:
            self._follow(tick, now)

    def _follow(self, tick: int, now: float) -> None:
        lost = self._pulses.follow(now)
        self._next += lost
        if self._pulses.at is None:
            return
        bpm = _bpm(self._pulses.period)
        if not _sane(bpm):
            self._refuse(bpm)
        else:
            self._impossible = None
            self._offer(tick + lost, BeatGrid(bpm, *self._beat_at(tick + lost)))

    def _refuse(self, bpm: float) -> None:
        """Not to be followed at that tempo: that is said once, however the tempo goes on from there."""
        self._impossible = self._impossible or _off_limits("MIDI", bpm)

    def _beat_at(self, tick: int) -> tuple[float, int]:
        """Return the time (seconds) and place (ticks) of the beat at or before the pulse at `tick`."""
        since = tick % TICKS_PER_BEAT
        return (self._pulses.at or 0.0) - since * self._pulses.period, tick - since

    def _offer(self, tick: int, seen: BeatGrid) -> None:
        """Take the grid just seen, if the beat has moved: by a little on a beat, by more at any time."""
        if self._grid and _apart(self._grid, seen, tick + BAR) <= SAME:
            return
        coming = seen.origin_ticks + TICKS_PER_BEAT
        moved = self._grid is None or _apart(self._grid, seen, coming) > max(MOVED, self._pulses.noise)
        if moved or tick == seen.origin_ticks:
            self._grid = seen


def _apart(one: BeatGrid, other: BeatGrid, tick: int) -> float:
    """Return how far two grids are apart at `tick`, in seconds."""
    return abs(one.seconds_at(tick) - other.seconds_at(tick))


def _bpm(pulse: float) -> float:
    return 60 / TICKS_PER_BEAT / max(pulse, 1e-6)


def _sane(bpm: float) -> bool:
    return SLOWEST <= bpm <= FASTEST


def _off_limits(kind: str, bpm: float) -> str:
    return f"the {kind} clock runs at {bpm:,.0f} bpm; livejam follows {SLOWEST:.0f} to {FASTEST:.0f} bpm, set it there"
