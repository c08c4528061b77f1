"""Measures of answers on music whose right figures are known."""

from dataclasses import replace

import numpy as np
import pytest
from music import walk

from livejam.measures import distances, features, judge, originality, relation, repetition, tonality
from livejam.measures.features import Columns
from livejam.notes import Metre, TickNote
from livejam.tokenizer import PREDICTED, Context

FOUR, SIX = Metre(4, 4), Metre(6, 8, 12)


def line(pitches, step=12, start=0, length=None):
    """Notes one after the other."""
    return [TickNote(start + step * i, pitch, length or step, 0) for i, pitch in enumerate(pitches)]


def columns(pitches, step=12, start=0):
    return Columns.of(line(pitches, step, start))


def chord(onset, length, top=60):
    """Two notes at once."""
    return [TickNote(onset, top - 12, length, 0), TickNote(onset, top, length, 0)]


def shifted(notes, ticks=0, semitones=0):
    return tuple(replace(note, onset=note.onset + ticks, pitch=note.pitch + semitones) for note in notes)


# Features


def test_pitch_classes_count_from_the_tonic():
    notes = columns([62, 74, 66, 69])
    assert features.pitch_classes(notes, 2).tolist() == [0.5, 0, 0, 0, 0.25, 0, 0, 0.25, 0, 0, 0, 0]


def test_steps_follow_the_top_line_and_large_ones_share_a_class():
    notes = [*chord(0, 24), *chord(24, 24, 62), TickNote(48, 90, 24, 0)]
    found = features.intervals(Columns.of(notes))
    assert found[12 + 2] == 0.5
    assert found[-1] == 0.5
    assert found.sum() == 1


def test_onsets_lie_in_the_bar_of_their_metre():
    assert np.flatnonzero(features.onset_places(columns([60] * 3, 72, 12), SIX)).tolist() == [0]
    assert np.flatnonzero(features.onset_places(columns([60] * 4, 24, 96), FOUR)).tolist() == [0, 4, 8, 12]
    assert np.flatnonzero(features.onset_places(columns([60] * 4, 24, 6), None)).tolist() == [1, 5, 9, 13]


def test_lengths_and_waits_have_their_classes():
    notes = Columns.of(
        [TickNote(0, 60, 12, 0), TickNote(0, 64, 12, 0), TickNote(24, 60, 24, 0), TickNote(49, 60, 24, 0)]
    )
    assert sorted(features.lengths(notes)[features.lengths(notes) > 0]) == [0.5, 0.5]
    found = features.waits(notes)
    assert found[0] == pytest.approx(1 / 3)
    assert found[features.WAITS.index(24)] == pytest.approx(2 / 3), "25 ticks are a quarter note, too"


def test_contour_counts_three_directions():
    found = features.contours(columns([60, 62, 64, 62, 62]))
    assert found[features.SHAPES[1, 1, -1]] == 0.5
    assert found[features.SHAPES[1, -1, 0]] == 0.5


def test_density_and_range():
    notes = columns([60, 67, 62, 64])
    assert notes.beats == 2
    assert features.density(notes) == 2
    assert features.pitch_range(notes) == 7
    assert features.pitch_range(Columns.of([])) == 0
    assert features.intervals(columns([60])).sum() == 0


# Distances of distributions


def test_sets_of_one_kind_overlap_and_others_do_not():
    rng = np.random.default_rng(1)
    people, alike, other = rng.normal(0, 1, (80, 3)), rng.normal(0, 1, (80, 3)), rng.normal(9, 1, (80, 3))
    near, far = distances.compare(people, alike), distances.compare(people, other)
    assert near.overlap > 0.9
    assert near.divergence < 0.05
    assert far.overlap < 0.01
    assert far.divergence > 5
    assert far.inter == pytest.approx(9 * np.sqrt(3), rel=0.05)
    assert far.intra == pytest.approx(far.people, rel=0.3)


def test_a_set_without_variety_is_seen():
    rng = np.random.default_rng(2)
    people = rng.normal(0, 1, (60, 4))
    found = distances.compare(people, np.zeros((60, 4)))
    assert found.intra == 0
    assert found.overlap < 0.7


def test_divergence_and_overlap_of_normal_densities():
    rng = np.random.default_rng(3)
    one, other = rng.normal(0, 1, 20_000), rng.normal(1, 1, 20_000)
    divergence, overlap = distances.densities_apart(one, other)
    assert divergence == pytest.approx(0.5, abs=0.05), "half the square of the distance of the means"
    assert overlap == pytest.approx(0.617, abs=0.02), "2 * Phi(-1/2)"


