"""Features that are categories: codes from 1, 0 for what is unknown, and a last one."""

import zlib
from collections.abc import Sequence
from contextlib import suppress

import numpy as np

from skrnn._categories.categories import Categories
from skrnn._sequences.codes import Codes
from skrnn._sequences.sources import SequenceSource
from skrnn.windows._array import WindowedArray
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


def values_of(X: object, columns: np.ndarray) -> list[np.ndarray]:
    """Find the values (list of ndarray of float64, sorted) that features have.

    Parameters
    ----------
    X : WindowedArray, ndarray of shape (n, T, F), or list of ndarray of shape (T_i, F)
        Checked sequences; of windows the rows count that some window reads.
    columns : ndarray of int
        The features.
    """
    if isinstance(X, WindowedArray):
        parts = [X.values[X.rows_read()]]
    else:
        parts = X if isinstance(X, list) else [X.reshape(-1, X.shape[2])]
    found = []
    for column in columns:
        values = np.concatenate([np.unique(part[:, column]) for part in parts])
        values = np.unique(values.astype(np.float64))
        found.append(values[np.isfinite(values)])
    return found


class NumberCoder:
    """Puts codes in the place of numbers of categories.

    Parameters
    ----------
    values : ndarray of float64
        Those that there were in fit, sorted.
    """

    def __init__(self, values: np.ndarray):
        self._values = values
        self.n_codes, self.spelt = 2 + len(values), values.tobytes()

    def __call__(self, given: np.ndarray) -> np.ndarray:
        known, codes = self._values, np.zeros(len(given))
        if len(known):
            place = np.searchsorted(known, given).clip(max=len(known) - 1)
            codes = np.where(known[place] == given, place + 1.0, 0.0)
        codes[np.isnan(given)] = 1.0 + len(known)
        return np.where(np.isinf(given), given, codes)  # which is refused


class TableCoder:
    """Puts codes of the categories of fit in the place of those of a table.

    Parameters
    ----------
    known : Categories
        Those of the fit.
    given : Categories
        Those by which the table was encoded: from 1, 0 for what is unknown, and NaN for
        what is missing.
    """

    def __init__(self, known: Categories, given: Categories):
        self._table = np.append(known.codes_from(given), known.missing_code)
        self.n_codes = known.n_codes
        self.spelt = "\n".join(known.words).encode("utf-8", "surrogatepass")

    def __call__(self, given: np.ndarray) -> np.ndarray:
        table = self._table
        # What is no code is unknown, wherever it comes from.
        is_code = (given >= 0) & (given < len(table) - 1) & (given == np.floor(given))
        place = np.where(is_code, given, 0.0).astype(np.int64)
        place[np.isnan(given)] = len(table) - 1
        return table[place]


def with_codes(X: object, coders: dict) -> object:
    """Put codes in features of sequences, once for all.

    Parameters
    ----------
    X : WindowedArray, ndarray of shape (n, T, F), or list of ndarray of shape (T_i, F)
        Checked sequences. A step whose features are all NaN stays absent.
    coders : dict
        A coder for each feature that is a category, by its position.

    Returns
    -------
    object
        A copy, of the type of X.
    """
    if isinstance(X, WindowedArray):
        return X.with_values(_coded(X.values, coders), X.feature_names)
    if isinstance(X, list):
        return [_coded(item, coders) for item in X]
    return _coded(X.reshape(-1, X.shape[2]), coders).reshape(X.shape)


def _coded(rows, coders):
    is_wide = max(coder.n_codes for coder in coders.values()) > 2**24
    is_float = rows.dtype.kind == "f" and not is_wide
    coded = np.array(rows, rows.dtype if is_float else np.float64)
    is_absent = np.isnan(coded).all(axis=1)
    for column, coder in coders.items():
        coded[:, column] = coder(np.asarray(rows[:, column], np.float64))
    coded[is_absent] = np.nan
    return coded


def codes_of(n_features: int, coders: dict) -> Codes:
    """Say what coders (dict, by the positions of features) make of features."""
    sizes, key = [0] * n_features, 0
    for column in sorted(coders):
        sizes[column] = coders[column].n_codes
        key = zlib.crc32(coders[column].spelt, key)
    return Codes(tuple(sizes), key)


def seen_codes(source: SequenceSource) -> list[np.ndarray]:
    """Tell which codes samples have (list of ndarray of bool), feature by feature."""
    sizes = {j: n for j, n in enumerate(source.codes.sizes) if n}
    seen = {j: np.zeros(n, dtype=bool) for j, n in sizes.items()}
    for rows in source.chunks():
        block, _ = source.batch(rows)
        for j, is_seen in seen.items():
            is_seen[block[..., j].astype(np.int64).ravel()] = True
    return list(seen.values())
