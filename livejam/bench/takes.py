"""Sessions with livejam, played over a wire: in free time, with interruptions, trading bars, and with its band.

Knows nothing of JACK or pipes: a wire is given. Times are seconds of the wire's clock. The caller's thread, which
sleeps nearly all the time: whatever holds Python's lock here would delay the wire's own thread.
"""

import math
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Protocol

from livejam.bench.backing import Change
from livejam.bench.listener import Listener
from livejam.bench.wire import Timed, balance

PACE = 74.3  # beats a minute in free time; odd: notes fall anywhere in a wire's period
BPM = 123.7  # of the clock: a tick of 20 ms tells which tick a late note belongs to; odd, too
BARS, BEATS = 1, 4  # bars that are traded, quarter notes a bar
HEARD = 0.5  # seconds of an answer, and then until a note begins, before the next call interrupts it
WAIT = 6.0  # seconds for an answer to begin
AHEAD = 0.03  # seconds that a call is given to the wire before it begins, at least
FRESH = 0.05  # seconds since a note-on within which its note will sound a while yet
REST = 0.6  # seconds without a sound after which an answer is over
LOOK = 0.02  # seconds between looks
PASSING = 1.0  # seconds that a message may be late
CLOCKED = 4.0  # seconds of clock before the first call
KEPT = 3  # bars that the player stays in a key before going on to the next
BROKEN = (0, 4, 7, 12, 7, 4, 7, 4)  # semitones above the root: a bar of eighths
TONIC = 60  # pitch of the first root

# Each is ((beat, pitch, beats), ...).
CALLS = (
    ((0, 67, 0.2), (0.25, 72, 0.4), (0.75, 76, 0.4), (1.25, 79, 0.2), (1.5, 76, 0.2), (1.75, 74, 0.4)),
    ((0, 62, 0.2), (0.25, 65, 0.4), (0.75, 69, 0.2), (1, 68, 0.2), (1.25, 69, 0.4), (1.75, 62, 0.4)),
    ((0, 74, 0.2), (0.25, 71, 0.4), (0.75, 67, 0.4), (1.25, 69, 0.4), (1.75, 71, 0.2), (2, 67, 0.2)),
    ((0, 64, 0.2), (0.25, 60, 0.2), (0.5, 64, 0.2), (0.75, 67, 0.4), (1.25, 70, 0.4), (1.75, 69, 0.4)),
)


class Wire(Protocol):
    """A way to play to a livejam in another process and to hear it, stamped by nobody but the wire."""

    transport: str  # its name
    period: float  # seconds; 0: it has none
    program: tuple[str, ...]  # what livejam is started with, before its command
    options: tuple[str, ...]  # and after it
    settings: dict[str, str]  # of its environment
    pipes: bool  # MIDI goes over its stdin and stdout
    played: list[Timed]  # what was sent to livejam, and when
    heard: list[Timed]  # what came of it
    missed: int  # periods that were missed since `connect`: they make all figures doubtful

    @property
    def drift(self) -> float:
        """Seconds by which the wire's clock has gained beside the monotonic one since `connect`."""

    def __enter__(self) -> "Wire":
        """Be there."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give everything back."""

    def connect(self, listener: Listener) -> None:
        """Connect with the livejam that has just got ready."""

    def now(self) -> float:
        """Seconds of the wire's clock."""

    def play(self, messages: Sequence[Timed]) -> None:
        """Have `messages` played at their times, which are to come."""

    def start_clock(self, bpm: float) -> float:
        """Send MIDI clock from soon on; return the time of its first beat."""


def play_free(wire: Wire, answers: int) -> tuple[tuple[Timed, ...], ...]:
    """Play `answers` calls in free time, most of them into the answer before; return them as they were really played.

    It returns while the last answer sounds, so that livejam can be ended in the midst of it.
    """
    calls = []
    for number in range(answers):
        calls.append(play_call(wire, number, wire.now() + AHEAD, 60 / PACE))
        hear_answer(wire, calls[-1][-1][0], last=number == answers - 1)
    return tuple(calls)


