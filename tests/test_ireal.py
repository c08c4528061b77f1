"""Charts as iReal Pro shares them: links, pages, playlists; songs of our own, and anything else."""

from fractions import Fraction
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_chart import checked, outcome

from livejam.chart_text import read_chart
from livejam.cli_options import chart_file, read_chords
from livejam.errors import LivejamError
from livejam.ireal import is_ireal, read_ireal, unscrambled
from livejam.notes import Metre
from livejam.symbols import spelled

FOUR = Metre(4, 4)
BLUES = "[T44F7XyQ|Bb7XyQ|F7XyQ|C-7 F7 |Bb7XyQ|Bo7XyQ|F7XyQ|Ah7 D7b9 |G-7XyQ|C7XyQ|F7 D7 |G-7 C7 Z "
AABA = (
    "{*AT44C^7 A-7 |D-7 G7 |E-7 A7 |D-7 G7 |G-7 C7 |F^7 Bb9#11 |N1E-7 A7b9 |D-7,p,G7,p}            |N2D-7 G7 |C6XyQ ]"
    "[*BG-7XyQ|C7XyQ|F^7XyQKcl  |A-7XyQ|D7XyQ|D-7   |G7sus G7 ]"
    "[*AC^7 A-7 |D-7 G7 |E-7 A7 |D-7 G7 |G-7 C7 |F^7 Bb9#11 |D-7 G7 |C6   Z"
)
WALTZ = "[*AT34D^7XyQ|G^7XyQ|F#-7p B7|E-7   ]Y[*BA7susp A7|D6  |x  |E-7 A7 Z"
CODA = "{*AT44A-7   |D-7   |SG7   |C^7   }[*BF^7   |Bh7 E7b9 |A-7Q  |E7#9 <D.S. al Coda> ][QA-7   |A-69   Z"
ORDER = "Am7 Dm7 G7 Cmaj7 Am7 Dm7 G7 Cmaj7 Fmaj7 Bm7b5 Am7 E7 G7 Cmaj7 Fmaj7 Bm7b5 Am7 Am7 Am"


def song(music: str, title: str = "My Song", style: str = "Medium Swing", key: str = "C", end: str = "==120=3") -> str:
    """The fields of a song in an irealb link."""
    return f"{title}=Me Myself=={style}={key}==1r34LbKcu7{unscrambled(music)}{end}"


def link(*songs: str) -> str:
    """A link with songs, and a name if there are several."""
    return "irealb://" + quote("===".join([*songs, "My List"] if len(songs) > 1 else songs), safe="")


def read(music: str):
    """The chart of a song's music."""
    return read_ireal(link(song(music)))


def bars(music: str) -> str:
    """The first chords of each bar as they are played."""
    return " ".join(spelled(bar[0][1:]) for bar in read(music).bars)


def places(music: str) -> list[tuple[str, str]]:
    """The chords of the last bar, each with its place in the bar."""
    return [(str(place), spelled((root, quality))) for place, root, quality in read(music).bars[-1]]


@given(st.text(max_size=240))
def test_scrambling_twice_is_undone(music):
    assert unscrambled(unscrambled(music)) == music


def test_blocks_of_fifty_letters_are_scrambled():
    plain = "".join(chr(0x100 + number) for number in range(103))
    mixed = unscrambled(plain)
    assert mixed[:5] == plain[49:44:-1]
    assert mixed[5:10] + mixed[24:26] + mixed[40:45] == plain[5:10] + plain[24:26] + plain[40:45]
    assert mixed[10:24] == plain[39:25:-1]
    assert mixed[100:] == plain[100:]
    assert unscrambled(plain[:51]) == plain[:51]


def test_a_blues_is_read():
    chart = read_ireal(link(song(BLUES, "Small Blues", "Medium Up Swing", "F")))
    twelve = "4/4 F7 | Bb7 | F7 | Cm7 F7 | Bb7 | Bdim7 | F7 | Am7b5 D7 | Gm7 | C7 | F7 D7 | Gm7 C7"
    assert str(chart) == twelve
    assert (chart.title, chart.style, chart.bpm, chart.key) == ("Small Blues", "jazz", 120.0, 6)
    assert chart.metres == ((4, 4),) * 12
    assert chart.sections == (0,)


