"""Categories of an X that an estimator reads itself: which they are, codes for them."""

import json
from typing import NamedTuple

import numpy as np
import pandas as pd

from skrnn._categories.categories import (
    Categories,
    categories_from_text,
    text_of_categories,
)
from skrnn._categories.tables import (
    all_columns,
    encode_table,
    find_categories,
    holds_categories,
)
from skrnn._sequences.categories import (
    TableCoder,
    codes_of,
    columns_of,
    with_codes,
)
from skrnn._sequences.nested import is_nested, is_ragged
from skrnn._sequences.sources import DenseSource, SequenceSource, StaticSource
from skrnn._sequences.tokens import TokenArray
from skrnn.windows._array import WindowedArray

# Where categories stand: in columns of 2-D X beside lags, then of all steps; in all
# columns of it, each a step; in features of a step; or in those of windows, as codes.
_LAYOUTS = ("columns", "steps", "features", "windows")


class Encoding(NamedTuple):
    """Which columns of 2-D X, or features of a step, are categories, and of what.

    Attributes
    ----------
    layout : {"columns", "steps", "features", "windows"}
        Where they stand.
    categories : dict of Categories
        By the position of each column or feature.
    n_columns : int
        Columns, or features of a step.
    """

    layout: str
    categories: dict
    n_columns: int

    @property
    def of_features(self) -> dict:
        """The same (dict of Categories) by the features of a step of the source."""
        if self.layout == "steps":
            return {0: self.categories[0]}
        if self.layout == "columns":
            return dict(enumerate(self.categories.values(), start=1))
        return self.categories

    def to_text(self) -> str:
        """Give the text of it, as files of models take it."""
        text = text_of_categories(self.categories)
        return json.dumps([self.layout, self.n_columns, text])

    @classmethod
    def from_text(cls, text: str) -> "Encoding":
        """Make it of its text; raise a ValueError if that was altered."""
        layout, n_columns, of_categories = json.loads(text)
        if layout not in _LAYOUTS or type(n_columns) is not int:
            raise ValueError("Categories were altered.")
        categories = categories_from_text(of_categories, n_columns)
        is_all = len(categories) == n_columns
        if not categories or (layout == "columns" and is_all):
            raise ValueError("Categories were altered.")
        if layout == "steps" and not is_all:
            raise ValueError("Categories were altered.")
        return cls(layout, categories, n_columns)

    def encode(self, X: object, names: object) -> object:
        """Put codes in the place of categories, in whatever layout X comes.

        Parameters
        ----------
        X : object
            What the user gave.
        names : sequence of str or None
            What columns and features were called in fit.

        Returns
        -------
        object
            In the layout of X; X itself if it holds codes already.
        """
        if isinstance(X, (WindowedArray, TokenArray)):
            return X
        is_flat = self.layout in ("columns", "steps")
        if not _is_3d(X):
            return encode_table(_as_array(X), self.categories, names) if is_flat else X
        if is_flat or (self.layout == "windows" and not _may_hold_words(X)):
            return X
        if is_ragged(X):
            tables = [_as_array(item) for item in X]
            return [
                encode_table(item, self.categories, names, f"X[{i}]")
                for i, item in enumerate(tables)
            ]
        X = _as_array(X)
        coded = X.astype(np.float64 if X.dtype.kind not in "OU" else object)
        for j, categories in self.categories.items():
            if j < X.shape[2]:
                codes = categories.codes_of(X[:, :, j].ravel(), j)
                coded[:, :, j] = codes.reshape(X.shape[:2])
        return coded

    def lags(self, X: np.ndarray) -> np.ndarray:
        """Positions (ndarray of int) of the columns of 2-D X that are steps."""
        if self.layout == "steps":
            return np.arange(self.n_columns)
        return np.setdiff1d(np.arange(self.n_columns), list(self.categories))

    def source_of_table(self, X: np.ndarray) -> SequenceSource:
        """Make a source of codes of encoded columns (n_samples, n_columns)."""
        coders = self.coders_of_codes()
        coded = with_codes(X[:, None], coders)[:, 0]
        source = DenseSource(coded[:, self.lags(X), None])
        if self.layout == "columns":
            source = StaticSource(source, coded[:, list(self.categories)])
            coders = dict(enumerate(coders.values(), start=1))
        else:
            coders = {0: coders[0]}
        source.codes = codes_of(source.n_features, coders)
        return source

    def coders_of_codes(self) -> dict:
        """Give what reads codes (dict of TableCoder) of these very categories."""
        return {j: TableCoder(of, of) for j, of in self.categories.items()}

    def coders(self, X: object, name: str) -> dict:
        """Give what makes codes of the features of checked sequences.

        Parameters
        ----------
        X : WindowedArray, or ndarray or list that was encoded
            Whose codes they are.
        name : str
            Of the estimator.

        Returns
        -------
        dict of TableCoder

        Raises
        ------
        ValueError
            If windows hold numbers where there were categories, or the reverse.
        """
        given = X.categories if isinstance(X, WindowedArray) else self.categories
        if given.keys() != self.categories.keys():
            raise ValueError(
                f"{name} was fitted on categories in the features "
                f"{sorted(self.categories)} of a step, and the windows of X have some "
                f"in {sorted(given)}. Make them by the transformer of fit, or of "
                "columns of the types that those of fit had."
            )
        return {j: TableCoder(of, given[j]) for j, of in self.categories.items()}


