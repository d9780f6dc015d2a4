"""Numbers of any size: graphs predict what estimators do, and NaN where they raise."""

import numpy as np
import pytest

from skrnn.onnx import to_onnx
from tests.onnx.support import (
    assert_near,
    classifier,
    fitted,
    run,
    sequences,
    targets,
    with_gaps,
)

X = sequences() - 1e5
Y = targets(sequences())
# Units of the two features, and of the targets.
UNITS = [((1e-300, 1.0), 1.0), ((1e300, 1e300), 1e-300), ((1e-310, 1e250), 1e303)]


@pytest.mark.parametrize("units", UNITS, ids=str)
@pytest.mark.parametrize(
    "options",
    [
        {"linear_steps": 3},
        {"instance_norm": "last", "missing": "indicator", "linear_steps": 2},
        {"instance_norm": "standard", "loss": "gaussian"},
        {"loss": "quantile"},
    ],
    ids=str,
)
def test_any_unit(units, options):
    of_features, of_targets = units
    x, y = X * np.array(of_features), Y * of_targets
    if options.get("instance_norm"):
        y = y / of_targets * max(of_features) / 8  # whose level they follow
    model, given = fitted(x, y, **options), with_gaps(x)
    got = run(to_onnx(model), X=given)
    assert_near(got["variable"], model.predict(given))
    if "loss" in options:
        assert_near(got["quantiles"], model.predict_quantiles(given))


@pytest.mark.parametrize("value", [1e20, -1e40, 1e200, -1.7e308])
@pytest.mark.parametrize("instance_norm", [None, "last", "standard"])
def test_values_far_from_those_of_fit(value, instance_norm):
    options = {"instance_norm": instance_norm, "missing": "indicator"}
    far = with_gaps(X)
    far[0, 2, 1] = far[2, -1, 0] = value
    far[3, 3, 0] = np.nan
    model = classifier(X, np.arange(len(X)) % 3, n_kernels=84, **options)
    assert_near(run(to_onnx(model), X=far)["probabilities"], model.predict_proba(far))
    model = fitted(X, Y, linear_steps=2, **options)
    assert_near(run(to_onnx(model), X=far)["variable"], model.predict(far))


@pytest.mark.parametrize("options", [{}, {"dtype": "float64"}], ids=str)
def test_values_too_large_for_what_is_not_scaled(options):
    model = fitted(X, Y, scale=False, **options)
    given = X[:3].copy()
    given[1, 0, 0] = 1e100
    with pytest.raises(ValueError, match="too large"):
        model.predict(given)
    got = run(to_onnx(model), X=given)["variable"]
    assert np.isnan(got[1]).all()
    assert_near(got[[0, 2]], model.predict(given[[0, 2]]))


def test_predictions_beyond_the_largest_float():
    model = fitted(X[:, :, :1], X[:, -1, :1] * 1e307, linear_steps=1)
    given = X[:3, :, :1].copy()
    given[1] *= 1e4
    with pytest.raises(ValueError, match="beyond the largest float"):
        model.predict(given)
    got = run(to_onnx(model), X=given)["variable"]
    assert np.isnan(got[1]).all()
    assert_near(got[[0, 2]], model.predict(given[[0, 2]]))
