"""Compiled networks that stay open between predictions of a few samples.

To take memory and to give it back takes as long as the prediction of a sample does.
"""

import threading
import weakref

from skrnn._kernels.compiled_network import CompiledNetwork
from skrnn._kernels.whole_network import WholeNetwork

__all__ = ["kept_network", "kept_whole"]

# A handle is of one thread. Its networks are closed with the thread, or when they are
# gone themselves; a process that is forked has a copy of its own of their memory.
_this_thread = threading.local()
# Units of the layers of networks that are kept: of 1 MB of weights. Chosen by hand.
_LARGEST = 256


def kept_network(network):
    """Give a standard network in compiled code, which is open, for the calling thread.

    Where its weights are is looked up anew in every call: torch may have put them
    elsewhere, and callers may have put others in their place.

    Parameters
    ----------
    network : RecurrentNetwork
        One that has a standard form.

    Returns
    -------
    CompiledNetwork
        Works on one thread; not to be closed.
    """
    kept = _kept("networks")
    form, compiled = network.form(), kept.get(network)
    is_open = compiled is not None and compiled.handle is not None
    if is_open and compiled.form is form:  # all is where it was
        return compiled
    if form.hidden_size > _LARGEST:  # its memory is much, its time is that of products
        kept = {}
    if compiled is not None and compiled.is_made_for(form):
        compiled.read_addresses(form)
        return compiled
    compiled = kept[network] = CompiledNetwork(form, n_threads=1)
    compiled.open()
    return compiled


def kept_whole(network):
    """Give the same with all that stands around it, in one call, where that is there.

    Parameters
    ----------
    network : RecurrentNetwork
        Any.

    Returns
    -------
    WholeNetwork or None
        For the calling thread.
    """
    form, kept = network.whole_form(), _kept("wholes")
    if form is None:
        return None
    whole = kept.get(network)
    if whole is None or whole.form is not form or not whole.is_open():
        whole = WholeNetwork(kept_network(network), form)
        if form.network.hidden_size <= _LARGEST:
            kept[network] = whole
    return whole


def _kept(what):
    """What the calling thread keeps by network (WeakKeyDictionary)."""
    try:
        return getattr(_this_thread, what)
    except AttributeError:
        found = weakref.WeakKeyDictionary()
        setattr(_this_thread, what, found)
        return found
