"""What the networks of an estimator are made of: samples, weights, checkpoints."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from skrnn._ensemble.build import new_net, new_network
from skrnn._ensemble.pretrained import freeze, take_over_weights
from skrnn._estimator.parameters import ARCHITECTURE, NOT_IN_CHECKPOINT
from skrnn._preprocessing.preprocessing import Preprocessing
from skrnn._sequences.sources import SequenceSource
from skrnn._training.batches import SequenceDataset
from skrnn._training.checkpoint import Checkpoint
from skrnn._training.fingerprint import Fingerprint
from skrnn._training.optimizers import is_as_long_as_fit


class Samples(NamedTuple):
    """What the networks learn from, checked and encoded."""

    source: SequenceSource
    target: np.ndarray  # (n, n_targets) of float64, or (n,) of int64 for classes
    weight: np.ndarray | None  # (n,)
    loss_weight: np.ndarray | None  # (n,), with those of the classes
    rows: np.ndarray | None  # where in X they are; None if all of X is here


class NetworkMaking:
    """How `BaseRNN` makes a network, and what that learns from."""

    # What a leaf says of its targets: whether they are scaled, and lose their mean.
    _scales_targets = False

    def _centers_targets(self):
        return True

    def _new_net(self, samples, train, seed, place, plan):
        head, loss = self._new_loss()
        source, weight = samples.source, samples.weight
        network = new_network(
            self,
            head,
            source,
            n_targets=self._n_targets(),
            undo=self._scales_targets and samples.target.ndim == 2,
            segment_length=plan.kinds[place % len(plan.kinds)],
            seed=seed,
        )
        part = source if len(train) == len(source) else source.take(train)
        weight = None if weight is None else weight[train]
        has_head = False
        is_new = isinstance(self.init, str)
        if not is_new:
            has_head = take_over_weights(network, self, place)
        is_scaled = self._scales_targets and not has_head
        taken_off = Preprocessing(network.scaling, network.baseline).fit(
            part,
            samples.target[train] if is_scaled else None,
            weight,
            scale=self.scale,
            center=self._centers_targets(),
            features=is_new,
        )
        freeze(network, self.frozen)
        self._trained_as = {name: comparable(self, name) for name in ARCHITECTURE}
        title = type(self).__name__
        if plan.n_nets > 1:
            title = f"{title} {place + 1}/{plan.n_nets}"
        # With it the data set of the training need not read the samples again.
        return new_net(self, network, loss, title), taken_off

    def _dataset(self, samples, rows, taken_off=None):
        source = samples.source
        source = source if len(rows) == len(source) else source.take(rows)
        target, weight = samples.target[rows], samples.loss_weight
        network = self.net_.module_
        if target.ndim == 2:
            if taken_off is None:
                preprocessing = Preprocessing(network.scaling, network.baseline)
                taken_off = preprocessing.baselines(source)
            target = network.scaling.encode(
                torch.from_numpy(target), torch.from_numpy(taken_off)
            )
            target = target.to(network.head.weight.dtype)
        if weight is not None:
            # Weights have mean 1 over the data set: the mean over a full batch is
            # then the weighted mean, and small batches keep their relative weights.
            mean = weight[rows].mean()
            if mean == 0:
                raise ValueError(
                    f"class_weight={self.class_weight!r} leaves no sample with a "
                    "weight in the training or the validation data."
                )
            weight = torch.as_tensor(weight[rows] / mean)
            weight = weight.to(network.head.weight.dtype)
        repeats = None
        if self.norm == "batch" and samples.weight is not None:
            # As given, not with mean 1: two samples of weight 1/2 tell less of a
            # variance than two of weight 1. Nor with the weights of the classes, which
            # say what an error costs and not how often a sample was seen; the scaling
            # of the features counts likewise.
            repeats = samples.weight[rows]
        return SequenceDataset(source, target, weight, repeats)

    def _new_checkpoint(self, data, split, begin_with, place):
        samples = data.samples
        parameters = self.get_params(deep=False)
        fingerprint = Fingerprint()
        fingerprint.add(type(self).__name__)
        fingerprint.add(
            {k: v for k, v in parameters.items() if k not in NOT_IN_CHECKPOINT}
        )
        fingerprint.add([samples.source.contents(), samples.target])
        fingerprint.add([samples.loss_weight, begin_with, split])
        fingerprint.add(getattr(self, "classes_", None))
        if is_as_long_as_fit(self.lr_schedule, self.lr_schedule_options):
            fingerprint.add(self.max_epochs)
        if data.given is not None:
            fingerprint.add(data.given.source.contents())
            fingerprint.add(np.asarray(data.y_val))
        directory = Path(self.checkpoint_dir)
        if place:
            directory /= f"network-{place + 1}"
        return Checkpoint(directory, fingerprint.digest())


def comparable(estimator, name):
    """Value of a parameter, for comparison with that of an earlier fit; None if none.

    Parameters
    ----------
    estimator : BaseRNN
        Whose parameter.
    name : str
        Its name.
    """
    value = getattr(estimator, name, None)
    return tuple(value) if name == "quantiles" and value is not None else value
