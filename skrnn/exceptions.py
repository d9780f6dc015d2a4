"""Errors and warnings of skrnn."""

__all__ = [
    "LeakingSplitWarning",
    "LostIndexWarning",
    "MissingHistoryWarning",
    "ModelFileError",
    "NoKernelsWarning",
    "NonFiniteLossError",
    "ShortWindowsWarning",
    "TabularInputWarning",
    "TargetInWindowWarning",
]


class NonFiniteLossError(ArithmeticError):
    """Training diverged: a loss or a weight became NaN or infinite.

    Lower ``learning_rate``, or let ``on_divergence="restart"`` do so.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import RNNRegressor
    >>> X = np.random.default_rng(0).normal(size=(50, 4))
    >>> wild = {"optimizer": "sgd", "learning_rate": 1e30, "max_grad_norm": None}
    >>> model = RNNRegressor(parts="network", random_state=0, **wild)
    >>> model.fit(X, X[:, -1])
    Traceback (most recent call last):
    ...
    skrnn.exceptions.NonFiniteLossError: ...
    """


class ModelFileError(ValueError):
    """A file is no whole model or checkpoint, or belongs to another fit.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import skrnn
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "model.skops"
    ...     _ = path.write_bytes(b"no model")
    ...     skrnn.load(path)
    Traceback (most recent call last):
    ...
    skrnn.exceptions.ModelFileError: ...
    """


class TabularInputWarning(UserWarning):
    """The columns of a table, read as the time steps of a sequence, seem to be none.

    Put :class:`~skrnn.SlidingWindow` before the estimator, or ``ToSequence(1)`` where
    rows stand for themselves.

    Examples
    --------
    >>> import warnings
    >>> import pandas as pd
    >>> from skrnn import RNNRegressor
    >>> table = pd.DataFrame({"temperature": [8.0, 9.5, 7.0, 9.0] * 9})
    >>> table = table.assign(pressure=1013 - table["temperature"], hour=range(36))
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error")
    ...     RNNRegressor(max_epochs=1).fit(table, table["pressure"])
    Traceback (most recent call last):
    ...
    skrnn.exceptions.TabularInputWarning: ...
    """


class TargetInWindowWarning(UserWarning):
    """A window, or a feature of X, holds the very values that the model is to predict.

    With ``horizon=1`` the window ends before the row that is predicted; a column that
    is the target is left out of X.

    Examples
    --------
    >>> import warnings
    >>> import pandas as pd
    >>> from skrnn import SlidingWindow
    >>> load = pd.Series(range(9), pd.date_range("2026-01-01", periods=9), dtype=float)
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error")
    ...     SlidingWindow(3).fit(load.to_frame("load"), load)
    Traceback (most recent call last):
    ...
    skrnn.exceptions.TargetInWindowWarning: ...
    >>> SlidingWindow(3, horizon=1).fit(load.to_frame("load"), load)
    SlidingWindow(...)
    """


class ShortWindowsWarning(UserWarning):
    """Breaks in the index cut most windows short, or its step does not fit.

    Where rows are missing here and there, ``X.asfreq(...)`` puts absent ones in.

    Examples
    --------
    >>> import warnings
    >>> import pandas as pd
    >>> from skrnn import SlidingWindow
    >>> days = pd.date_range("2026-01-01", periods=30)
    >>> load = pd.DataFrame({"load": range(30)}, index=days, dtype=float)
    >>> broken = load[load.index.day % 3 > 0]
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error")
    ...     SlidingWindow(5).fit(broken)
    Traceback (most recent call last):
    ...
    skrnn.exceptions.ShortWindowsWarning: ...
    >>> SlidingWindow(5).fit(broken.asfreq("D"))
    SlidingWindow(...)
    """


class MissingHistoryWarning(UserWarning):
    """Rows are to be predicted without the newest rows before them.

    Send the rows before them along, or say ``history="allow"``.

    Examples
    --------
    >>> import warnings
    >>> import pandas as pd
    >>> from skrnn import SlidingWindow
    >>> days = pd.date_range("2026-01-01", periods=30)
    >>> load = pd.DataFrame({"load": range(30)}, index=days, dtype=float)
    >>> window = SlidingWindow(3).fit(load[:10])
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error")
    ...     window.transform(load[20:21])
    Traceback (most recent call last):
    ...
    skrnn.exceptions.MissingHistoryWarning: ...
    """


class LostIndexWarning(UserWarning):
    """Rows come without the index that tells their times or their series.

    Ask the pipeline for data frames: ``set_output(transform="pandas")``.

    Examples
    --------
    >>> import warnings
    >>> import pandas as pd
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skrnn import SlidingWindow
    >>> days = pd.date_range("2026-01-01", periods=30)
    >>> load = pd.DataFrame({"load": range(30)}, index=days, dtype=float)
    >>> steps = make_pipeline(StandardScaler(), SlidingWindow(3, horizon=1))
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error")
    ...     steps.fit(load, load["load"])
    Traceback (most recent call last):
    ...
    skrnn.exceptions.LostIndexWarning: ...
    """


class LeakingSplitWarning(UserWarning):
    """A split is not by time, or has no gap where the targets need one.

    Split by time with :class:`~skrnn.model_selection.PanelTimeSeriesSplit`: splitters
    of scikit-learn cut a long table by the position of its rows, whatever their times.

    Examples
    --------
    >>> import warnings
    >>> import pandas as pd
    >>> from skrnn.windows import make_targets
    >>> rows = pd.MultiIndex.from_product([["a", "b"], range(9)])
    >>> load = pd.DataFrame({"load": range(18)}, index=rows, dtype=float)
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error")
    ...     make_targets(load, load["load"], fh=3)
    Traceback (most recent call last):
    ...
    skrnn.exceptions.LeakingSplitWarning: ...
    """


class NoKernelsWarning(RuntimeWarning):
    """Compiled kernels that this machine could run are not there, so it is slower.

    :func:`skrnn.show_versions` says why. Where that is meant, it can be silenced.

    Examples
    --------
    >>> import warnings
    >>> from skrnn.exceptions import NoKernelsWarning
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", NoKernelsWarning)
    """
