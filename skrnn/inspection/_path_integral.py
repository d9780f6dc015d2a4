"""Gradients integrated along straight lines, as exactly as it is asked for."""

from typing import NamedTuple

import numpy as np
import torch

# Most share of a difference that the whole line may miss before it is halved, and how
# much less of it a piece. Where gradients jump, at a maximum or a rectifier, few pieces
# miss anything at all, so that the whole misses less than 1 %.
_TOLERANCE, _LESS = 5e-3, 8
# A piece has so many times fewer nodes than the whole line, but some at least.
_FEWER_NODES, _LEAST_NODES = 4, 8
# How often a piece is halved at most, and how many pieces the line of a sample may
# have: what is still missed then is told. Set by hand.
_MOST_HALVINGS, _MOST_PIECES = 12, 64


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
    n_pieces = np.ones(n_samples, np.int64)
    every = np.arange(n_samples)
    pieces = _Pieces(every, np.zeros(n_samples), np.ones(n_samples), begin, end)
    # As many at once as go with all nodes, or one with as many nodes as go.
    for n_halvings in range(_MOST_HALVINGS + 1):
        bad, n_at_once = [], max(1, most // n_nodes)
        for start in range(0, len(pieces.rows), n_at_once):
            some = pieces.take(slice(start, start + n_at_once))
            found = _integrals(function, line.take(some.rows), some, n_nodes, most)
            gap = np.abs(found.sum(axis=(1, 2)) - (some.at_high - some.at_low))
            rounding = rounding_of(found, some.at_low, some.at_high)
            is_bad = gap > np.maximum(wanted[some.rows], rounding)
            is_bad &= (n_pieces[some.rows] < _MOST_PIECES) & (
                n_halvings < _MOST_HALVINGS
            )
            np.add.at(values, some.rows[~is_bad], found[~is_bad])
            np.add.at(n_pieces, some.rows[is_bad], 1)
            bad.append(np.flatnonzero(is_bad) + start)
        bad = pieces.take(np.concatenate(bad))
        if not len(bad.rows):
            break
        if n_halvings == 0:
            wanted /= _LESS
            n_nodes = min(n_nodes, max(_LEAST_NODES, n_nodes // _FEWER_NODES))
        middle = (bad.low + bad.high) / 2
        between = _values(function, line.take(bad.rows), middle, most)
        lower = bad._replace(high=middle, at_high=between)
        upper = bad._replace(low=middle, at_low=between)
        both = zip(lower, upper, strict=True)
        pieces = _Pieces(*(np.concatenate(pair) for pair in both))
    return values, begin, end


class _Pieces(NamedTuple):
    """Pieces of the lines of some samples, all arrays of shape (P,)."""

    rows: np.ndarray  # which sample
    low: np.ndarray  # the share of its line where it begins
    high: np.ndarray
    at_low: np.ndarray  # what the function gives there
    at_high: np.ndarray

    def take(self, which):
        return _Pieces(*(part[which] for part in self))


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


def _integrals(function, line, pieces, n_nodes, most):
    """Attributions (P, L, F) of pieces of lines."""
    nodes, weights = np.polynomial.legendre.leggauss(n_nodes)
    width = (pieces.high - pieces.low)[:, None]
    nodes = torch.as_tensor(pieces.low[:, None] + width * (nodes + 1) / 2)  # (P, S)
    weights = torch.as_tensor(width * weights / 2)
    total = torch.zeros_like(line.x)
    n_at_once = min(n_nodes, most)
    for first in range(0, n_nodes, n_at_once):
        shares = nodes[:, first : first + n_at_once]
        part = line.take(np.repeat(np.arange(len(line.x)), shares.shape[1]))
        found = _gradients(function, part, shares.flatten())
        found = found.unflatten(0, shares.shape)
        weight = weights[:, first : first + n_at_once]
        total += torch.einsum("nslf,ns->nlf", found, weight)
    return total.numpy()


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
