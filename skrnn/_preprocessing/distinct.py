"""Which samples are the same, and how many different ones there are.

A sample of weight 2, and a sample that is there twice, are one sample with twice the
weight. What is chosen by leaving samples out leaves out all of its repetitions, and
goes by the number of different samples: so neither a weight in another unit nor a
repetition of all samples changes it.
"""

import math

import numpy as np

# A sample that weighs less than this share of what samples weigh in the mean counts for
# less than one: one that weighs next to nothing is none. Weights between which there is
# no more than that, say of old samples and new ones, leave the number what it is. No
# other share was tried.
_FULL_SHARE = 0.1


def keys_of(*parts):
    """Return a number for each row of arrays: equal ones for equal rows.

    Parameters
    ----------
    *parts : array-like of shape (n, ...)
        Numbers; NaN is equal to NaN.

    Returns
    -------
    ndarray of shape (n,) of uint64
        Rows that differ have the same number as often as 64 random bits are the same.
    """
    keys = np.zeros(len(parts[0]), np.uint64)
    for part in parts:
        values = np.asarray(part, np.float64)
        values = values.reshape(len(values), math.prod(values.shape[1:]))
        values = np.ascontiguousarray(values) + 0.0
        bits = _mixed(values.view(np.uint64))  # of -0 those of 0
        # Sums of products with random odd factors, modulo 2^64.
        places = np.arange(1, bits.shape[1] + 1, dtype=np.uint64)
        factors = _mixed(_mixed(places)) | np.uint64(1)
        keys = _mixed(_mixed(keys + np.einsum("np,p->n", bits, factors)))
    return keys


def _mixed(bits):
    """Have many bits depend on all bits, where floats of few digits differ in few."""
    return (bits ^ (bits >> np.uint64(32))) * np.uint64(0x9E3779B97F4A7C15)


def sample_keys(source, target):
    """Return a number for each sample: equal ones for samples that are the same.

    Parameters
    ----------
    source : SequenceSource
        The sequences.
    target : ndarray of shape (n,) or (n, n_targets)
        Their targets, or classes.

    Returns
    -------
    ndarray of shape (n,) of uint64
        As from `keys_of`; neither padding nor the other samples matter.
    """
    keys = np.empty(len(source), np.uint64)
    for rows in source.chunks():
        block, lengths = source.batch(rows)
        if lengths is None:
            lengths = np.full(len(block), block.shape[1])
        is_there = np.arange(block.shape[1]) < lengths[:, None]
        block = np.where(is_there[:, :, None], block, 0.0)
        keys[rows] = keys_of(block, lengths, target[rows])
    return keys


def number_distinct(keys):
    """Number different samples in the order in which they come first.

    Parameters
    ----------
    keys : ndarray of shape (n,)
        Of `sample_keys`.

    Returns
    -------
    first : ndarray of shape (n_distinct,) of int64
        The row in which each of them comes first.
    number : ndarray of shape (n,) of int64
        Which of them each row is.
    """
    _, first, number = np.unique(keys, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return first[order], place[number]


def count_distinct(weight):
    """Count different samples, of which those that weigh next to nothing count less.

    Parameters
    ----------
    weight : ndarray of shape (n_distinct,) of float64
        What each of them weighs with all of its repetitions.

    Returns
    -------
    float
        Their number where no weight is less than a tenth of the mean. The unit of the
        weights does not matter.
    """
    weight = weight[weight > 0]
    if len(weight) == 0:
        return 0.0
    return float(np.minimum(1.0, weight / (_FULL_SHARE * weight.mean())).sum())
