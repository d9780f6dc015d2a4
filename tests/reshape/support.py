"""A short series of two features."""

import numpy as np
import pandas as pd

NAN = np.nan


def series(n=20):
    index = pd.date_range("2024", periods=n, freq="h")
    return pd.DataFrame({"v": np.sin(np.arange(n)), "w": np.arange(float(n))}, index)
