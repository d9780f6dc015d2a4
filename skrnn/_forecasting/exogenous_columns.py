"""Columns of X as numbers: zeros and ones stand in the place of categories."""

import zlib

import numpy as np

from skrnn._categories.tables import find_categories

__all__ = ["ExogenousColumns"]

# Categories that are more share random codes instead of having a column each, as series
# do (covariates.py): a column is repeated for every step ahead. Set by hand.
_MOST_COLUMNS = 32


class ExogenousColumns:
    """Knows the columns of X in fit, and makes numbers of them.

    A category has a column of its own, of zeros and ones, so that what it adds to the
    targets can be told from few rows, and what networks make of it are vectors all the
    same. What is missing has one too where fit had something missing; what is unknown
    is zero in all of them.

    Parameters
    ----------
    columns : pandas.Index
        Those of X.
    categories : dict of Categories
        Of those that hold some, by their positions.
    has_missing : list of int
        Positions of those in which a category is missing.
    """

    def __init__(self, columns, categories, has_missing):
        self.columns, self.categories = columns, categories
        self.has_missing = has_missing

    @classmethod
    def of(cls, X):
        """Look at the X (DataFrame) of a fit."""
        categories = find_categories(X)
        has_missing = [j for j in categories if X.iloc[:, j].isna().any()]
        return cls(X.columns, categories, has_missing)

    @property
    def owner(self):
        """The position of the column that each number comes from (ndarray of int)."""
        widths = [
            self._codes(j).shape[1] if j in self.categories else 1
            for j in range(len(self.columns))
        ]
        return np.repeat(np.arange(len(widths)), widths)

    @property
    def names(self):
        """What the numbers are called (list of str)."""
        names = []
        for j, column in enumerate(self.columns):
            labels = self._labels(j) if j in self.categories else None
            if not labels:
                names.append(str(column))
            elif len(labels) > _MOST_COLUMNS:
                names += [f"{column} code {i}" for i in range(_MOST_COLUMNS)]
            else:
                names += [f"{column} is {label}" for label in labels]
        return names

    def numbers(self, X):
        """Make numbers of an X.

        Parameters
        ----------
        X : DataFrame of shape (n_rows, n_columns)
            With some of the columns of fit, found by name, and perhaps others.

        Returns
        -------
        ndarray of shape (n_rows, n_numbers) of float64
            NaN in the place of columns that are not there.

        Raises
        ------
        ValueError
            If a column holds neither numbers nor categories, or had the other in fit.
        """
        parts = []
        for j, column in enumerate(self.columns):
            categories = self.categories.get(j)
            width = 1 if categories is None else self._codes(j).shape[1]
            if column not in X.columns:
                parts.append(np.full((len(X), width), np.nan))
            elif categories is None:
                parts.append(_numbers_of(X[column], column)[:, None])
            else:
                codes = categories.codes_of(X[column], column)
                codes[np.isnan(codes)] = categories.missing_code
                parts.append(self._codes(j)[codes.astype(np.int64)])
        return np.concatenate(parts, axis=1)

    def _labels(self, j):
        return self.categories[j].labels + ["missing"] * (j in self.has_missing)

    def _codes(self, j):
        """What stands for each code of a column of categories (n_codes, width)."""
        categories, n = self.categories[j], len(self._labels(j))
        if n > _MOST_COLUMNS:
            words = "\n".join(categories.words).encode("utf-8", "surrogatepass")
            rng = np.random.default_rng(zlib.crc32(words))
            codes = rng.normal(size=(n, _MOST_COLUMNS))
        else:
            codes = np.eye(n, max(n, 1))  # one of zeros where there is no category
        rows = np.zeros((categories.n_codes, codes.shape[1]))
        rows[1 : 1 + n] = codes
        return rows


def _numbers_of(column, name):
    try:
        return column.to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"X must hold numbers or categories, but column {name!r} holds other "
            f"values ({error}). Convert it, or make it of dtype category, "
            "astype('category')."
        ) from error
