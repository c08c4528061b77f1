"""The network as a rhythm section: makes up bass, chords and drums of a span, from everything played before it.

The music is heard span by span, and in a span part by part, as in training: bass, chords, drums, then the lead. So the
chords of a span know its bass, and the drums both. What was heard is mirrored: what is still the same stays in the
network's memory, the rest is rolled back and heard anew. Knows nothing of seconds, ports or who plays the notes. Ticks.
One thread calls it; the same seed, span and music give the same notes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from livejam.choice import unstruck
from livejam.contract import accompanying_model
from livejam.controls import Wish
from livejam.decoder import PART, Decoder, Entry, Phrase, Sampling
from livejam.harmony import chord_tones
from livejam.notes import TICKS_PER_BEAT, Metre, TickNote
from livejam.parts import ORDER
from livejam.pieces import Quality, Role, Style
from livejam.rows import NOISE
from livejam.shape import NEVER
from livejam.spans import BAND, PartNote, Span
from livejam.tokenizer import DELTA_TICKS, END, PREDICTED, Chord, Context, chord_at

TEMPERATURE = 0.8
MIN_P = 0.06
INSIST = 1.6  # on a chart and a density that is asked for
RANGES = {Role.BASS: (28, 55), Role.CHORDS: (48, 81), Role.DRUMS: (35, 59), Role.MELODY: (55, 88)}  # MIDI pitches
BEYOND = 0.5  # nats that a semitone beyond costs
MOST_NOTES = 24  # of a part in a span
TOGETHER = {Role.BASS: 1, Role.CHORDS: 5, Role.DRUMS: 4, Role.MELODY: 1}  # notes that one part strikes at once
ROOTS = 0.75  # share of the bass notes with which a bar or a chord begins that must be roots
REPEATED = 3.0  # nats that a walking bass, as in jazz, shuns the pitch that it has just played
RESTED = 1.0  # bars without a note after which a part that is asked for must play
KEPT = 200  # notes of what was heard that are told at least, if all is told anew
DENSEST = 5
DRUMS_MORE = 2  # classes of density: strikes a beat beyond those of the chords
TOMS = (41, 43, 45, 47, 48, 50, 38)  # General MIDI: toms, and the snare
FILL = 1.5  # nats in favour of those in a fill


def load_accompanist(model: Path | None, seed: int, temperature: float | None) -> "Accompanist":
    """Load a network (None: the one that comes along), warm it up and return it as a rhythm section.

    Raises:
        ModelError: it can't be loaded.
    """
    decoder = Decoder(model or accompanying_model())
    accompanist = Accompanist(decoder, seed, TEMPERATURE if temperature is None else temperature)
    accompanist.warm_up()
    return accompanist


@dataclass(frozen=True, slots=True)
class Bars:
    """Where the strong beats of a metre are."""

    metre: Metre

    def strong(self, tick: int) -> bool:
        """Tell whether `tick` is a downbeat, or the middle of a bar of two halves."""
        half = self.metre.bar_ticks // 2 if self.metre.numerator % 2 == 0 else self.metre.bar_ticks
        return (tick - self.metre.bar_line) % half == 0


class Accompanist:
    """A decoder that plays along."""

    def __init__(self, decoder: Decoder, seed: int, temperature: float = TEMPERATURE) -> None:
        self._decoder = decoder
        self._seed = seed
        self._temperature = temperature
        self._told: list[Phrase] = []  # in the network's memory
        self._marks: list[int] = []  # how many notes were heard before each of them

    @property
    def about(self) -> dict[str, object]:
        """What must be known to repeat what it plays."""
        return {"seed": self._seed, "temperature": self._temperature, "model_sha256": self._decoder.sha256}

    def warm_up(self) -> None:
        """Run once what a span runs: the first time is slow."""
        heard = tuple(PartNote(TickNote(12 * i, 60 + i, 12, 80), Role.MELODY, player=True) for i in range(4))
        for chords in ((), (Chord(0, 0, Quality.MAJOR),)):
            self.play(Span(0, 48, 96, (*BAND, Role.MELODY), Metre(4, 4), chords, heard=heard))
        self.restart()

    def restart(self) -> None:
        """Forget everything."""
        self._decoder.restart()
        self._told.clear()
        self._marks.clear()

    def play(self, span: Span) -> tuple[PartNote, ...]:
        """Make up the parts of a span, by onset. Raises LivejamError if the network can't go on."""
        self._listen(phrases(span))
        made: list[PartNote] = []
        rng = np.random.default_rng([self._seed, span.start])
        for role in sorted(span.parts, key=ORDER.index):
            notes = tuple(self._part(span, role, rng))
            made += [PartNote(note, role) for note in notes]
            if notes and role != span.parts[-1]:
                self._hear([_told(span, role, notes, False, _latest(span.heard, role))])
        return tuple(sorted(made, key=lambda each: (each.note.onset, ORDER.index(each.role), each.note.pitch)))

    def _part(self, span: Span, role: Role, rng: np.random.Generator) -> Iterator[TickNote]:
        """Yield one part of a span."""
        shape = PartShape(span, role, rng)
        sampling = Sampling(
            self._temperature, MIN_P, shape.bias, shape.steer, mend=shape.mend,
            insist=INSIST if span.chords or shape.wish.density else 1.0,
        )  # fmt: skip
        entry = Entry(span.start, _latest(span.heard, role))
        steps = self._decoder.answers(
            _context(span, role), sampling, [rng], wish=shape.wish, compare=False, entry=entry
        )
        notes = (one.notes[-1] for (one,) in steps if not one.over)
        for count, note in enumerate(unstruck(notes)):
            if note.onset >= span.end or count >= MOST_NOTES:
                return
            yield note

    def _listen(self, music: list[Phrase]) -> None:
        """Have the network's memory hold `music`, the newest of it at least."""
        begun = next((i for i, told in enumerate(self._told) if music and told == music[0]), None)
        same = 0
        if begun is not None:
            while begun + same < len(self._told) and same < len(music) and self._told[begun + same] == music[same]:
                same += 1
            keep = begun + same
            mark = self._marks[keep] if keep < len(self._marks) else self._decoder.heard
            try:
                self._decoder.rollback(mark)
            except ValueError:  # longer ago than the memory reaches
                begun = None
            else:
                del self._told[keep:], self._marks[keep:]
        if begun is None:
            self.restart()
            same = 0
        self._hear(music[same:])

    def _hear(self, music: Sequence[Phrase]) -> None:
        mark = self._decoder.heard
        for phrase in music:
            self._marks.append(mark)
            self._told.append(phrase)
            mark += len(phrase.notes)
        self._decoder.hear_phrases(music)


