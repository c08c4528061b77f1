"""A small builder of ONNX graphs: one method an operation that the network needs.

Knows nothing of music or of the network's shape. Weights are float32, or int8 or int4 in blocks
(`MatMulNBits`, symmetric), which the CPU multiplies with int8 activations. Tensors are named by us; see `livejam.json`
for the interface.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 23
MICROSOFT = "com.microsoft"
BLOCK = 32  # weights that share a scale

Inputs = dict[str, tuple[int, tuple[int | str, ...]]]  # name -> (TensorProto type, shape)


class Graph:
    """One graph in the making. Methods add nodes and return the names of what they compute."""

    def __init__(self, name: str, bits: int) -> None:
        self.name, self.bits = name, bits  # of a weight: 4, 8 or 32
        self.nodes: list[onnx.NodeProto] = []
        self.weights: dict[str, np.ndarray] = {}
        self.count = 0

    def op(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Add any operation with one output; return its name."""
        name = self.fresh(kind)
        self.named(kind, inputs, [name], domain, **attributes)
        return name

    def named(
        self, kind: str, inputs: Sequence[str], outputs: Sequence[str], domain: str = "", **attributes: Any
    ) -> None:
        """Add an operation whose outputs have names of our choice."""
        self.nodes.append(helper.make_node(kind, list(inputs), list(outputs), domain=domain, **attributes))

    def fresh(self, kind: str) -> str:
        """Return a name that no output has yet."""
        self.count += 1
        return f"{kind.lower()}_{self.count}"

    def constant(self, value: npt.ArrayLike, dtype: npt.DTypeLike | None = None) -> str:
        """Return the name of a constant."""
        array = np.asarray(value, dtype=dtype)
        for name, known in self.weights.items():
            if name.startswith("constant_") and known.dtype == array.dtype and np.array_equal(known, array):
                return name
        return self.weight(f"constant_{len(self.weights)}", array)

    def weight(self, name: str, array: np.ndarray) -> str:
        """Add a tensor under `name`, once."""
        self.weights.setdefault(name, np.ascontiguousarray(array))
        return name

    def linear(self, x: str, name: str, weight: np.ndarray, bias: np.ndarray | None = None) -> str:
        """Multiply `x` (..., K) by `weight` (N, K), as PyTorch keeps it, and add `bias` (N,)."""
        if self.bits < 32 and weight.shape[1] % BLOCK == 0:
            values, scales = quantised(weight, self.bits)
            n, k = weight.shape
            y = self.op(
                "MatMulNBits", x, self.weight(name, values), self.weight(name + ".scale", scales),
                domain=MICROSOFT, K=k, N=n, bits=self.bits, block_size=BLOCK, accuracy_level=4,
            )  # fmt: skip
        else:
            y = self.op("MatMul", x, self.weight(name, weight.T.astype(np.float32)))
        return y if bias is None else self.op("Add", y, self.weight(name + ".bias", bias))

    def norm(self, x: str, name: str, scale: np.ndarray, epsilon: float) -> str:
        """Layer normalisation over the last axis, without a bias."""
        return self.op("LayerNormalization", x, self.weight(name, scale), axis=-1, epsilon=epsilon)

    def silu(self, x: str) -> str:
        """x times its sigmoid."""
        return self.op("QuickGelu", x, domain=MICROSOFT, alpha=1.0)

    def split(self, x: str, sizes: Sequence[int]) -> list[str]:
        """Cut the last axis into pieces of `sizes`."""
        base = self.fresh("split")
        names = [f"{base}_{i}" for i in range(len(sizes))]
        self.named("Split", [x, self.constant(list(sizes), np.int64)], names, axis=-1)
        return names

    def model(self, inputs: Inputs, outputs: Inputs, about: dict[str, str]) -> onnx.ModelProto:
        """Return the finished model."""
        graph = helper.make_graph(
            self.nodes,
            self.name,
            [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in inputs.items()],
            [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in outputs.items()],
            [numpy_helper.from_array(array, name) for name, array in self.weights.items()],
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
        model = helper.make_model(graph, opset_imports=opsets, producer_name="livejam", ir_version=11)
        helper.set_model_props(model, about)
        return model


def quantised(weight: np.ndarray, bits: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Return values (N, K / 32, 4 * bits) uint8, and scales (N * K / 32,) of `weight` (N, K).

    Half of the range is zero; of 4 bits, the first of two values is in the lower half of the byte.
    """
    n, k = weight.shape
    most = 2 ** (bits - 1) - 1
    blocks = weight.astype(np.float32).reshape(n, k // BLOCK, BLOCK)
    scale = np.maximum(np.abs(blocks).max(axis=2, keepdims=True), 1e-10) / most
    values = (np.clip(np.round(blocks / scale), -most, most) + most + 1).astype(np.uint8)
    if bits == 4:
        values = values[..., ::2] | values[..., 1::2] << 4
    return values, scale.reshape(-1).astype(np.float32)


FLOAT, INT64, INT32 = TensorProto.FLOAT, TensorProto.INT64, TensorProto.INT32
