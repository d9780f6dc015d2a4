"""The training loop: beginnings, interruptions, callbacks, threads."""

import copy
import threading
import warnings

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from skorch.callbacks import Callback, EarlyStopping, LRScheduler

from skrnn import RNNRegressor
from skrnn._kernels.threads import single_thread
from skrnn.exceptions import NonFiniteLossError
from tests.support import same_bits, weights_of
from tests.training.data import DIVERGING, SMALL, Recorder, X, interrupt_in_epoch, y


def test_no_warning_from_an_ordinary_fit():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        options = {"max_epochs": 2, "bidirectional": True, "num_layers": 2, "tol": 9}
        RNNRegressor(**SMALL, **options).fit(X, y)


def test_fit_starts_afresh_without_warm_start():
    model = RNNRegressor(**SMALL, max_epochs=2).fit(X, y)
    first = weights_of(model).clone()
    assert torch.equal(first, weights_of(model.fit(X, y)))
    assert len(model.loss_curve_) == 2
    assert not torch.equal(
        first, weights_of(model.set_params(warm_start=True).fit(X, y))
    )
    assert len(model.loss_curve_) == 4
    assert model.n_iter_ == 2


def test_history_keeps_one_epoch_of_batches():
    options = {"max_epochs": 4, "batch_size": 8, "callbacks": [Callback()]}
    model = RNNRegressor(**SMALL, **options).fit(X, y)
    lengths = [len(epoch["batches"]) for epoch in model.net_.history]
    assert lengths[:-1] == [0, 0, 0]
    assert lengths[-1] > 0


# -- interruptions --------------------------------------------------------------------


def test_interrupt_keeps_what_was_learned(monkeypatch):
    interrupt_in_epoch(monkeypatch, 4)
    with pytest.warns(UserWarning, match="interrupted by the user after 3 epochs"):
        model = RNNRegressor(**SMALL).fit(X, y)
    assert model.n_iter_ == 3
    assert np.isfinite(model.predict(X)).all()


def test_interrupt_in_the_first_epoch_leaves_nothing(monkeypatch):
    interrupt_in_epoch(monkeypatch, 1)
    model = RNNRegressor(**SMALL)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert vars(model) == model.get_params()


def test_interrupted_continuation_keeps_its_whole_epochs(monkeypatch):
    model = RNNRegressor(**SMALL, max_epochs=3, warm_start=True).fit(X, y)
    with monkeypatch.context() as patch:
        interrupt_in_epoch(patch, 6)
        with pytest.warns(UserWarning, match="interrupted by the user"):
            model.fit(X, y)
    assert model.n_iter_ == 2
    assert len(model.loss_curve_) == 5
    assert len(model.fit(X, y).loss_curve_) == 8


def test_interrupted_first_epoch_of_a_continuation_is_undone(monkeypatch):
    model = RNNRegressor(**SMALL, max_epochs=3, dropout=0.2).fit(X, y)
    twin = copy.deepcopy(model)
    with monkeypatch.context() as patch:
        interrupt_in_epoch(patch, 4)
        with pytest.raises(KeyboardInterrupt):
            model.partial_fit(X, y)
    assert same_bits(model, twin)
    assert same_bits(model.partial_fit(X, y), twin.partial_fit(X, y))


# -- callbacks ------------------------------------------------------------------------


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


def test_callbacks_and_verbosity_draw_no_random_number():
    options = SMALL | {"max_epochs": 3, "dropout": 0.3}
    plain = RNNRegressor(**options).fit(X, y)
    assert same_bits(plain, RNNRegressor(**options, callbacks=[Recorder()]).fit(X, y))


# -- threads --------------------------------------------------------------------------


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
