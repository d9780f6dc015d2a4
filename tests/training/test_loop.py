"""How training runs: seeds, threads, stopping, continuing, failing."""

import copy
import math
import pickle
import subprocess
import sys
import threading
import tracemalloc
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
from skorch.callbacks import Callback, EarlyStopping, LRScheduler

from skrnn import RNNClassifier, RNNRegressor, SlidingWindow
from skrnn._estimator.reading import read_X
from skrnn._kernels.compiled_network import CompiledNetwork
from skrnn._kernels.threads import single_thread
from skrnn._kernels.training_step import CompiledStep
from skrnn._sequences.sources import as_source
from skrnn._training.batches import BatchIterator, SequenceDataset
from skrnn._training.net import SequenceNet
from skrnn._training.state import Run
from skrnn.exceptions import NonFiniteLossError
from skrnn.windows._array import WindowedArray

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 7))
y = X[:, -1] - X[:, 2]
SMALL = {"hidden_size": 6, "n_estimators": 1, "random_state": 0}


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
    several = SMALL | {"n_estimators": 3, "max_epochs": 3, "dropout": 0.2}
    model = make_pipeline(SlidingWindow(5, horizon=1), RNNRegressor(**several))
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
    model = RNNRegressor(
        **SMALL | {"linear_steps": None, "learning_rate": 0.01},
        optimizer=optimizer,
        max_epochs=25,
    )
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
    options = {"max_epochs": 4, "batch_size": 8, "callbacks": [Callback()]}
    model = RNNRegressor(**SMALL, **options).fit(X, y)
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
    assert model.net_.history[-1, "train_batch_count"] == 8  # of 72 rows
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

    options = {"max_epochs": 1, "validation_gap": 2}
    model = RNNRegressor(**SMALL, **options, callbacks=[Spy()])
    model.fit(frame, y)
    assert seen["sizes"] == (90 - 3 * (6 + 2), 18)
    windows = SlidingWindow(4, horizon=1).fit_transform(frame)
    model.fit(windows, y)
    assert seen["sizes"] == (90 - 3 * (6 + 2), 18)


def test_windows_say_which_series_they_are_of():
    index = pd.MultiIndex.from_product([["a", "b", "c"], range(30)])
    frame = pd.DataFrame(X, index=index)
    groups = np.arange(90) % 30 < 10  # two series under each label of the index
    windows = SlidingWindow(4, horizon=1).fit_transform(frame, groups=groups)
    source = read_X(RNNRegressor(), windows, missing="error", reset=True)
    assert_array_equal(source.series, windows.series)
    assert len(np.unique(source.series)) == 6
    by_hand = WindowedArray(
        windows.values, windows.stop, windows.length, 4, index=windows.index
    )
    source = read_X(RNNRegressor(), by_hand, missing="error", reset=True)
    assert_array_equal(source.series, np.repeat([0, 1, 2], 30))


