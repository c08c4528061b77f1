"""The network at run time, on a tiny one of random weights; no PyTorch."""

import hashlib
import json
import shutil
from dataclasses import replace
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pytest
from music import walk

from livejam import decoder as module
from livejam.controls import Wish
from livejam.decoder import NOISE, PART, Decoder, Sampling
from livejam.errors import ModelError
from livejam.notes import Metre, TickNote
from livejam.pieces import Quality, Style
from livejam.tokenizer import DELTA_TICKS, END, LENGTH_TICKS, Chord, Context, velocity_of

DATA = Path(__file__).parent / "data"
TINY = DATA / "tiny.onnx"
MEMORY = 32  # notes, of the tiny network
WALTZ = Context(Metre(3, 4))
CALL = walk(20)
EXACT = 1e-4  # bits: float32, added up in another order


def hearing(*phrases, context=WALTZ):
    """Return a decoder that has heard `phrases`, the player's and its own in turn."""
    decoder = Decoder(TINY)
    for number, notes in enumerate(phrases):
        decoder.hear(notes, context, player=number % 2 == 0)
    return decoder


def answer(decoder, seed=1, most=12, **sampling):
    rng = np.random.default_rng(seed)
    return list(islice(decoder.answer(WALTZ, Sampling(**sampling), rng), most))


def scores(decoder, seed=9):
    """Return how likely a certain answer is after what was heard."""
    last = decoder._last.onset if decoder.heard else 0
    return decoder.score(walk(6, seed, last), WALTZ)


def never(part, *classes):
    """Return a bias that forbids classes of an attribute."""
    bias = np.zeros(NOISE, np.float32)
    bias[PART[part]][list(classes)] = -1e9
    return bias


# Answers


def test_the_same_seed_gives_the_same_answer():
    first = answer(hearing(CALL), seed=3)
    assert len(first) == 12
    assert first == answer(hearing(CALL), seed=3)
    assert first != answer(hearing(CALL), seed=4)


def test_an_answer_depends_on_the_call():
    assert answer(hearing(CALL)) != answer(hearing(walk(20, seed=2)))


def test_an_answer_goes_on_from_what_was_heard():
    notes = answer(hearing(CALL))
    onsets = [CALL[-1].onset, *(note.onset for note in notes)]
    assert all(later - earlier in DELTA_TICKS for earlier, later in pairwise(onsets))
    assert {note.length for note in notes} <= set(LENGTH_TICKS)


def test_an_answer_to_nothing_begins_in_the_bar_it_is_asked_for():
    decoder = Decoder(TINY)
    onsets = [next(decoder.answer(WALTZ, Sampling(temperature=0), np.random.default_rng(), start)).onset
              for start in (0, 80, 800)]  # fmt: skip
    assert [onset - onsets[0] for onset in onsets] == [0, 72, 792]


def test_at_no_temperature_the_likeliest_is_played():
    notes = answer(hearing(CALL), temperature=0)
    assert notes == answer(hearing(CALL), seed=2, temperature=0)
    decoder = hearing(CALL)
    likeliest = decoder.score(notes[:1], WALTZ)[0, 1]
    others = [decoder.score([replace(notes[0], pitch=pitch)], WALTZ)[0, 1] for pitch in range(128)]
    assert likeliest == max(others)


def test_min_p_of_one_leaves_only_the_likeliest():
    assert answer(hearing(CALL), min_p=1) == answer(hearing(CALL), temperature=0)


def test_a_low_temperature_plays_what_is_likelier():
    def mean_bits(temperature):
        decoder, total = hearing(CALL), []
        for seed in range(20):
            notes = answer(decoder, seed, most=5, temperature=temperature, min_p=0)
            total.append(decoder.score(notes, WALTZ)[: len(notes)].sum(axis=1))
        return -np.concatenate(total).mean()

    assert mean_bits(0.5) + 1 < mean_bits(1.0)


