"""scikit-learn's estimator checks: all of them, on every public class."""

from unittest import SkipTest

import numpy as np
import pytest
import sklearn
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_get_feature_names_out_error,
    check_param_validation,
    check_set_output_transform,
    check_set_output_transform_pandas,
    check_set_output_transform_polars,
    check_transformer_get_feature_names_out,
    check_transformer_get_feature_names_out_pandas,
    estimator_checks_generator,
    parametrize_with_checks,
)

from skrnn import (
    FlattenSequence,
    RNNClassifier,
    RNNRegressor,
    SlidingWindow,
    TimeDistributed,
    ToSequence,
)

FULL_BATCH = {
    "batch_size": None,
    "dtype": "float64",
    "early_stopping": False,
    "max_epochs": 40,
    "n_estimators": 1,  # ten of them are alike, and take ten times as long
}
QUICK = {"max_epochs": 40, "n_estimators": 1}
# Estimators, and how many checks scikit-learn 1.9 has for each.
ESTIMATORS = {
    RNNRegressor(): 59,
    RNNClassifier(): 66,
    RNNRegressor(**FULL_BATCH): 59,
    RNNClassifier(n_kernels=84, **FULL_BATCH): 66,
    RNNRegressor(segment_length=3, decoder="parallel", **QUICK): 59,
    SlidingWindow(): 46,
    SlidingWindow(window_length=1): 46,
    ToSequence(): 46,
    FlattenSequence(): 46,
    TimeDistributed(StandardScaler()): 46,
}


def cannot_hold(estimator):
    """Names of the checks that fail by what the estimator is, and why; no other may."""
    if isinstance(estimator, SlidingWindow) and estimator.window_length > 1:
        names = (
            "check_methods_subset_invariance",
            "check_methods_sample_order_invariance",
        )
        return dict.fromkeys(names, "the window of a row is made of the rows before it")
    if getattr(estimator, "batch_size", None) is not None:
        reason = "mini-batches are drawn by sample, not by weight"
        return {"check_sample_weight_equivalence_on_dense_data": reason}
    return {}


# What is expected to fail has to: the settings of pytest make every xfail strict.
@parametrize_with_checks(list(ESTIMATORS), expected_failed_checks=cannot_hold)
def test_check(estimator, check):
    try:
        check(estimator)
    except SkipTest as error:
        pytest.fail(f"The check was skipped, so that it shows nothing: {error}")


@pytest.mark.parametrize(("estimator", "n_checks"), ESTIMATORS.items())
def test_no_check_is_left_out(estimator, n_checks):
    names = [c.func.__name__ for _, c in estimator_checks_generator(estimator)]
    assert set(cannot_hold(estimator)) <= set(names)
    if sklearn.__version__.startswith("1.9."):
        assert len(names) == n_checks
    else:
        assert len(names) >= 40


BY_HAND = [
    check_param_validation,
    check_dataframe_column_names_consistency,
]
TRANSFORMERS = [
    SlidingWindow(window_length=3),
    ToSequence(),
    FlattenSequence(),
    TimeDistributed(StandardScaler()),
]
OF_ANY_OUTPUT = [check_set_output_transform, check_get_feature_names_out_error]
# These count the names of a step's features against the columns of the output, so
# they need sequences of as many steps as a step has features: three.
OF_NAMES = [
    check_transformer_get_feature_names_out,
    check_transformer_get_feature_names_out_pandas,
]
# These need an output that a data frame can hold.
OF_2D_OUTPUT = [check_set_output_transform_pandas, check_set_output_transform_polars]


@pytest.mark.parametrize("check", BY_HAND, ids=lambda check: check.__name__)
@pytest.mark.parametrize(
    "estimator",
    [RNNRegressor(max_epochs=2), RNNClassifier(max_epochs=2), *TRANSFORMERS],
    ids=lambda estimator: type(estimator).__name__,
)
def test_checks_that_are_not_yielded(estimator, check):
    check(type(estimator).__name__, estimator)


# scikit-learn's checks mix arrays and frames on purpose.
@pytest.mark.filterwarnings("ignore:X (does not have valid|has) feature names")
@pytest.mark.parametrize(
    ("estimator", "check"),
    [(estimator, check) for estimator in TRANSFORMERS for check in OF_ANY_OUTPUT]
    + [
        (estimator, check)
        for estimator in TRANSFORMERS
        for check in OF_NAMES
        if not isinstance(estimator, ToSequence)
    ]
    + [(FlattenSequence(), check) for check in OF_2D_OUTPUT],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_transformer_checks_that_are_not_yielded(estimator, check):
    check(type(estimator).__name__, estimator)


@pytest.mark.parametrize("Estimator", [RNNRegressor, RNNClassifier])
def test_every_parameter_has_a_constraint(Estimator):
    assert set(Estimator._parameter_constraints) == set(Estimator().get_params())


def test_tags_buy_nothing():
    for estimator in (RNNRegressor(), RNNClassifier()):
        tags = estimator.__sklearn_tags__()
        assert not tags.non_deterministic
        assert tags.input_tags.two_d_array
        assert tags.input_tags.three_d_array
        assert tags.input_tags.allow_nan
        kind = tags.regressor_tags or tags.classifier_tags
        assert not kind.poor_score
        assert np.all([tags.target_tags.required])
