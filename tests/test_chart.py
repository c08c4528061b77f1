"""Charts in plain text: what their symbols mean, in which order bars are played, what is no chart, where chords lie."""

import re
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livejam.chart import MOST_BARS, Chart, Place, style_named
from livejam.chart_text import read_chart
from livejam.errors import LivejamError
from livejam.notes import Metre
from livejam.pieces import Quality
from livejam.symbols import SILENT, read_symbol, spelled
from livejam.tokenizer import Chord

FOUR = Metre(4, 4)
PAGE = (Path(__file__).parent.parent / "docs" / "charts.md").read_text(encoding="utf-8")
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
    Quality.MAJOR7: (
        *("Cmaj7", "CM7", "CΔ", "CΔ7", "Cj7", "Cmaj9", "Cma7", "Cmaj13", "C^7", "Cmaj7#11", "Cmaj7(#11)", "C^"),
    ),
    Quality.MINOR7: ("Cm7", "C-7", "Cmin7", "Cm9", "C-11", "Cm13", "Cmi7", "Cm7add11"),
    Quality.DIMINISHED: ("Cdim", "Co", "Co7", "Cdim7", "C°", "C°7", "Co^7"),
    Quality.HALF_DIMINISHED: ("Cø", "Cø7", "Cm7b5", "C-7b5", "Cmin7b5", "Cm7(b5)", "Ch7", "Ch", "Ch9", "C-9b5"),
    Quality.AUGMENTED: ("C+", "Caug", "C+7", "Caug7", "C+maj7"),
    Quality.SUSPENDED: (
        "Csus",
        "Csus4",
        "Csus2",
        "C7sus4",
        "C9sus",
        "C7sus",
        "C13sus4",
        "C7sus4b9",
        "C7b9sus",
        "C7susadd3",
    ),
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


@pytest.mark.parametrize("symbol", [SILENT, *((root, quality) for root in range(12) for quality in Quality if quality)])
def test_what_is_spelled_is_read(symbol):
    assert read_symbol(spelled(symbol)) == symbol


def played(text: str) -> str:
    """The bars of a chart as they are played."""
    chart = read_chart(text)
    return " | ".join(" ".join(spelled((root, quality)) for _, root, quality in bar) for bar in chart.bars)


def places(text: str) -> list[tuple[str, str]]:
    """The chords of a chart's last bar, each with its place in the bar."""
    return [(str(place), spelled((root, quality))) for place, root, quality in read_chart(text).bars[-1]]


def test_bars_repeat_and_share():
    chart = read_chart("Dm7 | G7 | Cmaj7 A7 | % |")
    assert played(str(chart)) == "Dm7 | G7 | Cmaj7 A7 | Cmaj7 A7"
    assert chart.bars[2] == ((Fraction(0), 0, Quality.MAJOR7), (Fraction(1, 2), 9, Quality.DOMINANT))
    assert str(chart) == "Dm7 | G7 | Cmaj7 A7 | %"
    assert read_chart("| Dm7 | G7 |\n\n| Cmaj7 A7 | % |\n").bars == chart.bars
    assert (chart.metres, chart.sections, chart.bars_in_chorus) == ((None,) * 4, (0,), 4)
    assert (chart.title, chart.style, chart.bpm, chart.key) == ("", "", None, 0)


