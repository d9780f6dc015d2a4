"""What is learned from the samples before the training: moments and baselines."""

import numpy as np
import torch

from skrnn._kernels.threads import single_thread
from skrnn._preprocessing.baseline import Baseline
from skrnn._preprocessing.baseline_fit import BaselineFit
from skrnn._preprocessing.blocks import Blocks, read_blocks
from skrnn._preprocessing.scaling import normalise
from skrnn._sequences.moments import FeatureMoments, target_moments

# So many numbers of the samples are kept, rather than read again: 64 MB as float64, or
# 16,384 samples of 512 regressors. A bound of memory, whatever X is, and no more.
_MOST_KEPT = 2**23
# The least scale of what a linear path leaves, as a share of that of the targets: what
# an exact law leaves is rounding, some 1e-16 of them, and nothing to be learned. No
# search for the number is recorded.
_LEAST_SHARE = 1e-6


class Preprocessing:
    """Learns scaling and baseline of a network from its samples.

    Parameters
    ----------
    scaling : Scaling
        What standardises sequences and targets.
    baseline : Baseline, default=None
        What is taken off the targets first; None takes nothing off.
    """

    def __init__(self, scaling, baseline=None):
        self.scaling = scaling
        self.baseline = Baseline(len(scaling.y_mean)) if baseline is None else baseline

    @single_thread()
    @torch.no_grad()
    @np.errstate(over="ignore", invalid="ignore")  # what is not finite is refused
    def fit(
        self, source, target=None, weight=None, *, scale, center=True, features=True
    ):
        """Learn from training samples, which are read once if they are few.

        Parameters
        ----------
        source : SequenceSource
            Training samples.
        target : ndarray of shape (n_samples, n_targets) of float64, default=None
            Their targets; None if they are not to be scaled.
        weight : ndarray of shape (n_samples,), default=None
            Their weights; None means 1 each.
        scale : bool
            Whether to standardise.
        center : bool, default=True
            Whether to take the mean off targets; else they are divided by it.
        features : bool, default=True
            Whether to learn the moments of the features; else those stay.

        Returns
        -------
        ndarray of shape (n_samples, n_targets) of float64, or None
            What is taken off the targets, as `baselines` gives; None without targets.
        """
        learns_rows = features and self.scaling.instance_norm is not None
        size = len(source) * source.max_steps * source.n_features
        blocks = Blocks(source, keep=learns_rows and size <= _MOST_KEPT)
        if learns_rows:
            moments = FeatureMoments(source.n_features)
            for rows, x, lengths in blocks:
                _add(moments, rows, x, lengths, weight)
            self.scaling.set_moments("row", *moments.mean_and_scale())
        inputs = FeatureMoments(source.n_features) if features and scale else None
        baseline = None
        if target is not None and not self.baseline.is_zero:
            baseline = BaselineFit(self.baseline, target, weight, source.n_features)
        views = self._read(blocks, weight, inputs, baseline)
        if inputs is not None:
            self.scaling.set_moments("x", *inputs.mean_and_scale())
        if target is None:
            return None
        taken_off, spread, level = np.zeros(target.shape), None, None
        if baseline is not None:
            taken_off, spread, level = baseline.finish(views)
        if scale:
            self._scale_targets(target, taken_off, spread, level, weight, center=center)
        return taken_off

    @single_thread()
    @torch.no_grad()
    def baselines(self, source):
        """What is taken off the targets of each sample.

        Parameters
        ----------
        source : SequenceSource
            Samples, which are read once, or not at all if nothing is taken off.

        Returns
        -------
        ndarray of shape (n_samples, n_targets) of float64
            Zeros where nothing is taken off.
        """
        taken_off = np.zeros((len(source), self.baseline.n_targets))
        if not self.baseline.is_zero:
            for rows, x, lengths in read_blocks(source):
                moments = self.scaling.moments(x, lengths)
                taken_off[rows] = self.baseline(x, lengths, moments).numpy()
        return taken_off

    def _read(self, blocks, weight, inputs, baseline):
        """Have moments of inputs and a baseline learn from the samples.

        Returns what gives the views of the baseline once more.
        """
        is_small = baseline is not None and baseline.n_numbers <= _MOST_KEPT
        kept = []
        if inputs is not None or baseline is not None:
            for rows, x, lengths in blocks:
                moments = self.scaling.moments(x, lengths)
                x = normalise(x, moments)
                if inputs is not None:
                    _add(inputs, rows, x, lengths, weight)
                if baseline is not None:
                    view = baseline.view(rows, x, lengths, moments)
                    baseline.add(view)
                    if is_small:
                        kept.append(view)

        def views():
            if is_small:
                yield from kept
                return
            for rows, x, lengths in blocks:
                moments = self.scaling.moments(x, lengths)
                yield baseline.view(rows, normalise(x, moments), lengths, moments)

        return views

    def _scale_targets(self, target, taken_off, spread, level, weight, *, center):
        if not center:
            mean = np.average(target, axis=0, weights=weight)
            scale = np.where(mean > 0, mean, 1.0)
            self.scaling.set_moments("y", np.zeros_like(mean), scale)
            return
        baseline = self.baseline
        if baseline.is_zero:
            self.scaling.set_moments("y", *target_moments(target, weight))
            return
        unit = target_moments(target, weight)[1]
        self._set_targets("y", target - taken_off, unit, weight)
        if baseline.has_level:
            # The spread takes its unit off the rest, and off what is little of it.
            unit = unit / spread.mean(axis=0)
            self._set_targets("rest", (target - taken_off) / spread, unit, weight)
            self._keep_above_rounding(level, spread.max(axis=0))

    def _set_targets(self, name, part, unit, weight):
        mean, scale = target_moments(part, weight, unit)
        if self.baseline.linear_path is not None:
            mean = np.zeros_like(mean)  # the path has a constant of its own
            # What an exact linear law leaves is rounding, nothing to be learned.
            scale = np.maximum(scale, _LEAST_SHARE * unit)
        self.scaling.set_moments(name, mean, scale)

    def _keep_above_rounding(self, level, spread):
        """Measure losses by no less than rounding of what targets are made of.

        Else rounding counts as an outlier, and what the outputs stand for may be so
        many scales of the targets that single precision does not hold them.

        Parameters
        ----------
        level, spread : ndarray of shape (n_targets,)
            The largest ones of the windows.
        """
        scaling, eps = self.scaling, np.finfo(np.float64).eps
        rest_scale = np.maximum(scaling.rest_scale.numpy(), eps * level / spread)
        scaling.set_moments("rest", scaling.rest_mean, rest_scale)
        rest = (scaling.rest_mean.abs().numpy() + rest_scale) * spread
        made_of = level + scaling.y_mean.abs().numpy() + rest
        scale = np.maximum(scaling.y_scale.numpy(), eps * made_of)
        scaling.set_moments("y", scaling.y_mean, scale)


def _add(moments, rows, x, lengths, weight):
    lengths = None if lengths is None else lengths.numpy()
    moments.add(x.numpy(), lengths, None if weight is None else weight[rows])
