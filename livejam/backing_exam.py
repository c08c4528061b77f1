"""How well a network plays along, beside people and beside a chart's chords struck as blocks.

The melody of a held-out piece is played to the practice session of `livejam accompany` in virtual time (`rehearsal`).
Once it has the chords of the piece, once it has not.
How well it foresees what people played there is told in bits a note, beside a Markov model of the same parts.

Knows nothing of ONNX, PyTorch or files. Ticks. One thread; the same pieces, network and seed give the same figures.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from zlib import crc32

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.table import Table

from livejam.accompanist import Accompanist, phrases
from livejam.alongsettings import AlongSettings
from livejam.band import BandSettings
from livejam.chart import Chart, Placed
from livejam.controls import Wish
from livejam.decoder import Decoder, Entry
from livejam.harmony import chords_of
from livejam.markov import MarkovModel, event_classes
from livejam.measures import backing
from livejam.notes import TICKS_PER_BEAT, Metre, TickNote
from livejam.parts import ORDER, parts_of
from livejam.pieces import Piece, Quality, Role, Style
from livejam.rehearsal import rehearse
from livejam.spans import BAND, PartNote, Span
from livejam.tokenizer import Chord, Context
from livejam.voicing import block

SPAN = 2 * TICKS_PER_BEAT  # ticks
BARS = 16  # of each piece
FEWEST = 16  # notes of a melody
WITHOUT_REST = BandSettings(rest=0)
HEARD = 256  # notes told with a span
OTHERS = ("livejam with the chart", "livejam by ear", "the chart in blocks", "people")
LEARNT = 150  # pieces of a corpus from which the Markov model learns


@dataclass(frozen=True, slots=True)
class Take:
    """A melody to accompany, and what people played with it."""

    title: str
    metre: Metre
    style: Style
    start: int  # ticks: a bar line
    end: int
    melody: tuple[TickNote, ...]
    people: tuple[PartNote, ...]  # bass, chords, drums, by onset
    chords: tuple[Chord, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured of one who accompanied, on average over the takes."""

    chord_tones: float  # share of the bass notes on strong beats
    roots: float
    agreement: float  # share of the melody's notes in what sounds
    movement: float  # semitones a voice
    leaps: float  # share of the steps in which bass and top leap together
    notes_a_beat: float
    groove: float  # distance of the drums from those of the corpora, 0..1
    played: float  # share of the notes made up


@dataclass(frozen=True, slots=True)
class Backed:
    """What came of one corpus."""

    corpus: str
    takes: int
    figures: dict[str, Figures]  # by who accompanied
    bits: dict[str, dict[str, float]]  # by part: bits a note of what people played, by the network and Markov's

    def as_json(self) -> dict[str, object]:
        """Return all of it."""
        figures = {
            who: {name: None if value != value else value for name, value in asdict(found).items()}
            for who, found in self.figures.items()
        }
        return {"takes": self.takes, "figures": figures, "bits": self.bits}


def takes_of(pieces: Sequence[Piece], most: int, seed: int) -> dict[str, list[Take]]:
    """Return up to `most` takes of each corpus that has melodies with an accompaniment."""
    found: dict[str, list[Take]] = {}
    for corpus in sorted({piece.corpus for piece in pieces}):
        own = [piece for piece in pieces if piece.corpus == corpus and len(piece.metres)]
        order = np.random.default_rng([seed, crc32(corpus.encode())]).permutation(len(own))
        made = (take_of(own[i]) for i in order)
        takes = [take for take, _ in zip((take for take in made if take), range(most), strict=False)]
        if takes:
            found[corpus] = takes
    return found


