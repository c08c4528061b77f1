"""Every jam is kept: a MIDI file of player and livejam, and beside it what made it.

Knows nothing of ports, turns or the network. Times are seconds of the session's clock. The session's thread hands over
events and goes on at once; a thread of the recorder's own writes the file whenever the music pauses, and at the end.
"""

import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Protocol

from livejam.errors import FileError
from livejam.events import PlayerEvent
from livejam.files import reason, write_whole
from livejam.notes import Metre
from livejam.tape import Tape

QUIET = 2.0  # seconds without an event after which the jam is written
LATEST = 10.0  # seconds after which it is written even if nobody pauses
PLAYER, LIVEJAM = 0, 1  # the tracks; further parts of livejam follow
HELP = "choose another place with --record, or --no-record"


class JamFile:
    """The files of one jam, `path` and its sidecar, written whole or not at all."""

    def __init__(
        self, path: Path, about: dict[str, object], metre: Metre | None, answer_channel: int = 1,
        parts: Sequence[tuple[str, int]] = (),
    ) -> None:  # fmt: skip
        """`parts`: livejam's tracks, each by name with its channel (1..16); none: a single one, on `answer_channel`."""
        self.path = path
        self._about = about
        self._steering: list[_Steered] = []  # whenever it has changed; at first nothing is asked
        tracks = tuple(parts) or (("livejam", answer_channel),)
        self._tracks = {channel: LIVEJAM + i for i, (_, channel) in enumerate(tracks)}
        self._tape = Tape((("player", 1), *tracks), metre)

    def take(self, time: float, what: "_What", player: bool, channel: int | None = None) -> None:
        """Put a message, or a beat, on the tape."""
        if isinstance(what, _Beat):
            self._tape.beat(time, what.bpm)
        elif isinstance(what, _Steered):
            self._steer(what)
        elif isinstance(what, _Fact):
            self._about = {**self._about, what.name: what.value}
        else:
            self._tape.add(PLAYER if player else self._tracks.get(channel or 0, LIVEJAM), time, what)

    def _steer(self, steered: "_Steered") -> None:
        """Keep what was asked of an answer, where that is another thing than before."""
        before = self._steering[-1].words if self._steering else {}
        if steered.words != before:
            self._steering.append(steered)

    def save(self, folder: Path | None = None) -> Path | None:
        """Write the jam so far, to its own folder or another, and return where; None if nothing was played.

        Raises:
            OSError: it can't be written; what was there before still is.
        """
        if not self._tape:
            return None
        path = (folder or self.path.parent) / self.path.name
        write_whole(path, self._tape.encode())
        steering = [{"turn": steered.turn, **steered.words} for steered in self._steering]
        about = {**self._about, "steering": steering} if steering else self._about
        write_whole(path.with_suffix(".json"), json.dumps(about, indent=2).encode() + b"\n")
        return path


class Savable(Protocol):
    """What a recorder fills: a JamFile."""

    path: Path

    def take(self, time: float, what: "_What", player: bool, channel: int | None = None) -> None:
        """Take an event."""

    def save(self, folder: Path | None = None) -> Path | None:
        """Write what was taken."""


@dataclass(frozen=True, slots=True)
class _Beat:
    """The tempo is this from a beat on."""

    bpm: float  # quarter notes a minute


@dataclass(frozen=True, slots=True)
class _Steered:
    """What was asked of an answer."""

    turn: int
    words: dict[str, str]  # by the names of the controls


@dataclass(frozen=True, slots=True)
class _Fact:
    """What is to be known of the jam."""

    name: str
    value: object  # that JSON knows


_What = PlayerEvent | _Beat | _Steered | _Fact


class JamRecorder:
    """Keeps a jam while it goes on; use it in a `with`, around the session."""

    def __init__(self, file: Savable, warn: Callable[[str], None], quiet: float = QUIET, again: float = LATEST) -> None:
        """Write to `file` when it is `quiet`, and `again` (seconds) after a failure.

        `warn` is told in one line what went wrong, on this recorder's thread.
        """
        self._file = file
        self._warn = warn
        self._quiet = quiet
        self._again = again
        self._queue: SimpleQueue[tuple[float, _What, bool, int | None] | None] = SimpleQueue()
        self._thread = Thread(target=self._keep, name="recorder", daemon=True)
        self._complaint = ""  # why the last saving failed
        self.saved: Path | None = None  # where the jam is, once it is over

    def record(self, time: float, message: PlayerEvent, player: bool, channel: int | None = None) -> None:
        """Keep a message of the player's or of livejam's."""
        self._queue.put((time, message, player, channel))

    def tempo(self, time: float, bpm: float) -> None:
        """From `time` (of a beat) on the tempo is `bpm` quarter notes a minute."""
        self._queue.put((time, _Beat(bpm), False, None))

    def steered(self, turn: int, words: dict[str, str]) -> None:
        """This is asked of the answer of a turn, by the names of the controls."""
        self._queue.put((0.0, _Steered(turn, words), False, None))

    def note(self, name: str, value: object) -> None:
        """Keep beside the jam what came of it, as JSON."""
        self._queue.put((0.0, _Fact(name, value), False, None))

    def __enter__(self) -> "JamRecorder":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Write all of it.

        Raises:
            FileError: it can be written neither to its place nor to the folder for temporary files.
        """
        self._queue.put(None)
        self._thread.join()
        try:
            self.saved = self._file.save()
        except OSError as error:
            self.saved = self._save_elsewhere(error)

    def _keep(self) -> None:
        while self._take_until_quiet():
            self._save()

    def _take_until_quiet(self) -> bool:
        """Take events until it is time to save; False: the jam is over."""
        try:
            item = self._queue.get(timeout=self._again if self._complaint else None)
            latest = time.monotonic() + LATEST
            while item is not None:
                self._file.take(*item)
                item = self._queue.get(timeout=max(0.0, min(self._quiet, latest - time.monotonic())))
        except Empty:
            return True
        return False

    def _save(self) -> None:
        try:
            self._file.save()
        except OSError as error:
            complaint = f"the jam can't be saved in {self._file.path.parent} now ({reason(error)}); trying again"
            if complaint != self._complaint:
                self._warn(complaint)
            self._complaint = complaint
        else:
            self._complaint = ""

    def _save_elsewhere(self, error: OSError) -> Path | None:
        failed = f"the jam can't be saved as {self._file.path} ({reason(error)})"
        try:
            saved = self._file.save(Path(tempfile.gettempdir()))
        except OSError:
            raise FileError(f"{failed}, nor in {tempfile.gettempdir()}; {HELP}") from error
        self._warn(f"{failed}; it is kept as {saved}")
        return saved


def jam_path(asked: Path | None, now: datetime) -> Path:
    """Return where a jam that starts `now` is kept: a new name in `asked`, or `asked` itself if it is a .mid file.

    Without `asked` it is kept in Music/livejam of the home folder. A file that is there already is left alone.

    Raises:
        FileError: that folder can't be made.
    """
    path = asked or Path.home() / "Music" / "livejam"
    if path.suffix.lower() not in (".mid", ".midi") or path.is_dir():
        path /= f"jam-{now:%Y-%m-%d-%H%M%S}.mid"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"can't record in {path.parent}: {reason(error)}; {HELP}") from error
    return _unused(path)


def _unused(path: Path) -> Path:
    number, free = 2, path
    while free.exists() or free.with_suffix(".json").exists():
        free, number = path.with_stem(f"{path.stem}-{number}"), number + 1
    return free
