"""Colours that are told apart in grey and by colour-blind readers."""

import itertools

import numpy as np
from matplotlib.colors import to_rgb

from skrnn.plotting._palette import (
    BLUE,
    SERIES,
    level_colors,
    series_look,
    signed_colors,
    size_colors,
)

# Machado, Oliveira and Fernandes (2009), severity 1, on linear light.
BLIND = {
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def linear(color):
    c = np.array(to_rgb(color))
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def lab(light):
    """CIELAB of linear light, D65."""
    matrix = [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
    xyz = np.array(matrix) @ np.clip(light, 0, 1) / [0.95047, 1.0, 1.08883]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_neighbours_differ_in_grey():
    lightness = [lab(linear(color))[0] for color in SERIES]
    assert SERIES[0] == BLUE == "#1f77b4"
    assert np.abs(np.diff(lightness)).min() > 14


def test_all_differ_for_colour_blind_readers():
    for matrix in BLIND.values():
        seen = [lab(np.array(matrix) @ linear(color)) for color in SERIES]
        pairs = itertools.combinations(seen, 2)
        assert min(np.linalg.norm(a - b) for a, b in pairs) > 12


def test_series_differ_by_colour_and_dashes():
    looks = [tuple(series_look(i).values()) for i in range(12)]
    assert len(set(looks)) == 12


def test_maps_grow_evenly_in_lightness():
    size = [lab(linear(color))[0] for color in size_colors()(np.linspace(0, 1, 20))]
    assert (np.diff(size) < 0).all()
    level = [lab(linear(color))[0] for color in level_colors()(np.linspace(0, 1, 20))]
    assert (np.diff(level) < 0).all()
    signed = signed_colors()(np.linspace(0, 1, 21))
    lightness = np.array([lab(linear(color))[0] for color in signed])
    assert (np.diff(lightness[:11]) > 0).all() and (np.diff(lightness[10:]) < 0).all()
    assert lightness[10] > 99
    # In grey plus is darker than minus.
    assert lightness[-1] < lightness[0] - 20
