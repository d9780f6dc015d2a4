"""Series and their windows for the benchmark of accuracy."""

from typing import NamedTuple

import numpy as np
from sktime.datasets import (
    load_airline,
    load_lynx,
    load_PBS_dataset,
    load_uschange,
)

from skrnn import make_windows

try:
    from statsmodels.datasets import co2, elec_equip, elnino, macrodata, nile, sunspots
except ImportError:
    co2 = None


class Task(NamedTuple):
    """Windows and the row after each, in time order."""

    X: np.ndarray  # (n, L, F), the target's own past last
    y: np.ndarray  # (n,)
    X_test: np.ndarray
    y_test: np.ndarray


def split(rows, length, share=0.8):
    """Cut a series (n,) or (n, F), whose last column is forecast, into a task."""
    rows = np.asarray(rows, dtype=float).reshape(len(rows), -1)
    X, y = make_windows(rows, length, target=[rows.shape[1] - 1])
    X, y = np.asarray(X), np.ravel(y)
    cut = int(share * len(y))
    return Task(X[:cut], y[:cut], X[cut:], y[cut:])


# -- series of known structure --------------------------------------------------------


def mackey_glass(n, seed, delay=17, noise=0.0):
    """Mackey and Glass (1977), by Euler steps of 0.1, every tenth kept."""
    rng = np.random.default_rng(seed)
    lag = 10 * delay
    x = np.empty(lag + 10 * (n + 300))
    x[:lag] = 1.2 + 0.1 * rng.normal()
    for t in range(lag, len(x)):
        gain = 0.2 * x[t - lag] / (1 + x[t - lag] ** 10)
        x[t] = x[t - 1] + 0.1 * (gain - 0.1 * x[t - 1])
    return x[lag::10][300 : 300 + n] + noise * rng.normal(size=n)


def narma(n, seed):
    """NARMA-10 of Atiya and Parlos (2000): input and output."""
    rng = np.random.default_rng(seed)
    u, y = rng.uniform(0, 0.5, n + 100), np.zeros(n + 100)
    for t in range(9, n + 99):
        sums = y[t - 9 : t + 1].sum()
        y[t + 1] = 0.3 * y[t] + 0.05 * y[t] * sums + 1.5 * u[t - 9] * u[t] + 0.1
    return np.column_stack([u, y])[100:]


def lorenz(n, seed, noise=0.0):
    """First coordinate of Lorenz (1963), every fifth Euler step of 0.01."""
    rng = np.random.default_rng(seed)
    x, y, z = np.array([1, 1, 20]) + rng.normal(size=3)
    kept = []
    for i in range(5 * (n + 100)):
        speed = 10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z
        x, y, z = (a + 0.01 * b for a, b in zip((x, y, z), speed, strict=True))
        if i % 5 == 0:
            kept.append(x)
    return np.array(kept)[100:] + noise * rng.normal(size=n)


def autoregressive(n, seed):
    rng, y = np.random.default_rng(seed), np.zeros(n)
    for t in range(2, n):
        y[t] = 0.6 * y[t - 1] + 0.2 * y[t - 2] + rng.normal()
    return y


def threshold(n, seed):
    """A threshold autoregression (Tong 1978)."""
    rng, y = np.random.default_rng(seed), np.zeros(n)
    for t in range(1, n):
        law = 0.9 * y[t - 1] if y[t - 1] < 0 else 1 - 0.7 * y[t - 1]
        y[t] = law + 0.5 * rng.normal()
    return y


def seasonal(n, seed, period=24, trend=0.02):
    rng, t = np.random.default_rng(seed), np.arange(n)
    return 10 * np.sin(2 * np.pi * t / period) + trend * t + rng.normal(size=n)


def growing(n, seed):
    rng, t = np.random.default_rng(seed), np.arange(n)
    year = 1 + 0.3 * np.sin(2 * np.pi * t / 12)
    return (50 + 0.1 * t) * year * np.exp(0.05 * rng.normal(size=n))


def chirp(n, seed):
    rng, t = np.random.default_rng(seed), np.arange(n) / n
    return np.sin(2 * np.pi * (20 * t + 60 * t**2)) + 0.1 * rng.normal(size=n)


def henon(n, seed):
    """The map of Hénon (1976), observed with noise."""
    rng, x = np.random.default_rng(seed), np.zeros(n + 50)
    x[:2] = rng.uniform(-0.1, 0.1, 2)
    for t in range(2, n + 50):
        x[t] = 1 - 1.4 * x[t - 1] ** 2 + 0.3 * x[t - 2]
    return x[50:] + 0.02 * rng.normal(size=n)


