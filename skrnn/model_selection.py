"""Splits of rows into training and test sets, for cross-validation."""

from skrnn.windows import PanelTimeSeriesSplit

__all__ = ["PanelTimeSeriesSplit"]
