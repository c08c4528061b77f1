"""Chord symbols: what `Am7`, `G7b9` or `F#h7` mean, and how a chord is written. Pure. Knows nothing of bars or time."""

import re

from livejam.pieces import Quality

Symbol = tuple[int, Quality]  # root 0..11 (C = 0) and quality; or SILENT

SILENT: Symbol = (-1, Quality.NONE)  # no chord
NO_CHORD = re.compile(r"(?i)n\.?c\.?")
ROOTS = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_SUFFIXES = {
    Quality.MAJOR: "", Quality.MINOR: "m", Quality.DOMINANT: "7", Quality.MAJOR7: "maj7", Quality.MINOR7: "m7",
    Quality.DIMINISHED: "dim7", Quality.HALF_DIMINISHED: "m7b5", Quality.AUGMENTED: "+", Quality.SUSPENDED: "7sus4",
    Quality.OTHER: "5",
}  # fmt: skip
_DEGREES = dict(zip("CDEFGAB", (0, 2, 4, 5, 7, 9, 11), strict=True))
_SYMBOL = re.compile(r"([A-G])(##|bb|[#b]?)(.*)")
_BASS = re.compile(r"/[A-G](##|bb|[#b]?)$")
_MORE = r"(?:(?:add|alt|no|sus|[#b+-]?\d|[(),])*)"  # alterations and additions
_MINOR = r"(?:m(?!a(?!dd))|-|mi|min)"
_MAJOR = r"(?:maj|ma|Maj|M|Δ|\^|j)"
_QUALITIES = tuple(
    (re.compile(pattern), quality)
    for pattern, quality in (  # the first that matches all of a symbol but its root and bass
        (rf"(?:[øh](?:7|9|11)?|{_MINOR}(?:7|9|11)?\(?b5\)?|{_MINOR}7\(?b5\)?{_MORE}|hdim7?)", Quality.HALF_DIMINISHED),
        (rf"(?:dim|°|o)(?:{_MAJOR}?7)?{_MORE}", Quality.DIMINISHED),
        (rf"(?:[679]|11|13)?sus[24]?{_MORE}|(?:7|9|13)(?:[#b]\d+)*\(?sus[24]?\)?{_MORE}", Quality.SUSPENDED),
        (rf"(?:\+|aug)(?:{_MAJOR}?7)?{_MORE}", Quality.AUGMENTED),
        (rf"{_MINOR}(?:6|69|6/9|\(?{_MAJOR}7?\)?9?|2|\(?add\d+\)?)?|{_MINOR}[#b][56]", Quality.MINOR),
        (rf"{_MINOR}(?:7|9|11|13){_MORE}", Quality.MINOR7),
        (rf"{_MAJOR}(?:7|9|11|13){_MORE}|[Δ^]7?{_MORE}", Quality.MAJOR7),
        (rf"(?:{_MAJOR}|6|69|6/9|2|add\d+|\(add\d+\))?|{_MAJOR}?6(?:/9|9)?", Quality.MAJOR),
        (rf"(?:7|9|11|13|alt){_MORE}", Quality.DOMINANT),
        (r"5", Quality.OTHER),
    )
)


def read_symbol(text: str) -> Symbol | None:
    """Return the root and quality of a chord symbol; None: it is none."""
    if NO_CHORD.fullmatch(text):
        return SILENT
    match = _SYMBOL.fullmatch(_BASS.sub("", text.replace("♯", "#").replace("♭", "b")))
    if match is None:
        return None
    letter, accidentals, rest = match.groups()
    root = (_DEGREES[letter] + accidentals.count("#") - accidentals.count("b")) % 12
    quality = next((quality for pattern, quality in _QUALITIES if pattern.fullmatch(rest)), None)
    return None if quality is None else (root, quality)


def spelled(symbol: Symbol) -> str:
    """Return how a chord is written; `read_symbol` reads it."""
    root, quality = symbol
    return "N.C." if root < 0 else ROOTS[root] + _SUFFIXES[quality]