def test_how_often_a_note_is_played_is_how_likely_it_is():
    decoder = hearing(CALL)
    firsts = [answer(decoder, seed, most=1, min_p=0) for seed in range(1500)]
    played = np.bincount([DELTA_TICKS.index(notes[0].onset - CALL[-1].onset) if notes else END for notes in firsts])
    (common,) = np.flatnonzero(played == played.max())[:1]
    onset = CALL[-1].onset + DELTA_TICKS[common]
    likely = 2 ** decoder.score([TickNote(onset, 60, 12, 60)], WALTZ)[0, 0]
    assert played[common] / 1500 == pytest.approx(likely, abs=4 * (likely * (1 - likely) / 1500) ** 0.5)


def test_an_answer_ends_where_the_network_ends_it():
    always_end = np.zeros(NOISE, np.float32)
    always_end[PART["delta"]][END] = 1e9
    assert answer(hearing(CALL), bias=always_end) == []
    assert len(answer(hearing(CALL), most=None)) < Decoder(TINY).longest_answer


def test_an_answer_without_an_end_stops_when_its_buffer_is_full():
    decoder = hearing(CALL)
    assert len(answer(decoder, most=None, bias=never("delta", END))) == decoder.longest_answer


def test_a_bias_is_obeyed():
    keys = (60, 64, 67)
    bias = never("pitch", *set(range(128)) - set(keys))
    notes = answer(hearing(CALL), bias=bias, most=40)
    assert len({note.pitch for note in notes}) > 1
    assert {note.pitch for note in notes} <= set(keys)


def test_steering_knows_the_answer_so_far_and_is_obeyed():
    told = []

    def steer(bias, count, ticks, chord, _):
        told.append((count, ticks, chord))
        delta = bias[PART["delta"]]
        delta[END] = -1e9 if count < 9 else 1e9
        delta[:] -= 1e9 * (np.arange(len(delta)) != END)
        delta[[0, 12]] = 0 if chord < 3 else (-1e9, 0)

    notes = answer(hearing(CALL), most=None, steer=steer)
    assert len(notes) == 9
    assert [count for count, _, _ in told] == list(range(10))
    assert [ticks for _, ticks, _ in told] == [0, *(note.onset - CALL[-1].onset for note in notes)]
    together = [sum(other.onset == note.onset for other in notes[: i + 1]) for i, note in enumerate(notes)]
    assert [chord for _, _, chord in told] == [0, *together]
    assert max(together) == 3


def test_steering_one_step_leaves_the_next_alone():
    sampling = Sampling(steer=lambda bias, count, *_: bias.fill(count))
    list(islice(hearing(CALL).answer(WALTZ, sampling, np.random.default_rng(1)), 5))
    assert not sampling.bias.any()


@pytest.mark.parametrize(
    "event",
    [
        lambda decoder: decoder.hear(walk(2, 5, 1000), WALTZ, player=True),
        lambda decoder: decoder.rollback(3),
        lambda decoder: decoder.restart(),
        lambda decoder: next(decoder.answer(WALTZ, Sampling(), np.random.default_rng(2))),
        lambda decoder: decoder.score(walk(2), WALTZ),
    ],
)
def test_what_else_happens_ends_an_answer(event):
    decoder = hearing(CALL)
    notes = decoder.answer(WALTZ, Sampling(bias=never("delta", END)), np.random.default_rng(1))
    assert len(list(islice(notes, 3))) == 3
    event(decoder)
    assert list(notes) == []


# Scores


def everything(column):
    """Return an answer's first note in all ways that differ in one attribute."""
    note = TickNote(CALL[-1].onset + 12, 60, 12, 60)
    values = {
        "onset": [CALL[-1].onset + delta for delta in DELTA_TICKS],
        "pitch": range(128),
        "length": LENGTH_TICKS,
        "velocity": [velocity_of(number) for number in range(17)],
    }[column]
    return [replace(note, **{column: value}) for value in values]


@pytest.mark.parametrize(("number", "column"), list(enumerate(("onset", "pitch", "length", "velocity"))))
def test_probabilities_add_up_to_one(number, column):
    decoder = hearing(CALL)
    bits = [decoder.score([note], WALTZ)[0, number] for note in everything(column)]
    if column == "onset":
        bits.append(decoder.score([], WALTZ)[0, 0])  # END
    assert sum(2.0 ** np.array(bits)) == pytest.approx(1, abs=1e-4)


