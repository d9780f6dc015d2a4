"""A moving average of the weights, which stands in for them outside of the batches.

Polyak, B. T. and Juditsky, A. B. (1992). Acceleration of stochastic approximation by
averaging. SIAM Journal on Control and Optimization 30(4).
"""

from contextlib import contextmanager

import torch


class WeightAverage:
    """Exponential moving average of weights.

    The network holds the average, so that it is validated, kept and predicted with; in
    training it holds the weights that the optimiser moves.

    Parameters
    ----------
    weights : list of Parameter
        Where the average begins.
    decay : float
        Share of the average that stays when weights are added, in (0, 1). In the first
        steps, ``(1 + n) / (10 + n)`` after ``n`` of them, less: the average is not to
        remember what the training began with.
    """

    def __init__(self, weights, decay):
        self.decay, self.n_updates = decay, 0
        # What the network does not hold: the weights, and in training their average.
        self._other = [weight.detach().clone() for weight in weights]

    @contextmanager
    def training(self, weights):
        """Have a network hold the weights; after that, unless it fails, the average."""
        self._exchange(weights)
        yield
        self._exchange(weights)

    @torch.no_grad()
    def update(self, weights):
        """Add the weights (list of Parameter) as they are after a step."""
        n = self.n_updates
        # The warm-up of TensorFlow's ExponentialMovingAverage, with its numbers.
        decay = min(self.decay, (1 + n) / (10 + n))
        # As torch's own averages do: a call for each weight takes twice as long.
        torch._foreach_lerp_(self._other, weights, 1 - decay)
        self.n_updates += 1

    @torch.no_grad()
    def _exchange(self, weights):
        for weight, other in zip(weights, self._other, strict=True):
            held = weight.clone()
            weight.copy_(other)
            other.copy_(held)

    def is_of(self, weights, decay):
        """Whether it is an average of such weights, by this decay."""
        shapes = [weight.shape for weight in weights]
        return decay == self.decay and shapes == [other.shape for other in self._other]

    def state_dict(self):
        """What a checkpoint needs, copied."""
        other = [tensor.clone() for tensor in self._other]
        return {"other": other, "n_updates": self.n_updates}

    def load_state_dict(self, state):
        """Go back to a state."""
        self.n_updates = state["n_updates"]
        for mine, other in zip(self._other, state["other"], strict=True):
            mine.copy_(other)
