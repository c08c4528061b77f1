"""Prepared pieces -> streams of events -> windows, which `batches` packs for the network.

A stream is one part (or all parts of a chorale at once) as rows of classes. A window is a stretch of a stream that
begins with a phrase; each of its phrases is an answer to all that came before it in the window. Knows nothing of
PyTorch or of batches. All times are ticks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from livejam import tokenizer as tok
from livejam.controls import CONTROL, CONTROLS, OF_THE_CALL
from livejam.notes import Metre
from livejam.pieces import Part, Piece, Role
from livejam.tokenizer import COLUMN, FIELDS, LIVEJAM
from livejam.training.labels import Labels, Place

MERGED = ("bach-chorales-m21", "openhymnal")  # corpora that are also heard with all parts at once
WEIGHTS = {  # how often a corpus is heard, beside the others
    "fiddle-abc": 4.0,
    "wjazzd": 1.0,  # few notes: heard more often, they are learnt by heart
    "pop909": 2.2,
    "openscore-lieder": 2.0,
    "openscore-quartets": 1.0,
    "bach-chorales-m21": 1.0,
    "openewld-pd": 0.6,
    "openhymnal": 0.7,
    "groove-midi": 0.6,
    "vienna4x22": 0.0,  # four works, 22 times each: learnt by heart, they are played instead of answers
}
ROLE_WEIGHTS = {Role.BASS: 0.25, Role.COUNTER: 0.5}  # lines that rarely lead
PREDICTED_COLUMNS = [COLUMN[name] for name in tok.PREDICTED]


@dataclass(frozen=True)
class Dropping:
    """How often a window goes without a condition, or an answer without its call."""

    style: float = 0.5
    role: float = 0.6  # and always with the style: a player on stage tells neither
    metre: float = 0.3
    chords: float = 0.6
    velocity: float = 0.3  # known velocities withheld
    invented_velocity: float = 0.35  # unknown velocities replaced by plausible ones, never to be predicted
    call: float = 0.12
    transpose: int = 6  # semitones either way
    control: float = 0.5  # each of an answer's controls for itself
    controls: float = 0.2  # all of them
    band_chords: float = 0.45  # those of a band
    solo: float = 0.2  # share of a band's windows in which the lead is livejam's own, and asked for
    uncounted: float = 0.05  # share of a band's answers that do not know where their span ends


PLAIN = Dropping(  # for validation: what is known is told, but no chords or controls
    style=0, role=0, metre=0, chords=1.0, velocity=0, invented_velocity=0, call=0, transpose=0, control=1.0,
    band_chords=1.0, solo=0, uncounted=0,
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Stream:
    """One line of music as events."""

    corpus: str
    rows: np.ndarray  # (N, len(FIELDS)) int16, who = 0
    onsets: np.ndarray  # (N,) int64 ticks
    bar_starts: np.ndarray  # (N,) int64: tick at which the bar (or beat) of each note begins
    role: Role
    starts: np.ndarray  # (P + 1,) first note of each phrase, then N
    marked: np.ndarray  # (P,) bool: the source marks the phrase's end
    labels: Labels  # what each phrase is like


def streams(pieces: Sequence[Piece], fewest: int = 16) -> list[Stream]:
    """Return the streams of `pieces` that have at least `fewest` notes."""
    parts = [(piece, part) for piece in pieces for part in (*piece.parts, *_merged(piece))]
    return [_stream(piece, part) for piece, part in parts if len(part.notes) >= fewest]


def _merged(piece: Piece) -> tuple[Part, ...]:
    if piece.corpus not in MERGED or len(piece.parts) < 2:
        return ()
    notes = np.sort(np.concatenate([part.notes for part in piece.parts]), order=["onset", "pitch"])
    lead = piece.parts[0]
    at = np.searchsorted(notes["onset"], lead.notes["onset"][lead.phrases["start"]])
    at[0] = 0
    starts, first = np.unique(at, return_index=True)
    phrases = lead.phrases[first].copy()
    phrases["start"] = starts
    return (Part(Role.ALL, notes, phrases),)


def _stream(piece: Piece, part: Part) -> Stream:
    notes, n = part.notes, len(part.notes)
    onsets = notes["onset"].astype(np.int64)
    pitches = notes["pitch"].astype(np.int64)
    rows = np.zeros((n, len(FIELDS)), np.int64)
    place = Place.unknown(onsets)
    for span, metre in metre_spans(piece, onsets):
        tok.known_columns(rows[span], onsets[span], tok.Context(metre, part.role, piece.style), 0)
        if metre:
            place.count(onsets, span, metre)
    bar_starts = place.bar_starts
    rows[:, COLUMN["delta"]] = tok.quantised_deltas(onsets, int(min(bar_starts[0], onsets[0])))
    rows[:, COLUMN["pitch"]] = pitches
    rows[1:, COLUMN["interval"]] = tok.interval_class(pitches[1:], pitches[:-1])
    rows[:, COLUMN["length"]] = tok.length_class(notes["length"])
    rows[:, COLUMN["velocity"]] = tok.velocity_class(notes["velocity"])
    rows[:, [COLUMN["root"], COLUMN["quality"]]] = chords_at(piece.chords, onsets)
    starts = np.append(part.phrases["start"].astype(np.int64), n)
    coming = chords_at(piece.chords, place.next_beats)
    labels = Labels(notes, starts, place, coming, part.role == Role.DRUMS)
    marked = part.phrases["marked"]
    return Stream(piece.corpus, rows.astype(np.int16), onsets, bar_starts, part.role, starts, marked, labels)


def metre_spans(piece: Piece, onsets: np.ndarray) -> Iterator[tuple[slice, Metre | None]]:
    """Yield which of the notes at `onsets` (N,) are in which metre."""
    if not len(piece.metres):
        yield slice(0, len(onsets)), None
        return
    edges = [0, *np.searchsorted(onsets, piece.metres["tick"][1:]), len(onsets)]
    for (tick, numerator, denominator), start, end in zip(piece.metres.tolist(), edges, edges[1:], strict=False):
        yield slice(start, end), Metre(numerator, denominator, tick)


def chords_at(chords: np.ndarray, ticks: np.ndarray) -> np.ndarray:
    """Return the classes (N, 2) of root and quality of the chord at each of `ticks` (N,), of CHORD changes."""
    found = np.zeros((len(ticks), 2), np.int64)
    if len(chords):
        at = np.searchsorted(chords["tick"], ticks, side="right") - 1
        found[:, 0] = np.where(at >= 0, chords["root"][at].astype(np.int64) + 1, 0)
        found[:, 1] = np.where(found[:, 0] > 0, chords["quality"][at], 0)
    return found


@dataclass(frozen=True, eq=False)
class Window:
    """A stretch of a stream, ready to be packed: what is heard, and its phrases as answers."""

    heard: np.ndarray  # (S, F)
    onset: np.ndarray  # (S,) ticks from the bar in which the window begins
    phrase_end: np.ndarray  # (S,) 1, 0, or -1: does not count
    targets: np.ndarray  # (S, 4) attributes of each note, -1 where they do not count
    answer: np.ndarray  # (T, F): for each phrase its start event, then its notes
    answer_onset: np.ndarray  # (T,)
    answer_order: np.ndarray  # (T,)
    answer_note: np.ndarray  # (T,) index of the note to predict, or -1 END, -2 nothing
    phrase: np.ndarray  # (T,) number of the phrase in the window
    sees: np.ndarray  # (T,) how many heard notes the answer may look at
    controls: np.ndarray  # (T, C) what the answer is asked to be

    def coming(self) -> tuple[np.ndarray, np.ndarray]:
        """Return attributes (T, 4), -1 where they do not count, and event (T, F) of the note after each of `answer`."""
        return self._notes(self.answer_note)

    def coming_heard(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the same (S, 4) and (S, F) of the note after each one `heard`."""
        return self._notes(np.append(np.arange(1, len(self.heard)), -2))

    def _notes(self, following: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        real, note = (following >= 0)[:, None], np.maximum(following, 0)
        targets = np.where(real, self.targets[note], -1)
        targets[following == -1, 0] = tok.END
        return targets, np.where(real, self.heard[note], 0)


def window(stream: Stream, first: int, notes: int, rng: np.random.Generator, drop: Dropping) -> Window:
    """Return the window of up to `notes` notes of `stream` that begins with phrase `first`.

    It has fewer where phrases are so short that its answers, each with a start event, would outgrow `room`.
    """
    start = int(stream.starts[first])
    end = start + _fitting(stream.starts[first:] - start, notes)
    heard = stream.rows[start:end].astype(np.int64)
    origin = stream.bar_starts[start]
    onset = stream.onsets[start:end] - origin
    heard[:1, COLUMN["delta"]] = tok.delta_class(np.maximum(onset[:1], 0))
    heard[0, COLUMN["interval"]] = 0
    style = heard[:, COLUMN["style"]].copy()
    no_chords = _withhold(heard, rng, drop)
    shift = transpose(heard, rng, drop.transpose) if stream.role != Role.DRUMS and drop.transpose else 0
    targets = heard[:, PREDICTED_COLUMNS].copy()
    change_velocities(heard, targets, rng, drop)
    begins = np.append(stream.starts[(stream.starts >= start) & (stream.starts < end)] - start, end - start)
    whole = end in stream.starts
    phrase_end = np.zeros(end - start, np.int64)
    marked = stream.marked[first : first + len(begins) - 1]
    phrase_end[begins[1:] - 1] = np.where(marked, 1, -1)
    if not stream.marked.any():
        phrase_end[:] = -1
    if not whole:
        phrase_end[-1] = -1
    turn = (np.searchsorted(begins, np.arange(end - start), side="right") + rng.integers(2)) % 2
    heard[:, COLUMN["who"]] = turn
    heard[begins[:-1], COLUMN["who"]] += 2
    answers = answers_of(heard, onset, begins, whole, rng, drop)
    answer, _, note, _, phrase, sees = answers
    _style_asked_for(answer, style, phrase, rng, drop)
    first_note = np.append(note[1:], 0)  # of the answer, for its start event
    starts = answer[:, COLUMN["delta"]] == tok.START
    controls = stream.labels.controls(start + np.where(starts, first_note, note), starts, first + phrase, shift)
    _withhold_controls(controls, phrase, sees > 0, no_chords, rng, drop)
    return Window(heard, onset, phrase_end, targets, *(*answers, controls))


def room(notes: int) -> int:
    """Return how many events the answers of a window of `notes` notes may have: a start event a phrase comes on top."""
    return 9 * notes // 8


def _fitting(begins: np.ndarray, notes: int) -> int:
    """Return how many notes of a window fit whose phrases begin at `begins` (P + 1,), the last being its end."""
    sizes = np.arange(1, min(notes, int(begins[-1])) + 1)
    events = sizes + np.searchsorted(begins, sizes)  # with one start event a phrase
    return int(np.searchsorted(events, room(notes), side="right"))


def _withhold(heard: np.ndarray, rng: np.random.Generator, drop: Dropping) -> bool:
    """Withhold what is known of a window; return whether chords are."""
    manner, metre, chords = rng.random(3)
    for name, unlikely in (("style", drop.style), ("role", drop.role)):
        if manner < unlikely:
            heard[:, COLUMN[name]] = 0
    if metre < drop.metre:
        heard[:, COLUMN["metre"]], heard[:, COLUMN["beat"]] = 0, tok.UNKNOWN_BEAT
    if chords < drop.chords:
        heard[:, COLUMN["root"]] = heard[:, COLUMN["quality"]] = 0
    return bool(chords < drop.chords)


def _style_asked_for(
    answer: np.ndarray, style: np.ndarray, phrase: np.ndarray, rng: np.random.Generator, drop: Dropping
) -> None:
    """Let each answer know its style or not, whatever is known of the style of what was heard."""
    known = rng.random(phrase[-1] + 1) >= drop.style
    answer[:, COLUMN["style"]] = np.where(known[phrase], style[0], 0)


def _withhold_controls(
    controls: np.ndarray, phrase: np.ndarray, hears: np.ndarray, no_chords: bool, rng: np.random.Generator,
    drop: Dropping,
) -> None:  # fmt: skip
    """Withhold controls of each answer, for itself, and those that speak of a call that is not heard."""
    phrases = phrase[-1] + 1
    asked = (rng.random((phrases, len(CONTROLS))) >= drop.control) & (rng.random((phrases, 1)) >= drop.controls)
    chords = [CONTROL["next_root"], CONTROL["next_quality"]]
    asked[:, chords] = not no_chords
    controls[~asked[phrase]] = 0
    for name in OF_THE_CALL:
        controls[~hears, CONTROL[name]] = 0


def transpose(heard: np.ndarray, rng: np.random.Generator, most: int, pitched: np.ndarray | slice = slice(None)) -> int:
    """Move all chords, and the pitches of the notes that are `pitched`; return by how many semitones."""
    pitches = heard[pitched, COLUMN["pitch"]]
    shift = int(rng.integers(max(-most, -int(pitches.min())), min(most, 127 - int(pitches.max())) + 1))
    heard[pitched, COLUMN["pitch"]] = pitches + shift
    root = heard[:, COLUMN["root"]]
    heard[:, COLUMN["root"]] = np.where(root > 0, (root - 1 + shift) % 12 + 1, 0)
    return shift


def change_velocities(heard: np.ndarray, targets: np.ndarray, rng: np.random.Generator, drop: Dropping) -> None:
    """Withhold velocities that are known, or invent some that are not, which are never to be predicted."""
    column, chance = COLUMN["velocity"], rng.random()
    if heard[:, column].any():
        if chance < drop.velocity:
            heard[:, column] = targets[:, 3] = 0
    elif chance < drop.invented_velocity:
        wander = np.cumsum(rng.normal(0, 4, len(heard)))
        level = rng.uniform(50, 105) + 12 * np.tanh(wander / 12) + rng.normal(0, 6, len(heard))
        heard[:, column] = tok.velocity_class(np.clip(level, 1, 127).astype(np.int64))
        targets[:, 3] = -1


def answers_of(
    heard: np.ndarray, onset: np.ndarray, begins: np.ndarray, whole: bool, rng: np.random.Generator, drop: Dropping
) -> tuple[np.ndarray, ...]:
    """Lay out each phrase as a start event and its notes; see Window for the shapes."""
    n, phrases = len(heard), len(begins) - 1
    phrase_of = np.repeat(np.arange(phrases), np.diff(begins))
    before = np.concatenate([np.stack([begins[:-1] - 1, np.arange(phrases)]), np.stack([np.arange(n), phrase_of])], 1)
    note, phrase = before[:, np.lexsort((before[0], before[1]))]  # (T,) the event's own note; phrase by phrase
    is_start = np.concatenate([[True], phrase[1:] != phrase[:-1]])
    answer = heard[np.maximum(note, 0)].copy()
    answer[:, COLUMN["who"]] = LIVEJAM
    answer[
        np.flatnonzero(is_start)[np.diff(np.append(np.flatnonzero(is_start), len(note))) > 1] + 1, COLUMN["who"]
    ] += 2
    deaf = (rng.random(phrases) < drop.call)[phrase]
    answer[is_start, COLUMN["delta"]] = tok.START
    answer[is_start, COLUMN["interval"]] = 0
    answer[is_start, COLUMN["length"]] = tok.NO_LENGTH
    unheard = is_start & (deaf | (note < 0))
    answer[unheard, COLUMN["pitch"]] = tok.NO_PITCH
    answer[unheard, COLUMN["velocity"]] = 0
    answer[np.flatnonzero(unheard) + 1, COLUMN["interval"]] = 0
    answer_onset = np.where(note >= 0, onset[np.maximum(note, 0)], 0)
    first = np.flatnonzero(note < 0)
    answer[first, COLUMN["phase"]] = 0
    answer[first, COLUMN["beat"]] = np.where(answer[first, COLUMN["beat"]] == tok.UNKNOWN_BEAT, tok.UNKNOWN_BEAT, 0)
    following = np.where(np.append(phrase[1:] == phrase[:-1], False), note + 1, -1)
    if not whole:
        following[-1] = -2
    return answer, answer_onset, note, following, phrase, np.where(deaf, 0, begins[:-1][phrase])
