"""Recurrent networks as estimators of sktime.

They take sktime's data formats, obey its checks and combine with its splitters,
pipelines, tuners and metrics. ``import skrnn`` does not load sktime, this module does.
"""

from skrnn.sktime._forecaster import RNNForecaster
from skrnn.sktime._panel_estimators import RNNPanelClassifier, RNNPanelRegressor

__all__ = ["RNNForecaster", "RNNPanelClassifier", "RNNPanelRegressor"]
