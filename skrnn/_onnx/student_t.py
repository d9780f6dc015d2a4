"""Quantiles of Student's t distribution, for which ONNX has no operator."""

import numpy as np
from numpy.polynomial import Chebyshev
from scipy import stats

# Degrees of freedom are above 2 where a network learns them, so their reciprocal, in
# which quantiles are smooth, lies between 0 and this.
_MOST = 0.5
# Largest error of a quantile, relative to it if it is above 1, and the degrees that are
# tried for it.
_TOLERANCE = 1e-9
_DEGREES = (12, 24, 48)


def student_quantiles(freedom, levels):
    """Quantiles of the law with location 0 and scale 1.

    Parameters
    ----------
    freedom : Value of shape (N, k, 1) of float64
        Degrees of freedom, above 2.
    levels : sequence of float
        In (0, 1).

    Returns
    -------
    Value of shape (N, k, n_levels)
    """
    graph = freedom.graph
    # From [0, most] to [-1, 1].
    place = graph.value(2.0 / _MOST, np.float64) / freedom - 1.0
    series = [_series(abs(level - 0.5)) for level in levels]
    sign = np.sign(np.asarray(levels) - 0.5)
    n_terms = max(map(len, series))
    terms = np.zeros((n_terms, len(levels)))
    for column, coefficients in zip(terms.T, series, strict=True):
        column[: len(coefficients)] = coefficients
    # Clenshaw's recurrence: the sum of Chebyshev polynomials.
    newest, before = graph.value(terms[-1]), graph.value(np.zeros(len(levels)))
    for row in terms[-2:0:-1]:
        newest, before = place * 2.0 * newest - before + row, newest
    return (place * newest - before + terms[0]).apply("Exp") * sign


def _series(distance):
    """Chebyshev coefficients of the logarithm of a quantile above the median.

    Parameters
    ----------
    distance : float
        Of its level from 0.5.
    """
    if distance == 0:
        return np.zeros(2)

    def wanted(place):
        reciprocal = (np.asarray(place) + 1) * _MOST / 2
        # Beyond that there is no difference from the normal distribution.
        freedom = 1 / np.maximum(reciprocal, 1e-14)
        # By the lower tail, which has more digits.
        return np.log(-stats.t.ppf(0.5 - distance, freedom))

    grid = np.linspace(-1, 1, 501)
    for degree in _DEGREES:
        series = Chebyshev.interpolate(wanted, degree)
        quantile = np.exp(wanted(grid))
        error = np.abs(np.exp(series(grid)) - quantile) / np.maximum(1.0, quantile)
        if error.max() < _TOLERANCE:
            return series.coef
    raise NotImplementedError(
        f"The quantile at level {0.5 + distance:g} of Student's t distribution cannot "
        "be written as a polynomial. Leave it out of `quantiles`."
    )
