"""What to send when, and what is sounding. Pure.

Whoever sends a note-on owes the note-off: every pitch that sounds on a channel stands in a ledger with the time of its
end, so note-ons and note-offs always match, whatever overlaps, comes late or is cut short. Knows nothing of turns,
ports or ticks. Times are seconds of the session's clock. The thread that owns the session calls it.
"""

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from livejam.notes import Cue, Note, NoteOff, NoteOn

REMEMBERED = 1024  # notes that have ended and nobody has asked for, as those of a click
SHORTEST = 0.02  # seconds that a note which started late sounds at least
Key = tuple[int, int]  # channel, pitch


@dataclass(frozen=True, slots=True)
class _Sounding:
    note: Note
    end: float  # seconds


class Playback:
    """Notes that wait for their time, and notes that sound."""

    def __init__(self, too_late: float = 0.08) -> None:
        self.too_late = too_late  # seconds after which a note-on is dropped; a note-off never is
        self.dropped = 0  # note-ons that came too late, ever
        self._waiting: list[tuple[float, int, Note, int]] = []  # a heap: (onset, order of scheduling, note, channel)
        self._sounding: dict[Key, _Sounding] = {}
        self._sounded: deque[tuple[int, Note]] = deque(maxlen=REMEMBERED)  # (channel, note as it really was), ended
        self._scheduled = 0

    @property
    def deadline(self) -> float | None:
        """Seconds: something is due then; None if nothing waits or sounds."""
        ends = [sounding.end for sounding in self._sounding.values()]
        return min([*ends, *(waiting[0] for waiting in self._waiting[:1])], default=None)

    def idle(self, channel: int) -> bool:
        """Tell whether nothing waits and nothing sounds on `channel`."""
        waits = any(waiting[3] == channel for waiting in self._waiting)
        return not waits and not any(key[0] == channel for key in self._sounding)

    def schedule(self, note: Note, channel: int) -> None:
        """Have `note` sound at its onset, on `channel` (1 to 16)."""
        heapq.heappush(self._waiting, (note.onset, self._scheduled, note, channel))
        self._scheduled += 1

    def retime(self, moved: Callable[[float], float]) -> None:
        """Have all that waits, and the ends of what sounds, happen when `moved` says for each time (seconds)."""
        self._waiting = [
            (moved(onset), order, _moved(note, moved), channel) for onset, order, note, channel in self._waiting
        ]
        heapq.heapify(self._waiting)
        self._sounding = {key: replace(sounding, end=moved(sounding.end)) for key, sounding in self._sounding.items()}

    def cut(self, at: float, channel: int) -> None:
        """Have what begins on `channel` before `at` (seconds) end there at the latest."""
        self._waiting = [
            (onset, order, replace(note, duration=min(note.duration, at - onset)), on)
            if on == channel and onset < at
            else (onset, order, note, on)
            for onset, order, note, on in self._waiting
        ]
        for key, sounding in self._sounding.items():
            if key[0] == channel and sounding.note.onset < at:
                self._sounding[key] = replace(sounding, end=min(sounding.end, at))

    def due(self, now: float, ahead: float = 0.0) -> list[Cue]:
        """Return what is due at or before `now + ahead`, in order, note-offs before note-ons at equal times."""
        cues: list[Cue] = []
        while self._waiting and self._waiting[0][0] <= now + ahead:
            onset, _, note, channel = heapq.heappop(self._waiting)
            cues += self._end_until(onset)
            cues += self._start(note, channel, now)
        return cues + self._end_until(now + ahead)

    def silence(self, now: float, channel: int | None = None) -> list[Cue]:
        """Forget what waits, end all that sounds, and return the note-offs for it; `channel`: only there."""
        self._waiting = [waiting for waiting in self._waiting if channel not in (None, waiting[3])]
        heapq.heapify(self._waiting)
        return [self._end(key, now) for key in tuple(self._sounding) if channel in (None, key[0])]

    def take_sounded(self, channel: int) -> list[Note]:
        """Return, once, the notes that have ended on `channel` since the last call, as they sounded, by onset."""
        sounded = [note for on, note in self._sounded if on == channel]
        others = [(on, note) for on, note in self._sounded if on != channel]
        self._sounded.clear()
        self._sounded.extend(others)
        return sorted(sounded, key=lambda note: (note.onset, note.pitch))

    def _start(self, note: Note, channel: int, now: float) -> list[Cue]:
        if now - note.onset > self.too_late:
            self.dropped += 1
            return []
        cues: list[Cue] = []
        key = channel, note.pitch
        if key in self._sounding:  # struck again: the synth would know one key, not two
            cues.append(self._end(key, note.onset))
        end = max(note.onset + note.duration, now + min(note.duration, SHORTEST))
        self._sounding[key] = _Sounding(note, end)
        return [*cues, Cue(note.onset, NoteOn(note.pitch, note.velocity), channel)]

    def _end_until(self, until: float) -> list[Cue]:
        ending = sorted((sounding.end, key) for key, sounding in self._sounding.items() if sounding.end <= until)
        return [self._end(key, end) for end, key in ending]

    def _end(self, key: Key, at: float) -> Cue:
        channel, pitch = key
        note = self._sounding.pop(key).note
        at = max(at, note.onset)  # it may have been handed over ahead of its time
        self._sounded.append((channel, replace(note, duration=max(0.0, at - note.onset))))
        return Cue(at, NoteOff(pitch), channel)


def _moved(note: Note, moved: Callable[[float], float]) -> Note:
    onset = moved(note.onset)
    return replace(note, onset=onset, duration=max(0.0, moved(note.onset + note.duration) - onset))
