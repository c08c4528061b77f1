"""A drill over real MIDI ports: `drill` on the same stage as a jam. The caller's thread must be the main thread."""

from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from livejam.drill import Drill, Round
from livejam.drilling import Plan
from livejam.live import Jam, Network, for_jam, in_time
from livejam.ports import Driver


@dataclass(frozen=True, slots=True)
class Practised:
    """What came of a drill."""

    path: Path | None  # where it is kept; None: nowhere
    rounds: tuple[Round, ...]


def practise(jam: Jam, plan: Plan, driver: Driver, network: Network, console: Console) -> Practised:
    """Drill until the last round, Ctrl-C or a signal to end; `jam` must have a tempo and a click.

    Raises:
        PortError: the ports can't be opened.
        FileError: there is no place for the recording.
    """
    with for_jam(jam, driver, network, console) as hall:
        settings = replace(jam.settings, shared_bus=hall.shared)
        drill = Drill(hall.stage, hall.screen, network, settings, plan)
        with in_time():
            drill.run()
    return Practised(hall.kept, tuple(drill.rounds))