def test_the_series_of_windows_cost_no_memory():
    n_rows = 200_000
    index = pd.MultiIndex.from_product([range(10), range(n_rows // 10)])
    frame = pd.DataFrame(np.zeros((n_rows, 1), np.float32), index=index)
    windows = SlidingWindow(96).fit_transform(frame)
    tracemalloc.start()
    try:
        read_X(RNNRegressor(), windows, missing="error", reset=True)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # A block is checked at a time; the levels of the index alone would take 7 MB.
    assert peak < 1e6 + 2 * n_rows


def test_newest_rows_of_each_class_validate():
    labels = np.repeat(["x", "y", "z"], [70, 19, 1])  # sorted by class
    seen = {}

    class Spy(Callback):
        def on_train_begin(self, net, X=None, y=None, **kwargs):
            seen["valid"] = np.bincount(y.target.numpy(), minlength=3)
            seen["train"] = np.bincount(X.target.numpy(), minlength=3)

    options = SMALL | {"max_epochs": 1}
    RNNClassifier(**options, callbacks=[Spy()]).fit(X, labels)
    assert_array_equal(seen["valid"], [7, 1, 0])
    assert_array_equal(seen["train"], [63, 18, 1])


def test_class_weight():
    labels = (y > 1.2).astype(int)
    plain = RNNClassifier(**SMALL, max_epochs=5, n_kernels=None).fit(X, labels)
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
        options = {"max_epochs": 2, "bidirectional": True, "num_layers": 2, "tol": 9}
        RNNRegressor(**SMALL, **options).fit(X, y)


# -- what the loss curves say ---------------------------------------------------------

FROZEN = SMALL | {
    "n_estimators": 1,
    "linear_steps": None,
    "learning_rate": 1e-30,
    "dtype": "float64",
    "max_epochs": 2,
}


@pytest.mark.parametrize("is_weighted", [False, True])
def test_training_loss_is_the_mean_over_samples(is_weighted):
    """Also where the last batch is smaller than the others."""
    weight = np.random.default_rng(1).uniform(0.2, 4, len(X)) if is_weighted else None
    model = RNNRegressor(**FROZEN, batch_size=40, early_stopping=False)
    model.fit(X, y, weight)
    error = (model.predict(X) - y) ** 2
    spread = (y - np.average(y, weights=weight)) ** 2
    expected = np.average(error, weights=weight) / np.average(spread, weights=weight)
    assert_allclose(model.loss_curve_, [expected] * 2, rtol=1e-9)
    assert model.validation_loss_curve_ is None


def test_validation_loss_is_that_of_the_newest_samples():
    model = RNNRegressor(**FROZEN, validation_fraction=0.3, validation_gap=5)
    model.fit(X, y)
    cut = len(X) - 27
    error = (model.predict(X[cut:]) - y[cut:]) ** 2
    expected = error.mean() / y[: cut - 5].var()
    assert_allclose(model.validation_loss_curve_, [expected] * 2, rtol=1e-9)


def test_scaling_is_that_of_the_training_samples():
    far = X.copy()
    far[-18:] += 1e6
    options = {"linear_steps": None, "max_epochs": 1}
    scaling = RNNRegressor(**SMALL, **options).fit(far, y).net_.module_.scaling
    assert_allclose(scaling.x_mean, [X[:-18].mean()], rtol=1e-9)
    assert_allclose(scaling.y_mean, [y[:-18].mean()], rtol=1e-9)


def test_a_weight_of_zero_is_absence():
    weight = np.random.default_rng(1).integers(0, 3, len(X)).astype(float)
    kept = weight > 0
    options = SMALL | {"max_epochs": 3, "dropout": 0.2}
    weighted = RNNRegressor(**options).fit(X, y, weight)
    assert same_bits(
        weighted, RNNRegressor(**options).fit(X[kept], y[kept], weight[kept])
    )
    assert not same_bits(weighted, RNNRegressor(**options).fit(X[kept], y[kept]))


# -- batches --------------------------------------------------------------------------


def test_batches_hold_every_sample_once():
    data = SequenceDataset(as_source(X), np.arange(len(X)))
    generator = torch.Generator().manual_seed(0)
    batches = BatchIterator(data, 40, generator)
    orders = []
    for _ in range(2):
        read = list(batches)
        assert [len(inputs["x"]) for inputs, _ in read] == [40, 40, 10]
        order = torch.cat([wanted for _, wanted in read])
        values = torch.cat([inputs["x"] for inputs, _ in read])
        assert_array_equal(values[:, :, 0], X[order])
        assert_array_equal(np.sort(order), np.arange(len(X)))
        orders.append(order)
    assert not torch.equal(*orders)
    in_order = [wanted for _, wanted in BatchIterator(data, 40)]
    assert_array_equal(torch.cat(in_order), np.arange(len(X)))


def test_shuffle_changes_the_order_of_the_batches():
    options = SMALL | {"max_epochs": 2, "early_stopping": False}
    models = [RNNRegressor(**options, shuffle=s).fit(X, y) for s in (True, False)]
    assert not same_bits(*models)
    whole = [m.set_params(batch_size=None).fit(X, y) for m in models]
    assert same_bits(*whole)


def test_prediction_of_a_sample_does_not_depend_on_the_others():
    ragged = [X[i, : 1 + i % 7, None] for i in range(len(X))]
    model = RNNRegressor(**SMALL, max_epochs=2, bidirectional=True).fit(ragged, y)
    alone = np.concatenate([model.predict([sample]) for sample in ragged])
    assert_allclose(model.predict(ragged), alone, rtol=1e-12, atol=1e-13)


# -- the same bits everywhere ---------------------------------------------------------


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_search_over_plain_arrays_gives_the_same_bits(backend):
    model = RNNClassifier(**SMALL, max_epochs=2, dropout=0.2)
    labels = np.where(y > 0, "up", "down")
    grid = {"cell": ["rnn", "gru"], "learning_rate": [0.01, 0.1]}
    searches = []
    for n_jobs in (1, 2):
        search = GridSearchCV(model, grid, cv=3, n_jobs=n_jobs, scoring="neg_log_loss")
        with joblib.parallel_config(backend):
            searches.append(search.fit(X, labels))
    first, second = (search.cv_results_ for search in searches)
    for key in ("split0_test_score", "split2_test_score", "mean_test_score"):
        assert_array_equal(first[key], second[key])
    assert len(set(first["mean_test_score"])) == 4
    assert searches[0].best_params_ == searches[1].best_params_
    shown = [search.predict_proba(X).tobytes() for search in searches]
    assert shown[0] == shown[1]


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))]
)
def test_a_copy_goes_on_like_the_original(copied):
    options = SMALL | {"dropout": 0.3, "num_layers": 2, "cell": "gru"}
    model = RNNRegressor(**options, max_epochs=4, pooling="attention").fit(X, y)
    twin = copied(model)
    assert same_bits(model, twin)
    before = weights(model).clone()
    twin.partial_fit(X, y)
    assert torch.equal(weights(model), before)
    model.partial_fit(X, y)
    assert same_bits(model, twin)
    assert not torch.equal(weights(model), before)
    assert model.predict(X).tobytes() == twin.predict(X).tobytes()


