"""A jam in virtual time among things that break: ports, a network, a clock; and somebody who checks what comes out.

The session, its ports and its reader of messages are livejam's own; the MIDI system, the inbox and the network's
process are stand-ins that can be told to go wrong. What happens is a stream of deeds: (seconds, something to call).
Times are seconds of the virtual clock. One thread.
"""

import math
import random
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from itertools import count

from livejam.clock import Clock
from livejam.composer import Brain, Composer, Forgotten, Lost, Order, Reply
from livejam.errors import PortError
from livejam.events import Gesture, Pedal, PlayerEvent, Stop
from livejam.notes import NoteOff, NoteOn
from livejam.ports import PortChoice, Ports, open_ports
from livejam.session import Session
from livejam.stage import Arrival, Settings, Stage
from livejam.turns import State
from livejam.virtual import LocalPartner, SilentScreen, VirtualClock

Deed = tuple[float, Callable[[], None]]
CIRCLES = 500  # deadlines in a row that the session lets pass without anything done
AFTERWARDS = 60.0  # seconds that the session has after the last deed
KEPT = 60  # latest messages, for whoever must find out why
SYNTH, KEYS = "Synth", "Keys"


class Wire:
    """A MIDI system with a keyboard and a synth, or one bus that is both; the synth hears all that arrives."""

    name, indexed, virtual, virtual_names = "Wire", False, True, ("in", "out")

    def __init__(self, ahead: float = 0.0, bus: bool = False) -> None:
        self.ahead = ahead
        self.bus = bus
        self.receive: Callable[[bytes], None] | None = None
        self.plugged = True
        self.cut = False  # since the port was last opened
        self.sounding: Counter[tuple[int, int]] = Counter()  # (channel, pitch) at the synth
        self.sent: deque[tuple[float, tuple[int, ...]]] = deque(maxlen=KEPT)
        self.ons = self.offs = 0
        self.gone = False

    def inputs(self) -> list[str]:
        """What can be heard."""
        return ([SYNTH] if self.bus else [KEYS]) if self.plugged else []

    def outputs(self) -> list[str]:
        """What can be played into."""
        return [SYNTH] if self.plugged else []

    def changed(self) -> bool:
        """Whoever watches is told otherwise."""
        return True

    def open_input(self, name: str | None, receive: Callable[[bytes], None]) -> "Wire":
        """Hear."""
        self.receive = receive
        return self

    def open_output(self, name: str | None) -> "Wire":
        """Play."""
        if not self.plugged:
            raise PortError("unplugged")
        self.cut = False
        return self

    def close(self) -> None:
        """Nothing to give back."""

    def play(self, message: bytes) -> None:
        """The player does something."""
        if self.receive and self.plugged:
            self.receive(message)

    def send(self, message: "tuple[int, ...]", at: float) -> None:
        """The synth hears livejam."""
        if not self.plugged or self.cut:
            return  # nobody notices before the ports are looked at
        self.sent.append((at, tuple(message)))
        status, pitch, velocity = message
        key, on = (status & 0x0F, pitch), status & 0xF0 == 0x90 and velocity > 0
        assert math.isfinite(at)
        if on:
            self.ons += 1
            assert not self.sounding[key], f"{key} sounds already"
            self.sounding[key] = 1
        else:
            self.offs += 1
            del self.sounding[key]
        if self.bus and self.receive:
            self.receive(bytes(message))


class Network:
    """The network as it is met on a stage: takes its time, hangs, dies and comes back. Fits `stage.Partner`."""

    def __init__(self, clock: VirtualClock, brain: Brain, chance: random.Random, pace: float) -> None:
        self._clock, self._brain, self._chance, self._pace = clock, brain, chance, pace
        self._local: LocalPartner | None = LocalPartner(Composer(brain))
        self._missed: list[Order] = []  # while it was dead
        self._held = 0.0  # seconds: it does not move before
        self.due = math.inf  # seconds: it may have a reply then
        self.put: Callable[[float, Reply], None] = lambda time, reply: None

    def tell(self, order: Order) -> None:
        """Take an order; who is dead takes it when alive again."""
        if self._local:
            self._local.tell(order)
            self.due = min(self.due, self._later())
        else:
            self._missed.append(order)

    def reply(self) -> Reply | None:
        """Return the next reply, if there is one."""
        reply = self._local.reply() if self._local else None
        self.due = self._later() if reply else math.inf
        return reply

    def hang(self, seconds: float) -> None:
        """Stand still for so long."""
        self._held = self._clock.now + seconds
        self.due = max(self.due, self._held)

    def die(self) -> None:
        """Lose everything."""
        if self._local:
            self._local, self.due = None, math.inf
            self.put(self._clock.now, Lost("signal SIGKILL"))

    def revive(self) -> None:
        """Start anew."""
        if self._local is None:
            self._brain.restart()
            self._local = LocalPartner(Composer(self._brain))
            self.put(self._clock.now, Forgotten())
            missed, self._missed = self._missed, []
            for order in missed:
                self.tell(order)

    def _later(self) -> float:
        return max(self._clock.now + self._pace * self._chance.random(), self._held)


