"""Windows that are made local as they are read."""

import numpy as np

from skrnn._forecasting.table import Origins
from tests.forecasting.support import model, table, transform_of


def test_padded_windows():
    data = table(missing=False, x=False)
    made, prepared = transform_of(data)
    horizon_model = model(made, prepared, fourier_terms=0)
    origins = Origins(np.array([-1, 2, 20]), np.array([0, 0, 0]))
    dense = np.asarray(horizon_model.windows(prepared, origins))
    horizon_model = model(made, prepared, fourier_terms=0, needs_full=True)
    X = horizon_model.windows(prepared, origins)
    padded = np.asarray(X)
    np.testing.assert_array_equal(padded[0], 0.0)
    np.testing.assert_array_equal(padded[1], dense[1][[3, 3, 3, 3, 4, 5]])
    np.testing.assert_array_equal(padded[2], dense[2])
    np.testing.assert_array_equal(np.asarray(X[1:]), padded[1:])
    np.testing.assert_array_equal(np.asarray(X[np.array([2, 1])]), padded[[2, 1]])
    np.testing.assert_array_equal(X[1], padded[1])
    # Only full windows teach, where there are any.
    full, _, _ = horizon_model.samples(prepared)
    assert (full.length == 6).all()


def test_lazy_windows_are_the_dense_ones():
    data = table()
    made, prepared = transform_of(data)
    X, _, _ = model(made, prepared).samples(prepared)
    dense = np.asarray(X)
    assert X.dtype == np.float64
    rows = np.array([5, 0, 17, 5])
    np.testing.assert_array_equal(X.gather(rows), dense[rows])
    np.testing.assert_array_equal(
        X.gather(rows, dtype=np.float32), dense[rows].astype(np.float32)
    )
    out = np.empty((4, *X.shape[1:]))
    assert X.gather(rows, out=out) is out
    np.testing.assert_array_equal(out, dense[rows])
    mask = np.arange(len(X)) % 3 == 0
    np.testing.assert_array_equal(np.asarray(X[mask]), dense[mask])
    np.testing.assert_array_equal(np.asarray(X[4:9, ...]), dense[4:9])
    np.testing.assert_array_equal(np.asarray(X.with_values(X.values)), dense)