def test_aaba_with_endings_is_unfolded():
    chart = read(AABA)
    assert len(chart.bars) == 32
    assert chart.sections == (0, 8, 16, 24)
    a = "Cmaj7 Am7 | Dm7 G7 | Em7 A7 | Dm7 G7 | Gm7 C7 | Fmaj7 Bb7"
    assert str(chart.passage(1, 8)) == f"4/4 {a} | Em7 A7 | Dm7 G7"
    assert str(chart.passage(9, 16)) == f"4/4 {a} | Dm7 G7 | C"
    assert str(chart.passage(17, 24)) == "4/4 Gm7 | C7 | Fmaj7 | % | Am7 | D7 | Dm7 | G7sus4 G7"


def test_a_waltz_has_its_chords_on_its_beats():
    chart = read(WALTZ)
    assert chart.metres == ((3, 4),) * 8
    assert chart.sections == (0, 4)
    assert [str(place) for place, _, _ in chart.bars[4]] == ["0", "2/3"]
    assert [str(place) for place, _, _ in chart.bars[7]] == ["0", "1/2"]  # four cells in three beats: equal shares
    assert str(chart).endswith("A7sus4 / A7 | D | % | Em7 A7")


def test_dal_segno_al_coda_is_unfolded():
    assert bars(CODA) == ORDER


@pytest.mark.parametrize(
    ("music", "lie"),
    [
        ("[T44C   ]", [("0", "C")]),
        ("[T44C F ]", [("0", "C"), ("1/2", "F")]),
        ("[T44C  F]", [("0", "C"), ("3/4", "F")]),
        ("[T44C,F,G,A]", [("0", "C"), ("1/4", "F"), ("1/2", "G"), ("3/4", "A")]),
        ("[T44CppF]", [("0", "C"), ("3/4", "F")]),
        ("[T44C F]", [("0", "C"), ("1/2", "F")]),
        ("[T34C F]", [("0", "C"), ("2/3", "F")]),
        ("[T34C F ]", [("0", "C"), ("1/2", "F")]),
        ("[T34C,p,F ]", [("0", "C"), ("2/3", "F")]),
        ("[T68C  F  ]", [("0", "C"), ("1/2", "F")]),
        ("[T12C F ]", [("0", "C"), ("1/2", "F")]),
        ("[T44C   |  F ]", [("0", "C"), ("1/2", "F")]),
        ("[T44C   |W/E F ]", [("0", "C"), ("1/2", "F")]),
        ("[T44C W/B F ]", [("0", "C"), ("2/3", "F")]),
        ("[T44C   |pFpp]", [("0", "C"), ("1/4", "F")]),
        ("[T44n C ]", [("0", "N.C."), ("1/2", "C")]),
        ("[T44sC,lF,]", [("0", "C"), ("1/2", "F")]),
        ("[T44C(F7) G(A7) ]", [("0", "C"), ("1/2", "G")]),
        ("[T44Bb6/D F7b9sus/C ]", [("0", "Bb"), ("1/2", "F7sus4")]),
        ("[T44C*-7* F*odd* ]", [("0", "Cm7"), ("1/2", "F5")]),
        ("[C F ]", [("0", "C"), ("1/2", "F")]),
        ("[T44 C  ]", [("0", "N.C."), ("1/4", "C")]),
    ],
)
def test_chords_stand_on_the_beat_of_their_cell(music, lie):
    assert places(music) == lie


@pytest.mark.parametrize(
    ("music", "order"),
    [
        ("[C   |x   |D   Z", "C C D"),
        ("[CXyQKcl LZDXyQZ", "C C D"),
        ("[C   |D   |r   |    |E   Z", "C D C D E"),
        ("[C   |D   |   r|    |E   Z", "C D C D E"),
        ("[C   |D   |r|E   Z", "C D C D E"),
        ("[C   |    |D   Z", "C C D"),
        ("[C   ]        [D   Z    ", "C D"),
        ("[C   ||Y|D   |U Z", "C D"),
        ("{C   |D   }E   Z", "C D C D E"),
        ("{<3x>C   }E   Z", "C C C E"),
        ("{C <Play x4> }E   {F }", "C C C C E F F"),
        ("{C   |N1D   }Y            |N2E   ]", "C D C E"),
        ("{C   |N1D   }|N2E   }|N3F   Z", "C D C E C F"),
        ("{C   |N1D   }{N2E   |N1F   }|N2G   Z", "C D C E F E G"),
        ("[C   |D <Fine> ][E   |F <D.C. al Fine> Z", "C D E F C D"),
        ("[C   |D   Z<Fine>[E   |F   Z<D.C. al Fine>", "C D E F C D"),
        ("[C   |fD   ][E   |F <D.C. al Fine> Z", "C D E F C D"),
        ("{C   |N1D   }|N2E   ][F   <D.C. al 2nd End.> ]", "C D C E F C E"),
        ("[C   |SD   |E  Q|F <D.S. al Coda> Z[QG   Z", "C D E F D E G"),
        ("[C   |D   |QE   |F <D.C. al Coda> Z[QG   Z", "C D E F C D G"),
        ("[C   |D  Q|E   Z[QF   Z", "C D E"),
        ("[C   |D   Z[QF   Z", "C D"),
        ("[C <13 measure lead break>  |N0D   Z", "C D"),
        ("[C\r\n   |\nD   Z", "C D"),
    ],
)
def test_signs_are_heeded_and_empty_cells_are_not(music, order):
    assert bars(music) == order