def test_a_score_has_a_row_a_note_and_one_for_the_end():
    notes = walk(6, 9, CALL[-1].onset)
    bits = hearing(CALL).score(notes, WALTZ)
    assert bits.shape == (7, 4)
    assert (bits[:6] < 0).all()
    assert bits[6, 0] < 0
    assert not bits[6, 1:].any()


def test_a_score_looks_back_and_never_ahead():
    notes = walk(6, 9, CALL[-1].onset)
    other = [*notes[:4], replace(notes[4], pitch=notes[4].pitch + 1), notes[5]]
    one, two = (hearing(CALL).score(answer, WALTZ) for answer in (notes, other))
    assert np.array_equal(one[:4], two[:4])
    assert one[4, 0] == two[4, 0]
    assert (np.abs(one[5] - two[5]) > EXACT).all()


def test_the_metre_is_heard():
    assert not np.allclose(scores(hearing(CALL)), hearing(CALL).score(walk(6, 9, CALL[-1].onset), Context()))


def test_a_score_may_not_outgrow_an_answer():
    decoder = Decoder(TINY)
    assert decoder.score(walk(decoder.longest_answer - 1), WALTZ).shape == (decoder.longest_answer, 4)
    with pytest.raises(ValueError, match="fewer than 512 notes, not 512"):
        decoder.score(walk(decoder.longest_answer), WALTZ)


# Memory


@pytest.mark.parametrize("chunk", [1, 2, 5])
def test_hearing_in_pieces_is_hearing_at_once(chunk, monkeypatch):
    at_once = hearing(walk(100))
    monkeypatch.setattr(module, "CHUNK", chunk)
    in_pieces = hearing(walk(100))
    assert in_pieces.phrase_end == pytest.approx(at_once.phrase_end, abs=1e-6)
    assert scores(in_pieces) == pytest.approx(scores(at_once), abs=EXACT)


@pytest.mark.parametrize("heard", [1, 20, 33, 47, 48, 90])
def test_rolling_back_restores_what_was(heard):
    decoder = hearing(walk(heard))
    before, end = scores(decoder), decoder.phrase_end
    decoder.hear(walk(11, 3, 9000), WALTZ, player=True)  # at 47 notes the buffer slides
    assert np.abs(scores(decoder) - before).max() > EXACT
    decoder.rollback(heard)
    assert (decoder.heard, decoder.phrase_end) == (heard, end)
    assert scores(decoder) == pytest.approx(before, abs=EXACT)


def test_what_follows_a_rollback_is_heard_as_if_nothing_had_been():
    decoder = hearing(walk(40))
    decoder.hear(walk(12, 3, 9000), WALTZ, player=True)
    decoder.rollback(40)
    decoder.hear(walk(5, 4, 5000), WALTZ, player=False)
    assert scores(decoder) == pytest.approx(scores(hearing(walk(40), walk(5, 4, 5000))), abs=EXACT)


def test_rolling_back_goes_as_far_as_the_memory():
    decoder = hearing(walk(100))
    for mark in (10, 101):
        with pytest.raises(ValueError, match=f"to 57..100 notes, not {mark}"):
            decoder.rollback(mark)


def test_restarting_forgets_everything():
    decoder = hearing(walk(100))
    decoder.restart()
    assert (decoder.heard, decoder.phrase_end) == (0, 0.0)
    assert np.array_equal(scores(decoder), scores(Decoder(TINY)))


def test_hearing_nothing_changes_nothing():
    decoder = hearing(CALL)
    before = scores(decoder)
    decoder.hear([], WALTZ, player=True)
    assert np.array_equal(scores(decoder), before)


def test_only_what_the_memory_holds_counts():
    """An answer looks back at 32 notes, of which the only layer knows no more than the step from the note before."""
    line = walk(300)
    everything_heard = scores(hearing(line))
    assert scores(hearing(line[-33:])) == pytest.approx(everything_heard, abs=EXACT)
    assert np.abs(scores(hearing(line[-31:])) - everything_heard).max() > EXACT


def test_a_step_never_runs_over_more_than_the_memory_holds():
    decoder = Decoder(TINY)
    for number in range(8):
        decoder.hear(walk(17, number, number * 1000), WALTZ, player=True)
        answer(decoder, number, most=1)
        assert decoder._kept_rows[1, frozenset()].slots["total"] == min(decoder.heard, MEMORY) + 1


