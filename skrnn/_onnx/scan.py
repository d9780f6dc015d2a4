"""Steps that are taken one after the other, by a node that repeats a small graph."""

import numpy as np

from skrnn._onnx.graph import Graph, Value


def scan(step, states, inputs, *, axes, n_outputs=0, backwards=False):
    """Go over sequences step by step.

    Parameters
    ----------
    step : callable
        Takes states and what the inputs are at a step, as values of a graph of their
        own; returns a list of the states after it, and then of outputs.
    states : list of Value
        Before the first step.
    inputs : list of Value
        Sequences.
    axes : list of int
        Which axis of each has the steps.
    n_outputs : int, default=0
        Outputs of a step.
    backwards : bool, default=False
        Whether to begin with the last step.

    Returns
    -------
    list of Value
        States after the last step, and then the outputs of all steps, which are along
        the axis 1.
    """
    graph = inputs[0].graph
    body = Graph(f"{graph.prefix}/scan{len(graph.nodes)}")
    given = [
        Value(body, f"{body.prefix}/given{i}", value.dtype)
        for i, value in enumerate([*states, *inputs])
    ]
    made = step(*given)
    direction, by_output = int(backwards), {}
    if n_outputs:
        by_output["scan_output_axes"] = [1] * n_outputs
        by_output["scan_output_directions"] = [direction] * n_outputs
    values = graph.node(
        "Scan",
        *states,
        *inputs,
        outputs=len(made),
        dtype=[value.dtype for value in made],
        body=body.body(given, made),
        num_scan_inputs=len(inputs),
        scan_input_axes=axes,
        scan_input_directions=[direction] * len(inputs),
        **by_output,
    )
    return values if isinstance(values, list) else [values]


def zeros(graph, *shape, dtype=np.float64):
    """Make a value of zeros; lengths of the shape may be values of shape (1,)."""
    zero = graph.value(np.zeros([1] * len(shape), dtype))
    return zero.expand(*shape)
