"""What happens every period of JACK: what came in is read and stamped, what is due is written on its frame.

All in here but `Cycle.handed`, `empty` and `set_clock` runs on JACK's own thread, which may not wait: it makes nothing
while nothing happens, and calls JACK through `PyDLL`, which keeps Python's lock, for to have it back from another
thread is slow. `handed` is all it shares with the session's thread. Times are seconds of `time.monotonic`; JACK itself
counts microseconds and frames.
"""

import ctypes
import time
from collections import deque
from typing import Any

from livejam.outgoing import Outgoing
from livejam.ports import Receive

LONGEST = 3  # bytes: longer messages (sysex) say nothing to livejam
LAG = 2  # periods by which JACK's smooth clock may be behind: after a hiccup it takes seconds to find its way back
TRIES = 5  # to read two clocks at the same moment


class Cycle:
    """What happens every period."""

    def __init__(self, jack: Any, client: Any, source: Any, target: Any) -> None:
        self.receive: Receive | None = None
        self.handed: deque[tuple[float, bytes]] = deque()  # (seconds, message): from the session's thread to JACK's
        self.waiting = Outgoing()
        self.period = float(client.blocksize) / float(client.samplerate)  # seconds
        self._jack = _library(jack)
        self._zero = _jack_zero(self._jack)
        self._client, self._source, self._target = (
            int(jack._ffi.cast("uintptr_t", thing._ptr)) for thing in (client, source, target)
        )
        self._frame, self._begin, self._end = ctypes.c_uint32(), ctypes.c_uint64(), ctypes.c_uint64()
        self._length = ctypes.c_float()
        self._event = _Event()
        self._callback = jack._ffi.callback("JackProcessCallback", self._process, error=0, onerror=lambda *_: None)
        jack._lib.jack_set_process_callback(client._ptr, self._callback, jack._ffi.NULL)

    def set_clock(self) -> None:
        """Compare JACK's clock with ours again: they drift apart, on Linux some 20 microseconds a second."""
        self._zero = _jack_zero(self._jack)

    @property
    def empty(self) -> bool:
        """Whether all that was handed over has left."""
        return not self.handed and not self.waiting

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
        self._jack.jack_get_cycle_times(self._client, self._frame, self._begin, self._end, self._length)
        period, now = (self._end.value - self._begin.value) / 1e6, time.monotonic()
        begin = min(max(self._zero + self._begin.value / 1e6, now - LAG * period), now + period)
        self.period = period
        if self.receive:
            self._hear(self.receive, source, count, begin, period / frames)
        while self.handed:
            self.waiting.add(*self.handed.popleft())
        for at, message in self.waiting.due(begin + period):
            frame = min(max(0, round((at - begin) / period * frames)), frames - 1)
            self._jack.jack_midi_event_write(target, frame, message, len(message))

    def _hear(self, receive: Receive, source: int, count: int, begin: float, frame: float) -> None:
        event = self._event
        for place in range(count):
            if self._jack.jack_midi_event_get(event, source, place) == 0 and 0 < event.size <= LONGEST:
                receive(ctypes.string_at(event.buffer, event.size), begin + event.time * frame)


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
    usecs = ctypes.POINTER(ctypes.c_uint64)
    frames, length = ctypes.POINTER(number), ctypes.POINTER(ctypes.c_float)
    library.jack_get_cycle_times.argtypes = pointer, frames, usecs, usecs, length
    library.jack_get_time.argtypes = ()
    library.jack_get_time.restype = ctypes.c_uint64
    return library


def _jack_zero(library: Any) -> float:
    """Return when JACK's time was 0, in seconds of `time.monotonic`. Not 0: jackd reads a clock that nobody adjusts."""
    zeros: list[tuple[float, float]] = []
    for _ in range(TRIES):
        before = time.monotonic()
        jack = library.jack_get_time() / 1e6
        after = time.monotonic()
        zeros.append((after - before, (before + after) / 2 - jack))
    return min(zeros)[1]
