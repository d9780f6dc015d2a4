"""Networks that the kernels ask with all that stands around them, in one call."""

import weakref

from skrnn._kernels.whole_network import WholeForm
from skrnn._network.reading import Reading
from skrnn._network.standard import form_of, is_standard, whereabouts
from skrnn._preprocessing.scaling import FARTHEST

__all__ = ["whole_form"]

# By network what was read of it last.
_READINGS = weakref.WeakKeyDictionary()
_OF_PATH = ("center", "weight", "bias")
_OF_TARGETS = ("y_mean", "y_scale")
# What is read of modules besides weights and moments, by module.
_WORDS = {
    "stack": ("residual",),
    "scaling": ("instance_norm", "indicator", "is_bounded"),
    "baseline": ("has_level",),
}


def whole_form(network):
    """Give a network and what stands around it; the same as before, where all is.

    Parameters
    ----------
    network : RecurrentNetwork
        Any.

    Returns
    -------
    WholeForm or None
        None where it is not standard, or where what is taken off a sequence, filled in
        or looked up, or what a head makes of outputs, is no operation of `whole.h`.
    """
    reading = _READINGS.get(network)
    if reading is not None and reading.holds():
        return reading.form
    if not _is_whole(network):
        return None
    parts = network._modules
    scaling, baseline = parts["scaling"], parts["baseline"]
    moments, path = scaling._buffers, baseline.linear_path
    holders, places, tensors = whereabouts(network)
    form = form_of(network)
    of_targets = [moments[name] for name in _OF_TARGETS]
    limits = (form.x_mean, form.x_scale) if scaling.is_bounded else (None, None)
    of_path = [None if path is None else path._buffers[name] for name in _OF_PATH]
    n_path = 0 if path is None else path.n_steps
    form = WholeForm(form, *limits, FARTHEST, n_path, *of_path, *of_targets)
    holders.append(baseline._modules)
    places += zip([moments] * len(_OF_TARGETS), _OF_TARGETS, of_targets, strict=True)
    tensors += of_targets
    words = [(parts[owner], name) for owner, of in _WORDS.items() for name in of]
    words.append((network, "target_head"))
    if path is not None:
        places += zip([path._buffers] * len(_OF_PATH), _OF_PATH, of_path, strict=True)
        tensors += of_path
        words.append((path, "n_steps"))
    places += [(vars(owner), name, getattr(owner, name)) for owner, name in words]
    _READINGS[network] = Reading.of(form, holders, places, tensors)
    return form


def _is_whole(network):
    """Whether all that a few samples go through is what `whole.h` has."""
    scaling, baseline = network._modules["scaling"], network._modules["baseline"]
    path = baseline.linear_path
    return (
        network.embedding is None
        and network.segment_length == 1
        and network.target_head.is_plain
        and scaling.instance_norm is None
        and not scaling.indicator
        and not baseline.has_level
        and (path is None or path.reads_numbers)
        and is_standard(network)
    )
