"""`livejam drill` over real MIDI ports, in real time: a client plays back what it hears, with one note wrong."""

import re
import signal

import mido
import pytest
from test_listen_over_jack import player, recorder, server, stage  # noqa: F401

from livejam.steering import TONICS

pytestmark = pytest.mark.jack

BPM, BARS = 160, 2
BEHIND = BARS * 4 * 60 / BPM  # seconds
PLANTED = 2  # which note is a semitone too high


def played_back(log, rate):
    """What was heard on channel 1, so many seconds later, with the planted mistake; and its name."""
    heard = [(frame, data) for frame, data in log if data[0] in (0x80, 0x90)]
    wrong = [data[1] for _, data in heard if data[0] == 0x90][PLANTED : PLANTED + 1]
    for number, (frame, data) in enumerate(heard):
        ons = sum(before[0] == 0x90 for _, before in heard[:number])
        planted = ons == (PLANTED if data[0] == 0x90 else PLANTED + 1) and [data[1]] == wrong
        yield frame + round(BEHIND * rate), bytes((data[0], data[1] + planted, data[2]))


def test_the_score_names_the_wrong_note(player, recorder, tmp_path):  # noqa: F811
    from jack_clients import Livejam, until

    options = ("echo", "--jack", "--bpm", BPM, "--level", 2, "--rounds", 1, "--seed", 3, "--record", tmp_path / "d.mid")
    with Livejam(*options, does="drill") as livejam:
        player.connect("livejam:in")
        recorder.connect("livejam:out")
        done = 0
        while not until(lambda: any(line.startswith("echo:") for line in livejam.said), 0.02):
            messages = list(played_back(recorder.log, recorder.rate))
            player.follow(messages[done:])
            done = len(messages)
        assert livejam.process.wait(15) == 0
    (told,) = [line for line in livejam.said if line.startswith("echo:")]
    asked = [data[1] for _, data in recorder.log if data[0] == 0x90]
    right = f"{TONICS[(asked[PLANTED] + 1) % 12]} instead of {TONICS[asked[PLANTED] % 12]}"
    assert re.fullmatch(
        rf"echo: {len(asked) - 1} of {len(asked)} notes; bar \d beat [\d.]+: {right} \(\d+ of 100\)", told
    )
    assert not recorder.sounding()
    kept = mido.MidiFile(tmp_path / "d.mid")
    assert [sum(m.type == "note_on" for m in track) for track in kept.tracks[1:]] == [len(asked)] * 2


def test_a_signal_in_livejams_bars_leaves_nothing_sounding(player, recorder):  # noqa: F811
    from jack_clients import Livejam, until

    with Livejam("answer", "--no-record", "--bpm", 60, does="drill") as livejam:
        recorder.connect("livejam_out:out")
        assert until(lambda: [data for _, data in recorder.log if data[0] == 0x90])
        assert livejam.end(signal.SIGTERM) == 0
    assert not recorder.sounding()
