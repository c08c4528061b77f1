"""Chord symbols to a root and one of the ten qualities that the network tells apart. Knows no corpus."""

import re

from livejam.pieces import Quality

NO_CHORD = (-1, Quality.NONE)
_STEPS = dict(zip("CDEFGAB", (0, 2, 4, 5, 7, 9, 11), strict=True))
_SYMBOL = re.compile(r"([A-G])([#b]*):?([^/]*)")  # a slash and its bass are left out
_QUALITIES = (  # the first that matches the rest of the symbol, as in the Weimar Jazz Database and in Harte's syntax
    (r".*sus", Quality.SUSPENDED),
    (r"(m7b5|hdim)", Quality.HALF_DIMINISHED),
    (r"(o|dim)", Quality.DIMINISHED),
    (r"(\+(?!7)|aug)", Quality.AUGMENTED),
    (r"(-j|minmaj|-6|-$|min6|min$|m6|m$)", Quality.MINOR),
    (r"(-7|-9|-1|min\d|m\d)", Quality.MINOR7),
    (r"(j|maj7|maj9|maj1|M7)", Quality.MAJOR7),
    (r"(6|maj|$)", Quality.MAJOR),
    (r"(\+?7|9|1)", Quality.DOMINANT),
)


def parse_chord(symbol: str) -> tuple[int, Quality]:
    """Return (root 0..11, quality) of symbols such as `Bb7`, `F#-7`, `Gm7b5`, `C:min7/b7`; no chord is (-1, NONE)."""
    match = _SYMBOL.match(symbol)
    if not match:
        return NO_CHORD
    letter, accidentals, rest = match.groups()
    root = (_STEPS[letter] + accidentals.count("#") - accidentals.count("b")) % 12
    return root, next((quality for pattern, quality in _QUALITIES if re.match(pattern, rest)), Quality.OTHER)
