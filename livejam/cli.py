"""The command line: options in, one call, text out.

Wiring only. Each command imports what it runs when it runs, so `livejam --help` is instant and nothing here loads
torch. Errors of our own family become one line on stderr and exit code 1, in one place.
"""

import sys
from pathlib import Path

import click

from livejam import __version__
from livejam.errors import LivejamError

TRAIN_EXTRA = {"torch", "symusic", "music21", "onnx", "onnxscript", "matplotlib", "safetensors"}


class Commands(click.Group):
    """A click group that turns LivejamError, and a missing train extra, into one line."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the chosen command; print our own errors plainly."""
        try:
            return super().invoke(ctx)
        except LivejamError as error:
            message = str(error)
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] not in TRAIN_EXTRA:
                raise
            message = f"this needs {error.name}, which is not installed; get it with: pip install 'livejam[train]'"
        click.echo(f"livejam: {message}", err=True)
        sys.exit(1)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """A jamming partner: hears your phrase on a MIDI port and answers it, in time."""


@main.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="Folder for pieces.npz.")
@click.option("--only", multiple=True, metavar="NAME", help="Read only this corpus; may be given again.")
def prepare(source: Path, out: Path, only: tuple[str, ...]) -> None:
    """Make training data of SOURCE: a folder of corpora or of MIDI files."""
    from rich.console import Console

    from livejam.training.prepare import prepare as prepare_corpora
    from livejam.training.tables import prepared_tables

    console = Console()
    prepared = prepare_corpora(source, out, only, console=console)
    console.print(prepared_tables(prepared))
    console.print(f"written to {prepared.path}", highlight=False)
