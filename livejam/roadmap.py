"""From a chart as it is written to the bars in the order in which they are played.

A repeat without a beginning goes back to where the last one ended. After D.C. or D.S. repeats are not played again, and
the last ending is taken. A coda to which no jump leads is for the end of a performance, so it is no part of a chart,
which goes round. Pure. Knows nothing of how charts are spelled. Bars count from 0, but from 1 in messages.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from livejam.chart import MOST_BARS, Chart, written_out
from livejam.errors import LivejamError
from livejam.sheet import CODA, FINE, Jump, Sheet, Written


@dataclass(frozen=True, slots=True)
class _Strain:
    """Bars that are repeated together, or not at all."""

    first: int
    times: int  # that they are played
    endings: dict[int, int]  # time through -> the bar where its ending begins; empty: there are none
    back: frozenset[int]  # bars from which to go back to the first, but the last time


@dataclass(frozen=True, slots=True)
class _Way:
    """What a jump leads to."""

    to: int  # bar
    fines: frozenset[int]  # bars after which the chart ends
    leave: int | None = None  # bar before which to go to the coda
    coda: int | None = None
    ending: int = 0  # the one to take, with which the chart ends; 0: the last, and it goes on


def unfolded(
    sheet: Sheet, title: str = "", style: str = "", bpm: float | None = None, key: int = 0, text: str | None = None
) -> Chart:
    """Return the chart that `sheet` has, as it is played; without a `text` of its own it is written out.

    Raises:
        LivejamError: repeats, endings or jumps lead nowhere, or it is too long.
    """
    if len(sheet.bars) > MOST_BARS:
        raise LivejamError(f"{sheet.name} has {len(sheet.bars)} bars; {MOST_BARS} are the most")
    order = _order(sheet, _strains(sheet), _ways(sheet))
    written = [sheet.bars[i] for i in order]
    bars, metres = tuple(bar.chords for bar in written), tuple(bar.metre for bar in written)
    sections = tuple(_sections(sheet.bars, order))
    return Chart(
        bars, written_out(bars, metres, sections) if text is None else text, metres, sections, title, style, bpm, key
    )


def _order(sheet: Sheet, strains: Sequence[_Strain], ways: dict[int, _Way]) -> list[int]:
    """Return the written bars in the order in which they are played."""
    order, jumped, end = list[int](), set[int](), _end(sheet.bars, ways)
    current: _Strain | None = None
    way: _Way | None = None
    bar, time = 0, 1
    while bar < end:
        strain = strains[bar]
        if strain is not current:
            current, time = strain, _last_time(strain, way) if jumped else 1
        if way and bar == way.leave and way.coda is not None:
            bar, current, way = way.coda, None, None
            continue
        if sheet.bars[bar].endings and time not in sheet.bars[bar].endings:
            bar = strain.endings[time]
            continue
        order.append(bar)
        if len(order) > MOST_BARS:
            raise LivejamError(f"{sheet.name} has too many bars, repeats unfolded; {MOST_BARS} are the most")
        if way and (bar in way.fines or (way.ending and _ending_ends(sheet.bars, strain, bar, way.ending))):
            break
        if bar in strain.back and time < strain.times and not jumped:
            bar, time = strain.first, time + 1
        elif bar in ways and bar not in jumped and time == strain.times:
            jumped.add(bar)
            way = ways[bar]
            bar, current = way.to, None
        else:
            bar += 1
    return order


def _last_time(strain: _Strain, way: _Way | None) -> int:
    """Return which time through a strain is, that is played once more after a jump."""
    return way.ending if way and way.ending in strain.endings else strain.times


def _ending_ends(bars: Sequence[Written], strain: _Strain, bar: int, ending: int) -> bool:
    """Return whether that ending ends with `bar`."""
    if bar < strain.endings.get(ending, bar + 1):
        return False
    following = bars[bar + 1] if bar + 1 < len(bars) else Written(section=True)
    ended = bars[bar].closes or bars[bar].double or following.section or following.opens or following.endings
    return bool(ended)


def _end(bars: Sequence[Written], ways: dict[int, _Way]) -> int:
    """Return how many bars are to be played at all: not those of a coda to which no jump leads."""
    codas = [i for i, bar in enumerate(bars) if bar.coda and i]
    return codas[-1] if codas and not ways else len(bars)


def _sections(bars: Sequence[Written], order: Sequence[int]) -> list[int]:
    """Return which of the bars in `order` begin a section: by a mark, after a double bar line, a repeat or a jump."""
    found = []
    for place, bar in enumerate(order):
        before = bars[bar - 1] if bar else Written()
        marked = bars[bar].section or bars[bar].opens or before.double or before.closes
        straight = place and order[place - 1] == bar - 1
        if not place or (not bars[bar].endings and (marked or not straight)):
            found.append(place)
    return found


def _strains(sheet: Sheet) -> list[_Strain]:
    """Return the strain of every bar."""
    bars, begins, ended, endings = sheet.bars, [0], False, False
    for i, bar in enumerate(bars):
        anew = bar.section or (i and bars[i - 1].double) or not endings
        if i and not bar.endings and (bar.opens or (ended and anew)):
            begins.append(i)
            ended = endings = False
        ended = ended or bool(bar.closes) or (endings and bool(bar.endings))
        endings = endings or bool(bar.endings)
    strains = []
    for first, end in zip(begins, [*begins[1:], len(bars)], strict=True):
        strains += [_strain(sheet, first, end)] * (end - first)
    return strains


def _strain(sheet: Sheet, first: int, end: int) -> _Strain:
    """Return the strain of the bars from `first` to before `end`."""
    bars = sheet.bars
    begins = [i for i in range(first, end) if bars[i].endings]
    closes = [i for i in range(first, end) if bars[i].closes]
    if not closes and begins:
        raise sheet.error(" begins an ending, but no repeat; write |: … |1. … :|2. …", begins[0])
    if not closes and bars[first].opens:
        raise sheet.error(" begins a repeat that never ends; write :| after its last bar", first)
    if not begins:
        return _Strain(first, bars[closes[0]].closes if closes else 1, {}, frozenset(closes))
    if closes[0] < begins[0]:
        raise sheet.error(" begins an ending after its repeat; write |: … |1. … :|2. …", begins[0])
    endings = _endings(sheet, begins)
    if len(begins) == 1:  # what follows is the last ending
        return _Strain(first, len(endings) + 1, endings | {len(endings) + 1: closes[0] + 1}, frozenset(closes[:1]))
    back = frozenset(begin - 1 for begin in begins[1:])
    for close in closes:
        if close not in back and close < begins[-1]:
            raise sheet.error(" ends a repeat, so the next ending has to begin right after it", close)
    return _Strain(first, len(endings), endings, back)


def _endings(sheet: Sheet, begins: Sequence[int]) -> dict[int, int]:
    """Return where the ending of each time through begins."""
    endings: dict[int, int] = {}
    for bar in begins:
        for number in sheet.bars[bar].endings:
            if number != len(endings) + 1:
                raise sheet.error(f" begins ending {number}, but ending {len(endings) + 1} has to come first", bar)
            endings[number] = bar
    return endings


def _ways(sheet: Sheet) -> dict[int, _Way]:
    """Return where each bar leads that ends with D.C. or D.S."""
    return {i: _way(sheet, i, bar.jump) for i, bar in enumerate(sheet.bars) if bar.jump}


def _way(sheet: Sheet, bar: int, jump: Jump) -> _Way:
    bars = sheet.bars
    segno = next((i for i, one in enumerate(bars) if one.segno), None) if jump.to_segno else 0
    if segno is None:
        raise sheet.error(" says D.S., but no bar has a segno", bar)
    fines = frozenset(i for i, one in enumerate(bars) if one.fine or (one.fermata and not any(b.fine for b in bars)))
    leaves = [i + 1 for i in range(bar + 1) if bars[i].leaves] + [i for i in range(1, bar + 1) if bars[i].coda]
    codas = [i for i in range(bar + 1, len(bars)) if bars[i].coda] or [bar + 1]
    nowhere = codas[0] == len(bars) or not (leaves or bars[codas[0]].coda)
    if jump.until == FINE or (not jump.until and any(one.fine for one in bars)):
        if not fines:
            raise sheet.error(f" says {jump}, but no bar says Fine", bar)
        return _Way(segno, fines)
    if jump.until == CODA or (not jump.until and not nowhere):
        if nowhere:
            raise sheet.error(f" says {jump}, but there is no coda after it", bar)
        return _Way(segno, frozenset(), min([*(leave for leave in leaves if leave > segno), bar + 1]), codas[0])
    if not jump.until:
        return _Way(segno, frozenset({bar}))
    ending = int(jump.until)
    if not any(ending in one.endings for one in bars):
        raise sheet.error(f" says {jump}, but no bar begins ending {ending}", bar)
    return _Way(segno, frozenset(), ending=ending)
