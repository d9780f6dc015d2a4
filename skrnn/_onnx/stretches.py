"""Longest stretches of ones, a word of several steps at a time."""

import numpy as np

from skrnn._onnx.scan import scan

# Steps of a word; there is a table of all words, of three numbers each.
WORD = 10


def longest_stretches(ones):
    """Lengths (1, R) of the longest stretches of ones along the first axis.

    Parameters
    ----------
    ones : Value of shape (L, R) of float32
        Zeros and ones; L is a multiple of `WORD`.
    """
    bits = 2.0 ** np.arange(WORD, dtype=np.float32)[None]
    words = (bits @ ones.reshape(-1, WORD, ones.length(1))).cast(np.int32)  # (W, 1, R)
    parts = [words.gather_from(table) for table in _tables()]
    start = ones.slice(0, 0, 1) * 0.0
    longest, _ = scan(_next_word, [start, start], parts, axes=[0, 0, 0])
    return longest


def _next_word(longest, lasting, first, inside, last):
    """Go on by one word.

    Parameters
    ----------
    longest, lasting : Value of shape (1, R)
        Of the words so far: the longest stretch, and the one that has not ended.
    first, inside, last : Value of shape (1, R)
        Of a word: the stretch at its beginning, the longest, and the one at its end.
    """
    lasting = lasting + first
    longest = longest.at_least(inside).at_least(lasting)
    # Where a word is a single stretch, that before it goes on.
    is_whole = (first > WORD - 0.5).cast(np.float32)
    return [longest, lasting * is_whole + last * (1.0 - is_whole)]


def _tables():
    """The stretches at the beginning, inside, and at the end of each word."""
    words = np.arange(2**WORD)
    bits = words[:, None] >> np.arange(WORD) & 1  # the first step is the lowest bit
    lasting, longest, first = np.zeros((3, len(words)))
    for step, bit in enumerate(bits.T):
        lasting = (lasting + 1) * bit
        longest = np.maximum(longest, lasting)
        first = np.where(lasting == step + 1, lasting, first)
    return [table.astype(np.float32) for table in (first, longest, lasting)]
