"""Every score here is our own, a few bars each."""

import zipfile

import pytest

from livejam.pieces import Quality, Role, Style
from livejam.training import corpora
from livejam.training.corpora.layout import lay_out
from livejam.training.corpora.scores import read_score

FORWARD = '<barline location="left"><repeat direction="forward"/></barline>'
BACKWARD = '<barline location="right"><repeat direction="backward"/></barline>'


def note(name, length, *inside):
    """`name` is step, accidental and octave, such as Bb3; lengths are twelfths of a quarter note."""
    step, alter, octave = name[0], {"": 0, "b": -1, "#": 1}[name[1:-1]], name[-1]
    pitch = f"<pitch><step>{step}</step><alter>{alter}</alter><octave>{octave}</octave></pitch>"
    before = "".join(tag for tag in inside if tag in ("<chord/>", "<grace/>", "<cue/>"))
    after = "".join(tag for tag in inside if tag not in ("<chord/>", "<grace/>", "<cue/>"))
    return f"<note>{before}{pitch}<duration>{length}</duration>{after}</note>"


def rest(length):
    return f"<note><rest/><duration>{length}</duration></note>"


def metre(beats, unit):
    return f"<attributes><time><beats>{beats}</beats><beat-type>{unit}</beat-type></time></attributes>"


def harmony(root, kind, alter=0):
    tags = f"<root-step>{root}</root-step><root-alter>{alter}</root-alter>"
    return f"<harmony><root>{tags}</root><kind>{kind}</kind></harmony>"


def ending(number, kind, location="left"):
    return f'<barline location="{location}"><ending number="{number}" type="{kind}"/></barline>'


def score(*parts):
    """Parts are (name, measures); the first measure of each gets twelve divisions a quarter note."""
    names = "".join(
        f'<score-part id="P{i}"><part-name>{name}</part-name></score-part>' for i, (name, _) in enumerate(parts)
    )
    music = ""
    for i, (_, measures) in enumerate(parts):
        first = "<attributes><divisions>12</divisions></attributes>"
        bars = [f"<measure>{first if j == 0 else ''}{measure}</measure>" for j, measure in enumerate(measures)]
        music += f'<part id="P{i}">{"".join(bars)}</part>'
    return f'<?xml version="1.0"?><score-partwise><part-list>{names}</part-list>{music}</score-partwise>'


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("META-INF/container.xml", "<container>broken & ignored")
        archive.writestr("score.xml", text)
    return path


def lines(tmp_path, *parts, **settings):
    path = write(tmp_path / "ours.mxl", score(*parts))
    return [lay_out(part.measures) for part in read_score(path, **settings)]


def heard(line):
    return [(int(n["onset"]), int(n["length"]), int(n["pitch"])) for n in line.notes]


def only(tmp_path, *measures, **settings):
    (line,) = lines(tmp_path, ("Voice", measures), **settings)
    return line


def test_notes_chords_rests_voices_and_accidentals(tmp_path):
    second = "<backup><duration>24</duration></backup><forward><duration>12</duration></forward>" + note("C3", 12)
    line = only(tmp_path, note("Bb4", 12) + note("F#4", 12, "<chord/>") + rest(6) + note("C5", 6) + second)
    assert heard(line) == [(0, 24, 66), (0, 24, 70), (24, 24, 48), (36, 12, 72)]


def test_tuplets_graces_and_cues(tmp_path):
    grace = "<note><grace/><pitch><step>D</step><octave>5</octave></pitch></note>"
    line = only(
        tmp_path, note("C4", 4) + note("D4", 4) + grace + note("E4", 4) + note("C6", 12, "<cue/>") + note("F4", 3)
    )
    assert heard(line) == [(0, 8, 60), (8, 8, 62), (16, 8, 64), (48, 6, 65)]


def test_ties_merge_over_bar_lines_even_for_some_notes_of_a_chord(tmp_path):
    start, stop = '<tie type="start"/>', '<tie type="stop"/>'
    line = only(
        tmp_path,
        note("C4", 12, start) + note("E4", 12, "<chord/>"),
        note("C4", 12, stop, start) + note("E4", 12, "<chord/>"),
        note("C4", 6, stop),
    )
    assert heard(line) == [(0, 60, 60), (0, 24, 64), (24, 24, 64)]


def test_unisons_are_one_note_and_a_key_struck_again_ends_the_first(tmp_path):
    back = "<backup><duration>24</duration></backup>"
    line = only(tmp_path, note("C4", 24) + back + note("C4", 12) + note("C4", 6))
    assert heard(line) == [(0, 24, 60), (24, 12, 60)]


