"""What is learned before the training, in as few reads as there can be."""

import tracemalloc

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from skrnn import RNNClassifier, RNNRegressor, SlidingWindow
from skrnn._preprocessing import preprocessing
from skrnn._preprocessing.baseline import Baseline
from skrnn._preprocessing.linear_path import LinearPath
from skrnn._preprocessing.preprocessing import Preprocessing
from skrnn._preprocessing.scaling import Scaling
from skrnn._sequences import sources
from skrnn._sequences.changed import FEW
from skrnn._sequences.sources import (
    DenseSource,
    RaggedSource,
    WindowSource,
    as_source,
)
from skrnn._training.net import SequenceNet

NORMS = [None, "last", "standard"]
every_norm = pytest.mark.parametrize("instance_norm", NORMS)
ROWS = np.cumsum(np.random.default_rng(0).normal(size=(90, 2)), axis=0)


def windows():
    return SlidingWindow(6).fit_transform(ROWS)


def absent():
    rows = ROWS.copy()
    rows[::9] = np.nan
    return SlidingWindow(6).fit_transform(rows)


def dense():
    return np.asarray(windows()[10:])


def padded():
    return np.asarray(windows())


def ragged():
    return [ROWS[max(0, i - i % 7) : i] for i in range(90)]


every_layout = pytest.mark.parametrize(
    "layout", [windows, absent, dense, padded, ragged], ids=lambda f: f.__name__
)


@pytest.fixture
def count_reads(monkeypatch):
    """Samples that are read outside of the training, as a list of one number."""
    count, is_training = [0], [False]
    for kind in (DenseSource, RaggedSource, WindowSource):

        def batch(self, rows, read=kind.batch):
            count[0] += 0 if is_training[0] else len(rows)
            return read(self, rows)

        monkeypatch.setattr(kind, "batch", batch)
    train = SequenceNet.train

    def counted(self, *args, **options):
        is_training[0] = True
        reason = train(self, *args, **options)
        is_training[0] = False
        return reason

    monkeypatch.setattr(SequenceNet, "train", counted)
    return count


@every_norm
@every_layout
@pytest.mark.parametrize("linear_steps", ["auto", None])
def test_each_network_reads_each_sample_once(
    layout, instance_norm, linear_steps, count_reads
):
    X = layout()
    y = np.random.default_rng(1).normal(size=len(X))
    options = {"instance_norm": instance_norm, "linear_steps": linear_steps}
    model = RNNRegressor(hidden_size=4, max_epochs=1, n_estimators=2, **options)
    model.fit(X, y)
    n_read = len(X) * len(model.nets_)
    if instance_norm is None and linear_steps is None:  # nothing of the validation
        assert FEW < count_reads[0] < n_read + FEW
    else:
        assert count_reads[0] == n_read + FEW  # those that tell of the units


@every_norm
def test_a_classifier_reads_the_training_samples_once(instance_norm, count_reads):
    options = {"instance_norm": instance_norm, "n_kernels": None, "n_estimators": 1}
    model = RNNClassifier(hidden_size=4, max_epochs=1, early_stopping=False, **options)
    model.fit(dense(), np.arange(80) % 2)
    assert count_reads[0] == 80 + FEW


def learned(X, instance_norm, *, n_steps=3):
    """Everything that is learned from some samples, and what is taken off targets."""
    source = as_source(X, allow_partial=True)
    rng = np.random.default_rng(2)
    target, weight = rng.normal(size=(len(X), 3)), rng.uniform(0.5, 2, len(X))
    path = LinearPath(n_steps, source.n_features, 3) if n_steps else None
    scaling = Scaling(source.n_features, 3, instance_norm=instance_norm, indicator=True)
    baseline = Baseline(3, has_level=instance_norm is not None, linear_path=path)
    both = Preprocessing(scaling, baseline)
    taken_off = both.fit(source, target, weight, scale=True)
    return both, taken_off, [*scaling.buffers(), *baseline.buffers()]


