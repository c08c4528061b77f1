"""Every fixture here is music of our own, written in the format of the corpus."""

import numpy as np
import pytest
from corpus_files import write_midi, write_wjazzd

from livejam.errors import FileError
from livejam.pieces import Quality, Role, Style
from livejam.training import corpora
from livejam.training.chords import parse_chord
from livejam.training.columns import TimeMap, note_column, tempo_column


def read_only(corpus, folder):
    reader = corpora.reader(corpus)
    (source,) = reader.sources(folder)
    (piece,) = reader.read(source)
    return piece


def columns(notes):
    return [tuple(int(value) for value in note) for note in notes.tolist()]


# The Weimar Jazz Database ------------------------------------------------------------------------------------------

SOLO = [  # melid, onset, duration, pitch, bar, beat, tatum, division, phrase
    (7, 9.5, 0.25, 60, -1, 4, 1, 1, 1),
    (7, 10.0, 0.25, 62, 0, 1, 1, 2, 1),
    (7, 10.33, 0.9, 64, 0, 1, 3, 3, 1),
    (7, 10.5, 0.125, 65, 0, 2, 1, 1, 1),
    (7, 12.0, 0.5, 67, 1, 1, 1, 1, 2),
    (7, 12.375, "", 69, 1, 1, 4, 4, 2),
]


def test_wjazzd_puts_tatums_of_beats_on_the_grid(tmp_path):
    write_wjazzd(tmp_path, SOLO)
    piece = read_only("wjazzd", tmp_path)
    melody, bass = piece.parts
    assert (piece.name, piece.title, piece.style, piece.split) == ("Us_Tune_FINAL", "Tune", Style.JAZZ, "")
    assert columns(melody.notes) == [
        (72, 12, 60, 0),
        (96, 12, 62, 0),
        (112, 8, 64, 0),  # cut at the next onset
        (120, 6, 65, 0),
        (192, 18, 67, 0),
        (210, 24, 69, 0),  # the last one has no duration
    ]
    assert melody.phrases.tolist() == [(0, True), (4, True)]
    assert (melody.role, bass.role) == (Role.MELODY, Role.BASS)


def test_wjazzd_reads_metre_tempo_chords_and_bass(tmp_path):
    write_wjazzd(tmp_path, SOLO)
    piece = read_only("wjazzd", tmp_path)
    assert piece.metres.tolist() == [(0, 4, 4)]
    assert piece.tempos.tolist() == [(0, 120.0)]
    assert piece.chords.tolist() == [(0, 0, Quality.MINOR7), (8 * 24, 1, Quality.DOMINANT)]
    bass = piece.parts[1].notes
    assert columns(bass[:2]) == [(0, 24, 36, 0), (24, 24, 37, 0)]
    assert len(bass) == 15
    assert 24 * 6 not in bass["onset"]


def test_wjazzd_changes_of_signature_and_pickup_beats(tmp_path):
    bars = [(0, 3, "'3/4'"), (1, 1, "'3/4'"), (1, 2, "'3/4'"), (1, 3, "'3/4'"), (2, 1, "'4/4'")]
    beats = [(7, i, 1, bar, beat, signature, "NC", "") for i, (bar, beat, signature) in enumerate(bars)]
    write_wjazzd(tmp_path, [(7, 1, 0.5, 60, 1, 1, 1, 1, 1)], beats=beats)
    piece = read_only("wjazzd", tmp_path)
    assert piece.metres.tolist() == [(24, 3, 4), (96, 4, 4)]
    assert piece.chords.tolist() == [(0, -1, Quality.NONE)]
    assert len(piece.parts) == 1


def test_wjazzd_solos_without_bars_have_no_metre(tmp_path):
    beats = [(7, i, 1, i, 1, "'1/4'", "NC", "") for i in range(4)]
    write_wjazzd(tmp_path, [(7, 1, 0.5, 60, 1, 1, 1, 1, 1)], beats=beats)
    assert not len(read_only("wjazzd", tmp_path).metres)