def test_callbacks_and_verbosity_draw_no_random_number():
    options = SMALL | {"max_epochs": 3, "dropout": 0.3}
    plain = RNNRegressor(**options).fit(X, y)
    assert same_bits(plain, RNNRegressor(**options, callbacks=[Recorder()]).fit(X, y))


def test_random_state_instance_gives_the_seeds_one_after_another():
    source = np.random.RandomState(3)
    models = [
        RNNRegressor(hidden_size=6, max_epochs=1, random_state=source).fit(X, y)
        for _ in range(2)
    ]
    again = np.random.RandomState(3)
    for model in models:
        assert same_bits(model, clone(model).set_params(random_state=again).fit(X, y))


# -- threads --------------------------------------------------------------------------


class ThreadCounter(Callback):
    counts = []

    def on_batch_end(self, net, **kwargs):
        self.counts.append(torch.get_num_threads())


def test_training_runs_on_one_thread():
    before = torch.get_num_threads()
    ThreadCounter.counts.clear()
    try:
        torch.set_num_threads(2)
        model = RNNRegressor(**SMALL, max_epochs=2, callbacks=[ThreadCounter()])
        model.fit(X, y)
        assert torch.get_num_threads() == 2
        assert set(ThreadCounter.counts) == {1}
        model.predict(X)
        assert torch.get_num_threads() == 2
        with pytest.raises(NonFiniteLossError):
            RNNRegressor(**SMALL, **DIVERGING).fit(X, y)
        assert torch.get_num_threads() == 2
        with pytest.raises(RuntimeError, match="stop here"), single_thread():
            raise RuntimeError("stop here")
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_a_prediction_while_training_leaves_one_thread():
    seen = []

    def scorer(estimator, X_valid, y_valid):
        estimator.predict(X_valid)
        seen.append(torch.get_num_threads())
        return 0.0

    before = torch.get_num_threads()
    options = SMALL | {"max_epochs": 3, "tol": 0.5}
    RNNRegressor(**options, scoring=scorer).fit(X, y)
    assert seen == [1, 1, 1]
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("was_on", [False, True])
def test_denormal_numbers_are_zero_while_training(was_on):
    if not torch.set_flush_denormal(was_on):
        pytest.skip("this machine cannot flush denormal numbers")
    tiny = torch.full((1,), 1e-40)
    seen = []

    class Look(Callback):
        def on_grad_computed(self, net, **kwargs):
            seen.append(float(tiny / 2))

        def __deepcopy__(self, memo):
            return self

    try:
        RNNRegressor(**SMALL, max_epochs=1, callbacks=[Look()]).fit(X, y)
        assert set(seen) == {0.0}
        assert (float(tiny / 2) == 0.0) == was_on
    finally:
        torch.set_flush_denormal(False)


def test_concurrent_users_of_one_thread():
    """The one that leaves first takes no thread count away from the other."""
    before = torch.get_num_threads()
    entered, leave = threading.Event(), threading.Event()
    seen = []

    def other():
        with single_thread():
            seen.append(torch.get_num_threads())
            entered.set()
            leave.wait(60)
            seen.append(torch.get_num_threads())
        seen.append(torch.get_num_threads())

    try:
        torch.set_num_threads(2)
        thread = threading.Thread(target=other)
        with single_thread():
            thread.start()
            assert entered.wait(60)
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
        leave.set()
        thread.join()
        assert seen == [1, 1, 2]
        assert torch.get_num_threads() == 2
    finally:
        leave.set()
        torch.set_num_threads(before)


