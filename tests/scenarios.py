"""What is broken off in fits and predictions, and what has to hold afterwards."""

import copy
import shutil
import tempfile
import threading
import time
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.base import clone

from skrnn import RNNClassifier, RNNRegressor
from skrnn._kernels.scopes import open_scopes
from skrnn._kernels.threads import current_pool
from skrnn.sktime import RNNForecaster

OPTIONS = {"hidden_size": 5, "max_epochs": 2, "n_estimators": 1, "random_state": 0}
OPTIONS |= {"batch_size": 64, "early_stopping": True}


class Scenario:
    """Something that is broken off, and what has to hold afterwards.

    Parameters
    ----------
    work : callable
        What is broken off.
    result : callable
        Gives an array, the same bits before and after.
    left : callable, default=None
        Gives what was left of the work (an array), which is to be one of `allowed`.
    allowed : list of ndarray, default=()
        What may be left: that of before, and that of work that was done.
    """

    def __init__(self, work, result, left=None, allowed=()):
        self.work, self._result = work, result
        self._left, self._allowed = left, allowed
        self._expected = result()
        work()
        result()
        # A thread that has ended and was waited for is listed a little longer.
        time.sleep(0.05)
        self._before = state_of_process()

    def check(self, where):
        """Raise AssertionError where something is not as it was.

        Parameters
        ----------
        where : object
            What is told beside it.
        """
        self._check_state(f"after {where}")
        if self._left is not None:
            left = self._left()
            is_known = any(np.array_equal(left, array) for array in self._allowed)
            assert is_known, f"neither as before nor done {where}"
        assert np.array_equal(self._result(), self._expected), where
        self._check_state(f"in the call after {where}")

    def _check_state(self, when):
        end = time.monotonic() + 2
        while (changed := self._changed()) and time.monotonic() < end:
            time.sleep(0.001)
        assert not changed, f"{changed} {when}"

    def _changed(self):
        """What is not as it was: the counts (dict of pairs) of before and of now."""
        after, before = state_of_process(), self._before
        changed = {k: (before[k], v) for k, v in after.items() if before[k] != v}
        # One that something else had forgotten may be closed meanwhile.
        if after["open files"] < before["open files"]:
            del changed["open files"]
        return changed


def state_of_process():
    """Counts (dict) that no call of skrnn may change for good."""
    pool = current_pool()
    return {
        "threads": threading.active_count(),
        "native threads": len(list(Path("/proc/self/task").glob("*"))),
        "open files": len(list(Path("/proc/self/fd").glob("*"))),
        "threads of torch": torch.get_num_threads(),
        "records gradients": torch.is_grad_enabled(),
        "inference mode": torch.is_inference_mode_enabled(),
        "flushes denormals": float(torch.full((1,), 1e-40) / 2) == 0.0,
        "random state of torch": hash(torch.get_rng_state().numpy().tobytes()),
        "random state of NumPy": hash(np.random.get_state()[1].tobytes()),
        "open scopes": len(open_scopes()),
        "pool": None if pool is None else pool.handle,
    }


def scenarios():
    """Return functions (dict by name) that make the scenarios."""
    made = {
        f"{what} of {name}": partial(_scenario, name, what)
        for name in ("compiled", "bidirectional", "classifier")
        for what in ("predict", "fit")
    }
    made["partial_fit of compiled"] = _partial_fit
    made["fit with checkpoints"] = _fit_with_checkpoints
    made |= {f"{what} of forecaster": partial(_forecaster, what) for what in _FORECASTS}
    return made


def _model_and_data(name):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(130, 6)), rng.normal(size=130)
    if name == "classifier":
        more = {"n_kernels": 84, "bidirectional": False, "n_iter_no_change": 9}
        return RNNClassifier(**OPTIONS, **more), X[:60], y[:60] > 0
    return RNNRegressor(**OPTIONS, bidirectional=name == "bidirectional"), X, y


def _scenario(name, what):
    model, X, y = _model_and_data(name)
    model.fit(X, y)
    result = partial(model.predict, X)
    if name == "classifier":
        result = partial(model.predict_proba, X)
    if what == "predict":
        return Scenario(result, result)

    def fit():
        return clone(model).fit(X, y)

    return Scenario(fit, lambda: fit().predict(X))


def _partial_fit():
    """What is left of an estimator predicts as before, or as after the call."""
    model, X, y = _model_and_data("compiled")
    model.fit(X, y)
    box = {}

    def work():
        box["model"] = copy.deepcopy(model)
        box["model"].partial_fit(X, y)

    def result():
        return copy.deepcopy(model).partial_fit(X, y).predict(X)

    allowed = [model.predict(X), result()]
    return Scenario(work, result, lambda: box["model"].predict(X), allowed)


def _fit_with_checkpoints():
    """What was broken off goes on, and comes to the bits of an unbroken fit."""
    model, X, y = _model_and_data("compiled")
    folder = Path(tempfile.mkdtemp(), "checkpoints")
    model.set_params(checkpoint_dir=folder)

    def work():
        shutil.rmtree(folder, ignore_errors=True)
        clone(model).fit(X, y)

    def result():
        return clone(model).fit(X, y, resume=True).predict(X)

    return Scenario(work, result)


_FORECASTS = ("predict", "fit", "update")


def _forecaster(what):
    rng = np.random.default_rng(0)
    y = pd.Series(np.sin(np.arange(90) / 3) + 0.1 * rng.normal(size=90))
    first, later = y[:80], y[80:]
    model = RNNForecaster(
        RNNRegressor(**OPTIONS), window_length=6, n_estimators=1, random_state=0
    )
    model.fit(first, fh=[1, 2])
    box = {}

    def fit():
        return model.clone().fit(first, fh=[1, 2])

    def update():
        box["model"] = copy.deepcopy(model)
        box["model"].update(later)

    def updated():
        return copy.deepcopy(model).update(later).predict().to_numpy()

    if what == "predict":
        return Scenario(model.predict, lambda: model.predict().to_numpy())
    if what == "fit":
        return Scenario(fit, lambda: fit().predict().to_numpy())
    allowed = [model.predict().to_numpy(), updated()]
    left = lambda: box["model"].predict().to_numpy()  # noqa: E731
    return Scenario(update, updated, left, allowed)
