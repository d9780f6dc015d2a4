"""What validates: rows set aside, data of the user, a scorer."""

import warnings

import numpy as np
import pytest
import sklearn
import torch
from numpy.testing import assert_allclose
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import get_scorer_names
from sklearn.pipeline import make_pipeline

from skrnn import RNNClassifier, RNNRegressor, SlidingWindow
from tests.estimator.data import LABELS, SMALL, X, y
from tests.support import weights_of


def test_validation_data_of_the_user():
    options = {"hidden_size": 6, "random_state": 0, "max_epochs": 12, "tol": 0}
    # A linear path is fitted on what is set aside too, but not on what was given.
    options["linear_steps"] = None
    split = RNNRegressor(**options, validation_fraction=0.2).fit(X, y)
    given = RNNRegressor(**options).fit(X[:72], y[:72], X_val=X[72:], y_val=y[72:])
    assert split.validation_loss_curve_ == given.validation_loss_curve_
    assert torch.equal(weights_of(split), weights_of(given))
    watched = RNNRegressor(**options | {"early_stopping": False, "n_estimators": 1})
    watched.fit(X[:72], y[:72], X_val=X[72:], y_val=y[72:])
    assert watched.n_iter_ == watched.best_epoch_ == 12
    assert watched.validation_loss_curve_ == given.validation_loss_curve_
    with pytest.raises(ValueError, match="X_val was given without y_val"):
        given.fit(X, y, X_val=X)
    with pytest.raises(ValueError, match="labels that are not among"):
        RNNClassifier().fit(X, LABELS, X_val=X, y_val=LABELS + 1)


def test_validation_data_go_through_a_pipeline():
    rows, target = y[:, None], y
    with sklearn.config_context(enable_metadata_routing=True):
        network = RNNRegressor(hidden_size=4, max_epochs=3, random_state=0)
        network.set_fit_request(X_val=True, y_val=True)
        model = make_pipeline(
            SlidingWindow(5, horizon=1), network, transform_input=["X_val"]
        )
        model.fit(rows[:60], target[:60], X_val=rows[60:], y_val=target[60:])
    window = model[0]
    by_hand = RNNRegressor(hidden_size=4, max_epochs=3, random_state=0)
    by_hand.fit(
        window.transform(rows[:60]),
        target[:60],
        X_val=window.transform(rows[60:]),
        y_val=target[60:],
    )
    assert model[1].validation_loss_curve_ == by_hand.validation_loss_curve_


def test_a_scorer_decides():
    labels = np.where(y > 0, "up", "down")
    model = RNNClassifier(
        hidden_size=6, random_state=0, scoring="roc_auc", n_iter_no_change=4, tol=0.001
    )
    model.fit(X, labels)
    scores = model.validation_scores_
    assert len(scores) == model.n_iter_ == len(model.validation_loss_curve_)
    assert model.best_epoch_ == 1 + int(np.argmax(scores))
    assert scores[model.best_epoch_ - 1] == max(scores)
    seen = []

    def scorer(estimator, X_valid, y_valid):
        seen.append(len(X_valid))
        return -float(np.abs(estimator.predict(X_valid) - y_valid).mean())

    options = {"hidden_size": 6, "random_state": 0, "max_epochs": 5, "n_estimators": 1}
    model = RNNRegressor(**options, scoring=scorer)
    model.fit(X, y, sample_weight=np.arange(90) >= 10)
    assert seen == [16] * 5  # a fifth of the rows that count
    best = model.validation_scores_[model.best_epoch_ - 1]
    assert_allclose(best, scorer(model, X[-16:], y[-16:]))