def test_a_long_session_goes_on_in_the_same_buffers():
    decoder = Decoder(TINY)
    caches = list(decoder._cache.values())
    sizes = [cache.shape for cache in caches]
    for number in range(60):
        decoder.hear(walk(17, number, number * 1000), WALTZ, player=number % 2 == 0)
        assert answer(decoder, number, most=3)
    assert decoder.heard == 60 * 17
    assert len(decoder._notes) < MEMORY * 1.5 + 1
    now = list(decoder._cache.values())
    assert [cache.shape for cache in now] == sizes
    assert all(one is other for one, other in zip(caches, now, strict=True))


# Several answers at once


def several(decoder, seeds, most=12, wish=None, **sampling):
    """Return the candidates of one batch after up to `most` runs of the network."""
    rngs = [np.random.default_rng(seed) for seed in seeds]
    return list(islice(decoder.answers(WALTZ, Sampling(**sampling), rngs, wish=wish), most))[-1]


def test_answers_in_a_batch_are_what_they_are_alone():
    alone = [answer(hearing(CALL), seed) for seed in (1, 2, 3)]
    assert [one.notes for one in several(hearing(CALL), (1, 2, 3))] == alone
    assert len({tuple(notes) for notes in alone}) == 3


def test_answers_of_all_kinds_take_turns_in_the_same_caches():
    """One, four, some with others beside them: each is what it would be in a decoder that did nothing else."""
    kinds = [((1,), {}), ((1, 2, 3, 4), {"follow": 2.0}), ((5,), {"follow": 0.0}), ((6, 7), {}), ((1,), {})]
    decoder = hearing(CALL)
    for seeds, sampling in [*kinds, *kinds]:
        made = [one.notes for one in several(decoder, seeds, **sampling)]
        assert made == [one.notes for one in several(hearing(CALL), seeds, **sampling)]
    every = decoder._kept_rows.values()
    for name, cache in decoder._answer_cache.items():
        assert len(cache) == max(rows.count for rows in every)
        assert all(np.shares_memory(rows.caches[name], cache) for rows in every)


def test_an_answer_that_is_over_lets_the_others_go_on():
    ended = several(hearing(CALL), range(12), most=200)
    assert len({len(one.notes) for one in ended}) > 1
    for seed, one in enumerate(ended):
        assert one.notes == answer(hearing(CALL), seed, most=200)


@pytest.mark.parametrize("seed", range(3))
def test_a_candidate_knows_how_likely_it_is_with_the_call_and_without(seed):
    decoder, deaf = hearing(CALL), Decoder(TINY)
    one = several(decoder, (seed, 99))[0]
    rows = decoder.score(one.notes, WALTZ)
    assert one.likelihood / np.log(2) == pytest.approx((rows if one.over else rows[:-1]).sum(), abs=1e-3)
    nothing = deaf.score(one.notes, WALTZ)  # not the same: it stands at the beginning of all
    assert one.without_call != pytest.approx(one.likelihood)
    assert np.isfinite(nothing).all()


def test_following_plainly_is_what_the_network_does():
    assert several(hearing(CALL), (4,), follow=1.0)[0].notes == answer(hearing(CALL), 4)


def test_who_does_not_follow_plays_as_if_nothing_had_been_said():
    """Other calls that end alike give the same answer."""
    other = [replace(note, pitch=note.pitch - 3) for note in CALL[:-1]] + [CALL[-1]]
    assert len(other) == len(CALL)
    unmoved = [several(hearing(call), (4,), follow=0.0)[0].notes for call in (CALL, other)]
    moved = [several(hearing(call), (4,), follow=1.0)[0].notes for call in (CALL, other)]
    assert unmoved[0] == unmoved[1]
    assert moved[0] != moved[1]


def test_following_more_makes_the_call_count_for_more():
    gains = []
    for follow in (0.0, 1.0, 3.0):
        made = several(hearing(CALL), range(24), follow=follow)
        gains.append(np.mean([one.gain for one in made]))
    assert gains == sorted(gains)


