"""What a forecaster has learned as plain values and arrays."""

from skrnn._categories.categories import Categories
from skrnn._forecasting.auto import Settings
from skrnn._forecasting.combination import Combination
from skrnn._forecasting.conformal import AdaptiveScores
from skrnn._forecasting.covariates import Covariates
from skrnn._forecasting.differencing import Differencing
from skrnn._forecasting.engine import SeriesForecaster
from skrnn._forecasting.exogenous import LinearEffect
from skrnn._forecasting.exogenous_columns import ExogenousColumns
from skrnn._forecasting.frames import SeriesFrames
from skrnn._forecasting.horizon_model import HorizonModel
from skrnn._forecasting.lag_regression import Lags, TargetModel
from skrnn._forecasting.regressed_smoothing import RegressedSmoothing
from skrnn._forecasting.smoothing import Smoothing
from skrnn._forecasting.strategies import Design, Forecasts
from skrnn._forecasting.table import SeriesTable
from skrnn._forecasting.target_transform import TargetTransform
from skrnn._forecasting.units import Units
from skrnn._plain import Codec
from skrnn._time.axis import TimeAxis
from skrnn._time.plain import TIME_CODECS

__all__ = ["FORECAST_CODECS", "object_codec"]

# By names that files hold: a class that is called otherwise keeps the one it has here.
_CLASSES = {
    "AdaptiveScores": AdaptiveScores,
    "Combination": Combination,
    "Covariates": Covariates,
    "Design": Design,
    "Differencing": Differencing,
    "ExogenousColumns": ExogenousColumns,
    "Forecasts": Forecasts,
    "HorizonModel": HorizonModel,
    "Lags": Lags,
    "LinearEffect": LinearEffect,
    "RegressedSmoothing": RegressedSmoothing,
    "SeriesForecaster": SeriesForecaster,
    "SeriesFrames": SeriesFrames,
    "SeriesTable": SeriesTable,
    "Settings": Settings,
    "Smoothing": Smoothing,
    "TargetModel": TargetModel,
    "TargetTransform": TargetTransform,
    "TimeAxis": TimeAxis,
    "Units": Units,
}


def object_codec(kind):
    """Make the codec (Codec) of a class by the attributes of its objects."""

    def new(plain):
        made = object.__new__(kind)
        vars(made).update(plain)
        return made

    if issubclass(kind, tuple):  # one with names
        return Codec(kind, list, lambda plain: kind(*plain))
    # Of most classes these are all attributes; some leave out what only saves time.
    return Codec(kind, lambda made: made.__getstate__() or {}, new)


FORECAST_CODECS = TIME_CODECS | {
    name: object_codec(kind) for name, kind in _CLASSES.items()
}
FORECAST_CODECS["Categories"] = Codec(Categories, lambda c: c.words, Categories)
FORECAST_CODECS["slice"] = Codec(
    slice, lambda s: (s.start, s.stop, s.step), lambda plain: slice(*plain)
)
