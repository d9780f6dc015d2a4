"""Random convolutions beside the networks of a classifier, and how much each counts."""

import numpy as np

from skrnn._convolutions.convolution_classifier import ConvolutionPaths
from skrnn._convolutions.fit_convolution_classifier import (
    fit_convolution_path,
    fit_shares,
    new_convolution_paths,
)
from skrnn._ensemble.auto import n_convolutions
from skrnn._ensemble.build import draw_seeds, new_scaling
from skrnn._ensemble.network_ensemble import NetworkFitting
from skrnn._preprocessing.preprocessing import Preprocessing
from skrnn._training.outputs import outputs


class ConvolutionsBeside(NetworkFitting):
    """Adds the logits of `ConvolutionPaths` to those of the networks of `BaseRNN`."""

    def _fit_nets(self, plan, data, tasks):
        # Scorers are to judge the networks, which alone are in training.
        before, self.convolutions_ = getattr(self, "convolutions_", None), None
        super()._fit_nets(plan, data, tasks)
        self.convolutions_ = before if plan.incremental else self._new_path(plan, data)

    def _new_path(self, plan, data):
        """Fit what stands beside the networks, if anything does."""
        is_judged = self.early_stopping or data.given is not None
        n_kernels = self.n_kernels
        if n_kernels == "auto":
            is_apt = is_judged and isinstance(self.loss, str)
            n_kernels = n_convolutions(len(data.samples.source)) if is_apt else None
        if n_kernels is None:
            return None
        samples, n_targets = data.samples, self._n_targets()
        scaling = new_scaling(self, samples.source.n_features, n_targets)
        Preprocessing(scaling).fit(
            samples.source, weight=samples.weight, scale=self.scale
        )
        paths = new_convolution_paths(
            samples.source,
            scaling,
            n_targets,
            n_kernels=n_kernels,
            seed=draw_seeds(self.random_state, 1)[0],
        )
        fitted = samples.source, samples.target, samples.weight, samples.loss_weight
        without = [fit_convolution_path(path, *fitted) for path in paths]
        beside = ConvolutionPaths(paths)
        if is_judged:
            fit_shares(beside, *self._judged(plan, data, beside, without))
        return beside

    def _judged(self, plan, data, beside, without):
        """Logits of the paths and the networks, targets, weights; all validation."""
        samples = data.samples if data.given is None else data.given
        source, target = samples.source, samples.target
        weight = samples.loss_weight
        weight = np.ones(len(source)) if weight is None else weight / weight.mean()
        if data.given is not None:
            theirs = super()._outputs_of(source)[..., 0]
            return [*beside.logits(source), theirs], target, weight
        parts, judged = [], []
        for place, net in enumerate(self.nets_):
            train, valid = self._split(data, plan, place)
            if len(valid):
                unseen = np.setdiff1d(np.arange(len(source)), train)
                is_valid = np.isin(unseen, valid)
                ours = [predict(unseen)[is_valid] for predict in without]
                theirs = outputs(net, source.take(valid))[..., 0]
                parts.append(np.stack([*ours, theirs]))
                judged.append(valid)
        rows = np.concatenate([np.empty(0, np.int64), *judged])
        shape = len(beside.shares), 0, self._n_targets()
        logits = np.concatenate([np.empty(shape), *parts], axis=1)
        return logits, target[rows], weight[rows]

    def _outputs_of(self, source):
        logits = super()._outputs_of(source)
        if self.convolutions_ is None:
            return logits
        *ours, theirs = self.convolutions_.shares.tolist()
        logits = theirs * logits
        parts = self.convolutions_.logits(source)
        for share, part in zip(ours, parts, strict=True):
            logits = logits + share * part[..., None]
        return logits
