"""Names of ports: which one a player means. Pure.

Systems decorate names: ALSA appends `20:0`, Windows an index that shifts when something is plugged in; both are ignored
where they don't help. Knows nothing of what a port does. There are no units.
"""

import re
from collections.abc import Callable, Iterable, Sequence

from livejam.errors import PortError

_WORD = re.compile(r"[^\W_]+")
_ADDRESS = re.compile(r"\s+\d+:\d+$")  # ALSA's client:port
_INDEX = re.compile(r"\s+\d+$")  # Windows' place in the list


def bare_name(name: str, *, indexed: bool = False) -> str:
    """Return `name` without what the system appended; `indexed` where it appends an index, as Windows does."""
    return (_INDEX if indexed else _ADDRESS).sub("", name)


def match_port(asked: str, available: Sequence[str], direction: str, *, indexed: bool = False) -> int:
    """Return the place in `available` of the port that `asked` means.

    The same name wins; then the same words; then a port in which every word asked for occurs, whole words before parts
    of words, case and punctuation ignored. `direction` ("input" or "output") is for the message.

    Raises:
        PortError: no port fits, or more than one does.
    """
    wanted = _words(asked)
    for fits in _rules(asked, wanted, indexed):
        found = [place for place, name in enumerate(available) if fits(name)]
        if len(found) == 1:
            return found[0]
        if found:
            names = quoted(available[place] for place in found)
            raise PortError(f"{asked!r} fits more than one MIDI {direction}: {names}; give more of the name")
    raise PortError(_nothing_fits(asked, available, direction))


def pasteable(available: Sequence[str], *, indexed: bool = False) -> list[str]:
    """Return for each port the shortest name that `match_port` takes back to it: bare where that is enough."""
    return [_pasteable(place, available, indexed) for place in range(len(available))]


def quoted(names: Iterable[str]) -> str:
    """Return port names as a message lists them."""
    return ", ".join(repr(name) for name in names) or "none"


def _pasteable(place: int, available: Sequence[str], indexed: bool) -> str:
    bare = bare_name(available[place], indexed=indexed)
    try:
        return bare if match_port(bare, available, "port", indexed=indexed) == place else available[place]
    except PortError:
        return available[place]


def _rules(asked: str, wanted: tuple[str, ...], indexed: bool) -> tuple[Callable[[str], bool], ...]:
    """Ways in which a port may fit, the surest first."""
    bare = bare_name(asked, indexed=indexed)
    return (
        lambda name: bare_name(name, indexed=indexed) == asked,
        lambda name: name == asked,
        lambda name: _words(bare_name(name, indexed=indexed)) == wanted,
        lambda name: not indexed and bare_name(name) == bare,  # the address has changed since
        lambda name: bool(wanted) and _follow(wanted, _words(name)),
        lambda name: bool(wanted) and set(wanted) <= set(_words(name)),
        lambda name: bool(wanted) and all(_occurs(word, name) for word in wanted),
    )


def _follow(wanted: tuple[str, ...], words: tuple[str, ...]) -> bool:
    """Whether the words wanted follow one another in `words`."""
    return any(words[i : i + len(wanted)] == wanted for i in range(len(words)))


def _words(name: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(name.casefold()))


def _occurs(word: str, name: str) -> bool:
    """Whether `word` is a word of `name` or a part of one; a number only counts whole (bus 1 is not bus 12)."""
    return word in _words(name) or (not word.isdigit() and word in name.casefold())


def _nothing_fits(asked: str, available: Sequence[str], direction: str) -> str:
    if not available:
        return f"no MIDI {direction} matches {asked!r}: there are none; plug one in, or leave the port away"
    return f"no MIDI {direction} matches {asked!r}; available: {quoted(available)}"
