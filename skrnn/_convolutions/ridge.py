"""Ridge regression on many regressors, and what it predicts without some samples.

Regressors come in blocks, so that they need not be in memory together. Where there are
no more samples than regressors, the kernel matrix of the samples takes the place of
the matrix of the regressors.
"""

import torch

# Penalties that are tried, beside the mean square of all regressors together.
_PENALTIES = torch.logspace(-7, 2, 19, dtype=torch.float64)
# Differences between errors that prove nothing, beside the squares of the targets.
_NOTHING = 1e-4
# Components of many samples are kept where they are no more numbers than that, or
# computed again.
_MOST_KEPT = 2**24
_BAND = 256  # rows
_ROWS_AT_ONCE = 1_024
_LEAST_WEIGHT = 1e-30
_EPSILON = torch.finfo(torch.float64).eps
# What is left of the weight of all samples, as a share of it, is rounding below that.
_ROUNDING = 1e-13


def _add_products(to, left, right):
    """Add a product of (P, N) by (N, P) that is symmetric: its upper half alone.

    It is computed in bands of rows; products of narrower ones are slow.
    """
    for start in range(0, len(to), _BAND):
        rows = slice(start, start + _BAND)
        to[rows, start:].addmm_(left[rows], right[:, start:])


class Ridge:
    """Ridge regression with a constant; the penalty is chosen by leaving samples out.

    Regressors are standardised. A sample is left out with all of its weight, whose unit
    does not matter.

    Parameters
    ----------
    read : callable
        Takes row numbers (ndarray of int64), and gives their regressors in order:
        tensors of shape (N, P) of float64, N of them at a time.
    n_regressors : int
        P.
    wanted : Tensor of shape (n, K) of float64
        Targets.
    weight : Tensor of shape (n,) of float64
        What the error of each sample weighs.
    judging : ndarray of shape (n_judging,) of int64, default=None
        Which samples are left out, one at a time, to choose the penalty; None means
        all.

    Attributes
    ----------
    center : Tensor of shape (P,)
        Means of the regressors, which are taken off them.
    weight : Tensor of shape (K, P)
    bias : Tensor of shape (K,)
    left_out : Tensor of shape (n_judging, K)
        What is predicted for each of those samples by a fit without it.
    """

    def __init__(self, read, n_regressors, wanted, weight, judging=None):
        # What only the lightest samples differ in is divided by next to nothing: less
        # than this share of the heaviest would make squares beyond the largest float.
        weight = weight.clamp(min=_LEAST_WEIGHT * float(weight.max()))
        self._read, self._wanted, self._mass = read, wanted, weight.sum()
        self._weights = weight
        self._rows = torch.arange(len(wanted)).numpy()
        self._judging = self._rows if judging is None else judging
        self.bias = weight @ wanted / self._mass
        self._kept = None
        if len(wanted) <= n_regressors:
            to_weight = self._use_kernel_matrix()
        else:
            to_weight = self._use_regressors(n_regressors)
        self._choose_penalty()
        self.weight = to_weight(self._moment / self._damped[:, None]).T

    # In the basis of the principal components the matrix to invert is diagonal:
    # `_power` are its elements (R,), `_moment` (R, K) is what the components have in
    # common with the targets. Both ways to it return what makes coefficients of the
    # components (R, K) such of the regressors (P, K).

    def _use_kernel_matrix(self):
        features = torch.cat(list(self._read(self._rows)))  # (n, P)
        self.center = self._weights @ features / self._mass
        features -= self.center
        scale = self._scale(self._weights @ features**2)
        features /= scale
        root = self._weights.sqrt()[:, None]
        products = torch.zeros(len(features), len(features), dtype=torch.float64)
        _add_products(products, features, features.T)
        products = products.triu() + products.triu(1).T
        power, vectors = torch.linalg.eigh(root * products * root.T)
        is_there = power > power[-1] * len(power) * _EPSILON
        self._power = power[is_there]
        vectors = root * vectors[:, is_there] / self._power.sqrt()  # (n, R)
        self._kept = products @ vectors
        self._moment = self._kept.T @ (root**2 * (self._wanted - self.bias))
        return lambda solution: features.T @ (vectors @ solution) / scale[:, None]

    def _use_regressors(self, n_regressors):
        # About the mean of the first block, whatever that is, no digits are lost.
        origin, start = None, 0
        gram = torch.zeros(n_regressors, n_regressors, dtype=torch.float64)
        total = torch.zeros(n_regressors, dtype=torch.float64)
        moment = torch.zeros(n_regressors, self._wanted.shape[1], dtype=torch.float64)
        for features in self._read(self._rows):
            rows = slice(start, start + len(features))
            origin = features.mean(dim=0) if origin is None else origin
            features = features - origin
            weighted = (features * self._weights[rows, None]).T
            total += weighted.sum(dim=1)
            _add_products(gram, weighted, features)
            moment += weighted @ (self._wanted[rows] - self.bias)
            start = rows.stop
        self.center = origin + total / self._mass
        gram -= total[:, None] * total / self._mass
        scale = self._scale(gram.diagonal())
        gram /= scale
        gram /= scale[:, None]
        power, vectors = torch.linalg.eigh(gram, UPLO="U")
        self._power = power.clamp(min=0)
        self._basis = vectors / scale[:, None]  # (P, R)
        self._moment = self._basis.T @ moment
        if len(self._judging) == len(self._rows) <= _MOST_KEPT // n_regressors:
            parts = [components for _, components, _ in self._components(self._rows)]
            self._kept = torch.cat(parts)
        return self._basis.matmul

    def _scale(self, squares):
        """What regressors are divided by; together they have a mean square of 1."""
        deviation = (squares / self._mass).clamp(min=0).sqrt()
        is_constant = deviation <= 1e3 * _EPSILON * self.center.abs()
        n_varying = max(1, int((~is_constant).sum()))
        return deviation.masked_fill(is_constant, torch.inf) * n_varying**0.5

    def _components(self, rows):
        """Yield rows, their components (N, R) and targets less the mean (N, K)."""
        if self._kept is not None:
            for first in range(0, len(rows), _ROWS_AT_ONCE):
                some = rows[first : first + _ROWS_AT_ONCE]
                yield some, self._kept[some], self._wanted[some] - self.bias
            return
        start = 0
        for features in self._read(self._rows[rows]):
            some = rows[start : start + len(features)]
            components = (features - self.center) @ self._basis
            yield some, components, self._wanted[some] - self.bias
            start += len(features)

    def _choose_penalty(self):
        candidates = self._power + (_PENALTIES * self._mass)[:, None]  # (A, R)
        error = torch.zeros(len(candidates), dtype=torch.float64)
        shape = len(candidates), len(self._judging), self._wanted.shape[1]
        found, start = torch.empty(shape, dtype=torch.float64), 0
        # Of all penalties together, so that components are read twice, not 2 A times.
        solutions = self._moment / candidates[:, :, None]  # (A, R, K)
        solutions = solutions.transpose(0, 1).flatten(1)  # (R, A K)
        for rows, components, wanted in self._components(self._judging):
            fitted = (components @ solutions).unflatten(1, (len(candidates), -1))
            leverage = components**2 @ (1 / candidates).T + 1 / self._mass  # (N, A)
            spare = 1 - self._weights[rows, None] * leverage
            missed = (wanted[:, None] - fitted) / spare.clamp(min=_EPSILON)[:, :, None]
            error += self._weights[rows] @ (missed**2).sum(dim=2)
            places = slice(start, start + len(rows))
            found[:, places] = (wanted[:, None] - missed).transpose(0, 1)
            start = places.stop
        # The largest of those that tie.
        squares = (self._wanted[self._judging] ** 2).sum(dim=1)
        squares = self._weights[self._judging] @ squares
        is_least = error <= error.min() + _NOTHING * squares
        chosen = is_least.nonzero()[-1, 0]
        self._damped, self.left_out = candidates[chosen], found[chosen] + self.bias

    def without(self, rows, weight=None):
        """Predict some samples by a fit without them, of the same penalty.

        Parameters
        ----------
        rows : ndarray of int64
            Which; not all of them.
        weight : Tensor of shape (n,) of float64, default=None
            How much of the weight of each sample is left out; None means all.

        Returns
        -------
        Tensor of shape (len(rows), K) of float64
        """
        weight = self._weights if weight is None else weight
        if self._mass - weight[rows].sum() <= _ROUNDING * self._mass:
            # Nothing is left to fit to, so nothing is known.
            return torch.zeros(len(rows), self._wanted.shape[1], dtype=torch.float64)
        # The last component is the constant.
        damped = torch.cat([self._damped, self._mass[None]])
        moment = torch.nn.functional.pad(self._moment, (0, 0, 0, 1))
        if len(rows) < len(damped):
            predicted = self._without_few(rows, weight, damped, moment)
        else:
            predicted = self._without_many(rows, weight, damped, moment)
        return predicted + self.bias

    # The same in two ways: a matrix of the samples is inverted, or of the components.

    def _without_few(self, rows, weight, damped, moment):
        _, components, wanted = map(list, zip(*self._components(rows), strict=True))
        components, wanted = torch.cat(components), torch.cat(wanted)
        components = torch.nn.functional.pad(components, (0, 1), value=1.0)
        shares = components / damped
        # What the target of each sample left out adds to what is predicted for others.
        influence = shares @ components.T * weight[rows]
        missing = shares @ moment - influence @ wanted
        identity = torch.eye(len(rows), dtype=torch.float64)
        return torch.linalg.solve(identity - influence, missing)

    def _without_many(self, rows, weight, damped, moment):
        matrix, parts = torch.diag(damped), []
        for some, components, wanted in self._components(rows):
            components = torch.nn.functional.pad(components, (0, 1), value=1.0)
            weighted = (components * weight[some, None]).T
            matrix -= weighted @ components
            moment -= weighted @ wanted
            parts.append(components)
        return torch.cat(parts) @ torch.linalg.solve(matrix, moment)