# -- stopping, going on, failing ------------------------------------------------------


def test_patience_counts_epochs_without_an_improvement():
    model = RNNRegressor(**SMALL, n_iter_no_change=3, tol=1e6).fit(X, y)
    assert model.n_iter_ == 4
    curve = model.validation_loss_curve_
    assert model.best_epoch_ == 1 + int(np.argmin(curve))


def test_fit_starts_afresh_without_warm_start():
    model = RNNRegressor(**SMALL, max_epochs=2).fit(X, y)
    first = weights(model).clone()
    assert torch.equal(first, weights(model.fit(X, y)))
    assert len(model.loss_curve_) == 2
    assert not torch.equal(first, weights(model.set_params(warm_start=True).fit(X, y)))
    assert len(model.loss_curve_) == 4
    assert model.n_iter_ == 2


def test_partial_fit_keeps_the_first_scaling():
    model = RNNRegressor(**SMALL).partial_fit(X, y)
    moments = (
        model.net_.module_.scaling.x_mean.clone(),
        model.net_.module_.scaling.y_scale.clone(),
    )
    model.partial_fit(X + 100, 7 * y)
    assert torch.equal(moments[0], model.net_.module_.scaling.x_mean)
    assert torch.equal(moments[1], model.net_.module_.scaling.y_scale)


def test_a_new_learning_rate_keeps_the_state_of_the_optimiser():
    options = SMALL | {"early_stopping": False, "max_epochs": 3, "warm_start": True}
    model = RNNRegressor(**options).fit(X, y)
    twin = copy.deepcopy(model)
    model.set_params(learning_rate=0.02).fit(X, y)
    twin.net_.optimizer_.param_groups[0]["lr"] = 0.02
    twin.fit(X, y)
    assert same_bits(model, twin)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_divergence_while_going_on_is_undone(method):
    options = SMALL | {"dropout": 0.2, "max_epochs": 2, "warm_start": True}
    model = RNNRegressor(**options, batch_size=30).fit(X, y)
    twin = copy.deepcopy(model)
    curve = list(model.loss_curve_)
    bad = np.where(np.arange(len(y)) == 40, 1e300, y)  # infinite as float32
    with pytest.raises(NonFiniteLossError, match=r"training loss .* epoch 3, batch"):
        getattr(model, method)(X, bad)
    assert same_bits(model, twin)
    assert model.loss_curve_ == curve
    assert same_bits(getattr(model, method)(X, y), getattr(twin, method)(X, y))
    assert model.loss_curve_ == twin.loss_curve_


def test_non_finite_validation_loss_is_an_error():
    bad = y.copy()
    bad[-1] = 1e300
    model = RNNRegressor(**SMALL, linear_steps=None)
    with pytest.raises(NonFiniteLossError, match=r"the validation loss .* epoch 1"):
        model.fit(X, bad)
    assert vars(model) == model.get_params()


def test_clipping_saves_a_large_learning_rate():
    options = SMALL | {"optimizer": "sgd", "momentum": 0.0, "learning_rate": 10.0}
    options |= {"early_stopping": False, "max_epochs": 5, "batch_size": None}
    model = RNNRegressor(**options, max_grad_norm=0.02, warm_start=True)
    model.set_params(max_epochs=1).fit(X, y)
    for _ in range(4):
        before = weights(model).clone()
        model.fit(X, y)
        assert (weights(model) - before).norm() <= 10.0 * 0.02 * (1 + 1e-5)


def test_interrupted_continuation_keeps_its_whole_epochs(monkeypatch):
    model = RNNRegressor(**SMALL, max_epochs=3, warm_start=True).fit(X, y)
    with monkeypatch.context() as patch:
        _interrupt_in_epoch(patch, 6)
        with pytest.warns(UserWarning, match="interrupted by the user"):
            model.fit(X, y)
    assert model.n_iter_ == 2
    assert len(model.loss_curve_) == 5
    assert len(model.fit(X, y).loss_curve_) == 8