def test_a_density_is_a_density_and_equal_distances_are_no_trouble():
    rng = np.random.default_rng(4)
    sample = rng.exponential(1, 500)
    points = np.linspace(-5, 20, 5000)
    found = distances.density_at(points, sample, distances.scott(sample))
    assert found.sum() * (points[1] - points[0]) == pytest.approx(1, abs=1e-3)
    exact = np.exp(-(((points[:, None] - sample) / 0.3) ** 2) / 2).mean(axis=1) / 0.3 / np.sqrt(2 * np.pi)
    np.testing.assert_allclose(distances.density_at(points, sample, 0.3), exact, atol=2e-3)
    assert distances.densities_apart(np.zeros(10), np.zeros(10)) == pytest.approx((0, 1))
    assert distances.densities_apart(np.zeros(10), np.ones(10))[1] < 0.01


def test_halves_of_one_set_are_alike():
    rows = np.random.default_rng(5).normal(0, 1, (100, 3))
    found = distances.compare_halves(rows, rows, np.random.default_rng(6))
    assert found.overlap > 0.9
    assert found.inter == pytest.approx(found.people, rel=0.1)
    assert found.inter > 1.5, "no row is compared with itself"
    far = distances.compare_halves(rows, rows + 9, np.random.default_rng(6))
    assert far.overlap < 0.01


def test_pairs():
    rows = np.array([[0.0, 0], [3, 4], [0, 4]])
    assert sorted(distances.pairs_within(rows)) == [3, 4, 5]
    assert distances.pairs_between(rows[:1], rows[1:]).tolist() == [5, 4]


# Keys


@pytest.mark.parametrize("tonic", range(12))
def test_scales_have_their_keys(tonic):
    major = columns([60 + tonic + step for step in (0, 4, 7, 0, 2, 4, 5, 7, 9, 11, 12)])
    minor = columns([60 + tonic + step for step in (0, 3, 7, 0, 2, 3, 5, 7, 8, 11, 12, 7, 3, 0)])
    assert tonality.key_of(major) == (tonic, False)
    assert tonality.key_of(minor) == (tonic, True)
    assert tonality.in_key_share(minor, (tonic, True)) == 1


def test_notes_beside_the_key_are_counted():
    assert tonality.in_key_share(columns([60, 61, 64, 66]), (0, False)) == 0.5
    assert np.isnan(tonality.in_key_share(Columns.of([]), (0, False)))
    assert tonality.key_of(Columns.of([])) == (0, False)
    assert tonality.key_of(columns([60, 64, 67]), columns([61])) == (0, False), "call and answer together"


# Groove, structure, what is stuck


def test_the_same_rhythm_in_every_bar_is_all_groove():
    call, answer = columns([60] * 4, 24), columns([65] * 8, 24, 96)
    assert repetition.groove(call, answer, FOUR) == 1
    later = columns([65] * 4, 24, 96 + 12)
    assert repetition.groove(call, later, FOUR) == pytest.approx(1 - ((4 + 4) * 2 / 96)), "all four are somewhere else"
    assert np.isnan(repetition.groove(call, Columns.of([]), FOUR))
    assert repetition.groove(columns([60] * 6, 12, 12), columns([60] * 6, 12, 84), SIX) == 1


def test_an_answer_that_repeats_the_call_elsewhere_has_all_structure():
    call = [60, 62, 64, 65, 67, 69, 71, 72, 60, 64, 67, 72, 71, 67, 62, 55]
    answer = columns([pitch + 5 for pitch in call], 12, 192)
    for beats in (2, 4, 8):
        assert repetition.structure(columns(call), answer, beats) == 1
    assert np.isnan(repetition.structure(columns(call), answer, 16)), "it is not that long"


def test_structure_counts_what_a_window_has_in_common():
    places = np.array([0, 12, 24, 36])
    tones = np.array([60, 62, 64, 65])
    assert repetition.likeness(places, tones, places, tones + 7) == 1
    assert repetition.likeness(places, tones, places[:2], tones[:2]) == pytest.approx(2 * 2 / 6)
    assert repetition.likeness(places, tones, places + 6, tones) == 0
    assert repetition.likeness(places, tones, places, np.array([60, 60, 64, 60])) == 0.5


