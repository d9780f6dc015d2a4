"""What the benchmarks' tables lean on."""

from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[1] / "docs" / "benchmarks"


@pytest.mark.parametrize(("cell", "layers"), [("lstm", 1), ("gru", 2), ("rnn", 1)])
def test_tools_that_are_timed_train_the_same_network(monkeypatch, cell, layers):
    monkeypatch.syspath_prepend(SCRIPTS)
    import _fits

    task = _fits.Task(cell, 32, 6, 2, 8, layers, batches=125, epochs=1)
    x, y = task.data()
    model = _fits.skrnn(task, x, y)()
    assert model.settings_.network.linear_steps is None and len(model.nets_) == 1
    ours = sorted(tuple(p.shape) for p in model.net_.module_.parameters())
    theirs = sorted(tuple(p.shape) for p in _fits.Network(task).parameters())
    assert ours == theirs
