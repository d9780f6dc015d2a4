"""Forecasts of one series by models that this project does not have.

Each takes the known values (n,), the rows of a season and the steps ahead, and gives
a table (steps, 5): the forecast, and the bounds of the intervals of 80 and 95 %, NaN
where a model has none.
"""

import warnings

import numpy as np

__all__ = ["CLASSICAL", "COMBINED", "MODELS", "combine", "forecast_by"]

CLASSICAL = ("AutoETS", "AutoARIMA", "AutoTheta")
# Of the three above, step by step.
COMBINED = {"mean of three": np.mean, "median of three": np.median}
_LONGEST_SEASON = 24  # of AutoARIMA: 52 weeks take minutes for each series


def forecast_by(name, values, sp, steps):
    """The table of a model by its name; of the seasonal naive forecast if it fails."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            table = MODELS[name](np.asarray(values, dtype=float), sp, steps)
        except (ValueError, ZeroDivisionError, IndexError, np.linalg.LinAlgError):
            table = np.full((steps, 5), np.nan)
    if not np.isfinite(table[:, 0]).all():
        table = _of_statsforecast("SeasonalNaive")(values, sp, steps)
    return table


def combine(tables, how):
    """The forecasts of several tables as one, without intervals."""
    found = np.full_like(tables[0], np.nan)
    found[:, 0] = how([t[:, 0] for t in tables], axis=0)
    return found


def _of_statsforecast(name):
    def forecast(values, sp, steps):
        from statsforecast import models

        options = {} if name == "Naive" else {"season_length": sp}
        if name == "AutoARIMA":
            # As R's auto.arima does: the search goes by approximate likelihoods there.
            options["approximation"] = len(values) > 150 or sp > 12
            if sp > _LONGEST_SEASON:
                options["season_length"] = 1
        model = getattr(models, name)(**options)
        found = model.forecast(y=values.copy(), h=steps, level=[80, 95])
        names = ("mean", "lo-80", "hi-80", "lo-95", "hi-95")
        return np.column_stack([found[n] for n in names])

    return forecast


def lightgbm(values, sp, steps):
    """Gradient boosting on the newest changes, its own forecasts fed back."""
    import lightgbm as lgb

    changes = np.diff(values)
    n_lags = int(min(max(2 * sp, 12), len(changes) // 3, 168))
    scale = changes.std() or 1.0
    changes = changes / scale
    rows = np.lib.stride_tricks.sliding_window_view(changes, n_lags + 1)
    place = (np.arange(len(rows)) + n_lags) % sp
    options = {"n_estimators": 100, "learning_rate": 0.05, "num_leaves": 15}
    few = min(20, max(3, len(rows) // 10))
    model = lgb.LGBMRegressor(
        **options, min_child_samples=few, n_jobs=1, verbose=-1, random_state=0
    )
    model.fit(np.column_stack([rows[:, :-1], place]), rows[:, -1])
    known = list(changes)
    for k in range(steps):
        row = [*known[len(known) - n_lags :], (len(changes) + k) % sp]
        known.append(float(model.predict(np.array([row]))[0]))
    table = np.full((steps, 5), np.nan)
    table[:, 0] = values[-1] + scale * np.cumsum(known[len(changes) :])
    return table


MODELS = {
    "Naive": _of_statsforecast("Naive"),
    "SeasonalNaive": _of_statsforecast("SeasonalNaive"),
    "AutoETS": _of_statsforecast("AutoETS"),
    "AutoARIMA": _of_statsforecast("AutoARIMA"),
    "AutoTheta": _of_statsforecast("AutoTheta"),
    "LightGBM on lags": lightgbm,
}
