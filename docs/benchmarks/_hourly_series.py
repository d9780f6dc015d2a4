"""Hourly series of any length, on which many rows are compared.

Those for choosing and those for judging are of other kinds, and of other seeds: what
was decided on the first has not seen the second.
"""

import numpy as np

_DAY, _WEEK = 24, 168


def _autoregressive(rng, n, coefficient, scale):
    """Values (n,) that return to zero."""
    noise = scale * rng.normal(size=n)
    values, value = np.empty(n), 0.0
    for i, surprise in enumerate(noise.tolist()):
        value = coefficient * value + surprise
        values[i] = value
    return values


def _by_hour_and_day(rng, n):
    """A profile of the day for each day of the week, over n hours."""
    hours = np.arange(n)
    profile = rng.normal(size=_WEEK)
    kernel = np.exp(-0.5 * (np.minimum(hours[:_WEEK], _WEEK - hours[:_WEEK]) / 2) ** 2)
    smooth = np.fft.ifft(np.fft.fft(profile) * np.fft.fft(kernel)).real
    return (smooth / smooth.std())[hours % _WEEK]


def load(n, seed):
    """Choosing: a load curve that multiplies season, weather and noise."""
    rng = np.random.default_rng([1, seed])
    weather = _autoregressive(rng, n, 0.98, 0.2)
    level = 0.5 * _by_hour_and_day(rng, n) + 0.3 * np.abs(weather)
    noise = _autoregressive(rng, n, 0.6, 0.1)
    return np.exp(0.5 * level) * (1 + noise)


def threshold(n, seed):
    """Choosing: an autoregression of two regimes, a daily cycle in one of them."""
    rng = np.random.default_rng([2, seed])
    noise = rng.normal(size=n).tolist()
    cycle = np.sin(2 * np.pi * np.arange(n) / _DAY).tolist()
    values = [0.0] * n
    for i in range(2, n):
        one, two = values[i - 1], values[i - 2]
        if two > 0.5:
            values[i] = 0.9 - 0.6 * one + 0.4 * noise[i]
        else:
            values[i] = 0.8 * one + 0.1 * two + 0.5 * cycle[i] + 0.3 * noise[i]
    return np.array(values)


def waves(n, seed):
    """Choosing: cycles whose size and pace wander."""
    rng = np.random.default_rng([3, seed])
    phase = np.cumsum(2 * np.pi / _DAY * (1 + 0.2 * _autoregressive(rng, n, 0.95, 0.3)))
    size = 1 + 0.4 * np.tanh(_autoregressive(rng, n, 0.99, 0.15))
    wave = np.sin(phase) + 0.4 * np.sin(3 * phase) * (np.cos(phase) > 0)
    return size * wave + 0.25 * rng.normal(size=n)


def traffic(n, seed):
    """Judging: counts of vehicles, with jams that build up and dissolve."""
    rng = np.random.default_rng([4, seed])
    usual = 1.2 + 0.6 * _by_hour_and_day(rng, n)
    drift = _autoregressive(rng, n, 0.9, 0.1).tolist()
    uniform = rng.uniform(size=n).tolist()
    jam, rates = 0.0, np.empty(n)
    for i, common in enumerate(usual.tolist()):
        if uniform[i] < 0.01 and common > 1.2:
            jam = 1.5
        jam *= 0.8
        rates[i] = np.exp(common + drift[i] - jam + 2.0)
    return np.sqrt(rng.poisson(rates))


def delayed(n, seed):
    """Judging: the equation of Mackey and Glass with noise, an hour a step."""
    rng = np.random.default_rng([5, seed])
    noise = (0.03 * rng.normal(size=n)).tolist()
    values = [1.2] * n
    for i in range(17, n):
        old = values[i - 17]
        values[i] = 0.9 * values[i - 1] + 0.2 * old / (1 + abs(old) ** 10) + noise[i]
    return np.array(values) + 0.02 * rng.normal(size=n)


def wind(n, seed):
    """Judging: power of a turbine, none in weak winds and no more in strong ones."""
    rng = np.random.default_rng([6, seed])
    slow = _autoregressive(rng, n, 0.995, 0.08)
    fast = _autoregressive(rng, n, 0.8, 0.2)
    speed = 8 + 3 * slow + 2 * fast + np.sin(2 * np.pi * np.arange(n) / _DAY)
    power = np.clip((speed - 3) / 9, 0, 1) ** 3
    return power + 0.02 * rng.normal(size=n)


CHOOSING = {"load": load, "threshold": threshold, "waves": waves}
JUDGING = {"traffic": traffic, "delayed": delayed, "wind": wind}