def take_of(piece: Piece) -> Take | None:
    """Return the beginning of a piece as a take; None: there is no melody, nothing with it, or too little of both."""
    parts = parts_of(piece)
    if Role.MELODY not in parts or not {Role.BASS, Role.CHORDS} & set(parts) or not len(piece.metres):
        return None
    first = int(parts[Role.MELODY]["onset"][0])
    at = max(int(np.searchsorted(piece.metres["tick"], first, side="right")) - 1, 0)
    tick, numerator, denominator = piece.metres[at].tolist()
    metre = Metre(numerator, denominator, tick)
    start = tick + max(0, (first - tick) // metre.bar_ticks) * metre.bar_ticks
    limits = [start + BARS * metre.bar_ticks, *piece.metres["tick"][at + 1 : at + 2].tolist()]
    end = start + (min(limits) - start) // metre.bar_ticks * metre.bar_ticks
    lines = {role: _between(notes, start, end) for role, notes in parts.items()}
    people = sorted((PartNote(n, role) for role in BAND for n in lines.get(role, ())), key=_in_order)
    if len(lines[Role.MELODY]) < FEWEST or len(people) < FEWEST:
        return None
    chords = tuple(Chord(t, root, Quality(quality)) for t, root, quality in chords_of(piece, parts).tolist())
    return Take(piece.title, metre, piece.style, start, end, lines[Role.MELODY], tuple(people), chords)


def _between(notes: np.ndarray, start: int, end: int) -> tuple[TickNote, ...]:
    chosen = notes[(notes["onset"] >= start) & (notes["onset"] < end)]
    return tuple(TickNote(onset, pitch, length, velocity) for onset, length, pitch, velocity in chosen.tolist())


def _in_order(each: PartNote) -> tuple[int, int, int]:
    return each.note.onset, ORDER.index(each.role), each.note.pitch


def play_along(
    accompanist: Accompanist, take: Take, chart: bool, band: BandSettings = WITHOUT_REST
) -> tuple[tuple[PartNote, ...], float]:
    """Return what is played with a take in its style, and which share of what was made up that is."""
    accompanist.restart()
    settings = AlongSettings(replace(band, style=take.style), take.metre, chart_of(take) if chart else None)
    melody = [replace(note, onset=note.onset - take.start) for note in take.melody]
    made, tally = rehearse(accompanist, melody, take.end - take.start, settings)
    moved = (each._replace(note=replace(each.note, onset=each.note.onset + take.start)) for each in made)
    return tuple(moved), tally.played / max(1, tally.made)


def chart_of(take: Take) -> Chart:
    """Return the chords of a take as a chart."""
    bars = []
    for start in range(take.start, take.end, take.metre.bar_ticks):
        end = start + take.metre.bar_ticks
        first = next((chord for chord in reversed(take.chords) if chord.tick <= start), Chord(start, -1, Quality.NONE))
        inside = [chord for chord in take.chords if start < chord.tick < end]
        bars.append(tuple(
            Placed(Fraction(max(0, chord.tick - start), take.metre.bar_ticks), chord.root, Quality(chord.quality))
            for chord in (first, *inside)
        ))  # fmt: skip
    return Chart(tuple(bars), take.title, (None,) * len(bars))


def spans_of(take: Take, chart: bool) -> Iterator[Span]:
    """Yield the spans of a take, nothing heard yet."""
    chords = take.chords if chart else ()
    for number, start in enumerate(range(take.start, take.end, SPAN)):
        yield Span(number, start, min(start + SPAN, take.end), BAND, take.metre, chords, take.style)


def _with(span: Span, heard: Sequence[PartNote]) -> Span:
    return Span(span.number, span.start, span.end, span.parts, span.metre, span.chords, span.style, heard=tuple(heard))


def in_blocks(take: Take) -> tuple[PartNote, ...]:
    """Return the chords of a take, each struck once a bar or where it begins, its root below."""
    bars = range(take.start, take.end, take.metre.bar_ticks)
    begins = sorted({*bars, *(chord.tick for chord in take.chords if take.start <= chord.tick < take.end)})
    made: list[PartNote] = []
    for begin, end in zip(begins, [*begins[1:], take.end], strict=True):
        chord = next((each for each in reversed(take.chords) if each.tick <= begin), None)
        if chord is not None and chord.root >= 0:
            made += block((chord.root, Quality(chord.quality)), begin, end - begin, (Role.BASS, Role.CHORDS))
    return tuple(sorted(made, key=_in_order))


def examine(
    pieces: Sequence[Piece], training: Sequence[Piece], decoder: Decoder, most: int, seed: int,
    advance: Callable[[int], None] = lambda _: None,
) -> Iterator[Backed]:  # fmt: skip
    """Yield what comes of each corpus of the held-out among `pieces`, `most` melodies of each."""
    held_out = [piece for piece in pieces if piece.split == "valid"]
    accompanist, usual = Accompanist(decoder, seed), usual_groove(training)
    for corpus, takes in takes_of(held_out, most, seed).items():
        found: dict[str, list[Figures]] = {who: [] for who in OTHERS}
        for take in takes:
            played = (*(play_along(accompanist, take, chart) for chart in (True, False)),
                      (in_blocks(take), backing.NAN), (take.people, backing.NAN))  # fmt: skip
            for who, (notes, share) in zip(OTHERS, played, strict=True):
                found[who].append(figures_of(take, notes, usual, share))
            advance(1)
        own = [piece for piece in training if piece.corpus == corpus and piece.split == "train"]
        bits = bits_of(decoder, takes, own[:LEARNT])
        yield Backed(corpus, len(takes), {who: _mean(each) for who, each in found.items()}, bits)


def usual_groove(pieces: Sequence[Piece]) -> np.ndarray:
    """Return where people's drums strike in 4/4."""
    counts = np.zeros(3 * backing.PLACES)
    for piece in pieces:
        if len(piece.metres) and piece.metres[0].tolist()[1:] == (4, 4):
            drums = parts_of(piece).get(Role.DRUMS) if any(part.role == Role.DRUMS for part in piece.parts) else None
            if drums is not None:
                metre = Metre(4, 4, int(piece.metres["tick"][0]))
                notes = [PartNote(TickNote(o, p, n, v), Role.DRUMS) for o, n, p, v in drums.tolist()]
                counts += backing.groove(notes, metre) * len(notes)
    return np.asarray(counts / max(1.0, counts.sum()))


def figures_of(take: Take, notes: Sequence[PartNote], usual: np.ndarray, played: float = backing.NAN) -> Figures:
    """Return what is measured of `notes` played with a take, a share `played` of those that were made up."""
    tones, roots = backing.bass_on_chords(notes, take.chords, take.metre)
    movement, leaps = backing.voice_leading(notes)
    beats = (take.end - take.start) / TICKS_PER_BEAT
    common = (take.metre.numerator, take.metre.denominator) == (4, 4)
    groove = backing.apart(backing.groove(notes, take.metre), usual) if common else backing.NAN
    agreed = backing.agreement(take.melody, notes)
    return Figures(tones, roots, agreed, movement, leaps, len(notes) / beats, groove, played)


def _mean(figures: Sequence[Figures]) -> Figures:
    columns = np.array([list(asdict(each).values()) for each in figures], float)
    known = (~np.isnan(columns)).any(0)
    means = [
        float(np.nanmean(column)) if there else backing.NAN for column, there in zip(columns.T, known, strict=True)
    ]
    return Figures(*means)


def bits_of(decoder: Decoder, takes: Sequence[Take], training: Sequence[Piece]) -> dict[str, dict[str, float]]:
    """Return bits a note, the ends of spans included, of what people played, by part.

    The network knows no chart. Beside it a Markov model of the same parts, and one that has only ever heard the chords
    of charts struck as blocks.
    """
    learnt = [take for take in map(take_of, training) if take]
    found: dict[str, dict[str, float]] = {}
    for role in BAND:
        scored = [take for take in takes if any(each.role is role for each in take.people)]
        notes = sum(each.role is role for take in scored for each in take.people)
        known = [_rows(take, take.people, role) for take in learnt if any(each.role is role for each in take.people)]
        if not notes or not known:
            continue
        sung = [_rows(take, take.people, role) for take in scored]
        ours = -sum(float(score.sum()) for take in scored for score in _scores(decoder, take, role))
        found[role.name.lower()] = {
            "livejam": ours / notes, "Markov": _markov(known, sung) / notes,
            "blocks": _markov([_rows(take, in_blocks(take), role) for take in learnt], sung) / notes, "notes": notes,
        }  # fmt: skip
    return found


def _markov(known: Sequence[np.ndarray], rows: Sequence[np.ndarray]) -> float:
    """Return the bits of `rows`, parts of classes, to a Markov model that knows others."""
    model = MarkovModel.learn(known, [str(i) for i in range(len(known))])
    return -float(model.log2(rows).sum())


def _rows(take: Take, music: Sequence[PartNote], role: Role) -> np.ndarray:
    """Return the classes (R, 4) of a part of `music`, span after span, each with its end."""
    last: TickNote | None = None
    rows = []
    for span in spans_of(take, chart=False):
        notes = _within(music, role, span)
        rows.append(event_classes(notes, Context(take.metre, role, take.style), last))
        last = notes[-1] if notes else last
    return np.concatenate(rows)


def _scores(decoder: Decoder, take: Take, role: Role) -> Iterator[np.ndarray]:
    """Yield the log2-probabilities of a part, span by span, given all before and the parts before it in the span."""
    decoder.restart()
    melody = [PartNote(note, Role.MELODY, True) for note in take.melody]
    music = sorted([*take.people, *melody], key=_in_order)
    for span in spans_of(take, chart=False):
        before = [each for each in music if each.note.onset < span.start]
        now = [each for each in music if span.start <= each.note.onset < span.end]
        first = [each for each in now if ORDER.index(each.role) < ORDER.index(role)]
        decoder.restart()
        decoder.hear_phrases(phrases(_with(span, [*before[-HEARD:], *first])))
        last = next((each.note for each in reversed(before) if each.role is role), None)
        beats = max(1, (span.end - span.start) // TICKS_PER_BEAT)
        yield decoder.score(
            _within(take.people, role, span), Context(take.metre, role, take.style), Wish(beats=beats),
            Entry(span.start, last),
        )  # fmt: skip


def _within(notes: Sequence[PartNote], role: Role, span: Span) -> tuple[TickNote, ...]:
    return tuple(each.note for each in notes if each.role is role and span.start <= each.note.onset < span.end)


SHARES = ("chord_tones", "roots", "agreement", "leaps", "played")
WORDS: Mapping[str, str] = {
    "chord_tones": "bass: chord tones", "roots": "roots", "agreement": "melody in harmony", "movement": "voices move",
    "leaps": "parallel leaps", "notes_a_beat": "notes a beat", "groove": "groove off", "played": "played",
}  # fmt: skip


def backing_table(found: Sequence[Backed]) -> Table:
    """Return the figures for the terminal."""
    table = Table("corpus", "", *WORDS.values(), box=SIMPLE_HEAD, title="playing along; strong beats for the bass")
    for each in found:
        for i, (who, figures) in enumerate(each.figures.items()):
            values = asdict(figures)
            shares = {name: f"{100 * values[name]:.0f} %" for name in SHARES}
            numbers = {name: f"{values[name]:.2f}" for name in ("movement", "notes_a_beat", "groove")}
            cells = [{**shares, **numbers}[name] if values[name] == values[name] else "-" for name in WORDS]
            table.add_row("" if i else f"{each.corpus} ({each.takes})", who, *cells, end_section=who == OTHERS[-1])
    return table


def bits_table(found: Sequence[Backed]) -> Table:
    """Return bits a note for the terminal."""
    columns = ("corpus", "part", "livejam", "Markov", "fewer", "blocks")
    table = Table(*columns, box=SIMPLE_HEAD, title="bits a note, by ear")
    for each in found:
        for part, bits in each.bits.items():
            fewer = 100 * (1 - bits["livejam"] / bits["Markov"])
            table.add_row(each.corpus, part, f"{bits['livejam']:.2f}", f"{bits['Markov']:.2f}", f"{fewer:.0f} %",
                          f"{bits['blocks']:.2f}")  # fmt: skip
    return table
