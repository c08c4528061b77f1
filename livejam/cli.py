"""The command line: options in, one call, text out.

Wiring only. Each command imports what it runs when it runs, so `livejam --help` is instant and nothing here loads
torch. Errors of our own family become one line on stderr and exit code 1, in one place.
"""

import sys

import click

from livejam import __version__
from livejam.errors import LivejamError


class Commands(click.Group):
    """A click group that turns LivejamError into one line."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the chosen command; print our own errors plainly."""
        try:
            return super().invoke(ctx)
        except LivejamError as error:
            click.echo(f"livejam: {error}", err=True)
            sys.exit(1)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """A jamming partner: hears your phrase on a MIDI port and answers it, in time."""
