"""What sequences are compared with when they are explained: their baselines."""

import numpy as np
import torch

from skrnn._estimator.reading import coders_of_numbers
from skrnn._preprocessing.blocks import tensors
from skrnn._sequences.categories import with_codes
from skrnn._sequences.changed import in_units
from skrnn._sequences.sources import as_source


class Baseline:
    """Baselines of the samples of an X, as the networks read them.

    What a sample lacks its baseline lacks too.

    Parameters
    ----------
    given : {"mean", "zero"}, float or array-like
        As for `integrated_gradients`.
    read : ReadModel
        The samples.
    function : DifferentiableModel
        The networks.
    """

    def __init__(self, given, read, function):
        self._read, self._function = read, function
        self._array = self._row = self._mean_vectors = None
        if isinstance(given, str):
            if given not in ("mean", "zero"):
                raise ValueError(
                    f"baseline must be 'mean', 'zero', a number or an array of values "
                    f"in the units of X, got {given!r}."
                )
            n_features = read.source.n_features
            self._row = torch.zeros(n_features, dtype=torch.float64)
            if given == "mean":
                self._row = self._means()
            if function.has_codes:
                self._choose_vectors(given)
        else:
            self._array = self._checked(given)

    def _means(self):
        """Means (F,) of the training samples; of X where fit did not learn any."""
        scaling = self._function.networks[0].scaling
        which = "x_mean" if scaling.instance_norm is None else "row_mean"
        if scaling.instance_norm is not None or scaling.is_bounded:
            pairs = zip(self._function.networks, self._weights(), strict=True)
            return sum(w * getattr(n.scaling, which) for n, w in pairs)
        total = count = 0.0
        for rows in self._read.source.chunks():
            x, lengths = tensors(*self._read.source.batch(rows))
            is_there = ~x.isnan()
            if lengths is not None:
                is_there &= (torch.arange(x.shape[1]) < lengths[:, None])[:, :, None]
            total = total + torch.where(is_there, x, 0.0).sum(dim=(0, 1))
            count = count + is_there.sum(dim=(0, 1))
        return total / count.clamp(min=1)

    def _weights(self):
        weights = np.array(self._function.weights)
        if not weights.any():
            weights = np.ones(len(weights))
        return (weights / weights.sum()).tolist()

    def _choose_vectors(self, given):
        """Note what stands in the place of codes (list of Tensor (size,))."""
        embeddings = [network.embedding for network in self._function.networks]
        if given == "zero":
            self._mean_vectors = [
                torch.zeros(e.size, dtype=torch.float64) for e in embeddings
            ]
            return
        sizes = embeddings[0].embedding.n_codes
        counts = {f: torch.zeros(n, dtype=torch.float64) for f, n in enumerate(sizes)}
        for rows in self._read.source.chunks():
            x, lengths = tensors(*self._read.source.batch(rows))
            if lengths is not None:
                x = x[torch.arange(x.shape[1]) < lengths[:, None]]
            for feature, size in enumerate(sizes):
                if size:
                    codes = x[..., feature].flatten().long()
                    counts[feature] += torch.bincount(codes, minlength=size)
        self._mean_vectors = [embedding.mean(counts) for embedding in embeddings]

    def _checked(self, given):
        """An array of values in the user's units, or a list of such for ragged X."""
        read, n_features = self._read, self._read.source.n_features
        if read.model._encoding is not None:
            raise ValueError(
                "baseline must be 'mean' or 'zero' where X has columns of categories, "
                f"of which numbers are none; got {_kind_of(given, np.asarray(given))}."
            )
        if read.is_ragged and isinstance(given, list) and np.ndim(given[0]) == 2:
            return self._checked_list(given)
        try:
            array = np.asarray(given, np.float64)
        except (TypeError, ValueError):
            array = np.full(1, np.nan)
        shapes = [(), (n_features,)]
        if not read.is_ragged:
            n_steps = read.X.shape[1]
            shapes += [(n_steps, n_features), (len(read.source), n_steps, n_features)]
            if read.X.ndim == 2:
                shapes = [(), (n_steps,), (len(read.source), n_steps)]
        if array.shape not in shapes or not np.isfinite(array).all():
            raise ValueError(
                "baseline must be 'mean', 'zero' or finite numbers of one of the "
                f"shapes {', '.join(map(str, shapes))}; got {_kind_of(given, array)}."
            )
        return array[..., None] if not read.is_ragged and read.X.ndim == 2 else array

    def _checked_list(self, given):
        arrays = [np.asarray(one, np.float64) for one in given]
        shapes = [array.shape for array in arrays]
        wanted = [(n, self._read.source.n_features) for n in self._read.lengths()]
        if shapes != wanted or not all(np.isfinite(a).all() for a in arrays):
            raise ValueError(
                "baseline must have, for each sample of X, finite numbers of its shape."
            )
        return arrays

    def of(self, rows, x, lengths):
        """Baselines of some samples.

        Parameters
        ----------
        rows : ndarray of shape (N,) of int
            The samples.
        x : Tensor of shape (N, L, F) of float64
            Their sequences, right-padded.
        lengths : Tensor of shape (N,) of int64
            Present steps of each.

        Returns
        -------
        baseline : Tensor of shape (N, L, F) of float64
            NaN where x is.
        vectors : list of Tensor of shape (N, L, size), or None
            What stands in the place of codes, by network.
        """
        vectors = None
        if self._row is not None:
            found = self._row.expand_as(x)
        else:
            found = self._of_array(rows, x.shape[1], lengths)
        if self._function.has_codes:
            # Codes stay what they are: vectors stand in their place.
            sizes = self._function.networks[0].embedding.embedding.n_codes
            is_code = torch.tensor([size > 0 for size in sizes])
            if self._mean_vectors is not None:
                vectors = [v.expand(*x.shape[:2], -1) for v in self._mean_vectors]
            else:
                vectors = self._function.vectors(found, lengths)
            found = torch.where(is_code, x, found)
        return torch.where(x.isnan(), x, found), vectors

    def _of_array(self, rows, n_steps, lengths):
        """Present steps of the given array (N, L, F), in the networks' units."""
        presence, read = self._read.presence(rows), self._read
        if isinstance(self._array, list):
            block = np.zeros((*presence.shape, read.source.n_features))
            for sample, row in zip(block, rows, strict=True):
                sample[: len(self._array[row])] = self._array[row]
        else:
            array = self._array[rows] if self._array.ndim == 3 else self._array
            block = np.broadcast_to(
                array, (*presence.shape, read.source.n_features)
            ).copy()
        block[~presence] = np.nan
        model = read.model
        coders = coders_of_numbers(model)
        if coders:
            block = with_codes(block, coders)
        source = in_units(as_source(block, allow_partial=True), model._exponents)
        packed, _ = tensors(*source.batch(np.arange(len(rows))))
        found = torch.zeros(len(rows), n_steps, packed.shape[2], dtype=torch.float64)
        width = min(n_steps, packed.shape[1])
        found[:, :width] = packed[:, :width]
        is_there = torch.arange(n_steps) < lengths[:, None]
        return torch.where(is_there[:, :, None], found, 0.0)


def _kind_of(given, array):
    if array.shape == (1,) and np.isnan(array).all():
        return f"{type(given).__name__} {given!r}"[:80]
    return f"shape {array.shape}" + (
        "" if np.isfinite(array).all() else " with numbers that are not finite"
    )
