"""Displays of fitted models: what they show is what there is."""

import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import RNNClassifier, RNNRegressor
from skrnn.inspection import (
    gradient_flow,
    hidden_states,
    integrated_gradients,
    permutation_importance,
)
from skrnn.plotting import (
    AttributionDisplay,
    GradientFlowDisplay,
    HiddenStatesDisplay,
    LossCurveDisplay,
)
from tests.plotting.support import check_picture

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 6, 3))
y = X[:, -1, 0] - X[:, -3, 2]
SMALL = {"hidden_size": 4, "max_epochs": 3, "n_estimators": 1, "random_state": 0}
MODEL = RNNRegressor(**SMALL).fit(X, y)
WIDTHS = (3.5, 6.4)


def looked_at(make):
    """Make a display at both widths, check its picture, and return the last."""
    for width in WIDTHS:
        with plt.rc_context({"figure.figsize": (width, 3.5)}):
            display = make()
            check_picture(display.figure_)
    return display


def test_losses_of_all_networks():
    model = RNNRegressor(**SMALL | {"n_estimators": 3}).fit(X, y)
    display = looked_at(lambda: LossCurveDisplay.from_estimator(model))
    assert len(display.lines_) == 6
    for net, line in zip(model.nets_, display.lines_, strict=False):
        assert_allclose(line.get_ydata(), net.history[:, "train_loss"])
    for net, line in zip(model.nets_, display.lines_[3:], strict=True):
        assert_allclose(line.get_ydata(), net.history[:, "valid_loss"])
    assert display.best_epochs == model.best_epochs_
    marks = display.ax_.lines[-1]
    assert_array_equal(marks.get_xdata(), model.best_epochs_)
    assert display.ax_.get_ylabel().startswith("squared error")


def test_losses_of_pipelines_and_without_validation():
    flat = X[:, :, 0]
    model = RNNClassifier(**SMALL, early_stopping=False, n_kernels=None)
    pipeline = make_pipeline(StandardScaler(), model).fit(flat, y > 0)
    display = looked_at(lambda: LossCurveDisplay.from_estimator(pipeline))
    assert len(display.lines_) == 1
    with pytest.raises(TypeError, match="got LinearRegression"):
        LossCurveDisplay.from_estimator(LinearRegression().fit(flat, y))
    with pytest.raises(Exception, match="not fitted"):
        LossCurveDisplay.from_estimator(RNNRegressor())


def test_losses_that_are_given():
    display = LossCurveDisplay.from_values([9.0, 1.0, 0.1], [8, 2, 1], best_epoch=3)
    assert display.ax_.get_yscale() == "log"
    assert LossCurveDisplay.from_values([-1.0, 5.0]).ax_.get_yscale() == "linear"
    several = looked_at(
        lambda: LossCurveDisplay.from_values([[3.0, 2.0], [1.0]], best_epoch=[2, 1])
    )
    assert len(several.lines_) == 2
    for options in (
        {"validation": [[1.0], [1.0]]},
        {"best_epoch": 4},
        {"best_epoch": [1, 1]},
        {"validation": []},
    ):
        with pytest.raises((ValueError, IndexError)):
            LossCurveDisplay.from_values([3.0, 2.0, 1.0], **options)


def test_attributions_of_a_sample_and_of_many():
    found = integrated_gradients(MODEL, X)
    display = looked_at(lambda: AttributionDisplay.from_values(found))
    assert_allclose(display.im_.get_array(), np.abs(found.values).mean(axis=0).T)
    display = looked_at(lambda: AttributionDisplay.from_estimator(MODEL, X, sample=-1))
    assert_allclose(display.im_.get_array(), found.values[-1].T)
    low, high = display.im_.get_clim()
    assert low == -high
    dots = display.ax_.lines[0]
    minus = np.argwhere(found.values[-1] < -0.02 * high)
    assert {*map(tuple, minus)} == {*zip(*dots.get_data(), strict=True)}
    display = looked_at(
        lambda: AttributionDisplay.from_values(found, sample=0, kind="bar")
    )
    widths = [bar.get_width() for bar in display.bars_]
    assert_allclose(widths, found.values[0].sum(axis=0))


@pytest.mark.parametrize("by", ["feature", "step", "feature_step"])
def test_importances(by):
    found = permutation_importance(MODEL, X, y, by=by, n_repeats=2, random_state=0)
    display = looked_at(lambda: AttributionDisplay.from_values(found))
    if by == "feature_step":
        assert_allclose(display.im_.get_array(), found.importances_mean.T)
        assert display.im_.get_clim()[0] == 0
        return
    size = "get_width" if by == "feature" else "get_height"
    sizes = [getattr(bar, size)() for bar in display.bars_]
    assert_allclose(sizes, found.importances_mean)
    assert display.ax_.get_xlabel().startswith("lag" if by == "step" else "fall")


