"""Operations and predictions that do not depend on the other rows."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from torch import nn

from skrnn import RNNClassifier, RNNRegressor
from skrnn._kernels.rowwise import linear, sum_over_steps
from tests.instruction_levels import needs_kernels
from tests.kernels.support import DTYPES, every_dtype, sequences, targets
from tests.support import seeded

pytestmark = needs_kernels


@every_dtype
def test_products_and_sums_row_by_row(dtype):
    layer = nn.Linear(37, 29).to(dtype)
    x = torch.randn(70, 5, 37, generator=seeded()).to(dtype)
    lengths = torch.randint(0, 6, (70,), generator=seeded())
    factors = torch.rand(70, 5, 1, generator=seeded()).to(dtype)
    factors *= (torch.arange(5) < lengths[:, None])[:, :, None]
    with torch.no_grad():
        results = [linear(layer, x), sum_over_steps(x, None, lengths)]
        results += [sum_over_steps(x, factors, lengths), sum_over_steps(x, None, None)]
    expected = [linear(layer, x), sum_over_steps(x, None, lengths)]
    expected += [sum_over_steps(x, factors, lengths), sum_over_steps(x, None, None)]
    assert expected[0].requires_grad
    for ours, theirs in zip(results, expected, strict=True):
        torch.testing.assert_close(
            ours, theirs.detach(), rtol=0, atol=10 * DTYPES[dtype]
        )


OPTIONS = [
    {},
    {"num_layers": 3, "dropout": 0.2},
    {"bidirectional": True},
    {"pooling": "mean"},
    {"pooling": "max", "num_layers": 2},
    {"pooling": "mixed", "num_layers": 2},
    {"pooling": "max", "residual": True, "num_layers": 2},
    {"pooling": "attention"},
    {"pooling": "attention", "bidirectional": True, "norm": "layer"},
    {"norm": "layer", "num_layers": 2},
    {"norm": "batch"},
    {"tbptt_steps": 3, "pooling": "attention"},
    {"tbptt_steps": 3},
    {"instance_norm": "standard"},
    {"instance_norm": "last"},
    {"dtype": "float64", "pooling": "mean"},
    {"missing": "indicator"},
    {"segment_length": 4},
    {"segment_length": 2, "n_filters": 5, "pooling": "mean"},
    {"segment_length": 3, "instance_norm": "last", "pooling": "mean"},
    {"decoder": "parallel"},
    {"decoder": "parallel", "segment_length": 1, "loss": "gaussian"},
    {"loss": "student_t"},
    {"loss": "quantile"},
    {"n_estimators": 2},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("kind", ["float32", "ragged"])
def test_the_bits_of_a_prediction_do_not_depend_on_other_rows(options, cell, kind):
    X, y = sequences(120, kind, n_steps=11), targets(RNNRegressor, 120)
    options = {"max_epochs": 1, "n_estimators": 1, "random_state": 0} | options
    whole = (model := RNNRegressor(cell, 13, **options).fit(X, y)).predict(X)
    for rows in (slice(0, 1), slice(17, 18), slice(5, 37), slice(50, 120)):
        assert_array_equal(model.predict(X[rows]), whole[rows])
    order = np.random.default_rng(0).permutation(120)
    mixed = [X[i] for i in order] if kind == "ragged" else X[order]
    assert_array_equal(model.predict(mixed), whole[order])


def test_the_bits_of_a_probability_do_not_depend_on_other_rows():
    X, y = sequences(120, "float32"), targets(RNNClassifier, 120)
    model = RNNClassifier(hidden_size=13, max_epochs=2, random_state=0).fit(X, y)
    whole = model.predict_proba(X)
    for i in (0, 3, 77, 119):
        assert_array_equal(model.predict_proba(X[i : i + 1])[0], whole[i])
