"""livejam: a jamming partner that hears a phrase on a MIDI port and answers it, in time."""

__version__ = "0.1.0"
