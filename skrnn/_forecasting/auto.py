"""What a forecaster does about its series, where its parameters leave that open.

Every "auto" of the forecaster is decided here, and nowhere else.
"""

from typing import NamedTuple

import numpy as np

from skrnn._forecasting.calendar_cycles import usual_calendar, without_cycle
from skrnn._forecasting.differencing import Differencing
from skrnn._forecasting.filled_table import FilledTable
from skrnn._forecasting.limits import refuse_short
from skrnn._forecasting.order_limits import refuse_orders, refuse_sizes
from skrnn._forecasting.plausibility import (
    check_log,
    check_sizes,
    check_sizes_of_x,
)
from skrnn._forecasting.seasonality import (
    Seasonality,
    choose_log,
    choose_seasonality,
    seasonal_period,
    usual_period,
)
from skrnn._warn import warn_user

__all__ = ["Options", "Settings", "choose_settings", "wants_calibration"]

# Seasons that a window holds unless its length is given, and the bounds of its rows: a
# year of months at the least, a week of hours at the most. Set by hand; what they give
# docs/benchmarks/forecasting.py measures, docs/benchmarks/tuning/forecaster.py tries
# others.
_SEASONS, _LEAST_WINDOW, _MOST_WINDOW = 3, 12, 168
# Steps to learn where neither fh nor a season says how many: a year of months.
_STEPS = 12


class Options(NamedTuple):
    """What a forecaster was given, by the names of its parameters."""

    strategy: str
    window_length: int | None
    sp: int | str
    log: bool | str
    difference: int | str
    seasonal_difference: int | str
    scaling: str | None
    fourier_terms: int | str
    calendar: list | bool | None
    linear_effects: bool
    series_id: bool
    n_estimators: int
    interval: str | None
    calibration_fraction: float
    adaptation_rate: float
    insample: bool
    network_weight: float | str
    loss: str | None  # of the estimator, where it has one


class Settings(NamedTuple):
    """All that is decided before a network is made."""

    strategy: str
    steps: np.ndarray  # (n,) steps ahead to learn, rising
    is_later: np.ndarray  # (n,) which of them are asked for once late rows have come
    window_length: int
    log: np.ndarray  # (k,) the targets whose logarithm is forecast
    differencing: Differencing
    scaling: str | None
    fourier_terms: int
    calendar: tuple  # names of features
    linear_effects: bool
    series_id: bool
    n_members: int
    calibration_fraction: float | None  # None: no rows are set aside
    adaptation_rate: float
    uses_loss: bool  # whether the loss may answer for the errors, where it can
    keeps_insample: bool
    network_weight: float | None  # None: as errors tell
    judged_fraction: float  # of the rows, newest ones, by which they do
    tries_logarithm: bool  # whether smoothing may take logarithms, or not take them


def choose_settings(options, table, frames, steps, late=0, n_days=np.inf):
    """Decide by looking at the series.

    Parameters
    ----------
    options : Options
        What was given.
    table : SeriesTable
        The series.
    frames : SeriesFrames
        What is known of their columns and times.
    steps : ndarray of int64, or None
        Steps ahead of the newest row that are asked for, in any order; those up to
        zero are not learned.
    late : int, default=0
        How many of the newest rows have no target: what is asked for is as many more
        steps ahead of the newest that has one, until those rows come.
    n_days : float, default=inf
        How many days the series cover.

    Returns
    -------
    settings : Settings
    filled : FilledTable
        The series as they were looked at.

    Raises
    ------
    ValueError
        If parameters do not fit each other or the series.
    """
    freq = frames.axis.freq
    orders, log = _wanted(options)
    longest = int(table.lengths.max())
    refuse_sizes(options, table, longest)
    filled = _filled(table, log, frames)
    sp = _period(options, table, freq, longest)
    steps, is_later = _steps_to_learn(steps, late, sp, longest)
    window_length = _window_rows(options.window_length, sp, longest - int(steps[-1]))
    given = Seasonality(*orders, _terms(options, sp))
    refuse_orders(given, sp, longest)
    chosen = choose_seasonality(
        filled, sp, options.scaling, window_length, int(steps[-1]), given
    )
    weight = _network_weight(options)
    is_calibrated = wants_calibration(
        options.interval, options.strategy, options.loss, weight
    )
    settings = Settings(
        **_as_given(options),
        steps=steps,
        is_later=is_later,
        window_length=window_length,
        log=filled.log,
        differencing=Differencing(chosen.difference, chosen.seasonal_difference, sp),
        fourier_terms=chosen.fourier_terms,
        calendar=_calendar(options.calendar, freq, n_days),
        linear_effects=options.linear_effects and options.loss != "poisson",
        calibration_fraction=options.calibration_fraction if is_calibrated else None,
        network_weight=weight,
    )
    return settings, filled


def _as_given(options):
    """Settings that nothing of the series decides (dict)."""
    return {
        "strategy": options.strategy,
        "scaling": options.scaling,
        "series_id": options.series_id,
        "n_members": options.n_estimators,
        "adaptation_rate": options.adaptation_rate,
        "uses_loss": options.interval != "conformal",
        "keeps_insample": options.insample,
        "judged_fraction": options.calibration_fraction,
        "tries_logarithm": options.log == "auto",
    }