@pytest.mark.parametrize("n_steps", [3, None])
@every_norm
@every_layout
def test_what_is_too_large_to_keep_is_read_again(
    layout, instance_norm, n_steps, monkeypatch, count_reads
):
    monkeypatch.setattr(sources, "CHUNK_SIZE", 100)
    X = layout()
    _, kept_off, kept = learned(X, instance_norm, n_steps=n_steps)
    assert count_reads[0] == len(X)
    monkeypatch.setattr(preprocessing, "_MOST_KEPT", 0)
    _, again_off, again = learned(X, instance_norm, n_steps=n_steps)
    n_passes = {
        (False, False): 1,  # moments alone
        (False, True): 3,  # then the ridge, and its predictions
        (True, False): 3,  # rows, then inputs, then levels
        (True, True): 5,
    }[instance_norm is not None, n_steps is not None]
    assert count_reads[0] == (1 + n_passes) * len(X)
    assert_array_equal(again_off, kept_off)
    for one, other in zip(again, kept, strict=True):
        assert torch.equal(one, other)


@every_norm
@every_layout
def test_baselines_of_the_training_samples_are_those_of_fit(layout, instance_norm):
    both, taken_off, _ = learned(layout(), instance_norm)
    source = as_source(layout(), allow_partial=True)
    assert_array_equal(both.baselines(source), taken_off)


def test_moments_that_are_given_stay():
    scaling = Scaling(2, 1, instance_norm="standard", indicator=False)
    scaling.set_moments("row", [1.0, 2.0], [3.0, 4.0])
    scaling.set_moments("x", [5.0, 6.0], [7.0, 8.0])
    path = LinearPath(2, 2, 1)
    both = Preprocessing(scaling, Baseline(1, has_level=True, linear_path=path))
    target = np.random.default_rng(0).normal(size=(80, 1))
    both.fit(as_source(dense()), target, scale=True, features=False)
    assert scaling.row_mean.tolist() == [1.0, 2.0]
    assert scaling.row_scale.tolist() == [3.0, 4.0]
    assert scaling.x_mean.tolist() == [5.0, 6.0]
    assert scaling.x_scale.tolist() == [7.0, 8.0]
    assert path.weight.any()
    assert float(scaling.rest_scale) != 1.0


@every_norm
def test_memory_does_not_grow_with_the_series(instance_norm, monkeypatch):
    # Windows of 200 steps that are all kept would take 64 MB.
    monkeypatch.setattr(preprocessing, "_MOST_KEPT", 2**17)
    rows = np.random.default_rng(0).normal(size=(40_000, 1))
    source = as_source(SlidingWindow(200).fit_transform(rows))
    scaling = Scaling(1, 1, instance_norm=instance_norm, indicator=False)
    path = LinearPath(20, 1, 1)
    baseline = Baseline(1, has_level=instance_norm is not None, linear_path=path)
    tracemalloc.start()
    Preprocessing(scaling, baseline).fit(source, rows, scale=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6


def test_the_feature_of_a_target_is_found_by_weight():
    # Each half of the samples follows another feature; only one half counts.
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 5, 2)) + 10 * rng.normal(size=(60, 1, 2))
    target = np.where(np.arange(60) < 30, X[:, -1, 0], X[:, -1, 1])[:, None]
    for first, second, expected in [(5, 1, 0), (1, 5, 1)]:
        weight = np.repeat([first, second], 30)
        found = []
        rows = np.repeat(np.arange(60), weight)
        for some, parts in [(slice(None), weight.astype(float)), (rows, None)]:
            scaling = Scaling(2, 1, instance_norm="last", indicator=False)
            learned = Preprocessing(scaling, Baseline(1, has_level=True))
            learned.fit(as_source(X[some]), target[some], parts, scale=True)
            found.append(learned.baseline.feature.tolist())
        assert found == [[expected], [expected]]
