"""Random convolutions and their ridge classifiers as nodes of a graph.

Sums are taken in the order of the kernels: whether a response exceeds a bias hangs on
its last bit where a sequence is constant.
"""

from functools import partial

import numpy as np

from skrnn._convolutions.base import N_WEIGHTS
from skrnn._convolutions.hydra import Hydra
from skrnn._convolutions.multirocket import TRIPLES, MultiRocket
from skrnn._onnx.preprocessing import array_of, limited, moments_of, scaled_inputs
from skrnn._onnx.scan import scan, zeros


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
    x = x.slice(2, 0, n_features)
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
    responses = []
    for d, dilation in enumerate(convolutions.dilations.tolist()):
        sums = channels.sums(array_of(convolutions.channels)[d])
        responses.append(_respond(*sums, dilation))  # (84, L, N)
    biases = array_of(convolutions.biases)
    biases = biases.reshape(-1, biases.shape[2])  # (D * 84, B)
    response = graph.concat(responses, axis=0)
    single, double = (
        zeros(graph, *biases.shape, response.length(2), dtype=dtype)
        for dtype in (np.float32, np.float64)
    )
    _, count, total, indices, longest, _ = scan(
        partial(_pool_step, biases[:, :, None]),
        [graph.value(np.zeros(1)), single, double, double, single, single],
        [response, channels.is_there],
        axes=[1, 0],
    )  # each (D * 84, B, N)
    n_steps = channels.lengths.at_least(1).cast(np.float64)  # (N,)
    count, is_any = count.cast(np.float64), count > 0
    divisor = count.at_least(1.0)
    pooled = (
        count / n_steps,
        graph.where(is_any, total / divisor, 0.0),
        graph.where(is_any, indices / (divisor * n_steps), -1.0),
        longest.cast(np.float64) / n_steps,
    )  # each (D * 84, B, N)
    features = graph.concat([part.unsqueeze(2) for part in pooled], axis=2)
    features = features.cast(np.float32).reshape(biases.size * 4, -1)
    return graph.where(channels.lengths > 0, features, 0.0)


def _pool_step(
    biases, step, count, total, indices, longest, stretch, response, is_there
):
    """Go on by one step.

    Parameters
    ----------
    biases : ndarray of shape (K, B, 1)
        What responses are to exceed.
    step : Value of shape (1,)
        Number of the step.
    count, total, indices, longest, stretch : Value of shape (K, B, N)
        Of the steps so far whose response exceeds a bias: how many, by how much, the
        sum of their numbers, the longest stretch of them and the one not ended yet.
    response : Value of shape (K, N)
        At this step.
    is_there : Value of shape (N,) of bool
        Whether it is present.

    Returns
    -------
    list of Value
        What was given of the steps so far, after this one.
    """
    response = response.graph.where(is_there, response, -np.inf)
    excess = response.unsqueeze(1) - biases
    is_above = excess > 0.0
    above = is_above.cast(np.float32)
    stretch = (stretch + 1.0) * above
    return [
        step + 1.0,
        count + above,
        total + excess.apply("Relu").cast(np.float64),
        indices + is_above.cast(np.float64) * step,
        longest.at_least(stretch),
        stretch,
    ]


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


def _hydra(convolutions, channels):
    """Features (P, N) of float32, in the order of `Hydra`."""
    graph, responses, counts = channels.graph, [], []
    weights = array_of(convolutions.weights).transpose(0, 1, 3, 2)  # (S, G, 8, 9)
    for s, dilation in enumerate(convolutions.dilations.tolist()):
        u, _ = channels.sums(array_of(convolutions.channels)[s])
        is_there, count = channels.is_there, channels.lengths
        if convolutions.is_change[s]:
            after = graph.concat([u.slice(1, 1), u.slice(1, 0, 1)], axis=1)
            is_there, count = channels.has_next, (count - 1).at_least(0)
            u = graph.where(is_there, after - u, 0.0)
        # What is beyond the sequence adds nothing.
        response = _products(u, dilation, weights[s]) * is_there.cast(np.float32)
        responses.append(response)  # (G, 8, L, N)
        counts.append(count.at_least(1).cast(np.float64).reshape(1, 1, 1, -1))
    response = graph.concat(responses, axis=0)
    n_sets, n_groups = weights.shape[:2]
    begin = zeros(graph, n_sets * n_groups, 8, response.length(3))
    sums = scan(_compete_step, [begin, begin], [response], axes=[2])
    sums = [part.reshape(n_sets, n_groups * 8, 1, -1) for part in sums]
    means = graph.concat(sums, axis=2) / graph.concat(counts, axis=0)
    features = means.cast(np.float32).at_least(0.0).apply("Sqrt")
    return features.reshape(n_sets * n_groups * 8 * 2, -1)


def _products(u, dilation, weights):
    """Responses (G, 8, L, N) of one set of groups.

    Parameters
    ----------
    u : Value of shape (G, L, N) or (1, L, N)
        What they read.
    dilation : int
        Of the set.
    weights : ndarray of shape (G, 8, 9)
        Its kernels.
    """
    graph = u.graph
    read = graph.concat([part.unsqueeze(1) for part in _shifted(u, dilation)], axis=1)
    flat = graph.shape(-1, N_WEIGHTS, u.length(1) * u.length(2))
    response = weights @ graph.node("Reshape", read, flat)  # (G, 8, L * N)
    whole = graph.shape(*weights.shape[:2], u.length(1), u.length(2))
    return graph.node("Reshape", response, whole)


def _compete_step(high, low, response):
    """Go on by one step.

    Parameters
    ----------
    high, low : Value of shape (K, 8, N)
        Sums of what is the largest of a group at a step, and of what is the smallest,
        with the sign changed.
    response : Value of shape (K, 8, N)
        At this step.

    Returns
    -------
    list of Value
        Both sums after this step.
    """
    is_most, is_least = (
        response.equals(extreme(1, keep=True)).cast(np.float32)
        for extreme in (response.max, response.min)
    )
    return [
        high + (response * is_most).cast(np.float64),
        low - (response * is_least).cast(np.float64),
    ]


_FEATURES = {MultiRocket: _multirocket, Hydra: _hydra}
