"""Batches: every sample once, in an order drawn anew."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from skorch.callbacks import Callback

import skrnn._training.batches as batches_module
from skrnn import RNNClassifier, RNNRegressor, SlidingWindow
from skrnn._forecasting.local_windows import LocalWindows
from skrnn._sequences.sources import as_source
from skrnn._training.batches import (
    BatchIterator,
    SequenceDataset,
    even_size,
    read_batch,
)
from skrnn.exceptions import NonFiniteLossError
from skrnn.windows import WindowedArray
from tests.support import same_bits, same_fit
from tests.training.data import SMALL, X, y


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


@given(st.integers(1, 3_000), st.integers(1, 100))
def test_even_batches_are_as_many_and_no_larger(n_samples, most):
    size = even_size(n_samples, most)
    assert 1 <= size <= most
    n_batches = -(-n_samples // most)
    assert -(-n_samples // size) == n_batches
    # None of as few batches could be smaller, so that what is left over is large.
    assert (size - 1) * n_batches < n_samples
    rest = n_samples - (n_batches - 1) * size
    assert size - n_batches < rest <= size


def test_with_integrating_weights_no_step_is_by_a_few_that_are_left_over():
    options = {"parts": "network", "early_stopping": False, "max_epochs": 1}
    options |= {"cell": "gru", "hidden_size": 3, "random_state": 0}
    sizes = {}
    for init in ("chrono", "integrating"):
        for batch_size in ("auto", 32, 40):
            record = Sizes()
            options |= {"init": init, "batch_size": batch_size, "callbacks": [record]}
            model = RNNClassifier(**options).fit(X[:33], np.arange(33) % 2)
            (found,) = (c for c in model.net_.callbacks if isinstance(c, Sizes))
            sizes[init, batch_size] = found.of_batches
    assert sizes["integrating", "auto"] == [17, 16]
    assert sizes["chrono", "auto"] == sizes["integrating", 32] == [32, 1]
    assert sizes["integrating", 40] == [33]


class Sizes(Callback):
    """Samples of each batch."""

    def on_train_begin(self, net, **kwargs):
        self.of_batches = []

    def on_batch_end(self, net, batch, training, **kwargs):
        if training:
            self.of_batches.append(len(batch[1]))


def test_shuffle_changes_the_order_of_the_batches():
    options = SMALL | {"max_epochs": 2, "early_stopping": False}
    models = [RNNRegressor(**options, shuffle=s).fit(X, y) for s in (True, False)]
    assert not same_bits(*models)
    whole = [m.set_params(batch_size=None).fit(X, y) for m in models]
    assert same_bits(*whole)


def test_a_short_epoch_reads_other_samples_each_time():
    data = SequenceDataset(as_source(X), np.arange(len(X)))
    batches = BatchIterator(data, 20, torch.Generator().manual_seed(0), most_batches=3)
    epochs = [torch.cat([wanted for _, wanted in batches]) for _ in range(2)]
    assert len(batches) == 3
    for rows in epochs:
        assert len(rows) == len(np.unique(rows)) == 60
    assert set(epochs[0].tolist()) != set(epochs[1].tolist())
    # More than there are change nothing, and neither do they in order.
    generators = [torch.Generator().manual_seed(1) for _ in range(2)]
    one, two = (
        [wanted for _, wanted in BatchIterator(data, 20, g, most_batches=most)]
        for g, most in zip(generators, (5, None), strict=True)
    )
    assert torch.equal(torch.cat(one), torch.cat(two))
    assert len(BatchIterator(data, 20, most_batches=3)) == 5


def samples(kind):
    """70 sequences of up to 5 steps."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(70, 5, 2))
    if kind == "ragged":
        return [sample[: 1 + i % 5] for i, sample in enumerate(values)]
    if kind == "windows":  # the first are short
        return SlidingWindow(5).fit_transform(rng.normal(size=(70, 2)))
    return values


class Look(Callback):
    """Wants to see each batch by itself."""

    def on_batch_begin(self, net, **kwargs):
        pass


@pytest.mark.parametrize("kind", ["dense", "ragged", "windows"])
def test_batches_are_what_the_source_gives_for_each(kind):
    source = as_source(samples(kind))
    data = SequenceDataset(source, np.arange(70))
    n_whole = n_ragged = 0
    for inputs, rows in BatchIterator(data, 4, torch.Generator().manual_seed(0)):
        block, lengths = source.batch(rows.numpy())
        assert_array_equal(inputs["x"], block)
        # Those that are all there need not be told.
        if lengths is None or (lengths == block.shape[1]).all():
            n_whole += 1
            assert "lengths" not in inputs
        else:
            n_ragged += 1
            assert_array_equal(inputs["lengths"], lengths)
    assert n_whole or kind == "ragged"
    assert (n_ragged > 0) == (kind != "dense")