def test_pickup_and_metre_changes(tmp_path):
    line = only(
        tmp_path,
        metre(3, 4) + note("G4", 12),
        note("C5", 36),
        metre("3+2", 8) + note("D5", 30),
        metre(2, 4) + note("E5", 24),
    )
    assert line.metres.tolist() == [(24, 3, 4), (96, 5, 8), (156, 2, 4)]


def test_without_a_time_signature_the_bars_tell(tmp_path):
    bars = [note("C4", 48)] * 4
    line = only(tmp_path, note("C4", 12), *bars, metre(3, 4) + note("C4", 36))
    assert line.metres.tolist() == [(24, 4, 4), (408, 3, 4)]


def test_free_metre(tmp_path):
    free = "<attributes><time><senza-misura/></time></attributes>"
    assert not len(only(tmp_path, free + note("C4", 48), note("C4", 30), note("C4", 99)).metres)


def test_repeats_with_endings(tmp_path):
    line = only(
        tmp_path,
        note("C4", 12),
        FORWARD + note("D4", 12),
        ending(1, "start") + note("E4", 12) + BACKWARD,
        ending(2, "start") + note("F4", 12) + ending(2, "stop", "right"),
        note("G4", 12),
    )
    assert [pitch for _, _, pitch in heard(line)] == [60, 62, 64, 62, 65, 67]


def test_a_repeat_sign_of_one_part_is_meant_for_all(tmp_path):
    upper, lower = lines(
        tmp_path, ("A", [note("C5", 12) + BACKWARD, note("D5", 12)]), ("B", [note("C3", 12), rest(12)])
    )
    assert heard(upper) == [(0, 24, 72), (24, 24, 72), (48, 24, 74)]
    assert heard(lower) == [(0, 24, 48), (24, 24, 48)]


def test_measures_of_all_parts_are_as_long_as_the_longest(tmp_path):
    upper, _ = lines(tmp_path, ("A", [note("C5", 12), note("D5", 12)]), ("B", [note("C3", 48), rest(48)]))
    assert heard(upper) == [(0, 24, 72), (96, 24, 74)]


def test_transposing_instruments_sound(tmp_path):
    clarinet = (
        "<attributes><transpose><chromatic>-2</chromatic><octave-change>-1</octave-change></transpose></attributes>"
    )
    assert heard(only(tmp_path, clarinet + note("D5", 12))) == [(0, 24, 60)]


def test_fermatas_and_double_bars_mark_phrases(tmp_path):
    held = "<notations><fermata/></notations>"
    bars = [note("C4", 12) + note("D4", 12, held) + note("E4", 12), note("F4", 12)]
    bars[1] += '<barline location="right"><bar-style>light-light</bar-style></barline>'
    assert only(tmp_path, *bars, note("G4", 12), fermatas=True).marks == (48, 96)
    assert only(tmp_path, *bars, note("G4", 12)).marks == (96,)


def test_chord_symbols(tmp_path):
    line = only(
        tmp_path,
        harmony("B", "dominant-ninth", -1) + note("D4", 24) + harmony("C", "minor-seventh") + note("E4", 24),
        harmony("C", "minor-seventh") + note("C4", 12) + "<harmony><kind>none</kind></harmony>" + note("C4", 12),
    )
    assert line.chords.tolist() == [(0, 10, Quality.DOMINANT), (48, 0, Quality.MINOR7), (120, -1, Quality.NONE)]


@pytest.mark.parametrize(
    ("kind", "quality"),
    [
        ("major", Quality.MAJOR),
        ("major-sixth", Quality.MAJOR),
        ("major-ninth", Quality.MAJOR7),
        ("minor", Quality.MINOR),
        ("minor-sixth", Quality.MINOR),
        ("minor-11th", Quality.MINOR7),
        ("dominant-13th", Quality.DOMINANT),
        ("diminished-seventh", Quality.DIMINISHED),
        ("half-diminished", Quality.HALF_DIMINISHED),
        ("augmented", Quality.AUGMENTED),
        ("augmented-seventh", Quality.DOMINANT),
        ("suspended-fourth", Quality.SUSPENDED),
        ("power", Quality.OTHER),
    ],
)
def test_chord_qualities(tmp_path, kind, quality):
    assert only(tmp_path, harmony("E", kind) + note("E4", 12)).chords.tolist() == [(0, 4, quality)]


