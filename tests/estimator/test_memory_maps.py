"""Fits over memory maps: the bits of a fit in memory, and no copy of the file."""

import tracemalloc

import numpy as np
import pytest

from skrnn import RNNRegressor, SlidingWindow, make_windows

OPTIONS = {
    "max_epochs": 1,
    "n_estimators": 1,
    "linear_steps": None,
    "batch_size": 16,
    "early_stopping": False,
    "random_state": 0,
}


def mapped(path, values):
    """The same numbers in a file (memmap)."""
    there = np.memmap(path, values.dtype, "w+", shape=values.shape)
    there[:] = values
    there.flush()
    return np.memmap(path, values.dtype, "r", shape=values.shape)


@pytest.mark.parametrize("kind", ["sequences", "windows", "rows"])
def test_no_copy_is_made(tmp_path, kind):
    rng = np.random.default_rng(0)
    n = 1000 if kind == "sequences" else 5000
    shape = (n, 10, 400) if kind == "sequences" else (n, 800)
    values = rng.random(shape, np.float32)  # 16 MB
    y = values.reshape(n, -1)[:, -1].astype(float)
    there = mapped(tmp_path / "values", values)

    def samples(values):
        if kind == "sequences":
            return values, y
        if kind == "rows":
            return SlidingWindow(3).fit_transform(values), y
        X, ahead = make_windows(values, 3, step_length=16)
        return X, ahead[:, 0]

    model = RNNRegressor("gru", 1, **OPTIONS)
    model.fit(np.zeros((9, 2, 1)), np.arange(9.0))  # which imports torch
    tracemalloc.start()
    model.fit(*samples(there))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < values.nbytes / 2
    if kind == "windows":  # it takes a while to train, and the others are alike
        twin = RNNRegressor("gru", 1, **OPTIONS).fit(*samples(values))
        np.testing.assert_array_equal(
            model.predict(samples(there)[0][:99]), twin.predict(samples(values)[0][:99])
        )
