"""The transformer that gives every row its window, for pipelines."""

from datetime import timedelta

import numpy as np
import pandas as pd
from sklearn.base import (
    BaseEstimator,
    OneToOneFeatureMixin,
    TransformerMixin,
    _fit_context,
)
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from skrnn._columns import as_numbers, numbers_only
from skrnn._numbers import AT_LEAST_ONE, NOT_NEGATIVE, plain
from skrnn._plain import Codec, WholeCopiesMixin, pack, unpack
from skrnn._time.plain import TIME_CODECS
from skrnn._versions import note_version, read_versioned
from skrnn.windows._array import WindowedArray
from skrnn.windows._beginnings import Beginnings
from skrnn.windows._breaks import check_breaks
from skrnn.windows._given_rows import check_rows, refuse_sequences
from skrnn.windows._history import History
from skrnn.windows._lost_index import check_index_of_target, warn_of_unread_freq
from skrnn.windows._missing_history import (
    absent_newest_steps,
    absent_rows,
    report_missing_history,
)
from skrnn.windows._runs import Rows
from skrnn.windows._sequence_output import SequenceOutputMixin
from skrnn.windows._state_check import check_state
from skrnn.windows._target_in_window import warn_of_target

# What is remembered is kept as arrays and text, like all of a fitted model.
_CODECS = TIME_CODECS | {
    name: Codec(kind, vars, lambda plain, kind=kind: kind(**plain))
    for name, kind in {"History": History, "Beginnings": Beginnings}.items()
}


