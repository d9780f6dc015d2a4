"""A check for look-ahead bias: that no prediction reads the future."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods
from sklearn.utils.validation import check_array

from skrnn._numbers import AT_LEAST_ONE, NOT_NEGATIVE, RANDOM_STATE
from skrnn._typing import (
    ArrayLike,
    Columns,
    RandomState,
    SeriesColumns,
    SupportsFit,
    validate_params,
)
from skrnn.exceptions import MissingHistoryWarning
from skrnn.windows._array import WindowedArray
from skrnn.windows._given_rows import names_of
from skrnn.windows._key_columns import SERIES, TIME, KeyColumns
from skrnn.windows._known import find_known
from skrnn.windows._named_columns import COLUMNS

__all__ = ["check_no_lookahead"]

# The most telling first: a probability moves where the class it gives does not.
_METHODS = ("predict_proba", "decision_function", "predict", "transform")
# A changed number is scaled by up to this factor or its inverse, to leave the range of
# the past, so that a maximum or minimum over all rows moves; the sign is kept, since a
# step of the pipeline may take logarithms.
_FURTHEST_SCALE = 4.0


@validate_params(
    {
        "estimator": [HasMethods("fit")],
        "horizon": [NOT_NEGATIVE],
        "n_cuts": [AT_LEAST_ONE, None],
        "random_state": RANDOM_STATE,
        "known": COLUMNS,
        "series": SERIES,
        "time": TIME,
    },
    prefer_skip_nested_validation=True,
)
def check_no_lookahead(
    estimator: SupportsFit,
    X: ArrayLike,
    y: ArrayLike | None = None,
    *,
    horizon: int = 0,
    n_cuts: int | None = 20,
    random_state: RandomState = 0,
    known: Columns | None = None,
    series: SeriesColumns | None = None,
    time: str | None = None,
) -> None:
    """Check that changing the future moves no prediction of an estimator.

    It finds look-ahead bias, that is leakage of the future into features. A clone is
    fitted on all of X and y and predicts X. Then, for several moments, the rows after
    that moment are changed and X is predicted again: not one bit of the predictions up
    to that moment may move. Whatever reads ahead when it predicts is found: a centred
    rolling mean, a scaler fitted anew on the rows of the call, a back-fill. Whether the
    *training* rows reach into the test rows is a matter of the splitter (see the
    ``gap`` of :func:`~skrnn.windows.make_targets`).

    Parameters
    ----------
    estimator : estimator
        Any scikit-learn estimator or pipeline; it is cloned. What is compared is its
        `predict_proba`, `decision_function`, `predict` or `transform`, the first that
        it has.
    X : array-like or DataFrame of shape (n_samples, n_features)
        Rows in time order. With a DatetimeIndex, a PeriodIndex or a MultiIndex
        ``(series..., time)`` the future of a row is the rows of later time, without
        one it is the rows below.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
        The target.
    horizon : int, default=0
        How many rows before its own row a prediction may read, at the latest. The
        default lets it read its own row; 1 checks that it does not.
    n_cuts : int or None, default=20
        The number of moments to try, spread evenly. None tries all of them.
    random_state : int, RandomState instance or None, default=0
        Draws the changed rows.
    known : str, int, or list of them, default=None
        Columns of X that are known ahead, by name, or by position if integers: a
        prediction may read them up to its own row, whatever `horizon` is.
    series : str or list of str, default=None
        The columns of X that name the series of a row, in place of levels of the index,
        as for :class:`~skrnn.SlidingWindow`. They are not changed.
    time : str, default=None
        The column of X that holds the time of a row, in place of the index. It is not
        changed.

    Raises
    ------
    AssertionError
        If a prediction moved. It names the first row that did.
    ValueError
        If the rows of X are all alike, so that nothing can be changed, or `known` names
        columns that X lacks.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from skrnn import FlattenSequence, SlidingWindow
    >>> from skrnn.windows import check_no_lookahead
    >>> X = np.random.default_rng(0).normal(size=(60, 2))
    >>> y = X[:, 0].cumsum()
    >>> model = make_pipeline(SlidingWindow(5), FlattenSequence(pad="zero"), Ridge())
    >>> check_no_lookahead(model, X, y)
    >>> check_no_lookahead(model, X, y, horizon=1)
    Traceback (most recent call last):
    ...
    AssertionError: Look-ahead: the prediction of row 1 ...
    """
    if isinstance(X, WindowedArray) or getattr(X, "ndim", 2) != 2:
        raise ValueError(
            "check_no_lookahead changes the rows of a 2-D X and needs the whole "
            f"pipeline, SlidingWindow included; got an X of shape {X.shape}."
        )
    if not isinstance(X, pd.DataFrame):
        X = check_array(X, dtype=None, ensure_all_finite=False)
        X = X.astype(X.dtype.newbyteorder("="), copy=False)  # pandas reads no other
    key_columns = KeyColumns.of(series, time)
    moment = _moments(X, key_columns)
    fixed = [list(X.columns).index(name) for name in key_columns.names]
    known = find_known(known, X, names_of(X), X.shape[1])
    rng = check_random_state(random_state)
    fitted = clone(estimator).fit(X) if y is None else clone(estimator).fit(X, y)
    method = _method_of(fitted)
    expected = _outputs_that_stay(fitted, method, X)
    last = moment.max()
    if last == 0:
        raise ValueError("X needs rows of at least two moments to have a future.")
    tried = last if n_cuts is None else min(n_cuts, last)
    is_changed = False
    for cut in np.unique(np.linspace(0, last - 1, tried).round().astype(int)):
        # Of the rows after the cut, known columns may say `horizon` rows more.
        first = np.full(X.shape[1], cut)
        first[list(known)] += horizon
        first[fixed] = last
        changed = _with_other_future(X, moment[:, None] > first, rng)
        if changed is None:
            continue
        is_changed = True
        moved = _moved(expected, _outputs(fitted, method, changed))
        moved &= moment <= cut + horizon
        if moved.any():
            row = moved.argmax()
            newest = np.flatnonzero(moment <= cut)[-1]
            raise AssertionError(
                f"Look-ahead: the prediction of {_row(X, row)} moved when the rows "
                f"after {_row(X, newest)} were changed"
                + (f", with horizon={horizon}." if horizon else ".")
            )
    if not is_changed:
        raise ValueError("The rows of X are all alike: their future cannot be changed.")


def _method_of(fitted):
    """The name of the method whose outputs are compared."""
    method = next((name for name in _METHODS if hasattr(fitted, name)), None)
    if method is None:
        raise TypeError(
            f"{type(fitted).__name__} has none of the methods {', '.join(_METHODS)}."
        )
    return method


def _outputs_that_stay(fitted, method, X):
    """The outputs for X as it is; raise if they differ from one call to the next."""
    expected = _outputs(fitted, method, X)
    again = _moved(expected, _outputs(fitted, method, X))
    if again.any():
        raise AssertionError(
            f"The prediction of {_row(X, again.argmax())} moved though nothing was "
            "changed: the estimator predicts at random, so that nothing can be said."
        )
    return expected


def _outputs(fitted, method, X):
    with warnings.catch_warnings():
        # Changed rows stand for others of the same times.
        warnings.simplefilter("ignore", MissingHistoryWarning)
        found = np.asarray(getattr(fitted, method)(X))
    if len(found) != len(X):
        raise ValueError(
            f"{method} gave {len(found)} predictions for {len(X)} rows; look-ahead can "
            "be told only where each row has its own."
        )
    return found.reshape(len(X), -1)


def _moved(before, after):
    """Which rows differ in any output, two NaN being alike (n,)."""
    same = (before == after) | ((before != before) & (after != after))
    return ~same.all(axis=1)


def _moments(X, key_columns):
    """Number the moments of the rows from 0."""
    index = key_columns.index_of(X)
    if key_columns.time is not None:
        return pd.factorize(index.get_level_values(-1), sort=True)[0]
    if isinstance(index, pd.MultiIndex):
        index = index.get_level_values(-1)
    elif not isinstance(index, pd.DatetimeIndex | pd.PeriodIndex):
        return np.arange(len(X))
    return pd.factorize(index, sort=True)[0]


def _row(X, row):
    label = f" ({X.index[row]})" if isinstance(X, pd.DataFrame) else ""
    return f"row {row}{label}"


def _with_other_future(X, future, rng):
    """A copy of X with other values where `future` says (n, F); None if all alike."""
    other = X.copy()
    differs = False
    for column in range(X.shape[1]):
        values = X.iloc[:, column] if isinstance(X, pd.DataFrame) else X[:, column]
        # Missing values stay where they are: a row may be NaN only where it is unread.
        codes, _ = pd.factorize(values)
        rows = np.flatnonzero((codes >= 0) & future[:, column])
        if not len(rows):
            continue
        fresh = _with_other_values(values, codes, rows, rng)
        differs |= bool((np.asarray(fresh)[rows] != np.asarray(values)[rows]).any())
        if isinstance(other, pd.DataFrame):
            other.isetitem(column, fresh)
        else:
            other[:, column] = fresh
    return other if differs else None


def _with_other_values(values, codes, rows, rng):
    """A copy of a column with another of its values in each of the rows.

    Parameters
    ----------
    values : Series or ndarray of shape (n,)
        The column.
    codes : ndarray of shape (n,)
        A number for each different value; -1 where it is missing.
    rows : ndarray of shape (n_rows,)
        The rows to change, of which none is missing.
    rng : RandomState
        Draws the values.

    Returns
    -------
    fresh : Series or ndarray of shape (n,)
        Of the dtype of `values`.
    """
    present = np.flatnonzero(codes >= 0)
    kinds, first = np.unique(codes[present], return_index=True)
    # One of the other values of the column, never the same one again.
    drawn = rng.randint(1, max(len(kinds), 2), size=len(rows))
    drawn = present[first][(codes[rows] + drawn) % len(kinds)]
    fresh = values.copy()
    if isinstance(fresh, pd.Series):
        fresh.iloc[rows] = values.iloc[drawn].array
    else:
        fresh[rows] = values[drawn]
    if getattr(fresh.dtype, "kind", "O") == "f":
        scale = np.ones(len(fresh))
        scale[rows] = _FURTHEST_SCALE ** rng.uniform(-1, 1, size=len(rows))
        fresh = (fresh * scale).astype(fresh.dtype)
    return fresh