class Happenings:
    """The inbox: deeds at their times, replies when they can be had, deadlines as they come. Fits `stage.Inbox`."""

    def __init__(self, clock: VirtualClock, deeds: Iterable[Deed], network: Network) -> None:
        self._clock = clock
        self._deeds: Iterator[Deed] = iter(deeds)
        self._next = next(self._deeds, None)
        self._network = network
        self._leapt = 0.0  # seconds by which the deeds come later than they say
        self._arrived: deque[tuple[float, Arrival]] = deque()
        self.stopped = False
        self._latest = 0.0  # seconds: the latest deed
        self._circles = 0  # deadlines in a row that had passed already

    def put(self, time: float, event: Arrival) -> None:
        """Leave an event."""
        self._arrived.append((time, event))

    def leap(self, seconds: float) -> None:
        """The machine sleeps for so long, and the player with it."""
        self._leapt += seconds
        self._clock.move_to(self._clock.now + seconds)

    def wait(self, deadline: float | None) -> tuple[float, Arrival] | None:
        """Return what happens next, or None at the deadline."""
        while not self._arrived:
            deed = self._next[0] + self._leapt if self._next else math.inf
            due = math.inf if deadline is None else deadline
            if self._network.due <= min(deed, due) and self._network.due < math.inf:
                self._clock.move_to(self._network.due)
                if reply := self._network.reply():
                    return self._clock.now, reply
            elif due <= min(deed, self._patience()) and due < math.inf and not self.stopped:
                self._circles = self._circles + 1 if due <= self._clock.now else 0
                assert self._circles < CIRCLES, f"the session runs in circles at {self._clock.now}: {due}"
                self._clock.move_to(due)
                return None
            elif not self._next or self.stopped:
                return self._clock.now, Stop()
            else:
                self._clock.move_to(deed)
                self._next[1]()
                self._next = next(self._deeds, None)
                self._latest = self._clock.now
        return self._arrived.popleft()

    def _patience(self) -> float:
        """Return until when deadlines are awaited: a click, say, never ends by itself."""
        return self._latest + AFTERWARDS if self._next is None else math.inf


class Witness(SilentScreen):
    """Screen and recorder of the jam, who counts what should be equal, and speaks up as soon as it is not."""

    def __init__(self, scene: "Scene") -> None:
        super().__init__()
        self._scene = scene
        self.kinds: Counter[str] = Counter()  # warnings
        self.turns = 0
        self.answers = 0  # turns in which livejam played
        self.kept: Counter[bool] = Counter()  # player's? -> messages that were recorded
        self._responding = False
        self._last = 0.0  # seconds: the latest message of the player's

    def state(self, state: State, turn: int) -> None:
        """Whose turn it is has changed: nothing may be left over from the turn before."""
        assert turn >= self.turns
        self.turns = turn
        self.answers += state is State.RESPONDING
        if state is State.IDLE:
            self._scene.check_silence()
        if turn >= self._scene.most_turns:
            self._scene.inbox.stopped = True

    def record(self, time: float, message: PlayerEvent, player: bool, channel: int | None = None) -> None:
        """A message is kept."""
        self.kept[player] += 1
        assert math.isfinite(time)
        if player:
            assert time >= self._last, "time goes backwards"
            self._last = time

    def tempo(self, time: float, bpm: float) -> None:
        """A tempo is kept."""
        assert math.isfinite(time)
        assert 5 < bpm < 2000, bpm

    def steered(self, turn: int, words: dict[str, str]) -> None:
        """What is asked of the answer of the turn that is on is kept."""
        assert turn == self.turns

    def warn(self, text: str) -> None:
        """Count it; a few are kept."""
        assert text
        assert "\n" not in text
        self.kinds[text[:40]] += 1
        self.warnings = [*self.warnings[-20:], text]


