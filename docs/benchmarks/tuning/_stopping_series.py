"""Series for the search over when to stop a training; see _stopping_tasks.py."""

import numpy as np
from _stopping_tasks import Task

from skrnn import make_windows


def autoregressive(rng, n, noise=1.0, observed=0.0):
    y = np.zeros(n + 50)
    for t in range(2, len(y)):
        y[t] = 1.5 * y[t - 1] - 0.75 * y[t - 2] + noise * rng.normal()
    return y[50:] + observed * y.std() * rng.normal(size=n)


def mackey_glass(rng, n, delay=22, noise=0.0):
    """Mackey and Glass (1977), by Euler steps of 0.1, every twentieth kept."""
    lag = 10 * delay
    x = np.empty(lag + 20 * (n + 200))
    x[:lag] = 1.2 + 0.1 * rng.normal()
    for t in range(lag, len(x)):
        gain = 0.2 * x[t - lag] / (1 + x[t - lag] ** 10)
        x[t] = x[t - 1] + 0.1 * (gain - 0.1 * x[t - 1])
    return x[lag::20][200 : 200 + n] + noise * rng.normal(size=n)


def lorenz(rng, n, noise=0.0):
    """Third coordinate of Lorenz (1963), every eighth Euler step of 0.01."""
    x, y, z = np.array([1, 1, 20]) + rng.normal(size=3)
    kept = []
    for i in range(8 * (n + 100)):
        speed = 10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z
        x, y, z = (a + 0.01 * b for a, b in zip((x, y, z), speed, strict=True))
        if i % 8 == 0:
            kept.append(z)
    return np.array(kept)[100:] + noise * rng.normal(size=n)


def spots(rng, n):
    """Cycles of uneven length and height, above zero, whose noise grows with them."""
    phase = np.cumsum(
        2 * np.pi / 130 * np.exp(0.3 * np.cumsum(0.02 * rng.normal(size=n)))
    )
    height = np.exp(0.4 * np.sin(phase / 8 + rng.uniform(0, 6)))
    level = 80 * height * np.clip(np.sin(phase / 2) ** 2, 0.02, None)
    return np.clip(level + 0.25 * level**0.8 * rng.normal(size=n), 0, None)


def weekly(rng, n, noise=1.0):
    """A year of 52 weeks that is skewed, a slow level, and heavy tails."""
    t = np.arange(n)
    year = np.exp(np.sin(2 * np.pi * t / 52) + 0.4 * np.cos(4 * np.pi * t / 52))
    level = np.cumsum(0.03 * rng.normal(size=n))
    return 3 * year + level + noise * rng.standard_t(4, size=n)


