"""Categories of a column: which columns hold them, and a code for each of them."""

import json
import numbers
from datetime import date

import numpy as np
import pandas as pd

from skrnn._warn import warn_user

__all__ = [
    "Categories",
    "categories_from_text",
    "columns_of_table",
    "encode_table",
    "find_categories",
    "holds_categories",
    "text_of_categories",
]

# What kind of value a word stands for is its first letter: 3 and "3" are two things.
_TEXT, _NUMBER, _OTHER = "t", "n", "o"
_KINDS = {_TEXT: "strings", _NUMBER: "numbers", _OTHER: "times or other objects"}


class Categories:
    """The categories of a feature, each of which has a code.

    Codes are whole numbers from 1, in the order of `words`. Of a table they are floats:
    0 is for what is not among the categories, and NaN for what is missing. To a network
    what is missing is the last code, so that it has a place of its own too.

    Parameters
    ----------
    words : list of str
        What each category is called, after a letter for its kind; sorted.
    """

    def __init__(self, words):
        self.words = words
        self._code_of = None

    @classmethod
    def of(cls, *columns):
        """Find the categories that some columns have together (Categories)."""
        found = set()
        for column in columns:
            codes, words = _factorized(column)
            used = np.unique(codes[codes >= 0])
            found.update(words[code] for code in used.tolist())
        return cls(sorted(found, key=_order))

    @property
    def n_codes(self):
        """How many codes there are (int), for what is unknown and missing too."""
        return len(self.words) + 2

    @property
    def missing_code(self):
        """The code (int) of what is missing."""
        return len(self.words) + 1

    @property
    def labels(self):
        """What the categories are called (list of str)."""
        return [word[1:] for word in self.words]

    def __eq__(self, other):
        return isinstance(other, Categories) and self.words == other.words

    __hash__ = None

    def __repr__(self):
        return f"Categories({self.labels})"

    def codes_of(self, column, name, input_name="X"):
        """Put codes in the place of values.

        Parameters
        ----------
        column : Series of pandas or polars, or ndarray, of shape (n,)
            The values.
        name : str or int
            What the column is called.
        input_name : str, default="X"
            What the user calls the table.

        Returns
        -------
        ndarray of shape (n,) of float64

        Raises
        ------
        ValueError
            If none of the values is of a kind that the categories are of.
        """
        codes, words = _factorized(column)
        known, given = {w[0] for w in self.words}, {w[0] for w in words}
        if known and given and not known & given:
            was, now = (
                " and ".join(_KINDS[k] for k in sorted(s)) for s in (known, given)
            )
            raise ValueError(
                f"Column {name!r} of {input_name} holds categories that were {was} in "
                f"fit, and are {now} now, such as {words[0][1:]!r}. Convert the column "
                "to the type that it had."
            )
        return self._table_for(words)[codes]

    def codes_from(self, other):
        """Say which code here each code of other categories is.

        Parameters
        ----------
        other : Categories
            Those by which a table was encoded.

        Returns
        -------
        ndarray of shape (len(other.words) + 1,) of float64
            By the code there, from 0.
        """
        if other.words == self.words:
            return np.arange(len(self.words) + 1.0)
        return np.append(0.0, self._table_for(other.words)[:-1])

    def _table_for(self, words):
        """Codes (ndarray of float64) of words, and NaN behind them."""
        if self._code_of is None:
            self._code_of = {word: i for i, word in enumerate(self.words, start=1)}
        return np.array([*(self._code_of.get(word, 0) for word in words), np.nan])

    def decode(self, codes):
        """Give the categories of codes, for what follows windows.

        Parameters
        ----------
        codes : ndarray of shape (n,) of float
            0 and NaN become missing.

        Returns
        -------
        pandas.Categorical
            Of strings, or of numbers where all categories are some.
        """
        labels = self.labels
        if self.words and all(word[0] == _NUMBER for word in self.words):
            labels = pd.to_numeric(pd.Series(labels)).tolist()
        places = np.nan_to_num(codes, nan=0.0).astype(np.int64) - 1
        return pd.Categorical.from_codes(places, categories=labels)


