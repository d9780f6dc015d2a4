"""Random convolutions and their ridge classifiers as nodes of a graph.

They are computed for one sample after the other, over its own steps alone, so that what
is between lies in the cache of a processor. Sums are taken in the order of the kernels:
whether a response exceeds a bias hangs on its last bit where a sequence is constant.
"""

import numpy as np

from skrnn._convolutions.base import N_WEIGHTS
from skrnn._convolutions.hydra import Hydra
from skrnn._convolutions.multirocket import TRIPLES, MultiRocket
from skrnn._onnx.preprocessing import array_of, limited, moments_of, scaled_inputs
from skrnn._onnx.scan import scan
from skrnn._onnx.stretches import WORD, longest_stretches


def classifier_logits(classifier, steps, n_features):
    """Logits (N, n_targets) of a `ConvolutionClassifier`.

    Parameters
    ----------
    classifier : ConvolutionClassifier
        Fitted.
    steps : Steps
        Sequences in the units of the fit.
    n_features : int
        Features of a step.
    """
    scaling, convolutions = classifier.scaling, classifier.convolutions
    steps = limited(scaling, steps)
    x = scaled_inputs(scaling, steps, moments_of(scaling, steps))
    # Without the channels that tell what is missing.
    x = x.slice(2, 0, n_features).cast(np.float32)
    if scaling.is_code is not None:
        x = x * (~np.asarray(scaling.is_code)).astype(np.float32)
    features_of = _FEATURES[type(convolutions)]

    def of_one(x, length):  # (L, F), (1,)
        return [features_of(convolutions, x.slice(0, 0, length).transpose(1, 0))]

    lengths = steps.lengths.unsqueeze(1)  # (N, 1)
    inputs = [x, lengths.at_least(1)]
    [features] = scan(of_one, [], inputs, axes=[0, 0], n_outputs=1)  # (P, N)
    features = x.graph.where(lengths.transpose(1, 0) > 0, features, 0.0)
    centred = features.cast(np.float64) - array_of(classifier.center)[:, None]
    logits = array_of(classifier.weight) @ centred + array_of(classifier.bias)[:, None]
    return logits.transpose(1, 0)


def _sums(x, is_chosen):
    """Sums of the channels that kernels read.

    Parameters
    ----------
    x : Value of shape (F, L)
        The channels of a sequence.
    is_chosen : ndarray of shape (D, K, F) of bool
        Which of them each of K kernels reads under each dilation.

    Returns
    -------
    total : Value of shape (n_sums, L)
    n_sums : int
        D * K; or D if the kernels of a dilation read the same, or 1 if all do.
    """
    for axis in (1, 0):
        first = is_chosen.take([0], axis=axis)
        if is_chosen.shape[1] == 1 or axis == 1:
            is_chosen = first if (is_chosen == first).all() else is_chosen
    n_features = is_chosen.shape[2]
    is_chosen = is_chosen.reshape(-1, n_features)
    # Numbers of those channels in ascending order, and then of zeros.
    order = np.sort(np.where(is_chosen, np.arange(n_features), n_features))
    values = x.graph.concat([x, x.slice(0, 0, 1) * 0.0], axis=0)
    total = values.gather(order[:, 0], 0)
    for place in range(1, is_chosen.sum(axis=1).max()):
        total = total + values.gather(order[:, place], 0)
    return total, len(is_chosen)


def _read(u, n_sums, dilations):
    """What each of nine weights reads at every step.

    Parameters
    ----------
    u : Value of shape (n_sums, L)
        What there is to read.
    n_sums : int
        One for all dilations, or M for each.
    dilations : list of int
        Steps from one weight to the next.

    Returns
    -------
    read : Value of shape (D, 9 * M, L)
    M : int
    """
    graph, n_steps, half = u.graph, u.length(1), N_WEIGHTS // 2
    reach = half * max(dilations)
    padded = graph.node("Pad", u, np.array([0, reach, 0, reach]))
    starts = [
        [reach + (weight - half) * dilation for weight in range(N_WEIGHTS)]
        for dilation in dilations
    ]
    if n_sums == 1:
        places = graph.range(n_steps) + np.array(starts)[:, :, None]  # (D, 9, L)
        return padded.squeeze(0).gather(places, 0), 1
    m = n_sums // len(dilations)
    read = [
        padded.slice(0, m * d, m * (d + 1)).slice(1, start, n_steps + start)
        for d, of_dilation in enumerate(starts)
        for start in of_dilation
    ]
    read = graph.concat(read, axis=0).reshape(len(dilations), N_WEIGHTS * m, -1)
    return read, m


