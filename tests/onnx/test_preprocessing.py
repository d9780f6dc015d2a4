"""Inputs of the networks as the scaling itself computes them."""

import numpy as np
import pytest
import torch

from skrnn._onnx.graph import Graph, Value
from skrnn._onnx.preprocessing import limited, moments_of, scaled_inputs
from skrnn._onnx.steps import read_steps
from skrnn._preprocessing.scaling import Scaling
from skrnn._sequences.sources import as_source
from tests.onnx.support import evaluate, sequences, with_gaps


@pytest.mark.parametrize("is_bounded", [True, False])
@pytest.mark.parametrize("indicator", [True, False])
@pytest.mark.parametrize("instance_norm", [None, "last", "standard"])
def test_inputs(instance_norm, indicator, is_bounded):
    scaling = Scaling(
        2,
        1,
        instance_norm=instance_norm,
        indicator=indicator,
        is_bounded=is_bounded,
    )
    # Values wander far, and change little from step to step.
    scaling.set_moments("row", [1e5, 1e5], [30.0, 3.0])
    scaling.set_moments("x", [0.1, 1e5], [0.003, 3.0])
    X = with_gaps(sequences())
    X[0, :3] = [[1e5, 1e17], [-3e16, 1e5], [1e5, 1e5]]
    if indicator:
        X[2:9, 1:3, 0] = X[9, :, 1] = np.nan
    source = scaling.limited(as_source(X, allow_partial=indicator))
    block, lengths = source.batch(np.arange(len(X)))
    x, lengths = torch.from_numpy(block), torch.from_numpy(lengths)
    wanted = scaling.inputs(x, scaling.moments(x, lengths)).numpy()

    graph = Graph("test")
    x = Value(graph, "x", np.float64)
    steps = limited(scaling, read_steps(x, None, allow_partial=indicator))
    moments = moments_of(scaling, steps)
    (got,) = evaluate(graph, [scaled_inputs(scaling, steps, moments)], x=X)
    is_there = np.arange(got.shape[1]) < lengths.numpy()[:, None]
    # Some machines have one operation for a product and a sum, which rounds once.
    np.testing.assert_array_max_ulp(got[is_there], wanted[is_there], maxulp=2)
