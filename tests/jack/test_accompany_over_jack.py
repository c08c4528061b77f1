"""`livejam accompany` over real MIDI ports, in real time: one independent client plays, another writes the band down.

The grid is told from the wire alone: livejam's own clicks, or the MIDI clock that the player's client sends. With
LIVEJAM_CORPUS the melodies are 10 of that prepared corpus's validation split (`make jack-check CORPUS=DIR`).
"""

import contextlib
import itertools
import os
import signal
import sys
from bisect import bisect_right

import pytest
from jack_server import PERIOD, RATE, jackd

pytestmark = [pytest.mark.jack, pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")]

BASS, CHORDS, DRUMS, CLICKS = 2, 3, 10, 16  # channels
ACCENT = 76  # pitch of a click on a bar line
LAST = {36, 49}  # pitches of the drums with the last chord
TICKS = 24  # a beat
LATE = round(0.005 * RATE) + PERIOD  # frames
BPM = 120.0
BEAT = RATE * 60 / BPM  # frames
TEMPI = (120.0, 97.0, 143.0)
BUSY = 0.1  # share of notes that a busy machine may delay on their way through rtmidi
ROOM = 4  # beats after a melody until the band has come to its end, at least
SILENT_WITHIN, BACK_WITHIN = 1.0, 15.0  # seconds, on a busy machine


@pytest.fixture(scope="module", autouse=True)
def server(tmp_path_factory):
    """A JACK server."""
    with jackd(tmp_path_factory.mktemp("jackd"), "livejam_band") as running:
        yield running


@pytest.fixture
def stage(server):
    """Player and recorder."""
    from jack_clients import people

    with people() as both:
        yield both


@contextlib.contextmanager
def accompanying(*options):
    """`livejam accompany` between player and recorder; in the end nothing may be left of it but what it said."""
    from jack_clients import Livejam, until
    from soak.process import children, is_alive

    ports = ("--in", "human keys", "--out", "recorder in")
    with Livejam(*ports, "--seed", "1", "--no-record", *options, does="accompany") as livejam:
        yield livejam
        family = {livejam.process.pid, *children(livejam.process.pid)}
        assert livejam.end(signal.SIGINT) == 0, livejam.said
    assert until(lambda: not any(map(is_alive, family)), 5), "a process is left behind"
    assert not livejam.has_said("Traceback"), livejam.said


def in_seconds(melody, bpm):
    """Return notes in beats as seconds."""
    beat = 60 / bpm
    return [(at * beat, pitch, beats * beat, velocity) for at, pitch, beats, velocity in melody]


def band(recorder, since=0):
    """Return the note-ons of bass, chords and drums: (frame, channel, pitch), by frame."""
    channels = (BASS, CHORDS, DRUMS)
    return sorted((frame, channel, pitch) for channel in channels for frame, pitch in recorder.ons(since, channel))


def lateness(frame, beats):
    """Return by how many frames a note is later than its tick; `beats` are the frames of all beats around it."""
    beat = min(max(bisect_right(beats, frame + LATE) - 1, 0), len(beats) - 2)
    tick = (beats[beat + 1] - beats[beat]) / TICKS
    return (frame - beats[beat] + tick / 4) % tick - tick / 4


def has_its_place(recorder, beats, bar_lines, spared=0.0):
    """Assert that all parts play, none of their notes is late, and the last chord is on a bar line.

    `spared`: the share of notes that may be late all the same.
    """
    notes = [note for note in band(recorder) if beats[0] - LATE < note[0] < beats[-1] - LATE]
    assert {channel for _, channel, _ in notes} == {BASS, CHORDS, DRUMS}
    late = [lateness(frame, beats) for frame, _, _ in notes]
    met = [line for line in bar_lines if any(abs(frame - line) <= LATE for frame, _, _ in notes)]
    print(f"{len(notes)} notes, latest {1000 * max(late) / RATE:.2f} ms; {len(met)} of {len(bar_lines)} bar lines met")
    assert sum(after > LATE for after in late) <= spared * len(late), late
    last = [frame for frame, channel, pitch in notes if channel == DRUMS and pitch in LAST][-2:]
    assert {pitch for frame, channel, pitch in notes if frame in last and channel == DRUMS} >= LAST
    assert all(min(abs(frame - line) for line in bar_lines) <= LATE for frame in last)


def never_silent(recorder, since, until_frame, bars=2):
    """Assert that the band plays on from one frame to another: no gap of so many bars."""
    frames = [since, *(frame for frame, _, _ in band(recorder, since) if frame < until_frame), until_frame]
    gaps = [after - before for before, after in itertools.pairwise(frames)]
    assert max(gaps) < 4 * bars * BEAT, [round(gap / BEAT, 1) for gap in gaps]


def first_beat(recorder):
    """Wait for the count-in; return the frame of the song's first beat."""
    from jack_clients import until

    assert until(lambda: recorder.ons(0, DRUMS)), "no count-in"
    return recorder.ons(0, DRUMS)[0][0] + round(4 * BEAT)


def melody_of(number):
    """Return one of the melodies."""
    from phrases import melodies

    return melodies(10)[number]


@pytest.mark.parametrize("number", range(10 if "LIVEJAM_CORPUS" in os.environ else 2))
def test_the_band_keeps_the_beat_of_its_clicks(stage, number):
    from jack_clients import key_messages, until

    player, recorder = stage
    bpm, melody = TEMPI[number % len(TEMPI)], melody_of(number)
    with accompanying("--bpm", bpm, "--click", CLICKS, "--end-after", 1, "--jack") as livejam:
        assert until(lambda: recorder.ons(0, CLICKS)), "no count-in"
        start = recorder.ons(0, CLICKS)[0][0] + round(4 * 60 / bpm * RATE)
        player.perform(key_messages(in_seconds(melody, bpm)), start)
        over = (
            (melody[-1][0] + melody[-1][2] + 3 * 4 + ROOM) * 60 / bpm
        )  # seconds: a silent bar, the end, and its chord
        assert until(lambda: player.seconds_since(start) > over, over + 10)
        assert livejam.process.poll() is None
    clicks = recorder.ons(0, CLICKS)
    has_its_place(recorder, [frame for frame, _ in clicks], [frame for frame, pitch in clicks if pitch == ACCENT])
    assert not recorder.sounding()


@pytest.mark.parametrize("transport", ["--jack", "rtmidi"])
def test_the_band_follows_a_midi_clock_and_falls_silent_with_it(stage, transport):
    from jack_clients import key_messages, until

    player, recorder = stage
    bpm, melody = 113.0, melody_of(1)
    tick, lead_in = 60 / bpm / TICKS, 8  # seconds, beats
    beats = lead_in + int(melody[-1][0] + 3 * 4 + ROOM)
    clock = [(0.0, b"\xfa"), *((tick / 2 + tick * number, b"\xf8") for number in range(TICKS * beats))]
    keys = key_messages([(at + lead_in * TICKS * tick, *note) for at, *note in in_seconds(melody, bpm)])
    keys = [(at + tick / 2, message) for at, message in keys]
    with accompanying("--clock", "midi", "--end-after", 1, *(["--jack"] if transport == "--jack" else [])):
        start = player.perform(sorted([*clock, *keys], key=lambda timed: timed[0])) + tick / 2 * RATE
        assert until(lambda: player.seconds_since(start) > beats * TICKS * tick, beats * TICKS * tick + 10)
        assert until(lambda: not recorder.sounding(), 8), recorder.sounding()
    grid = [start + beat * TICKS * tick * RATE for beat in range(beats + 1)]
    has_its_place(recorder, grid, grid[::4], spared=0.0 if transport == "--jack" else BUSY)
    assert not recorder.sounding()


def walk(seconds, every, pitches):
    """Return a line of short notes."""
    return [(at * every, pitches[at % len(pitches)], 0.8 * every, 80) for at in range(int(seconds / every))]


ODD = {
    "nothing": [],
    "a flood, then low keys, then the keys of drums": [
        *walk(5, 0.05, (60, 64, 67, 72, 71, 62, 66)),
        *((at + 5, *note) for at, *note in walk(4, 0.25, (0, 5, 12, 21, 24))),
        *((at + 9, *note) for at, *note in walk(4, 0.125, (36, 42, 38, 42))),
    ],
}


@pytest.mark.parametrize("playing", ODD)
def test_whatever_is_played_the_band_plays_on(stage, playing):
    from jack_clients import key_messages, until

    player, recorder = stage
    with accompanying("--bpm", BPM) as livejam:
        start = first_beat(recorder)
        player.perform(key_messages(ODD[playing]), start)
        assert until(lambda: player.seconds_since(start) > 14, 25)
        assert livejam.process.poll() is None
    never_silent(recorder, start, start + 13 * RATE)
    assert not recorder.sounding()


def test_a_network_that_is_killed_is_stood_in_for_and_comes_back(stage):
    from jack_clients import key_messages, until
    from soak.process import network_of

    player, recorder = stage
    with accompanying("--bpm", BPM) as livejam:
        start = first_beat(recorder)
        player.perform(key_messages(walk(40, 0.5, (60, 64, 67, 64))), start)
        assert until(lambda: player.seconds_since(start) > 5)
        os.kill(network_of(livejam.process.pid), signal.SIGKILL)
        assert until(lambda: livejam.has_said("the network stopped"), 3), livejam.said
        assert until(lambda: livejam.has_said("the network is back"), BACK_WITHIN), livejam.said
        back = player.seconds_since(start)
        assert until(lambda: player.seconds_since(start) > back + 6)
        assert livejam.process.poll() is None
    never_silent(recorder, start, start + round((back + 5) * RATE))
    assert not recorder.sounding()


@pytest.mark.parametrize("transport", ["--jack", "rtmidi"])
def test_a_keyboard_that_is_pulled_does_not_stop_the_band(server, transport):
    from jack_clients import Player, Recorder, key_messages, until

    player, recorder = Player(), Recorder()
    with accompanying("--bpm", BPM, *(["--jack"] if transport == "--jack" else [])) as livejam:
        start = first_beat(recorder)
        player.perform(key_messages(walk(20, 0.5, (60, 64, 67, 64))), start)
        assert until(lambda: player.seconds_since(start) > 4)
        player.close()
        if transport == "--jack":
            assert until(lambda: livejam.has_said("human:keys is gone"), 5), livejam.said
        player = Player()
        if transport == "--jack":
            assert until(lambda: livejam.has_said("human:keys is back"), 5), livejam.said
            player.perform(key_messages(walk(4, 0.5, (62, 65, 69, 65))))
        assert until(lambda: player.seconds_since(start) > 9)
        assert livejam.process.poll() is None
    never_silent(recorder, start, start + 8 * RATE)
    assert not recorder.sounding()
    player.close()
    recorder.close()


def test_a_synth_that_is_pulled_hears_the_band_again(server):
    from jack_clients import Player, Recorder, key_messages, until

    player, recorder = Player(), Recorder()
    with accompanying("--bpm", BPM, "--jack") as livejam:
        start = first_beat(recorder)
        player.perform(key_messages(walk(20, 0.5, (60, 64, 67, 64))), start)
        assert until(lambda: player.seconds_since(start) > 3)
        recorder.close()
        assert until(lambda: livejam.has_said("recorder:in is gone"), 5), livejam.said
        recorder = Recorder()
        assert until(lambda: livejam.has_said("recorder:in is back"), 5), livejam.said
        again = player.seconds_since(start)
        assert until(lambda: player.seconds_since(start) > again + 5)
    assert {channel for _, channel, _ in band(recorder)} == {BASS, CHORDS, DRUMS}
    assert not +recorder.sounding()  # of what sounded when it went it hears the end alone
    player.close()
    recorder.close()
