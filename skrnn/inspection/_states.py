"""What the networks of an estimator hold at every step."""

from __future__ import annotations

import torch
from sklearn.utils._param_validation import validate_parameter_constraints

from skrnn._kernels.threads import (
    on_cpu_unless_told,
    single_thread_without_gradients,
)
from skrnn._numbers import NOT_NEGATIVE
from skrnn._training.outputs import evaluation_batch
from skrnn._typing import PerSample, SequencesLike, SupportsFitPredict
from skrnn.inspection._fitted import double_network, read_model
from skrnn.inspection._recording import RecordingStack, gates_of_layer
from skrnn.inspection._steps import StepArrays, batches

__all__ = ["attention_weights", "gates", "hidden_states"]


def hidden_states(
    estimator: SupportsFitPredict, X: SequencesLike, *, network: int = 0
) -> list[PerSample]:
    """Give the states of the recurrent layers at every step.

    Those of a layer are what the next one reads: after normalisation and with what
    ``residual=True`` adds. They are computed in double precision.

    Parameters
    ----------
    estimator : RNNRegressor, RNNClassifier, or Pipeline or search that ends in one
        Fitted.
    X : array-like, DataFrame, list of array-like or WindowedArray
        As for ``predict``.
    network : int, default=0
        Which of the networks ``nets_``.

    Returns
    -------
    list of ndarray of shape (n_samples, n_timesteps, n_directions * hidden_size)
        One of float64 for each layer, the states of reading forwards first. NaN where a
        step is absent. Of ragged X each is a list of arrays of shape (n_timesteps_i,
        n_directions * hidden_size). A network that reads segments of several steps has
        a state for each segment, the newest one last.

    Raises
    ------
    ValueError
        If X is not as in ``fit``, or there is no such network.
    TypeError
        If `estimator` has no recurrent network.

    See Also
    --------
    gates : What lets states change.
    skrnn.plotting.HiddenStatesDisplay : Draws them.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import RNNRegressor
    >>> from skrnn.inspection import hidden_states
    >>> X = np.random.default_rng(0).normal(size=(40, 6, 2))
    >>> model = RNNRegressor(hidden_size=3, num_layers=2, max_epochs=5, n_estimators=1)
    >>> first, second = hidden_states(model.fit(X, X[:, -1, 0]), X)
    >>> first.shape
    (40, 6, 3)
    """
    return states_of(read_model(estimator, X, "hidden_states"), network)


@on_cpu_unless_told
def states_of(read, network):
    """States of all layers, as `hidden_states`, of samples (ReadModel)."""
    twin = _recording(read, network)
    parts = [StepArrays(read, twin.segment_length) for _ in twin.stack.layers]
    for rows, lengths in _runs(read, twin):
        for part, states in zip(parts, twin.stack.states, strict=True):
            part.add(rows, states.numpy(), lengths)
    return [part.result() for part in parts]


@on_cpu_unless_told
def gates(
    estimator: SupportsFitPredict, X: SequencesLike, *, network: int = 0
) -> list[dict[str, PerSample]]:
    """Give the gates of the recurrent layers at every step.

    Parameters
    ----------
    estimator : RNNRegressor, RNNClassifier, or Pipeline or search that ends in one
        Fitted.
    X : array-like, DataFrame, list of array-like or WindowedArray
        As for ``predict``.
    network : int, default=0
        Which of the networks ``nets_``.

    Returns
    -------
    list of dict of str to ndarray of shape (n_samples, n_timesteps, \
            n_directions * hidden_size)
        One for each layer, with torch's names [1]_: of an LSTM ``"input"``,
        ``"forget"``, ``"cell"`` and ``"output"``; of a GRU ``"reset"``, ``"update"``,
        which is 1 where a unit keeps its state, and ``"new"``; of the plain cell
        ``"new"`` alone, which is its state. Values are in [0, 1], but those of
        ``"cell"`` and ``"new"`` in [-1, 1] (0 or more with ``nonlinearity="relu"``).
        Arrays are as in `hidden_states`.

    Raises
    ------
    ValueError
        If X is not as in ``fit``, or there is no such network.
    TypeError
        If `estimator` has no recurrent network.

    References
    ----------
    .. [1] The formulas in the documentation of torch.nn.LSTM and torch.nn.GRU.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import RNNRegressor
    >>> from skrnn.inspection import gates
    >>> X = np.random.default_rng(0).normal(size=(40, 6))
    >>> model = RNNRegressor("lstm", 3, max_epochs=5, n_estimators=1)
    >>> model = model.fit(X, X[:, -1])
    >>> sorted(gates(model, X)[0])
    ['cell', 'forget', 'input', 'output']
    """
    read = read_model(estimator, X, "gates")
    twin = _recording(read, network)
    parts = [{} for _ in twin.stack.layers]
    for rows, lengths in _runs(read, twin):
        stack = twin.stack
        for part, layer, x in zip(parts, stack.layers, stack.inputs, strict=True):
            for name, gate in gates_of_layer(layer, x, stack.lengths).items():
                if name not in part:
                    part[name] = StepArrays(read, twin.segment_length)
                part[name].add(rows, gate.numpy(), lengths)
    return [{name: one.result() for name, one in part.items()} for part in parts]