def network_weight_of(given, interval, loss):
    """How much networks count beside smoothing.

    Parameters
    ----------
    given : float or "auto"
        The parameter.
    interval : {"auto", "conformal", "loss"} or None
        Where intervals come from.
    loss : str or None
        Of the estimator.

    Returns
    -------
    float or None
        None where errors are to tell. What a likelihood says is of the networks alone.
    """
    if not isinstance(given, str):
        return given
    is_law = loss in ("quantile", "gaussian", "student_t")
    is_asked = is_law and interval in ("auto", "loss")
    return 1.0 if is_asked or interval == "loss" or loss == "poisson" else None


def _network_weight(options):
    weight = network_weight_of(options.network_weight, options.interval, options.loss)
    if weight != 1 and options.interval == "loss":
        raise ValueError(
            "interval='loss' says how sure networks are, which count for no more than "
            f"network_weight={options.network_weight}. Set it to 1, or set "
            "interval='conformal'."
        )
    return weight


def wants_calibration(interval, strategy, loss, weight=1.0):
    """Whether errors on rows set aside are wanted.

    Parameters
    ----------
    interval : {"auto", "conformal", "loss"} or None
        Where intervals come from.
    strategy : str
        How several steps ahead are forecast.
    loss : str or None
        Of the estimator.
    weight : float or None, default=1.0
        What `network_weight_of` gives.

    Returns
    -------
    bool
    """
    if interval in (None, "loss"):
        return False
    if weight != 1:
        return True
    tells_all = loss in ("gaussian", "student_t")
    is_direct = strategy in ("multioutput", "direct")
    return interval == "conformal" or not (tells_all and is_direct)


def _wanted(options):
    """Differences, ordinary and seasonal, and logarithm, as far as they are told."""
    orders, log = (options.difference, options.seasonal_difference), options.log
    if options.loss != "poisson":
        return orders, log
    # Counts are learned as they are.
    orders = tuple(0 if order == "auto" else order for order in orders)
    log = False if log == "auto" else log
    if options.scaling is not None or log or any(orders):
        raise ValueError(
            'loss="poisson" is for counts as they are. Set scaling=None, and leave '
            "log and the differences alone."
        )
    return orders, log


def _filled(table, log, frames):
    """The table as it is looked at, whose numbers can be computed with."""
    if log == "auto":
        log = choose_log(table)
    else:
        if log:
            check_log(table, frames)
        log = np.full(table.y.shape[1], bool(log))
    filled = FilledTable(table, log)
    check_sizes(filled, frames)
    check_sizes_of_x(table, frames)
    return filled


def _terms(options, sp):
    """Pairs of sine and cosine, as far as they are told."""
    terms = options.fourier_terms
    if sp == 1:
        if terms not in (0, "auto"):
            warn_user(
                f"fourier_terms={terms} has no effect, since there is no season: sp is "
                "1, or was not found. Set sp to the rows of a season."
            )
        return 0
    if terms != "auto" and terms > sp // 2:
        raise ValueError(
            f"fourier_terms={terms} is more than a season of {sp} rows can have: pairs "
            f"beyond {sp // 2} repeat those before. Set fourier_terms={sp // 2} or "
            "less."
        )
    return terms


def _period(options, table, freq, longest):
    sp = options.sp
    if sp == "auto":
        usual = usual_period(freq)
        sp = seasonal_period(table) if usual is None else usual
    elif sp > max(longest, 1) and sp > 1:
        raise ValueError(
            f"sp={sp} rows make a season, but the longest series has only {longest}. "
            "Give two seasons or more, or set sp=1."
        )
    elif 2 * sp > longest:
        given = options.seasonal_difference, options.fourier_terms
        if set(given) - {0, "auto"}:
            raise ValueError(
                f"sp={sp} rows make a season, but the longest series has only "
                f"{longest}. Give two seasons or more, or set sp=1."
            )
        warn_user(
            f"sp={sp} has no effect: the longest series has {longest} rows, and a "
            "season shows in two of them. Give more rows, or set sp=1."
        )
    return int(sp) if 2 * sp <= longest else 1


def _steps_to_learn(steps, late, sp, longest):
    """Steps ahead of the newest target, and which are wanted only later."""
    if steps is None:
        refuse_short(1, longest)
        usual = sp if sp > 1 else _STEPS
        ahead = np.arange(1, max(1, min(usual, longest // 4)) + 1)
        return ahead, np.zeros(len(ahead), dtype=bool)
    now = steps + late
    ahead = np.union1d(steps, now)
    ahead = ahead[ahead > 0] if (ahead > 0).any() else np.array([1])
    refuse_short(int(ahead[-1]), longest)
    return ahead, ~np.isin(ahead, now)


def _window_rows(window_length, sp, most_origins):
    if window_length is not None:
        return int(window_length)
    rows = max(_SEASONS * sp, _LEAST_WINDOW)
    rows = min(rows, max(_MOST_WINDOW, sp))
    return int(max(1, min(rows, most_origins // 2)))


def _calendar(calendar, freq, n_days):
    if isinstance(calendar, (bool, np.bool_)) and calendar:
        return () if freq is None else tuple(usual_calendar(freq, n_days))
    features = tuple(calendar or ())
    unseen = without_cycle(features, n_days)
    if unseen:
        warn_user(
            f"calendar has {unseen}, but the series cover only {n_days:.4g} days: "
            "values that are to come were never seen. Leave them out, or give more "
            "rows; calendar=True takes what has been seen twice."
        )
    return features
