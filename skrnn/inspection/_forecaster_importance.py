"""Permutation importance of what a forecaster reads, by backtests."""

import copy
import re

import numpy as np
import pandas as pd
from joblib import effective_n_jobs
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.metrics import check_scoring
from sklearn.utils import check_random_state
from sklearn.utils.parallel import Parallel, delayed

from skrnn.inspection._fitted import lag_names
from skrnn.inspection._players import players_of, result_of
from skrnn.windows._array import WindowedArray

# Inputs of the networks that tell one thing, by how they are named.
_SEASON = re.compile(r"(sin|cos) \d+/\d+")
_SERIES = re.compile(r"series \d+")
_AHEAD = re.compile(r"\[\+\d+\]$")


def is_forecaster(estimator):
    """Whether an object is a forecaster of this package, or like one."""
    return hasattr(estimator, "backtest") and hasattr(estimator, "predict_interval")


def forecaster_importance(
    forecaster, X, y, *, by, scoring, n_repeats, random_state, n_jobs, step_groups
):
    """Measure how much worse backtests become; see `permutation_importance`."""
    forecaster.check_is_fitted()
    y, X = _as_frame(y, "y"), None if X is None else _as_frame(X, "X")
    score, base_inputs = _Score(y, scoring), _Inputs()
    base = score(_with_inputs(forecaster, base_inputs).backtest(y, X))
    columns = {} if X is None else _labelled(X.columns, y.columns)
    owners = _owners(forecaster, columns)
    if base_inputs.names is None:
        groups, steps = _groups_without_networks(forecaster, by, owners), []
    else:
        groups = _feature_groups(base_inputs.names, y.shape[1], owners)
        steps = lag_names(base_inputs.n_steps)
    players = players_of(by, step_groups, steps, groups)
    random_state = check_random_state(random_state)
    seeds = random_state.randint(np.iinfo(np.int32).max, size=n_repeats)
    n_parts = min(len(players.steps), effective_n_jobs(n_jobs))
    parts = np.array_split(np.arange(len(players.steps)), n_parts)
    found = Parallel(n_jobs=n_jobs)(
        delayed(_score_part)(forecaster, y, X, columns, score, players, by, seed, part)
        for seed in seeds
        for part in parts
    )
    scores = [
        [base, *(one for part in found[i : i + n_parts] for one in part)]
        for i in range(0, len(found), n_parts)
    ]
    return result_of(scores, players, by, score.n_rows)


def _score_part(forecaster, y, X, columns, score, players, by, seed, part):
    """Scores with an exchange of each of some players."""
    inputs, scores = _Inputs(seed), []
    twin = _with_inputs(forecaster, inputs)
    for player in part:
        inputs.steps, inputs.features = players.steps[player], players.features[player]
        given = X
        name = players.feature_names[player] if by == "feature" else None
        if name in columns:
            # What they explain linearly is taken off before the networks.
            inputs.steps, given = (), _with_shuffled(X, columns[name], seed)
        scores.append(score(twin.backtest(y, given)))
    return scores


def _as_frame(y, name):
    if isinstance(y, pd.Series):
        y = y.to_frame(0 if y.name is None else y.name)
    if not isinstance(y, pd.DataFrame):
        raise TypeError(
            f"{name} must be a Series or DataFrame of pandas, a panel with a "
            f"MultiIndex; got {type(y).__name__}."
        )
    return y


def _labelled(columns, targets):
    """Columns of X by what they are called beside the targets (dict by str)."""
    names = set(map(str, targets))
    return {f"{c} of X" if str(c) in names else str(c): c for c in columns}


def _owners(forecaster, columns):
    """By numbers made of X, what their columns are called (dict of str)."""
    if not columns:
        return {}
    exogenous = forecaster.frames_.exogenous
    label_of = {column: label for label, column in columns.items()}
    labels = [label_of.get(column, str(column)) for column in exogenous.columns]
    pairs = zip(exogenous.names, exogenous.owner.tolist(), strict=True)
    return {name: labels[j] for name, j in pairs}


def _groups_without_networks(forecaster, by, owners):
    """Columns of X, which forecasts follow where no network was trained."""
    if by != "feature" or not owners:
        raise ValueError(
            f"No network of this {type(forecaster).__name__} reads lags or features "
            "that could be exchanged: none was trained (network_weight_ tells what "
            "they count), and smoothing follows the series as a whole. Give X and "
            "by='feature' for its columns, or set network_weight above 0 in a new fit."
        )
    return {column: [] for column in dict.fromkeys(owners.values())}


def _feature_groups(names, n_targets, owners):
    """Inputs of the networks that count together (dict of str to list of int)."""
    targets = names[:n_targets]
    groups = {}
    for place, name in enumerate(names):
        base = _AHEAD.sub("", name)
        if place >= n_targets and base not in owners:
            base = base.rstrip("'")  # of the name of a target
        if place < n_targets:
            group = name
        elif name.removesuffix(" is missing") in targets:
            group = name.removesuffix(" is missing")
        elif base in owners:
            group = owners[base]
        elif _SEASON.fullmatch(name):
            group = "season"
        else:
            group = "series" if _SERIES.fullmatch(name) else "calendar"
        groups.setdefault(group, []).append(place)
    return groups