def phrases(span: Span) -> list[Phrase]:
    """Return what was heard in the order in which it is told: span by span, and in each of them part by part."""
    unit, metre = span.unit or span.end - span.start, span.metre
    groups: dict[tuple[int, int, int], list[PartNote]] = {}
    for each in span.heard:
        bar, place = divmod(each.note.onset - metre.bar_line, metre.bar_ticks)
        groups.setdefault((bar, place // unit, ORDER.index(each.role)), []).append(each)
    latest: dict[Role, TickNote] = {}
    found = []
    for (_, _, place), notes in sorted(groups.items()):
        role = ORDER[place]
        told = tuple(sorted((each.note for each in notes), key=lambda note: (note.onset, note.pitch)))
        found.append(_told(span, role, told, notes[0].player, latest.get(role)))
        latest[role] = told[-1]
    total = 0
    for i in range(len(found) - 1, -1, -1):  # the newest suffice, and what comes first may be half of a span
        total += len(found[i].notes)
        if total >= KEPT:
            return found[i:]
    return found


def _told(span: Span, role: Role, notes: tuple[TickNote, ...], player: bool, last: TickNote | None) -> Phrase:
    """Return what is told of notes of one part, the same whichever span asks, so that it is told once."""
    metre = replace(span.metre, bar_line=span.metre.bar_line % span.metre.bar_ticks)
    chords = _sounding(span.chords, notes[0].onset, notes[-1].onset)
    return Phrase(notes, Context(metre, role, span.style, chords), player, last)


def _sounding(chords: Sequence[Chord], first: int, last: int) -> tuple[Chord, ...]:
    """Return the chords from tick `first` to tick `last` alone: what comes after them changes nothing there."""
    begun = [i for i, chord in enumerate(chords) if chord.tick <= first]
    return tuple(chord for chord in chords[begun[-1] if begun else 0 :] if chord.tick <= last)


def _context(span: Span, role: Role) -> Context:
    return Context(span.metre, role, span.style, span.chords)


def _latest(heard: Sequence[PartNote], role: Role) -> TickNote | None:
    """Return the latest note of a part."""
    return next((each.note for each in reversed(heard) if each.role == role), None)


def _density(span: Span, role: Role) -> int:
    """Return the density that is asked of a part: drums have a pulse to keep, and basses are left alone."""
    if role is Role.DRUMS and span.fill:
        return DENSEST
    if not span.density or role in (Role.BASS, Role.MELODY):
        return 0
    return min(DENSEST, span.density + DRUMS_MORE) if role is Role.DRUMS else span.density


class PartShape:
    """What one part of a span should keep to."""

    def __init__(self, span: Span, role: Role, rng: np.random.Generator) -> None:
        self._span, self._role, self._rng = span, role, rng
        self._bars = Bars(span.metre)
        beats = max(1, (span.end - span.start) // TICKS_PER_BEAT)
        self.wish = Wish(beats=beats, density=_density(span, role))
        self.bias = np.zeros(NOISE, np.float32)
        pitches, (low, high) = np.arange(PREDICTED["pitch"]), RANGES[role]
        self.bias[PART["pitch"]] -= BEYOND * np.maximum(0, np.maximum(low - pitches, pitches - high))
        self.bias[PART["velocity"]][0] = NEVER  # "unknown" can't be played
        if span.fill and role is Role.DRUMS:
            self.bias[PART["pitch"]][list(TOMS)] += FILL
        self._deltas = np.array([*DELTA_TICKS, 0])  # of each class; the last is the end
        latest = _latest(span.heard, role)
        bar = span.metre.bar_ticks
        self._must_play = latest is None or span.end - (latest.onset + latest.length) > RESTED * bar
        self._rooted = rng.random() < ROOTS
        self._walks = role is Role.BASS and span.style is Style.JAZZ
        self._pitch = latest.pitch if latest else None  # of the note before; None: not known

    def steer(self, bias: np.ndarray, count: int, ticks: int, chord: int, begun: int | None = None) -> None:
        """Keep the next note within the span, which began `ticks` before; see `decoder.Steer`."""
        delta = bias[PART["delta"]]
        beyond = ticks + self._deltas >= self._span.end - self._span.start
        beyond[END] = count >= MOST_NOTES
        delta[beyond] = NEVER
        if count == 0 and self._must_play:
            delta[END] = NEVER
        if chord >= TOGETHER[self._role]:
            delta[DELTA_TICKS.index(0)] = NEVER
        if self._walks and self._pitch is not None:
            bias[PART["pitch"]][self._pitch] -= REPEATED

    def mend(self, note: TickNote) -> np.ndarray | None:
        """Return a bias of the pitches (128,) with which `note` is made up anew; None: it will do.

        On strong beats, and where a chord begins, bass and chords keep to the chart.
        """
        wanted = self._wanted(note)
        if wanted is None or note.pitch % 12 in wanted:
            self._pitch = note.pitch
            return None
        self._pitch = None
        bias = np.full(PREDICTED["pitch"], NEVER, np.float32)
        bias[np.isin(np.arange(len(bias)) % 12, list(wanted))] = 0
        return bias

    def _wanted(self, note: TickNote) -> frozenset[int] | None:
        """Return the pitch classes that a note may have; None: any."""
        if self._role not in (Role.BASS, Role.CHORDS) or not self._span.chords:
            return None
        root, quality = chord_at(self._span.chords, note.onset)
        if not root or not (self._bars.strong(note.onset) or self._begins_chord(note.onset)):
            return None
        if self._role is Role.BASS and self._rooted and (not self._walks or self._begins_chord(note.onset)):
            return frozenset({root - 1})
        return chord_tones(root - 1, Quality(quality)) or None

    def _begins_chord(self, tick: int) -> bool:
        return any(chord.tick == tick for chord in self._span.chords)
