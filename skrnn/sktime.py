"""Recurrent networks for sktime: classifier and regressor of panels.

``import skrnn`` does not load sktime; ``import skrnn.sktime`` does.
"""

from skrnn._panel_estimators import RNNPanelClassifier, RNNPanelRegressor

__all__ = ["RNNPanelClassifier", "RNNPanelRegressor"]
