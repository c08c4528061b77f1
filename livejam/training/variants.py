"""The forms of the network, trained and scored by the same code, for comparison: `build` makes any of them."""

from collections.abc import Callable

from torch import Tensor

from livejam.errors import FileError
from livejam.training.layers import NetworkSettings, begin_residuals, initialise
from livejam.training.lstm import Recurrent
from livejam.training.model import Answering, Batch, Foreteller, Network


class Stack(Answering):
    """A decoder alone, of `decoder_layers` layers.

    That is one causal Transformer over all answers of a window in a row, each with its start event: the usual language
    model of a session, which hears with the same layers with which it answers.
    """

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__(settings)
        self.apply(initialise)
        begin_residuals(self, 2 * settings.decoder_layers)

    def states(self, batch: Batch) -> Tensor:
        """Return the state (B, T, D) after each event of the answers."""
        return self.in_a_row(batch)


FORMS: dict[str, Callable[[NetworkSettings], Foreteller]] = {
    "encoder-decoder": Network,
    "decoder": Stack,
    "lstm": Recurrent,
}


def build(settings: NetworkSettings) -> Foreteller:
    """Return a new network of the form that `settings` says.

    Raises:
        FileError: there is no such form, or its sizes don't fit together.
    """
    if settings.form not in FORMS:
        raise FileError(f"a network can't have the form {settings.form!r}; there are: {', '.join(FORMS)}")
    try:
        return FORMS[settings.form](settings)
    except ValueError as error:
        raise FileError(f"no network has these sizes: {error}") from None
