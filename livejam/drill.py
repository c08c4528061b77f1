"""The loop of a drill: plays a phrase on the click, hears it repeated or answered, and says what was right.

Knows neither MIDI files and ports, nor the network, nor the terminal: it fits the same `stage` as a session. Times are
seconds of one monotonic clock, ticks say so. Everything here runs in the one thread that called `Drill.run`; other
threads and processes reach it through the inbox alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from livejam.answer_scoring import Answered, Ground, judge
from livejam.composer import Better, Complete, Composed, Failed, Forgotten, Heard, Lost
from livejam.drilling import Course, Kind, Ladder, Moment, Plan
from livejam.events import Gesture, Pedal, PortBack, PortLost, Stop
from livejam.exercises import Exercise, Stock
from livejam.grid import BeatGrid
from livejam.messages import DRUM_CHANNEL
from livejam.metronome import Metronome
from livejam.notes import Note, NoteOff, NoteOn
from livejam.phrasing import PICKUP, Ear
from livejam.playback import Playback
from livejam.scoring import Echoed, Played, align
from livejam.sender import Sender, to_answers
from livejam.stage import Arrival, Partner, Screen, Settings, Stage
from livejam.turns import State

NOTHING_NEW = "no new phrase was ready in time; an earlier one comes, or one of livejam's own"


class Board(Screen, Protocol):
    """A screen that can be written on."""

    def told(self, text: str) -> None:
        """Show a line that stays."""


@dataclass(frozen=True, slots=True)
class Round:
    """One phrase, and what came of it."""

    number: int  # from 1
    exercise: Exercise
    score: Echoed | Answered


class Drill:
    """One drill over a stage whose beat is steady."""

    def __init__(self, stage: Stage, board: Board, partner: Partner, settings: Settings, plan: Plan) -> None:
        self._stage = stage
        self._board = board
        self._settings = settings
        self._plan = plan
        tell = to_answers(stage, settings.answer_channel)
        self._sender = Sender(stage, settings.output_latency, settings.shared_bus, tell)
        self._playback = Playback()
        self._ear = Ear(settings.longest_key)
        self._metronome = Metronome(plan.ask.metre, settings.count_in, settings.click is not None)
        self._stock = Stock(partner.tell, plan.ask)
        self._ladder = Ladder(plan.level)
        self._again: Exercise | None = None  # that comes once more
        self._exercise: Exercise | None = None  # of this round
        self._running = True
        self.rounds: list[Round] = []

    def run(self) -> None:
        """Drill until the last round, or until a Stop arrives. Whatever happens, nothing is left sounding."""
        grid = self._stage.beat.grid(self._stage.clock()) if self._stage.beat else None
        grid = grid or BeatGrid(self._plan.ask.bpm, self._stage.clock())
        course = Course(self._plan, grid)
        self._stage.recorder.tempo(grid.origin, grid.bpm)
        self._stock.want(self._ladder.level)
        self._board.mode(f"{self._plan.kind.value}, level {self._ladder.level}")
        self._board.state(State.IDLE, 0)
        try:
            while self._running:
                self._go_on(self._stage.inbox.wait(self._due(course)), course, grid)
        finally:
            self._sender.send(self._playback.silence(self._stage.clock()))

    def _due(self, course: Course) -> float | None:
        sound = self._playback.deadline
        send = None if sound is None else sound - self._sender.ahead
        deadlines = (course.deadline, self._metronome.deadline, send)
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def _go_on(self, arrival: tuple[float, Arrival] | None, course: Course, grid: BeatGrid) -> None:
        """Do what is due: sound first, then the moments of the course, then the event."""
        now = self._stage.clock()
        for click in self._metronome.due(now, grid):
            self._playback.schedule(click, self._settings.click or DRUM_CHANNEL)
        self._play(now)
        while self._running and (moment := course.handle_timeout(arrival[0] if arrival else now)):
            self._reach(moment, course, grid)
        if arrival:
            self._take(*arrival)

    def _play(self, now: float) -> None:
        self._sender.send(self._playback.due(now, self._sender.ahead))

    # The course

    def _reach(self, moment: Moment, course: Course, grid: BeatGrid) -> None:
        number, bars = course.round + 1, self._plan.ask.bars
        match moment:
            case Moment.CALL:
                self._call(course, grid)
                self._board.state(State.RESPONDING, number)
                self._board.bars(grid.seconds_at(course.call), grid.seconds_at(course.turn), bars)
            case Moment.TURN:
                self._ear.take(grid.seconds_at(course.turn - PICKUP))
                self._board.state(State.LISTENING, number)
                self._board.bars(grid.seconds_at(course.turn), grid.seconds_at(course.rest), bars)
            case Moment.JUDGE:
                self._judge(course, grid)
                self._running = course.go_on()

    def _call(self, course: Course, grid: BeatGrid) -> None:
        """Give the next phrase its place, and have those after it made up."""
        exercise, self._again = self._again, None
        if exercise is None:
            exercise, fresh = self._stock.give(self._ladder.level)
            if not fresh:
                self._board.warn(NOTHING_NEW)
        self._exercise = exercise
        for note in exercise.notes:
            onset, end = (grid.seconds_at(course.call + tick) for tick in (note.onset, note.onset + note.length))
            self._playback.schedule(Note(onset, note.pitch, note.velocity, end - onset), self._settings.answer_channel)
        self._stock.want(self._ladder.level)
        self._play(self._stage.clock())

    def _judge(self, course: Course, grid: BeatGrid) -> None:
        """Say what was right and what was not."""
        now = self._stage.clock()
        heard = [_played(note, grid, course.turn) for note in self._ear.take(now)]
        if self._exercise is None:
            return
        score = scored(self._plan, self._exercise, [note for note in heard if note.tick >= -PICKUP])
        self.rounds.append(Round(course.round + 1, self._exercise, score))
        self._board.told(f"{self._plan.kind.value}: {score} ({score.points} of 100)")
        self._again = self._exercise if self._ladder.climb(score.points) else None
        self._board.mode(f"{self._plan.kind.value}, level {self._ladder.level}{', once more' if self._again else ''}")
        self._stock.want(self._ladder.level)
        self._stage.rest()

    # What happens

    def _take(self, time: float, event: Arrival) -> None:
        """Take in what happened at `time`."""
        if self._sender.returns(event, time):
            return  # our own, coming back
        match event:
            case NoteOn() | NoteOff() | Pedal() | Gesture():
                self._stage.recorder.record(time, event, player=True)
                if not isinstance(event, Gesture):
                    self._ear.take_in(event, time)
                if isinstance(event, NoteOn | NoteOff):
                    self._board.player_note(time, event)
            case Composed() | Complete() | Better() | Heard() | Failed() | Forgotten() | Lost():
                if trouble := self._stock.take(event):
                    self._board.warn(trouble)
            case PortLost(name, keys):
                self._board.warn(f"{name} is gone; the drill goes on as soon as it is back")
                self._sender.lose()
                if keys:
                    self._ear.take_in(event, time)
            case PortBack(name):
                self._board.warn(f"{name} is back")
            case Stop():
                self._running = False


def scored(plan: Plan, exercise: Exercise, played: Sequence[Played]) -> Echoed | Answered:
    """Return how well an exercise was repeated, or answered; ticks count from where the player's bars begin."""
    ask, second = plan.ask, 1 / BeatGrid(plan.ask.bpm).ticks_a_second
    if plan.kind is Kind.ECHO:
        return align(exercise.notes, played, second, ask.metre)
    return judge(played, exercise.notes, Ground(ask.bars, ask.metre, exercise.key, exercise.chords, second))


def _played(note: Note, grid: BeatGrid, origin: int) -> Played:
    """Return a note in ticks from `origin`."""
    return Played(grid.tick_at(note.onset) - origin, note.pitch, note.velocity, note.duration * grid.ticks_a_second)
