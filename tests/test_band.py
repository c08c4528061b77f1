"""The rhythm section's plan: one test per row of its table, then what a span is told, and how it sounds."""

from dataclasses import replace

import pytest

from livejam.band import COMMIT, GIVE_UP, HEARD, KEPT, REDONE, SOONEST, Band, BandSettings
from livejam.chart_text import read_chart
from livejam.form import Form
from livejam.grid import BeatGrid
from livejam.lead import Lead
from livejam.notes import Metre, NoteOff, NoteOn, TickNote
from livejam.phrasing import TickLine
from livejam.pieces import Quality, Role, Style
from livejam.spans import BAND, Accompanied, PartNote
from livejam.tokenizer import chord_at
from livejam.voicing import CRASH, KICK

START = 96  # ticks: where the song begins, at 0 seconds
FOUR = Metre(4, 4)


def usual(span):
    """A root and a third on every beat, and a hi-hat."""
    made = []
    for onset in range(span.start, span.end, 24):
        made += [
            PartNote(TickNote(onset, 36, 24, 80), Role.BASS),
            PartNote(TickNote(onset, 60, 24, 80), Role.CHORDS),
            PartNote(TickNote(onset, 64, 24, 80), Role.CHORDS),
            PartNote(TickNote(onset, 42, 12, 80), Role.DRUMS),
        ]
    return tuple(each for each in made if each.role in span.parts)


def drums(notes):
    """Return those of the drums."""
    return [each for each in notes if each.role is Role.DRUMS]


class Rig:
    """A band of which every step is taken by hand: a beat lasts half a second, a span a whole one."""

    def __init__(self, metre=FOUR, bpm=120.0, ahead=0.0, **settings):
        self.metre, self.ahead = metre, ahead
        self.spans, self.played = [], []
        self.line = TickLine(None, metre)
        self.line.follow(BeatGrid(bpm), 0.0)
        self.lead = Lead(8.0)
        self.band = Band(self.spans.append, self.line, self.lead, BandSettings(**{"listening": 0, **settings}))

    def begin(self, **form):
        """Begin with the song."""
        self.band.begin(Form(self.metre, self.line.song, **form), self.line.song)
        return self

    def at(self, now):
        """Let it be that time; return what is committed to."""
        notes = self.band.due(now, self.ahead)
        self.played += notes
        return notes

    def answer(self, now=0.0, notes=None):
        """Have the latest span made up."""
        span = self.spans[-1]
        self.band.take(Accompanied(span.number, usual(span) if notes is None else notes), now)

    def run(self, until, answers=lambda span: True):
        """Go from deadline to deadline, with a network that answers at once, if it does."""
        answered = 0
        while (deadline := self.band.deadline(self.ahead)) is not None and deadline <= until:
            self.at(deadline)
            if self.spans[answered:]:
                answered = len(self.spans)
                if answers(self.spans[-1]):
                    self.answer(deadline)
        return self

    def strike(self, now, pitch=60, velocity=80, seconds=0.3):
        """The player plays a note."""
        self.lead.take_in(NoteOn(pitch, velocity), now)
        self.band.hear(pitch, now)
        self.lead.take_in(NoteOff(pitch), now + seconds)

    def ons(self, *roles):
        """Where which pitch was committed to."""
        return [(each.note.onset, each.note.pitch) for each in self.played if not roles or each.role in roles]


@pytest.fixture
def rig():
    return Rig()


def pitches(notes, *roles):
    return [each.note.pitch for each in notes if each.role in roles]


# The table


def test_at_rest_nothing_is_due(rig):
    assert rig.band.deadline(0.0) is None
    assert rig.at(100.0) == []
    assert (rig.band.playing, rig.spans) == (False, [])


def test_who_begins_awaits_the_look_ahead(rig):
    rig.begin()
    assert rig.band.playing
    assert rig.band.deadline(0.0) == pytest.approx(-0.125)
    assert rig.at(-0.126) == []
    assert rig.spans == []


def test_a_span_is_told_when_its_look_ahead_has_come(rig):
    rig.begin().at(-0.125)
    (span,) = rig.spans
    assert (span.number, span.start, span.end, span.parts) == (1, START, START + 48, BAND)
    assert rig.band.deadline(0.0) == pytest.approx(-GIVE_UP)


