"""Random convolutions and their ridge classifiers as nodes of a graph.

Sums are taken in the order of the kernels: whether a response exceeds a bias hangs on
its last bit where a sequence is constant.
"""

import numpy as np

from skrnn._convolutions.base import N_WEIGHTS
from skrnn._convolutions.convolution_classifier import LARGEST
from skrnn._convolutions.hydra import Hydra
from skrnn._convolutions.multirocket import TRIPLES, MultiRocket
from skrnn._onnx.preprocessing import array_of, moments_of, scaled_inputs


def classifier_logits(classifier, steps, n_features):
    """Logits (N, n_targets) of a `ConvolutionClassifier`.

    Parameters
    ----------
    classifier : ConvolutionClassifier
        Fitted.
    steps : Steps
        Sequences in the user's units.
    n_features : int
        Features of a step.
    """
    scaling, convolutions = classifier.scaling, classifier.convolutions
    x = scaled_inputs(scaling, steps, moments_of(scaling, steps))
    # Without the channels that tell what is missing.
    x = x.slice(2, 0, n_features).at_least(-LARGEST).at_most(LARGEST)
    channels = _Channels(x.cast(np.float32), steps)
    features = _FEATURES[type(convolutions)](convolutions, channels)  # (P, N)
    centred = features.cast(np.float64) - array_of(classifier.center)[:, None]
    logits = array_of(classifier.weight) @ centred + array_of(classifier.bias)[:, None]
    return logits.transpose(1, 0)


class _Channels:
    """The channels of sequences, zero where no step is."""

    def __init__(self, x, steps):
        graph = self.graph = x.graph
        is_there = steps.is_there.unsqueeze(2)
        x = graph.where(is_there, x, 0.0).transpose(2, 1, 0)  # (F, L, N)
        # What kernels read that have fewer channels than others.
        zeros = x.slice(0, 0, 1) * 0.0
        self._values = graph.concat([x, zeros], axis=0)
        self.is_there = is_there.transpose(2, 1, 0).squeeze(0)  # (L, N)
        first = self.is_there.slice(0, 0, 1)
        # Whether another step follows.
        self.has_next = graph.concat(
            [self.is_there.slice(0, 1), first & ~first], axis=0
        )
        self.lengths = steps.lengths  # (N,)

    def sums(self, is_chosen):
        """Sums of the channels that each of K kernels reads.

        Parameters
        ----------
        is_chosen : ndarray of shape (K, F) of bool
            Which channels those are.

        Returns
        -------
        total : Value of shape (n_sums, L, N)
        n_sums : int
            K, or 1 where all read the same.
        """
        n_features = is_chosen.shape[1]
        if (is_chosen == is_chosen[0]).all():
            is_chosen = is_chosen[:1]
        most = is_chosen.sum(axis=1).max()
        # Numbers of those channels in ascending order, and then of the zeros.
        order = np.sort(np.where(is_chosen, np.arange(n_features), n_features))
        total = self._values.gather(order[:, 0], 0)
        for place in range(1, most):
            total = total + self._values.gather(order[:, place], 0)
        return total, len(is_chosen)


def _shifted(u, dilation):
    """What each of nine weights reads at every step: (K, L, N) to nine of those."""
    margin = N_WEIGHTS // 2 * dilation
    padded = u.graph.node("Pad", u, np.array([0, margin, 0, 0, margin, 0]))
    n_steps = u.length(1)
    for j in range(N_WEIGHTS):
        start = j * dilation
        yield padded.slice(1, start, n_steps + start)


def _multirocket(convolutions, channels):
    """Features (P, N) of float32, in the order of `MultiRocket`."""
    graph = channels.graph
    count = channels.lengths.at_least(1).cast(np.float64)  # (N,)
    parts = []
    for d, dilation in enumerate(convolutions.dilations.tolist()):
        sums = channels.sums(array_of(convolutions.channels)[d])
        response = _respond(*sums, dilation)  # (84, L, N)
        bias = array_of(convolutions.biases)[d]  # (84, B)
        # Steps first, so that what is done along them is done with whole rows.
        response = response.transpose(1, 0, 2).unsqueeze(2)  # (L, 84, 1, N)
        pooled = _pool(response - bias[:, :, None], channels, count)
        parts.append(graph.concat(pooled, axis=2).reshape(bias.size * 4, -1))
    features = graph.concat(parts, axis=0)
    return graph.where(channels.lengths > 0, features, 0.0)


