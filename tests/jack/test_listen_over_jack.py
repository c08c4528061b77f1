"""`livejam listen` over real MIDI ports, in real time: played by one independent client, recorded by another.

With LIVEJAM_CORPUS the phrases are 20 of that prepared corpus's validation split (`make jack-check CORPUS=DIR`).
"""

import os
import signal

import mido
import pytest
from jack_server import jackd

pytestmark = pytest.mark.jack

START_WITHIN = 1.5  # seconds from the last note-off of a phrase to the first note-on of its answer
REST = 0.5  # seconds of silence after an answer before the next phrase
LISTENED = 10.0 if "LIVEJAM_CORPUS" in os.environ else 4.0  # seconds: a longer answer is interrupted by the next phrase
INTERRUPTED_WITHIN = 0.05  # seconds from the player's note-on to the last note-off of the answer


@pytest.fixture(scope="module", autouse=True)
def server(tmp_path_factory):
    """A JACK server."""
    with jackd(tmp_path_factory.mktemp("jackd")) as running:
        yield running


@pytest.fixture
def stage(server):
    """Player and recorder."""
    from jack_clients import people

    with people() as both:
        yield both


@pytest.fixture
def player(stage):
    """Somebody at a keyboard."""
    return stage[0]


@pytest.fixture
def recorder(stage):
    """Somebody who writes down what livejam plays."""
    return stage[1]


@pytest.fixture
def phrases():
    """What is played."""
    from phrases import corpus_phrases, own_phrases

    return corpus_phrases(20) if "LIVEJAM_CORPUS" in os.environ else own_phrases()


@pytest.fixture
def livejam(player, recorder, tmp_path):
    """`livejam listen` with ports of its own, connected."""
    from jack_clients import Livejam

    with Livejam("--seed", "1", "--record", tmp_path / "jam.mid") as running:
        player.connect("livejam_in:in")
        recorder.connect("livejam_out:out")
        yield running


def answered(player, recorder, phrase):
    """Play `phrase` and wait for its answer; return its (seconds after the last note-off, pitch)."""
    from jack_clients import until

    ended = player.play(phrase)
    rate = recorder.rate
    until(lambda: player.seconds_since(ended) > 0)
    until(lambda: recorder.ons(ended) or player.seconds_since(ended) > 2 * START_WITHIN)
    until(lambda: over(recorder, player, ended), LISTENED)
    return [((frame - ended) / rate, pitch) for frame, pitch in recorder.ons(ended)]


def over(recorder, player, ended):
    """Whether the answer to a phrase that ended at that frame has come and gone."""
    last = recorder.log[-1][0] if recorder.log else ended
    return recorder.ons(ended) and not recorder.sounding() and player.seconds_since(last) > REST


def begin_answer(player, recorder, phrase):
    """Play `phrase` and wait for the first note of its answer."""
    from jack_clients import until

    ended = player.play(phrase)
    assert until(lambda: recorder.ons(ended)), "no answer"


def test_every_phrase_is_answered_in_time_and_differently(livejam, player, recorder, phrases, tmp_path):
    answers = [answered(player, recorder, phrase) for phrase in phrases]
    starts = [answer[0][0] if answer else None for answer in answers]
    print("first notes after", ", ".join(f"{start:.3f}" if start else "never" for start in starts), "s")
    assert all(start is not None and 0 < start <= START_WITHIN for start in starts)
    tunes = [tuple((round(at - answer[0][0], 2), pitch) for at, pitch in answer) for answer in answers]
    assert len(set(tunes)) == len(phrases)
    assert livejam.end(signal.SIGINT) == 0
    assert not recorder.sounding()
    assert kept_notes(tmp_path / "jam.mid") == [sum(map(len, phrases)), sum(map(len, answers))]


def kept_notes(path):
    """Return how many notes the recording has of the player and of livejam."""
    return [sum(message.type == "note_on" for message in track) for track in mido.MidiFile(path).tracks[1:]]


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_during_an_answer_leaves_nothing_sounding(livejam, player, recorder, phrases, ending):
    begin_answer(player, recorder, phrases[0])
    assert livejam.end(ending) == 0, livejam.said
    assert recorder.ons(0)
    assert not recorder.sounding()
    assert "kept: " in livejam.said[-1]


def test_the_player_interrupts_the_answer(livejam, player, recorder, phrases, tmp_path):
    from jack_clients import until

    begin_answer(player, recorder, phrases[0])
    interruption = [(0.0, 55, 0.3, 80), (0.4, 57, 0.3, 80)]
    first = player.play(interruption) - round(0.7 * recorder.rate)
    assert until(lambda: player.seconds_since(first) > INTERRUPTED_WITHIN + 0.05)
    offs = [frame for frame, data in recorder.log if data[0] & 0xF0 == 0x80]
    assert not recorder.sounding()
    assert (max(offs) - first) / recorder.rate < INTERRUPTED_WITHIN
    assert until(lambda: recorder.ons(first + round(0.7 * recorder.rate))), "the interruption was not answered"
    assert livejam.end(signal.SIGTERM) == 0
    assert not recorder.sounding()
    assert kept_notes(tmp_path / "jam.mid")[0] == len(phrases[0]) + len(interruption)


def test_ports_are_listed_and_found_by_their_words(player, recorder, tmp_path):
    import subprocess
    import sys

    from jack_clients import Livejam, until

    listed = subprocess.run(
        [sys.executable, "-m", "livejam", "ports"], capture_output=True, text=True, timeout=30, check=True
    )
    assert "  human:keys" in listed.stdout
    assert "  recorder:in" in listed.stdout
    with Livejam("--in", "KEYS human", "--out", "recorder in", "--no-record") as running:
        ended = player.play([(0.0, 60, 0.2, 80), (0.3, 64, 0.2, 80), (0.6, 67, 0.4, 80)])
        assert until(lambda: recorder.ons(ended))
        assert running.end(signal.SIGINT) == 0
    assert not recorder.sounding()
