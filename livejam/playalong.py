"""The loop of practice: waits in one place, hears the player, has the band play along, keeps what the player did.

Knows neither MIDI files and ports, nor the network, nor the terminal: `stage` states what it needs of them. What the
band plays when is `band`'s to say; here it gets its channels and its seconds. Times are seconds of one monotonic clock,
ticks say so. Everything here runs in the one thread that called `Accompaniment.run`; other threads and processes reach
it through the inbox alone.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

from livejam.alongsettings import AlongSettings, Ramp
from livejam.band import Band, BandTally
from livejam.chordscale import chord_name
from livejam.clock import MidiClock, RampClock
from livejam.composer import Forgotten, Lost
from livejam.events import Clocking, Gesture, Pedal, PortBack, PortLost, Stop
from livejam.form import Form, Spot
from livejam.grid import BeatGrid
from livejam.lead import Lead, Played
from livejam.messages import DRUM_CHANNEL
from livejam.metronome import CLICKS, Metronome
from livejam.notes import TICKS_PER_BEAT, Cue, Metre, Note, NoteOff, NoteOn
from livejam.phrasing import EARLY, Tempos, TickLine
from livejam.pieces import Role
from livejam.playback import Playback
from livejam.practice import Strike, is_clean
from livejam.sender import Sender
from livejam.spans import Accompanied, Muted, PartNote
from livejam.stage import Arrival, Partner, Stage
from livejam.turns import State

PROGRAM = 0xC0  # status of a program change
TEMPO_CHANGE = 0.005  # share of the clock's tempo: less is its jitter
READY = 0.2  # seconds before a bar line that the band can still begin there
GONE = "the clock has stopped; the band goes on when it does"
SILENT = "the band has no notes from the network in time; it repeats the bar before"


class Accompaniment:
    """One practice session."""

    def __init__(self, stage: Stage, partner: Partner, settings: AlongSettings) -> None:
        """`stage.beat` must be there."""
        self._stage, self._settings = stage, settings
        self._lead = Lead(settings.longest_key)
        self._line = TickLine(None, settings.metre)
        self._band = Band(partner.tell, self._line, self._lead, settings.band)
        self._playback = Playback()
        self._sender = Sender(stage, settings.output_latency, settings.shared_bus, self._tell_of)
        clicks = settings.click is not None or settings.count_in > 0
        clicking = settings.metre, settings.count_in, settings.click is not None, self._bar_at
        self._metronome = Metronome(*clicking) if clicks else None
        self._beat: BeatGrid | None = None  # of the clock
        self._form: Form | None = None  # that is played, or was played last
        self._ended = False  # the band came to an end by itself
        self._over = False  # and that was all: every chorus was played
        self._rests_at: float | None = None  # seconds: its last chord has sounded
        self._stood = False  # the clock has stood still
        self._trouble: str | None = None
        self._missed = 0
        self._spot: Spot | None = None  # the bar that is shown
        self._running = True
        self.strikes: list[Strike] = []  # what the player did, for the report

    @property
    def tally(self) -> BandTally:
        """How much of what was made up was played."""
        return self._band.tally

    @property
    def late_notes(self) -> int:
        """Notes of the band that were dropped because they came too late."""
        return self._playback.dropped

    def run(self) -> None:
        """Play along until a Stop arrives, or all choruses are played. Whatever happens, nothing is left sounding."""
        self._stage.screen.mode(self._words())
        self._follow_clock(self._stage.clock())
        self._stage.screen.state(State.IDLE, 0)
        try:
            while self._running:
                self._go_on(self._stage.inbox.wait(self._due()))
        finally:
            self._sender.send(self._playback.silence(self._stage.clock()))
            self._keep_score(self._stage.clock(), closing=True)

    def _go_on(self, arrival: tuple[float, Arrival] | None) -> None:
        """Do what is due: sound first, then the event, then the plan."""
        now = self._stage.clock()
        self._follow_clock(now)
        self._click(now)
        self._play(now)
        if arrival:
            self._take(*arrival)
        self._plan(self._stage.clock())

    def _due(self) -> float | None:
        sound, ahead = self._playback.deadline, self._sender.ahead
        deadlines = (
            None if sound is None else sound - ahead,
            self._metronome.deadline if self._metronome else None,
            self._band.deadline(ahead),
            self._next_bar(),
        )
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def _play(self, now: float) -> None:
        self._sender.send(self._playback.due(now, self._sender.ahead))

    def _click(self, now: float) -> None:
        if self._metronome and (self._metronome.deadline is None or now >= self._metronome.deadline):
            for click in self._metronome.due(now, self._beat):
                self._playback.schedule(click, self._settings.click or DRUM_CHANNEL)

    def _bar_at(self, tick: int) -> Metre:
        """Return the bar in which a tick of the clock's song lies."""
        song, form = self._line.song or 0, self._form
        if form is None or tick + song < form.origin:
            form = Form(self._settings.metre, song)
        metre = form.at(tick + song).metre
        return replace(metre, bar_line=metre.bar_line - song)

    def _take(self, time: float, event: Arrival) -> None:
        """Take in what happened at `time`."""
        if self._sender.returns(event, time):
            return  # our own, coming back
        match event:
            case NoteOn() | NoteOff() | Pedal():
                self._hear(time, event)
            case Gesture():
                self._stage.recorder.record(time, event, player=True)
            case Accompanied():
                if event.trouble:
                    self._stage.screen.warn(event.trouble)
                self._band.take(event, time)
            case Lost(reason):
                self._stage.screen.warn(f"the network stopped ({reason}); it is being started again")
            case Forgotten():
                self._stage.screen.warn("the network is back")
                self._band.ask_again()
            case Muted(role):
                self._mute(role, time)
            case PortLost(name, keys):
                self._stage.screen.warn(f"{name} is gone; livejam goes on as soon as it is back")
                self._sender.lose()
                if keys:
                    self._lead.take_in(event, time)
            case PortBack(name):
                self._stage.screen.warn(f"{name} is back")
                self._set_programs()
            case Stop():
                self._running = False
            case _:
                self._take_clock(event, time)

    # The player

    def _hear(self, time: float, event: NoteOn | NoteOff | Pedal) -> None:
        self._stage.recorder.record(time, event, player=True)
        self._lead.take_in(event, time)
        if isinstance(event, NoteOn | NoteOff):
            self._stage.screen.player_note(time, event)
        if isinstance(event, NoteOn):
            if self._ended and not self._over:
                self._begin(time)
            self._band.hear(event.pitch, time)

    def _mute(self, role: Role, now: float) -> None:
        """Have a part fall silent at once, or play again from the next span on."""
        self._band.muted ^= {role}
        if role in self._band.muted:
            self._sender.send(self._playback.silence(now, self._settings.channels[role]))
        self._stage.screen.mode(self._words())

    def _keep_score(self, now: float, closing: bool = False) -> None:
        """Keep what the player did against the beat and the chords."""
        tempos, form = self._line.tempos(self._lead.since(now)), self._form
        if tempos is None or form is None:
            return
        played = self._lead.close(tempos, now) if closing else self._lead.settle(tempos, now)
        self.strikes += (_strike(form, each) for each in played if each.tick + EARLY >= form.origin)

    # The band

    def _plan(self, now: float) -> None:
        """Let the band do what is due, and give its notes their time."""
        notes = self._band.due(now, self._sender.ahead)
        if (tick := self._band.turned()) is not None:
            for role in (Role.BASS, Role.CHORDS):
                self._playback.cut(self._line.grid.seconds_at(tick), self._settings.channels[role])
        if notes:
            self._schedule(notes)
            self._keep_score(now)
        if self._band.tally.missed > self._missed:
            if not self._missed:
                self._stage.screen.warn(SILENT)
            self._missed = self._band.tally.missed
        if self._form and not self._band.playing and not self._ended:
            self._end(self._form)
        if self._rests_at is not None and now >= self._rests_at:
            self._rests_at = None
            self._stage.rest()
            self._running = self._running and not self._over
        self._turn_bar(now)
        self._play(self._stage.clock())

    def _schedule(self, notes: Sequence[PartNote]) -> None:
        grid = self._line.grid
        for note, role, _ in notes:
            onset, end = grid.seconds_at(note.onset), grid.seconds_at(note.onset + note.length)
            self._playback.schedule(Note(onset, note.pitch, note.velocity, end - onset), self._settings.channels[role])

    def _begin(self, now: float) -> None:
        """Have the band begin with the next bar; so does the song, unless its place is another's to say."""
        grid, song, settings = self._line.grid, self._line.song, self._settings
        if song is None:
            return
        if self._stood:
            self._lead.close(Tempos(((now, grid),)), now)  # what was played meanwhile is nobody's to judge
        soonest = grid.tick_at(now + READY + self._sender.ahead)
        at = (self._form or Form(settings.metre, song)).bar_from(soonest)
        self._form = Form(settings.metre, at, settings.chart, settings.choruses, settings.trade)
        if self._follows:
            self._form = replace(self._form, origin=song)
            at = self._form.bar_from(soonest)
        self._ended = self._stood = False
        self._spot = self._rests_at = None
        self._set_programs()
        self._band.begin(self._form, at)

    @property
    def _follows(self) -> bool:
        """Whether the song's place is another's to say: a Link session has bars, but no song."""
        return isinstance(self._stage.beat, MidiClock)

    def _move(self, form: Form, song: int) -> None:
        """The song is elsewhere: the band goes on there, without a break, for bar lines stay bar lines."""
        self._form, self._spot = replace(form, origin=song), None
        self._band.move(self._form)

    def _end(self, form: Form) -> None:
        """The band has played its last chord: it waits for the player, or that was all."""
        self._ended, self._over = True, form.over(self._band.end - 1)
        self._rests_at = self._line.grid.seconds_at(self._band.end)
        self._show_rest()

    def _stand(self, now: float) -> None:
        """The clock stands still: so does the band, and where it begins anew, so does the band."""
        self._keep_score(now, closing=True)
        self._band.stop()
        self._sender.send(self._playback.silence(now))
        self._form, self._stood, self._ended, self._rests_at = None, True, False, None
        self._stage.rest()
        self._stage.screen.warn(GONE)
        self._show_rest()

    def _show_rest(self) -> None:
        self._stage.screen.state(State.IDLE, 0)
        self._stage.screen.steering("")

    def _set_programs(self) -> None:
        """Tell the synth which instrument each part is; drums have their channel."""
        for role, program in self._settings.programs.items():
            if role in (*self._settings.band.parts, *((Role.MELODY,) if self._settings.trade else ())):
                self._sender.set_up(Gesture((PROGRAM, program - 1)), self._settings.channels[role])

    # The beat

    def _take_clock(self, event: Arrival, now: float) -> None:
        if self._stage.beat and isinstance(event, Clocking):
            self._stage.beat.take(event, now)
            self._follow_clock(now)

    def _follow_clock(self, now: float) -> None:
        """Keep to the clock's grid: what waits to sound moves with it; where it stops, so does the band."""
        clock = self._stage.beat
        if clock is None:
            return
        beat = clock.grid(now)
        if clock.trouble != self._trouble:
            self._trouble = clock.trouble
            if self._trouble:
                self._stage.screen.warn(self._trouble)
        if beat != self._beat:
            self._move_to(beat, now)
        form, song, playing = self._form, self._line.song, self._band.playing
        if not clock.running or song is None:
            if form and not self._over:
                self._stand(now)
        elif not playing and not self._ended:
            self._begin(now)
        elif playing and form and form.origin != song and self._follows:
            self._move(form, song)

    def _move_to(self, beat: BeatGrid | None, now: float) -> None:
        before = self._line.grid
        if beat is None:
            self._line.reach(math.ceil(before.tick_at(now)))  # another clock goes on from here
        self._line.follow(beat, now)
        if beat and self._beat:
            self._playback.retime(lambda time: self._line.grid.seconds_at(before.tick_at(time)))
        if beat and (self._beat is None or abs(beat.bpm - self._beat.bpm) > TEMPO_CHANGE * beat.bpm):
            start = max(beat.origin, beat.seconds_at(beat.tick_at(now) // TICKS_PER_BEAT * TICKS_PER_BEAT))
            self._stage.recorder.tempo(start, beat.bpm)
        self._beat = beat
        self._click(now)

    # What is sent and shown

    def _tell_of(self, cue: Cue) -> None:
        """Keep and show a message of the band's; a click is none, though drums may have the same channel."""
        if cue.message.pitch not in CLICKS or cue.channel != (self._settings.click or DRUM_CHANNEL):
            self._stage.recorder.record(cue.at, cue.message, player=False, channel=cue.channel)
            self._stage.screen.answer_note(cue.at, cue.message)

    def _next_bar(self) -> float | None:
        """Return when the next bar begins, seconds; where all is over, when that is."""
        if self._form is None or not self._band.playing:
            return self._rests_at
        if self._spot is None:
            return self._line.grid.seconds_at(self._form.origin)
        return self._line.grid.seconds_at(self._spot.end)

    def _turn_bar(self, now: float) -> None:
        """Show which bar it is; where a chorus begins, it may go on faster."""
        form, line = self._form, self._line
        if form is None or not self._band.playing:
            self._spot = None
            return
        tick = math.floor(line.grid.tick_at(now) + 1e-6)
        spot = form.at(tick)
        if tick < form.origin or spot == self._spot:
            return
        before, self._spot = self._spot, spot
        if spot.bar == 0 and spot.chorus > 0 and self._settings.ramp:
            self._keep_score(now, closing=False)
            self._quicken(self._settings.ramp, spot)
        if before is None or before.chorus != spot.chorus:
            self._stage.screen.state(State.LISTENING, spot.chorus + 1 if form.chart else 0)
        self._stage.screen.steering(_in_words(form, spot))

    def _quicken(self, ramp: Ramp, spot: Spot) -> None:
        """Go on faster, if it is time to and the last chorus was clean."""
        clock, grid = self._stage.beat, self._line.grid
        if spot.chorus % ramp.choruses or not isinstance(clock, RampClock) or grid.bpm >= ramp.last:
            return
        begin, song = self._form.origin if self._form else 0, self._line.song or 0
        if is_clean([each for each in self.strikes if each.chorus == spot.chorus - 1 and each.bar_start >= begin]):
            clock.change(min(ramp.last, grid.bpm + ramp.step), spot.start - song)
            self._follow_clock(self._stage.clock())

    def _words(self) -> str:
        """Return who plays, in words."""
        parts = (role for role in self._settings.band.parts if role not in self._band.muted)
        return ", ".join(role.name.lower() for role in parts) or "nobody plays"


def _strike(form: Form, played: Played) -> Strike:
    """Return a note of the player's against the beat and the chords of `form`."""
    place = math.floor(played.tick + EARLY)
    spot, note = form.at(place), played.note
    return Strike(
        played.tick, note.pitch, note.velocity, note.duration * played.ticks_a_second, spot.bar, spot.chorus,
        spot.start, 1 / played.ticks_a_second, form.chord(place),
    )  # fmt: skip


def _in_words(form: Form, spot: Spot) -> str:
    """Return which bar it is, and its chords."""
    bar = f"bar {spot.bar + 1}"
    if not form.chart:
        return bar
    chords = dict.fromkeys(form.chord(tick) for tick in range(spot.start, spot.end, TICKS_PER_BEAT // 2))
    return f"{bar} of {len(form.chart.bars)}: {' '.join(chord_name(chord) for chord in chords if chord)}"
