"""Charts in plain text: what their symbols mean, what is no chart, and where the chords lie."""

import pytest

from livejam.chart import SILENT, read_chart, read_symbol
from livejam.errors import LivejamError
from livejam.notes import Metre
from livejam.pieces import Quality
from livejam.tokenizer import Chord

FOUR = Metre(4, 4)
SPELLINGS = {
    Quality.MAJOR: ("C", "Cmaj", "CM", "C6", "C69", "C6/9", "Cadd9", "C(add9)", "C2"),
    Quality.MINOR: ("Cm", "C-", "Cmin", "Cmi", "Cm6", "C-6", "Cmmaj7", "C-Δ7", "CmM7", "Cm(maj7)", "Cm69", "Cmadd9"),
    Quality.DOMINANT: (
        "C7",
        "C9",
        "C11",
        "C13",
        "C7b9",
        "C7#11",
        "C7(b9,#11)",
        "C7alt",
        "Calt",
        "C13b9",
        "C9#11",
        "C7+5",
    ),
    Quality.MAJOR7: ("Cmaj7", "CM7", "CΔ", "CΔ7", "Cj7", "Cmaj9", "Cma7", "Cmaj13", "C^7", "Cmaj7#11", "Cmaj7(#11)"),
    Quality.MINOR7: ("Cm7", "C-7", "Cmin7", "Cm9", "C-11", "Cm13", "Cmi7", "Cm7add11"),
    Quality.DIMINISHED: ("Cdim", "Co", "Co7", "Cdim7", "C°", "C°7"),
    Quality.HALF_DIMINISHED: ("Cø", "Cø7", "Cm7b5", "C-7b5", "Cmin7b5", "Cm7(b5)"),
    Quality.AUGMENTED: ("C+", "Caug", "C+7", "Caug7", "C+maj7"),
    Quality.SUSPENDED: ("Csus", "Csus4", "Csus2", "C7sus4", "C9sus", "C7sus", "C13sus4", "C7sus4b9"),
    Quality.OTHER: ("C5",),
}


@pytest.mark.parametrize(("symbol", "quality"), [(s, quality) for quality, all in SPELLINGS.items() for s in all])
def test_usual_spellings_are_read(symbol, quality):
    assert read_symbol(symbol) == (0, quality)


@pytest.mark.parametrize(
    ("symbol", "root"), [("C", 0), ("Bb", 10), ("F#", 6), ("E♭", 3), ("G♯", 8), ("Cb", 11), ("B#", 0), ("Abb", 7)]
)
def test_roots_have_accidentals(symbol, root):
    assert read_symbol(symbol) == (root, Quality.MAJOR)
    assert read_symbol(symbol + "m7") == (root, Quality.MINOR7)


def test_a_flat_is_no_alteration_and_a_bass_is_left_out():
    assert read_symbol("Bb9") == (10, Quality.DOMINANT)
    assert read_symbol("Am7/G") == (9, Quality.MINOR7)
    assert read_symbol("C6/9/E") == (0, Quality.MAJOR)
    assert read_symbol("D/F#") == (2, Quality.MAJOR)


@pytest.mark.parametrize("symbol", ["N.C.", "NC", "n.c."])
def test_no_chord_is_one_too(symbol):
    assert read_symbol(symbol) == SILENT


@pytest.mark.parametrize("symbol", ["H7", "c", "Cfoo", "Dm7x", "/G", "C/H", "7", "C#m7b", "Cmajor seven", ""])
def test_what_is_no_chord_is_none(symbol):
    assert read_symbol(symbol) is None


def test_bars_repeat_and_share():
    chart = read_chart("Dm7 | G7 | Cmaj7 A7 | % |")
    two, five, one, six = (2, Quality.MINOR7), (7, Quality.DOMINANT), (0, Quality.MAJOR7), (9, Quality.DOMINANT)
    assert chart.bars == ((two,), (five,), (one, six), (one, six))
    assert str(chart) == "Dm7 | G7 | Cmaj7 A7 | %"
    assert read_chart("| Dm7 | G7 |\n\n| Cmaj7 A7 | % |\n").bars == chart.bars


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no chords"),
        (" | | ", "no chords"),
        ("Dm7 | | G7", "bar 2 of the chart is empty; write %"),
        ("% | C", "bar 1 of the chart is %"),
        ("Dm7 | G7 | Hugo", "bar 3 of the chart: 'Hugo' is no chord; chords such as Am7"),
        ("C |" * 600, "600 bars; 512 are the most"),
    ],
)
def test_what_is_no_chart_gives_one_line(text, said):
    with pytest.raises(LivejamError) as error:
        read_chart(text)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_chords_lie_where_their_bars_do_and_go_round():
    chart = read_chart("C | F G")
    assert chart.chords(FOUR, 0, 0, 288) == (
        Chord(0, 0, Quality.MAJOR),
        Chord(96, 5, Quality.MAJOR),
        Chord(144, 7, Quality.MAJOR),
        Chord(192, 0, Quality.MAJOR),
    )


def test_the_chord_that_sounds_at_the_start_is_there_and_none_at_the_end():
    chart = read_chart("C | F G")
    assert [chord.tick for chord in chart.chords(FOUR, 10, 120, 202)] == [106, 154]
    assert [chord.tick for chord in chart.chords(FOUR, 10, 154, 203)] == [154, 202]


def test_the_chart_goes_on_before_its_beginning():
    assert read_chart("C | F").chords(FOUR, 96, 0, 97) == (Chord(0, 5, Quality.MAJOR), Chord(96, 0, Quality.MAJOR))


def test_three_chords_share_a_bar_of_three():
    chords = read_chart("C F G").chords(Metre(3, 4), 0, 0, 72)
    assert [chord.tick for chord in chords] == [0, 24, 48]