@on_cpu_unless_told
def attention_weights(
    estimator: SupportsFitPredict, X: SequencesLike, *, network: int = 0
) -> PerSample:
    """Give what each step counts in the mean that ``pooling="attention"`` takes.

    Parameters
    ----------
    estimator : RNNRegressor, RNNClassifier, or Pipeline or search that ends in one
        Fitted, with ``pooling="attention"``.
    X : array-like, DataFrame, list of array-like or WindowedArray
        As for ``predict``.
    network : int, default=0
        Which of the networks ``nets_``.

    Returns
    -------
    ndarray of shape (n_samples, n_timesteps) of float64
        In [0, 1], and 1 in sum over the steps of a sample; 0 where a step is absent. Of
        ragged X a list of arrays of shape (n_timesteps_i,). A network that reads
        segments of several steps has a weight for each segment, the newest one last.

    Raises
    ------
    ValueError
        If the states are pooled in another way, X is not as in ``fit``, or there is no
        such network.
    TypeError
        If `estimator` has no recurrent network.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import RNNRegressor
    >>> from skrnn.inspection import attention_weights
    >>> X = np.random.default_rng(0).normal(size=(40, 6))
    >>> model = RNNRegressor(pooling="attention", max_epochs=5, n_estimators=1)
    >>> weights = attention_weights(model.fit(X, X[:, -1]), X)
    >>> weights.shape, bool(np.allclose(weights.sum(axis=1), 1))
    ((40, 6), True)
    """
    read = read_model(estimator, X, "attention_weights")
    twin = _recording(read, network)
    pool = twin.pool
    if pool.kind != "attention":
        raise ValueError(
            f"attention_weights needs an estimator that pools by attention, and this "
            f'one was fitted with pooling={pool.kind!r}. Fit with pooling="attention".'
        )
    part = StepArrays(read, twin.segment_length, filler=0.0)
    for rows, lengths in _runs(read, twin):
        states, own = twin.stack.states[-1], twin.stack.lengths
        score = pool.score(torch.tanh(pool.project(states)))[..., 0]  # (N, L)
        is_there = torch.arange(score.shape[1]) < own[:, None]
        score = score.masked_fill(~is_there, torch.finfo(score.dtype).min)
        part.add(rows, score.softmax(dim=1).numpy(), lengths)
    return part.result()


def check_network(nets, network):
    """Raise where no net has the number `network`."""
    validate_parameter_constraints(
        {"network": [NOT_NEGATIVE]}, {"network": network}, "skrnn.inspection"
    )
    if network >= len(nets):
        raise ValueError(
            f"network={network} is none of the {len(nets)} networks of this estimator; "
            "they are counted from 0."
        )


def _recording(read, network):
    """A network of the model that is read, which records."""
    check_network(read.model.nets_, network)
    twin = double_network(read.model.nets_[network])
    twin.stack = RecordingStack(twin.stack)
    return twin


def _runs(read, twin):
    """Run a network over all samples; yield rows and lengths of each batch."""
    source = twin.scaling.limited(read.source)
    read = read._replace(source=source)
    size = evaluation_batch(twin, source, is_compiled=False)
    with single_thread_without_gradients():
        for rows, x, lengths in batches(read, size):
            twin(x, lengths)
            yield rows, lengths.numpy()
