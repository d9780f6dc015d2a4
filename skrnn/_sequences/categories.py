"""Features that are categories: their values as codes, from 1; 0 is for all others."""

import zlib
from collections.abc import Sequence
from contextlib import suppress

import numpy as np

from skrnn._sequences.changed import ChangedSource
from skrnn._sequences.codes import Codes
from skrnn._sequences.sources import SequenceSource
from skrnn.windows._named_columns import positions_of


def columns_of(
    wanted: object, n_features: int, names: Sequence[str] | None
) -> np.ndarray:
    """Find the features that are named.

    Parameters
    ----------
    wanted : array-like of str, int or bool
        Names, numbers, or whether each feature is one.
    n_features : int
        Features of a step.
    names : sequence of str or None
        Theirs.

    Returns
    -------
    ndarray of shape (n,) of int
        Numbers of the features, in their order.

    Raises
    ------
    ValueError
        If there is no such feature, or none is named.
    """
    given, found = np.asarray(wanted), ()
    if given.dtype.kind == "b" and given.shape == (n_features,):
        found = np.flatnonzero(given)
    elif given.ndim == 1:
        called = {"parameter": "categorical_features", "table": "a step"}
        with suppress(ValueError):  # told below
            found = positions_of(given.tolist(), names, n_features, **called)
    if len(found) == 0 or len(set(found)) < len(found):
        known = f"of {n_features} numbers" if names is None else f"named {list(names)}"
        raise ValueError(
            f"categorical_features={wanted!r} must name features of a step, each once, "
            f"by their numbers or names or a boolean for each; X has steps {known}."
        )
    return np.sort(found)


def values_of(source: SequenceSource, columns: np.ndarray) -> list[np.ndarray]:
    """Find the values (list of ndarray of float64, sorted) that features have."""
    found = [np.empty(0) for _ in columns]
    for rows in source.chunks():
        block, lengths = source.batch(rows)
        if lengths is not None:
            block = block[np.arange(block.shape[1]) < lengths[:, None]]
        block = block.reshape(-1, source.n_features)
        for i, column in enumerate(columns):
            values = np.union1d(found[i], block[:, column].astype(np.float64))
            found[i] = values[~np.isnan(values)]
    return found


def seen_codes(source: SequenceSource) -> list[np.ndarray]:
    """Tell which codes samples have (list of ndarray of bool), feature by feature."""
    sizes = {j: n for j, n in enumerate(source.codes.sizes) if n}
    seen = {j: np.zeros(n, dtype=bool) for j, n in sizes.items()}
    for rows in source.chunks():
        block, _ = source.batch(rows)
        for j, is_seen in seen.items():
            is_seen[block[..., j].astype(np.int64).ravel()] = True
    return list(seen.values())


class CategorySource(ChangedSource):
    """Sequences with codes in the place of categories.

    Code 0 is for all that is unknown, and the last one for what is missing.

    Parameters
    ----------
    source : SequenceSource
        The sequences.
    columns : ndarray of shape (n,) of int
        The features that are categories.
    values : list of ndarray of float64
        Those that each of them had in fit, sorted.
    """

    def __init__(self, source: SequenceSource, columns: np.ndarray, values: list):
        super().__init__(source)
        self._pairs = list(zip(columns.tolist(), values, strict=True))
        spelt = b"".join(known.tobytes() for known in values)
        sizes = {column: 2 + len(known) for column, known in self._pairs}
        self.codes = _with_codes(source, sizes, spelt)
        self.largest = max(source.largest, float(max(self.codes.sizes)))

    def contents(self) -> list:
        return [*self._source.contents(), *(values for _, values in self._pairs)]

    def _changed(self, block):
        block = np.array(block, np.float64)
        for column, known in self._pairs:
            given, codes = block[..., column], 0.0
            if len(known):
                place = np.searchsorted(known, given).clip(max=len(known) - 1)
                codes = np.where(known[place] == given, place + 1.0, 0.0)
            block[..., column] = np.where(np.isnan(given), 1.0 + len(known), codes)
        return block


class RecodedSource(ChangedSource):
    """Sequences of codes of categories, as codes of those that a fit had.

    Parameters
    ----------
    source : SequenceSource
        The sequences, with codes from 1, 0 for what is unknown and NaN for what is
        missing.
    categories : dict of Categories
        Those of the fit, by the positions of features.
    given : dict of Categories, default=None
        Those by which the sequences were encoded; None means those of the fit.
    """

    def __init__(self, source: SequenceSource, categories: dict, given=None):
        super().__init__(source)
        self._tables, spelt = {}, []
        for column, known in categories.items():
            table = known.codes_from(known if given is None else given[column])
            self._tables[column] = np.append(table, known.missing_code)
            spelt.append("\n".join(known.words).encode("utf-8", "surrogatepass"))
        sizes = {column: known.n_codes for column, known in categories.items()}
        self.codes = _with_codes(source, sizes, b"\0".join(spelt))
        self.largest = max(source.largest, float(max(self.codes.sizes)))

    def contents(self) -> list:
        return [*self._source.contents(), *self._tables.values()]

    def _changed(self, block):
        block = np.array(block, np.float64)
        for column, table in self._tables.items():
            given = block[..., column]
            # What is no code is unknown, wherever it comes from.
            place = np.where((given >= 0) & (given < len(table) - 1), given, 0.0)
            is_code = place == np.floor(place)
            place = np.where(is_code, place, 0.0).astype(np.int64)
            place[np.isnan(given)] = len(table) - 1
            block[..., column] = table[place]
        return block


def _with_codes(source, sizes, spelt):
    """The codes of a source with more features that are some (dict of int)."""
    every = [0] * source.n_features if source.codes is None else [*source.codes.sizes]
    for column, size in sizes.items():
        every[column] = size
    before = 0 if source.codes is None else source.codes.key
    return Codes(tuple(every), zlib.crc32(spelt, before))
