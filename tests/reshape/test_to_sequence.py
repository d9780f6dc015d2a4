"""ToSequence: flat columns become sequences."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.exceptions import NotFittedError

from skrnn import FlattenSequence, ToSequence


def test_to_sequence():
    X = np.arange(24).reshape(2, 12)
    by_time = ToSequence(n_features=3).fit_transform(X)
    assert_array_equal(by_time, X.reshape(2, 4, 3))
    assert by_time.dtype == X.dtype
    by_feature = ToSequence(4, order="feature").fit_transform(X)
    assert_array_equal(by_feature, X.reshape(2, 3, 4).transpose(0, 2, 1))
    assert ToSequence().fit_transform(X).shape == (2, 12, 1)
    assert ToSequence(4, 3).fit_transform(X).shape == (2, 4, 3)
    assert_array_equal(FlattenSequence().fit_transform(by_time), X)


def test_to_sequence_names():
    X = pd.DataFrame(np.zeros((2, 4)), columns=list("abcd"))
    assert ToSequence(2).fit(X).get_feature_names_out().tolist() == ["x0", "x1"]
    assert ToSequence(1).fit(X).get_feature_names_out().tolist() == list("abcd")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_timesteps": 5}, "12 columns, which are not n_timesteps=5 times"),
        ({"n_features": 5}, "12 columns"),
        ({"n_timesteps": 3, "n_features": 3}, "12 columns"),
        ({"n_timesteps": 24}, "12 columns"),
        ({"n_timesteps": 0}, "'n_timesteps' parameter"),
        ({"order": "both"}, "'order' parameter"),
    ],
)
def test_to_sequence_errors(parameters, message):
    with pytest.raises(ValueError, match=message):
        ToSequence(**parameters).fit(np.zeros((2, 12)))


def test_to_sequence_refuses_sequences():
    with pytest.raises(ValueError, match="ToSequence expects a 2-D X"):
        ToSequence().fit(np.zeros((2, 3, 4)))
    with pytest.raises(NotFittedError):
        ToSequence().transform(np.zeros((2, 3)))
