"""One view on every X that an estimator accepts: a source of sequence batches.

A source hands out batches in which the present steps of each sample stand first
and zeros follow, with the number of present steps beside them. Nothing is ever
materialised beyond a batch.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from skrnn._sequences.codes import Codes
from skrnn._sequences.steps import (
    check_steps,
    compact,
    find_fault,
    is_absent,
    largest_of,
    largest_present,
    raise_step_error,
)
from skrnn.windows._array import WindowedArray

# Rows scanned or gathered at a time hold about this many numbers (2 MB as float64).
# It was 2**20 before the benchmark of peak memory, docs/benchmarks/windows.md, whose
# growth is a few copies of such a block; no comparison of other values is recorded.
CHUNK_SIZE = 2**18


class SequenceSource:
    """Samples that can be taken by number and read a batch at a time.

    Attributes
    ----------
    n_samples, n_features, max_steps : int
        Number of samples, of features a step, and of steps in the longest sample.
    series : ndarray of shape (n_samples,) of int, or None
        Which series each sample belongs to; None where that is not known.
    is_of_windows : bool
        Whether samples overlap with their neighbours, as windows over a series do.
    largest : float
        No absolute value is above that.
    exponents : ndarray of shape (n_features,) of int32, or None
        The user's features are divided by two to that power; None where they are not.
    codes : Codes or None
        Which features are codes; None where all are numbers.
    borders : ndarray of int, or None
        Where rows begin that are in memory together, and where the last ones end; None
        where all are.
    is_ready : bool
        Whether a batch is a mere copy of what lies in memory.
    """

    n_samples: int
    n_features: int
    max_steps: int
    series: np.ndarray | None = None
    is_of_windows: bool = False
    largest: float = np.inf
    exponents: np.ndarray | None = None
    codes: Codes | None = None
    borders: np.ndarray | None = None
    is_ready: bool = False

    def __len__(self) -> int:
        return self.n_samples

    @property
    def is_in_time_order(self) -> bool:
        """Whether neighbours are known to be near in time."""
        return self.is_of_windows or self.series is not None

    def take(self, rows: np.ndarray) -> "SequenceSource":
        """Return the source of the given rows only (int array), without a copy."""
        return _Subset(self, rows)

    def contents(self) -> list:
        """Return the arrays that the samples are made of (list)."""
        raise NotImplementedError

    def batch(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Read some samples.

        Parameters
        ----------
        rows : ndarray of shape (N,) of int
            Which, in the order wanted.

        Returns
        -------
        block : ndarray of shape (N, L, n_features)
            Present steps of each, and zeros behind them.
        lengths : ndarray of shape (N,) of int, or None
            How many those are; None where all L are present.
        """
        raise NotImplementedError

    def all(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Read all samples; as `batch`, but not to be written to."""
        return self.batch(np.arange(self.n_samples))

    def lengths(self, rows: np.ndarray) -> np.ndarray:
        """Count the present steps of some samples, without reading them.

        Parameters
        ----------
        rows : ndarray of shape (N,) of int
            Which, in the order wanted.

        Returns
        -------
        ndarray of shape (N,) of int
        """
        raise NotImplementedError

    def longest(self) -> int:
        """Count the present steps of the longest sample (int), at least one if any."""
        if self.max_steps == 0:
            return 0
        return max(1, int(self.lengths(np.arange(self.n_samples)).max()))

    def chunks(self) -> Iterator[np.ndarray]:
        """Yield consecutive row numbers, a bounded amount of data at a time."""
        for start, stop in self._bounds():
            yield np.arange(start, stop)

    def _bounds(self) -> Iterator[tuple[int, int]]:
        """Yield where such a chunk starts and stops."""
        size = max(1, CHUNK_SIZE // max(1, self.max_steps * self.n_features))
        for start in range(0, self.n_samples, size):
            yield start, min(start + size, self.n_samples)


class _Subset(SequenceSource):
    def __init__(self, source: SequenceSource, rows: np.ndarray):
        self._source, self._rows = source, rows
        self.n_samples = len(rows)
        self.n_features, self.max_steps = source.n_features, source.max_steps
        self.series = None if source.series is None else source.series[rows]
        self.is_of_windows = source.is_of_windows
        self.largest, self.exponents = source.largest, source.exponents
        self.codes, self.is_ready = source.codes, source.is_ready
        if source.borders is not None and (np.diff(rows) > 0).all():
            self.borders = np.unique(np.searchsorted(rows, source.borders))

    def contents(self) -> list:
        return [*self._source.contents(), self._rows]

    def take(self, rows: np.ndarray) -> "SequenceSource":
        return _Subset(self._source, self._rows[rows])

    def batch(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        return self._source.batch(self._rows[rows])

    def lengths(self, rows: np.ndarray) -> np.ndarray:
        return self._source.lengths(self._rows[rows])


class DenseSource(SequenceSource):
    """Sequences in one array of shape (n_samples, n_timesteps, n_features)."""

    def __init__(self, values, feature_names=None, *, allow_partial=False):
        self._values = values  # (n, L, F)
        self.n_samples, self.max_steps, self.n_features = values.shape
        self._lengths = None  # (n,), if a step is absent
        self.largest = 0.0 if values.dtype.kind == "f" else largest_of(values)
        if values.dtype.kind == "f":
            for start, stop in self._bounds():
                block = values[start:stop]
                found = check_steps(block, start, feature_names, allow_partial)
                has_absent, largest = found
                self.largest = max(self.largest, largest)
                if has_absent:
                    if self._lengths is None:
                        self._lengths = np.full(self.n_samples, self.max_steps)
                    n_absent = is_absent(block).sum(axis=1)
                    self._lengths[start:stop] = self.max_steps - n_absent
        self.is_ready = self._lengths is None

    @classmethod
    def of_whole(cls, values: np.ndarray, largest: float) -> "DenseSource":
        """Wrap values (n, L, F) of float that are known to be finite."""
        source = cls.__new__(cls)
        source._values, source._lengths, source.largest = values, None, largest
        source.is_ready = True
        source.n_samples, source.max_steps, source.n_features = values.shape
        return source

    def contents(self) -> list:
        return [self._values]

    def batch(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        block = self._values[rows]  # (N, L, F)
        return (block, None) if self._lengths is None else compact(block)

    def all(self) -> tuple[np.ndarray, np.ndarray | None]:
        return (self._values, None) if self._lengths is None else super().all()

    def lengths(self, rows: np.ndarray) -> np.ndarray:
        if self._lengths is None:
            return np.full(len(rows), self.max_steps)
        return self._lengths[rows]


class RaggedSource(SequenceSource):
    """Sequences in a list of arrays of shape (n_timesteps_i, n_features)."""

    def __init__(self, arrays, feature_names=None, *, allow_partial=False):
        self._arrays, self.largest = [], 0.0
        for i, array in enumerate(arrays):
            if array.dtype.kind != "f":
                self.largest = max(self.largest, largest_of(array))
            else:
                checked = check_steps(array[None], i, feature_names, allow_partial)
                self.largest = max(self.largest, checked[1])
                absent = is_absent(array)
                array = array[~absent] if absent.any() else array
            self._arrays.append(array)
        self.n_samples = len(self._arrays)
        self.n_features = self._arrays[0].shape[1]
        self._lengths = np.array([len(array) for array in self._arrays])
        self.max_steps = int(self._lengths.max())
        self._dtype = np.result_type(*{array.dtype for array in self._arrays})

    def contents(self) -> list:
        return self._arrays

    def batch(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        lengths = self._lengths[rows]
        shape = (len(rows), lengths.max(initial=1), self.n_features)
        block = np.zeros(shape, self._dtype)
        for i, row in enumerate(rows):
            block[i, : lengths[i]] = self._arrays[row]
        return block, lengths

    def lengths(self, rows: np.ndarray) -> np.ndarray:
        return self._lengths[rows]


class WindowSource(SequenceSource):
    """Lazy windows over the rows of a series."""

    is_of_windows = True

    def __init__(self, windows, *, allow_partial=False):
        self._windows = windows
        self.n_samples, self.max_steps, self.n_features = windows.shape
        self.series = windows.series
        self._has_absent_rows = self._check_rows(allow_partial)
        # Steps that every window lacks are left out before any is gathered.
        longest = max(1, int(windows.length.max(initial=0)))
        if longest < windows.window_length:
            self._windows = windows.with_newest_steps(longest)
        is_full = windows.length.min(initial=longest) == longest
        is_plain = type(windows) is WindowedArray and not self._has_absent_rows
        self.is_ready = is_plain and bool(is_full)

    def contents(self) -> list:
        windows = self._windows
        return [windows.values, windows.stop, windows.length]

    def _check_rows(self, allow_partial):
        """Check the rows that some window reads; tell whether one is all NaN."""
        windows = self._windows
        values, has_absent, self.largest = windows.values, False, 0.0
        if values.dtype.kind != "f":
            self.largest = largest_of(values)
            return False
        is_read = None  # costs some memory, and most data are complete
        size = max(1, CHUNK_SIZE // max(1, self.n_features))
        for start in range(0, len(values), size):
            block = values[start : start + size]
            largest = largest_of(block)
            if np.isfinite(largest):
                self.largest = max(self.largest, largest)
                continue
            is_read = windows.rows_read() if is_read is None else is_read
            used = is_read[start : start + size]
            if not used.any():
                continue
            fault = find_fault(block[used], allow_partial)
            if fault is not None:
                row = start + np.flatnonzero(used)[fault[0]]
                self._raise_fault(row, fault[1])
            has_absent |= bool(is_absent(block[used]).any())
            self.largest = max(self.largest, largest_present(block[used]))
        return has_absent

    def _raise_fault(self, row, feature):
        windows = self._windows
        first = windows.stop - windows.length
        sample = np.flatnonzero((first <= row) & (row < windows.stop))[0]
        step = windows.window_length - (windows.stop[sample] - row)
        value, names = windows.values[row, feature], windows.feature_names
        is_to_come = bool(np.isnan(value)) and self._is_missing_from(row, feature)
        raise_step_error(value, sample, step, feature, names, is_to_come=is_to_come)

    def _is_missing_from(self, row, feature):
        """Whether a feature is missing in several rows, to the end of their series."""
        windows = self._windows
        if not np.isnan(windows.values[row : row + 2, feature]).sum() == 2:
            return False
        present = np.flatnonzero(~np.isnan(windows.values[row:, feature]))
        if not len(present):
            return True
        if windows.series is None:
            return False
        after = row + present[0]
        first = windows.stop - windows.length
        series = [
            windows.series[(first <= r) & (r < windows.stop)] for r in (row, after)
        ]
        return len(series[1]) > 0 and not np.isin(series[1], series[0]).any()

    def batch(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        windows = self._windows
        block = windows.gather(rows)  # (N, L, F)
        least = windows.length[rows].min(initial=windows.window_length)
        if least == windows.window_length and not self._has_absent_rows:
            return block, None
        return compact(block)

    def lengths(self, rows: np.ndarray) -> np.ndarray:
        windows = self._windows
        length = windows.length[rows]
        if self._has_absent_rows:
            n_absent = np.zeros(len(windows.values) + 1, np.int64)  # before each row
            np.cumsum(is_absent(windows.values), out=n_absent[1:])
            stop = windows.stop[rows]
            length = length - (n_absent[stop] - n_absent[stop - length])
        return length


def as_source(
    X: WindowedArray | np.ndarray | list[np.ndarray],
    feature_names: Sequence[str] | None = None,
    *,
    allow_partial: bool = False,
) -> SequenceSource:
    """Wrap a checked X as a `SequenceSource`.

    Parameters
    ----------
    X : WindowedArray, ndarray of shape (n_samples, n_timesteps) or \
            (n_samples, n_timesteps, n_features), or list of ndarray
        Numeric input in one of the layouts that the estimators accept.
    feature_names : sequence of str, default=None
        Names for the errors.
    allow_partial : bool, default=False
        Whether some features of a step may be missing; they then stay NaN.

    Returns
    -------
    SequenceSource

    Raises
    ------
    ValueError
        If a step is missing in part where that is not allowed, or a value is infinite.
    """
    if isinstance(X, WindowedArray):
        return WindowSource(X, allow_partial=allow_partial)
    if isinstance(X, list):
        return RaggedSource(X, feature_names, allow_partial=allow_partial)
    if X.ndim == 2:
        X = X[:, :, None]
    return DenseSource(X, feature_names, allow_partial=allow_partial)


class StaticSource(SequenceSource):
    """Sequences of another source with features that are the same at all steps.

    Parameters
    ----------
    source : SequenceSource
        The sequences.
    values : ndarray of shape (n_samples, n) of float
        What is put behind the features of every present step.
    """

    def __init__(self, source: SequenceSource, values: np.ndarray):
        self._source, self._static = source, values
        self.n_samples, self.max_steps = len(source), source.max_steps
        self.n_features = source.n_features + values.shape[1]
        self.series, self.is_of_windows = source.series, source.is_of_windows
        self.largest = max(source.largest, largest_present(values))

    def contents(self) -> list:
        return [*self._source.contents(), self._static]

    def batch(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        block, lengths = self._source.batch(rows)
        shape = (*block.shape[:2], self._static.shape[1])
        static = np.broadcast_to(self._static[rows][:, None], shape)
        block = np.concatenate([block, static], axis=2)
        if lengths is not None:
            block[np.arange(block.shape[1]) >= lengths[:, None]] = 0.0
        return block, lengths

    def lengths(self, rows: np.ndarray) -> np.ndarray:
        return self._source.lengths(rows)
