"""What to send when, and what is sounding. Pure.

Whoever sends a note-on owes the note-off: every pitch that sounds stands in a ledger with the time of its end, so
note-ons and note-offs always match, whatever overlaps, comes late or is cut short. Knows nothing of turns, ports or
ticks. Times are seconds of the session's clock. The thread that owns the session calls it.
"""

import heapq
from dataclasses import dataclass, replace

from livejam.notes import Note, NoteOff, NoteOn

SHORTEST = 0.02  # seconds that a note which started late sounds at least


@dataclass(frozen=True, slots=True)
class _Sounding:
    note: Note
    end: float  # seconds


class Playback:
    """Notes that wait for their time, and notes that sound."""

    def __init__(self, too_late: float = 0.08) -> None:
        self.too_late = too_late  # seconds after which a note-on is dropped; a note-off never is
        self.dropped = 0  # note-ons that came too late, ever
        self._waiting: list[tuple[float, int, Note]] = []  # a heap: (onset, order of scheduling, note)
        self._sounding: dict[int, _Sounding] = {}  # by pitch
        self._sounded: list[Note] = []  # as they really were, ended
        self._scheduled = 0

    @property
    def deadline(self) -> float | None:
        """Seconds: something is due then; None if nothing waits or sounds."""
        ends = [sounding.end for sounding in self._sounding.values()]
        return min([*ends, *(onset for onset, _, _ in self._waiting[:1])], default=None)

    @property
    def idle(self) -> bool:
        """Whether nothing waits and nothing sounds."""
        return not self._waiting and not self._sounding

    def schedule(self, note: Note) -> None:
        """Have `note` sound at its onset."""
        heapq.heappush(self._waiting, (note.onset, self._scheduled, note))
        self._scheduled += 1

    def due(self, now: float) -> list[NoteOn | NoteOff]:
        """Return the messages due at or before `now`, in order, note-offs before note-ons at equal times."""
        messages: list[NoteOn | NoteOff] = []
        while self._waiting and self._waiting[0][0] <= now:
            onset, _, note = heapq.heappop(self._waiting)
            messages += self._end_until(onset)
            messages += self._start(note, now)
        return messages + self._end_until(now)

    def silence(self, now: float) -> list[NoteOff]:
        """Forget what waits, end all that sounds, and return the note-offs for it."""
        self._waiting.clear()
        return [self._end(pitch, now) for pitch in tuple(self._sounding)]

    def take_sounded(self) -> list[Note]:
        """Return, once, the notes that have ended since the last call, as they sounded, by onset and pitch."""
        sounded = sorted(self._sounded, key=lambda note: (note.onset, note.pitch))
        self._sounded.clear()
        return sounded

    def _start(self, note: Note, now: float) -> list[NoteOn | NoteOff]:
        if now - note.onset > self.too_late:
            self.dropped += 1
            return []
        messages: list[NoteOn | NoteOff] = []
        if note.pitch in self._sounding:  # struck again: the synth would know one key, not two
            messages.append(self._end(note.pitch, note.onset))
        end = max(note.onset + note.duration, now + min(note.duration, SHORTEST))
        self._sounding[note.pitch] = _Sounding(note, end)
        return [*messages, NoteOn(note.pitch, note.velocity)]

    def _end_until(self, now: float) -> list[NoteOn | NoteOff]:
        ending = sorted((sounding.end, pitch) for pitch, sounding in self._sounding.items() if sounding.end <= now)
        return [self._end(pitch, end) for end, pitch in ending]

    def _end(self, pitch: int, now: float) -> NoteOff:
        note = self._sounding.pop(pitch).note
        self._sounded.append(replace(note, duration=max(0.0, now - note.onset)))
        return NoteOff(pitch)