def test_when_the_song_is_over_the_last_chord_is_committed_to():
    rig = Rig().begin(chart=read_chart("Dm7 | G7"), choruses=1)
    rig.run(3.9)
    notes = [each for each in rig.played if each.note.onset >= START + 192]
    assert {each.note.onset for each in notes} == {START + 192}
    assert pitches(notes, Role.BASS) == [36]  # G7 leads to C
    assert {pitch % 12 for pitch in pitches(notes, Role.CHORDS)} == {0, 4, 7}
    assert pitches(notes, Role.DRUMS) == [KICK, CRASH]
    assert {each.note.length for each in notes if each.role is not Role.DRUMS} == {96}
    assert (rig.band.playing, rig.band.end) == (False, START + 288)


def test_when_the_player_has_stopped_the_last_chord_is_committed_to_where_a_bar_begins(rig):
    rig.begin(chart=read_chart("Dm7 | G7 | Cmaj7 | %"))
    rig.strike(1.0)  # to 1.3: four bars later it is 9.3
    rig.run(60.0)
    assert not rig.band.playing
    assert rig.played[-1].note.onset == START + 5 * 96
    assert rig.band.end == START + 6 * 96


def test_what_was_made_up_is_awaited_no_more(rig):
    rig.begin().at(-0.125)
    rig.answer()
    assert rig.band.playing
    assert rig.band.deadline(0.0) == pytest.approx(-COMMIT)


def test_a_note_that_the_span_does_not_go_with_has_it_made_up_anew(rig):
    rig.begin().at(-0.125)
    rig.answer()
    rig.strike(-0.1, 67)
    assert len(rig.spans) == 2
    assert [span.start for span in rig.spans] == [START, START]
    assert rig.spans[1].number > rig.spans[0].number
    assert [each.note.pitch for each in rig.spans[1].heard] == [67]
    assert rig.band.tally.redone == 1


def test_when_its_time_comes_a_span_is_committed_to(rig):
    rig.begin().at(-0.125)
    rig.answer()
    assert rig.at(-COMMIT - 0.001) == []
    notes = rig.at(-COMMIT)
    assert {each.note.onset for each in notes} == {START, START + 24}
    assert (rig.band.tally.spans, rig.band.tally.made, rig.band.tally.played) == (1, 8, 8)
    assert rig.band.deadline(0.0) == pytest.approx(1.0 - 0.125)


def test_a_span_that_has_not_come_is_filled_from_the_bar_before(rig):
    rig.begin().run(1.8)
    before = rig.played[:]
    rig.run(3.8, answers=lambda span: False)
    assert [(on - 96, pitch) for on, pitch in rig.ons() if on >= START + 96] == [
        (each.note.onset, each.note.pitch) for each in before
    ]
    assert rig.band.tally.missed == 2


def test_a_song_that_is_elsewhere_has_the_span_asked_for_anew(rig):
    rig.begin(chart=read_chart("C | F | G | A")).run(0.9)
    asked = rig.spans[-1]
    rig.band.move(Form(rig.metre, START - 96, read_chart("C | F | G | A")))
    assert rig.at(0.9) == []
    assert rig.spans[-1].start == asked.start
    assert rig.spans[-1].number > asked.number
    assert chord_at(rig.spans[-1].chords, asked.start) == (6, Quality.MAJOR)  # F, as 1 + root
    rig.answer()
    assert {on for on, _ in rig.ons()} == {START, START + 24}
    rig.at(1.0)
    assert {on for on, _ in rig.ons()} == {START, START + 24, START + 48, START + 72}


def test_a_clock_that_stops_lets_it_rest(rig):
    rig.begin().at(-0.125)
    rig.band.stop()
    rig.answer()
    assert (rig.band.playing, rig.band.deadline(0.0), rig.at(9.0)) == (False, None, [])


# When


@pytest.mark.parametrize("bpm", [30.0, 60.0, 120.0, 300.0])
@pytest.mark.parametrize("ahead", [0.0, 0.04, 0.1])
@pytest.mark.parametrize("look_ahead", [0.0, 0.25, 1.0])
def test_a_span_is_asked_for_in_time_at_any_tempo(bpm, ahead, look_ahead):
    rig, beat = Rig(bpm=bpm, ahead=ahead, look_ahead=look_ahead).begin(), 60 / bpm
    asks = []
    rig.band._tell = lambda span: asks.append((rig.band.deadline(ahead), span))  # then, at the latest
    rig.spans = [None]
    first = rig.band.deadline(ahead)
    assert first == pytest.approx(-ahead - max(SOONEST, look_ahead * beat))
    rig.at(first)
    assert asks[0][1].start == START


