"""How regressors are trained: when they stop, how they go on, in what they stand."""

import tempfile
import warnings

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import (
    FlattenSequence,
    SlidingWindow,
    TimeDistributed,
    ToSequence,
    make_windows,
)
from skrnn.exceptions import ShortWindowsWarning
from skrnn.windows import make_targets
from tests.golden.data import N_NEW, exact, numbers, table
from tests.golden.registry import case, training_of
from tests.golden.regression_cases import predictions, regressor

# -- when training stops ---------------------------------------------------------------


@case
def early_stopping_by_validation_samples_of_the_user():
    data = numbers(60)
    model = regressor(
        early_stopping=True, max_epochs=40, n_iter_no_change=2, norm="layer"
    )
    model.fit(data.X[:48], data.y[:48], X_val=data.X[48:], y_val=data.y[48:])
    found = training_of(model, "validation_loss_curve_")
    return {**found, "predict": model.predict(data.X_new)}


@case
def early_stopping_by_a_score():
    data = numbers(60)
    model = regressor(
        cell="lstm",
        early_stopping=True,
        scoring="neg_mean_absolute_error",
        max_epochs=40,
        n_iter_no_change=2,
        learning_rate=0.03,
        tol=1e-3,
    )
    found = predictions(model, data)
    return {**found, "validation_scores_": model.validation_scores_}


@case
def whole_batches_in_order_with_an_average_of_the_weights():
    model = regressor(batch_size=None, shuffle=False, ema_decay=0.8, max_epochs=8)
    return predictions(model, numbers())


# -- going on --------------------------------------------------------------------------


@case
def fit_goes_on_after_a_warm_start():
    data = numbers(60)
    model = regressor(warm_start=True, lr_schedule="exponential", linear_steps="auto")
    first = predictions(model, data)
    second = predictions(model, data._replace(X=data.X[20:], y=data.y[20:]))
    return {**second, "first predict": first["predict"]}


@case
def partial_fits_with_weights():
    data = numbers(60)
    model = regressor(dropout=0.1, linear_steps=4)
    for start in (0, 20, 40):
        part = slice(start, start + 20)
        weights = 1 + np.arange(20) % 3
        model.partial_fit(data.X[part], data.y[part], sample_weight=weights)
    return {"predict": model.predict(data.X_new), **training_of(model)}


@case
def begun_from_another_estimator_with_a_frozen_layer():
    teacher = regressor(num_layers=2).fit(*numbers(seed=5)[:2])
    model = regressor(num_layers=2, init=teacher, frozen=["recurrent.0"])
    return predictions(model, numbers(n_outputs=2))


@case
def fit_resumed_from_a_checkpoint():
    data = numbers()
    with tempfile.TemporaryDirectory() as folder:
        model = regressor(checkpoint_dir=folder, max_epochs=2, recurrent_dropout=0.1)
        model.fit(data.X, data.y)
        model.set_params(max_epochs=5).fit(data.X, data.y, resume=True)
    return {"predict": model.predict(data.X_new), **training_of(model)}


# -- pipelines, searches and windows ---------------------------------------------------


@case
def sliding_windows_in_a_pipeline():
    X, y = table()
    steps = SlidingWindow(8, horizon=1), TimeDistributed(StandardScaler())
    model = make_pipeline(*steps, regressor(pooling="mean", linear_steps="auto"))
    model.fit(X[:55], y[:55])
    return {"predict": model.predict(X[55:]), "fitted": model.predict(X)[15:30]}


@case
def several_steps_ahead_of_lazy_windows():
    X, y = table()
    X, Y, gap = make_targets(X, y, fh=[1, 2, 4])
    network = regressor(
        early_stopping=True, validation_gap=gap, n_estimators=2, linear_steps=6
    )
    model = make_pipeline(SlidingWindow(8), network).fit(X[:50], Y[:50])
    return {"predict": model.predict(X[50:]), "targets": Y[50:]}


@case
def windows_of_several_series():
    parts = [table(n_rows, seed=n_rows)[0] for n_rows in (40, 60)]
    options = {"fh": 3, "step_length": 2, "target": "load", "return_newest": True}
    with warnings.catch_warnings():
        # Hours are missing on purpose, so that windows are left out.
        warnings.simplefilter("ignore", ShortWindowsWarning)
        X, Y, newest = make_windows(parts, 10, **options)
    model = regressor(decoder="parallel", instance_norm="last").fit(X, Y)
    return {"newest": model.predict(newest), "fitted": model.predict(X[:8])}


@case
def lag_columns_of_windows_for_a_linear_model():
    X, y = table()
    flatten = FlattenSequence(pad="edge")
    model = make_pipeline(SlidingWindow(5), flatten, StandardScaler(), Ridge())
    model.fit(X[:55], y[:55])
    return {"predict": model.predict(X[55:])}


@case
def search_of_a_grid_in_a_pipeline():
    data = numbers(54, n_steps=8)
    X, X_new = (x.reshape(len(x), -1) for x in (data.X, data.X_new))
    network = regressor(batch_size=8, learning_rate=0.02)
    pipeline = make_pipeline(StandardScaler(), ToSequence(n_features=2), network)
    grid = {
        "rnnregressor__cell": ["lstm", "gru"],
        "rnnregressor__pooling": ["last", "attention"],
    }
    search = GridSearchCV(pipeline, grid, cv=TimeSeriesSplit(2)).fit(X, data.y)
    scores = search.cv_results_["mean_test_score"]
    return {"predict": search.predict(X_new), "mean_test_score": scores}


@case
def lag_columns_read_as_sequences():
    wave = exact(np.sin(np.arange(80) / 3) + np.arange(80) / 40)
    lags = np.lib.stride_tricks.sliding_window_view(wave, 13)
    X, y = lags[:, :-1], lags[:, -1]
    model = regressor(linear_steps=2, max_epochs=6).fit(X[:-N_NEW], y[:-N_NEW])
    return {"predict": model.predict(X[-N_NEW:])}
