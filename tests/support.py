"""What more than one test file needs: random numbers, data, networks, comparisons."""

import numpy as np
import pandas as pd
import torch
from torch import nn

from skrnn import RNNRegressor
from skrnn._kernels import library as kernel_library
from skrnn._network.recurrent_network import RecurrentNetwork
from skrnn._network.stack import RecurrentStack
from skrnn._preprocessing.scaling import Scaling
from skrnn._targets.heads import Point

# -- random numbers -------------------------------------------------------------------


def seeded(seed=0):
    """Return a generator of torch of its own."""
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=0, scale=1.0):
    """Normal numbers in double precision, the same for the same seed."""
    return scale * torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


# -- fitted estimators ----------------------------------------------------------------


def network_of(model):
    """The network of a fitted estimator."""
    return model.net_.module_


def flat(module):
    """All weights of a module in a row."""
    return torch.cat([p.detach().flatten() for p in module.parameters()])


def weights_of(model):
    """All weights of the network of a fitted estimator in a row."""
    return flat(network_of(model))


def weights_of_all(model):
    """The weights of every network of a fitted estimator, a row each."""
    return [flat(net.module_) for net in model.nets_]


def same_bits(first, second):
    """Whether two fitted estimators have equal networks, all of them."""
    pairs = zip(weights_of_all(first), weights_of_all(second), strict=True)
    return all(torch.equal(one, other) for one, other in pairs)


def same_fit(first, second):
    """Whether two fitted estimators have equal networks and tell the same of them."""
    told = ("loss_curve_", "validation_loss_curve_", "best_epoch_", "n_iter_")
    return same_bits(first, second) and all(
        getattr(first, name) == getattr(second, name) for name in told
    )


def assert_rows_alone(alone, among_others):
    """Rows predicted alone equal themselves among others: to the bit, by kernels.

    Without kernels torch adds up batches of different sizes in different orders.
    """
    if kernel_library.library() is None:
        np.testing.assert_allclose(alone, among_others, rtol=1e-5, atol=1e-6)
    else:
        np.testing.assert_array_equal(alone, among_others)


# -- networks and what they are compared with -----------------------------------------

TORCH_LAYERS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}


def shake(module, seed=7):
    """Move every parameter, so that no bias is zero and no factor one."""
    generator = seeded(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            noise = torch.randn(
                parameter.shape, generator=generator, dtype=parameter.dtype
            )
            parameter.add_(noise, alpha=0.2)
    return module


def new_stack(cell, n_features, hidden_size, *, dtype=torch.float64, **options):
    """Recurrent layers with the weights they begin with."""
    options = {"num_layers": 1, "bidirectional": False, "dropout": 0.0} | options
    options = {"generator": seeded()} | options
    return RecurrentStack(cell, n_features, hidden_size, **options).to(dtype)


def new_network(n_features, *, n_targets=2, scaling=None, **options):
    """A network for points with the weights it begins with."""
    options = {
        "cell": "gru",
        "hidden_size": 4,
        "num_layers": 1,
        "bidirectional": False,
        "dropout": 0.0,
        "pooling": "last",
        "generator": seeded(),
        "dtype": torch.float64,
    } | options
    if scaling is None:
        scaling = Scaling(n_features, n_targets, instance_norm=None, indicator=False)
    return RecurrentNetwork(scaling, Point(), n_targets=n_targets, **options)


def torch_layers(stack, cell):
    """Layers of torch's own with the weights of a stack."""
    first = stack.layers[0].directions
    weight = first[0].weight_hh_l0
    twin = TORCH_LAYERS[cell](
        first[0].input_size,
        weight.shape[1],
        len(stack.layers),
        bidirectional=len(first) == 2,
        batch_first=True,
        dtype=weight.dtype,
    )
    with torch.no_grad():
        for i, layer in enumerate(stack.layers):
            for suffix, direction in zip(
                ("", "_reverse"), layer.directions, strict=False
            ):
                for name, value in direction.named_parameters():
                    getattr(twin, name.replace("l0", f"l{i}{suffix}")).copy_(value)
    return twin


def cell_weights(layer):
    """Weights (inputs, states) and biases (inputs, states) of a cell, for NumPy."""
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    return tuple(getattr(layer, name).detach().numpy() for name in names)


def numpy_step(cell, weights, given, h, memory=None):
    """One step of one sequence by the definition: the new state and the new memory."""
    w, u, b, c = weights
    a, r = w @ given + b, u @ h + c
    if cell == "rnn":
        return np.tanh(a + r), memory
    a, r = a.reshape(-1, len(h)), r.reshape(-1, len(h))
    gates = 1 / (1 + np.exp(-a - r))
    if cell == "gru":
        new = np.tanh(a[2] + gates[0] * r[2])
        return (1 - gates[1]) * new + gates[1] * h, memory
    memory = gates[1] * memory + gates[0] * np.tanh(a[2] + r[2])
    return gates[3] * np.tanh(memory), memory


# -- data -----------------------------------------------------------------------------


def waves_of_classes(n_samples=60, n_steps=30, seed=0, n_classes=3):
    """Sines with a frequency for each class, and the classes."""
    rng = np.random.default_rng(seed)
    y = np.arange(n_samples) % n_classes
    time = np.arange(n_steps) / n_steps
    phase = rng.uniform(0, 2 * np.pi, (n_samples, 1))
    X = np.sin(2 * np.pi * (2 + 2 * y[:, None]) * time + phase)
    return X + 0.3 * rng.normal(size=X.shape), y


def wave_series(n, index=None, *, seed=0, period=9):
    """A noisy wave as a series."""
    rng = np.random.default_rng(seed)
    values = 10 + np.sin(np.arange(n) * 2 * np.pi / period) + rng.normal(0, 0.1, n)
    return pd.Series(values, index, name="load")


def wave_panel(lengths, ends=None, *, start="2020-01"):
    """Series a, b, ... of monthly waves, each with a level of its own."""
    parts = {}
    ends = [0] * len(lengths) if ends is None else ends
    last = pd.Period(start, "M") + max(lengths)
    for i, (n, before) in enumerate(zip(lengths, ends, strict=True)):
        index = pd.period_range(end=last - before, periods=n, freq="M", name="month")
        parts["abcdefgh"[i]] = (wave_series(n, index, seed=i) + 5 * i).to_frame()
    return pd.concat(parts, names=["shop"])


def samples_with_target(n_samples=90, n_steps=7, noise=0.1):
    """Sequences of one feature as rows, and what a small network learns of them."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_samples, n_steps))
    return X, X[:, -1] - X[:, 2] + noise * rng.normal(size=n_samples)


# -- estimators that are trained in no time -------------------------------------------


def short_network(**options):
    """A network for forecasts that is trained in no time."""
    base = {
        "cell": "gru",
        "hidden_size": 4,
        "max_epochs": 2,
        "early_stopping": False,
        "n_estimators": 1,
    }
    return RNNRegressor(**base | options)
