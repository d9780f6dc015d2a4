"""The outputs of a network for all samples of a source, a batch at a time."""

import copy
import math
from contextlib import nullcontext

import numpy as np

from skrnn._kernels.compiled_network import CompiledNetwork
from skrnn._kernels.kept_network import kept_network, kept_whole
from skrnn._kernels.library import library
from skrnn._kernels.threads import (
    kernel_threads,
    on_cpu_unless_told,
    single_thread_without_gradients,
)
from skrnn._training.batches import SequenceDataset, read_batch

# A batch of validation or prediction holds about this many numbers in all states (16
# MiB of float32), so that memory is bounded however long the sequences are. It limits
# memory alone: on the CPU no bit of an output depends on the batch. Chosen by hand.
_EVALUATION_SIZE = 2**22


# Samples that one thread predicts at once, without batches or the opening of a network:
# as many as the kernels have a way of their own for (narrow_predict.h).
FEW = 4


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
    network, is_few = net.module_, len(source) <= FEW and net.compiled is None
    if is_few and not network.training:
        found = _few_outputs(network, source)
        if found is not None:
            return found
    return _outputs(net, network, source, is_few)


@on_cpu_unless_told
def _outputs(net, network, source, is_few):
    source = network.scaling.limited(source)
    weight = network.head.weight
    if weight.device.type == "cpu" and library() is None:
        network = copy.deepcopy(network).double()
    if network.training:  # each module is visited; a step of training turns it back
        network.eval()
    with single_thread_without_gradients() as n_threads:
        if is_few and network.is_standard():
            x, lengths = read_batch(source, np.arange(len(source)))
            return network.predict(x, lengths, kept_network(network)).numpy()
        # One array from the start: small results kept between the large blocks of the
        # batches would keep the allocator from giving those back.
        results, start = np.empty((len(source), *network.output_shape)), 0
        # One for each part: a batch is split into parts of up to 64 samples (lanes.h).
        n_threads = max(1, min(n_threads, len(source) // 64))
        with compiled_outputs(network, n_threads, net.compiled) as compiled:
            batches = net.get_iterator(SequenceDataset(source), compiled=compiled)
            for inputs, _ in batches:
                parameters = network.predict(
                    inputs["x"], inputs.get("lengths"), compiled
                )
                results[start : start + len(parameters)] = parameters.numpy()
                start += len(parameters)
    return results


def _few_outputs(network, source):
    """The outputs for a few samples by one call, where it has all that they need."""
    whole = kept_whole(network)
    if whole is None or not len(source) or not math.isfinite(source.largest):
        return None
    x, lengths = source.all()
    return whole.outputs(x, source.largest) if lengths is None else None


def compiled_outputs(network, n_threads, compiled=None):
    """Have kernels compute the outputs of a network, as far as they can.

    Parameters
    ----------
    network : RecurrentNetwork
        The network.
    n_threads : int
        Threads that work at once.
    compiled : CompiledNetwork, default=None
        What there is of it already; None makes it, and closes it after use.

    Returns
    -------
    context manager
        Gives a `CompiledNetwork` for `RecurrentNetwork.predict`, or None where kernels
        compute its layers only.
    """
    if compiled is not None:  # a scorer that predicts in the midst of a training, say
        return nullcontext(compiled)
    form = network.standard_form()
    if form is None:
        return kernel_threads(n_threads)
    return CompiledNetwork(form, n_threads)


def evaluation_batch(network, source, *, is_compiled):
    """Samples (int) of a source that are validated or predicted at once.

    Parameters
    ----------
    network : RecurrentNetwork
        The network.
    source : SequenceSource
        The sequences.
    is_compiled : bool
        Whether a `CompiledNetwork` computes, which keeps no states of all steps.
    """
    width = source.n_features
    if network.embedding is not None:
        width += network.embedding.size
    size = width * source.max_steps + 1
    if not is_compiled:
        # Of a unit, in each step: four gates, cell and state, the most that a cell has.
        states = 6 * network.stack.output_size * len(network.stack.layers)
        steps = network.n_steps(source.max_steps)
        size += states * min(steps, network.tbptt_steps or steps)
    if network.filters is not None:
        project = network.filters.project
        numbers = project.in_features + project.out_features
        size += numbers * network.n_steps(source.max_steps)
    if network.decoder is not None:
        size += 6 * network.decoder.positions.numel()
    return int(np.clip(_EVALUATION_SIZE // size, 1, 4096))