@pytest.mark.parametrize(
    ("text", "one_line"),
    [
        ("| Dm7 | G7 |\n\n| Cmaj7 A7 | % |\n", "Dm7 | G7 | Cmaj7 A7 | %"),
        ("C\nF\n", "C | F"),
        ("|: C | F :|\n|: G :|", "|: C | F :| |: G :|"),
        ("[A]\nC | F ||\n# no chord\n[B] G", "[A] | C | F || [B] G"),
    ],
)
def test_a_chart_is_shown_in_one_line(text, one_line):
    assert str(read_chart(text)) == one_line
    assert read_chart(one_line).bars == read_chart(text).bars


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("C | D | %%", "C | D | C | D"),
        ("|: C | D :| E", "C | D | C | D | E"),
        ("C | D :| E", "C | D | C | D | E"),
        ("|:C|D:|E", "C | D | C | D | E"),
        ("C |: D :| E | F :|", "C | D | D | E | F | E | F"),
        ("|: C :|: D :|", "C | C | D | D"),
        ("|: C :||: D :|", "C | C | D | D"),
        ("|: C | :| D", "C | C | D"),
        ("|: C :|x3 D", "C | C | C | D"),
        ("|: C :| x3 | D", "C | C | C | D"),
        ("|: C :|(3x) D", "C | C | C | D"),
        ("|: Dm7 | G7 |1. C | A7 :|2. C | % |", "Dm7 | G7 | C | A7 | Dm7 | G7 | C | C"),
        ("|: C |1 D :|2 E | F", "C | D | C | E | F"),
        ("|: C | [1.] D :| [2.] E |", "C | D | C | E"),
        ("|: C |1. D |2. E :|", "C | D | C | E"),
        ("|: C |1. D :|2. E :|3. F", "C | D | C | E | C | F"),
        ("|: C |1.-3. D :|4. E", "C | D | C | D | C | D | C | E"),
        ("|: C |1,2. D :|3. E", "C | D | C | D | C | E"),
        ("|: C |1. D :| E", "C | D | C | E"),
        ("|: C |1. D :|", "C | D | C"),
        ("|: C |1. D :|2. E || F |1. G :|2. A", "C | D | C | E | F | G | F | A"),
        ("C | D Fine | E | F D.C. al Fine", "C | D | E | F | C | D"),
        ("C | D | Fine | E | D.C.", "C | D | E | C | D"),
        ("C | D | D.C.", "C | D | C | D"),
        ("C | segno D Fine | E D.S.", "C | D | E | D"),
        ("C | segno D | E to coda | F D.S. al Coda | coda G | A", "C | D | E | F | D | E | G | A"),
        ("C | D Coda | E | <D.C. al Coda> | Coda F", "C | D | E | C | D | F"),
        ("C | D D.C. al coda | coda E", "C | D | C | D | E"),
        ("C | D to coda | E D.C. al coda | F", "C | D | E | C | D | F"),
        ("C | D to coda | E | coda F", "C | D | E"),
        ("|: C |1. D :|2. E Fine || F D.C. al Fine", "C | D | C | E | F | C | E"),
        ("|: C |1. D | % :|2. E || F D.C. al 1st ending", "C | D | D | C | E | F | C | D | D"),
        ("|: C :| D D.C. al 2nd end. |1. E :|2. F", "C | C | D | E | D | C | D | F"),
        ("|: C :|2. D", None),
    ],
)
def test_bars_are_played_in_the_order_that_the_signs_say(text, order):
    if order is None:
        with pytest.raises(LivejamError):
            read_chart(text)
    else:
        assert played(text) == order


@pytest.mark.parametrize(
    ("text", "sections"),
    [
        ("C | D", (0,)),
        ("[A] C | D | [B] E | [A] F", (0, 2, 3)),
        ("[Intro]\nC | D\n[A]\nE", (0, 2)),
        ("C || D | E", (0, 1)),
        ("|: C | D :| E", (0, 2, 4)),
        ("|: C |1. D :|2. E || F", (0, 2, 4)),
        ("C | D D.C. al Fine", None),
        ("C | D Fine | E D.C.", (0, 3)),
    ],
)
def test_sections_begin_where_they_are_marked_and_after_jumps(text, sections):
    if sections is not None:
        assert read_chart(text).sections == sections


