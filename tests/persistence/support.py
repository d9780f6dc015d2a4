"""The ways of keeping a model."""

import pickle

import cloudpickle
import joblib
import skops.io
from numpy.testing import assert_array_equal

import skrnn


def kept(model, folder, trusted=()):
    """Keep a model in every way.

    Parameters
    ----------
    model : estimator or Pipeline
    folder : Path
        Where files go.
    trusted : sequence of str
        What `skrnn.load` is to trust.

    Returns
    -------
    dict of callable
        What reads it again, by the name of the way.
    """
    skrnn.save(model, folder / "model.skops")
    joblib.dump(model, folder / "model.joblib")
    pickled, clouded = pickle.dumps(model), cloudpickle.dumps(model)
    written = skops.io.dumps(model)
    all_types = skops.io.get_untrusted_types(data=written)
    return {
        "load": lambda: skrnn.load(folder / "model.skops", trusted=trusted),
        "pickle": lambda: pickle.loads(pickled),
        "joblib": lambda: joblib.load(folder / "model.joblib"),
        "cloudpickle": lambda: cloudpickle.loads(clouded),
        "skops": lambda: skops.io.loads(written, trusted=all_types),
    }


def told(model, given):
    """All that a model says of sequences (dict of ndarray)."""
    names = ("predict", "predict_proba", "decision_function", "predict_quantiles")
    return {name: getattr(model, name)(given) for name in names if hasattr(model, name)}


def assert_tells(model, expected, given):
    """Assert that a model says what another did, to the bit."""
    found = told(model, given)
    assert found.keys() == expected.keys()
    for name in expected:
        assert_array_equal(found[name], expected[name])
