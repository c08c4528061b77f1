"""The header fields of ABC notation that change what is heard: key, metre, tempo, note lengths, passes of an ending."""

import re
from collections.abc import Iterator
from fractions import Fraction

ACCIDENTALS = {"^": 1, "^^": 2, "_": -1, "__": -2, "=": 0}
FIFTHS = "FCGDAEB"  # sharps come in this order, flats in the reverse one
MODES = {"": 0, "maj": 0, "ion": 0, "mix": -1, "dor": -2, "min": -3, "aeo": -3, "m": -3, "phr": -4, "loc": -5, "lyd": 1}


def parse_tempo(text: str) -> float | None:
    """Return the quarter notes a minute of a `Q:` field such as `3/8=120`; None where no note value is given."""
    match = re.search(r"(\d+)/(\d+)\s*=\s*(\d+)", text)
    if not match or not int(match[2]):
        return None
    return float(Fraction(int(match[1]) * 4, int(match[2])) * int(match[3])) or None


def parse_metre(text: str) -> tuple[int, int] | None:
    """Return numerator and denominator of an `M:` field; None for free metre."""
    symbol = text.strip()
    if symbol in ("C", "C|"):
        return (4, 4) if symbol == "C" else (2, 2)
    match = re.match(r"(\d+)/(\d+)", symbol)
    return (int(match[1]), int(match[2])) if match else None


def parse_key(text: str) -> dict[str, int]:
    """Return the accidentals of a `K:` field: letter A..G to -1 or 1, plus those it adds itself."""
    match = re.match(r"([A-G])([#b]?)\s*([A-Za-z]*)", text)
    if not match or text.startswith(("Hp", "HP")):
        return {"F": 1, "C": 1} if text.startswith("Hp") else {}
    sharps = FIFTHS.index(match[1]) - 1 + 7 * {"": 0, "#": 1, "b": -1}[match[2]] + _mode(match[3])
    key = dict.fromkeys(FIFTHS[:sharps], 1) if sharps > 0 else dict.fromkeys(FIFTHS[::-1][:-sharps], -1)
    for sign, letter in re.findall(r"([\^_=])([A-Ga-g])(?![a-z])", text[match.end() :]):
        key[letter.upper()] = ACCIDENTALS[sign]
    return key


def _mode(text: str) -> int:
    """Return how many sharps a mode adds to the major key of its tonic."""
    mode = "maj" if text == "M" else text.lower()[:3]
    if mode not in MODES:
        raise ValueError(f"unknown mode {text!r} in the K: field")
    return MODES[mode]


def parse_length(text: str) -> Fraction:
    """Return the value of a length such as `3`, `/`, `//` or `3/4`."""
    head, *rest = re.split(r"(/)", text)
    value = Fraction(int(head or 1))
    for divisor in rest[1::2]:
        value /= int(divisor or 2)
    return value


def parse_endings(text: str) -> tuple[int, ...]:
    """Return the passes of an ending such as `1`, `1,3` or `1-3`."""

    def each() -> Iterator[int]:
        for item in re.split(r"[,.]", text):
            first, _, last = item.partition("-")
            yield from range(int(first), int(last or first) + 1)

    return tuple(each())
