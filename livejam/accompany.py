"""Practice over real MIDI ports: the session of `playalong`, with ports, recorder, screen and report around it.

Knows neither rtmidi nor the network: a driver and a network are given. Times are seconds of the driver's clock. The
session runs in the caller's thread, which must be the main thread, for it alone is told of Ctrl-C.
"""

import contextlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

from rich.console import Console

from livejam.alongsettings import AlongSettings
from livejam.band import BandTally
from livejam.clock import Clock, RampClock
from livejam.inbox import LiveInbox
from livejam.live import BREATH, Gig, Network, followed, in_time, on_stage
from livejam.metronome import count_in_seconds
from livejam.pieces import Role
from livejam.playalong import Accompaniment
from livejam.ports import Driver, PortChoice
from livejam.practice import Report, report
from livejam.screen import PRACTISING


@dataclass(frozen=True, slots=True)
class Practice:
    """What a player chose for a practice session."""

    ports: PortChoice
    settings: AlongSettings
    bpm: float | None  # None: the clock's
    clock: str | None  # "midi" or "link"; None: the tempo given
    about: dict[str, object]  # kept beside the recording
    record: Path | None = None  # file or folder; None: the usual folder
    keep: bool = True  # False: no recording


@dataclass(frozen=True, slots=True)
class Practised:
    """What came of it."""

    path: Path | None  # where it is kept; None: nowhere
    report: Report | None  # None: nothing was played
    tally: BandTally
    late_notes: int  # of the band, that were dropped because they came too late


def accompany(practice: Practice, driver: Driver, network: Network, console: Console) -> Practised:
    """Play along until Ctrl-C, a signal to end, or the last chord of the last chorus.

    Raises:
        PortError: the ports can't be opened.
        FileError: there is no place for the recording.
    """
    settings = practice.settings
    parts = (*settings.band.parts, *((Role.MELODY,) if settings.trade else ()))
    tracks = tuple((role.name.lower(), settings.channels[role]) for role in parts)
    about = {**practice.about, "settings": in_words(practice)}
    gig = Gig(
        practice.ports, about, settings.metre, tracks, practice.record, practice.keep,
        parts=settings.band.parts, words=PRACTISING,
    )  # fmt: skip
    with on_stage(gig, driver, network, console, partial(_beat, practice)) as hall:
        session = Accompaniment(hall.stage, network, replace(settings, shared_bus=hall.shared))
        with in_time():
            session.run()
        if hall.recorder:
            hall.recorder.note("tally", {**asdict(session.tally), "dropped": session.late_notes})
    return Practised(
        hall.kept, report(session.strikes) if session.strikes else None,
        session.tally, session.late_notes,
    )  # fmt: skip


def _beat(practice: Practice, inbox: LiveInbox, clock: Callable[[], float], stack: contextlib.ExitStack) -> Clock:
    settings = practice.settings
    if practice.clock:
        return followed(practice.clock, practice.bpm, settings.metre, inbox, clock, stack)
    bpm = practice.bpm or 0.0
    return RampClock(bpm, clock() + BREATH + count_in_seconds(settings.count_in, bpm, settings.metre))


def in_words(practice: Practice) -> dict[str, object]:
    """Return what was chosen, as it is kept beside a recording."""
    settings, band = practice.settings, practice.settings.band
    return {
        "bpm": practice.bpm,
        "clock": practice.clock,
        "metre": f"{settings.metre.numerator}/{settings.metre.denominator}",
        "chart": None if settings.chart is None else str(settings.chart),
        "choruses": settings.choruses,
        "trade": settings.trade,
        "tempo_ramp": None if settings.ramp is None else str(settings.ramp),
        "parts": [role.name.lower() for role in band.parts],
        "channels": {role.name.lower(): channel for role, channel in settings.channels.items()},
        "programs": {role.name.lower(): program for role, program in settings.programs.items()},
        "style": band.style.name.lower(),
        "span_beats": band.span,
        "look_ahead_beats": band.look_ahead,
        "end_after_bars": band.rest,
    }
