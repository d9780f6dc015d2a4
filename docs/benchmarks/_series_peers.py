"""The recurrent networks of neuralforecast, fitted to all series of a panel at once."""

import logging

import numpy as np
import pandas as pd
from _series_cache import kept

__all__ = ["network_of_neuralforecast"]


def network_of_neuralforecast(series, name="LSTM"):
    """Tables (steps, 5) by series, of a network with its default settings.

    But for the loss: quantiles, whose median is the forecast, so that there are
    intervals as well.
    """
    known = {s.name: s.y.to_numpy()[: s.origins[-1]] for s in series}
    return _fitted(name, known, series[0].steps)


@kept
def _fitted(name, known, steps):
    from neuralforecast import NeuralForecast, models
    from neuralforecast.losses.pytorch import MQLoss

    for logger in ("pytorch_lightning", "lightning_fabric"):
        logging.getLogger(logger).setLevel(logging.ERROR)
    rows = [
        pd.DataFrame({"unique_id": k, "ds": np.arange(len(y)) - len(y), "y": y})
        for k, y in known.items()
    ]
    quiet = {"enable_progress_bar": False, "logger": False}
    quiet |= {"enable_checkpointing": False, "accelerator": "cpu"}
    shortest = min(len(y) for y in known.values())
    model = getattr(models, name)(
        h=steps,
        loss=MQLoss(level=[80, 95]),
        start_padding_enabled=shortest < 4 * steps,
        random_seed=0,
        **quiet,
    )
    forecaster = NeuralForecast(models=[model], freq=1)
    forecaster.fit(pd.concat(rows, ignore_index=True))
    found = forecaster.predict()
    parts = ("median", "lo-80", "hi-80", "lo-95", "hi-95")
    columns = [f"{name}-{part}" for part in parts]
    groups = found.groupby("unique_id")
    return {k: groups.get_group(k).sort_values("ds")[columns].to_numpy() for k in known}