@pytest.mark.parametrize(
    ("text", "lie"),
    [
        ("Dm7 / / G7", [("0", "Dm7"), ("3/4", "G7")]),
        ("Dm7 . . G7", [("0", "Dm7"), ("3/4", "G7")]),
        ("Dm7 // G7", [("0", "Dm7"), ("3/4", "G7")]),
        ("3/4 C / G7", [("0", "C"), ("2/3", "G7")]),
        ("6/8 C / G7 /", None),
        ("6/8 C / / G7 / /", [("0", "C"), ("1/2", "G7")]),
        ("C | / / G7 /", [("0", "C"), ("1/2", "G7")]),
        ("C/E / F/A / ", [("0", "C"), ("1/2", "F")]),
        ("N.C. / / C", [("0", "N.C."), ("3/4", "C")]),
    ],
)
def test_slashes_are_beats(text, lie):
    if lie is None:
        with pytest.raises(LivejamError, match="bar 1 of the chart has 4 beats in 6/8"):
            read_chart(text)
    else:
        assert places(text) == lie


def test_metres_hold_from_where_they_stand():
    chart = read_chart("C | 3/4 D | E | 6/8 F")
    assert chart.metres == (None, (3, 4), (3, 4), (6, 8))
    assert chart.ticks(FOUR) == 96 + 3 * 72
    assert chart.ticks(Metre(5, 4)) == 120 + 3 * 72


def test_what_stands_above_the_chords_is_kept():
    chart = read_chart("title: My Waltz\nTempo: 132 bpm\nstyle: Jazz Waltz\nkey: Bb-\n\n# mine\n3/4 Bbm7 | Eb7")
    assert (chart.title, chart.bpm, chart.style, chart.key) == ("My Waltz", 132.0, "jazz", 13 + 10)
    assert chart.metres == ((3, 4), (3, 4))
    assert str(chart) == "3/4 Bbm7 | Eb7"


@pytest.mark.parametrize(
    ("words", "style"),
    [("Medium Swing", "jazz"), ("Slow Rock", "pop"), ("Bluegrass", "folk"), ("classical", "classical"), ("Zz", "")],
)
def test_styles_have_many_names(words, style):
    assert style_named(words) == style


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no chords"),
        (" | | ", "no chords"),
        ("[A] |", "no chords"),
        ("title: nothing", "no chords"),
        ("Dm7 | | G7", "bar 2 of the chart is empty; write %"),
        ("% | C", "bar 1 of the chart is %, which repeats the bar before, but there is none"),
        ("C | %%", "bar 2 of the chart is %%, which repeats the two bars before, but they are missing"),
        ("C % | F", "bar 1 of the chart has % beside others"),
        ("Dm7 | G7 | Hugo", "bar 3 of the chart: 'Hugo' is no chord; chords such as Am7"),
        ("Dm7\nG7 | Hugo", "bar 3 of the chart (line 2): 'Hugo' is no chord"),
        ("title: x\nHugo", "bar 1 of the chart (line 2): 'Hugo' is no chord"),
        ("C | x3", "bar 2 of the chart: 'x3' is no chord"),
        ("C |" * 600, "600 bars; 512 are the most"),
        ("|: " + "C |" * 60 + " C :|x99", "too many bars, repeats unfolded; 512 are the most"),
        ("C " * 65, "bar 1 of the chart has 65 chords and beats; 64 are the most"),
        ("/ C", "bar 1 of the chart begins with a beat on which a chord goes on"),
        ("4/4 C / F", "bar 1 of the chart has 3 beats in 4/4"),
        ("5/3 C", "bar 1 of the chart: 5/3 is no metre"),
        ("C | 0/4 C", "bar 2 of the chart: 0/4 is no metre"),
        ("99/4 C", "99/4 is no metre"),
        ("C 3/4 F", "bar 1 of the chart: 3/4 stands after a chord"),
        ("C [B] F", "bar 1 of the chart: [B] stands after a chord"),
        ("C 1. F", "bar 1 of the chart: 1. stands after a chord"),
        ("C |: D | E", "bar 2 of the chart begins a repeat that never ends; write :|"),
        ("|: C |: D :|", "bar 1 of the chart begins a repeat that never ends"),
        ("C | D |:", "bar 3 of the chart is missing: a repeat or an ending begins"),
        (":| C", "bar 1 of the chart: a repeat ends before it, but there is none"),
        ("|: C :| :| D", "bar 2 of the chart: a repeat ends before it, but there is none"),
        ("C |: :| D", "bar 2 of the chart should begin a repeat, which has no bars"),
        ("|: C :|x1 D", "bar 1 of the chart ends a repeat that is played x1; x2 to x99"),
        ("C | 1. D", "bar 2 of the chart begins an ending, but no repeat"),
        ("|: C :|1. D", "bar 2 of the chart begins an ending after its repeat"),
        ("|: C |2. D :| E", "bar 2 of the chart begins ending 2, but ending 1 has to come first"),
        ("|: C |1. D :| E |2. F", "bar 2 of the chart ends a repeat, so the next ending has to begin right after it"),
        ("C | D.S.", "bar 1 of the chart says D.S., but no bar has a segno"),
        ("C | D.C. al Fine", "bar 1 of the chart says D.C. al Fine, but no bar says Fine"),
        ("C | D.C. al Coda", "bar 1 of the chart says D.C. al Coda, but there is no coda"),
        ("C | D.C. al 2nd ending", "but no bar begins ending 2"),
        ("Fine | C", "stand at the end of a bar, but there is none before it"),
        ("tempo: fast\nC", "tempo: 'fast' won't do; write 30 to 300"),
        ("tempo: 999\nC", "tempo: '999' won't do"),
        ("style: polka\nC", "style: 'polka' is not known; jazz, folk, pop and classical are"),
        ("key: H\nC", "key 'H' won't do; give a key such as D minor"),
    ],
)
def test_what_is_no_chart_gives_one_line(text, said):
    with pytest.raises(LivejamError) as error:
        read_chart(text)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