ASKED = Wish(density=5, register=2)
CHORDS = replace(WALTZ, chords=(Chord(0, 2, Quality.MINOR),))


def insisted(context=WALTZ, wish=None, **sampling):
    """Return an answer in `context` that is not compared with anything."""
    making = hearing(CALL).answers(context, Sampling(**sampling), [np.random.default_rng(4)], wish=wish, compare=False)
    return list(islice(making, 12))[-1][0].notes


@pytest.mark.parametrize(("context", "wish"), [(WALTZ, ASKED), (CHORDS, None), (CHORDS, ASKED)])
def test_who_does_not_insist_at_all_gets_what_comes_unasked(context, wish):
    assert insisted(context, wish, insist=0.0) == insisted()
    assert insisted(context, wish, insist=1.0) != insisted()
    assert insisted(context, wish, insist=6.0) != insisted(context, wish, insist=1.0)


def test_there_is_nothing_to_insist_on_where_nothing_is_asked():
    assert insisted(insist=6.0, idiom=6.0) == insisted()


def test_a_style_counts_as_it_would_where_nothing_is_heard():
    styled = replace(WALTZ, style=Style.JAZZ)
    deaf = insisted(follow=0.0)
    assert insisted(styled, follow=0.0, idiom=-1.0) == deaf
    assert insisted(styled, follow=0.0, idiom=0.0) != deaf
    assert insisted(styled, idiom=6.0) != insisted(styled)


def test_all_can_be_asked_at_once_and_side_by_side():
    context = replace(CHORDS, style=Style.JAZZ)
    asked = {"follow": 2.0, "insist": 3.0, "idiom": 2.0}
    rngs = [np.random.default_rng(seed) for seed in (4, 5)]
    both = list(islice(hearing(CALL).answers(context, Sampling(**asked), rngs, wish=ASKED), 12))[-1]
    assert both[0].notes == insisted(context, ASKED, **asked)
    assert both[0].gain != 0


@pytest.mark.parametrize("event", [
    lambda decoder: decoder.hear(walk(2, 5, 5000), WALTZ, player=True), lambda decoder: decoder.rollback(3),
    lambda decoder: answer(decoder),
])  # fmt: skip
def test_what_else_happens_ends_all_of_them(event):
    decoder = hearing(CALL)
    making = decoder.answers(WALTZ, Sampling(), [np.random.default_rng(seed) for seed in (1, 2)])
    next(making)
    event(decoder)
    assert list(making) == []


# Wishes and charts


def test_a_wish_changes_the_answer_and_is_forgotten_after_it():
    decoder = hearing(CALL)
    plain = answer(decoder)
    rng = np.random.default_rng(1)
    wished = list(islice(decoder.answer(WALTZ, Sampling(), rng, wish=Wish(bars=3, density=6, key=5)), 12))
    assert wished != plain
    assert answer(decoder) == plain


def test_a_chart_changes_the_answer_and_is_forgotten_after_it():
    decoder = hearing(CALL)
    plain = answer(decoder)
    charted = replace(WALTZ, chords=tuple(Chord(36 * i, i * 5 % 12, Quality.MINOR) for i in range(60)))
    rng = np.random.default_rng(1)
    assert list(islice(decoder.answer(charted, Sampling(), rng), 12)) != plain
    assert answer(decoder) == plain


def test_the_chord_counts_at_the_place_of_the_note_and_not_before():
    """A chord that comes with the second beat of the answer changes pitches from there on alone."""
    decoder, begin = hearing(CALL), CALL[-1].onset
    one = [TickNote(begin + 12, 60, 6, 80), TickNote(begin + 48, 62, 6, 80)]
    scores_with = [
        decoder.score(
            one, replace(WALTZ, chords=(Chord(0, 0, Quality.MAJOR), Chord(begin + 30 + late, 7, Quality.MINOR)))
        )
        for late in (0, 200)
    ]
    assert np.array_equal(scores_with[0][0, 1:], scores_with[1][0, 1:])  # the first note lies before
    assert not np.allclose(scores_with[0][1, 1], scores_with[1][1, 1])  # the second one lies on the new chord


# Files


