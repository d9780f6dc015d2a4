"""What was read of the modules of a network, and whether it is all as it was."""

from operator import attrgetter, is_
from typing import Any, NamedTuple

from torch import Tensor

__all__ = ["Reading"]

_DTYPE = attrgetter("dtype")


class Reading(NamedTuple):
    """Something that was read, and where: callers may put others in its place.

    To read the parts of a network takes longer than its prediction of one sample.
    """

    form: Any  # what was read
    holders: list  # of dict: modules by name, to which others may be added
    sizes: list  # how many each of these has
    places: list  # of dict: where modules, weights, moments and words stand
    keys: list  # by what names they do
    there: list  # and what stood there
    tensors: list  # whose addresses count
    told: list  # of list: address, shape, type and order of each

    @classmethod
    def of(cls, form, holders, places, tensors):
        """Note where all was read.

        Parameters
        ----------
        form : object
            What was read.
        holders : list of dict
            Modules by name; all of them belong to it.
        places : list of (dict, str, object)
            What else was found, where.
        tensors : list of Tensor
            Those whose addresses count.

        Returns
        -------
        Reading or None
            None where something is not where it was found, so that to look there would
            not tell of changes.
        """
        places = [
            *((held, key, there) for held in holders for key, there in held.items()),
            *places,
        ]
        of, keys, there = map(list, zip(*places, strict=True))
        sizes, told = list(map(len, holders)), _told(tensors)
        reading = cls(form, holders, sizes, of, keys, there, tensors, told)
        return reading if reading.holds() else None

    def holds(self):
        """Whether all is as it was when it was read."""
        return (
            list(map(len, self.holders)) == self.sizes
            and all(map(is_, map(dict.get, self.places, self.keys), self.there))
            and _told(self.tensors) == self.told
        )


def _told(tensors):
    """What kernels that read tensors rely on."""
    # Loops of Python would take twice the time.
    return [
        list(map(Tensor.data_ptr, tensors)),
        list(map(Tensor.size, tensors)),
        list(map(_DTYPE, tensors)),
        list(map(Tensor.is_contiguous, tensors)),
    ]
