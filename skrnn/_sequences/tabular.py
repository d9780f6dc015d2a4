"""Signs that the columns of a table, read as time steps, are not lags of one thing.

2-D X is one univariate sequence a row, a column a time step. With a table of other
columns (temperature, humidity, hour) nothing fails, and what is learned is wrong. The
names are asked first: those of lags share a stem (lag_1, t-3, pixel0, 2024-01,
sales_jan), and then nothing is said. Only where they do not, the values decide: lags of
one thing are the same numbers at other times, so that none of them is whole where
another has fractions, repeats a few values where another repeats none, or lies
elsewhere altogether.
"""

import calendar
import re

import numpy as np

from skrnn._warn import warn_user
from skrnn.exceptions import TabularInputWarning

# What names one time or another, and so is no stem.
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth"
_CARDINALS = "one two three four five six seven eight nine ten"
_RELATIVE = "t lag ago prev previous yesterday today tomorrow now current last next"
_OF_TIME = {
    name.lower()
    for names in (
        calendar.month_name,
        calendar.month_abbr,
        calendar.day_name,
        calendar.day_abbr,
        f"{_ORDINALS} {_CARDINALS} {_RELATIVE} oldest newest".split(),
    )
    for name in names
    if name
}
# Rows that are looked at, and fewer than which nothing is said of the values.
_MOST_ROWS, _FEWEST_ROWS = 1000, 20
# Shares of rows. Lags share all their values but as many as there are columns; a factor
# between deviations that no single thing shows at two times of day or year.
_FEW, _MANY = 0.1, 0.5
_FACTOR = 10.0


def warn_of_table(X: np.ndarray, names: list, estimator_name: str) -> None:
    """Warn if 2-D X seems to be a table of several features.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_columns)
        The numbers.
    names : list
        Names of the columns.
    estimator_name : str
        Who reads it.
    """
    sign = unlike_columns(X, names)
    if sign is None:
        return
    warn_user(
        f"X is a table whose columns do not look like lags of one thing: {sign}. 2-D X "
        f"is read by {estimator_name} as one univariate sequence a row, each column a "
        "time step, oldest first. If the rows follow one another in time, begin with "
        "windows of them: make_pipeline(SlidingWindow(24), ...). If they do not, each "
        "row is one step of several features: ToSequence(n_timesteps=1). If the "
        "columns are lags, names with a common stem (lag_2, lag_1) or X.to_numpy() say "
        "so.",
        TabularInputWarning,
    )


def unlike_columns(X: np.ndarray, names: list | None) -> str | None:
    """Say which columns of a table cannot be lags of one thing.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_columns)
        The numbers.
    names : list or None
        Names of the columns; None, or other than strings, say nothing.

    Returns
    -------
    str or None
        Such as "'a' holds whole numbers and 'b' fractions"; None without a sign.
    """
    if names is None or not all(isinstance(name, str) for name in names):
        return None
    if len({_stem(name) for name in names}) < 2:
        return None
    step = max(1, len(X) // _MOST_ROWS)
    rows = np.asarray(X[::step], np.float64)
    columns = {}
    for name, column in zip(names, rows.T, strict=True):
        present = column[np.isfinite(column)]
        # A constant says nothing: at night there is no sun.
        if len(present) >= _FEWEST_ROWS and (present != present[0]).any():
            columns[name] = present
    if len(columns) < 2:
        return None
    with np.errstate(over="ignore", invalid="ignore"):  # of differences of 1e308
        for sign in (_unlike_kind, _unlike_repetition, _unlike_place):
            found = sign(columns)
            if found is not None:
                return found
    return None


def _stem(name):
    """What a name consists of besides numbers and words for a time."""
    words = re.findall(r"[^\W\d_]+", name.lower())
    return " ".join(word for word in words if word not in _OF_TIME)


def _unlike_kind(columns):
    fractions = {n: float(np.mean(v != np.round(v))) for n, v in columns.items()}
    whole, other = _extremes(fractions)
    if fractions[whole] == 0 and fractions[other] > _MANY:
        return f"{whole!r} holds whole numbers and {other!r} fractions"
    return None


def _unlike_repetition(columns):
    distinct = {n: len(np.unique(v)) / len(v) for n, v in columns.items()}
    few, many = _extremes(distinct)
    if distinct[few] <= _FEW and distinct[many] >= _MANY:
        return f"{few!r} repeats a few values and {many!r} does not"
    return None


def _unlike_place(columns):
    quartiles = {n: np.quantile(v, [0.1, 0.25, 0.75, 0.9]) for n, v in columns.items()}
    spreads = {n: q[2] - q[1] for n, q in quartiles.items()}
    small, large = _extremes(spreads)
    if 0 < spreads[small] * _FACTOR < spreads[large]:
        ratio = spreads[large] / spreads[small]
        return f"{large!r} varies {ratio:.2g} times as much as {small!r}"
    low = min(quartiles, key=lambda n: quartiles[n][3])
    high = max(quartiles, key=lambda n: quartiles[n][0])
    if quartiles[low][3] < quartiles[high][0]:
        return f"nearly all of {low!r} lies below nearly all of {high!r}"
    return None


def _extremes(numbers):
    return min(numbers, key=numbers.get), max(numbers, key=numbers.get)
