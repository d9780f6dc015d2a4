"""What the parameters of the forecaster may be."""

from numbers import Real

from sklearn.utils._param_validation import (
    HasMethods,
    StrOptions,
    validate_parameter_constraints,
)

from skrnn._forecasting.auto import Options
from skrnn._forecasting.strategies import STRATEGIES
from skrnn._numbers import (
    AT_LEAST_ONE,
    NOT_NEGATIVE,
    RANDOM_STATE,
    Number,
    parameters_of,
    plain,
)
from skrnn.regressor import RNNRegressor

__all__ = [
    "CONSTRAINTS",
    "checked_options",
    "test_parameters",
    "usual_estimator",
]

_AUTO = StrOptions({"auto"})
# Epochs without a better one that the usual network waits for: those in which it reads
# so many rows, within these bounds. Of many rows an epoch is many steps.
_ROWS_OF_PATIENCE = 10_000
_LEAST_PATIENCE, _MOST_PATIENCE = 3, 5
CONSTRAINTS = {
    "estimator": [HasMethods(["fit", "predict"]), None],
    "window_length": [AT_LEAST_ONE, None],
    "strategy": [StrOptions(set(STRATEGIES))],
    "sp": [AT_LEAST_ONE, _AUTO],
    "log": ["boolean", _AUTO],
    "difference": [NOT_NEGATIVE, _AUTO],
    "seasonal_difference": [NOT_NEGATIVE, _AUTO],
    "scaling": [StrOptions({"window", "series"}), None],
    "fourier_terms": [NOT_NEGATIVE, _AUTO],
    "calendar": [list, tuple, "boolean", None],
    "past_covariates": [list, tuple, StrOptions({"all"}), None],
    "linear_effects": ["boolean"],
    "series_id": ["boolean"],
    "n_estimators": [AT_LEAST_ONE],
    "network_weight": [Number(Real, 0, 1, closed="both"), _AUTO],
    "interval": [StrOptions({"auto", "conformal", "loss"}), None],
    "calibration_fraction": [Number(Real, 0, 1, closed="neither")],
    "adaptation_rate": [Number(Real, 0, None, closed="left")],
    "update_epochs": [NOT_NEGATIVE],
    "insample": ["boolean"],
    "random_state": RANDOM_STATE,
}


def checked_options(model):
    """The parameters of a forecaster as numbers of Python, once they are checked.

    Parameters
    ----------
    model : RNNForecaster
        Whose they are.

    Returns
    -------
    Options

    Raises
    ------
    InvalidParameterError
        If one of them is none that can be.
    """
    given = parameters_of(model)
    name = type(model).__name__
    validate_parameter_constraints(CONSTRAINTS, given, caller_name=name)
    loss = getattr(model.estimator, "loss", None)
    own = {name: plain(given[name]) for name in Options._fields if name != "loss"}
    return Options(loss=loss, **own)


def usual_estimator(n_rows=0):
    """The estimator of a forecaster that was given none (RNNRegressor).

    Parameters
    ----------
    n_rows : int, default=0
        Rows of the longest series.
    """
    patience = -(-_ROWS_OF_PATIENCE // max(n_rows, 1))
    # Small and slow to learn: what it is to add to a local forecast is little, and
    # what is linear in its window ridge regression has taken off before.
    # One network: the forecaster has several of its own.
    return RNNRegressor(
        "gru",
        32,
        n_estimators=1,
        learning_rate=0.003,
        validation_fraction=0.1,
        n_iter_no_change=min(max(patience, _LEAST_PATIENCE), _MOST_PATIENCE),
        ema_decay=None,
    )


def test_parameters():
    """Parameters of small forecasters, for sktime's checks (list of dict)."""
    short = {"hidden_size": 4, "max_epochs": 2, "n_estimators": 1}
    quick = RNNRegressor("gru", early_stopping=False, **short)
    normal = RNNRegressor("rnn", loss="gaussian", **short)
    return [
        {
            "estimator": quick,
            "strategy": "recursive",
            "n_estimators": 1,
            "network_weight": 0.5,
            "random_state": 0,
        },
        {
            "estimator": normal,
            "window_length": 5,
            "n_estimators": 2,
            "insample": False,
            "series_id": True,
            "scaling": "series",
            "random_state": 0,
        },
    ]
