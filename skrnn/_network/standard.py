"""Networks that the kernels can compute as a whole: their shapes and weights."""

import weakref
from typing import NamedTuple

import torch

from skrnn._kernels.composition import CompositionForm
from skrnn._kernels.library import ALL_POOLINGS, DTYPES, POOLINGS, library
from skrnn._network.reading import Reading

_DTYPES = {getattr(torch, name) for name in DTYPES}
_WEIGHTS = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
_MOMENTS = ("x_mean", "x_scale")


class CodesForm(NamedTuple):
    """Vectors that kernels put in the place of codes; as `CodeEmbedding` has them."""

    segment: int  # given steps of a step of the recurrence
    n_codes: tuple  # of each given feature; 0 where it is a number
    sizes: tuple  # of each vector; 1 where it is a number
    tables: list  # of each given feature (Parameter); None where it is a number


class StandardForm(NamedTuple):
    """What the kernels have to know of a network, whose modules they do not.

    Standard is a stack of layers in one direction, without norms and residuals, one of
    the poolings that the kernels have, and a linear head.
    """

    cell: str  # a key of `skrnn._kernels.library.CELLS`
    is_relu: bool
    pooling: str  # a key of `skrnn._kernels.library.POOLINGS`
    n_layers: int
    n_features: int  # of a step of the recurrence
    hidden_size: int
    n_outputs: int
    weights: list[torch.nn.Parameter]  # four a layer, then weight and bias of the head
    x_mean: torch.Tensor  # (F,) of float64, taken off inputs in the user's units
    x_scale: torch.Tensor  # (F,) of float64, by which they are divided
    codes: CodesForm | None = None  # where vectors stand in the place of codes
    composition: CompositionForm | None = None  # of a network that is not standard


def standard_form(network):
    """Give a network in standard form.

    Parameters
    ----------
    network : RecurrentNetwork
        Any.

    Returns
    -------
    StandardForm or None
        None where it is not standard, or the kernels cannot run where it is.
    """
    return form_of(network) if is_standard(network) else None


def form_of(network):
    """Give the form (StandardForm) of a network that is known to be standard.

    The same as before, as long as everything is where it was then.
    """
    reading = _READINGS.get(network)
    if reading is not None and reading.holds():
        return reading.form
    # By the dicts of the modules: their attributes take a tenth of the time of a
    # prediction of one sample.
    parts = network._modules
    layers = _children(parts["stack"]._modules["layers"])
    cells = [_children(layer._modules["directions"])[0] for layer in layers]
    head, moments = parts["head"], parts["scaling"]._buffers
    kind, _, nonlinearity = cells[0].mode.partition("_")
    weights = weights_of_cells(cells)
    form = StandardForm(
        cell=kind.lower(),
        is_relu=nonlinearity == "RELU",
        pooling=parts["pool"].kind,
        n_layers=len(cells),
        n_features=cells[0].input_size,
        hidden_size=cells[0].hidden_size,
        n_outputs=head.out_features,
        weights=[*weights, head.weight, head.bias],
        x_mean=_of_step(moments["x_mean"], network),
        x_scale=_of_step(moments["x_scale"], network),
        codes=_codes_of(network),
    )
    # Vectors of codes are looked up anew.
    _READINGS[network] = None if form.codes else Reading.of(form, *whereabouts(network))
    return form


# By network what was read of it last.
_READINGS = weakref.WeakKeyDictionary()


def whereabouts(network):
    """Tell where the form of a network is read.

    Parameters
    ----------
    network : RecurrentNetwork
        Without codes.

    Returns
    -------
    holders : list of dict
        Its modules by name.
    places : list of (dict, str, object)
        What else is read, and where it stands.
    tensors : list of Tensor
        Those whose addresses the form has.
    """
    parts = network._modules
    head, scaling, stack = parts["head"], parts["scaling"], parts["stack"]
    holders = [parts, stack._modules, stack._modules["layers"]._modules]
    cells = []
    for layer in _children(stack._modules["layers"]):
        holders += [layer._modules, layer._modules["directions"]._modules]
        cells.append(_children(layer._modules["directions"])[0])
    weights = [*weights_of_cells(cells), head.weight, head.bias]
    moments = [_of_step(scaling._buffers[name], network) for name in _MOMENTS]
    owners = [cell._parameters for cell in cells for _ in _WEIGHTS]
    owners += [head._parameters, head._parameters, scaling._buffers, scaling._buffers]
    names = [name for _ in cells for name in _WEIGHTS] + ["weight", "bias", *_MOMENTS]
    tensors = [*weights, *moments]
    places = list(zip(owners, names, tensors, strict=True))
    words = [(cell, "mode") for cell in cells] + [(parts["pool"], "kind")]
    places += [(vars(owner), name, getattr(owner, name)) for owner, name in words]
    return holders, places, tensors


def _of_step(moment, network):
    """A moment (F,) of the given steps as that of a step of the recurrence."""
    length = network.segment_length
    is_of_numbers = network.embedding is None and not network.scaling.indicator
    return moment.repeat(length) if length > 1 and is_of_numbers else moment


def _codes_of(network):
    """The vectors of codes (CodesForm), or None where all features are numbers."""
    embedding = network.embedding
    if embedding is None:
        return None
    n_more = embedding.size - sum(embedding.sizes)
    n_codes, tables = embedding.n_codes + (0,) * n_more, iter(embedding.tables)
    return CodesForm(
        network.segment_length,
        n_codes,
        embedding.sizes + (1,) * n_more,
        [next(tables) if number else None for number in n_codes],
    )


def weights_of_cells(cells):
    """Give the weights (list of Parameter) of cells in the kernels' order."""
    return [getattr(cell, name) for cell in cells for name in _WEIGHTS]


def is_standard(network):
    """Whether a network (RecurrentNetwork) has a standard form (bool)."""
    parts = network._modules
    stack = parts["stack"]
    layers = _children(stack._modules["layers"])
    return (
        is_computable(network)
        and parts["pool"].kind in POOLINGS
        and not stack.residual
        and all(len(layer._modules["directions"]._modules) == 1 for layer in layers)
        and all(layer.norm is None for layer in layers)
    )


def is_computable(network):
    """Whether kernels have all operations of a network (RecurrentNetwork) (bool)."""
    parts = network._modules
    weight = parts["head"].weight
    return (
        weight.is_cpu
        and weight.dtype in _DTYPES
        and parts["pool"].kind in ALL_POOLINGS
        and network.decoder is None
        and network.filters is None
        and library() is not None
    )


def _children(module):
    return list(module._modules.values())
