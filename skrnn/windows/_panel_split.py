"""Splits by time of the rows of many series, for cross-validation."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils._param_validation import validate_parameter_constraints

from skrnn._numbers import AT_LEAST_ONE, NOT_NEGATIVE, Number
from skrnn._time.frequency import find_step
from skrnn._time.index import conform, keys, split_index
from skrnn._time.steps import steps_later
from skrnn._typing import Codes, Frequency, SequencesLike, SeriesColumns
from skrnn.windows._array import WindowedArray
from skrnn.windows._key_columns import FREQ, SERIES, TIME, KeyColumns
from skrnn.windows._lost_index import is_numbered

__all__ = ["PanelTimeSeriesSplit"]

_BEYOND_ALL_TIMES = (
    OverflowError,
    pd.errors.OutOfBoundsDatetime,
    pd.errors.OutOfBoundsTimedelta,
)
_CONSTRAINTS = {
    "n_splits": [Number(Integral, 2, None, closed="left")],
    "max_train_size": [AT_LEAST_ONE, None],
    "test_size": [AT_LEAST_ONE, None],
    "gap": [NOT_NEGATIVE],
    "series": SERIES,
    "time": TIME,
    "freq": FREQ,
}


class PanelTimeSeriesSplit(BaseCrossValidator):
    """Split rows of many series by time, all rows of one time together.

    It is :class:`~sklearn.model_selection.TimeSeriesSplit` for tables in which many
    rows have the same time, in any order: each test set is a stretch of times, and each
    training set all rows before it. Times are read from the index, of which a
    MultiIndex ``(series..., time)`` has them in its last level, or from a column.

    Parameters
    ----------
    n_splits : int, default=5
        The number of splits, at least 2.
    max_train_size : int, default=None
        How many times a training set spans at most, the newest ones: a sliding window.
        None takes all there are, an expanding window.
    test_size : int, default=None
        How many times a test set spans; None means
        ``n_times // (n_splits + 1)``.
    gap : int, default=0
        How many steps of the index lie between the last training and the first test
        time at least, besides the one from row to row. For targets of several steps it
        is ``max(fh) - 1``, which :func:`~skrnn.windows.make_targets` gives.
    series : str or list of str, default=None
        The columns of X that name the series of a row, in place of levels of the index.
        They are read to find the step, which the rows of a series show.
    time : str, default=None
        The column of X that holds the time of a row, in place of the index.
    freq : str, timedelta, pandas offset or int, default=None
        The step between rows; None finds it, as :class:`~skrnn.SlidingWindow` does.

    See Also
    --------
    skrnn.windows.make_targets : Targets of several steps, and the gap they need.

    Notes
    -----
    Sizes count the different times of X, of which none is without a row; `gap` counts
    steps of the index, for which missing times count too. Where no time is missing,
    and there is one series, the splits are those of ``TimeSeriesSplit``.

    The rows of the gap are in neither set, so that the first windows of a test set lack
    them as history; ``SlidingWindow(history="allow")`` says that this is meant.

    Examples
    --------
    >>> import pandas as pd
    >>> from skrnn.model_selection import PanelTimeSeriesSplit
    >>> X = pd.DataFrame({"store": list("abbaab"), "day": [3, 1, 3, 2, 1, 2]})
    >>> splitter = PanelTimeSeriesSplit(2, series="store", time="day")
    >>> for train, test in splitter.split(X):
    ...     print(X["day"][train].tolist(), X["day"][test].tolist())
    [1, 1] [2, 2]
    [1, 2, 1, 2] [3, 3]
    """

    def __init__(
        self,
        n_splits: int = 5,
        *,
        max_train_size: int | None = None,
        test_size: int | None = None,
        gap: int = 0,
        series: SeriesColumns | None = None,
        time: str | None = None,
        freq: Frequency | None = None,
    ) -> None:
        self.n_splits = n_splits
        self.max_train_size = max_train_size
        self.test_size = test_size
        self.gap = gap
        self.series = series
        self.time = time
        self.freq = freq

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Tell the number of splits.

        Parameters
        ----------
        X, y, groups : object, default=None
            Ignored.

        Returns
        -------
        n_splits : int
            The parameter.
        """
        return self.n_splits

    def split(
        self, X: SequencesLike, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[Codes, Codes]]:
        """Give the rows of each training and test set.

        Parameters
        ----------
        X : DataFrame or WindowedArray of shape (n_samples, ...)
            Rows in any order, with an index of times or a column that holds them.
        y : object, default=None
            Ignored.
        groups : object, default=None
            Ignored, with a warning: series are named by the index or a column.

        Yields
        ------
        train : ndarray of shape (n_train,) of int
            Row numbers, ascending.
        test : ndarray of shape (n_test,) of int
            Row numbers, ascending.

        Raises
        ------
        ValueError
            If nothing tells the times of the rows, or if there are too few of them.
        """
        values = {name: getattr(self, name) for name in _CONSTRAINTS}
        validate_parameter_constraints(_CONSTRAINTS, values, type(self).__name__)
        if groups is not None:
            warnings.warn(
                f"groups are ignored by {type(self).__name__}: name the series in the "
                "index or by its parameter series.",
                stacklevel=2,
            )
        codes, times = self._keys_of(X)
        _, first, place = np.unique(keys(times), return_index=True, return_inverse=True)
        different = times[first]
        ticks, behind_gap = self._ticks(codes, times, different)
        size = self.test_size or len(ticks) // (self.n_splits + 1)
        begin = len(ticks) - self.n_splits * size
        # How many of the times may be trained on for each test set.
        starts = np.arange(begin, len(ticks), size) if size and begin > 0 else []
        stops = np.searchsorted(behind_gap, ticks[starts]) if len(starts) else [0]
        if stops[0] == 0:
            raise ValueError(
                f"Too few times: X has {len(ticks)} different ones, for n_splits="
                f"{self.n_splits}, test_size={self.test_size} and gap={self.gap}."
            )
        for start, stop in zip(starts, stops, strict=True):
            low = 0 if self.max_train_size is None else stop - self.max_train_size
            yield (
                np.flatnonzero((place >= low) & (place < stop)),
                np.flatnonzero((place >= start) & (place < start + size)),
            )

    def _keys_of(self, X):
        """Codes of the series, or None, and times of the rows."""
        key_columns = KeyColumns.of(self.series, self.time)
        index = X.index if isinstance(X, WindowedArray) else key_columns.index_of(X)
        if not key_columns.names and is_numbered(index):
            raise ValueError(
                "Nothing tells the times of the rows of X: give a DataFrame whose "
                "index holds them, in a MultiIndex as its last level, or name a column "
                "by the parameter time. Rows of one series, in time order, are split "
                "by TimeSeriesSplit of scikit-learn."
            )
        codes, _, times = split_index(index, None, len(X))
        return codes, times

    def _ticks(self, codes, times, different):
        """Numbers in the order of the different times, and those the gap leads to.

        A row may be trained on if the gap leads from its time to one before the test.
        """
        if self.gap == 0:
            return keys(different), keys(different)
        step = self._step(codes, times)
        if step is None:
            raise ValueError(
                f"gap={self.gap} counts steps, but no series of X has two rows that "
                "would show the step. Give it by freq."
            )
        try:
            later = steps_later(different, step, self.gap)
        except _BEYOND_ALL_TIMES:
            return keys(different), np.full(len(different), np.iinfo(np.int64).max)
        return tuple(map(keys, conform(different, later)))

    def _step(self, codes, times):
        """The step of the rows, of which several of a series may have the same time."""
        codes = np.zeros(len(times), dtype=np.int64) if codes is None else codes
        ticks = keys(times)
        order = np.lexsort((ticks, codes))
        codes, ticks = codes[order], ticks[order]
        is_first = np.ones(len(order), dtype=bool)
        is_first[1:] = (codes[1:] != codes[:-1]) | (ticks[1:] != ticks[:-1])
        order, codes = order[is_first], codes[is_first]
        starts = np.append(0, np.flatnonzero(codes[1:] != codes[:-1]) + 1)
        return find_step(self.freq, None, times[order], starts)


# By which files name it. Within the class, inspect would show lines of that module.
PanelTimeSeriesSplit.__module__ = "skrnn.model_selection"
