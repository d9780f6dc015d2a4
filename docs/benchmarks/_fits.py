"""One training, as skrnn and as its peers do it.

Every function takes a task and its data and returns a job: a call without arguments
that is one whole fit. The network is the same for all: a recurrent stack, its last
state, a linear layer, squared error, Adam.
"""

import logging
import os
import warnings
from importlib.util import find_spec
from typing import NamedTuple

import numpy as np
import torch
from skorch import NeuralNetRegressor
from torch import nn

from skrnn import RNNRegressor, make_windows

os.environ.setdefault("KERAS_BACKEND", "jax")

RATE = 0.01
CELLS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
N_GATES = {"lstm": 4, "gru": 3, "rnn": 1}


class Task(NamedTuple):
    cell: str
    batch: int
    steps: int
    features: int
    hidden: int
    layers: int
    batches: int  # in an epoch
    epochs: int

    @property
    def size(self):
        return ", ".join(map(str, self[1:6]))

    def data(self):
        rng = np.random.default_rng(0)
        shape = (self.batch * self.batches, self.steps, self.features)
        x = rng.normal(size=shape).astype(np.float32)
        return x, x[:, -1, 0].copy()

    def per_batch(self, seconds):
        return seconds / (self.batches * self.epochs)

    def flops(self):
        """Operations of the products of a batch: outputs, and both gradients."""
        rows = self.batch * self.steps
        width = N_GATES[self.cell] * self.hidden
        inputs = [self.features] + [self.hidden] * (self.layers - 1)
        total = sum(3 * 2 * rows * width * (n + self.hidden) for n in inputs)
        return total - 2 * rows * width * self.features  # none is asked for of X


class Network(nn.Module):
    def __init__(self, task):
        super().__init__()
        cell = CELLS[task.cell]
        self.stack = cell(task.features, task.hidden, task.layers, batch_first=True)
        self.head = nn.Linear(task.hidden, 1)

    def forward(self, x):
        return self.head(self.stack(x)[0][:, -1])


def skrnn(task, x, y):
    return lambda: RNNRegressor(
        task.cell,
        task.hidden,
        linear_steps=None,  # the others have none either
        n_estimators=1,
        num_layers=task.layers,
        batch_size=task.batch,
        max_epochs=task.epochs,
        learning_rate=RATE,
        max_grad_norm=None,
        early_stopping=False,
        random_state=0,
    ).fit(x, y)


def raw_torch(task, x, y):
    def fit():
        network = Network(task)
        optimizer = torch.optim.Adam(network.parameters(), lr=RATE, fused=True)
        inputs, targets = torch.from_numpy(x), torch.from_numpy(y)[:, None]
        for _ in range(task.epochs):
            for rows in torch.randperm(len(x)).split(task.batch):
                optimizer.zero_grad()
                loss = nn.functional.mse_loss(network(inputs[rows]), targets[rows])
                loss.backward()
                optimizer.step()

    return fit


def skorch(task, x, y):
    return lambda: NeuralNetRegressor(
        Network(task),
        max_epochs=task.epochs,
        lr=RATE,
        batch_size=task.batch,
        optimizer=torch.optim.Adam,
        train_split=None,
        iterator_train__shuffle=True,
        verbose=0,
    ).fit(x, y[:, None])


def keras_on_jax(task, x, y):
    """The model is made and compiled once; its fits go on from each other's weights."""
    import keras

    names = {"lstm": "LSTM", "gru": "GRU", "rnn": "SimpleRNN"}
    layer = getattr(keras.layers, names[task.cell])
    model = keras.Sequential([keras.Input((task.steps, task.features))])
    for i in range(task.layers):
        model.add(layer(task.hidden, return_sequences=i < task.layers - 1))
    model.add(keras.layers.Dense(1))
    optimizer = keras.optimizers.Adam(RATE)
    model.compile(optimizer=optimizer, loss="mse", jit_compile=True)
    return lambda: model.fit(x, y, batch_size=task.batch, epochs=task.epochs, verbose=0)


def peers():
    """The peers that are installed and train the very same network, by name."""
    found = {"raw torch": raw_torch, "skorch": skorch}
    if find_spec("keras") and find_spec("jax"):
        found["Keras on JAX"] = keras_on_jax
    return found


# -- from a series, for tools that make windows themselves -----------------------------

LIGHTNING = {
    "accelerator": "cpu",
    "logger": False,
    "enable_checkpointing": False,
    "enable_progress_bar": False,
    "enable_model_summary": False,
}


def series(task):
    """A series with as many windows, each with the value that follows it."""
    n = task.batch * task.batches + task.steps
    rng = np.random.default_rng(0)
    values = np.sin(np.arange(n) / 7) + 0.1 * rng.normal(size=n)
    return values.astype(np.float32)


def skrnn_series(task, values):
    def fit():
        x, y = make_windows(values[:, None], task.steps)
        skrnn(task, x, y)()

    return fit


def raw_torch_series(task, values):
    def fit():
        windows = np.lib.stride_tricks.sliding_window_view(values, task.steps)
        x = np.ascontiguousarray(windows[:-1, :, None])
        raw_torch(task, x, values[task.steps :])()

    return fit


def multilayer_perceptron(task, values):
    from sklearn.neural_network import MLPRegressor

    def fit():
        windows = np.lib.stride_tricks.sliding_window_view(values, task.steps)
        MLPRegressor(
            hidden_layer_sizes=(task.hidden,),
            batch_size=task.batch,
            max_iter=task.epochs,
            learning_rate_init=RATE,
            tol=0.0,
            n_iter_no_change=task.epochs + 1,
        ).fit(windows[:-1], values[task.steps :])

    return _quiet(fit)


def darts(task, values):
    from darts import TimeSeries
    from darts.models import BlockRNNModel

    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)

    def fit():
        BlockRNNModel(
            input_chunk_length=task.steps,
            output_chunk_length=1,
            model=task.cell.upper(),
            hidden_dim=task.hidden,
            n_rnn_layers=task.layers,
            batch_size=task.batch,
            n_epochs=task.epochs,
            optimizer_kwargs={"lr": RATE},
            pl_trainer_kwargs=LIGHTNING,
            random_state=0,
        ).fit(TimeSeries.from_values(values), verbose=False)

    return _quiet(fit)


def neuralforecast(task, values):
    import pandas as pd
    from neuralforecast import NeuralForecast, models
    from neuralforecast.losses.pytorch import MSE

    for name in ("pytorch_lightning", "lightning_fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    frame = pd.DataFrame({"unique_id": "a", "ds": np.arange(len(values)), "y": values})

    def fit():
        model = getattr(models, task.cell.upper())(
            h=1,
            input_size=task.steps,
            encoder_n_layers=task.layers,
            encoder_hidden_size=task.hidden,
            decoder_layers=1,
            loss=MSE(),
            max_steps=task.batches * task.epochs,
            val_check_steps=task.batches * task.epochs,
            learning_rate=RATE,
            windows_batch_size=task.batch,
            scaler_type="identity",
            **LIGHTNING,
        )
        NeuralForecast(models=[model], freq=1).fit(frame)

    return _quiet(fit)


def series_peers():
    """The peers that train a network of this kind on windows of a series, by name."""
    found = {"raw torch": raw_torch_series}
    for package, job in (("darts", darts), ("neuralforecast", neuralforecast)):
        if find_spec(package):
            found[package] = job
    return found


def _quiet(job):
    def run():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            job()

    return run