def _order(word):
    """Sort words by kind, numbers among them by size."""
    kind, text = word[0], word[1:]
    return kind, float(text) if kind == _NUMBER else 0.0, text


def _word(value):
    """Name a value, in the same way whatever type holds it."""
    if isinstance(value, str):
        return _TEXT + str(value)
    if isinstance(value, bool | np.bool_ | numbers.Integral):
        return f"{_NUMBER}{int(value)}"
    if isinstance(value, numbers.Real):
        number = float(value)
        return f"{_NUMBER}{int(number) if number.is_integer() else number!r}"
    if isinstance(value, date | np.datetime64):
        value = pd.Timestamp(value)
    return _OTHER + str(value)


def _factorized(column):
    """Number the different values of a column.

    Returns
    -------
    codes : ndarray of shape (n,) of int
        -1 where a value is missing.
    words : list of str
        One for each number.
    """
    if isinstance(column, pd.Series) and isinstance(column.dtype, pd.CategoricalDtype):
        codes, values = column.cat.codes.to_numpy(), column.cat.categories
    else:
        values = column if isinstance(column, pd.Series) else _values_of(column)
        codes, values = pd.factorize(values)
    return codes.astype(np.int64, copy=False), [_word(value) for value in values]


def _values_of(column):
    if isinstance(column, np.ndarray):
        return column
    return pd.Series(column.to_list(), dtype=object)  # a Series of polars


def columns_of_table(X):
    """List the columns of a table that may hold something else than numbers.

    Parameters
    ----------
    X : object
        Whatever the user gave.

    Returns
    -------
    list or None
        Of Series of pandas or polars, or 1-D arrays; None where X is no such table.
    """
    if isinstance(X, np.ndarray):
        return list(X.T) if X.ndim == 2 and X.dtype.kind in "OU" else None
    if not (hasattr(X, "columns") and hasattr(X, "dtypes")) or isinstance(X, type):
        return None
    of = X.iloc if hasattr(X, "iloc") else X
    return [of[:, j] for j in range(X.shape[1])]


def holds_categories(column, name, input_name="X"):
    """Tell by its type, and of strings by its values, whether a column is categorical.

    A column of a categorical type is. One of strings is if they are words; strings of
    numbers are read as numbers, as scikit-learn does, which a warning says.

    Parameters
    ----------
    column : Series of pandas or polars, or ndarray, of shape (n,)
        The values.
    name : str or int
        What the column is called.
    input_name : str, default="X"
        What the user calls the table.

    Returns
    -------
    bool

    Raises
    ------
    ValueError
        If some of the strings are numbers, and others are not.
    """
    kind = str(column.dtype).lower()
    if kind.startswith(("category", "categorical", "enum", "dictionary")):
        return True
    is_array_type = isinstance(column.dtype, np.dtype)
    if not (
        column.dtype.kind in "OU"
        if is_array_type
        else kind.startswith(("str", "large_string", "utf8"))
    ):
        return False
    try:
        values = pd.unique(
            _values_of(column) if not hasattr(column, "iloc") else column
        )
    except TypeError:  # what has no hash is no category
        return False
    present = [value for value in values if not _is_missing(value)]
    if not present or not all(isinstance(value, str) for value in present):
        return False
    figures = [value for value in present if _is_figure(value)]
    others = [value for value in present if not _is_figure(value)]
    if not figures:
        return any(other.strip().lower() != "nan" for other in others)
    others = [other for other in others if other.strip().lower() != "nan"]
    if others:
        raise ValueError(
            f"{input_name} must hold numbers or categories, but column {name!r} holds "
            f"strings of which some are numbers, such as {figures[0]!r}, and others are "
            f"not, such as {others[0]!r}. If they are categories, make it of dtype "
            "category, astype('category'); if they are numbers, "
            "pandas.to_numeric(errors='coerce') makes the others NaN."
        )
    warn_user(
        f"Column {name!r} of {input_name} holds strings of numbers, such as "
        f"{figures[0]!r}, which are read as numbers. If they are categories, make it of "
        "dtype category, astype('category'); else convert it by pandas.to_numeric."
    )
    return False


