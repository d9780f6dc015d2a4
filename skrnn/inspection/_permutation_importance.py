"""How much worse predictions become when steps or features are exchanged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from numbers import Integral, Real
from typing import Any, Literal, SupportsFloat, TypeAlias, overload

import numpy as np
from joblib import effective_n_jobs
from sklearn.metrics import check_scoring
from sklearn.utils import Bunch, check_random_state
from sklearn.utils._indexing import _safe_indexing
from sklearn.utils._param_validation import (
    StrOptions,
    validate_parameter_constraints,
)
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import _check_sample_weight, check_consistent_length

from skrnn._columns import refuse_lazy
from skrnn._estimator.base import BaseRNN
from skrnn._numbers import AT_LEAST_ONE, RANDOM_STATE, Number
from skrnn._sequences.tokens import TokenArray
from skrnn._typing import (
    ArrayLike,
    Auto,
    RandomState,
    SequencesLike,
    Strings,
    SupportsFitPredict,
)
from skrnn.inspection._forecaster_importance import (
    forecaster_importance,
    is_forecaster,
)
from skrnn.inspection._players import players_of, result_of
from skrnn.inspection._shuffled import samples_of
from skrnn.inspection._split import split_at_sequences
from skrnn.windows._array import WindowedArray

__all__ = ["permutation_importance"]

_By: TypeAlias = Literal["feature", "step", "feature_step"]
_OneScore: TypeAlias = str | Callable[..., SupportsFloat] | None
_Scores: TypeAlias = Strings | set[str] | dict[str, Any] | Callable[..., dict[str, Any]]
_StepGroups: TypeAlias = int | list[Any] | tuple[Any, ...] | Mapping[Any, Any]

# Steps that networks read in all, for max_samples="auto". Set so that five repeats for
# each lag of 1e5 windows of 96 steps take ten seconds of CPU where there are 16 units
# (docs/benchmarks/explain.md).
_MOST_STEPS = 2**27
# The fewest samples that importances are worth computing of.
_LEAST_SAMPLES = 256
_CONSTRAINTS = {
    "n_repeats": [AT_LEAST_ONE],
    "random_state": RANDOM_STATE,
    "n_jobs": [Integral, None],
    "max_samples": [
        StrOptions({"auto"}),
        AT_LEAST_ONE,
        Number(Real, 0, 1, closed="right"),
    ],
}


@overload
def permutation_importance(
    estimator: SupportsFitPredict,
    X: SequencesLike | None,
    y: ArrayLike,
    *,
    by: _By = ...,
    scoring: _OneScore = ...,
    n_repeats: int = ...,
    sample_weight: ArrayLike | None = ...,
    random_state: RandomState = ...,
    n_jobs: int | None = ...,
    max_samples: float | Auto = ...,
    step_groups: _StepGroups | None = ...,
) -> Bunch: ...
@overload
def permutation_importance(
    estimator: SupportsFitPredict,
    X: SequencesLike | None,
    y: ArrayLike,
    *,
    by: _By = ...,
    scoring: _Scores,
    n_repeats: int = ...,
    sample_weight: ArrayLike | None = ...,
    random_state: RandomState = ...,
    n_jobs: int | None = ...,
    max_samples: float | Auto = ...,
    step_groups: _StepGroups | None = ...,
) -> dict[str, Bunch]: ...


def permutation_importance(
    estimator: SupportsFitPredict,
    X: SequencesLike | None,
    y: ArrayLike,
    *,
    by: _By = "feature",
    scoring: _OneScore | _Scores = None,
    n_repeats: int = 5,
    sample_weight: ArrayLike | None = None,
    random_state: RandomState = None,
    n_jobs: int | None = None,
    max_samples: float | Auto = "auto",
    step_groups: _StepGroups | None = None,
) -> Bunch | dict[str, Bunch]:
    """Measure importance by how much a score falls when inputs are exchanged.

    What scikit-learn's function of this name does for columns [1]_, for sequences: by
    feature, its whole course within each sample goes to another sample; by step, all
    features of the step; by both, each feature of each step. Which steps a sample has
    stays as it is. Of a pipeline the raw X is given, and what its windows (or other
    sequences) hold is exchanged after they are cut. Windows are gathered a batch at a
    time, never whole.

    What several inputs tell alike, as neighbouring steps often do, none of them is
    needed for: exchange them together (`step_groups`).

    Parameters
    ----------
    estimator : estimator or RNNForecaster
        Fitted, with a ``predict``: of skrnn, a pipeline or search, or any other.
    X : array-like, DataFrame, list of array-like, WindowedArray or TokenArray
        As for ``predict``; columns of 2-D X are lags, the newest last. Of a forecaster
        the exogenous values of the rows of y, or None.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets. Of a forecaster the rows after those of fit, as for its ``backtest``.
    by : {"feature", "step", "feature_step"}, default="feature"
        What has an importance. Features of a forecaster are its targets, the columns of
        X, which are exchanged over the rows of X, and ``"season"``, ``"calendar"`` and
        ``"series"`` if it has those; by step and by both, the inputs of its networks
        are exchanged between origins.
    scoring : str, callable, list, tuple, set or dict, default=None
        As in scikit-learn's function; of several, a dict of results. None is
        ``estimator.score``, but the negative mean absolute error of a forecaster.
    n_repeats : int, default=5
        How often each is exchanged.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights for the score.
    random_state : int, RandomState instance or None, default=None
        Of the exchanges. The same for any `n_jobs`.
    n_jobs : int or None, default=None
        Processes. The kernels use the threads that there are in any case.
    max_samples : "auto", int or float, default="auto"
        Samples of each repeat, drawn anew without replacement, by which both the score
        without and with an exchange are computed: a number, or a share in (0, 1].
        ``"auto"``: all, but of many samples as many as keep the steps that are read in
        all repeats below 2**27, and at least 256. Not for forecasters.
    step_groups : int, list of list, dict or None, default=None
        Steps that are exchanged together: so many neighbours, counted from the newest;
        or lists of lags (0 is the newest step) or of names of steps, in a dict with
        names of their own. None: each by itself.

    Returns
    -------
    Bunch, or dict of str to Bunch
        With ``importances_mean`` and ``importances_std`` of float64, of shape
        (n_features,), (n_timesteps,) or (n_timesteps, n_features), the oldest step
        first, in units of the score; ``importances`` with a last axis of n_repeats;
        ``feature_names`` and ``step_names`` (None where `by` has none), ``by`` and
        ``n_samples``, the samples of a repeat.

    Raises
    ------
    ValueError
        If a parameter is not as described, or X and y differ in length.
    TypeError
        If X or y is a plan of a table.

    See Also
    --------
    integrated_gradients : What a single prediction comes from.
    skrnn.plotting.AttributionDisplay : Draws importances.

    References
    ----------
    .. [1] Breiman, L. (2001). Random forests. Machine Learning 45(1);
       sklearn.inspection.permutation_importance.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import RNNRegressor
    >>> from skrnn.inspection import permutation_importance
    >>> X = np.random.default_rng(0).normal(size=(200, 6, 2))
    >>> y = X[:, -1, 0] + 0.5 * X[:, -2, 0]
    >>> model = RNNRegressor(n_estimators=1, max_epochs=10, random_state=0).fit(X, y)
    >>> found = permutation_importance(model, X, y, by="step", random_state=0)
    >>> found.importances_mean.argsort()[-2:].tolist()
    [4, 5]
    >>> found.step_names[-2:]
    ['lag1', 'lag0']
    """
    given = {
        "n_repeats": n_repeats,
        "random_state": random_state,
        "n_jobs": n_jobs,
        "max_samples": max_samples,
    }
    validate_parameter_constraints(_CONSTRAINTS, given, "permutation_importance")
    if is_forecaster(estimator):
        if sample_weight is not None:
            raise ValueError("sample_weight is not taken with a forecaster.")
        return forecaster_importance(
            estimator,
            X,
            y,
            by=by,
            scoring=scoring,
            n_repeats=n_repeats,
            random_state=random_state,
            n_jobs=n_jobs,
            step_groups=step_groups,
        )
    refuse_lazy(X)
    refuse_lazy(y, "y")
    split = split_at_sequences(estimator, X)
    check_consistent_length(split.X, y, sample_weight)
    if sample_weight is not None:
        proxy = np.empty((len(sample_weight), 1))
        sample_weight = _check_sample_weight(sample_weight, proxy)
    features = {name: [i] for i, name in enumerate(split.feature_names)}
    if len(features) < len(split.feature_names):
        features = {f"x{i}": [i] for i in range(len(split.feature_names))}
    players = players_of(by, step_groups, split.step_names, features)
    n_samples = _n_samples(max_samples, split, len(players.steps) * n_repeats)
    scorer = _Scorer(_scorer_of(estimator, split.estimator, scoring))
    circles = _circles(_n_given(split.X), n_samples, n_repeats, random_state)
    scores = _scores(split, y, sample_weight, scorer, players, circles, n_jobs)
    return result_of(scores, players, by, n_samples)


class _Scorer:
    """Scores by name, of one scorer (named None) or several."""

    def __init__(self, scorer):
        self._scorer = scorer

    def __call__(self, estimator, X, y, sample_weight):
        options = {} if sample_weight is None else {"sample_weight": sample_weight}
        scores = self._scorer(estimator, X, y, **options)
        return scores if isinstance(scores, dict) else {None: float(scores)}


def _scorer_of(estimator, reader, scoring):
    """What scores the part that reads sequences as the whole would be."""
    own = getattr(estimator, "scorer_", None)
    if scoring is None and own is not None:  # of a search
        return own[estimator.refit] if isinstance(own, dict) else own
    return check_scoring(reader, scoring)


def _n_given(X):
    return len(X) if isinstance(X, (WindowedArray, TokenArray, list)) else X.shape[0]


def _n_samples(wanted, split, n_predictions):
    n_given = _n_given(split.X)
    if n_given < 2:
        raise ValueError(
            f"Found {n_given} sample(s): at least 2 are needed for an exchange."
        )
    if wanted == "auto":
        networks = len(getattr(_last(split.estimator), "nets_", [None]))
        n_steps = len(split.step_names) * networks * n_predictions
        return min(n_given, max(_LEAST_SAMPLES, _MOST_STEPS // max(1, n_steps)))
    if isinstance(wanted, Integral) and not isinstance(wanted, bool):
        if not 2 <= wanted <= n_given:
            raise ValueError(
                f"max_samples={wanted} must be from 2 to the {n_given} samples of X."
            )
        return int(wanted)
    return max(2, int(n_given * wanted))


def _last(estimator):
    return estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator


def _circles(n_given, n_samples, n_repeats, random_state):
    """For each repeat its samples (m,), rising, and an order (m,) of them."""
    random_state = check_random_state(random_state)
    found = []
    for seed in random_state.randint(np.iinfo(np.int32).max, size=n_repeats):
        generator = np.random.default_rng(seed)
        rows = np.arange(n_given)
        if n_samples < n_given:
            rows = np.sort(generator.choice(n_given, n_samples, replace=False))
        found.append((rows, generator.permutation(n_samples)))
    return found


def _scores(split, y, weight, scorer, players, circles, n_jobs):
    """Scores by repeat: without an exchange, then with that of each of the players."""
    n_parts = min(len(players.steps), effective_n_jobs(n_jobs))
    parts = np.array_split(np.arange(len(players.steps)), n_parts)
    tasks = [(repeat, part) for repeat in circles for part in parts]
    found = Parallel(n_jobs=n_jobs)(
        delayed(_score_part)(
            split.estimator, split.X, y, weight, scorer, players, *repeat, part
        )
        for repeat, part in tasks
    )
    # The score without an exchange is the same of every part.
    of_repeats = [found[i : i + n_parts] for i in range(0, len(found), n_parts)]
    return [
        [several[0][0], *(score for one in several for score in one[1:])]
        for several in of_repeats
    ]


def _score_part(estimator, X, y, weight, scorer, players, rows, circle, part):
    """Scores without an exchange, and with that of some of the players."""
    if len(rows) < _n_given(X):
        X = _safe_indexing(X, rows) if hasattr(X, "iloc") else _rows_of(X, rows)
        y = _safe_indexing(y, rows)
        weight = None if weight is None else weight[rows]
    scores = [scorer(estimator, X, y, weight)]
    samples = samples_of(X)
    for player in part:
        steps, features = players.steps[player], players.features[player]
        shuffled = samples.shuffled(circle, steps, features)
        if isinstance(shuffled, WindowedArray) and not isinstance(estimator, BaseRNN):
            # Transformers of rows would read those, not what is exchanged.
            shuffled = shuffled.gathered()
        scores.append(scorer(estimator, shuffled, y, weight))
    return scores


def _rows_of(X, rows):
    return [X[row] for row in rows] if isinstance(X, list) else X[rows]
