"""Sequences of tokens, each of which is a number of a vocabulary."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from skrnn._sequences.codes import Codes
from skrnn._sequences.sources import SequenceSource
from skrnn.windows._sample_key import sample_key


class TokenArray:
    """Sequences of token numbers of any length, as `TokenSequence` gives them.

    Samples are chosen as from an array, by an integer, a slice, or an array of integers
    or booleans; nothing is copied.

    Parameters
    ----------
    numbers : ndarray of shape (n_tokens,) of int32
        All sequences one after the other; 0 is for an unknown token.
    starts, lengths : ndarray of shape (n_samples,) of int64
        Where each sequence begins, and how many tokens it has.
    codes : Codes
        What the numbers mean.

    Attributes
    ----------
    shape : tuple of int
        ``(n_samples, longest, 1)``.
    ndim : int
        3.
    dtype : dtype
        int32.

    Examples
    --------
    >>> from skrnn import TokenSequence
    >>> tokens = TokenSequence().fit_transform(["to be or not to be", "to do"])
    >>> tokens
    TokenArray(n_samples=2, longest=6, n_codes=6)
    >>> tokens[1].ravel()
    array([5, 2], dtype=int32)
    """

    ndim = 3

    def __init__(
        self,
        numbers: NDArray[np.int32],
        starts: NDArray[Any],
        lengths: NDArray[Any],
        codes: Codes,
    ) -> None:
        self.numbers, self.starts, self.lengths = numbers, starts, lengths
        self.codes = codes

    @property
    def shape(self) -> tuple[int, int, int]:
        return len(self), int(self.lengths.max(initial=0)), 1

    @property
    def dtype(self) -> np.dtype:
        return self.numbers.dtype

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, key: Any) -> Any:
        key = sample_key(
            key,
            "TokenArray",
            "sequence",
            "list(X) gives an array of shape (n_tokens, 1) for each sample.",
        )
        if not isinstance(key, slice) and key.ndim == 0:
            start = self.starts[key]
            return self.numbers[start : start + self.lengths[key], None]
        starts, lengths = self.starts[key], self.lengths[key]
        return TokenArray(self.numbers, starts, lengths, self.codes)

    def __array__(
        self, dtype: DTypeLike | None = None, copy: bool | None = None
    ) -> NDArray[Any]:
        raise TypeError(
            "Sequences of tokens have different lengths and are no array. list(tokens) "
            "gives an array of shape (n_tokens, 1) for each sample."
        )

    def __repr__(self) -> str:
        n_samples, longest, _ = self.shape
        return (
            f"TokenArray(n_samples={n_samples}, longest={longest}, "
            f"n_codes={self.codes.sizes[0]})"
        )


class TokenSource(SequenceSource):
    """Sequences of tokens, of one feature a step."""

    n_features = 1

    def __init__(self, tokens: TokenArray):
        self._tokens = tokens
        self.n_samples, self.max_steps, _ = tokens.shape
        self.codes = tokens.codes
        self.largest = float(tokens.codes.sizes[0])

    def contents(self) -> list:
        tokens = self._tokens
        given = [] if self.codes.vectors is None else [self.codes.vectors]
        return [tokens.numbers, tokens.starts, tokens.lengths, *given]

    def batch(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        tokens, lengths = self._tokens, self._tokens.lengths[rows]
        step = np.arange(lengths.max(initial=1))
        is_present = step < lengths[:, None]  # (N, L)
        place = np.where(is_present, tokens.starts[rows][:, None] + step, 0)
        block = np.zeros((*place.shape, 1), tokens.dtype)
        if len(tokens.numbers):
            block[..., 0] = np.where(is_present, tokens.numbers[place], 0)
        return block, lengths

    def lengths(self, rows: np.ndarray) -> np.ndarray:
        return self._tokens.lengths[rows]
