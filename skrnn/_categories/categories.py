"""The categories of a feature: a code for each of them."""

import json
import numbers
from datetime import date

import numpy as np
import pandas as pd

__all__ = ["Categories", "categories_from_text", "text_of_categories", "values_of"]

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
        elif len(set(labels)) < len(labels):  # 3 and "3", say
            labels = [f"{word[1:]} ({_KINDS[word[0]]})" for word in self.words]
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
        codes, values = pd.factorize(values_of(column))
    return codes.astype(np.int64, copy=False), [_word(value) for value in values]


def values_of(column):
    """The values of a column as what pandas numbers (Series or ndarray)."""
    if isinstance(column, np.ndarray | pd.Series):
        return column
    return pd.Series(column.to_list(), dtype=object)  # a Series of polars


def text_of_categories(categories):
    """Give categories (dict by position) as text (str), as files of models take it."""
    return json.dumps([[j, of.words] for j, of in categories.items()])


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
    if not isinstance(given, list):
        raise ValueError("Categories were altered.")
    for pair in given:
        place, words = pair if isinstance(pair, list) and len(pair) == 2 else (-1, [])
        is_fine = type(place) is int and 0 <= place < n_features
        is_fine &= isinstance(words, list) and all(type(w) is str and w for w in words)
        if not is_fine:
            raise ValueError("Categories were altered.")
        found[place] = Categories(words)
    return found
