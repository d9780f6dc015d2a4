"""The input of a graph as the networks read it: present steps first."""

from typing import NamedTuple

import numpy as np

from skrnn._onnx.graph import Value


class Steps(NamedTuple):
    """Sequences, whose present steps stand first and zeros behind them."""

    x: Value  # (N, L, F) of float64, at least one step
    lengths: Value  # (N,) of int64, present steps of each
    is_faulty: Value  # (N,) of bool: what the estimator would refuse

    @property
    def is_there(self):
        """Which steps are present, (N, L) of bool."""
        return steps_before(self.lengths, self.x.length(1))


def steps_before(lengths, n_steps):
    """Which steps (N, n_steps) come before the end of each sequence, of bool."""
    return lengths.graph.range(n_steps) < lengths.unsqueeze(1)


def read_steps(x, lengths, *, allow_partial):
    """Put the present steps of each sequence first.

    Parameters
    ----------
    x : Value of shape (N, L, F) of float64
        Sequences; a step whose features are all NaN is absent.
    lengths : Value of shape (N,) of int64, or None
        Steps of each; what is behind them is absent too.
    allow_partial : bool
        Whether some features of a step may be missing.

    Returns
    -------
    Steps
    """
    graph = x.graph
    if lengths is not None:
        within = steps_before(lengths.reshape(-1), x.length(1)).unsqueeze(2)
        x = graph.where(within, x, np.nan)
    # So that there is a step, be it absent, where L is 0.
    one = graph.value(np.full((1, 1, 1), np.nan)).expand(x.length(0), 1, x.length(2))
    x = graph.concat([x, one], axis=1)
    missing = x.apply("IsNaN", dtype=bool).cast(np.float32)
    is_absent = missing.min(2) > 0  # (N, L)
    is_faulty = x.apply("IsInf", dtype=bool).cast(np.float32).max(2) > 0
    if not allow_partial:
        is_faulty = is_faulty | ((missing.max(2) > 0) & ~is_absent)
    is_faulty = is_faulty.cast(np.float32).max(1) > 0  # (N,)
    lengths = (~is_absent).cast(np.int64).sum(1)
    longest = lengths.max(0, keep=True).at_least(np.array([1]))
    n_steps = x.length(1)
    step = graph.range(n_steps)
    # Present steps in their order, then the others.
    rank = graph.where(is_absent, step + n_steps, step, np.int64)
    kinds = [np.int64, np.int64]
    _, order = graph.node(
        "TopK", rank, longest, axis=1, largest=0, outputs=2, dtype=kinds
    )
    x = take_steps(x, order)
    steps = Steps(x, lengths, is_faulty)
    return steps._replace(x=graph.where(steps.is_there.unsqueeze(2), x, 0.0))


def take_steps(x, order):
    """Choose steps: x (N, L, F) and their numbers (N, K) give (N, K, F)."""
    return x.gather_elements(order.unsqueeze(2).expand(1, 1, x.length(2)), 1)