QUALITIES = """
5 2 add9 + o h sus ^ - ^7 -7 7 7sus h7 o7 ^9 ^13 6 69 ^7#11 ^9#11 ^7#5 -6 -69 -^7 -^9 -9 -11 -7b5 h9 -b6 -#5 9 7b9 7#9
7#11 7b5 7#5 9#11 9b5 9#5 7b13 7#9#5 7#9b5 7#9#11 7b9#11 7b9b5 7b9#5 7b9#9 7b9b13 7alt 13 13#11 13b9 13#9 7b9sus
7susadd3 9sus 13sus 7b13sus 11
"""


@pytest.mark.parametrize("quality", QUALITIES.split())
def test_every_quality_of_ireal_pro_is_known(quality):
    (chord,) = read(f"[T44Eb{quality}   Z").bars[0]
    assert (chord.place, chord.root) == (Fraction(0), 3)
    assert (spelled(chord[1:]) == "Eb5") == (quality == "5")
    assert read_chart(f"Eb{quality}").bars == ((chord,),)


def test_metres_change_within_a_song():
    chart = read("[T34C  |D  ][T54E    |T44F   Z")
    assert chart.metres == ((3, 4), (3, 4), (5, 4), (4, 4))
    assert chart.ticks(FOUR) == 24 * (3 + 3 + 5 + 4)


def test_older_links_are_plain():
    chart = read_ireal("irealbook://" + quote("My Waltz=Me=Jazz Waltz=A-=n=[T34A-7  |D7  Z", safe="="))
    assert (str(chart), chart.title, chart.style, chart.bpm, chart.key) == (
        *("3/4 Am7 | D7", "My Waltz", "jazz"),
        *(None, 13 + 9),
    )
    two = "irealbook://One=Me=Rock=C=n=[C   Z=Two=Me=Rock=C=n=[D   Z=My List"
    assert (str(read_ireal(two)), str(read_ireal(two, "two"))) == ("C", "D")


PLAYLIST = link(song("[C   Z", "One Blues"), song("[D   Z", "Two Blues"), song("[E   Z", "Blues"))


def test_of_several_songs_one_is_chosen_by_its_title():
    assert str(read_ireal(PLAYLIST)) == "C"
    assert str(read_ireal(PLAYLIST, "two")) == "D"
    assert str(read_ireal(PLAYLIST, " BLUES ")) == "E"
    with pytest.raises(LivejamError, match="no song is called 'three'; there are 'One Blues', 'Two Blues', 'Blues'"):
        read_ireal(PLAYLIST, "three")
    with pytest.raises(LivejamError, match="several songs are called 'b'; there are 'One Blues', 'Two"):
        read_ireal(PLAYLIST, "b")


def test_fields_may_be_empty():
    several = link(song("[C   Z", end="==0=0"), song("[D   Z", "Two", end="=Pop-Rock=0=0").replace("Me Myself", ""))
    assert str(read_ireal(several, "two")) == "D"
    assert read_ireal(several, "two").bpm is None


@pytest.mark.parametrize(
    "page",
    [
        f'<html>\n<body><h3><a href="{PLAYLIST}">My List</a></h3>\n</html>',
        f"<a href='{PLAYLIST}'>x</a>",
        f"A list of mine: {PLAYLIST} (three songs)",
        f'<p><a href="{link(song("[C   Z"))}">one</a> <a href="{link(song("[D   Z", "Two"))}">two</a></p>',
        '<a href="irealbook://a=b=c=C=n=[C   Z=Two=b=c=C=n=[C &lt;Fine&gt; |E &lt;D.C. al Fine&gt; Z">x</a>',
    ],
)
def test_links_are_found_in_pages(page):
    assert is_ireal(page)
    assert bars_of(read_ireal(page)) == "C"
    assert bars_of(read_ireal(page, "two")) in ("D", "C E C")


