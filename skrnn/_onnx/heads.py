"""What the outputs of networks mean, as nodes of a graph."""

import numpy as np
from scipy import stats

from skrnn._onnx.student_t import student_quantiles
from skrnn._targets.heads import (
    LEAST_SCALE,
    Classes,
    Gaussian,
    Labels,
    LogRate,
    Point,
    Quantiles,
    StudentT,
)

_LAWS = (Gaussian, StudentT)
_KNOWN = (Point, Classes, Labels, LogRate, Quantiles, *_LAWS)


def transform(head, raw):
    """Turn raw outputs into parameters, both (N, k, width)."""
    graph = raw.graph
    if type(head) not in _KNOWN:
        raise NotImplementedError(
            f"No ONNX operators are known for outputs of {type(head).__name__}."
        )
    if isinstance(head, Quantiles):
        median = head.levels.index(0.5)
        parts = [raw.slice(-1, median, median + 1)]
        if median > 0:
            below = raw.slice(-1, 0, median).apply("Softplus")
            parts.insert(0, parts[0] - below.cumsum(2, reverse=True))
        if median < head.width - 1:
            above = raw.slice(-1, median + 1).apply("Softplus")
            parts.append(raw.slice(-1, median, median + 1) + above.cumsum(2))
        return graph.concat(parts, axis=2)
    if isinstance(head, _LAWS):
        parts = [
            raw.slice(-1, 0, 1),
            raw.slice(-1, 1, 2).apply("Softplus") + LEAST_SCALE,
        ]
        if isinstance(head, StudentT):
            freedom = raw.slice(-1, 2).apply("Softplus") + head.least_freedom
            parts.append(freedom)
        return graph.concat(parts, axis=2)
    return raw


def affine(head, parameters, shift, scale):
    """Parameters of ``shift + scale * target``.

    Parameters
    ----------
    head : Point
        What they mean.
    parameters : Value of shape (N, k, width)
        As they are.
    shift, scale : Value or array of shape (k,) or (N, k)
        In their dtype.
    """
    graph = parameters.graph
    shift, scale = (
        item[..., None] if isinstance(item, np.ndarray) else item.unsqueeze(-1)
        for item in (shift, scale)
    )
    if isinstance(head, LogRate):
        return parameters + np.log(scale)
    if isinstance(head, _LAWS):
        parts = [
            parameters.slice(2, 0, 1) * scale + shift,
            parameters.slice(2, 1, 2) * scale,
        ]
        if isinstance(head, StudentT):
            parts.append(parameters.slice(2, 2))
        return graph.concat(parts, axis=2)
    return parameters * scale + shift


def location(head, parameters):
    """Forecasts (N, k) from parameters (N, k, width)."""
    place = head.levels.index(0.5) if isinstance(head, Quantiles) else 0
    forecast = _column(parameters, place)
    return forecast.apply("Exp") if isinstance(head, LogRate) else forecast


def deviation(head, parameters):
    """Standard deviations (N, k), or None where the loss learns none."""
    if not isinstance(head, _LAWS):
        return None
    scale = _column(parameters, 1)
    if isinstance(head, Gaussian):
        return scale
    freedom = _column(parameters, 2)
    return scale * (freedom / (freedom - 2.0)).apply("Sqrt")


def quantiles(head, parameters, levels):
    """Quantiles (N, k, n_levels), or None where the loss learns none."""
    if isinstance(head, Quantiles):
        places = np.array([head.levels.index(level) for level in levels])
        return parameters.gather(places, 2)
    if not isinstance(head, _LAWS):
        return None
    middle, scale = parameters.slice(2, 0, 1), parameters.slice(2, 1, 2)
    if isinstance(head, Gaussian):
        return middle + scale * stats.norm.ppf(np.asarray(levels))
    return middle + scale * student_quantiles(parameters.slice(2, 2), levels)


def _column(parameters, place):
    return parameters.gather(np.array(place), 2)
