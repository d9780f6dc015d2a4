"""A search by Optuna."""

import optuna
import pytest
from sktime.forecasting.model_selection import ForecastingOptunaSearchCV
from sktime.split import SingleWindowSplitter

from tests.integrations.support import FH, assert_forecast, forecaster


# Of sktime's search itself, whenever one is made.
@pytest.mark.filterwarnings("ignore:ForecastingOptunaSearchCV is experimental")
def test_optuna_search(airline, naive_error):
    past, future = airline
    sizes = {"estimator__hidden_size": optuna.distributions.IntDistribution(2, 6)}
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        search = ForecastingOptunaSearchCV(
            forecaster(interval=None),
            SingleWindowSplitter(FH),
            sizes,
            n_evals=3,
            sampler=optuna.samplers.RandomSampler(0),
        ).fit(past, fh=FH)
    finally:
        optuna.logging.set_verbosity(before)
    assert 2 <= search.best_params_["estimator__hidden_size"] <= 6
    assert_forecast(search.predict(), future, naive_error)
