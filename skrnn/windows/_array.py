"""The lazy array of windows, whose rows are gathered when a window is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, SupportsIndex, overload

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skrnn._categories.categories import (
    Categories,
    categories_from_text,
    text_of_categories,
)
from skrnn._numbers import AT_LEAST_ONE
from skrnn._typing import ArrayLike, DTypeLike
from skrnn.windows._full_windows import every_full_window
from skrnn.windows._sample_key import sample_key

__all__ = ["WindowedArray"]

# Windows gathered at a time where a whole array is asked for: so that what is copied
# twice stays in the cache. Of 64 to 100,000 windows at a time, 24 steps of 8 features,
# this many were the fastest: 15 ms for 100,000, against 25 ms by 64s and 30 ms at once.
_CHUNK = 4096


class WindowedArray:
    """A read-only, lazy array of windows that stores the rows, not the windows.

    It has the shape of the dense array ``(n_windows, window_length, n_features)``
    but holds the rows themselves once, and for every window where it stops and how
    many rows it has. Window ``i`` is ``values[stop[i] - length[i]:stop[i]]``, preceded
    by ``window_length - length[i]`` absent steps, whose features are all NaN.

    Users get it from :class:`~skrnn.SlidingWindow` and :func:`~skrnn.make_windows`
    and rarely build one. ``W[i]`` with an integer is an ndarray
    ``(window_length, n_features)``; a slice, an integer or boolean array, and the same
    followed by ``...`` give another `WindowedArray` over the same rows.
    ``numpy.asarray(W)`` materialises all of it.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_features)
        The rows, of any float or integer dtype. They are not copied: a memory map
        stays on disk, and a later change of these rows changes the windows.
    stop : ndarray of shape (n_windows,), dtype int32 or int64
        One past the position in `values` of the newest row of each window.
    length : ndarray of shape (n_windows,), dtype int32 or int64
        The number of rows each window has, from 0 to `window_length`.
    window_length : int
        The number of steps of a window.
    index : pandas.Index of length n_windows, default=None
        The label of each window.
    feature_names : list of str, default=None
        The name of each feature.
    series : ndarray of shape (n_windows,) of int, default=None
        A code for the series that each window belongs to; None where it is unknown
        or where there is one series.
    rank : ndarray of shape (n_windows,) of int, default=None
        The place of each window in order of time; None where they are in that order,
        or at least those of each series are.
    categories : dict of {int: Categories}, default=None
        Of each feature whose numbers are codes of categories, by its position, what
        those are: their `labels`, in the order of the codes from 1. NaN is a missing
        category, 0 one that was not seen in `fit`. The estimators learn a vector for
        each, and need not be told.

    Attributes
    ----------
    shape : tuple
        ``(n_windows, window_length, n_features)``.
    dtype : dtype
        The dtype of the windows: that of the rows if floating, else float64, since
        an absent step is NaN.
    nbytes : int
        The bytes that are held, which is far less than ``size`` elements take.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import SlidingWindow
    >>> W = SlidingWindow(window_length=3).fit_transform(np.arange(5.0).reshape(-1, 1))
    >>> W
    WindowedArray(shape=(5, 3, 1), dtype=float64, holds 80 bytes)
    >>> W[3].ravel()
    array([1., 2., 3.])
    >>> W[1].ravel()
    array([nan,  0.,  1.])
    >>> W[2:].shape
    (3, 3, 1)
    """

    ndim = 3

    def __init__(
        self,
        values: NDArray[Any],
        stop: ArrayLike,
        length: ArrayLike,
        window_length: int,
        *,
        index: pd.Index | None = None,
        feature_names: Sequence[str] | None = None,
        series: ArrayLike | None = None,
        rank: ArrayLike | None = None,
        categories: dict[int, Categories] | None = None,
    ) -> None:
        values = np.asarray(values)
        if values.ndim != 2 or values.dtype.kind not in "fiub":
            raise ValueError(
                "values must be a 2-D array of numbers (n_rows, n_features), got "
                f"shape {values.shape} and dtype {values.dtype}."
            )
        self.values = _frozen(values)
        self.stop = _frozen(_as_positions(stop))
        self.length = _frozen(_as_positions(length))
        if not AT_LEAST_ONE.is_satisfied_by(window_length):
            raise ValueError(
                f"window_length must be {AT_LEAST_ONE}, got {window_length!r}."
            )
        self.window_length = int(window_length)
        self.index = index
        self.feature_names = None if feature_names is None else list(feature_names)
        # In the type given: the codes of a MultiIndex are often a byte each.
        self.series = None if series is None else _frozen(np.asarray(series))
        self.rank = None if rank is None else _frozen(np.asarray(rank))
        for name in ("length", "index", "series", "rank"):
            part = getattr(self, name)
            if part is not None and len(part) != len(self.stop):
                raise ValueError(
                    f"stop has {len(self.stop)} windows, but {name} has {len(part)}."
                )
        self.categories = {} if categories is None else dict(categories)
        self._full = None

    @property
    def shape(self) -> tuple[int, int, int]:
        return (len(self.stop), self.window_length, self.values.shape[1])

    @property
    def size(self) -> int:
        """Number of elements of the materialised array."""
        n, steps, features = self.shape
        return n * steps * features

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.values.dtype if self.values.dtype.kind == "f" else np.dtype(float)

    @property
    def nbytes(self) -> int:
        parts = (self.values, self.stop, self.length, self.series, self.rank)
        return sum(part.nbytes for part in parts if part is not None)

    def __len__(self) -> int:
        return len(self.stop)

    def __repr__(self):
        return (
            f"WindowedArray(shape={self.shape}, dtype={self.dtype}, "
            f"holds {_readable_bytes(self.nbytes)})"
        )

    def gather(
        self,
        rows: ArrayLike,
        dtype: DTypeLike | None = None,
        out: NDArray[Any] | None = None,
    ) -> NDArray[Any]:
        """Materialise some windows.

        Parameters
        ----------
        rows : array-like of int of shape (n,)
            The windows, in the order wanted.
        dtype : dtype, default=None
            The dtype of the result; None means that of the windows.
        out : ndarray of shape (n, window_length, n_features), default=None
            Where to write; its dtype wins over `dtype`.

        Returns
        -------
        windows : ndarray of shape (n, window_length, n_features)
            A new array, or `out`. Absent steps are NaN.
        """
        rows = np.asarray(rows)
        if rows.dtype.kind not in "iu":
            rows = rows.astype(np.intp, casting="safe" if rows.size else "unsafe")
        if self._full is None:
            self._full = every_full_window(
                self.values, self.stop, self.length, self.window_length
            )
        every_window, first = self._full
        first = first[rows]
        # argmin is several times faster than a comparison and a reduction on a batch.
        if first.size and first[first.argmin()] >= 0:
            windows = every_window[first]
            if out is not None:
                out[...] = windows
                return out
            if dtype is None and windows.dtype.kind == "f":
                return windows
            return windows.astype(self.dtype if dtype is None else dtype, copy=False)
        full = first >= 0
        if out is not None:
            out[full] = every_window[first[full]]
        else:
            dtype = self.dtype if dtype is None else dtype
            if full.any():  # what is partial is written over
                out = every_window[np.maximum(first, 0)].astype(dtype, copy=False)
            else:
                out = np.empty((len(first), *self.shape[1:]), dtype=dtype)
        length, stop = self.length[rows], self.stop[rows]
        partial = np.flatnonzero(~full)
        position = stop[partial, None] + np.arange(-self.window_length, 0)
        present = position >= (stop - length)[partial, None]
        windows = np.full((len(partial), *self.shape[1:]), np.nan, dtype=out.dtype)
        windows[present] = self.values[position[present]]
        out[partial] = windows
        return out

    def rows_read(self) -> NDArray[np.bool_]:
        """Which rows at least one window reads.

        Returns
        -------
        read : ndarray of shape (n_rows,), dtype bool
            True for the rows of `values` that some window holds.
        """
        size = len(self.values) + 1
        nonempty = self.length > 0
        stop = self.stop[nonempty]
        opened = np.bincount(stop - self.length[nonempty], minlength=size)
        opened -= np.bincount(stop, minlength=size)
        np.cumsum(opened, out=opened)
        return opened[:-1] > 0

    @overload
    def __getitem__(self, key: SupportsIndex) -> NDArray[Any]: ...
    @overload
    def __getitem__(self, key: slice | NDArray[Any] | list[Any]) -> WindowedArray: ...
    @overload
    def __getitem__(self, key: tuple[Any, ...]) -> Any: ...

    def __getitem__(self, key: Any) -> Any:
        key = sample_key(
            key,
            "WindowedArray",
            "window",
            "numpy.asarray(X) gives an array that can be indexed by step and feature.",
        )
        if not isinstance(key, slice) and key.ndim == 0:
            return self.gather(key[None])[0]
        return self._with(**self._of_windows(key))

    def _of_windows(self, key):
        """What belongs to single windows, for those chosen (dict)."""
        return {
            "stop": _frozen(self.stop[key]),
            "length": _frozen(self.length[key]),
            "index": None if self.index is None else self.index[key],
            "series": None if self.series is None else _frozen(self.series[key]),
            "rank": None if self.rank is None else _frozen(self.rank[key]),
        }

    def __array__(
        self, dtype: DTypeLike | None = None, copy: bool | None = None
    ) -> NDArray[Any]:
        if copy is False:
            raise ValueError(
                "Windows have to be gathered: a WindowedArray gives no array without "
                "a copy."
            )
        out = np.empty(self.shape, dtype=self.dtype if dtype is None else dtype)
        for start in range(0, len(self), _CHUNK):
            rows = np.arange(start, min(start + _CHUNK, len(self)))
            self.gather(rows, out=out[start : start + _CHUNK])
        return out

    def __array_namespace__(self, *, api_version=None):
        """Name NumPy as the library of what `numpy.asarray` makes of this."""
        try:  # the face of NumPy that scikit-learn compares by name
            from sklearn.externals.array_api_compat import numpy as namespace
        except ImportError:
            return np
        return namespace

    def with_values(
        self,
        values: NDArray[Any],
        feature_names: Sequence[str] | None = None,
        categories: dict[int, Categories] | None = None,
    ) -> WindowedArray:
        """Give the same windows over other rows.

        Parameters
        ----------
        values : ndarray of shape (n_rows, n_features_out)
            As many rows as there are now.
        feature_names : list of str, default=None
            The name of each of the new features.
        categories : dict of {int: Categories}, default=None
            What those of them that are codes are codes of.

        Returns
        -------
        windows : WindowedArray of shape (n_windows, window_length, n_features_out)
            Windows of the same rows, with their new values.
        """
        if len(values) != len(self.values):
            raise ValueError(
                f"The windows read {len(self.values)} rows, but values has "
                f"{len(values)}."
            )
        return WindowedArray(
            values,
            self.stop,
            self.length,
            self.window_length,
            index=self.index,
            feature_names=feature_names,
            series=self.series,
            rank=self.rank,
            categories=categories,
        )

    def with_newest_steps(self, n_steps: int) -> WindowedArray:
        """Return windows of the same rows without their oldest steps.

        Parameters
        ----------
        n_steps : int
            How many of the newest steps are left, as many as any window has rows.

        Returns
        -------
        windows : WindowedArray of shape (n_windows, n_steps, n_features)
            Windows over the same rows.
        """
        return self._with(window_length=n_steps)

    def _with(self, **changes):
        other = object.__new__(type(self))
        vars(other).update(vars(self), _full=None, **changes)
        return other

    def __getstate__(self):
        """Pickle the windows with the rows they read, without the others."""
        state = {**vars(self), "_full": None}
        state["categories"] = text_of_categories(self.categories)
        read = np.flatnonzero(self.rows_read())
        first, last = (read[0], read[-1] + 1) if len(read) else (0, 0)
        # A range is a view, so that a memory map keeps its file; a sparse choice of
        # windows is worth a copy, once it leaves out more than half of the range.
        if 2 * len(read) < last - first:
            moved = np.searchsorted(read, self.stop)
            state["values"] = self.values[read]
        else:
            moved = self.stop - first
            state["values"] = self.values[first:last]
        state["stop"] = np.where(self.length > 0, moved, 0)
        return state

    def __setstate__(self, state):
        n_features = state["values"].shape[1]
        categories = categories_from_text(state.get("categories", "[]"), n_features)
        vars(self).update(state, categories=categories)
        for name in ("values", "stop", "length", "series", "rank"):
            if state[name] is not None:
                setattr(self, name, _frozen(state[name]))


# By which files name it. Within the class, inspect would show lines of that module.
WindowedArray.__module__ = "skrnn.windows"


def _as_positions(numbers):
    numbers = np.asarray(numbers)
    return (
        numbers if numbers.dtype == np.int32 else numbers.astype(np.int64, copy=False)
    )


def _frozen(array):
    """A view that cannot be written through; the caller's own array stays writable."""
    array = array.view()
    array.flags.writeable = False
    return array


def _readable_bytes(n):
    for unit in ("bytes", "kB", "MB"):
        if n < 1000:
            return f"{n:.3g} {unit}"
        n /= 1000
    return f"{n:.3g} GB"