@pytest.mark.parametrize("bpm", [30.0, 300.0])
def test_all_spans_are_committed_to_before_they_sound(bpm):
    rig = Rig(bpm=bpm, ahead=0.05).begin()
    beat = 60 / bpm
    while (deadline := rig.band.deadline(0.05)) is not None and deadline < 40 * beat:
        for each in rig.at(deadline):
            assert rig.line.grid.seconds_at(each.note.onset) >= deadline + 0.05
        if rig.spans:
            rig.answer()
    assert rig.band.tally.missed == 0
    assert sorted({on for on, _ in rig.ons()}) == [START + 24 * i for i in range(len({on for on, _ in rig.ons()}))]


def test_a_look_ahead_longer_than_a_span_asks_as_soon_as_the_one_before_is_committed_to():
    rig = Rig(look_ahead=8.0).begin()
    rig.at(-4.0)
    rig.answer()
    rig.at(-COMMIT)
    assert [span.start for span in rig.spans] == [START, START + 48]


def test_a_tempo_that_changes_moves_what_is_awaited(rig):
    rig.begin().at(-0.125)
    rig.answer()
    rig.line.follow(BeatGrid(60.0, 0.0), -0.1)
    assert rig.band.deadline(0.0) == pytest.approx(-COMMIT)
    rig.at(-COMMIT)
    assert rig.band.deadline(0.0) == pytest.approx(2.0 - 0.25)


def test_a_span_asked_for_far_too_late_is_filled_at_once(rig):
    rig.begin().run(2.8)
    rig.at(3.3)
    assert rig.band.tally.missed == 1
    assert {on for on, _ in rig.ons() if on >= START + 144} == {START + 144, START + 168}


@pytest.mark.parametrize("leap", [2.0, 60.0, 8 * 3600.0])
def test_after_a_leap_of_the_clock_it_goes_on_where_the_song_is(rig, leap):
    rig.begin().run(1.8)
    now = 1.9 + leap
    here = rig.line.grid.tick_at(now)
    assert all(each.note.onset >= here - 24 for each in rig.at(now))
    assert rig.spans[-1].start >= here - 24
    assert rig.spans[-1].start <= here + 48
    assert rig.spans[-1].start % 48 == 0
    rig.run(now + 4.0)
    assert max(on for on, _ in rig.ons()) >= here + 96


def test_after_a_leap_within_the_song_even_the_first_span_sounds(rig):
    rig.begin().run(1.8)
    rig.at(6.0)  # the network has had no time for it
    assert {on for on, _ in rig.ons() if on >= START + 288} == {START + 288, START + 312}


# Made up anew


def test_a_note_that_the_span_goes_with_changes_nothing(rig):
    rig.begin().at(-0.125)
    rig.answer()
    rig.strike(-0.1, 76)  # an E
    assert len(rig.spans) == 1


def test_a_note_struck_before_the_span_has_come_counts_when_it_comes(rig):
    rig.begin().at(-0.125)
    rig.strike(-0.1, 67)
    assert len(rig.spans) == 1
    rig.answer()
    assert len(rig.spans) == 2


def test_a_span_is_made_up_anew_a_few_times_at_most(rig):
    rig.begin().at(-0.125)
    rig.answer()
    for i in range(10):
        rig.strike(-0.1 + i * 0.001, 61 + i % 2)
        rig.answer()
    assert rig.band.tally.redone == REDONE
    assert len(rig.spans) == 1 + REDONE


def test_while_it_is_made_up_anew_the_first_one_stands_by(rig):
    rig.begin().at(-0.125)
    rig.answer()
    rig.strike(-0.05, 67)
    assert len(drums(rig.at(-COMMIT))) == 2
    assert rig.band.tally.missed == 0
    rig.answer()  # too late
    assert len(drums(rig.played)) == 2


def test_an_older_reply_changes_nothing(rig):
    rig.begin().at(-0.125)
    rig.answer()
    rig.strike(-0.1, 67)
    rig.band.take(Accompanied(rig.spans[0].number, ()), -0.09)
    assert len(drums(rig.at(-COMMIT))) == 2


def test_with_a_chart_the_chart_says_what_goes_together():
    rig = Rig().begin(chart=read_chart("C"))
    rig.at(-0.125)
    rig.answer()
    rig.strike(-0.1, 66)
    assert len(rig.spans) == 1


def test_drums_alone_go_with_anything():
    rig = Rig(parts=(Role.DRUMS,)).begin()
    rig.at(-0.125)
    rig.answer()
    rig.strike(-0.1, 66)
    assert len(rig.spans) == 1


# What did not come


