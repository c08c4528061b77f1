"""Whose turn it is: the events of a jam go in, actions and the next deadline come out. Pure.

Knows nothing of ports, the network, ticks or the time of day: every call is given `now`. Times are seconds of the
session's clock. The thread that owns the session calls it. The rules, one row each (tests/test_turns.py has one test a
row):

| in state | when | go to | do |
|---|---|---|---|
| IDLE | NoteOn | LISTENING, new turn | |
| LISTENING | NoteOn, NoteOff, Pedal | LISTENING | the silence is awaited anew |
| LISTENING | the phrase is over (silence, longest call) | RESPONDING | Play |
| LISTENING | the same, too few notes | IDLE | |
| RESPONDING | AnswerReady, same turn | RESPONDING | |
| RESPONDING | NoteOn by the player | LISTENING, new turn | Hush |
| RESPONDING | no note came in time, or the answer never ends | IDLE | Hush |
| RESPONDING | PlaybackDone, same turn | IDLE | |
| any | PortLost | stay | the player's keys and pedal count as released |
| any | anything from an older turn | stay | |
"""

from dataclasses import dataclass
from enum import Enum

from livejam.notes import NoteOff, NoteOn


class State(Enum):
    """Whose turn it is."""

    IDLE = "ready"
    LISTENING = "listening"
    RESPONDING = "answering"


@dataclass(frozen=True, slots=True)
class Pedal:
    """The sustain pedal moves."""

    down: bool


@dataclass(frozen=True, slots=True)
class PortLost:
    """The player's port is gone."""

    name: str


@dataclass(frozen=True, slots=True)
class PortBack:
    """The player's port is there again."""

    name: str


@dataclass(frozen=True, slots=True)
class Stop:
    """The jam is over: Ctrl-C, SIGTERM, or the end of a score."""


@dataclass(frozen=True, slots=True)
class AnswerReady:
    """The first note of the answer has its place in time."""

    turn: int


@dataclass(frozen=True, slots=True)
class PlaybackDone:
    """The answer has sounded to its end."""

    turn: int


Arrival = NoteOn | NoteOff | Pedal | PortLost | PortBack | Stop  # what comes from outside, through the inbox
Event = NoteOn | NoteOff | Pedal | PortLost | AnswerReady | PlaybackDone  # what the turn-taker knows