def half_hours(rng, n):
    """Loads of 48 half hours a day and seven days a week, nearly without noise."""
    t = np.arange(n)
    day = np.sin(2 * np.pi * t / 48) + 0.5 * np.sin(4 * np.pi * t / 48 + 1)
    is_free = (t // 48) % 7 >= 5
    noise = autoregressive(rng, n) * 0.03
    return (day + 0.3 * day**2) * np.where(is_free, 0.5, 1) + noise


def walk(rng, n):
    return np.cumsum(rng.normal(size=n))


def bilinear(rng, n, noise=1.0):
    y, e = np.zeros(n), noise * rng.normal(size=n)
    for t in range(2, n):
        y[t] = 0.5 * y[t - 1] + 0.4 * y[t - 1] * e[t - 1] / (1 + abs(y[t - 2])) + e[t]
    return y


def products(rng, n, noise=0.1):
    """Products of what came some steps ago, without any linear part."""
    u = rng.uniform(-1, 1, n)
    y = np.zeros(n)
    y[8:] = u[4:-4] * u[:-8] + 0.5 * u[7:-1] * u[5:-3]
    return np.column_stack([u, y + noise * rng.normal(size=n)])


def _windows(series, length, n, options=None):
    """A task whose newest windows judge, as many as 500 and more."""
    rows = np.asarray(series, float).reshape(len(series), -1)
    X, y = make_windows(rows, length, target=[rows.shape[1] - 1])
    X, y = np.asarray(X), np.ravel(y)
    return Task(X[:n], y[:n], X[n:], y[n:], options or {}, False)


def _series(make, n, seed, length, n_test=600, **law):
    rng = np.random.default_rng(seed)
    return _windows(make(rng, n + length + n_test, **law), length, n)


def choosing_regressions():
    """Tasks (dict of str to Task) that a rule for regression is chosen by."""
    return {
        "AR, clean, 150": _series(autoregressive, 150, 1, 12),
        "AR, observed badly, 400": _series(autoregressive, 400, 2, 24, observed=1.0),
        "Mackey-Glass, 300": _series(mackey_glass, 300, 3, 24),
        "Mackey-Glass, noise, 800": _series(mackey_glass, 800, 4, 24, noise=0.1),
        "Lorenz, 500": _series(lorenz, 500, 5, 16),
        "Lorenz, noise, 1500": _series(lorenz, 1500, 6, 16, noise=2.0),
        "spots, 1500": _series(spots, 1500, 7, 36),
        "weekly, noise, 1200": _series(weekly, 1200, 8, 52),
        "weekly, 150": _series(weekly, 150, 9, 26, noise=0.2),
        "half hours, 2000": _series(half_hours, 2000, 10, 48),
        "walk, 400": _series(walk, 400, 11, 24),
        "bilinear, 600": _series(bilinear, 600, 12, 12),
        "products, 250": _series(products, 250, 13, 12),
    }


def threshold(rng, n, noise=0.5):
    y = np.zeros(n)
    for t in range(3, n):
        law = 0.8 * y[t - 1] if y[t - 3] < 0 else 0.6 - 0.6 * y[t - 1]
        y[t] = law + noise * rng.normal()
    return y


def ikeda(rng, n, noise=0.0):
    """The real part of the map of Ikeda (1979)."""
    z, kept = 0.1 * rng.normal(), []
    for _ in range(n + 50):
        z = 1 + 0.7 * z * np.exp(1j * (0.4 - 6 / (1 + abs(z) ** 2)))
        kept.append(np.real(z))
    return np.array(kept[50:]) + noise * rng.normal(size=n)


def volterra(rng, n, noise=0.02):
    """Prey and predators (Volterra 1926), disturbed; the prey are forecast."""
    prey, hunters, kept = 1.0, 0.7, []
    for _ in range(10 * n):
        prey *= np.exp(0.03 * (1 - hunters) + noise * rng.normal() / 3)
        hunters *= np.exp(0.03 * (prey - 1) + noise * rng.normal() / 3)
        kept.append(prey)
    return np.log(np.array(kept[::10]))


def counts(rng, n):
    """Sales of some a day, by the day of the week."""
    week = np.tile([2, 2, 2.5, 3, 5, 8, 6], n // 7 + 1)[:n]
    level = np.exp(np.cumsum(0.03 * rng.normal(size=n)) * 0.5)
    return rng.poisson(week * level).astype(float)


def judging_regressions():
    """Tasks (dict of str to Task) that judge a rule for regression."""
    return {
        "threshold, 200": _series(threshold, 200, 101, 12),
        "threshold, 1500": _series(threshold, 1500, 102, 12),
        "Ikeda, 400": _series(ikeda, 400, 103, 8),
        "Ikeda, noise, 1200": _series(ikeda, 1200, 104, 8, noise=0.2),
        "prey, 300": _series(volterra, 300, 105, 24),
        "prey, 1500": _series(volterra, 1500, 106, 24),
        "counts, 700": _series(counts, 700, 107, 28),
        "noise, 300": _series(lambda rng, n: rng.normal(size=n), 300, 108, 24),
    }