def test_attributions_that_are_given():
    long = [f"a rather long name of a feature, number {i}" for i in range(7)]
    looked_at(
        lambda: AttributionDisplay.from_values(
            rng.random(size=(168, 7)), feature_names=long
        )
    )
    looked_at(lambda: AttributionDisplay.from_values(rng.normal(size=300)))
    named = looked_at(
        lambda: AttributionDisplay.from_values([1.0, -2.0], step_names=["past", "now"])
    )
    shown = [label.get_text() for label in named.ax_.get_xticklabels()]
    assert shown == ["past", "now"]
    ragged = [np.ones((2, 1)), np.ones((4, 1))]
    display = AttributionDisplay.from_values(ragged)
    heights = [bar.get_height() for bar in display.bars_]
    assert_allclose(heights, [0.5, 0.5, 1, 1])
    for options in (
        {"sample": 0},
        {"step_names": ["one"]},
        {"feature_names": list("abcd")},
        {"kind": "pie"},
    ):
        with pytest.raises(ValueError):
            AttributionDisplay.from_values(np.ones((4, 3)), **options)
    with pytest.raises(ValueError, match="must be of shape"):
        AttributionDisplay.from_values(np.ones((2, 2, 2, 2)))
    with pytest.raises(ValueError, match="none of the 60 samples"):
        AttributionDisplay.from_estimator(MODEL, X, sample=60)
    scores = permutation_importance(MODEL, X, y, scoring=["r2"], n_repeats=1)
    with pytest.raises(ValueError, match="choose one"):
        AttributionDisplay.from_values(scores)


@pytest.mark.parametrize("cell", ["lstm", "rnn"])
def test_gradients(cell):
    options = {"num_layers": 2, "bidirectional": True}
    model = RNNRegressor(cell, **SMALL, **options).fit(X, y)
    flow = gradient_flow(model, X, y)
    display = looked_at(lambda: GradientFlowDisplay.from_estimator(model, X, y))
    wanted = [flow.norms[0], flow.norms[1]]
    if cell == "lstm":
        wanted = [
            v for pair in zip(flow.norms, flow.memory_norms, strict=True) for v in pair
        ]
    assert len(display.lines_) == len(wanted)
    for line, values in zip(display.lines_, wanted, strict=True):
        assert_allclose(line.get_ydata(), values)
        assert_array_equal(line.get_xdata(), np.arange(5, -1, -1))
    looked_at(lambda: GradientFlowDisplay.from_values(np.geomspace(1, 9, 300)))
    GradientFlowDisplay.from_values([0.0, 0.0])  # nothing to take a logarithm of
    with pytest.raises(ValueError, match="must have norms"):
        GradientFlowDisplay.from_values(np.ones((2, 2, 2)))


def test_states():
    gaps = X.copy()
    gaps[3, 0] = np.nan
    display = looked_at(
        lambda: HiddenStatesDisplay.from_estimator(MODEL, gaps, sample=3)
    )
    wanted = hidden_states(MODEL, gaps)[-1][3]
    shown = display.im_.get_array()
    assert_allclose(shown.filled(np.nan), wanted.T)
    assert shown.mask[:, 0].all()
    left, right = display.im_.get_extent()[:2]
    assert (left, right) == (5.5, -0.5)  # the oldest step is on the left
    for options, fault in (
        ({"sample": 60}, "none of the 60"),
        ({"layer": 1}, "none of the 1 layers"),
        ({"network": 1}, "network=1"),
    ):
        with pytest.raises(ValueError, match=fault):
            HiddenStatesDisplay.from_estimator(MODEL, X, **options)
    looked_at(lambda: HiddenStatesDisplay.from_values(3 * rng.normal(size=(200, 64))))
    with pytest.raises(ValueError, match="must be those of one sample"):
        HiddenStatesDisplay.from_values(np.ones(3))


def test_axes_are_taken():
    _, axes = plt.subplots(1, 2)
    display = GradientFlowDisplay.from_values(np.ones(3), ax=axes[1])
    assert display.ax_ is axes[1]
    assert display.figure_ is axes[1].figure
    for ax in (axes, "here", 3):
        with pytest.raises(ValueError, match="ax must be 1 matplotlib Axes"):
            GradientFlowDisplay.from_values(np.ones(3), ax=ax)


def test_matplotlib_is_needed_only_for_drawing():
    code = (
        "import sys; sys.modules['matplotlib.pyplot'] = None\n"
        "from skrnn.plotting import LossCurveDisplay\n"
        "display = LossCurveDisplay([[1.0]], None)\n"
        "try: display.plot()\n"
        "except ImportError as error: print(error)"
    )
    command = [sys.executable, "-c", code]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    assert 'pip install "skrnn[plot]"' in shown.stdout
