"""Networks that the kernels can compute as a whole: their shapes and weights."""

import weakref
from typing import NamedTuple

import torch

from skrnn._kernels.composition import CompositionForm
from skrnn._kernels.library import ALL_POOLINGS, DTYPES, POOLINGS, library

_DTYPES = {getattr(torch, name) for name in DTYPES}
_WEIGHTS = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")


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
    _READINGS[network] = _Reading.of(network, form, layers, cells)
    return form


# By network what was read of it last: to read it anew takes longer than a sample does.
_READINGS = weakref.WeakKeyDictionary()


class _Reading(NamedTuple):
    """A form, and where it was read: callers may put others in the place of parts."""

    form: StandardForm
    places: list  # of (dict, key, what was there): modules, weights and moments
    tensors: list  # of (tensor, its address, its shape, its dtype)

    @classmethod
    def of(cls, network, form, layers, cells):
        """What is to be looked at; None where that would not tell of all changes."""
        parts = network._modules
        head, scaling = parts["head"], parts["scaling"]
        stack = parts["stack"]
        holders = [parts, stack._modules, stack._modules["layers"]._modules]
        for layer in layers:
            holders += [layer._modules, layer._modules["directions"]._modules]
        owners = [cell for cell in cells for _ in _WEIGHTS] + [head, head]
        names = [name for _ in cells for name in _WEIGHTS] + ["weight", "bias"]
        own = zip(owners, names, form.weights, strict=True)
        places = [(d, key, module) for d in holders for key, module in d.items()]
        places += [(owner._parameters, name, weight) for owner, name, weight in own]
        moments = ("x_mean", form.x_mean), ("x_scale", form.x_scale)
        places += [(scaling._buffers, name, moment) for name, moment in moments]
        words = [(cell, "mode") for cell in cells] + [(parts["pool"], "kind")]
        places += [(vars(owner), name, getattr(owner, name)) for owner, name in words]
        # Vectors of codes, moments that were computed, weights that torch computes.
        if form.codes or any(d.get(key) is not there for d, key, there in places):
            return None
        tensors = [*form.weights, form.x_mean, form.x_scale]
        return cls(form, places, [(t, t.data_ptr(), t.shape, t.dtype) for t in tensors])

    def holds(self):
        """Whether all is as it was when it was read."""
        for holder, key, there in self.places:
            if holder.get(key) is not there:
                return False
        for tensor, address, shape, dtype in self.tensors:
            if (
                tensor.data_ptr() != address
                or tensor.shape != shape
                or tensor.dtype != dtype
                or not tensor.is_contiguous()
            ):
                return False
        return True


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