def _respond(u, n_sums, dilation):
    """Responses (84, L, N) to sums of channels (n_sums, L, N)."""
    graph = u.graph
    read = list(_shifted(u, dilation))
    nine = read[0]
    for part in read[1:]:
        nine = nine + part
    triples = np.array(TRIPLES)  # (84, 3)
    stacked = graph.concat(read, axis=0)
    own = np.arange(len(triples)) % n_sums
    a, b, c = (stacked.gather(column * n_sums + own, 0) * 3.0 for column in triples.T)
    return (a + b - nine) + c


def _pool(v, channels, n_steps):
    """The four poolings, each (84, B, 1, N) of float32, of excesses (L, 84, B, N)."""
    graph = v.graph
    is_there = channels.is_there.unsqueeze(1, 2)  # (L, 1, 1, N)
    above = (v > 0.0) & is_there
    ones = above.cast(np.float64)
    index = graph.range(v.length(0)).cast(np.float64).unsqueeze(1, 2, 3)
    count = ones.sum(0)  # (84, B, N)
    total = graph.where(above, v, 0.0).cast(np.float64).sum(0)
    indices = (ones * index).sum(0)
    is_any, divisor = count > 0, count.at_least(1.0)
    # Each step that is not above begins a stretch, of which those after it are.
    stretch = (~above).cast(np.int64).cumsum(0)
    empty = graph.concat([above, above.slice(0, 0, 1)], axis=0).cast(np.float32) * 0.0
    sizes = graph.node(
        "ScatterElements",
        empty,
        stretch,
        above.cast(np.float32),
        axis=0,
        reduction="add",
    )
    longest = sizes.max(0).cast(np.float64)
    pooled = (
        count / n_steps,
        graph.where(is_any, total / divisor, 0.0),
        graph.where(is_any, indices / (divisor * n_steps), -1.0),
        longest / n_steps,
    )
    return [part.cast(np.float32).unsqueeze(2) for part in pooled]


def _hydra(convolutions, channels):
    """Features (P, N) of float32, in the order of `Hydra`."""
    graph, parts = channels.graph, []
    for s, dilation in enumerate(convolutions.dilations.tolist()):
        u, _ = channels.sums(array_of(convolutions.channels)[s])
        is_there, count = channels.is_there, channels.lengths
        if convolutions.is_change[s]:
            after = graph.concat([u.slice(1, 1), u.slice(1, 0, 1)], axis=1)
            is_there, count = channels.has_next, (count - 1).at_least(0)
            u = graph.where(is_there, after - u, 0.0)
        weights = array_of(convolutions.weights)[s].transpose(0, 2, 1)  # (G, 8, 9)
        parts.append(_compete(u, dilation, weights, is_there, count))
    return graph.concat(parts, axis=0)


def _compete(u, dilation, weights, is_there, count):
    """Features (G * 8 * 2, N) of one set of groups.

    Parameters
    ----------
    u : Value of shape (G, L, N) or (1, L, N)
        What they read.
    dilation : int
        Of the set.
    weights : ndarray of shape (G, 8, 9)
        Its kernels.
    is_there : Value of shape (L, N) of bool
        Steps that count.
    count : Value of shape (N,) of int64
        How many those are.
    """
    graph = u.graph
    read = graph.concat([part.unsqueeze(1) for part in _shifted(u, dilation)], axis=1)
    shape = graph.shape(-1, N_WEIGHTS, u.length(1) * u.length(2))
    response = weights @ graph.node("Reshape", read, shape)  # (G, 8, L * N)
    shape = graph.shape(len(weights), 8, u.length(1), u.length(2))
    response = graph.node("Reshape", response, shape)
    sums = []
    for extreme, sign in ((response.max, 1.0), (response.min, -1.0)):
        is_extreme = response.equals(extreme(1, keep=True)) & is_there
        total = graph.where(is_extreme, response, 0.0).cast(np.float64).sum(2)
        sums.append((total * sign).unsqueeze(2))  # (G, 8, 1, N)
    mean = graph.concat(sums, axis=2) / count.at_least(1).cast(np.float64)
    features = mean.cast(np.float32).at_least(0.0).apply("Sqrt")
    return features.reshape(weights.shape[0] * 8 * 2, -1)


_FEATURES = {MultiRocket: _multirocket, Hydra: _hydra}