class SlidingWindow(
    WholeCopiesMixin,
    SequenceOutputMixin,
    OneToOneFeatureMixin,
    TransformerMixin,
    BaseEstimator,
    auto_wrap_output_keys=None,
):
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

    Attributes
    ----------
    n_features_in_ : int
        Number of features seen during `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features; defined when X has only string column names.
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
    `groups`. Windows cross neither a gap nor the border of a series: row ``t`` has a
    window only if the rows from ``t - horizon`` to ``t`` are one unbroken run, and the
    window goes back no further than that run. Rows must be in time order within each
    series. Rows without an index (NumPy, polars) are one run, in the order given.

    `fit` remembers the last ``window_length + horizon - 1`` rows of every run, and
    `transform` puts before a run of rows those that come immediately before it by
    index. So the first test rows after a training set have complete windows, in the
    middle folds of :class:`~sklearn.model_selection.KFold` too, and rows after a gap
    get no history that is not theirs. Rows without an index get none, and nothing tells
    whether they should: of those, `history` counts a single row, unless it "requires".
    With ``TimeSeriesSplit(gap=g)`` the rows of the gap are in neither set, so the first
    test windows are shorter than they will be in use, and `history` counts them.

    The windows are not materialised: the result, a
    :class:`~skrnn.windows.WindowedArray`, holds the rows of X (not a copy, so that a
    memory map stays on disk) and two integers a row. The rows are copied, once, where
    remembered ones have to be put between them, or where those of several series are
    interleaved. `set_output` is accepted and leaves the result as it is.

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
    """

    __module__ = "skrnn.windows"  # by which files name it

    _parameter_constraints: dict = {
        "window_length": [AT_LEAST_ONE],
        "horizon": [NOT_NEGATIVE],
        "freq": [str, timedelta, pd.offsets.BaseOffset, AT_LEAST_ONE, None],
        "history": [StrOptions({"warn", "require", "allow"})],
    }

    def __init__(self, window_length=24, *, horizon=0, freq=None, history="warn"):
        self.window_length = window_length
        self.horizon = horizon
        self.freq = freq
        self.history = history

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, groups=None):
        """Remember the last rows of every unbroken run of rows.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Rows in time order, of any float or integer dtype. NaN is allowed.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Read for two purposes only: whether a column of X equals it, where
            ``horizon=0``, and whether its index tells that X has lost its own.
        groups : array-like of shape (n_samples,), default=None
            The label of the series of each row.

        Returns
        -------
        self : SlidingWindow
            The fitted transformer.

        Raises
        ------
        ValueError
            If no row follows another by the index; if the integers of the index are
            dates, such as 20240131; if X is of nothing but NaN; if rows are out of
            order or duplicate; or if the index of y names several series that nothing
            tells apart in X.

        Warns
        -----
        ShortWindowsWarning
            If breaks in the index cut most windows short, or `freq` does not fit.
        LostIndexWarning
            If y has an index of times, or `freq` is given, but X has no such index.
        TargetInWindowWarning
            If ``horizon=0`` and a column of X equals y.
        """
        self._fit(X, y, groups)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X, y=None, groups=None):
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

    def transform(self, X, groups=None):
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
            If the index is of another kind than in `fit` or names other levels of
            series, or if rows lack history and ``history="require"``.

        Warns
        -----
        MissingHistoryWarning
            If rows lack the newest rows before them and ``history="warn"``.
        """
        check_is_fitted(self)
        if (groups is not None) != self._grouped:
            had, lacks = ("with", "without") if self._grouped else ("without", "with")
            raise ValueError(
                f"SlidingWindow was fitted {had} groups, but transform was called "
                f"{lacks} groups, so the rows of each series cannot be told. Give "
                "groups to both or to neither (in a pipeline, by metadata routing), or "
                "name the series in a MultiIndex (series, time)."
            )
        checked = check_rows(self, X, reset=False)
        rows = Rows(len(checked), _index_of(X), groups)
        self._beginnings.check_labels(rows)
        step = rows.find_step(self._freq) if self.freq_ is None else self.freq_
        runs = rows.cut(step)
        preceding = None
        if self._history is not None and rows.times is not None:
            preceding = self._history.before(runs, step)
        windows = self._windows(checked, runs, preceding)
        if self.history != "allow":
            self._report_missing_history(checked, runs, preceding, windows)
        return windows

    def _fit(self, X, y, groups):
        """Fit and return the checked X and its runs; set nothing before all is well."""
        refuse_sequences(X, self)
        with numbers_only(X):
            checked = check_array(
                X, estimator=self, input_name="X", ensure_all_finite="allow-nan"
            )
            checked = as_numbers(checked)
        _check_numbers(checked)
        rows = Rows(len(checked), _index_of(X), groups)
        warn_of_unread_freq(self.freq, rows)
        check_index_of_target(rows, y)
        step = rows.find_step(self.freq)
        runs = rows.cut(step)
        # How many rows before its own row a window can go back to.
        window_length, horizon = plain((self.window_length, self.horizon))
        reach = window_length + horizon - 1
        check_breaks(runs, reach + 1, self.freq)
        history = History.of(runs, checked, reach)
        beginnings = Beginnings.of(runs, checked)
        most_absent = 0
        absent = absent_rows(rows.values(checked))
        if absent is not None:
            windows = runs.windows(window_length, horizon)
            most_absent = int(absent_newest_steps(absent, *windows).max())
        named = X if hasattr(X, "columns") else checked
        validate_data(self, named, skip_check_array=True)
        # What is set after this is for the next fit.
        self._reach, self._freq = (window_length, horizon), self.freq
        self.freq_ = step
        self._history = history
        self._beginnings = beginnings
        self._most_absent = most_absent
        self._grouped = groups is not None
        if self.horizon == 0 and y is not None:
            names = getattr(self, "feature_names_in_", np.arange(checked.shape[1]))
            warn_of_target(checked, y, names)
        return checked, runs

    def __getstate__(self):
        text, others = pack(note_version(super().__getstate__()), _CODECS)
        return {"text": text, "others": others}

    def __setstate__(self, state):
        attributes = unpack(state["text"], state["others"], _CODECS)
        attributes = read_versioned(type(self), attributes)
        check_state(attributes)
        super().__setstate__(attributes)

    def _windows(self, X, runs, preceding=None):
        rows = runs.rows
        window_length, horizon = self._reach
        stop, length = runs.windows(window_length, horizon, preceding)
        return WindowedArray(
            rows.values(X, preceding),
            stop,
            length,
            window_length,
            index=rows.index,
            feature_names=getattr(self, "feature_names_in_", None),
            series=rows.given_codes,
        )

    def _report_missing_history(self, X, runs, preceding, windows):
        """Warn or raise where rows of a call lack the newest rows before them."""
        rows = runs.rows
        short = windows.length < windows.window_length
        if short.any():
            missed = self._beginnings.missed_by(
                runs,
                X,
                self._history,
                preceding,
                strictly=self.history == "require",
            )
            short &= rows.in_given_order(np.repeat(missed, runs.lengths))
        stale = np.zeros(len(short), dtype=bool)
        absent = absent_rows(windows.values)
        if absent is not None:
            n_absent = absent_newest_steps(absent, windows.stop, windows.length)
            stale = n_absent > self._most_absent
        report_missing_history(
            self.history,
            short,
            stale,
            windows,
            lost=self._beginnings.lost_times(rows),
            n_before=sum(self._reach) - 1,
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _check_numbers(X):
    """Raise where the checked X is not of numbers, or of missing ones alone."""
    if X.dtype.kind not in "fiub":
        raise ValueError(
            f"X must hold numbers, but its columns are of dtype {X.dtype}. "
            "The times of the rows belong in the index: X.set_index(...)."
        )
    if X.dtype.kind == "f" and np.isnan(X[0]).all() and np.isnan(X).all():
        raise ValueError(
            "X holds nothing but NaN: every step of every window would be absent."
        )


def _index_of(X):
    return X.index if isinstance(X, pd.DataFrame) else None
