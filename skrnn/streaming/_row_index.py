"""The index that rows of streams have in a table, as the fit had one."""

import pandas as pd

from skrnn.streaming._clock import Clock
from skrnn.streaming._keys import KeyCheck

__all__ = ["RowIndex"]


class RowIndex:
    """Makes the index of rows by their keys and times.

    Parameters
    ----------
    window : SlidingWindow
        Fitted on rows with an index of times.
    """

    def __init__(self, window):
        self._clock = Clock(window._history.times, window.freq_)
        self._check_key = KeyCheck(window)
        self._labels = window._beginnings.labels
        self._name = window._history.times.name

    def of(self, n_rows, keys, times):
        """Make it.

        Parameters
        ----------
        n_rows : int
            How many rows there are.
        keys : list of hashable, or None
            The stream of each row.
        times : array-like or None
            Their times.

        Returns
        -------
        pandas.Index of length n_rows

        Raises
        ------
        ValueError
            If a key or a time is not as in the fit.
        """
        for given, what in ((keys, "keys"), (times, "times")):
            if given is not None and len(given) != n_rows:
                raise ValueError(f"There are {n_rows} rows, but {len(given)} {what}.")
        ticks = [
            self._clock.tick(time) for time in ([None] if times is None else times)
        ]
        index = self._clock.index(ticks).rename(self._name)
        if self._labels is None:
            return index
        levels = []
        for key in [None] if keys is None else keys:
            self._check_key(key)
            levels.append(key if isinstance(key, tuple) else (key,))
        levels = [list(level) for level in zip(*levels, strict=True)]
        names = [*self._labels.names, self._name]
        return pd.MultiIndex.from_arrays([*levels, index], names=names)
