"""Recurrent layers: ONNX's own operators, or a scan in double precision."""

import numpy as np

from skrnn._network.norms import BatchNorm, LayerNorm
from skrnn._onnx.preprocessing import array_of
from skrnn._onnx.scan import scan, zeros
from skrnn._onnx.steps import steps_before

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
    is_there = steps_before(lengths, x.length(1)).unsqueeze(2)  # (N, L, 1)
    results = []
    for direction, cell in enumerate(cells):
        given = x @ array_of(cell.weight_ih_l0).T + array_of(cell.bias_ih_l0)
        n_states = 2 if cell.mode == "LSTM" else 1
        final, *_, states = scan(
            _step_of(cell),
            [zeros(graph, x.length(0), cell.hidden_size)] * n_states,
            [given, is_there],
            axes=[1, 1],
            n_outputs=1,
            # Then padding comes first, and leaves the state at zero.
            backwards=direction == 1,
        )
        results.append((states, final))
    if len(results) == 1:
        return results[0]
    states, final = zip(*results, strict=True)
    return graph.concat(states, axis=2), graph.concat(final, axis=1)


def _step_of(cell):
    """Return one step of a cell: from states, inputs and presence to the new state."""

    def step(*values):
        *begin, given, is_there = values
        kept = begin[0] @ array_of(cell.weight_hh_l0).T + array_of(cell.bias_hh_l0)
        new = cell_step(cell.mode, split(given, cell), split(kept, cell), *begin)
        ends = [
            given.graph.where(is_there, after, before)
            for after, before in zip(new, begin, strict=True)
        ]
        return [*ends, ends[0].apply("Identity")]

    return step


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
