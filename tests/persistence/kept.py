"""Files of models as each release has written them, which every later one reads.

    python -m tests.persistence.kept

writes those of this version, once, before it is released: files that are there are
what users have, and are not written again.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skrnn
from skrnn import (
    FlattenSequence,
    RNNClassifier,
    RNNRegressor,
    SlidingWindow,
    TimeDistributed,
    TokenSequence,
    ToSequence,
)
from skrnn.sktime import RNNForecaster, RNNPanelClassifier, RNNPanelRegressor

FOLDER = Path(__file__).parent / "files"
SMALL = {"max_epochs": 3, "random_state": 0, "n_estimators": 1}
TINY = {"hidden_size": 3, **SMALL}
FH = [1, 2, 3]
# How far predictions of two machines may be apart, as a share of the largest.
TOLERANCE = 1e-4


def series(n_steps):
    """Steps (n_steps, 2) that have a period and a trend."""
    steps = np.arange(n_steps)
    return np.stack([np.sin(steps / 3) + steps / 50, np.cos(steps / 7)], axis=1)


def sequences():
    """Sequences (40, 12, 2), and numbers and classes that follow from them."""
    X = np.stack([series(n + 12)[n:] for n in range(0, 200, 5)])
    y = X[:, -1, 0] * X[:, 3, 1]
    return X, y, np.array(["low", "high"])[(y > np.median(y)).astype(int)]


def many():
    """As many sequences as are worth several threads, (2000, 12, 2)."""
    return np.tile(sequences()[0], (50, 1, 1)) + np.arange(2000)[:, None, None] / 1000


def rows(first, last):
    """Rows of two sites by the hour."""
    hours = pd.date_range("2024-03-30", periods=last, freq="h", tz="Europe/Berlin")
    index = pd.MultiIndex.from_product([["a", "b"], hours], names=["site", "hour"])
    values = np.concatenate([series(last), 2 * series(last)])
    table = pd.DataFrame(values, index=index, columns=["load", "heat"])
    return table[np.tile(np.arange(last) >= first, 2)]


def months():
    """A monthly series with a season."""
    index = pd.period_range("2015-01", periods=72, freq="M")
    return pd.Series(50 + np.arange(72) + 9 * np.sin(np.arange(72) * np.pi / 6), index)


def lags():
    """Lag columns with names."""
    columns = [f"load__lag{lag}" for lag in range(11, -1, -1)]
    return pd.DataFrame(sequences()[0][:, :, 0], columns=columns)


def _regressor():
    X, y, _ = sequences()
    return RNNRegressor(**SMALL).fit(X, y)


def _columns():
    _, y, _ = sequences()
    options = {"cell": "lstm", "loss": "gaussian", "instance_norm": "last"}
    return RNNRegressor(**TINY | options).fit(lags(), y)


def _options():
    X, y, _ = sequences()
    options = {"num_layers": 2, "norm": "batch", "pooling": "attention"}
    options |= {"missing": "indicator", "loss": "quantile", "bidirectional": True}
    return RNNRegressor("rnn", **TINY | options).fit(X, np.stack([y, -y], axis=1))


def _classifier():
    X, _, classes = sequences()
    return RNNClassifier(**TINY, n_kernels=84, learning_rate=0.01).fit(X, classes)


def _pipeline():
    window = SlidingWindow(6, horizon=1)
    model = make_pipeline(
        window, TimeDistributed(StandardScaler()), RNNRegressor(**TINY)
    )
    return model.fit(rows(0, 60), rows(0, 60).load)


def _classical():
    # Columns, sequences, and columns again.
    steps = ToSequence(n_features=1), TimeDistributed(), FlattenSequence(pad="edge")
    return make_pipeline(*steps, Ridge()).fit(lags(), sequences()[1])


def _forecaster():
    small = RNNRegressor("gru", **TINY)
    options = {"n_estimators": 1, "network_weight": 0.5, "random_state": 0}
    return RNNForecaster(small, **options).fit(months(), fh=FH)


def texts():
    """Texts of two kinds, and which kind each is of."""
    words = "sun rain snow wind".split(), "tea milk cake bread".split()
    found = [
        " ".join(w[i % 4] for i in range(n, 2 * n)) for n in (2, 3, 5) for w in words
    ]
    return found * 5, ["weather", "food"] * 15


def _text():
    small = RNNClassifier(**TINY)
    return make_pipeline(TokenSequence(), small).fit(*texts())


def _panel(kind, estimator, place):
    return kind(estimator).fit(sequences()[0].transpose(0, 2, 1), sequences()[place])


# How each model is made, and what is asked of it.
MODELS = {
    "regressor": (_regressor, lambda m: m.predict(sequences()[0])),
    "columns": (_columns, lambda m: np.stack(m.predict(lags(), return_std=True))),
    "options": (_options, lambda m: m.predict_quantiles(sequences()[0])),
    "classifier": (_classifier, lambda m: m.predict_proba(sequences()[0])),
    "pipeline": (_pipeline, lambda m: m.predict(rows(60, 80))),
    "classical": (_classical, lambda m: m.predict(lags())),
    "text": (_text, lambda m: m.predict_proba(texts()[0])),
    "forecaster": (_forecaster, lambda m: m.predict_interval().to_numpy()),
    "panel_classifier": (
        lambda: _panel(RNNPanelClassifier, RNNClassifier(**TINY, n_kernels=None), 2),
        lambda m: m.predict_proba(sequences()[0].transpose(0, 2, 1)),
    ),
    "panel_regressor": (
        lambda: _panel(RNNPanelRegressor, RNNRegressor(**TINY), 1),
        lambda m: m.predict(sequences()[0].transpose(0, 2, 1)),
    ),
}


def main():
    """Write the files of this version."""
    folder = FOLDER / skrnn.__version__
    if folder.exists():
        sys.exit(f"{folder} is there already.")
    folder.mkdir(parents=True)
    told = {}
    for name, (make, ask) in MODELS.items():
        model = make()
        skrnn.save(model, folder / f"{name}.skops")
        told[name] = ask(model)
    np.savez_compressed(folder / "predictions.npz", **told)


if __name__ == "__main__":
    main()
