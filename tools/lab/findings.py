"""What a check has found: a line each, with what was asked for, and whether all of it was met.

Knows nothing of MIDI or livejam.
"""

import sys
from collections.abc import Sequence


class Findings:
    """Printed as they come; `code` is the exit code in the end."""

    def __init__(self) -> None:
        self._failed: list[str] = []

    @property
    def all_met(self) -> bool:
        """Whether all that was demanded so far was met."""
        return not self._failed

    def note(self, what: str, found: str) -> None:
        """Print a finding that nothing is asked of."""
        print(f"      {what:<52} {found}", flush=True)

    def demand(self, what: str, found: str, met: bool, said: Sequence[object] = ()) -> None:
        """Print a finding that must be met, and, if it is not, what explains it."""
        print(f"{'ok' if met else 'FAIL':<5} {what:<52} {found}", flush=True)
        if not met:
            self._failed.append(what)
            for line in said:
                print(f"         | {line}", flush=True)

    def conclude(self) -> int:
        """Print how many were not met; return the exit code."""
        print(f"{len(self._failed)} not met: {'; '.join(self._failed)}" if self._failed else "all met", flush=True)
        sys.stdout.flush()
        return 1 if self._failed else 0


def milliseconds(seconds: float | None) -> str:
    """A time in words; None: it never came."""
    return "never" if seconds is None else f"{seconds * 1000:.1f} ms"