@pytest.mark.parametrize(
    ("options", "n_samples", "message"),
    [
        (
            {"early_stopping": False, "n_estimators": 1},
            90,
            "early_stopping=False sets no sample aside",
        ),
        (
            {"early_stopping": True},
            4,
            "validation_fraction=0.2 and validation_gap=0 leave no sample",
        ),
        (
            {"early_stopping": True, "validation_gap": 85},
            90,
            "validation_gap=85 leave no sample",
        ),
    ],
)
def test_a_scorer_without_validation_warns(options, n_samples, message):
    some, target = X[:n_samples], y[:n_samples]
    options = {**SMALL, "max_epochs": 2, "tol": 9, **options}
    model = RNNRegressor(**options, scoring="r2")
    with pytest.warns(UserWarning, match=f"scoring='r2' is not used: .*{message}"):
        model.fit(some, target)
    assert model.validation_scores_ is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(some, target, X_val=X[:5], y_val=y[:5])
        assert len(model.validation_scores_) == 2
        model.partial_fit(some, target)
        model.set_params(scoring=None).fit(some, target)


def test_a_score_that_is_nan_is_an_error():
    model = RNNClassifier(hidden_size=4, max_epochs=3, scoring="roc_auc")
    one_class = {"X_val": X[:5], "y_val": np.zeros(5, int)}
    with pytest.raises(ValueError, match="scoring='roc_auc' gives NaN on the 5"):
        with pytest.warns(UndefinedMetricWarning):
            model.fit(X, LABELS, **one_class)
    assert not hasattr(model, "net_")


# Scores that are not defined where a class is not there at all.
STRICT = [
    "neg_log_loss",
    "roc_auc_ovr",
    "roc_auc_ovo_weighted",
    "top_k_accuracy",
    # Older versions of scikit-learn have no scorer of this name.
    *({"d2_log_loss_score"} & set(get_scorer_names())),
]


def rare_labels(n_of_rare, n_of_others=30):
    counts = [n_of_others, n_of_others, n_of_rare]
    return np.random.default_rng(0).permutation(np.repeat(["a", "b", "c"], counts))


@pytest.mark.parametrize("n_of_rare", [2, 4])
@pytest.mark.parametrize("n_estimators", [1, 3])
@pytest.mark.parametrize("scoring", STRICT)
def test_a_rare_class_keeps_a_row_for_the_scorer(scoring, n_estimators, n_of_rare):
    labels = rare_labels(n_of_rare)
    options = {"hidden_size": 4, "max_epochs": 2, "tol": 9, "random_state": 0}
    options["n_estimators"] = n_estimators
    model = RNNClassifier(**options, scoring=scoring).fit(X[: len(labels)], labels)
    assert np.isfinite(model.validation_scores_).all()


@pytest.mark.parametrize("scoring", STRICT)
def test_a_score_that_lacks_a_class_says_what_to_do(scoring):
    labels = rare_labels(1)
    model = RNNClassifier(hidden_size=4, max_epochs=2, scoring=scoring)
    some = X[: len(labels)]
    with pytest.raises(ValueError, match=r"None of them is of the classes \['c'\]"):
        model.fit(some, labels)
    assert not hasattr(model, "net_")
    message = r"scoring='.*' fails .* on the 20 validation samples.* give X_val"
    given = labels != "c"
    given = {"X_val": some[given][:20], "y_val": labels[given][:20]}
    with pytest.raises(ValueError, match=message):
        model.fit(some, labels, **given)


def test_a_label_that_is_the_same_in_all_is_named():
    labels = np.column_stack([LABELS, np.zeros_like(LABELS)])
    model = RNNClassifier(hidden_size=4, max_epochs=2, scoring="roc_auc")
    with pytest.raises(ValueError, match=r"Labels \[1\] are the same in all"):
        with pytest.warns(UndefinedMetricWarning):
            model.fit(X, labels)


def test_the_error_of_a_scorer_that_no_class_explains_is_its_own():
    def scorer(estimator, X_valid, y_valid):
        raise ValueError("no such metric")

    model = RNNClassifier(hidden_size=4, max_epochs=2, scoring=scorer)
    with pytest.raises(ValueError, match=r"^no such metric$"):
        model.fit(X, LABELS)
