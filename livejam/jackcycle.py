"""JACK's time, and what happens every period of JACK: what came in is stamped, what is due is written on its frame.

`Cycle._process` and what it calls run on JACK's own thread, which may not wait: they make nothing while nothing
happens, and call JACK through `PyDLL`, which keeps Python's lock, for to have it back from another thread is slow.
`handed` and the clock are all they share with the session's thread. Times are seconds of the `FrameClock`; JACK itself
counts frames.
"""

import ctypes
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from livejam.outgoing import Outgoing
from livejam.ports import Receive

LONGEST = 3  # bytes: longer messages (sysex) say nothing to livejam
FORGIVEN = 0.05  # seconds that the clock waits for rather than go back; after a longer stall of JACK it has to
TURN = 2**32  # frames after which JACK counts from 0 again: a day at 48 kHz


class FrameClock:
    """The clock of a jam over JACK: JACK's frames, in seconds. While no server runs it goes on by `time.monotonic`.

    Music on JACK, and the clock that a DAW sends there, keep to the frames of the sound, which no other clock of a
    machine keeps to. It begins with the value of `time.monotonic`, goes on over servers that come and go, and never
    goes back by a little, as JACK's estimates do. Any thread may read it.
    """

    def __init__(self) -> None:
        self._frame_now: Callable[[], int] | None = None  # of the server that runs
        self._rate = 1.0  # frames a second
        self._frames = 0  # the latest seen, counted on beyond JACK's turns
        self._zero = 0.0  # seconds: when that count was 0
        self._latest = time.monotonic()  # seconds
        self._left = self._latest, self._latest  # when the last server went: seconds, and those of `time.monotonic`

    def __call__(self) -> float:
        """Return the time, seconds."""
        frame_now = self._frame_now
        if frame_now:
            now = self.at(frame_now())
        else:
            left, monotonic = self._left
            now = left + time.monotonic() - monotonic
        if not self._latest - FORGIVEN < now < self._latest:
            self._latest = now
        return self._latest

    def at(self, frame: int) -> float:
        """Return when `frame` is or was (as JACK counts, not long from now), seconds."""
        away = (frame - self._frames) % TURN
        self._frames += away if away < TURN // 2 else away - TURN
        return self._zero + self._frames / self._rate

    def follow(self, frame_now: Callable[[], int], rate: float) -> None:
        """Follow a server that counts like that."""
        now, self._frames = self(), frame_now()
        self._rate, self._zero = rate, now - self._frames / rate
        self._frame_now = frame_now

    def leave(self) -> None:
        """Follow no server; safe on JACK's threads."""
        if self._frame_now:
            self._left = self._latest, time.monotonic()
            self._frame_now = None


class Cycle:
    """What happens every period."""

    def __init__(self, jack: Any, client: Any, source: Any, target: Any, clock: FrameClock) -> None:
        self.receive: Receive | None = None
        self.handed: deque[tuple[float, bytes]] = deque()  # (seconds, message): from the session's thread to JACK's
        self.waiting = Outgoing()
        self.period = float(client.blocksize) / float(client.samplerate)  # seconds
        self._jack = _library(jack)
        self._clock = clock
        self._rate = float(client.samplerate)
        self._client, self._source, self._target = (
            int(jack._ffi.cast("uintptr_t", thing._ptr)) for thing in (client, source, target)
        )
        clock.follow(self._frame_now, self._rate)
        self._event = _Event()
        self._callback = jack._ffi.callback("JackProcessCallback", self._process, error=0, onerror=lambda *_: None)
        jack._lib.jack_set_process_callback(client._ptr, self._callback, jack._ffi.NULL)

    @property
    def empty(self) -> bool:
        """Whether all that was handed over has left."""
        return not self.handed and not self.waiting

    def _frame_now(self) -> int:
        """Return the frame that is now. (`jack_frame_time` is smoothed: for seconds after missed periods 10 ms off.)"""
        while True:
            begin = int(self._jack.jack_last_frame_time(self._client))
            frame = begin + int(self._jack.jack_frames_since_cycle_start(self._client))
            if begin == self._jack.jack_last_frame_time(self._client):
                return frame % TURN

    def _process(self, frames: int, _: object) -> int:
        jack = self._jack
        target = jack.jack_port_get_buffer(self._target, frames)
        jack.jack_midi_clear_buffer(target)
        source = jack.jack_port_get_buffer(self._source, frames)
        count = jack.jack_midi_get_event_count(source)
        if count or self.handed or self.waiting:
            self._exchange(frames, source, count, target)
        return 0

    def _exchange(self, frames: int, source: int, count: int, target: int) -> None:
        begin = self._clock.at(self._jack.jack_last_frame_time(self._client))
        self.period = frames / self._rate
        if self.receive:
            self._hear(self.receive, source, count, begin)
        while self.handed:
            self.waiting.add(*self.handed.popleft())
        for at, message in self.waiting.due(begin + (frames - 0.5) / self._rate):
            frame = min(max(0, round((at - begin) * self._rate)), frames - 1)
            self._jack.jack_midi_event_write(target, frame, message, len(message))

    def _hear(self, receive: Receive, source: int, count: int, begin: float) -> None:
        event = self._event
        for place in range(count):
            if self._jack.jack_midi_event_get(event, source, place) == 0 and 0 < event.size <= LONGEST:
                receive(ctypes.string_at(event.buffer, event.size), begin + event.time / self._rate)


class _Event(ctypes.Structure):
    """JACK's jack_midi_event_t."""

    _fields_ = (("time", ctypes.c_uint32), ("size", ctypes.c_size_t), ("buffer", ctypes.c_void_p))


def _library(jack: Any) -> Any:
    """JACK's library as the process callback calls it: without letting go of Python's lock."""
    pointer, number = ctypes.c_void_p, ctypes.c_uint32
    library = ctypes.PyDLL(jack._libname)
    library.jack_port_get_buffer.argtypes = pointer, number
    library.jack_port_get_buffer.restype = pointer
    library.jack_midi_clear_buffer.argtypes = (pointer,)
    library.jack_midi_clear_buffer.restype = None
    library.jack_midi_get_event_count.argtypes = (pointer,)
    library.jack_midi_event_get.argtypes = ctypes.POINTER(_Event), pointer, number
    library.jack_midi_event_write.argtypes = pointer, number, ctypes.c_char_p, ctypes.c_size_t
    for name in ("jack_last_frame_time", "jack_frames_since_cycle_start"):
        getattr(library, name).argtypes = (pointer,)
        getattr(library, name).restype = number
    return library
