"""Factors of dropout that are a function of where they are used.

They are the same whether a whole step of training is compiled, or torch computes it, or
there are no kernels; and for every number of threads. Threefry, a cipher's rounds over
a counter, gives the bits: Salmon, J. K. et al. (2011). Parallel random numbers: as easy
as 1, 2, 3. SC '11.
"""

import numpy as np
import torch

from skrnn._kernels.library import DTYPES, check_answer, function, library

_DTYPES = {getattr(torch, name): name for name in DTYPES}
_ROTATIONS = (
    (10, 26),
    (11, 21),
    (13, 27),
    (23, 5),
    (6, 20),
    (17, 11),
    (25, 10),
    (18, 20),
)
_PARITY = 0x1BD11BDA
_N_ROUNDS = 12
_BLOCK = 2**14  # counters at a time: the words of all stay in a cache


def new_keys(generator, count):
    """Draw keys (Tensor of shape (count,) of int64) from a generator of torch."""
    return torch.empty(count, dtype=torch.int64).random_(generator=generator)


def keep_factors(key, p, shape, dtype):
    """Draw factors of dropout: 0 with probability p, else 1 / (1 - p).

    Parameters
    ----------
    key : int
        From `new_keys`; no two tensors have the same.
    p : float
        Probability in [0, 1).
    shape : tuple of int
        (rows, columns), or (rows, steps, columns).
    dtype : torch.dtype
        Of the factors.

    Returns
    -------
    Tensor
        On the CPU.
    """
    n_rows, *between, n_columns = shape
    (n_steps,) = between or (1,)
    wanted = dtype if dtype in _DTYPES else torch.float32
    factors = torch.empty(n_rows, n_steps, n_columns, dtype=wanted)
    if library() is None:
        _fill(factors.numpy(), key, p)
    else:
        sizes = n_rows, n_steps, n_columns
        fill = function("keep_factors", _DTYPES[wanted])
        check_answer(fill(key, p, *sizes, factors.data_ptr()), "No memory is taken.")
    return factors.view(shape).to(dtype)


def _fill(factors, key, p):
    """The same without kernels."""
    _, n_steps, n_columns = factors.shape
    width = -(-n_columns // 4)  # counters a step
    least, kept = int(p * 2**32), factors.dtype.type(1 / (1 - p))
    flat = factors.reshape(-1, n_columns)  # a view: it is new, so contiguous
    at_once = max(1, _BLOCK // max(width, 1))
    for begin in range(0, len(flat), at_once):
        place = np.arange(begin, min(begin + at_once, len(flat)), dtype=np.uint32)
        counter = np.zeros((4, len(place), width), dtype=np.uint32)
        counter[0] = (place // n_steps)[:, None]
        counter[1] = (place % n_steps)[:, None]
        counter[2] = np.arange(width, dtype=np.uint32)
        words = np.moveaxis(scramble(counter, key), 0, 2).reshape(len(place), -1)
        flat[place] = np.where(words[:, :n_columns] >= least, kept, 0)


def scramble(counter, key, n_rounds=_N_ROUNDS):
    """Turn counters into random bits.

    Parameters
    ----------
    counter : ndarray of shape (4, ...) of uint32
        What is turned; it is overwritten.
    key : int
        64 bits.
    n_rounds : int
        Twelve pass the tests of randomness; the cipher has 20.

    Returns
    -------
    ndarray
        The counters.
    """
    low, high = key & 0xFFFFFFFF, key >> 32
    keys = [low, high, 0, 0, _PARITY ^ low ^ high]
    keys = [np.uint32(word) for word in keys]
    for i in range(4):
        counter[i] += keys[i]
    for r in range(n_rounds):
        pairs = ((0, 3), (2, 1)) if r % 2 else ((0, 1), (2, 3))
        for (a, b), by in zip(pairs, _ROTATIONS[r % 8], strict=True):
            counter[a] += counter[b]
            rotated = counter[b] << np.uint32(by)
            counter[b] >>= np.uint32(32 - by)
            counter[b] |= rotated
            counter[b] ^= counter[a]
        if r % 4 == 3:
            number = r // 4 + 1
            for i in range(4):
                counter[i] += keys[(number + i) % 5]
            counter[3] += np.uint32(number)
    return counter