WORDS = (
    *("C", "Dm7", "%", "%%", "/", ".", "|", "||", "|:", ":|", ":|:", "|]", "\n", " ", "x3", "1.", "2.", "1-3.", "[A]"),
    *("[1.]", "3/4", "6/8", "5/3", "segno", "coda", "to coda", "Fine", "D.C.", "D.S. al Coda", "D.C. al Fine", "Hugo"),
    *("D.S. al 2nd ending", "title: x", "key: C", "tempo: 9", "# c", "N.C.", "<", "[", ":", "(", "x", "99999999999x"),
)


def outcome(read, *given) -> "Chart | str":
    """The chart, or what is said instead, in one line."""
    try:
        return read(*given)
    except LivejamError as error:
        return str(error)


def checked(chart: "Chart | str") -> None:
    """A chart is as it says; else one line says what is wrong."""
    if isinstance(chart, str):
        assert chart
        assert "\n" not in chart
        return
    assert 1 <= len(chart.bars) == len(chart.metres) <= MOST_BARS
    assert chart.sections[0] == 0
    assert list(chart.sections) == sorted({*chart.sections})
    assert chart.sections[-1] < len(chart.bars)
    assert all(bar[0].place == 0 and bar[-1].place < 1 for bar in chart.bars)
    assert "\n" not in str(chart)
    chart.chords(FOUR, 5, 0, 200)


@settings(max_examples=400)
@given(st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join) | st.text(max_size=60))
def test_any_text_is_a_chart_or_says_why_not(text):
    checked(outcome(read_chart, text))


@settings(max_examples=200)
@given(st.lists(st.sampled_from(WORDS[:24]), max_size=30).map(" ".join))
def test_what_is_written_out_is_read_again(text):
    chart = outcome(read_chart, text)
    if isinstance(chart, Chart) and None not in chart.metres[chart.metres.count(None) :]:
        again = read_chart(str(chart.transposed(12)))
        assert (again.bars, again.metres, again.sections) == (chart.bars, chart.metres, chart.sections)


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
    assert chart.chords(FOUR, 10, 154, 154) == ()


def test_the_chart_goes_on_before_its_beginning():
    assert read_chart("C | F").chords(FOUR, 96, 0, 97) == (Chord(0, 5, Quality.MAJOR), Chord(96, 0, Quality.MAJOR))


def test_three_chords_share_a_bar_of_three():
    chords = read_chart("C F G").chords(Metre(3, 4), 0, 0, 72)
    assert [chord.tick for chord in chords] == [0, 24, 48]


