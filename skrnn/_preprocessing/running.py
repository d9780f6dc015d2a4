"""Moments that go on as samples come, for a scaling that was learned from the first."""

import numpy as np
import torch

from skrnn._kernels.threads import single_thread
from skrnn._preprocessing.blocks import read_blocks
from skrnn._preprocessing.scaling import normalise
from skrnn._sequences.moments import FeatureMoments


class RunningMoments:
    """Adds up moments of inputs and targets, and has a scaling take them over.

    What stands in a closed form, the linear path and the feature whose level targets
    follow, stays as it is. The moments of blocks are merged as in Chan, Golub and
    LeVeque (1983), so that they are those of all samples together.

    Parameters
    ----------
    scaling : Scaling
        Fitted; changed by `add`.
    baseline : Baseline
        What is taken off the targets; not changed.
    """

    def __init__(self, scaling, baseline):
        self.scaling, self.baseline = scaling, baseline
        n_features = len(scaling.x_mean)
        self._rows, self._inputs = (
            FeatureMoments(n_features),
            FeatureMoments(n_features),
        )
        self._targets = FeatureMoments(len(scaling.y_mean))

    @single_thread()
    @torch.no_grad()
    def add(self, source, target=None, weight=None, *, takes_over=True):
        """Add samples.

        Parameters
        ----------
        source : SequenceSource
            Their sequences.
        target : ndarray of shape (n_samples, n_targets) of float64, default=None
            Their targets; None if those are not scaled by mean and deviation.
        weight : ndarray of shape (n_samples,), default=None
            Their weights; None means 1 each.
        takes_over : bool, default=True
            Whether the scaling is to have the moments so far.
        """
        scaling, has_level = self.scaling, self.baseline.has_level
        learns_rows = scaling.instance_norm is not None
        if learns_rows:
            for rows, x, lengths in read_blocks(source):
                self._rows.add(x.numpy(), _plain(lengths), _of(weight, rows))
            if takes_over:
                scaling.set_moments("row", *self._rows.mean_and_scale())
        for rows, x, lengths in read_blocks(source):
            moments = scaling.moments(x, lengths)
            inputs = normalise(x, moments).numpy()
            self._inputs.add(inputs, _plain(lengths), _of(weight, rows))
            if target is not None and not has_level:
                taken_off = self.baseline(x, lengths, moments).numpy()
                rest = (target[rows] - taken_off)[:, None]  # (N, 1, k)
                self._targets.add(rest, None, _of(weight, rows))
        if not takes_over:
            return
        scaling.set_moments("x", *self._inputs.mean_and_scale())
        if target is not None and not has_level:
            mean, scale = self._targets.mean_and_scale()
            if self.baseline.linear_path is not None:
                mean = np.zeros_like(mean)  # the path has a constant of its own
            scaling.set_moments("y", mean, scale)


def _plain(lengths):
    return None if lengths is None else lengths.numpy()


def _of(weight, rows):
    return None if weight is None else weight[rows]
