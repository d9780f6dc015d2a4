"""Recurrent layers: ONNX's own operators, or a scan in double precision."""

import numpy as np

from skrnn._network.norms import BatchNorm, LayerNorm
from skrnn._onnx.graph import Graph, Value
from skrnn._onnx.preprocessing import array_of

# By torch's name of the mode: the operator, its activation where it has a choice, and
# which of torch's gates ONNX has first, second and so on.
_CELLS = {
    "LSTM": ("LSTM", None, (0, 3, 1, 2)),
    "GRU": ("GRU", None, (1, 0, 2)),
    "RNN_TANH": ("RNN", "Tanh", (0,)),
    "RNN_RELU": ("RNN", "Relu", (0,)),
}


def activation(mode):
    """Operator of ONNX (str) that makes the state of a plain cell."""
    return _CELLS[mode][1]


def run_stack(stack, x, lengths):
    """Run recurrent layers.

    Parameters
    ----------
    stack : RecurrentStack
        Trained.
    x : Value of shape (N, L, F)
        Right-padded sequences, in the dtype of the weights.
    lengths : Value of shape (N,) of int64
        Present steps of each.

    Returns
    -------
    states : Value of shape (N, L, D*H)
    final : Value of shape (N, D*H)
        Zero for a sequence without a step.
    """
    below = None
    for i, layer in enumerate(stack.layers):
        run = _by_operator if x.dtype == np.float32 else _by_scan
        states, final = run(list(layer.directions), x, lengths)
        if layer.norm is not None:
            states, final = (_normalise(layer.norm, part) for part in (states, final))
        if stack.residual and i > 0:
            states, final = states + x, final + below
        x, below = states, final
    return x, x.graph.where((lengths > 0).unsqueeze(1), below, 0.0)


def _normalise(norm, states):
    weight, bias = array_of(norm.weight), array_of(norm.bias)
    if type(norm) is LayerNorm:
        centred = states - states.sum(-1, keep=True) / len(weight)
        variance = (centred * centred).sum(-1, keep=True) / len(weight)
        return centred / (variance + norm.eps).apply("Sqrt") * weight + bias
    if type(norm) is BatchNorm:
        variance = array_of(norm.running_var)
        factor = weight / np.sqrt(variance + weight.dtype.type(norm.eps))
        return states * factor + (bias - array_of(norm.running_mean) * factor)
    raise NotImplementedError(f"No operators are known for the norm {norm!r}.")


def _by_operator(cells, x, lengths):
    """States (N, L, D*H) and final ones (N, D*H) in single precision."""
    graph, mode = x.graph, cells[0].mode
    operator, function, order = _CELLS[mode]
    attributes = {"hidden_size": cells[0].hidden_size}
    if len(cells) == 2:
        attributes["direction"] = "bidirectional"
    if function is not None:
        attributes["activations"] = [function] * len(cells)
    if operator == "GRU":
        attributes["linear_before_reset"] = 1
    weights = [_gates(cell, order) for cell in cells]
    input_weight, weight, given, kept = (
        np.stack(part) for part in zip(*weights, strict=True)
    )
    states, final = graph.node(
        operator,
        x.transpose(1, 0, 2),
        input_weight,
        weight,
        np.concatenate([given, kept], axis=1),
        lengths.cast(np.int32),
        outputs=2,
        **attributes,
    )  # (L, D, N, H), (D, N, H)
    return (
        states.transpose(2, 0, 1, 3).reshape(0, 0, -1),
        final.transpose(1, 0, 2).reshape(0, -1),
    )


def _gates(cell, order):
    """Weights and biases of inputs and states, with the gates in another order."""
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    return [
        np.concatenate(
            [np.split(array_of(getattr(cell, name)), len(order))[i] for i in order]
        )
        for name in names
    ]


def _by_scan(cells, x, lengths):
    """The same in double precision, which ONNX Runtime's operators do not have."""
    graph = x.graph
    n_steps = x.length(1)
    is_there = (graph.range(n_steps) < lengths.unsqueeze(1)).unsqueeze(2)  # (N, L, 1)
    results = []
    for direction, cell in enumerate(cells):
        given = x @ array_of(cell.weight_ih_l0).T + array_of(cell.bias_ih_l0)
        zeros = graph.value(np.zeros((1, 1))).expand(x.length(0), cell.hidden_size)
        begin = [zeros] * (2 if cell.mode == "LSTM" else 1)
        *ends, states = graph.node(
            "Scan",
            *begin,
            given,
            is_there,
            outputs=len(begin) + 1,
            dtype=[np.float64] * (len(begin) + 1),
            body=_step(cell, len(begin), f"{graph.prefix}/step{len(graph.nodes)}"),
            num_scan_inputs=2,
            scan_input_axes=[1, 1],
            scan_output_axes=[1],
            # Backwards, padding comes first, and leaves the state at zero.
            scan_input_directions=[direction] * 2,
            scan_output_directions=[direction],
        )
        results.append((states, ends[0]))
    if len(results) == 1:
        return results[0]
    states, final = zip(*results, strict=True)
    return graph.concat(states, axis=2), graph.concat(final, axis=1)


def _step(cell, n_states, prefix):
    """One step of a cell as a graph: state, inputs and presence to the new state."""
    graph = Graph(prefix)
    names = [*(f"begin{i}" for i in range(n_states)), "given", "is_there"]
    inputs = [Value(graph, f"{prefix}/{name}", np.float64) for name in names]
    inputs[-1].dtype = np.dtype(bool)
    *begin, given, is_there = inputs
    kept = begin[0] @ array_of(cell.weight_hh_l0).T + array_of(cell.bias_hh_l0)
    new = cell_step(cell.mode, split(given, cell), split(kept, cell), *begin)
    ends = [
        graph.where(is_there, after, before)
        for after, before in zip(new, begin, strict=True)
    ]
    outputs = [*ends, ends[0].apply("Identity")]
    return graph.body(inputs, outputs)


def split(gates, cell):
    """Split what is summed for all gates (..., G*H) into those (..., H) of each."""
    size = cell.hidden_size
    n_gates = len(cell.weight_hh_l0) // size
    return [gates.slice(-1, i * size, (i + 1) * size) for i in range(n_gates)]


def cell_step(mode, given, kept, state, memory=None):
    """The new state, and for an LSTM the new memory, of one step.

    Parameters
    ----------
    mode : str
        What torch calls the kind of the cell.
    given, kept : list of Value
        What inputs and state contribute to each gate, in torch's order.
    state, memory : Value
        Before the step.

    Returns
    -------
    tuple of Value
    """
    if mode == "GRU":
        reset, update = ((given[i] + kept[i]).apply("Sigmoid") for i in range(2))
        new = (given[2] + reset * kept[2]).apply("Tanh")
        return (new + update * (state - new),)
    gates = [one + other for one, other in zip(given, kept, strict=True)]
    if mode == "LSTM":
        read, keep, show = (gates[i].apply("Sigmoid") for i in (0, 1, 3))
        memory = keep * memory + read * gates[2].apply("Tanh")
        return show * memory.apply("Tanh"), memory
    return (gates[0].apply(activation(mode)),)
