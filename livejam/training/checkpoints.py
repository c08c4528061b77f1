"""The settings of a run, the checkpoint that it can go on from or be exported from, and weights for another run.

Knows nothing of corpora or of the training loop.
"""

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from livejam.errors import FileError
from livejam.training.model import Network, NetworkSettings

WEIGHTS_NAME = "livejam.safetensors"
CONTENT = {"settings", "step", "notes", "seconds", "network", "optimisers", "random"}


@dataclass(frozen=True)
class TrainingSettings:
    """Everything that makes a run what it is, but for the music."""

    network: NetworkSettings = field(default_factory=NetworkSettings)
    steps: int = 6000
    rows: int = 16  # packed rows a step
    matrix_rate: float = 0.004  # Muon
    rate: float = 0.002  # AdamW
    weight_decay: float = 0.05
    warm_up: int = 200  # steps
    decay: float = 0.35  # share of the steps in which the rate falls to nothing
    ahead: float = 0.2  # weight of the encoder's own guess of the next note
    phrase_end: float = 0.2  # weight of its guess that the phrase is over
    validate_every: int = 500  # steps
    validation_notes: int = 12_000  # a corpus
    checkpoint_every: int = 250  # steps
    seed: int = 1


def chosen_settings(run: Path, resume: bool, given: dict[str, Any], init: Path | None = None) -> TrainingSettings:
    """Return the settings of a run: its own if it resumes, with what is given put in their place.

    A run that begins with the weights `init` has a network of their size.

    Raises:
        FileError: `run` can't be resumed, there are no such weights, or a width does not fit.
    """
    settings = TrainingSettings()
    if init:
        settings = replace(settings, network=load_weights(init)[0])
    if resume:
        saved = load_checkpoint(run / "checkpoint.pt")["settings"]
        settings = TrainingSettings(**{**saved, "network": NetworkSettings(**saved["network"])})
    width = given.pop("width", settings.network.width)
    if width % settings.network.head_width:
        raise FileError(
            f"a width of {width} can't be cut into heads of {settings.network.head_width}; 128, 256, 384 can"
        )
    if width != settings.network.width:
        hidden = round(width * 2.75 / 32) * 32
        heads = width // settings.network.head_width
        key_heads = max(keys for keys in range(1, max(2, heads // 2 + 1)) if heads % keys == 0)
        network = replace(settings.network, width=width, hidden=hidden, key_heads=key_heads)
        settings = replace(settings, network=network)
    return replace(settings, **given)


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
    """Return the network in a checkpoint, ready to be used, and the checkpoint's state.

    Raises:
        FileError: there is none, it is damaged, or the network is of another kind.
    """
    state = load_checkpoint(path)
    try:
        network = Network(NetworkSettings(**state["settings"]["network"]))
        network.load_state_dict(state["network"])
    except (KeyError, TypeError, RuntimeError) as error:
        raise FileError(f"{path} holds a network of another kind ({first_line(error)}); train anew") from error
    return network.eval(), state


def save_weights(network: Network, path: Path) -> None:
    """Write the weights in half precision, with the network's sizes, for another run to begin with."""
    from safetensors.torch import save_file

    weights = {name: weight.half().contiguous() for name, weight in network.state_dict().items()}
    save_file(weights, path, metadata={"network": json.dumps(asdict(network.settings))})


def load_weights(path: Path) -> tuple[NetworkSettings, dict[str, torch.Tensor]]:
    """Return the sizes and weights that `save_weights` wrote to `path`, or to that folder.

    Raises:
        FileError: there are none, or they are damaged.
    """
    from safetensors import SafetensorError, safe_open

    path = path / WEIGHTS_NAME if path.is_dir() else path
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
