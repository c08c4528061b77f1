"""Bands: parts of a piece, spans and their parts as answers, and that training and stage see the same."""

from pathlib import Path

import numpy as np
import pytest
import torch
from make_tiny_model import SETTINGS, random_network
from prepared import part, piece

from livejam import tokenizer as tok
from livejam.accompanist import phrases
from livejam.controls import CONTROL, Wish, beats_class
from livejam.decoder import Decoder, Entry
from livejam.notes import Metre, TickNote
from livejam.parts import ORDER, bass_of, parts_of
from livejam.pieces import NOTE, Role, Style
from livejam.spans import PartNote, Span
from livejam.tokenizer import COLUMN, END, LIVEJAM, NO_PITCH, PLAYER, START, Context
from livejam.training.batches import Packer, Sampler, in_spans
from livejam.training.data import PLAIN, Dropping, room, streams
from livejam.training.ensemble import Stagehand, bands, span_window

PATH = Path(__file__).parent / "data" / "tiny.onnx"
SPAN = 48
METRE = Metre(4, 4)


def notes(*some):
    """Return a part's notes of (onset, pitch, length)."""
    return np.array([(onset, length, pitch, 80) for onset, pitch, length in some], NOTE)


def band(**about):
    """Return a band: a lead in eighths, a bass in halves, chords in quarters."""
    lead, bass = part((8,) * 4, 1), part((8,), 2, Role.BASS, step=48, pitch=40)
    chords = part((16,), 3, Role.COUNTER, step=24)
    return bands([piece(lead, chords, bass, corpus="bach-chorales-m21", style=Style.CLASSICAL, **about)])[0]


def whole(music, count=256, seed=0, drop=PLAIN):
    """Return the window of all of `music`, in spans of two beats."""
    return span_window(music, 0, 384, METRE, SPAN, count, np.random.default_rng(seed), drop)


def test_a_piano_is_bass_and_chords():
    figure = notes((0, 36, 48), (12, 43, 12), (24, 52, 12), (36, 55, 12), (48, 41, 48), (48, 60, 24), (72, 64, 24))
    assert bass_of(figure).tolist() == [True, False, False, False, True, False, False]


def test_a_bass_may_walk():
    assert bass_of(notes((0, 36, 24), (24, 38, 24), (48, 40, 24), (72, 41, 24))).all()


def test_the_bridge_of_a_song_is_not_its_accompaniment():
    song = piece(part((8,)), part((8,), 2, Role.COUNTER), part((8,), 3, Role.PIANO, pitch=64), corpus="pop909")
    found = parts_of(song)
    assert set(found) == {Role.MELODY, Role.CHORDS}
    assert set(found[Role.CHORDS]["pitch"].tolist()) == {64}


