"""The settings of a run, the checkpoint that it can go on from or be exported from, and weights for another run.

Knows nothing of the training loop. Two sets of weights are kept: those that are trained, and their average over the
latest steps, which is validated and exported (Polyak and Juditsky 1992).
"""

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from livejam.errors import FileError
from livejam.training.data import WEIGHTS, Dropping
from livejam.training.layers import NetworkSettings
from livejam.training.model import Foreteller, Network, grow
from livejam.training.presets import VARIANTS, sized, widened
from livejam.training.variants import build

WEIGHTS_NAME = "livejam.safetensors"
CONTENT = {"settings", "step", "notes", "seconds", "alone", "network", "optimisers", "random"}


@dataclass(frozen=True)
class TrainingSettings:
    """Everything that makes a run what it is, but for the music."""

    network: NetworkSettings = field(default_factory=NetworkSettings)
    steps: int = 6000  # in all, unless there are `minutes`
    minutes: float | None = None  # in all, validation included: the rate falls so as to end with them
    rows: int = 16  # packed rows a step
    muon: bool = True  # for matrices; else AdamW for all
    matrix_rate: float = 0.004  # Muon
    rate: float = 0.002  # AdamW
    weight_decay: float = 0.05
    average: float = 0.998  # share of the averaged weights that a step keeps; 0: no average
    warm_up: int = 200  # steps
    decay: float = 0.35  # share of the steps, or of the time, in which the rate falls to nothing
    alone: float = 0.6  # share in which an encoder-decoder that begins at random is a decoder alone; see `model`
    ahead: float = 0.2  # weight of the encoder's own guess of the next note
    phrase_end: float = 0.2  # weight of its guess that the phrase is over
    validate_every: int = 500  # steps
    validation_notes: int = 12_000  # a corpus
    checkpoint_every: int = 250  # steps
    accompany: float = 0.0  # share of the windows in which a band is heard and asked for, see `ensemble`
    seed: int = 1
    weights: dict[str, float] = field(default_factory=lambda: dict(WEIGHTS))  # of corpora
    dropping: Dropping = field(default_factory=Dropping)

    @classmethod
    def restored(cls, saved: dict[str, Any]) -> "TrainingSettings":
        """Return the settings that `dataclasses.asdict` made `saved` of."""
        network, dropping = NetworkSettings(**saved["network"]), Dropping(**saved.get("dropping", {}))
        return cls(**{**saved, "network": network, "dropping": dropping})


def chosen_settings(run: Path, resume: bool, given: dict[str, Any], init: Path | None = None) -> TrainingSettings:
    """Return the settings of a run: its own if it resumes, with what is given put in their place.

    What can be given: any of `TrainingSettings`, and `size`, `width`, `variant`, `dropout`, and `weights` of some
    corpora. A run that begins with the weights `init` has a network of their size, with the usual dropout.

    Raises:
        FileError: `run` can't be resumed, there are no such weights, sizes or variants, or a width does not fit.
    """
    settings, given = TrainingSettings(), dict(given)
    if init:
        begun = load_weights(init)[0]  # whatever its dropout was: new music may be little
        settings = replace(settings, network=replace(begun, dropout=settings.network.dropout), alone=0.0)
    if resume:
        checkpoint = run / "checkpoint.pt"
        try:
            settings = TrainingSettings.restored(load_checkpoint(checkpoint)["settings"])
        except (KeyError, TypeError) as error:
            raise FileError(
                f"{checkpoint} is of another livejam ({error}); begin a new run, with its export: train --init"
            ) from None
    network, dropping = settings.network, settings.dropping
    network = sized(network, given.pop("size")) if "size" in given else network
    network = widened(network, given.pop("width", network.width))
    network = replace(network, dropout=given.pop("dropout", network.dropout))
    given["weights"] = {**settings.weights, **given.get("weights", {})}
    if "variant" in given:
        network, others = _variant(network, given.pop("variant"))
        dropping = replace(dropping, call=others.pop("call", dropping.call))
        given |= others
    if "minutes" not in given and "steps" in given:
        given["minutes"] = None
    return replace(settings, network=network, dropping=dropping, **given)


