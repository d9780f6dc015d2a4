"""Quantiles of Student's t distribution as polynomials."""

import numpy as np
from scipy import stats

from skrnn._onnx.graph import Graph, Value
from skrnn._onnx.student_t import student_quantiles
from tests.onnx.support import evaluate

FREEDOM = np.array([2.1, 2.15, 2.5, 3, 4.7, 10, 33, 100, 1e4, 1e9, 1e30])


def test_quantiles_are_those_of_scipy():
    levels = (0.5, 1e-8, 0.001, 0.05, 0.3, 0.49999, 0.6, 0.975, 0.9999)
    graph = Graph("test")
    value = student_quantiles(Value(graph, "freedom", np.float64), levels)
    got = evaluate(graph, [value], freedom=FREEDOM.reshape(1, -1, 1))[0][0]
    wanted = stats.t.ppf(np.array(levels), FREEDOM[:, None])
    np.testing.assert_allclose(got, wanted, rtol=1e-8, atol=1e-9)
