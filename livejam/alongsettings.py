"""What can be chosen before practising with a band: who plays on which channel, the song, the tempi. Pure words.

Everything here is immutable and may cross threads. Times are seconds, tempi quarter notes a minute.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from livejam.band import BandSettings
from livejam.chart import Chart
from livejam.messages import DRUM_CHANNEL
from livejam.notes import Metre
from livejam.pieces import Role

CHANNELS = {Role.BASS: 2, Role.CHORDS: 3, Role.MELODY: 4, Role.DRUMS: DRUM_CHANNEL}  # by default, 1..16
PROGRAMS = {Role.BASS: 33, Role.CHORDS: 1, Role.MELODY: 12}  # General MIDI, from 1: acoustic bass, piano, vibraphone


@dataclass(frozen=True, slots=True)
class Ramp:
    """Faster every so many choruses, if the last one was clean."""

    first: float  # quarter notes a minute, to begin with
    last: float  # the fastest
    choruses: int = 1
    step: float = 5.0  # quarter notes a minute at a time

    def __str__(self) -> str:
        return f"{self.first:g}:{self.last:g}:{self.choruses}"


@dataclass(frozen=True, slots=True)
class AlongSettings:
    """What can be chosen before practising."""

    band: BandSettings = field(default_factory=BandSettings)
    metre: Metre = Metre(4, 4)  # noqa: RUF009  immutable
    chart: Chart | None = None
    choruses: int | None = None  # None: round and round
    trade: int | None = None  # bars after which player and livejam take turns with the solo
    ramp: Ramp | None = None
    channels: Mapping[Role, int] = field(default_factory=lambda: dict(CHANNELS))  # 1..16
    programs: Mapping[Role, int] = field(default_factory=lambda: dict(PROGRAMS))  # 1..128; none: left as it is
    click: int | None = None  # channel of a click, 1..16; None: no click
    count_in: int = 0  # bars of clicks before the first bar
    output_latency: float = 0.0  # seconds that the synth takes to speak
    longest_key: float = 8.0  # seconds: a key or pedal held longer counts as released
    shared_bus: bool = False  # livejam hears what it sends
