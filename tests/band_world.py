"""A practice session without a device, a thread or a sleep: a player with a script, and a band of simple habits."""

from livejam.alongsettings import AlongSettings
from livejam.arranger import Arranger
from livejam.clock import RampClock
from livejam.composer import Forgotten, Lost
from livejam.errors import PortError
from livejam.events import ClockPulse, ClockStart, Stop
from livejam.notes import Note, NoteOn, TickNote
from livejam.pieces import Role
from livejam.playalong import Accompaniment
from livejam.spans import Accompanied, PartNote
from livejam.stage import Stage
from livejam.virtual import LocalPartner, ScriptedInbox, SilentScreen, VirtualClock, key_events

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

    def __init__(self, clock, ahead=0.0):
        self._clock, self.ahead = clock, ahead
        self.gone = False  # the port is
        self.sent = []  # (seconds, channel, message): when it sounds
        self.programs = []

    def send(self, cue):
        """Keep a message."""
        if self.gone:
            raise PortError("'Synth' is gone")
        assert cue.at <= self._clock() + self.ahead + 1e-6
        self.sent.append((round(max(cue.at, self._clock()), 3), cue.channel, cue.message))

    def set_up(self, gesture, channel):
        """Keep a program."""
        self.programs.append((channel, gesture.message))


class Screen(SilentScreen):
    """Keeps what it was told."""

    def __init__(self):
        super().__init__()
        self.bars, self.modes, self.states = [], [], []

    def state(self, state, turn):
        """Keep whether it plays, and in which chorus."""
        self.states.append((state, turn))

    def steering(self, text):
        """Keep which bar it is."""
        self.bars.append(text)

    def mode(self, text):
        """Keep who plays."""
        self.modes.append(text)


class Recorder:
    """Keeps what it was told."""

    def __init__(self):
        self.messages, self.tempos = [], []  # (seconds, message, the player's?, channel); (seconds, bpm)

    def record(self, time, message, player, channel=None):
        """Keep a message."""
        self.messages.append((round(time, 3), message, player, channel))

    def tempo(self, time, bpm):
        """Keep a tempo."""
        self.tempos.append((round(time, 3), bpm))

    def steered(self, turn, words):
        """Nobody is steered."""


class SlowPartner:
    """A network that takes its time, and is away now and then."""

    def __init__(self, world, cost=lambda span: 0.0, away=()):
        self._world, self._cost, self._away = world, cost, away  # away: (seconds, until)
        for at, until in away:
            world.happen(at, Lost("signal SIGKILL"))
            world.happen(until, Forgotten())

    def tell(self, span):
        """Have the reply come when it is made up, unless the network dies before."""
        now = self._world.clock()
        done = now + self._cost(span)
        if not any(at <= done and now < until for at, until in self._away):
            self._world.inbox.put(done, Accompanied(span.number, self._world.habits.play(span)))


class BandWorld:
    """Everything a practice session needs."""

    def __init__(self, settings=None, bpm=120.0, start=1.0, beat=None, habits=None, ahead=0.0):
        self.clock = VirtualClock()
        self.inbox = ScriptedInbox(self.clock)
        self.output = BandOutput(self.clock, ahead)
        self.recorder = Recorder()
        self.rests = []  # seconds: when nobody played
        self.screen = Screen()
        self.habits = habits or Habits()
        self.settings = settings or AlongSettings()
        self.beat = beat or RampClock(bpm, start)
        self.session = None

    def play(self, at, pitch, seconds=0.4, velocity=80):
        """The player plays a note."""
        for time, event in key_events([Note(at, pitch, velocity, seconds)]):
            self.inbox.put(time, event)

    def tune(self, at, until, step=BEAT, velocity=80, pitches=(60, 62, 64, 65)):
        """The player plays from one time to another."""
        for i in range(round((until - at) / step)):
            self.play(at + i * step, pitches[i % len(pitches)], 0.8 * step, velocity)

    def pulses(self, at, beats, bpm=120.0, start=ClockStart()):  # noqa: B008  immutable
        """A DAW runs for some beats; return when its next pulse would come."""
        if start:
            self.happen(at - 1e-4, start)
        for pulse in range(round(24 * beats)):
            self.happen(at + pulse * 2.5 / bpm, ClockPulse())
        return at + round(24 * beats) * 2.5 / bpm

    def stop(self, at):
        """The player presses Ctrl-C, just before."""
        self.happen(at - 0.01, Stop())

    def happen(self, at, event):
        """Anything else happens."""
        self.inbox.put(at, event)

    def run(self, partner=None):
        """Let it take its course."""

        def rest():
            self.rests.append(self.clock())

        stage = Stage(self.clock, self.inbox, self.output, self.screen, self.recorder, self.beat, rest)
        if partner is None:
            partner = self.inbox.partner = LocalPartner(Arranger(self.habits))
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
        """What is left sounding; a note-off too many, or a note struck twice, is an error."""
        sounding = set()
        for _, channel, message in self.output.sent:
            key = channel, message.pitch
            assert isinstance(message, NoteOn) != (key in sounding), f"{message} on {channel} does not match"
            sounding ^= {key}
        return sounding
