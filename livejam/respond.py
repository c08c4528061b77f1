"""A call in a MIDI file, answered in another: the live session, in virtual time.

Knows neither the network nor ports. Times are seconds from the start of the call's file. Same call, brain and settings:
same bytes. Runs in the caller's thread.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from livejam.clock import SteadyClock
from livejam.composer import Brain
from livejam.errors import FileError, LivejamError
from livejam.events import PlayerEvent
from livejam.files import save
from livejam.midifile import Song, Timed
from livejam.modes import Silence
from livejam.notes import NoteOff, NoteOn
from livejam.stage import Settings
from livejam.tape import Tape
from livejam.virtual import SilentScreen, play_through

SLOWEST, FASTEST = 30.0, 300.0  # quarter notes a minute: a tempo beyond is not meant
SILENCE = 0.6  # seconds without a key after which the answer may begin
MARGIN = 0.1  # seconds of silence beyond the longest rest


class AnswerTape:
    """A recorder that keeps the answer alone, on a tape that starts with the call's file."""

    def __init__(self, settings: Settings, channel: int) -> None:
        self.tape = Tape((("livejam", channel),), settings.metre, start=0.0)

    def record(self, time: float, message: PlayerEvent, player: bool, channel: int | None = None) -> None:
        """Keep a message of livejam's."""
        if not player:
            self.tape.add(0, time, message)

    def tempo(self, time: float, bpm: float) -> None:
        """Keep the tempo from a beat at `time` on."""
        self.tape.beat(time, bpm)

    def steered(self, turn: int, words: dict[str, str]) -> None:
        """Keep nothing."""


def respond(song: Song, brain: Brain, settings: Settings, channel: int = 1) -> bytes:
    """Return a MIDI file with the answer to all of `song`, at its time after it, on `channel` (1 to 16).

    Raises:
        LivejamError: the brain fails, or has no answer.
    """
    screen, answer = SilentScreen(), AnswerTape(settings, channel)
    whole = whole_call(song, settings)
    beat = SteadyClock(whole.bpm, whole.bar_line) if whole.bpm and whole.bar_line is not None else None
    if settings.chart and beat is None:
        raise LivejamError(
            "a chart needs bars, and this file states no tempo of that kind; leave --bpm and --metre away"
        )
    play_through(((timed.at, timed.event) for timed in song.events), brain, whole, screen, answer, beat)
    if screen.warnings:
        raise LivejamError(screen.warnings[0])
    if not answer.tape:
        raise LivejamError("there is no answer to this call; try another --seed or a higher --temperature")
    return answer.tape.encode()


def on_beat(song: Song, settings: Settings) -> Settings:
    """Return `settings` with the tempo, metre and bars that the file states, where no others are asked for."""
    stated = song.bpm if song.bpm and SLOWEST <= song.bpm <= FASTEST else None
    bpm, metre = settings.bpm or stated, settings.metre or song.metre
    bar_line = song.bar_line if (bpm, metre) == (song.bpm, song.metre) else None
    return replace(settings, bpm=bpm, metre=metre, bar_line=bar_line)


def whole_call(song: Song, settings: Settings) -> Settings:
    """Return `settings` in which no rest of `song` ends the call before its time, however long it is."""
    rest = longest_rest(song.events, settings.longest_key)
    silence = max(SILENCE, rest + MARGIN if rest else 0.0)
    longest = max(settings.longest_call, song.seconds + silence + MARGIN)
    return replace(settings, mode=Silence(silence), longest_call=longest)


def longest_rest(events: Iterable[Timed], longest_key: float) -> float:
    """Return the longest time (seconds) between notes with no key down; a key counts for `longest_key` at most."""
    down: dict[int, float] = {}  # pitch -> seconds of its note-on
    quiet_from: float | None = None  # seconds: the latest release so far
    longest = 0.0
    for timed in events:
        match timed.event:
            case NoteOn(pitch):
                silent_since = max([quiet_from or 0.0, *(since + longest_key for since in down.values())])
                longest = max(longest, timed.at - silent_since if quiet_from is not None or down else 0.0)
                down[pitch] = timed.at
            case NoteOff(pitch) if pitch in down:
                quiet_from = max(quiet_from or 0.0, min(timed.at, down.pop(pitch) + longest_key))
    return longest


def save_answer(data: bytes, out: Path, call: Path) -> None:
    """Write an answer to `out`, but not over the call.

    Raises:
        FileError: it can't be written there.
    """
    if out.exists() and call.exists() and out.samefile(call):
        raise FileError(f"the answer would overwrite the call {call}; give another name with -o")
    save(out, data, "give another place with -o")
