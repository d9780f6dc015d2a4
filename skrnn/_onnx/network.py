"""One network as nodes of a graph."""

import numpy as np

from skrnn._onnx.heads import affine, transform
from skrnn._onnx.pooling import linear, pool
from skrnn._onnx.preprocessing import (
    array_of,
    baseline_of,
    limited,
    moments_of,
    scaled_inputs,
)
from skrnn._onnx.recurrence import cell_step, run_stack, split
from skrnn._onnx.scan import zeros
from skrnn._onnx.steps import take_steps

# All that a network is made of. What comes to it is not in the graph before somebody
# has written its nodes here.
_PARTS = {"target_head", "stack", "dropout", "pool", "decoder", "head"}
_PARTS |= {"scaling", "baseline", "embedding", "filters"}


def network_parameters(network, steps):
    """Parameters of the targets, as `RecurrentNetwork.predict` gives them.

    Parameters
    ----------
    network : RecurrentNetwork
        Trained.
    steps : Steps
        Sequences in the units of the fit.

    Returns
    -------
    Value of shape (N, n_targets, width) of float64

    Raises
    ------
    NotImplementedError
        If the network has a part that is not known here.
    """
    unknown = {name for name, _ in network.named_children()} - _PARTS
    if unknown:
        raise NotImplementedError(
            f"The network has parts for which no ONNX operators are known: "
            f"{sorted(unknown)}."
        )
    scaling, target_head = network.scaling, network.target_head
    steps = limited(scaling, steps)
    dtype = array_of(network.head.weight).dtype
    moments = moments_of(scaling, steps)
    inputs, n_inputs = scaled_inputs(scaling, steps, moments), scaling.n_inputs
    if network.embedding is not None:
        inputs, n_inputs = _embedded(network.embedding, inputs), network.embedding.size
    inputs, lengths = inputs.cast(dtype), steps.lengths
    if network.segment_length > 1:
        sizes = network.segment_length, n_inputs
        inputs, lengths = _segments(inputs, lengths, *sizes)
    if network.filters is not None:
        sizes = network.segment_length * n_inputs, dtype
        inputs = _filtered(network.filters, inputs, *sizes)
    states, final = run_stack(network.stack, inputs, lengths)
    pooled = pool(network.pool, states, final, lengths)
    raw = _decode(network, pooled).reshape(0, *network.output_shape)
    parameters = transform(target_head, raw)
    baseline, spread = baseline_of(network.baseline, steps, moments)
    y_mean, y_scale = array_of(scaling.y_mean), array_of(scaling.y_scale)
    if spread is not None:
        rest_mean, rest_scale = (
            array_of(scaling.rest_mean),
            array_of(scaling.rest_scale),
        )
        shift = (spread * rest_mean - y_mean) / y_scale
        scale = spread * rest_scale / y_scale
        parameters = affine(
            target_head, parameters, shift.cast(dtype), scale.cast(dtype)
        )
    parameters = parameters.cast(np.float64)
    return affine(target_head, parameters, baseline + y_mean, y_scale)


def _embedded(embedding, inputs):
    """Put vectors in the place of codes: (N, L, F) gives (N, L, size)."""
    graph, tables, parts = inputs.graph, iter(embedding.tables), []
    n_features = len(embedding.n_codes)
    for feature, n_codes in enumerate(embedding.n_codes):
        values = inputs.slice(2, feature, feature + 1)
        if n_codes:
            codes = values.clip(0, n_codes - 1).cast(np.int64).squeeze(2)
            table = array_of(next(tables)).astype(np.float64)
            values = graph.value(table).gather(codes, 0)
        parts.append(values)
    parts.append(inputs.slice(2, n_features))
    return graph.concat(parts, axis=2)


def _segments(inputs, lengths, length, n_inputs):
    """Make `length` steps of scaled sequences (N, L, F) one step (N, S, length * F)."""
    graph = inputs.graph
    n_segments = (lengths + (length - 1)) / length  # (N,), whole numbers
    most = n_segments.max(0, keep=True).at_least(np.array([1]))
    padding = n_segments * length - lengths
    place = graph.range(most * length) - padding.unsqueeze(1)  # (N, S * length)
    chosen = place.at_least(0).at_most(inputs.length(1) - 1)
    inputs = graph.where((place >= 0).unsqueeze(2), take_steps(inputs, chosen), 0.0)
    return inputs.reshape(0, -1, length * n_inputs), n_segments


def _filtered(filters, segments, n_numbers, dtype):
    """What filters give for segments: (N, S, K) gives (N, S, n_filters)."""
    graph, before = segments.graph, filters.n_read - 1
    nothing = zeros(graph, segments.length(0), before, n_numbers, dtype=dtype)
    x = graph.concat([nothing, segments], axis=1)
    # Counted from the end, so that the number of segments need not be known.
    parts = [x.slice(1, i, i - before) for i in range(before)]
    parts.append(x.slice(1, before))
    return linear(filters.project, graph.concat(parts, axis=2)).at_least(0)


def _decode(network, pooled):
    """Raw outputs (N, n_targets * width) of pooled states (N, H)."""
    decoder = network.decoder
    if decoder is None:
        return linear(network.head, pooled)
    cell = decoder.cell
    positions = decoder.positions @ cell.weight_ih_l0.T + cell.bias_ih_l0
    given = pooled.graph.value(array_of(positions))  # (n_groups, G*H)
    kept = pooled @ array_of(cell.weight_hh_l0).T + array_of(cell.bias_hh_l0)
    state = pooled.unsqueeze(1)  # (N, 1, H)
    states = cell_step(
        cell.mode, split(given, cell), split(kept.unsqueeze(1), cell), state, state
    )[0]
    n_targets, width = network.output_shape
    groups = linear(network.head, states)
    # The last may be shorter.
    return groups.reshape(0, -1).slice(1, 0, n_targets * width)