def _with_shuffled(X, name, seed):
    """X with a column in random order, within each series."""
    X, generator = X.copy(), np.random.default_rng(seed)
    levels = list(range(X.index.nlevels - 1))
    groups = X.groupby(level=levels, sort=False).indices.values() if levels else None
    column = X[name].to_numpy(copy=True)
    for rows in [np.arange(len(X))] if groups is None else groups:
        column[rows] = column[generator.permutation(rows)]
    X[name] = column
    return X


class _Inputs:
    """What is exchanged of the windows that networks are given, and what those are.

    Parameters
    ----------
    seed : int or None
        Of the order; None exchanges nothing.
    """

    def __init__(self, seed=None):
        self.seed, self.steps, self.features = seed, (), ()
        self.names = self.n_steps = None

    def of(self, X):
        """Give windows with an exchange."""
        names = getattr(X, "feature_names", None)
        self.names = None if names is None else list(map(str, names))
        self.n_steps = X.shape[1]
        if not len(self.steps):
            return X
        return MixedWindows(X, self.steps, self.features, self.seed)


class _Member:
    """A network that is given other inputs, and else what it is."""

    def __init__(self, member, inputs):
        self._member, self._inputs = member, inputs

    def __getattr__(self, name):
        if name in ("_member", "_inputs"):
            raise AttributeError(name)
        return getattr(self._member, name)

    def predict(self, X):
        """Predict by other inputs."""
        return self._member.predict(self._inputs.of(X))


def _with_inputs(forecaster, inputs):
    """A copy whose networks are given other inputs."""
    twin = copy.deepcopy(forecaster)
    for members in twin.estimators_:
        members[:] = [_Member(member, inputs) for member in members]
    return twin


class MixedWindows(WindowedArray):
    """Lazy windows, some steps and features of which are those of other windows.

    Where the other one lacks a step, a window keeps its own.

    Parameters
    ----------
    windows : WindowedArray
        Whatever it holds.
    steps, features : list of int
        What is exchanged.
    seed : int
        Of the order.
    """

    def __init__(self, windows, steps, features, seed):
        vars(self).update(vars(windows), _full=None)
        circle = np.random.default_rng(seed).permutation(len(windows))
        self.donors = np.empty(len(windows), np.int64)
        self.donors[circle] = np.roll(circle, -1)
        self.numbers, self.windows = np.arange(len(windows)), windows
        self.lags = self.window_length - 1 - np.asarray(steps)
        self.features = np.asarray(features)

    @property
    def dtype(self):
        return self.windows.dtype

    def gather(self, rows, dtype=None, out=None):
        """Materialise some windows; see `WindowedArray.gather`."""
        numbers = self.numbers[np.asarray(rows)]
        own = self.windows.gather(numbers, dtype=np.float64)
        other = self.windows.gather(self.donors[numbers], dtype=np.float64)
        place = np.ix_(np.arange(len(own)), own.shape[1] - 1 - self.lags, self.features)
        kept, taken = own[place], other[place]
        own[place] = np.where(np.isnan(kept) | np.isnan(taken), kept, taken)
        own = own[:, own.shape[1] - self.window_length :]
        if out is not None:
            out[...] = own
            return out
        return own if dtype is None else own.astype(dtype, copy=False)

    def _of_windows(self, key):
        return super()._of_windows(key) | {"numbers": self.numbers[key]}

    def with_values(self, values, feature_names=None, categories=None):
        """Refuse other rows: what is exchanged is not in the rows."""
        raise TypeError(
            "permutation_importance cannot exchange inputs of a forecaster whose "
            "estimator transforms its windows. Give the forecaster the recurrent "
            "estimator alone."
        )

    def __getstate__(self):
        return {**vars(self), "_full": None}


class _Known(RegressorMixin, BaseEstimator):
    """Predicts what it was given, for scorers."""

    def __init__(self, forecasts):
        self.forecasts = forecasts

    def fit(self, X, y):
        return self

    def predict(self, X):
        return self.forecasts


class _Score:
    """Scores of backtests.

    Parameters
    ----------
    truth : DataFrame
        What was to be forecast.
    scoring : str, callable, list, tuple, set, dict or None
        As for `permutation_importance`.
    """

    def __init__(self, truth, scoring):
        self._truth = truth
        scoring = "neg_mean_absolute_error" if scoring is None else scoring
        self._scorer = check_scoring(_Known(None), scoring)

    def __call__(self, forecasts):
        """Score the forecasts (DataFrame) of a backtest; dict of str to float."""
        place = self._truth.index.get_indexer(forecasts.index.droplevel("origin"))
        truth = self._truth.to_numpy(np.float64)[place]
        is_known = (place >= 0) & ~np.isnan(truth).any(axis=1)
        if not is_known.any():
            raise ValueError("y has no value at any time that is forecast.")
        self.n_rows = int(is_known.sum())
        truth, found = truth[is_known], forecasts.to_numpy()[is_known]
        if truth.shape[1] == 1:
            truth, found = truth[:, 0], found[:, 0]
        scores = self._scorer(_Known(found), None, truth)
        return scores if isinstance(scores, dict) else {None: float(scores)}
