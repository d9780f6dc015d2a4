"""How training runs: seeds, threads, stopping, continuing, failing."""

import copy
import pickle
import subprocess
import sys
import threading
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from skorch.callbacks import Callback, EarlyStopping

from skrnn import RNNClassifier, RNNRegressor, SlidingWindow
from skrnn._training import SequenceNet
from skrnn.exceptions import NonFiniteLossError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 7))
y = X[:, -1] - X[:, 2]
SMALL = {"hidden_size": 6, "random_state": 0}


def weights(model):
    return torch.cat([p.detach().flatten() for p in model.net_.module_.parameters()])


def same_bits(first, second):
    return torch.equal(weights(first), weights(second))


def test_early_stopping_restores_the_best_epoch():
    model = RNNRegressor(**SMALL, n_iter_no_change=3, dropout=0.1, learning_rate=0.05)
    model.fit(X, y)
    assert model.n_iter_ < model.max_epochs
    curve = model.validation_loss_curve_
    assert model.best_epoch_ == 1 + int(np.argmin(curve))
    assert model.best_epoch_ < model.n_iter_ == len(curve) == len(model.loss_curve_)
    again = clone(model).set_params(max_epochs=model.best_epoch_).fit(X, y)
    assert same_bits(model, again)


@pytest.mark.parametrize("batch_size", [16, None])
def test_continuing_is_the_same_as_going_on(batch_size):
    options = SMALL | {"early_stopping": False, "dropout": 0.2, "num_layers": 2}
    options["batch_size"] = batch_size
    whole = RNNRegressor(**options, max_epochs=6).fit(X, y)
    warm = RNNRegressor(**options, max_epochs=3, warm_start=True).fit(X, y).fit(X, y)
    stepwise = RNNRegressor(**options)
    for _ in range(6):
        stepwise.partial_fit(X, y)
        stepwise = pickle.loads(pickle.dumps(copy.deepcopy(stepwise)))
    assert same_bits(whole, warm)
    assert same_bits(whole, stepwise)
    assert whole.loss_curve_ == warm.loss_curve_ == stepwise.loss_curve_
    assert (whole.n_iter_, warm.n_iter_, stepwise.n_iter_) == (6, 3, 6)


def test_same_seed_same_bits():
    first = RNNRegressor(**SMALL, max_epochs=3, dropout=0.3).fit(X, y)
    assert same_bits(first, RNNRegressor(**SMALL, max_epochs=3, dropout=0.3).fit(X, y))
    other = clone(first).set_params(random_state=1).fit(X, y)
    assert not same_bits(first, other)
    free = [RNNRegressor(hidden_size=6, max_epochs=1).fit(X, y) for _ in range(2)]
    assert not same_bits(*free)


def test_same_bits_in_another_process():
    code = (
        "import numpy as np; from skrnn import RNNRegressor;"
        "X = np.random.default_rng(0).normal(size=(50, 7));"
        "m = RNNRegressor(hidden_size=6, max_epochs=3, random_state=0, dropout=.2);"
        "print(m.fit(X, X[:, 0]).predict(X).tobytes().hex())"
    )
    command = [sys.executable, "-c", code]
    shown = [subprocess.run(command, capture_output=True, check=True) for _ in "12"]
    assert shown[0].stdout == shown[1].stdout
    assert len(shown[0].stdout) > 100


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_n_jobs_changes_no_bit(backend):
    index = pd.date_range("2024", periods=len(y), freq="h")
    series = pd.Series(y, index)
    model = make_pipeline(
        SlidingWindow(5, horizon=1), RNNRegressor(**SMALL, max_epochs=3, dropout=0.2)
    )
    grid = {"slidingwindow__window_length": [3, 9], "rnnregressor__cell": ["gru"]}
    searches = []
    for n_jobs in (1, 2):
        search = GridSearchCV(model, grid, cv=TimeSeriesSplit(3), n_jobs=n_jobs)
        with joblib.parallel_config(backend):
            searches.append(search.fit(series.to_frame(), series))
    first, second = (search.cv_results_ for search in searches)
    for key in first:
        if key.startswith("split"):
            assert_array_equal(first[key], second[key])
    assert same_bits(*(search.best_estimator_[-1] for search in searches))


@pytest.mark.parametrize("seed", [0, None])
def test_global_random_state_is_untouched(seed):
    numpy_state, torch_state = np.random.get_state(), torch.get_rng_state()
    model = RNNRegressor(hidden_size=6, max_epochs=2, dropout=0.5, random_state=seed)
    model.fit(X, y).predict(X)
    model.partial_fit(X, y)
    assert torch.equal(torch_state, torch.get_rng_state())
    for before, after in zip(numpy_state, np.random.get_state(), strict=True):
        assert_array_equal(before, after)


def test_random_state_instance_advances():
    source = np.random.RandomState(0)
    models = [
        RNNRegressor(hidden_size=6, max_epochs=1, random_state=source).fit(X, y)
        for _ in range(2)
    ]
    assert not same_bits(*models)


