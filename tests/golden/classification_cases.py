"""Classifiers: random convolutions beside networks, losses, labels, training."""

import numpy as np
import pandas as pd
import torch
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline

from skrnn import RNNClassifier, SlidingWindow, ToSequence
from tests.golden.data import labels_of, ragged, split, table, walks, waves, with_holes
from tests.golden.registry import SINGLE, case, training_of


def classifier(**options):
    """A small network alone, that is trained in no time."""
    base = {
        "hidden_size": 5,
        "n_kernels": None,
        "n_estimators": 1,
        "batch_size": 16,
        "max_epochs": 4,
        "early_stopping": False,
        "dtype": "float64",
        "random_state": 0,
    }
    return RNNClassifier(**base | options)


def with_convolutions(**options):
    """Two networks and random convolutions, weighed by the samples set aside."""
    base = {"n_kernels": 84, "n_estimators": 2, "early_stopping": True}
    return classifier(**base | options)


def scores(model, data, **fit_options):
    """Fit and score."""
    model.fit(data.X, data.y, **fit_options)
    found = {
        "decision_function": model.decision_function(data.X_new),
        "predict_proba": model.predict_proba(data.X_new),
        **training_of(model),
    }
    if model.convolutions_ is not None:
        found["shares"] = model.convolutions_.shares
    return found


@case(tolerance=SINGLE)
def classifier_of_default_parameters():
    data = waves(45, noise=1.0, seed=3)
    model = RNNClassifier(random_state=0).fit(data.X, data.y)
    return {"predict_proba": model.predict_proba(data.X_new)}


# -- random convolutions ---------------------------------------------------------------


@case
def convolutions_of_two_classes():
    model = with_convolutions(learning_rate=0.03, max_epochs=12)
    return scores(model, waves(n_classes=2, noise=1.0))


@case
def convolutions_of_three_ragged_classes():
    data = waves(n_features=2, noise=1.0)
    data = data._replace(X=ragged(data.X, 9), X_new=ragged(data.X_new, 9))
    model = with_convolutions(n_estimators="auto", learning_rate=0.03, max_epochs=6)
    return scores(model, data)


@case
def as_many_convolutions_as_few_samples_ask_for():
    data = waves(40, 12, noise=1.0)
    return scores(with_convolutions(n_kernels="auto"), data)


@case
def convolutions_of_several_labels_with_weights():
    X = walks(60, 14, 2, seed=3)
    data = split(X, labels_of(X))
    weights = np.arange(50) % 3 / 2
    return scores(with_convolutions(max_epochs=3), data, sample_weight=weights)


@case
def convolutions_of_standardised_sequences_with_missing_values():
    data = waves(n_features=2, noise=1.0)
    X, X_new = (with_holes(X, 0.1, seed=4) for X in (data.X, data.X_new))
    model = with_convolutions(instance_norm="standard", missing="indicator")
    names = np.array(["slow", "middle", "fast"])
    return scores(model, data._replace(X=X, X_new=X_new, y=names[data.y]))


@case
def convolutions_without_validation_on_absent_steps():
    data = waves(noise=1.0)
    X = with_holes(data.X, 0.1, seed=5)
    return scores(with_convolutions(early_stopping=False), data._replace(X=X))


# -- losses and labels -----------------------------------------------------------------


@case
def focal_loss_of_balanced_classes():
    data = waves(noise=1.0)
    uneven = np.where(np.arange(len(data.y)) % 5 == 0, data.y, data.y % 2)
    model = classifier(
        cell="lstm", loss="focal", focal_gamma=1.5, class_weight="balanced"
    )
    return scores(model, data._replace(y=uneven))


@case
def smoothed_labels_with_a_weight_for_each_class():
    model = classifier(
        label_smoothing=0.1,
        class_weight={0: 1.0, 1: 2.0, 2: 0.5},
        pooling="last",
        bidirectional=True,
    )
    return scores(model, waves(noise=1.0))


@case
def several_labels_with_weights_of_their_own():
    X = walks(60, 12, 2, seed=3)
    weights = [{0: 1.0, 1: 3.0}, {0: 1.0, 1: 1.0}, {0: 2.0, 1: 1.0}]
    model = classifier(class_weight=weights, pooling="attention", dropout=0.1)
    return scores(model, split(X, labels_of(X)))


@case
def two_classes_by_a_loss_of_torch():
    loss = torch.nn.CrossEntropyLoss(label_smoothing=0.2)
    model = classifier(loss=loss, cell="rnn", optimizer="adamw", weight_decay=0.05)
    return scores(model, waves(n_classes=2, noise=1.0))


# -- training --------------------------------------------------------------------------


@case
def classifier_stopped_by_a_score_on_samples_of_the_user():
    data = waves(60, noise=1.0)
    model = with_convolutions(
        n_estimators=1,
        scoring="neg_log_loss",
        max_epochs=40,
        n_iter_no_change=2,
        learning_rate=0.05,
    )
    used = data._replace(X=data.X[:48], y=data.y[:48])
    found = scores(model, used, X_val=data.X[48:], y_val=data.y[48:])
    return {**found, "validation_scores_": model.validation_scores_}


@case
def classifier_of_automatic_size_and_rate():
    auto = dict.fromkeys(
        ["hidden_size", "bidirectional", "learning_rate", "batch_size"], "auto"
    )
    model = classifier(**auto, early_stopping=True, validation_gap=1, max_epochs=3)
    return scores(model, waves(noise=1.0))


@case
def classifier_by_partial_fits_begun_from_frozen_layers():
    data = waves(60, noise=1.0)
    teacher = classifier(segment_length=2).fit(data.X, data.y % 2)
    model = classifier(segment_length=2, init=teacher, frozen="recurrent")
    model.partial_fit(data.X[:20], data.y[:20], classes=[0, 1, 2, 7])
    model.partial_fit(data.X[20:], data.y[20:])
    return {"predict_proba": model.predict_proba(data.X_new), **training_of(model)}


@case
def windows_of_rows_classified_in_a_pipeline():
    X, y = table()
    state = pd.cut(y, [-np.inf, y.quantile(0.3), y.quantile(0.7), np.inf], labels=False)
    model = make_pipeline(SlidingWindow(12), with_convolutions())
    model.fit(X[:55], state[:55])
    return {"predict_proba": model.predict_proba(X[55:])}


@case
def search_for_a_classifier_in_a_pipeline():
    data = waves(48, 12, noise=1.0)
    model = make_pipeline(ToSequence(n_features=1), with_convolutions(n_estimators=1))
    grid = {"rnnclassifier__n_kernels": [None, 84]}
    cv = StratifiedKFold(2)
    X, X_new = data.X[:, :, 0], data.X_new[:, :, 0]
    search = GridSearchCV(model, grid, cv=cv, scoring="neg_log_loss").fit(X, data.y)
    return {
        "predict_proba": search.predict_proba(X_new),
        "mean_test_score": search.cv_results_["mean_test_score"],
    }