def test_chords_lie_in_bars_of_their_own_metre():
    chart = read_chart("C / / F | 3/4 G / A | 2/4 B E")
    ticks = [chord.tick for chord in chart.chords(FOUR, 10, 10, 10 + 2 * chart.ticks(FOUR))]
    once = [0, 72, 96, 144, 168, 192]
    assert ticks == [10 + tick for tick in once] + [226 + tick for tick in once]


def test_a_tick_has_its_place_in_the_tune():
    chart = read_chart("[A] C | 3/4 F | [B] G | A")
    assert chart.place(100, FOUR, 100) == Place(0, 0, 100, Metre(4, 4, 100), False)
    assert chart.place(195, FOUR, 100) == Place(0, 0, 100, Metre(4, 4, 100), False)
    assert chart.place(196, FOUR, 100) == Place(0, 1, 196, Metre(3, 4, 196), True)
    assert chart.place(268, FOUR, 100) == Place(0, 2, 268, Metre(3, 4, 268), False)
    assert chart.place(99, FOUR, 100) == Place(-1, 3, 28, Metre(3, 4, 28), True)
    assert chart.place(100 + 3 * 312, FOUR, 100) == Place(3, 0, 100 + 3 * 312, Metre(4, 4, 100 + 3 * 312), False)


@given(st.integers(-5000, 5000), st.integers(-500, 500), st.sampled_from([FOUR, Metre(3, 4), Metre(7, 8)]))
def test_places_agree_with_the_length_of_a_chorus(tick, origin, metre):
    chart = read_chart("[A] C | 3/4 F | [B] G | 6/8 A | %")
    place = chart.place(tick, metre, origin)
    assert place.start <= tick < place.start + place.metre.bar_ticks
    after = chart.place(tick + chart.ticks(metre), metre, origin)
    assert (after.chorus, after.bar, after.section_ends) == (place.chorus + 1, place.bar, place.section_ends)
    assert (place.chorus < 0) == (tick < origin)


def test_a_chart_is_transposed():
    chart = read_chart("title: x\nkey: D minor\n[A] 3/4 Dm7 / G7 | N.C. || Cadd9")
    higher = chart.transposed(3)
    assert str(higher) == "3/4 Fm7 / Bb7 | N.C. || Eb"
    assert (higher.key, higher.title, higher.sections) == (13 + 5, "x", (0, 2))
    assert higher.transposed(-15).key == chart.transposed(0).key == chart.key
    assert higher.transposed(-3).bars == chart.bars
    assert read_chart("C").transposed(-1).key == 0


def test_a_passage_is_what_a_musician_calls_it():
    chart = read_chart("|: C | F :| [B] 3/4 G / A | %")
    passage = chart.passage(2, 5)
    assert str(passage) == "F || C | F || 3/4 G / A"
    assert (passage.metres, passage.sections) == ((None, None, None, (3, 4)), (0, 1, 3))
    assert chart.passage(1, 6).bars == chart.bars
    assert chart.passage(6, 6).sections == (0,)


@pytest.mark.parametrize(("first", "last"), [(0, 1), (2, 1), (1, 4), (-1, -1), (4, 4)])
def test_a_passage_lies_within_the_chart(first, last):
    with pytest.raises(LivejamError, match="it has bars 1 to 3, repeats unfolded"):
        read_chart("C | F | G").passage(first, last)


@pytest.mark.parametrize("example", re.findall(r"```chart\n(.*?)```", PAGE, re.DOTALL))
def test_the_examples_of_the_page_are_charts(example):
    checked(read_chart(example))


@pytest.mark.parametrize(("text", "order"), re.findall(r"^\| `([^`]+)` \| `([^`]+)` \|", PAGE, re.MULTILINE))
def test_the_table_of_the_page_says_what_is_played(text, order):
    assert played(text.replace("\\|", "|")) == played(order.replace("\\|", "|"))


def test_the_page_has_examples():
    assert PAGE.count("```chart") >= 4
