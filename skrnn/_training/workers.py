"""Processes that train one network together, each on its part of every batch.

All of them have the same samples, settings and weights, and go through the same
batches. Of each a process computes the gradient of its part; the sum over the
processes, by parts, is the gradient of the batch, from which all take the same step.
What decides about the training (losses, time that is up, a callback that stops it) is
the same everywhere. Only the first process writes.

Li, S. et al. (2020). PyTorch Distributed: experiences on accelerating data parallel
training. VLDB 13(12), arXiv:2006.15704.
"""

from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
import torch
import torch.distributed as dist
from torch import nn

_CURRENT = ContextVar("workers", default=None)


class Workers:
    """The processes of a group, as the training in one of them sees them.

    Parameters
    ----------
    by_series : bool
        Whether a process reads its own series only, rather than a part of every batch.
    """

    def __init__(self, by_series=False):
        self.rank, self.size = dist.get_rank(), dist.get_world_size()
        self.by_series = by_series

    @property
    def is_first(self):
        """Whether this process writes and is asked (bool)."""
        return self.rank == 0

    # -- what is told ---------------------------------------------------------------

    def from_first(self, call):
        """Have the first process call something; return, or raise, that everywhere.

        Parameters
        ----------
        call : callable
            Without arguments; what it gives can be pickled.
        """
        told = [None, None]
        if self.is_first:
            try:
                told[0] = call()
            except Exception as error:
                told[1] = error
        dist.broadcast_object_list(told, src=0)
        if told[1] is not None:
            raise told[1]
        return told[0]

    def any(self, flag):
        """Whether something (bool) is true of any process."""
        return any(self.of_all(bool(flag)))

    def of_all(self, value):
        """Values (list) of all processes, in their order."""
        values = [None] * self.size
        dist.all_gather_object(values, value)
        return values

    # -- batches --------------------------------------------------------------------

    def parts(self, order, batch_size, series, *, is_training):
        """What this process reads of each batch.

        Parameters
        ----------
        order : Tensor of shape (n_samples,) of int64
            Of all samples, the same in every process.
        batch_size : int
            Samples of a batch, of all processes together.
        series : ndarray of shape (n_samples,) of int, or None
            Which series each sample is of.
        is_training : bool
            Else the parts of all processes, one behind the other, are the order.

        Yields
        ------
        rows : Tensor of int64
            Its samples; never none in training, where gradients are asked for.
        n_own, n_all : int
            How many of those count, and how many all processes have.
        """
        if not is_training:
            own = order.tensor_split(self.size)[self.rank]
            for rows in own.split(batch_size):
                if len(rows):
                    yield rows, len(rows), len(rows)
            return
        if self.by_series:
            yield from self._parts_by_series(order, batch_size, series)
            return
        for rows in order.split(batch_size):
            own = rows.tensor_split(self.size)[self.rank]
            yield own if len(own) else rows[:1], len(own), len(rows)

    def _parts_by_series(self, order, batch_size, series):
        if series is None or len(np.unique(series)) < self.size:
            n_series = "no series" if series is None else len(np.unique(series))
            raise ValueError(
                f'data_parallel(by="series") needs at least as many series as there '
                f"are processes ({self.size}), and X has {n_series}. Name them in a "
                'MultiIndex (series, time), or take by="batch".'
            )
        numbers = np.unique(series, return_inverse=True)[1] % self.size
        whose = torch.from_numpy(numbers)[order]
        n_batches = -(-len(order) // batch_size)
        parts = [
            order[whose == rank].tensor_split(n_batches) for rank in range(self.size)
        ]
        for number, own in enumerate(parts[self.rank]):
            n_all = sum(len(part[number]) for part in parts)
            yield own if len(own) else order[:1], len(own), n_all

    @contextmanager
    def own_randomness(self, generator, is_drawn):
        """Have the process draw other numbers than the others, for its own samples.

        Parameters
        ----------
        generator : torch.Generator
            In the same state in all processes, and so it is afterwards.
        is_drawn : bool
            Whether an order has been drawn from it, so that it is not what it was.
        """
        state = generator.get_state()
        seed = torch.randint(2**62, (), generator=generator)
        after = state if is_drawn else generator.get_state()
        generator.manual_seed(int(seed) + self.rank)
        try:
            yield
        finally:
            generator.set_state(after)

    # -- numbers --------------------------------------------------------------------

    def add_up(self, gradients, loss, share):
        """Put the gradients of a batch in the place of those of the parts.

        Parameters
        ----------
        gradients : list of Tensor
            Of a part; changed in place.
        loss : float or Tensor
            Its loss.
        share : float
            What the part is of the batch.

        Returns
        -------
        float or Tensor
            The loss of the batch; a Tensor where it was one.
        """
        first = gradients[0]
        loss_ = torch.as_tensor(loss, dtype=first.dtype, device=first.device)
        flat = torch.cat([g.reshape(-1) for g in gradients] + [loss_.reshape(1)])
        flat *= share
        dist.all_reduce(flat)
        start = 0
        for gradient in gradients:
            stop = start + gradient.numel()
            gradient.copy_(flat[start:stop].view_as(gradient))
            start = stop
        whole = flat[-1].detach().clone()
        return whole if isinstance(loss, torch.Tensor) else float(whole)

    def joined(self, losses, sizes, sample_losses):
        """Put the parts of a validation together, in the order of the samples.

        Parameters
        ----------
        losses, sizes : list
            Of the batches of this process.
        sample_losses : list of Tensor
            Losses of single samples, where they are recorded.

        Returns
        -------
        losses, sizes, sample_losses : list
            Of all processes.
        """
        losses = [float(loss) for loss in losses]
        samples = [part.detach().cpu() for part in sample_losses]
        parts = self.of_all((losses, sizes, samples))
        return tuple([x for part in parts for x in part[i]] for i in range(3))

    def begin(self, net):
        """Have all begin with the weights of the first; refuse what no parts can do."""
        network = net.module_
        if any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in net.parts()):
            raise ValueError(
                'norm="batch" normalises by the moments of a whole batch, of which a '
                'process has a part under data_parallel. Set norm="layer".'
            )
        weights, state = self.from_first(
            lambda: (net.copy_of_weights(), network.generator.get_state())
        )
        network.load_state_dict(weights)
        network.generator.set_state(state)

    def check_same(self, net):
        """Refuse to go on where the processes have not the same weights."""
        sums = [float(w.detach().double().sum()) for w in net.module_.parameters()]
        if any(other != sums for other in self.of_all(sums)):
            raise RuntimeError(
                "The processes of data_parallel have different weights after an epoch: "
                "they were given other data, other parameters or other versions."
            )


def current_workers():
    """The processes that train together here (Workers), or None."""
    return _CURRENT.get()


@contextmanager
def training_together(workers):
    """Have trainings within be those of all of `Workers`."""
    token = _CURRENT.set(workers)
    try:
        yield workers
    finally:
        _CURRENT.reset(token)