def test_user_thread_count_is_restored():
    def diverge():
        with pytest.raises(ValueError, match="NaN"):
            RNNRegressor(**SMALL).fit(X, np.full(len(X), np.nan))

    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        jobs = [lambda: RNNRegressor(**SMALL, max_epochs=5).fit(X, y).predict(X)] * 3
        threads = [threading.Thread(target=job) for job in [*jobs, diverge]]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        RNNRegressor(**SMALL, max_epochs=1).fit(X, y)
        diverge()
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_gradient_clipping_bounds_the_step():
    options = SMALL | {
        "optimizer": "sgd",
        "momentum": 0.0,
        "learning_rate": 1.0,
        "batch_size": None,
        "early_stopping": False,
    }
    start = RNNRegressor(**options, max_grad_norm=1e-9).partial_fit(X, y)
    clipped = RNNRegressor(**options, max_grad_norm=0.01).partial_fit(X, y)
    free = RNNRegressor(**options, max_grad_norm=None).partial_fit(X, y)
    step = (weights(clipped) - weights(start)).norm()
    assert_allclose(step, 0.01, rtol=1e-3)
    assert (weights(free) - weights(start)).norm() > 0.05


@pytest.mark.parametrize(
    "optimizer",
    ["adam", "adamw", "nadam", "rmsprop", "adagrad", "sgd", torch.optim.RAdam],
)
def test_optimizers_lower_the_loss(optimizer):
    model = RNNRegressor(**SMALL, optimizer=optimizer, max_epochs=15)
    curve = model.fit(X, y).loss_curve_
    assert curve[-1] < 0.9 * curve[0]


def test_weight_decay_shrinks_the_weights():
    norms = [
        weights(RNNRegressor(**SMALL, max_epochs=30, weight_decay=w).fit(X, y)).norm()
        for w in (0, 0.1)
    ]
    assert norms[1] < 0.8 * norms[0]


class Recorder(Callback):
    def __init__(self):
        self.calls = []

    def on_epoch_end(self, net, **kwargs):
        self.calls.append(net.history[-1]["train_loss"])


def test_callbacks_of_the_user():
    recorder = Recorder()
    stopper = EarlyStopping("train_loss", patience=1, threshold=0.9)
    model = RNNRegressor(
        **SMALL, callbacks=[("recorder", recorder), stopper], early_stopping=False
    )
    model.fit(X, y)
    assert model.n_iter_ < model.max_epochs
    assert recorder.calls == []
    assert dict(model.net_.callbacks_)["recorder"].calls == model.loss_curve_


def test_history_keeps_one_epoch_of_batches():
    model = RNNRegressor(**SMALL, max_epochs=4, batch_size=8).fit(X, y)
    lengths = [len(epoch["batches"]) for epoch in model.net_.history]
    assert lengths[:-1] == [0, 0, 0]
    assert lengths[-1] > 0


def _interrupt_in_epoch(monkeypatch, number):
    original = SequenceNet.train_step

    def train_step(self, batch, **kwargs):
        if len(self.history) == number:
            raise KeyboardInterrupt
        return original(self, batch, **kwargs)

    monkeypatch.setattr(SequenceNet, "train_step", train_step)


def test_interrupt_keeps_what_was_learned(monkeypatch):
    _interrupt_in_epoch(monkeypatch, 4)
    with pytest.warns(UserWarning, match="interrupted by the user after 3 epochs"):
        model = RNNRegressor(**SMALL).fit(X, y)
    assert model.n_iter_ == 3
    assert np.isfinite(model.predict(X)).all()


def test_interrupt_in_the_first_epoch_leaves_nothing(monkeypatch):
    _interrupt_in_epoch(monkeypatch, 1)
    model = RNNRegressor(**SMALL)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert vars(model) == model.get_params()


DIVERGING = {"optimizer": "sgd", "learning_rate": 1e30, "max_grad_norm": None}


def test_divergence_is_an_error():
    model = RNNRegressor(**SMALL, **DIVERGING)
    with pytest.raises(NonFiniteLossError, match=r"epoch \d+, batch \d+.*rate 1e\+30"):
        model.fit(X, y)
    assert vars(model) == model.get_params()


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_failed_continuation_changes_nothing(method):
    model = RNNRegressor(**SMALL, max_epochs=3, warm_start=True).fit(X, y)
    twin = copy.deepcopy(model)
    state = vars(model).copy()
    model.learning_rate = 1e30
    model.net_.optimizer_.param_groups[0]["betas"] = (0.0, 0.0)
    with pytest.raises(NonFiniteLossError):
        for _ in range(5):
            getattr(model, method)(X * 1e30, y * 1e300)
    model.learning_rate = state["learning_rate"]
    assert vars(model).keys() == state.keys()
    with pytest.raises(ValueError, match="y has 2 targets"):
        getattr(model, method)(X, np.column_stack([y, y]))
    assert_array_equal(weights(model).isfinite().all(), True)
    assert len(twin.loss_curve_) == 3


