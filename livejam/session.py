"""The loop of a jam: waits in one place, feeds the turn-taker, asks the brain, plays the answer.

Knows neither MIDI files and ports, nor the network, nor the terminal: it states what it needs of them as Protocols,
and `livejam.cli` plugs them in. Times are seconds of one monotonic clock, ticks say so. Everything here runs in the
one thread that called `Session.run`; other threads reach it through the inbox alone.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from livejam.answering import Answer, requested
from livejam.echo import Echo
from livejam.errors import LivejamError
from livejam.events import Pedal, PortBack, PortLost, Stop
from livejam.notes import Metre, NoteOff, NoteOn, TickNote
from livejam.phrasing import Ear, Request, TickLine
from livejam.playback import Playback
from livejam.turns import Action, AnswerReady, Arrival, Hush, Play, PlaybackDone, State, TurnRules, TurnTaker

TOO_SLOW = "no answer came in time: this machine is busy, or the call was very long; play on"
STEP = 0.004  # seconds kept free before anything is due: a step of the network takes 1 to 2 ms


@dataclass(frozen=True, slots=True)
class Settings(TurnRules):
    """What can be chosen before a jam; the rules of turn-taking are part of it."""

    bpm: float | None = None  # quarter notes a minute; None: the player's own pulse
    metre: Metre | None = None  # None: unknown
    bar_line: float | None = None  # seconds: where a bar begins, so with bpm the beat is known; None: it is felt
    start_within: float = 0.8  # seconds from the end of the call to the answer's first note, at most
    shared_bus: bool = False  # livejam hears what it sends


class Inbox(Protocol):
    """Where everything that happens arrives."""

    def wait(self, deadline: float | None) -> tuple[float, Arrival] | None:
        """Return the next (time, event), or None at `deadline` (seconds, session clock; None: wait for ever)."""


class Output(Protocol):
    """Where livejam's notes go."""

    def send(self, message: NoteOn | NoteOff) -> None:
        """Send at once. Raises PortError if the port is gone; the session warns and goes on."""


class Brain(Protocol):
    """What listens and makes up the answers. All ticks lie on one line that never goes backwards."""

    def hear(self, notes: Sequence[TickNote], metre: Metre | None, player: bool) -> None:
        """Append one phrase, sorted by onset, to the memory: the player's, or what really sounded of an answer."""

    def answer(self, request: Request) -> Iterator[TickNote]:
        """Yield the answer lazily, one network step a note, onsets in ticks, ascending, after the call's last onset.

        Velocity 0 means unknown. An iterator that is not asked any more is dropped; nothing of the answer is in the
        memory until it is heard. Raises LivejamError if it can't go on.
        """


class Screen(Protocol):
    """What the player sees. Must return at once."""

    def state(self, state: State, turn: int) -> None:
        """Whose turn it is has changed."""

    def player_note(self, time: float, message: NoteOn | NoteOff) -> None:
        """The player pressed or released a key."""

    def answer_note(self, time: float, message: NoteOn | NoteOff) -> None:
        """A note-on or note-off of livejam's was sent."""

    def warn(self, text: str) -> None:
        """Something went wrong that the player should know, in one line; the jam goes on."""


class Recorder(Protocol):
    """What keeps the jam. Must return at once."""

    def record(self, time: float, message: NoteOn | NoteOff | Pedal, player: bool) -> None:
        """Keep a message of the player's or of livejam's."""

    def tempo(self, time: float, bpm: float) -> None:
        """From `time` (of a beat) on the tempo is `bpm` quarter notes a minute."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything around a session but the brain."""

    clock: Callable[[], float]  # seconds, monotonic; the clock of the inbox's times
    inbox: Inbox
    output: Output
    screen: Screen
    recorder: Recorder


