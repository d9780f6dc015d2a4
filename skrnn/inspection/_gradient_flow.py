"""How the gradient of the loss fares on its way back through layers and steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from skrnn._ensemble.member import new_dataset
from skrnn._estimator.reading import read_samples
from skrnn._kernels.threads import on_cpu_unless_told, single_thread
from skrnn._network.segments import n_segments
from skrnn._preprocessing.blocks import tensors
from skrnn._training.outputs import evaluation_batch
from skrnn._typing import ArrayLike, Floats, SequencesLike, SupportsFitPredict
from skrnn.inspection._fitted import double_network, read_model
from skrnn.inspection._recording import UnrolledStack
from skrnn.inspection._states import check_network

__all__ = ["GradientFlow", "gradient_flow"]


@dataclass(frozen=True)
class GradientFlow:
    """Norms of the gradient of the loss, as `gradient_flow` finds them.

    Attributes
    ----------
    norms : ndarray of shape (n_layers, n_timesteps) of float64
        Euclidean norm of the gradient of a sample's loss with respect to the states of
        a layer after a step, through all that follows; the mean over the samples that
        have the step. The newest step is last. In units of the loss.
    memory_norms : ndarray of shape (n_layers, n_timesteps) of float64, or None
        The same with respect to the memory of an LSTM, by which its gradients reach far
        back; None of other cells.
    factors : ndarray of shape (n_layers,) of float64
        By what the norm is multiplied from a step to the one before it, in the
        geometric mean: below 1 gradients vanish, above 1 they explode. Of the memory,
        for an LSTM. NaN where there is one step, or no gradient.
    n_samples : int
        How many samples the means are over.
    segment_length : int
        Steps of X that are one step of the recurrence.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import RNNRegressor
    >>> from skrnn.inspection import gradient_flow
    >>> X = np.random.default_rng(0).normal(size=(60, 5))
    >>> model = RNNRegressor(early_stopping=False, max_epochs=3, n_estimators=1)
    >>> flow = gradient_flow(model.fit(X, X[:, 0]), X, X[:, 0])
    >>> flow.norms.shape, flow.factors.shape, flow.n_samples
    ((1, 5), (1,), 60)
    """

    norms: Floats
    memory_norms: Floats | None
    factors: Floats
    n_samples: int
    segment_length: int


@on_cpu_unless_told
def gradient_flow(
    estimator: SupportsFitPredict, X: SequencesLike, y: ArrayLike, *, network: int = 0
) -> GradientFlow:
    """Measure how gradients vanish or explode over steps and layers.

    A gradient that goes back through a step of a plain network is multiplied by the
    same matrix each time, and so shrinks or grows exponentially [1]_ [2]_; gates are
    there to prevent that. This measures it for a fitted estimator, on any samples, in
    double precision and without dropout. Steps are counted back from the newest one of
    each sample, over the steps that are present.

    Parameters
    ----------
    estimator : RNNRegressor, RNNClassifier, or Pipeline or search that ends in one
        Fitted.
    X : array-like, DataFrame, list of array-like or WindowedArray
        As for ``predict``. Some hundred samples are enough.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Their targets.
    network : int, default=0
        Which of the networks ``nets_``.

    Returns
    -------
    GradientFlow
        With ``norms`` by layer and step, and ``factors``.

    Raises
    ------
    ValueError
        If X or y is not as in ``fit``, or there is no such network.
    TypeError
        If `estimator` has no recurrent network.

    See Also
    --------
    skrnn.plotting.GradientFlowDisplay : Draws it.

    References
    ----------
    .. [1] Bengio, Y., Simard, P. and Frasconi, P. (1994). Learning long-term
       dependencies with gradient descent is difficult. IEEE Transactions on Neural
       Networks 5(2).
    .. [2] Pascanu, R., Mikolov, T. and Bengio, Y. (2013). On the difficulty of training
       recurrent neural networks. :arxiv:`1211.5063`.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import RNNRegressor
    >>> from skrnn.inspection import gradient_flow
    >>> X = np.random.default_rng(0).normal(size=(80, 30))
    >>> model = RNNRegressor("rnn", 4, max_epochs=5, early_stopping=False)
    >>> model.set_params(n_estimators=1, random_state=0).fit(X, X[:, -1])
    RNNRegressor(...)
    >>> flow = gradient_flow(model, X, X[:, -1])
    >>> flow.norms.shape
    (1, 30)
    >>> bool(flow.norms[0, 0] < 0.1 * flow.norms[0, -1])  # it vanishes
    True
    """
    read = read_model(estimator, X, "gradient_flow")
    model = read.model
    check_network(model.nets_, network)
    net = model.nets_[network]
    dataset = _dataset(model, read.given, y, net.module_)
    twin = double_network(net)
    twin.stack = UnrolledStack(twin.stack)
    loss = net.criterion_
    size = evaluation_batch(twin, dataset.source, is_compiled=False)
    sums = _Sums(len(twin.stack.layers), has_memory=twin.stack.layers[0].directions[0])
    with single_thread(), torch.enable_grad():
        for start in range(0, len(dataset), size):
            rows = np.arange(start, min(start + size, len(dataset)))
            x, lengths = tensors(*dataset.source.batch(rows))
            x.requires_grad_()
            target = dataset.target[rows]
            target = target.double() if target.is_floating_point() else target
            losses = loss.of_samples(twin(x, lengths), target)
            if lengths is None:
                lengths = torch.full((len(rows),), x.shape[1])
            lengths = n_segments(lengths, twin.segment_length)
            sums.add(twin.stack.unrolled, losses, lengths)
    norms, memory_norms = sums.means()
    return GradientFlow(
        norms,
        memory_norms,
        _factors(norms if memory_norms is None else memory_norms),
        len(dataset),
        twin.segment_length,
    )


def _dataset(model, X, y, network):
    """What the network would be trained on (SequenceDataset), all rows of it."""
    samples = read_samples(model, X, y, targets=model._targets, reset=False)
    rows = np.arange(len(samples.source))
    return new_dataset(network, model.settings_, model._targets, samples, rows)


class _Sums:
    """Sums of norms by layer and steps back, and how many they are of."""

    def __init__(self, n_layers, has_memory):
        self._n_kinds = 1 + (has_memory.mode == "LSTM")
        # By kind, layer and steps back.
        self._sums = np.zeros((self._n_kinds, n_layers, 0))
        self._counts = np.zeros(0)

    def add(self, unrolled, losses, lengths):
        """Take a batch: states by layer and direction, and losses (N,) of them."""
        n_steps = len(unrolled[0][0].hidden)
        wanted = [w.hidden for ways in unrolled for w in ways]
        if self._n_kinds == 2:
            wanted += [w.memory for ways in unrolled for w in ways]
        flat = [state for states in wanted for state in states]
        found = torch.autograd.grad(losses.sum(), flat, allow_unused=True)
        zeros = torch.zeros_like(flat[0])
        found = torch.stack([zeros if g is None else g for g in found])
        shape = self._n_kinds, len(unrolled), len(unrolled[0]), n_steps
        found = found.unflatten(0, shape).transpose(3, 4)  # (K, layers, D, N, L, H)
        step = torch.arange(n_steps)
        back = lengths[:, None] - 1 - step  # (N, L), of reading forwards
        is_there = back >= 0
        squares = found.square().sum(dim=-1)  # (K, layers, D, N, L)
        # What is read backwards stands at the step that it has read.
        squares[:, :, 1:] = squares[:, :, 1:].gather(
            4, back.clamp(min=0).expand_as(squares[:, :, 1:])
        )
        norms = squares.sum(dim=2).sqrt() * is_there  # (K, layers, N, L)
        self._widen(n_steps)
        place = back[is_there].numpy()
        for sums, part in zip(self._sums, norms, strict=True):
            for row, values in zip(sums, part, strict=True):
                values = values[is_there].detach().numpy()
                row += np.bincount(place, values, minlength=len(row))
        self._counts += np.bincount(place, minlength=len(self._counts))

    def _widen(self, n_steps):
        lacking = max(0, n_steps - len(self._counts))
        self._sums = np.pad(self._sums, ((0, 0), (0, 0), (0, lacking)))
        self._counts = np.pad(self._counts, (0, lacking))

    def means(self):
        """Means (n_layers, L) of states and of memories (or None), newest step last."""
        with np.errstate(invalid="ignore"):
            means = (self._sums / self._counts)[..., ::-1]
        return means[0].copy(), means[1].copy() if self._n_kinds == 2 else None


def _factors(norms):
    """Factors (n_layers,) from each step to the one before it."""
    factors = []
    for norm in norms:
        place = np.flatnonzero(norm > 0)
        if len(place) < 2:
            factors.append(np.nan)
            continue
        slope = np.polyfit(place, np.log(norm[place]), 1)[0]
        factors.append(float(np.exp(-slope)))
    return np.array(factors)