def _variant(network: NetworkSettings, name: str) -> tuple[NetworkSettings, dict[str, Any]]:
    if name not in VARIANTS:
        raise FileError(f"no variant is called {name!r}; there are: {', '.join(VARIANTS)}")
    change, others = VARIANTS[name]
    return change(network), dict(others)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Return a checkpoint's state.

    Raises:
        FileError: there is none, or it is damaged.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise FileError(f"no checkpoint at {path}; begin a run with: livejam train DATA -o {path.parent}") from None
    except Exception as error:
        raise FileError(f"{path} is no checkpoint of livejam ({first_line(error)}); train anew") from error
    if not isinstance(state, dict) or not set(state) >= CONTENT:
        raise FileError(f"{path} is no checkpoint of livejam: it lacks what livejam train keeps; train anew")
    return state


def load_network(path: Path) -> tuple[Network, dict[str, Any]]:
    """Return the encoder-decoder in a checkpoint, ready to be used, and the checkpoint's state; see `load_any`.

    Raises:
        FileError: as there, or it has another form, which can be scored but not played.
    """
    network, state = load_any(path)
    if not isinstance(network, Network):
        raise FileError(f"{path} holds a network of the form {network.settings.form!r}, which can't be exported")
    return network, state


def load_any(path: Path) -> tuple[Foreteller, dict[str, Any]]:
    """Return the network in a checkpoint, of any form, with averaged weights, and the checkpoint's state.

    Weights that `save_weights` wrote will do, too; they have no state.

    Raises:
        FileError: there is none, it is damaged, or the network is of another kind.
    """
    weights_alone = path.suffix == Path(WEIGHTS_NAME).suffix
    state: dict[str, Any] = {} if weights_alone else load_checkpoint(path)
    try:
        if weights_alone:
            settings, weights = load_weights(path)
        else:
            settings = NetworkSettings(**state["settings"]["network"])
            weights = state.get("average") or state["network"]
        network = build(settings)
        network.load_state_dict(weights)
        if state.get("alone") and isinstance(network, Network):
            grow(network)  # it has not done so yet
    except (KeyError, TypeError, RuntimeError) as error:
        raise FileError(f"{path} holds a network of another kind ({first_line(error)}); train anew") from error
    return network.eval(), state


def save_weights(network: Foreteller, path: Path) -> None:
    """Write the weights in half precision, with the network's sizes, for another run to begin with."""
    from safetensors.torch import save_file

    weights = {name: weight.half().contiguous() for name, weight in network.state_dict().items()}
    save_file(weights, path, metadata={"network": json.dumps(asdict(network.settings))})


def weights_file(path: Path) -> Path:
    """Return the file of weights that `path` is, or that lies in that folder."""
    return path / WEIGHTS_NAME if path.is_dir() else path


def load_weights(path: Path) -> tuple[NetworkSettings, dict[str, torch.Tensor]]:
    """Return the sizes and weights that `save_weights` wrote to `path`, or to that folder.

    Raises:
        FileError: there are none, or they are damaged.
    """
    from safetensors import SafetensorError, safe_open

    path = weights_file(path)
    try:
        with safe_open(path, framework="pt") as file:
            settings = NetworkSettings(**json.loads((file.metadata() or {})["network"]))
            weights = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118, not a dict
    except OSError as error:
        raise FileError(f"no weights at {path}; write some with: livejam export CHECKPOINT --weights") from error
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise FileError(f"{path} holds no weights of livejam ({first_line(error)})") from error
    return settings, weights


def first_line(error: Exception) -> str:
    """Return the beginning of what PyTorch says at length."""
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".:")
