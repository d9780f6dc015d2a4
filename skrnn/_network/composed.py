"""Networks whose steps of training kernels compute, though they may not be standard."""

import math

import torch

from skrnn._kernels.compiled_network import KernelInputs
from skrnn._kernels.composition import BatchShares, CompositionForm
from skrnn._kernels.random_factors import new_keys
from skrnn._network.norms import BatchNorm, LayerNorm, Repeats
from skrnn._network.standard import (
    form_of,
    is_computable,
    is_standard,
    weights_of_cells,
)

_NORMS = {LayerNorm: "layer", BatchNorm: "batch"}


def training_form(network, max_steps):
    """Give a network (RecurrentNetwork) to kernels that compute its gradients.

    Parameters
    ----------
    network : RecurrentNetwork
        Any.
    max_steps : int
        Of the longest sequence.

    Returns
    -------
    StandardForm or None
        With a composition where the network, or its training, is not standard; None
        where kernels cannot compute the gradients.
    """
    if not is_computable(network):
        return None
    norms = [layer.norm for layer in network.stack.layers]
    if not all(norm is None or type(norm) in _NORMS for norm in norms):
        return None
    # One that is frozen keeps its moments.
    if any(isinstance(n, BatchNorm) and not n.weight.requires_grad for n in norms):
        return None
    is_whole = network.n_steps(max_steps) <= (network.tbptt_steps or math.inf)
    has_dropout = network.dropout.p > 0 or _recurrent_dropout(network) > 0
    if is_standard(network) and is_whole and not has_dropout:
        return form_of(network)
    return composed_form(network)


def composed_form(network):
    """Give the form (StandardForm) of a network, with its composition."""
    stack, pool, head = network.stack, network.pool, network.head
    first = stack.layers[0]
    norm = first.norm
    weights = []
    for layer in stack.layers:
        weights += weights_of_cells(layer.directions)
        weights += [] if norm is None else [layer.norm.weight, layer.norm.bias]
    if pool.kind == "attention":
        weights += [pool.project.weight, pool.project.bias]
        weights += [pool.score.weight, pool.score.bias]
    moments = []
    if isinstance(norm, BatchNorm):
        for layer in stack.layers:
            moments += [layer.norm.running_mean, layer.norm.running_var]
    return form_of(network)._replace(
        weights=[*weights, head.weight, head.bias],
        composition=CompositionForm(
            n_directions=len(first.directions),
            norm=None if norm is None else _NORMS[type(norm)],
            is_residual=stack.residual,
            dropout=network.dropout.p,
            recurrent_dropout=_recurrent_dropout(network),
            most_steps=network.tbptt_steps or 0,
            epsilon=0.0 if norm is None else norm.eps,
            momentum=norm.momentum if moments else 0.0,
            moments=moments,
        ),
    )


def _recurrent_dropout(network):
    return network.stack.layers[0].recurrent_dropout.p


def training_inputs(network, batch, composition, repeats):
    """Give a batch as the kernels read it to compute gradients.

    Random numbers come from the generator in the order in which the network itself
    draws them.

    Parameters
    ----------
    network : RecurrentNetwork
        In training.
    batch : SequenceBatch
        The batch.
    composition : CompositionForm or None
        Of the network; None where it is standard.
    repeats : Tensor of shape (N,) of float64, or None
        As for `RecurrentNetwork.forward`.

    Returns
    -------
    KernelInputs
    """
    units = None
    spread = network.baseline.spread(batch.moments)
    if spread is not None:
        units = network.scaling.units_of_loss(spread, network.head.weight)
    if composition is None:
        given = network.scaled_inputs(batch)
        return given if units is None else given._replace(units=units)
    n_steps = batch.x.shape[1] // network.segment_length
    n_layers, generator = len(network.stack.layers), network.generator
    n_parts = composition.n_parts_of_steps(n_steps)
    if n_parts > 1 and network.input_noise and network.embedding is None:
        given, keys = _inputs_in_parts(network, batch, composition, n_steps)
    else:
        given = network.scaled_inputs(batch)
        keys = new_keys(generator, composition.n_keys(n_layers, n_steps))
    shares = _shares(network, batch, composition, repeats, n_steps)
    return given._replace(keys=keys, shares=shares, units=units)


def _inputs_in_parts(network, batch, composition, n_steps):
    """Draw noise and keys as `skrnn._network.truncation.pool_in_parts` does."""
    n_layers, generator = len(network.stack.layers), network.generator
    most, inputs = composition.most_steps, []
    n_of_weights = n_layers if composition.recurrent_dropout else 0
    n_of_parts = n_layers - 1 if composition.dropout else 0
    keys = [new_keys(generator, n_of_weights)]
    first = (n_steps - 1) % most + 1
    starts = [0, *range(first, n_steps, most)]
    for start, stop in zip(starts, [*starts[1:], n_steps], strict=True):
        piece = batch.between(start, stop, network.segment_length)
        inputs.append(network.inputs(piece))
        keys.append(new_keys(generator, n_of_parts))
    keys.append(new_keys(generator, 1 if composition.dropout else 0))
    x = torch.cat(inputs, dim=1)
    return KernelInputs(x, batch.lengths, is_scaled=True), torch.cat(keys)


def _shares(network, batch, composition, repeats, n_steps):
    if composition.norm != "batch":
        return None
    if repeats is not None:
        like = network.head.weight
        found = Repeats.of(repeats, batch.lengths, n_steps, like)
        if found is not None:
            return BatchShares(*found)
    lengths = batch.lengths
    count = len(batch.x) * n_steps if lengths is None else int(lengths.sum())
    return BatchShares(None, float(count))
