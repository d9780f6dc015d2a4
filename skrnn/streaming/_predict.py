"""Windows that are known to be right, and what a fitted pipeline says of them."""

import numpy as np

from skrnn._estimator.reading import source_of_whole_windows, source_of_windows
from skrnn.windows import WindowedArray

__all__ = ["WindowPredictor"]


class WindowPredictor:
    """Has the end of a pipeline predict.

    Parameters
    ----------
    parts : Parts
        The pipeline.
    method : str
        What is asked of its estimator.
    """

    def __init__(self, parts, method):
        self._parts, self._method = parts, method

    def of_whole(self, windows):
        """Predict for windows (n, window_length, n_inputs) that may lack nothing.

        Returns
        -------
        ndarray of shape (n, ...), or None
            None where one of them lacks something after all, or where they have to be
            read in another way before the estimator can be asked.
        """
        estimator = self._parts.estimator
        source = source_of_whole_windows(estimator, windows)
        return None if source is None else getattr(estimator, self._method)(source)

    def __call__(self, windows, lengths):
        """Predict.

        Parameters
        ----------
        windows : ndarray of shape (n, window_length, n_inputs)
            NaN where a step is absent.
        lengths : ndarray of shape (n,) of int
            Rows of each window, its newest.

        Returns
        -------
        ndarray of shape (n, ...)
        """
        parts = self._parts
        predict = getattr(parts.estimator, self._method)
        if parts.is_direct:
            if parts.is_flat:
                windows = windows[:, :, :1]
            return predict(
                source_of_windows(parts.estimator, windows, parts.step_names)
            )
        if parts.is_flat:
            X = windows[:, :, 0]
        else:
            n_windows, n_steps, n_inputs = windows.shape
            X = WindowedArray(
                windows.reshape(-1, n_inputs),
                np.arange(1, n_windows + 1) * n_steps,
                lengths,
                n_steps,
                feature_names=parts.step_names(),
                categories=parts.categories,
            )
        for step in parts.of_windows:
            X = step.transform(X)
        return predict(X)
