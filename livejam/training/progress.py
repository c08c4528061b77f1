"""What a training run shows in the terminal: loss, notes a second, time left; validation as it comes."""

from types import TracebackType
from typing import Any

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class TrainingProgress:
    """A progress bar over a run, used as a context."""

    def __init__(self) -> None:
        columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        self._bar = Progress(*columns, TextColumn("left"), TimeRemainingColumn(), speed_estimate_period=300)
        self._task = self._bar.add_task("starting", total=1.0)

    def __enter__(self) -> "TrainingProgress":
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def report(self, line: dict[str, Any]) -> None:
        """Show one step's figures."""
        said = f"step {line['step']:,}, {line['bits']:.2f} bits a note, {line['notes_per_second']:,.0f} notes/s"
        self._bar.update(self._task, completed=line["done"], description=said)
        for corpus, bits in line.get("validation", {}).items():
            parts = ", ".join(f"{name} {bits[name]:.2f}" for name in ("delta", "pitch", "length", "velocity"))
            self._bar.print(f"step {line['step']:6,}  {corpus:20} {bits['total']:6.2f} bits a note ({parts})")