def test_a_random_answer_has_little_structure():
    rng = np.random.default_rng(7)
    call, answer = (columns(rng.integers(40, 90, 32).tolist(), 12, start) for start in (0, 384))
    spans = [repetition.structure(call, answer, beats) for beats in (2, 4, 8)]
    assert spans[0] > spans[1] > spans[2]
    assert spans[2] < 0.3


@pytest.mark.parametrize(
    ("pitches", "stuck"),
    [
        ([60] * 8, False),  # the first of them is no repetition
        ([60] * 9, True),
        ([60, 62, 64] * 3, False),
        ([60, 62, 64] * 5, True),
        (list(range(60, 76)), False),
        ([50, 53, *([60, 62] * 5)], True),
    ],
)
def test_a_cell_four_times_in_a_row_is_stuck(pitches, stuck):
    assert repetition.is_stuck(columns(pitches)) is stuck


# Relation to the call


def test_an_echo_is_matched_and_a_stranger_is_not():
    calls = [tuple(walk(16, seed)) for seed in range(16)]
    rows = [(calls[i], *calls[:i], *calls[i + 1 :]) for i in range(16)]
    assert relation.by_features([shifted(call, 960) for call in calls], rows) == [1.0] * 16
    strangers = [tuple(walk(16, 100 + seed)) for seed in range(16)]
    assert sum(relation.by_features(strangers, rows)) <= 5
    assert relation.by_features([], []) == []


def test_a_draw_counts_in_part():
    assert relation.nearest(np.array([1.0, 1.0, 2.0])) == 0.5
    assert relation.nearest(np.array([1.0, 0.5])) == 0
    call = tuple(walk(9))
    assert relation.by_features([call], [(call,) * 16]) == [1 / 16]


class Reminded:
    """Finds an answer the likelier the more pitches it has in common with what was heard last; begins are dear."""

    def restart(self):
        self.heard = ()

    def hear(self, notes, context, player):
        assert player
        assert not self.heard, "a call is heard alone"
        assert {note.velocity for note in notes} == {0}
        self.heard = notes

    def score(self, notes, context):
        found = np.zeros((len(notes) + 1, len(PREDICTED)))
        known = {note.pitch for note in self.heard}
        found[:-1, 1] = [-1 if note.pitch in known else -4 for note in notes]
        found[:-1, 3] = -50.0 * self.heard[0].pitch
        found[0, 0] = -100 * (notes[0].onset - self.heard[-1].onset)
        return found


def test_a_network_matches_by_notes_and_not_by_the_gap():
    answer = tuple(replace(note, velocity=90) for note in line([60, 62, 64], start=960))
    calls = [tuple(line([60, 62, 64], step=7)), *(tuple(line([70 + k] * 5)) for k in range(15))]
    assert relation.by_network(Reminded(), answer, calls, Context(FOUR)) == 1
    assert relation.by_network(Reminded(), answer, [calls[1], calls[0], calls[2]], Context(FOUR)) == 0


def test_an_answer_that_is_cut_does_not_end_there():
    class Ending(Reminded):
        def score(self, notes, context):
            found = super().score(notes, context)
            found[-1, 0] = -50.0 * (self.heard[0].pitch == 60)  # the end is unlikely after the own call
            return found

    pitches = [60, 62, 64] * 10
    calls = [tuple(line([60, 62, 64], step=7)), *(tuple(line([70 + k] * 5)) for k in range(15))]
    assert relation.by_network(Ending(), tuple(line(pitches, start=9600)), calls, Context(FOUR)) == 1
    assert relation.by_network(Ending(), tuple(line(pitches[:9], start=9600)), calls, Context(FOUR)) == 0


@pytest.mark.parametrize("start", [0, 95, 96, 97, 500])
def test_calls_are_moved_by_bars_to_end_before_the_answer(start):
    call = tuple(line([60, 62, 64, 65], 24, 6))
    moved = relation.moved_before(call, start, FOUR)
    assert 0 < start - moved[-1].onset <= 96
    assert (moved[0].onset - call[0].onset) % 96 == 0
    assert [note.pitch for note in moved] == [note.pitch for note in call]


# Copies


def slow_longest(phrase, parts):
    """The longest run of symbols in common, the plain way."""
    best = 0
    for part in parts:
        for start in range(len(phrase)):
            for end in range(start + best + 1, len(phrase) + 1):
                run = phrase[start:end].tolist()
                if any(part[i : i + len(run)].tolist() == run for i in range(len(part) - len(run) + 1)):
                    best = end - start
    return best + 1 if best else 0


