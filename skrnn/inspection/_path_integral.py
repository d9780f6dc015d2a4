"""Gradients integrated along straight lines, as exactly as it is asked for."""

from typing import NamedTuple

import numpy as np
import torch

# Most share of a difference that a piece of the line may lack. Halving stops where the
# pieces lack less, and there are few of them, so that the whole lacks less than 1 %.
_TOLERANCE = 1e-3
# How often a piece is halved at most: then it is a 32nd of the line, and what still
# lacks is told. Set by hand.
_MOST_HALVINGS = 5


class Line(NamedTuple):
    """Straight lines from baselines to samples."""

    x: torch.Tensor  # (N, L, F), NaN where a value is missing
    begin: torch.Tensor  # (N, L, F), NaN there too
    lengths: torch.Tensor  # (N,)
    chosen: torch.Tensor | None  # (N,)
    vectors: list | None  # of (N, L, size), what stands for codes at the end
    begin_vectors: list | None  # the same at the baseline

    def take(self, rows):
        """The lines of some samples (int array)."""
        rows = torch.as_tensor(rows)
        return Line(
            self.x[rows],
            self.begin[rows],
            self.lengths[rows],
            None if self.chosen is None else self.chosen[rows],
            None if self.vectors is None else [v[rows] for v in self.vectors],
            None if self.vectors is None else [v[rows] for v in self.begin_vectors],
        )

    def at(self, share):
        """Points of the lines: x, and vectors or None; shares are (N,) of float64."""
        share = share[:, None, None]
        x = self.begin + share * (self.x - self.begin)
        if self.vectors is None:
            return x, None
        pairs = zip(self.begin_vectors, self.vectors, strict=True)
        return x, [begin + share * (end - begin) for begin, end in pairs]


def integrate(function, line, n_nodes, most):
    """Attribute differences of a function to the inputs.

    By Gauss-Legendre quadrature. The difference that a piece of the line makes is
    known, so what its nodes miss is, too: a piece that misses much is halved.

    Parameters
    ----------
    function : DifferentiableModel
        What is explained.
    line : Line
        From the baselines to the samples.
    n_nodes : int
        Gradients of a piece.
    most : int
        Sequences that are computed at once.

    Returns
    -------
    values : ndarray of shape (N, L, F) of float64
        Which sum up to the differences.
    begin, end : ndarray of shape (N,) of float64
        What the function gives for baselines and samples.
    """
    n_samples = len(line.x)
    values = np.zeros(tuple(line.x.shape))
    begin, end = (
        _values(function, line, np.full(n_samples, share), most) for share in (0.0, 1.0)
    )
    wanted = _TOLERANCE * np.abs(end - begin)
    pieces = [(np.arange(n_samples), 0.0, 1.0, begin, end, 0)]
    while pieces:
        rows, low, high, at_low, at_high, n_halvings = pieces.pop()
        found = _piece(function, line.take(rows), (low, high), n_nodes, most)
        gap = np.abs(found.sum(axis=(1, 2)) - (at_high - at_low))
        rounding = rounding_of(found, at_low, at_high)
        is_bad = gap > np.maximum(wanted[rows], rounding)
        if n_halvings == _MOST_HALVINGS:
            is_bad[:] = False
        values[rows[~is_bad]] += found[~is_bad]
        if is_bad.any():
            rows, middle = rows[is_bad], (low + high) / 2
            shares = np.full(len(rows), middle)
            between = _values(function, line.take(rows), shares, most)
            n_halvings += 1
            pieces.append((rows, low, middle, at_low[is_bad], between, n_halvings))
            pieces.append((rows, middle, high, between, at_high[is_bad], n_halvings))
    return values, begin, end


def rounding_of(values, begin, end):
    """What a sum of attributions may be off by rounding alone (ndarray (N,))."""
    size = np.abs(values).sum(axis=(1, 2)) + np.abs(begin) + np.abs(end)
    return 64 * np.finfo(np.float64).eps * size


def _values(function, line, shares, most):
    """What the function gives at some points of the lines (N,), without gradients."""
    found = []
    with torch.no_grad():
        for start in range(0, len(shares), most):
            rows = np.arange(start, min(start + most, len(shares)))
            part = line.take(rows)
            x, vectors = part.at(torch.as_tensor(shares[rows]))
            found.append(function(x, part.lengths, part.chosen, vectors).numpy())
    return np.concatenate(found)


def _piece(function, line, ends, n_nodes, most):
    """Attributions (N, L, F) of a piece of the lines."""
    nodes, weights = np.polynomial.legendre.leggauss(n_nodes)
    low, high = ends
    nodes = torch.as_tensor(low + (high - low) * (nodes + 1) / 2)
    weights = torch.as_tensor(weights * (high - low) / 2)
    n_samples = len(line.x)
    total = np.zeros(tuple(line.x.shape))
    # As many samples at once as go with all nodes, or one with as many nodes as go.
    n_rows, n_at_once = max(1, most // n_nodes), min(n_nodes, most)
    for start in range(0, n_samples, n_rows):
        rows = np.arange(start, min(start + n_rows, n_samples))
        for first in range(0, n_nodes, n_at_once):
            shares = nodes[first : first + n_at_once]
            part = line.take(np.repeat(rows, len(shares)))
            found = _gradients(function, part, shares.repeat(len(rows)))
            found = found.unflatten(0, (len(rows), len(shares)))
            weight = weights[first : first + n_at_once]
            total[rows] += torch.einsum("nslf,s->nlf", found, weight).numpy()
    return total


def _gradients(function, line, shares):
    """Gradient times difference (N, L, F) at points of the lines."""
    x, vectors = line.at(shares)
    leaves = [x] if vectors is None else [x, *vectors]
    with torch.enable_grad():
        for leaf in leaves:
            leaf.requires_grad_()
        result = function(x, line.lengths, line.chosen, vectors).sum()
        gradients = torch.autograd.grad(result, leaves, allow_unused=True)
    found = torch.zeros_like(line.x)
    if gradients[0] is not None:
        found = (gradients[0] * (line.x - line.begin)).nan_to_num(0.0)
    if vectors is None:
        return found
    pairs = zip(gradients[1:], line.vectors, line.begin_vectors, strict=True)
    for network, (gradient, end, begin) in zip(function.networks, pairs, strict=True):
        if gradient is not None:
            feature = network.embedding.feature
            is_code = feature >= 0
            product = (gradient * (end - begin))[..., is_code]
            found.index_add_(2, feature[is_code], product)
    return found.detach()