@pytest.mark.parametrize("kind", ["dense", "ragged", "windows"])
@pytest.mark.parametrize(
    ("estimator", "options"),
    [
        (RNNRegressor, {"loss": "quantile"}),
        (RNNRegressor, {"segment_length": 2, "dtype": "float64"}),
        (RNNClassifier, {"n_kernels": None, "pooling": "mean"}),
        # Without an average of the weights nothing comes between two steps.
        (RNNRegressor, {"ema_decay": None, "l1": 0.01, "max_grad_norm": 0.1}),
        (RNNRegressor, {"ema_decay": None, "loss": "gaussian", "dtype": "float64"}),
        (RNNRegressor, {"ema_decay": None, "lr_schedule": "cosine"}),
        (RNNRegressor, {"ema_decay": None, "lr_schedule": "one_cycle"}),
        (RNNClassifier, {"ema_decay": None, "n_kernels": None, "max_grad_norm": None}),
    ],
)
def test_batches_that_are_told_at_once_teach_what_single_ones_do(
    kind, estimator, options
):
    values, y = samples(kind), np.arange(70) % 3
    options = SMALL | {"max_epochs": 2, "batch_size": 4} | options
    weight = np.linspace(0.5, 2, 70)
    models = [
        estimator(**options, callbacks=callbacks).fit(values, y, sample_weight=weight)
        for callbacks in (None, [Look()])
    ]
    assert same_fit(*models)


def test_the_same_batch_diverges_whether_steps_are_taken_at_once_or_not():
    values, y = samples("dense"), np.arange(70) % 3
    options = SMALL | {"ema_decay": None, "batch_size": 4, "learning_rate": 1e25}
    options |= {"max_grad_norm": None, "on_divergence": "raise", "random_state": 0}
    told = []
    for callbacks in (None, [Look()]):
        with pytest.raises(NonFiniteLossError) as error:
            RNNRegressor(**options, callbacks=callbacks).fit(values, y)
        told.append(str(error.value))
    assert told[0] == told[1]


@pytest.mark.parametrize("generator", [None, torch.Generator().manual_seed(0)])
def test_few_samples_that_are_read_again_are_kept(generator):
    source = as_source(samples("windows"))
    read = []

    class Counted(type(source)):
        def batch(self, rows):
            read.append(len(rows))
            return super().batch(rows)

    source.__class__ = Counted
    batches = BatchIterator(SequenceDataset(source, np.arange(70)), 4, generator)
    for _ in range(4):
        found = torch.cat([rows for _, rows in batches])
        assert sorted(found.tolist()) == list(range(70))
    assert sum(read[:-1]) == 70
    assert read[-1] == 70


@pytest.mark.parametrize(
    ("kind", "is_kept"),
    [
        ("dense", False),
        ("full", False),
        ("absent", True),
        ("local", True),
        ("windows", True),
        ("ragged", True),
    ],
)
def test_more_samples_are_kept_where_reading_is_more_than_a_copy(
    kind, is_kept, monkeypatch
):
    source = as_source(of_kind(kind))
    monkeypatch.setattr(batches_module, "_NUMBERS_AT_ONCE", 20)
    batches = BatchIterator(SequenceDataset(source, np.arange(len(source))), 4)
    for _ in range(3):
        for inputs, rows in batches:
            x, lengths = read_batch(source, rows.numpy())
            assert inputs["x"].equal(x[:, : inputs["x"].shape[1]])
            told = inputs.get("lengths")
            assert (told is None) == (lengths is None)
            assert told is None or told.equal(lengths)
    assert (batches._kept is not None) == is_kept
    for most, is_few in ((source.n_samples * source.max_steps * 2, True), (20, False)):
        monkeypatch.setattr(batches_module, "_NUMBERS_KEPT", most)
        again = BatchIterator(SequenceDataset(source, np.arange(len(source))), 4)
        for _ in range(3):
            list(again)
        assert (again._kept is not None) == (is_kept and is_few)


def of_kind(kind):
    """Samples of two features that lie in memory in one way or another."""
    if kind in ("dense", "ragged", "windows"):
        return samples(kind)
    values = np.random.default_rng(0).normal(size=(40, 2))
    windows = WindowedArray(values, np.arange(6, 41), np.full(35, 6), window_length=6)
    if kind == "local":
        return LocalWindows(windows, np.arange(35.0)[:, None], np.full((35, 1), 2.0))
    if kind == "full":
        return windows
    array = np.asarray(windows).copy()
    array[3, 1] = np.nan
    return array