def test_tempos(tmp_path):
    marks = '<direction><sound tempo="90"/></direction>', '<sound tempo="0"/>', '<sound tempo="60.5"/>'
    line = only(tmp_path, marks[0] + note("C4", 12) + marks[1] + note("C4", 12) + marks[2] + note("C4", 12))
    assert line.tempos.tolist() == [(0, 90.0), (48, 60.5)]


def test_other_kinds_of_file_are_refused(tmp_path):
    (tmp_path / "ours.xml").write_text("<score-timewise/>")
    with pytest.raises(ValueError, match="score-timewise"):
        read_score(tmp_path / "ours.xml")


# The corpora -------------------------------------------------------------------------------------------------------


def read_one(corpus, folder):
    reader = corpora.reader(corpus)
    (source,) = reader.sources(folder)
    (piece,) = reader.read(source)
    assert (piece.corpus, piece.name) == (corpus, source.name)
    return piece


def test_lead_sheets(tmp_path):
    tune = [metre(4, 4) + harmony("C", "major") + note("E4", 48), harmony("G", "dominant") + note("D4", 48)]
    write(tmp_path / "pd-worldwide" / "Our_Blues.mxl", score(("", tune)))
    (tmp_path / "index.tsv").write_text("file\ttitle\tgenres\npd-worldwide/Our_Blues.mxl\tOur Blues\tJazz\n")
    piece = read_one("openewld-pd", tmp_path)
    assert (piece.title, piece.style) == ("our blues", Style.JAZZ)
    assert [(part.role, len(part.notes)) for part in piece.parts] == [(Role.MELODY, 2)]
    assert piece.chords.tolist() == [(0, 0, Quality.MAJOR), (96, 7, Quality.DOMINANT)]


def test_songs_have_a_voice_and_a_piano_of_two_staves(tmp_path):
    piano = "<attributes><staves>2</staves></attributes>" + note("C5", 48)
    piano += "<backup><duration>48</duration></backup>" + note("C3", 48)
    folder = tmp_path / "scores" / "Ours,_Anna" / "Songs" / "1_Morning"
    write(folder / "lc1.mxl", score(("Singstimme", [metre(4, 4) + note("G4", 48)]), ("", [piano])))
    piece = read_one("openscore-lieder", tmp_path)
    assert piece.title == "ours,_anna 1_morning"
    assert [(part.role, part.notes["pitch"].tolist()) for part in piece.parts] == [
        (Role.MELODY, [67]),
        (Role.PIANO, [48, 72]),
    ]


def test_quartets(tmp_path):
    names = ("Violin 1", "Violin 2", "Viola", "Violoncello")
    parts = [(name, [metre(4, 4) + note(f"C{6 - i}", 48)]) for i, name in enumerate(names)]
    write(tmp_path / "scores" / "Ours" / "Quartet" / "sq1.mxl", score(*parts))
    piece = read_one("openscore-quartets", tmp_path)
    assert [part.role for part in piece.parts] == [Role.MELODY, Role.COUNTER, Role.COUNTER, Role.BASS]


def test_chorales_take_the_fermatas_of_the_soprano_and_leave_instruments_out(tmp_path):
    held = "<notations><fermata/></notations>"
    quarters = [metre(4, 4) + note("C5", 12) * 3 + note("C5", 12, held), note("D5", 12) * 4]
    lower = [metre(4, 4) + note("C4", 12) * 4, note("D4", 12) * 3 + note("D4", 12, held)]
    parts = [("Horn 1", quarters), ("Soprano", quarters), ("Alto", lower), ("Tenor", lower), ("Bass", lower)]
    (tmp_path / "bwv1.6.xml").write_text(score(*parts))
    piece = read_one("bach-chorales-m21", tmp_path)
    assert piece.title == "chorale up 0 up 0 up 0 up 2 up 0 up 0"
    assert [part.role for part in piece.parts] == [Role.MELODY, Role.COUNTER, Role.COUNTER, Role.BASS]
    assert [part.phrases.tolist() for part in piece.parts] == [[(0, True), (4, True)]] * 4


def test_an_instrumental_piece_among_the_chorales_is_refused(tmp_path):
    (tmp_path / "bwv846.xml").write_text(score(("Piano", [note("C4", 12)])))
    reader = corpora.reader("bach-chorales-m21")
    with pytest.raises(ValueError, match="Piano"):
        reader.read(reader.sources(tmp_path)[0])
