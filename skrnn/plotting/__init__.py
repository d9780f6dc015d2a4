"""Pictures of fitted models and of forecasts, in scikit-learn's Display convention.

They need matplotlib, the extra ``skrnn[plot]``, when they are drawn.
"""

from skrnn.plotting._attribution import AttributionDisplay
from skrnn.plotting._backtest import BacktestDisplay
from skrnn.plotting._forecast import ForecastDisplay
from skrnn.plotting._gradient_flow import GradientFlowDisplay
from skrnn.plotting._hidden_states import HiddenStatesDisplay
from skrnn.plotting._live import LiveLossCurve
from skrnn.plotting._loss_curve import LossCurveDisplay
from skrnn.plotting._palette import PALETTE

__all__ = [
    "PALETTE",
    "AttributionDisplay",
    "BacktestDisplay",
    "ForecastDisplay",
    "GradientFlowDisplay",
    "HiddenStatesDisplay",
    "LiveLossCurve",
    "LossCurveDisplay",
]
