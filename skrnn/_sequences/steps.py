"""Steps of a sequence: which are absent, and which are not to be read."""

from collections.abc import Sequence
from typing import NoReturn

import numpy as np

# Numbers whose magnitudes take less time to copy than NumPy's settings to change.
_FEW = 4096


def compact(block: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Move the present steps of each sample to the front and count them.

    Parameters
    ----------
    block : ndarray of shape (N, L, F)
        Samples; a step whose features are all NaN is absent.

    Returns
    -------
    block : ndarray of shape (N, longest, F)
        Zeros stand behind the present steps.
    lengths : ndarray of shape (N,) of int, or None
        Present steps of each; None where all L are present.
    """
    present = ~is_absent(block)  # (N, L)
    lengths = present.sum(axis=1)
    is_partial = lengths < block.shape[1]
    if not is_partial.any():
        return block, None
    if is_partial.all():
        longest = max(1, int(lengths.max()))
        return _to_front(block, present, lengths, longest), lengths
    packed = block.copy()  # of most batches few samples have absent steps
    own = block[is_partial], present[is_partial], lengths[is_partial]
    packed[is_partial] = _to_front(*own, block.shape[1])
    return packed, lengths


def _to_front(block, present, lengths, longest):
    """Samples (N, longest, F) whose steps that are present (N, L) come first."""
    packed = np.zeros((len(block), longest, block.shape[2]), block.dtype)
    packed[np.arange(longest) < lengths[:, None]] = block[present]
    return packed


def is_absent(steps: np.ndarray) -> np.ndarray:
    """Tell which steps have no feature.

    Parameters
    ----------
    steps : ndarray of shape (..., F)
        NaN is missing.

    Returns
    -------
    ndarray of shape (...) of bool
    """
    absent = np.isnan(steps[..., 0])
    if steps.shape[-1] > 1 and absent.any():
        absent[absent] = np.isnan(steps[absent]).all(axis=-1)
    return absent


def check_steps(
    block: np.ndarray,
    first_sample: int,
    feature_names: Sequence[str] | None,
    allow_partial: bool,
) -> tuple[bool, float]:
    """Refuse infinity and partly missing steps; tell what else there is.

    Parameters
    ----------
    block : ndarray of shape (N, L, F) of float
        Consecutive samples.
    first_sample : int
        Number of the first of them, for the errors.
    feature_names : sequence of str or None
        Names for the errors.
    allow_partial : bool
        Whether some features of a step may be missing.

    Returns
    -------
    has_absent : bool
        Whether a step is absent.
    largest : float
        The largest absolute value.

    Raises
    ------
    ValueError
        If a value is infinite, or missing where that is not allowed.
    """
    largest = largest_of(block)
    if np.isfinite(largest):
        return False, largest
    rows = block.reshape(-1, block.shape[2])
    fault = find_fault(rows, allow_partial)
    if fault is not None:
        sample, step = divmod(fault[0], block.shape[1])
        value = rows[fault]
        raise_step_error(value, first_sample + sample, step, fault[1], feature_names)
    return bool(is_absent(rows).any()), largest_present(rows)


def largest_of(values: np.ndarray) -> float:
    """Find the largest absolute value; NaN if one is missing.

    Parameters
    ----------
    values : ndarray of any real dtype
        Of no number the largest is 0.

    Returns
    -------
    float
    """
    if values.size <= _FEW and values.dtype.kind == "f":
        return float(np.abs(values).max(initial=0))  # no NaN of it is a warning
    with np.errstate(invalid="ignore"):  # no mask is needed, and nothing is copied
        return max(-float(values.min(initial=0)), float(values.max(initial=0)))


def largest_present(values: np.ndarray) -> float:
    """Find the largest absolute value (float) of what is not missing."""
    return float(np.fmax.reduce(np.abs(values), axis=None, initial=0))


def find_fault(rows: np.ndarray, allow_partial: bool) -> tuple[int, int] | None:
    """Find what is infinite, or NaN in a row that is missing in part.

    Parameters
    ----------
    rows : ndarray of shape (n, F) of float
        Steps.
    allow_partial : bool
        Whether rows may be missing in part.

    Returns
    -------
    (row, feature) or None
        The first such place, if there is one.
    """
    fault = np.isinf(rows)
    if not allow_partial:
        missing = np.isnan(rows)
        fault |= missing & ~missing.all(axis=1, keepdims=True)
    where = np.flatnonzero(fault.any(axis=1))
    if len(where) == 0:
        return None
    return int(where[0]), int(np.flatnonzero(fault[where[0]])[0])


def raise_step_error(
    value: np.floating,
    sample: int,
    step: int,
    feature: int,
    feature_names: Sequence[str] | None,
    *,
    is_to_come: bool = False,
) -> NoReturn:
    """Raise the ValueError that tells of a faulty value and where it is.

    Parameters
    ----------
    value : float
        What is faulty: infinite or NaN.
    sample, step, feature : int
        Where it is.
    feature_names : sequence of str or None
        Names for the errors.
    is_to_come : bool, default=False
        Whether the feature is missing in all rows after that one, too.
    """
    name = feature if feature_names is None else repr(str(feature_names[feature]))
    place = f"sample {sample}, step {step}, feature {name}"
    if np.isinf(value):
        raise ValueError(
            "Input X contains infinity or a value too large for "
            f"{value.dtype!r}: {place}."
        )
    if is_to_come:
        raise ValueError(
            f"Input X contains NaN: {place} is missing, and so it is in all later rows "
            "of X, as in rows that have not happened yet. The window of a sample ends "
            "`horizon` rows before its own row: send at most so many rows after the "
            "newest complete one, or fit with a larger horizon. Several steps ahead "
            "are predicted by targets of several steps (skrnn.windows.make_targets), "
            "by skrnn.sktime.RNNForecaster, or row after row, each with the forecasts "
            "before it filled in. (Columns that are known ahead are named by the "
            "parameter known of SlidingWindow.)"
        )
    raise ValueError(
        f"Input X contains NaN: {place} is missing while other features of that "
        "step are present. A step whose features are all NaN is absent and is "
        "skipped; a step that is missing in part must be filled first, for example "
        'with TimeDistributed(SimpleImputer()), or taken with missing="indicator".'
    )
