"""The outputs of a network for all samples of a source, a batch at a time."""

import copy
from contextlib import contextmanager

import numpy as np
import torch

from skrnn._kernels.compiled_network import (
    CompiledNetwork,
    compiled_twin,
    in_use,
    is_standard,
)
from skrnn._kernels.layer import kernel_threads
from skrnn._kernels.library import library
from skrnn._kernels.threads import single_thread
from skrnn._training.batches import SequenceDataset

# A batch of validation or prediction holds about this many numbers in all states (16
# MiB of float32), so that memory is bounded however long the sequences are. It limits
# memory alone: on the CPU no bit of an output depends on the batch. Chosen by hand.
_EVALUATION_SIZE = 2**22


def outputs(net, source):
    """Compute parameters of the targets in the user's units.

    On the CPU the bits of a sample's outputs do not depend on what else is in its
    batch. Where there are no kernels double precision takes their place: the outputs
    then depend on it in digits only that single precision has not.

    Parameters
    ----------
    net : SequenceNet
        Whose network it is, and who makes the batches.
    source : SequenceSource
        The sequences.

    Returns
    -------
    ndarray of shape (n_samples, n_targets, width) of float64
    """
    network = net.module_
    weight = network.head.weight
    if weight.device.type == "cpu" and library() is None:
        network = copy.deepcopy(network).double()
    if network.training:  # each module is visited; a step of training turns it back
        network.eval()
    # One array from the start: small results kept between the large blocks of the
    # batches would keep the allocator from giving those back.
    results = np.empty((len(source), *network.output_shape))
    start = 0
    with single_thread() as n_threads, torch.inference_mode():
        n_threads = max(1, min(n_threads, len(source) // 64))  # one for each part
        with compiled_outputs(network, n_threads):
            for inputs, _ in net.get_iterator(SequenceDataset(source)):
                parameters = network.predict(inputs["x"], inputs.get("lengths"))
                results[start : start + len(parameters)] = parameters.numpy()
                start += len(parameters)
    return results


@contextmanager
def compiled_outputs(network, n_threads):
    """Have kernels compute the outputs of a network, as far as they can.

    Parameters
    ----------
    network : RecurrentNetwork
        The network.
    n_threads : int
        Threads that work at once.
    """
    if compiled_twin(network) is not None:  # a scorer that predicts, say
        yield
    elif is_standard(network):
        with in_use(CompiledNetwork(network, n_threads)):
            yield
    else:
        with kernel_threads(n_threads):
            yield


def evaluation_batch(network, source):
    """Samples (int) of a source that are validated or predicted at once.

    Parameters
    ----------
    network : RecurrentNetwork
        The network.
    source : SequenceSource
        The sequences.
    """
    size = source.n_features * source.max_steps + 1
    if compiled_twin(network) is None:  # which keeps no states of all steps
        # Of a unit, in each step: four gates, cell and state, the most that a cell has.
        states = 6 * network.stack.output_size * len(network.stack.layers)
        steps = network.n_steps(source.max_steps)
        size += states * min(steps, network.tbptt_steps or steps)
    if network.decoder is not None:
        size += 6 * network.decoder.positions.numel()
    return int(np.clip(_EVALUATION_SIZE // size, 1, 4096))
