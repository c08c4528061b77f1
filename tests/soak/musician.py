"""Somebody who plays a keyboard, wildly: phrases, chords, pedals, keys that stick; and a sequencer with a bad clock.

Both give the bytes of MIDI messages with their times, in seconds; the same seed plays the same. Knows nothing of
livejam but the signs it may be waiting for.
"""

import random
from collections.abc import Iterator

Timed = tuple[float, bytes]  # seconds, message
SIGNS = ((0xB0, 64, 127), (0xB0, 64, 0), (0xB0, 20, 127), (0xB0, 20, 0), (0x90, 36, 90), (0x80, 36, 0))
SCALE = (0, 2, 3, 5, 7, 9, 10)
GARBAGE = (
    *(b"", b"\x90", b"\x90\x3c", b"\x3c\x40", b"\x90\x3c\xff", b"\xf0\x7e\x7f", b"\xf0" + b"\x01" * 300 + b"\xf7"),
    *(b"\xf7", b"\xf2", b"\xf2\x01", b"\xf2\xff\xff", b"\xf1\x00", b"\xf3\x01", b"\xf4", b"\xf9", b"\xfd", b"\xfe"),
    *(b"\xff", b"\x90\x3c\x40\x3e\x40", b"\xb0\x7b", b"\xc0\x05\x05", b"\xe0\x00\x40", b"\xa0\x3c\x20", b"\xd0\x33"),
)


