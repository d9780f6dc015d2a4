"""What is read of the X of a call: numbers, names, and which row is where in time."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_array

from skrnn._categories.tables import encode_table, find_categories
from skrnn._columns import as_numbers, numbers_only
from skrnn.windows._given_rows import check_rows, names_of, refuse_sequences
from skrnn.windows._key_columns import NOT_KNOWN_YET
from skrnn.windows._runs import Rows

__all__ = ["GivenRows", "read_rows", "read_values"]


class GivenRows(NamedTuple):
    """The rows of a call.

    Attributes
    ----------
    values : ndarray of shape (n_rows, n_features)
        Their numbers, in the caller's order.
    names : list of str or None
        What the features are called, in a fit.
    rows : Rows
        Which row is of which series and time.
    index : pandas.Index or None
        The caller's label of each row.
    features : array-like or DataFrame
        What `values` were made of.
    categories : dict of Categories
        Those of the features whose numbers are codes, by position.
    """

    values: np.ndarray
    names: list | None
    rows: Rows
    index: pd.Index | None
    features: object
    categories: dict


def read_rows(X, groups, key_columns, estimator, *, is_fit):
    """Check a 2-D X as scikit-learn does; NaN is allowed.

    Parameters
    ----------
    X : array-like or DataFrame of shape (n_samples, n_columns)
        What the user gave.
    groups : array-like of shape (n_samples,), or None
        The label of the series of each row.
    key_columns : KeyColumns
        The columns that tell series and time instead of an index.
    estimator : estimator
        Whose X it is; named in the errors.
    is_fit : bool
        Whether X is that of a fit. Else it is compared with what the fit noted; in
        neither case is anything noted.

    Returns
    -------
    GivenRows

    Raises
    ------
    ValueError
        If X is no table of numbers, or sequences already.
    """
    refuse_sequences(X, estimator)
    if not is_fit and key_columns.names:
        X = key_columns.in_order(X, estimator.feature_names_in_)
    index = key_columns.index_of(X)
    values, features, categories = _read_features(X, key_columns, estimator, is_fit)
    rows = Rows(len(values), index, groups, sort=bool(key_columns.names))
    label = X.index if isinstance(X, pd.DataFrame) else None
    names = names_of(features) if is_fit else None
    return GivenRows(values, names, rows, label, features, categories)


def read_values(X, key_columns, estimator):
    """Read the numbers of the features alone, of rows after a fit.

    Parameters
    ----------
    X : array-like or DataFrame of shape (n_samples, n_columns)
        What the user gave, of any series and times.
    key_columns : KeyColumns
        The columns that tell series and time instead of an index.
    estimator : estimator
        Whose X it is; named in the errors.

    Returns
    -------
    ndarray of shape (n_samples, n_features)
    """
    X = key_columns.in_order(X, estimator.feature_names_in_)
    return _read_features(X, key_columns, estimator, False)[0]


def _read_features(X, key_columns, estimator, is_fit):
    """Numbers of the features, what they are made of, and which are categories."""
    features = key_columns.features_of(X)
    if is_fit:
        categories, noted = find_categories(features), None
    else:
        categories = estimator._categories or {}
        noted = estimator._feature_names()
    coded = encode_table(features, categories, noted)
    if is_fit or key_columns.names:
        with numbers_only(coded):
            values = check_array(
                coded,
                estimator=estimator,
                input_name="X",
                ensure_all_finite="allow-nan",
            )
            values = as_numbers(values)
    else:
        try:
            values = check_rows(estimator, coded, reset=False)
        except ValueError as error:
            of_fit = set(getattr(estimator, "feature_names_in_", ()))
            if hasattr(X, "columns") and not of_fit <= set(X.columns):
                raise ValueError(f"{error}{NOT_KNOWN_YET}") from None
            raise
    return values, features, categories