def _multirocket(convolutions, x):
    """Features (P,) of float32 of channels (F, L), in the order of `MultiRocket`."""
    sums = _sums(x, array_of(convolutions.channels))
    read, m = _read(*sums, convolutions.dilations.tolist())
    nine, *others = (read.slice(1, m * j, m * (j + 1)) for j in range(N_WEIGHTS))
    for part in others:
        nine = nine + part  # (D, M, L)
    triples = np.array(TRIPLES)  # (84, 3)
    own = np.arange(len(triples)) % m
    a, b, c = (read.gather(column * m + own, 1) * 3.0 for column in triples.T)
    response = (a + b - nine) + c  # (D, 84, L)
    biases = array_of(convolutions.biases)  # (D, 84, B)
    return _pool(response, biases.reshape(-1, biases.shape[2]))


def _pool(response, biases):
    """Features (P,) of responses (D, 84, L), and of biases (K, B) that they exceed."""
    graph, n_steps = response.graph, response.length(2)
    n_kernels, n_biases = biases.shape
    # Steps are the first axis, kernels the last: the other order takes much longer.
    response = response.reshape(n_kernels, -1).transpose(1, 0)
    # Whole words of steps; those beyond the last exceed no bias.
    beyond = (n_steps * -1) % WORD
    pads = graph.shape(0, 0, beyond, 0)
    response = graph.node("Pad", response, pads, np.float32(-np.inf)).unsqueeze(1)
    excess = response - biases.T  # (L, B, K)
    positive = excess.reshape(-1, biases.size).apply("Relu")
    above = (positive > 0.0).cast(np.float32)
    index = graph.range(above.length(0)).cast(np.float32).unsqueeze(0)
    rows = graph.concat([index * 0.0 + 1.0, index], axis=0) @ above
    count, indices = (row.cast(np.float64) for row in rows.split(2, 0))
    total = positive.sum(0, keep=True).cast(np.float64)
    longest = longest_stretches(above).cast(np.float64)
    is_any, divisor = count > 0.0, count.at_least(1.0)
    n_steps = n_steps.cast(np.float64)
    pooled = (
        count / n_steps,
        graph.where(is_any, total / divisor, 0.0),
        graph.where(is_any, indices / (divisor * n_steps), -1.0),
        longest / n_steps,
    )  # each (1, B * K)
    features = graph.concat(pooled, axis=0).cast(np.float32)
    features = features.reshape(len(pooled), n_biases, n_kernels).transpose(2, 1, 0)
    return features.reshape(-1)


def _hydra(convolutions, x):
    """Features (P,) of float32 of channels (F, L), in the order of `Hydra`."""
    graph, n_steps = x.graph, x.length(1)
    is_change = array_of(convolutions.is_change)
    order = np.argsort(is_change, kind="stable")
    responses = [
        _responses(convolutions, x, np.flatnonzero(is_change == kind), is_change=kind)
        for kind in np.unique(is_change).tolist()
    ]
    response = graph.concat(responses, axis=0)  # (S * G, 8, L)
    sums = []
    for extreme, sign in ((response.max, 1.0), (response.min, -1.0)):
        is_extreme = response.equals(extreme(1, keep=True))
        chosen = response * is_extreme.cast(np.float32)
        sums.append(chosen.sum(2, keep=True).cast(np.float64) * sign)
    n_groups = convolutions.channels.shape[1]
    # A sequence has one change less than steps.
    less = np.repeat(is_change[order].astype(np.float64), n_groups)[:, None, None]
    means = graph.concat(sums, axis=2) / (n_steps.cast(np.float64) - less).at_least(1.0)
    features = means.cast(np.float32).at_least(0.0).apply("Sqrt")  # (S * G, 8, 2)
    features = features.reshape(len(order), -1).gather(np.argsort(order), 0)
    return features.reshape(-1)


def _responses(convolutions, x, sets, *, is_change):
    """Responses (D * G, 8, L) of some sets of groups, to steps or to changes."""
    graph, channels = x.graph, array_of(convolutions.channels)[sets]
    weights = array_of(convolutions.weights)[sets].transpose(0, 1, 3, 2)  # (D, G, 8, 9)
    u, n_sums = _sums(x, channels)
    if is_change:
        change = u.slice(1, 1) - u.slice(1, 0, -1)
        u = graph.node("Pad", change, np.array([0, 0, 0, 1]))
    read, m = _read(u, n_sums, array_of(convolutions.dilations)[sets].tolist())
    n_groups, n_rivals = weights.shape[1:3]
    if m == 1:
        response = weights.reshape(len(sets), -1, N_WEIGHTS) @ read
    else:
        read = read.reshape(len(sets), N_WEIGHTS, m, -1).transpose(0, 2, 1, 3)
        response = weights @ read
    if is_change:  # at the last step there is none
        place = graph.range(x.length(1))
        is_one = place < x.length(1) - 1
        response = response * is_one.cast(np.float32)
    return response.reshape(len(sets) * n_groups, n_rivals, -1)


_FEATURES = {MultiRocket: _multirocket, Hydra: _hydra}
