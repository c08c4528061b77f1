"""A practice session without a device, a thread or a sleep: a player with a script, and a band of simple habits."""

from livejam.arranger import Arranger
from livejam.clock import RampClock
from livejam.notes import Note, NoteOn, TickNote
from livejam.pieces import Role
from livejam.playalong import Accompaniment, AlongSettings
from livejam.spans import PartNote
from livejam.stage import Stage
from livejam.virtual import LocalPartner, NoRecorder, ScriptedInbox, SilentScreen, VirtualClock, key_events

BEAT = 0.5  # seconds: 120 bpm


class Habits:
    """A player of spans: bass on the first, chords on every beat, a hi-hat; by ear it plays what it heard last."""

    def __init__(self):
        self.spans = []

    def play(self, span):
        """Play the same as ever."""
        self.spans.append(span)
        heard = [each.note.pitch % 12 for each in span.heard if each.player]
        root = heard[-1] if heard else 0
        made = []
        for onset in range(span.start, span.end, 24):
            made += [
                PartNote(TickNote(onset, 42, 12, 80), Role.DRUMS),
                PartNote(TickNote(onset, 60 + root, 24, 80), Role.CHORDS),
                PartNote(TickNote(onset, 64 + root, 24, 80), Role.CHORDS),
                PartNote(TickNote(onset, 72 + root, 24, 80), Role.MELODY),
            ]
        made.append(PartNote(TickNote(span.start, 36 + root, span.end - span.start, 80), Role.BASS))
        return tuple(sorted((each for each in made if each.role in span.parts), key=lambda each: each.note.onset))


class BandOutput:
    """Keeps what was sent, with its channel, and what it was due."""

    ahead = 0.0

    def __init__(self, clock):
        self._clock = clock
        self.sent = []  # (seconds, channel, message)
        self.programs = []

    def send(self, cue):
        """Keep a message."""
        self.sent.append((round(self._clock(), 3), cue.channel, cue.message))

    def set_up(self, gesture, channel):
        """Keep a program."""
        self.programs.append((channel, gesture.message))


class Screen(SilentScreen):
    """Keeps what it was told."""

    def __init__(self):
        super().__init__()
        self.bars, self.modes = [], []

    def steering(self, text):
        """Keep which bar it is."""
        self.bars.append(text)

    def mode(self, text):
        """Keep who plays."""
        self.modes.append(text)


class BandWorld:
    """Everything a practice session needs."""

    def __init__(self, settings=None, bpm=120.0, start=1.0, beat=None, habits=None):
        self.clock = VirtualClock()
        self.inbox = ScriptedInbox(self.clock)
        self.output = BandOutput(self.clock)
        self.screen = Screen()
        self.habits = habits or Habits()
        self.settings = settings or AlongSettings()
        self.beat = beat or RampClock(bpm, start)
        self.session = None

    def play(self, at, pitch, seconds=0.4, velocity=80):
        """The player plays a note."""
        for time, event in key_events([Note(at, pitch, velocity, seconds)]):
            self.inbox.put(time, event)

    def happen(self, at, event):
        """Anything else happens."""
        self.inbox.put(at, event)

    def run(self, partner=None):
        """Let it take its course."""
        stage = Stage(self.clock, self.inbox, self.output, self.screen, NoRecorder(), self.beat)
        partner = partner or LocalPartner(Arranger(self.habits))
        self.inbox.partner = partner
        self.session = Accompaniment(stage, partner, self.settings)
        self.session.run()
        return self

    def ons(self, channel=None):
        """When which pitch was struck."""
        return [
            (time, message.pitch)
            for time, on, message in self.output.sent
            if isinstance(message, NoteOn) and channel in (None, on)
        ]

    def unmatched(self):
        """What is left sounding."""
        sounding = {}
        for _, channel, message in self.output.sent:
            key = channel, message.pitch
            sounding[key] = sounding.get(key, 0) + (1 if isinstance(message, NoteOn) else -1)
        return {key: count for key, count in sounding.items() if count}