def test_wjazzd_cuts_very_long_phrases_inside(tmp_path):
    beats = [(7, i, 1, i // 4, i % 4 + 1, "'4/4'", "NC", "") for i in range(32)]
    notes = [(7, i / 4, 0.2, 60, i // 16, i // 4 % 4 + 1, i % 4 + 1, 4, 1) for i in range(128)]
    write_wjazzd(tmp_path, notes, beats=beats)
    phrases = read_only("wjazzd", tmp_path).parts[0].phrases
    assert phrases["marked"].tolist() == [False] * (len(phrases) - 1) + [True]
    assert np.diff([*phrases["start"], 128]).max() <= 64


# POP909 ------------------------------------------------------------------------------------------------------------


def write_song(folder, beats, chords, tracks, **midi):
    write_midi(folder / f"{folder.name}.mid", tracks, **midi)
    (folder / "beat_midi.txt").write_text("".join(f"{s} {pulse} {bar}\n" for s, pulse, bar in beats))
    (folder / "chord_midi.txt").write_text("".join(f"{a}\t{b}\t{symbol}\n" for a, b, symbol in chords))


def ballad_beats(first, seconds, bars=3):
    return [(first + seconds * i, float(i % 2 == 0), float(i % 4 == 0)) for i in range(4 * bars + 1)]


@pytest.mark.train
def test_pop909_warps_seconds_to_its_beats(tmp_path):
    at = [0.3, 0.6, 0.75, 0.9, 1.2]  # seconds: beats of 0.6 from 0.3 on
    melody = [(round(second * 960), 240, 60 + i, 90 + i) for i, second in enumerate(at)]  # 120 bpm says 960 a second
    tracks = [("MELODY", 0, melody), ("PIANO", 0, [(288, 960, 48, 70), (288, 960, 55, 71)]), ("NOISE", 0, melody)]
    write_song(tmp_path / "007", ballad_beats(0.3, 0.6), [(0.3, 1.5, "F#:min7/b7"), (1.5, 3, "N")], tracks)
    piece = read_only("pop909", tmp_path)
    notes, piano = (part.notes for part in piece.parts)
    assert notes["onset"].tolist() == [0, 12, 18, 24, 36]
    assert notes["velocity"].tolist() == [90, 91, 92, 93, 94]
    assert notes["length"][0] == 10  # a quarter of a second
    assert piano.tolist() == [(0, 40, 48, 70), (0, 40, 55, 71)]
    assert [part.role for part in piece.parts] == [Role.MELODY, Role.PIANO]
    assert piece.metres.tolist() == [(0, 4, 4)]
    assert piece.chords.tolist() == [(0, 6, Quality.MINOR7), (48, -1, Quality.NONE)]
    assert piece.tempos["bpm"].tolist() == pytest.approx([100.0])


@pytest.mark.train
def test_pop909_notes_before_the_first_beat_get_whole_beats(tmp_path):
    tracks = [("MELODY", 0, [(0, 240, 60, 90), (960, 240, 62, 90)])]
    write_song(tmp_path / "007", ballad_beats(1.0, 0.5), [], tracks)
    piece = read_only("pop909", tmp_path)
    assert piece.parts[0].notes["onset"].tolist() == [0, 48]
    assert piece.metres["tick"][0] == 48


@pytest.mark.train
def test_pop909_six_eight_counts_eighths(tmp_path):
    beats = [(0.4 * i, float(i % 3 == 0), float(i % 6 == 0)) for i in range(25)]
    tracks = [("MELODY", 0, [(0, 240, 60, 90), (384, 240, 62, 90), (2304, 240, 62, 90)])]
    write_song(tmp_path / "007", beats, [], tracks)
    piece = read_only("pop909", tmp_path)
    assert piece.metres.tolist() == [(0, 6, 8)]
    assert piece.parts[0].notes["onset"].tolist() == [0, 12, 72]


# Groove ------------------------------------------------------------------------------------------------------------


@pytest.mark.train
def test_groove_keeps_grid_velocity_session_and_maps_the_kit(tmp_path):
    strokes = [(0, 50, 36, 100), (0, 90, 22, 40), (125, 30, 38, 77), (1440, 30, 26, 5)]
    write_midi(tmp_path / "drummer1/session2/3_jazz-funk_90_fill_3-4.mid", [("Drums", 9, strokes)], bpm=90)
    (tmp_path / "info.csv").write_text(
        "drummer,session,id,style,bpm,beat_type,time_signature,midi_filename\n"
        "drummer1,drummer1/session2,drummer1/session2/3,jazz/funk,90,fill,3-4,"
        "drummer1/session2/3_jazz-funk_90_fill_3-4.mid\n"
    )
    piece = read_only("groove-midi", tmp_path)
    assert (piece.name, piece.title, piece.style) == ("drummer1/session2/3", "drummer1/session2", Style.JAZZ)
    assert columns(piece.parts[0].notes) == [(0, 6, 36, 100), (0, 6, 42, 40), (6, 6, 38, 77), (72, 6, 46, 5)]
    assert piece.parts[0].role == Role.DRUMS
    assert piece.metres.tolist() == [(0, 3, 4)]
    assert piece.tempos["bpm"].tolist() == pytest.approx([90.0], rel=1e-4)


# Vienna 4x22 -------------------------------------------------------------------------------------------------------

MATCH = """info(matchFileVersion,1.0.0).
info(piece,Our_Waltz).
info(midiClockUnits,480).
info(midiClockRate,500000).
scoreprop(timeSignature,6/8,0:1,0,-1.0000).
snote(n1,[C,n],4,0:6,0,1/8,-1.0000,0.0000,[v1,staff1])-note(n0,60,1000,1200,50,0,0).
snote(n2,[E,n],4,1:1,0,1/8,0.0000,1.0000,[v1,staff1])-note(n1,64,1490,1990,60,0,0).
snote(n3,[G,n],4,1:1,0,1/8,0.0000,1.0000,[v1,staff1])-note(n2,67,1510,1760,61,0,0).
snote(n4,[B,n],4,1:2,0,0,1.0000,1.0000,[v1,grace,staff1])-note(n3,71,1875,1950,40,0,0).
snote(n5,[C,n],5,1:2,0,1/8,1.0000,2.0000,[v1,staff1])-note(n4,72,2000,2250,70,0,0).
snote(n6,[A,n],4,1:2,0,1/8,1.0000,2.0000,[v1,staff1])-deletion.
insertion-note(n5,30,2000,2100,20,0,0).
sustain(1200,127).
"""


def test_vienna_takes_onsets_from_the_score_and_touch_from_the_pianist(tmp_path):
    (tmp_path / "match").mkdir()
    (tmp_path / "match/Our_Waltz_p01.match").write_text(MATCH)
    piece = read_only("vienna4x22", tmp_path)
    assert (piece.name, piece.title, piece.style) == ("Our_Waltz_p01", "vienna Our_Waltz", Style.CLASSICAL)
    assert piece.metres.tolist() == [(12, 6, 8)]
    assert columns(piece.parts[0].notes) == [
        (0, 5, 60, 50),
        (12, 12, 64, 60),  # 500 MIDI ticks, where an eighth took 500
        (12, 6, 67, 61),
        (21, 2, 71, 40),  # the grace note where it was played
        (24, 6, 72, 70),
    ]
    assert piece.tempos["bpm"].tolist() == pytest.approx([57.6])  # an eighth in 500 of 960 ticks a second


# A folder of MIDI files --------------------------------------------------------------------------------------------


@pytest.mark.train
def test_midi_folder_guesses_roles(tmp_path):
    def scale(low, step=480):
        return [(i * step, step, low + i, 80) for i in range(8)]

    chords = [(i * 960, 960, pitch, 60) for i in range(4) for pitch in (60, 64, 67)]
    piano = [(i * 960, 960, pitch, 60) for i in range(4) for pitch in (36, 64, 79)]
    tracks = [("a", 9, scale(36)), ("b", 0, chords), ("c", 1, scale(72)), ("d", 2, scale(40)), ("e", 3, piano)]
    tracks.append(("f", 4, scale(60)))
    write_midi(tmp_path / "mine" / "Song.MID", tracks, bpm=90, signature=(3, 4))
    piece = read_only("midi", tmp_path)
    assert [part.role for part in piece.parts] == [
        Role.DRUMS, Role.CHORDS, Role.MELODY, Role.BASS, Role.PIANO, Role.COUNTER,
    ]  # fmt: skip
    assert (piece.name, piece.title) == ("mine/Song.MID", "Song")
    assert piece.metres.tolist() == [(0, 3, 4)]
    assert piece.tempos["bpm"].tolist() == pytest.approx([90.0], rel=1e-4)
    assert columns(piece.parts[2].notes[:2]) == [(0, 24, 72, 80), (24, 24, 73, 80)]


@pytest.mark.train
def test_midi_folder_leaves_out_signatures_without_bars(tmp_path):
    scale = [(i * 480, 480, 60 + i, 80) for i in range(8)]
    write_midi(tmp_path / "odd.mid", [("a", 0, scale)], signature=(1, 128))
    assert read_only("midi", tmp_path).metres.tolist() == []


@pytest.mark.train
def test_midi_folder_says_when_a_file_is_empty(tmp_path):
    write_midi(tmp_path / "nothing.mid", [("a", 0, [])])
    with pytest.raises(FileError, match="no notes"):
        read_only("midi", tmp_path)


@pytest.mark.train
@pytest.mark.parametrize("data", [b"", b"RIFF, no MIDI at all", b"MThd\0\0\0\6\0\1\0\1\1\xe0MTrk\0\0\0\x50"])
def test_midi_folder_says_when_a_file_is_broken(tmp_path, data):
    (tmp_path / "broken.mid").write_bytes(data)
    with pytest.raises(FileError, match="no MIDI file, or a broken one"):
        read_only("midi", tmp_path)


# What readers share ------------------------------------------------------------------------------------------------


@pytest.mark.train
def test_every_reader_in_the_registry_says_where_its_music_comes_from():
    for corpus in [*corpora.MODULES, corpora.MIDI_FOLDER]:
        reader = corpora.reader(corpus)
        assert corpus == reader.NAME
        assert reader.CREDIT
        assert reader.LICENCE


@pytest.mark.parametrize(
    ("symbol", "root", "quality"),
    [
        ("C", 0, Quality.MAJOR),
        ("Bb6", 10, Quality.MAJOR),
        ("Ebj7911#", 3, Quality.MAJOR7),
        ("F#-7", 6, Quality.MINOR7),
        ("Bb-7/Eb", 10, Quality.MINOR7),
        ("G-", 7, Quality.MINOR),
        ("C-69", 0, Quality.MINOR),
        ("G-j7", 7, Quality.MINOR),
        ("Gm7b5", 7, Quality.HALF_DIMINISHED),
        ("Dbo7", 1, Quality.DIMINISHED),
        ("C7alt", 0, Quality.DOMINANT),
        ("C79b", 0, Quality.DOMINANT),
        ("B+7", 11, Quality.DOMINANT),
        ("Ab+", 8, Quality.AUGMENTED),
        ("F+j7", 5, Quality.AUGMENTED),
        ("Fsus7913", 5, Quality.SUSPENDED),
        ("Cb7", 11, Quality.DOMINANT),
        ("NC", -1, Quality.NONE),
        ("N", -1, Quality.NONE),
        ("", -1, Quality.NONE),
        ("B:maj", 11, Quality.MAJOR),
        ("C#:maj7/3", 1, Quality.MAJOR7),
        ("Bb:min/b3", 10, Quality.MINOR),
        ("A:minmaj7", 9, Quality.MINOR),
        ("A:min6", 9, Quality.MINOR),
        ("A:min7", 9, Quality.MINOR7),
        ("E:7/b7", 4, Quality.DOMINANT),
        ("D:hdim7", 2, Quality.HALF_DIMINISHED),
        ("D:dim", 2, Quality.DIMINISHED),
        ("G:sus4(b7)", 7, Quality.SUSPENDED),
        ("D:maj6", 2, Quality.MAJOR),
        ("D:aug", 2, Quality.AUGMENTED),
    ],
)
def test_chord_symbols(symbol, root, quality):
    assert parse_chord(symbol) == (root, quality)


def test_note_column_sorts_rounds_and_merges():
    notes = note_column([24.4, 0, 0, 0], [0.2, 10, 90_000, 5], [60, 64, 60, 64], [1, 9, 2, 20])
    assert notes.tolist() == [(0, 65535, 60, 2), (0, 10, 64, 20), (24, 1, 60, 1)]


def test_time_map_goes_on_beyond_its_ends():
    beats = TimeMap(np.array([1.0, 1.5, 2.5]), np.array([0, 24, 48]))
    assert beats.tick_at([0.5, 1.25, 2.0, 3.5]).tolist() == [-24, 12, 36, 72]
    assert beats.tempos().tolist() == [(0, 120.0), (24, 60.0)]


def test_tempo_column_ignores_a_steady_hand():
    assert tempo_column([0, 24, 48], [100, 101, 110]).tolist() == [(0, 100.0), (48, 110.0)]
