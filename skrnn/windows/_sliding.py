"""The transformer that gives every row its window, for pipelines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from skrnn._numbers import AT_LEAST_ONE, NOT_NEGATIVE
from skrnn._typing import ArrayLike, Columns, Frequency, SeriesColumns, fit_context
from skrnn.windows._array import WindowedArray
from skrnn.windows._key_columns import FREQ, SERIES, TIME
from skrnn.windows._named_columns import COLUMNS
from skrnn.windows._window_memory import WindowMemory


class SlidingWindow(WindowMemory, auto_wrap_output_keys=None):
    """Give every row the window of the rows that lead up to it.

    Also called a lookback window, rolling window or lagged features. Row ``t`` gets the
    `window_length` rows that end at row ``t - horizon``. The number of samples never
    changes, so the transformer stands in any pipeline, in any cross-validation and in
    any grid search; where history is missing, the leading steps of the window are
    absent, that is NaN in every feature.

    Put it **first** in a pipeline, and per-row transformers after it, inside
    :class:`~skrnn.TimeDistributed`: they then cost no more than before it. A scaler
    *before* it returns a plain NumPy array, so the index is lost, and with it the
    history of the first rows of every prediction, unless the pipeline is asked for data
    frames, ``set_output(transform="pandas")``.

    Parameters
    ----------
    window_length : int, default=24
        The number of steps of a window.
    horizon : int, default=0
        How many rows before its own row a window ends. 0 includes the row itself. With
        1, row ``t`` is predicted from what was known one row before, so that X may
        hold the target's own past and y is not shifted. A row of X that no window
        reads may be NaN.
    freq : str, timedelta, pandas offset or int, default=None
        The step between rows; an integer for an index of integers. None takes the
        index's own ``freq`` (of a RangeIndex its ``step``), else what its times show:
        what :func:`pandas.infer_freq` finds on the longest stretch it can read, one or
        two days of the month, or the difference between rows of the longest even
        stretch. It is fixed at `fit`. A step shorter than a day is elapsed time, a day
        and longer is counted on the calendar of the time zone, so that clock changes
        break nothing.
    history : {"warn", "require", "allow"}, default="warn"
        What `transform` does about rows that lack the newest rows before them: those
        that begin neither where a run of `fit` began, nor right after it, nor after a
        break as long as one that `fit` saw, nor a series that `fit` did not know; and
        those whose window ends with more absent steps than any of `fit`. "warn" counts
        them in one warning a call, "require" raises a ValueError, "allow" gives them
        the windows that they have.
    known : str, int, list of them or callable, default=None
        Columns that are known ahead, by name, or by position in X if integers: prices,
        promotions, the calendar, a weather forecast. Every step of a window holds them
        from `horizon` rows later than the other columns, so that those of the row
        itself reach its prediction. A callable is given X and returns the names, as
        :class:`~sklearn.compose.make_column_selector` does.
    partial_steps : {"absent", "keep"}, default="absent"
        What a step is whose known columns lie in the unbroken run of its row, and the
        others before it: one of the first `horizon` of a series, or after a gap.
        "absent" leaves it out, so that the first rows have empty windows. "keep" makes
        the other columns NaN: the first row of a new series has its known columns, and
        the estimator has ``missing="indicator"``.
    series : str or list of str, default=None
        The column, or the columns together, that name the series of a row, instead of
        levels of the index. They are no features.
    time : str, default=None
        The column that holds the time of a row, instead of the index. It is no feature.
        With `series` or `time` the rows may come in any order, and X must be a table
        with names, of pandas or polars, in `transform` too.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns seen during `fit`, those of `series` and `time` included.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names; defined when X has only string column names.
    freq_ : pandas offset, int or None
        The step between rows, an int for an index of integers; None for rows without an
        index, or where no series had two rows.

    See Also
    --------
    make_windows : Windows and targets outside a pipeline.
    FlattenSequence : Makes lag columns of the windows, for a classical model.
    TimeDistributed : Applies a transformer of rows to windows, without copying them.

    Notes
    -----
    What the rows' **index** says decides what precedes a row. A DatetimeIndex, a
    PeriodIndex and an integer index, of any step, tell where a row is missing; the last
    level of a MultiIndex is the time, and its other levels name the series, as does
    `groups`. In a long table the columns `time` and `series` say the same, and take the
    place of the index. Windows cross neither a gap nor the border of a series: row
    ``t`` has a window only if the rows from ``t - horizon`` to ``t`` are one unbroken
    run, and the window goes back no further than that run. Rows must be in time order
    within each series, unless columns tell it. Rows without an index (NumPy, polars)
    are one run, in the order given.

    `fit` remembers the last ``window_length + horizon - 1`` rows of every run, and
    `transform` puts before a run of rows those that come immediately before it by
    index. So the first test rows after a training set have complete windows, in the
    middle folds of :class:`~sklearn.model_selection.KFold` too, and rows after a gap
    get no history that is not theirs. Rows without an index get none, and nothing tells
    whether they should: of those, `history` counts a single row, unless it "requires".
    With ``TimeSeriesSplit(gap=g)`` the rows of the gap are in neither set, so the first
    test windows are shorter than they will be in use, and `history` counts them.
    `partial_fit` adds newer rows to what is remembered.

    The windows are not materialised: the result, a
    :class:`~skrnn.windows.WindowedArray`, holds the rows of X (not a copy, so that a
    memory map stays on disk) and two integers a row. The rows are copied, once, where
    remembered ones have to be put between them, or where those of several series are
    interleaved. `set_output` is accepted and leaves the result as it is.

    With `known` the newest step of the window of row ``t`` holds the known columns of
    row ``t`` and the other columns of row ``t - horizon``, and so on backwards: a step
    is a row of numbers still, and what is held is one copy of the rows. Which steps
    there are does not change, unless `partial_steps` says so: both parts lie in one
    unbroken run. A step of which one part is NaN, as where the day before was a day
    without sales, is missing in part, which the estimators take with
    ``missing="indicator"``. For forecasts of
    several steps, let `horizon` be the furthest step and make the targets with
    ``make_targets(..., at="last")``: the known columns of all the rows ahead are then
    in the window, if it is as long.

    Categories are numbered in `fit`, from 1 in their order, and stay so: windows hold
    the numbers, 0 for a category that came later, and NaN for a missing one, and their
    ``categories`` tell what they mean, by which the estimators learn a vector for each.
    A series, named by `series`, is no feature; a copy of its column is.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skrnn import SlidingWindow
    >>> days = pd.date_range("2024-01-01", periods=6)
    >>> X = pd.DataFrame({"load": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]}, index=days)
    >>> window = SlidingWindow(window_length=3, history="allow").fit(X[:4])
    >>> window.transform(X[4:])[0].ravel()  # history comes from fit
    array([3., 4., 5.])
    >>> window.transform(X[5:])[0].ravel()  # 5 January is missing
    array([nan, nan,  6.])

    Prices are known ahead. The window of a row ends with the sales of the row before it
    and its own price:

    >>> X = pd.DataFrame({"sold": [3.0, 9.0, 4.0], "price": [1.0, 0.5, 1.0]}, days[:3])
    >>> SlidingWindow(2, horizon=1, known="price").fit_transform(X)[2]
    array([[3. , 0.5],
           [9. , 1. ]])

    A long table has its series and times in columns, and needs no order:

    >>> sales = pd.DataFrame({"store": list("baab"), "date": days[[1, 0, 1, 0]]})
    >>> sales["sold"] = [7.0, 1.0, 2.0, 8.0]
    >>> window = SlidingWindow(2, series="store", time="date").fit(sales)
    >>> window.transform(sales)[0].ravel()
    array([8., 7.])
    >>> new = pd.DataFrame({"store": ["a"], "date": days[2:3], "sold": [3.0]})
    >>> newer = pd.DataFrame({"store": ["a"], "date": days[3:4], "sold": [4.0]})
    >>> window.partial_fit(new).transform(newer)[0].ravel()
    array([3., 4.])
    """

    n_features_in_: int
    feature_names_in_: NDArray[np.object_]
    freq_: Any

    _parameter_constraints: dict = {
        "window_length": [AT_LEAST_ONE],
        "horizon": [NOT_NEGATIVE],
        "freq": FREQ,
        "history": [StrOptions({"warn", "require", "allow"})],
        "known": [*COLUMNS, callable],
        "partial_steps": [StrOptions({"absent", "keep"})],
        "series": SERIES,
        "time": TIME,
    }

    def __init__(
        self,
        window_length: int = 24,
        *,
        horizon: int = 0,
        freq: Frequency | None = None,
        history: Literal["warn", "require", "allow"] = "warn",
        known: Columns | Callable[..., Any] | None = None,
        partial_steps: Literal["absent", "keep"] = "absent",
        series: SeriesColumns | None = None,
        time: str | None = None,
    ) -> None:
        self.window_length = window_length
        self.horizon = horizon
        self.freq = freq
        self.history = history
        self.known = known
        self.partial_steps = partial_steps
        self.series = series
        self.time = time

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: Any = None, groups: ArrayLike | None = None) -> Self:
        """Remember the last rows of every unbroken run of rows.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Rows in time order, of any float or integer dtype. NaN is allowed. Columns
            of dtype category (of polars Categorical, Enum), and of words, are
            categories.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Read for two purposes only: whether a column of X equals it that windows
            hold of their own row, and whether its index tells that X has lost its own.
        groups : array-like of shape (n_samples,), default=None
            The label of the series of each row.

        Returns
        -------
        self : SlidingWindow
            The fitted transformer.

        Raises
        ------
        ValueError
            If `known`, `series` or `time` name columns that X lacks; if some strings of
            a column are numbers and others are not; if no row follows
            another in time; if integers given as times are dates, such as 20240131; if
            X is of nothing but NaN; if rows are out of order or duplicate; or if the
            index of y names several series that nothing tells apart in X.

        Warns
        -----
        ShortWindowsWarning
            If breaks in the index cut most windows short, or `freq` does not fit.
        LostIndexWarning
            If y has an index of times, or `freq` is given, but X has no such index.
        TargetInWindowWarning
            If a column of X equals y, and ``horizon=0`` or the column is `known`.
        """
        self._fit(X, y, groups)
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: ArrayLike, y: Any = None, groups: ArrayLike | None = None
    ) -> Self:
        """Remember newer rows as well, without a new fit.

        The first call is a `fit`. Of later ones the rows are added to those that are
        remembered, and win over remembered ones of the same time. The step, the columns
        and `window_length` stay those of the fit. In a pipeline whose estimator stays
        as it is, the next ``transform`` then has the history up to the newest rows.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Rows as `transform` takes them, with times.
        y : object, default=None
            Read by the first call only, as in `fit`.
        groups : array-like of shape (n_samples,), default=None
            The label of the series of each row; needed if `fit` had it.

        Returns
        -------
        self : SlidingWindow
            The transformer itself.

        Raises
        ------
        ValueError
            As `transform` does, or if either these rows or those of fit have times,
            and the others have none.

        Warns
        -----
        LostIndexWarning
            If neither has: then nothing is remembered.
        """
        if not hasattr(self, "_reach"):
            return self.fit(X, y, groups)
        self._remember(X, groups)
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def fit_transform(
        self, X: ArrayLike, y: Any = None, groups: ArrayLike | None = None
    ) -> WindowedArray:
        """Fit, and give every row of X its window.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Rows in time order, of any float or integer dtype. NaN is allowed.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            As in `fit`.
        groups : array-like of shape (n_samples,), default=None
            The label of the series of each row.

        Returns
        -------
        windows : WindowedArray of shape (n_samples, window_length, n_features)
            The window of each row.
        """
        return self._windows(*self._fit(X, y, groups))

    def transform(self, X: ArrayLike, groups: ArrayLike | None = None) -> WindowedArray:
        """Give every row of X its window, with the history remembered by `fit`.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Rows in time order, with the kind of index that `fit` saw, or a plain array
            for windows without history.
        groups : array-like of shape (n_samples,), default=None
            The label of the series of each row; needed if `fit` had it.

        Returns
        -------
        windows : WindowedArray of shape (n_samples, window_length, n_features)
            The window of each row.

        Raises
        ------
        ValueError
            If the times are of another kind than in `fit` or other labels name the
            series, if columns of `fit` are missing or there are others, or if rows lack
            history and ``history="require"``.

        Warns
        -----
        MissingHistoryWarning
            If rows lack the newest rows before them and ``history="warn"``.
        LeakingSplitWarning
            If most rows lie, in any order, between those of fit, as where a splitter
            cuts a long table by position.
        """
        return self._transform(X, groups)

    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> NDArray[np.object_]:
        """Name the features of a step.

        Parameters
        ----------
        input_features : array-like of str of shape (`n_features_in_`,), default=None
            Names of the columns; None takes those of fit, or x0, x1, ...

        Returns
        -------
        names : ndarray of str objects
            The columns, without those of `series` and `time`.
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        keys = self._key_columns.names
        return np.array([name for name in names if name not in keys], dtype=object)


# By which files name it. Within the class, inspect would show lines of that module.
SlidingWindow.__module__ = "skrnn.windows"