class Session:
    """One jam."""

    def __init__(self, stage: Stage, brain: Brain, settings: Settings) -> None:
        self._stage = stage
        self._brain = brain
        self._settings = settings
        self._turns = TurnTaker(settings)
        self._playback = Playback()
        self._echo = Echo() if settings.shared_bus else None
        self._ear = Ear(settings.longest_key)
        self._line = TickLine(settings.bpm, settings.metre, settings.bar_line)
        self._answer: Answer | None = None  # being decoded, or sounding
        self._shown: tuple[State, int] | None = None
        self._port_works = True
        self._running = True

    @property
    def late_notes(self) -> int:
        """Notes of the answers that were dropped because they came too late."""
        return self._playback.dropped

    def run(self) -> None:
        """Jam until a Stop arrives. Whatever happens, nothing is left sounding."""
        try:
            while self._running:
                self._show()
                self._step()
        finally:
            self._send(self._playback.silence(self._stage.clock()))

    def _step(self) -> None:
        """Wait for the next thing to happen; an error of the brain's ends its turn, not the jam."""
        try:
            self._go_on(self._stage.inbox.wait(self._wake()))
        except LivejamError as error:
            self._stage.screen.warn(str(error))
            with suppress(LivejamError):
                self._end_answer()
            self._turns.handle(PlaybackDone(self._turns.turn), self._stage.clock())

    def _go_on(self, arrival: tuple[float, Arrival] | None) -> None:
        """Do what is due: sound first, then timers, then the event, and if there is none and time, decode."""
        now = self._stage.clock()
        self._play(now)
        self._pass_time(arrival[0] if arrival else now)
        if arrival:
            self._take(*arrival)
        elif self._answer and self._may_decode(self._answer):
            self._decode(self._answer)

    def _wake(self) -> float | None:
        """Return when to stop waiting: at once, if there is a note to decode and time for it."""
        return self._stage.clock() if self._answer and self._may_decode(self._answer) else self._due()

    def _may_decode(self, answer: Answer) -> bool:
        now, due = self._stage.clock(), self._due()
        return answer.hungry(now) and (due is None or due > now + STEP)

    def _due(self) -> float | None:
        deadlines = (self._turns.deadline, self._playback.deadline)
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def _play(self, now: float) -> None:
        self._send(self._playback.due(now))
        if self._answer and self._answer.complete and self._playback.idle:
            turn = self._answer.request.turn
            self._end_answer()
            self._turns.handle(PlaybackDone(turn), now)

    def _pass_time(self, until: float) -> None:
        """Let the turn-taker's deadlines pass that lie at or before `until`."""
        while (deadline := self._turns.deadline) is not None and deadline <= until:
            listening = self._turns.state is State.LISTENING
            actions = self._turns.handle_timeout(deadline)
            if self._answer and not self._answer.begun:
                self._stage.screen.warn(TOO_SLOW)
            self._carry_out(actions)
            if listening and not actions:
                self._hear_call()  # too short to answer, but heard

    def _take(self, time: float, event: Arrival) -> None:
        """Take in what happened at `time`."""
        if self._echo and isinstance(event, NoteOn | NoteOff) and self._echo.returns(event, time):
            return
        match event:
            case Stop():
                self._running = False
                return
            case PortBack(name):
                self._stage.screen.warn(f"{name} is back")
                return
            case PortLost(name):
                self._stage.screen.warn(f"{name} is gone; livejam goes on as soon as it is back")
            case NoteOn() | NoteOff() | Pedal():
                self._stage.recorder.record(time, event, player=True)
        self._ear.take_in(event, time)
        self._carry_out(self._turns.handle(event, time))
        if isinstance(event, NoteOn | NoteOff):
            self._stage.screen.player_note(time, event)

    def _carry_out(self, actions: tuple[Action, ...]) -> None:
        for action in actions:
            match action:
                case Play(turn):
                    self._ask(turn)
                case Hush():
                    self._end_answer()

    def _ask(self, turn: int) -> None:
        """Let the brain hear the call and begin an answer."""
        ended = self._stage.clock()
        call = self._hear_call()
        grid, settings = self._line.grid, self._settings
        request = requested(turn, call, settings.metre, grid, self._stage.clock(), settings.longest_answer)
        self._answer = Answer(request, self._brain.answer(request), grid, ended + settings.start_within)

    def _hear_call(self) -> tuple[TickNote, ...]:
        """Close the player's phrase, put it on the grid and let the brain hear it."""
        call = self._line.call(self._ear.take(self._stage.clock()))
        self._stage.recorder.tempo(self._line.grid.origin, self._line.grid.bpm)
        self._brain.hear(call, self._settings.metre, player=True)
        return call

    def _decode(self, answer: Answer) -> None:
        """Have one note more of the answer decoded, and schedule it."""
        note = answer.decode(self._stage.clock)
        now = self._stage.clock()
        if note:
            self._playback.schedule(note)
            self._turns.handle(AnswerReady(answer.request.turn), now)
        else:
            self._play(now)

    def _end_answer(self) -> None:
        """End the answer, and let the brain hear what really sounded of it."""
        self._send(self._playback.silence(self._stage.clock()))
        self._answer = None
        sounded = self._line.sounded(self._playback.take_sounded())
        if sounded:
            self._brain.hear(sounded, self._settings.metre, player=False)

    def _send(self, messages: Sequence[NoteOn | NoteOff]) -> None:
        """Send all, then keep and show them: nothing may come between a note and its end."""
        for message in messages:
            self._send_one(message)
        now = self._stage.clock()
        for message in messages:
            self._stage.recorder.record(now, message, player=False)
            self._stage.screen.answer_note(now, message)

    def _send_one(self, message: NoteOn | NoteOff) -> None:
        try:
            self._stage.output.send(message)
        except LivejamError as error:
            if self._port_works:
                self._stage.screen.warn(str(error))
            self._port_works = False
            return
        self._port_works = True
        if self._echo:
            self._echo.sent(message, self._stage.clock())

    def _show(self) -> None:
        showing = self._turns.state, self._turns.turn
        if showing != self._shown:
            self._shown = showing
            self._stage.screen.state(*showing)
