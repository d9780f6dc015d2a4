"""X of every kind that sources are tested with."""

import numpy as np
from hypothesis import strategies as st

from skrnn import SlidingWindow

F = 2
KINDS = ["dense", "padded", "ragged", "windowed"]


@st.composite
def inputs(draw):
    """Draw an X of any kind and, for each sample, its present steps."""
    kind = draw(st.sampled_from(KINDS))
    dtype = draw(st.sampled_from([np.float64, np.float32, np.int64]))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    n = draw(st.integers(1, 7))
    offset = draw(st.sampled_from([0, 1000, -100_000]))

    def numbers(*shape):
        return (offset + 30 * rng.normal(size=shape)).astype(dtype)

    if kind == "dense":
        X = numbers(n, draw(st.integers(1, 5)), F)
        return X, list(X)
    if kind == "ragged":
        X = [numbers(length, F) for length in rng.integers(0, 6, n)]
        return X, X
    if kind == "padded":
        X = numbers(n, draw(st.integers(1, 5)), F).astype(float)
        X[rng.random(X.shape[:2]) < 0.4] = np.nan
        return X, [sample[~np.isnan(sample[:, 0])] for sample in X]
    rows = numbers(n, F).astype(float)
    if draw(st.booleans()):
        gone = rng.random(n) < 0.3
        # Windows of nothing but NaN are refused.
        rows[gone & ~gone.all()] = np.nan
    horizon, length = draw(st.integers(0, 2)), draw(st.integers(1, 4))
    present = []
    for i in range(n):
        stop = i + 1 - horizon
        seen = rows[max(0, stop - length) : max(0, stop)]
        present.append(seen[~np.isnan(seen[:, 0])])
    return SlidingWindow(length, horizon=horizon).fit_transform(rows), present
