"""Consecutive batches that are checked, and told to the kernels, all at once."""

_BYTES_OF_LENGTH = 8  # int64


class ConsecutiveBatches:
    """Some batches whose samples lie one behind the other.

    To check one small batch takes longer than to compute its gradients.

    Parameters
    ----------
    network : CompiledNetwork
        Of a standard network without codes.
    given, target, weight, loss
        As for `CompiledNetwork.gradients`, of all samples together; without units.
    size : int
        Samples of a batch; the last one may have fewer.
    """

    def __init__(self, network, given, target, weight, loss, size):
        self._network, self._size = network, size
        self._kept = given, target, weight  # what the addresses point at
        self._inputs, self._wanted, self._n_steps = network.told(
            given, target, weight, loss
        )
        self._n_samples = len(given.x)
        like, n_outputs = network.form.weights[-1], network.form.n_outputs
        self._results = like.new_empty(min(size, self._n_samples), n_outputs)
        # What moves on from batch to batch, and by how many bytes a sample.
        self._places = [
            (self._inputs, "values", given.x[0].numel() * given.x.element_size()),
            (self._wanted, "targets", target[0].numel() * target.element_size()),
        ]
        if weight is not None:
            self._places.append((self._wanted, "weights", weight.element_size()))
        if given.lengths is not None:
            self._places.append((self._inputs, "lengths", _BYTES_OF_LENGTH))
        self._begins = [getattr(of, name) for of, name, _ in self._places]

    def gradients(self, number):
        """Compute the gradients of a batch by its number, from 0.

        Returns
        -------
        loss : float
        outputs : Tensor of shape (n, n_outputs)
            Until the next batch.
        """
        first = number * self._size
        for (of, name, size), begin in zip(self._places, self._begins, strict=True):
            setattr(of, name, begin + first * size)
        count = min(self._size, self._n_samples - first)
        told = self._inputs, self._wanted, self._n_steps
        loss = self._network.step(*told, count, self._results.data_ptr())
        return loss, self._results[:count]

    def train(self, update):
        """Train on all of them, with an update after each.

        Parameters
        ----------
        update : tuple
            As for `CompiledNetwork.steps`.

        Returns
        -------
        losses, norms : list of float
            As from there.
        """
        for (of, name, _), begin in zip(self._places, self._begins, strict=True):
            setattr(of, name, begin)
        told = self._inputs, self._wanted, self._n_steps, self._n_samples
        return self._network.steps(*told, self._results.data_ptr(), self._size, update)