def test_interrupted_first_epoch_of_a_continuation_is_undone(monkeypatch):
    model = RNNRegressor(**SMALL, max_epochs=3, dropout=0.2).fit(X, y)
    twin = copy.deepcopy(model)
    with monkeypatch.context() as patch:
        _interrupt_in_epoch(patch, 4)
        with pytest.raises(KeyboardInterrupt):
            model.partial_fit(X, y)
    assert same_bits(model, twin)
    assert same_bits(model.partial_fit(X, y), twin.partial_fit(X, y))


def test_interrupt_keeps_the_best_weights(monkeypatch):
    options = SMALL | {"learning_rate": 0.05, "max_epochs": 9}
    _interrupt_in_epoch(monkeypatch, 8)
    with pytest.warns(UserWarning, match="after 7 epochs"):
        model = RNNRegressor(**options).fit(X, y)
    monkeypatch.undo()
    assert model.best_epoch_ == 1 + int(np.argmin(model.validation_loss_curve_))
    best = RNNRegressor(**options | {"max_epochs": model.best_epoch_}).fit(X, y)
    assert same_bits(model, best)


# -- callbacks of the user ------------------------------------------------------------


def test_callbacks_are_copied():
    recorder, stopper = Recorder(), EarlyStopping("train_loss", patience=2)
    before = copy.deepcopy(vars(stopper))
    model = RNNRegressor(**SMALL, max_epochs=3, callbacks=[recorder, stopper])
    model.fit(X, y)
    assert recorder.calls == []
    assert vars(stopper) == before
    assert model.callbacks == [recorder, stopper]
    assert model.callbacks[0] is recorder


def test_learning_rate_schedules():
    schedule = LRScheduler("StepLR", step_size=1, gamma=0.5)
    options = SMALL | {"early_stopping": False, "max_epochs": 3, "learning_rate": 0.01}
    model = RNNRegressor(**options, callbacks=[schedule]).fit(X, y)
    rates = [epoch["event_lr"] for epoch in model.net_.history]
    assert_allclose(rates, [0.01, 0.005, 0.0025])
    assert not same_bits(model, RNNRegressor(**options).fit(X, y))


def test_an_error_in_a_callback_leaves_the_estimator_unfitted():
    class Broken(Callback):
        def on_epoch_end(self, net, **kwargs):
            raise ZeroDivisionError

    threads = torch.get_num_threads()
    model = RNNRegressor(**SMALL, callbacks=[Broken()])
    with pytest.raises(ZeroDivisionError):
        model.fit(X, y)
    assert vars(model) == model.get_params()
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))]
)
@pytest.mark.parametrize(
    "options",
    [
        {"lr_schedule": "exponential"},
        {"lr_schedule": "one_cycle", "optimizer": "sgd"},
        {"lr_schedule": "warmup", "frozen": "recurrent.0"},
        {"optimizer": torch.optim.LBFGS},
    ],
    ids=lambda options: "-".join(options),
)
def test_a_copy_goes_on_with_its_schedule_and_optimiser(copied, options):
    model = RNNRegressor("gru", 4, max_epochs=6, random_state=0, **options)
    model.partial_fit(X, y).partial_fit(X, y)
    twin = copied(model)
    for _ in range(3):
        model.partial_fit(X, y)
        twin.partial_fit(X, y)
    assert same_bits(model, twin)
    rates = [m.net_.optimizer_.param_groups[0]["lr"] for m in (model, twin)]
    assert rates[0] == rates[1]


def test_a_pickle_holds_tensors_only_where_skorch_finds_a_device_for_them():
    # Any other tensor of a training on a GPU could be read on a GPU only.
    model = RNNRegressor(**SMALL | {"max_epochs": 2}, lr_schedule="cosine").fit(X, y)
    state = model.net_.__getstate__()
    del state["__cuda_dependent_attributes__"]
    assert b"_rebuild_tensor" not in pickle.dumps(state)
    net = pickle.loads(pickle.dumps(model)).net_
    assert net.module is net.module_
    assert net.criterion is net.criterion_
    assert net.schedule_.scheduler.optimizer is net.optimizer_


