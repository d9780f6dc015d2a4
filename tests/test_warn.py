"""Warnings point at the line of the user's that led to them."""

import _thread
import threading

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import RNNRegressor, SlidingWindow
from skrnn._training.divergence import raise_non_finite
from skrnn._training.net import SequenceNet
from skrnn._warn import warn_user
from skrnn.exceptions import TargetInWindowWarning

X = np.random.default_rng(0).normal(size=(40, 5))
y = X[:, -1]


def interrupted(monkeypatch):
    original = SequenceNet._set_training

    def set_training(self, training=True):
        if training and len(self.history) == 3:
            raise KeyboardInterrupt
        return original(self, training)

    monkeypatch.setattr(SequenceNet, "_set_training", set_training)
    return RNNRegressor("gru", 3, random_state=0), "interrupted by the user"


def restarted(monkeypatch):
    original = SequenceNet._set_training

    def set_training(self, training=True):
        if training and self.run.n_restarts == 0:
            raise_non_finite(self, "the training loss")
        return original(self, training)

    monkeypatch.setattr(SequenceNet, "_set_training", set_training)
    options = {"max_epochs": 2, "tol": 9, "random_state": 0, "n_estimators": 1}
    return RNNRegressor("gru", 3, on_divergence="restart", **options), "goes on from"


def unfinished(monkeypatch):
    options = {"max_epochs": 2, "learning_rate": 1e-4, "tol": 0, "random_state": 0}
    return RNNRegressor("gru", 3, **options), "still improved"


@pytest.mark.parametrize("case", [interrupted, restarted, unfinished])
@pytest.mark.parametrize("wrap", [lambda model: model, make_pipeline])
def test_of_a_fit(case, wrap, monkeypatch):
    model, message = case(monkeypatch)
    model = wrap(model)
    with pytest.warns(UserWarning, match=message) as caught:
        model.fit(X, y)
    assert [item.filename for item in caught] == [__file__]


def test_of_a_search():
    model = make_pipeline(
        StandardScaler(),
        RNNRegressor(
            linear_steps=None,
            max_epochs=2,
            learning_rate=1e-4,
            tol=0,
            random_state=0,
        ),
    )
    search = GridSearchCV(model, {"rnnregressor__hidden_size": [2, 3]}, cv=2)
    with pytest.warns(ConvergenceWarning, match="still improved") as caught:
        search.fit(X, y)
    assert {item.filename for item in caught} == {__file__}


@pytest.mark.parametrize("method", ["fit", "fit_transform"])
def test_of_windows(method):
    with pytest.warns(TargetInWindowWarning) as caught:
        getattr(SlidingWindow(3), method)(y[:, None], y)
    assert [item.filename for item in caught] == [__file__]


def test_where_no_line_is_outside():
    """As in a thread that begins within this package."""
    done = threading.Event()
    names = {"__name__": "skrnn.thread", "warn_user": warn_user, "done": done}
    with pytest.warns(UserWarning, match="hello") as caught:
        _thread.start_new_thread(exec, ("warn_user('hello'); done.set()", names))
        assert done.wait(60)
    assert [item.filename for item in caught] == ["<string>"]
