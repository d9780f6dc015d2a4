"""Which inputs a prediction comes from, by integrated gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn.utils._param_validation import validate_parameter_constraints

from skrnn._kernels.threads import kernel_threads, on_cpu_unless_told, single_thread
from skrnn._numbers import AT_LEAST_ONE
from skrnn._training.outputs import evaluation_batch
from skrnn._typing import (
    BaselineLike,
    Floats,
    PerSample,
    SequencesLike,
    SupportsFitPredict,
)
from skrnn._warn import warn_user
from skrnn.inspection._baselines import Baseline
from skrnn.inspection._differentiable import DifferentiableModel
from skrnn.inspection._fitted import read_model
from skrnn.inspection._outputs import Output
from skrnn.inspection._path_integral import Line, integrate, rounding_of
from skrnn.inspection._steps import StepArrays, batches

__all__ = ["Attributions", "integrated_gradients"]

# Share of the difference by which attributions may fail to sum up to it.
_LARGEST_ERROR = 0.01


@dataclass(frozen=True)
class Attributions:
    """What `integrated_gradients` finds.

    Attributes
    ----------
    values : ndarray of shape (n_samples, n_timesteps, n_features) of float64
        What each input adds to the prediction, in the units of the prediction; exactly
        0 where a step is absent or a value missing. 2-D X has one feature. Of ragged X
        a list of arrays of shape (n_timesteps_i, n_features).
    prediction, baseline_prediction : ndarray of shape (n_samples,) of float64
        What is explained, for the samples and for their baselines.
    completeness_error : ndarray of shape (n_samples,) of float64
        By how much the sum of the values misses the difference of these two, as a share
        of that difference; 0 where it is within rounding.
    target : str
        What is explained, in words.
    feature_names : list of str
        Of the features of a step.
    step_names : list of str or None
        Of the steps, the oldest first; None of ragged X.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import RNNRegressor
    >>> from skrnn.inspection import integrated_gradients
    >>> X = np.random.default_rng(0).normal(size=(60, 5))
    >>> model = RNNRegressor(early_stopping=False, max_epochs=3, n_estimators=1)
    >>> found = integrated_gradients(model.fit(X, X[:, -1]), X[:4])
    >>> found.values.shape, found.prediction.shape
    ((4, 5, 1), (4,))
    >>> found.step_names[-1], found.feature_names
    ('lag0', ['x0'])
    """

    values: PerSample
    prediction: Floats
    baseline_prediction: Floats
    completeness_error: Floats
    target: str
    feature_names: list[str]
    step_names: list[str] | None

    def __repr__(self):
        n_features = len(self.feature_names)
        error = self.completeness_error.max(initial=0)
        return (
            f"Attributions(target={self.target!r}, n_samples={len(self.values)}, "
            f"n_features={n_features}, largest completeness_error={error:.2g})"
        )


@on_cpu_unless_told
def integrated_gradients(
    estimator: SupportsFitPredict,
    X: SequencesLike,
    *,
    target: Any = None,
    baseline: BaselineLike = "mean",
    n_steps: int = 64,
) -> Attributions:
    """Attribute predictions to the steps and features that they come from.

    Integrated gradients [1]_: what an input adds to a prediction is its difference from
    a baseline, times the gradient, averaged on the way from the baseline to the sample.
    The attributions of a sample add up to the difference between its prediction and
    that of its baseline. It goes through the whole model in double precision: scaling,
    absent steps, the level of each window, all networks, and the linear model beside
    them. Of the random convolutions beside a classifier's networks, which have no
    gradients, it tells.

    Parameters
    ----------
    estimator : RNNRegressor, RNNClassifier, or Pipeline or search that ends in one
        Fitted. Of a pipeline, what its last transformer gives is explained.
    X : array-like, DataFrame, list of array-like or WindowedArray
        As for ``predict``.
    target : int, float, tuple or label, default=None
        What is explained. Of a regressor the column of y (int), such as the step ahead;
        a quantile (float in (0, 1)); or both, ``(column, quantile)``. None is the only
        column, as ``predict`` gives it. Of a classifier a class, whose value in
        ``decision_function`` is explained: the log-odds of two classes, else the
        unnormalised log-probability. None is ``classes_[1]`` of two, and of more the
        class that is predicted for each sample.
    baseline : {"mean", "zero"}, float or array-like, default="mean"
        What samples are compared with. ``"mean"``: the means of the features over the
        samples of fit, or over X where ``scale=False``; categories and tokens have the
        mean of the vectors that are learned for those in X. ``"zero"``: zero, in units
        of X; the zero vector. A number, or an array of values in units of X:
        (n_features,), (n_timesteps, n_features), or the shape of X; of 2-D X
        (n_timesteps,) or its shape. What a sample lacks its baseline lacks too.
    n_steps : int, default=64
        Gradients on the way, by Gauss-Legendre quadrature. Where the sum of the
        attributions misses the difference, the way is halved there, again and again.

    Returns
    -------
    Attributions
        With ``values``, ``prediction``, ``baseline_prediction`` and
        ``completeness_error``.

    Raises
    ------
    ValueError
        If X, `target` or `baseline` does not fit the estimator, or a part of the model
        has no gradients.
    TypeError
        If `estimator` has no recurrent network.

    Warns
    -----
    UserWarning
        If the attributions of a sample miss the difference by more than 1 % of it.

    See Also
    --------
    permutation_importance : What errors grow by, of any estimator.
    skrnn.plotting.AttributionDisplay : Draws attributions.

    References
    ----------
    .. [1] Sundararajan, M., Taly, A. and Yan, Q. (2017). Axiomatic attribution for deep
       networks. ICML. :arxiv:`1703.01365`.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import RNNRegressor
    >>> from skrnn.inspection import integrated_gradients
    >>> X = np.random.default_rng(0).normal(size=(200, 6))
    >>> model = RNNRegressor(n_estimators=1, max_epochs=10, random_state=0)
    >>> model = model.fit(X, X[:, -1] + 0.5 * X[:, -2])
    >>> found = integrated_gradients(model, X[:20])
    >>> found.values.shape
    (20, 6, 1)
    >>> np.abs(found.values).mean(axis=(0, 2)).argsort()[-2:].tolist()
    [4, 5]
    >>> bool(found.completeness_error.max() < 0.01)
    True
    """
    validate_parameter_constraints(
        {"n_steps": [AT_LEAST_ONE]}, {"n_steps": n_steps}, "integrated_gradients"
    )
    read = read_model(estimator, X, "integrated_gradients")
    output = Output(read.model, target)
    function = DifferentiableModel(read.model, output)
    begins = Baseline(baseline, read, function)
    first = function.networks[0]
    source = first.scaling.limited(read.source)
    most = evaluation_batch(first, source, is_compiled=False)
    most = max(1, most // len(function.networks))
    values, ends = StepArrays(read, 1, filler=0.0), []
    with single_thread() as n_threads, kernel_threads(n_threads):
        for rows, x, lengths in batches(read._replace(source=source), most):
            line = _line(function, begins, rows, x, lengths)
            found, *pair = integrate(function, line, n_steps, most)
            difference = pair[1] - pair[0]
            gap = np.abs(found.sum(axis=(1, 2)) - difference)
            gap[gap <= rounding_of(found, *pair)] = 0.0
            with np.errstate(divide="ignore", invalid="ignore"):
                error = np.where(gap == 0, 0.0, gap / np.abs(difference))
            values.add(rows, output.in_units(found), lengths.numpy())
            ends.append([*map(output.in_units, pair), error])
    begin, end, error = map(np.concatenate, zip(*ends, strict=True))
    _warn_of_error(error)
    return Attributions(
        values.result(),
        end,
        begin,
        error,
        output.name,
        read.feature_names,
        read.step_names,
    )


def _line(function, begins, rows, x, lengths):
    """From the baselines of some samples to these (Line)."""
    with torch.no_grad():
        begin, begin_vectors = begins.of(rows, x, lengths)
        vectors = chosen = None
        if function.has_codes:
            vectors = function.vectors(x, lengths)
        if function.output.is_of_sample:
            chosen = function.parameters(x, lengths)[..., 0].argmax(dim=1)
    return Line(x, begin, lengths, chosen, vectors, begin_vectors)


def _warn_of_error(error):
    is_bad = error > _LARGEST_ERROR
    if is_bad.any():
        warn_user(
            f"The attributions of {is_bad.sum()} of {len(error)} samples miss the "
            f"difference from the baseline's prediction by more than "
            f"{_LARGEST_ERROR:.0%} of it; see completeness_error. Raise n_steps, or "
            "choose a baseline whose prediction is not as near."
        )
