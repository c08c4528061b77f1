"""Every tune here is our own."""

from fractions import Fraction

import pytest

from livejam.pieces import Role, Style
from livejam.training import corpora
from livejam.training.corpora.abc import decoded, parse_tune, split_tunes
from livejam.training.corpora.abc_fields import parse_endings, parse_key, parse_length, parse_metre, parse_tempo
from livejam.training.corpora.layout import lay_out


def line(music, *, key="C", metre="4/4", unit="1/4", more=""):
    tune = parse_tune(f"X:1\nT:Ours\nM:{metre}\nL:{unit}\n{more}K:{key}\n{music}\n")
    (measures,) = tune.voices.values()
    return lay_out(measures)


def heard(music, **settings):
    return [(int(n["onset"]), int(n["length"]), int(n["pitch"])) for n in line(music, **settings).notes]


def pitches(music, **settings):
    return [pitch for _, _, pitch in heard(music, **settings)]


def test_notes_octaves_lengths_and_rests():
    assert heard("C c' z2|c,2 B// A3/2 G/4|") == [
        (0, 24, 60),
        (24, 24, 84),
        (96, 48, 60),
        (144, 6, 71),
        (150, 36, 69),
        (186, 6, 67),
    ]


def test_accidentals_hold_for_the_bar_and_over_a_tie():
    assert pitches("F ^F F f|F =F _B __B|", key="G") == [66, 66, 66, 78, 66, 65, 70, 69]
    assert pitches("c2 ^c2-|c c c2|", key="C") == [72, 73, 72, 72]


@pytest.mark.parametrize(
    ("key", "altered"),
    [
        ("C", {}),
        ("D", {"F": 1, "C": 1}),
        ("Bb", {"B": -1, "E": -1}),
        ("F#m", {"F": 1, "C": 1, "G": 1}),
        ("E Minor", {"F": 1}),
        ("Ador", {"F": 1}),
        ("A Mixolydian", {"F": 1, "C": 1}),
        ("GM", {"F": 1}),
        ("Glyd", {"F": 1, "C": 1}),
        ("Bphr", {"F": 1}),
        ("Dmix=c", {"F": 1, "C": 0}),
    ],
)
def test_keys(key, altered):
    assert parse_key(key) == altered


def test_an_unknown_mode_is_refused():
    with pytest.raises(ValueError, match="unknown mode 'n'"):
        parse_key("Bn")


def test_ties_merge_and_slurs_do_not():
    assert heard("C2-C-D|(E4|E4)-|E4|") == [(0, 72, 60), (72, 24, 62), (96, 96, 64), (192, 192, 64)]


def test_tuplets_and_broken_rhythm():
    assert heard("(3CDE F>G|A<<B (3:2:2c2d|", unit="1/8", metre="2/4")[:8] == [
        (0, 8, 60),
        (8, 8, 62),
        (16, 8, 64),
        (24, 18, 65),
        (42, 6, 67),
        (48, 3, 69),
        (51, 21, 71),
        (72, 16, 72),
    ]
    assert [length for _, length, _ in heard("(5CDEFG A|", unit="1/8", metre="2/4")] == [5, 5, 4, 5, 5, 12]


def test_graces_decorations_text_and_comments_are_silent():
    music = '{c}"Am"C .D ~E vTF|!fff!G {ABc}A `B "^slow"c % G A B'
    assert pitches(music) == [60, 62, 64, 65, 67, 69, 71, 72]


def test_chords_old_and_new():
    assert heard("[CEG]2 +CE+ [C2-E2]C|")[:6] == [
        (0, 48, 60),
        (0, 48, 64),
        (0, 48, 67),
        (48, 24, 60),
        (48, 24, 64),
        (72, 72, 60),
    ]


def test_a_pickup_puts_the_first_bar_line_after_it():
    found = line("G|C D E F|G3 :|G|A4|")
    assert found.metres.tolist() == [(24, 4, 4)]
    assert found.marks == (192, 384, 504)


def test_bars_that_fall_off_the_grid_say_where_they_lie():
    found = line("C4|D2||E4|F4|")
    assert found.metres.tolist() == [(0, 4, 4), (144, 4, 4)]


def test_metre_key_and_length_change():
    found = line("C4|[M:3/4]D3|\nM:6/8\nL:1/8\nK:G\nFGA FGA|")
    assert found.metres.tolist() == [(0, 4, 4), (96, 3, 4), (168, 6, 8)]
    assert found.notes["onset"].tolist() == [0, 96, 168, 180, 192, 204, 216, 228]
    assert found.notes["pitch"].tolist()[2:5] == [66, 67, 69]


def test_free_metre_has_no_bar_lines():
    assert not len(line("C D E F|G2|", metre="none").metres)


