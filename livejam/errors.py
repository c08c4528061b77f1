"""The one family of errors that livejam raises on purpose.

A message says in one line what was wrong, what was given and what would work. The command line prints it and exits
with 1; anything else that escapes is a bug.
"""


class LivejamError(Exception):
    """Something the user can put right; the message says how."""


class PortError(LivejamError):
    """A MIDI port is missing, ambiguous, or refuses to open."""


class FileError(LivejamError):
    """A file can't be read or written, or holds nothing usable."""


class ModelError(LivejamError):
    """The exported network is missing, damaged, or does not fit its sidecar."""