@pytest.fixture
def files(tmp_path):
    """A network of our own, to be broken."""
    for file in DATA.glob("tiny*"):
        shutil.copy(file, tmp_path)
    return tmp_path


def described(files, change):
    """Change what the .json says."""
    contract = json.loads((files / "tiny.json").read_text())
    changed = change(contract)
    (files / "tiny.json").write_text(json.dumps(contract if changed is None else changed))


def complaint(files):
    """The one plain line with which a network is refused."""
    with pytest.raises(ModelError) as caught:
        Decoder(files / "tiny.onnx")
    said = str(caught.value)
    assert "\n" not in said
    assert str(files / "tiny") in said
    return said


@pytest.mark.parametrize("name", ["tiny.onnx", "tiny-hear.onnx", "tiny.json"])
def test_a_missing_file_is_named(files, name):
    (files / name).unlink()
    assert f"no network at {files / name} (No such file or directory); give one with --model" in complaint(files)


@pytest.mark.parametrize("name", ["tiny.onnx", "tiny-hear.onnx"])
def test_a_truncated_network_is_refused(files, name):
    data = (files / name).read_bytes()
    (files / name).write_bytes(data[: len(data) // 2])
    assert "truncated, or mixed up" in complaint(files)


def test_networks_that_are_mixed_up_are_refused(files):
    shutil.copy(files / "tiny.onnx", files / "tiny-hear.onnx")
    assert "tiny-hear.onnx is not the network its .json describes" in complaint(files)


def test_what_is_no_network_is_refused(files):
    (files / "tiny.onnx").write_bytes(b"no network")
    sha = hashlib.sha256(b"no network").hexdigest()
    described(files, lambda contract: contract["graphs"]["answer"].update(sha256=sha))
    assert "tiny.onnx can't be loaded: " in complaint(files)


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "is damaged"), ("{", "is damaged"), ("[]", "is contract None"), ("null", "None"), ("\xff", "is damaged")],
)
def test_a_damaged_contract_is_refused(files, text, said):
    (files / "tiny.json").write_text(text, encoding="latin-1")
    assert said in complaint(files)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda contract: contract.update(contract=1), "is contract 1, this livejam reads 3; export"),
        (lambda contract: contract["controls"].pop("kind"), "has other controls than this livejam"),
        (lambda contract: contract["delta_ticks"].pop(), "has other delta_ticks than this livejam"),
        (lambda contract: contract.update(length_ticks=None), "has other length_ticks"),
        (lambda contract: contract["fields"].update(who=2), "has other fields"),
        (lambda contract: contract.update(fields=dict(reversed(contract["fields"].items()))), "has other fields"),
        (lambda contract: contract["metres"].append([7, 4]), "has other metres"),
        (lambda contract: contract.pop("predicted"), "has other predicted"),
        (lambda contract: contract.pop("caches"), "does not say what its caches are"),
        (lambda contract: contract["caches"].update(memory="32"), "does not say what its caches are"),
        (lambda contract: contract.pop("graphs"), "does not say what its graphs are"),
        (lambda contract: contract["graphs"]["hear"].pop("sha256"), "does not say what its graphs are"),
        (lambda contract: contract["caches"].update(heard=64), "caches of other sizes"),
        (lambda contract: contract["caches"].update(answer=64), "caches of other sizes"),
        (lambda contract: contract["caches"].update(heard=10**9), "which no network has"),
        (lambda contract: contract["caches"].update(answer=-1), "which no network has"),
        (lambda contract: contract["graphs"]["hear"].update(inputs=[1, 2]), "other inputs or outputs than its .json"),
        (lambda contract: contract["graphs"]["hear"]["outputs"].pop(), "other inputs or outputs than its .json"),
        (lambda contract: contract["graphs"]["answer"]["inputs"].remove("past_key_0"), "other inputs or outputs"),
    ],
)
def test_a_contract_that_does_not_fit_is_refused(files, change, said):
    described(files, lambda contract: change(contract) and None)
    assert said in complaint(files)


def test_a_whole_network_is_not_refused(files):
    decoder = Decoder(files / "tiny.onnx")
    assert decoder.sha256 == hashlib.sha256(TINY.read_bytes()).hexdigest()
    assert answer(decoder)