class Scene:
    """One jam."""

    def __init__(
        self,
        brain: Brain,
        settings: Settings,
        beat: Clock | None = None,
        wire: Wire | None = None,
        chance: random.Random | None = None,
        pace: float = 0.0,
        most_turns: int = 1_000_000,
    ) -> None:
        self.clock = VirtualClock()
        self.wire = wire or Wire()
        self.most_turns = most_turns
        self.network = Network(self.clock, brain, chance or random.Random(0), pace)
        self.witness = Witness(self)
        self.played = 0  # messages of the player's that reached the session's inbox
        self.offered = 0  # messages of livejam's that reached the ports
        self._settings = settings
        self._beat = beat
        self.inbox: Happenings
        self.ports: Ports
        self.session: Session

    def run(self, deeds: Iterable[Deed]) -> None:
        """Jam while there are deeds, or until it has had its turns; then everything must add up."""
        self.inbox = Happenings(self.clock, deeds, self.network)
        self.network.put = self.inbox.put
        asked = (SYNTH, SYNTH) if self.wire.bus else (KEYS, SYNTH)
        self.ports = open_ports(self.wire, PortChoice(*asked), self._hear, self.clock)
        stage = Stage(self.clock, self.inbox, self, self.witness, self.witness, self._beat)
        self.session = Session(stage, self.network, self._settings)
        self.session.run()
        self.plug()
        self.look()
        self._add_up()

    @property
    def ahead(self) -> float:
        """As the ports say."""
        return self.ports.ahead

    def send(self, cue: object) -> None:
        """Pass a cue on to the ports."""
        self.offered += cue.channel == self._settings.answer_channel  # type: ignore[attr-defined]
        self.ports.send(cue)  # type: ignore[arg-type]

    def unplug(self) -> None:
        """Pull the cable."""
        self.wire.plugged, self.wire.cut = False, True

    def plug(self) -> None:
        """Put it back; nobody is so quick that it would not have been noticed."""
        if not self.wire.plugged:
            self.look()
        self.wire.plugged = True

    def look(self) -> None:
        """The ports are looked at."""
        self.wire.gone = not self.wire.plugged
        self.ports.look()

    def check_silence(self) -> None:
        """Nothing of an answer sounds, where anybody can know."""
        channel = self._settings.answer_channel - 1
        left = [key for key in self.wire.sounding if key[0] == channel]
        if self.wire.plugged and not self.wire.cut:
            assert not left, f"{left} hang; sent: {list(self.wire.sent)}"

    def _hear(self, time: float, event: Arrival) -> None:
        self.played += isinstance(event, NoteOn | NoteOff | Pedal | Gesture)
        self.inbox.put(time, event)

    def _add_up(self) -> None:
        assert not self.wire.sounding, f"{dict(self.wire.sounding)} hang; sent: {list(self.wire.sent)}"
        kept = self.witness.kept
        assert kept[False] == self.offered, f"livejam: {self.offered} sent, {kept[False]} recorded"
        if not self.wire.bus:  # there, what comes back of livejam's own is no player's
            assert kept[True] == self.played, f"player: {self.played} played, {kept[True]} recorded"


def accidents(scene: Scene, chance: random.Random, rarely: float = 60.0) -> Iterator[Deed]:
    """Have something break now and then, for ever: each some `rarely` seconds after the one before."""
    at = 0.0
    for _ in count():
        at += chance.expovariate(1 / rarely)
        match chance.choice(("ports", "death", "hang", "sleep")):
            case "ports":
                away = chance.uniform(0.01, 8.0)
                yield at, scene.unplug
                yield (at := at + min(away, 0.25)), scene.look
                yield (at := at + away), scene.plug
                yield (at := at + 0.25), scene.look
            case "death":
                yield at, scene.network.die
                yield (at := at + chance.uniform(0.5, 6.0)), scene.network.revive
            case "hang":
                yield at, lambda: scene.network.hang(chance.uniform(0.2, 6.0))
            case "sleep":
                yield at, lambda: scene.inbox.leap(chance.choice((0.2, 3.0, 60.0, 3600.0, 20 * 3600.0)))
