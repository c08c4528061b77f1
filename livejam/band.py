"""The rhythm section's plan: which span is made up when, when it is committed to, and what happens if it never comes.

A span of a beat or two is asked for a little before its time, with everything played up to then. Until shortly before
its first note sounds it may be asked for anew, if the player does something that it does not go with. Then it is
committed to: it plays, whatever happens. A span that has not come by then is filled from the bar before, so the band
never waits and never falls silent by accident. At the end, or when the player has stopped, a last chord is held.

| in state | when | go to | do |
|---|---|---|---|
| resting | begin | awaiting | |
| awaiting | its look-ahead has come | asked | Span is told |
| awaiting | a bar begins, the song is over or the player has stopped | resting | the last chord is committed to |
| asked | Accompanied, same number | asked | |
| asked | a note that the span does not go with | asked | Span is told anew, under another number |
| asked | its time comes, it is there | awaiting the next | it is committed to |
| asked | its time comes, it is not there | awaiting the next | the bar before is committed to once more |
| asked | the song is elsewhere | awaiting | what was asked for is forgotten |
| any | the clock stops | resting | |

Pure. Knows nothing of ports, channels or the network. Times are seconds of the session's clock, ticks say so. The
thread that owns the session calls it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from livejam.byear import guess, tables
from livejam.form import Form, Spot
from livejam.lead import Lead
from livejam.notes import TICKS_PER_BEAT
from livejam.phrasing import TickLine
from livejam.pieces import Role, Style
from livejam.spans import BAND, Accompanied, PartNote, Span
from livejam.tokenizer import Chord
from livejam.voicing import (
    CRASH,
    KICK,
    again,
    block,
    completed,
    ended,
    held,
    in_order,
    last_chord,
    on_chord,
    sustained,
    tight,
)

SOONEST = 0.12  # seconds before its time that a span is asked for at least, whatever the look-ahead
COMMIT = 0.02  # seconds before its first note is wanted that a span is committed to
GIVE_UP = 0.004  # seconds before that it is waited for, if it is not there
HEARD = 256  # notes that are told with a span
RECENT = 16  # notes of its own among which one may be that strikes a drum where the next span does
KEPT = 640  # notes of its own that the band remembers
BY_EAR = 64  # chords that were found by ear and are remembered
CHARTED = 24  # bars before a span whose chords are told at most
REDONE = 3  # times that a span is made up anew at most
LOUDER = 0.8  # of the player's loudness is taken over
SETTLING = 0.2  # share of a new span in the loudness that the network has by itself
BUSY, VERY_BUSY, IDLE = 2.0, 3.0, 0.4  # onsets a beat: the chords play less from there on, or more below
VELOCITIES = 1, 127
LAST_BARS = 1  # that the last chord is held
BACK = 4  # bars that are looked through for one that can be repeated


@dataclass(frozen=True, slots=True)
class BandSettings:
    """How the band plays."""

    parts: tuple[Role, ...] = BAND
    style: Style = Style.UNKNOWN
    span: float = 2.0  # beats that are made up at once
    look_ahead: float = 0.25  # beats before its start that a span is first made up
    listening: int = 2  # bars by ear, at the beginning, in which only the drums play until there is something to go by
    rest: int = 4  # bars of the player's silence after which the band comes to an end; 0: it goes on


@dataclass
class BandTally:
    """What came of it."""

    spans: int = 0  # committed to
    redone: int = 0  # made up anew
    missed: int = 0  # that did not come in time
    made: int = 0  # notes that were made up
    played: int = 0  # of those, committed to


@dataclass(slots=True)
class _Asked:
    """The span that is awaited."""

    span: Span
    made: tuple[PartNote, ...] | None = None  # None: it has not come yet
    since: tuple[int, ...] = ()  # pitches that the player struck since it was asked for
    times: int = 1  # that it was asked for


class Band:
    """What the band will play, and what it has played."""

    def __init__(self, tell: Callable[[Span], None], line: TickLine, lead: Lead, settings: BandSettings) -> None:
        """Have spans made up by `tell`, which must return at once, along `line`, behind `lead`."""
        self._tell, self._line, self._lead, self._settings = tell, line, lead, settings
        tables()  # read now what is needed by ear, not while the band plays
        self._form: Form | None = None  # None: it rests
        self._began = 0  # ticks
        self._next = 0  # ticks: where the next span begins
        self._asked: _Asked | None = None
        self._number = 0
        self._made: list[PartNote] = []  # committed to, by onset
        self._by_ear: list[Chord] = []  # where there is no chart, ascending
        self._turned: int | None = None  # ticks: there the chord by ear changes under what may still ring
        self._loudness: float | None = None  # velocity that the network plays at by itself
        self.end = 0  # ticks: where the last chord ends, once it is committed to
        self.muted: frozenset[Role] = frozenset()
        self.tally = BandTally()

    @property
    def playing(self) -> bool:
        """Whether it plays, or is about to."""
        return self._form is not None

    def begin(self, form: Form, at: int) -> None:
        """Play `form` from tick `at` on, where a bar begins."""
        self._form, self._began, self._next, self._asked, self._by_ear = form, at, at, None, []
        self._made = [each for each in self._made if each.note.onset < at]

    def move(self, form: Form) -> None:
        """Go on without a break, but elsewhere in the song: in `form`."""
        self._form, self._next, self._asked = form, max(self._next, form.origin), None

    def stop(self) -> None:
        """Play no more, from now on."""
        self._form = self._asked = None

    def ask_again(self) -> None:
        """What was asked for is not made up any more: ask once more."""
        if self._asked and self._asked.made is None and self._form:
            self._ask(self._form, self._line.grid.seconds_at(self._next))

    def deadline(self, ahead: float) -> float | None:
        """Return when `due` must be called, seconds; what sounds is wanted `ahead` seconds before its time."""
        if self._form is None:
            return None
        start = self._line.grid.seconds_at(self._next) - ahead
        if self._asked is None:
            return start - max(SOONEST, self._settings.look_ahead * self._line.grid.beat)
        return start - (GIVE_UP if self._asked.made is None else COMMIT)

    def due(self, now: float, ahead: float) -> list[PartNote]:
        """Do what is due by `now`; return the notes that are committed to, by onset."""
        notes: list[PartNote] = []
        while self._form and (deadline := self.deadline(ahead)) is not None and deadline <= now:
            self._catch_up(self._form, now)
            if self._asked:
                notes += self._commit(self._form, self._asked)
            elif self._over(self._form, now):
                notes += self._end(self._form)
            else:
                self._ask(self._form, now)
        return notes

    def hear(self, pitch: int, now: float) -> None:
        """The player has struck a key at `now`: a span that is not committed to may have to be made up anew."""
        asked = self._asked
        if asked is None or self._form is None:
            return
        asked.since += (pitch,)
        if asked.made is not None:
            self._reconsider(self._form, asked, now)

    def take(self, reply: Accompanied, now: float) -> None:
        """Take in what was made up."""
        self.tally.made += len(reply.notes)
        asked = self._asked
        if asked is None or asked.span.number != reply.number or self._form is None:
            return
        if reply.trouble:
            return  # it is filled when its time comes
        asked.made = reply.notes
        self._reconsider(self._form, asked, now)

    def _reconsider(self, form: Form, asked: _Asked, now: float) -> None:
        """Have the span made up anew if what the player does meanwhile does not go with it."""
        harmony = {each.note.pitch % 12 for each in asked.made or () if each.role in (Role.BASS, Role.CHORDS)}
        strange = [pitch for pitch in asked.since if pitch % 12 not in harmony]
        if form.chart or not harmony or not strange or asked.times > REDONE:
            return
        before = self._by_ear[-1:]
        if self._chords(form, form.at(self._next), asked.span.end, self._music(now))[-1:] == tuple(before):
            return  # it is a passing note
        self.tally.redone += 1
        self._ask(form, now, asked.times + 1, asked.made)

    def _catch_up(self, form: Form, now: float) -> None:
        """Leave out what lies in the past, as after a jump of the clock."""
        here = self._line.grid.tick_at(now)
        if self._next >= here - TICKS_PER_BEAT or here < form.origin:
            return
        self._asked = None
        self._next = form.at(int(here)).start
        while self._next < here:
            self._next = form.span_end(self._next, self._unit)

    @property
    def _unit(self) -> int:
        return max(TICKS_PER_BEAT // 2, round(self._settings.span * TICKS_PER_BEAT))

    def _ask(self, form: Form, now: float, times: int = 1, made: tuple[PartNote, ...] | None = None) -> None:
        start, spot = self._next, form.at(self._next)
        end = form.span_end(start, self._unit)
        music = self._music(now)
        heard = tuple(each for each in music if each.note.onset < start)[-HEARD:]
        chords, solo = self._chords(form, spot, end, music), form.solo(start)
        self._number += 1
        span = Span(
            self._number, start, end, self._playing(form, chords, solo), spot.metre, chords, self._settings.style,
            self._density(now, solo), fill=spot.section_ends and end == spot.end, unit=self._unit, heard=heard,
        )  # fmt: skip
        self._asked = _Asked(span, made, times=times)
        self._tell(span)

    def _playing(self, form: Form, chords: Sequence[Chord], solo: bool) -> tuple[Role, ...]:
        """Return who plays the next span: by ear only the drums, for a while, until there is something to go by."""
        parts = tuple(role for role in self._settings.parts if role not in self.muted)
        if solo:
            return (*parts, Role.MELODY)
        listening = self._next - self._began < self._settings.listening * form.metre.bar_ticks
        return (Role.DRUMS,) if listening and not chords and Role.DRUMS in parts else parts

    def _chords(self, form: Form, spot: Spot, end: int, music: Sequence[PartNote]) -> tuple[Chord, ...]:
        """Return the chords of the `music` so far and up to `end` and beyond: those of the chart, or by ear."""
        start = self._next
        if form.chart:
            first = music[-HEARD:][0].note.onset if music else start
            return form.chords(max(start - CHARTED * form.metre.bar_ticks, min(start, first)), end)
        melody = [each.note for each in music if each.role is Role.MELODY]
        chord = guess(melody, start, spot.metre, self._settings.style)
        self._by_ear = [each for each in self._by_ear[-BY_EAR:] if each.tick < start]
        if chord and (not self._by_ear or self._by_ear[-1][1:] != chord):
            self._by_ear.append(Chord(start, *chord))
        return tuple(self._by_ear)

    def turned(self) -> int | None:
        """Return, once, the tick at which a chord by ear has changed under notes that may still ring; None: none has.

        What of bass and chords began before and still sounds there is to end there.
        """
        tick, self._turned = self._turned, None
        return tick

    def _music(self, now: float) -> list[PartNote]:
        """Return the latest of all that was played up to now, by onset: the player's, and the band's own."""
        tempos = self._line.tempos(self._lead.since(now))
        played = self._lead.notes(tempos, now) if tempos else ()
        return sorted([*(PartNote(note, Role.MELODY, True) for note in played), *self._made[-HEARD:]], key=in_order)

    def _density(self, now: float, solo: bool) -> int:
        """Return how many chords are asked for: few when the player is busy, more when there is room."""
        pace = None if solo else self._lead.pace(now, self._line.grid.beat)
        if pace is None:
            return 0
        return 1 if pace >= VERY_BUSY else 2 if pace >= BUSY else 3 if pace < IDLE else 0

    def _over(self, form: Form, now: float) -> bool:
        """Tell whether the last chord comes next."""
        spot = form.at(self._next)
        if self._next != spot.start:
            return False
        silent, rest = self._lead.silence(max(now, self._line.grid.seconds_at(self._next))), self._settings.rest
        ticks = max(rest, 2 * (form.trade or 0)) * spot.metre.bar_ticks
        stopped = silent is not None and silent * self._line.grid.ticks_a_second >= ticks
        return form.over(self._next) or (bool(rest) and stopped and self._next - self._began >= ticks)

    def _commit(self, form: Form, asked: _Asked) -> list[PartNote]:
        """Play the span that is awaited, and go on to the next."""
        span, made = asked.span, asked.made
        if made is None:
            self.tally.missed += 1
            made = self._vamp(form, span)
        else:
            self.tally.played += len(made)
            in_time = tight(made, span.metre, self._made[-RECENT:])
            full = completed(self._as_loud(in_time), span.chords)
            made = sustained(full, span.end, span.style, span.chords)
        self.tally.spans += 1
        self._next, self._asked = span.end, None
        if not form.chart and span.chords and span.chords[-1].tick == span.start:
            self._turned = span.start
            self._made = [ended(each, span.start) for each in self._made]
        return self._keep([each for each in made if each.role not in self.muted], form)

    def _keep(self, notes: Sequence[PartNote], form: Form) -> list[PartNote]:
        """Return notes as they are played, and remember them."""
        played = [each._replace(note=replace(each.note, length=held(each, form))) for each in notes]
        self._made = [*self._made, *played][-KEPT:]
        return played

    def _as_loud(self, notes: Sequence[PartNote]) -> tuple[PartNote, ...]:
        """Return notes that were made up, as loud as the player is."""
        level = self._lead.level
        if not notes or level is None:
            return tuple(notes)
        own = sum(each.note.velocity for each in notes) / len(notes)
        self._loudness = own if self._loudness is None else self._loudness + SETTLING * (own - self._loudness)
        shift, (low, high) = round(LOUDER * (level - self._loudness)), VELOCITIES
        return tuple(
            each._replace(note=replace(each.note, velocity=min(high, max(low, each.note.velocity + shift))))
            for each in notes
        )

    def _vamp(self, form: Form, span: Span) -> tuple[PartNote, ...]:
        """Return what fills a span that nobody made up: the bar before once more, on the chords of this one.

        As loud as it was then. Where nothing was played in that bar, as after a leap of the clock, one before it does.
        """
        bar = span.metre.bar_ticks
        for back in range(bar, (BACK + 1) * bar, bar):
            before = [each for each in self._made if span.start - back <= each.note.onset < span.end - back]
            if before:
                moved = [each._replace(note=replace(each.note, onset=each.note.onset + back)) for each in before]
                return tuple(on_chord(each, form.chord(each.note.onset)) for each in moved if each.role in span.parts)
        return self._as_loud(block(form.chord(span.start), span.start, span.end - span.start, span.parts))

    def _end(self, form: Form) -> list[PartNote]:
        """Hold the last chord, and rest."""
        length = LAST_BARS * form.at(self._next).metre.bar_ticks
        parts = tuple(role for role in self._settings.parts if role not in self.muted)
        chord = last_chord(form)
        struck = self._as_loud(block(chord, self._next, length, parts, (KICK, CRASH)))
        kept = self._keep(struck if chord else (*again(self._made, self._next, length, parts), *struck), form)
        self.end = self._next + length
        self.stop()
        return [each._replace(note=replace(each.note, length=length)) for each in kept]
