"""Callbacks of scikit-learn and of skorch."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import BatchScoring, EpochScoring

from skrnn import RNNClassifier, RNNRegressor
from skrnn.exceptions import NonFiniteLossError
from tests.estimator.data import LABELS, SMALL, X, y
from tests.support import weights_of


def test_callbacks_of_scikit_learn():
    callback = pytest.importorskip("sklearn.callback")

    class Recorder:
        def __init__(self):
            self.events = []

        def setup(self, estimator, context):
            self.events.append("setup")

        def teardown(self, estimator, context):
            self.events.append("teardown")

        def on_fit_task_begin(self, estimator, context):
            self.events.append(f"begin {context.task_name}")

        def on_fit_task_end(self, estimator, context, *, fitted_estimator):
            self.events.append(f"end {context.task_name}")
            if fitted_estimator is not None:
                self.score = fitted_estimator.score(X, y)
            return self.events.count("end epoch") == 3

    recorder = Recorder()
    options = SMALL | {"max_epochs": 50, "n_estimators": 1}
    model = RNNRegressor(**options).set_callbacks(recorder)
    model.fit(X, y)
    assert model.n_iter_ == 3
    assert recorder.events == [
        "setup",
        "begin fit",
        *["begin epoch", "end epoch"] * 3,
        "end fit",
        "teardown",
    ]
    assert recorder.score == model.score(X, y)
    assert isinstance(recorder, callback.FitCallback)
    recorder.events.clear()
    # What cannot be read is no fit that anybody would hear of.
    with pytest.raises(ValueError, match="NaN"):
        model.fit(X, np.full(90, np.nan))
    assert recorder.events == []
    diverging = model.set_params(optimizer="sgd", learning_rate=1e200)
    with pytest.raises(NonFiniteLossError):
        diverging.fit(X, y)
    assert recorder.events[:3] == ["setup", "begin fit", "begin epoch"]
    assert recorder.events[-1] == "teardown"


def test_an_epoch_that_starts_again_is_one_task():
    callback = pytest.importorskip("sklearn.callback")
    model = RNNRegressor(
        **SMALL | {"max_epochs": 6},
        optimizer="sgd",
        learning_rate=1e4,
        momentum=0.0,
        max_grad_norm=None,
        scale=False,
        on_divergence="restart",
    )
    monitor = callback.ScoringMonitor(scoring="r2")
    with pytest.warns(UserWarning, match="Training goes on from the best weights"):
        model.set_callbacks(monitor).fit(X * 10, y * 100)
    scores = [entry["r2"] for entry in monitor.get_logs().data]
    assert len(scores) == model.n_iter_ == 6
    assert scores[-1] == model.score(X * 10, y * 100)


def test_epochs_show_under_the_bar_of_a_search():
    callback = pytest.importorskip("sklearn.callback")
    pytest.importorskip("rich")
    search = GridSearchCV(RNNRegressor(**SMALL), {"hidden_size": [3]}, cv=2)
    search.set_callbacks(callback.ProgressBar()).fit(X, y)
    silent = GridSearchCV(RNNRegressor(**SMALL), {"hidden_size": [3]}, cv=2).fit(X, y)
    assert search.best_score_ == silent.best_score_


@pytest.mark.parametrize(
    ("kind", "scoring"),
    [
        (RNNRegressor, "neg_mean_squared_error"),
        (RNNClassifier, "accuracy"),
        (RNNClassifier, "neg_log_loss"),
    ],
)
def test_scores_of_skorch(kind, scoring):
    target = y if kind is RNNRegressor else LABELS
    callbacks = [
        EpochScoring(scoring, name="valid"),
        EpochScoring(scoring, on_train=True, name="train"),
        BatchScoring("neg_mean_squared_error", name="batch"),
    ]
    if kind is RNNClassifier:
        callbacks.pop()
    model = kind(hidden_size=6, max_epochs=5, random_state=0, callbacks=callbacks)
    model.fit(X, target, sample_weight=np.ones(90))
    epochs = model.net_.history
    if scoring != "accuracy":
        expected = [-loss for loss in model.validation_loss_curve_]
        assert_allclose(epochs[:, "valid"], expected, rtol=1e-5)
    assert len(epochs[:, "train"]) == 5
    plain = clone(model).set_params(callbacks=None).fit(X, target)
    assert torch.equal(weights_of(model), weights_of(plain))


@pytest.mark.parametrize(
    "target",
    [LABELS, np.column_stack([LABELS, LABELS[::-1]])],
    ids=["two classes", "two labels"],
)
def test_skorch_ranks_probabilities(target):
    """Scorers of ranks want the second class of two, and each label, by itself."""
    options = SMALL | {"max_epochs": 1, "dtype": "float64", "early_stopping": True}
    options["parts"] = "network"
    callbacks = [EpochScoring("roc_auc", name="area")]
    model = RNNClassifier(**options, callbacks=callbacks)
    model.fit(X, target, X_val=X, y_val=target)
    shares = model.predict_proba(X)
    area = roc_auc_score(target, shares[:, 1] if target.ndim == 1 else shares)
    assert_allclose(model.net_.history[-1, "area"], area, rtol=1e-12)


def test_the_net_reads_no_plain_arrays():
    model = RNNRegressor(**SMALL).fit(X, y)
    with pytest.raises(TypeError, match="Call predict of the estimator instead"):
        model.net_.predict(X.astype(np.float32))
