"""What a network reads of each row beside the targets themselves."""

import numpy as np

from skrnn._forecasting.differencing import filled_forward, mean_of_known

__all__ = ["Covariates"]

# More series than that share random codes instead of having a column each. Set by hand;
# the usual network has as many units.
_MOST_COLUMNS = 32


class Covariates:
    """Columns for exogenous values, seasons, the calendar and the series.

    Parameters
    ----------
    sp : int
        Rows of a season.
    fourier_terms : int
        Pairs of sine and cosine of the season.
    calendar : tuple of str
        Features of the calendar.
    calendar_columns : callable
        Gives columns (n, n_calendar), and their names, for an index of times and those
        features.
    static : bool
        Whether the network is told which series it reads.
    x_names : list of str
        Names of the exogenous columns.
    is_future : ndarray of shape (n_exogenous,) of bool
        Which of those are known in the future.
    y_names : list of str
        Names of the targets.
    """

    def __init__(
        self,
        *,
        sp,
        fourier_terms,
        calendar,
        calendar_columns,
        static,
        x_names,
        is_future,
        y_names,
    ):
        self.sp, self.fourier_terms = sp, fourier_terms
        self.calendar, self.calendar_columns = calendar, calendar_columns
        self.static, self.is_future = static, is_future
        self.x_names, self.y_names = x_names, y_names

    def fit(self, prepared, random_state):
        """Fix what the columns are.

        Parameters
        ----------
        prepared : Prepared
            The table of fit.
        random_state : numpy.random.RandomState
            Of the codes of many series.

        Returns
        -------
        self : Covariates
        """
        table = prepared.table
        self.tells_gaps = not prepared.known.all()
        if table.x is not None:
            self.x_mean = mean_of_known(table.x)
        self.code_of = {}
        if self.static:
            n = len(table.keys)
            # A random projection of one column a series (Johnson and Lindenstrauss).
            codes = (
                np.eye(n)
                if n <= _MOST_COLUMNS
                else random_state.normal(size=(n, _MOST_COLUMNS))
            )
            self.code_of = dict(zip(table.keys, codes, strict=True))
        return self

    def columns(self, prepared, axis, shifts):
        """Columns of each row, those of the targets first.

        Parameters
        ----------
        prepared : Prepared
            The table.
        axis : TimeAxis
            Of its steps.
        shifts : list of int
            How many steps later than a row the future values are that it holds.

        Returns
        -------
        columns : ndarray of shape (n_rows, n_columns) of float64
        names : list of str
        """
        table = prepared.table
        parts, names = [prepared.z], list(self.y_names)
        if self.tells_gaps:
            parts.append(1.0 - prepared.known)
            names += [f"{name} is missing" for name in self.y_names]
        if table.x is not None:
            x = filled_forward(table.x, prepared.start, self.x_mean)
            parts.append(x)
            names += self.x_names
            parts += self._shifted(x[:, self.is_future], table, shifts)
            future = [n for n, f in zip(self.x_names, self.is_future, strict=True) if f]
            names += [_ahead(name, shift) for shift in shifts for name in future]
        ordinals = table.ordinals
        if self.fourier_terms:
            angle = 2 * np.pi * (ordinals % self.sp) / self.sp
            for term in range(1, self.fourier_terms + 1):
                parts.append(np.sin(term * angle)[:, None])
                parts.append(np.cos(term * angle)[:, None])
                names += [f"sin {term}/{self.sp}", f"cos {term}/{self.sp}"]
        if self.calendar:
            for shift in [0, *shifts]:
                distinct, place = np.unique(ordinals + shift, return_inverse=True)
                times = axis.times(distinct)
                calendar, its_names = self.calendar_columns(times, self.calendar)
                parts.append(calendar[place])
                names += [_ahead(name, shift) for name in its_names]
        if self.static:
            width = len(next(iter(self.code_of.values())))
            unknown = np.zeros(width)
            codes = np.array([self.code_of.get(key, unknown) for key in table.keys])
            parts.append(np.repeat(codes, table.lengths, axis=0))
            names += [f"series {i}" for i in range(width)]
        return np.concatenate(parts, axis=1), _distinct(names)

    def _shifted(self, x, table, shifts):
        last = np.repeat(table.begin[1:] - 1, table.lengths)
        here = np.arange(len(x))
        return [x[np.minimum(here + shift, last)] for shift in shifts]


def _ahead(name, shift):
    return f"{name}[+{shift}]" if shift else name


def _distinct(names):
    """The same names, with a prime at those that were there before."""
    seen, distinct = set(), []
    for name in names:
        while name in seen:
            name += "'"
        seen.add(name)
        distinct.append(name)
    return distinct
