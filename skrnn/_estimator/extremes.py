"""Numbers that a network cannot compute with, and what to do about them."""

import numpy as np

from skrnn._units import MOST, are_finite, exponents_of, times_power_of_two

# What is not scaled is at most that large where the network is in single precision: a
# float32 holds 2^128, so the squares of features and the sums of squares of targets.
_MOST_OF_X, _MOST_OF_Y = 2.0**63, 2.0**56


def most_of_x(dtype, instance_norm):
    """Largest value of X (float) that a network which scales nothing is given.

    Parameters
    ----------
    dtype : {"float32", "float64"}
        Of the network.
    instance_norm : {None, "last", "standard"}
        What is taken off each sequence.
    """
    # A deviation that is taken off takes any unit with it.
    is_free = dtype == "float64" or instance_norm == "standard"
    return MOST if is_free else _MOST_OF_X


def refuse_unscaled(source, target, rows=None, *, settings):
    """Refuse values that a network which scales nothing cannot hold.

    Parameters
    ----------
    source : SequenceSource
        Sequences, as they are.
    target : ndarray or None
        Their targets, of whatever kind.
    rows : ndarray of int64, default=None
        The numbers of the samples; None if these are all.
    settings : dict
        The parameters `dtype` and `instance_norm` of the estimator.

    Raises
    ------
    ValueError
        If there is such a value.
    """
    is_double = settings["dtype"] == "float64"
    remedy = "Set scale=True, or divide {} by a constant"
    remedy += "." if is_double else ', or set dtype="float64" too if need be.'
    most = most_of_x(settings["dtype"], settings["instance_norm"])
    if source.largest > most:
        place = _first_beyond(source, most)
        if place is not None:
            value, sample, where = place
            sample = sample if rows is None else rows[sample]
            raise ValueError(
                f"X has values too large for scale=False: {value:.6g} in sample "
                f"{sample}, {where}, and beyond {most:.2g} {settings['dtype']} cannot "
                f"hold their squares. {remedy.format('the feature')}"
            )
    if target is None or target.dtype.kind != "f":
        return
    most = MOST if is_double else _MOST_OF_Y
    fault = np.argwhere(np.abs(target) > most)
    if len(fault):
        sample, column = fault[0]
        number = sample if rows is None else rows[sample]
        raise ValueError(
            f"y has values too large for scale=False: {target[sample, column]:.6g} in "
            f"sample {number}, target {column}, and beyond {most:.2g} "
            f"{settings['dtype']} cannot hold sums of their squares. "
            f"{remedy.format('y')}"
        )


def refuse_non_finite(outputs, source):
    """Refuse predictions that are not finite, and name the value that is to blame.

    Parameters
    ----------
    outputs : ndarray of shape (n_samples, n_targets, width)
        Of a model.
    source : SequenceSource
        What it was asked for.

    Raises
    ------
    ValueError
        If one is not finite.
    """
    if are_finite(outputs):
        return
    sample = int(np.argwhere(~np.isfinite(outputs))[0, 0])
    told = ""
    value, _, where = _largest(source, sample)
    if value is not None:
        told = f" The largest value of its X is {value:.6g}, in {where}."
    raise ValueError(
        f"The prediction of sample {sample} is not finite: its values are too large "
        f"for this model.{told} Give values like those of fit, or leave it out."
    )


def of_ordinary_size(y, predicted):
    """Divide targets and predictions by powers of two, where they are extreme.

    Parameters
    ----------
    y, predicted : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        What is compared.

    Returns
    -------
    y, predicted : ndarray
        As given, where they are ordinary or no numbers.
    """
    if y.dtype.kind not in "fiu" or y.shape != predicted.shape:
        return y, predicted
    sizes = np.abs(np.stack([y, predicted]).astype(np.float64))
    exponents = exponents_of(np.atleast_1d(sizes.max(axis=(0, 1), initial=0.0)))
    if exponents is None:
        return y, predicted
    return tuple(times_power_of_two(part, -exponents) for part in (y, predicted))


def _first_beyond(source, most):
    """Value, sample and place in words of the first that is larger; or None."""
    for rows in source.chunks():
        block, lengths = source.batch(rows)
        fault = np.argwhere(np.abs(np.asarray(block, np.float64)) > most)
        if len(fault):
            sample, step, feature = fault[0]
            value = float(block[sample, step, feature])
            return value, rows[sample], _in_words(step, feature, lengths)
    return None


def _largest(source, sample):
    """Value, sample and place in words of the largest one of a sample."""
    block, lengths = source.batch(np.array([sample]))
    block = times_power_of_two(np.asarray(block[0], np.float64), source.exponents)
    if block.size == 0 or np.isnan(block).all():
        return None, sample, ""
    step, feature = np.unravel_index(np.nanargmax(np.abs(block)), block.shape)
    value = float(block[step, feature])
    return value, sample, _in_words(step, feature, lengths)


def _in_words(step, feature, lengths):
    counted = "" if lengths is None else " (of those present)"
    return f"step {step}{counted}, feature {feature}"