def test_with_a_chart_what_is_repeated_moves_onto_its_chords():
    rig = Rig().begin(chart=read_chart("C | F"))
    rig.run(3.8, answers=lambda span: span.start < START + 96)
    second = [each for each in rig.played if each.note.onset >= START + 96]
    assert {pitch % 12 for pitch in pitches(second, Role.BASS, Role.CHORDS)} <= {5, 9, 0}
    assert pitches(second, Role.DRUMS) == [42] * 4


def test_where_nothing_came_before_the_chord_is_struck_as_a_block():
    rig = Rig().begin(chart=read_chart("F"))
    rig.run(0.8, answers=lambda span: False)
    assert pitches(rig.played, Role.BASS) == [41]
    assert {pitch % 12 for pitch in pitches(rig.played, Role.CHORDS)} == {5, 9, 0}
    assert {on for on, _ in rig.ons()} == {START}


def test_by_ear_where_nothing_came_before_the_drums_keep_the_beat(rig):
    rig.begin().run(3.8, answers=lambda span: False)
    assert rig.ons() == [(START + 48 * i, KICK) for i in range(4)]


def test_trouble_is_filled_when_its_time_comes(rig):
    rig.begin().run(1.8)
    rig.run(2.9, answers=lambda span: False)
    rig.band.take(Accompanied(rig.spans[-1].number, trouble="no note"), 2.9)
    assert rig.band.deadline(0.0) == pytest.approx(3.0 - GIVE_UP)


def test_a_network_that_forgot_is_asked_again_for_what_is_awaited(rig):
    rig.begin().at(-0.125)
    rig.band.ask_again()
    assert [span.start for span in rig.spans] == [START, START]
    rig.answer()
    rig.band.ask_again()
    assert len(rig.spans) == 2


def test_what_is_repeated_is_neither_louder_nor_softer_from_bar_to_bar():
    rig = Rig(rest=0)
    for i in range(8):
        rig.strike(-0.5 + 0.01 * i, 60, velocity=120)
    rig.begin().run(1.8)
    rig.run(30.0, answers=lambda span: False)
    assert {each.note.velocity for each in rig.played} == {112}


# What a span is told


def test_it_is_told_what_was_played_before_it(rig):
    rig.strike(-0.5, 64)
    rig.begin().run(1.8)
    rig.strike(1.92, 67)
    rig.run(3.8)
    heard = rig.spans[-1].heard
    assert [each.note.onset for each in heard] == sorted(each.note.onset for each in heard)
    assert all(each.note.onset < rig.spans[-1].start for each in heard)
    assert [each.note.pitch for each in heard if each.player] == [64, 67]
    assert len(drums(heard)) == 6


def test_it_is_told_the_latest_notes(rig):
    rig.begin(chart=None)
    rig.run(200.0)
    assert len(rig.spans[-1].heard) == HEARD
    assert len(rig.band._made) == KEPT


def test_it_is_told_the_style_and_the_unit():
    rig = Rig(style=Style.JAZZ, span=1.0).begin()
    rig.at(-0.125)
    assert (rig.spans[0].style, rig.spans[0].unit, rig.spans[0].end) == (Style.JAZZ, 24, START + 24)


def test_a_fill_is_asked_for_where_a_section_ends(rig):
    rig.begin(chart=read_chart("C | F || G | C"))
    rig.run(7.8)
    assert [(span.end - START) / 96 for span in rig.spans if span.fill] == [2.0, 4.0]


@pytest.mark.parametrize(
    ("metre", "starts"),
    [
        (Metre(3, 4), [0, 48, 72, 120]),
        (Metre(6, 8), [0, 48, 72, 120]),
        (Metre(7, 8), [0, 48, 84, 132]),
        (Metre(5, 4), [0, 48, 96, 120]),
    ],
)
def test_spans_fit_into_bars(metre, starts):
    rig = Rig(metre).begin()
    rig.run(5.0)
    assert [span.start - rig.line.song for span in rig.spans[:4]] == starts


def test_spans_fit_into_bars_of_their_own_metre():
    rig = Rig().begin(chart=read_chart("C | 3/4 F | 7/8 G"))
    rig.run(6.0)
    assert [span.start - START for span in rig.spans[:7]] == [0, 48, 96, 144, 168, 216, 252]
    assert rig.spans[5].metre == Metre(7, 8, START + 168)


@pytest.mark.parametrize(("step", "density"), [(4.0, 3), (0.5, 0), (0.22, 2), (0.125, 1)])
def test_the_busier_the_player_the_fewer_chords_are_asked_for(rig, step, density):
    times = [3.8 - i * step for i in range(int(3.8 / step) + 1)]
    for at in reversed(times):
        rig.strike(at, 60, seconds=0.05)
    rig.begin()
    rig.at(3.875)
    assert rig.spans[-1].density == density


