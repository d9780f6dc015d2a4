"""A loss curve that is drawn during a training."""

import pickle
import sys
import types

import numpy as np
import pytest
from sklearn.base import clone

from skrnn import RNNRegressor
from skrnn.plotting import LiveLossCurve

X = np.random.default_rng(0).normal(size=(40, 5))
y = X[:, -1]
SMALL = {"hidden_size": 3, "max_epochs": 3, "random_state": 0}


class Handle:
    def __init__(self, shown):
        self.shown = shown

    def update(self, figure):
        self.shown.append(("update", figure))


@pytest.fixture
def notebook(monkeypatch):
    """What is shown in a notebook, which IPython would make."""
    shown = []

    def display(figure, display_id):
        assert display_id
        shown.append(("display", figure))
        return Handle(shown)

    ipython, inner = types.ModuleType("IPython"), types.ModuleType("IPython.display")
    # matplotlib looks at this, unless an earlier test has made a figure.
    ipython.version_info = (9, 0, 0)
    ipython.get_ipython = lambda: types.SimpleNamespace(kernel=object())
    inner.display = display
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", inner)
    return shown


def test_in_a_notebook_one_picture_a_network(notebook):
    curve = LiveLossCurve(interval=0.0)
    model = RNNRegressor(**SMALL, n_estimators=2, callbacks=[curve]).fit(X, y)
    kinds = [kind for kind, _ in notebook]
    # The first epoch opens it; each later one and the end draw it anew.
    assert kinds == ["display", "update", "update", "update"] * 2
    for net, (_, figure) in zip(model.nets_, notebook[3::4], strict=True):
        train = figure.axes[0].lines[0]
        assert np.array_equal(train.get_ydata(), net.history[:, "train_loss"])
    # The rate of drawing is limited: the first epoch and the end alone.
    notebook.clear()
    slow = LiveLossCurve(interval=1e9)
    RNNRegressor(**SMALL, n_estimators=1, callbacks=[slow]).fit(X, y)
    assert [kind for kind, _ in notebook] == ["display", "update"]


def test_a_file(tmp_path):
    path = tmp_path / "loss.png"
    curve = LiveLossCurve(path=path)
    drawn = RNNRegressor(**SMALL, n_estimators=1, callbacks=[curve]).fit(X, y)
    assert path.read_bytes().startswith(b"\x89PNG")
    plain = RNNRegressor(**SMALL, n_estimators=1).fit(X, y)
    assert np.array_equal(drawn.predict(X), plain.predict(X))
    again = pickle.loads(pickle.dumps(drawn))
    assert np.array_equal(again.predict(X), plain.predict(X))
    assert again.callbacks[0].path == path
    clone(drawn).fit(X, y)


def test_elsewhere_it_tells():
    model = RNNRegressor(**SMALL, n_estimators=1, callbacks=[LiveLossCurve()])
    with pytest.warns(UserWarning, match="Give it a path"):
        model.fit(X, y)
