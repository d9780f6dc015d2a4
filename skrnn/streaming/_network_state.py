"""A network that reads one step at a time, and keeps what it has to know."""

import numpy as np
import torch

from skrnn._kernels.kept_network import kept_whole

__all__ = ["NetworkState", "refuse_whole_windows", "stepped_outputs"]


def refuse_whole_windows(estimator):
    """Raise where a fitted estimator needs all steps at once; name what does.

    Parameters
    ----------
    estimator : BaseRNN
        Fitted.

    Raises
    ------
    ValueError
        With the parameter to set.
    """
    settings = estimator.settings_.network
    needs = {
        "bidirectional=True reads backwards too; set bidirectional=False": (
            settings.bidirectional
        ),
        f"instance_norm={settings.instance_norm!r} takes off what all steps tell; set "
        "instance_norm=None": settings.instance_norm is not None,
        f"segment_length={settings.segment_length} counts segments from the newest "
        "step; set segment_length=1": (settings.segment_length or 1) > 1,
        f"n_filters={settings.n_filters} reads several steps together; set "
        "n_filters=None": settings.n_filters is not None,
        "the random convolutions of RNNClassifier read the whole sequence; set "
        "n_kernels=None": estimator._model.convolutions is not None,
        "a network on a GPU is not read step by step; set device='cpu'": any(
            not net.module_.head.weight.is_cpu for net in estimator.nets_
        ),
        "2-D X has as many steps as in fit; fit on 3-D sequences": not estimator._is_3d,
    }
    found = [said for said, is_so in needs.items() if is_so]
    if found:
        raise ValueError(
            'mode="stateful" needs a network that reads a sequence from its beginning '
            f"on, step by step, but {'; and '.join(found)}, and fit again. "
            'mode="window" takes any model.'
        )


def stepped_outputs(estimator, tails, largest, before):
    """Take a step of all networks of an estimator, each in one call.

    Parameters
    ----------
    estimator : BaseRNN
        Fitted, without what needs whole windows.
    tails : ndarray of shape (n, n_steps, n_features)
        The newest steps of a few streams, of which the last one is taken.
    largest : float
        No absolute value of them is larger; finite.
    before : list of ndarray of shape (n, width)
        The states of each network.

    Returns
    -------
    outputs : ndarray of shape (n, n_targets, 1) of float64
        Of all networks together.
    after : list of ndarray of shape (n, width)
        The states after the step. None in the place of both where a network has parts
        that are not computed so, or a value is to be moved first.
    """
    total, after, weights = 0.0, [], estimator._model.weights
    for net, states, weight in zip(estimator.nets_, before, weights, strict=True):
        whole = kept_whole(net.module_)
        found = None if whole is None else whole.step(tails, largest, states)
        if found is None:
            return None
        total = total + weight * found[0]
        after.append(found[1])
    return total, after


class NetworkState:
    """Takes the steps of a network, for many streams at once.

    Parameters
    ----------
    network : RecurrentNetwork
        In one direction.

    Attributes
    ----------
    width : int
        How many numbers the state of a stream has.
    """

    def __init__(self, network):
        self._network = network
        cells = [layer.directions[0] for layer in network.stack.layers]
        n_parts = 2 if cells[0].mode == "LSTM" else 1
        self._sizes = [cell.hidden_size for cell in cells for _ in range(n_parts)]
        self._n_parts = n_parts
        size, kind = network.stack.output_size, network.pool.kind
        floor = torch.finfo(network.head.weight.dtype).min
        parts = {
            "last": [(size, 0.0)],
            "mean": [(size, 0.0), (1, 0.0)],
            "max": [(size, floor)],
            "mixed": [(size, 0.0), (size, floor)],
            "attention": [(size, 0.0), (1, 0.0), (1, floor)],
        }[kind]
        self._sizes += [n for n, _ in parts]
        begin = [np.zeros(sum(self._sizes) - sum(n for n, _ in parts))]
        begin += [np.full(n, value) for n, value in parts]
        dtype = network.head.weight.detach().numpy().dtype
        self.begin = np.concatenate(begin).astype(dtype)  # (width,)
        self.width = len(self.begin)

    def take_step(self, states, x):
        """Read one step.

        Parameters
        ----------
        states : ndarray of shape (n, width)
            Of the streams before it.
        x : Tensor of shape (n, 1, F)
            The step, in the units of the network.

        Returns
        -------
        ndarray of shape (n, width)
        """
        network, n_layers = self._network, len(self._network.stack.layers)
        parts = torch.from_numpy(states).split(self._sizes, dim=1)
        parts = [part.contiguous() for part in parts]
        n = self._n_parts
        begin = [tuple(parts[i * n : (i + 1) * n]) for i in range(n_layers)]
        inputs = network.inputs(network.read(x, None))
        outputs, final, ends = network.stack(inputs, None, begin=begin)
        pooled = network.pool.part(outputs, final, None)
        pooled = network.pool.merge(tuple(parts[n_layers * n :]), pooled, None)
        of_layers = [part for end in ends for part in end]
        return torch.cat([*of_layers, *pooled], dim=1).numpy()

    def predict(self, states, x, lengths, counts):
        """Predict from states.

        Parameters
        ----------
        states : ndarray of shape (n, width)
            Of the streams.
        x, lengths : Tensor
            The newest steps, as `RecurrentNetwork.predict` takes them.
        counts : Tensor of shape (n,) of int64
            Steps that were read.

        Returns
        -------
        ndarray of shape (n, n_targets, width)
        """
        network = self._network
        parts = torch.from_numpy(states).split(self._sizes, dim=1)
        n_layers = len(network.stack.layers)
        pooled = network.pool.finish(tuple(parts[n_layers * self._n_parts :]), counts)
        raw = network._decode(pooled).unflatten(1, network.output_shape)
        parameters = network.target_head.transform(raw)
        baseline = network.baseline
        taken_off = None if baseline.is_zero else baseline(x, lengths, None)
        head = network.target_head
        return network.scaling.decode(head, parameters, taken_off).numpy()