def test_warm_start_refuses_another_network():
    model = RNNRegressor(**SMALL, max_epochs=1, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="fitted with hidden_size=6"):
        model.set_params(hidden_size=7).fit(X, y)


def test_learning_rate_of_a_warm_start_counts():
    options = SMALL | {"max_epochs": 1, "warm_start": True, "early_stopping": False}
    slow = RNNRegressor(**options, max_grad_norm=None).fit(X, y)
    start = weights(slow).clone()
    slow.set_params(learning_rate=1e-9).fit(X, y)
    assert (weights(slow) - start).abs().max() < 1e-7


def test_parameters_of_a_warm_start_count():
    model = RNNRegressor(**SMALL, max_epochs=1, warm_start=True, dropout=0.5)
    model.fit(X, y)
    model.set_params(batch_size=10, dropout=0.0, n_iter_no_change=3, tol=1e9).fit(X, y)
    assert len(model.net_.history[-1]["batches"]) == 9 + 1  # 81 rows, and validation
    model.set_params(max_epochs=50).fit(X, y)
    assert model.n_iter_ == 4
    assert model.net_.module_.stack.dropout.p == 0.0


def test_newest_rows_of_each_series_validate():
    index = pd.MultiIndex.from_product([["a", "b", "c"], range(30)])
    frame = pd.DataFrame(X, index=index)
    seen = {}

    class Spy(Callback):
        def on_train_begin(self, net, X=None, y=None, **kwargs):
            seen["sizes"] = len(X), len(y)

    model = RNNRegressor(**SMALL, max_epochs=1, callbacks=[Spy()], validation_gap=2)
    model.fit(frame, y)
    assert seen["sizes"] == (90 - 3 * (3 + 2), 9)
    windows = SlidingWindow(4, horizon=1).fit_transform(frame)
    model.fit(windows, y)
    assert seen["sizes"] == (90 - 3 * (3 + 2), 9)


def test_newest_rows_of_each_class_validate():
    labels = np.repeat(["x", "y", "z"], [70, 19, 1])  # sorted by class
    seen = {}

    class Spy(Callback):
        def on_train_begin(self, net, X=None, y=None, **kwargs):
            seen["valid"] = np.bincount(y.target.numpy(), minlength=3)
            seen["train"] = np.bincount(X.target.numpy(), minlength=3)

    RNNClassifier(**SMALL, max_epochs=1, callbacks=[Spy()]).fit(X, labels)
    assert_array_equal(seen["valid"], [7, 1, 0])
    assert_array_equal(seen["train"], [63, 18, 1])


def test_class_weight():
    labels = (y > 1.2).astype(int)
    plain = RNNClassifier(**SMALL, max_epochs=5).fit(X, labels)
    balanced = clone(plain).set_params(class_weight="balanced").fit(X, labels)
    assert balanced.predict(X).sum() > plain.predict(X).sum()
    by_hand = len(y) / (2 * np.bincount(labels))
    weighted = clone(plain).set_params(class_weight=dict(enumerate(by_hand)))
    assert_allclose(
        weighted.fit(X, labels).predict_proba(X), balanced.predict_proba(X), rtol=1e-6
    )
    with pytest.raises(ValueError, match="partial_fit"):
        clone(balanced).partial_fit(X, labels, classes=[0, 1])


def test_classes_of_partial_fit():
    labels = np.where(y > 0, "up", "down")
    model = RNNClassifier(**SMALL)
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        model.partial_fit(X, labels)
    model.partial_fit(X, labels, classes=["up", "down", "flat"])
    assert list(model.classes_) == ["down", "flat", "up"]
    assert model.predict_proba(X).shape == (len(X), 3)
    model.partial_fit(X, labels)
    with pytest.raises(ValueError, match="not among the classes"):
        model.partial_fit(X, np.full(len(X), "sideways"))
    with pytest.raises(ValueError, match="not the same as in the first call"):
        model.partial_fit(X, labels, classes=["up", "down"])


def test_progress_in_a_file_is_one_line_a_fit(capsys):
    model = RNNRegressor(**SMALL, max_epochs=3, verbose=1).fit(X, y)
    shown = capsys.readouterr()
    assert shown.err.count("\n") == 1
    assert shown.err.startswith("RNNRegressor: 3/3 epochs, loss ")
    assert shown.out == ""
    clone(model).set_params(verbose=0).fit(X, y)
    assert capsys.readouterr() == ("", "")
    clone(model).set_params(verbose=2).fit(X, y)
    table = capsys.readouterr().out
    assert "train_loss" in table
    assert len(table.strip().splitlines()) == 2 + 3


def test_progress_bar_in_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    RNNRegressor(**SMALL, max_epochs=3, verbose=1).fit(X, y)
    shown = capsys.readouterr().err
    assert "100%" in shown
    assert "3/3" in shown


def test_no_warning_from_an_ordinary_fit():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        RNNRegressor(**SMALL, max_epochs=2, bidirectional=True, num_layers=2).fit(X, y)
