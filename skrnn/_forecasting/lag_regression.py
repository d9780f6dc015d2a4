"""Linear models on the newest rows of each series of a panel."""

from typing import NamedTuple

import numpy as np

from skrnn._forecasting.differencing import without_outliers
from skrnn._forecasting.table import Origins

__all__ = ["Lags", "TargetModel", "Views"]

# A window tells with half of its rows, or with so many. Set by hand, as that for
# networks is.
_ENOUGH_ROWS = 12
# Numbers that the windows of a fit may have together: the newest ones of each series.
_MOST_NUMBERS = 20_000_000


class Views(NamedTuple):
    """What a linear model reads at some origins, and what its outputs are added to."""

    regressors: np.ndarray  # (n, P)
    base: np.ndarray  # (n, n_steps) forecasts if nothing changes, in units of series
    scale: np.ndarray  # (n,) of the windows
    is_enough: np.ndarray  # (n,) whether the window has rows enough to tell


class Lags(NamedTuple):
    """Which rows are read, and which steps are forecast."""

    transform: object  # TargetTransform, that scales each window
    steps: np.ndarray  # (n_steps,) rising
    window_length: int

    @property
    def n_regressors(self):
        """The rows of a window, and a constant."""
        return self.window_length + 1

    def views(self, prepared, origins, target):
        """What is read of one target.

        Parameters
        ----------
        prepared : Prepared
            The series.
        origins : Origins
            Newest rows of the windows.
        target : int
            Which target it is.

        Returns
        -------
        Views
            Rows that a window lacks are zero, as if nothing had changed.
        """
        windows = self.transform.windows(
            prepared, prepared.z, origins, self.window_length, None
        )
        regressors = np.ones((len(origins.rows), self.n_regressors))
        windows.steps_of(target, regressors[:, :-1])
        last = int(self.steps[-1])
        base = self.transform.baseline(prepared, origins, windows, last)
        is_enough = windows.length >= self._least
        return Views(
            regressors,
            base[:, self.steps - 1, target],
            windows.scale[:, target],
            is_enough,
        )

    def samples(self, prepared, target):
        """Windows whose future is known, and that future.

        Parameters
        ----------
        prepared : Prepared
            The series.
        target : int
            Which target it is.

        Returns
        -------
        regressors : ndarray of shape (n, P)
        outputs : ndarray of shape (n, n_steps)
        codes : ndarray of shape (n,) of int64
            The series of each, rising.
        """
        table, last = prepared.table, int(self.steps[-1])
        codes = table.codes
        rows = np.arange(len(codes))
        most = max(_MOST_NUMBERS // (len(table.keys) * self.n_regressors), 1)
        begin, stop = table.begin[codes], table.begin[codes + 1]
        has_past = rows + 1 - begin >= self.transform.lag + self._least
        kept = has_past & (rows + last < stop) & (rows + last + most >= stop)
        origins = Origins(rows[kept], codes[kept])
        view = self.views(prepared, origins, target)
        future = origins.rows[:, None] + self.steps
        outputs = (prepared.u[future, target] - view.base) / view.scale[:, None]
        outputs = without_outliers(outputs)
        seen = prepared.known[future, target].all(axis=1)
        return view.regressors[seen], outputs[seen], origins.codes[seen]

    @property
    def _least(self):
        return max(1, min(self.window_length // 2, _ENOUGH_ROWS))


class TargetModel(NamedTuple):
    """Linear models of one target: of all series together, or of each."""

    common: np.ndarray  # (P, n_steps) coefficients of all
    own: np.ndarray | None  # (n_series, P, n_steps); None where those in common are
    own_share: np.ndarray  # (n_series,) how much of the coefficients is their own
    weight: np.ndarray  # (n_series,) how much each counts beside smoothing
    usual_weight: float  # of series that were not there

    def path(self, view, places, codes, steps):
        """Forecasts of some steps, in units of the series.

        Parameters
        ----------
        view : Views
            What is read.
        places : ndarray of shape (n_some,) of int64
            Of some series among those of fit; -1 of others.
        codes : ndarray of shape (n,) of int64
            Which of them each origin belongs to.
        steps : ndarray of int64
            Places among the steps that were learned.

        Returns
        -------
        ndarray of shape (n, n_steps)
        """
        # Row by row, and all steps at once, lest the last bit depend on what else is
        # asked for.
        rows = view.regressors[:, None]
        if self.own is None:
            outputs = (rows @ self.common)[:, 0]
        else:
            outputs = self._own_outputs(rows, places, codes)
        return view.base[:, steps] + outputs[:, steps] * view.scale[:, None]

    def _own_outputs(self, rows, places, codes):
        """Outputs (n, n_steps) of rows (n, 1, P), by the model of each series."""
        count = np.bincount(codes, minlength=len(places))
        is_sorted = (np.diff(codes) >= 0).all()
        if is_sorted and (count == count[0]).all() and (places >= 0).all():
            # Of each series as many, as in a panel whose series are of one length.
            each = rows.reshape(len(places), count[0], 1, rows.shape[2])
            is_whole = np.array_equal(places, np.arange(len(self.own)))
            own = self.own if is_whole else self.own[places]
            return (each @ own[:, None]).reshape(len(rows), -1)
        outputs = (rows @ self.common)[:, 0]
        order = np.argsort(codes, kind="stable")
        bounds = np.searchsorted(codes[order], np.arange(len(places) + 1))
        for code in np.flatnonzero((count > 0) & (places >= 0)):
            mine = order[bounds[code] : bounds[code + 1]]
            outputs[mine] = (rows[mine] @ self.own[places[code]])[:, 0]
        return outputs

    def weights(self, places):
        """How much forecasts of these series count (n_some,)."""
        return np.where(places >= 0, self.weight[places], self.usual_weight)

    def own_shares(self, places):
        """How much of the coefficients of these series is their own (n_some,)."""
        return np.where(places >= 0, self.own_share[places], 0.0)
