"""Chunks of tables in Parquet files."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from itertools import chain
from os import PathLike
from typing import Any

import numpy as np

from skrnn._numbers import AT_LEAST_ONE

__all__ = ["ParquetChunks"]


class ParquetChunks(Sequence):
    """Chunks of a table in Parquet files, which are read when they are asked for.

    Polars reads them (``pip install "skrnn[data]"``): a chunk takes the row groups of
    its rows and no others.

    Parameters
    ----------
    paths : path, or list of path
        The files, in the order of time.
    target : str or list of str
        The column, or columns, that are to be predicted.
    chunk_size : int, default=65536
        Rows of a chunk; the last one of a file may have fewer.
    features : list of str, default=None
        The columns that are predicted from, and those that name series and times; None
        for all but `target` and `sample_weight`.
    sample_weight : str, default=None
        The column of the weights.

    Raises
    ------
    ValueError
        If `chunk_size` is no number from 1 on, or there is no file.

    See Also
    --------
    fit_stream : What learns from them.

    Examples
    --------
    >>> import polars, tempfile
    >>> from pathlib import Path
    >>> from skrnn.streaming import ParquetChunks
    >>> path = Path(tempfile.mkdtemp()) / "hours.parquet"
    >>> polars.DataFrame({"heat": range(10), "load": range(10)}).write_parquet(path)
    >>> chunks = ParquetChunks(path, "load", chunk_size=4)
    >>> len(chunks)
    3
    >>> X, y = chunks[2]
    >>> X.shape, y
    ((2, 1), array([8, 9]))
    """

    def __init__(
        self,
        paths: str | PathLike[str] | Iterable[str | PathLike[str]],
        target: str | Sequence[str],
        *,
        chunk_size: int = 65_536,
        features: Sequence[str] | None = None,
        sample_weight: str | None = None,
    ) -> None:
        if not AT_LEAST_ONE.is_satisfied_by(chunk_size):
            raise ValueError(f"chunk_size must be {AT_LEAST_ONE}, got {chunk_size!r}.")
        self.paths = [paths] if isinstance(paths, str | PathLike) else list(paths)
        if not self.paths:
            raise ValueError("paths names no file.")
        self.target, self.chunk_size = target, int(chunk_size)
        self.features, self.sample_weight = features, sample_weight
        self._chunks = list(chain(*(self._chunks_of(path) for path in self.paths)))

    def _chunks_of(self, path):
        """File, first row and number of rows of each chunk of a file."""
        polars = _polars()
        n_rows = polars.scan_parquet(path).select(polars.len()).collect().item()
        for start in range(0, n_rows, self.chunk_size):
            yield path, start, min(self.chunk_size, n_rows - start)

    def __len__(self) -> int:
        return len(self._chunks)

    def __getitem__(self, number: Any) -> Any:
        """Read one chunk, by its number: X, y, and the weights if there are any."""
        if isinstance(number, slice):
            return [self[i] for i in range(*number.indices(len(self)))]
        path, start, n_rows = self._chunks[operator.index(number)]
        lazy = _polars().scan_parquet(path)
        several = not isinstance(self.target, str)
        targets = list(self.target) if several else [self.target]
        weights = [] if self.sample_weight is None else [self.sample_weight]
        features = self.features
        if features is None:
            names = lazy.collect_schema().names()
            features = [name for name in names if name not in [*targets, *weights]]
        wanted = [*dict.fromkeys([*features, *targets, *weights])]
        table = lazy.select(wanted).slice(start, n_rows).collect()
        y = table.select(targets).to_numpy()
        parts = [table.select(features), y if several else np.ravel(y)]
        return *parts, *(table[name].to_numpy() for name in weights)


def _polars():
    try:
        import polars
    except ImportError as error:
        raise ImportError(
            'ParquetChunks reads by polars: pip install "skrnn[data]".'
        ) from error
    return polars