def test_the_longest_run_is_found_exactly():
    rng = np.random.default_rng(8)
    parts = [rng.integers(0, 4, n) for n in (60, 1, 0, 40, 80)]
    phrases = [rng.integers(0, 4, n) for n in (20, 1, 0, 12, 30)]
    found = originality.longest_shared(phrases, originality.joined(parts))
    assert found == [slow_longest(phrase, parts) for phrase in phrases]
    assert max(found) > 4


def test_a_copy_is_a_copy_in_another_key_and_place():
    tune, fresh = walk(40), walk(20, 10)
    corpus = originality.joined([originality.symbols(Columns.of(notes)) for notes in (walk(300, 9), tune)])
    asked = [tune, shifted(tune[10:30], 77, -5), fresh, [*fresh, *shifted(tune[5:20], 5000)]]
    found = originality.longest_shared([originality.symbols(Columns.of(notes)) for notes in asked], corpus)
    assert found[:2] == [40, 20]
    assert found[2] < 8
    assert 15 <= found[3] <= 17, "a stretch inside counts"


def test_runs_do_not_cross_parts():
    parts = [np.array([1, 2, 3]), np.array([4, 5, 6])]
    assert originality.longest_shared([np.array([2, 3, 4, 5])], originality.joined(parts)) == [3]
    assert originality.longest_shared([np.array([9, 8])], originality.joined(parts)) == [0]
    assert originality.longest_shared([np.array([], int)], originality.joined(parts)) == [0]
    assert originality.longest_shared([], originality.joined(parts)) == []


def test_small_differences_of_time_do_not_hide_a_copy_and_other_rhythms_do():
    onsets, pitches = np.array([0, 24, 48, 72]), np.array([60, 62, 64, 65])
    plain = originality.symbols_of(onsets, pitches).tolist()
    assert originality.symbols_of(np.array([0, 23, 48, 74]), pitches).tolist() == plain
    assert originality.symbols_of(np.array([0, 48, 60, 72]), pitches).tolist() != plain
    assert originality.symbols_of(np.array([0, 0, 48, 72]), pitches).tolist() != plain
    assert originality.symbols_of(onsets, pitches[::-1]).tolist() != plain


# The judge


def test_the_judge_finds_a_difference_and_invents_none():
    rng = np.random.default_rng(11)
    people, same, other = (rng.normal(size=(150, 20)) for _ in range(3))
    other[:, 3] += 2.0
    groups = [f"piece {i // 3}" for i in range(150)]
    fair = judge.tell_apart(people, same, groups, np.random.default_rng(0))
    found = judge.tell_apart(people, other, groups, np.random.default_rng(0))
    assert fair.low < 0.5 < fair.high
    assert found.low > 0.7
    assert found.accuracy == pytest.approx(0.84, abs=0.05), "Phi(1) is all that can be had"
    assert found.judged == 300


def test_what_is_known_of_a_piece_is_no_help():
    rng = np.random.default_rng(12)
    marks = rng.normal(size=(40, 30))
    rows = np.repeat(marks, 5, axis=0)
    groups = [f"piece {i}" for i in range(40) for _ in range(5)]
    verdict = judge.tell_apart(rows, rows.copy(), groups, np.random.default_rng(0))
    assert verdict.accuracy == pytest.approx(0.5)


def test_one_piece_can_not_be_judged_and_dead_features_do_no_harm():
    rows = np.ones((10, 3))
    assert judge.tell_apart(rows, rows, ["one"] * 10, np.random.default_rng(0)) is None
    found = judge.tell_apart(rows, rows, list("ababababab"), np.random.default_rng(0))
    assert found.accuracy == 0.5


def test_signs_are_the_largest_differences():
    rng = np.random.default_rng(13)
    people, made = rng.normal(size=(200, 4)), rng.normal(size=(200, 4))
    made[:, 2] -= 1.0
    people[:, 3] = made[:, 3] = 7.0
    first, second = judge.signs(people, made, ["a", "b", "c", "d"], 2)
    assert first.name == "c"
    assert first.effect == pytest.approx(-0.89, abs=0.15), "one deviation, of both sets together a little less"
    assert first.made - first.people == pytest.approx(-1, abs=0.2)
    assert abs(second.effect) < 0.3


def test_the_interval_is_wilsons():
    low, high = judge.wilson(50, 100)
    assert (low, high) == pytest.approx((0.404, 0.596), abs=1e-3)
    assert judge.wilson(10, 10)[1] == pytest.approx(1)