@pytest.mark.parametrize(
    "change",
    [
        {"recurrent_dropout": 0.5},
        {"input_noise": 1.0},
        {"tbptt_steps": 2},
        {"frozen": "recurrent"},
    ],
    ids=lambda change: "-".join(change),
)
def test_parameters_of_a_fit_that_goes_on(change):
    model = RNNRegressor("gru", 4, random_state=0, max_epochs=2, warm_start=True)
    model.fit(X, y)
    same, other = copy.deepcopy(model).fit(X, y), copy.deepcopy(model)
    other.set_params(**change).fit(X, y)
    assert not same_bits(same, other)
    # And back again.
    for twin in (same, other):
        back = {name: getattr(model, name) for name in change}
        twin.set_params(**back).fit(X, y)
    head = [p.detach().clone() for p in other.net_.module_.stack.parameters()]
    other.fit(X, y)
    after = other.net_.module_.stack.parameters()
    assert not all(torch.equal(p, q) for p, q in zip(head, after, strict=True))


def test_unfreezing_is_a_new_optimiser_and_freezing_holds():
    options = SMALL | {"max_epochs": 3, "early_stopping": False}
    model = RNNRegressor("gru", frozen="recurrent", warm_start=True, **options)
    stack = copy.deepcopy(model.fit(X, y).net_.module_.stack.state_dict())
    model.fit(X, y)
    now = model.net_.module_.stack.state_dict()
    assert all(torch.equal(stack[name], now[name]) for name in stack)
    model.set_params(frozen="head").fit(X, y)
    now = model.net_.module_.stack.state_dict()
    assert not any(torch.equal(stack[name], now[name]) for name in stack)
    with pytest.raises(ValueError, match="frozen names parts"):
        model.set_params(frozen="nothing").fit(X, y)
    before = weights(model).clone()
    assert not torch.equal(before, weights(model.set_params(frozen=None).fit(X, y)))


@pytest.mark.parametrize("change", [{"label_smoothing": 0.4}, {"focal_gamma": 5.0}])
def test_options_of_the_loss_in_a_fit_that_goes_on(change):
    labels = (y > 0).astype(int)
    model = RNNClassifier("gru", 4, loss="focal", random_state=0, max_epochs=2)
    model.set_params(warm_start=True).fit(X, labels)
    same, other = copy.deepcopy(model), copy.deepcopy(model).set_params(**change)
    assert not same_bits(same.fit(X, labels), other.fit(X, labels))


class InterruptInEpoch(Callback):
    """Interrupt the second batch of an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_batch_end(self, net, training=False, **kwargs):
        epochs = net.history
        if training and len(epochs) == self.epoch and len(epochs[-1]["batches"]) == 2:
            raise KeyboardInterrupt


@pytest.mark.parametrize("early_stopping", [True, False])
def test_half_an_epoch_is_not_kept(early_stopping):
    options = SMALL | {"dropout": 0.2, "early_stopping": early_stopping}
    options["n_estimators"] = 1
    model = RNNRegressor(**options, callbacks=[InterruptInEpoch(4)])
    with pytest.warns(UserWarning, match="interrupted by the user after 3 epochs"):
        model.fit(X, y)
    again = RNNRegressor(**options, max_epochs=model.best_epoch_).fit(X, y)
    assert same_bits(model, again)


class _Overflow(Callback):
    """Makes the gradient of the second batch infinite."""

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.n_batches_ = 0
        next(net.module_.stack.parameters()).register_hook(self._spoil)

    def _spoil(self, gradient):
        self.n_batches_ += 1
        return gradient * np.inf if self.n_batches_ == 2 else gradient


def test_gradient_beyond_all_numbers_is_clipped_to_nothing():
    # With dropout autograd runs, and its hooks.
    options = SMALL | {"dropout": 0.1, "early_stopping": False}
    model = RNNRegressor(**options, max_epochs=3, callbacks=[_Overflow()]).fit(X, y)
    assert dict(model.net_.callbacks_)["_Overflow"].n_batches_ > 2
    assert np.isfinite(model.predict(X)).all()
    with pytest.raises(NonFiniteLossError, match="set max_grad_norm"):
        clone(model).set_params(max_grad_norm=None).fit(X, y)


@needs_kernels
def test_kernels_clip_such_a_gradient_too():
    model = RNNRegressor(**SMALL, max_epochs=1).fit(X, y)
    net = model.net_
    form = net.module_.standard_form()
    step = CompiledStep(CompiledNetwork(form, 1), ("squared_error", 0.0))
    step.prepare(form, net.optimizer_)
    for gradient in step.weight_gradients():
        gradient.fill_(np.inf)
    net.run = Run(net)
    net.run.step = step
    net.on_grad_computed(net, ())
    step.network.close()
    assert not math.isfinite(net.run.grad_norm)
    assert not any(gradient.any() for gradient in step.weight_gradients())
    net.run = None