def bars_of(chart) -> str:
    return " ".join(spelled(bar[0][1:]) for bar in chart.bars)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("irealb://", "no song in this iReal Pro link, which may be cut off"),
        ("irealb://My%20Song=Me==Medium%20Sw", "no song in this iReal Pro link"),
        ("irealbook://My Song=Me=Swing=C", "no song in this iReal Pro link"),
        (link(song(BLUES))[:150], "this iReal Pro link is cut off; share the song from iReal Pro again"),
        (link(song("")), "'My Song' has no chords"),
        (link(song("[T44C   |D !   Z")), "bar 2 of 'My Song': '!' is no chord, and no sign of iReal Pro's"),
        (link(song("[T33C   Z")), "bar 1 of 'My Song': 3/3 is no metre"),
        (link(song("{C   |D   Z")), "bar 1 of 'My Song' begins a repeat that never ends"),
        (link(song("[x   |D   Z")), "bar 1 of 'My Song' is %, which repeats the bar before, but there is none"),
        (link(song("[C   |D   <D.S. al Coda> Z")), "bar 2 of 'My Song' says D.S., but no bar has a segno"),
        (link(song("{<99x>" + "C   |" * 20 + "D }")), "'My Song' has too many bars, repeats unfolded; 512"),
    ],
)
def test_what_is_no_song_gives_one_line(text, said):
    with pytest.raises(LivejamError) as error:
        read_ireal(text)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


PIECES = (
    *(
        "C",
        "D-7",
        "Bb7b9/D",
        "W",
        "n",
        "p",
        "x",
        "r",
        " ",
        "   ",
        "XyQ",
        "Kcl",
        "LZ",
        "|",
        "[",
        "]",
        "{",
        "}",
        "Z",
        "Y",
    ),
    *(
        "T44",
        "T34",
        "T12",
        "T00",
        "*A",
        "*i",
        "N1",
        "N2",
        "N3",
        "N0",
        "S",
        "Q",
        "f",
        "U",
        "s",
        "l",
        ",",
        "(A7)",
        "<3x>",
    ),
    *("<Fine>", "<D.C. al Fine>", "<D.S. al Coda>", "<D.C. al 2nd End.>", "<", "(", "*", "!", "\n", "é"),
)


@settings(max_examples=400)
@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join) | st.text(max_size=120))
def test_any_music_is_a_chart_or_says_why_not(music):
    checked(outcome(read, music))


@given(st.text(max_size=80), st.sampled_from(["irealb://", "irealbook://"]), st.integers(0, 200), st.text(max_size=5))
def test_any_link_is_a_chart_or_says_why_not(text, scheme, cut, title):
    for page in (scheme + text, PLAYLIST[:cut] + text, text + PLAYLIST[: 2 * cut], f'"{scheme}{text}'):
        checked(outcome(read_ireal, page, title))


def option(value: str):
    """The chart of `--chart`."""
    return read_chords(None, None, value)


def test_the_option_takes_text_links_and_files(tmp_path):
    assert str(option("C#m7 | F#7")) == "C#m7 | F#7"
    assert str(option("F#m7")) == "F#m7"
    assert str(option(PLAYLIST)) == "C"
    page, text, odd = tmp_path / "songs.html", tmp_path / "mine.txt", tmp_path / "chart #2"
    page.write_text(f'<a href="{PLAYLIST}">My List</a>')
    text.write_text("title: Mine\n[A] C | F\n")
    odd.write_text("G")
    assert str(option(str(page))) == "C"
    assert str(option(f"{page}#two")) == "D"
    assert option(str(text)).title == "Mine"
    assert str(option(str(odd))) == "G"


def test_the_option_says_what_it_can_not_read(tmp_path):
    page = tmp_path / "songs.html"
    page.write_text("<p>no link")
    with pytest.raises(LivejamError, match="no song in this"):
        option(str(page))
    with pytest.raises(LivejamError, match=r"can't read .*none\.html"):
        option(str(tmp_path / "none.html#one"))
    with pytest.raises(LivejamError, match="is no chord"):
        option("H" * 5000)
    with pytest.raises(LivejamError, match="is no chord"):
        option("a\0b")
    assert chart_file("C\nF.txt") == (None, "")