def _is_missing(value):
    return value is None or value is pd.NA or value is pd.NaT or value != value


def _is_figure(text):
    try:
        return float(text) == float(text)
    except ValueError:
        return False


def find_categories(X, input_name="X"):
    """Find the columns of a table that are categorical by their types.

    Parameters
    ----------
    X : object
        Whatever the user gave.
    input_name : str, default="X"
        What the user calls it.

    Returns
    -------
    dict of Categories
        By the positions of their columns.
    """
    columns, found = columns_of_table(X), {}
    if columns is None:
        return found
    names = list(getattr(X, "columns", range(len(columns))))
    for j, (name, column) in enumerate(zip(names, columns, strict=True)):
        if holds_categories(column, name, input_name):
            found[j] = Categories.of(column)
    return found


def encode_table(X, categories, names=None, input_name="X"):
    """Put codes in the place of categories.

    Parameters
    ----------
    X : DataFrame of pandas or polars, or ndarray, of shape (n, F)
        A table.
    categories : dict of Categories
        By the positions of their columns.
    names : sequence of str, default=None
        What the columns were called that have those positions; in a table with names
        they are found by them. A column that is not there is left to other checks.
    input_name : str, default="X"
        What the user calls it.

    Returns
    -------
    object
        Of the type of X; X itself where nothing is categorical.
    """
    if not categories or not hasattr(X, "shape") or len(X.shape) != 2:
        return X
    given = list(X.columns) if hasattr(X, "columns") else None
    places = {j: j for j in categories if j < X.shape[1]}
    if names is not None and given is not None:
        by_name = {name: j for j, name in enumerate(given)}
        places = {j: by_name.get(names[j]) for j in categories}
        places = {j: place for j, place in places.items() if place is not None}
    codes = {}
    for j, place in places.items():
        column = X.iloc[:, place] if hasattr(X, "iloc") else X[:, place]
        name = place if given is None else given[place]
        codes[place] = categories[j].codes_of(column, name, input_name)
    return _with_columns(X, codes)


def _with_columns(X, columns):
    """The table with other columns (dict of ndarray, by position)."""
    if hasattr(X, "iloc"):
        X = X.copy(deep=False)
        for j, values in columns.items():
            X.isetitem(j, values)
        return X
    if hasattr(X, "with_columns"):
        return X.with_columns(
            [type(X[:, j])(X.columns[j], v) for j, v in columns.items()]
        )
    if X.dtype.kind not in "OU":
        X = np.array(X, np.float64)
    else:
        X = X.astype(object)
    for j, values in columns.items():
        X[:, j] = values
    return X


def text_of_categories(categories):
    """Give categories (dict by position) as text (str), as files of models take it."""
    return json.dumps({str(j): of.words for j, of in categories.items()})


def categories_from_text(text, n_features):
    """Make what `text_of_categories` gave the text of.

    Parameters
    ----------
    text : str
        From a file that anybody may have written.
    n_features : int
        How many positions there are.

    Returns
    -------
    dict of Categories

    Raises
    ------
    ValueError
        If it is no such text.
    """
    given, found = json.loads(text), {}
    if not isinstance(given, dict):
        raise ValueError("Categories were altered.")
    for place, words in given.items():
        is_fine = isinstance(words, list) and all(type(w) is str and w for w in words)
        if not is_fine or not place.isdecimal() or int(place) >= n_features:
            raise ValueError("Categories were altered.")
        found[int(place)] = Categories(words)
    return found
