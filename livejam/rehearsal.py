"""A melody played to the band in virtual time: the practice session as it is, with a clock that jumps.

Knows nothing of ports, files or of what is measured afterwards. Melodies and accompaniments are ticks of the song,
which begins at 0. One thread; the same melody, band and chart give the same accompaniment.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from livejam.alongsettings import AlongSettings
from livejam.arranger import Arranger, Player
from livejam.band import BandTally
from livejam.clock import RampClock
from livejam.events import Gesture, Stop
from livejam.grid import BeatGrid
from livejam.notes import Cue, Note, NoteOn, TickNote
from livejam.pieces import Role
from livejam.playalong import Accompaniment
from livejam.spans import PartNote
from livejam.stage import Stage
from livejam.virtual import LocalPartner, NoRecorder, ScriptedInbox, SilentScreen, VirtualClock, key_events

BPM = 120.0
COUNT = 2.0  # seconds before the song begins
VELOCITY = 80  # where a melody has none


@dataclass
class _Listener:
    """An output that takes down what the band plays."""

    grid: BeatGrid  # of the song
    parts: dict[int, Role]  # by channel
    ahead = 0.0
    notes: list[PartNote] = field(default_factory=list)
    _sounding: dict[tuple[int, int], NoteOn] = field(default_factory=dict)
    _began: dict[tuple[int, int], float] = field(default_factory=dict)

    def send(self, cue: Cue) -> None:
        """Take down a message; a note is there once it has ended."""
        key = cue.channel, cue.message.pitch
        if isinstance(cue.message, NoteOn):
            self._sounding[key], self._began[key] = cue.message, cue.at
        elif key in self._sounding:
            onset, end = (round(self.grid.tick_at(at)) for at in (self._began[key], cue.at))
            note = TickNote(onset, cue.message.pitch, max(1, end - onset), self._sounding.pop(key).velocity)
            self.notes.append(PartNote(note, self.parts[cue.channel]))

    def set_up(self, gesture: Gesture, channel: int) -> None:
        """It is no note."""


def rehearse(
    band: Player, melody: Sequence[TickNote], end: int, settings: AlongSettings, bpm: float = BPM
) -> tuple[tuple[PartNote, ...], BandTally]:
    """Return what is played with `melody` from tick 0 up to `end`, by onset, and how much of it was made up."""
    clock, beat = VirtualClock(), RampClock(bpm, COUNT)
    grid = beat.grid(0.0)
    keys = key_events(_in_time(note, grid) for note in melody)
    partner = LocalPartner(Arranger(band))
    inbox = ScriptedInbox(clock, [*keys, (grid.seconds_at(end) - 1e-3, Stop())], partner)
    listener = _Listener(grid, {channel: role for role, channel in settings.channels.items()})
    session = Accompaniment(Stage(clock, inbox, listener, SilentScreen(), NoRecorder(), beat), partner, settings)
    session.run()
    return tuple(sorted(listener.notes, key=lambda each: (each.note.onset, each.role, each.note.pitch))), session.tally


def _in_time(note: TickNote, grid: BeatGrid) -> Note:
    onset, end = grid.seconds_at(note.onset), grid.seconds_at(note.onset + note.length)
    return Note(onset, note.pitch, note.velocity or VELOCITY, end - onset)
