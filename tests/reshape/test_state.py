"""States of transformers: their version, and what no fit has written."""

import pickle

import numpy as np
import pytest
from sklearn.exceptions import InconsistentVersionWarning

from skrnn import FlattenSequence, TimeDistributed, ToSequence

X = np.arange(24.0).reshape(4, 3, 2)


@pytest.mark.parametrize("kind", [FlattenSequence, TimeDistributed])
@pytest.mark.parametrize("value", ["", 1, None, {}])
def test_a_layout_that_is_none_is_refused(kind, value):
    state = kind().fit(X).__getstate__()
    state["_is_3d"] = value
    with pytest.raises(ValueError, match="tells of neither"):
        object.__new__(kind).__setstate__(state)


def test_another_version_is_told(monkeypatch):
    transformer = ToSequence(n_features=2).fit(X.reshape(4, 6))
    with monkeypatch.context() as patch:
        patch.setattr("skrnn._versions.own_version", lambda: "0.0.1")
        content = pickle.dumps(transformer)
    with pytest.warns(InconsistentVersionWarning, match=r"skrnn 0\.0\.1"):
        twin = pickle.loads(content)
    assert "_skrnn_version" not in vars(twin)
    np.testing.assert_array_equal(twin.transform(X.reshape(4, 6)), X)
