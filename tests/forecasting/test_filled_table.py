"""Centre and scale of each series."""

import numpy as np
import pandas as pd
import pytest

from skrnn._forecasting.table import SeriesTable
from tests.forecasting.support import table, transform_of


def test_moments():
    data = table()
    made, prepared = transform_of(data, scaling="series", log=(False, False))
    moments = prepared.table.moments
    for code in range(3):
        part = data.y[data.begin[code] : data.begin[code + 1]]
        for target in range(2):
            filled = pd.Series(part[:, target]).ffill().dropna()
            center, scale = moments[code, :, target]
            assert center == pytest.approx(filled.mean())
            assert scale == pytest.approx(filled.std(ddof=0))
    # Those that are there stay, new ones are learned.
    kept = moments * 2
    kept[1] = np.nan
    given = data.with_moments(kept)
    for learned in (made.with_moments(given), made.prepare(given).table):
        np.testing.assert_array_equal(learned.moments[[0, 2]], kept[[0, 2]])
        np.testing.assert_array_equal(learned.moments[1], moments[1])
    assert np.isnan(given.moments[1]).all()
    assert data.moments is None
    _, plain = transform_of(data, scaling=None)
    assert (plain.table.moments == [[0.0], [1.0]]).all()


def test_moments_of_what_does_not_vary_or_was_never_seen():
    y = np.column_stack([np.full(10, 3.0), np.full(10, np.nan)])
    data = SeriesTable([()], np.array([0]), np.array([0, 10]), y)
    _, prepared = transform_of(data, (1, 0), log=(True, True))
    np.testing.assert_allclose(prepared.table.moments, [[[np.log(3), 0.0], [1.0, 1.0]]])
    np.testing.assert_allclose(prepared.u, 0.0, atol=1e-12)
    assert not prepared.known[:, 1].any()
