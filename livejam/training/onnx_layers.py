"""The layers of the network as nodes of a graph: embedding, rotary positions, attention, feed-forward.

Each function adds nodes to a `Graph` and returns the name of what they compute. Knows nothing of caches' sizes or of
sampling. Letters as in `export`: B batch, S events heard, F fields, E width of a head, D width.
"""

import numpy as np
from torch import Tensor, nn

from livejam.training.graph import FLOAT, MICROSOFT, Graph
from livejam.training.layers import ORDER_PERIODS, PLAIN_PERIODS, TICK_PERIODS, Attention, FieldEmbedding, Layer


def embedded(g: Graph, events: str, embedding: FieldEmbedding, name: str) -> str:
    """Return (B, S, D): the sum of the fields' embeddings of `events` (B, S, F)."""
    at = g.op("Add", events, g.constant(embedding.offsets.numpy()))
    rows = g.op("Gather", g.weight(name, array(embedding.table.weight)), at)
    return g.op("ReduceSum", rows, g.constant([2], np.int64), keepdims=0)


def asked(g: Graph, event: str, controls: str, events: FieldEmbedding, wishes: FieldEmbedding, name: str) -> str:
    """Return (B, 1, D): the sum of the embeddings of an answer's `event` (B, F) and of its `controls` (B, C)."""
    rows = len(events.table.weight)
    offsets = np.concatenate([events.offsets.numpy(), wishes.offsets.numpy() + rows])
    table = np.concatenate([array(events.table.weight), array(wishes.table.weight)])
    at = g.op("Add", g.op("Concat", event, controls, axis=1), g.constant(offsets))
    return g.op("ReduceSum", g.op("Gather", g.weight(name, table), at), g.constant([1], np.int64), keepdims=1)


def rotation(g: Graph, onset: str, order: str, positions: str = "music") -> tuple[str, str]:
    """Return cosine and sine (B, S, E / 2) of the rotary angles; whole periods keep them exact for any tick."""
    last = g.constant([-1], np.int64)
    turns = []
    first = (onset, TICK_PERIODS) if positions == "music" else (order, PLAIN_PERIODS)
    for place, periods in (first, (order, ORDER_PERIODS)):
        rest = g.op("Mod", g.op("Unsqueeze", place, last), g.constant(list(periods), np.int64))
        share = g.constant(2 * np.pi / np.array(periods), np.float32)
        turns.append(g.op("Mul", g.op("Cast", rest, to=FLOAT), share))
    angle = g.op("Concat", *turns, axis=-1)
    return g.op("Cos", angle), g.op("Sin", angle)


def turned(g: Graph, x: str, turns: tuple[str, str], heads: int) -> str:
    """Turn `x` (B, S, heads * E) by the rotary angles."""
    return g.op("RotaryEmbedding", x, *turns, num_heads=heads, interleaved=0)


def attention(g: Graph, x: str, module: Attention, name: str, turns: tuple[str, str], i: int, window: int) -> str:
    """Attend to this event and those before it in the caches number `i`, which are written in place."""
    heads, keys = module.heads, module.key_heads
    width = array(module.query.weight).shape[0] // heads
    projected = linears(g, x, (module.query, module.key, module.value), f"{name}.in")
    both, value = g.split(projected, [(heads + keys) * width, keys * width])
    query, key = g.split(turned(g, both, turns, heads + keys), [heads * width, keys * width])
    g.named(
        "GroupQueryAttention",
        [query, key, value, f"past_key_{i}", f"past_value_{i}", "last", "total"],
        [f"{name}.seen", f"present_key_{i}", f"present_value_{i}"],
        domain=MICROSOFT, num_heads=heads, kv_num_heads=keys, do_rotary=0, local_window_size=window,
    )  # fmt: skip
    return g.linear(f"{name}.seen", f"{name}.out", array(module.out.weight))


def feed_forward(g: Graph, x: str, layer: Layer, prefix: str) -> str:
    """Return `x` plus SwiGLU of its norm."""
    ffn, hidden = layer.ffn, layer.ffn.gate.out_features
    both = linears(g, norm(g, x, layer.ffn_norm, f"{prefix}.ffn_norm"), (ffn.gate, ffn.up), f"{prefix}.ffn.in")
    gate, up = g.split(both, [hidden, hidden])
    down = g.linear(g.op("Mul", g.silu(gate), up), f"{prefix}.ffn.down", array(ffn.down.weight))
    return g.op("Add", x, down)


def linears(g: Graph, x: str, modules: tuple[nn.Linear, ...], name: str) -> str:
    """Return several layers' outputs side by side, from one multiplication."""
    return g.linear(x, name, np.concatenate([array(module.weight) for module in modules]))


def norm(g: Graph, x: str, module: nn.LayerNorm, name: str) -> str:
    """Return the layer norm of `x`."""
    return g.norm(x, name, array(module.weight), module.eps)


def array(tensor: Tensor) -> np.ndarray:
    """Return a parameter as float32."""
    return tensor.detach().float().numpy()
