"""How the states of all present steps become one."""

import numpy as np

from skrnn._onnx.preprocessing import array_of
from skrnn._onnx.steps import steps_before


def linear(layer, x):
    """Apply a linear layer of torch."""
    return x @ array_of(layer.weight).T + array_of(layer.bias)


def pool(pooling, states, final, lengths):
    """Pool the states of sequences.

    Parameters
    ----------
    pooling : Pooling
        Trained.
    states : Value of shape (N, L, H)
        Of all steps.
    final : Value of shape (N, H)
        After the last present step; zero where there is none.
    lengths : Value of shape (N,) of int64
        Present steps of each.

    Returns
    -------
    Value of shape (N, H)
    """
    kind, graph = pooling.kind, states.graph
    if kind == "last":
        return final
    is_there = steps_before(lengths, states.length(1)).unsqueeze(2)  # (N, L, 1)
    floor = np.finfo(states.dtype).min
    if kind in ("max", "mixed"):
        pooled = graph.where(is_there, states, floor).max(1)
        if kind == "mixed":
            pooled = graph.where(array_of(pooling.is_last), final, pooled)
    elif kind == "mean":
        count = lengths.at_least(1).cast(states.dtype).unsqueeze(1)
        pooled = graph.where(is_there, states, 0.0).sum(1) / count
    elif kind == "attention":
        score = linear(pooling.score, linear(pooling.project, states).apply("Tanh"))
        score = graph.where(is_there, score, floor)  # (N, L, 1)
        weight = (score - score.max(1, keep=True)).apply("Exp")
        weight = graph.where(is_there, weight, 0.0)
        mass = weight.sum(1).at_least(np.finfo(states.dtype).tiny)
        pooled = (states * weight).sum(1) / mass
    else:
        raise NotImplementedError(f"No operators are known for pooling={kind!r}.")
    return graph.where((lengths > 0).unsqueeze(1), pooled, 0.0)