class Musician:
    """Plays one bout after another."""

    def __init__(self, chance: random.Random, garbage: bool = True) -> None:
        self.chance = chance
        self._sign = True
        self.kinds = [self.melody, self.melody, self.melody, self.chords, self.pedalled, self.lone, self.legato]
        self.kinds += [self.retriggered, self.stuck, self.bent, self.burst, self.channels, self.flood]
        if garbage:
            self.kinds += [self.garbage, self.released]

    def stream(self) -> Iterator[Timed]:
        """Play for ever, with rests that leave an answer its time, or do not."""
        at = 0.5
        while True:
            bout = self.bout()
            yield from ((at + seconds, message) for seconds, message in bout)
            at += bout[-1][0] + self.chance.choice((0.05, 0.4, 1.0, 2.0, 4.0, 8.0, 12.0)) * self.chance.uniform(
                0.5, 1.5
            )

    def bout(self) -> list[Timed]:
        """Play once, something with at least one message; by time, from 0 on. Often with the signs of an end."""
        bout = sorted(self.chance.choice(self.kinds)(), key=lambda timed: timed[0])
        if self.chance.random() < 0.4:
            end = bout[-1][0] + 0.05
            bout += [(end + 0.02 * number, bytes(sign)) for number, sign in enumerate(SIGNS)]
        return bout

    def melody(self) -> list[Timed]:
        """Play a tune, no note before the other is over."""
        step = self.chance.uniform(0.12, 0.5)
        return [message for at, pitch in self._tune(step) for message in self._note(at, pitch, 0.9 * step)]

    def chords(self) -> list[Timed]:
        """Play chords, not quite together."""
        bout = []
        for at, root in self._tune(0.6, 5):
            for third in range(self.chance.randint(2, 5)):
                bout += self._note(at + self.chance.uniform(0, 0.02), min(127, root + 4 * third), 0.5)
        return bout

    def pedalled(self) -> list[Timed]:
        """Play with the sustain pedal; now and then it is never let up."""
        bout = [(0.0, b"\xb0\x40\x7f"), *self.melody()]
        if self.chance.random() < 0.8:
            bout.append((max(at for at, _ in bout) + self.chance.uniform(-0.2, 0.5), b"\xb0\x40\x00"))
        return bout

    def lone(self) -> list[Timed]:
        """Play one note."""
        return self._note(0.0, self._pitch(), self.chance.uniform(0.001, 1.0))

    def legato(self) -> list[Timed]:
        """Play a tune whose notes overlap."""
        return [message for at, pitch in self._tune(0.3) for message in self._note(at, pitch, 0.45)]

    def retriggered(self) -> list[Timed]:
        """Strike one key again and again, letting it go as often, or not, or too often."""
        pitch = self._pitch()
        bout = [(0.1 * number, bytes((0x90, pitch, self.chance.randint(1, 127)))) for number in range(8)]
        ends = self.chance.choice((1, 3, 8, 12))
        return bout + [(0.85 + 0.03 * number, bytes((0x80, pitch, 0))) for number in range(ends)]

    def stuck(self) -> list[Timed]:
        """Play a tune with a key that never comes up."""
        return [(0.0, bytes((0x90, self._pitch(), 100))), *self.melody()]

    def bent(self) -> list[Timed]:
        """Bend and press while playing."""
        tune = self.melody()
        span = round(tune[-1][0] / 0.01) + 1
        bends = ((0xE0, 0, number % 128) for number in range(span))
        return tune + [(0.01 * number, bytes(bend)) for number, bend in enumerate(bends)] + [(0.2, b"\xd0\x50")]

    def burst(self) -> list[Timed]:
        """Sweep over the keys: two thousand messages a second."""
        keys = [self._pitch() for _ in range(self.chance.randint(10, 150))]
        return [message for number, key in enumerate(keys) for message in self._note(number / 1000, key, 0.0005)]

    def channels(self) -> list[Timed]:
        """Play on all channels at once."""
        return [
            message
            for number, (at, pitch) in enumerate(self._tune(0.2, 16))
            for message in self._note(at, pitch, 0.15, channel=number % 16)
        ]

    def flood(self) -> list[Timed]:
        """Turn every knob, and play."""
        numbers = (number for number in range(1000) if number % 120 not in (20, 64))
        return [(0.0005 * n, bytes((0xB0, n % 120, n % 128))) for n in numbers] + self.melody()

    def garbage(self) -> list[Timed]:
        """Play among what is no MIDI."""
        noise = [(self.chance.uniform(0, 2), self.chance.choice(GARBAGE)) for _ in range(40)]
        noise += [(self.chance.uniform(0, 2), self.chance.randbytes(self.chance.randint(0, 6))) for _ in range(40)]
        return noise + self.melody()

    def released(self) -> list[Timed]:
        """Let all keys go by one message."""
        mode = self.chance.choice((120, 121, 123, 124, 127))
        return [*self.stuck(), (self.chance.uniform(0.5, 2.0), bytes((0xB0, mode, 0)))]

    def _tune(self, step: float, most: int = 14) -> Iterator[tuple[float, int]]:
        root = self.chance.randint(40, 70)
        at = 0.0
        for _ in range(self.chance.randint(2, most)):
            yield (
                at + self.chance.gauss(0, 0.005) ** 2,
                root + self.chance.choice(SCALE) + 12 * self.chance.randint(0, 1),
            )
            at += step * self.chance.choice((0.5, 1, 1, 1, 2))

    def _note(self, at: float, pitch: int, length: float, channel: int = 0) -> list[Timed]:
        end = bytes((0x90 | channel, pitch, 0)) if self.chance.random() < 0.5 else bytes((0x80 | channel, pitch, 64))
        return [(at, bytes((0x90 | channel, pitch, self.chance.randint(1, 127)))), (at + length, end)]

    def _pitch(self) -> int:
        return self.chance.choice([number for number in range(128) if number != 36])


class Sequencer:
    """Sends MIDI clock, as badly as can be."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def stream(self) -> Iterator[Timed]:
        """Send for ever, by time."""
        at = 0.0
        while True:
            passage = list(self._passage(at + 0.01))
            yield from passage
            at = passage[-1][0] if passage else at + 0.01
            if self.chance.random() < 0.2:
                at += self.chance.uniform(0.1, 12.0)  # it has died

    def _passage(self, at: float) -> Iterator[Timed]:
        """Send some bars at one tempo."""
        chance = self.chance
        bpm = chance.choice((60, 90, 100, 120, 128, 140, 180, 240, 390, 1000)) * chance.uniform(0.95, 1.05)
        jitter = chance.choice((0.0, 0.0005, 0.003, 0.008))
        if chance.random() < 0.5:
            places = bytes((0xF2, chance.randint(0, 127), chance.randint(0, 20)))
            for message in chance.choice(((b"\xfa",), (b"\xfc",), (b"\xfc", places, b"\xfb"), (places,), (b"\xfb",))):
                yield at, message
        pulse, late = 2.5 / bpm, at
        for number in range(chance.randint(1, 400)):
            late = max(late, at + number * pulse + chance.uniform(0, jitter))
            if chance.random() > 0.002:
                yield late, b"\xf8"
