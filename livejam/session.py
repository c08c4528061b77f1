"""The loop of a jam: waits in one place, feeds the turn-taker, tells the network, plays the answer.

Knows neither MIDI files and ports, nor the network, nor the terminal: `stage` states what it needs of them as
Protocols, and `livejam.cli` plugs them in. Times are seconds of one monotonic clock, ticks say so. Everything here runs
in the one thread that called `Session.run`; other threads and processes reach it through the inbox alone.
"""

from dataclasses import replace

from livejam.answering import requested, traded
from livejam.asking import Asking, Tally
from livejam.composer import Better, Complete, Composed, Failed, Forgotten, Heard, Lost, Reply
from livejam.events import Clocking, Gesture, Pedal, PlayerEvent, PortBack, PortLost, Stop
from livejam.grid import BeatGrid
from livejam.hearing import Hearing
from livejam.knobs import Turned
from livejam.messages import DRUM_CHANNEL
from livejam.metronome import Metronome
from livejam.modes import Bars, ModeChosen, Signal, Switch
from livejam.notes import TICKS_PER_BEAT, Metre, NoteOff, NoteOn, TickNote
from livejam.phrasing import Request
from livejam.playback import Playback
from livejam.sender import Sender, to_answers
from livejam.signs import Music, Over, Signs
from livejam.spans import Accompanied, Muted
from livejam.stage import Arrival, Partner, Settings, Stage
from livejam.steering import in_words
from livejam.turns import Action, AnswerReady, Estimate, Hush, Play, PlaybackDone, Speculate, State, TurnTaker
from livejam.wants import Wants, foreseen

TOO_SLOW = "no answer came in time: this machine is busy, or the call was very long; play on"
NO_BARS = "there is no beat to trade bars by: start your DAW's, or give --bpm; until then a silence ends your phrase"
TEMPO_CHANGE = 0.005  # share of the clock's tempo: less is its jitter


