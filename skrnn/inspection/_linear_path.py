"""The linear path as torch can differentiate it."""

import torch

from skrnn._preprocessing.linear_path import LinearPath
from skrnn._preprocessing.scaling import normalise


class DifferentiableLinearPath(LinearPath):
    """A linear path by operations of torch, of which autograd has the gradients.

    Parameters
    ----------
    path : LinearPath
        A fitted one, whose weights it has.
    """

    def __init__(self, path):
        torch.nn.Module.__init__(self)
        vars(self).update(vars(path))

    def predict(self, regressors):
        """Predict targets; see `LinearPath.predict`."""
        centred = regressors - self.center
        centred = centred.masked_fill(centred.isnan(), 0.0)
        return torch.nn.functional.linear(centred, self.weight, self.bias)

    def regressors(self, x, lengths, moments=None):
        """What is regressed on; see `LinearPath.regressors`."""
        n_samples, n_steps, n_features = x.shape
        if lengths is None:
            lengths = torch.full((n_samples,), n_steps, dtype=torch.int64)
        if n_steps == 0:
            x = x.new_zeros(n_samples, 1, n_features)
        place = lengths[:, None] + torch.arange(-self.n_steps, 0)  # (N, S)
        chosen = place.clamp(min=0)[:, :, None].expand(-1, -1, n_features)
        values = normalise(x.gather(1, chosen).to(torch.float64), moments)
        if self._is_code is not None:
            values = values.masked_fill(self._is_code, torch.nan)
        seen = ~values.isnan() & (place >= 0)[:, :, None]
        values = values.masked_fill(~seen, torch.nan)
        rank = (seen * torch.arange(1, self.n_steps + 1)[:, None]).amax(dim=1)
        # Where no step is known the first is NaN like the others.
        newest = values.gather(1, (rank - 1).clamp(min=0)[:, None])[:, 0]
        differences = values[:, :-1] - newest[:, None]
        return torch.cat([differences, newest[:, None]], dim=1).flatten(1)
