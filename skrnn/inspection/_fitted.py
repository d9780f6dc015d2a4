"""From what users fit to the recurrent model at its end, and the sequences it reads."""

import copy
from typing import NamedTuple

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skrnn._estimator.base import BaseRNN
from skrnn._sequences.nested import sequences_of
from skrnn._sequences.sources import SequenceSource
from skrnn._sequences.steps import is_absent
from skrnn._sequences.tokens import TokenArray
from skrnn.inspection._linear_path import DifferentiableLinearPath
from skrnn.windows._array import WindowedArray


class ReadModel(NamedTuple):
    """A fitted recurrent estimator, and sequences as it reads them."""

    model: BaseRNN
    given: object  # what its own `predict` is given
    X: object  # the same as an array, a list of arrays, windows or tokens
    source: SequenceSource

    def take(self, rows):
        """The same of some samples (int array)."""
        is_list = isinstance(self.X, list)
        X = [self.X[row] for row in rows] if is_list else self.X[rows]
        return ReadModel(self.model, None, X, self.source.take(rows))

    @property
    def is_ragged(self):
        """Whether the samples have no common number of steps."""
        return isinstance(self.X, (list, TokenArray))

    @property
    def feature_names(self):
        """Names of the features of a step (list of str)."""
        names = getattr(self.model, "feature_names_in_", None)
        found = [f"x{i}" for i in range(self.source.n_features)]
        if names is None:
            return found
        if self.model._is_3d:
            return [str(name) for name in names]
        if len(found) > 1:  # columns of categories beside lags, in their order
            found[1:] = [str(names[j]) for j in self.model._encoding.categories]
        return found

    @property
    def step_names(self):
        """Names of the steps (list of str), the oldest first; None where ragged."""
        names = getattr(self.model, "feature_names_in_", None)
        if names is not None and not self.model._is_3d:
            if self.model._encoding is not None:
                names = names[self.model._encoding.lags(names[None])]
            return [str(name) for name in names]
        return None if self.is_ragged else lag_names(self.X.shape[1])

    def presence(self, rows):
        """Tell which steps of some samples there are.

        Parameters
        ----------
        rows : ndarray of shape (N,) of int
            The samples.

        Returns
        -------
        ndarray of shape (N, T) of bool
            By the steps of X as it was given; ragged sequences begin at the first.
        """
        X = self.X
        if isinstance(X, TokenArray):
            lengths = X.lengths[rows]
            return np.arange(lengths.max(initial=0)) < lengths[:, None]
        if isinstance(X, WindowedArray):
            block = X.gather(rows)
        elif self.is_ragged:
            block = _padded([np.asarray(X[row], np.float64) for row in rows])
        else:
            block = X[rows][..., None] if X.ndim == 2 else X[rows]
        if block.dtype.kind != "f":
            block = block.astype(np.float64)
        return ~is_absent(block)

    def lengths(self):
        """Count the steps (ndarray of int) that each sample was given with."""
        if isinstance(self.X, TokenArray):
            return self.X.lengths
        if self.is_ragged:
            return np.array([len(sequence) for sequence in self.X])
        return np.full(len(self.source), self.X.shape[1])


def _padded(arrays):
    longest = max((len(array) for array in arrays), default=0)
    block = np.full((len(arrays), longest, arrays[0].shape[1]), np.nan)
    for sample, array in zip(block, arrays, strict=True):
        sample[: len(array)] = array
    return block


def lag_names(n_steps):
    """Names of steps (list of str), as `FlattenSequence` calls them; lag 0 is last."""
    return [f"lag{lag}" for lag in range(n_steps - 1, -1, -1)]


def unwrapped(estimator):
    """Give what a search has found (estimator), or the estimator itself.

    Raises
    ------
    TypeError
        If a search keeps no fitted estimator.
    """
    while hasattr(estimator, "best_params_") or hasattr(estimator, "cv_results_"):
        if not hasattr(estimator, "best_estimator_"):
            raise TypeError(
                f"This {type(estimator).__name__} has refit=False, so it holds no "
                "fitted estimator. Fit one with its best_params_."
            )
        estimator = estimator.best_estimator_
    return estimator


def read_model(estimator, X, caller):
    """Find the recurrent model of an estimator, and bring X to it.

    Parameters
    ----------
    estimator : RNNRegressor, RNNClassifier, or Pipeline or search that ends in one
        Fitted.
    X : array-like, DataFrame, list of array-like or WindowedArray
        As for its ``predict``.
    caller : str
        Who asks, for the errors.

    Returns
    -------
    ReadModel
    """
    model = unwrapped(estimator)
    while isinstance(model, Pipeline):
        check_is_fitted(model)
        if len(model.steps) > 1:
            X = model[:-1].transform(X)
        model = unwrapped(model.steps[-1][1])
    if not isinstance(model, BaseRNN):
        raise TypeError(
            f"{caller} looks into RNNRegressor and RNNClassifier, and into pipelines "
            f"and searches that end in one; got {type(model).__name__}. "
            "permutation_importance takes every estimator and RNNForecaster."
        )
    source = model._source_of(X)
    return ReadModel(model, X, as_layout(_with_codes(model, X)), source)


def _with_codes(model, X):
    """X with codes of categories; of a table of lags without those beside the lags."""
    encoding = model._encoding
    if encoding is None:
        return X
    X = encoding.encode(X, getattr(model, "feature_names_in_", None))
    if model._is_3d:
        return X
    table = np.asarray(X, np.float64)
    return table[:, encoding.lags(table)]


def as_layout(X):
    """Give sequences as an array, a list of arrays, windows or tokens.

    Parameters
    ----------
    X : object
        Whatever an estimator has read.

    Returns
    -------
    ndarray, list of ndarray of shape (T_i, F), WindowedArray or TokenArray
    """
    if isinstance(X, (WindowedArray, TokenArray)):
        return X
    sequences, _ = sequences_of(X)
    if sequences is None:
        return np.asarray(X)
    return [np.asarray(sequence) for sequence in sequences]


def double_network(net):
    """A copy of a network in double precision, on the CPU, that only predicts.

    Parameters
    ----------
    net : SequenceNet
        Whose network it is; it stays as it is.

    Returns
    -------
    RecurrentNetwork
        No weight of it wants a gradient.
    """
    network = copy.deepcopy(net.module_).cpu().double().eval()
    network.requires_grad_(False)
    network.tbptt_steps = None
    path = network.baseline.linear_path
    if path is not None:
        network.baseline.linear_path = DifferentiableLinearPath(path)
    return network