def logistic(n, seed):
    """The logistic map (May 1976), observed with noise."""
    rng, x = np.random.default_rng(seed), np.full(n, 0.4)
    for t in range(1, n):
        x[t] = 3.9 * x[t - 1] * (1 - x[t - 1])
    return x + 0.01 * rng.normal(size=n)


def two_seasons(n, seed):
    rng, t = np.random.default_rng(seed), np.arange(n)
    seasons = 5 * np.sin(2 * np.pi * t / 7) + 3 * np.sin(2 * np.pi * t / 30)
    return seasons + rng.standard_t(3, size=n)


def bursts(n, seed):
    """A season under noise that comes in bursts, GARCH(1, 1) of Bollerslev (1986)."""
    rng, noise, variance = np.random.default_rng(seed), np.zeros(n), 1.0
    for t in range(1, n):
        variance = 0.1 + 0.8 * variance + 0.1 * noise[t - 1] ** 2
        noise[t] = np.sqrt(variance) * rng.normal()
    return 3 * np.sin(2 * np.pi * np.arange(n) / 12) + noise


def walk(n, seed):
    return np.cumsum(np.random.default_rng(seed).normal(size=n))


# -- tasks ----------------------------------------------------------------------------


def development_tasks():
    consumption, change = load_uschange()
    tasks = {
        "airline": split(load_airline()[:108], 12),
        "lynx": split(load_lynx(), 12),
        "PBS": split(load_PBS_dataset(), 12),
        "US consumption": split(consumption, 12),
        "US unemployment": split(change["Unemployment"], 12),
    }
    if co2 is not None:
        monthly = co2.load_pandas().data["co2"].resample("MS").mean().interpolate()
        macro = macrodata.load_pandas().data
        sea = elnino.load_pandas().data.iloc[:, 1:].to_numpy().ravel()
        tasks |= {
            "CO2": split(monthly, 24),
            "El Nino": split(sea, 24),
            "electrical equipment": split(elec_equip.load().data.squeeze(), 12),
            "sunspots": split(sunspots.load_pandas().data["SUNACTIVITY"], 24),
            "macro realgdp": split(macro["realgdp"], 12),
            "macro unemp": split(macro["unemp"], 12),
            "macro infl": split(macro["infl"], 12),
        }
    tasks |= {
        "Mackey-Glass": split(mackey_glass(2000, 0), 24),
        "Mackey-Glass, noise": split(mackey_glass(400, 1, noise=0.02), 24),
        "NARMA-10": split(narma(2000, 0), 20),
        "Lorenz, noise": split(lorenz(1000, 0, noise=0.3), 24),
        "AR(2)": split(autoregressive(500, 0), 12),
        "season, trend": split(seasonal(800, 0), 48),
        "chirp": split(chirp(1500, 0), 24),
        "threshold AR": split(threshold(800, 0), 12),
        "Hénon map": split(henon(300, 0), 12),
        "random walk": split(walk(500, 0), 24),
        "season that grows": split(growing(240, 0), 24),
        "season, threshold AR": split(
            seasonal(3000, 1, period=48, trend=0) + 2 * threshold(3000, 2), 48
        ),
    }
    return tasks


def unseen_tasks():
    _, change = load_uschange()
    tasks = {
        "US income": split(change["Income"], 12),
        "US production": split(change["Production"], 12),
    }
    if co2 is not None:
        macro = macrodata.load_pandas().data
        tasks |= {
            f"macro {name}": split(macro[name], 12)
            for name in ("cpi", "tbilrate", "realinv", "realcons", "m1")
        }
        tasks["Nile"] = split(nile.load_pandas().data["volume"], 12)
    tasks |= {
        "Mackey-Glass, delay 30": split(mackey_glass(1200, 5, 30, noise=0.01), 36),
        "NARMA-10, short": split(narma(800, 7), 20),
        "Lorenz": split(lorenz(3000, 9), 24),
        "two seasons, heavy tails": split(two_seasons(1000, 3), 30),
        "logistic map": split(logistic(600, 4), 12),
        "season, noise in bursts": split(bursts(900, 5), 24),
        "random walk, short": split(walk(150, 6), 12),
        "threshold AR, short": split(threshold(250, 7), 12),
    }
    return tasks
