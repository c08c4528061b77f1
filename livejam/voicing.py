"""Notes that the band plays by rule: blocks of chords, the last chord, notes moved onto a chord, how long one is held.

Where the network has no say: at the end of the song, when a span did not come in time, and where a chord ends. Pure.
Ticks.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from livejam.form import Form
from livejam.harmony import chord_tones
from livejam.notes import TICKS_PER_BEAT, Metre, TickNote
from livejam.parts import ORDER
from livejam.pieces import Quality, Role, Style
from livejam.spans import PartNote
from livejam.tokenizer import Chord, chord_at

CRASH, KICK = 49, 36  # General MIDI
VELOCITY, STROKE = 80, 96  # of a block, and of the drums with it
BASS_LOW, CHORDS_LOW = 36, 54  # pitches from which the tones of a block of chords are counted
SPOTS = (0, 6, 8, 12, 16, 18, 24)  # of a beat, ticks
A_CHORD = 2  # notes at once that are a chord
FAR = 1_000_000  # ticks


def in_order(each: PartNote) -> tuple[int, int, int]:
    """Return by what the notes of a band are sorted."""
    return each.note.onset, ORDER.index(each.role), each.note.pitch


def block(
    chord: tuple[int, Quality] | None, onset: int, length: int, parts: Sequence[Role], drums: Sequence[int] = (KICK,)
) -> tuple[PartNote, ...]:
    """Return a chord, its root below, struck at once with `drums` (pitches), and held; without one only these."""
    notes: list[PartNote] = []
    if chord:
        root, quality = chord
        tones = sorted(chord_tones(root, quality) or {root})
        notes = [PartNote(TickNote(onset, BASS_LOW + root, length, VELOCITY), Role.BASS)]
        notes += [
            PartNote(TickNote(onset, CHORDS_LOW + (tone - CHORDS_LOW) % 12, length, VELOCITY), Role.CHORDS)
            for tone in tones
        ]
    strokes = [PartNote(TickNote(onset, pitch, TICKS_PER_BEAT, STROKE), Role.DRUMS) for pitch in drums]
    return tuple(each for each in (*notes, *strokes) if each.role in parts)


def last_chord(form: Form) -> tuple[int, Quality] | None:
    """Return the chord on which a chart comes to rest: a dominant at its end leads a fourth up; None: nobody knows."""
    if not form.chart:
        return None
    end = form.chart.ticks(form.metre) + form.origin
    chord = form.chord(end - 1)
    if chord is None or chord[1] is not Quality.DOMINANT:
        return chord
    home = (chord[0] + 5) % 12
    at_home = [each for each in form.chart.chords(form.metre, form.origin, form.origin, end) if each.root == home]
    return home, next((Quality(each.quality) for each in at_home), Quality.MAJOR)


def completed(notes: Sequence[PartNote], chords: Sequence[Chord]) -> tuple[PartNote, ...]:
    """Return the notes of a span, by onset, in which the first chord that is struck has all of its tones.

    One note alone is no chord but a figure, and stays. The tones that are added lie nearest to those that are there.
    """
    strikes = [each for each in notes if each.role is Role.CHORDS]
    first = [each.note for each in strikes if each.note.onset == strikes[0].note.onset]
    root, quality = chord_at(chords, first[0].onset) if first else (0, 0)
    tones = chord_tones(root - 1, Quality(quality)) if root and len(first) >= A_CHORD else frozenset[int]()
    middle = sum(note.pitch for note in first) // max(1, len(first))
    missing = sorted(tones - {note.pitch % 12 for note in first})
    added = [PartNote(replace(first[0], pitch=nearest(tone, middle)), Role.CHORDS) for tone in missing]
    after = 1 + max((i for i, each in enumerate(notes) if added and each in strikes[: len(first)]), default=0)
    return (*notes[:after], *added, *notes[after:])


def tight(notes: Sequence[PartNote], metre: Metre, before: Sequence[PartNote] = ()) -> tuple[PartNote, ...]:
    """Return the notes of a span, by onset, whose drums lie on the beat and its halves, thirds and quarters.

    The drummers of the corpora are some ticks to and fro; to practise with, a band should be tight. What then strikes
    the same drum at once, or does so already in what was played `before`, strikes it once.
    """
    found = {(note.onset, role, note.pitch) for note, role, _ in before}
    kept = []
    for each in notes:
        onset = each.note.onset
        if each.role is Role.DRUMS:
            place = (onset - metre.bar_line) % TICKS_PER_BEAT
            onset += min((spot - place for spot in SPOTS), key=abs)
        if (onset, each.role, each.note.pitch) not in found:
            found.add((onset, each.role, each.note.pitch))
            kept.append(each._replace(note=replace(each.note, onset=onset)))
    return tuple(sorted(kept, key=lambda each: each.note.onset))


def nearest(tone: int, middle: int) -> int:
    """Return the pitch of class `tone` (0..11) that is nearest to pitch `middle`."""
    return middle + (tone - middle + 6) % 12 - 6


def sustained(notes: Sequence[PartNote], end: int, style: Style, chords: Sequence[Chord]) -> tuple[PartNote, ...]:
    """Return the notes of a span with bass and chords held, as with a pianist's pedal, which corpora do not keep.

    Tones of their chord ring to the span's `end`, others and the bass to the next strike of their part. In jazz, chords
    are comped: they last a beat at most.
    """
    return tuple(_sustained(each, notes, end, style, chords) for each in notes)


def _sustained(each: PartNote, notes: Sequence[PartNote], end: int, style: Style, chords: Sequence[Chord]) -> PartNote:
    note, role = each.note, each.role
    if role not in (Role.BASS, Role.CHORDS):
        return each
    until = min((other.onset for other, part, _ in notes if part is role and other.onset > note.onset), default=end)
    if role is Role.CHORDS:
        root, quality = chord_at(chords, note.onset)
        until = end if root and note.pitch % 12 in chord_tones(root - 1, Quality(quality)) else until
        until = min(until, note.onset + TICKS_PER_BEAT) if style is Style.JAZZ else until
    return each._replace(note=replace(note, length=max(note.length, until - note.onset)))


def held(each: PartNote, form: Form) -> int:
    """Return how long a note is held, ticks: not beyond its chord, nor for more than a bar."""
    note = each.note
    longest = form.at(note.onset).metre.bar_ticks
    if each.role in (Role.BASS, Role.CHORDS):
        chords = form.chords(note.onset, note.onset + longest)
        longest = min(longest, _change(chords, note.onset) - note.onset)
    return max(1, min(note.length, longest))


def _change(chords: Sequence[Chord], onset: int) -> int:
    """Return where a chord other than the one at `onset` begins, ticks; far away if none does."""
    sounding = next((chord for chord in reversed(chords) if chord.tick <= onset), None)
    later = (chord.tick for chord in chords if chord.tick > onset and sounding and chord[1:] != sounding[1:])
    return next(later, onset + FAR)


def on_chord(each: PartNote, chord: tuple[int, Quality] | None) -> PartNote:
    """Return a note of bass or chords moved to the nearest tone of a chord, if one is known."""
    if chord is None or each.role not in (Role.BASS, Role.CHORDS):
        return each
    tones = chord_tones(*chord) or {chord[0]}
    pitch = min(
        range(each.note.pitch - 6, each.note.pitch + 7), key=lambda p: (p % 12 not in tones, abs(p - each.note.pitch))
    )
    return each._replace(note=replace(each.note, pitch=min(127, max(0, pitch))))


def again(music: Sequence[PartNote], onset: int, length: int, parts: Sequence[Role]) -> tuple[PartNote, ...]:
    """Return the latest bass note and the latest chord of `music`, by onset, once more, held; the parts that play."""
    found: list[PartNote] = []
    for role in (Role.BASS, Role.CHORDS):
        latest: list[PartNote] = []
        for _, strike in groupby((each for each in music if each.role is role), key=lambda each: each.note.onset):
            struck = list(strike)
            latest = struck if role is Role.BASS or len(struck) >= A_CHORD or not latest else latest
        found += [each._replace(note=replace(each.note, onset=onset, length=length)) for each in latest]
    return tuple(each for each in found if each.role in parts)


def ended(each: PartNote, at: int) -> PartNote:
    """Return a note of bass or chords that rings no longer than to tick `at`, if it began before."""
    note, pitched = each.note, each.role in (Role.BASS, Role.CHORDS)
    if not pitched or not note.onset < at < note.onset + note.length:
        return each
    return each._replace(note=replace(note, length=at - note.onset))
