"""Scaling, instance normalisation and the linear path, in double precision."""

from typing import NamedTuple

import numpy as np

from skrnn._onnx.graph import Value
from skrnn._onnx.steps import take_steps
from skrnn._preprocessing.scaling import FARTHEST, LEAST_VARIANCE


class Moments(NamedTuple):
    """Level and deviation of each feature within a sequence, both (N, F)."""

    level: Value
    deviation: Value | None  # None where nothing is divided by it


def array_of(tensor):
    """Numbers of a tensor of torch, as an array."""
    return tensor.detach().cpu().numpy()


def limited(scaling, steps):
    """Move what lies too far from the mean of a feature nearer, as `Scaling.limited`.

    Parameters
    ----------
    scaling : Scaling
        Fitted.
    steps : Steps
        Sequences in the units of the fit.

    Returns
    -------
    Steps
    """
    if not scaling.is_bounded:
        return steps
    which = "x" if scaling.instance_norm is None else "row"
    mean = array_of(getattr(scaling, f"{which}_mean"))
    reach = FARTHEST * array_of(getattr(scaling, f"{which}_scale"))
    return steps._replace(x=steps.x.clip(mean - reach, mean + reach))


def moments_of(scaling, steps):
    """Level and spread of each sequence, or None where nothing is taken off.

    Parameters
    ----------
    scaling : Scaling
        Fitted.
    steps : Steps
        Sequences in the units of the fit.
    """
    if scaling.instance_norm is None:
        return None
    x, graph = steps.x, steps.x.graph
    row_mean, row_scale = array_of(scaling.row_mean), array_of(scaling.row_scale)
    seen = steps.is_there.unsqueeze(2) & ~x.apply("IsNaN", dtype=bool)  # (N, L, F)
    count = seen.cast(np.float64).sum(1)  # (N, F)
    has_value = count > 0
    if scaling.instance_norm == "last":
        place = (graph.range(x.length(1)) + 1).unsqueeze(1)  # (L, 1)
        newest = (seen.cast(np.int64) * place).max(1, keep=True) - 1
        level = x.gather_elements(newest.at_least(0), 1).squeeze(1)
        return Moments(graph.where(has_value, level, row_mean), None)
    count = count.at_least(1.0)
    level = graph.where(seen, x, 0.0).running_sum(1) / count
    error = graph.where(seen, x - level.unsqueeze(1), 0.0)
    variance = (error * error).running_sum(1) / count
    deviation = (variance + LEAST_VARIANCE * row_scale**2).apply("Sqrt")
    return Moments(
        graph.where(has_value, level, row_mean),
        graph.where(has_value, deviation, row_scale),
    )


def _normalise(x, moments):
    if moments is None:
        return x
    x = x - moments.level.unsqueeze(1)
    return x if moments.deviation is None else x / moments.deviation.unsqueeze(1)


def scaled_inputs(scaling, steps, moments):
    """Inputs (N, L, n_inputs) of a network, of float64.

    Parameters
    ----------
    scaling : Scaling
        Fitted.
    steps : Steps
        Sequences in the units of the fit.
    moments : Moments or None
        Theirs.
    """
    x, graph = steps.x, steps.x.graph
    mean, scale = array_of(scaling.x_mean), array_of(scaling.x_scale)
    x = (_normalise(x, moments) - mean) / scale
    if scaling.is_bounded:
        x = x.clip(-FARTHEST, FARTHEST)
    if not scaling.indicator:
        return x
    missing = x.apply("IsNaN", dtype=bool)
    filled = graph.where(missing, 0.0, x)
    return graph.concat([filled, missing.cast(np.float64)], axis=2)


def baseline_of(baseline, steps, moments):
    """What is added to the outputs of a network.

    Parameters
    ----------
    baseline : Baseline
        Fitted.
    steps : Steps
        Sequences in the units of the fit.
    moments : Moments or None
        Theirs.

    Returns
    -------
    taken_off : Value of shape (N, k) or array of shape (k,), of float64
        Level and linear path.
    spread : Value of shape (N, k) of float64, or None
        What the rest was measured by; None where targets follow no level.
    """
    predicted = np.zeros(baseline.n_targets)
    if baseline.linear_path is not None:
        predicted = _linear_path(baseline.linear_path, steps, moments)
    if not baseline.has_level:
        return predicted, None
    feature = array_of(baseline.feature)
    level = moments.level.gather(feature, 1)  # (N, k)
    if baseline.units is not None:
        followed = baseline.units[np.arange(len(feature)), feature]
        level = level.times_power_of_two(followed)
    if moments.deviation is None:
        spread = level * 0.0 + 1.0
    else:
        spread = moments.deviation.gather(feature, 1)
    if baseline.linear_path is not None:
        level = level + spread * predicted
    return level, spread


def _linear_path(path, steps, moments):
    """Targets (N, k) from the newest steps."""
    x, lengths, graph = steps.x, steps.lengths, steps.x.graph
    n_steps = path.n_steps
    place = lengths.unsqueeze(1) + np.arange(-n_steps, 0)  # (N, S)
    values = _normalise(
        take_steps(x, place.at_least(0).at_most(x.length(1) - 1)), moments
    )
    seen = (place >= 0).unsqueeze(2) & ~values.apply("IsNaN", dtype=bool)  # (N, S, F)
    values = graph.where(seen, values, np.nan)
    rank = (seen.cast(np.int64) * np.arange(1, n_steps + 1)[:, None]).max(1, keep=True)
    # Where no step is known the first is NaN like the others.
    newest = values.gather_elements((rank - 1).at_least(0), 1)  # (N, 1, F)
    older = values.slice(1, 0, n_steps - 1) - newest
    regressors = graph.concat([older, newest], axis=1).reshape(0, -1)
    centred = regressors - array_of(path.center)
    centred = graph.where(centred.apply("IsNaN", dtype=bool), 0.0, centred)
    return centred @ array_of(path.weight).T + array_of(path.bias)