def test_repeats_and_endings_are_played():
    assert pitches("C D|:E F|[1 G:|[2 A||B|c:|") == [60, 62, 64, 65, 67, 64, 65, 69, 71, 72, 71, 72]
    assert pitches("C::D[|]:|E|]") == [60, 60, 62, 62, 64]
    assert pitches("C|1D:|2E|]") == [60, 62, 60, 64]


def test_strains_verses_and_fermatas_are_marked():
    found = line("C D|E F||\nG HA|B c|\nw: so it ends,\nd d|e4|\nw: with-out an end\nf|]")
    assert found.marks == (96, 144, 192, 360)


def test_tempo():
    found = line("C4|D2 [Q:3/8=80] E2|", more='Q:"Slow" 1/4=60\n')
    assert found.tempos.tolist() == [(0, 60.0), (144, 120.0)]
    assert parse_tempo("80") is None


def test_fields():
    assert parse_metre("C|") == (2, 2)
    assert parse_metre("none") is None
    assert parse_length("3/4") == Fraction(3, 4)
    assert parse_length("//") == Fraction(1, 4)
    assert parse_endings("1,3") == (1, 3)
    assert parse_endings("2-4") == (2, 3, 4)


def test_a_file_splits_at_its_tunes_and_a_tune_ends_at_a_blank_line():
    tunes = split_tunes("% a book\r\n\r\nX:1\r\nK:C\r\nC|\r\n\r\nDEAD\r\n\r\nX:2\r\nK:C\r\nE|\r\n")
    assert [len(parse_tune(tune).voices[""]) for tune in tunes] == [1, 1]
    with pytest.raises(ValueError, match="no K: field"):
        parse_tune("X:3\nT:Lost\n")


def test_encodings():
    assert decoded("é".encode()) == decoded("é".encode("latin-1")) == "é"
    assert decoded(b"e=3Df=20\n") == "e=f \n"


# The corpora -------------------------------------------------------------------------------------------------------

TUNES = """X:1
T:The Long Way -- REEL
M:C|
L:1/8
Q:1/2=100
K:D
A2|d2f2 a2f2|e2d2 B4|A2F2 D2E2|F4 E2:|
"""


def test_fiddle_tunes(tmp_path):
    (tmp_path / "book.abc").write_text(TUNES + "\n" + TUNES.replace("X:1", "X:2"))
    reader = corpora.reader("fiddle-abc")
    sources = reader.sources(tmp_path)
    assert [source.name for source in sources] == ["book-001", "book-002"]
    (piece,) = reader.read(sources[1])
    assert (piece.title, piece.style) == ("The Long Way", Style.FOLK)
    assert piece.metres.tolist() == [(24, 2, 2)]
    assert piece.tempos.tolist() == [(0, 200.0)]
    (part,) = piece.parts
    assert part.role == Role.MELODY
    assert len(part.notes) == 28
    assert (14, True) in part.phrases.tolist()


HYMN = """X:1
T:Ours To Sing
M:3/4
L:1/4
V:S1V1
V:S1V2
V:S2V1
V:S2V2
K:F
[V: S1V1] C|F2 G|A2
w: We raise a song,
[V: S1V2] C|C2 C|C2
[V: S2V1] A,|A,2 B,|C2
[V: S2V2] F,|F,2 E,|F,2
[V: S1V1] A|G2 G|F2|]
w: a song to sing.
[V: S1V2] C|D2 E|C2|]
[V: S2V1] F|D2 C|A,2|]
[V: S2V2] F,|B,,2 C,|F,,2|]
"""


def hymn(folder, text):
    (folder / "Complete" / "Ours").mkdir(parents=True)
    (folder / "Complete" / "Ours" / "Ours_To_Sing-Little_Tune-Other.abc").write_text(text)
    reader = corpora.reader("openhymnal")
    (source,) = reader.sources(folder)
    return reader.read(source)


def test_hymns_have_four_voices_and_common_phrases(tmp_path):
    (piece,) = hymn(tmp_path, HYMN)
    assert piece.title == "Little Tune"
    assert [part.role for part in piece.parts] == [Role.MELODY, Role.COUNTER, Role.COUNTER, Role.BASS]
    assert piece.metres.tolist() == [(24, 3, 4)]
    assert [int(part.notes[0]["pitch"]) for part in piece.parts] == [60, 60, 57, 53]
    for part in piece.parts:
        assert part.phrases.tolist() == [(0, True), (4, True)]
        assert int(part.notes["onset"][4]) == 144


def test_hymns_whose_voices_part_are_refused(tmp_path):
    with pytest.raises(ValueError, match="differ in length"):
        hymn(tmp_path, HYMN.replace("F,,2|]", "F,,2|F,,3|]"))
