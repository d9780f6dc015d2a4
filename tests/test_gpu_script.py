"""The checks for a GPU find what is right and what is wrong, here on a CPU."""

import importlib
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parent.parent / "docs" / "benchmarks"


@pytest.fixture
def gpu(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    module = importlib.import_module("gpu")
    monkeypatch.setattr(module, "N_SAMPLES", 120)
    monkeypatch.setattr(module, "N_EPOCHS", 1)
    monkeypatch.setattr(module, "CELLS", ("gru",))
    monkeypatch.setattr(module, "SPEEDS", [(4, 2, 3, 1, 64)])
    return module


def test_all_is_right_of_a_cpu(gpu):
    lines = list(gpu.checked("cpu"))[2:]
    assert len(lines) == 3 + 1 + 1 + 2 + 1
    assert [line for line in lines if not line.endswith("| yes |")] == []
    (row,) = list(gpu.speeds("cpu"))[2:]
    own, raw, ratio = (float(cell) for cell in row.split("|")[2:5])
    assert own > 0 and raw > 0 and ratio == pytest.approx(own / raw, rel=0.5, abs=0.01)


def test_what_is_wrong_is_told(gpu, monkeypatch):
    noise = iter(np.random.default_rng(0).normal(size=99))
    fit = gpu.RNNRegressor.fit

    def other_each_time(model, X, y):
        return fit(model, X, y + next(noise))

    monkeypatch.setattr(gpu.RNNRegressor, "fit", other_each_time)
    for check in (gpu.same_as_cpu, gpu.same_bits):
        assert [is_right for _, _, is_right in check("cpu")].count(True) == 0
    monkeypatch.undo()
    monkeypatch.syspath_prepend(BENCHMARKS)
    lines = list(gpu.checked("warp"))[2:]
    assert "ValueError: device must be" in lines[0]
    assert all(line.endswith("| NO |") for line in lines)