def play_bars(wire: Wire, answers: int) -> tuple[tuple[tuple[Timed, ...], ...], float]:
    """Trade bars by a MIDI clock; return `answers` calls as they were really played, and the clock's first beat.

    It returns while the last answer should sound.
    """
    beat_at, beat = wire.start_clock(BPM), 60 / BPM
    turn = 2 * BARS * BEATS * beat  # seconds: both have had their bars
    first = math.ceil((CLOCKED + AHEAD) / turn)
    calls = []
    for number in range(answers):
        calls.append(play_call(wire, number, beat_at + turn * (first + number), beat))
        _sleep_to(wire, beat_at + turn * (first + number + 1) - beat)
    return tuple(calls), beat_at


def play_along(wire: Wire, changes: int) -> tuple[tuple[Change, ...], float]:
    """Play broken chords by a MIDI clock, going on to a far key so many times; return the changes, and the first beat.

    It returns while the band plays on.
    """
    beat_at, bar = wire.start_clock(BPM), BEATS * 60 / BPM
    start = beat_at + bar * math.ceil((CLOCKED + AHEAD) / bar)
    played = perform(wire, call_messages(broken_chords(changes + 1), start, 60 / BPM))
    starts = played[:: 2 * KEPT * len(BROKEN)]  # two messages a note
    ends = [*(at for at, _ in starts[2:]), played[-1][0]] if played else []
    return tuple(
        Change(at, until, key_root(number), key_root(number + 1))
        for number, ((at, _), until) in enumerate(zip(starts[1:], ends, strict=False))
    ), beat_at


def broken_chords(keys: int) -> list[tuple[float, int, float]]:
    """Return the notes of so many keys: (beat, pitch, beats)."""
    return [
        (BEATS * (KEPT * number + bar) + eighth / 2, TONIC + key_root(number) + step, 0.45)
        for number in range(keys)
        for bar in range(KEPT)
        for eighth, step in enumerate(BROKEN)
    ]


def key_root(number: int) -> int:
    """Return the root (0..11) of key `number`: a tritone above the one before, then a semitone, in turn."""
    return (7 * (number // 2) + 6 * (number % 2)) % 12


def play_call(wire: Wire, number: int, start: float, beat: float) -> tuple[Timed, ...]:
    """Play call `number` at `start` to its end, with beats of `beat` seconds; return it as it was really played."""
    return perform(wire, call_messages(CALLS[number % len(CALLS)], start, beat))


def perform(wire: Wire, messages: Sequence[Timed]) -> tuple[Timed, ...]:
    """Play `messages` to their end; return them as they were really played."""
    before = len(wire.played)
    wire.play(messages)
    until(lambda: len(wire.played) == before + len(messages), messages[-1][0] - wire.now() + PASSING)
    return tuple(wire.played[before:])


def call_messages(notes: Sequence[tuple[float, int, float]], start: float, beat: float) -> list[Timed]:
    """Return the messages of a call whose beat 0 is at `start` seconds, by time, releases first."""
    ons = [(start + at * beat, bytes((0x90, pitch, 90))) for at, pitch, _ in notes]
    offs = [(start + (at + beats) * beat, bytes((0x80, pitch, 0))) for at, pitch, beats in notes]
    return sorted([*ons, *offs])


def hear_answer(wire: Wire, ended: float, last: bool) -> None:
    """Wait until the answer to a call that ended at `ended` has been heard for a while, or is over; or never comes.

    It returns when a note has just begun, if it can, so that there is something to be cut off. `last`: with the first.
    """
    until(lambda: _ons(wire, ended), WAIT)
    if began := _ons(wire, ended):
        until(lambda: wire.now() > began[0] + HEARD * (not last) or _is_over(wire), HEARD + 1)
        until(lambda: _has_begun(wire) or _is_over(wire), HEARD)


def until(happened: Callable[[], object], seconds: float) -> bool:
    """Wait until something has happened, but no longer than `seconds`; tell whether it has."""
    give_up = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > give_up:
            return False
        time.sleep(LOOK)
    return True


def _sleep_to(wire: Wire, at: float) -> None:
    until(lambda: wire.now() > at, at - wire.now() + PASSING)


def _ons(wire: Wire, since: float) -> list[float]:
    return [at for at, message in list(wire.heard) if at >= since and message[0] & 0xF0 == 0x90 and message[2]]


def _has_begun(wire: Wire) -> bool:
    return bool(+balance(wire.heard[-1:])) and wire.now() < wire.heard[-1][0] + FRESH


def _is_over(wire: Wire) -> bool:
    return not +balance(list(wire.heard)) and wire.now() > wire.heard[-1][0] + REST
