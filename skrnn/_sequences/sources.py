"""One view on every X that an estimator accepts: a source of sequence batches.

A source hands out batches in which the present steps of each sample stand first
and zeros follow, with the number of present steps beside them. Nothing is ever
materialised beyond a batch.
"""

import numpy as np

from skrnn.windows._array import WindowedArray

# Rows scanned or gathered at a time hold about this many numbers (2 MB as float64).
CHUNK_SIZE = 2**18


class SequenceSource:
    """Samples that can be taken by number and read a batch at a time.

    Attributes
    ----------
    n_samples, n_features, max_steps : int
        Number of samples, of features a step, and of steps in the longest sample.
    series : ndarray of shape (n_samples,) of int, or None
        Which series each sample belongs to; None where that is not known.
    """

    series = None

    def __len__(self):
        return self.n_samples

    def take(self, rows):
        """Return the source of the given rows only (int array), without a copy."""
        return _Subset(self, rows)

    def contents(self):
        """Return the arrays that the samples are made of (list)."""
        raise NotImplementedError

    def longest(self):
        """Count the present steps of the longest sample (int)."""
        if self.max_steps == 0:
            return 0
        return max(self.batch(rows)[0].shape[1] for rows in self.chunks())

    def chunks(self):
        """Yield consecutive row numbers, a bounded amount of data at a time."""
        size = max(1, CHUNK_SIZE // max(1, self.max_steps * self.n_features))
        for start in range(0, self.n_samples, size):
            yield np.arange(start, min(start + size, self.n_samples))


class _Subset(SequenceSource):
    def __init__(self, source, rows):
        self._source, self._rows = source, rows
        self.n_samples = len(rows)
        self.n_features, self.max_steps = source.n_features, source.max_steps
        self.series = None if source.series is None else source.series[rows]

    def contents(self):
        return [*self._source.contents(), self._rows]

    def take(self, rows):
        return _Subset(self._source, self._rows[rows])

    def batch(self, rows):
        return self._source.batch(self._rows[rows])


class DenseSource(SequenceSource):
    """Sequences in one array of shape (n_samples, n_timesteps, n_features)."""

    def __init__(self, values, feature_names=None, *, allow_partial=False):
        self._values = values  # (n, L, F)
        self.n_samples, self.max_steps, self.n_features = values.shape
        self._has_absent = False
        if values.dtype.kind == "f":
            for rows in self.chunks():
                block = values[rows[0] : rows[-1] + 1]
                self._has_absent |= _check_steps(
                    block, rows[0], feature_names, allow_partial
                )

    def contents(self):
        return [self._values]

    def batch(self, rows):
        block = self._values[rows]  # (N, L, F)
        return _compact(block) if self._has_absent else (block, None)


class RaggedSource(SequenceSource):
    """Sequences in a list of arrays of shape (n_timesteps_i, n_features)."""

    def __init__(self, arrays, feature_names=None, *, allow_partial=False):
        self._arrays = []
        for i, array in enumerate(arrays):
            if array.dtype.kind == "f":
                _check_steps(array[None], i, feature_names, allow_partial)
                absent = _is_absent(array)
                array = array[~absent] if absent.any() else array
            self._arrays.append(array)
        self.n_samples = len(self._arrays)
        self.n_features = self._arrays[0].shape[1]
        self._lengths = np.array([len(array) for array in self._arrays])
        self.max_steps = int(self._lengths.max())
        self._dtype = np.result_type(*{array.dtype for array in self._arrays})

    def contents(self):
        return self._arrays

    def batch(self, rows):
        lengths = self._lengths[rows]
        shape = (len(rows), lengths.max(initial=1), self.n_features)
        block = np.zeros(shape, self._dtype)
        for i, row in enumerate(rows):
            block[i, : lengths[i]] = self._arrays[row]
        return block, lengths


class WindowSource(SequenceSource):
    """Lazy windows over the rows of a series."""

    def __init__(self, windows, *, allow_partial=False):
        self._windows = windows
        self.n_samples, self.max_steps, self.n_features = windows.shape
        self.series = windows.series
        self._has_absent_rows = self._check_rows(allow_partial)

    def contents(self):
        windows = self._windows
        return [windows.values, windows.stop, windows.length]

    def _check_rows(self, allow_partial):
        """Check the rows that some window reads; tell whether one is all NaN."""
        windows = self._windows
        values, has_absent = windows.values, False
        if values.dtype.kind != "f":
            return False
        is_read = None  # costs some memory, and most data are complete
        size = max(1, CHUNK_SIZE // max(1, self.n_features))
        for start in range(0, len(values), size):
            block = values[start : start + size]
            if np.isfinite(block).all():
                continue
            is_read = windows.rows_read() if is_read is None else is_read
            used = is_read[start : start + size]
            if not used.any():
                continue
            fault = _find_fault(block[used], allow_partial)
            if fault is not None:
                row = start + np.flatnonzero(used)[fault[0]]
                self._raise_fault(row, fault[1])
            has_absent |= bool(_is_absent(block[used]).any())
        return has_absent

    def _raise_fault(self, row, feature):
        windows = self._windows
        first = windows.stop - windows.length
        sample = np.flatnonzero((first <= row) & (row < windows.stop))[0]
        step = windows.window_length - (windows.stop[sample] - row)
        value = windows.values[row, feature]
        _raise_step_error(value, sample, step, feature, windows.feature_names)

    def batch(self, rows):
        windows = self._windows
        block = windows.gather(rows)  # (N, L, F)
        whole = windows.length[rows].min(initial=0) == windows.window_length
        if whole and not self._has_absent_rows:
            return block, None
        return _compact(block)


def as_source(X, feature_names=None, *, allow_partial=False):
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


def feature_moments(source, sample_weight=None, transform=None):
    """Mean and standard deviation of each feature over all present values.

    The moments of blocks are merged as in Chan, Golub and LeVeque (1983), which
    stays exact where the mean is large beside the deviation.

    Parameters
    ----------
    source : SequenceSource
        The samples.
    sample_weight : ndarray of shape (n_samples,), default=None
        Weight of every step of a sample.
    transform : callable, default=None
        Applied to each batch (ndarray of shape (N, L, F) of float64, lengths) first.

    Returns
    -------
    mean, scale : ndarray of shape (n_features,) of float64
        The scale of a constant feature is 1.
    """
    total = np.zeros(source.n_features)
    mean = np.zeros(source.n_features)
    squares = np.zeros(source.n_features)
    for rows in source.chunks():
        block, lengths = source.batch(rows)
        # One memory order, so that the sums round alike whatever X has.
        block = np.ascontiguousarray(block, np.float64)  # (N, L, F)
        if transform is not None:
            block = transform(block, lengths)
        weight = np.ones(len(rows)) if sample_weight is None else sample_weight[rows]
        weight = np.broadcast_to(weight[:, None], block.shape[:2])
        if lengths is not None:
            weight = weight * (np.arange(block.shape[1]) < lengths[:, None])
        missing = np.isnan(block)
        if missing.any():
            weight = weight[:, :, None] * ~missing  # (N, L, F)
            block = np.where(missing, 0.0, block)
            mass = weight.sum(axis=(0, 1))
            axes = "nlf"
        else:
            mass = np.full(source.n_features, weight.sum())
            axes = "nl"
        if not mass.any():
            continue
        share = np.divide(1.0, mass, out=np.zeros_like(mass), where=mass > 0)
        block_mean = np.einsum(f"{axes},nlf->f", weight, block) * share
        deviation = block - block_mean
        delta = np.where(mass > 0, block_mean - mean, 0.0)
        squares += np.einsum(f"{axes},nlf,nlf->f", weight, deviation, deviation)
        both = np.where(mass > 0, total + mass, 1.0)
        squares += delta**2 * (total * mass / both)
        mean += delta * (mass / both)
        total += mass
    return mean, safe_scale(mean, squares / np.where(total > 0, total, 1.0))


def target_moments(target, sample_weight=None):
    """Mean and standard deviation of each target.

    Parameters
    ----------
    target : ndarray of shape (n_samples, n_outputs) of float64
        Targets.
    sample_weight : ndarray of shape (n_samples,), default=None
        Weights; None means 1 each.

    Returns
    -------
    mean, scale : ndarray of shape (n_outputs,) of float64
        The scale of a constant target is 1.
    """
    mean = np.average(target, axis=0, weights=sample_weight)
    deviation = target - mean
    deviation *= deviation
    return mean, safe_scale(mean, np.average(deviation, axis=0, weights=sample_weight))


def safe_scale(mean, variance):
    """Square root of a variance, or 1 where the values are constant.

    Parameters
    ----------
    mean, variance : ndarray of shape (n_features,) of float64
        Moments. A variance within rounding error of zero counts as zero.

    Returns
    -------
    scale : ndarray of shape (n_features,) of float64
    """
    rounding = 10 * np.finfo(np.float64).eps * np.abs(mean)
    scale = np.sqrt(variance)
    return np.where(scale <= rounding, 1.0, scale)


def _compact(block):
    """Move the present steps of each sample to the front and count them."""
    present = ~_is_absent(block)  # (N, L)
    lengths = present.sum(axis=1)
    if lengths.min(initial=block.shape[1]) == block.shape[1]:
        return block, None
    order = np.argsort(~present, axis=1, kind="stable")
    longest = max(1, lengths.max(initial=1))
    packed = np.take_along_axis(block, order[:, :longest, None], axis=1)
    packed[np.arange(packed.shape[1]) >= lengths[:, None]] = 0.0
    return packed, lengths


def _is_absent(steps):
    """Which steps (..., F) have no feature."""
    absent = np.isnan(steps[..., 0])
    if steps.shape[-1] > 1 and absent.any():
        absent[absent] = np.isnan(steps[absent]).all(axis=-1)
    return absent


def _check_steps(block, first_sample, feature_names, allow_partial):
    """Refuse infinity and partly missing steps; tell whether a step is absent."""
    # The sum is not finite if any value is not, and it needs no mask.
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(np.sum(block)):
            return False
    rows = block.reshape(-1, block.shape[2])
    fault = _find_fault(rows, allow_partial)
    if fault is not None:
        sample, step = divmod(fault[0], block.shape[1])
        value = rows[fault]
        _raise_step_error(value, first_sample + sample, step, fault[1], feature_names)
    return bool(_is_absent(rows).any())


def _find_fault(rows, allow_partial):
    """First (row, feature) that is infinite, or NaN in a partly missing row."""
    fault = np.isinf(rows)
    if not allow_partial:
        missing = np.isnan(rows)
        fault |= missing & ~missing.all(axis=1, keepdims=True)
    where = np.flatnonzero(fault.any(axis=1))
    if len(where) == 0:
        return None
    return int(where[0]), int(np.flatnonzero(fault[where[0]])[0])


def _raise_step_error(value, sample, step, feature, feature_names):
    name = feature if feature_names is None else repr(str(feature_names[feature]))
    place = f"sample {sample}, step {step}, feature {name}"
    if np.isinf(value):
        raise ValueError(
            "Input X contains infinity or a value too large for "
            f"{value.dtype!r}: {place}."
        )
    raise ValueError(
        f"Input X contains NaN: {place} is missing while other features of that "
        "step are present. A step whose features are all NaN is absent and is "
        "skipped; a step that is missing in part must be filled first, for example "
        'with TimeDistributed(SimpleImputer()), or taken with missing="indicator".'
    )