def test_spans_are_heard_part_by_part():
    item = whole(band())
    roles = item.heard[:, COLUMN["role"]].tolist()
    spans = (item.onset // SPAN).tolist()
    places = [ORDER.index(Role(role)) for role in roles]
    assert list(zip(spans, places, strict=True)) == sorted(zip(spans, places, strict=True))


def test_the_lead_is_the_players():
    item = whole(band())
    lead = item.heard[:, COLUMN["role"]] == Role.MELODY
    assert set((item.heard[lead, COLUMN["who"]] % 2).tolist()) == {PLAYER}
    assert set((item.heard[~lead, COLUMN["who"]] % 2).tolist()) == {LIVEJAM}


def test_an_answer_is_one_part_of_one_span():
    item = whole(band())
    for phrase in set(item.phrase.tolist()):
        rows = item.answer[item.phrase == phrase]
        onsets = item.answer_onset[item.phrase == phrase]
        assert rows[0, COLUMN["delta"]] == START
        assert len(set(rows[:, COLUMN["role"]].tolist())) == 1
        assert len(set((onsets // SPAN).tolist())) == 1
        assert item.next_targets[item.phrase == phrase][-1, 0] == END


def test_an_answer_sees_nothing_of_its_own_span_but_the_parts_before_it():
    item = whole(band())
    for phrase in set(item.phrase.tolist()):
        where = item.phrase == phrase
        start, role = item.answer_onset[where][0], Role(item.answer[where][0, COLUMN["role"]])
        seen = slice(0, int(item.sees[where][0]))
        late = item.onset[seen] >= start
        assert all(
            ORDER.index(Role(each)) < ORDER.index(role) for each in item.heard[seen][late, COLUMN["role"]].tolist()
        )
        assert not (item.onset[seen.stop :] < start).any()


def test_waiting_counts_from_the_start_of_the_span():
    item = whole(band())
    for at in np.flatnonzero(item.answer[:, COLUMN["delta"]] == START):
        if item.answer_note[at] >= 0:
            wait = item.onset[item.answer_note[at]] - item.answer_onset[at]
            assert tok.DELTA_TICKS[item.next_targets[at, 0]] == wait


def test_the_beats_left_count_down_to_the_end_of_the_span():
    item = whole(band())
    left = SPAN // 24 - item.answer_onset % SPAN // 24
    assert item.controls[:, CONTROL["beats"]].tolist() == beats_class(left).tolist()


def test_a_part_starts_from_its_own_latest_note():
    item = whole(band())
    bass = (item.answer[:, COLUMN["role"]] == Role.BASS) & (item.answer[:, COLUMN["delta"]] == START)
    assert item.answer[bass, COLUMN["pitch"]].tolist() == [NO_PITCH, *[40] * (bass.sum() - 1)]


def test_there_is_room_for_all_answers():
    for seed in range(20):
        item = whole(band(), count=40, seed=seed, drop=Dropping())
        assert len(item.heard) <= 40
        assert len(item.answer) <= room(40)


def test_transposing_moves_what_has_a_pitch_and_leaves_drums():
    drums = part((16,), 4, Role.DRUMS, step=24, pitch=38)
    music = bands([piece(part((8,) * 4, 1), drums, corpus="groove-midi", name="g")])[0]
    shifted = [whole(music, seed=seed, drop=Dropping()) for seed in range(8)]
    assert {int(p) for item in shifted for p in item.heard[item.heard[:, COLUMN["role"]] == Role.DRUMS, 1]} == {38}
    assert len({int(item.heard[item.heard[:, COLUMN["role"]] == Role.MELODY, 1].max()) for item in shifted}) > 1


def test_nobody_foretells_which_part_plays_next():
    classes, _ = whole(band()).coming_heard()
    assert (classes == -1).all()


def test_a_solo_is_livejams_own_and_asked_for():
    item = whole(band(), drop=Dropping(solo=1.0))
    lead = item.heard[:, COLUMN["role"]] == Role.MELODY
    assert set((item.heard[lead, COLUMN["who"]] % 2).tolist()) == {LIVEJAM}
    assert Role.MELODY in set(item.answer[:, COLUMN["role"]].tolist())


def test_draws_repeat_and_lay_drums_under_what_has_none():
    drums = piece(part((16,) * 2, 4, Role.DRUMS, step=12, pitch=38), corpus="groove-midi", style=Style.POP, name="g")
    song = piece(part((8,) * 8, 1), part((8,) * 8, 2, Role.PIANO), corpus="pop909", style=Style.POP, name="s")
    hand = Stagehand(bands([drums, song]))
    drawn = [hand.draw(64, np.random.default_rng(seed), Dropping()) for seed in (*range(30), 0)]
    assert np.array_equal(drawn[0][1].heard, drawn[-1][1].heard)
    laid = [
        item
        for corpus, item in drawn
        if corpus == "pop909" and Role.DRUMS in item.heard[:, COLUMN["role"]] and len(item.heard) > 8
    ]
    assert laid


def test_a_sampler_mixes_phrases_and_bands():
    pieces = [piece(part((8,) * 8, i), part((8,) * 8, i + 9, Role.PIANO), corpus="pop909", name=str(i)) for i in (1, 2)]
    for share, spans in ((0.0, False), (1.0, True)):
        sampler = Sampler(streams(pieces), {}, 1, 2, 64, Dropping(solo=0.0), bands(pieces), share)
        batch = sampler.batch(3)
        roles = set(batch.answer[..., COLUMN["role"]].flatten().tolist()) - {0}
        assert (roles <= {Role.BASS, Role.CHORDS, Role.DRUMS}) == spans


@torch.no_grad()
def test_stage_and_training_see_the_same():
    """The exported graphs give every part of every span the probabilities that the network gives it in training."""
    item = whole(band(), count=SETTINGS.memory - 2)
    packer = Packer(1, SETTINGS.memory)
    assert packer.add(item)
    trained = random_network().log_probabilities(packer.batch())[0, : len(item.answer)].numpy() / np.log(2)
    decoder = Decoder(PATH)
    events = [_note(onset, row) for onset, row in zip(item.onset, item.heard, strict=True)]
    roles = [Role(role) for role in item.heard[:, COLUMN["role"]].tolist()]

    for phrase in sorted(set(item.phrase.tolist())):
        where = np.flatnonzero(item.phrase == phrase)
        start, role = int(item.answer_onset[where[0]]), Role(item.answer[where[0], COLUMN["role"]])
        seen = int(item.sees[where[0]])
        heard = tuple(PartNote(n, r, r is Role.MELODY) for n, r in zip(events[:seen], roles[:seen], strict=True))
        span = Span(0, start, start + SPAN, (role,), METRE, style=Style.CLASSICAL, heard=heard)
        decoder.restart()
        decoder.hear_phrases(phrases(span))
        last = next((each.note for each in reversed(heard) if each.role is role), None)
        own = [events[i] for i in item.answer_note[where].tolist() if i >= 0]
        context = Context(METRE, role, Style.CLASSICAL)
        scored = decoder.score(own, context, Wish(beats=2), Entry(start, last))
        assert scored == pytest.approx(trained[where], abs=2e-4)


def test_validation_goes_through_all_of_a_band():
    batches = list(in_spans([band()], 2, 64, 1000, seed=0))
    asked = sum(int((batch.answer_targets.classes[..., 1] >= 0).sum()) for batch in batches)
    assert asked > 12


def _note(onset, row):
    """Return an event as a note."""
    length, velocity = tok.LENGTH_TICKS[int(row[COLUMN["length"]])], tok.velocity_of(int(row[COLUMN["velocity"]]))
    return TickNote(int(onset), int(row[COLUMN["pitch"]]), length, velocity)
