"""Keys of streams, as the series of a fit are named."""

from numbers import Number

import pandas as pd

__all__ = ["KeyCheck"]


class KeyCheck:
    """Raises where keys do not name series as those of the fit are named.

    Parameters
    ----------
    window : SlidingWindow or None
        Fitted.
    """

    def __init__(self, window):
        labels = None if window is None else window._beginnings.labels
        self._n_levels = 0 if labels is None else labels.nlevels
        self._numbers = ()
        if labels is not None:
            several = isinstance(labels, pd.MultiIndex)
            levels = labels.levels if several else [labels]
            self._numbers = tuple(
                pd.api.types.is_numeric_dtype(level.dtype) for level in levels
            )

    def __call__(self, key):
        """Check a key."""
        if not self._n_levels:
            return
        levels = key if isinstance(key, tuple) else (key,)
        if key is None or len(levels) != self._n_levels:
            raise ValueError(
                f"key={key!r}, but the series of the fit are named by "
                f"{self._n_levels} labels. Give the label of the series of the row, or "
                "a tuple of them in the order of fit."
            )
        if tuple(isinstance(level, Number) for level in levels) != self._numbers:
            raise ValueError(
                f"key={key!r} is of another kind than the labels of the series of fit: "
                "numbers and text are never the same series."
            )
