"""A call in a file, answered in another."""

import mido
import pytest
from conftest import Parrot

from livejam.chart_text import read_chart
from livejam.errors import FileError, LivejamError, ModelError
from livejam.midifile import Song, Timed, read_song
from livejam.modes import Bars, Silence
from livejam.notes import Metre, NoteOff, NoteOn
from livejam.respond import MARGIN, SILENCE, longest_rest, on_beat, respond, save_answer, whole_call
from livejam.stage import Settings
from livejam.tokenizer import chord_at
from livejam.virtual import play_through


def song(*notes, bpm=None, metre=None, bar_line=None):
    """A call of (onset, pitch, seconds)."""
    events = [Timed(at, NoteOn(pitch, 80)) for at, pitch, _ in notes]
    events += [Timed(at + seconds, NoteOff(pitch)) for at, pitch, seconds in notes]
    end = max(at + seconds for at, _, seconds in notes)
    return Song(tuple(sorted(events, key=lambda timed: timed.at)), bpm, metre, bar_line, end)


CALL = song(*((number * 0.5, pitch, 0.4) for number, pitch in enumerate((60, 62, 64, 65))))
RESTING = song((0.0, 60, 0.4), (0.5, 62, 0.4), (3.0, 64, 0.4), (3.5, 65, 0.4))


class Silent(Parrot):
    def answer(self, request):
        return iter(())


class Lost(Parrot):
    def answer(self, request):
        raise ModelError("the network is lost")
        yield


def heard(data, tmp_path):
    path = tmp_path / "answer.mid"
    path.write_bytes(data)
    return [timed for timed in read_song(path).events if isinstance(timed.event, NoteOn)]


def test_the_answer_comes_after_the_call(tmp_path):
    notes = heard(respond(CALL, Parrot(), Settings()), tmp_path)
    assert [timed.event.pitch for timed in notes] == [72, 74, 76, 77]
    assert 1.9 < notes[0].at < 1.9 + 0.6 + 1.5


def test_it_is_what_the_live_path_plays(tmp_path):
    live = play_through(((timed.at, timed.event) for timed in CALL.events), Parrot(), Settings(Silence(SILENCE)))
    notes = heard(respond(CALL, Parrot(), Settings()), tmp_path)
    assert [timed.event for timed in notes] == [event for _, event in live if isinstance(event, NoteOn)]
    played = [at for at, event in live if isinstance(event, NoteOn)]
    assert [timed.at for timed in notes] == pytest.approx(played, abs=0.001)


def test_the_same_call_gives_the_same_bytes():
    assert respond(CALL, Parrot(), Settings()) == respond(CALL, Parrot(), Settings())


def test_a_rest_does_not_end_the_call():
    brain = Parrot()
    respond(RESTING, brain, Settings())
    assert {request.turn for request in brain.requests} == {1}
    assert [len(request.call) for request in brain.requests] == [2, 4]  # it might have been over after two


def test_a_call_of_one_note_and_of_many():
    for count in (1, 500):
        brain = Parrot()
        respond(song(*((number * 0.125, 60 + number % 12, 0.1) for number in range(count))), brain, Settings())
        assert [len(request.call) for request in brain.requests] == [count]


def test_the_beat_of_the_file_counts_unless_another_is_asked_for(tmp_path):
    stated = song((0.0, 60, 0.4), (0.5, 62, 0.4), bpm=90.0, metre=Metre(3, 4))
    assert on_beat(stated, Settings()) == Settings(bpm=90.0, metre=Metre(3, 4))
    assert on_beat(stated, Settings(bpm=60.0)).bpm == 60.0
    (tmp_path / "answer.mid").write_bytes(respond(stated, Parrot(), on_beat(stated, Settings())))
    answer = read_song(tmp_path / "answer.mid")
    assert (round(answer.bpm), answer.metre) == (90, Metre(3, 4))


PICKUP = ((1.5, 60, 0.4), (2.0, 62, 0.4), (2.5, 64, 0.4), (3.0, 65, 0.4))  # on the fourth beat, at 120 bpm


@pytest.mark.parametrize(
    ("asked", "place"),
    [(Settings(), 72), (Settings(bpm=120.0), 72), (Settings(bpm=240.0), 0), (Settings(metre=Metre(3, 4)), 0)],
)
def test_the_bars_of_the_file_count_where_its_beat_does(asked, place):
    stated, brain = song(*PICKUP, bpm=120.0, metre=Metre(4, 4), bar_line=4.0), Parrot()
    settings = on_beat(stated, asked)
    respond(stated, brain, settings)
    (request,) = brain.requests
    assert request.call[0].onset % settings.metre.bar_ticks == place


def test_the_answer_lies_on_its_channel(tmp_path):
    (tmp_path / "answer.mid").write_bytes(respond(CALL, Parrot(), Settings(), channel=5))
    track = mido.MidiFile(tmp_path / "answer.mid").tracks[1]
    assert {message.channel for message in track if not message.is_meta} == {4}


def test_no_answer_and_a_lost_network_are_errors():
    with pytest.raises(LivejamError, match="no answer"):
        respond(CALL, Silent(), Settings())
    with pytest.raises(LivejamError, match="the network is lost"):
        respond(CALL, Lost(), Settings())


@pytest.mark.parametrize(
    ("notes", "rest"),
    [
        ([(0.0, 60, 0.4)], 0.0),
        ([(5.0, 60, 0.4), (5.5, 60, 0.4)], 0.1),
        ([(0.0, 60, 3.0), (1.0, 62, 0.5), (3.5, 64, 1.0)], 0.5),
        ([(0.0, 60, 20.0), (9.0, 62, 0.5)], 5.0),  # held for longer than counts
    ],
)
def test_the_longest_rest(notes, rest):
    assert longest_rest(song(*notes).events, longest_key=4.0) == pytest.approx(rest)
    assert whole_call(song(*notes), Settings(Bars(2))).mode == Silence(max(SILENCE, rest + MARGIN if rest else 0.0))


def test_an_answer_is_not_written_over_its_call(tmp_path):
    call = tmp_path / "call.mid"
    call.write_bytes(b"call")
    with pytest.raises(FileError, match="overwrite"):
        save_answer(b"answer", tmp_path / "." / "call.mid", call)
    with pytest.raises(FileError, match="can't write"):
        save_answer(b"answer", tmp_path / "no" / "answer.mid", call)
    save_answer(b"answer", tmp_path / "answer.mid", call)
    assert (tmp_path / "answer.mid").read_bytes() == b"answer"


def test_a_chart_lies_on_the_bars_of_the_file():
    brain, chart = Parrot(), read_chart("C | F | G | Am")
    call = song(*((number * 0.5, 60, 0.4) for number in range(4)), bpm=120.0, metre=Metre(4, 4), bar_line=0.0)
    respond(call, brain, on_beat(call, Settings(chart=chart)))
    request = brain.requests[-1]
    roots = [chord_at(request.chords, note.onset)[0] for note in request.call]
    assert roots == [1] * 4
    assert chord_at(request.chords, request.call[0].onset + 96)[0] == 6


def test_a_chart_needs_the_bars_of_the_file():
    with pytest.raises(LivejamError, match="a chart needs bars"):
        respond(CALL, Parrot(), on_beat(CALL, Settings(chart=read_chart("C"), bpm=100.0)))
