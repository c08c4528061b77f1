"""ONNX graphs at run time: loaded and checked, with caches that are written in place. All of onnxruntime is here.

Knows nothing of music, notes or what the graphs compute. No units. One thread at a time, and one thread each.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from livejam.contract import read_model
from livejam.errors import ModelError

CACHES = "past_"  # how the names of inputs begin that are caches


class Graph:
    """One ONNX graph, loaded and checked; caches are bound once and written in place."""

    def __init__(self, folder: Path, described: Mapping[str, Any]) -> None:
        self.path = path = folder / described["file"]
        data = read_model(path)
        if hashlib.sha256(data).hexdigest() != described["sha256"]:
            raise ModelError(
                f"{path} is not the network its .json describes (truncated, or mixed up); export both anew"
            )
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        try:
            self.session = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise ModelError(f"{path} can't be loaded: {str(error).splitlines()[0]}") from error
        self.inputs, self.outputs = described["inputs"], described["outputs"]
        own = [[node.name for node in nodes] for nodes in (self.session.get_inputs(), self.session.get_outputs())]
        if own != [self.inputs, self.outputs]:
            raise ModelError(f"{path} has other inputs or outputs than its .json says; export both anew")

    def check(self, cache: tuple[int, ...]) -> None:
        """Refuse a graph whose caches are not of the size that one row's should have."""
        its = [node.shape[1:] for node in self.session.get_inputs() if node.name.startswith(CACHES)]
        if not its or any(shape != list(cache) for shape in its):
            raise ModelError(f"{self.path} has caches of other sizes than its .json says; export both anew")

    @property
    def caches(self) -> list[str]:
        """The names of the inputs that are caches."""
        return [name for name in self.inputs if name.startswith(CACHES)]

    def bind(self, inputs: Mapping[str, np.ndarray], results: Mapping[str, np.ndarray]) -> ort.IOBinding:
        """Bind arrays for good; every cache among `inputs` is its own output."""
        binding = self.session.io_binding()
        for name, array in inputs.items():
            value = ort.OrtValue.ortvalue_from_numpy(array)
            binding.bind_ortvalue_input(name, value)
            written = name.replace(CACHES, "present_")
            if written != name and written in self.outputs:
                binding.bind_ortvalue_output(written, value)
        for name, array in results.items():
            binding.bind_ortvalue_output(name, ort.OrtValue.ortvalue_from_numpy(array))
        return binding

    def run(self, binding: ort.IOBinding) -> None:
        """Run once; results are in the bound arrays."""
        self.session.run_with_iobinding(binding)

    def run_once(self, feeds: Mapping[str, np.ndarray], caches: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Run with inputs of any length; return the outputs that are not caches."""
        binding = self.bind({**feeds, **caches}, {})
        fresh = [name for name in self.outputs if not name.startswith("present_")]
        for name in fresh:
            binding.bind_output(name)
        self.run(binding)
        values = binding.get_outputs()  # in the order in which they were bound
        return {name: value.numpy() for name, value in zip(fresh, values[-len(fresh) :], strict=True)}
