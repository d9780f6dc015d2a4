"""Gaps and outliers of rows."""

import numpy as np

from skrnn._forecasting.differencing import filled_forward, without_outliers


def test_filled_forward():
    values = np.array([[np.nan], [1.0], [np.nan], [np.nan], [2.0], [np.nan]])
    start = np.array([0, 0, 0, 3, 3, 3])
    found = filled_forward(values, start)[:, 0]
    np.testing.assert_array_equal(found, [np.nan, 1.0, 1.0, np.nan, 2.0, 2.0])


def test_gross_outliers_count_for_little():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(200, 3))
    plain = values.copy()
    values[20, 0], values[:, 2] = 1e6, np.nan
    found = without_outliers(values)
    usual = np.quantile(np.abs(values[:, 0]), 0.95)
    np.testing.assert_allclose(found[20, 0], 10 * usual)
    others = np.arange(200) != 20
    np.testing.assert_array_equal(found[others, 0], plain[others, 0])
    np.testing.assert_array_equal(found[:, 1], plain[:, 1])
    assert np.isnan(found[:, 2]).all()
    # Where nearly all is zero the rest is what there is to know.
    rare = np.zeros((200, 1))
    rare[7] = 5.0
    np.testing.assert_array_equal(without_outliers(rare), rare)