class Session:
    """One jam."""

    def __init__(self, stage: Stage, partner: Partner, settings: Settings) -> None:
        self._stage = stage
        self._settings = settings
        self._metre = settings.metre or (Metre(4, 4) if stage.beat else None)
        self._hearing = Hearing(partner.tell, self._metre, settings.bpm, settings.longest_key)
        self._line = self._hearing.line
        tell = to_answers(stage, settings.answer_channel)
        self._sender = Sender(stage, settings.output_latency, settings.shared_bus, tell)
        self._lead = self._sender.ahead  # seconds before its end that a phrase counts as over
        self._over_at = 0.0  # seconds: the end of the latest phrase
        self._turns = TurnTaker(replace(settings, lead=self._lead), bars=self._line)
        self._playback = Playback()
        self._asking = Asking(partner.tell)
        self._signs = Signs(Switch(settings.switch, settings.modes) if settings.switch else None, settings.knobs)
        self._wants = Wants(settings.steering, settings.chart, settings.longest_answer)
        self._beat: BeatGrid | None = None  # of the clock
        clicks = settings.click is not None or settings.count_in > 0
        self._metronome = Metronome(self._metre, settings.count_in, settings.click is not None) if clicks else None
        self._trouble: str | None = None  # of the clock
        self._clock_ran = False
        self._network_lost = False
        self._shown: tuple[State, int] | None = None
        self._running = True

    @property
    def tally(self) -> Tally:
        """How many phrases were answered, and how often a guess was used."""
        return self._asking.tally

    @property
    def late_notes(self) -> int:
        """Notes of the answers that were dropped because they came too late."""
        return self._playback.dropped

    def run(self) -> None:
        """Jam until a Stop arrives. Whatever happens, nothing is left sounding."""
        self._stage.screen.mode(str(self._turns.mode))
        self._show_steering()
        self._follow_clock(self._stage.clock())
        try:
            while self._running:
                self._show()
                self._go_on(self._stage.inbox.wait(self._due()))
        finally:
            self._sender.send(self._playback.silence(self._stage.clock()))

    def _go_on(self, arrival: tuple[float, Arrival] | None) -> None:
        """Do what is due: sound first, then timers, then the event."""
        now = self._stage.clock()
        self._follow_clock(now)
        self._click(now)
        self._play(now)
        self._pass_time(arrival[0] if arrival else now)
        if arrival:
            self._take(*arrival)
        elif self._hearing.deadline is not None and now >= self._hearing.deadline:
            self._hear()

    def _due(self) -> float | None:
        sound = self._playback.deadline
        send = None if sound is None else sound - self._sender.ahead
        click = self._metronome.deadline if self._metronome else None
        deadlines = (self._turns.deadline, self._hearing.deadline, click, send)
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def _play(self, now: float) -> None:
        self._sender.send(self._playback.due(now, self._sender.ahead))
        answer = self._asking.answer
        if answer and answer.complete and self._playback.idle(self._settings.answer_channel):
            self._end_answer(now)
            self._turns.handle(PlaybackDone(answer.request.turn), now)

    def _click(self, now: float) -> None:
        if self._metronome and (self._metronome.deadline is None or now >= self._metronome.deadline):
            for click in self._metronome.due(now, self._beat):
                self._playback.schedule(click, self._settings.click or DRUM_CHANNEL)

    def _pass_time(self, until: float) -> None:
        """Let the turn-taker's deadlines pass that lie at or before `until`."""
        while (deadline := self._turns.deadline) is not None and deadline <= until:
            listening = self._turns.state is State.LISTENING
            actions = self._turns.handle_timeout(deadline)
            if self._asking.awaited and not listening:
                self._stage.screen.warn(TOO_SLOW)
            self._carry_out(actions, deadline)
            if listening and not actions and self._turns.state is State.IDLE:
                self._close_call(deadline)  # too short to answer, but heard

    def _take(self, time: float, event: Arrival) -> None:
        """Take in what happened at `time`."""
        if self._sender.returns(event, time):
            return  # our own, coming back
        match event:
            case NoteOn() | NoteOff() | Pedal() | Gesture():
                self._stage.recorder.record(time, event, player=True)
                self._hear_player(time, event)
            case Composed() | Complete() | Better() | Heard() | Failed() | Forgotten() | Lost():
                self._take_reply(event, time)
            case PortLost(name, keys):
                self._warn(f"{name} is gone; livejam goes on as soon as it is back")
                self._sender.lose()
                if keys:
                    self._signs.lift()
                    self._hearing.take_in(event, time)
                    self._carry_out(self._turns.handle(event, time), time)
            case PortBack(name):
                self._stage.screen.warn(f"{name} is back")
            case ModeChosen(mode):
                self._turns.choose(mode, time)
                self._signs.change()
                self._stage.screen.mode(str(mode))
            case Turned():
                self._steer(event, time)
            case Stop():
                self._running = False
            case Muted() | Accompanied():
                pass  # there is no band
            case _:
                self._take_clock(event, time)

    # What is played

    def _hear_player(self, time: float, event: PlayerEvent) -> None:
        match self._signs.take(event, self._turns.mode):
            case ModeChosen() | Turned() as chosen:
                self._take(time, chosen)
            case Over():
                self._take_signal(time)
            case NoteOn() | NoteOff() | Pedal() as music:
                self._hear_music(time, music)

    def _hear_music(self, time: float, event: Music) -> None:
        turn, state = self._turns.turn, self._turns.state
        self._carry_out(self._turns.handle(event, time), time)
        if self._turns.turn != turn:
            self._begin_call(time)
            self._show()  # before its first note is
        self._hearing.take_in(event, time)
        if state is State.LISTENING and not isinstance(event, NoteOn):
            self._hearing.tell_soon(time)
        if isinstance(event, NoteOn | NoteOff):
            self._stage.screen.player_note(time, event)

    def _steer(self, knob: Turned, time: float) -> None:
        """Ask something else of the answers from now on; one that is being guessed is guessed anew."""
        if self._wants.turn(knob):
            self._show_steering()
            if self._asking.guessing:
                self._speculate(self._turns.turn, time)

    def _take_signal(self, time: float) -> None:
        listening = self._turns.state is State.LISTENING
        actions = self._turns.signal(time)
        self._carry_out(actions, time)
        if listening and not actions:
            self._close_call(time)  # too short to answer, but heard

    def _begin_call(self, time: float) -> None:
        self._hearing.begin(time)
        self._asking.forget_guess()

    def _hear(self) -> None:
        """Let the network hear what has ended of the phrase."""
        if self._asking.answer is None and self._turns.state is State.LISTENING:
            self._hearing.tell()
        else:
            self._hearing.deadline = None

    def _carry_out(self, actions: tuple[Action, ...], now: float) -> None:
        for action in actions:
            match action:
                case Speculate(turn):
                    self._speculate(turn, now)
                case Play(turn):
                    self._begin_answer(turn, now)
                case Hush():
                    self._end_answer(now)

    def _speculate(self, turn: int, now: float) -> None:
        """Have an answer made up to the phrase as it is, in case it is over."""
        if self._asking.answer:
            return  # livejam's bars sound to their end first
        until = self._turns.over_at if isinstance(self._turns.mode, Bars) else now
        grid, call = self._hearing.phrase(until)
        self._asking.guess(self._requested(turn, call, grid, until))

    def _begin_answer(self, turn: int, now: float) -> None:
        """The phrase is over: play the answer to it, if it is there, or ask for it."""
        if self._asking.answer:
            self._end_answer(now)
        if isinstance(self._turns.mode, Bars) and self._beat is None:
            self._warn(NO_BARS)
        self._over_at = now if isinstance(self._turns.mode, Signal) else now + self._lead
        grid, call = self._close_call(now)
        self._stage.recorder.steered(turn, in_words(self._wants.steering))
        self._asking.begin(self._requested(turn, call, grid, now), self._must_start)
        self._go_on_answering(now)

    @property
    def _must_start(self) -> bool:
        """Whether the answer must be there on the bar line."""
        return isinstance(self._turns.mode, Bars) and self._beat is not None

    def _close_call(self, now: float) -> tuple[BeatGrid, tuple[TickNote, ...]]:
        """Close the player's phrase and let the network hear all of it; return it on its grid."""
        grid, call = self._hearing.close(now)
        self._stage.recorder.tempo(grid.origin, grid.bpm)
        return grid, call

    # What is answered

    def _requested(self, turn: int, call: tuple[TickNote, ...], grid: BeatGrid, now: float) -> Request:
        request = requested(turn, call, self._metre, grid, now, self._settings.longest_answer)
        mode = self._turns.mode
        if isinstance(mode, Bars) and (bar := self._line.number(now)) is not None:
            request = traded(
                self._wants.filling(request, mode.count), self._line.bar_tick(bar), mode.count, self._metre
            )
        else:
            request = self._wants.lasting(request, grid)
        return self._wants.charted(request, self._line.song, grid, foreseen(self._turns.over_at, now))

    def _take_reply(self, reply: Reply, now: float) -> None:
        match reply:
            case Composed() | Complete() | Better():
                self._warn(self._asking.take(reply))
            case Failed(reason):
                self._warn(reason)
                self._hearing.memory.forget()
            case Heard(total, phrase_end) if total == self._hearing.memory.total:
                self._carry_out(self._turns.handle(Estimate(phrase_end), now), now)
            case Forgotten() | Lost():
                self._start_over(reply, now)
        self._go_on_answering(now)

    def _start_over(self, reply: Forgotten | Lost, now: float) -> None:
        """The network has forgotten everything, or must be awaited anew; what was heard is not lost."""
        self._asking.forget_guess()
        if isinstance(reply, Lost):
            self._network_lost = True
            self._warn(f"the network stopped ({reply.reason}); it is being started again")
            self._leave_off(now)
            return
        self._warn("the network is back" if self._network_lost else None)
        self._network_lost = False
        self._hearing.memory.tell_again()
        self._asking.ask_again()

    def _leave_off(self, now: float) -> None:
        """End the answer that sounds, and the turn with it."""
        if answer := self._asking.sounding:
            self._end_answer(now)
            self._turns.handle(PlaybackDone(answer.request.turn), now)

    def _go_on_answering(self, now: float) -> None:
        """Give the answer its place, if it has none, and schedule what has come of it."""
        answer = self._asking.answer
        if answer is None:
            return
        if answer.grid is None and answer.first is not None:
            now = max(self._over_at, self._stage.clock() + self._settings.output_latency)
            latest = min(now + self._settings.start_within, self._turns.released + self._settings.start_by)
            answer.place(self._line.grid, now, latest if self._settings.on_beat else None)
            self._turns.handle(AnswerReady(answer.request.turn), now)
        if answer.grid is not None:
            for note in answer.take(self._hearing.feel):
                self._playback.schedule(note, self._settings.answer_channel)
        self._play(self._stage.clock())

    def _end_answer(self, now: float) -> None:
        """End the answer, and let the network hear what really sounded of it."""
        answer, self._asking.answer = self._asking.answer, None
        self._sender.send(self._playback.silence(now, self._settings.answer_channel))
        notes = self._playback.take_sounded(self._settings.answer_channel)
        if answer is None or answer.grid is None:
            return
        self._hearing.hear_answer(answer.sounded(notes), self._turns.began if self._beat else None)

    # The beat

    def _take_clock(self, event: Clocking, now: float) -> None:
        if self._stage.beat:
            self._stage.beat.take(event, now)
            self._follow_clock(now)

    def _follow_clock(self, now: float) -> None:
        """Keep to the clock's grid: what waits to sound moves with it, and so do the bars that are traded."""
        clock = self._stage.beat
        if clock is None:
            return
        beat = clock.grid(now)
        if clock.trouble != self._trouble:
            self._trouble = clock.trouble
            self._warn(self._trouble)
        if self._clock_ran and not clock.running and isinstance(self._turns.mode, Bars):
            self._leave_off(now)  # the band has stopped
        self._clock_ran = clock.running
        if beat == self._beat:
            return
        before = self._line.grid
        self._line.follow(beat, now)
        if beat and self._beat and (answer := self._asking.sounding):
            answer.grid = self._line.grid
            self._playback.retime(lambda time: self._line.grid.seconds_at(before.tick_at(time)))
        if beat and (self._beat is None or abs(beat.bpm - self._beat.bpm) > TEMPO_CHANGE * beat.bpm):
            self._stage.recorder.tempo(beat.seconds_at(beat.tick_at(now) // TICKS_PER_BEAT * TICKS_PER_BEAT), beat.bpm)
        self._beat = beat
        self._turns.regrid(now)
        self._click(now)

    # What is sent and shown

    def _warn(self, text: str | None) -> None:
        if text:
            self._stage.screen.warn(text)

    def _show_steering(self) -> None:
        words = in_words(self._wants.steering)
        self._stage.screen.steering(", ".join(f"{name} {word}" for name, word in words.items()))

    def _show(self) -> None:
        showing = self._turns.state, self._turns.turn
        if showing != self._shown:
            self._shown = showing
            self._stage.screen.state(*showing)
            if self._turns.state is State.IDLE:
                self._stage.rest()
            if bars := self._turns.bars:
                first, end = bars
                self._stage.screen.bars(self._line.start(first), self._line.start(end), end - first)