def find_encoding(X: object, wanted: object) -> Encoding | None:
    """Find the categories of X that are no numbers yet, or are columns of 2-D X.

    Parameters
    ----------
    X : object
        What the user gave.
    wanted : "from_dtype", array-like of str, int or bool, or None
        As `categorical_features`.

    Returns
    -------
    Encoding or None
        None where all features are numbers; those of a step that are named and are
        numbers are not among them.

    Raises
    ------
    ValueError
        If windows hold codes and nothing is to be a category, or there are no such
        columns.
    """
    if isinstance(X, WindowedArray):
        if wanted is None and X.categories:
            names = X.feature_names or range(X.shape[2])
            raise ValueError(
                "categorical_features=None reads all features as numbers, but "
                f"{[names[j] for j in X.categories]} of the windows are codes of "
                'categories. Set categorical_features="from_dtype", or encode the '
                "columns before the windows."
            )
        found = Encoding("windows", X.categories, X.shape[2])
    elif wanted is None or isinstance(X, TokenArray) or is_nested(X):
        return None
    elif _is_3d(X):
        found = _of_steps(X, wanted) if _may_hold_words(X) else None
    else:
        found = _of_table(_as_array(X), wanted)
    return found if found is not None and found.categories else None


def _of_table(X, wanted):
    """The encoding of 2-D X, each of whose columns is a step, or one category."""
    if len(getattr(X, "shape", ())) != 2 or hasattr(X, "toarray"):
        return None
    n_columns, names = X.shape[1], getattr(X, "columns", None)
    if isinstance(wanted, str):
        found = find_categories(X)
    else:
        places = columns_of(wanted, n_columns, None if names is None else list(names))
        columns = all_columns(X)
        found = {j: Categories.of(columns[j]) for j in places.tolist()}
    if len(found) < n_columns:
        return Encoding("columns", found, n_columns)
    together = Categories.of(*all_columns(X))
    return Encoding("steps", dict.fromkeys(range(n_columns), together), n_columns)


def _of_steps(X, wanted):
    """The encoding of sequences of steps, (n, T, F) or a list of (T_i, F)."""
    if is_ragged(X):
        tables = [_as_array(item) for item in X]
        n_features, names = tables[0].shape[1], getattr(tables[0], "columns", None)
        parts = [all_columns(table) for table in tables if table.shape[1] == n_features]
        columns = [[part[j] for part in parts] for j in range(n_features)]
    else:
        X, names = _as_array(X), None
        n_features = X.shape[2]
        columns = [[X[:, :, j].ravel()] for j in range(n_features)]
    if isinstance(wanted, str):
        labels = range(n_features) if names is None else list(names)
        places = [
            j for j in range(n_features) if _are_categories(columns[j], labels[j])
        ]
    else:
        names = None if names is None else list(names)
        places = columns_of(wanted, n_features, names).tolist()
    found = {j: Categories.of(*columns[j]) for j in places}
    return Encoding("features", found, n_features)


def _are_categories(parts, label):
    """Whether a column, of which there are parts, holds categories."""
    kinds = [str(part.dtype) for part in parts]
    if any(kind.lower().startswith(("category", "categorical")) for kind in kinds):
        return True
    together = np.concatenate([np.asarray(part, dtype=object) for part in parts])
    return holds_categories(together, label)


def _is_3d(X):
    return is_ragged(X) or len(getattr(X, "shape", ())) == 3


def _may_hold_words(X):
    """Whether sequences may hold something else than numbers."""
    items = X if is_ragged(X) else [X]
    return any(
        hasattr(item, "columns")
        or not hasattr(item, "dtype")
        or getattr(item.dtype, "kind", "O") in "OU"
        for item in items
    )


def _as_array(X):
    """Lists as arrays, of objects where they hold words."""
    if hasattr(X, "shape") or not isinstance(X, (list, tuple)):
        return X
    try:
        array = np.asarray(X)
    except ValueError:  # of unequal lengths
        return X
    if array.dtype.kind != "U":
        return array
    return np.asarray(pd.DataFrame(X) if array.ndim == 2 else X, dtype=object)