# Who plays


def test_who_is_muted_is_not_asked(rig):
    rig.band.muted = frozenset({Role.CHORDS})
    rig.begin().run(1.8)
    assert rig.spans[-1].parts == (Role.BASS, Role.DRUMS)
    assert rig.ons(Role.CHORDS) == []


def test_who_is_muted_meanwhile_does_not_play(rig):
    rig.begin().at(-0.125)
    rig.answer()
    rig.band.muted = frozenset({Role.CHORDS})
    assert {each.role for each in rig.at(-COMMIT)} == {Role.BASS, Role.DRUMS}


def test_who_is_muted_is_silent_in_repeats_and_at_the_end():
    rig = Rig().begin(chart=read_chart("C | F"), choruses=1)
    rig.run(1.8)
    rig.band.muted = frozenset({Role.BASS})
    rig.run(9.0, answers=lambda span: False)
    assert [on for on, _ in rig.ons(Role.BASS) if on >= START + 96] == []
    assert not rig.band.playing


def test_where_all_are_muted_it_comes_to_its_end_all_the_same():
    rig = Rig().begin(chart=read_chart("C | F"), choruses=1)
    rig.band.muted = frozenset(BAND)
    rig.run(9.0)
    assert (rig.played, rig.band.playing, rig.band.end) == ([], False, START + 288)


def test_in_its_bars_livejam_has_the_solo(rig):
    rig.begin(trade=2).run(11.8)
    solos = [(span.start - START) // 96 for span in rig.spans if Role.MELODY in span.parts]
    assert sorted(set(solos)) == [2, 3]
    assert rig.spans[0].parts == BAND


# The end


def test_before_anything_was_played_nobody_has_stopped(rig):
    rig.begin().run(100.0)
    assert rig.band.playing


def test_who_wants_no_end_has_none():
    rig = Rig(rest=0)
    rig.strike(0.0)
    rig.begin().run(100.0)
    assert rig.band.playing


def test_while_livejam_has_the_solo_the_players_silence_is_no_end():
    rig = Rig(rest=1)
    rig.strike(0.0)
    rig.begin(trade=4).run(15.0)
    assert rig.band.playing
    rig.run(19.0)
    assert not rig.band.playing


def test_a_band_that_begins_after_a_long_silence_plays(rig):
    rig.strike(-100.0)
    rig.begin().run(7.8)
    assert rig.band.playing
    rig.run(8.0)
    assert not rig.band.playing


def test_by_ear_the_last_chord_is_the_latest_that_was_heard(rig):
    rig.strike(0.0)
    rig.begin().run(60.0)
    last = [each for each in rig.played if each.note.onset == rig.band.end - 96]
    assert pitches(last, Role.BASS) == [36]
    assert pitches(last, Role.CHORDS) == [60, 64]
    assert pitches(last, Role.DRUMS) == [KICK, CRASH]
    assert {each.note.length for each in last} == {96}


def test_the_last_chord_of_a_chart_that_ends_without_one_is_the_latest_that_was_heard():
    rig = Rig().begin(chart=read_chart("C | N.C."), choruses=1)
    rig.run(9.0)
    assert pitches([each for each in rig.played if each.note.onset == START + 192], Role.BASS) == [36]


# How loud


@pytest.mark.parametrize("roles", [BAND, (Role.DRUMS,)])
def test_the_louder_the_player_the_louder_the_band(roles):
    means = []
    for velocity in (20, 40, 60, 80, 100, 120):
        rig = Rig(parts=roles)
        for i in range(8):
            rig.strike(-0.5 + 0.01 * i, velocity=velocity)
        rig.begin().run(1.8)
        means.append(sum(each.note.velocity for each in rig.played) / len(rig.played))
    assert means == [32, 48, 64, 80, 96, 112]


def test_without_a_player_the_band_is_as_loud_as_it_is(rig):
    rig.begin().run(1.8)
    assert {each.note.velocity for each in rig.played} == {80}


def test_accents_stay_accents_and_velocities_stay_midis(rig):
    for i in range(8):
        rig.strike(-0.5 + 0.01 * i, velocity=127)
    rig.begin().at(-0.125)
    loud = [replace(each.note, velocity=1 + 18 * i) for i, each in enumerate(usual(rig.spans[0]))]
    rig.answer(notes=tuple(PartNote(note, Role.DRUMS) for note in loud))
    velocities = [each.note.velocity for each in rig.at(-COMMIT)]
    assert velocities == sorted(velocities)
    assert max(velocities) == 127
