"""What Keras says to the code that tutorials pass on, and to the code set right.

usage: pip install keras; python docs/tutorial/figures/keras_code.py
(writes ../results/keras_code.txt; torch computes, a minute)
"""

import os
import textwrap
from pathlib import Path

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
from keras.layers import LSTM, Dense, Dropout

PLACE = Path(__file__).resolve().parent.parent / "results" / "keras_code.txt"


def network(shape):
    """Three layers of 50 units that read steps of `shape`."""
    return keras.Sequential(
        [
            keras.Input(shape),
            LSTM(50, return_sequences=True),
            Dropout(0.2),
            LSTM(50, return_sequences=True),
            Dropout(0.2),
            LSTM(50),
            Dropout(0.2),
            Dense(10, activation="softmax"),
        ]
    )


def fit(shape, loss):
    """What comes of a fit: the number of weights, or the error's text."""
    rng = np.random.default_rng(0)
    x = rng.random((64, *shape), dtype=np.float32)
    y = rng.integers(0, 10, 64)
    try:
        model = network(shape)
        model.compile(optimizer="adam", loss=loss, metrics=["accuracy"])
        model.fit(x, y, verbose=0)
    except ValueError as error:
        return f"ValueError: {' '.join(str(error).split())}"
    return f"trains, {model.count_params():,} weights"


def main():
    cases = (
        ((28, 28, 1), "sparse_categorical_crossentropy"),
        ((28, 28), "categorical_crossentropy"),
        ((28, 28), "sparse_categorical_crossentropy"),
    )
    lines = [f"Keras {keras.__version__}, backend {keras.backend.backend()}", ""]
    for shape, loss in cases:
        shown = ", ".join(map(str, shape))
        lines.append(f"x of shape (n, {shown}), loss={loss!r}:")
        lines += [f"    {told}" for told in textwrap.wrap(fit(shape, loss), 66)]
    PLACE.write_text("\n".join(lines) + "\n")
    print(PLACE.read_text())


if __name__ == "__main__":
    main()
